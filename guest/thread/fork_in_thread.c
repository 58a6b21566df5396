// fork by a thread: the child has that thread alone; pthread_atfork handlers, its id, its locks, its robust list and name; fork(2).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER, guarded = PTHREAD_MUTEX_INITIALIZER;
static pthread_key_t key;
static _Thread_local int local;

static void before(void) { pthread_mutex_lock(&guarded); }
static void after(void) { pthread_mutex_unlock(&guarded); }

static void say(const char *text, int n) {
  char line[100];
  int length = snprintf(line, sizeof line, "%s %d\n", text, n);
  if (write(1, line, (size_t)length) != length) _exit(1);
}

static void *works(void *arg) {
  for (;;) {
    pthread_mutex_lock(&guarded);
    pthread_mutex_unlock(&guarded);
  }
  return arg;
}

static void *forks(void *arg) {
  local = 5;
  pthread_setspecific(key, "specific");
  prctl(PR_SET_NAME, "forker");
  pthread_t self = pthread_self();
  pid_t pid = fork();
  if (pid == 0) {
    char name[16];
    prctl(PR_GET_NAME, name);
    say("leader:", gettid() == getpid());
    say("the same to pthreads:", pthread_equal(self, pthread_self()));
    say("others:", access("/proc/self/task", F_OK));
    say("lock of another:", pthread_mutex_trylock(&held) == EBUSY);
    say("guarded lock:", pthread_mutex_trylock(&guarded));
    say("local:", local);
    say("specific:", strcmp(pthread_getspecific(key), "specific"));
    say("name:", strcmp(name, "forker"));
    pthread_t t;
    pthread_mutex_unlock(&guarded);
    say("a new thread:", pthread_create(&t, NULL, (void *(*)(void *))pthread_mutex_trylock, &guarded));
    void *result;
    pthread_join(t, &result);
    say("its result:", (int)(long)result);
    _exit(9);
  }
  int status;
  waitpid(pid, &status, 0);
  printf("status %x\n", status);
  return arg;
}

static void *forks_and_ends(void *arg) {
  int *fds = arg;
  if (fork() == 0) {
    char byte;
    pid_t parent = getppid();
    if (read(fds[0], &byte, 1) != 1) _exit(1);
    say("the parent is still the process:", parent == getppid());
    _exit(4);
  }
  return NULL;
}

int main(void) {
  pthread_t t, w;
  pthread_atfork(before, after, after);
  pthread_key_create(&key, NULL);
  pthread_mutex_lock(&held);
  pthread_create(&w, NULL, works, NULL);
  pthread_create(&t, NULL, forks, NULL);
  pthread_join(t, NULL);
  fflush(stdout);
  int fds[2];
  if (pipe(fds)) return 1;
  pthread_create(&t, NULL, forks_and_ends, fds);
  pthread_join(t, NULL);
  if (write(fds[1], "x", 1) != 1) return 1;
  int status;
  printf("waited by another thread: %d", wait(&status) > 0);
  printf(", status %x\n", status);
  return 0;
}
