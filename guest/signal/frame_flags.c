// Flags across a signal: a handler starts with DF and TF clear and AC as it was (handle_signal clears DF, RF, TF); the
// frame has them as interrupted; rt_sigreturn restores the user's flags and ignores the rest (FIX_EFLAGS).
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

uint64_t flags_inside;
static uint64_t flags_in_frame, change;
extern char entry[];
void body(int sig, siginfo_t *info, ucontext_t *uc);
/* Reads the flags before any compiled code can change them, and drops AC so that such code may misalign. */
__asm__(".globl entry\nentry:\n  pushfq\n  pop flags_inside\n  pushfq\n  andl $~0x40000, (%rsp)\n  popfq\n  jmp body\n");

void body(int sig, siginfo_t *info, ucontext_t *uc) {
  (void)sig, (void)info;
  flags_in_frame = uc->uc_mcontext.gregs[REG_EFL];
  uc->uc_mcontext.gregs[REG_EFL] ^= change;
}

static uint64_t with_flags(uint64_t flags) {
  uint64_t after;
  // The call is bare, so that the flags meet no other code; DF and AC are put back afterwards.
  __asm__ volatile(
      "lea -128(%%rsp), %%rsp\n\tpush %[flags]\n\tpopfq\n\tsyscall\n\tpushfq\n\tpop %[after]\n\t"
      "push $0x202\n\tpopfq\n\tlea 128(%%rsp), %%rsp"
      : [after] "=&b"(after)
      : [flags] "r"(flags), "a"(62), "D"(getpid()), "S"(SIGUSR1)
      : "rcx", "r11", "memory", "cc");
  return after;
}

static void show(const char *what, uint64_t flags) {
  uint64_t after = with_flags(flags);
  printf("%-12s set %#lx: inside %#lx, frame %#lx, after %#lx\n", what, flags, flags_inside, flags_in_frame, after);
}

int main(void) {
  struct sigaction sa = {.sa_flags = SA_SIGINFO};
  sa.sa_sigaction = (void (*)(int, siginfo_t *, void *))entry;
  sigaction(SIGUSR1, &sa, NULL);
  show("plain", 0x202);
  show("arithmetic", 0x202 | 0x8d5);
  show("DF", 0x202 | 0x400);
  show("AC", 0x202 | 0x40000);
  show("ID", 0x202 | 0x200000);
  change = 0x8d5;
  show("edited", 0x202);
  change = 0x400;
  show("DF edited in", 0x202);
  change = 0x40000;
  show("AC edited in", 0x202);
  // Neither IF, IOPL, NT, VIF nor VIP can be reached through the frame.
  change = 0x200;
  show("IF edited", 0x202);
  change = 0x3000;
  show("IOPL edited", 0x202);
  change = 0x4000;
  show("NT edited", 0x202);
  change = 0x200000 | 0x180000;
  show("ID VIF VIP", 0x202);
  change = ~0xffffffffull;
  show("high half", 0x202);
  return 0;
}
