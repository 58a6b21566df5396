// Namespaces as files (namespaces(7), ioctl_nsfs(2)): the links of /proc/PID/ns, the ioctls of what they lead to and of pidfds,
// setns(2) into one's own namespaces by either, unshare(2) of what is no namespace, and who may do what.
// capabilities: sys_admin sys_chroot setuid
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIDFD(n) _IO(0xff, n)
static const char *name(long r) {
  static char text[4][32];
  static int turn;
  char *into = text[turn++ & 3];
  if (r == -1) return strerrorname_np(errno);
  sprintf(into, "%ld", r);
  return into;
}
// 'fd', closed, or the error.
static const char *opened(int fd) {
  if (fd < 0) return strerrorname_np(errno);
  close(fd);
  return "fd";
}
static int pidfd(pid_t pid) { return syscall(SYS_pidfd_open, pid, 0); }
static ino_t inode(int fd) {
  struct stat st = {0};
  fstat(fd, &st);
  return st.st_ino;
}
static void in_child(const char *what, void (*f)(void)) {
  printf("-- %s\n", what);
  fflush(stdout);
  if (fork() == 0) {
    f();
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

static void links(void) {
  DIR *d = opendir("/proc/self/ns");
  for (struct dirent *e; (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    char path[60], link[60] = "", shown[60] = "";
    sprintf(path, "/proc/self/ns/%s", e->d_name);
    readlink(path, link, sizeof link - 1);
    const int fd = open(path, O_RDONLY);
    struct stat st, own;
    fstat(fd, &st);
    lstat(path, &own);
    struct statfs fs;
    fstatfs(fd, &fs);
    printf("%s: %.*s, type %d, file %o %ld %ld %ld, link %o size %ld, fs %d", e->d_name, (int)strcspn(link, "["), link, e->d_type,
           st.st_mode, (long)st.st_nlink, (long)st.st_size, (long)st.st_uid, own.st_mode, (long)own.st_size, fs.f_type == NSFS_MAGIC);
    printf(", number %d", strtoul(strchr(link, '[') + 1, NULL, 10) == st.st_ino);
    sprintf(path, "/proc/self/fd/%d", fd);
    readlink(path, shown, sizeof shown - 1);
    printf(", shown so %d\n", strcmp(link, shown) == 0);
    printf("  kind %#x", ioctl(fd, NS_GET_NSTYPE));
    const int user = ioctl(fd, NS_GET_USERNS);
    printf(", owner %s", user < 0 ? name(-1) : name(ioctl(user, NS_GET_NSTYPE) == CLONE_NEWUSER));
    if (user >= 0) printf(" cloexec %d", fcntl(user, F_GETFD)), close(user);
    printf(", parent %s", opened(ioctl(fd, NS_GET_PARENT)));
    unsigned uid = 77;
    printf(", user %s", name(ioctl(fd, NS_GET_OWNER_UID, &uid)));
    uint64_t id = 0;
    printf(", mount id %s", name(ioctl(fd, _IOR(0xb7, 5, uint64_t), &id)));
    printf(", id %s", name(ioctl(fd, _IOR(0xb7, 13, uint64_t), &id)));
    printf(" %d", id != 0);
    printf(", pids");
    for (int n = 6; n < 10; n++) {
      const int r = ioctl(fd, _IOR(0xb7, n, int), getpid());
      printf(" %s", r == getpid() ? "me" : name(r));
    }
    printf(", nobody %s", name(ioctl(fd, _IOR(0xb7, 6, int), 1 << 30)));
    char byte;
    printf("; unknown %s, read %s, write %s", name(ioctl(fd, 0x5401, &uid)), name(read(fd, &byte, 1)), name(write(fd, &byte, 1)));
    printf(", seek %s, map %s", name(lseek(fd, 0, SEEK_SET)), mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? name(-1) : "");
    sprintf(path, "/proc/self/ns/%s", e->d_name);
    printf(", open %s %s", opened(open(path, O_RDWR)), opened(open(path, O_WRONLY)));
    printf(", chmod %s\n", name(fchmod(fd, 0600)));
    close(fd);
  }
  closedir(d);
}

static void by_pidfd(void) {
  const int me = pidfd(getpid());
  for (int n = 1; n <= 12; n++) {
    const int fd = ioctl(me, PIDFD(n), 0);
    char path[60], link[60] = "";
    sprintf(path, "/proc/self/fd/%d", fd);
    if (fd >= 0) readlink(path, link, sizeof link - 1);
    printf("%d: %s %.*s", n, fd < 0 ? name(-1) : "fd", (int)strcspn(link, "["), link);
    if (fd >= 0) printf(" cloexec %d flags %#x", fcntl(fd, F_GETFD), fcntl(fd, F_GETFL)), close(fd);
    printf("\n");
  }
  printf("argument %s\n", name(ioctl(me, PIDFD(1), 1)));
  const pid_t child = fork();
  if (child == 0) _exit(0);
  const int other = pidfd(child);
  siginfo_t info;
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  char path[60], link[60];
  printf("zombie: %s, setns %s, links", name(ioctl(other, PIDFD(10), 0)), name(setns(other, CLONE_NEWUTS)));
  const char *names[] = {"uts", "mnt", "pid", "pid_for_children", "user", "time"};
  for (int i = 0; i < 6; i++) {
    sprintf(path, "/proc/%d/ns/%s", child, names[i]);
    const int length = readlink(path, link, sizeof link);
    printf(" %s", length < 0 ? name(-1) : "text");
    printf(" %s", opened(open(path, O_RDONLY)));
  }
  waitpid(child, NULL, 0);
  printf("\ngone: %s, setns %s\n", name(ioctl(other, PIDFD(10), 0)), name(setns(other, CLONE_NEWUTS)));
}

static const int kinds[] = {CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWCGROUP, CLONE_NEWTIME};
static const char *names[] = {"uts", "ipc", "net", "mnt", "pid", "user", "cgroup", "time"};
static void enter(void) {
  const int me = pidfd(getpid());
  for (int i = 0; i < 8; i++) {
    char path[60];
    sprintf(path, "/proc/self/ns/%s", names[i]);
    const int fd = open(path, O_RDONLY);
    printf("%s: any %s", names[i], name(setns(fd, 0)));
    printf(", right %s", name(setns(fd, kinds[i])));
    printf(", wrong %s", name(setns(fd, kinds[(i + 1) % 8])));
    printf(", by process %s\n", name(setns(me, kinds[i])));
    close(fd);
  }
  printf("several %s", name(setns(me, CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWPID)));
  printf(", with user %s", name(setns(me, CLONE_NEWUTS | CLONE_NEWUSER)));
  printf(", none %s, other flags %s", name(setns(me, 0)), name(setns(me, CLONE_NEWUTS | CLONE_FS)));
  printf(", no descriptor %s, another file %s\n", name(setns(-1, 0)), name(setns(1, CLONE_NEWUTS)));
  chdir("/tmp");
  char where[100];
  printf("uts leaves the directory: %s %s", name(setns(me, CLONE_NEWUTS)), getcwd(where, 100));
  printf(", mnt does not: %s", name(setns(me, CLONE_NEWNS)));
  printf(" %s\n", getcwd(where, 100));
}
static void *entering(void *fds) {
  int *fd = fds;
  for (int i = 0; i < 8; i++) printf(" %s %s", names[i], name(setns(fd[i], 0)));
  printf("\n");
  return NULL;
}
static void with_threads(void) {
  int fds[8];
  for (int i = 0; i < 8; i++) {
    char path[60];
    sprintf(path, "/proc/self/ns/%s", names[i]);
    fds[i] = open(path, O_RDONLY);
  }
  printf("a thread:");
  pthread_t other;
  pthread_create(&other, NULL, entering, fds);
  pthread_join(other, NULL);
  struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct d[2];
  syscall(SYS_capget, &h, d);
  d[0].effective &= ~(1u << CAP_SYS_CHROOT);
  syscall(SYS_capset, &h, d);
  printf("without chroot:");
  entering(fds);
  d[0].effective &= ~(1u << CAP_SYS_ADMIN | 1u << CAP_SYS_PTRACE);
  syscall(SYS_capset, &h, d);
  printf("without rights:");
  entering(fds);
  printf("unshare:");
  for (int i = 0; i < 8; i++)
    if (i != 5) printf(" %s %s", names[i], name(unshare(kinds[i])));
  printf("\n");
  const int parent = pidfd(getppid());
  setresuid(65534, 65534, 65534);
  char path[60], link[60];
  sprintf(path, "/proc/%d/ns/uts", getppid());
  printf("another user: link %s", name(readlink(path, link, 60)));
  printf(", open %s, descriptor %s", opened(open(path, O_RDONLY)), opened(ioctl(parent, PIDFD(10), 0)));
  printf(", setns %s\n", name(setns(parent, CLONE_NEWUTS)));
}

static char stack[65536] __attribute__((aligned(16)));
static int sharing(void *unused) {
  printf("sharing: sighand %s", name(unshare(CLONE_SIGHAND)));
  printf(", memory %s", name(unshare(CLONE_VM)));
  printf(", thread %s", name(unshare(CLONE_THREAD)));
  printf(", files %s", name(unshare(CLONE_FILES)));
  close(100);
  printf(", fs %s", name(unshare(CLONE_FS)));
  chdir("/tmp");
  printf(", undo %s\n", name(unshare(CLONE_SYSVSEM)));
  fflush(stdout);
  _exit(0);
}
static void *parting(void *unused) {
  printf("thread: thread %s", name(unshare(CLONE_THREAD)));
  printf(", sighand %s", name(unshare(CLONE_SIGHAND)));
  printf(", memory %s", name(unshare(CLONE_VM)));
  printf(", files %s", name(unshare(CLONE_FILES)));
  close(100);
  printf(", fs %s", name(unshare(CLONE_FS)));
  chdir("/tmp");
  printf("\n");
  return NULL;
}
static void state(void) {
  char where[100];
  printf("  descriptor %s, directory %s\n", name(fcntl(100, F_GETFD)), getcwd(where, 100));
  fflush(stdout);
}
static void parts(void) {
  printf("alone: nothing %s", name(unshare(0)));
  printf(", thread %s, sighand %s, memory %s", name(unshare(CLONE_THREAD)), name(unshare(CLONE_SIGHAND)), name(unshare(CLONE_VM)));
  printf(", files and fs %s", name(unshare(CLONE_FILES | CLONE_FS)));
  printf(", undo %s", name(unshare(CLONE_SYSVSEM)));
  printf(", unknown %s %s\n", name(unshare(CLONE_PARENT)), name(unshare(SIGCHLD)));
  chdir("/");
  dup2(1, 100);
  fflush(stdout);
  const pid_t child = clone(sharing, stack + sizeof stack, CLONE_VM | CLONE_FILES | CLONE_FS | CLONE_SIGHAND | SIGCHLD, NULL);
  waitpid(child, NULL, 0);
  state();
  pthread_t other;
  pthread_create(&other, NULL, parting, NULL);
  pthread_join(other, NULL);
  state();
}

int main(void) {
  in_child("links", links);
  in_child("pidfd", by_pidfd);
  in_child("enter", enter);
  in_child("threads and rights", with_threads);
  in_child("parts", parts);
  return 0;
}
