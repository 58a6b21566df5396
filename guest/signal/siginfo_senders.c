// Siginfo of each way to send a signal to oneself: kill gives SI_USER, tkill/tgkill/raise SI_TKILL, sigqueue SI_QUEUE
// with a value, rt_tgsigqueueinfo whatever it was given; si_pid and si_uid are the sender's (sigaction(2)).
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static siginfo_t got;
static int calls;

static void handler(int sig, siginfo_t *info, void *uc) {
  (void)sig, (void)uc;
  got = *info;
  calls++;
}

static void show(const char *how) {
  printf("%-18s calls=%d signo=%d errno=%d code=%d pid=%s uid=%s", how, calls, got.si_signo, got.si_errno, got.si_code,
         got.si_pid == getpid() ? "self" : "other", got.si_uid == getuid() ? "self" : "other");
  if (got.si_code == SI_QUEUE || got.si_code == -77) printf(" value=%#lx", (unsigned long)got.si_value.sival_ptr);
  printf("\n");
  memset(&got, 0xaa, sizeof got);
  calls = 0;
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &sa, NULL);
  sigaction(SIGUSR2, &sa, NULL);
  sigaction(40, &sa, NULL);

  kill(getpid(), SIGUSR1);
  show("kill");
  syscall(SYS_tkill, getpid(), SIGUSR2);
  show("tkill");
  syscall(SYS_tgkill, getpid(), getpid(), SIGUSR1);
  show("tgkill");
  raise(SIGUSR1);
  show("raise");
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_ptr = (void *)0x123456789abcdef0});
  show("sigqueue");
  sigqueue(getpid(), 40, (union sigval){.sival_int = -1});
  printf("int half: %d\n", got.si_int);
  got.si_value.sival_ptr = (void *)(unsigned long)(unsigned)got.si_int;
  show("sigqueue rt");

  siginfo_t mine;
  memset(&mine, 0, sizeof mine);
  mine.si_code = -77;
  mine.si_errno = 5;
  mine.si_pid = getpid();
  mine.si_uid = getuid();
  mine.si_value.sival_ptr = (void *)0x42;
  mine.si_signo = 3;  // Overwritten by the kernel with the real number.
  printf("rt_tgsigqueueinfo = %ld\n", syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), 40, &mine));
  show("rt_tgsigqueueinfo");
  printf("rt_sigqueueinfo = %ld\n", syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR2, &mine));
  show("rt_sigqueueinfo");

  // To oneself any code may be forged, to others neither the kernel's nor SI_TKILL.
  mine.si_code = SI_USER;
  printf("forged SI_USER to self: %ld\n", syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR2, &mine));
  show("forged");
  long r = syscall(SYS_rt_sigqueueinfo, getppid(), 0, &mine);
  printf("forged SI_USER to parent: %ld %s\n", r, r ? strerrorname_np(errno) : "");
  mine.si_code = SI_TKILL;
  r = syscall(SYS_rt_sigqueueinfo, getppid(), 0, &mine);
  printf("forged SI_TKILL to parent: %ld %s\n", r, r ? strerrorname_np(errno) : "");
  r = syscall(SYS_rt_sigqueueinfo, getpid(), 65, &mine);
  printf("signal 65: %ld %s\n", r, strerrorname_np(errno));
  r = syscall(SYS_rt_sigqueueinfo, getpid(), SIGUSR1, (void *)16);
  printf("bad pointer: %ld %s\n", r, strerrorname_np(errno));
  r = syscall(SYS_tgkill, getpid(), 0, SIGUSR1);
  printf("tgkill tid 0: %ld %s\n", r, strerrorname_np(errno));
  r = syscall(SYS_tgkill, 0, getpid(), SIGUSR1);
  printf("tgkill tgid 0: %ld %s\n", r, strerrorname_np(errno));
  r = syscall(SYS_tkill, -1, SIGUSR1);
  printf("tkill -1: %ld %s\n", r, strerrorname_np(errno));
  r = syscall(SYS_tgkill, getpid(), getpid(), 65);
  printf("tgkill signal 65: %ld %s\n", r, strerrorname_np(errno));
  printf("tgkill signal 0: %ld\n", syscall(SYS_tgkill, getpid(), getpid(), 0));
  return 0;
}
