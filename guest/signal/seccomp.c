// Restricted system calls (seccomp(2)): strict mode, every action of filters, SIGSYS's siginfo, order of filters, inheritance,
// what programs are refused.
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
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}
#define STMT(code, k) {code, 0, 0, k}
#define JUMP(code, k, jt, jf) {code, jt, jf, k}
#define FILTER(...) install((struct sock_filter[]){__VA_ARGS__}, sizeof((struct sock_filter[]){__VA_ARGS__}) / 8)
#define LOAD(field) STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IS(n, yes) JUMP(BPF_JMP | BPF_JEQ | BPF_K, n, 0, 1), STMT(BPF_RET | BPF_K, yes)
#define ELSE_ALLOW STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static int install(struct sock_filter *f, unsigned short n) {
  struct sock_fprog p = {n, f};
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &p);
}
static void in_child(const char *what, void (*f)(void)) {
  printf("%s:\n", what);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    f();
    fflush(stdout);
    syscall(SYS_exit, 3);
  }
  int status;
  waitpid(pid, &status, 0);
  if (WIFEXITED(status)) printf("  exit %d\n", WEXITSTATUS(status));
  else printf("  signal %d\n", WTERMSIG(status));
}

static void strict(void) {
  printf("  mode %d\n", prctl(PR_GET_SECCOMP));
  fflush(stdout);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)) printf("refused\n");
  if (write(1, "  may write\n", 12) != 12) syscall(SYS_exit, 4);
}
static void strict_kills(void) {
  fflush(stdout);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
  syscall(SYS_getpid);
}
static void error(void) {
  FILTER(LOAD(nr), IS(SYS_getppid, SECCOMP_RET_ERRNO | 77), IS(SYS_getpgrp, SECCOMP_RET_ERRNO | 5000), IS(SYS_getuid, SECCOMP_RET_ERRNO), ELSE_ALLOW);
  printf("  mode %d\n", prctl(PR_GET_SECCOMP));
  errno = 0;
  printf("  getppid %ld errno %d\n", syscall(SYS_getppid), errno);
  printf("  getpgrp raw %ld", syscall(SYS_getpgrp));
  printf(" errno %d\n", errno);
  printf("  getuid %ld\n", syscall(SYS_getuid));
  if (fork() == 0) {
    printf("  child too: %ld", syscall(SYS_getppid));
    printf(" %d\n", errno);
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  printf("  strict after filters: %s\n", result(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT)));
}
static volatile int count;
static void on_sys(int sig, siginfo_t *i, void *context) {
  ucontext_t *uc = context;
  greg_t *r = uc->uc_mcontext.gregs;
  printf("  signal %d code %d errno %d syscall %d arch %x, rax %lld, address is rip %d\n", sig, i->si_code, i->si_errno,
         i->si_syscall, i->si_arch, r[REG_RAX], (greg_t)i->si_call_addr == r[REG_RIP]);
  printf("  arguments %lld %lld, behind a syscall %d\n", r[REG_RDI], r[REG_RSI],
         *(unsigned char *)(r[REG_RIP] - 2) == 0x0f && *(unsigned char *)(r[REG_RIP] - 1) == 0x05);
  r[REG_RAX] = 4711;
  count++;
}
static void trap(void) {
  struct sigaction sa = {.sa_sigaction = on_sys, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &sa, 0);
  FILTER(LOAD(nr), IS(SYS_sched_yield, SECCOMP_RET_TRAP | 42), ELSE_ALLOW);
  printf("  emulated: %ld\n", syscall(SYS_sched_yield, 11, 22));
  printf("  taken %d\n", count);
}
static void trap_blocked(void) {
  trap();
  sigset_t s;
  sigfillset(&s);
  sigprocmask(SIG_BLOCK, &s, 0);
  fflush(stdout);
  syscall(SYS_sched_yield);
}
static void kill_process(void) {
  signal(SIGSYS, SIG_IGN);
  FILTER(LOAD(nr), IS(SYS_sched_yield, SECCOMP_RET_KILL_PROCESS), ELSE_ALLOW);
  fflush(stdout);
  syscall(SYS_sched_yield);
}
static void kill_thread(void) {
  FILTER(LOAD(nr), IS(SYS_sched_yield, SECCOMP_RET_KILL_THREAD), ELSE_ALLOW);
  fflush(stdout);
  syscall(SYS_sched_yield);
}
static void trace(void) {
  FILTER(LOAD(nr), IS(SYS_sched_yield, SECCOMP_RET_TRACE), ELSE_ALLOW);
  printf("  without a tracer: %s\n", result(syscall(SYS_sched_yield)));
}
static void order(void) {
  // The strictest answer wins; of the same action the newest.
  FILTER(LOAD(nr), IS(SYS_sched_yield, SECCOMP_RET_ERRNO | 1), IS(SYS_getppid, SECCOMP_RET_ERRNO | 7), ELSE_ALLOW);
  FILTER(LOAD(nr), IS(SYS_sched_yield, SECCOMP_RET_ERRNO | 2), IS(SYS_getppid, SECCOMP_RET_TRACE), ELSE_ALLOW);
  syscall(SYS_sched_yield);
  printf("  newest %d", errno);
  syscall(SYS_getppid);
  printf(", strictest %d\n", errno);
}
static void arguments(void) {
  // Arithmetic, scratch memory and arguments: umask(a, b) is answered by (a * 3 + b) >> 1 as an error number.
  FILTER(LOAD(nr), JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_umask, 0, 12), LOAD(args[0]), STMT(BPF_ALU | BPF_MUL | BPF_K, 3),
         STMT(BPF_ST, 2), LOAD(args[1]), STMT(BPF_MISC | BPF_TAX, 0), STMT(BPF_LD | BPF_MEM, 2),
         STMT(BPF_ALU | BPF_ADD | BPF_X, 0), STMT(BPF_ALU | BPF_RSH | BPF_K, 1), STMT(BPF_ALU | BPF_AND | BPF_K, 0xfff),
         STMT(BPF_ALU | BPF_OR | BPF_K, SECCOMP_RET_ERRNO), STMT(BPF_RET | BPF_A, 0), STMT(BPF_RET | BPF_K, 0), ELSE_ALLOW);
  syscall(SYS_umask, 10, 4);
  printf("  %d", errno);
  syscall(SYS_umask, 100, 1);
  printf(" %d\n", errno);
  FILTER(LOAD(arch), JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0), STMT(BPF_RET | BPF_K, 0), LOAD(instruction_pointer),
         JUMP(BPF_JMP | BPF_JGT | BPF_K, 0x1000, 1, 0), STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS), ELSE_ALLOW);
  printf("  architecture and address are right\n");
}

