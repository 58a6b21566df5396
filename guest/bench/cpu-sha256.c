// 32-bit arithmetic, rotates, small tables: SHA-256 of 64 MiB, one block at a time.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t constants[64];

#define ROTATE(x, n) (((x) >> (n)) | ((x) << (32 - (n))))

static void compress(uint32_t h[8], const uint8_t *p)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)p[4 * i] << 24 | p[4 * i + 1] << 16 | p[4 * i + 2] << 8 | p[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t s0 = ROTATE(w[i - 15], 7) ^ ROTATE(w[i - 15], 18) ^ (w[i - 15] >> 3);
        uint32_t s1 = ROTATE(w[i - 2], 17) ^ ROTATE(w[i - 2], 19) ^ (w[i - 2] >> 10);
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    for (int i = 0; i < 8; i++) s[i] = h[i];
    for (int i = 0; i < 64; i++) {
        uint32_t choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        uint32_t majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        uint32_t t1 = s[7] + (ROTATE(s[4], 6) ^ ROTATE(s[4], 11) ^ ROTATE(s[4], 25)) + choice + constants[i] + w[i];
        uint32_t t2 = (ROTATE(s[0], 2) ^ ROTATE(s[0], 13) ^ ROTATE(s[0], 22)) + majority;
        s[7] = s[6], s[6] = s[5], s[5] = s[4], s[4] = s[3] + t1;
        s[3] = s[2], s[2] = s[1], s[1] = s[0], s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) h[i] += s[i];
}

int main(int argc, char **argv)
{
    int blocks = (argc > 1 ? atof(argv[1]) : 1) * (1 << 21);
    uint32_t h[8];
    uint8_t p[64];
    // Fractions of square and cube roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3).
    for (int n = 0, prime = 2; n < 64; prime++) {
        int divisor = 2;
        while (divisor * divisor <= prime && prime % divisor) divisor++;
        if (divisor * divisor <= prime) continue;
        if (n < 8) h[n] = (uint32_t)(int64_t)(sqrt(prime) * 4294967296.0);
        constants[n++] = (uint32_t)(int64_t)(cbrt(prime) * 4294967296.0);
    }
    for (int i = 0; i < 64; i++) p[i] = i * 7;
    for (int i = 0; i < blocks; i++) {
        p[i & 63] += i;
        compress(h, p);
    }
    for (int i = 0; i < 8; i++) printf("%08x", h[i]);
    puts("");
}
