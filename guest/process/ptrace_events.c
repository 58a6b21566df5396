// Ptrace(2), PTRACE_O_TRACEFORK, VFORK, VFORKDONE, CLONE, EXEC, EXIT, TRACESECCOMP and EXITKILL: the order of the stops of parent and
// child, their messages and registers, children that are attached to by themselves, and calls that the tracer changes.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *self;

static const char *events[] = {"signal", "FORK", "VFORK", "CLONE", "EXEC", "VFORK_DONE", "EXIT", "SECCOMP"};

// Lines of each process apart: which of two runs first is nobody's business.
static char lines[3][4096];
static pid_t pids[3];
static int known;

static int slot(pid_t pid) {
  for (int i = 0; i < known; i++)
    if (pids[i] == pid) return i;
  pids[known] = pid;
  lines[known][0] = 0;
  return known++;
}

static void show(pid_t pid, int status, int entry) {
  char *line = lines[slot(pid)];
  line += strlen(line);
  if (!WIFSTOPPED(status)) {
    sprintf(line, "  %s %d\n", WIFEXITED(status) ? "exited" : "killed by", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return;
  }
  struct user_regs_struct regs;
  siginfo_t si;
  unsigned long message = 0;
  ptrace(PTRACE_GETREGS, pid, 0, &regs);
  ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
  int event = status >> 16;
  line += sprintf(line, "  %#x", status & 0xffff);
  line += sprintf(line, " %s", event == 128 ? "STOP" : events[event]);
  if (WSTOPSIG(status) == (SIGTRAP | 0x80)) line += sprintf(line, " %s", entry ? "entry" : "exit");
  if (ptrace(PTRACE_GETSIGINFO, pid, 0, &si) == 0) line += sprintf(line, ", code %#x", si.si_code);
  long rax = (long)regs.rax;
  line += sprintf(line, ", orig_rax %lld rax %s%ld", (long long)regs.orig_rax, rax > 1000 ? "pid " : "", rax > 1000 ? 0 : rax);
  int is_pid = event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_VFORK_DONE ||
               event == PTRACE_EVENT_EXEC;
  if (is_pid) sprintf(line, ", message is %s\n", message == (unsigned long)pid ? "its pid" : message > 1 ? "another pid" : "no pid");
  else sprintf(line, ", message %#lx\n", message);
}

// Runs `body` traced, by PTRACE_CONT or PTRACE_SYSCALL, with seizing or without.
static void trace(const char *name, void (*body)(void), long options, int seize, int request) {
  printf("%s%s%s\n", name, seize ? ", seized" : "", request == PTRACE_SYSCALL ? ", with its calls" : "");
  fflush(stdout);
  int ready[2];
  if (pipe(ready) != 0) exit(1);
  pid_t pid = fork();
  if (pid == 0) {
    char byte;
    if (!seize) {
      ptrace(PTRACE_TRACEME, 0, 0, 0);
      raise(SIGSTOP);
    } else if (read(ready[0], &byte, 1) != 1) {
      _exit(1);
    }
    body();
    _exit(0);
  }
  int status, entry[3] = {0};
  known = 0;
  slot(pid);
  if (seize) {
    ptrace(PTRACE_SEIZE, pid, 0, options);
    if (write(ready[1], "x", 1) != 1) exit(1);
  } else {
    waitpid(pid, &status, 0);
    ptrace(PTRACE_SETOPTIONS, pid, 0, options);
    ptrace(request, pid, 0, 0);
  }
  pid_t found;
  while ((found = waitpid(-1, &status, __WALL)) > 0) {
    int at = slot(found);
    int call = WIFSTOPPED(status) && WSTOPSIG(status) == (SIGTRAP | 0x80);
    if (call) entry[at] = !entry[at];
    // Where SIGCHLD meets its receiver is nobody's business either.
    if (!WIFSTOPPED(status) || WSTOPSIG(status) != SIGCHLD) show(found, status, entry[at]);
    int pass = WIFSTOPPED(status) && status >> 16 == 0 && !call && WSTOPSIG(status) != SIGSTOP ? WSTOPSIG(status) : 0;
    ptrace(request, found, 0, pass);
  }
  close(ready[0]);
  close(ready[1]);
  for (int i = 0; i < known; i++) printf(" %s\n%s", i == 0 ? "first" : "its child", lines[i]);
}

static void forks(void) {
  pid_t pid = (pid_t)syscall(SYS_fork);
  if (pid == 0) _exit(3);
  int status;
  while (waitpid(pid, &status, 0) < 0) {
  }
  _exit(WEXITSTATUS(status));
}

static void vforks(void) {
  pid_t pid = vfork();
  if (pid == 0) _exit(4);
  int status;
  while (waitpid(pid, &status, 0) < 0) {
  }
  _exit(WEXITSTATUS(status));
}

static void clones(void) {
  // Without a signal at its end it is a "clone" child.
  pid_t pid = (pid_t)syscall(SYS_clone, 0, 0, 0, 0, 0);
  if (pid == 0) _exit(5);
  int status;
  while (waitpid(pid, &status, __WCLONE) < 0) {
  }
  _exit(WEXITSTATUS(status));
}

static void untraced(void) {
  pid_t pid = (pid_t)syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(6);
  int status;
  while (waitpid(pid, &status, 0) < 0) {
  }
  _exit(WEXITSTATUS(status));
}

static void execs(void) {
  execl(self, "again", "child", NULL);
}

static void dies(void) {
  signal(SIGTERM, SIG_DFL);
  raise(SIGTERM);
}

static void filter(void) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 0x1234),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getuid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | 0x55),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof code / sizeof *code, code};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) _exit(90);
}

