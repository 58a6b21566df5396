// Malloc under stress: thousands of blocks of pseudo-random sizes allocated, resized, freed in mixed order, contents
// checked; large blocks come from mmap, calloc is zeroed, alignment holds.
// variants: -O0 | -O2 | -O3 -march=x86-64 | -O3 -march=x86-64-v3
// libc: glibc | musl
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 200, ROUNDS = 1200 };
static unsigned char *slot[SLOTS];
static size_t size[SLOTS];
static uint32_t state = 1;
static uint32_t next(void) { return state = state * 1664525 + 1013904223, state >> 8; }

static int intact(int i) {
  unsigned char tag = i * 7 + size[i];
  return size[i] == 0 || (slot[i][0] == tag && slot[i][size[i] - 1] == tag && slot[i][size[i] / 2] == tag);
}
static void mark(int i) {
  unsigned char tag = i * 7 + size[i];
  if (size[i]) slot[i][0] = slot[i][size[i] - 1] = slot[i][size[i] / 2] = tag;
}

int main(void) {
  int bad = 0, misaligned = 0, not_zero = 0;
  unsigned long allocated = 0;
  for (int round = 0; round < ROUNDS; round++) {
    int i = next() % SLOTS;
    bad += slot[i] && !intact(i);
    size_t want = next() % 8 ? next() % 300 : next() % 60 ? next() % 20000 : next() % 300000;
    switch (next() % 4) {
      case 0:
        free(slot[i]);
        slot[i] = NULL, size[i] = 0;
        break;
      case 1:
        free(slot[i]);
        slot[i] = calloc(1, want ? want : 1);
        size[i] = want;
        for (size_t k = 0; k < want; k += 61) not_zero += slot[i][k] != 0;
        break;
      case 2: {
        unsigned char first = slot[i] && size[i] && want ? slot[i][0] : 0;
        int had = slot[i] && size[i] && want;
        slot[i] = realloc(slot[i], want ? want : 1);
        bad += had && slot[i][0] != first;
        size[i] = want;
        break;
      }
      default:
        free(slot[i]);
        slot[i] = malloc(want ? want : 1);
        size[i] = want;
    }
    misaligned += (uintptr_t)slot[i] % 16 != 0;
    allocated += size[i];
    mark(i);
  }
  unsigned long live = 0;
  for (int i = 0; i < SLOTS; i++) {
    bad += slot[i] && !intact(i);
    live += size[i];
    free(slot[i]);
  }
  printf("allocated %lu, live at the end %lu, bad %d, misaligned %d, not zero %d\n", allocated, live, bad, misaligned, not_zero);
  for (int shift = 5; shift < 16; shift += 5) {
    void *p = aligned_alloc(1 << shift, 1 << shift);
    printf("aligned %d: %d\n", 1 << shift, (uintptr_t)p % (1 << shift) == 0);
    free(p);
  }
  volatile size_t absurd = SIZE_MAX / 2;
  printf("absurd: %d %d\n", malloc(absurd) == NULL, calloc(absurd, 4) == NULL);
  return 0;
}
