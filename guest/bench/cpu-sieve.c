// Byte stores with growing strides over 8 MB: the sieve of Eratosthenes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char composite[8000001];

__attribute__((noinline)) static long sieve(char *a, long n)
{
    long count = 0;
    for (long i = 2; i <= n; i++) {
        if (a[i]) continue;
        count++;
        for (long j = i + i; j <= n; j += i) a[j] = 1;
    }
    return count;
}

int main(int argc, char **argv)
{
    int rounds = (argc > 1 ? atof(argv[1]) : 1) * 25 + 0.5;
    long count = 0;
    for (int round = 0; round < rounds; round++) {
        memset(composite, 0, sizeof composite);
        count = sieve(composite, sizeof composite - 1);
    }
    printf("%ld\n", count);
}
