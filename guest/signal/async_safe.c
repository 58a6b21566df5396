// Every function that signal-safety(7) lists can be called from a handler: here each is, with the signal still blocked, from the
// handler of a signal that interrupted a write into the middle of a word; what each returned is printed afterwards.
// libs: -lrt
#define _GNU_SOURCE
#include <aio.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utime.h>
#include <wchar.h>

static struct result { const char *name; long value; int error; } results[256];
static volatile int count;
static sigjmp_buf back;
static jmp_buf plain_back;
static int ends[2], pty[2], folder;
static timer_t timer;
static char *self;

static void note(const char *name, long value) {
  results[count++] = (struct result){name, value, value == -1 ? errno : 0};
}
#define DO(name, expression) (errno = 0, note(#name, (long)(expression)))

static int outcome(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}
/* For what does not come back. */
#define ENDS(name, expression)                   \
  do {                                           \
    pid_t child = fork();                        \
    if (child == 0) { expression; _exit(77); }   \
    note(#name, outcome(child));                 \
  } while (0)

static void nothing(int signo) { (void)signo; }

static void ending(void) {
  char *arguments[] = {self, "child", NULL}, *environment[] = {"A=1", NULL};
  ENDS(abort, abort());
  ENDS(_exit, _exit(3));
  ENDS(_Exit, _Exit(4));
  ENDS(execl, execl(self, self, "child", NULL));
  ENDS(execle, execle(self, self, "child", NULL, environment));
  ENDS(execv, execv(self, arguments));
  ENDS(execve, execve(self, arguments, environment));
  ENDS(fexecve, fexecve(open(self, O_RDONLY), arguments, environment));
}

static void files(void) {
  struct stat st;
  struct timespec now[2] = {{1, 2}, {3, 4}};
  struct timeval then[2] = {{5, 6}, {7, 8}};
  struct utimbuf ut = {9, 10};
  char text[64];
  int fd;
  DO(chdir, chdir("."));
  DO(fchdir, fchdir(folder));
  DO(creat, fd = creat("one", 0640));
  DO(access, access("one", F_OK));
  DO(faccessat, faccessat(folder, "two", F_OK, 0));
  DO(chmod, chmod("one", 0600));
  DO(fchmod, fchmod(fd, 0644));
  DO(fchmodat, fchmodat(folder, "one", 0666, 0));
  DO(chown, chown("one", -1, -1));
  DO(fchown, fchown(fd, getuid(), -1));
  DO(fchownat, fchownat(folder, "one", -1, getgid(), 0));
  DO(write, write(fd, "0123456789", 10));
  DO(fdatasync, fdatasync(fd));
  DO(fsync, fsync(fd));
  DO(ftruncate, ftruncate(fd, 5));
  DO(lseek, lseek(fd, 0, SEEK_END));
  DO(fstat, fstat(fd, &st) + st.st_size);
  DO(stat, stat("one", &st) + (st.st_mode & 0777));
  DO(lstat, lstat("none", &st));
  DO(fstatat, fstatat(folder, "one", &st, 0));
  DO(futimens, futimens(fd, now));
  DO(utime, utime("one", &ut));
  DO(utimes, utimes("one", then));
  DO(utimensat, utimensat(folder, "one", now, 0));
  DO(close, close(fd));
  DO(open, fd = open("one", O_RDWR));
  DO(read, read(fd, text, 64));
  DO(fcntl, fcntl(fd, F_GETFL) & O_ACCMODE);
  DO(dup, close(dup(fd)));
  DO(dup2, dup2(fd, 50) + close(50));
  close(fd);
  DO(openat, close(openat(folder, "one", O_RDONLY)));
  DO(link, link("one", "two"));
  DO(linkat, linkat(folder, "one", folder, "three", 0));
  DO(symlink, symlink("one", "soft"));
  DO(symlinkat, symlinkat("one", folder, "soft"));
  DO(readlink, readlink("soft", text, 64));
  DO(readlinkat, readlinkat(folder, "one", text, 64));
  DO(rename, rename("two", "four"));
  DO(renameat, renameat(folder, "three", folder, "five"));
  DO(unlink, unlink("four"));
  DO(unlinkat, unlinkat(folder, "five", 0));
  DO(mkdir, mkdir("sub", 0700));
  DO(mkdirat, mkdirat(folder, "sub/sub", 0700));
  DO(rmdir, rmdir("sub"));
  rmdir("sub/sub"), rmdir("sub");
  DO(mkfifo, mkfifo("fifo", 0600));
  DO(mkfifoat, mkfifoat(folder, "fifo", 0600));
  DO(mknod, mknod("node", S_IFIFO | 0600, 0));
  DO(mknodat, mknodat(folder, "node", S_IFIFO | 0600, 0));
  DO(umask, umask(umask(022)));
  unlink("one"), unlink("soft"), unlink("fifo"), unlink("node");
  DO(pipe, pipe(ends) + close(ends[1]) + read(ends[0], text, 1) + close(ends[0]));
}

static void sockets(void) {
  int pair[2], fd, one = 1;
  char text[8];
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  socklen_t length = sizeof name;
  struct iovec vector = {text, 8};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  strcpy(name.sun_path, "socket");
  DO(socketpair, socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
  DO(send, send(pair[0], "abcdefghijklmnop", 16, 0));
  DO(recv, recv(pair[1], text, 4, 0));
  DO(recvfrom, recvfrom(pair[1], text, 4, 0, NULL, NULL));
  DO(recvmsg, recvmsg(pair[1], &message, 0));
  DO(sendmsg, sendmsg(pair[1], &message, 0));
  DO(sendto, sendto(pair[1], "x", 1, 0, NULL, 0));
  DO(sockatmark, sockatmark(pair[0]));
  DO(shutdown, shutdown(pair[0], SHUT_WR));
  DO(socket, (fd = socket(AF_UNIX, SOCK_STREAM, 0)) > 0);
  DO(bind, bind(fd, (void *)&name, sizeof name));
  DO(listen, listen(fd, 5));
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  DO(connect, connect(client, (void *)&name, sizeof name));
  DO(accept, close(accept(fd, NULL, NULL)));
  DO(getsockname, getsockname(fd, (void *)&name, &length) + name.sun_family);
  DO(getpeername, getpeername(client, (void *)&name, &length) + name.sun_family);
  DO(setsockopt, setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one));
  length = sizeof one;
  DO(getsockopt, getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &one, &length) + one);
  close(fd), close(client), close(pair[0]), close(pair[1]), unlink("socket");
  DO(htonl, htonl(0x01020304));
  DO(htons, htons(0x0102));
  DO(ntohl, ntohl(0x01020304));
  DO(ntohs, ntohs(0x0102));
}

