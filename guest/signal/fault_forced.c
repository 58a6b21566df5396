// A fault whose signal is blocked or ignored kills at once with the default action (force_sig_info_to_task); the same
// signal sent by kill just waits. A fault inside its own handler kills unless SA_NODEFER.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int depth;
static void again(int sig) {
  (void)sig;
  if (++depth == 3) _exit(33);
  *(volatile int *)16 = 1;
}

static void exits(int sig) { _exit(sig); }

static void divide(void) {
  __asm__ volatile("xor %%edx, %%edx\n\txor %%ecx, %%ecx\n\tdiv %%ecx" ::: "rax", "rcx", "rdx", "cc");
}

static void attempt(const char *what, void (*body)(void)) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    body();
    _exit(0);
  }
  int status;
  waitpid(child, &status, 0);
  printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "killed by" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

static void block(int sig) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, sig);
  sigprocmask(SIG_BLOCK, &set, NULL);
}

static void blocked_segv(void) {
  signal(SIGSEGV, exits);
  block(SIGSEGV);
  *(volatile int *)16 = 1;
}
static void blocked_segv_sent(void) {
  signal(SIGSEGV, exits);
  block(SIGSEGV);
  kill(getpid(), SIGSEGV);
}
static void ignored_segv(void) {
  signal(SIGSEGV, SIG_IGN);
  *(volatile int *)16 = 1;
}
static void ignored_segv_sent(void) {
  signal(SIGSEGV, SIG_IGN);
  raise(SIGSEGV);
}
static void blocked_fpe(void) {
  signal(SIGFPE, exits);
  block(SIGFPE);
  divide();
}
static void ignored_fpe(void) {
  signal(SIGFPE, SIG_IGN);
  divide();
}
static void blocked_ill(void) {
  block(SIGILL);
  __asm__ volatile("ud2");
}
static void blocked_trap(void) {
  signal(SIGTRAP, exits);
  block(SIGTRAP);
  __asm__ volatile("int3");
}
static void ignored_trap(void) {
  signal(SIGTRAP, SIG_IGN);
  __asm__ volatile("int3");
}
static void in_own_handler(void) {
  signal(SIGSEGV, again);
  *(volatile int *)16 = 1;
}
static void in_own_handler_nodefer(void) {
  struct sigaction sa = {.sa_handler = again, .sa_flags = SA_NODEFER};
  sigaction(SIGSEGV, &sa, NULL);
  *(volatile int *)16 = 1;
}
static void blocked_by_other(void) {
  // A handler whose sa_mask blocks SIGSEGV faults.
  struct sigaction sa = {.sa_handler = again};
  sigaddset(&sa.sa_mask, SIGSEGV);
  sigaction(SIGUSR1, &sa, NULL);
  signal(SIGSEGV, exits);
  raise(SIGUSR1);
}
static void default_segv(void) { *(volatile int *)16 = 1; }
static void default_fpe(void) { divide(); }
static void default_hlt(void) { __asm__ volatile("hlt"); }

int main(void) {
  attempt("default SIGSEGV", default_segv);
  attempt("default SIGFPE", default_fpe);
  attempt("default hlt", default_hlt);
  attempt("blocked fault", blocked_segv);
  attempt("blocked, sent", blocked_segv_sent);
  attempt("ignored fault", ignored_segv);
  attempt("ignored, sent", ignored_segv_sent);
  attempt("blocked SIGFPE", blocked_fpe);
  attempt("ignored SIGFPE", ignored_fpe);
  attempt("blocked ud2", blocked_ill);
  attempt("blocked int3", blocked_trap);
  attempt("ignored int3", ignored_trap);
  attempt("fault in own handler", in_own_handler);
  attempt("fault in own handler, SA_NODEFER", in_own_handler_nodefer);
  attempt("fault in a handler that blocks it", blocked_by_other);
  return 0;
}
