/* Children that are killed, stopped and continued, ignore a signal, and sleep through a stop; then the parent aborts. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int ends[2];

static void nap(int milliseconds) {
  struct timespec time = {0, milliseconds * 1000000L};
  nanosleep(&time, NULL);
}

static void read_one(void) {
  char byte;
  read(ends[0], &byte, 1);
}

static void ignore_and_read(void) {
  signal(SIGUSR1, SIG_IGN);
  read_one();
}

static void sleep_long(void) { nap(60); }

static void just_pause(void) { pause(); }

/* A child in the middle of what it does. */
static pid_t child(void (*does)(void)) {
  pid_t pid = fork();
  if (pid == 0) {
    does();
    _exit(1);
  }
  nap(20);
  return pid;
}

int main(void) {
  int status;
  pipe(ends);

  pid_t pid = child(just_pause);
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);

  pid = child(read_one);
  kill(pid, SIGTERM);
  waitpid(pid, &status, 0);

  pid = child(read_one);
  kill(pid, SIGSTOP);
  waitpid(pid, &status, WUNTRACED);
  kill(pid, SIGCONT);
  waitpid(pid, &status, WCONTINUED);
  nap(20);
  kill(pid, SIGKILL);
  waitpid(pid, &status, 0);

  pid = child(ignore_and_read);
  kill(pid, SIGUSR1);
  nap(20);
  write(ends[1], "x", 1);
  waitpid(pid, &status, 0);

  pid = child(sleep_long);
  kill(pid, SIGSTOP);
  waitpid(pid, &status, WUNTRACED);
  kill(pid, SIGCONT);
  waitpid(pid, &status, 0);

  abort();
}
