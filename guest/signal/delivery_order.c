// Order of delivery (signal(7), dequeue_signal): lowest number first, signals to the thread before signals to the
// process. Frames are stacked in that order, so without sa_mask the handler set up last, the highest, runs first.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int order[32], count, depth, deepest;

static void handler(int sig) {
  if (++depth > deepest) deepest = depth;
  order[count++] = sig;
  depth--;
}

static void install(int full_mask) {
  struct sigaction sa = {.sa_handler = handler};
  if (full_mask) sigfillset(&sa.sa_mask);
  for (int sig = 1; sig <= 64; sig++)
    if (sig != SIGKILL && sig != SIGSTOP && sig != 32 && sig != 33) sigaction(sig, &sa, NULL);
}

static void flush(const char *what, const sigset_t *old) {
  sigprocmask(SIG_SETMASK, old, NULL);
  printf("%-28s", what);
  for (int i = 0; i < count; i++) printf(" %d", order[i]);
  printf("\n");
  count = 0;
}

static void to_process(int sig) { kill(getpid(), sig); }
static void to_thread(int sig) { syscall(SYS_tgkill, getpid(), getpid(), sig); }

int main(void) {
  sigset_t all, old;
  sigfillset(&all);
  for (int full = 1; full >= 0; full--) {
    printf(full ? "handlers block everything\n" : "handlers block nothing but themselves\n");
    install(full);
    sigprocmask(SIG_BLOCK, &all, &old);
    to_process(40), to_process(SIGUSR2), to_process(SIGHUP), to_process(SIGTERM), to_process(34);
    flush("process", &old);
    sigprocmask(SIG_BLOCK, &all, &old);
    to_process(SIGHUP), to_process(SIGUSR1), to_thread(SIGTERM), to_thread(SIGUSR2), to_thread(50);
    flush("thread before process", &old);
    // Among pending signals SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE and SIGSYS go first, whoever sent them
    // (next_signal, SYNCHRONOUS_MASK).
    sigprocmask(SIG_BLOCK, &all, &old);
    to_thread(SIGSEGV), to_thread(SIGHUP), to_thread(SIGILL), to_thread(SIGINT);
    flush("SIGSEGV by tgkill", &old);
    sigprocmask(SIG_BLOCK, &all, &old);
    to_process(SIGCONT), to_process(SIGCHLD), to_process(SIGWINCH), to_process(SIGURG);
    flush("default-ignored ones", &old);
  }
  return 0;
}
