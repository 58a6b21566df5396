// Dependent loads all over 256 MiB: further than any TLB reaches. The order is that of a linear congruential generator of
// full period, so that making it costs little.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define N (1u << 26)

int main(int argc, char **argv)
{
    int steps = (argc > 1 ? atof(argv[1]) : 1) * 10000000;
    uint32_t *next = malloc(N * sizeof *next);
    for (uint32_t i = 0; i < N; i++) next[i] = (i * 1664525u + 1013904223u) & (N - 1);
    uint32_t at = 0, hash = 0;
    for (int i = 0; i < steps; i++) at = next[at], hash = hash * 31 + at;
    printf("%u\n", hash);
}
