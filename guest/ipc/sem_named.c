// Named semaphores (sem_open(3)), which are files below /dev/shm: creation and its flags, one object in two processes, waiting
// with and without an end, the name removed while in use, and the errors of each call.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SHOW(x)                                                                   \
  do {                                                                            \
    errno = 0;                                                                    \
    long r_ = (long)(x);                                                          \
    if (r_ < 0) printf("%s: %s\n", #x, strerrorname_np(errno));                   \
    else printf("%s: %ld\n", #x, r_);                                             \
  } while (0)

static char name[64];

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  sprintf(name, "/sb-sem-%d", getpid());
  umask(022);
#define OPENS(...) (sem_open(__VA_ARGS__) == SEM_FAILED ? -1 : 0)
  SHOW(OPENS(name, 0));
  SHOW(OPENS("", O_CREAT, 0600, 1));
  SHOW(OPENS("/a/b", O_CREAT, 0600, 1));
  SHOW(OPENS(name, O_CREAT, 0600, 0x80000000u));
  sem_t *s = sem_open(name, O_CREAT | O_EXCL, 0666, 2);
  SHOW(OPENS(name, O_CREAT | O_EXCL, 0600, 1));
  printf("same object: %d\n", sem_open(name, O_CREAT, 0600, 9) == s);
  char path[80];
  sprintf(path, "/dev/shm/sem.%s", name + 1);
  struct stat st;
  SHOW(stat(path, &st));
  printf("mode %o, size %ld\n", st.st_mode, (long)st.st_size);
  int value;
  SHOW(sem_getvalue(s, &value));
  printf("value %d\n", value);
  SHOW(sem_wait(s));
  SHOW(sem_trywait(s));
  SHOW(sem_trywait(s));
  struct timespec past = {1, 0}, wrong = {1, 1000000000};
  SHOW(sem_timedwait(s, &past));
  SHOW(sem_timedwait(s, &wrong));
  if (fork() == 0) {
    sem_t *own = sem_open(name, 0);
    for (int i = 0; i < 3; i++) sem_post(own);
    sem_close(own);
    _exit(0);
  }
  for (int i = 0; i < 3; i++) SHOW(sem_wait(s));
  wait(NULL);
  SHOW(sem_unlink(name));
  SHOW(sem_unlink(name));
  SHOW(OPENS(name, 0));
  pid_t pid = fork();
  if (pid == 0) {
    sem_wait(s);
    printf("child went on\n");
    sem_post(s);
    _exit(0);
  }
  SHOW(sem_post(s));
  waitpid(pid, NULL, 0);
  sem_getvalue(s, &value);
  printf("value %d\n", value);
  SHOW(sem_close(s));
  return 0;
}
