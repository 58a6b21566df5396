// Ptrace(2) at awkward moments: a rip that is no address, a call changed in the middle of fork, and stops of every kind in which the
// tracer detaches, or SIGKILL comes.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;
static int status;
static const char *self;

static void next(void) {
  if (waitpid(child, &status, __WALL) != child) printf("no wait: %s\n", strerrorname_np(errno));
}

static void start(void (*body)(void), long options) {
  fflush(stdout);
  child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    body();
    _exit(0);
  }
  next();
  ptrace(PTRACE_SETOPTIONS, child, 0, options);
}

static void forks(void) {
  pid_t pid = (pid_t)syscall(SYS_fork);
  if (pid == 0) _exit(0);
  waitpid(pid, NULL, 0);
  if (syscall(SYS_getppid) < 0) _exit(1);
  raise(SIGUSR1);
  execl(self, "again", "child", NULL);
}

static void far(unsigned long rip) {
  start(forks, 0);
  struct user_regs_struct regs;
  siginfo_t si;
  ptrace(PTRACE_GETREGS, child, 0, &regs);
  regs.rip = rip;
  printf("rip %#lx: %ld", rip, ptrace(PTRACE_SETREGS, child, 0, &regs));
  ptrace(PTRACE_CONT, child, 0, 0);
  next();
  ptrace(PTRACE_GETSIGINFO, child, 0, &si);
  ptrace(PTRACE_GETREGS, child, 0, &regs);
  printf(" stop %#x code %d addr %p rip %#llx\n", status, si.si_code, si.si_addr, regs.rip);
  ptrace(PTRACE_CONT, child, 0, WSTOPSIG(status));
  next();
  printf("  %#x\n", status & 0x7f);
}

static void changed_fork(void) {
  start(forks, PTRACE_O_TRACEFORK);
  ptrace(PTRACE_CONT, child, 0, 0);
  next();
  unsigned long pid;
  ptrace(PTRACE_GETEVENTMSG, child, 0, &pid);
  struct user_regs_struct regs;
  ptrace(PTRACE_GETREGS, child, 0, &regs);
  regs.orig_rax = 9999;
  regs.rax = 77;
  ptrace(PTRACE_SETREGS, child, 0, &regs);
  ptrace(PTRACE_SYSCALL, child, 0, 0);
  int other;
  waitpid((pid_t)pid, &other, __WALL);
  ptrace(PTRACE_DETACH, (pid_t)pid, 0, 0);
  next();
  ptrace(PTRACE_GETREGS, child, 0, &regs);
  printf("changed in fork: %#x orig_rax %lld, rax is the child: %d\n", status, (long long)regs.orig_rax, regs.rax == pid);
  kill(child, SIGKILL);
  next();
  printf("  %#x\n", status);
}

// Goes to stop number `count`, and leaves there: by detaching, or by killing it.
static void leave(int count, int how) {
  start(forks, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
  for (int i = 0; i < count; i++) {
    ptrace(PTRACE_SYSCALL, child, 0, 0);
    do next();
    while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGCHLD && ptrace(PTRACE_SYSCALL, child, 0, 0) == 0);
    if (!WIFSTOPPED(status)) return;
  }
  int at = status;
  if (how) kill(child, SIGKILL);
  else ptrace(PTRACE_DETACH, child, 0, 0);
  next();
  // Killed, it stops once more for its exit, unless it was there.
  int once = 0;
  if (how && WIFSTOPPED(status)) {
    once = status;
    ptrace(PTRACE_CONT, child, 0, 0);
    next();
  }
  printf("%s at %#x: %#x %#x\n", how ? "killed" : "detached", at, once, status);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return 5;
  self = (const char *)getauxval(AT_EXECFN);
  far(0x8000000000000000);
  far(0x7ffffffff000);
  far(0xffffffff80000000);
  far(0x10);
  changed_fork();
  for (int how = 0; how < 2; how++)
    for (int count = 0; count <= 30; count += count < 10 ? 3 : 1) leave(count, how);
  return 0;
}
