// Priority inheritance of FUTEX_LOCK_PI: who has the lock runs with the priority of the first who waits, along chains of locks and until the waiters are gone; the lock goes to the most important; futex(2), kernel/locking/rtmutex.c.
// capabilities: sys_nice
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static char log_[400];
static volatile int at;
static void note(char c) { log_[at++] = c; }
static void shown(const char *what) {
  log_[at] = 0;
  printf("%s: %s\n", what, log_);
  at = 0;
}

static void become(pid_t tid, int policy, int priority) {
  struct sched_param param = {priority};
  if (sched_setscheduler(tid, policy, &param)) {
    perror("sched_setscheduler");
    exit(1);
  }
}

static void nap(void) {
  struct timespec t = {0, 3000000};
  nanosleep(&t, NULL);
}

/** Fields 18 and 19 of /proc/self/task/TID/stat: priority and nice value. */
static void priority(const char *what, pid_t tid) {
  char path[64], text[1000];
  sprintf(path, "/proc/self/task/%d/stat", tid);
  FILE *file = fopen(path, "r");
  if (!fgets(text, sizeof text, file)) exit(1);
  fclose(file);
  int field = 3;
  char *word = strtok(strrchr(text, ')') + 2, " ");
  for (; field < 18; field++) word = strtok(NULL, " ");
  printf("%s: priority %s, nice %s, policy %d\n", what, word, strtok(NULL, " "), sched_getscheduler(tid));
}

