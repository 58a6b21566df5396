// Forks until it cannot; every child forks too. All of them stay until the first one lets them go.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  int ready[2];
  if (pipe(ready) != 0) return 1;
  signal(SIGTERM, SIG_DFL);
  for (;;) {
    pid_t child = fork();
    if (child == 0) {
      // Two levels are enough to show that nobody gets more than the limit.
      while (fork() > 0) {}
      char failed = (char)errno;
      if (write(ready[1], &failed, 1) != 1) return 1;
      pause();
      return 0;
    }
    if (child < 0) break;
  }
  int error = errno;
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  int children = 0;
  while (wait(NULL) > 0) children++;
  pid_t again = fork();
  if (again == 0) return 0;
  waitpid(again, NULL, 0);
  printf("%s, children %s, afterwards %s\n", strerror(error), children > 0 ? "some" : "none", again > 0 ? "works" : "fails");
  return 0;
}
