/*
 * Handlers under `signalbox run --personality linux-0.11`, with restorers such as its C library had. They pop the frame and
 * return; there is no sigreturn. Under today's Linux the frame is another, and this program fails at its first handler.
 *
 * From the handler's rsp upwards, 8 bytes each:
 *
 *    sa_restorer   the handler's return address, gone when the restorer begins
 *    signr
 *    blocked       only without SA_NOMASK
 *    rax rcx rdx rsi rdi r8 r9 r10 r11
 *    eflags
 *    old_rip       to which the restorer returns
 *    128 bytes     red zone, which RET 128 skips
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SA_ONESHOT 0x80000000
#define SA_NOMASK 0x40000000
#define SA_RESTORER 0x04000000

#define POP_SCRATCH \
  "pop %rax\n\tpop %rcx\n\tpop %rdx\n\tpop %rsi\n\tpop %rdi\n\tpop %r8\n\tpop %r9\n\tpop %r10\n\tpop %r11\n\t"

void sig_restore(void);     /* ___sig_restore */
void masksig_restore(void); /* ___masksig_restore: ssetmask(2) is rt_sigprocmask now */
__asm__(
    "sig_restore:\n\t"
    "add $8, %rsp\n\t" /* signr */
    POP_SCRATCH
    "popfq\n\t"
    "ret $128\n"
    "masksig_restore:\n\t"
    "add $8, %rsp\n\t"
    "mov $2, %edi\n\t" /* SIG_SETMASK */
    "mov %rsp, %rsi\n\t"
    "xor %edx, %edx\n\t"
    "mov $8, %r10d\n\t"
    "mov $14, %eax\n\t"
    "syscall\n\t"
    "add $8, %rsp\n\t" /* blocked */
    POP_SCRATCH
    "popfq\n\t"
    "ret $128\n");

struct kernel_action {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)(void);
  uint64_t mask;
};

static void say(const char *text) {
  const char *end = text;
  while (*end) end++;
  write(1, text, end - text);
}

static void number(const char *before, unsigned long value, const char *after) {
  char digits[24], *at = digits + sizeof digits;
  *--at = 0;
  do *--at = '0' + value % 10;
  while (value /= 10);
  say(before);
  say(at);
  say(after);
}

static void handle(int signo, void (*handler)(int), unsigned long flags, uint64_t mask) {
  struct kernel_action action = {handler, flags | SA_RESTORER, flags & SA_NOMASK ? sig_restore : masksig_restore, mask};
  if (syscall(SYS_rt_sigaction, signo, &action, NULL, 8)) say("sigaction failed\n");
}

static uint64_t blocked(void) {
  uint64_t mask;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
  return mask;
}

static void on_signal(int signo) {
  number("handler of ", signo, "");
  number(", blocked ", blocked(), "\n");
}

/* Looks at its own frame: the words that it was entered with. */
uint64_t *frame;
void look(int signo) {
  number("frame: sa_restorer ", frame[0] == (uint64_t)masksig_restore, "");
  number(", signr ", frame[1], "");
  number(", blocked ", frame[2], "");
  number(", rax ", frame[3], "");
  number(", rcx ", frame[4] != 0, "");
  number(", rdx ", frame[5], "");
  number(", r8 ", frame[8], "");
  number(", carry ", frame[12] & 1, "");
  number(", rdi of the handler ", signo, "\n");
}
void look_entry(int);
__asm__("look_entry:\n\tmov %rsp, frame(%rip)\n\tsub $8, %rsp\n\tcall look\n\tadd $8, %rsp\n\tret\n");

/* kill(2) of itself with known registers; all but those that SYSCALL itself uses must come back. */
static int kill_with_registers(int pid) {
  register uint64_t r8 __asm__("r8") = 8, r9 __asm__("r9") = 9, r10 __asm__("r10") = 10;
  uint64_t rax = SYS_kill, rdx = 3, rsi = SIGUSR1, rdi = pid, carry = 0;
  __asm__ volatile("stc\n\tsyscall\n\tsetc %b5"
                   : "+a"(rax), "+d"(rdx), "+S"(rsi), "+D"(rdi), "+r"(r8), "+r"(carry), "+r"(r9), "+r"(r10)::"rcx", "r11", "memory");
  return rax == 0 && rdx == 3 && rsi == SIGUSR1 && rdi == (uint64_t)pid && r8 == 8 && r9 == 9 && r10 == 10 && carry;
}

static void child_dies(int signo) {
  int status;
  int pid = fork();
  if (pid == 0) {
    kill(getpid(), signo);
    _exit(99);
  }
  waitpid(pid, &status, 0);
  number("default of ", signo, "");
  number(": wait status ", status, "\n");
}

int main(void) {
  int pid = getpid();
  handle(SIGUSR1, look_entry, 0, 0);
  number("registers came back: ", kill_with_registers(pid), "\n");

  handle(SIGUSR1, on_signal, SA_NOMASK, ~0ul);
  kill(pid, SIGUSR1);
  handle(SIGUSR1, on_signal, 0, 1ul << (SIGHUP - 1));
  kill(pid, SIGUSR1);
  number("afterwards blocked ", blocked(), "\n");

  /* A bit, not a queue; the lowest number first, one for each way out of the kernel. */
  uint64_t both = 1ul << (SIGUSR1 - 1) | 1ul << (SIGHUP - 1), none = 0;
  handle(SIGHUP, on_signal, 0, 0);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &both, NULL, 8);
  for (int i = 0; i < 3; i++) kill(pid, SIGUSR1), kill(pid, SIGHUP);
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, &none, NULL, 8);
  getppid();

  /* What signal(2) did: once only. The second time ends the child. */
  int status, child = fork();
  if (child == 0) {
    handle(SIGUSR2, on_signal, SA_ONESHOT | SA_NOMASK, 0);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGUSR2);
    _exit(99);
  }
  waitpid(child, &status, 0);
  number("the second: wait status ", status, "\n");

  child_dies(SIGHUP);
  child_dies(SIGTERM);
  child_dies(SIGCONT);
  child_dies(SIGSTOP);
  child_dies(SIGCHLD);
  number("signal 33: ", kill(pid, 33) == -1, "\n");

  /* No call starts again. */
  handle(SIGALRM, on_signal, SA_RESTART, 0);
  int ends[2];
  char byte;
  pipe(ends);
  alarm(1);
  number("read: ", read(ends[0], &byte, 1) == -1, "\n");
  return 0;
}
