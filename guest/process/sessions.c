// Sessions and process groups (setsid(2), setpgid(2)): who may call what, EPERM, ESRCH, EACCES after the child's exec,
// EINVAL, inheritance by fork and exec.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

static void show(const char *what, long r) {
  int e = errno;
  printf("%s: %s\n", what, r < 0 ? strerrorname_np(e) : "ok");
}

int main(int argc, char **argv) {
  if (argc > 1) {
    int fd = atoi(argv[1]), in = atoi(argv[2]);
    char c;
    printf("after exec: same group %d, same session %d\n", getpgrp() == atoi(argv[3]), getsid(0) == atoi(argv[4]));
    fflush(stdout);
    if (write(fd, "x", 1) != 1 || read(in, &c, 1) != 1) return 1;
    return 0;
  }
  fflush(stdout);
  int out[2], back[2], status;
  char c;
  if (pipe(out) || pipe(back)) return 1;
  pid_t child = fork();
  if (child == 0) {
    pid_t me = getpid();
    printf("child: group is the parent's %d, session too %d\n", getpgrp() == getpgid(getppid()), getsid(0) == getsid(getppid()));
    show("setsid", setsid());
    printf("leader of session %d and group %d\n", getsid(0) == me, getpgrp() == me);
    show("setsid again", setsid());
    show("setpgid of a session leader", setpgid(0, 0));
    fflush(stdout);
    pid_t grandchild = fork();
    if (grandchild == 0) {
      printf("grandchild: group %d session %d\n", getpgrp() == me, getsid(0) == me);
      show("own group", setpgid(0, 0));
      printf("leader of it: %d, session stays %d\n", getpgrp() == getpid(), getsid(0) == me);
      show("setsid as group leader", setsid());
      show("back to the old one", setpgid(0, me));
      show("again in it", getpgrp() == me ? 0 : -1);
      fflush(stdout);
      char a[5][16];
      snprintf(a[0], 16, "%d", out[1]), snprintf(a[1], 16, "%d", back[0]);
      snprintf(a[2], 16, "%d", getpgrp()), snprintf(a[3], 16, "%d", getsid(0));
      execl((char *)getauxval(AT_EXECFN), "again", a[0], a[1], a[2], a[3], NULL);
      _exit(1);
    }
    if (read(out[0], &c, 1) != 1) _exit(1);
    show("setpgid after its exec", setpgid(grandchild, grandchild));
    if (write(back[1], "y", 1) != 1) _exit(1);
    waitpid(grandchild, &status, 0);
    show("setpgid of a reaped child", setpgid(grandchild, grandchild));
    show("getsid of it", getsid(grandchild));
    show("getpgid of it", getpgid(grandchild));
    fflush(stdout);
    _exit(WEXITSTATUS(status));
  }
  waitpid(child, &status, 0);
  printf("exit %d\n", WEXITSTATUS(status));

  // The parent may move its children between groups of the session, before they exec.
  pid_t one = fork();
  if (one == 0)
    for (;;) pause();
  pid_t two = fork();
  if (two == 0)
    for (;;) pause();
  show("first into its own group", setpgid(one, one));
  show("second into the first's", setpgid(two, one));
  printf("so it is: %d %d\n", getpgid(one) == one, getpgid(two) == one);
  show("a group that does not exist", setpgid(two, 0x3fffffff));
  show("a negative group", setpgid(two, -1));
  show("no such process", setpgid(0x3fffffff, 0));
  kill(-one, 9);
  waitpid(one, &status, 0);
  waitpid(two, &status, 0);
  show("join a group that died", setpgid(0, one));
  return 0;
}