static void processes(void) {
  gid_t groups[64];
  struct utsname names;
  struct tms spent;
  DO(getegid, getegid() == getgid());
  DO(geteuid, geteuid() == getuid());
  DO(getgid, getgid() >= 0);
  DO(getuid, getuid() >= 0);
  DO(getgroups, getgroups(64, groups) >= 0);
  DO(getpgrp, getpgrp() == getpgid(0));
  DO(getpid, getpid() > 1);
  DO(getppid, getppid() > 0);
  DO(setgid, setgid(getgid()));
  DO(setuid, setuid(getuid()));
  ENDS(fork, _exit(getppid() > 0));
  ENDS(setpgid, _exit(setpgid(0, 0) + (getpgrp() == getpid())));
  ENDS(setsid, _exit(setsid() == getpid()));
  DO(wait, (fork() ?: (_exit(5), 0), wait(NULL) > 0));
  DO(waitpid, waitpid(-1, NULL, WNOHANG));
  DO(uname, uname(&names) + strcmp(names.sysname, "Linux"));
  DO(times, times(&spent) != -1);
  DO(sleep, sleep(0));
}

static void signals(void) {
  sigset_t set, old;
  struct sigaction action;
  struct sigaction ignore = {.sa_handler = SIG_IGN};
  DO(sigemptyset, sigemptyset(&set));
  DO(sigaddset, sigaddset(&set, SIGUSR2));
  DO(sigismember, sigismember(&set, SIGUSR2));
  DO(sigdelset, sigdelset(&set, SIGUSR2));
  DO(sigfillset, sigfillset(&set));
  DO(sigaction, sigaction(SIGUSR2, NULL, &action) + (action.sa_handler == SIG_DFL));
  DO(signal, signal(SIGUSR2, nothing) == SIG_DFL);
  DO(sigset, sigset(SIGHUP, nothing) == SIG_DFL);
  DO(raise, raise(SIGUSR2));
  DO(kill, kill(getpid(), SIGUSR2));
  DO(pthread_kill, pthread_kill(pthread_self(), SIGUSR2));
  DO(pthread_self, pthread_self() != 0);
  DO(sigqueue, sigqueue(getpid(), SIGUSR2, (union sigval){1}));
  sigemptyset(&set), sigaddset(&set, SIGUSR2);
  DO(sigprocmask, sigprocmask(SIG_BLOCK, &set, &old) + sigismember(&old, SIGUSR1));
  DO(pthread_sigmask, pthread_sigmask(SIG_BLOCK, &set, &old) + sigismember(&old, SIGUSR2));
  raise(SIGUSR2);
  DO(sigpending, sigpending(&set) + sigismember(&set, SIGUSR2));
  DO(sigsuspend, (sigfillset(&set), sigdelset(&set, SIGUSR2), sigsuspend(&set)));
  raise(SIGUSR2);
  DO(sigpause, sigpause(SIGUSR2));
  DO(alarm, alarm(100) + alarm(0));
  sigset(SIGALRM, nothing);
  struct itimerval soon = {{0, 1000}, {0, 1000}}, off = {{0}};
  setitimer(ITIMER_REAL, &soon, NULL);
  DO(pause, pause());
  setitimer(ITIMER_REAL, &off, NULL);
  if (!sigsetjmp(back, 1)) siglongjmp(back, 5);
  DO(siglongjmp, sigismember((sigprocmask(0, NULL, &old), &old), SIGUSR1));
  if (!setjmp(plain_back)) longjmp(plain_back, 1);
  DO(longjmp, 1);
}

