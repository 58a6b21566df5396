// POSIX timers (timer_create(2), timer_settime(2), timer_getoverrun(2)): every SIGEV, siginfo, overrun, ignored and blocked
// signals, what setting and deleting do to a pending signal, CPU clocks, errors.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

typedef int ktimer;
struct event {
  union sigval value;
  int signo, notify, tid, pad[11];
};
enum { MS = 1000000 };
static volatile int taken;
static volatile siginfo_t last;

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  *(siginfo_t *)&last = *info;
  taken++;
}

static long create(int clock, struct event *e, ktimer *t) { return syscall(SYS_timer_create, clock, e, t); }
static long set(ktimer t, int flags, long ns, long interval) {
  struct itimerspec s = {{interval / 1000000000, interval % 1000000000}, {ns / 1000000000, ns % 1000000000}};
  return syscall(SYS_timer_settime, t, flags, &s, 0);
}
static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}
static int pending(int sig) {
  sigset_t s;
  sigpending(&s);
  return sigismember(&s, sig);
}
static void wait_for(int n) {
  while (taken < n) pause();
}
static void spend(long ns) {
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  do clock_gettime(CLOCK_MONOTONIC, &b);
  while ((b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec < ns);
}

int main(void) {
  sigset_t all, old;
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  for (int s = SIGRTMIN; s < SIGRTMIN + 4; s++) sigaction(s, &sa, 0);
  sigaction(SIGALRM, &sa, 0);
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &old);

  // Ids count up; without an event the signal is SIGALRM and the value the id.
  ktimer t0, t1, t2;
  struct event e = {.value.sival_ptr = (void *)0x1234567890, .signo = SIGRTMIN, .notify = SIGEV_SIGNAL};
  printf("create %s", result(create(CLOCK_MONOTONIC, 0, &t0)));
  printf(" %s", result(create(CLOCK_REALTIME, &e, &t1)));
  e.notify = 4 /* SIGEV_THREAD_ID */, e.tid = gettid(), e.signo = SIGRTMIN + 1;
  printf(" %s", result(create(CLOCK_BOOTTIME, &e, &t2)));
  printf(", ids %d %d %d\n", t0, t1, t2);
  set(t0, 0, 1, 0);
  siginfo_t i;
  printf("sigwaitinfo %d", sigwaitinfo(&all, &i) == SIGALRM);
  printf(" code %d timer %d overrun %d value %d\n", i.si_code, i.si_timerid, i.si_overrun, i.si_value.sival_int);
  set(t1, 0, 1, 0);
  printf("sigwaitinfo %d", sigwaitinfo(&all, &i) == SIGRTMIN);
  printf(" code %d timer %d overrun %d value %p\n", i.si_code, i.si_timerid, i.si_overrun, i.si_value.sival_ptr);
  set(t2, 0, 1, 0);
  printf("sigwaitinfo %d", sigwaitinfo(&all, &i) == SIGRTMIN + 1);
  printf(" timer %d, overrun %s\n", i.si_timerid, result(syscall(SYS_timer_getoverrun, t2)));

  // Blocked while it goes off many times: one signal, and the rest are its overrun.
  set(t1, 0, 1 * MS, 1 * MS);
  spend(20 * MS);
  struct itimerspec left;
  printf("gettime %s", result(syscall(SYS_timer_gettime, t1, &left)));
  printf(", interval %ld, left within it %d\n", left.it_interval.tv_nsec,
         left.it_value.tv_sec == 0 && left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 1 * MS);
  sigwaitinfo(&all, &i);
  int overrun = i.si_overrun;
  printf("overrun %d, getoverrun the same %d\n", overrun >= 10 && overrun < 20000, syscall(SYS_timer_getoverrun, t1) == overrun);
  // Disarmed while the signal is pending: the signal is void.
  while (!pending(SIGRTMIN));
  set(t1, 0, 0, 0);
  struct timespec no = {0, 0};
  printf("void: %s", result(sigtimedwait(&all, &i, &no)));
  printf(", getoverrun %s\n", result(syscall(SYS_timer_getoverrun, t1)));
  syscall(SYS_timer_gettime, t1, &left);
  printf("disarmed: %ld %ld, interval %ld\n", left.it_value.tv_sec, left.it_value.tv_nsec, left.it_interval.tv_nsec);
  // Set again while it is pending: one signal, of the new setting.
  set(t1, 0, 1, 0);
  while (!pending(SIGRTMIN));
  set(t1, 0, 1, 0);
  spend(2 * MS);
  int n = 0;
  while (sigtimedwait(&all, &i, &no) > 0) n++;
  printf("set again: %d\n", n);
  // Deleted while it is pending.
  set(t2, 0, 1, 0);
  while (!pending(SIGRTMIN + 1));
  printf("delete %s", result(syscall(SYS_timer_delete, t2)));
  printf(", pending after that: %s", result(sigtimedwait(&all, &i, &no)));
  printf(", again %s\n", result(syscall(SYS_timer_delete, t2)));
  // A signal of the same number from elsewhere does not take its place, even SIGALRM.
  kill(getpid(), SIGALRM);
  set(t0, 0, 1, 0);
  spend(2 * MS);
  for (n = 0; sigtimedwait(&all, &i, &no) > 0; n++) printf("code %d ", i.si_code);
  printf("of two\n");
  // Absolute times, and times that have passed.
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  struct itimerspec s = {{0, 0}, now};
  printf("absolute %s", result(syscall(SYS_timer_settime, t1, TIMER_ABSTIME, &s, 0)));
  printf(" %d\n", sigwaitinfo(&all, &i) == SIGRTMIN);
  set(t1, 0, 3000000000L, 5000000000L);
  s.it_value = (struct timespec){0, 0};
  struct itimerspec was;
  syscall(SYS_timer_settime, t1, 0, &s, &was);
  printf("old value %d, interval %ld\n", was.it_value.tv_sec == 2 && was.it_value.tv_nsec > 0, was.it_interval.tv_sec);

  // Handlers.
  sigprocmask(SIG_UNBLOCK, &all, 0);
  set(t1, 0, MS, MS);
  wait_for(3);
  set(t1, 0, 0, 0);
  printf("handler: code %d timer %d\n", last.si_code, last.si_timerid == t1);
  // Ignored: the timer is held up, and goes on when there is a handler again.
  signal(SIGRTMIN, SIG_IGN);
  taken = 0;
  set(t1, 0, MS, MS);
  spend(5 * MS);
  sigaction(SIGRTMIN, &sa, 0);
  wait_for(1);
  printf("not ignored any more: %d\n", last.si_overrun > 1);
  wait_for(3);
  set(t1, 0, 0, 0);

  // SIGEV_NONE: only to be looked at.
  ktimer t3;
  e = (struct event){.notify = SIGEV_NONE};
  printf("none %s", result(create(CLOCK_MONOTONIC, &e, &t3)));
  set(t3, 0, 1 * MS, 0);
  spend(2 * MS);
  syscall(SYS_timer_gettime, t3, &left);
  printf(" %ld %ld", left.it_value.tv_sec, left.it_value.tv_nsec);
  set(t3, 0, 1 * MS, 10000 * (long)MS);
  spend(2 * MS);
  syscall(SYS_timer_gettime, t3, &left);
  printf(" %d\n", left.it_value.tv_sec == 9);

  // CPU time.
  ktimer t4, t5;
  e = (struct event){.signo = SIGRTMIN + 2, .notify = SIGEV_SIGNAL};
  printf("cpu %s", result(create(CLOCK_PROCESS_CPUTIME_ID, &e, &t4)));
  printf(" %s\n", result(create(CLOCK_THREAD_CPUTIME_ID, &e, &t5)));
  taken = 0;
  set(t4, 0, 10 * MS, 0);
  set(t5, 0, 12 * MS, 0);
  while (taken < 2);
  printf("spent %d\n", taken);

  // Not for the child, and not for the next program.
  set(t1, 0, 3600000000000L, 0);
  fflush(stdout);
  if (fork() == 0) {
    long r = syscall(SYS_timer_gettime, t1, &left);
    printf("child: %s", result(r));
    printf(" %s", result(create(CLOCK_MONOTONIC, 0, &t2)));
    printf(", id %d\n", t2);
    fflush(stdout);
    _exit(0);
  }
  wait(0);

  // Errors.
  e = (struct event){.signo = 65, .notify = SIGEV_SIGNAL};
  printf("signal 65 %s\n", result(create(CLOCK_MONOTONIC, &e, &t2)));
  e = (struct event){.signo = SIGRTMIN, .notify = 3};
  printf("notify 3 %s\n", result(create(CLOCK_MONOTONIC, &e, &t2)));
  e = (struct event){.signo = SIGRTMIN, .notify = 4, .tid = 1};
  printf("thread of another %s\n", result(create(CLOCK_MONOTONIC, &e, &t2)));
  printf("raw clock %s\n", result(create(CLOCK_MONOTONIC_RAW, 0, &t2)));
  printf("coarse clock %s\n", result(create(CLOCK_REALTIME_COARSE, 0, &t2)));
  printf("no clock %s\n", result(create(77, 0, &t2)));
  printf("bad event %s\n", result(create(CLOCK_MONOTONIC, (void *)8, &t2)));
  printf("bad result %s\n", result(create(CLOCK_MONOTONIC, 0, (void *)8)));
  printf("set none %s\n", result(set(99, 0, 1, 0)));
  printf("set nothing %s\n", result(syscall(SYS_timer_settime, t1, 0, 0, 0)));
  s.it_value.tv_nsec = 1000000000;
  printf("bad time %s\n", result(syscall(SYS_timer_settime, t1, 0, &s, 0)));
  printf("get none %s\n", result(syscall(SYS_timer_gettime, 99, &left)));
  printf("overrun of none %s\n", result(syscall(SYS_timer_getoverrun, 99)));
  return 0;
}
