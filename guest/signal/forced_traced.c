// Forced signals under a tracer (force_sig_info_to_task): a fault whose signal is blocked or ignored loses its handler, but the tracer may
// still let it go on; what seccomp kills is out of its hands (SA_IMMUTABLE), as are strict mode's deaths.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static void handler(int sig) {
  printf("  handler %s\n", sigabbrev_np(sig));
  fflush(stdout);
}
static void block(int sig) {
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, sig);
  sigprocmask(SIG_BLOCK, &set, NULL);
}
static void disposition(int sig) {
  struct sigaction action;
  sigset_t set;
  sigaction(sig, NULL, &action);
  sigprocmask(SIG_BLOCK, NULL, &set);
  printf("  %s: %s, %sblocked, sigaction %d\n", sigabbrev_np(sig),
         action.sa_handler == SIG_DFL ? "default" : action.sa_handler == SIG_IGN ? "ignored" : "a handler", sigismember(&set, sig) ? "" : "not ",
         sigaction(sig, &action, NULL));
  fflush(stdout);
}
/* What the tracer goes past. */
static void fault(void) { __asm__ volatile("xor %%eax, %%eax\n\tmovl $1, 16(%%eax)" ::: "rax", "memory", "cc"); }
static void divide(void) { __asm__ volatile("xor %%edx, %%edx\n\txor %%ecx, %%ecx\n\tdiv %%ecx" ::: "rax", "rcx", "rdx", "cc"); }
static void filter(unsigned answer) {
  struct sock_filter f[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sched_yield, 0, 1),
                            BPF_STMT(BPF_RET | BPF_K, answer), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog p = {4, f};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p)) printf("  no filter\n");
  fflush(stdout);
}

static void segv_blocked(void) { signal(SIGSEGV, handler), block(SIGSEGV), fault(), disposition(SIGSEGV), fault(); }
static void segv_ignored(void) { signal(SIGSEGV, SIG_IGN), fault(), disposition(SIGSEGV); }
static void segv_free(void) { signal(SIGSEGV, handler), fault(), disposition(SIGSEGV); }
static void fpe_blocked(void) { block(SIGFPE), divide(), disposition(SIGFPE); }
static void fpe_sent(void) { signal(SIGFPE, SIG_IGN), block(SIGFPE), kill(getpid(), SIGFPE), disposition(SIGFPE), divide(), disposition(SIGFPE); }
static void trap_blocked(void) { block(SIGTRAP); __asm__ volatile("int3"); disposition(SIGTRAP); }
static void sys_trapped(void) {
  signal(SIGSYS, handler), block(SIGSYS), filter(SECCOMP_RET_TRAP | 7);
  printf("  the call gave %ld\n", syscall(SYS_sched_yield));
  disposition(SIGSYS);
}
static void sys_killed(void) { signal(SIGSYS, handler), filter(SECCOMP_RET_KILL_PROCESS), syscall(SYS_sched_yield); }
static void sys_killed_blocked(void) { block(SIGSYS), filter(SECCOMP_RET_KILL_PROCESS), syscall(SYS_sched_yield); }
static void sys_killed_thread(void) { signal(SIGSYS, SIG_IGN), filter(SECCOMP_RET_KILL_THREAD), syscall(SYS_sched_yield); }
static void strict(void) { fflush(stdout), prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT), syscall(SYS_getpid); }
static void bad_frame(void) { signal(SIGSEGV, handler), block(SIGSEGV); __asm__ volatile("mov %%rsp, %%rbx\n\txor %%esp, %%esp\n\tmov $15, %%eax\n\tsyscall\n\tmov %%rbx, %%rsp" ::: "rax", "rbx", "rcx", "r11"); disposition(SIGSEGV); }

/* The tracer lets nothing through, and moves on past what faults. */
static void trace(const char *what, void (*body)(void), int untraced) {
  printf("%s\n", what);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (!untraced) ptrace(PTRACE_TRACEME, 0, 0, 0), raise(SIGSTOP);
    body();
    fflush(stdout);
    _exit(0);
  }
  int status;
  while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    siginfo_t info;
    struct user_regs_struct regs;
    if (WSTOPSIG(status) == SIGSTOP) {
      ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL);
    } else if (status >> 16 == PTRACE_EVENT_EXIT) {
      unsigned long message;
      ptrace(PTRACE_GETEVENTMSG, child, 0, &message);
      printf("  about to end with %lx\n", message);
    } else {
      ptrace(PTRACE_GETSIGINFO, child, 0, &info);
      ptrace(PTRACE_GETREGS, child, 0, &regs);
      long word = ptrace(PTRACE_PEEKTEXT, child, regs.rip, 0);
      printf("  stopped by %s, code %d, errno %d\n", sigabbrev_np(info.si_signo), info.si_code, info.si_errno);
      // movl $1, 16(%eax); div %ecx
      if ((word & 0xff) == 0x67) regs.rip += 8;
      else if ((word & 0xffff) == 0xf1f7) regs.rip += 2;
      ptrace(PTRACE_SETREGS, child, 0, &regs);
    }
    fflush(stdout);
    ptrace(PTRACE_CONT, child, 0, 0);
  }
  if (WIFSIGNALED(status)) printf("  killed by %s\n", sigabbrev_np(WTERMSIG(status)));
  else printf("  exit %d\n", WEXITSTATUS(status));
}

int main(void) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  trace("a fault, its signal blocked", segv_blocked, 0);
  trace("a fault, its signal ignored", segv_ignored, 0);
  trace("a fault with a handler", segv_free, 0);
  trace("a division, its signal blocked", fpe_blocked, 0);
  trace("a division, its signal pending already", fpe_sent, 0);
  trace("a breakpoint, its signal blocked", trap_blocked, 0);
  trace("a call that seccomp traps, its signal blocked", sys_trapped, 0);
  trace("a call that seccomp kills", sys_killed, 0);
  trace("a call that seccomp kills, its signal blocked", sys_killed_blocked, 0);
  trace("a call that seccomp kills, the thread", sys_killed_thread, 0);
  trace("strict mode", strict, 0);
  trace("a frame that cannot be read, its signal blocked", bad_frame, 0);
  trace("seccomp kills, untraced", sys_killed, 1);
  trace("seccomp kills, blocked, untraced", sys_killed_blocked, 1);
  trace("seccomp kills the thread, ignored, untraced", sys_killed_thread, 1);
  return 0;
}
