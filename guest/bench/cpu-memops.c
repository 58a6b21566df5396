// libc's string functions on short and long, aligned and unaligned buffers, many crossing pages.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N (1 << 20)

int main(int argc, char **argv)
{
    double share = (argc > 1 ? atof(argv[1]) : 1) * 3;
    char *a = malloc(N + 64), *b = malloc(N + 64);
    unsigned hash = 0;
    for (int i = 0; i < N; i++) a[i] = "abcdefghijklmnopqrstuvwxyz012345"[(i * 7 + i / 13) & 31];
    a[N - 1] = 0;
    for (int r = 0; r < 200 * share; r++) {
        memcpy(b + (r & 15), a + (r & 7), N - 32);
        hash += memcmp(b + (r & 15), a + (r & 7), N - 32) == 0;
        memmove(b + 1, b, N - 64);
        hash += strlen(a + r % 64);
    }
    for (int i = 0; i < 15000000 * share; i++) {
        unsigned o = (i * 2654435761u) % (N - 256);
        int n = 1 + (i & 127);
        memcpy(b + o, a + (o ^ 64), n);
        hash = hash * 33 + (unsigned char)b[o + n - 1];
        if (!(i & 7)) {
            char *found = memchr(a + o, 'q', 200);
            hash += found ? found - a : 0;
        }
        if (!(i & 15)) memset(b + o, i, n);
    }
    printf("%u\n", hash);
}
