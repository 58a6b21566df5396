// Signals during io_getevents(2), io_pgetevents(2) and io_submit(2): EINTR even with SA_RESTART, a stop and a continue end the
// wait as well, io_pgetevents starts again if there was no handler and opens the mask for its own length only; events that are
// there already are given instead; a request that sleeps in io_submit ends with the result EINTR, and the next ones are still
// submitted (signal(7), fs/aio.c).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static aio_context_t ctx;
static volatile sig_atomic_t handled;
static void onSignal(int signo) { handled += signo != 0; }

static long call(long result) { return result < 0 ? -errno : result; }
static long submit(long n, struct iocb **list) { return call(syscall(SYS_io_submit, ctx, n, list)); }
static long getevents(long min, long n, struct io_event *events, struct timespec *timeout) {
  return call(syscall(SYS_io_getevents, ctx, min, n, events, timeout));
}
struct mask {
  const void *set;
  size_t size;
};
static long pgetevents(long min, long n, struct io_event *events, struct timespec *timeout, struct mask *mask) {
  return call(syscall(SYS_io_pgetevents, ctx, min, n, events, timeout, mask));
}
static const char *outcome(long result) {
  static char text[4][40];
  static int turn;
  char *into = text[turn++ % 4];
  if (result >= 0) snprintf(into, 40, "%ld", result);
  else snprintf(into, 40, "%s", strerrorname_np(-(int)result));
  return into;
}

static void handle(int flags) {
  struct sigaction action = {.sa_handler = onSignal, .sa_flags = flags};
  sigaction(SIGALRM, &action, NULL);
  sigaction(SIGUSR1, &action, NULL);
  handled = 0;
}
static void tick(int on) {
  struct itimerval every = {{0, on * 2000}, {0, on * 2000}};
  setitimer(ITIMER_REAL, &every, NULL);
}

/* A child that does this again and again until it is killed: a signal may come before the call. */
static pid_t keep(int first, int second) {
  const pid_t parent = getpid();
  fflush(stdout);
  const pid_t child = fork();
  if (child != 0) return child;
  for (;;) {
    kill(parent, first);
    if (second) kill(parent, second);
    usleep(2000);
  }
}
static void end(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

static void waits(void) {
  struct io_event events[4];
  struct timespec long_ = {1000, 0}, now = {0, 0}, brief = {0, 3000000}, negative = {-1, 0}, odd = {0, 2000000000}, sum = {1, -999000000};
  const int flags[] = {0, SA_RESTART};
  for (int i = 0; i < 2; i++) {
    handle(flags[i]);
    tick(1);
    printf("io_getevents, %s: %s", i ? "SA_RESTART" : "0", outcome(getevents(1, 4, events, NULL)));
    printf(", handled %d", handled > 0);
    printf(", with a timeout: %s", outcome(getevents(1, 4, events, &long_)));
    printf(", io_pgetevents: %s", outcome(pgetevents(1, 4, events, NULL, NULL)));
    printf(", with a timeout: %s\n", outcome(pgetevents(1, 4, events, &long_, NULL)));
    tick(0);
  }
  printf("timeouts: %s", outcome(getevents(1, 4, events, &now)));
  printf(" %s", outcome(getevents(1, 4, events, &brief)));
  tick(1);
  printf(", a negative one waits: %s", outcome(getevents(1, 4, events, &negative)));
  tick(0);
  printf(" %s", outcome(pgetevents(1, 4, events, &brief, NULL)));
  printf(" %s", outcome(getevents(1, 4, events, &sum)));
  printf(" %s\n", outcome(getevents(0, 4, events, &odd)));
  /* Pending and open: no wait, and still EINTR. */
  handle(0);
  sigset_t alarm, none, old;
  sigemptyset(&none);
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGUSR1);
  sigprocmask(SIG_BLOCK, &alarm, &old);
  raise(SIGUSR1);
  struct mask open = {&none, 8}, wrong = {&none, 16}, keep_ = {NULL, 16}, bad = {(void *)8, 8};
  printf("blocked: %s, handled %d\n", outcome(getevents(1, 4, events, &now)), handled);
  printf("wrong size: %s", outcome(pgetevents(1, 4, events, &now, &wrong)));
  printf(", no mask: %s", outcome(pgetevents(1, 4, events, &now, &keep_)));
  printf(", bad mask: %s", outcome(pgetevents(1, 4, events, &now, &bad)));
  printf(", bad pair: %s", outcome(pgetevents(1, 4, events, &now, (void *)8)));
  printf(", handled %d\n", handled);
  printf("opened, no wait: %s", outcome(pgetevents(1, 4, events, &now, &open)));
  printf(", handled %d", handled);
  sigset_t after;
  sigprocmask(SIG_BLOCK, NULL, &after);
  printf(", blocked again %d\n", sigismember(&after, SIGUSR1));
  raise(SIGUSR1);
  printf("opened, bad context: ");
  printf("%s", outcome(call(syscall(SYS_io_pgetevents, 0, 1, 4, events, &now, &open))));
  printf(", handled %d\n", handled);
  sigprocmask(SIG_SETMASK, &old, NULL);
  printf("after it: handled %d\n", handled);
}

