// RLIMIT_CPU (setrlimit(2), check_process_timers): SIGXCPU at the soft limit, which moves on by a second each time, SIGKILL at the
// hard one; limits that are below the time already spent count at once.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t taken;
static siginfo_t seen;
static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  seen = *info;
  taken++;
}
static void burn_until(volatile sig_atomic_t *flag, int count) {
  while (*flag < count) continue;
}
static void limit(rlim_t soft, rlim_t hard) {
  struct rlimit r = {soft, hard};
  if (setrlimit(RLIMIT_CPU, &r) < 0) printf("  setrlimit %s\n", strerrorname_np(errno));
}
static void shown(void) {
  struct rlimit r;
  getrlimit(RLIMIT_CPU, &r);
  printf("  now %ld, %ld\n", (long)r.rlim_cur, (long)r.rlim_max);
}
static void catch(int flags) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};
  sigaction(SIGXCPU, &action, NULL);
}

static void soft(void) {
  catch(0);
  limit(0, RLIM_INFINITY);
  burn_until(&taken, 1);
  printf("  code %s pid %d uid %d value %d\n", seen.si_code == SI_KERNEL ? "SI_KERNEL" : "?", seen.si_pid, seen.si_uid, seen.si_int);
  shown();
}
static void soft_default(void) {
  limit(0, RLIM_INFINITY);
  for (;;) continue;
}
static void soft_ignored(void) {
  signal(SIGXCPU, SIG_IGN);
  limit(0, 5);
  struct rlimit r;
  do getrlimit(RLIMIT_CPU, &r);
  while (r.rlim_cur == 0);
  shown();
}
static void soft_blocked(void) {
  sigset_t set, pending;
  sigemptyset(&set), sigaddset(&set, SIGXCPU);
  sigprocmask(SIG_BLOCK, &set, NULL);
  limit(0, 1000);
  do sigpending(&pending);
  while (!sigismember(&pending, SIGXCPU));
  siginfo_t info;
  printf("  taken %d", sigtimedwait(&set, &info, &(struct timespec){0}));
  printf(", then %d\n", sigtimedwait(&set, &info, &(struct timespec){0}));
  shown();
}
static void hard(void) {
  catch(0);
  limit(0, 0);
  for (;;) continue;
}
static void hard_blocked(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  limit(0, 0);
  for (;;) continue;
}
static void child_has_its_own(void) {
  catch(0);
  limit(0, RLIM_INFINITY);
  burn_until(&taken, 1);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    shown();
    taken = 0;
    limit(0, RLIM_INFINITY);
    burn_until(&taken, 1);
    shown();
    fflush(stdout);
    _exit(0);
  }
  waitpid(pid, NULL, 0);
  printf("  parent taken %d\n", taken);
}
static void limits(void) {
  catch(0);
  limit(0, RLIM_INFINITY);
  burn_until(&taken, 1);
  limit(1000, 1000);
  limit(10, 1000);
  shown();
  limit(10, 5);
  shown();
}

static void attempt(const char *what, void (*body)(void)) {
  printf("%s\n", what);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    body();
    fflush(stdout);
    _exit(0);
  }
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED);
  static const char *const codes[] = {"?", "exited", "killed", "dumped"};
  printf("  %s %d\n", info.si_code <= CLD_DUMPED ? codes[info.si_code] : "?", info.si_status);
}

int main(void) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  attempt("soft limit, a handler", soft);
  attempt("soft limit, the default action", soft_default);
  attempt("soft limit, ignored", soft_ignored);
  attempt("soft limit, blocked", soft_blocked);
  attempt("hard limit", hard);
  attempt("hard limit, all blocked", hard_blocked);
  attempt("a child's own time", child_has_its_own);
  attempt("limits", limits);
  return 0;
}