static void waiting(void) {
  struct pollfd polled = {ends[0], POLLIN};
  struct timeval none = {0};
  struct timespec zero = {0}, now;
  struct itimerspec spec = {{0}, {1000}};
  sem_t semaphore;
  fd_set set;
  FD_ZERO(&set);
  pipe(ends);
  polled.fd = ends[0];
  DO(poll, poll(&polled, 1, 0));
  DO(select, select(0, &set, NULL, NULL, &none));
  DO(pselect, pselect(0, NULL, &set, NULL, &zero, NULL));
  DO(clock_gettime, clock_gettime(CLOCK_REALTIME, &now));
  DO(time, time(NULL) - now.tv_sec <= 1);
  DO(timer_settime, timer_settime(timer, 0, &spec, NULL));
  DO(timer_gettime, timer_gettime(timer, &spec) + (spec.it_value.tv_sec > 900));
  DO(timer_getoverrun, timer_getoverrun(timer));
  sem_init(&semaphore, 0, 0);
  DO(sem_post, sem_post(&semaphore));
  struct aiocb request = {.aio_fildes = -1};
  DO(aio_error, aio_error(&request));
  DO(aio_return, aio_return(&request));
  const struct aiocb *list[1] = {NULL};
  DO(aio_suspend, aio_suspend(list, 1, &zero));
}

static void terminal(void) {
  struct termios settings;
  DO(tcgetattr, tcgetattr(pty[1], &settings));
  DO(cfgetispeed, cfgetispeed(&settings));
  DO(cfgetospeed, cfgetospeed(&settings));
  DO(cfsetispeed, cfsetispeed(&settings, B9600));
  DO(cfsetospeed, cfsetospeed(&settings, B19200) + cfgetospeed(&settings));
  DO(tcsetattr, tcsetattr(pty[1], TCSANOW, &settings));
  DO(tcdrain, tcdrain(pty[1]));
  DO(tcflow, tcflow(pty[1], TCOON));
  DO(tcflush, tcflush(pty[1], TCIOFLUSH));
  DO(tcsendbreak, tcsendbreak(pty[1], 0));
  DO(tcgetpgrp, tcgetpgrp(pty[1]));
  DO(tcsetpgrp, tcsetpgrp(pty[1], getpgrp()));
}