static void filtered(void) {
  filter();
  syscall(SYS_getppid);
  _exit(syscall(SYS_getuid) == (long)getuid() ? 7 : 8);
}

// The tracer makes getppid another call, and getuid none.
static void rewritten(void) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    filter();
    if (syscall(SYS_getppid) != getpid()) _exit(20);
    _exit((int)syscall(SYS_getuid));
  }
  int status;
  waitpid(pid, &status, 0);
  ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESECCOMP);
  ptrace(PTRACE_CONT, pid, 0, 0);
  while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
    struct user_regs_struct regs;
    struct __ptrace_syscall_info info;
    memset(&info, 0, sizeof info);
    ptrace(PTRACE_GETREGS, pid, 0, &regs);
    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
    printf("seccomp: op %d nr %llu data %#x\n", info.op, (unsigned long long)info.seccomp.nr, info.seccomp.ret_data);
    if (regs.orig_rax == SYS_getppid) {
      regs.orig_rax = SYS_getpid;
    } else {
      regs.orig_rax = -1;
      regs.rax = 33;
    }
    ptrace(PTRACE_SETREGS, pid, 0, &regs);
    ptrace(PTRACE_CONT, pid, 0, 0);
  }
  printf("rewritten: exited %d\n", WEXITSTATUS(status));
}

static void exit_kill(void) {
  fflush(stdout);
  int hold[2];
  if (pipe(hold) != 0) exit(1);
  pid_t tracer = fork();
  if (tracer == 0) {
    pid_t pid = fork();
    if (pid == 0) {
      close(hold[0]);
      for (;;) pause();
    }
    ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_EXITKILL);
    _exit(0);
  }
  waitpid(tracer, NULL, 0);
  close(hold[1]);
  // The end of file comes when the tracee is gone.
  char byte;
  printf("exit kill: %ld\n", (long)read(hold[0], &byte, 1));
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) return 9;
  self = (const char *)getauxval(AT_EXECFN);
  const long all = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                   PTRACE_O_TRACEEXIT | PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD;
  trace("fork", forks, all, 0, PTRACE_CONT);
  trace("fork", forks, all, 1, PTRACE_CONT);
  trace("fork", forks, 0, 0, PTRACE_CONT);
  trace("vfork", vforks, all, 0, PTRACE_CONT);
  trace("vfork", vforks, PTRACE_O_TRACEVFORKDONE, 1, PTRACE_CONT);
  trace("clone", clones, all, 1, PTRACE_CONT);
  trace("clone", untraced, all, 1, PTRACE_CONT);
  trace("exec", execs, all & ~PTRACE_O_TRACEEXIT, 1, PTRACE_CONT);
  trace("exec", execs, 0, 1, PTRACE_CONT);
  trace("death", dies, all, 0, PTRACE_CONT);
  trace("fork", forks, all, 0, PTRACE_SYSCALL);
  trace("vfork", vforks, all, 0, PTRACE_SYSCALL);
  trace("seccomp", filtered, all, 0, PTRACE_CONT);
  trace("seccomp without its option", filtered, 0, 0, PTRACE_CONT);
  rewritten();
  exit_kill();
  return 0;
}
