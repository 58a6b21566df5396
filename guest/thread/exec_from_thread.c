// execve by a thread: the others end, it becomes the leader and has the process's id; what it had of its own stays; fs/exec.c, de_thread.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char *self, *name;
static int pid, leader_ends;

static void *sleeps(void *arg) {
  for (;;) pause();
  return arg;
}

static void *spins(void *arg) {
  for (;;) {}
  return arg;
}

static void *executes(void *arg) {
  sigset_t mask;
  sigemptyset(&mask);
  sigaddset(&mask, SIGTERM);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  syscall(SYS_tgkill, pid, gettid(), SIGTERM);
  if (fork() == 0) _exit(7);
  if (leader_ends) usleep(2000);
  char text[16];
  snprintf(text, sizeof text, "%d", pid);
  execl(self, name, arg, text, NULL);
  printf("execve: %s\n", strerrorname_np(errno));
  return NULL;
}

static void start(const char *what) {
  pthread_t t;
  printf("%s\n", what);
  fflush(stdout);
  if (fork() == 0) {
    pid = getpid();
    pthread_create(&t, NULL, sleeps, NULL);
    pthread_create(&t, NULL, spins, NULL);
    pthread_create(&t, NULL, executes, "after");
    if (leader_ends) pthread_exit(NULL);
    for (;;) pause();
  }
  int status;
  wait(&status);
  printf("status %x\n", status);
}

int main(int argc, char **argv) {
  if (argc > 2) {
    sigset_t set;
    sigpending(&set);
    printf("same id: %d, leader: %d\n", getpid() == atoi(argv[2]), gettid() == getpid());
    printf("pending: %d", sigismember(&set, SIGTERM));
    sigprocmask(SIG_SETMASK, NULL, &set);
    printf(", blocked: %d\n", sigismember(&set, SIGTERM));
    int status = 0;
    printf("its child is ours: %d", wait(&status) > 0);
    printf(", status %x\n", status);
    printf("no others: %d\n", access("/proc/self/task", F_OK));
    fflush(stdout);
    return 5;
  }
  self = (char *)getauxval(AT_EXECFN);
  name = argv[0];
  start("the leader sleeps");
  leader_ends = 1;
  start("the leader has ended");
  return 0;
}