static void texts(void) {
  char text[64] = "", *rest;
  wchar_t wide[64] = L"", *more;
  DO(ffs, ffs(0x40));
  DO(stpcpy, stpcpy(text, "abc") - text);
  DO(stpncpy, stpncpy(text, "abcdef", 3) - text);
  DO(strcat, strlen(strcat(text, "x,y")));
  DO(strncat, strlen(strncat(text, "12345", 2)));
  DO(strchr, strchr(text, 'x') - text);
  DO(strrchr, strrchr(text, 'y') - text);
  DO(strcmp, strcmp("a", "b") < 0);
  DO(strncmp, strncmp("ab", "ac", 1));
  DO(strcpy, strlen(strcpy(text, "one two")));
  DO(strncpy, strlen(strncpy(text, "ONE", 3)));
  DO(strlen, strlen(text));
  DO(strnlen, strnlen(text, 3));
  DO(strcspn, strcspn(text, " "));
  DO(strspn, strspn(text, "ENO"));
  DO(strpbrk, strpbrk(text, "wt") - text);
  DO(strstr, strstr(text, "two") - text);
  DO(strtok_r, strlen(strtok_r(text, " ", &rest)));
  DO(memccpy, (char *)memccpy(text, "abcdef", 'c', 6) - text);
  DO(memchr, (char *)memchr(text, 'b', 6) - text);
  DO(memcmp, memcmp("abc", "abc", 3));
  DO(memcpy, *(char *)memcpy(text, "xyz", 4));
  DO(memmove, *(char *)memmove(text + 1, text, 3));
  DO(memset, *(char *)memset(text, 'q', 8));
  DO(wcpcpy, wcpcpy(wide, L"abc") - wide);
  DO(wcpncpy, wcpncpy(wide, L"abcdef", 3) - wide);
  DO(wcscat, wcslen(wcscat(wide, L"x,y")));
  DO(wcsncat, wcslen(wcsncat(wide, L"12345", 2)));
  DO(wcschr, wcschr(wide, L'x') - wide);
  DO(wcsrchr, wcsrchr(wide, L'y') - wide);
  DO(wcscmp, wcscmp(L"a", L"b") < 0);
  DO(wcsncmp, wcsncmp(L"ab", L"ac", 1));
  DO(wcscpy, wcslen(wcscpy(wide, L"one two")));
  DO(wcsncpy, wcslen(wcsncpy(wide, L"ONE", 3)));
  DO(wcslen, wcslen(wide));
  DO(wcsnlen, wcsnlen(wide, 3));
  DO(wcscspn, wcscspn(wide, L" "));
  DO(wcsspn, wcsspn(wide, L"ENO"));
  DO(wcspbrk, wcspbrk(wide, L"wt") - wide);
  DO(wcsstr, wcsstr(wide, L"two") - wide);
  DO(wcstok, wcslen(wcstok(wide, L" ", &more)));
  DO(wmemchr, wmemchr(wide, L'N', 6) - wide);
  DO(wmemcmp, wmemcmp(L"abc", L"abc", 3));
  DO(wmemcpy, *wmemcpy(wide, L"xyz", 4));
  DO(wmemmove, *wmemmove(wide + 1, wide, 3));
  DO(wmemset, *wmemset(wide, L'q', 8));
}

static void handler(int signo) {
  (void)signo;
  files();
  sockets();
  processes();
  signals();
  waiting();
  terminal();
  texts();
  ending();
}

int main(int argc, char **argv) {
  if (argc > 1) return 42;
  static char path[4096];
  char name[] = "/tmp/safe-XXXXXX";
  self = realpath("/proc/self/exe", path);
  mkdtemp(name);
  chdir(name);
  folder = open(".", O_RDONLY | O_DIRECTORY);
  struct sigevent event = {.sigev_notify = SIGEV_NONE};
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  pty[0] = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(pty[0]), unlockpt(pty[0]);
  pty[1] = open(ptsname(pty[0]), O_RDWR | O_NOCTTY);
  struct sigaction sa = {.sa_handler = handler};
  sigaction(SIGUSR1, &sa, NULL);
  printf("interrupted in the middle of a wo");
  raise(SIGUSR1);
  printf("rd\n");
  for (int i = 0; i < count; i++) {
    printf("%s: %ld", results[i].name, results[i].value);
    printf(results[i].error ? ", %s\n" : "\n", strerrorname_np(results[i].error));
  }
  printf("%d functions\n", count);
  return rmdir(name);
}
