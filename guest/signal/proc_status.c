// What /proc/PID/status and stat tell of signals (proc(5)): pending for the thread and the process, blocked, ignored and caught, in each
// thread; seccomp's mode and the number of filters.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void handler(int sig) { (void)sig; }
/* Not SigQ, which is of all processes of the user. */
static void status(const char *what, const char *path) {
  char line[256];
  printf("%s\n", what);
  FILE *file = fopen(path, "r");
  while (file != NULL && fgets(line, sizeof line, file)) {
    static const char *const wanted[] = {"SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt"};
    for (unsigned i = 0; i < sizeof wanted / sizeof *wanted; i++) if (strncmp(line, wanted[i], strlen(wanted[i])) == 0) printf("  %s", line);
  }
  if (file != NULL) fclose(file);
}
static int number(const char *name) {
  char line[256];
  int value = -1;
  FILE *file = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, file)) if (strncmp(line, name, strlen(name)) == 0) value = atoi(line + strlen(name));
  fclose(file);
  return value;
}
/* The first 31 signals once more, in decimal. */
static void stat(void) {
  char text[1024], *at, *rest;
  int fd = open("/proc/self/stat", O_RDONLY);
  long length = read(fd, text, sizeof text - 1);
  close(fd);
  text[length > 0 ? length : 0] = 0;
  at = strrchr(text, ')') + 2;
  int field = 3;
  for (char *word = strtok_r(at, " ", &rest); word; word = strtok_r(NULL, " ", &rest), field++)
    if (field >= 31 && field <= 34) printf("  stat, field %d: %s\n", field, word);
}
static void *thread(void *unused) {
  (void)unused;
  char path[64];
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  pthread_kill(pthread_self(), SIGHUP);
  sprintf(path, "/proc/self/task/%d/status", gettid());
  status("a thread", path);
  sprintf(path, "/proc/%d/status", getpid());
  status("its process", path);
  return NULL;
}
static void filter(void) {
  struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  struct sock_fprog program = {1, &allow};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  signal(SIGUSR1, handler), signal(SIGPIPE, SIG_IGN), signal(SIGRTMAX, handler), signal(SIGURG, SIG_IGN);
  status("at first", "/proc/self/status");
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR2), sigaddset(&set, SIGRTMIN), sigaddset(&set, 64), sigaddset(&set, SIGKILL);
  sigprocmask(SIG_BLOCK, &set, NULL);
  kill(getpid(), SIGUSR2), kill(getpid(), SIGRTMIN), raise(64);
  status("signals wait", "/proc/self/status");
  stat();
  pthread_t made;
  pthread_create(&made, NULL, thread, NULL);
  pthread_join(made, NULL);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    status("a child has none", "/proc/self/status");
    int before = number("Seccomp_filters:");
    filter(), filter();
    // There may have been one, of a container.
    printf("with filters: mode %d, %d more\n", number("Seccomp:"), number("Seccomp_filters:") - before);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  child = fork();
  if (child == 0) _exit(0);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  char path[64];
  sprintf(path, "/proc/%d/status", child);
  status("a zombie", path);
  waitpid(child, NULL, 0);
  return 0;
}
