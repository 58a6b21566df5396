/* ring N R: N processes in a ring, each wakes the next R times by a signal; then each kills the next, and their parent counts. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int count = argc > 1 ? atoi(argv[1]) : 20, rounds = argc > 2 ? atoi(argv[2]) : 3;
  pid_t *ring = mmap(NULL, count * sizeof *ring, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  volatile long *passed = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  sigset_t set;
  int signo;
  sigemptyset(&set), sigaddset(&set, SIGUSR1), sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  for (int i = 0; i < count; i++) {
    pid_t child = fork();
    if (child != 0) {
      ring[i] = child;
      continue;
    }
    for (;;) {
      sigwait(&set, &signo);
      pid_t next = ring[(i + 1) % count];
      if (signo == SIGUSR1 && *passed < (long)count * rounds) {
        ++*passed;
        kill(next, SIGUSR1);
      } else {
        /* All have been woken: the chain of deaths begins, and ends at the last. */
        if (i + 1 < count) kill(next, SIGUSR2);
        kill(getpid(), SIGKILL);
      }
    }
  }
  kill(ring[0], SIGUSR1);
  int status, killed = 0;
  while (wait(&status) > 0) killed += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  printf("passed on %ld times, killed %d\n", *passed, killed);
  return 0;
}
