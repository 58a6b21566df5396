// Blocking on message queues (ipc/msg.c): hand-off to sleeping receivers, senders waiting for room, EIDRM, EINTR, E2BIG.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/wait.h>
#include <unistd.h>

struct message {
  long type;
  char text[8192];
};
static struct message m;
static int queue, out[2];

static void sleeping(pid_t pid) {
  for (;;) {
    char path[64], text[512] = "";
    sprintf(path, "/proc/%d/stat", pid);
    int fd = open(path, O_RDONLY);
    if (read(fd, text, sizeof text - 1) < 0) exit(9);
    close(fd);
    char *state = strrchr(text, ')');
    if (state && state[2] == 'S') return;
    sched_yield();
  }
}

static void tell(const char *format, long a, const char *b) {
  char line[128];
  int n = sprintf(line, format, a, b);
  if (write(out[1], line, n) != n) exit(8);
}

static pid_t receiver(size_t room, long type, int flags) {
  pid_t pid = fork();
  if (pid == 0) {
    long r = msgrcv(queue, &m, room, type, flags);
    tell("got %ld %s\n", r, r < 0 ? strerrorname_np(errno) : m.text);
    _exit(0);
  }
  sleeping(pid);
  return pid;
}

static pid_t sender(long type, size_t length, char c) {
  pid_t pid = fork();
  if (pid == 0) {
    m.type = type;
    memset(m.text, c, length);
    long r = msgsnd(queue, &m, length, 0);
    char what[2] = {c, 0};
    tell("sent %ld %s\n", r, r < 0 ? strerrorname_np(errno) : what);
    _exit(0);
  }
  sleeping(pid);
  return pid;
}

static void put(long type, const char *text) {
  m.type = type;
  strcpy(m.text, text);
  if (msgsnd(queue, &m, strlen(text) + 1, 0) != 0) perror("msgsnd");
}

static void next(char *at) {
  do {
    if (read(out[0], at, 1) != 1) exit(7);
  } while (*at++ != '\n');
  *at = 0;
}

static void line(void) {
  char text[128];
  next(text);
  printf("%s", text);
}

/* Two that go on at the same time may speak in any order. */
static void two_lines(void) {
  char a[128], b[128];
  next(a), next(b);
  printf("%s%s", strcmp(a, b) < 0 ? a : b, strcmp(a, b) < 0 ? b : a);
}

static void handler(int sig) { (void)sig; }

int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  if (pipe(out)) return 1;
  queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  // Receivers for different types: each gets its own, whatever came first.
  receiver(100, 5, 0);
  receiver(100, -3, 0);
  receiver(100, 5, MSG_EXCEPT);
  put(5, "five");
  line();
  put(7, "seven");
  line();
  put(2, "two");
  line();
  // Of several who want the same, the first in line.
  for (int i = 0; i < 3; i++) receiver(100, 0, 0);
  struct msqid_ds d;
  for (int i = 0; i < 3; i++) {
    char text[2] = {'a' + i, 0};
    put(1, text);
    line();
  }
  msgctl(queue, IPC_STAT, &d);
  printf("left %lu\n", d.msg_qnum);
  // One with too little room is sent away with E2BIG, and the message goes to the next.
  receiver(2, 0, 0);
  pid_t second = receiver(100, 0, 0);
  put(1, "long text");
  two_lines();
  // Truncation is no error with MSG_NOERROR.
  receiver(4, 0, MSG_NOERROR);
  put(1, "abcdefgh");
  line();
  // Senders wait for room, and go on when there is some.
  m.type = 1;
  while (msgsnd(queue, &m, 4096, IPC_NOWAIT) == 0);
  sender(2, 4096, 'x');
  msgrcv(queue, &m, 8192, 1, 0);
  line();
  sender(3, 4096, 'y');
  // A larger queue makes room as well.
  msgctl(queue, IPC_STAT, &d);
  printf("full: %lu of %lu\n", d.__msg_cbytes, d.msg_qbytes);
  while (msgrcv(queue, &m, 8192, 1, IPC_NOWAIT) > 0);
  line();
  while (msgrcv(queue, &m, 8192, 0, IPC_NOWAIT) > 0);
  // Signals end both with EINTR, even with SA_RESTART.
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &sa, 0);
  second = receiver(100, 0, 0);
  kill(second, SIGUSR1);
  line();
  m.type = 1;
  while (msgsnd(queue, &m, 4096, IPC_NOWAIT) == 0);
  second = sender(3, 4096, 'z');
  kill(second, SIGUSR1);
  line();
  // Without a handler the call goes on when the process continues.
  while (msgrcv(queue, &m, 8192, 0, IPC_NOWAIT) > 0);
  second = receiver(100, 0, 0);
  kill(second, SIGSTOP);
  int status;
  waitpid(second, &status, WUNTRACED);
  put(1, "for a stopped one");
  kill(second, SIGCONT);
  line();
  // Removal wakes all.
  receiver(100, 0, 0);
  receiver(100, 4, 0);
  msgctl(queue, IPC_RMID, 0);
  two_lines();
  while (wait(&status) > 0);
  return 0;
}