/* Stopped and continued, with no handler: io_getevents is interrupted, io_pgetevents goes on until its time is over. */
static void stops(void) {
  struct io_event events[4];
  struct timespec brief = {0, 1000000};
  int told[2];
  char byte;
  pipe2(told, O_NONBLOCK);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    aio_context_t own = 0;
    if (syscall(SYS_io_setup, 4, &own) != 0) _exit(9);
    ctx = own;
    printf("stopped in io_getevents: %s\n", outcome(getevents(1, 4, events, NULL)));
    fflush(stdout);
    write(told[1], "x", 1);
    pgetevents(1, 4, events, NULL, NULL);
    _exit(9);
  }
  int status, ended = 0;
  for (int left = 20; left > 0 && !ended; left -= read(told[0], &byte, 1) == 1 || left < 20) {
    getevents(1, 4, events, &brief);
    kill(child, SIGSTOP);
    if (waitpid(child, &status, WUNTRACED) == child && !WIFSTOPPED(status)) ended = 1;
    kill(child, SIGCONT);
  }
  printf("stopped in io_pgetevents: ended %d\n", ended);
  end(child);
  close(told[0]), close(told[1]);
}

static struct iocb request(int fd, int opcode, void *buffer, size_t length) {
  struct iocb cb;
  memset(&cb, 0, sizeof cb);
  cb.aio_fildes = fd;
  cb.aio_lio_opcode = opcode;
  cb.aio_buf = (uintptr_t)buffer;
  cb.aio_nbytes = length;
  return cb;
}

static void sleepers(void) {
  int pipes[2];
  char buffer[8] = {0};
  static char large[100000];
  struct io_event events[4];
  pipe(pipes);
  const int null = open("/dev/null", O_WRONLY);
  struct iocb cbs[3] = {request(null, IOCB_CMD_PWRITE, "x", 1), request(pipes[0], IOCB_CMD_PREAD, buffer, 8),
                        request(null, IOCB_CMD_PWRITE, "xy", 2)};
  struct iocb *list[3] = {&cbs[0], &cbs[1], &cbs[2]};
  const int flags[] = {0, SA_RESTART};
  for (int i = 0; i < 2; i++) {
    handle(flags[i]);
    const pid_t child = keep(SIGUSR1, 0);
    printf("io_submit, %s: %s", i ? "SA_RESTART" : "0", outcome(submit(3, list)));
    printf(", handled %d", handled > 0);
    end(child);
    const long got = getevents(3, 4, events, NULL);
    printf(", events %ld:", got);
    for (int j = 0; j < got; j++) printf(" %s", outcome(events[j].res));
    printf("\n");
  }
  /* Part of a write was done. */
  cbs[1] = request(pipes[1], IOCB_CMD_PWRITE, large, sizeof large);
  handle(SA_RESTART);
  pid_t child = keep(SIGUSR1, 0);
  printf("a long write: %s", outcome(submit(3, list)));
  end(child);
  const long got = getevents(3, 4, events, NULL);
  printf(", events %ld:", got);
  for (int j = 0; j < got; j++) printf(" %s", outcome(events[j].res));
  printf("\n");
  while (fcntl(pipes[0], F_SETFL, O_NONBLOCK) == 0 && read(pipes[0], large, sizeof large) > 0) continue;
  fcntl(pipes[0], F_SETFL, 0);
  /* Somebody writes after all. */
  fflush(stdout);
  child = fork();
  if (child == 0) {
    usleep(5000);
    write(pipes[1], "late", 4);
    _exit(0);
  }
  cbs[1] = request(pipes[0], IOCB_CMD_PREAD, buffer, 8);
  printf("written later: %s", outcome(submit(3, list)));
  printf(", '%s'", buffer);
  printf(", events %s\n", outcome(getevents(3, 4, events, NULL)));
  waitpid(child, NULL, 0);
  close(pipes[0]), close(pipes[1]), close(null);
}

/* Some events are there, not as many as are waited for: a signal or the timeout gives those. */
static void some(void) {
  struct io_event events[4];
  struct timespec brief = {0, 3000000};
  const int null = open("/dev/null", O_WRONLY);
  struct iocb cbs[2] = {request(null, IOCB_CMD_PWRITE, "x", 1), request(null, IOCB_CMD_PWRITE, "xy", 2)};
  struct iocb *list[2] = {&cbs[0], &cbs[1]};
  submit(2, list);
  handle(SA_RESTART);
  tick(1);
  printf("two of three, a signal: %s\n", outcome(getevents(3, 4, events, NULL)));
  tick(0);
  submit(1, list);
  printf("one of three, a timeout: %s\n", outcome(getevents(3, 4, events, &brief)));
  submit(1, list);
  raise(SIGUSR1);
  printf("one of one: %s\n", outcome(getevents(1, 4, events, NULL)));
  close(null);
}

int main(void) {
  signal(SIGALRM, onSignal);
  if (syscall(SYS_io_setup, 8, &ctx) != 0) return 1;
  waits();
  stops();
  sleepers();
  some();
  syscall(SYS_io_destroy, ctx);
  return 0;
}
