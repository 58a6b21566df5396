// SA_RESTORER: the frame's return address is the restorer that was given, whose code calls rt_sigreturn; without the
// flag the x86-64 kernel refuses to build a frame and forces SIGSEGV (x64_setup_rt_frame).
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct ksigaction {
  void *handler;
  unsigned long flags;
  void *restorer;
  unsigned long mask;
};

uint64_t passes;
extern char counting_restorer[];
__asm__(".globl counting_restorer\ncounting_restorer:\n  incq passes\n  mov $15, %eax\n  syscall\n");

static int calls;
static void *returns_to;
static void handler(int sig) {
  (void)sig;
  calls++;
  returns_to = __builtin_return_address(0);
}

static void glibc_handler(int sig) {
  (void)sig;
  const unsigned char *code = __builtin_return_address(0);
  static const unsigned char expected[] = {0x48, 0xc7, 0xc0, 15, 0, 0, 0, 0x0f, 0x05};  // mov $15, %rax; syscall
  printf("libc's restorer is the code that debuggers look for: %d\n", !memcmp(code, expected, 9));
}

int main(void) {
  struct ksigaction act = {handler, 0x04000000, counting_restorer, 0}, old;
  syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8);
  raise(SIGUSR1);
  raise(SIGUSR1);
  printf("calls %d, passes of our restorer %ld, return address is it %d\n", calls, (long)passes, returns_to == counting_restorer);
  signal(SIGUSR2, glibc_handler);
  raise(SIGUSR2);
  syscall(SYS_rt_sigaction, SIGUSR2, NULL, &old, 8);
  printf("libc sets SA_RESTORER: %d\n", !!(old.flags & 0x04000000));
  fflush(stdout);

  for (int catch = 0; catch < 2; catch++) {
    pid_t child = fork();
    if (child == 0) {
      act = (struct ksigaction){handler, 0, counting_restorer, 0};
      syscall(SYS_rt_sigaction, SIGUSR1, &act, NULL, 8);
      // A handler for SIGSEGV that has a restorer does get its frame.
      if (catch) signal(SIGSEGV, _exit);
      raise(SIGUSR1);
      _exit(0);
    }
    int status;
    waitpid(child, &status, 0);
    printf("no SA_RESTORER: %s %d\n", WIFSIGNALED(status) ? "killed by" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    fflush(stdout);
  }
  return 0;
}
