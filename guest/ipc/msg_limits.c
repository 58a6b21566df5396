// Limits and statistics of message queues (msgctl(2)): IPC_STAT's fields, IPC_SET, msg_qbytes, IPC_INFO, MSG_INFO, EAGAIN.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <time.h>
#include <unistd.h>

struct message {
  long type;
  char text[8192];
};
static struct message m = {1, ""};
static int queue;

static void show(const char *what) {
  struct msqid_ds d;
  time_t now = time(0);
  msgctl(queue, IPC_STAT, &d);
  printf("%s: num %lu bytes %lu of %lu mode %o, sent %d by me %d, received %d by me %d, changed %d\n", what, d.msg_qnum,
         d.__msg_cbytes, d.msg_qbytes, d.msg_perm.mode, d.msg_stime != 0, d.msg_lspid == getpid(), d.msg_rtime != 0,
         d.msg_lrpid == getpid(), d.msg_ctime > now - 100 && d.msg_ctime <= now + 1);
  printf("  owner %d %d creator %d %d, key %d\n", d.msg_perm.uid == geteuid(), d.msg_perm.gid == getegid(),
         d.msg_perm.cuid == geteuid(), d.msg_perm.cgid == getegid(), d.msg_perm.__key);
}

/* A number, or the name of the error. */
static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}

int main(void) {
  queue = msgget(IPC_PRIVATE, IPC_CREAT | 0640);
  show("new");
  msgsnd(queue, &m, 100, 0);
  show("one");
  int n = 1;
  while (msgsnd(queue, &m, 1000, IPC_NOWAIT) == 0) n++;
  printf("full after %d: %s\n", n, strerrorname_np(errno));
  show("full");
  printf("smaller one fits: %d\n", msgsnd(queue, &m, 200, IPC_NOWAIT));
  printf("received %ld\n", (long)msgrcv(queue, &m, 8192, 0, 0));
  show("after receive");
  struct msqid_ds d;
  msgctl(queue, IPC_STAT, &d);
  d.msg_qbytes = 500;
  d.msg_perm.mode = 01622;
  printf("set %d\n", msgctl(queue, IPC_SET, &d));
  show("after set");
  printf("now %s\n", result(msgsnd(queue, &m, 1, IPC_NOWAIT)));
  while (msgrcv(queue, &m, 8192, 0, IPC_NOWAIT) >= 0);
  printf("%s\n", strerrorname_np(errno));
  // Messages without text are limited too: as many as the queue has bytes.
  d.msg_qbytes = 5;
  msgctl(queue, IPC_SET, &d);
  for (n = 0; msgsnd(queue, &m, 0, IPC_NOWAIT) == 0; n++);
  printf("empty messages: %d %s\n", n, strerrorname_np(errno));
  struct msginfo i;
  memset(&i, 0xff, sizeof i);
  int slot = msgctl(0, IPC_INFO, (struct msqid_ds *)&i);
  printf("info %d: pool %d map %d max %d mnb %d mni %d ssz %d tql %d seg %d\n", slot >= 0, i.msgpool, i.msgmap, i.msgmax,
         i.msgmnb, i.msgmni, i.msgssz, i.msgtql, i.msgseg);
  slot = msgctl(0, MSG_INFO, (struct msqid_ds *)&i);
  printf("used %d: queues %d messages %d bytes %d\n", slot >= 0, i.msgpool >= 1, i.msgmap >= 5, i.msgtql >= 0);
  int found = 0;
  for (int s = 0; s <= slot; s++) found += msgctl(s, MSG_STAT, &d) == queue && d.msg_qnum == 5;
  printf("found by slot %d\n", found);
  printf("bad command %s\n", result(msgctl(queue, 77, &d)));
  printf("bad pointer %s\n", result(msgctl(queue, IPC_STAT, (void *)8)));
  msgctl(queue, IPC_RMID, 0);
  printf("gone %s\n", result(msgctl(queue, IPC_STAT, &d)));
  return 0;
}
