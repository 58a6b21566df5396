// Message queues (msgop(2)): order, selection by type, MSG_EXCEPT, MSG_NOERROR, MSG_COPY, the errors of each.
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif

struct message {
  long type;
  char text[64];
};
static int queue;

static void put(long type, const char *text) {
  struct message m = {.type = type};
  strcpy(m.text, text);
  int r = msgsnd(queue, &m, strlen(text), IPC_NOWAIT);
  printf("snd %ld %s: %d %s\n", type, text, r, r < 0 ? strerrorname_np(errno) : "");
}

static void get(size_t room, long type, int flags) {
  struct message m = {.type = -77};
  memset(m.text, '.', sizeof m.text);
  long r = msgrcv(queue, &m, room, type, flags | IPC_NOWAIT);
  printf("rcv room %zu type %ld flags %#x: %ld ", room, type, flags, r);
  if (r < 0) printf("%s\n", strerrorname_np(errno));
  else printf("type %ld [%.*s]\n", m.type, (int)r + 2, m.text);
}

/* A number, or the name of the error. */
static const char *result(long r) {
  static char text[32];
  if (r == -1) return strerrorname_np(errno);
  sprintf(text, "%ld", r);
  return text;
}

int main(void) {
  queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  put(3, "three-a");
  put(1, "one-a");
  put(2, "two-a");
  put(3, "three-b");
  put(5, "five");
  put(1, "one-b");
  put(LONG_MAX, "max");
  get(64, 2, MSG_COPY);
  get(64, 0, MSG_COPY);
  get(64, 99, MSG_COPY);
  get(3, 0, MSG_COPY);
  get(3, 0, MSG_COPY | MSG_NOERROR);
  get(64, 0, MSG_COPY | MSG_EXCEPT);
  get(64, -4, 0);
  get(64, -4, 0);
  get(64, 3, MSG_EXCEPT);
  get(3, 3, 0);
  get(3, 3, MSG_NOERROR);
  get(64, 4, 0);
  get(64, -1, 0);
  get(0, 5, MSG_NOERROR);
  get(64, LONG_MIN, 0);
  get(64, 0, 0);
  get(64, 0, 0);
  put(0, "zero type");
  put(-1, "negative type");
  put(7, "");
  get(0, 7, 0);
  struct message m = {1, "x"};
  errno = 0;
  printf("copy without nowait: %s\n", result((long)msgrcv(queue, &m, 4, 0, MSG_COPY)));
  printf("size too large: %s\n", result(msgsnd(queue, &m, 8193, IPC_NOWAIT)));
  printf("size negative: %s\n", result(msgsnd(queue, &m, -1, IPC_NOWAIT)));
  printf("receive size negative: %s\n", result((long)msgrcv(queue, &m, -1, 0, IPC_NOWAIT)));
  printf("bad pointer: %s\n", result(msgsnd(queue, (void *)8, 4, IPC_NOWAIT)));
  printf("bad queue: %s\n", result(msgsnd(queue ^ 0x3f, &m, 4, IPC_NOWAIT)));
  printf("negative queue: %s\n", result(msgsnd(-1, &m, 4, IPC_NOWAIT)));
  // A message whose receiver's buffer is bad is lost.
  put(9, "lost");
  printf("receive to a bad pointer: %s\n", result((long)msgrcv(queue, (void *)8, 64, 9, IPC_NOWAIT)));
  get(64, 9, 0);
  printf("rmid %s\n", result(msgctl(queue, IPC_RMID, 0)));
  printf("again %s\n", result(msgctl(queue, IPC_RMID, 0)));
  return 0;
}
