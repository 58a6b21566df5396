/*
 * Random walks through signals: random FIRST LAST makes one walk for each seed, and prints all that a program can see of
 * it. The same seed makes the same walk on every kernel that keeps the rules.
 *
 * A walk sets actions, sends itself signals in every way, changes masks, waits, faults, switches stacks and has children
 * die or stop, also from within handlers. What a kernel may do as it likes is kept out: SIGCHLD is blocked while a child
 * lives, alternate stacks are big, and only sigsuspend with something to end it is called.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

typedef unsigned long set_t;

/* The kernel's struct sigaction: the C library keeps flags and restorer from us. */
struct action {
  void *handler;
  unsigned long flags;
  void *restorer;
  set_t mask;
};

void restore(void);
__asm__("restore: mov $15, %eax; syscall");

static const int signals[] = {1,  2,  3,  4,  5,  7,  8,  10, 11, 12, 13, 14, 15, 17,
                              18, 20, 21, 22, 23, 25, 26, 28, 34, 35, 40, 63, 64};
#define SIGNALS (sizeof signals / sizeof *signals)
#define STACK_SIZE 262144
#define STEPS 60
#define MOST_NESTED 4
#define MOST_HANDLED 200

static unsigned long state;
static int self, depth, handled;
static char stacks[2][STACK_SIZE];
static char text[1 << 16];
static int length;

static unsigned pick(unsigned below) {
  state = state * 6364136223846793005ul + 1442695040888963407ul;
  return (unsigned)(state >> 33) % below;
}

static void flush(void) {
  if (write(1, text, length) != length) _exit(99);
  length = 0;
}

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...) {
  va_list args;
  va_start(args, format);
  length += snprintf(text + length, sizeof text - length, "%*s", depth, "");
  length += vsnprintf(text + length, sizeof text - length, format, args);
  va_end(args);
  if (length > (int)sizeof text - 1024) flush();
}

static long result(long r) { return r < 0 ? -errno : r; }

static set_t bit(int sig) { return 1ul << (sig - 1); }

static set_t random_set(void) {
  set_t set = 0;
  for (int n = pick(6); n > 0; n--) set |= bit(signals[pick(SIGNALS)]);
  return pick(12) ? set : ~0ul;
}

static long set_mask(int how, set_t mask, set_t *old) { return syscall(SYS_rt_sigprocmask, how, &mask, old, 8); }

static set_t mask_now(void) {
  set_t mask;
  syscall(SYS_rt_sigprocmask, 0, NULL, &mask, 8);
  return mask;
}

static set_t pending(void) {
  set_t set;
  syscall(SYS_rt_sigpending, &set, 8);
  return set;
}

static void *handler_of(int sig) {
  struct action action;
  syscall(SYS_rt_sigaction, sig, NULL, &action, 8);
  return action.handler;
}

static void step(int nested);

static void with_info(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  stack_t stack;
  sigaltstack(NULL, &stack);
  set_t saved;
  memcpy(&saved, &uc->uc_sigmask, 8);
  int on_stack = (char *)&stack >= stacks[0] && (char *)&stack < stacks[2];
  int by_program = info->si_code <= 0;
  say("<%d code %d by %s value %lx, mask %lx saved %lx, %s stack, ss %x saved %x>\n", sig, info->si_code,
      !by_program ? "kernel" : info->si_pid == self ? "us" : "other",
      info->si_code == SI_QUEUE ? (unsigned long)info->si_value.sival_ptr : 0, mask_now(), saved,
      on_stack ? "alternate" : "own", stack.ss_flags, uc->uc_stack.ss_flags);
  handled++;
  if (depth < MOST_NESTED && handled < MOST_HANDLED) {
    depth++;
    for (int n = pick(3); n > 0; n--) step(1);
    depth--;
  }
  if (pick(5) == 0) {
    set_t edited = random_set();
    memcpy(&uc->uc_sigmask, &edited, 8);
  }
  /* Past the faulting instruction of `step`. */
  if (sig == SIGSEGV && info->si_code > 0 && info->si_code < SI_KERNEL) uc->uc_mcontext.gregs[REG_RIP] += 3;
  if (sig == SIGILL && info->si_code > 0) uc->uc_mcontext.gregs[REG_RIP] += 2;
}

