/*
 * A read from an empty pipe is interrupted by a signal whose handler has SA_RESTART: the handler runs on a frame that the
 * kernel puts on the stack, rt_sigreturn brings everything back, and the read starts again and completes.
 *
 * Small on purpose, and without printf: it is kept as a binary in guest/prebuilt, and its frame is looked at byte by byte.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t handled;
static pid_t child;

static void say(const char *text) { write(STDOUT_FILENO, text, strlen(text)); }

static void say_number(int number) {
  char digits[12];
  char *at = digits + sizeof digits;
  *--at = '\0';
  do
    *--at = '0' + number % 10;
  while (number /= 10);
  say(at);
}

static void nap(void) {
  struct timespec time = {.tv_nsec = 20 * 1000 * 1000};
  nanosleep(&time, NULL);
}

void on_signal(int signo, siginfo_t *info, void *context) {
  (void)context;
  handled++;
  say("handler: ");
  say(signo == SIGUSR1 ? "SIGUSR1" : "another signal");
  say(info->si_code == SI_QUEUE ? ", queued" : ", sent");
  say(info->si_pid == child ? " by my child" : " by someone else");
  say(", with the value ");
  say_number(info->si_value.sival_int);
  say("\n");
}

/* Sends the signal once the parent sleeps in its read, and what the parent reads after that. */
static void be_the_child(int pipe_end) {
  const union sigval value = {.sival_int = 42};
  nap();
  sigqueue(getppid(), SIGUSR1, value);
  nap();
  write(pipe_end, "hello", 5);
  _exit(0);
}

int main(void) {
  int ends[2];
  char buffer[32];
  struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigaddset(&action.sa_mask, SIGUSR2);
  if (sigaction(SIGUSR1, &action, NULL) || pipe(ends)) return 1;

  child = fork();
  if (child == 0) be_the_child(ends[1]);

  say("parent: reads from an empty pipe, and sleeps\n");
  const ssize_t count = read(ends[0], buffer, sizeof buffer - 1);
  if (count < 0) {
    say("parent: the read was not restarted\n");
    return 1;
  }
  buffer[count] = '\0';
  say("parent: the read went on after ");
  say_number(handled);
  say(handled == 1 ? " signal and got \"" : " signals and got \"");
  say(buffer);
  say("\"\n");
  waitpid(child, NULL, 0);
  return 0;
}
