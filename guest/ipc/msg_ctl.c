// Msgctl(2): IPC_STAT's fields step by step, IPC_SET of modes and msg_qbytes with EPERM above the limit for who is not root,
// MSG_STAT and MSG_STAT_ANY by slot, IPC_INFO and MSG_INFO, a limit on the count of empty messages, errors.
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

static int id;
struct message {
  long type;
  char text[64];
};

static void show(const char *when) {
  struct msqid_ds ds;
  if (msgctl(id, IPC_STAT, &ds)) {
    printf("%s: %s\n", when, strerrorname_np(errno));
    return;
  }
  printf("%s: mode %o, %lu messages, %lu bytes of %lu, sender %s, receiver %s, times %d %d %d\n", when, ds.msg_perm.mode, ds.msg_qnum,
         ds.__msg_cbytes, ds.msg_qbytes, ds.msg_lspid == getpid() ? "me" : ds.msg_lspid ? "another" : "none",
         ds.msg_lrpid == getpid() ? "me" : ds.msg_lrpid ? "another" : "none", ds.msg_stime != 0, ds.msg_rtime != 0, ds.msg_ctime != 0);
}

int main(void) {
  if (geteuid() == 0) {
    setgroups(0, NULL);
    uid_t uid = 30000 + getpid() % 10000;
    if (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) return 1;
  }
  struct message m = {1, "hello"};
  struct msqid_ds ds, any;
  id = msgget(IPC_PRIVATE, 0620);
  show("new");
  SHOW(msgsnd(id, &m, 6, 0));
  SHOW(msgsnd(id, &m, 10, 0));
  show("sent");
  if (fork() == 0) _exit(msgrcv(id, &m, 64, 0, 0) == 6 ? 0 : 1);
  wait(NULL);
  show("received by a child");
  msgctl(id, IPC_STAT, &ds);
  ds.msg_qbytes = 10;
  ds.msg_perm.mode = 0777;
  SHOW(msgctl(id, IPC_SET, &ds));
  show("set");
  SHOW(msgsnd(id, &m, 1, IPC_NOWAIT));
  SHOW(msgrcv(id, &m, 64, 0, 0));
  int empty = 0;
  while (msgsnd(id, &m, 0, IPC_NOWAIT) == 0) empty++;
  printf("%d empty ones, then %s\n", empty, strerrorname_np(errno));
  show("full of nothing");
  ds.msg_qbytes = 16384;
  SHOW(msgctl(id, IPC_SET, &ds));
  ds.msg_qbytes = 1 << 24;
  SHOW(msgctl(id, IPC_SET, &ds));
  int slot = id % 32768;
  printf("by slot: %s\n", msgctl(slot, MSG_STAT, &any) == id && any.msg_qnum == (unsigned)empty ? "found" : "no");
  ds.msg_qbytes = 16384;
  ds.msg_perm.mode = 0;
  SHOW(msgctl(id, IPC_SET, &ds));
  printf("hidden: %s\n", msgctl(slot, MSG_STAT, &any) == id ? "found" : strerrorname_np(errno));
  printf("hidden, any: %s\n", msgctl(slot, MSG_STAT_ANY, &any) == id ? "found" : strerrorname_np(errno));
  show("hidden");
  SHOW(msgsnd(id, &m, 1, IPC_NOWAIT));
  SHOW(msgrcv(id, &m, 64, 0, IPC_NOWAIT));
  struct msginfo info;
  SHOW(msgctl(0, IPC_INFO, (void *)&info) >= slot ? 0 : -1);
  printf("%d %d %d\n", info.msgpool, info.msgmap, info.msgssz);
  SHOW(msgctl(0, MSG_INFO, (void *)&info) >= slot ? 0 : -1);
  printf("%s %s\n", info.msgpool >= 1 ? "queues" : "none", info.msgmap >= empty ? "messages" : "few");
  SHOW(msgctl(id, IPC_SET, (void *)8));
  SHOW(msgctl(id, 77, &ds));
  SHOW(msgctl(-1, IPC_STAT, &ds));
  SHOW(msgctl(id, IPC_RMID, NULL));
  SHOW(msgctl(id, IPC_RMID, NULL));
  SHOW(msgsnd(id, &m, 1, 0));
  return 0;
}
