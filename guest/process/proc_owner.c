// Whose the files of /proc/PID are, and who may open, list, follow and write them (proc(5), "Dumpable"; task_dump_owner and
// ptrace_may_access in fs/proc): root, another user, a process that may not be dumped, a parent of another user, a child.
// capabilities: setuid setgid kill
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *outcome(long r) { return r < 0 ? strerrorname_np(errno) : "ok"; }
static void show(const char *what, int pid) {
  static const char *const files[] = {
      ".",      "environ",  "mem",      "maps",      "status",        "statm",         "cmdline",       "auxv", "comm",
      "fd",     "fd/100",   "exe",      "cwd",       "root",          "task",          "limits",        "syscall", "wchan",
      "timers", "ns",       "ns/uts",   "fdinfo",    "fdinfo/100",    "mountinfo",     "personality",   "smaps", "net",
      "mounts", "oom_score_adj", "timerslack_ns", "coredump_filter"};
  printf("%s:\n", what);
  for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
    char path[80], text[80];
    sprintf(path, "/proc/%d/%s", pid, files[i]);
    struct stat st = {0};
    printf("  %s: stat %s", files[i], outcome(lstat(path, &st)));
    printf(" root's %d mode %o", st.st_uid == 0 && st.st_gid == 0, st.st_mode & 07777);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    printf(", open %s", outcome(fd));
    if (fd >= 0 && !S_ISDIR(st.st_mode)) printf(", read %s", outcome(read(fd, text, sizeof text)));
    if (fd >= 0) close(fd);
    if (S_ISLNK(st.st_mode)) printf(", text %s", outcome(readlink(path, text, sizeof text)));
    fd = open(path, O_WRONLY | O_NONBLOCK);
    printf(", write %s\n", outcome(fd));
    if (fd >= 0) close(fd);
  }
  char path[40], line[2000] = "";
  sprintf(path, "/proc/%d/stat", pid);
  const int fd = open(path, O_RDONLY);
  read(fd, line, sizeof line - 1);
  close(fd);
  char *at = strrchr(line, ')') + 2;
  printf("  places shown:");
  for (int field = 3; field <= 51; field++, at = strchr(at, ' ') + 1)
    if ((field >= 26 && field <= 28) || field >= 45) {
      const long value = atol(at);
      printf(" %s", value > 1 ? "some" : value ? "1" : "0");
    }
  printf("\n");
}

int main(void) {
  static char buffer[1 << 17];
  setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
  int ends[2];
  pipe(ends);
  dup2(ends[0], 100);
  chdir("/");
  show("root", getpid());
  prctl(PR_SET_DUMPABLE, 0);
  show("root, not dumpable", getpid());
  prctl(PR_SET_DUMPABLE, 1);
  fflush(stdout);
  if (fork() == 0) {
    setgid(65534);
    setuid(65534);
    show("another user, not dumpable", getpid());
    show("its parent of root", getppid());
    prctl(PR_SET_DUMPABLE, 1);
    show("another user", getpid());
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
      pause();
      _exit(0);
    }
    show("its child", child);
    kill(child, SIGKILL);
    siginfo_t info;
    waitid(P_PID, child, &info, WEXITED | WNOWAIT);
    struct stat st;
    char path[40];
    sprintf(path, "/proc/%d/status", child);
    stat(path, &st);
    printf("of one that ended root's %d\n", st.st_uid == 0);
    waitpid(child, NULL, 0);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  return 0;
}
