// Signal(7), interruption of system calls: a read from an empty pipe fails with EINTR, or with SA_RESTART goes on after
// the handler; a read that has bytes is not interrupted. The frame shows rax = the syscall number and rip at the
// syscall instruction when it will be restarted, -EINTR and rip behind it when not (handle_signal).
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

extern char the_syscall[];
static long frame_rax, frame_rip;
static int calls, answer, expected_rip;

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
  long rip = g[REG_RIP] - (greg_t)(unsigned long)the_syscall;
  // The signal may come before the read has begun; then the child is not answered and tries again.
  if (rip != expected_rip || calls++ != 0) return;
  frame_rip = rip;
  frame_rax = g[REG_RAX];
  if (write(answer, "!", 1) != 1) _exit(9);
}

__attribute__((noinline)) static long read_raw(int fd, void *buf, size_t n) {
  register long rax __asm__("rax") = SYS_read;
  __asm__ volatile("the_syscall: syscall" : "+r"(rax) : "D"(fd), "S"(buf), "d"(n) : "rcx", "r11", "memory");
  return rax;
}

int main(void) {
  for (int restart = 0; restart < 2; restart++) {
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | (restart ? SA_RESTART : 0)};
    sigaction(SIGUSR1, &sa, NULL);
    int data[2], ack[2];
    if (pipe(data) || pipe(ack)) return 1;
    answer = ack[1];
    expected_rip = restart ? 0 : 2;
    fflush(stdout);
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
      struct pollfd answered = {.fd = ack[0], .events = POLLIN};
      do {
        usleep(2000);
        kill(parent, SIGUSR1);
      } while (poll(&answered, 1, 20) != 1);
      if (write(data[1], "hello", 5) != 5) _exit(1);
      _exit(0);
    }
    char buf[16] = "";
    long r = read_raw(data[0], buf, sizeof buf);
    signal(SIGUSR1, SIG_IGN);
    printf("%s: result %s %ld, data '%s', called %d, frame rax=%ld rip=syscall+%ld\n", restart ? "SA_RESTART" : "plain",
           r < 0 ? strerrorname_np(-r) : "bytes", r < 0 ? 0 : r, buf, calls > 0, frame_rax, frame_rip);
    if (r < 0) {
      r = read_raw(data[0], buf, sizeof buf);
      printf("again: %ld '%s'\n", r, buf);
    }
    waitpid(child, NULL, 0);
    calls = 0;
  }
  return 0;
}
