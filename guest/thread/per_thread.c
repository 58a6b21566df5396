// What each thread has of its own: name, mask, alternate stack, pending signals, credentials of raw calls, CPU time, its directory in /proc.
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static pthread_barrier_t both;
static int tid;
static char stack[16384];

static void read_file(const char *path, char *text, size_t size) {
  FILE *f = fopen(path, "r");
  size_t length = f == NULL ? 0 : fread(text, 1, size - 1, f);
  text[length] = 0;
  if (f != NULL) fclose(f);
}

static const char *field(char *status, const char *name, char *out) {
  char *at = strstr(status, name);
  if (at == NULL) return "?";
  sscanf(at + strlen(name), " %63[^\n]", out);
  return out;
}

static void *thread(void *arg) {
  (void)arg;
  tid = gettid();
  sigset_t mask;
  char name[16], value[64];
  prctl(PR_GET_NAME, name);
  printf("name at first: %s\n", name);
  prctl(PR_SET_NAME, "a name of its own");
  sigprocmask(SIG_SETMASK, NULL, &mask);
  printf("mask inherited: %d %d\n", sigismember(&mask, SIGUSR1), sigismember(&mask, SIGUSR2));
  sigaddset(&mask, SIGUSR2);
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  stack_t old, ss = {.ss_sp = stack, .ss_size = sizeof stack};
  sigaltstack(NULL, &old);
  printf("alternate stack: %d\n", old.ss_flags == SS_DISABLE);
  sigaltstack(&ss, NULL);
  pthread_barrier_wait(&both);
  syscall(SYS_tgkill, getpid(), tid, SIGUSR1);
  kill(getpid(), SIGUSR2);
  /* The raw calls change this thread alone. */
  syscall(SYS_setresgid, -1, geteuid() == 0 ? 12345 : -1, -1);
  setpriority(PRIO_PROCESS, 0, 4);
  pthread_barrier_wait(&both);
  pthread_barrier_wait(&both);
  char path[64], status[4096];
  snprintf(path, sizeof path, "/proc/thread-self/status");
  read_file(path, status, sizeof status);
  printf("thread-self: %d\n", atoi(field(status, "Pid:", value)) == tid);
  struct timespec own, process;
  for (volatile int i = 0; i < 100000; i++) {}
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &process);
  printf("CPU time: %s\n", own.tv_sec > process.tv_sec || (own.tv_sec == process.tv_sec && own.tv_nsec > process.tv_nsec) ? "more than the process's" : "part of the process's");
  clockid_t clock;
  printf("clock: %d\n", pthread_getcpuclockid(pthread_self(), &clock));
  printf("readable: %d\n", clock_gettime(clock, &own));
  return NULL;
}

int main(void) {
  pthread_t t;
  sigset_t mask;
  prctl(PR_SET_NAME, "main thread");
  pthread_barrier_init(&both, NULL, 2);
  sigemptyset(&mask);
  sigaddset(&mask, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &mask, NULL);
  stack_t ss = {.ss_sp = malloc(16384), .ss_size = 16384};
  sigaltstack(&ss, NULL);
  pthread_create(&t, NULL, thread, NULL);
  sigaddset(&mask, SIGUSR2);
  sigaddset(&mask, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &mask, NULL);
  pthread_barrier_wait(&both);
  pthread_barrier_wait(&both);
  sigset_t pending, blocked;
  sigpending(&pending);
  printf("pending here: %d %d\n", sigismember(&pending, SIGUSR1), sigismember(&pending, SIGUSR2));
  sigprocmask(SIG_SETMASK, NULL, &blocked);
  printf("blocked here: %d %d\n", sigismember(&blocked, SIGUSR1), sigismember(&blocked, SIGUSR2));
  stack_t now;
  sigaltstack(NULL, &now);
  printf("alternate stack: %d\n", now.ss_sp == ss.ss_sp);
  char name[16], path[64], text[4096], value[64];
  prctl(PR_GET_NAME, name);
  printf("name: %s\n", name);
  printf("group: %s\n", getegid() == 12345 ? "changed" : "as it was");
  errno = 0;
  printf("nice: %d\n", getpriority(PRIO_PROCESS, 0));
  printf("its nice: %d\n", getpriority(PRIO_PROCESS, tid));

  snprintf(path, sizeof path, "/proc/self/task/%d/comm", tid);
  read_file(path, text, sizeof text);
  printf("comm: %s", text);
  FILE *f = fopen(path, "w");
  fputs("renamed", f);
  fclose(f);
  read_file(path, text, sizeof text);
  printf("comm: %s", text);
  snprintf(path, sizeof path, "/proc/self/task/%d/status", tid);
  read_file(path, text, sizeof text);
  printf("Tgid: %d\n", atoi(field(text, "Tgid:", value)) == getpid());
  printf("Threads: %s\n", field(text, "Threads:", value));
  printf("SigPnd: %s\n", field(text, "SigPnd:", value));
  printf("ShdPnd: %s\n", field(text, "ShdPnd:", value));
  printf("SigBlk: %s\n", field(text, "SigBlk:", value));
  int count = 0;
  DIR *d = opendir("/proc/self/task");
  for (struct dirent *e; (e = readdir(d)) != NULL;) count += e->d_name[0] != '.';
  closedir(d);
  printf("tasks: %d\n", count);
  snprintf(path, sizeof path, "/proc/%d", tid);
  printf("found by its id: %d\n", access(path, F_OK) == 0);
  printf("no child of ours: %d\n", getpgid(tid) == getpgid(0));
  signal(SIGUSR2, SIG_IGN);
  pthread_barrier_wait(&both);
  pthread_join(t, NULL);
  return 0;
}