static int lock[3];
static long lock_pi(int *word, struct timespec *timeout) {
  int expected = 0;
  if (__atomic_compare_exchange_n(word, &expected, gettid(), 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return 0;
  return syscall(SYS_futex, word, FUTEX_LOCK_PI | FUTEX_PRIVATE_FLAG, 0, timeout, NULL, 0);
}
static void unlock_pi(int *word) {
  int expected = gettid();
  if (__atomic_compare_exchange_n(word, &expected, 0, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return;
  syscall(SYS_futex, word, FUTEX_UNLOCK_PI | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
}

struct worker {
  char name;
  int policy, priority, nice;
  /** Locks it takes one after the other, -1 for none; and how long it waits for the second. */
  int first, second, milliseconds;
  volatile int go;
  volatile pid_t tid;
  pthread_t thread;
};

static void *work(void *arg) {
  struct worker *w = arg;
  become(0, w->policy, w->priority);
  if (w->nice) setpriority(PRIO_PROCESS, 0, w->nice);
  w->tid = gettid();
  if (w->first >= 0) lock_pi(&lock[w->first], NULL);
  note(w->name);
  if (w->second >= 0) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += w->milliseconds * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    long r = lock_pi(&lock[w->second], w->milliseconds ? &until : NULL);
    note(r ? (errno == ETIMEDOUT ? '!' : errno == EDEADLK ? '@' : '?') : w->name);
    if (!r) unlock_pi(&lock[w->second]);
  }
  while (!w->go) syscall(SYS_futex, &w->go, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
  if (w->first >= 0) unlock_pi(&lock[w->first]);
  note(w->name);
  return NULL;
}

static void start(struct worker *w, char name, int policy, int prio, int first, int second) {
  memset(w, 0, sizeof *w);
  w->name = name, w->policy = policy, w->priority = prio, w->first = first, w->second = second;
}
static void run(struct worker *w) {
  pthread_create(&w->thread, NULL, work, w);
  while (!w->tid) nap();
  nap();
}
static void let_go(struct worker *w) {
  w->go = 1;
  syscall(SYS_futex, &w->go, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, NULL, NULL, 0);
}

static pthread_mutex_t mutex;
static volatile pid_t waiting;
static void *waiter(void *arg) {
  become(0, SCHED_FIFO, 33);
  waiting = gettid();
  pthread_mutex_lock(&mutex);
  note('w');
  pthread_mutex_unlock(&mutex);
  return arg;
}

static void on_signal(int signo) { (void)signo; }

int main(void) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  sched_setaffinity(0, sizeof one, &one);
  become(0, SCHED_FIFO, 90);
  struct worker low, middle, high, other;

  // The owner sleeps, and has its waiter's priority.
  start(&low, 'l', SCHED_OTHER, 0, 0, -1);
  run(&low);
  priority("owner alone", low.tid);
  start(&middle, 'm', SCHED_FIFO, 20, 0, -1);
  run(&middle);
  priority("one waits", low.tid);
  start(&high, 'h', SCHED_RR, 40, 0, -1);
  run(&high);
  priority("two wait", low.tid);
  become(middle.tid, SCHED_FIFO, 60);
  priority("the first was raised", low.tid);
  become(middle.tid, SCHED_FIFO, 20);
  priority("and fell", low.tid);
  become(low.tid, SCHED_FIFO, 70);
  priority("the owner was raised", low.tid);
  become(low.tid, SCHED_BATCH, 0);
  priority("and fell", low.tid);
  middle.go = high.go = 1;
  let_go(&low);
  pthread_join(low.thread, NULL);
  pthread_join(middle.thread, NULL);
  pthread_join(high.thread, NULL);
  shown("the most important gets it first");

  // A spinning thread of a priority between cannot keep the owner from running.
  start(&low, 'l', SCHED_FIFO, 5, 0, -1);
  run(&low);
  start(&high, 'h', SCHED_FIFO, 50, 0, -1);
  start(&middle, 'm', SCHED_FIFO, 30, -1, -1);
  run(&middle);
  low.go = middle.go = high.go = 0;
  run(&high);
  at = 0;
  low.go = high.go = middle.go = 1;
  become(0, SCHED_FIFO, 90);
  let_go(&middle);
  let_go(&low);
  note('-');
  pthread_join(low.thread, NULL);
  pthread_join(middle.thread, NULL);
  pthread_join(high.thread, NULL);
  shown("inversion");

  // Along a chain: a waits for b's lock, which waits for c's.
  start(&low, 'c', SCHED_FIFO, 1, 0, -1);
  start(&middle, 'b', SCHED_FIFO, 2, 1, 0);
  start(&high, 'a', SCHED_FIFO, 60, 2, 1);
  run(&low);
  run(&middle);
  run(&high);
  priority("end of the chain", low.tid);
  priority("middle of the chain", middle.tid);
  start(&other, 'd', SCHED_FIFO, 80, -1, 2);
  run(&other);
  priority("end of the longer chain", low.tid);
  priority("its head", high.tid);
  become(other.tid, SCHED_FIFO, 3);
  priority("the last fell", low.tid);
  become(high.tid, SCHED_OTHER, 0);
  priority("the next fell", low.tid);
  middle.go = high.go = other.go = 1;
  let_go(&low);
  pthread_join(low.thread, NULL);
  pthread_join(middle.thread, NULL);
  pthread_join(high.thread, NULL);
  pthread_join(other.thread, NULL);
  shown("chain");

  // A waiter that gives up takes its priority with it.
  start(&low, 'l', SCHED_OTHER, 0, 0, -1);
  run(&low);
  start(&high, 'h', SCHED_FIFO, 50, -1, 0);
  high.milliseconds = 60;
  run(&high);
  priority("until the timeout", low.tid);
  while (at < 3) nap();
  nap();
  priority("after it", low.tid);
  let_go(&high);
  pthread_join(high.thread, NULL);
  let_go(&low);
  pthread_join(low.thread, NULL);
  shown("timeout");

  // Nice values are inherited too.
  start(&low, 'l', SCHED_OTHER, 0, 0, -1);
  low.nice = 10;
  run(&low);
  start(&middle, 'm', SCHED_OTHER, 0, 0, -1);
  run(&middle);
  priority("owner with nice 10", low.tid);
  setpriority(PRIO_PROCESS, middle.tid, -5);
  priority("its waiter is less nice", low.tid);
  middle.go = 1;
  let_go(&low);
  pthread_join(low.thread, NULL);
  pthread_join(middle.thread, NULL);
  at = 0;
  start(&low, 'l', SCHED_OTHER, 0, 0, -1);
  low.nice = 10;
  run(&low);
  start(&middle, 'm', SCHED_OTHER, 0, 1, 0);
  middle.nice = -7;
  run(&middle);
  priority("a waiter who was so before", low.tid);
  start(&other, 'o', SCHED_OTHER, 0, -1, 1);
  other.nice = -9;
  run(&other);
  priority("and along a chain", low.tid);
  middle.go = other.go = 1;
  let_go(&low);
  pthread_join(low.thread, NULL);
  pthread_join(middle.thread, NULL);
  pthread_join(other.thread, NULL);
  at = 0;

  // So it is with mutexes of the C library.
  pthread_mutexattr_t attr;
  pthread_mutexattr_init(&attr);
  pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
  pthread_mutex_init(&mutex, &attr);
  signal(SIGUSR1, on_signal);
  become(0, SCHED_FIFO, 10);
  pthread_mutex_lock(&mutex);
  priority("mutex", gettid());
  pthread_create(&high.thread, NULL, waiter, NULL);
  while (!waiting) nap();
  nap();
  priority("waited for", gettid());
  pthread_kill(high.thread, SIGUSR1);
  nap();
  priority("after a signal", gettid());
  pthread_mutex_unlock(&mutex);
  note('u');
  priority("unlocked", gettid());
  pthread_join(high.thread, NULL);
  shown("mutex");
  return 0;
}
