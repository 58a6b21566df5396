// System calls that another process answers (seccomp_unotify(2); seccomp_do_user_notification and its neighbours in
// kernel/seccomp.c): every ioctl of the listener with what it refuses, poll and epoll, descriptors put into the caller, the end
// of either side. Signals to the caller are seccomp_notify_signals.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLABLE 32 // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SET_FLAGS SECCOMP_IOW(4, __u64)
#define WRONG_DIR SECCOMP_IOR(2, __u64)

static const char *name(long r) {
  static char text[4][32];
  static int turn;
  char *into = text[turn++ & 3];
  if (r == -1) return strerrorname_np(errno);
  sprintf(into, "%ld", r);
  return into;
}

// getppid is asked about, and time.
static int install(unsigned flags) {
  struct sock_filter f[] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)},
      {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SYS_getppid},
      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, SYS_time},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_USER_NOTIF},
      {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW},
  };
  struct sock_fprog p = {5, f};
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &p);
}

static void send_fd(int over, int fd) {
  char byte = 0, control[CMSG_SPACE(4)] = {0};
  struct iovec v = {&byte, 1};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct cmsghdr *c = CMSG_FIRSTHDR(&m);
  c->cmsg_level = SOL_SOCKET, c->cmsg_type = SCM_RIGHTS, c->cmsg_len = CMSG_LEN(4);
  memcpy(CMSG_DATA(c), &fd, 4);
  sendmsg(over, &m, 0);
}
static int receive_fd(int over) {
  char byte, control[CMSG_SPACE(4)];
  struct iovec v = {&byte, 1};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(over, &m, 0) < 1) return -1;
  int fd;
  memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), 4);
  return fd;
}

// A child that is watched, its listener, and where it says how its calls went.
struct target {
  pid_t pid;
  int listener, results;
};
static int to_parent = -1;
static void tell(long r) {
  const long message = r == -1 ? -errno : r;
  write(to_parent, &message, sizeof message);
}
static struct target start(unsigned flags, void (*f)(void)) {
  int pair[2], results[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  pipe(results);
  fflush(stdout);
  struct target t = {.results = results[0]};
  t.pid = fork();
  if (t.pid == 0) {
    close(results[0]);
    to_parent = fcntl(results[1], F_DUPFD, 100);
    close(results[1]);
    const int listener = install(SECCOMP_FILTER_FLAG_NEW_LISTENER | flags);
    send_fd(pair[1], listener);
    close(listener);
    close(pair[0]);
    close(pair[1]);
    f();
    syscall(SYS_exit_group, 0);
  }
  t.listener = receive_fd(pair[0]);
  close(pair[0]), close(pair[1]), close(results[1]);
  return t;
}
static void result(const char *what, struct target *t) {
  long message;
  if (read(t->results, &message, sizeof message) < (int)sizeof message) printf("  %s: nothing\n", what);
  else if (message < 0) printf("  %s: %s\n", what, strerrorname_np(-message));
  else printf("  %s: %ld\n", what, message);
}
static void end(struct target *t) {
  if (t->listener >= 0) close(t->listener);
  close(t->results);
  int status;
  waitpid(t->pid, &status, 0);
  if (WIFEXITED(status)) printf("  exit %d\n", WEXITSTATUS(status));
  else printf("  signal %d\n", WTERMSIG(status));
}

static const char *events(int fd) {
  static char text[80];
  struct pollfd p = {fd, POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM | POLLPRI, 0};
  poll(&p, 1, 0);
  sprintf(text, "%s%s%s%s%s.", p.revents & POLLIN ? "in " : "", p.revents & POLLOUT ? "out " : "", p.revents & POLLHUP ? "hup " : "",
          p.revents & POLLRDNORM ? "rdnorm " : "", p.revents & POLLWRNORM ? "wrnorm " : "");
  return text;
}
// 0 waits for POLLHUP.
static void await_event(int fd, int event) {
  struct pollfd p = {fd, event, 0};
  poll(&p, 1, 20000);
}
static int recv_notif(int fd, struct seccomp_notif *n) {
  memset(n, 0, sizeof *n);
  return ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, n);
}
static int answer(int fd, uint64_t id, int64_t val, int error, uint32_t flags) {
  struct seccomp_notif_resp r = {id, val, error, flags};
  return ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &r);
}
static int valid(int fd, uint64_t id) { return ioctl(fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id); }

static int add(int fd, uint64_t id, unsigned flags, unsigned src, unsigned newfd, unsigned newfd_flags) {
  struct seccomp_notif_addfd a = {id, flags, src, newfd, newfd_flags};
  return ioctl(fd, SECCOMP_IOCTL_NOTIF_ADDFD, &a);
}

