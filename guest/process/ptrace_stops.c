// Ptrace(2), who attaches and how: PTRACE_ATTACH, SEIZE, INTERRUPT, LISTEN and DETACH, of running, sleeping and stopped processes;
// group stops as the tracer and as the parent see them; wait4 and waitid with their options; and every refusal.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __WNOTHREAD
#define __WNOTHREAD 0x20000000
#endif

static pid_t child;
static int status;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...) {
  char line[256];
  va_list list;
  va_start(list, format);
  int length = vsnprintf(line, sizeof line, format, list);
  va_end(list);
  if (write(1, line, length) != length) _exit(99);
}

static void result(const char *name, long value) {
  say("%s: %ld%s%s\n", name, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : "");
}

static void next(const char *name) {
  pid_t found = waitpid(child, &status, __WALL);
  say("%s: %s %#x", name, found == child ? "stop" : "nothing", status);
  siginfo_t si;
  if (WIFSTOPPED(status)) {
    if (ptrace(PTRACE_GETSIGINFO, child, 0, &si) == 0) say(", si_signo %d code %#x", si.si_signo, si.si_code);
    else say(", %s", strerrorname_np(errno));
  }
  say("\n");
}

static void handler(int signo) {
  say("  child: handler of %d\n", signo);
}

// Sleeps in read until its parent goes; writes a byte once it is there.
static pid_t sleeper(int *to) {
  int up[2], down[2];
  if (pipe(up) != 0 || pipe(down) != 0) exit(1);
  pid_t pid = fork();
  if (pid == 0) {
    close(down[1]);
    signal(SIGUSR1, handler);
    char byte = 0;
    if (write(up[1], &byte, 1) != 1) _exit(1);
    long count = read(down[0], &byte, 1);
    say("  child: read %ld\n", count);
    _exit((int)count + 5);
  }
  close(down[0]);
  char byte;
  if (read(up[0], &byte, 1) != 1) exit(1);
  close(up[0]);
  close(up[1]);
  *to = down[1];
  return pid;
}

static void tracer_pid(const char *name) {
  char path[64], line[128];
  snprintf(path, sizeof path, "/proc/%d/status", child);
  FILE *file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    int pid;
    if (sscanf(line, "TracerPid: %d", &pid) == 1) say("%s: traced by %s\n", name, pid == getpid() ? "me" : pid == 0 ? "nobody" : "another");
    if (strncmp(line, "State:\tt", 8) == 0) say("%s: %s", name, line + 7);
  }
  if (file != NULL) fclose(file);
}

static void done(int to) {
  if (write(to, "x", 1) != 1) exit(1);
  next("end");
  close(to);
}

static void attaches(void) {
  int to;
  child = sleeper(&to);
  result("attach", ptrace(PTRACE_ATTACH, child, 0, 0));
  next("attached");
  tracer_pid("attached");
  result("attach again", ptrace(PTRACE_ATTACH, child, 0, 0));
  result("interrupt", ptrace(PTRACE_INTERRUPT, child, 0, 0));
  result("listen", ptrace(PTRACE_LISTEN, child, 0, 0));
  // The SIGSTOP is passed on: a group stop, which its tracer sees without WUNTRACED.
  ptrace(PTRACE_CONT, child, 0, SIGSTOP);
  next("passed SIGSTOP");
  result("siginfo", ptrace(PTRACE_GETSIGINFO, child, 0, &(siginfo_t){0}));
  // It goes on though it is stopped; SIGCONT is a signal as others are then.
  ptrace(PTRACE_CONT, child, 0, 0);
  kill(child, SIGCONT);
  next("SIGCONT");
  ptrace(PTRACE_CONT, child, 0, 0);
  kill(child, SIGUSR1);
  next("SIGUSR1");
  // The handler runs before the read goes on.
  long detached = ptrace(PTRACE_DETACH, child, 0, SIGUSR1);
  done(to);
  result("detached with it", detached);
}

static void running(void) {
  int to;
  child = sleeper(&to);
  result("seize with an address", ptrace(PTRACE_SEIZE, child, 1, 0));
  result("seize with bad options", ptrace(PTRACE_SEIZE, child, 0, 1 << 25));
  result("seize", ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACESYSGOOD));
  result("nothing yet", waitpid(child, &status, WNOHANG));
  result("it runs", ptrace(PTRACE_CONT, child, 0, 0));
  result("interrupt", ptrace(PTRACE_INTERRUPT, child, 0, 0));
  next("interrupted");
  result("interrupt a stopped one", ptrace(PTRACE_INTERRUPT, child, 0, 0));
  result("nothing new", waitpid(child, &status, WNOHANG));
  ptrace(PTRACE_CONT, child, 0, 0);
  next("the second");
  result("bad options", ptrace(PTRACE_SETOPTIONS, child, 0, 1 << 25));
  result("bad signal", ptrace(PTRACE_CONT, child, 0, 65));
  result("bad signal to detach", ptrace(PTRACE_DETACH, child, 0, 65));
  result("unknown request", ptrace(0x4250, child, 0, 0));
  // A group stop: the delivery of SIGSTOP, then PTRACE_EVENT_STOP.
  ptrace(PTRACE_CONT, child, 0, 0);
  kill(child, SIGSTOP);
  next("SIGSTOP");
  ptrace(PTRACE_CONT, child, 0, SIGSTOP);
  next("group stop");
  result("listen", ptrace(PTRACE_LISTEN, child, 0, 0));
  result("busy", ptrace(PTRACE_CONT, child, 0, 0));
  result("nothing while it listens", waitpid(child, &status, WNOHANG));
  kill(child, SIGCONT);
  next("SIGCONT came");
  ptrace(PTRACE_CONT, child, 0, 0);
  next("and is delivered");
  ptrace(PTRACE_CONT, child, 0, SIGCONT);
  // Listening is ended by PTRACE_INTERRUPT too.
  kill(child, SIGSTOP);
  next("SIGSTOP");
  ptrace(PTRACE_CONT, child, 0, SIGSTOP);
  next("group stop");
  ptrace(PTRACE_LISTEN, child, 0, 0);
  ptrace(PTRACE_INTERRUPT, child, 0, 0);
  next("interrupted while it listens");
  // Detached, it is stopped as any other.
  ptrace(PTRACE_DETACH, child, 0, 0);
  result("stopped for its parent", waitpid(child, &status, WUNTRACED | WNOHANG) >= 0);
  kill(child, SIGCONT);
  done(to);
}

