// Signals and threads: to one thread, to any that has it open, with values, waited for, in the middle of locks; pthread_kill(3), pthread_sigqueue(3).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static sem_t ready, handled;
static _Thread_local int number;
static volatile int took, value, code;

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)context;
  took = number;
  value = info->si_value.sival_int;
  code = info->si_code;
  sem_post(&handled);
}

static const char *text(int error) { return error == 0 ? "0" : strerrorname_np(error); }

/* Sleeps in a system call that is interrupted, with one signal open. */
static volatile int stop;
static void *sleeper(void *arg) {
  number = (int)(long)arg;
  sigset_t set;
  sigfillset(&set);
  sigdelset(&set, number == 1 ? SIGUSR1 : SIGUSR2);
  pthread_sigmask(SIG_SETMASK, &set, NULL);
  sem_post(&ready);
  while (!stop) usleep(1000);
  return NULL;
}

static void *waits(void *arg) {
  sigset_t set;
  siginfo_t info;
  (void)arg;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN + 1);
  sem_post(&ready);
  int sig = sigwaitinfo(&set, &info);
  printf("waited for: %d %d %d %d\n", sig - SIGRTMIN, info.si_value.sival_int, info.si_code == SI_QUEUE, info.si_pid == getpid());
  return NULL;
}

static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
static volatile int locker_tid;
static void *locks(void *arg) {
  (void)arg;
  number = 3;
  locker_tid = gettid();
  int error = pthread_mutex_lock(&m);
  printf("lock: %s, signals before it: %d\n", text(error), took == 3);
  pthread_mutex_unlock(&m);
  return NULL;
}

static void *faults(void *arg) {
  number = 4;
  *(volatile int *)arg = 1;
  return NULL;
}

static pthread_t main_thread;
static void on_fault(int sig, siginfo_t *info, void *context) {
  (void)context;
  printf("fault %d in thread %d, address %p\n", sig, number, info->si_addr);
  fflush(stdout);
  pthread_exit(NULL);
}

int main(void) {
  struct sigaction act = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaction(SIGUSR1, &act, NULL);
  sigaction(SIGUSR2, &act, NULL);
  sem_init(&ready, 0, 0);
  sem_init(&handled, 0, 0);
  pthread_t a, b, t;
  sigset_t set;
  main_thread = pthread_self();
  sigfillset(&set);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  pthread_create(&a, NULL, sleeper, (void *)1);
  pthread_create(&b, NULL, sleeper, (void *)2);
  sem_wait(&ready);
  sem_wait(&ready);
  kill(getpid(), SIGUSR1);
  sem_wait(&handled);
  printf("to the process: thread %d, code %d\n", took, code);
  kill(getpid(), SIGUSR2);
  sem_wait(&handled);
  printf("to the process: thread %d\n", took);
  printf("to a thread: %s", text(pthread_kill(b, SIGUSR2)));
  sem_wait(&handled);
  printf(", thread %d, code %d\n", took, code == SI_TKILL);
  union sigval v = {.sival_int = 77};
  printf("with a value: %s", text(pthread_sigqueue(a, SIGUSR1, v)));
  sem_wait(&handled);
  printf(", thread %d, value %d, code %d\n", took, value, code == SI_QUEUE);
  printf("where it is blocked: %s", text(pthread_kill(a, SIGUSR2)));
  sigset_t pending;
  sigpending(&pending);
  printf(", pending here %d\n", sigismember(&pending, SIGUSR2));
  printf("none: %s, unknown: %s", text(pthread_kill(a, 0)), text(pthread_kill(a, 100)));
  printf(", glibc's own: %s\n", text(pthread_kill(a, 32)));
  stop = 1;
  pthread_join(a, NULL);
  pthread_join(b, NULL);

  pthread_create(&t, NULL, waits, NULL);
  sem_wait(&ready);
  v.sival_int = 5;
  sigqueue(getpid(), SIGRTMIN + 1, v);
  pthread_join(t, NULL);

  printf("tgkill, other group: %s\n", text(syscall(SYS_tgkill, getppid(), gettid(), 0) ? errno : 0));
  printf("tgkill, no thread: %s\n", text(syscall(SYS_tgkill, getpid(), 0x3fffffff, 0) ? errno : 0));
  printf("tgkill, negative: %s\n", text(syscall(SYS_tgkill, -1, 1, 0) ? errno : 0));
  printf("tkill, zero: %s\n", text(syscall(SYS_tkill, 0, 0) ? errno : 0));

  /* While it waits for a lock: the handler runs, the wait goes on. */
  pthread_mutex_lock(&m);
  took = 0;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  pthread_create(&t, NULL, locks, NULL);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  while (!locker_tid) usleep(1000);
  pthread_kill(t, SIGUSR1);
  sem_wait(&handled);
  pthread_mutex_unlock(&m);
  pthread_join(t, NULL);

  struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &fault, NULL);
  sigfillset(&set);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
  fflush(stdout);
  pthread_create(&t, NULL, faults, (void *)16);
  pthread_join(t, NULL);
  printf("here still\n");
  fflush(stdout);

  /* A fault that nobody handles ends all of it. */
  if (fork() == 0) {
    signal(SIGSEGV, SIG_DFL);
    pthread_create(&t, NULL, faults, (void *)16);
    for (;;) pause();
  }
  int status;
  wait(&status);
  printf("unhandled: %d\n", WTERMSIG(status));
  return 0;
}
