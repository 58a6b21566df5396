// Two ways of signal(2): System V's resets the handler and blocks nothing, BSD's keeps it, blocks the signal and restarts calls. As glibc's
// sysv_signal, bsd_signal (ssignal), sigset and siginterrupt make them of sigaction(2).
#define _GNU_SOURCE
#define _XOPEN_SOURCE 700
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void (*way)(int, void (*)(int));
static volatile int depth, deepest, count;

static void handler(int signo) {
  count++;
  if (++depth > deepest) deepest = depth;
  if (count == 1) raise(signo);
  depth--;
}

static void by_signal(int signo, void (*to)(int)) { signal(signo, to); }
static void by_sysv(int signo, void (*to)(int)) { sysv_signal(signo, to); }
static void by_bsd(int signo, void (*to)(int)) { ssignal(signo, to); }
static void by_sigset(int signo, void (*to)(int)) { sigset(signo, to); }
static void by_interrupt(int signo, void (*to)(int)) { signal(signo, to), siginterrupt(signo, 1); }

static void again(int signo) { (void)signo; }

static void show(const char *name, way set) {
  struct sigaction now;
  set(SIGUSR1, handler);
  sigaction(SIGUSR1, NULL, &now);
  printf("%s: flags %#x, blocks itself %d", name, now.sa_flags, sigismember(&now.sa_mask, SIGUSR1));
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    raise(SIGUSR1);
    sigaction(SIGUSR1, NULL, &now);
    printf(", %d handlers, %d deep, kept %d", count, deepest, now.sa_handler == handler);
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) printf(", killed by %d", WTERMSIG(status));
  fflush(stdout);
  /* A read, interrupted and then fed. */
  child = fork();
  if (child == 0) {
    int ends[2];
    char byte;
    pipe(ends);
    set(SIGALRM, again);
    struct itimerval soon = {{0, 5000}, {0, 5000}};
    if (fork() == 0) {
      usleep(60000);
      write(ends[1], "x", 1);
      _exit(0);
    }
    struct sigaction action;
    sigaction(SIGALRM, NULL, &action);
    action.sa_flags &= ~SA_RESETHAND;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &soon, NULL);
    long result = read(ends[0], &byte, 1);
    printf(", read %ld%s\n", result, result < 0 && errno == EINTR ? " EINTR" : "");
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
}

int main(void) {
  show("signal", by_signal);
  show("sysv_signal", by_sysv);
  show("bsd_signal", by_bsd);
  show("sigset", by_sigset);
  show("siginterrupt", by_interrupt);
  printf("what they return: %d %d %d\n", signal(SIGUSR2, again) == SIG_DFL, signal(SIGUSR2, SIG_IGN) == again, signal(SIGUSR2, SIG_DFL) == SIG_IGN);
  printf("errors: %d", signal(SIGKILL, again) == SIG_ERR);
  printf(" %d; sigset to hold: %d", errno, sigset(SIGUSR2, SIG_HOLD) == SIG_DFL);
  printf(" %d %d\n", sigset(SIGUSR2, SIG_DFL) == SIG_HOLD, sighold(SIGUSR2) + sigrelse(SIGUSR2) + sigignore(SIGUSR2));
  return 0;
}
