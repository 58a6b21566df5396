// The first program: a line on stdout, a line on stderr, a status.
// variants: -O0 | -O2 | -O3 -march=x86-64 | -O3 -march=x86-64-v3
// libc: glibc | musl
// status: 7
#include <stdio.h>

int main(void) {
  printf("hello, world\n");
  fprintf(stderr, "hello, stderr\n");
  return 7;
}
