// Real-time tasks before others, by priority: who runs when several can, who interrupts whom, sched_yield, changes of priority, order of futex wake-ups and of message queues, RLIMIT_RTTIME; sched(7).
// capabilities: sys_nice
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct attr {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

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

static long futex(volatile int *word, int op, int value, void *timeout) {
  return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, timeout, NULL, 0);
}

struct worker {
  char name;
  int policy, priority, yields;
  volatile pid_t tid;
  pthread_t thread;
};
static volatile int gate;

/** Sleeps until the gate opens, and notes when it runs. */
static void *work(void *arg) {
  struct worker *w = arg;
  become(0, w->policy, w->priority);
  w->tid = gettid();
  while (!gate) futex(&gate, FUTEX_WAIT, 0, NULL);
  for (int i = 0; i < 3; i++) {
    note(w->name);
    if (w->yields) sched_yield();
  }
  return NULL;
}

/** Nobody else is on this CPU but who sleeps: a nap lets all others come to their next sleep. */
static void nap(void) {
  struct timespec t = {0, 3000000};
  nanosleep(&t, NULL);
}

static void start(struct worker *w, int count) {
  gate = 0;
  for (int i = 0; i < count; i++) {
    w[i].tid = 0;
    pthread_create(&w[i].thread, NULL, work, &w[i]);
    while (!w[i].tid) nap();
    nap();
  }
}

static void finish(struct worker *w, int count) {
  for (int i = 0; i < count; i++) pthread_join(w[i].thread, NULL);
}

static void release(void) {
  gate = 1;
  futex(&gate, FUTEX_WAKE, 100, NULL);
}

static mqd_t queue;
static void *receiver(void *arg) {
  struct worker *w = arg;
  become(0, w->policy, w->priority);
  w->tid = gettid();
  char byte;
  mq_receive(queue, &byte, 1, NULL);
  note(w->name);
  note(byte);
  return NULL;
}

static void *deadline(void *arg) {
  struct attr attr = {.size = 48, .policy = SCHED_DEADLINE, .runtime = 5000000, .deadline = 100000000, .period = 100000000};
  struct worker *w = arg;
  attr.deadline += (uint64_t)w->priority * 100000000;
  attr.period = attr.deadline;
  if (syscall(SYS_sched_setattr, 0, &attr, 0)) perror("sched_setattr");
  w->tid = gettid();
  while (!gate) futex(&gate, FUTEX_WAIT, 0, NULL);
  note(w->name);
  return NULL;
}

static volatile int signals;
static void on_xcpu(int signo) {
  signals++;
  (void)signo;
}

