// The leader ends before its threads: it is a zombie that cannot be waited for until the last has ended; exit and exit_group; kernel/exit.c.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int pipes[2], leader;

static char state_of(int pid) {
  char path[64], text[512];
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *f = fopen(path, "r");
  if (f == NULL) return '-';
  size_t length = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  text[length] = 0;
  return strrchr(text, ')')[2];
}

static void *outlives(void *how) {
  while (state_of(leader) != 'Z') usleep(1000);
  char byte;
  if (read(pipes[0], &byte, 1) != 1) abort();
  printf("  getpid %d, not gettid %d, leader %c\n", getpid() == leader, gettid() != leader, state_of(leader));
  fflush(stdout);
  switch ((long)how) {
    case 0:
      return NULL;
    case 1:
      exit(9);
    case 2:
      syscall(SYS_exit, 11);
    case 3:
      raise(SIGKILL);
    case 4:
      syscall(SYS_exit_group, 12);
  }
  return NULL;
}

static void *nothing(void *arg) { return arg; }

static void run(const char *what, long how) {
  printf("%s\n", what);
  fflush(stdout);
  if (pipe(pipes)) exit(1);
  pid_t pid = fork();
  if (pid == 0) {
    pthread_t t;
    leader = getpid();
    pthread_create(&t, NULL, outlives, (void *)how);
    pthread_create(&t, NULL, nothing, NULL);
    pthread_join(t, NULL);
    syscall(SYS_exit, 42);
  }
  while (state_of(pid) != 'Z') usleep(1000);
  int status = 0;
  printf("  not yet: %d", waitpid(pid, &status, WNOHANG));
  siginfo_t info = {0};
  printf(", waitid %d %d", waitid(P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT), info.si_pid);
  printf(", kill 0: %d\n", kill(pid, 0));
  fflush(stdout);
  if (write(pipes[1], "x", 1) != 1) exit(1);
  waitpid(pid, &status, 0);
  printf("  status %x\n", status);
  close(pipes[0]);
  close(pipes[1]);
}

static void *signalled(void *arg) {
  sigset_t set;
  int sig;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  leader = 1;
  sigwait(&set, &sig);
  *(int *)arg = sig;
  _exit(sig == SIGUSR1 ? 33 : 34);
}

int main(void) {
  run("the last returns", 0);
  run("the last calls exit", 1);
  run("the last calls _exit of its own", 2);
  run("the last is killed", 3);
  run("the last ends the group", 4);

  /* A signal to the process reaches the thread that is left. */
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    static int got;
    pthread_t t;
    pthread_create(&t, NULL, signalled, &got);
    while (!*(volatile int *)&leader) usleep(1000);
    syscall(SYS_exit, 1);
  }
  while (state_of(pid) != 'Z') usleep(1000);
  kill(pid, SIGUSR1);
  int status;
  waitpid(pid, &status, 0);
  printf("signal: %d\n", WEXITSTATUS(status));

  /* A group's end takes everyone along, whoever calls it and whatever they do. */
  pid = fork();
  if (pid == 0) {
    static pthread_barrier_t all;
    pthread_barrier_init(&all, NULL, 100);
    pthread_t t;
    for (int n = 0; n < 8; n++) pthread_create(&t, NULL, (void *(*)(void *))pthread_barrier_wait, &all);
    pthread_create(&t, NULL, (void *(*)(void *))(void *)exit, (void *)21);
    for (;;) {}
  }
  waitpid(pid, &status, 0);
  printf("exit of a thread: %d\n", WEXITSTATUS(status));
  return 0;
}
