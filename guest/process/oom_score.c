// How much a process offers itself when memory is short (proc_pid_oom_score_adj(5); fs/proc/base.c, __set_oom_adj): range, the older
// scale, what children and new programs have of it, who may take it back; and what the kernel does for seccomp, as sysctls tell.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *get(const char *path) {
  static char text[4][200];
  static int turn;
  char *into = text[turn++ & 3];
  const int fd = open(path, O_RDONLY);
  const int n = read(fd, into, 199);
  close(fd);
  if (n < 0) return strerrorname_np(errno);
  into[n] = 0;
  into[strcspn(into, "\n")] = 0;
  return into;
}
static const char *put(const char *path, const char *text) {
  const int fd = open(path, O_WRONLY);
  if (fd < 0) return strerrorname_np(errno);
  const int n = write(fd, text, strlen(text));
  const int error = errno;
  close(fd);
  return n < 0 ? strerrorname_np(error) : "0";
}
#define ADJ "/proc/self/oom_score_adj"
#define OLD "/proc/self/oom_adj"
static void show(const char *what) {
  const int score = atoi(get("/proc/self/oom_score"));
  printf("%s: %s, %s", what, get(ADJ), get(OLD));
  // It is 2/3 of 1000 with what memory it has, in thousandths of the machine's.
  printf(", score about right %d\n", abs(score - (1000 + atoi(get(ADJ))) * 2 / 3) < 100);
}
static void *thread(void *unused) {
  put(ADJ, "77");
  return NULL;
}

int main(int argc, char **argv) {
  if (argc > 1) {
    show("a new program");
    return 0;
  }
  struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct d[2];
  syscall(SYS_capget, &h, d);
  d[0].effective &= ~(1u << CAP_SYS_RESOURCE);
  syscall(SYS_capset, &h, d);
  show("at first");
  const char *values[] = {"500\n", "  600  ", "1000", "1001", "-1001", "x", "", "5x", "0x10", "+3", "0", "1", "-1", "-1000", "100 200"};
  for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
    printf("'%.*s' %s", (int)strcspn(values[i], "\n"), values[i], put(ADJ, values[i]));
    printf(" -> %s %s\n", get(ADJ), get(OLD));
  }
  const char *olds[] = {"15", "16", "8", "-17", "-18", "3", "0", "x", "14"};
  for (unsigned i = 0; i < sizeof olds / sizeof *olds; i++) {
    printf("old '%s' %s", olds[i], put(OLD, olds[i]));
    printf(" -> %s %s\n", get(ADJ), get(OLD));
  }
  put(ADJ, "300");
  show("now");
  fflush(stdout);
  if (fork() == 0) {
    show("a child");
    put(ADJ, "400");
    fflush(stdout);
    char *args[] = {argv[0], "again", NULL};
    execv((char *)getauxval(AT_EXECFN), args);
  }
  wait(NULL);
  show("not the parent");
  pthread_t other;
  pthread_create(&other, NULL, thread, NULL);
  pthread_join(other, NULL);
  show("threads share it");
  int ready[2], go[2];
  pipe(ready), pipe(go);
  fflush(stdout);
  const pid_t child = fork();
  char byte;
  if (child == 0) {
    read(go[0], &byte, 1);
    show("by another");
    fflush(stdout);
    _exit(0);
  }
  char path[40];
  sprintf(path, "/proc/%d/oom_score_adj", child);
  printf("another's %s\n", put(path, "888"));
  fflush(stdout);
  write(go[1], "x", 1);
  waitpid(child, NULL, 0);
  printf("seccomp: %s\n", get("/proc/sys/kernel/seccomp/actions_avail"));
  return 0;
}