int main(void) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(sched_getcpu(), &one);
  setvbuf(stdout, NULL, _IOLBF, 0);
  sched_setaffinity(0, sizeof one, &one);
  become(0, SCHED_FIFO, 50);

  struct worker mixed[] = {{'a', SCHED_FIFO, 10}, {'b', SCHED_FIFO, 30}, {'c', SCHED_RR, 20}, {'d', SCHED_FIFO, 30}, {'o', SCHED_OTHER, 0}};
  start(mixed, 5);
  release();
  note('-');
  finish(mixed, 5);
  shown("lower than who wakes them");

  struct worker higher[] = {{'a', SCHED_FIFO, 60}, {'b', SCHED_FIFO, 80}, {'c', SCHED_FIFO, 70}, {'s', SCHED_FIFO, 50}};
  start(higher, 4);
  release();
  note('-');
  finish(higher, 4);
  shown("higher, and one alike");

  struct worker polite[] = {{'a', SCHED_FIFO, 10, 1}, {'b', SCHED_FIFO, 10, 1}, {'c', SCHED_RR, 10, 1}, {'h', SCHED_FIFO, 11, 1}};
  start(polite, 4);
  release();
  finish(polite, 4);
  shown("sched_yield");

  struct worker changed[] = {{'a', SCHED_FIFO, 10}, {'b', SCHED_FIFO, 11}, {'c', SCHED_FIFO, 12}, {'d', SCHED_FIFO, 12}};
  start(changed, 4);
  release();
  become(changed[0].tid, SCHED_FIFO, 20);
  become(changed[3].tid, SCHED_FIFO, 11);
  finish(changed, 4);
  shown("raised to the first, fallen to the head of lower ones");

  struct worker rising[] = {{'a', SCHED_FIFO, 10}, {'b', SCHED_FIFO, 11}};
  start(rising, 2);
  release();
  note('1');
  become(rising[0].tid, SCHED_FIFO, 60);
  note('2');
  become(0, SCHED_FIFO, 5);
  note('3');
  become(0, SCHED_FIFO, 50);
  finish(rising, 2);
  shown("one is raised above me, I fall below the other");

  struct worker fair[] = {{'o', SCHED_OTHER, 0}, {'f', SCHED_FIFO, 1}, {'i', SCHED_IDLE, 0}};
  start(fair, 2);
  release();
  become(0, SCHED_OTHER, 0);
  finish(fair, 2);
  shown("the least of priorities is more than none");
  become(0, SCHED_FIFO, 50);

  // Woken one at a time: by priority, then in order.
  struct worker order[] = {{'o', SCHED_OTHER, 0}, {'p', SCHED_OTHER, 0}, {'1', SCHED_FIFO, 10}, {'2', SCHED_RR, 20}, {'3', SCHED_FIFO, 10}, {'b', SCHED_BATCH, 0}};
  start(order, 6);
  gate = 1;
  for (int i = 0; i < 6; i++) {
    printf("woken %ld\n", futex(&gate, FUTEX_WAKE, 1, NULL));
    while (at < 4 * i + 3) nap();
    note(' ');
  }
  finish(order, 6);
  shown("order of FUTEX_WAKE");

  struct mq_attr sizes = {.mq_maxmsg = 5, .mq_msgsize = 1};
  char name[40];
  sprintf(name, "/order-%d", getpid());
  queue = mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &sizes);
  mq_unlink(name);
  struct worker readers[] = {{'o', SCHED_OTHER, 0}, {'p', SCHED_FIFO, 10}, {'q', SCHED_FIFO, 30}, {'r', SCHED_FIFO, 10}};
  for (int i = 0; i < 4; i++) {
    pthread_create(&readers[i].thread, NULL, receiver, &readers[i]);
    while (!readers[i].tid) nap();
    nap();
  }
  for (int i = 0; i < 4; i++) mq_send(queue, &"1234"[i], 1, 0);
  finish(readers, 4);
  shown("receivers of a message queue");

  // With the others below, a child that spins hears of RLIMIT_RTTIME.
  pid_t pid = fork();
  if (pid == 0) {
    struct rlimit limit = {5000, RLIM_INFINITY};
    setrlimit(RLIMIT_RTTIME, &limit);
    signal(SIGXCPU, on_xcpu);
    become(0, SCHED_OTHER, 0);
    nap();
    become(0, SCHED_RR, 1);
    while (!signals) {}
    getrlimit(RLIMIT_RTTIME, &limit);
    printf("SIGXCPU %d, limit %d\n", signals, (int)limit.rlim_cur);
    limit.rlim_cur = limit.rlim_max = 12000;
    setrlimit(RLIMIT_RTTIME, &limit);
    for (;;) {}
  }
  int status;
  become(0, SCHED_OTHER, 0);
  waitpid(pid, &status, 0);
  printf("died of %d\n", WTERMSIG(status));

  // A thread with a deadline is free to run anywhere.
  for (int i = 0; i < CPU_SETSIZE; i++) CPU_SET(i, &one);
  sched_setaffinity(0, sizeof one, &one);
  struct worker due = {'e', 0, 1};
  gate = 0;
  pthread_create(&due.thread, NULL, deadline, &due);
  while (!due.tid) nap();
  nap();
  struct attr now = {0};
  long got = syscall(SYS_sched_getattr, due.tid, &now, 48, 0);
  printf("sched_getattr %ld: policy %u, %lu of %lu\n", got, now.policy, (unsigned long)now.runtime, (unsigned long)now.period);
  release();
  finish(&due, 1);
  shown("deadline");
  return 0;
}
