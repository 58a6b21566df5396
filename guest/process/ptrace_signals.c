// Ptrace(2), stops before signals are delivered: suppressed, passed, replaced, with another siginfo, ignored and blocked ones;
// PTRACE_PEEKSIGINFO and the mask; and what a tracer sees and decides of calls that a signal interrupts (ptrace_signal, get_signal).
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;
static int status;

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
#include <stdarg.h>
static void say(const char *format, ...) {
  char line[256];
  va_list list;
  va_start(list, format);
  int length = vsnprintf(line, sizeof line, format, list);
  va_end(list);
  if (write(1, line, length) != length) _exit(99);
}

static void handler(int signo, siginfo_t *si, void *uc) {
  (void)uc;
  say("  child: handler of %d, si_signo %d code %d errno %d own pid %d value %d\n", signo, si->si_signo, si->si_code,
      si->si_errno, si->si_pid == getpid(), si->si_code == SI_QUEUE ? si->si_value.sival_int : 0);
}

static void catch(int signo, int flags) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | flags;
  sigaction(signo, &action, NULL);
}

static void next(void) {
  if (waitpid(child, &status, 0) != child) say("no wait\n");
}

static void start(void (*body)(void)) {
  child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    body();
    _exit(0);
  }
  next();
  ptrace(PTRACE_CONT, child, 0, 0);
}

static void finish(void) {
  next();
  if (WIFEXITED(status)) say("exited %d\n", WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) say("killed by %d\n", WTERMSIG(status));
  else say("status %#x\n", status);
}

static void show(void) {
  siginfo_t si;
  ptrace(PTRACE_GETSIGINFO, child, 0, &si);
  say("stop %#x: si_signo %d code %d from itself %d\n", status, si.si_signo, si.si_code, si.si_pid == child);
}

// Each raise is one stop; the tracer does something else with each.
static void raises(void) {
  catch(SIGUSR1, 0);
  catch(SIGUSR2, 0);
  signal(SIGHUP, SIG_IGN);
  say("  child: suppressed\n");
  raise(SIGUSR1);
  say("  child: passed\n");
  raise(SIGUSR1);
  say("  child: replaced\n");
  raise(SIGUSR1);
  say("  child: edited\n");
  raise(SIGUSR1);
  say("  child: ignored\n");
  raise(SIGHUP);
  say("  child: default ignore\n");
  raise(SIGWINCH);
  say("  child: queued with a value\n");
  union sigval value = {.sival_int = 42};
  sigqueue(getpid(), SIGUSR2, value);
  say("  child: fatal one suppressed\n");
  raise(SIGTERM);
  raise(SIGTERM);
}

static void delivery(void) {
  start(raises);
  next(), show(), ptrace(PTRACE_CONT, child, 0, 0);
  next(), show(), ptrace(PTRACE_CONT, child, 0, SIGUSR1);
  next(), show(), ptrace(PTRACE_CONT, child, 0, SIGUSR2);
  next(), show();
  siginfo_t si;
  memset(&si, 0, sizeof si);
  si.si_signo = SIGUSR1;
  si.si_code = SI_QUEUE;
  si.si_errno = 7;
  si.si_pid = child;
  si.si_value.sival_int = 99;
  say("SETSIGINFO %ld\n", ptrace(PTRACE_SETSIGINFO, child, 0, &si));
  ptrace(PTRACE_CONT, child, 0, SIGUSR1);
  next(), show(), ptrace(PTRACE_CONT, child, 0, SIGHUP);
  next(), show(), ptrace(PTRACE_CONT, child, 0, SIGWINCH);
  next(), show(), ptrace(PTRACE_CONT, child, 0, SIGUSR2);
  next(), show(), ptrace(PTRACE_CONT, child, 0, 0);
  next(), show(), ptrace(PTRACE_CONT, child, 0, SIGTERM);
  finish();
}

static void blocks(void) {
  catch(SIGUSR1, 0);
  catch(SIGUSR2, 0);
  catch(SIGRTMIN, 0);
  sigset_t set;
  sigfillset(&set);
  sigprocmask(SIG_SETMASK, &set, NULL);
  for (int i = 0; i < 3; i++) {
    union sigval value = {.sival_int = i};
    sigqueue(getpid(), SIGRTMIN, value);
  }
  syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
  *(volatile int *)0 = 0;
}

