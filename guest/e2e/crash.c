// Dies the way its argument says; each in a function of its own, so that messages can name it.
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((noinline)) static void store_to_nowhere(void) {
  *(volatile int *)0x10 = 1;
}

__attribute__((noinline)) static void divide_by_zero(void) {
  volatile int hundred = 100, zero = 0;
  volatile int result = hundred / zero;
  (void)result;
}

__attribute__((noinline)) static void unknown_instruction(void) {
  // FEMMS of 3DNow!, which no processor has had for long.
  __asm__ volatile(".byte 0x0f, 0x0e");
}

__attribute__((noinline)) static void add_with_avx2(void) {
  __asm__ volatile("vpaddd %%ymm1, %%ymm1, %%ymm1" ::: "xmm1");
}

__attribute__((noinline)) static void meant_to_trap(void) {
  __builtin_trap();
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  setvbuf(stdout, NULL, _IONBF, 0);
  printf("before\n");
  if (!strcmp(how, "segv")) store_to_nowhere();
  if (!strcmp(how, "fpe")) divide_by_zero();
  if (!strcmp(how, "ill")) unknown_instruction();
  if (!strcmp(how, "avx2")) add_with_avx2();
  if (!strcmp(how, "trap")) meant_to_trap();
  if (!strcmp(how, "abort")) abort();
  if (!strcmp(how, "raise")) raise(atoi(argv[2]));
  return 1;
}
