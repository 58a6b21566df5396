// Sleeping on semaphores (ipc/sem.c): who goes on when, GETNCNT and GETZCNT, complex operations, EIDRM, EINTR.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

static int set, out[2];

static int sleepers(void) {
  int n = 0;
  for (int i = 0; i < 3; i++) n += semctl(set, i, GETNCNT) + semctl(set, i, GETZCNT);
  return n;
}

static pid_t start(const char *name, struct sembuf *ops, int n) {
  int before = sleepers();
  pid_t pid = fork();
  if (pid == 0) {
    int r = semop(set, ops, n);
    char line[64];
    int length = sprintf(line, "%s: %s\n", name, r == 0 ? "done" : strerrorname_np(errno));
    if (write(out[1], line, length) != length) _exit(1);
    _exit(0);
  }
  while (sleepers() == before) sched_yield();
  return pid;
}
#define START(name, ...) start(name, (struct sembuf[]){__VA_ARGS__}, sizeof((struct sembuf[]){__VA_ARGS__}) / sizeof(struct sembuf))
#define OP(n, change) semop(set, &(struct sembuf){n, change, IPC_NOWAIT}, 1)

static char *next(char *at) {
  do {
    if (read(out[0], at, 1) != 1) exit(7);
  } while (*at++ != '\n');
  *at = 0;
  return at;
}

static void line(void) {
  char text[64];
  next(text);
  printf("%s", text);
}

/* Two that go on at the same time may speak in any order. */
static void two_lines(void) {
  char a[64], b[64];
  next(a), next(b);
  printf("%s%s", strcmp(a, b) < 0 ? a : b, strcmp(a, b) < 0 ? b : a);
}

static void counts(const char *what) {
  printf("%s: ", what);
  for (int i = 0; i < 3; i++) printf("%d/%d=%d ", semctl(set, i, GETNCNT), semctl(set, i, GETZCNT), semctl(set, i, GETVAL));
  printf("\n");
}

static void handler(int sig) { (void)sig; }

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  if (pipe(out)) return 1;
  set = semget(IPC_PRIVATE, 3, IPC_CREAT | 0600);
  // First come, first served; but one that cannot go on lets those behind it pass.
  START("a wants 3", {0, -3, 0});
  START("b wants 1", {0, -1, 0});
  START("c wants 1", {0, -1, 0});
  counts("three sleep");
  OP(0, 1);
  line();
  OP(0, 1);
  line();
  OP(0, 2);
  counts("not enough");
  OP(0, 1);
  line();
  counts("none");
  // Waiting for zero.
  OP(1, 2);
  START("z waits for zero", {1, 0, 0});
  START("y waits for zero and adds", {1, 0, 0}, {2, 4, 0});
  counts("two for zero");
  OP(1, -1);
  counts("still");
  OP(1, -1);
  two_lines();
  counts("after zero");
  semctl(set, 2, SETVAL, 0);
  // Complex operations wait until all can be done; the semaphore that blocks is the one counted.
  START("p wants 0 and 1", {0, -1, 0}, {1, -1, 0});
  counts("blocked by 0");
  OP(0, 1);
  counts("blocked by 1");
  printf("taken %d\n", OP(0, -1));
  counts("blocked by 0 again, but not looked at");
  OP(1, 1);
  counts("0 was taken away");
  OP(0, 1);
  line();
  counts("none");
  // One that goes on lets another go on.
  START("r gives 2", {0, -1, 0}, {2, 1, 0});
  START("s wants 2", {2, -1, 0});
  OP(0, 1);
  two_lines();
  counts("none");
  // SETVAL and SETALL wake too.
  START("t wants 2", {0, -2, 0});
  semctl(set, 0, SETVAL, 5);
  line();
  START("u wants 1", {1, -1, 0});
  unsigned short v[3] = {0, 1, 0};
  semctl(set, 0, SETALL, v);
  line();
  counts("none");
  // A value that would overflow when its turn comes is that sleeper's error.
  semctl(set, 1, SETVAL, 32767);
  START("w adds to a full one", {0, -1, 0}, {1, 1, 0});
  OP(0, 1);
  line();
  counts("0 is left");
  semctl(set, 0, SETVAL, 0);
  // Signals: EINTR, even with SA_RESTART.
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &sa, 0);
  pid_t pid = START("interrupted", {0, -1, 0});
  kill(pid, SIGUSR1);
  line();
  pid = START("killed", {0, -1, 0});
  kill(pid, SIGKILL);
  while (wait(0) > 0);
  counts("none");
  START("removed", {0, -1, 0});
  semctl(set, 0, IPC_RMID);
  line();
  while (wait(0) > 0);
  return 0;
}
