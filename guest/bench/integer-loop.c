/*
 * A loop of integer arithmetic with a memory operand: how fast an executor is at plain code.
 * usage: integer-loop [ROUNDS]   prints "integer loop<TAB>nanoseconds per round" and the checksum on stderr
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? atol(argv[1]) : 20000000;
    uint32_t table[256];
    for (uint32_t i = 0; i < 256; i++)
        table[i] = i * 2654435761u;
    uint64_t hash = 1469598103934665603u;
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (long i = 0; i < rounds; i++) {
        hash = (hash ^ table[(hash >> 7) & 255]) * 1099511628211u + i;
        if (hash & 0x1000)
            hash ^= hash >> 29;
    }
    clock_gettime(CLOCK_MONOTONIC, &after);
    double ns = (after.tv_sec - before.tv_sec) * 1e9 + (after.tv_nsec - before.tv_nsec);
    fprintf(stderr, "%016lx\n", hash);
    printf("integer loop\t%.2f\n", ns / rounds);
    return 0;
}
