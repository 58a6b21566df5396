// Stop and continue (wait(2), signal(7)): WUNTRACED and WCONTINUED report each change once; SIGCONT resumes even when
// blocked or ignored, its handler runs after; stop signals but SIGSTOP can be caught, blocked or ignored.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int out[2];
static void handler(int sig) {
  char c = 'A' + sig;
  if (write(out[1], &c, 1) != 1) _exit(9);
}

static char heard(void) {
  char c = 0;
  if (read(out[0], &c, 1) != 1) return '!';
  return c;
}

static void change(const char *what, pid_t child, int options) {
  int status = 0;
  pid_t r = waitpid(child, &status, options);
  if (r <= 0) {
    printf("%s: %s\n", what, r ? strerrorname_np(errno) : "nothing");
  } else if (WIFSTOPPED(status)) {
    printf("%s: stopped by %d, raw %#x\n", what, WSTOPSIG(status), status);
  } else if (WIFCONTINUED(status)) {
    printf("%s: continued, raw %#x\n", what, status);
  } else if (WIFSIGNALED(status)) {
    printf("%s: killed by %d\n", what, WTERMSIG(status));
  } else {
    printf("%s: exit %d\n", what, WEXITSTATUS(status));
  }
}

int main(void) {
  if (pipe(out)) return 1;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    setpgid(0, 0);
    signal(SIGCONT, handler);
    signal(SIGTTOU, handler);
    signal(SIGTTIN, SIG_IGN);
    if (write(out[1], "r", 1) != 1) _exit(9);
    for (;;) pause();
  }
  printf("ready %c\n", heard());
  kill(child, SIGSTOP);
  change("SIGSTOP", child, WUNTRACED);
  change("reported once", child, WUNTRACED | WNOHANG);
  kill(child, SIGSTOP);  // No news: it is stopped already.
  change("stop again", child, WUNTRACED | WNOHANG);
  kill(child, SIGCONT);
  change("SIGCONT", child, WCONTINUED);
  change("reported once", child, WCONTINUED | WNOHANG);
  printf("handler says %d\n", heard() - 'A');
  kill(child, SIGCONT);  // Not stopped: only the handler runs.
  printf("handler says %d\n", heard() - 'A');
  change("no continue", child, WCONTINUED | WNOHANG);
  kill(child, SIGTSTP);
  change("SIGTSTP", child, WUNTRACED | WCONTINUED);
  kill(child, SIGTTIN);  // Ignored, and does not even wait.
  kill(child, SIGCONT);
  change("SIGCONT", child, WUNTRACED | WCONTINUED);
  printf("handler says %d\n", heard() - 'A');
  kill(child, SIGTTOU);
  printf("handler says %d\n", heard() - 'A');
  change("caught stop", child, WUNTRACED | WNOHANG);

  // A stop that nobody waited for is overtaken by the continue.
  kill(child, SIGSTOP);
  siginfo_t info;
  waitid(P_PID, child, &info, WSTOPPED | WNOWAIT);
  kill(child, SIGCONT);
  change("unseen stop", child, WUNTRACED | WNOHANG);
  change("but continued", child, WCONTINUED);
  printf("handler says %d\n", heard() - 'A');
  kill(child, SIGTERM);
  change("end", child, 0);

  // SIGCONT works on a process that blocks or ignores it.
  for (int ignore = 0; ignore < 2; ignore++) {
    fflush(stdout);
    child = fork();
    if (child == 0) {
      sigset_t all;
      sigfillset(&all);
      sigprocmask(SIG_SETMASK, &all, NULL);
      if (ignore) signal(SIGCONT, SIG_IGN);
      if (write(out[1], "r", 1) != 1) _exit(9);
      for (;;) pause();
    }
    printf("ready %c\n", heard());
    kill(child, SIGSTOP);
    change("SIGSTOP", child, WUNTRACED);
    kill(child, SIGCONT);
    change(ignore ? "ignored SIGCONT" : "blocked SIGCONT", child, WCONTINUED);
    kill(child, SIGKILL);
    change("end", child, 0);
  }
  return 0;
}
