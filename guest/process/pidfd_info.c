// Descriptors of processes as files of their own (fs/pidfs.c): one inode a process, what they refuse, PIDFD_GET_INFO of oneself, of
// children alive, dead and waited for, and of threads; pidfd_send_signal(2) by directories of /proc and by PIDFD_SELF.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREAD = O_EXCL, SELF_THREAD = -10000, SELF_GROUP = -10001, PID = 1, CREDS = 2, CGROUP = 4, EXIT = 8 };
struct info {
  uint64_t mask, cgroup;
  uint32_t pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  int32_t exit_code;
  uint32_t coredump[2];
};
#define GET_INFO(size) (3u << 30 | (size) << 16 | 0xff << 8 | 11)

static const char *outcome(long result) { return result < 0 ? strerrorname_np(errno) : "0"; }
static int pidfd_open_(pid_t pid, int flags) { return syscall(SYS_pidfd_open, pid, flags); }
static int send_(int fd, int signo, unsigned flags) { return syscall(SYS_pidfd_send_signal, fd, signo, NULL, flags); }

static const char *who(uint32_t id, pid_t child) {
  return id == 0 ? "0" : id == getpid() ? "me" : id == child ? "child" : id == getppid() ? "parent" : "other";
}
static void info(const char *what, int fd, uint64_t mask, pid_t child) {
  struct info got;
  memset(&got, 0x55, sizeof got);
  got.mask = mask;
  const int result = ioctl(fd, GET_INFO(72), &got);
  printf("%s: %s", what, outcome(result));
  if (result == 0) {
    printf(", mask %#lx, pid %s tgid %s ppid %s", got.mask & ~(uint64_t)CGROUP, who(got.pid, child), who(got.tgid, child),
           who(got.ppid, child));
    printf(", ids %d %d %d %d", got.ruid == got.euid, got.rgid == got.egid, got.suid, got.fsgid);
    if (got.mask & EXIT) printf(", exit %#x", got.exit_code);
  }
  printf("\n");
}

static volatile sig_atomic_t handled;
static volatile pid_t by;
static void onSignal(int signo) { handled++, by = gettid(); }

static int ready[2], go[2];
static volatile pid_t tid;
static void *thread(void *unused) {
  char byte;
  tid = gettid();
  write(ready[1], "x", 1);
  read(go[0], &byte, 1);
  handled = 0;
  printf("by a thread: itself %s", outcome(send_(SELF_THREAD, SIGUSR1, 0)));
  printf(" %d", by == gettid());
  printf(", directory %s", outcome(send_(open("/proc/thread-self", O_DIRECTORY), 0, 0)));
  printf(", its group's %s\n", outcome(send_(open("/proc/self", O_DIRECTORY), 0, 0)));
  return NULL;
}