static void installation(void) {
  const unsigned L = SECCOMP_FILTER_FLAG_NEW_LISTENER, T = SECCOMP_FILTER_FLAG_TSYNC, E = SECCOMP_FILTER_FLAG_TSYNC_ESRCH;
  printf("installation:\n");
  printf("  with TSYNC %s", name(install(L | T)));
  printf(", killable alone %s", name(install(KILLABLE)));
  fflush(stdout);
  if (fork() == 0) {
    struct rlimit few = {3, 3};
    setrlimit(RLIMIT_NOFILE, &few);
    printf(", no descriptor %s\n", name(install(L)));
    printf("  mode %d\n", prctl(PR_GET_SECCOMP));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  if (fork() == 0) {
    uint32_t action = SECCOMP_RET_USER_NOTIF;
    printf("  available %s\n", name(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action)));
    struct seccomp_notif_sizes sizes;
    printf("  sizes %s", name(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes)));
    printf(" %d %d %d\n", sizes.seccomp_notif, sizes.seccomp_notif_resp, sizes.seccomp_data);
    const int fd = install(L | T | E);
    printf("  listener %d, cloexec %d, flags %#x\n", fd > 2, fcntl(fd, F_GETFD), fcntl(fd, F_GETFL));
    char path[40], link[80] = "";
    sprintf(path, "/proc/self/fd/%d", fd);
    readlink(path, link, sizeof link - 1);
    struct stat st;
    fstat(fd, &st);
    printf("  %s, mode %o\n", link, st.st_mode);
    printf("  second %s\n", name(install(L)));
    printf("  without listener %s\n", name(install(0)));
    printf("  read %s", name(read(fd, path, 8)));
    printf(", write %s", name(write(fd, path, 8)));
    printf(", seek %s", name(lseek(fd, 0, SEEK_SET)));
    printf(", ioctl %s", name(ioctl(fd, 0x5401, path)));
    printf(", unknown %s\n", name(ioctl(fd, SECCOMP_IOW(9, __u64), path)));
    printf("  flags %s", name(ioctl(fd, SET_FLAGS, 1ul)));
    printf(" %s", name(ioctl(fd, SET_FLAGS, 2ul)));
    printf(" %s\n", name(ioctl(fd, SET_FLAGS, 0ul)));
    printf("  events %s\n", events(fd));
    close(fd);
    printf("  nobody listens: %s\n", name(syscall(SYS_getppid)));
    printf("  again %d\n", install(L) > 2);
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

static void call_often(void) {
  for (int i = 0; i < 3; i++) tell(syscall(SYS_getppid, 11 + i, 22, 33, 44, 55, 66));
  tell(syscall(SYS_getppid));
}
static void answers(void) {
  printf("answers:\n");
  struct target t = start(0, call_often);
  struct seccomp_notif n;
  memset(&n, 0, sizeof n);
  n.pid = 1;
  printf("  garbage %s", name(ioctl(t.listener, SECCOMP_IOCTL_NOTIF_RECV, &n)));
  printf(", nowhere %s\n", name(ioctl(t.listener, SECCOMP_IOCTL_NOTIF_RECV, NULL)));
  printf("  received %s", name(recv_notif(t.listener, &n)));
  printf(", pid %d flags %u nr %d arch %x, behind syscall %d\n", n.pid == t.pid, n.flags, n.data.nr, n.data.arch,
         n.data.instruction_pointer != 0);
  printf("  args %llu %llu %llu %llu %llu %llu\n", n.data.args[0], n.data.args[1], n.data.args[2], n.data.args[3], n.data.args[4],
         n.data.args[5]);
  const uint64_t id = n.id;
  printf("  events %s\n", events(t.listener));
  printf("  valid %s", name(valid(t.listener, id)));
  printf(" %s", name(ioctl(t.listener, WRONG_DIR, &n.id)));
  printf(" %s", name(valid(t.listener, id + 1)));
  printf(" %s\n", name(ioctl(t.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, NULL)));
  printf("  refused: flags %s", name(answer(t.listener, id, 0, 0, 2)));
  printf(", continue with value %s", name(answer(t.listener, id, 1, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE)));
  printf(", with error %s", name(answer(t.listener, id, 0, -1, SECCOMP_USER_NOTIF_FLAG_CONTINUE)));
  printf(", id %s", name(answer(t.listener, id + 1, 0, 0, 0)));
  printf(", nowhere %s\n", name(ioctl(t.listener, SECCOMP_IOCTL_NOTIF_SEND, NULL)));
  printf("  value %s\n", name(answer(t.listener, id, 0x123456789abcdef, 0, 0)));
  result("first", &t);
  await_event(t.listener, POLLIN);
  printf("  events %s\n", events(t.listener));
  printf("  not received yet: send %s", name(answer(t.listener, id + 1, 0, 0, 0)));
  printf(", valid %s", name(valid(t.listener, id + 1)));
  printf(", add %s\n", name(add(t.listener, id + 1, 0, 0, 0, 0)));
  recv_notif(t.listener, &n);
  printf("  next id %d, arg %llu\n", n.id == id + 1, n.data.args[0]);
  printf("  error %s\n", name(answer(t.listener, n.id, 5, -EXDEV, 0)));
  result("second", &t);
  recv_notif(t.listener, &n);
  printf("  continue %s\n", name(answer(t.listener, n.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE)));
  long message;
  read(t.results, &message, sizeof message);
  printf("  third is its parent: %d\n", message == getpid());
  recv_notif(t.listener, &n);
  printf("  error above 0 %s\n", name(answer(t.listener, n.id, 5, 7, 0)));
  result("fourth", &t);
  printf("  gone: %s\n", name(answer(t.listener, n.id, 0, 0, 0)));
  await_event(t.listener, 0);
  printf("  events %s\n", events(t.listener));
  printf("  nobody calls: %s\n", name(recv_notif(t.listener, &n)));
  end(&t);
}

static void call_once(void) { tell(syscall(SYS_getppid)); }
static void wait_epoll(void) {
  printf("epoll:\n");
  struct target t = start(0, call_once);
  const int set = epoll_create1(0);
  struct epoll_event e = {EPOLLIN | EPOLLOUT | EPOLLET, {.u32 = 7}}, got;
  epoll_ctl(set, EPOLL_CTL_ADD, t.listener, &e);
  printf("  %s", name(epoll_wait(set, &got, 1, 20000)));
  printf(" %#x\n", got.events);
  struct seccomp_notif n;
  recv_notif(t.listener, &n);
  printf("  received: %s", name(epoll_wait(set, &got, 1, 20000)));
  printf(" %#x\n", got.events);
  printf("  nothing more: %s\n", name(epoll_wait(set, &got, 1, 0)));
  answer(t.listener, n.id, 3, 0, 0);
  result("call", &t);
  printf("  end: %s", name(epoll_wait(set, &got, 1, 20000)));
  printf(" %#x\n", got.events);
  close(set);
  end(&t);
}

static void look_at_descriptors(void) {
  for (int i = 0; i < 4; i++) tell(syscall(SYS_getppid));
  tell(fcntl(7, F_GETFD));
  tell(fcntl(50, F_GETFD));
  char byte = 0;
  tell(pread(50, &byte, 1, 1) == 1 ? byte : -1);
  struct rlimit few = {3, 64};
  setrlimit(RLIMIT_NOFILE, &few);
  for (int fd = 3; fd < 100; fd++) close(fd);
  tell(syscall(SYS_getppid));
}
static void descriptors(void) {
  printf("descriptors:\n");
  struct target t = start(0, look_at_descriptors);
  char path[] = "/tmp/notifyXXXXXX";
  const int file = mkstemp(path);
  unlink(path);
  write(file, "xyz", 3);
  struct seccomp_notif n;
  recv_notif(t.listener, &n);
  printf("  number without SETFD %s", name(add(t.listener, n.id, 0, file, 7, 0)));
  printf(", flags %s", name(add(t.listener, n.id, 4, file, 0, 0)));
  printf(", newfd_flags %s", name(add(t.listener, n.id, 0, file, 0, O_NONBLOCK)));
  printf(", source %s", name(add(t.listener, n.id, 0, 999, 0, 0)));
  printf(", id %s", name(add(t.listener, n.id + 1, 0, file, 0, 0)));
  struct {
    struct seccomp_notif_addfd a;
    uint64_t more;
  } big = {{n.id, SECCOMP_ADDFD_FLAG_SETFD, file, 50, 0}, 1};
  printf(", more %s", name(ioctl(t.listener, SECCOMP_IOW(3, big), &big)));
  printf(", less %s\n", name(ioctl(t.listener, SECCOMP_IOW(3, uint64_t), &big)));
  big.more = 0;
  printf("  bigger %s\n", name(ioctl(t.listener, SECCOMP_IOW(3, big), &big)));
  printf("  at 7 %s", name(add(t.listener, n.id, SECCOMP_ADDFD_FLAG_SETFD, file, 7, O_CLOEXEC)));
  printf(", again %s", name(add(t.listener, n.id, SECCOMP_ADDFD_FLAG_SETFD, file, 7, O_CLOEXEC)));
  printf(", too high %s\n", name(add(t.listener, n.id, SECCOMP_ADDFD_FLAG_SETFD, file, 1 << 21, 0)));
  const int lowest = add(t.listener, n.id, 0, file, 0, 0);
  printf("  lowest %d, then another %d\n", lowest > 2 && lowest < 20, add(t.listener, n.id, 0, file, 0, 0) > lowest);
  printf("  valid still %s, events %s\n", name(valid(t.listener, n.id)), events(t.listener));
  answer(t.listener, n.id, 1, 0, 0);
  result("answered", &t);
  recv_notif(t.listener, &n);
  printf("  add and send %s\n", name(add(t.listener, n.id, SECCOMP_ADDFD_FLAG_SEND | SECCOMP_ADDFD_FLAG_SETFD, file, 60, 0)));
  result("sent", &t);
  printf("  gone %s\n", name(add(t.listener, n.id, 0, file, 0, 0)));
  recv_notif(t.listener, &n);
  printf("  failing %s", name(add(t.listener, n.id, SECCOMP_ADDFD_FLAG_SEND | SECCOMP_ADDFD_FLAG_SETFD, file, 1 << 21, 0)));
  printf(", still there %s", name(valid(t.listener, n.id)));
  printf(", so %s\n", name(answer(t.listener, n.id, 2, 0, 0)));
  result("answered", &t);
  recv_notif(t.listener, &n);
  answer(t.listener, n.id, 3, 0, 0);
  result("answered", &t);
  result("close-on-exec of 7", &t);
  result("of 50", &t);
  result("a byte of it", &t);
  recv_notif(t.listener, &n);
  printf("  at the limit %s", name(add(t.listener, n.id, 0, file, 0, 0)));
  printf(", numbers above %s", name(add(t.listener, n.id, SECCOMP_ADDFD_FLAG_SETFD, file, 3, 0)));
  printf(", below %s\n", name(add(t.listener, n.id, SECCOMP_ADDFD_FLAG_SETFD, file, 2, 0)));
  answer(t.listener, n.id, 4, 0, 0);
  result("answered", &t);
  close(file);
  end(&t);
}

static void call_twice(void) {
  tell(syscall(SYS_getppid));
  tell(syscall(SYS_getppid));
}
static void listener_goes(void) {
  printf("the listener goes:\n");
  struct target t = start(0, call_twice);
  await_event(t.listener, POLLIN);
  close(t.listener);
  result("waiting", &t);
  result("later", &t);
  t.listener = -1;
  end(&t);
  t = start(0, call_once);
  struct seccomp_notif n;
  recv_notif(t.listener, &n);
  close(t.listener);
  result("received", &t);
  t.listener = -1;
  end(&t);
}

static void family(void) {
  const pid_t child = fork();
  if (child == 0) {
    tell(syscall(SYS_getppid, 1));
    syscall(SYS_exit_group, 0);
  }
  tell(syscall(SYS_getppid, 2));
  waitpid(child, NULL, 0);
  const pid_t killed = fork();
  if (killed == 0) {
    syscall(SYS_getppid, 3);
    syscall(SYS_exit_group, 0);
  }
  int status;
  waitpid(killed, &status, 0);
  tell(WIFSIGNALED(status) ? WTERMSIG(status) : -1);
}
static void several(void) {
  printf("several:\n");
  struct target t = start(0, family);
  struct seccomp_notif a, b;
  recv_notif(t.listener, &a);
  await_event(t.listener, POLLIN);
  printf("  events %s\n", events(t.listener));
  recv_notif(t.listener, &b);
  printf("  of two %d, ids %d\n", a.pid != b.pid && a.data.args[0] + b.data.args[0] == 3, b.id == a.id + 1);
  printf("  events %s\n", events(t.listener));
  answer(t.listener, b.id, 10, 0, 0);
  result("one", &t);
  answer(t.listener, a.id, 10, 0, 0);
  result("other", &t);
  recv_notif(t.listener, &a);
  printf("  arg %llu\n", a.data.args[0]);
  kill(a.pid, SIGKILL);
  result("killed by", &t);
  printf("  its call %s\n", name(answer(t.listener, a.id, 10, 0, 0)));
  end(&t);
}

static void old_call(void) {
  long (*vsyscall)(long *) = (void *)0xffffffffff600400;
  tell(vsyscall(NULL));
  tell(vsyscall(NULL) > 1000000000);
}
static void vsyscalls(void) {
  printf("a vsyscall:\n");
  struct target t = start(0, old_call);
  struct seccomp_notif n;
  recv_notif(t.listener, &n);
  printf("  nr %d at %llx\n", n.data.nr, n.data.instruction_pointer);
  answer(t.listener, n.id, 77, 0, 0);
  result("answered", &t);
  recv_notif(t.listener, &n);
  answer(t.listener, n.id, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
  result("goes on", &t);
  end(&t);
}

int main(void) {
  installation();
  answers();
  wait_epoll();
  descriptors();
  listener_goes();
  several();
  vsyscalls();
}
