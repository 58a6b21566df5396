/*
 * System calls with arguments of every type that a trace shows: the test runs it under strace(1) and here, in an empty
 * directory, and compares the traces from "begin" on. Nothing in it may depend on the machine, on time, or on being root.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static char buffer[4096];
static int ends[2];

static void handler(int signo, siginfo_t *info, void *context) {}

static void files(void) {
  struct stat st;
  int fd = open("a\tfile \"quoted\"\1\0012\377", O_RDWR | O_CREAT | O_TRUNC, 0640);
  write(fd, "hello\n\0world\1772\33\339\0017 and much more text beyond", 51);
  pwrite(fd, "xyz", 3, 100);
  pread(fd, buffer, 20, 2);
  lseek(fd, -5, SEEK_END);
  lseek(fd, 5, SEEK_SET);
  lseek(fd, 5, 99);
  read(fd, buffer, sizeof buffer);
  read(fd, buffer, sizeof buffer);
  write(-1, "", 0);
  write(fd, (void *)8, 4);
  struct iovec out[2] = {{"abc", 3}, {"defg", 4}};
  writev(fd, out, 2);
  lseek(fd, 0, SEEK_SET);
  struct iovec in[2] = {{buffer, 3}, {buffer + 100, 400}};
  readv(fd, in, 2);
  readv(-1, in, 2);
  fstat(fd, &st);
  lstat("/nonexistent/a/very/long/path/that/goes/beyond/thirty-two/characters", &st);
  fchmod(fd, 04600);
  ftruncate(fd, 10);
  access("nope", R_OK | W_OK);
  syscall(SYS_faccessat, AT_FDCWD, "nope", F_OK);
  fcntl(fd, F_GETFD);
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_GETFD);
  fcntl(fd, F_SETFL, O_APPEND | O_NONBLOCK);
  fcntl(fd, F_GETFL);
  fcntl(fd, F_DUPFD, 40);
  struct flock lock = {F_WRLCK, SEEK_SET, 0, 0};
  fcntl(fd, F_SETLK, &lock);
  fcntl(fd, F_GETLK, &lock);
  fcntl(fd, 999, 7);
  dup2(fd, 30);
  dup3(fd, 31, O_CLOEXEC);
  ioctl(fd, TCGETS, buffer);
  ioctl(fd, 0x12345678, 9);
  symlink("target", "link");
  readlink("link", buffer, sizeof buffer);
  readlink("a\tfile \"quoted\"\1\0012\377", buffer, sizeof buffer);
  rename("link", "link2");
  unlink("link2");
  unlinkat(AT_FDCWD, "none", AT_REMOVEDIR);
  mkdir("dir", 01777);
  rmdir("dir");
  mknod("fifo", S_IFIFO | 0600, 0);
  unlink("fifo");
  struct timespec times[2] = {{1, 2}, {0, UTIME_NOW}};
  utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW);
  getcwd(buffer, 2);
  umask(027);
  close(fd);
  close(fd);
}

static void waiting(void) {
  int other[2], count;
  pipe(ends);
  pipe2(other, O_NONBLOCK | O_CLOEXEC);
  read(other[0], buffer, 10);
  write(ends[1], "12", 2);
  ioctl(ends[0], FIONREAD, &count);
  struct pollfd fds[2] = {{ends[0], POLLIN | POLLPRI, 0}, {ends[1], POLLOUT, 0}};
  poll(fds, 2, 0);
  poll(fds, 1, -1);
  fds[0].events = POLLHUP;
  poll(fds, 1, 0);
  fds[0].fd = -1;
  poll(fds, 1, 0);
  poll((void *)8, 1, 0);
  fd_set readable, writable;
  FD_ZERO(&readable);
  FD_ZERO(&writable);
  FD_SET(ends[0], &readable);
  FD_SET(other[0], &readable);
  FD_SET(ends[1], &writable);
  syscall(SYS_select, 20, &readable, &writable, NULL, NULL);
  FD_ZERO(&readable);
  FD_SET(other[0], &readable);
  syscall(SYS_select, 20, &readable, NULL, NULL, &(struct timeval){0, 0});
  struct timespec time = {0, 1000}, rest;
  syscall(SYS_nanosleep, &time, &rest);
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
  syscall(SYS_nanosleep, &(struct timespec){0, 1000000000}, &rest);
  syscall(SYS_clock_gettime, 77, &time);
  syscall(SYS_clock_getres, CLOCK_PROCESS_CPUTIME_ID, &time);
  struct itimerval timer = {{0, 0}, {10, 5}};
  setitimer(ITIMER_PROF, &timer, NULL);
  memset(&timer, 0, sizeof timer);
  setitimer(ITIMER_PROF, &timer, NULL);
  int word = 5;
  syscall(SYS_futex, &word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1);
  time = (struct timespec){0, 1000};
  syscall(SYS_futex, &word, FUTEX_WAIT, 6, &time);
  syscall(SYS_futex, &word, FUTEX_WAIT, 5, &time);
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, &time, NULL, -1);
}

static void signals(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK | SA_NODEFER}, old;
  sigfillset(&action.sa_mask);
  sigaction(SIGUSR1, &action, NULL);
  action.sa_flags = SA_RESETHAND | SA_NOCLDSTOP | SA_NOCLDWAIT;
  sigemptyset(&action.sa_mask);
  sigaddset(&action.sa_mask, SIGINT);
  sigaddset(&action.sa_mask, 40);
  action.sa_handler = SIG_IGN;
  sigaction(SIGUSR1, &action, &old);
  sigaction(SIGUSR1, NULL, &old);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR1, &action, NULL);
  sigaction(37, &action, NULL);
  sigaction(SIGKILL, &action, NULL);
  action.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &action, NULL);

  sigset_t set, previous;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigaddset(&set, SIGTERM);
  sigprocmask(SIG_BLOCK, &set, &previous);
  kill(getpid(), SIGUSR1);
  sigpending(&previous);
  siginfo_t info;
  struct timespec time = {1, 1};
  sigtimedwait(&set, &info, &time);
  const union sigval value = {.sival_int = 77};
  sigqueue(getpid(), SIGUSR1, value);
  sigwaitinfo(&set, &info);
  time.tv_sec = 0;
  sigtimedwait(&set, NULL, &time);
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  sigprocmask(77, &set, NULL);
  kill(getpid(), SIGUSR1);
  sigqueue(getpid(), SIGUSR1, value);
  raise(37);
  kill(getpid(), 0);
  kill(getpid(), 99);
  static char alternate[8192];
  stack_t stack = {alternate, 0, sizeof alternate}, before;
  sigaltstack(&stack, &before);
  stack.ss_flags = SS_DISABLE;
  sigaltstack(&stack, &before);

  // The read fails with EINTR, and goes on when its handler has SA_RESTART.
  read(ends[0], buffer, 2);
  struct itimerval timer = {{0, 0}, {0, 20000}};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGALRM, &action, NULL);
  setitimer(ITIMER_REAL, &timer, NULL);
  read(ends[0], buffer, 2);
  setitimer(ITIMER_REAL, &timer, NULL);
  syscall(SYS_pause);
  setitimer(ITIMER_REAL, &timer, NULL);
  poll(&(struct pollfd){ends[0], POLLIN, 0}, 1, -1);
}

static void memory(void) {
  char *at = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(at, 4096, PROT_READ);
  mprotect(at, 4096, PROT_NONE);
  write(ends[1], at, 4);
  madvise(at, 4096, MADV_DONTNEED);
  madvise(at, 4096, 77);
  msync(at, 4096, MS_SYNC);
  mremap(at, 16384, 4096, MREMAP_MAYMOVE);
  munmap(at, 4096);
  mmap(at, 4096, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, -1, 4096);
}

static void process(void) {
  struct rlimit limit;
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  syscall(SYS_getrlimit, RLIMIT_CORE, &limit);
  prlimit(0, 77, NULL, NULL);
  prctl(PR_SET_NAME, "renamed");
  prctl(PR_GET_NAME, buffer);
  prctl(PR_GET_DUMPABLE);
  prctl(PR_SET_PDEATHSIG, SIGHUP);
  int number;
  prctl(PR_GET_PDEATHSIG, &number);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  syscall(SYS_arch_prctl, 0x1003, buffer);
  syscall(SYS_arch_prctl, 0x1234, buffer);
  syscall(SYS_getrandom, (void *)8, 8, 1);
  syscall(999, 1, 2, 3, 4, 5, 6);
  wait4(-1, &number, WNOHANG | WUNTRACED, NULL);
  waitid(P_ALL, 0, NULL, WEXITED | WNOHANG);
  char *arguments[] = {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "b", NULL}, *environment[] = {"A=B", NULL};
  execve("nope", arguments, environment);
  execve("nope", (char *[]){NULL}, NULL);
}

int main(void) {
  write(-1, "begin", 5);
  files();
  waiting();
  signals();
  memory();
  process();
  raise(SIGSEGV);
  return 0;
}
