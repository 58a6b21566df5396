// Signals to callers whom another process answers (seccomp_unotify(2); seccomp_do_user_notification in kernel/seccomp.c): calls
// interrupted before and after they are received, started again, stopped; WAIT_KILLABLE_RECV; who waits for calls is interrupted.
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
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLABLE 32 // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV

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

static volatile sig_atomic_t handled;
static void on_signal(int signo) { handled++; }
static void catch(int signo, int flags) {
  struct sigaction sa = {.sa_handler = on_signal, .sa_flags = flags};
  sigaction(signo, &sa, NULL);
}

// A child that is watched, its listener, and where it says how its calls went.
struct target {
  pid_t pid;
  int listener, results, go;
};
static int to_parent = -1, from_parent;
static void tell(long r) {
  long message[2] = {r == -1 ? -errno : r, handled};
  write(to_parent, message, sizeof message);
}
static struct target start(unsigned flags, void (*f)(void)) {
  int pair[2], results[2], go[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
  pipe(results);
  pipe(go);
  fflush(stdout);
  struct target t = {.results = results[0], .go = go[1]};
  t.pid = fork();
  if (t.pid == 0) {
    close(results[0]);
    close(go[1]);
    to_parent = results[1];
    from_parent = go[0];
    const int listener = install(SECCOMP_FILTER_FLAG_NEW_LISTENER | flags);
    send_fd(pair[1], listener);
    close(listener);
    close(pair[0]);
    close(pair[1]);
    f();
    syscall(SYS_exit_group, 0);
  }
  t.listener = receive_fd(pair[0]);
  close(pair[0]), close(pair[1]), close(results[1]), close(go[0]);
  return t;
}
static void result(const char *what, struct target *t) {
  long message[2];
  if (read(t->results, message, sizeof message) < (int)sizeof message) printf("  %s: nothing\n", what);
  else if (message[0] < 0) printf("  %s: %s, %ld handled\n", what, strerrorname_np(-message[0]), message[1]);
  else printf("  %s: %ld, %ld handled\n", what, message[0], message[1]);
}
static void end(struct target *t) {
  if (t->listener >= 0) close(t->listener);
  close(t->results), close(t->go);
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

static int flags;
static void call_catching(void) {
  catch(SIGUSR1, flags);
  tell(0);
  tell(syscall(SYS_getppid, 99));
  char byte;
  read(from_parent, &byte, 1);
  tell(syscall(SYS_getppid, 100));
}

static void serve(struct target *t, int value) {
  struct seccomp_notif n;
  printf("  received %s", name(recv_notif(t->listener, &n)));
  printf(", arg %llu, events %s\n", n.data.args[0], events(t->listener));
  answer(t->listener, n.id, value, 0, 0);
  result("call", t);
}

static void interrupted(const char *what, int sa_flags, int received, int signo) {
  printf("%s:\n", what);
  flags = sa_flags;
  struct target t = start(0, call_catching);
  result("ready", &t);
  struct seccomp_notif n;
  await_event(t.listener, POLLIN);
  if (received) recv_notif(t.listener, &n);
  kill(t.pid, signo);
  if (signo == SIGSTOP) {
    int status;
    waitpid(t.pid, &status, WUNTRACED);
    printf("  stopped: %d, events %s\n", WIFSTOPPED(status), events(t.listener));
    kill(t.pid, SIGCONT);
  }
  if (signo != SIGSTOP && !(sa_flags & SA_RESTART)) {
    result("call", &t);
    // It went, but is counted still.
    if (!received) printf("  nothing: %s\n", name(recv_notif(t.listener, &n)));
  } else {
    await_event(t.listener, POLLIN);
  }
  if (received) {
    printf("  old: valid %s", name(valid(t.listener, n.id)));
    printf(", send %s\n", name(answer(t.listener, n.id, 0, 0, 0)));
  }
  if (signo == SIGSTOP || sa_flags & SA_RESTART) {
    serve(&t, 1);
    if (!received) printf("  nothing: %s\n", name(recv_notif(t.listener, &n)));
  }
  write(t.go, "x", 1);
  serve(&t, 2);
  end(&t);
}

static void killable(void) {
  printf("killable:\n");
  flags = 0;
  struct target t = start(KILLABLE, call_catching);
  result("ready", &t);
  struct seccomp_notif n;
  await_event(t.listener, POLLIN);
  kill(t.pid, SIGUSR1);
  result("not received", &t);
  printf("  nothing: %s\n", name(recv_notif(t.listener, &n)));
  write(t.go, "x", 1);
  recv_notif(t.listener, &n);
  kill(t.pid, SIGUSR1);
  printf("  valid %s", name(valid(t.listener, n.id)));
  printf(", send %s\n", name(answer(t.listener, n.id, 1, 0, 0)));
  result("received", &t);
  end(&t);
  t = start(KILLABLE, call_catching);
  result("ready", &t);
  recv_notif(t.listener, &n);
  kill(t.pid, SIGSTOP);
  printf("  stopped later: valid %s", name(valid(t.listener, n.id)));
  printf(", send %s\n", name(answer(t.listener, n.id, 1, 0, 0)));
  int status;
  waitpid(t.pid, &status, WUNTRACED);
  printf("  stopped %d\n", WIFSTOPPED(status));
  kill(t.pid, SIGCONT);
  result("received", &t);
  write(t.go, "x", 1);
  recv_notif(t.listener, &n);
  kill(t.pid, SIGKILL);
  await_event(t.listener, 0);
  printf("  events %s, send %s\n", events(t.listener), name(answer(t.listener, n.id, 1, 0, 0)));
  end(&t);
}

static void call_once(void) { tell(syscall(SYS_getppid)); }
static void supervisor_interrupted(int sa_flags) {
  printf("the supervisor is interrupted:\n");
  handled = 0;
  struct target t = start(0, call_once);
  struct seccomp_notif n, m;
  recv_notif(t.listener, &n);
  catch(SIGUSR2, sa_flags);
  const pid_t parent = getpid();
  fflush(stdout);
  const pid_t sender = fork();
  if (sender == 0) {
    // Often enough, as the first may come too early; with SA_RESTART the end of the other wakes it.
    for (int i = 0; sa_flags ? i < 5 : 1; i++) {
      kill(parent, SIGUSR2);
      usleep(2000);
    }
    answer(t.listener, n.id, 8, 0, 0);
    _exit(0);
  }
  printf("  %s", name(recv_notif(t.listener, &m)));
  printf(", handled %d\n", handled > 0);
  if (!sa_flags) {
    kill(sender, SIGKILL);
    answer(t.listener, n.id, 8, 0, 0);
  }
  waitpid(sender, NULL, 0);
  result("call", &t);
  end(&t);
}

static void call_pending(void) {
  catch(SIGUSR1, 0);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGUSR1);
  sigprocmask(SIG_BLOCK, &set, NULL);
  raise(SIGUSR1);
  tell(0);
  tell(syscall(SYS_getppid, 5));
  sigprocmask(SIG_UNBLOCK, &set, NULL);
  tell(syscall(SYS_getppid, 6));
}
static void blocked(void) {
  printf("a blocked signal does not interrupt:\n");
  struct target t = start(0, call_pending);
  result("ready", &t);
  serve(&t, 4);
  serve(&t, 5);
  end(&t);
}

int main(void) {
  interrupted("interrupted before it is received", 0, 0, SIGUSR1);
  interrupted("interrupted", 0, 1, SIGUSR1);
  interrupted("stopped before it is received", 0, 0, SIGSTOP);
  interrupted("started again", SA_RESTART, 1, SIGUSR1);
  interrupted("stopped", 0, 1, SIGSTOP);
  blocked();
  killable();
  supervisor_interrupted(0);
  supervisor_interrupted(SA_RESTART);
}
