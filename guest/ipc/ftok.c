// Keys by ftok(3): from inode, device and project number; the same for every name of a file, another for another project; processes
// that agree on a file meet at one queue; ENOENT.
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

int main(void) {
  char path[] = "/tmp/sb-ftok-XXXXXX", other[64];
  close(mkstemp(path));
  sprintf(other, "%s-link", path);
  if (link(path, other)) return 1;
  struct stat st;
  stat(path, &st);
  key_t key = ftok(path, 'q');
  printf("made of %s\n", key == (key_t)((st.st_ino & 0xffff) | (st.st_dev & 0xff) << 16 | (unsigned)'q' << 24) ? "its parts" : "something else");
  printf("other name: %s\n", ftok(other, 'q') == key ? "same" : "another");
  printf("other project: %s\n", ftok(path, 'r') == key ? "same" : "another");
  printf("only eight bits: %s\n", ftok(path, 'q' + 256) == key ? "same" : "another");
  printf("missing: %d %s\n", ftok("/no/such/file", 1), strerrorname_np(errno));
  struct {
    long type;
    char text[16];
  } m = {3, "by key"};
  int id = msgget(key, IPC_CREAT | 0600);
  fflush(stdout);
  if (fork() == 0) {
    msgsnd(msgget(ftok(other, 'q'), 0), &m, 7, 0);
    _exit(0);
  }
  m.text[0] = 0;
  long n = msgrcv(id, &m, 16, 0, 0);
  printf("%ld '%s'\n", n, m.text);
  wait(NULL);
  msgctl(id, IPC_RMID, NULL);
  printf("removed: %s\n", msgget(key, 0) < 0 ? strerrorname_np(errno) : "there");
  unlink(path);
  unlink(other);
  return 0;
}
