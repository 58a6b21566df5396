// Order in POSIX message queues under load: 10 messages of mixed priorities again and again against a sorted list of our own;
// equal priorities keep the order of arrival, whoever sent them (mq_send(3)).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct entry {
  unsigned priority;
  int number;
};

int main(void) {
  char name[64];
  sprintf(name, "/sb-mq-order-%d", getpid());
  struct mq_attr attr = {.mq_maxmsg = 10, .mq_msgsize = sizeof(int)};
  mqd_t q = mq_open(name, O_RDWR | O_CREAT | O_NONBLOCK, 0600, &attr);
  mq_unlink(name);
  struct entry list[10];
  int count = 0, next = 0, wrong = 0, sent = 0, received = 0;
  unsigned random = 1;
  for (int step = 0; step < 2000; step++) {
    random = random * 1103515245 + 12345;
    if (random >> 16 & 1) {
      unsigned priority = (random >> 20 & 3) * 10000;
      int r = mq_send(q, (char *)&next, sizeof next, priority);
      if ((r == 0) != (count < 10)) wrong++;
      if (r) continue;
      int at = count++;
      while (at > 0 && list[at - 1].priority < priority) list[at] = list[at - 1], at--;
      list[at] = (struct entry){priority, next++};
      sent++;
    } else {
      int number = -1;
      unsigned priority = 9;
      long n = mq_receive(q, (char *)&number, sizeof number, &priority);
      if ((n == sizeof number) != (count > 0)) wrong++;
      if (n < 0) continue;
      if (number != list[0].number || priority != list[0].priority) wrong++;
      memmove(list, list + 1, --count * sizeof list[0]);
      received++;
    }
  }
  printf("%d steps wrong, %s\n", wrong, sent > 500 && received > 500 ? "many moved" : "few moved");
  while (mq_receive(q, (char *)&next, sizeof next, NULL) >= 0);
  for (int i = 0; i < 5; i++) {
    pid_t pid = fork();
    if (pid == 0) _exit(mq_send(q, (char *)&i, sizeof i, i == 2 ? 7 : 5) ? 1 : 0);
    waitpid(pid, NULL, 0);
  }
  for (int i = 0; i < 5; i++) {
    unsigned priority;
    int number;
    mq_receive(q, (char *)&number, sizeof number, &priority);
    printf("%d at %u\n", number, priority);
  }
  return 0;
}
