// SEM_UNDO (semop(2), exit_sem): adjustments at exit, clamped, cleared by SETVAL, not inherited, kept by exec, range of them.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

static int set;
#define OP(n, change, flags) semop(set, &(struct sembuf){n, change, flags}, 1)

static void show(const char *what) {
  printf("%s: %d %d, last by %s\n", what, semctl(set, 0, GETVAL), semctl(set, 1, GETVAL),
         semctl(set, 0, GETPID) == getpid() ? "me" : "another");
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    set = atoi(argv[1]);
    show("after exec");
    return 0;
  }
  set = semget(IPC_PRIVATE, 2, IPC_CREAT | 0600);
  semctl(set, 0, SETVAL, 10);
  if (fork() == 0) {
    OP(0, -4, SEM_UNDO);
    OP(0, -1, 0);
    OP(1, 3, SEM_UNDO);
    show("child");
    _exit(0);
  }
  wait(0);
  show("undone");
  pid_t pid = fork();
  if (pid == 0) {
    OP(0, -5, SEM_UNDO);
    OP(0, 2, SEM_UNDO);
    raise(SIGKILL);
  }
  wait(0);
  show("undone after a kill");
  // What a child inherits is not its to undo.
  OP(0, -1, SEM_UNDO);
  if (fork() == 0) _exit(0);
  wait(0);
  show("nothing undone");
  // Values are kept at 0 and the maximum.
  if (fork() == 0) {
    OP(0, 8, SEM_UNDO);
    OP(0, -16, 0);
    show("child");
    _exit(0);
  }
  wait(0);
  show("at zero");
  semctl(set, 1, SETVAL, 32000);
  if (fork() == 0) {
    OP(1, -700, SEM_UNDO);
    OP(1, 1000, 0);
    _exit(0);
  }
  wait(0);
  show("at the maximum");
  // SETVAL makes adjustments void, in all processes.
  int go[2], done[2];
  if (pipe(go) || pipe(done)) return 1;
  semctl(set, 0, SETVAL, 10);
  if (fork() == 0) {
    char c;
    OP(0, -3, SEM_UNDO);
    if (write(done[1], "x", 1) != 1 || read(go[0], &c, 1) != 1) _exit(1);
    _exit(0);
  }
  char c;
  if (read(done[0], &c, 1) != 1) return 1;
  semctl(set, 0, SETVAL, 100);
  if (write(go[1], "x", 1) != 1) return 1;
  wait(0);
  show("setval");
  // The adjustment has a range of its own.
  semctl(set, 1, SETVAL, 0);
  if (fork() == 0) {
    int r = 0, n = 0;
    while ((r = OP(1, 8192, SEM_UNDO)) == 0) {
      n++;
      OP(1, -8192, 0);
    }
    printf("%d times up, then %s\n", n, strerrorname_np(errno));
    fflush(stdout);
    _exit(0);
  }
  wait(0);
  show("after range");
  // A set that is gone has nothing to undo.
  if (fork() == 0) {
    int other = semget(IPC_PRIVATE, 1, 0600);
    semop(other, &(struct sembuf){0, 1, SEM_UNDO}, 1);
    semctl(other, 0, IPC_RMID);
    _exit(0);
  }
  wait(0);
  // exec keeps them: they are applied when the new program ends.
  fflush(stdout);
  if (fork() == 0) {
    char text[16];
    sprintf(text, "%d", set);
    OP(0, -50, SEM_UNDO);
    execl((char *)getauxval(AT_EXECFN), argv[0], text, NULL);
    _exit(1);
  }
  wait(0);
  show("at the end of the new program");
  // An undo wakes sleepers.
  semctl(set, 0, SETVAL, 1);
  if (fork() == 0) {
    OP(0, -1, SEM_UNDO);
    if (write(done[1], "x", 1) != 1) _exit(1);
    while (semctl(set, 0, GETNCNT) == 0);
    _exit(0);
  }
  if (read(done[0], &c, 1) != 1) return 1;
  printf("woken %d\n", OP(0, -1, 0));
  wait(0);
  show("taken");
  semctl(set, 0, IPC_RMID);
  return 0;
}
