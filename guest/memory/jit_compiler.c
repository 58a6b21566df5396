// A compiler at run time: expressions become machine code in one writable and executable page, again and again at the same
// place, in loops that get hot, and every function computes what an interpreter of the expression does. Intel SDM Vol. 3A,
// 11.6 "Self-modifying code": on one processor no more than a jump is needed.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, OPS = 12 };

static uint32_t seed = 12345;
static uint32_t rnd(uint32_t n) {
  seed = seed * 1664525 + 1013904223;
  return (seed >> 8) % n;
}

struct op {
  int kind;
  uint32_t k;
};

static uint32_t interpret(const struct op *ops, uint32_t x) {
  for (int i = 0; i < OPS; i++) {
    uint32_t k = ops[i].k;
    switch (ops[i].kind) {
      case 0: x += k; break;
      case 1: x ^= k; break;
      case 2: x *= k | 1; break;
      case 3: x = x << (k % 31 + 1) | x >> (31 - k % 31); break;
      case 4: x -= k; break;
      default: x = x & 1 ? x + k : x; break;
    }
  }
  return x;
}

static unsigned char *put32(unsigned char *p, uint32_t v) {
  memcpy(p, &v, 4);
  return p + 4;
}

// uint32_t f(uint32_t x, uint32_t n): applies the operations n times.
static unsigned char *compile(unsigned char *p, const struct op *ops) {
  static const unsigned char head[] = {0x89, 0xf8, 0x89, 0xf1};  // mov %edi, %eax; mov %esi, %ecx
  memcpy(p, head, sizeof head);
  p += sizeof head;
  unsigned char *loop = p;
  for (int i = 0; i < OPS; i++) {
    uint32_t k = ops[i].k;
    switch (ops[i].kind) {
      case 0: *p++ = 0x05, p = put32(p, k); break;
      case 1: *p++ = 0x35, p = put32(p, k); break;
      case 2: *p++ = 0x69, *p++ = 0xc0, p = put32(p, k | 1); break;
      case 3: *p++ = 0xc1, *p++ = 0xc0, *p++ = k % 31 + 1; break;
      case 4: *p++ = 0x2d, p = put32(p, k); break;
      // test $1, %al; jz over; add $k, %eax
      default: *p++ = 0xa8, *p++ = 1, *p++ = 0x74, *p++ = 5, *p++ = 0x05, p = put32(p, k); break;
    }
  }
  *p++ = 0xff, *p++ = 0xc9;                             // dec %ecx
  *p++ = 0x0f, *p++ = 0x85, p = put32(p, loop - p - 4);  // jnz loop
  *p++ = 0xc3;
  return p;
}

static uint32_t run(unsigned char *at, uint32_t x, uint32_t n) { return ((uint32_t(*)(uint32_t, uint32_t))at)(x, n); }

int main(void) {
  unsigned char *code = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // Where functions are put: the same place, places that overlap it, and across the pages' border.
  static const int places[] = {0, 0, 16, 0, 4050, 100, 4090};
  int wrong = 0, longest = 0;
  uint32_t sum = 0;
  for (int f = 0; f < 140; f++) {
    struct op ops[OPS];
    for (int i = 0; i < OPS; i++) ops[i] = (struct op){rnd(6), rnd(1u << 24)};
    unsigned char *at = code + places[f % 7];
    int size = compile(at, ops) - at;
    if (size > longest) longest = size;
    uint32_t x = f, y = f;
    for (int n = 0; n < 30; n++) y = interpret(ops, y);
    x = run(at, run(at, x, 10), 20);
    wrong += x != y;
    // One operation changed in place, in code that has run: the constant of the first that has one.
    unsigned char *k = memchr(at, 0x35, 40);
    if (k != NULL && ops[0].kind == 1) {
      ops[0].k ^= 0xff;
      at[5] ^= 0xff;
      wrong += run(at, x, 1) != interpret(ops, x);
    }
    sum = sum * 31 + x;
  }
  printf("wrong %d, sum %u, longest %d\n", wrong, sum, longest);
  return 0;
}
