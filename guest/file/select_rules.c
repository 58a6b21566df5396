// Select(2) and pselect(2): limits of nfds, EBADF, sets rewritten or left alone, what timeouts become, huge and wrong ones, hang-up
// as readable, a regular file as always ready, pselect's mask and unchanged timeout, EINTR.
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

static volatile int handled;
static fd_set r, w, e;

static void sets(int readable, int writable, int exceptional) {
  FD_ZERO(&r);
  FD_ZERO(&w);
  FD_ZERO(&e);
  FD_SET(readable, &r);
  FD_SET(writable, &w);
  FD_SET(exceptional, &e);
}

static void on_signal(int sig) {
  (void)sig;
  handled++;
}

int main(void) {
  int p[2], q[2];
  if (pipe(p) || pipe(q)) return 1;
  struct timeval now = {0, 0}, tv;
  struct timespec none = {0, 0}, ts;
  sets(p[0], p[1], p[0]);
  SHOW(select(p[1] + 1, &r, &w, &e, &now));
  printf("%d %d %d\n", FD_ISSET(p[0], &r), FD_ISSET(p[1], &w), FD_ISSET(p[0], &e));
  sets(p[0], p[1], p[0]);
  SHOW(select(p[1], &r, &w, &e, &now));
  SHOW(select(-1, &r, &w, &e, &now));
  SHOW(select(0, NULL, NULL, NULL, &now));
  sets(p[0], p[1], p[0]);
  FD_SET(900, &r);
  SHOW(select(901, &r, &w, &e, &now));
  printf("left alone %d %d\n", FD_ISSET(900, &r), FD_ISSET(p[1], &w));
  SHOW(select(900, &r, &w, &e, &now));
  SHOW(select(1 << 20, NULL, NULL, NULL, &now));
  SHOW(select(p[1] + 1, (void *)8, NULL, NULL, &now));
  tv = (struct timeval){-1, 0};
  SHOW(select(0, NULL, NULL, NULL, &tv));
  ts = (struct timespec){0, 1000000000};
  SHOW(pselect(0, NULL, NULL, NULL, &ts, NULL));
  tv = (struct timeval){0, 2000};
  SHOW(select(0, NULL, NULL, NULL, &tv));
  printf("left %ld.%06ld\n", (long)tv.tv_sec, (long)tv.tv_usec);
  if (write(p[1], "x", 1) != 1) return 1;
  sets(p[0], p[1], p[0]);
  tv = (struct timeval){100, 0};
  SHOW(select(p[1] + 1, &r, &w, &e, &tv));
  printf("left %s\n", tv.tv_sec == 99 || tv.tv_sec == 100 ? "most" : "less");
  ts = (struct timespec){100, 5};
  SHOW(pselect(p[1] + 1, &r, NULL, NULL, &ts, NULL));
  printf("left %ld.%09ld\n", (long)ts.tv_sec, ts.tv_nsec);
  close(q[1]);
  FD_ZERO(&r);
  FD_SET(q[0], &r);
  SHOW(select(q[0] + 1, &r, NULL, NULL, NULL));
  close(p[0]);
  FD_ZERO(&w);
  FD_SET(p[1], &w);
  SHOW(select(p[1] + 1, NULL, &w, NULL, NULL));
  int file = open("/tmp", O_TMPFILE | O_RDWR, 0600);
  sets(file, file, file);
  SHOW(select(file + 1, &r, &w, &e, NULL));
  printf("%d %d %d\n", FD_ISSET(file, &r), FD_ISSET(file, &w), FD_ISSET(file, &e));

  struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &act, NULL);
  sigset_t set, empty;
  sigemptyset(&empty);
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGUSR1);
  SHOW(pselect(0, NULL, NULL, NULL, NULL, &empty));
  printf("handled %d\n", handled);
  raise(SIGUSR1);
  SHOW(pselect(0, NULL, NULL, NULL, &none, NULL));
  printf("handled %d\n", handled);
  sets(file, file, file);
  SHOW(pselect(file + 1, &r, NULL, NULL, NULL, &empty));
  printf("handled %d\n", handled);
  return 0;
}
