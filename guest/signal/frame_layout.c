// The layout of rt_sigframe at handler entry (setup_rt_frame, arch/x86/kernel/signal_64.c): return address at rsp,
// ucontext at +8, siginfo at +312, rsp % 16 == 8, fpstate 64-byte aligned above the frame; the 128-byte red zone below
// the interrupted rsp is untouched; arguments in rdi, rsi, rdx, rax = 0; r8 to r15 and rbx, rbp as interrupted.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

struct ksigaction {
  void *handler;
  unsigned long flags;
  void *restorer;
  unsigned long mask;
};

uint64_t entry[17];         // rax rbx rcx rdx rsi rdi rbp rsp r8..r15 rflags at handler entry
uint64_t return_address;    // What lies at rsp then.
extern char entry_handler[], our_restorer[], raise_at[];
void frame_seen(int sig, siginfo_t *info, ucontext_t *uc);

__asm__(
    ".globl entry_handler\n"
    "entry_handler:\n"
    "  mov %rax, entry\n  mov %rbx, entry+8\n  mov %rcx, entry+16\n  mov %rdx, entry+24\n"
    "  mov %rsi, entry+32\n  mov %rdi, entry+40\n  mov %rbp, entry+48\n  mov %rsp, entry+56\n"
    "  mov %r8, entry+64\n  mov %r9, entry+72\n  mov %r10, entry+80\n  mov %r11, entry+88\n"
    "  mov %r12, entry+96\n  mov %r13, entry+104\n  mov %r14, entry+112\n  mov %r15, entry+120\n"
    "  mov (%rsp), %rax\n  mov %rax, return_address\n"
    "  pushfq\n  pop entry+128\n"
    "  jmp frame_seen\n"
    ".globl our_restorer\n"
    "our_restorer:\n"
    "  mov $15, %eax\n  syscall\n  ud2\n");

static uint64_t interrupted_rsp;
static int seen;

void frame_seen(int sig, siginfo_t *info, ucontext_t *uc) {
  (void)sig;
  uint64_t rsp = entry[7];
  greg_t *g = uc->uc_mcontext.gregs;
  seen++;
  interrupted_rsp = g[REG_RSP];
  printf("return address is the restorer: %d\n", return_address == (uint64_t)our_restorer);
  printf("uc at +%ld, info at +%ld, rsp%%16 = %ld\n", (long)((uint64_t)uc - rsp), (long)((uint64_t)info - rsp), (long)(rsp % 16));
  printf("rdi=%ld rsi=info %d rdx=uc %d rax=%ld\n", (long)entry[5], entry[4] == (uint64_t)info, entry[3] == (uint64_t)uc, (long)entry[0]);
  printf("sizes: ucontext up to sigmask %zu, siginfo %zu, frame %d\n", __builtin_offsetof(ucontext_t, uc_sigmask) + 8,
         sizeof(siginfo_t), 312 + 128);
  uint64_t fp = (uint64_t)uc->uc_mcontext.fpregs;
  // The 440 bytes of the frame end 8 bytes above a multiple of 16 and lie directly below the fpstate, but for alignment.
  printf("fpstate aligned to 64: %d, above the frame by less than 80: %d, below the red zone: %d\n", fp % 64 == 0,
         fp >= rsp + 440 && fp - (rsp + 440) < 80, fp + 512 <= interrupted_rsp - 128);
  printf("uc_flags=%#lx uc_link=%p\n", uc->uc_flags & ~1ul, (void *)uc->uc_link);
  printf("same registers as interrupted: rbx %d rbp %d r8 %d r9 %d r10 %d r12 %d r13 %d r14 %d r15 %d\n", entry[1] == (uint64_t)g[REG_RBX],
         entry[6] == (uint64_t)g[REG_RBP], entry[8] == (uint64_t)g[REG_R8], entry[9] == (uint64_t)g[REG_R9],
         entry[10] == (uint64_t)g[REG_R10], entry[12] == (uint64_t)g[REG_R12], entry[13] == (uint64_t)g[REG_R13],
         entry[14] == (uint64_t)g[REG_R14], entry[15] == (uint64_t)g[REG_R15]);
  printf("rcx %d r11 %d as in the frame\n", entry[2] == (uint64_t)g[REG_RCX], entry[11] == (uint64_t)g[REG_R11]);
  printf("csgsfs=%#llx, reserved words zero: %d\n", (unsigned long long)g[REG_CSGSFS],
         !memcmp((char *)&uc->uc_mcontext + 192, (char[64]){0}, 64));
}

static void fire(void) {
  uint64_t zone_ok;
  // Plants a pattern in the red zone, sends the signal with a bare syscall, checks the pattern.
  __asm__ volatile(
      "lea -8(%%rsp), %%rdi\n\tmov $16, %%ecx\n"
      "1: mov %%rcx, (%%rdi)\n\tsub $8, %%rdi\n\tdec %%ecx\n\tjnz 1b\n\t"
      "mov %[pid], %%edi\n\tmov $10, %%esi\n\tmov $62, %%eax\n\tsyscall\n\t"
      "xor %[ok], %[ok]\n\tlea -8(%%rsp), %%rdi\n\tmov $16, %%ecx\n"
      "2: cmp %%rcx, (%%rdi)\n\tjne 3f\n\tinc %[ok]\n"
      "3: sub $8, %%rdi\n\tdec %%ecx\n\tjnz 2b"
      : [ok] "=&b"(zone_ok)
      : [pid] "r"(getpid())
      : "rax", "rcx", "rdx", "rsi", "rdi", "r11", "memory", "cc");
  printf("red zone words intact: %ld of 16\n", (long)zone_ok);
}

int main(void) {
  struct ksigaction act = {entry_handler, SA_SIGINFO | 0x04000000, our_restorer, 0};
  syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8);
  fire();
  // Without SA_SIGINFO the frame and the arguments are the same.
  act.flags = 0x04000000;
  syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8);
  fire();
  printf("frames: %d\n", seen);
  return 0;
}
