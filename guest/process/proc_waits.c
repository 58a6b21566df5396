// /proc/PID/syscall, timers and timerslack_ns (proc_pid_syscall(5), proc_pid_timers(5), proc_pid_timerslack_ns(5)): the call that a
// task sleeps in with its arguments, stack and address; running and stopped tasks; timers with their clocks and whom they tell.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile long *place; /* Stack pointer, in shared memory. */

static long call(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("mov %%rsp, (%5)\n\tsyscall\n" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(place) : "rcx", "r11", "memory");
  return result;
}

static char text[4096];
static const char *get(pid_t pid, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  const int fd = open(path, O_RDONLY);
  if (fd < 0) return strerrorname_np(errno);
  const long length = read(fd, text, sizeof text - 1);
  if (length < 0) strcpy(text, strerrorname_np(errno));
  else text[length] = 0;
  close(fd);
  return text;
}
static char state_of(pid_t pid) {
  char state = 0;
  const char *stat = get(pid, "stat");
  sscanf(stat, "%*d %*s %c", &state);
  return state;
}
static void until(pid_t pid, char state) {
  while (state_of(pid) != state) usleep(200);
}

/* What the file says, with what is known of it. */
static void show(const char *what, pid_t pid, long first, long second) {
  long number, args[6], sp, ip;
  const char *line = get(pid, "syscall");
  const int read_ = sscanf(line, "%ld %lx %lx %lx %lx %lx %lx %lx %lx", &number, &args[0], &args[1], &args[2], &args[3], &args[4],
                           &args[5], &sp, &ip);
  printf("%s: %d numbers", what, read_);
  if (read_ == 9) printf(", call %ld, arguments %d %d, stack %d, after SYSCALL %d\n", number, args[0] == first, args[1] == second,
                         sp == *place, *(unsigned short *)(ip - 2) == 0x050f);
  else if (read_ > 0) printf(", %ld\n", number);
  else printf(", %s", line);
}

static void sleeper(const char *what, long number, long a, long b, int stop) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    call(number, a, b, 1);
    _exit(0);
  }
  until(child, 'S');
  show(what, child, a, b);
  if (stop) {
    kill(child, SIGSTOP);
    waitpid(child, NULL, WUNTRACED);
    show("  stopped", child, a, b);
  }
  kill(child, SIGKILL);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  waitpid(child, NULL, 0);
  if (stop) printf("  gone: %s\n", get(child, "syscall"));
}

int main(void) {
  place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int pipes[2];
  char byte;
  pipe(pipes);
  sleeper("read", SYS_read, pipes[0], (long)&byte, 1);
  sleeper("pause", SYS_pause, 7, 8, 1);
  const struct timespec long_ = {1000, 0};
  sleeper("nanosleep", SYS_nanosleep, (long)&long_, 0, 0);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0)
    for (;;) continue;
  until(child, 'R');
  printf("running: %s", get(child, "syscall"));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  long number;
  sscanf(get(getpid(), "syscall"), "%ld", &number);
  printf("self: %d\n", number == SYS_read);

  printf("no timers: '%s'\n", get(getpid(), "timers"));
  timer_t timer;
  struct sigevent event;
  memset(&event, 0, sizeof event);
  event.sigev_signo = SIGRTMIN, event.sigev_value.sival_int = 0x55;
  static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_BOOTTIME};
  for (int i = 0; i < 5; i++) {
    event.sigev_notify = i == 0 ? SIGEV_NONE : i == 3 ? SIGEV_THREAD_ID : SIGEV_SIGNAL;
    ((int *)&event)[4] = getpid();
    int id;
    syscall(SYS_timer_create, clocks[i], &event, &id);
  }
  int id;
  syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, &id);
  /* Without the number of the process. */
  for (const char *line = strtok((char *)get(getpid(), "timers"), "\n"); line != NULL; line = strtok(NULL, "\n")) {
    const char *dot = strncmp(line, "notify", 6) == 0 ? strchr(line, '.') : NULL;
    if (dot != NULL) printf("%.*s%s\n", (int)(dot - line), line, atoi(dot + 1) == getpid() ? " me" : " other");
    else printf("%s\n", line);
  }
  printf("slack: %s", get(getpid(), "timerslack_ns"));
  prctl(PR_SET_TIMERSLACK, 1234, 0, 0, 0);
  printf("set: %s", get(getpid(), "timerslack_ns"));
  const int slack = open("/proc/self/timerslack_ns", O_WRONLY);
  write(slack, "777\n", 4);
  printf("written: %s", get(getpid(), "timerslack_ns"));
  printf("bad: %s\n", write(slack, "7x", 2) < 0 ? strerrorname_np(errno) : "0");
  lseek(slack, 0, SEEK_SET);
  write(slack, "0", 1);
  printf("0: %d, %s", prctl(PR_GET_TIMERSLACK, 0, 0, 0, 0), get(getpid(), "timerslack_ns"));
  return 0;
}
