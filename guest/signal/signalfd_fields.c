// What a signalfd shows of each kind of siginfo (signalfd_copyinfo): senders of the kernel's, and infos that a program made for
// rt_sigqueueinfo(2), which are read by their signal and code (siginfo_layout).
// libs: -lrt
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t me;
static int sfd;
static uid_t uid;

static void field(const char *name, long long value) {
  if (value != 0) printf(", %s %llx", name, value);
}
/* Each field that is not zero. */
static int show(const char *what) {
  struct signalfd_siginfo all[4];
  long got = read(sfd, all, sizeof all);
  printf("%s:", what);
  if (got < 0) printf(" %s", strerrorname_np(errno));
  for (struct signalfd_siginfo *s = all; got > 0; got -= sizeof *s, s++) {
    printf(" [%d, errno %d, code %d", s->ssi_signo, s->ssi_errno, s->ssi_code);
    if (s->ssi_pid) printf(", pid %s", s->ssi_pid == (unsigned)me ? "mine" : s->ssi_pid == 123 ? "123" : "a child's");
    if (s->ssi_uid && s->ssi_uid != uid) printf(", uid %d", s->ssi_uid);
    field("fd", s->ssi_fd > 100 ? s->ssi_fd : s->ssi_fd != 0), field("band", s->ssi_band), field("timer", s->ssi_tid), field("overrun", s->ssi_overrun);
    field("trapno", s->ssi_trapno), field("status", s->ssi_status), field("int", s->ssi_int), field("pointer", s->ssi_ptr);
    field("addr", s->ssi_addr), field("lsb", s->ssi_addr_lsb), field("syscall", s->ssi_syscall), field("call", s->ssi_call_addr), field("arch", s->ssi_arch);
    printf("]");
  }
  printf("\n");
  return 0;
}
static void made(const char *what, int signo, int code) {
  siginfo_t info = {.si_signo = signo, .si_errno = 5, .si_code = code};
  int *words = (int *)&info;
  for (int i = 4; i < 12; i++) words[i] = i == 4 ? 123 : i == 5 ? 456 : 0x1000 + i;
  long r = syscall(SYS_rt_sigqueueinfo, me, signo, &info);
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else show(what);
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  me = getpid(), uid = getuid();
  sigset_t all;
  siginfo_t info;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  sfd = signalfd(-1, &all, SFD_NONBLOCK);
  union sigval value = {.sival_ptr = (void *)0x123456789abc};
  kill(me, SIGUSR1), show("kill");
  raise(SIGUSR1), show("tgkill");
  sigqueue(me, SIGRTMIN, value), show("sigqueue");
  pid_t child = fork();
  if (child == 0) _exit(9);
  waitid(P_PID, child, &info, WEXITED | WNOWAIT), show("a child's end"), wait(NULL);
  child = fork();
  if (child == 0) {
    sigprocmask(SIG_UNBLOCK, &all, NULL);
    for (;;) pause();
  }
  kill(child, SIGSTOP), waitid(P_PID, child, &info, WSTOPPED | WNOWAIT), show("a child's stop");
  kill(child, SIGKILL), waitid(P_PID, child, &info, WEXITED | WNOWAIT), show("a child's death"), wait(NULL);
  struct itimerval soon = {{0, 0}, {0, 1}};
  setitimer(ITIMER_REAL, &soon, NULL);
  sigset_t pending;
  do sigpending(&pending); while (!sigismember(&pending, SIGALRM));
  show("setitimer");
  timer_t timer;
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1, .sigev_value.sival_int = 77};
  struct itimerspec once = {{0, 0}, {0, 1}};
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  timer_settime(timer, 0, &once, NULL);
  do sigpending(&pending); while (!sigismember(&pending, SIGRTMIN + 1));
  show("a timer"), timer_delete(timer);
  int ends[2];
  pipe(ends);
  fcntl(ends[0], F_SETOWN, me), fcntl(ends[0], F_SETSIG, SIGRTMIN + 2), fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK);
  write(ends[1], "x", 1), show("F_SETSIG");
  fcntl(ends[0], F_SETSIG, 0);
  write(ends[1], "x", 1), show("O_ASYNC");
  close(ends[0]);
  write(ends[1], "x", 1), show("a broken pipe");
  char name[64];
  struct mq_attr attributes = {.mq_maxmsg = 2, .mq_msgsize = 8};
  sprintf(name, "/signalfd-%d", me);
  mqd_t queue = mq_open(name, O_CREAT | O_RDWR, 0600, &attributes);
  mq_unlink(name);
  event.sigev_signo = SIGUSR2;
  mq_notify(queue, &event);
  mq_send(queue, "a", 1, 0), show("mq_notify");
  made("a code of nobody's", SIGUSR1, -60);
  made("SI_QUEUE", SIGUSR1, SI_QUEUE);
  made("SI_MESGQ", SIGUSR1, SI_MESGQ);
  made("SI_ASYNCNL", SIGUSR1, SI_ASYNCNL);
  made("SI_TKILL", SIGUSR1, SI_TKILL);
  made("SI_USER", SIGUSR1, SI_USER);
  made("SI_KERNEL", SIGUSR1, SI_KERNEL);
  made("SI_SIGIO", SIGUSR1, SI_SIGIO);
  made("SI_TIMER", SIGRTMIN, SI_TIMER);
  made("a positive code", SIGUSR1, 3);
  made("a large code", SIGUSR1, 0x1234);
  made("SEGV_ACCERR", SIGSEGV, SEGV_ACCERR);
  made("SEGV_BNDERR", SIGSEGV, SEGV_BNDERR);
  made("SEGV_PKUERR", SIGSEGV, SEGV_PKUERR);
  made("no SEGV code", SIGSEGV, 100);
  made("BUS_ADRERR", SIGBUS, BUS_ADRERR);
  made("BUS_MCEERR_AR", SIGBUS, BUS_MCEERR_AR);
  made("FPE_FLTDIV", SIGFPE, FPE_FLTDIV);
  made("ILL_ILLOPN", SIGILL, ILL_ILLOPN);
  made("TRAP_BRKPT", SIGTRAP, TRAP_BRKPT);
  made("CLD_TRAPPED", SIGCHLD, CLD_TRAPPED);
  made("no CLD code", SIGCHLD, 8);
  made("POLL_IN", SIGIO, POLL_IN);
  made("SYS_SECCOMP", SIGSYS, 1);
  // Those of the thread first, each by number, but for faults, which come before all.
  kill(me, SIGTERM), sigqueue(me, SIGRTMIN + 1, value), sigqueue(me, SIGRTMIN, value), kill(me, SIGHUP), raise(SIGUSR1), raise(SIGSEGV);
  show("in order"), show("the rest"), show("no more");
  return 0;
}
