/*
 * Random use of signals: handlers with all flags, masks, queues, timers, alternate stacks, forks, longjmp out of handlers,
 * handlers that nest, and frames changed at random before sigreturn. The same seed does the same.
 *
 *   signals SEED CHILDREN STEPS [plain [N]]     plain: nothing that depends on time, so that a real machine does the
 *                                         same; N: what child N does is written to standard error
 *
 * The parent prints how each child ended and a hash of what its handlers saw.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static uint64_t state;
static uint64_t next(void) {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
static unsigned below(unsigned n) { return (next() >> 20) % n; }

struct result {
  uint64_t hash;
  uint32_t steps, handled, jumped;
};
static struct result *result;
static sigjmp_buf top;
static jmp_buf top_without_mask;
static int depth, wild, plain, trace;
static char stacks[4][65536] __attribute__((aligned(16)));

static void note(uint64_t value) {
  result->hash = (result->hash ^ value) * 0x100000001b3;
  if (trace) dprintf(2, "  %lx\n", value);
}

static void step(void);

/* Changes that a handler may make to what sigreturn will load; most leave the program alive, some must not. */
static void edit(ucontext_t *uc) {
  static const uint64_t values[] = {0, 1, 0x246, 0x200, 0x40000, 0x100, 0xffffffff, 1ul << 47, 1ul << 63, -1ul, 0x7ffffffff000, 0x33, 0x2b, 0x23};
  greg_t *gregs = uc->uc_mcontext.gregs;
  const unsigned how = below(wild ? 16 : 8);
  if (trace) dprintf(2, "edit %u\n", how);
  switch (how) {
    case 0: gregs[REG_R8 + below(4)] = next(); break; /* r8..r11 are the call's */
    case 1: gregs[REG_EFL] ^= below(2) ? 0xcd5 & next() : 0x400; gregs[REG_EFL] &= ~0x400; break;
    case 2: sigaddset(&uc->uc_sigmask, 1 + below(64)); break;
    case 3: memset(&uc->uc_sigmask, below(2) ? 0 : 0xff, 8); break;
    case 4: gregs[REG_TRAPNO] = gregs[REG_ERR] = gregs[REG_CR2] = next(); break;
    case 5:
      if (uc->uc_mcontext.fpregs) uc->uc_mcontext.fpregs->_xmm[8 + below(8)].element[below(4)] = next();
      break;
    case 6: case 7: break;
    /* wild */
    case 8: gregs[below(23)] = values[below(14)]; break;
    case 9: uc->uc_mcontext.fpregs = (void *)(below(2) ? 0 : values[below(14)]); break;
    case 10: if (uc->uc_mcontext.fpregs) uc->uc_mcontext.fpregs->mxcsr = next(); break;
    case 11: if (uc->uc_mcontext.fpregs) ((uint32_t *)uc->uc_mcontext.fpregs)[below(1024 / 4)] = next(); break;
    case 12: uc->uc_flags = next(); break;
    case 13: uc->uc_stack.ss_sp = (void *)values[below(14)]; uc->uc_stack.ss_flags = next(); uc->uc_stack.ss_size = values[below(14)]; break;
    case 14: ((unsigned char *)uc)[below(sizeof *uc)] ^= 1 << below(8); break;
    case 15: gregs[REG_CSGSFS] = next(); break;
  }
}

static void handler(int signo, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  result->handled++;
  note(signo);
  note(info->si_code);
  note(info->si_value.sival_int);
  note(uc->uc_mcontext.gregs[REG_TRAPNO]);
  note(*(uint64_t *)&uc->uc_sigmask);
  note(uc->uc_stack.ss_flags);
  depth++;
  if (result->handled > 3000) _exit(9);
  if (depth < 6 && below(3) == 0) step();
  if (depth < 6 && below(6) == 0) step();
  depth--;
  if (below(12) == 0 || (signo == SIGSEGV && below(2)) || signo == SIGILL) {
    result->jumped++;
    depth = 0;
    if (below(3)) siglongjmp(top, 1);
    longjmp(top_without_mask, 1);
  }
  edit(uc);
}

static void one(int signo) { handler(signo, &(siginfo_t){0}, &(ucontext_t){0}); }

static int any_signal(void) {
  static const int common[] = {SIGUSR1, SIGUSR2, SIGALRM, SIGCHLD, SIGVTALRM, SIGPROF, SIGTERM, SIGWINCH, SIGCONT, 34, 40, 63, 64};
  return below(4) ? common[below(13)] : (int)(1 + below(64));
}
static sigset_t any_set(void) {
  sigset_t set;
  memset(&set, 0, sizeof set);
  for (unsigned n = below(5); n > 0; n--) sigaddset(&set, any_signal());
  if (below(16) == 0) memset(&set, 0xff, 8);
  return set;
}

