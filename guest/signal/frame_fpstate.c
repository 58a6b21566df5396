// The fpstate of the frame: xmm registers, mxcsr and its mask as interrupted, x87 control and status words, the software
// bytes with FP_XSTATE_MAGIC1, consistent sizes and FP_XSTATE_MAGIC2 at the end, xstate_bv with the SSE bit; the handler
// itself starts with the initial mxcsr and zeroed registers are not promised (fpu__clear_user_states).
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

static struct {
  uint8_t legacy[512];
  uint64_t xstate_bv, xcomp_bv, reserved[6];
} copy;
static uint32_t magic2;
static uint32_t mxcsr_inside;
static uint16_t cw_inside;
static uint8_t xmm0_inside[16];
static int aligned, has_xstate;

static void handler(int sig, siginfo_t *info, void *context) {
  __asm__ volatile("stmxcsr %0\n\tfnstcw %1\n\tmovups %%xmm0, %2" : "=m"(mxcsr_inside), "=m"(cw_inside), "=m"(xmm0_inside));
  (void)sig, (void)info;
  ucontext_t *uc = context;
  uint8_t *fp = (uint8_t *)uc->uc_mcontext.fpregs;
  aligned = (uintptr_t)fp % 64 == 0;
  memcpy(&copy, fp, 576);
  uint32_t extended;
  memcpy(&extended, fp + 468, 4);
  has_xstate = uc->uc_flags & 1;
  if (extended >= 580) memcpy(&magic2, fp + extended - 4, 4);
  // What the handler leaves in the registers does not survive it.
  uint32_t other = 0x1fbf;
  __asm__ volatile("ldmxcsr %0\n\tpcmpeqd %%xmm0, %%xmm0\n\tmovdqa %%xmm0, %%xmm15" ::"m"(other) : "xmm0", "xmm15");
}

static uint32_t u32(int at) {
  uint32_t v;
  memcpy(&v, copy.legacy + at, 4);
  return v;
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &sa, NULL);
  static uint8_t planted[16][16] __attribute__((aligned(16))), after[16][16] __attribute__((aligned(16)));
  for (int i = 0; i < 256; i++) planted[i / 16][i % 16] = i * 7 + 1;
  uint32_t csr = 0x1fa0 | 0x6000, csr_after;  // Round to zero, the precision flag, everything masked.
  uint16_t cw_after;
  long r = 62;
  __asm__ volatile(
      "ldmxcsr %[csr]\n\t"
      "movdqa (%[p]), %%xmm0\n\tmovdqa 16(%[p]), %%xmm1\n\tmovdqa 32(%[p]), %%xmm2\n\tmovdqa 48(%[p]), %%xmm3\n\t"
      "movdqa 64(%[p]), %%xmm4\n\tmovdqa 80(%[p]), %%xmm5\n\tmovdqa 96(%[p]), %%xmm6\n\tmovdqa 112(%[p]), %%xmm7\n\t"
      "movdqa 128(%[p]), %%xmm8\n\tmovdqa 144(%[p]), %%xmm9\n\tmovdqa 160(%[p]), %%xmm10\n\tmovdqa 176(%[p]), %%xmm11\n\t"
      "movdqa 192(%[p]), %%xmm12\n\tmovdqa 208(%[p]), %%xmm13\n\tmovdqa 224(%[p]), %%xmm14\n\tmovdqa 240(%[p]), %%xmm15\n\t"
      "syscall\n\t"
      "movdqa %%xmm0, (%[a])\n\tmovdqa %%xmm1, 16(%[a])\n\tmovdqa %%xmm2, 32(%[a])\n\tmovdqa %%xmm3, 48(%[a])\n\t"
      "movdqa %%xmm4, 64(%[a])\n\tmovdqa %%xmm5, 80(%[a])\n\tmovdqa %%xmm6, 96(%[a])\n\tmovdqa %%xmm7, 112(%[a])\n\t"
      "movdqa %%xmm8, 128(%[a])\n\tmovdqa %%xmm9, 144(%[a])\n\tmovdqa %%xmm10, 160(%[a])\n\tmovdqa %%xmm11, 176(%[a])\n\t"
      "movdqa %%xmm12, 192(%[a])\n\tmovdqa %%xmm13, 208(%[a])\n\tmovdqa %%xmm14, 224(%[a])\n\tmovdqa %%xmm15, 240(%[a])\n\t"
      "stmxcsr %[out]\n\tfnstcw %[cw]"
      : "+a"(r), [out] "=m"(csr_after), [cw] "=m"(cw_after)
      : "D"(getpid()), "S"(SIGUSR1), [p] "r"(planted), [a] "r"(after), [csr] "m"(csr)
      : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
        "xmm12", "xmm13", "xmm14", "xmm15");
  uint32_t clean = 0x1f80;
  __asm__ volatile("ldmxcsr %0" ::"m"(clean));

  printf("aligned %d, xstate announced in uc_flags %d\n", aligned, has_xstate);
  printf("fcw=%#x fsw=%#x ftw=%#x mxcsr=%#x mxcsr_mask=%#x\n", u32(0) & 0xffff, u32(0) >> 16, u32(4) & 0xff, u32(24), u32(28) & 0xffff);
  printf("xmm in frame as planted: %d\n", !memcmp(copy.legacy + 160, planted, 256));
  printf("st registers zero: %d\n", !memcmp(copy.legacy + 32, (char[128]){0}, 128));
  printf("inside: mxcsr=%#x fcw=%#x xmm0 zero %d\n", mxcsr_inside, cw_inside, !memcmp(xmm0_inside, (char[16]){0}, 16));
  printf("after: mxcsr=%#x fcw=%#x xmm as planted %d\n", csr_after, cw_after, !memcmp(after, planted, 256));
  uint64_t features;
  memcpy(&features, copy.legacy + 472, 8);
  printf("magic1=%#x, sizes: xstate at least 576 %d, extended = xstate + 4 %d, magic2=%#x\n", u32(464), u32(480) >= 576,
         u32(468) == u32(480) + 4, magic2);
  printf("features include x87 and SSE %d, xstate_bv has SSE %d and nothing beyond the features %d\n", (features & 3) == 3,
         !!(copy.xstate_bv & 2), !(copy.xstate_bv & ~features));
  printf("xcomp_bv=%d, reserved zero %d\n", (int)copy.xcomp_bv, !memcmp(copy.reserved, (char[48]){0}, 48));
  return 0;
}
