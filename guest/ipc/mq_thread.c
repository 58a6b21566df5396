// Notification of a POSIX message queue by a thread (mq_notify(3), SIGEV_THREAD), and what the C library builds it of: a cookie of
// 32 bytes that comes back on a netlink socket, its last byte telling of a message or of removal (ipc/mqueue.c).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static mqd_t q;
static sem_t done;
static long main_thread;

static void arrived(union sigval value) {
  char text[16] = "";
  long n = mq_receive(q, text, sizeof text, NULL);
  printf("thread: value %d, %ld '%s', another thread %d\n", value.sival_int, n, text, gettid() != main_thread);
  sem_post(&done);
}

static const char *result(long r) { return r < 0 ? strerrorname_np(errno) : "ok"; }

int main(void) {
  char name[64];
  sprintf(name, "/sb-mq-thread-%d", getpid());
  struct mq_attr attr = {.mq_maxmsg = 4, .mq_msgsize = 16};
  q = mq_open(name, O_RDWR | O_CREAT, 0600, &attr);
  mq_unlink(name);

  // By hand, before the library has a thread of its own.
  int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0), other = socket(AF_UNIX, SOCK_DGRAM, 0);
  char cookie[32] = "this is the cookie, 32 bytes..", back[40];
  struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_signo = sock, .sigev_value.sival_ptr = cookie};
  printf("ask: %s\n", result(syscall(SYS_mq_notify, q, &event)));
  printf("twice: %s\n", result(syscall(SYS_mq_notify, q, &event)));
  printf("nothing yet: %s\n", result(recv(sock, back, sizeof back, MSG_DONTWAIT)));
  mq_send(q, "x", 1, 0);
  long n = recv(sock, back, sizeof back, 0);
  printf("%ld bytes '%.30s' %d\n", n, back, back[31]);
  mq_receive(q, back, 16, NULL);
  printf("ask again: %s\n", result(syscall(SYS_mq_notify, q, &event)));
  printf("take back: %s\n", result(syscall(SYS_mq_notify, q, NULL)));
  n = recv(sock, back, sizeof back, 0);
  printf("%ld bytes '%.30s' %d\n", n, back, back[31]);
  event.sigev_signo = 999;
  printf("no descriptor: %s\n", result(syscall(SYS_mq_notify, q, &event)));
  event.sigev_signo = q;
  printf("no socket: %s\n", result(syscall(SYS_mq_notify, q, &event)));
  event.sigev_signo = other;
  printf("another family: %s\n", result(syscall(SYS_mq_notify, q, &event)));
  event.sigev_signo = sock;
  event.sigev_value.sival_ptr = (void *)8;
  printf("no cookie: %s\n", result(syscall(SYS_mq_notify, q, &event)));

  main_thread = gettid();
  sem_init(&done, 0, 0);
  struct sigevent by_thread = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = arrived};
  for (int i = 1; i <= 2; i++) {
    by_thread.sigev_value.sival_int = i;
    printf("by the library: %s\n", result(mq_notify(q, &by_thread)));
    mq_send(q, "message", 8, 0);
    sem_wait(&done);
  }
  return 0;
}
