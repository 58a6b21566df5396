// When the frame cannot be written the kernel forces SIGSEGV (signal_setup_done, force_sigsegv): fatal if the failed
// signal was SIGSEGV itself or its handler cannot get a frame either, else handled, here on the alternate stack.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static char alt[65536];
static int segv_sig, segv_code, segv_addr_zero, usr1_calls;
static greg_t segv_rsp;

static void usr1(int sig) {
  (void)sig;
  usr1_calls++;
}

static void segv(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  segv_sig = sig;
  segv_code = info->si_code;
  segv_addr_zero = info->si_addr == 0;
  segv_rsp = uc->uc_mcontext.gregs[REG_RSP];
  printf("SIGSEGV code %#x addr 0 %d, rsp as set %d, rip behind the call %d, rax %lld, USR1 handler calls %d\n", segv_code, segv_addr_zero,
         segv_rsp == 0x30000, *(uint16_t *)(uc->uc_mcontext.gregs[REG_RIP] - 2) == 0x050f, uc->uc_mcontext.gregs[REG_RAX], usr1_calls);
  fflush(stdout);
  _exit(7);
}

/* Sends a signal to ourselves with rsp pointing at unmapped memory. */
static void send_without_stack(int sig) {
  __asm__ volatile("mov %%rsp, %%rbx\n\tmov $0x30000, %%esp\n\tsyscall\n\tmov %%rbx, %%rsp"
                   :
                   : "a"(62), "D"(getpid()), "S"(sig)
                   : "rbx", "rcx", "r11", "memory");
}

static void attempt(const char *what, int segv_flags, int with_alt, int sig, int usr1_flags) {
  printf("%s: ", what);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (with_alt) {
      stack_t s = {.ss_sp = alt, .ss_size = sizeof alt};
      sigaltstack(&s, NULL);
    }
    if (segv_flags >= 0) {
      struct sigaction sa = {.sa_sigaction = segv, .sa_flags = SA_SIGINFO | segv_flags};
      sigaction(SIGSEGV, &sa, NULL);
    }
    struct sigaction sa = {.sa_handler = usr1, .sa_flags = usr1_flags};
    sigaction(SIGUSR1, &sa, NULL);
    send_without_stack(sig);
    printf("survived, calls %d\n", usr1_calls);
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  printf("-> %s %d\n", WIFSIGNALED(status) ? "killed by" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

int main(void) {
  attempt("no handler for SIGSEGV", -1, 0, SIGUSR1, 0);
  attempt("handler on the bad stack too", 0, 0, SIGUSR1, 0);
  attempt("handler on the alternate stack", SA_ONSTACK, 1, SIGUSR1, 0);
  attempt("USR1 on the alternate stack", -1, 1, SIGUSR1, SA_ONSTACK);
  attempt("SIGSEGV itself", 0, 0, SIGSEGV, 0);
  attempt("SIGSEGV on the alternate stack", SA_ONSTACK, 1, SIGSEGV, 0);
  attempt("ignored signal needs no stack", -1, 0, SIGWINCH, 0);
  return 0;
}