static void plain(int sig) {
  say("<%d, mask %lx>\n", sig, mask_now());
  handled++;
  if (depth < MOST_NESTED && handled < MOST_HANDLED) {
    depth++;
    if (pick(2)) step(1);
    depth--;
  }
}

/* Never the default action: it would end the walk. */
static void set_action(int sig) {
  static const struct {
    unsigned long flag;
    int one_in;
  } flags[] = {{SA_NODEFER, 3}, {SA_ONSTACK, 4}, {SA_RESTART, 3}, {SA_NOCLDSTOP, 6}, {0x400 | 0x800, 20}, {1ul << 40, 20}};
  struct action old, new = {.flags = 0x04000000, .restorer = (void *)restore};
  int which = pick(5);
  new.handler = which == 0 ? (void *)SIG_IGN : which == 1 ? (void *)plain : (void *)with_info;
  if (new.handler == with_info) new.flags |= SA_SIGINFO;
  for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++)
    if (pick(flags[i].one_in) == 0) new.flags |= flags[i].flag;
  if (pick(2)) new.mask = random_set();
  long r = syscall(SYS_rt_sigaction, sig, &new, &old, 8);
  say("action %d: %s flags %lx mask %lx -> %ld, was %s flags %lx mask %lx\n", sig,
      which == 0 ? "ignore" : which == 1 ? "plain" : "info", new.flags, new.mask, r,
      old.handler == SIG_DFL ? "default" : old.handler == SIG_IGN ? "ignore" : "handler", old.flags, old.mask);
}

static void queue_to_thread(int sig) {
  siginfo_t info = {.si_code = SI_QUEUE};
  info.si_pid = 4444;
  info.si_value.sival_ptr = (void *)(unsigned long)pick(100);
  say("rt_tgsigqueueinfo %d\n", sig);
  syscall(SYS_rt_tgsigqueueinfo, self, self, sig, &info);
}

static void take_pending(void) {
  set_t wanted = random_set();
  siginfo_t info;
  memset(&info, 0xcc, sizeof info);
  long r = result(syscall(SYS_rt_sigtimedwait, &wanted, &info, &(struct timespec){0, 0}, 8));
  say("sigtimedwait %lx -> %ld code %d value %lx\n", wanted, r, r > 0 ? info.si_code : 0,
      r > 0 && info.si_code == SI_QUEUE ? (unsigned long)info.si_value.sival_ptr : 0);
}

static void change_stack(void) {
  int how = pick(6);
  stack_t old = {0}, new = {.ss_sp = stacks[pick(2)], .ss_size = pick(8) ? STACK_SIZE : 1000};
  new.ss_flags = how == 0 ? SS_DISABLE : how == 1 ? (int)(1u << 31) : how == 2 ? SS_ONSTACK : 0;
  long r = result(sigaltstack(&new, &old));
  say("sigaltstack %x %zu -> %ld, was %x %zu\n", new.ss_flags, new.ss_size, r, old.ss_flags, old.ss_size);
}

static void suspend(void) {
  set_t set = pending(), caught = 0;
  for (unsigned i = 0; i < SIGNALS; i++) {
    void *handler = handler_of(signals[i]);
    if (handler == plain || handler == with_info) caught |= bit(signals[i]);
  }
  set_t mask = ~(set & caught) | random_set();
  if ((set & caught & ~mask) == 0) return;
  say("sigsuspend %lx\n", mask);
  long r = result(syscall(SYS_rt_sigsuspend, &mask, 8));
  say("-> %ld mask %lx\n", r, mask_now());
}

static int waited(pid_t pid, int options) {
  int status = 0;
  while (waitpid(pid, &status, options) < 0 && errno == EINTR) continue;
  return status;
}

