// Syscall user dispatch (prctl(2), PR_SET_SYSCALL_USER_DISPATCH; syscall_user_dispatch.c): SIGSYS for calls from elsewhere than one range,
// by a switch in memory, before any tracer or filter sees them; who inherits it, and which arguments are refused.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

enum { ALLOW = 0, BLOCK = 1 };
static volatile char selector;
static volatile int count;
static siginfo_t seen;
static greg_t seen_rax, seen_rip;

static void on_sys(int sig, siginfo_t *info, void *context) {
  (void)sig;
  greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
  // The handler's own return is a system call too.
  selector = ALLOW;
  seen = *info;
  seen_rax = r[REG_RAX], seen_rip = r[REG_RIP];
  r[REG_RAX] = 4711;
  count++;
}
static long call(long number, long a, long b) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
  return result;
}
static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}
static int on(unsigned long offset, unsigned long length) { return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, offset, length, &selector); }
static void attempt(const char *what, void (*body)(void)) {
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
    if (WSTOPSIG(status) != (SIGTRAP | 0x80)) printf("  stopped by %s\n", sigabbrev_np(WSTOPSIG(status)));
    fflush(stdout);
    int signal = WSTOPSIG(status);
    if (signal == SIGSTOP) ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
    ptrace(PTRACE_SYSCALL, child, 0, signal == SIGSYS ? SIGSYS : 0);
  }
  if (WIFSIGNALED(status)) printf("  killed by %s\n", sigabbrev_np(WTERMSIG(status)));
  else printf("  exit %d\n", WEXITSTATUS(status));
}

static void blocked(void) {
  on(0, 0);
  selector = BLOCK;
  long r = call(SYS_getppid, 11, 22);
  printf("  gave %ld, taken %d: code %d, errno %d, syscall %d, arch %d, address is rip %d, rax %lld\n", r, count, seen.si_code, seen.si_errno, seen.si_syscall,
         seen.si_arch == AUDIT_ARCH_X86_64, (greg_t)seen.si_call_addr == seen_rip, seen_rax);
  selector = BLOCK;
  r = call(-5, 0, 0);
  printf("  no such call: %ld, syscall %d, rax %lld\n", r, seen.si_syscall, seen_rax);
  r = call(SYS_getpid, 0, 0) == getpid();
  printf("  allowed again: %ld\n", r);
}
static void in_range(void) {
  on(0x1000, 0x7ffffffff000 - 0x1000);
  selector = BLOCK;
  long r = call(SYS_getpid, 0, 0);
  selector = ALLOW;
  printf("  %d, taken %d\n", r == getpid(), count);
}
static void always(void) {
  // Without a switch only the range helps: not even the handler could return.
  signal(SIGSYS, SIG_DFL);
  prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, 0);
  call(SYS_getpid, 0, 0);
}
static void bad_value(void) {
  on(0, 0);
  selector = 2;
  call(SYS_getpid, 0, 0);
}
static void bad_switch(void) {
  char *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, page);
  munmap(page, 4096);
  signal(SIGSEGV, SIG_IGN);
  call(SYS_getpid, 0, 0);
}
static void signal_blocked(void) {
  sigset_t set;
  sigfillset(&set);
  sigprocmask(SIG_BLOCK, &set, NULL);
  on(0, 0);
  selector = BLOCK;
  call(SYS_getpid, 0, 0);
}
static void before_filters(void) {
  struct sock_filter f[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
                            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog p = {4, f};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p);
  on(0, 0);
  selector = BLOCK;
  long r = call(SYS_getppid, 0, 0);
  printf("  gave %ld\n", r);
  call(SYS_getppid, 0, 0);
}
static void traced(void) {
  on(0, 0);
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  raise(SIGSTOP);
  selector = BLOCK;
  long r = call(SYS_getppid, 0, 0);
  printf("  gave %ld\n", r);
}
static void *thread(void *unused) {
  (void)unused;
  selector = BLOCK;
  long r = call(SYS_gettid, 0, 0);
  selector = ALLOW;
  printf("  a thread has it not: %d\n", r == gettid());
  return NULL;
}
static void inherited(void) {
  on(0, 0);
  pthread_t made;
  pthread_create(&made, NULL, thread, NULL), pthread_join(made, NULL);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    selector = BLOCK;
    long r = call(SYS_getpid, 0, 0);
    selector = ALLOW;
    printf("  nor a child: %d\n", r == getpid());
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 0);
  selector = BLOCK;
  printf("  off: %d\n", call(SYS_getpid, 0, 0) == getpid());
  fflush(stdout);
  // The next program has it not either, or could not start.
  selector = ALLOW;
  on(0, 0);
  execl((char *)getauxval(AT_EXECFN), "user_dispatch", "again", NULL);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    printf("  %s\n", argv[1]);
    return 6;
  }
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  struct sigaction action = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &action, NULL);
  printf("refused: off with arguments %s", result(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 1, 0, 0)));
  printf(", %s", result(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF, 0, 0, 8)));
  printf(", no such mode %s", result(prctl(PR_SET_SYSCALL_USER_DISPATCH, 9, 0, 0, 0)));
  printf(", empty range %s", result(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0x1000, 0, 0)));
  printf(", one around the end %s", result(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0x1000, -0x1000l, 0)));
  printf(", a switch in the kernel %s\n", result(prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, -4096l)));
  attempt("blocked", blocked);
  attempt("from the range", in_range);
  attempt("without a switch", always);
  attempt("a bad value", bad_value);
  attempt("no switch there", bad_switch);
  attempt("the signal is blocked", signal_blocked);
  attempt("before filters", before_filters);
  attempt("before tracers", traced);
  attempt("inherited", inherited);
  return 0;
}
