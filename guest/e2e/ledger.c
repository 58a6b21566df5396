/*
 * Signals that go many ways: to a handler that interrupts a read, to one on an alternate stack, past a mask, into a queue
 * and out of it by sigwaitinfo and signalfd, to another thread, out of a handler by siglongjmp; ignored, coalesced, refused,
 * cancelled, and left pending at the end. No printf and no clock: its ledger is looked at line by line.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf back;
static char alternate[16384];

static void on_read(int signo) { (void)signo; }
static void on_inner(int signo) { (void)signo; }
static void on_outer(int signo) { raise(signo == SIGUSR1 ? SIGUSR2 : SIGUSR1); }
static void on_fault(int signo) { siglongjmp(back, signo); }

static void handle(int signo, void (*handler)(int), int flags) {
  struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
  sigaction(signo, &action, NULL);
}

static void mask(int how, int signo) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signo);
  sigprocmask(how, &set, NULL);
}

/* A child signals while the parent reads, then lets the read complete. */
static void interrupt_read(int flags) {
  int ends[2];
  char byte;
  handle(SIGUSR1, on_read, flags);
  pipe(ends);
  if (fork() == 0) {
    usleep(1000);
    kill(getppid(), SIGUSR1);
    usleep(1000);
    write(ends[1], "x", 1);
    _exit(0);
  }
  read(ends[0], &byte, 1);
  wait(NULL);
  close(ends[0]);
  close(ends[1]);
}

static void fault_on_alternate_stack(void) {
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, NULL);
  handle(SIGSEGV, on_fault, SA_ONSTACK);
  if (sigsetjmp(back, 1) == 0) *(volatile char *)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) = 1;
}

static void nest(void) {
  handle(SIGUSR1, on_outer, 0);
  handle(SIGUSR2, on_inner, SA_NODEFER);
  raise(SIGUSR1);
}

/* The mask holds three back: one is taken at its end, one coalesces, and one is taken by a call. */
static void hold_back(void) {
  sigset_t set;
  siginfo_t info;
  handle(SIGUSR1, on_read, 0);
  mask(SIG_BLOCK, SIGUSR1);
  kill(getpid(), SIGUSR1);
  kill(getpid(), SIGUSR1);
  mask(SIG_UNBLOCK, SIGUSR1);

  mask(SIG_BLOCK, SIGRTMIN);
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 7});
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 8});
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigwaitinfo(&set, &info);

  struct signalfd_siginfo read_info;
  int fd = signalfd(-1, &set, 0);
  read(fd, &read_info, sizeof read_info);
  close(fd);
}

static int notice[2];
static void on_notice(int signo) { write(notice[1], "", signo == SIGUSR2); }
static void *sleep_in_pause(void *ready) {
  write(*(int *)ready, "", 1);
  pause();
  return NULL;
}

/* The main thread blocks what it sends to its process. */
static void choose_a_thread(void) {
  pthread_t thread;
  char byte;
  pipe(notice);
  handle(SIGUSR2, on_notice, 0);
  pthread_create(&thread, NULL, sleep_in_pause, &notice[1]);
  read(notice[0], &byte, 1);
  mask(SIG_BLOCK, SIGUSR2);
  usleep(1000);
  kill(getpid(), SIGUSR2);
  read(notice[0], &byte, 1);
  pthread_join(thread, NULL);
  mask(SIG_UNBLOCK, SIGUSR2);
}

static void lose(void) {
  kill(getpid(), SIGURG); /* default: nothing */
  signal(SIGHUP, SIG_IGN);
  raise(SIGHUP);

  mask(SIG_BLOCK, SIGTSTP);
  kill(getpid(), SIGTSTP);
  kill(getpid(), SIGCONT); /* cancels it */

  mask(SIG_BLOCK, SIGALRM);
  raise(SIGALRM);
  signal(SIGALRM, SIG_IGN); /* throws it away */

  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_SIGPENDING, &none);
  sigqueue(getpid(), SIGRTMIN, (union sigval){.sival_int = 9});
  kill(getpid(), SIGRTMIN); /* its number only */
  kill(4000000, SIGTERM);

  mask(SIG_BLOCK, SIGTERM);
  kill(getpid(), SIGTERM); /* still blocked at the end */
}

int main(void) {
  interrupt_read(SA_RESTART);
  interrupt_read(0);
  fault_on_alternate_stack();
  nest();
  hold_back();
  choose_a_thread();
  if (fork() == 0) {
    kill(getpid(), SIGKILL);
    pause();
  }
  wait(NULL);
  lose();
  return 0;
}
