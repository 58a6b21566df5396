// A compiler at run time that never stops: makes a new function, calls it until it is hot, and makes the next one. The first
// argument says how many functions, the second in how many pages, which are used again and again.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, ROOM = 256, ROUNDS = 60 };

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  long functions = atol(argv[1]), pages = atol(argv[2]);
  unsigned char *code = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code == MAP_FAILED) return 1;
  uint32_t sum = 0;
  for (long n = 0; n < functions; n++) {
    unsigned char f[] = {
        0x31, 0xc0,                    // xor %eax, %eax
        0xb9, ROUNDS, 0, 0, 0,         // mov $ROUNDS, %ecx
        0x05, 0, 0, 0, 0,              // 1: add $k, %eax
        0x69, 0xc0, 0, 0, 0, 0,        // imul $k, %eax, %eax
        0xff, 0xc9,                    // dec %ecx
        0x75, 0xf1,                    // jnz 1b
        0xc3,
    };
    uint32_t k = 2 * n + 1;
    memcpy(f + 8, &k, 4);
    memcpy(f + 14, &k, 4);
    unsigned char *at = code + n % pages * PAGE + n / pages % (PAGE / ROOM) * ROOM;
    memcpy(at, f, sizeof f);
    uint32_t expected = 0;
    for (int i = 0; i < ROUNDS; i++) expected = (expected + k) * k;
    uint32_t got = ((uint32_t(*)(void))at)();
    if (got != expected) printf("function %ld: %u instead of %u\n", n, got, expected);
    sum = sum * 31 + got;
  }
  printf("%u\n", sum);
  return 0;
}
