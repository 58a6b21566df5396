// Qsort and bsearch over ints, strings and structs, with few and many equal keys, already sorted and reversed input; the
// number of comparisons is not looked at, the order and stability-independent checksum is.
// variants: -O0 | -O2 | -O3 -march=x86-64 | -O3 -march=x86-64-v3
// libc: glibc | musl
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t state = 7;
static uint32_t next(void) { return state = state * 1664525 + 1013904223, state >> 8; }
static int ints(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}
static int strings(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }
struct record { char name[12]; double weight; int id; };
static int records(const void *a, const void *b) {
  const struct record *x = a, *y = b;
  if (x->weight != y->weight) return x->weight < y->weight ? -1 : 1;
  return x->id - y->id;
}

int main(void) {
  static int v[200];
  for (int kind = 0; kind < 5; kind++) {
    long sum = 0, after = 0;
    for (int i = 0; i < 200; i++) {
      v[i] = kind == 0 ? (int)next() : kind == 1 ? (int)(next() % 10) : kind == 2 ? i : kind == 3 ? 200 - i : i % 2 ? i : -i;
      sum += v[i] ^ 0x55;
    }
    qsort(v, 200, sizeof *v, ints);
    int sorted = 1;
    for (int i = 0; i < 200; i++) {
      after += v[i] ^ 0x55;
      sorted &= i == 0 || v[i - 1] <= v[i];
    }
    int key = v[77], *hit = bsearch(&key, v, 200, sizeof *v, ints), missing = 1 << 30;
    printf("kind %d: sorted %d, same sum %d, first %d middle %d last %d, found %d %d\n", kind, sorted, sum == after, v[0], v[100], v[199],
           hit && *hit == key, bsearch(&missing, v, 200, sizeof *v, ints) == NULL);
  }
  char *names[] = {"pear", "apple", "fig", "", "banana", "figs", "Zebra", "apple", "\xc3\xa4", "10", "9"};
  qsort(names, 11, sizeof *names, strings);
  for (int i = 0; i < 11; i++) printf("%s%c", names[i], i < 10 ? ',' : '\n');
  struct record r[100];
  for (int i = 0; i < 100; i++) {
    memset(&r[i], 0, sizeof r[i]);
    snprintf(r[i].name, sizeof r[i].name, "n%u", next() % 1000);
    r[i].weight = (next() % 20) / 4.0, r[i].id = i;
  }
  qsort(r, 100, sizeof *r, records);
  for (int i = 0; i < 100; i += 11) printf("%s/%d/%d ", r[i].name, (int)(r[i].weight * 4), r[i].id);
  printf("\n");
  return 0;
}