int main(void) {
  setvbuf(stdout, NULL, _IONBF, 0);
  signal(SIGUSR1, onSignal);
  pipe(ready), pipe(go);
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  const int own = pidfd_open_(getpid(), 0), one = pidfd_open_(child, 0), two = pidfd_open_(child, O_NONBLOCK);
  struct stat a, b, c;
  struct statfs fs;
  fstat(own, &a), fstat(one, &b), fstat(two, &c);
  printf("mode %o, size %ld, links %ld; same process %d, another %d, same device %d\n", a.st_mode, (long)a.st_size,
         (long)a.st_nlink, b.st_ino == c.st_ino, a.st_ino == b.st_ino, a.st_dev == b.st_dev);
  printf("statfs %s", outcome(fstatfs(own, &fs)));
  printf(" %lx\n", (long)fs.f_type);
  char path[64], text[64] = "";
  snprintf(path, sizeof path, "/proc/self/fd/%d", own);
  readlink(path, text, sizeof text - 1);
  printf("link %s, close-on-exec %d, flags %#x %#x\n", text, fcntl(own, F_GETFD), fcntl(own, F_GETFL), fcntl(two, F_GETFL));
  printf("read %s", outcome(read(own, text, 8)));
  printf(", write %s", outcome(write(own, text, 8)));
  printf(", seek %s", outcome(lseek(own, 0, SEEK_SET)));
  printf(", chmod %s", outcome(fchmod(own, 0600)));
  printf(", chown %s", outcome(fchown(own, 0, 0)));
  printf(", sync %s\n", outcome(fsync(own)));
  info("own", own, 0, child);
  info("own, all", own, ~0ull, child);
  info("child's", one, EXIT, child);
  struct info got;
  printf("sizes: %s", outcome(ioctl(one, GET_INFO(56), &got)));
  memset(&got, 0x55, sizeof got);
  got.mask = 0;
  printf(", %s", outcome(ioctl(one, GET_INFO(64), &got)));
  printf(" %x", got.coredump[0]);
  printf(", nowhere %s", outcome(ioctl(one, GET_INFO(72), NULL)));
  printf(" %s", outcome(ioctl(one, GET_INFO(72), (void *)8)));
  printf(", unknown %s\n", outcome(ioctl(one, 0xff63, 0)));
  pthread_t other;
  pthread_create(&other, NULL, thread, NULL);
  read(ready[0], text, 1);
  const int of_thread = pidfd_open_(tid, THREAD);
  printf("thread: plain %s", outcome(pidfd_open_(tid, 0)));
  fstat(of_thread, &b);
  printf(", another inode %d, flags %#x\n", a.st_ino != b.st_ino, fcntl(of_thread, F_GETFL));
  info("thread's", of_thread, 0, tid);
  write(go[1], "x", 1);
  pthread_join(other, NULL);
  info("thread's, gone", of_thread, 0, tid);
  info("thread's, gone, exit", of_thread, EXIT, tid);
  handled = 0;
  printf("self: %s", outcome(send_(SELF_GROUP, SIGUSR1, 0)));
  printf(" %s", outcome(send_(SELF_THREAD, SIGUSR1, 0)));
  printf(" %d, flags %s", handled, outcome(send_(SELF_GROUP, SIGUSR1, 1)));
  printf(" %s", outcome(send_(SELF_GROUP, 0, 8)));
  printf(", others %s %s\n", outcome(send_(-10002, 0, 0)), outcome(send_(-100, 0, 0)));
  snprintf(path, sizeof path, "/proc/%d", child);
  const int directory = open(path, O_DIRECTORY), status = open("/proc/self/status", O_RDONLY);
  printf("directories: child's %s", outcome(send_(directory, 0, 0)));
  printf(", task %s", outcome(send_(open("/proc/self/task", O_DIRECTORY), 0, 0)));
  printf(", status %s", outcome(send_(status, 0, 0)));
  printf(", root %s", outcome(send_(open("/proc", O_DIRECTORY), 0, 0)));
  printf(", path only %s\n", outcome(send_(open("/proc/self", O_DIRECTORY | O_PATH), 0, 0)));
  printf("release: alive %s", outcome(syscall(SYS_process_mrelease, one, 0)));
  printf(", flags %s", outcome(syscall(SYS_process_mrelease, one, 1)));
  printf(", no pidfd %s", outcome(syscall(SYS_process_mrelease, status, 0)));
  printf(" %s, self %s\n", outcome(syscall(SYS_process_mrelease, 99, 0)), outcome(syscall(SYS_process_mrelease, SELF_GROUP, 0)));
  kill(child, SIGTERM);
  siginfo_t ended;
  waitid(P_PID, child, &ended, WEXITED | WNOWAIT);
  info("child's, dead", one, 0, child);
  info("child's, dead, exit", one, EXIT, child);
  printf("signal %s, by its directory %s", outcome(send_(one, 0, 0)), outcome(send_(directory, 0, 0)));
  printf(", release %s\n", outcome(syscall(SYS_process_mrelease, one, 0)));
  waitpid(child, NULL, 0);
  info("child's, gone", one, 0, child);
  info("child's, gone, exit", one, EXIT, child);
  printf("release %s, ", outcome(syscall(SYS_process_mrelease, one, 0)));
  printf("signal %s", outcome(send_(one, 0, 0)));
  printf(", by its directory %s\n", outcome(send_(directory, 0, 0)));
  const pid_t second = fork();
  if (second == 0) _exit(7);
  const int third = pidfd_open_(second, 0);
  waitpid(second, NULL, 0);
  info("another, gone", third, EXIT | PID, second);
  return 0;
}