/* A child sends itself a signal with or without a handler, blocked or not. */
static void child(int sig) {
  set_t old;
  set_mask(SIG_BLOCK, bit(SIGCHLD), &old);
  flush();
  pid_t pid = fork();
  if (pid == 0) {
    self = getpid();
    struct action action = {.handler = SIG_DFL};
    if (pick(2)) syscall(SYS_rt_sigaction, sig, &action, NULL, 8);
    set_mask(SIG_SETMASK, pick(2) ? 0 : random_set(), NULL);
    kill(self, sig);
    say("child: pending %lx\n", pending());
    flush();
    _exit(pick(20));
  }
  int status = waited(pid, WUNTRACED);
  say("child %d: %x\n", sig, status);
  for (int n = 0; WIFSTOPPED(status); n++) {
    kill(pid, n < 3 && pick(2) ? SIGCONT : SIGKILL);
    status = waited(pid, WUNTRACED);
    say("then %x\n", status);
  }
  set_mask(SIG_SETMASK, old, NULL);
}

static int caught_and_open(int sig) { return handler_of(sig) == with_info && !(mask_now() & bit(sig)); }

static void step(int nested) {
  int sig = signals[pick(SIGNALS)];
  set_t mask, old;
  switch (pick(nested ? 16 : 17)) {
    case 0:
    case 1:
      set_action(sig);
      break;
    case 2:
      say("kill %d\n", sig);
      kill(self, sig);
      break;
    case 3:
      say("tgkill %d\n", sig);
      syscall(SYS_tgkill, self, self, sig);
      break;
    case 4:
    case 5: {
      unsigned long value = pick(1000);
      say("sigqueue %d %lx\n", sig, value);
      sigqueue(self, sig, (union sigval){.sival_ptr = (void *)value});
      break;
    }
    case 6:
      queue_to_thread(sig);
      break;
    case 7:
    case 8: {
      int how = pick(3);
      mask = how == SIG_SETMASK && pick(2) ? 0 : random_set();
      say("sigprocmask %d %lx\n", how, mask);
      long r = set_mask(how, mask, &old);
      say("-> %ld, was %lx\n", r, old);
      break;
    }
    case 9:
      say("pending %lx\n", pending());
      break;
    case 10:
      take_pending();
      break;
    case 11:
      /* In a handler the stack may be in use though SS_AUTODISARM has taken it off. */
      if (!nested) change_stack();
      break;
    case 12:
      suspend();
      break;
    case 13: {
      mask = random_set();
      say("ppoll %lx\n", mask);
      long r = result(syscall(SYS_ppoll, NULL, 0, &(struct timespec){0, 0}, &mask, 8));
      say("-> %ld mask %lx\n", r, mask_now());
      break;
    }
    case 14:
      if (!caught_and_open(SIGSEGV)) break;
      say("fault\n");
      __asm__ volatile("mov $16, %%eax\n\t.byte 0x48, 0x8b, 0x00" ::: "rax", "memory"); /* mov (%rax), %rax */
      break;
    case 15:
      if (!caught_and_open(SIGILL)) break;
      say("ud2\n");
      __asm__ volatile("ud2" ::: "memory");
      break;
    case 16:
      child(sig);
  }
}

static void walk(unsigned seed) {
  state = seed * 7919ul + 13;
  for (int i = 0; i < 5; i++) pick(2);
  say("walk %u\n", seed);
  depth = handled = 0;
  set_mask(SIG_SETMASK, ~0ul, NULL);
  struct action ignore = {.handler = SIG_IGN};
  for (int sig = 1; sig <= 64; sig++) syscall(SYS_rt_sigaction, sig, &ignore, NULL, 8);
  sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
  set_mask(SIG_SETMASK, 0, NULL);
  for (unsigned i = 0; i < SIGNALS; i++) set_action(signals[i]);
  for (int i = 0; i < STEPS; i++) step(0);
  set_mask(SIG_SETMASK, ~0ul, NULL);
  set_t all = ~0ul;
  siginfo_t info;
  long sig;
  while ((sig = syscall(SYS_rt_sigtimedwait, &all, &info, &(struct timespec){0, 0}, 8)) > 0)
    say("left %ld code %d\n", sig, info.si_code);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  /* With a parent in another group of the same session the walker's group is no orphan, so that its children can stop. */
  setsid();
  pid_t walker = fork();
  if (walker != 0) {
    int status = waited(walker, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  setpgid(0, 0);
  self = getpid();
  for (unsigned seed = atoi(argv[1]); seed < (unsigned)atoi(argv[2]); seed++) walk(seed);
  flush();
  return 0;
}
