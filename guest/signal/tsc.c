// PR_SET_TSC (prctl(2)): with PR_TSC_SIGSEGV reading the time-stamp counter is #GP, SI_KERNEL without an address; children and the next
// program inherit it, threads have each their own, and seccomp's strict mode sets it (disable_TSC). Coarse clocks need no counter.
#define _GNU_SOURCE
#include <cpuid.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static int quiet;
static volatile sig_atomic_t faults;
static void on_segv(int sig, siginfo_t *info, void *context) {
  greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
  const unsigned char *ip = (unsigned char *)r[REG_RIP];
  int length = ip[0] == 0x0f && ip[1] == 0x31 ? 2 : ip[0] == 0x0f && ip[1] == 0x01 && ip[2] == 0xf9 ? 3 : 0;
  faults++;
  if (!quiet)
    printf("  signal %d, code %d, address %ld, trap %lld, error %lld, at the instruction %d, rax %llx, rdx %llx\n", sig, info->si_code, (long)info->si_addr,
           r[REG_TRAPNO], r[REG_ERR], length > 0, r[REG_RAX], r[REG_RDX]);
  if (length == 0) _exit(44);
  r[REG_RIP] += length;
}
static int mode(void) {
  int now = -1;
  return prctl(PR_GET_TSC, &now) < 0 ? -errno : now;
}
static unsigned long counter(void) {
  unsigned low = 0x11, high = 0x22;
  __asm__ volatile("rdtsc" : "+a"(low), "+d"(high));
  return (unsigned long)high << 32 | low;
}
static unsigned counter_and_cpu(void) {
  unsigned low = 0x33, high = 0x44, aux = 0x55aa55;
  __asm__ volatile("rdtscp" : "+a"(low), "+d"(high), "+c"(aux));
  return aux;
}
static void *thread(void *turn_on) {
  int before = mode();
  if (turn_on) prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0);
  faults = 0;
  counter();
  printf("thread: mode %d, then %d, faults %d\n", before, mode(), faults);
  return NULL;
}
static void child(const char *what, void (*body)(void)) {
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    body();
    fflush(stdout);
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "killed by" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}
static void unhandled(void) { signal(SIGSEGV, SIG_DFL), counter(); }
static void inherited(void) { counter(), printf("  child's mode %d\n", mode()); }
static void executed(void) {
  execl((char *)getauxval(AT_EXECFN), "tsc", "again", NULL);
  _exit(9);
}
static void coarse(void) {
  struct timespec t;
  clock_gettime(CLOCK_REALTIME_COARSE, &t), clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  clock_getres(CLOCK_MONOTONIC, &t);
  printf("  coarse clocks %d, time %d, by system call %ld\n", t.tv_nsec > 0, time(NULL) > 1000, syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t));
}
static void fine(void) {
  // The vDSO reads the counter, so does it fault where it stands.
  struct timespec t;
  signal(SIGSEGV, SIG_DFL);
  clock_gettime(CLOCK_MONOTONIC, &t);
}
static void strict(void) {
  prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0);
  fflush(stdout);
  prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
  quiet = 1;
  faults = 0;
  counter();
  char text[] = "  strict: faults 0\n";
  text[17] += faults;
  if (write(1, text, sizeof text - 1) < 0) syscall(SYS_exit, 4);
  syscall(SYS_exit, 5);
}

int main(int argc, char **argv) {
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  if (argc > 1) {
    printf("  %s: mode %d\n", argv[1], mode());
    fflush(stdout);
    counter();
    return 0;
  }
  struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  unsigned a, b, c, d;
  int both = __get_cpuid(0x80000001, &a, &b, &c, &d) && d & 1 << 27;
  printf("at first %d, it runs: %d\n", mode(), counter() <= counter());
  static const int modes[] = {0, 3, -1, PR_TSC_ENABLE};
  for (int i = 0; i < 4; i++) printf("set %d: %s\n", modes[i], prctl(PR_SET_TSC, modes[i], 0, 0, 0) < 0 ? strerrorname_np(errno) : "0");
  printf("get to nowhere: %s\n", prctl(PR_GET_TSC, 8) < 0 ? strerrorname_np(errno) : "0");
  printf("forbid: %d, now %d\n", prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0), mode());
  printf("unchanged: %lx\n", counter());
  if (both) printf("unchanged: %x\n", counter_and_cpu());
  quiet = 1;
  faults = 0;
  for (int i = 0; i < 1000; i++) counter();
  printf("in a loop: %d\n", faults);
  pthread_t t;
  pthread_create(&t, NULL, thread, NULL), pthread_join(t, NULL);
  pthread_create(&t, NULL, thread, "on"), pthread_join(t, NULL);
  printf("here still %d\n", mode());
  child("unhandled", unhandled);
  child("inherited", inherited);
  child("executed", executed);
  child("coarse clocks", coarse);
  child("fine clocks", fine);
  child("strict mode", strict);
  prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0);
  faults = 0;
  counter();
  printf("allowed again: %d, faults %d\n", mode(), faults);
  child("strict mode from there", strict);
  return 0;
}
