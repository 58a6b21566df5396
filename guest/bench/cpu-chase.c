// Dependent loads all over 64 MiB: more pages than a small TLB holds.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define N (1u << 23)

int main(int argc, char **argv)
{
    int steps = (argc > 1 ? atof(argv[1]) : 1) * 4000000;
    uint32_t *next = malloc(N * sizeof *next), *order = malloc(N * sizeof *order);
    for (uint32_t i = 0; i < N; i++) order[i] = i;
    uint64_t random = 88172645463325252u;
    for (uint32_t i = N - 1; i; i--) {
        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        uint32_t j = random % (i + 1), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
    for (uint32_t i = 0; i < N; i++) next[order[i]] = order[(i + 1) & (N - 1)];
    uint32_t at = 0, hash = 0;
    for (int i = 0; i < steps; i++) at = next[at], hash = hash * 31 + at;
    printf("%u\n", hash);
}