static void masks(void) {
  start(blocks);
  next(), show();
  for (int shared = 0; shared < 2; shared++) {
    siginfo_t infos[4];
    struct __ptrace_peeksiginfo_args args = {.off = 0, .flags = shared, .nr = 4};
    long count = ptrace(PTRACE_PEEKSIGINFO, child, &args, infos);
    say("%s queue: %ld", shared ? "shared" : "own", count);
    for (long i = 0; i < count; i++) say(" %d/%d/%d", infos[i].si_signo, infos[i].si_code, shared ? infos[i].si_int : 0);
    say("\n");
    args.off = 1;
    args.nr = 1;
    say("from 1, at most 1: %ld\n", (long)ptrace(PTRACE_PEEKSIGINFO, child, &args, infos));
  }
  struct __ptrace_peeksiginfo_args bad = {.flags = 2, .nr = 1};
  long result = ptrace(PTRACE_PEEKSIGINFO, child, &bad, NULL);
  say("bad flags: %ld %s\n", result, strerrorname_np(errno));
  bad.flags = 0, bad.nr = -1;
  result = ptrace(PTRACE_PEEKSIGINFO, child, &bad, NULL);
  say("bad count: %ld %s\n", result, strerrorname_np(errno));
  uint64_t mask = 0;
  result = ptrace(PTRACE_GETSIGMASK, child, 8, &mask);
  say("mask %ld %#lx\n", result, mask);
  result = ptrace(PTRACE_GETSIGMASK, child, 4, &mask);
  say("mask of 4 bytes: %ld %s\n", result, strerrorname_np(errno));
  // Only SIGUSR2 is left blocked; SIGSTOP cannot be.
  mask = 1ull << (SIGUSR2 - 1) | 1ull << (SIGSTOP - 1);
  say("set %ld", (long)ptrace(PTRACE_SETSIGMASK, child, 8, &mask));
  ptrace(PTRACE_GETSIGMASK, child, 8, &mask);
  say(" %#lx\n", mask);
  // SIGSEGV is dropped, so it faults again after the signals that are open now.
  ptrace(PTRACE_CONT, child, 0, 0);
  for (int i = 0; i < 4; i++) next(), show(), ptrace(PTRACE_CONT, child, 0, WSTOPSIG(status));
  next(), show(), ptrace(PTRACE_CONT, child, 0, SIGKILL);
  finish();
}

static int fds[2];
static int what;

// Signals come from a timer, again until the call is reached.
static void interrupted(void) {
  catch(SIGALRM, what & 1 ? SA_RESTART : 0);
  struct itimerval timer = {{0, 20000}, {0, 20000}};
  setitimer(ITIMER_REAL, &timer, NULL);
  char byte;
  struct timespec time = {3600, 0};
  long result = what & 2 ? syscall(SYS_nanosleep, &time, NULL) : syscall(SYS_read, fds[0], &byte, 1);
  int error = errno;
  memset(&timer, 0, sizeof timer);
  setitimer(ITIMER_REAL, &timer, NULL);
  say("  child: %ld %s\n", result, result < 0 ? strerrorname_np(error) : "");
}

// The first signal that meets the call: its number and result, then what becomes of it.
static void restart(const char *name, int kind, int pass, int cancel) {
  what = kind;
  if (pipe(fds) != 0) return;
  start(interrupted);
  long nr = kind & 2 ? SYS_nanosleep : SYS_read;
  for (;;) {
    next();
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, child, 0, &regs);
    if ((long)regs.orig_rax != nr) {
      ptrace(PTRACE_CONT, child, 0, 0);
      continue;
    }
    say("%s: %#x rax %lld\n", name, status, (long long)regs.rax);
    if (cancel) {
      regs.orig_rax = -1;
      regs.rax = cancel;
      ptrace(PTRACE_SETREGS, child, 0, &regs);
    }
    // The call that goes on finds a byte, or EINTR.
    if (write(fds[1], "x", 1) != 1) return;
    ptrace(PTRACE_CONT, child, 0, pass ? SIGALRM : 0);
    break;
  }
  int calls = 0;
  for (;;) {
    next();
    if (!WIFSTOPPED(status)) break;
    struct user_regs_struct regs;
    ptrace(PTRACE_GETREGS, child, 0, &regs);
    if (!calls++ && (kind & 2) && !pass && !cancel) {
      say("again: orig_rax %lld rax %lld\n", (long long)regs.orig_rax, (long long)regs.rax);
      regs.orig_rax = -1;
      regs.rax = -EINTR;
      ptrace(PTRACE_SETREGS, child, 0, &regs);
    }
    ptrace(PTRACE_CONT, child, 0, 0);
  }
  say("exited %d\n", WIFEXITED(status));
  close(fds[0]);
  close(fds[1]);
}

int main(void) {
  delivery();
  masks();
  restart("read, suppressed", 0, 0, 0);
  restart("read, passed", 0, 1, 0);
  restart("read, passed, SA_RESTART", 1, 1, 0);
  restart("read, taken over", 1, 0, 77);
  restart("nanosleep, passed", 2, 1, 0);
  restart("nanosleep, suppressed", 2, 0, 0);
  return 0;
}
