// The end of a process with threads: exit_group from any of them, a signal that kills, or main's end by return takes all along, whatever they
// wait for; pthread_exit of main does not; the status is one, and the parent hears once.
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int ends[2];
static sem_t never;
static pthread_barrier_t all;

static void *in_read(void *unused) { char byte; pthread_barrier_wait(&all); read(ends[0], &byte, 1); return unused; }
static void *in_pause(void *unused) { pthread_barrier_wait(&all); for (;;) pause(); return unused; }
static void *in_futex(void *unused) { pthread_barrier_wait(&all); sem_wait(&never); return unused; }
static void *in_poll(void *unused) { pthread_barrier_wait(&all); poll(NULL, 0, -1); return unused; }
static void *in_sigwait(void *unused) {
  sigset_t set;
  int signo;
  sigfillset(&set);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  pthread_barrier_wait(&all);
  sigdelset(&set, SIGTERM);
  sigwait(&set, &signo);
  return unused;
}
static void *ends_all(void *how) {
  pthread_barrier_wait(&all);
  switch ((long)how) {
    case 0: exit(10);
    case 1: syscall(SYS_exit_group, 11);
    case 2: abort();
    case 3: kill(getpid(), SIGTERM); break;
    case 4: raise(SIGKILL); break;
    case 5: *(volatile int *)8 = 1; break;
    case 6: syscall(SYS_exit, 12);
    case 7: pthread_exit(NULL);
  }
  for (;;) pause();
}

static void try(const char *what, int how, int main_ends) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    pthread_t thread;
    void *(*const waits[])(void *) = {in_read, in_pause, in_futex, in_poll, in_sigwait};
    sem_init(&never, 0, 0);
    pipe(ends);
    pthread_barrier_init(&all, NULL, 7);
    for (int i = 0; i < 5; i++) pthread_create(&thread, NULL, waits[i], NULL);
    pthread_create(&thread, NULL, ends_all, (void *)(long)how);
    pthread_barrier_wait(&all);
    if (main_ends == 1) _exit(20);
    if (main_ends == 2) syscall(SYS_exit, 21);
    for (;;) pause();
  }
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  int status, more;
  waitpid(child, &status, 0);
  more = waitpid(child, NULL, 0);
  printf("%s: code %d, status %d, raw %#x, and again %d\n", what, info.si_code, info.si_status, status & ~0x80, more);
}

int main(void) {
  sigset_t set;
  siginfo_t info;
  sigemptyset(&set), sigaddset(&set, SIGCHLD);
  sigprocmask(SIG_BLOCK, &set, NULL);
  static const char *const names[] = {"exit", "exit_group", "abort", "SIGTERM", "SIGKILL", "a fault"};
  for (int how = 0; how < 6; how++) {
    try(names[how], how, 0);
    int count = 0;
    while (sigtimedwait(&set, &info, &(struct timespec){0}) > 0) count++;
    printf("  heard of %d time\n", count);
  }
  try("main's _exit", 8, 1);
  try("main's own end, then a signal of another", 3, 2);
  try("main's own end, then exit_group of another", 1, 2);
  return 0;
}
