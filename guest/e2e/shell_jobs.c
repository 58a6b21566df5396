// Drives an interactive shell, given as arguments, on a pseudo-terminal: ^C, ^Z, ^\ and what was typed behind them, bg, fg, jobs, a
// background read stopped by SIGTTIN, ^D.
#define _GNU_SOURCE
#include <ctype.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static int m;
static char seen[65536];
static int length;

/* Reads until the text appears, and shows what came, with numbers as N and one space for several. */
static void expect(const char *text) {
  int from = 0;
  for (;;) {
    seen[length] = 0;
    char *at = strstr(seen + from, text);
    if (at) {
      char *end = at + strlen(text);
      for (char *p = seen; p < end; p++) {
        // How wide columns are depends on the ids in them.
        if (*p == '\r' || (*p == ' ' && p[1] == ' ')) continue;
        if (isdigit((unsigned char)*p) && (p == seen || !isdigit((unsigned char)p[-1])) && isdigit((unsigned char)p[1])) {
          putchar('N');
          while (isdigit((unsigned char)p[1])) p++;
        } else if (*p == 27) printf("^[");
        else if (*p == 7) printf("^G");
        else putchar(*p);
      }
      length -= end - seen;
      memmove(seen, end, length);
      return;
    }
    struct pollfd p = {m, POLLIN, 0};
    int r = poll(&p, 1, 20000) > 0 ? read(m, seen + length, 1024) : -1;
    if (r <= 0) {
      printf("\n(no %s, but:)\n%s\n", text, seen);
      exit(1);
    }
    length += r;
  }
}
static void type(const char *keys) {
  if (write(m, keys, strlen(keys)) < 0) perror("write");
}

static pid_t shell;

/* Waits for the prompt, and until a shell that edits lines itself has the terminal in raw mode. */
static void prompt(void) {
  expect("@ ");
  struct termios t;
  for (int i = 0; i < 100; i++) {
    tcgetattr(m, &t);
    if (!(t.c_lflag & ICANON)) return;
    usleep(2000);
  }
}

/* Waits until a job has the terminal, with the settings that the shell leaves to its jobs. */
static void job_runs(void) {
  struct termios t;
  do {
    usleep(2000);
    tcgetattr(m, &t);
  } while (tcgetpgrp(m) == shell || !(t.c_lflag & ICANON) || !(t.c_lflag & ECHO));
  // Until it is in its program and has default signals again.
  usleep(200000);
}

int main(int argc, char **argv) {
  (void)argc;
  setvbuf(stdout, 0, _IONBF, 0);
  m = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(m);
  unlockpt(m);
  char name[64];
  ptsname_r(m, name, sizeof name);
  pid_t pid = shell = fork();
  if (pid == 0) {
    setsid();
    int s = open(name, O_RDWR);
    dup2(s, 0), dup2(s, 1), dup2(s, 2);
    close(s), close(m);
    setenv("PS1", "@ ", 1);
    setenv("TERM", "dumb", 1);
    unsetenv("HISTFILE");
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  prompt();
  type("echo $((6*7))\r");
  expect("42\r\n");
  prompt();
  type("cat\r");
  expect("cat\r\n");
  job_runs();
  type("hello\r");
  expect("hello\r\nhello\r\n");
  type("\003");
  prompt();
  type("echo status $?\r");
  expect("130");
  prompt();
  type("sleep 100\r");
  expect("100\r\n");
  job_runs();
  type("\032");
  prompt();
  type("jobs\r");
  expect("sleep 100\r\n");
  prompt();
  type("bg\r");
  prompt();
  type("jobs\r");
  expect("Running");
  prompt();
  type("fg\r");
  expect("sleep 100\r\n");
  job_runs();
  type("\003");
  prompt();
  type("cat & sleep 2\r");
  expect("Stopped");
  prompt();
  type("jobs -l\r");
  expect("(tty input)");
  prompt();
  type("fg\r");
  expect("cat\r\n");
  job_runs();
  type("again\r");
  expect("again\r\nagain\r\n");
  type("\004");
  prompt();
  type("ulimit -c 0\r");
  prompt();
  type("sleep 100\r");
  expect("100\r\n");
  job_runs();
  type("\034");
  expect("Quit");
  prompt();
  type("echo status $?\r");
  expect("131");
  prompt();
  type("sleep 100\r");
  expect("100\r\n");
  job_runs();
  // What follows a key that sends a signal, all at once.
  type("lost\003echo typed $((6 * 7))\r");
  expect("typed 42");
  prompt();
  type("exit 5\r");
  expect("exit 5\r\n");
  int status;
  waitpid(pid, &status, 0);
  printf("\nshell ended with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  return 0;
}
