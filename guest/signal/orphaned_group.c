// Orphaned process groups (POSIX 3.264, is_orphaned_pgrp): SIGTSTP, SIGTTIN and SIGTTOU do not stop their members; when
// a group with a stopped member becomes orphaned it gets SIGHUP and then SIGCONT (kill_orphaned_pgrp).
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int out[2];
static void say(char c) {
  if (write(out[1], &c, 1) != 1) _exit(9);
}
static void handler(int sig) { say(sig == SIGHUP ? 'H' : 'C'); }

int main(void) {
  if (pipe(out)) return 1;
  prctl(PR_SET_CHILD_SUBREAPER, 1);

  // A leader of a new session is alone: its group is orphaned from the start.
  pid_t child = fork();
  if (child == 0) {
    setsid();
    raise(SIGTSTP);
    raise(SIGTTIN);
    raise(SIGTTOU);
    _exit(4);
  }
  int status;
  waitpid(child, &status, WUNTRACED);
  printf("stop signals in an orphaned group: %s %d\n", WIFSTOPPED(status) ? "stopped" : "exit", WEXITSTATUS(status));
  fflush(stdout);

  // Session leader S, its child P, and P's child C in a group of its own. While P lives, C's group is not orphaned.
  pid_t session = fork();
  if (session == 0) {
    setsid();
    pid_t p = fork();
    if (p == 0) {
      pid_t c = fork();
      if (c == 0) {
        setpgid(0, 0);
        signal(SIGHUP, handler);
        signal(SIGCONT, handler);
        say('s');
        raise(SIGTSTP);
        say('x');
        _exit(6);
      }
      waitpid(c, &status, WUNTRACED);
      say(WIFSTOPPED(status) ? 'T' : '?');
      _exit(0);  // Orphans C's group: SIGHUP, SIGCONT.
    }
    waitpid(p, &status, 0);
    // C's new parent is outside this session, so that S need not live on.
    _exit(0);
  }
  waitpid(session, &status, 0);
  pid_t c = waitpid(-1, &status, 0);
  printf("the orphan came to us: %d, exit %d\n", c > 0, WEXITSTATUS(status));
  char text[16] = "";
  long n = read(out[0], text, sizeof text);
  printf("%ld events: %.*s\n", n, (int)n, text);
  return 0;
}
