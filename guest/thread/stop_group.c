// Stopping a process with threads (do_signal_stop, kernel/signal.c): all of them stop, their parent hears once, time in system calls goes on,
// SIGCONT continues all though they block it, and a signal that came meanwhile is taken then.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int *counts;
static void *count(void *which) {
  for (;;) counts[(long)which]++;
  return NULL;
}
static void on_signal(int signo) { counts[4] = signo; }

/* Waits until all count on. */
static int moves(void) {
  int before[3], result = 0;
  for (int i = 0; i < 3; i++) before[i] = counts[i];
  while (result != 7) {
    usleep(2000);
    for (int i = 0; i < 3; i++)
      if (counts[i] != before[i]) result |= 1 << i;
  }
  return result;
}

static int still(void) {
  int before[3], moved = 0;
  for (int i = 0; i < 3; i++) before[i] = counts[i];
  usleep(20000);
  for (int i = 0; i < 3; i++) moved |= counts[i] != before[i];
  return !moved;
}

static void heard(const char *what, pid_t child, int options) {
  siginfo_t info = {0};
  int result = waitid(P_PID, child, &info, options);
  printf("%s: %d, code %d, status %d\n", what, result, info.si_code, info.si_status);
}

int main(void) {
  counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0); /* no orphan: its parent is in the same session */
    pthread_t thread;
    sigset_t set;
    sigemptyset(&set), sigaddset(&set, SIGCONT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR1, on_signal);
    for (long i = 1; i < 3; i++) pthread_create(&thread, NULL, count, (void *)i);
    count((void *)0);
  }
  printf("running: %d\n", moves());
  kill(child, SIGSTOP);
  heard("stopped", child, WSTOPPED);
  heard("and not again", child, WSTOPPED | WNOHANG);
  printf("still: %d\n", still());
  kill(child, SIGUSR1);
  printf("a signal meanwhile: still %d, handled %d\n", still(), counts[4]);
  kill(child, SIGCONT);
  heard("continued", child, WCONTINUED);
  printf("moves: %d, ", moves());
  while (counts[4] == 0) usleep(1000);
  printf("handled %d\n", counts[4]);
  kill(child, SIGTSTP);
  heard("stopped by SIGTSTP", child, WSTOPPED);
  kill(child, SIGKILL);
  heard("killed", child, WEXITED);
  return 0;
}