static void stopped(void) {
  int to;
  child = sleeper(&to);
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  say("stopped %#x\n", status);
  result("attach", ptrace(PTRACE_ATTACH, child, 0, 0));
  next("as it was");
  ptrace(PTRACE_CONT, child, 0, 0);
  next("the SIGSTOP of attach");
  kill(child, SIGCONT);
  ptrace(PTRACE_DETACH, child, 0, 0);
  int found = waitpid(child, &status, WCONTINUED);
  say("continued %d %d\n", found == child, WIFCONTINUED(status));
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  result("seize", ptrace(PTRACE_SEIZE, child, 0, 0));
  next("as it was");
  kill(child, SIGCONT);
  ptrace(PTRACE_CONT, child, 0, 0);
  next("told of SIGCONT");
  ptrace(PTRACE_CONT, child, 0, 0);
  next("SIGCONT");
  ptrace(PTRACE_CONT, child, 0, 0);
  done(to);
}

static void waits(void) {
  int to;
  child = sleeper(&to);
  ptrace(PTRACE_SEIZE, child, 0, 0);
  ptrace(PTRACE_INTERRUPT, child, 0, 0);
  siginfo_t si;
  memset(&si, 0, sizeof si);
  long r = waitid(P_PID, child, &si, WSTOPPED | WNOWAIT);
  say("waitid: %ld signo %d code %d status %#x own %d\n", r, si.si_signo, si.si_code, si.si_status, si.si_pid == child);
  memset(&si, 0, sizeof si);
  // A tracer hears of stops whether it asks for them or not.
  r = waitid(P_ALL, 0, &si, WEXITED | __WNOTHREAD);
  say("waitid: %ld code %d status %#x own %d\n", r, si.si_code, si.si_status, si.si_pid == child);
  memset(&si, 0, sizeof si);
  r = waitid(P_ALL, 0, &si, WSTOPPED | WNOHANG);
  say("once: %ld %d\n", r, si.si_pid);
  ptrace(PTRACE_KILL, child, 0, 0);
  memset(&si, 0, sizeof si);
  r = waitid(P_PID, child, &si, WEXITED);
  say("waitid: %ld code %d status %d\n", r, si.si_code, si.si_status);
  close(to);
}

// Another process traces: the parent learns of the group stop and of the end, of nothing else.
static void stranger(void) {
  int to, sync[2];
  child = sleeper(&to);
  if (pipe(sync) != 0) exit(1);
  pid_t tracer = fork();
  if (tracer == 0) {
    close(to);
    ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACEEXIT);
    kill(child, SIGUSR1);
    next("  tracer");
    tracer_pid("  tracer");
    ptrace(PTRACE_CONT, child, 0, 0);
    kill(child, SIGSTOP);
    next("  tracer");
    ptrace(PTRACE_CONT, child, 0, SIGSTOP);
    next("  tracer");
    if (write(sync[1], "x", 1) != 1) _exit(1);
    pause();
  }
  char byte;
  if (read(sync[0], &byte, 1) != 1) exit(1);
  tracer_pid("parent");
  result("traced by another", ptrace(PTRACE_ATTACH, child, 0, 0));
  pid_t found = waitpid(child, &status, WUNTRACED);
  say("parent: %d %#x\n", found == child, status);
  // The tracer goes: what it traced stays stopped.
  kill(tracer, SIGKILL);
  waitpid(tracer, &status, 0);
  tracer_pid("parent");
  kill(child, SIGCONT);
  done(to);
}

static void refusals(void) {
  result("oneself", ptrace(PTRACE_ATTACH, getpid(), 0, 0));
  result("nobody", ptrace(PTRACE_ATTACH, 1 << 22, 0, 0));
  result("nobody", ptrace(PTRACE_CONT, 1 << 22, 0, 0));
  result("no tracee", ptrace(PTRACE_CONT, getppid(), 0, 0));
  child = fork();
  if (child == 0) _exit(0);
  siginfo_t si;
  waitid(P_PID, child, &si, WEXITED | WNOWAIT);
  result("a zombie", ptrace(PTRACE_ATTACH, child, 0, 0));
  waitpid(child, &status, 0);
  child = fork();
  if (child == 0) {
    result("  child: traceme", ptrace(PTRACE_TRACEME, 0, 0, 0));
    result("  child: again", ptrace(PTRACE_TRACEME, 0, 0, 0));
    _exit(4);
  }
  next("end");
  // Not stopped: nothing can be asked.
  int to;
  child = sleeper(&to);
  ptrace(PTRACE_SEIZE, child, 0, 0);
  errno = 0;
  result("peek", ptrace(PTRACE_PEEKDATA, child, (void *)&child, 0));
  result("options", ptrace(PTRACE_SETOPTIONS, child, 0, 0));
  result("detach", ptrace(PTRACE_DETACH, child, 0, 0));
  done(to);
}

int main(void) {
  attaches();
  running();
  stopped();
  waits();
  stranger();
  refusals();
  return 0;
}
