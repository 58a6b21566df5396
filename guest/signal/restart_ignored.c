// A signal that is ignored, or whose default is to ignore, or that stops and continues the process, lets read and wait4
// go on without EINTR even without any handler (ERESTARTSYS is only resolved when a handler runs).
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int data[2];
  if (pipe(data)) return 1;
  signal(SIGUSR1, SIG_IGN);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    char c = 0;
    long r = read(data[0], &c, 1);
    printf("child: read %ld %c %s\n", r, c, r < 0 ? strerrorname_np(errno) : "");
    fflush(stdout);
    _exit(0);
  }
  int status;
  for (int i = 0; i < 10; i++) usleep(200);
  kill(child, SIGUSR1);
  kill(child, SIGWINCH);
  kill(child, SIGSTOP);
  waitpid(child, &status, WUNTRACED);
  printf("stopped by %d\n", WSTOPSIG(status));
  fflush(stdout);
  kill(child, SIGCONT);
  waitpid(child, &status, WCONTINUED);
  printf("continued %d\n", WIFCONTINUED(status));
  fflush(stdout);
  for (int i = 0; i < 10; i++) usleep(200);
  if (write(data[1], "x", 1) != 1) return 1;
  waitpid(child, &status, 0);
  printf("exit %d\n", WEXITSTATUS(status));
  return 0;
}
