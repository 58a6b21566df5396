// Who may have what of signals among threads: masks and pending signals are a thread's, actions are everyone's, an alternate stack is nobody's to
// inherit, and a timer can have one thread as its target (SIGEV_THREAD_ID).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static void *body(void *unused) {
  stack_t stack;
  sigset_t set;
  siginfo_t info;
  struct sigaction action;
  sigaltstack(NULL, &stack);
  printf("alternate stack: flags %d\n", stack.ss_flags);
  pthread_sigmask(SIG_BLOCK, NULL, &set);
  printf("mask of its maker: USR1 %d, USR2 %d\n", sigismember(&set, SIGUSR1), sigismember(&set, SIGUSR2));
  sigpending(&set);
  printf("pending: of main %d, of the process %d\n", sigismember(&set, SIGUSR1), sigismember(&set, SIGUSR2));
  signal(SIGHUP, SIG_IGN);
  /* A timer for this thread. */
  struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 5};
  event.sigev_notify_thread_id = syscall(SYS_gettid);
  timer_t timer;
  sigemptyset(&set), sigaddset(&set, SIGRTMIN);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  int result = timer_create(CLOCK_MONOTONIC, &event, &timer);
  struct itimerspec soon = {{0, 0}, {0, 1000000}};
  timer_settime(timer, 0, &soon, NULL);
  int signo = sigwaitinfo(&set, &info);
  printf("timer: %d; took %d, code %d, value %d, overrun %d\n", result, signo - SIGRTMIN, info.si_code, info.si_value.sival_int, info.si_overrun);
  event.sigev_notify_thread_id = getppid();
  result = timer_create(CLOCK_MONOTONIC, &event, &timer);
  printf("for a thread of others: %d, errno %d\n", result, errno);
  /* Queued for one thread. */
  siginfo_t mine = {.si_signo = SIGRTMIN, .si_code = SI_QUEUE, .si_value.sival_int = 9};
  mine.si_pid = getpid();
  result = syscall(SYS_rt_tgsigqueueinfo, getpid(), (pid_t)syscall(SYS_gettid), SIGRTMIN, &mine);
  signo = sigwaitinfo(&set, &info);
  printf("rt_tgsigqueueinfo: %d; code %d, value %d\n", result, info.si_code, info.si_value.sival_int);
  result = pthread_sigqueue(pthread_self(), SIGRTMIN, (union sigval){.sival_int = 4});
  signo = sigwaitinfo(&set, &info);
  printf("pthread_sigqueue: %d; code %d, value %d\n", result, info.si_code, info.si_value.sival_int);
  return unused;
}

int main(void) {
  static char memory[16384];
  stack_t stack = {.ss_sp = memory, .ss_size = sizeof memory};
  sigset_t set;
  pthread_t thread;
  setvbuf(stdout, NULL, _IONBF, 0);
  sigaltstack(&stack, NULL);
  sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGUSR1);
  kill(getpid(), SIGUSR2);
  pthread_create(&thread, NULL, body, NULL);
  pthread_join(thread, NULL);
  struct sigaction action;
  sigaction(SIGHUP, NULL, &action);
  printf("what it ignores, all ignore: %d\n", action.sa_handler == SIG_IGN);
  /* The process's may be taken by any, the thread's went with nobody. */
  siginfo_t info;
  printf("main takes %d,", sigtimedwait(&set, &info, &(struct timespec){0}));
  printf(" %d,", sigtimedwait(&set, &info, &(struct timespec){0}));
  printf(" %d\n", sigtimedwait(&set, &info, &(struct timespec){0}));
  return 0;
}