static void step(void) {
  static const int flags[] = {SA_RESTART, SA_NODEFER, SA_RESETHAND, SA_ONSTACK, SA_NOCLDSTOP, SA_NOCLDWAIT};
  sigset_t set = any_set();
  result->steps++;
  unsigned what = below(24);
  if (plain && (what == 9 || (what >= 12 && what <= 15))) what = 7;
  if (what >= 17 && what <= 21 && below(4)) what = 16;
  if (trace) dprintf(2, "step %u\n", what);
  switch (what) {
    case 0: case 1: case 2: {
      struct sigaction action = {0};
      int with = 0;
      for (unsigned i = 0; i < 6; i++)
        if (below(i == 2 ? 20 : 4) == 0) with |= flags[i];
      if (below(8)) {
        action.sa_sigaction = handler;
        with |= SA_SIGINFO;
      } else {
        action.sa_handler = below(3) ? one : below(4) ? SIG_IGN : SIG_DFL;
      }
      action.sa_flags = with;
      action.sa_mask = set;
      note(sigaction(any_signal(), &action, 0));
      break;
    }
    case 3: case 4: note(sigprocmask(below(3), &set, 0)); break;
    case 5: case 6: note(kill(getpid(), any_signal())); break;
    case 7: note(sigqueue(getpid(), any_signal(), (union sigval){.sival_int = (int)next()})); break;
    case 8: note(syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), any_signal())); break;
    case 9: {
      struct itimerval timer = {{0, below(3) ? 0 : 50 + below(300)}, {0, below(200)}};
      note(setitimer(below(3), &timer, 0));
      break;
    }
    case 10: case 11: {
      stack_t stack = {.ss_sp = stacks[below(4)], .ss_size = below(6) ? 65536 : below(2000), .ss_flags = below(6) ? 0 : below(2) ? SS_DISABLE : (int)(1u << 31)};
      note(sigaltstack(below(8) ? &stack : 0, 0));
      break;
    }
    case 12: {
      struct timespec limit = {0, below(500000)};
      siginfo_t info;
      note(sigtimedwait(&set, &info, &limit));
      break;
    }
    case 13: {
      struct timespec time = {0, below(400000)};
      note(nanosleep(&time, &time));
      break;
    }
    case 14: {
      /* SIGKILL and SIGSTOP cannot be blocked: something always ends it. */
      struct itimerval timer = {{0, 500}, {0, 500}};
      setitimer(ITIMER_REAL, &timer, 0);
      sigdelset(&set, SIGALRM);
      note(sigsuspend(&set));
      break;
    }
    case 15: {
      if (depth > 2) break;
      pid_t pid = fork();
      if (pid == 0) {
        if (below(2)) kill(getppid(), any_signal());
        raise(any_signal());
        _exit(below(256));
      }
      if (below(2)) kill(pid, any_signal());
      if (below(4) == 0) {
        kill(pid, SIGSTOP);
        waitpid(pid, 0, WUNTRACED);
        kill(pid, SIGCONT);
      }
      int status = 0;
      if (below(4)) {
        note(waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED) > 0);
        note(status);
      }
      kill(pid, SIGKILL);
      break;
    }
    case 16: note(sigpending(&set)); note(*(uint64_t *)&set); break;
    case 17: *(volatile char *)(below(2) ? 0 : (1ul << 63)) = 1; break;
    case 18: asm volatile("ud2"); break;
    case 19: asm volatile("int3"); break;
    case 20: asm volatile("idivl %0" : : "r"(0), "a"(1), "d"(0)); break;
    case 21: asm volatile("pushf; orl $0x100, (%%rsp); popf; nop; nop; pushf; andl $~0x100, (%%rsp); popf" : : : "memory", "cc"); break;
    case 22: sched_yield(); break;
    case 23: raise(any_signal()); break;
  }
}

static void child(int steps) {
  for (int i = 1; i < 65; i++) {
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | (below(2) ? SA_ONSTACK : 0) | (below(4) ? 0 : SA_NODEFER)};
    if (below(10)) sigaction(i, &action, 0);
  }
  stack_t stack = {.ss_sp = stacks[0], .ss_size = sizeof stacks[0]};
  sigaltstack(&stack, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, 0);
  sigsetjmp(top, 1);
  setjmp(top_without_mask);
  while ((int)result->steps < steps) step();
  _exit(7);
}

int main(int argc, char **argv) {
  if (argc < 4) return 3;
  plain = argc > 4;
  const uint64_t seed = strtoul(argv[1], 0, 0);
  const int children = atoi(argv[2]), steps = atoi(argv[3]);
  result = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  signal(SIGUSR1, SIG_IGN);
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, 0);
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  for (int i = 0; i < children; i++) {
    *result = (struct result){.hash = 14695981039346656037ul};
    state = seed * 1000003 + i;
    wild = i % 2;
    trace = argc > 5 && atoi(argv[5]) == i;
    pid_t pid = fork();
    if (pid == 0) {
      setpgid(0, 0);
      child(steps);
    }
    struct timespec limit = {0, 20000000};
    int status;
    pid_t reaped;
    while ((reaped = waitpid(pid, &status, WNOHANG)) == 0 && sigtimedwait(&ended, 0, &limit) > 0) continue;
    if (reaped == 0) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
    }
    printf("%d %x %u %u %u %016lx\n", i, status, result->steps, result->handled, result->jumped, result->hash);
    fflush(stdout);
  }
  return 0;
}
