// /proc/locks and the lock lines of /proc/PID/fdinfo: kinds, ranges, holders, and who is blocked by what (fs/locks.c:
// lock_get_status, locks_show; proc(5)).
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned long ino;
static pid_t parent, child;

static int compare(const void *a, const void *b) { return strcmp(a, b); }

/* The lines about our file, without numbers that differ from run to run, in alphabetical order. */
static void show(const char *path, const char *prefix) {
  static char lines[16][128];
  char line[256], inode[32];
  int count = 0;
  sprintf(inode, ":%lu ", ino);
  FILE *f = fopen(path, "r");
  while (fgets(line, sizeof line, f)) {
    if (strncmp(line, prefix, strlen(prefix)) || !strstr(line, inode)) continue;
    char *text = strchr(line + strlen(prefix), ':') + 1, *number = strstr(text, inode), *pid = number;
    while (pid[-1] != ' ') pid--;
    pid -= 2;
    while (pid[-1] != ' ') pid--;
    int who = atoi(pid);
    sprintf(lines[count++], "%.*s%s%s", (int)(pid - text), text,
            who == parent ? "parent" : who == child ? "child" : who == -1 ? "nobody" : "another", strchr(number + 1, ' '));
  }
  fclose(f);
  qsort(lines, count, sizeof lines[0], compare);
  for (int i = 0; i < count; i++) printf("%s", lines[i]);
}

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

int main(void) {
  char path[] = "/tmp/sb-proclocks-XXXXXX", info[64];
  int a = mkstemp(path), b = open(path, O_RDWR);
  struct stat st;
  fstat(a, &st);
  ino = st.st_ino;
  parent = getpid();
  sprintf(info, "/proc/self/fdinfo/%d", a);

  show("/proc/locks", "");
  flock(a, LOCK_EX);
  struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 20};
  fcntl(a, F_SETLK, &l);
  l.l_start = 100, l.l_len = 0, l.l_type = F_RDLCK;
  fcntl(b, F_OFD_SETLK, &l);
  l.l_start = 50, l.l_len = 1;
  fcntl(b, F_SETLK, &l);
  printf("all\n");
  show("/proc/locks", "");
  printf("by descriptor\n");
  show(info, "lock:\t");
  fflush(stdout);
  child = fork();
  if (child == 0) {
    struct flock wait = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 25, .l_len = 1};
    fcntl(b, F_SETLKW, &wait);
    _exit(0);
  }
  sleeping(child);
  printf("with a waiting child\n");
  show("/proc/locks", "");
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  close(a);
  printf("closed\n");
  show("/proc/locks", "");
  unlink(path);
  return 0;
}
