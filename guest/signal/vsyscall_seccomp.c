// Vsyscalls and seccomp (emulate_vsyscall, kernel/seccomp.c): every action of a filter for a call into the vsyscall page, with what the
// handler or the tracer sees, and what becomes of a changed number or address.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
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
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 0xffffffffff600000ul
static long (*const vtime)(long *) = (void *)(PAGE + 1024);
static int (*const vgettimeofday)(struct timeval *, void *) = (void *)PAGE;

static void filter(unsigned number, unsigned answer) {
  struct sock_filter f[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
                            BPF_STMT(BPF_RET | BPF_K, answer), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog p = {4, f};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p)) printf("  no filter\n");
  fflush(stdout);
}
static int edit;
static void on_sys(int sig, siginfo_t *info, void *context) {
  greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
  printf("  signal %d, code %d, errno %d, syscall %d, arch %d, call at page+%lx, rip in the page %d, rax %lld\n", sig, info->si_code, info->si_errno,
         info->si_syscall, info->si_arch == AUDIT_ARCH_X86_64, (unsigned long)info->si_call_addr - PAGE, (unsigned long)r[REG_RIP] >= PAGE, r[REG_RAX]);
  if (edit) r[REG_RAX] = 4711;
}
/* What a call gives: the time, or something else. */
static const char *result(long r) {
  static char text[32];
  if (r > 1000000000) return "the time";
  sprintf(text, "%ld", r);
  return text;
}
static void call(void) {
  struct timeval tv = {-1, -1};
  long stored = -1;
  printf("  time %s", result(vtime(&stored)));
  printf(", stored %s\n", result(stored));
  int r = vgettimeofday(&tv, NULL);
  printf("  gettimeofday %d, stored %s\n", r, result(tv.tv_sec));
}
static void allow(void) { filter(SYS_time, SECCOMP_RET_ALLOW), call(); }
static void logged(void) { filter(SYS_time, SECCOMP_RET_LOG), call(); }
static void error(void) { filter(SYS_time, SECCOMP_RET_ERRNO | 7), call(); }
static void other_error(void) { filter(SYS_gettimeofday, SECCOMP_RET_ERRNO | 8), call(); }
static void trap_with(int change) {
  struct sigaction action = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &action, NULL);
  edit = change;
  filter(SYS_time, SECCOMP_RET_TRAP | 9), call();
}
static void trap(void) { trap_with(0); }
static void trap_edited(void) { trap_with(1); }
static void killed(void) { filter(SYS_time, SECCOMP_RET_KILL_PROCESS), call(); }
static void killed_thread(void) { filter(SYS_time, SECCOMP_RET_KILL_THREAD), call(); }
static void untraced(void) { filter(SYS_time, SECCOMP_RET_TRACE), call(); }
static void strict(void) { fflush(stdout), prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT), vtime(NULL); }
static void traced(void) { ptrace(PTRACE_TRACEME, 0, 0, 0), raise(SIGSTOP), filter(SYS_time, SECCOMP_RET_TRACE | 77), call(); }
static void plain(void) { ptrace(PTRACE_TRACEME, 0, 0, 0), raise(SIGSTOP), call(); }

static void attempt(const char *what, void (*body)(void), long number, long rip, int syscalls) {
  printf("%s\n", what);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    body();
    fflush(stdout);
    _exit(0);
  }
  int status;
  while (waitpid(child, &status, 0) == child && WIFSTOPPED(status)) {
    struct user_regs_struct regs;
    unsigned long message = 0;
    int signal = WSTOPSIG(status);
    ptrace(PTRACE_GETREGS, child, 0, &regs);
    if (signal == SIGSTOP) {
      ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
      signal = 0;
    } else if (status >> 16 == PTRACE_EVENT_SECCOMP) {
      ptrace(PTRACE_GETEVENTMSG, child, 0, &message);
      printf("  seccomp stop: message %lu, orig_rax %lld, rax %lld, rip page+%llx\n", message, (long long)regs.orig_rax, (long long)regs.rax, regs.rip - PAGE);
      if (number != 0) regs.orig_rax = number;
      if (number == -1) regs.rax = 1234;
      if (rip != 0) regs.rip += rip;
      ptrace(PTRACE_SETREGS, child, 0, &regs);
      signal = 0;
    } else if (signal == (SIGTRAP | 0x80)) {
      if (regs.rip - PAGE < 4096) printf("  a stop at a vsyscall\n");
      signal = 0;
    } else {
      printf("  stopped by %s\n", sigabbrev_np(signal));
    }
    fflush(stdout);
    ptrace(syscalls ? PTRACE_SYSCALL : PTRACE_CONT, child, 0, signal);
  }
  if (WIFSIGNALED(status)) printf("  killed by %s\n", sigabbrev_np(WTERMSIG(status)));
  else printf("  exit %d\n", WEXITSTATUS(status));
}

int main(void) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  attempt("allowed", allow, 0, 0, 0);
  attempt("logged", logged, 0, 0, 0);
  attempt("an error", error, 0, 0, 0);
  attempt("an error of the other", other_error, 0, 0, 0);
  attempt("trapped", trap, 0, 0, 0);
  attempt("trapped, rax changed", trap_edited, 0, 0, 0);
  attempt("killed", killed, 0, 0, 0);
  attempt("killed, the thread", killed_thread, 0, 0, 0);
  attempt("to be traced, by nobody", untraced, 0, 0, 0);
  attempt("strict", strict, 0, 0, 0);
  attempt("traced", traced, 0, 0, 0);
  attempt("traced, the call dropped", traced, -1, 0, 0);
  attempt("traced, another call", traced, SYS_getpid, 0, 0);
  attempt("traced, another address", traced, 0, 8, 0);
  attempt("traced, dropped, another address", traced, -1, 8, 0);
  attempt("system calls traced", plain, 0, 0, 1);
  return 0;
}
