// Indirect calls, branches that mispredict, memory of malloc: strings sorted through a comparator.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

int main(int argc, char **argv)
{
    int n = (argc > 1 ? atof(argv[1]) : 1) * 1000000;
    char **strings = malloc(n * sizeof *strings);
    unsigned random = 1, hash = 0;
    for (int i = 0; i < n; i++) {
        strings[i] = malloc(16);
        random = random * 1103515245u + 12345u;
        snprintf(strings[i], 16, "%08x", random);
    }
    qsort(strings, n, sizeof *strings, compare);
    for (int i = 0; i < n; i++) hash = hash * 31 + (unsigned char)strings[i][i & 7];
    printf("%u\n", hash);
}
