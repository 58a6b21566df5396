// Ptrace(2), a small strace: PTRACE_TRACEME, stops at system calls with and without PTRACE_O_TRACESYSGOOD, their siginfo,
// PTRACE_GET_SYSCALL_INFO, changing a call, its arguments and its result, and PTRACE_EVENT_EXEC and the SIGTRAP in its place.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name(long nr) {
  switch (nr) {
    case SYS_getppid: return "getppid";
    case SYS_write: return "write";
    case SYS_getuid: return "getuid";
    case SYS_exit_group: return "exit_group";
    case SYS_nanosleep: return "nanosleep";
    case SYS_execve: return "execve";
    case SYS_kill: return "kill";
    case 999: return "999";
  }
  return NULL;
}

static void info(pid_t pid) {
  siginfo_t si;
  memset(&si, 0, sizeof si);
  long r = ptrace(PTRACE_GETSIGINFO, pid, 0, &si);
  if (r != 0) printf(" no siginfo: %s", strerrorname_np(errno));
  else printf(" siginfo signo=%d code=%#x pid=%d", si.si_signo, si.si_code, si.si_pid == pid);
}

static void syscall_info(pid_t pid) {
  struct __ptrace_syscall_info si;
  memset(&si, 0, sizeof si);
  long size = ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof si, &si);
  printf(" info op=%d size=%ld arch=%#x", si.op, size, si.arch);
  if (si.op == PTRACE_SYSCALL_INFO_ENTRY) {
    printf(" nr=%llu", (unsigned long long)si.entry.nr);
    if (si.entry.nr == SYS_write || si.entry.nr == SYS_exit_group) printf(" arg0=%d", (int)si.entry.args[0]);
  }
  if (si.op == PTRACE_SYSCALL_INFO_EXIT) printf(" error=%d", si.exit.is_error);
}

static void traced(void) {
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  raise(SIGSTOP);
  long a = syscall(SYS_getppid);
  (void)a;
  if (write(1, "hello\n", 6) != 6) _exit(9);
  long b = syscall(999);
  if (b != -1 || errno != ENOSYS) _exit(10);
  // The tracer turns this into getuid, which it lets return 1234.
  long c = syscall(SYS_getuid);
  if (c != 1234) _exit(11);
  // It skips this one.
  if (kill(getpid(), SIGKILL) != 7) _exit(12);
  _exit(3);
}

static void strace(long options, int with_info) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) traced();
  int status, entry = 1, uid = 0;
  waitpid(pid, &status, 0);
  printf("first: stopped %d by %d", WIFSTOPPED(status), WSTOPSIG(status));
  info(pid);
  printf("\n");
  ptrace(PTRACE_SETOPTIONS, pid, 0, options);
  ptrace(PTRACE_SYSCALL, pid, 0, 0);
  while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    const char *what = name((long)regs.orig_rax);
    if (what != NULL) {
      printf("%s %s status %#x", entry ? "entry" : "exit", what, status);
      if (entry) printf(" rax %lld", (long long)regs.rax);
      else if ((long)regs.orig_rax != SYS_getppid) printf(" = %lld", (long long)regs.rax);
      info(pid);
      if (with_info) syscall_info(pid);
      unsigned long message = 99;
      ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
      printf(" message %lu\n", message);
      if (entry && regs.orig_rax == SYS_kill) {
        regs.orig_rax = -1;
        regs.rax = 7;
        printf("set %ld\n", ptrace(PTRACE_SETREGS, pid, 0, &regs));
      } else if (entry && regs.orig_rax == SYS_write) {
        // Three bytes less in, three more out.
        ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rdx), 3);
        fflush(stdout);
      } else if (!entry && regs.orig_rax == SYS_write) {
        ptrace(PTRACE_POKEUSER, pid, offsetof(struct user_regs_struct, rax), 6);
        printf("\nwrote %lld\n", (long long)regs.rax);
      } else if (!entry && regs.orig_rax == SYS_getuid) {
        regs.rax = 1234;
        struct iovec iov = {&regs, sizeof regs};
        printf("set %ld", ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &iov));
        printf(" %zu\n", iov.iov_len);
        uid++;
      }
    }
    entry = !entry;
    ptrace(PTRACE_SYSCALL, pid, 0, 0);
  }
  printf("end: exited %d status %d uid %d\n", WIFEXITED(status), WEXITSTATUS(status), uid);
}

static void execs(const char *self, long options) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    execl(self, "again", "child", NULL);
    _exit(1);
  }
  int status;
  waitpid(pid, &status, 0);
  ptrace(PTRACE_SETOPTIONS, pid, 0, options);
  ptrace(PTRACE_CONT, pid, 0, 0);
  for (;;) {
    waitpid(pid, &status, 0);
    if (!WIFSTOPPED(status)) break;
    unsigned long message = 99;
    ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
    printf("exec: status %#x own pid %d", status, message == (unsigned long)pid);
    info(pid);
    printf("\n");
    ptrace(PTRACE_CONT, pid, 0, 0);
  }
  printf("exec: exited %d\n", WEXITSTATUS(status));
}

int main(int argc, char **argv) {
  if (argc > 1) return 5;
  strace(0, 0);
  strace(PTRACE_O_TRACESYSGOOD, 1);
  const char *self = (const char *)getauxval(AT_EXECFN);
  execs(self, 0);
  execs(self, PTRACE_O_TRACEEXEC);
  execs(self, PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT);
  errno = 0;
  printf("no such: %ld", ptrace(PTRACE_CONT, 1 << 22, 0, 0));
  printf(" %s\n", strerrorname_np(errno));
  (void)argv;
  return 0;
}
