// Fork(2) and execve(2): a child starts with no pending signals but with mask, actions and alternate stack; exec keeps
// mask, pending and ignored signals, sets handlers to default, and drops the alternate stack. Alarms survive exec only.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static void handler(int sig) { (void)sig; }
static char alt[16384];

static void show(const char *where) {
  unsigned long mask, pending;
  syscall(SYS_rt_sigprocmask, SIG_BLOCK, NULL, &mask, 8);
  syscall(SYS_rt_sigpending, &pending, 8);
  printf("%s: mask %#lx pending %#lx actions", where, mask, pending);
  int sigs[] = {SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD, 50};
  for (int i = 0; i < 5; i++) {
    struct sigaction sa;
    sigaction(sigs[i], NULL, &sa);
    printf(" %d=%s", sigs[i], sa.sa_handler == SIG_DFL ? "dfl" : sa.sa_handler == SIG_IGN ? "ign" : "handler");
    if (sa.sa_handler == SIG_DFL && (sa.sa_flags & ~0x4000000)) printf("(flags %#x)", sa.sa_flags & ~0x4000000);
    if (sigismember(&sa.sa_mask, SIGTERM)) printf("(mask)");
  }
  stack_t s;
  sigaltstack(NULL, &s);
  struct itimerval t;
  getitimer(ITIMER_REAL, &t);
  printf(" altstack %s timer %s\n", s.ss_flags & SS_DISABLE ? "off" : "on", t.it_value.tv_sec ? "on" : "off");
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    show(argv[1]);
    return 5;
  }
  struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART | SA_ONSTACK | SA_NODEFER};
  sigaddset(&sa.sa_mask, SIGTERM);
  sigaction(SIGUSR1, &sa, NULL);
  sigaction(50, &sa, NULL);
  signal(SIGHUP, SIG_IGN);
  signal(SIGCHLD, SIG_DFL);
  stack_t s = {.ss_sp = alt, .ss_size = sizeof alt};
  sigaltstack(&s, NULL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGUSR2);
  sigaddset(&set, 50);
  sigprocmask(SIG_BLOCK, &set, NULL);
  alarm(1000);
  kill(getpid(), SIGUSR2);
  raise(SIGUSR1);
  sigqueue(getpid(), 50, (union sigval){.sival_int = 3});
  show("parent");
  pid_t child = fork();
  if (child == 0) {
    show("child");
    alarm(1000);
    kill(getpid(), SIGUSR2);
    raise(SIGUSR1);
    char *exe = (char *)getauxval(AT_EXECFN);
    execl(exe, "again", "after exec", NULL);
    _exit(1);
  }
  int status;
  waitpid(child, &status, 0);
  printf("status %d\n", WEXITSTATUS(status));
  show("parent at end");
  return 0;
}