int main(void) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  in_child("strict", strict);
  in_child("strict kills", strict_kills);
  in_child("errno", error);
  in_child("trap", trap);
  in_child("trap, blocked", trap_blocked);
  in_child("kill process", kill_process);
  in_child("kill thread", kill_thread);
  in_child("trace", trace);
  in_child("order", order);
  in_child("arguments", arguments);
  // Programs that are refused.
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  printf("empty %s\n", result(install((struct sock_filter[]){ELSE_ALLOW}, 0)));
  printf("no return %s\n", result(FILTER(LOAD(nr))));
  printf("unaligned %s\n", result(FILTER(STMT(BPF_LD | BPF_W | BPF_ABS, 1), ELSE_ALLOW)));
  printf("behind the data %s\n", result(FILTER(STMT(BPF_LD | BPF_W | BPF_ABS, 64), ELSE_ALLOW)));
  printf("halves %s\n", result(FILTER(STMT(BPF_LD | BPF_H | BPF_ABS, 0), ELSE_ALLOW)));
  printf("jump too far %s\n", result(FILTER(JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), ELSE_ALLOW)));
  printf("scratch not stored %s\n", result(FILTER(STMT(BPF_LD | BPF_MEM, 3), ELSE_ALLOW)));
  printf("scratch word 16 %s\n", result(FILTER(STMT(BPF_ST, 16), ELSE_ALLOW)));
  printf("by zero %s\n", result(FILTER(STMT(BPF_ALU | BPF_DIV | BPF_K, 0), ELSE_ALLOW)));
  printf("shift by 32 %s\n", result(FILTER(STMT(BPF_ALU | BPF_LSH | BPF_K, 32), ELSE_ALLOW)));
  printf("modulo %s\n", result(FILTER(STMT(BPF_ALU | BPF_MOD | BPF_K, 3), ELSE_ALLOW)));
  printf("bad pointer %s\n", result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 8)));
  printf("bad flags %s\n", result(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0x100, 0)));
  printf("bad operation %s\n", result(syscall(SYS_seccomp, 9, 0, 0)));
  printf("strict with flags %s\n", result(syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 1, 0)));
  unsigned actions[] = {SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRAP, SECCOMP_RET_LOG, 0x12340000};
  for (int i = 0; i < 4; i++) printf("action %x %s\n", actions[i], result(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &actions[i])));
  printf("prctl %s", result(prctl(PR_SET_SECCOMP, 7, 0)));
  printf(", mode still %d\n", prctl(PR_GET_SECCOMP));
  return 0;
}
