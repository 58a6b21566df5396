// Which of several willing threads takes a signal for the process (complete_signal): the leader if it is one, else whoever took the last
// such signal, else the next behind that in the circle of threads (signal_struct's curr_target).
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4 };
static const char *const names[] = {"leader", "first", "second", "third"};
static volatile pid_t *tids; /* Shared with the process that asks; then what the threads shall do, and who took the signal. */
static volatile int *order, *taker, *serial;

static int me(void) {
  pid_t tid = gettid();
  for (int i = 0; i < THREADS; i++) if (tids[i] == tid) return i;
  return -1;
}
static void on_signal(int signo) {
  (void)signo;
  *taker = me();
}
/* SIGUSR2 wakes a thread, which then looks at its order. */
static void woken(int signo) { (void)signo; }
static void mask(int how) {
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR1);
  pthread_sigmask(how, &set, NULL);
}
static void *obey(void *number) {
  long i = (long)number;
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR2);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  tids[i] = gettid();
  for (;;) {
    sigset_t now;
    pthread_sigmask(SIG_BLOCK, NULL, &now);
    sigdelset(&now, SIGUSR2);
    sigsuspend(&now);
    char what = order[i];
    order[i] = 0;
    if (what == 'b') mask(SIG_BLOCK);
    if (what == 'u') mask(SIG_UNBLOCK);
    if (what == 'x') {
      if (i == 0) _exit(0);
      syscall(SYS_exit, 0);
    }
    if (what) ++*serial;
  }
  return NULL;
}

static char state(pid_t pid, pid_t tid) {
  char path[64], line[256], *at;
  sprintf(path, "/proc/%d/task/%d/stat", pid, tid);
  int fd = open(path, O_RDONLY);
  long length = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
  close(fd);
  line[length > 0 ? length : 0] = 0;
  return (at = strrchr(line, ')')) ? at[2] : '?';
}
static pid_t process;
static void settle(void) {
  for (int i = 0; i < THREADS; i++) while (tids[i] != 0 && state(process, tids[i]) != 'S') usleep(500);
}
static void tell(int thread, char what) {
  int before = *serial;
  order[thread] = what;
  syscall(SYS_tgkill, process, tids[thread], SIGUSR2);
  if (what == 'x') {
    if (thread == 0) return;
    while (state(process, tids[thread]) != '?') usleep(500);
    tids[thread] = 0;
  } else {
    while (*serial == before) usleep(500);
  }
  settle();
}
static void shoot(const char *what) {
  *taker = -1;
  kill(process, SIGUSR1);
  while (*taker < 0) usleep(500);
  printf("%s: %s\n", what, names[*taker]);
  settle();
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  tids = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  order = tids + 16, taker = tids + 32, serial = tids + 33;
  if ((process = fork()) == 0) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = woken;
    sigaction(SIGUSR2, &action, NULL);
    mask(SIG_BLOCK);
    for (long i = 1; i < THREADS; i++) {
      pthread_t thread;
      pthread_create(&thread, NULL, obey, (void *)i);
      while (tids[i] == 0) usleep(500);
    }
    for (long i = 1; i < THREADS; i++) order[i] = 'u', syscall(SYS_tgkill, getpid(), tids[i], SIGUSR2);
    obey(0);
  }
  while (*serial < THREADS - 1 || tids[0] == 0) usleep(500);
  settle();
  shoot("the leader blocks it");
  shoot("once more");
  tell(1, 'b');
  shoot("the first blocks it too");
  tell(1, 'u');
  shoot("no more");
  tell(2, 'b');
  shoot("the second does");
  tell(2, 'u');
  shoot("no more");
  tell(3, 'b');
  shoot("the third does");
  tell(0, 'u');
  shoot("the leader does no more");
  tell(0, 'b');
  shoot("it does again");
  tell(3, 'u');
  tell(1, 'x');
  shoot("the first is gone");
  tell(3, 'x');
  shoot("the third is gone");
  tell(0, 'x');
  int status;
  waitpid(process, &status, 0);
  printf("end %d\n", WEXITSTATUS(status));
  return 0;
}
