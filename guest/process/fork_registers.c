// What fork(2) gives the child of the registers (kernel_thread, fpu_clone of arch/x86): general registers, flags, x87 stack and
// control words, MXCSR, and vector registers to their full width, as the parent has them.
// needs: v3
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static struct {
  uint8_t ymm[2][32];
  uint64_t r15, flags;
  uint32_t mxcsr;
  uint16_t fcw;
  uint8_t st[2][10];
} kept;

static void show(const char *who) {
  printf("%s: r15 %llx, flags %llx, mxcsr %x, fcw %x", who, (long long)kept.r15, (long long)kept.flags & 0xcd5, kept.mxcsr, kept.fcw);
  for (int n = 0; n < 2; n++) {
    printf(", ymm ");
    for (int i = 31; i >= 0; i--) printf("%02x", kept.ymm[n][i]);
    printf(", st ");
    for (int i = 9; i >= 0; i--) printf("%02x", kept.st[n][i]);
  }
  printf("\n");
  fflush(stdout);
}

int main(void) {
  static const uint8_t planted[32] = "the full width of 256 bits, ymm";
  uint32_t mxcsr = 0x9fc0, usual = 0x1f80;
  uint16_t fcw = 0x27f;
  long pid = SYS_fork;
  int status;
  setvbuf(stdout, NULL, _IOFBF, 4096);
  __asm__ volatile(
      "fninit\n fldcw %[fcw]\n fldpi\n fld1\n ldmxcsr %[mxcsr]\n vmovdqu %[planted], %%ymm0\n vmovdqu %[planted], %%ymm15\n"
      "movabsq $0x1234567890abcdef, %%r15\n stc\n syscall\n"
      "movq %%r15, 64+%[kept]\n pushfq\n popq 72+%[kept]\n stmxcsr 80+%[kept]\n fnstcw 84+%[kept]\n fstpt 86+%[kept]\n fstpt 96+%[kept]\n"
      "vmovdqu %%ymm0, %[kept]\n vmovdqu %%ymm15, 32+%[kept]\n vzeroall\n fninit\n ldmxcsr %[usual]\n"
      : "+a"(pid), [kept] "=o"(kept)
      : [fcw] "m"(fcw), [mxcsr] "m"(mxcsr), [usual] "m"(usual), [planted] "m"(planted)
      : "rcx", "r11", "r15", "memory", "cc", "xmm0", "xmm15");
  if (pid == 0) {
    show("child");
    _exit(7);
  }
  waitpid((pid_t)pid, &status, 0);
  show("parent");
  printf("status %d\n", WEXITSTATUS(status));
  return 0;
}
