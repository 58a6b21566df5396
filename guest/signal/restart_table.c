// The tables of signal(7), "Interruption of system calls and library functions by signal handlers" and "by stop signals": every blocking
// call is interrupted by a handler, set with and without SA_RESTART, and either fails with EINTR or goes on; and by SIGSTOP and SIGCONT.
// A timer interrupts it twice; at the second time the handler does what the call waits for. Each call is made in a process of its own,
// all at once. Of the man page's calls getrandom(2) is not here, which does not block.
// libs: -lrt
// slow
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { TICK = 20000, /* microseconds */ LONG = 1000 /* seconds */ };

/* What a process tells of the call that it is about to make. */
struct report {
  pid_t pid;
  int messages, semaphores;
};
static struct report *report;

static char folder[64];
static int stopping; /* No timer: it will be stopped. */
static volatile sig_atomic_t ticks;
static void (*complete)(void);
static int fds[2], other, id, messages = -1, semaphores = -1;
static pid_t helper;
static uint32_t word;
static struct iovec vector;
static char buffer[256 * 1024];

static void on_tick(int signo) {
  (void)signo;
  int saved = errno;
  if (++ticks == 2) complete();
  errno = saved;
}

static void nothing(void) {}
static void feed(void) { write(fds[1], "x", 1); }
static void feed_eight(void) { write(fds[1], "\1\0\0\0\0\0\0", 8); }
static void feed_line(void) { write(fds[1], "x\n", 2); }
static void drain(void) { while (read(fds[0], buffer, sizeof buffer) > 0 && 0); }
static void drain_eventfd(void) { uint64_t value; read(other, &value, 8); }
static void end_helper(void) { kill(helper, SIGKILL); }
static void wake_word(void) { word = 1, syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0); }
static void send_message(void) { struct { long type; char text[1]; } m = {1, "x"}; msgsnd(messages, &m, 1, IPC_NOWAIT); }
static void take_message(void) { struct { long type; char text[4096]; } m; msgrcv(messages, &m, 4096, 0, IPC_NOWAIT); }
static void raise_semaphore(void) { struct sembuf op = {0, 1, IPC_NOWAIT}; semop(semaphores, &op, 1); }
static sem_t semaphore;
static void post(void) { sem_post(&semaphore); }
static mqd_t queue;
static void mq_feed(void) { mq_send(queue, "x", 1, 0); }
static void mq_drain(void) { char text[16]; mq_receive(queue, text, 16, NULL); }
static void send_usr2(void) { kill(getpid(), SIGUSR2); }
static void connect_to(void) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  snprintf(name.sun_path, sizeof name.sun_path, "%s/socket-%d", folder, id);
  connect(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), (void *)&name, sizeof name);
}
static void accept_one(void) { close(accept(other, NULL, NULL)); }
static void open_other_end(void) {
  char path[80];
  snprintf(path, sizeof path, "%s/fifo-%d", folder, id);
  other = open(path, O_RDWR);
}

/* What a call needs is there before the first tick. */
static void fill_pipe(void) {
  pipe(fds);
  fcntl(fds[1], F_SETPIPE_SZ, 4096);
  write(fds[1], buffer, 4096);
}
static void make_pty(void) {
  fds[1] = posix_openpt(O_RDWR | O_NOCTTY);
  grantpt(fds[1]), unlockpt(fds[1]);
  fds[0] = open(ptsname(fds[1]), O_RDWR | O_NOCTTY);
}
static void fill_pty(void) {
  make_pty();
  struct termios raw;
  tcgetattr(fds[0], &raw);
  cfmakeraw(&raw);
  tcsetattr(fds[0], TCSANOW, &raw);
  fcntl(fds[0], F_SETFL, O_RDWR | O_NONBLOCK);
  while (write(fds[0], buffer, 1024) > 0) continue;
  fcntl(fds[0], F_SETFL, O_RDWR);
  other = fds[0], fds[0] = fds[1];
}
static void start_helper(void) { if ((helper = fork()) == 0) { signal(SIGALRM, SIG_IGN); for (;;) pause(); } }
/* A process that holds a lock: it says when it has it. */
static void hold(int kind) {
  int ready[2];
  char path[80], byte;
  snprintf(path, sizeof path, "%s/lock-%d", folder, kind);
  pipe(ready);
  if ((helper = fork()) == 0) {
    int fd = open(path, O_RDWR | O_CREAT, 0600);
    struct flock all = {.l_type = F_WRLCK};
    if (kind == 0) flock(fd, LOCK_EX);
    else fcntl(fd, kind == 1 ? F_SETLK : F_OFD_SETLK, &all);
    write(ready[1], "x", 1);
    for (;;) pause();
  }
  read(ready[0], &byte, 1);
  fds[0] = open(path, O_RDWR);
}
static void fill_messages(void) {
  messages = msgget(IPC_PRIVATE, 0600);
  struct msqid_ds limits;
  msgctl(messages, IPC_STAT, &limits);
  limits.msg_qbytes = 4096;
  msgctl(messages, IPC_SET, &limits);
  struct { long type; char text[4096]; } m = {1};
  msgsnd(messages, &m, 4096, IPC_NOWAIT);
}
static void make_fifo(int which) {
  char path[80];
  id = which;
  snprintf(path, sizeof path, "%s/fifo-%d", folder, which);
  mkfifo(path, 0600);
}
static void listen_at(int which) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  id = which;
  snprintf(name.sun_path, sizeof name.sun_path, "%s/socket-%d", folder, which);
  other = socket(AF_UNIX, SOCK_STREAM, 0);
  unlink(name.sun_path);
  bind(other, (void *)&name, sizeof name);
  listen(other, 0);
}
static void fill_backlog(int which) {
  listen_at(which);
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  snprintf(name.sun_path, sizeof name.sun_path, "%s/socket-%d", folder, which);
  while (connect(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), (void *)&name, sizeof name) == 0) continue;
  fds[0] = socket(AF_UNIX, SOCK_STREAM, 0);
}
static void fill_socket(void) {
  socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
  while (send(fds[1], buffer, 4096, MSG_DONTWAIT) > 0) continue;
}
static void fill_datagrams(void) {
  socketpair(AF_UNIX, SOCK_DGRAM, 0, fds);
  while (send(fds[1], "x", 1, MSG_DONTWAIT) > 0) continue;
}
static void drain_socket(void) { while (recv(fds[0], buffer, sizeof buffer, MSG_DONTWAIT) > 0) continue; }
static void limited(int socket, int option) {
  struct timeval limit = {LONG, 0};
  setsockopt(socket, SOL_SOCKET, option, &limit, sizeof limit);
}
static void time_limit(int option) {
  socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
  limited(fds[0], option);
}
static void fill_limited(void) {
  fill_socket();
  limited(fds[1], SO_SNDTIMEO);
}
static void make_queue(int full) {
  char name[64];
  struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 16};
  snprintf(name, sizeof name, "/signalbox-%d", getpid());
  queue = mq_open(name, O_RDWR | O_CREAT, 0600, &attributes);
  mq_unlink(name);
  if (full) mq_send(queue, "x", 1, 0);
}
static void timer_in(int ticks_later) {
  fds[0] = timerfd_create(CLOCK_MONOTONIC, 0);
  struct itimerspec at = {.it_value = {.tv_sec = stopping ? LONG : 0, .tv_nsec = TICK * 1000ll * ticks_later}};
  timerfd_settime(fds[0], 0, &at, NULL);
}
static void signal_descriptor(void) {
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, SIGUSR2);
  sigprocmask(SIG_BLOCK, &set, NULL);
  fds[0] = signalfd(-1, &set, 0);
}
static void watch_folder(void) {
  fds[0] = inotify_init();
  inotify_add_watch(fds[0], folder, IN_ATTRIB);
}
static void change_folder(void) { chmod(folder, 0700); }
/* In the background of a terminal that is its session's, with a handler for the signals of that. */
static void to_background(void) {
  make_pty();
  setsid();
  ioctl(fds[0], TIOCSCTTY, 0);
  pid_t child = fork();
  if (child > 0) {
    int status;
    waitpid(child, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 3);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);
  struct sigaction action;
  sigaction(SIGALRM, NULL, &action);
  sigaction(SIGTTIN, &action, NULL), sigaction(SIGTTOU, &action, NULL);
}
static void to_foreground(void) {
  signal(SIGTTOU, SIG_IGN);
  tcsetpgrp(fds[0], getpgrp());
  feed_line();
}
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static void unlock(void) { pthread_mutex_unlock(&mutex); }
static void notify(void) { pthread_cond_signal(&condition); }
/* The owner is another process, which dies. */
static void lock_elsewhere(pthread_mutex_t *shared) {
  int ready[2];
  char byte;
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
  pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
  pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
  pthread_mutex_init(shared, &attributes);
  pipe(ready);
  if ((helper = fork()) == 0) {
    pthread_mutex_lock(shared);
    write(ready[1], "x", 1);
    for (;;) pause();
  }
  read(ready[0], &byte, 1);
}
static void full_eventfd(void) { fds[1] = other = eventfd(0, 0); uint64_t most = -2; write(other, &most, 8); }

static aio_context_t aio;
static struct io_event completed;
static void make_aio(void) {
  fds[1] = open("/dev/null", O_WRONLY);
  syscall(SYS_io_setup, 4, &aio);
}
static void submit(void) {
  struct iocb request = {.aio_fildes = fds[1], .aio_lio_opcode = IOCB_CMD_PWRITE, .aio_buf = (uintptr_t)buffer, .aio_nbytes = 1};
  struct iocb *list = &request;
  syscall(SYS_io_submit, aio, 1, &list);
}

static const struct timespec second = {LONG, 0};
static struct pollfd polled;
static struct epoll_event event;
static fd_set set;
static sigset_t none, usr2;
static struct timespec absolute(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); t.tv_sec += LONG; return t; }
static struct timespec absolute_real(void) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); t.tv_sec += LONG; return t; }
static struct timespec t;
static siginfo_t info;
static struct flock whole = {.l_type = F_WRLCK};
static struct sembuf down = {0, -1, 0};
static struct { long type; char text[4096]; } message = {1};
static uint64_t value;
static struct msghdr header;
static struct mmsghdr headers;
static pthread_mutex_t *shared;
static void *memory(void) { return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0); }

#define CALLS(X)                                                                                                        \
  X("read of a pipe", pipe(fds), feed, read(fds[0], buffer, 1))                                                         \
  X("readv of a pipe", pipe(fds), feed, readv(fds[0], &vector, 1))                                                      \
  X("write to a pipe", fill_pipe(), drain, write(fds[1], buffer, 1))                                                    \
  X("writev to a pipe", fill_pipe(), drain, writev(fds[1], &vector, 1))                                                 \
  X("read of a terminal", make_pty(), feed_line, read(fds[0], buffer, 1))                                               \
  X("write to a terminal", fill_pty(), drain, write(other, buffer, 1))                                                  \
  X("read in the background", to_background(), to_foreground, read(fds[0], buffer, 1)) \
  X("ioctl in the background", to_background(), to_foreground, ({ struct termios now; tcgetattr(fds[0], &now); ioctl(fds[0], TCSETS, &now); })) \
  X("read of an eventfd", fds[0] = fds[1] = eventfd(0, 0), feed_eight, read(fds[0], &value, 8))                         \
  X("write to an eventfd", full_eventfd(), drain_eventfd, (value = 1, write(fds[1], &value, 8)))                        \
  X("read of a timerfd", timer_in(3), nothing, read(fds[0], &value, 8))                                                 \
  X("read of a signalfd", signal_descriptor(), send_usr2, read(fds[0], buffer, sizeof(struct signalfd_siginfo)))        \
  X("read of an inotify file", watch_folder(), change_folder, read(fds[0], buffer, 1024)) \
  X("splice from a pipe", (pipe(fds), other = open("/dev/null", O_WRONLY)), feed, splice(fds[0], NULL, other, NULL, 1, 0)) \
  X("vmsplice to a pipe", fill_pipe(), drain, vmsplice(fds[1], &vector, 1, 0)) \
  X("sendfile to a pipe", (fill_pipe(), other = open("/proc/self/exe", O_RDONLY)), drain, sendfile(fds[1], other, NULL, 1)) \
  X("open of a FIFO to read", make_fifo(1), open_other_end, open((sprintf(buffer, "%s/fifo-1", folder), buffer), O_RDONLY))  \
  X("open of a FIFO to write", make_fifo(2), open_other_end, open((sprintf(buffer, "%s/fifo-2", folder), buffer), O_WRONLY)) \
  X("wait4", start_helper(), end_helper, wait4(-1, NULL, 0, NULL))                                                      \
  X("waitid", start_helper(), end_helper, waitid(P_ALL, 0, &info, WEXITED))                                             \
  X("wait", start_helper(), end_helper, wait(NULL)) \
  X("wait3", start_helper(), end_helper, wait3(NULL, 0, NULL)) \
  X("waitpid", start_helper(), end_helper, waitpid(helper, NULL, 0)) \
  X("recv", socketpair(AF_UNIX, SOCK_STREAM, 0, fds), feed, recv(fds[0], buffer, 1, 0))                                 \
  X("recvfrom", socketpair(AF_UNIX, SOCK_DGRAM, 0, fds), feed, recvfrom(fds[0], buffer, 1, 0, NULL, NULL))              \
  X("recvmsg", socketpair(AF_UNIX, SOCK_STREAM, 0, fds), feed, recvmsg(fds[0], &header, 0)) \
  X("recvmmsg", socketpair(AF_UNIX, SOCK_STREAM, 0, fds), feed, recvmmsg(fds[0], &headers, 1, 0, NULL)) \
  X("send", fill_socket(), drain_socket, send(fds[1], buffer, 1, 0))                                                    \
  X("sendto", fill_datagrams(), drain_socket, sendto(fds[1], buffer, 1, 0, NULL, 0)) \
  X("sendmsg", fill_socket(), drain_socket, sendmsg(fds[1], &header, 0)) \
  X("sendmmsg", fill_socket(), drain_socket, sendmmsg(fds[1], &headers, 1, 0)) \
  X("accept", listen_at(1), connect_to, accept(other, NULL, NULL))                                                      \
  X("connect", fill_backlog(2), accept_one,                                                                             \
    ({ struct sockaddr_un name = {.sun_family = AF_UNIX}; sprintf(name.sun_path, "%s/socket-2", folder); connect(fds[0], (void *)&name, sizeof name); }))   \
  X("recv with SO_RCVTIMEO", time_limit(SO_RCVTIMEO), feed, recv(fds[0], buffer, 1, 0))                                 \
  X("recvfrom with SO_RCVTIMEO", time_limit(SO_RCVTIMEO), feed, recvfrom(fds[0], buffer, 1, 0, NULL, NULL)) \
  X("recvmsg with SO_RCVTIMEO", time_limit(SO_RCVTIMEO), feed, recvmsg(fds[0], &header, 0)) \
  X("recvmmsg with SO_RCVTIMEO", time_limit(SO_RCVTIMEO), feed, recvmmsg(fds[0], &headers, 1, 0, NULL)) \
  X("recvmmsg with a time", socketpair(AF_UNIX, SOCK_STREAM, 0, fds), feed, (t = second, recvmmsg(fds[0], &headers, 1, 0, &t))) \
  X("read with SO_RCVTIMEO", time_limit(SO_RCVTIMEO), feed, read(fds[0], buffer, 1)) \
  X("accept with SO_RCVTIMEO", (listen_at(3), limited(other, SO_RCVTIMEO)), connect_to, accept(other, NULL, NULL)) \
  X("connect with SO_SNDTIMEO", (fill_backlog(4), limited(fds[0], SO_SNDTIMEO)), accept_one, ({ struct sockaddr_un name = {.sun_family = AF_UNIX}; sprintf(name.sun_path, "%s/socket-4", folder); connect(fds[0], (void *)&name, sizeof name); })) \
  X("send with SO_SNDTIMEO", fill_limited(), drain_socket, send(fds[1], buffer, 1, 0)) \
  X("sendto with SO_SNDTIMEO", fill_limited(), drain_socket, sendto(fds[1], buffer, 1, 0, NULL, 0)) \
  X("sendmsg with SO_SNDTIMEO", fill_limited(), drain_socket, sendmsg(fds[1], &header, 0)) \
  X("flock", hold(0), end_helper, flock(fds[0], LOCK_EX))                                                               \
  X("fcntl F_SETLKW", hold(1), end_helper, fcntl(fds[0], F_SETLKW, &whole))                                             \
  X("fcntl F_OFD_SETLKW", hold(2), end_helper, fcntl(fds[0], F_OFD_SETLKW, &whole))                                     \
  X("mq_receive", make_queue(0), mq_feed, mq_receive(queue, buffer, 16, NULL))                                          \
  X("mq_timedreceive", make_queue(0), mq_feed, (t = absolute_real(), mq_timedreceive(queue, buffer, 16, NULL, &t)))     \
  X("mq_send", make_queue(1), mq_drain, mq_send(queue, "y", 1, 0))                                                      \
  X("mq_timedsend", make_queue(1), mq_drain, (t = absolute_real(), mq_timedsend(queue, "y", 1, 0, &t))) \
  X("futex FUTEX_WAIT", word = 0, wake_word, (syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0) && errno != EAGAIN ? -1 : 0))                 \
  X("futex FUTEX_WAIT with a time", word = 0, wake_word, syscall(SYS_futex, &word, FUTEX_WAIT, 0, &second, NULL, 0))    \
  X("futex FUTEX_WAIT_BITSET", word = 0, wake_word, (t = absolute(), syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &t, NULL, 1))) \
  X("sem_wait", sem_init(&semaphore, 0, 0), post, sem_wait(&semaphore))                                                 \
  X("sem_timedwait", sem_init(&semaphore, 0, 0), post, (t = absolute_real(), sem_timedwait(&semaphore, &t)))            \
  X("pthread_mutex_lock", pthread_mutex_lock(&mutex), unlock, pthread_mutex_lock(&mutex)) \
  X("pthread_mutex_lock, PI", lock_elsewhere(shared = memory()), end_helper, (pthread_mutex_lock(shared), 0)) \
  X("pthread_cond_wait", pthread_mutex_lock(&mutex), notify, pthread_cond_wait(&condition, &mutex)) \
  X("pthread_cond_timedwait", pthread_mutex_lock(&mutex), notify, (t = absolute_real(), pthread_cond_timedwait(&condition, &mutex, &t))) \
  X("io_getevents", make_aio(), submit, syscall(SYS_io_getevents, aio, 1, 1, &completed, NULL)) \
  X("io_getevents with a time", make_aio(), submit, syscall(SYS_io_getevents, aio, 1, 1, &completed, &second)) \
  X("io_pgetevents", make_aio(), submit, syscall(SYS_io_pgetevents, aio, 1, 1, &completed, NULL, NULL)) \
  X("io_pgetevents with a time", make_aio(), submit, syscall(SYS_io_pgetevents, aio, 1, 1, &completed, &second, NULL)) \
  X("pause", (void)0, nothing, pause())                                                                                 \
  X("sigsuspend", (void)0, nothing, sigsuspend(&none))                                                                  \
  X("sigtimedwait", sigprocmask(SIG_BLOCK, &usr2, NULL), send_usr2, sigtimedwait(&usr2, &info, &second))                \
  X("sigwaitinfo", sigprocmask(SIG_BLOCK, &usr2, NULL), send_usr2, sigwaitinfo(&usr2, &info))                           \
  X("epoll_wait", (pipe(fds), other = epoll_create1(0), epoll_ctl(other, EPOLL_CTL_ADD, fds[0], &event)), feed, epoll_wait(other, &event, 1, -1)) \
  X("epoll_pwait", (pipe(fds), other = epoll_create1(0), epoll_ctl(other, EPOLL_CTL_ADD, fds[0], &event)), feed, epoll_pwait(other, &event, 1, LONG * 1000, &none)) \
  X("epoll_pwait2", (pipe(fds), other = epoll_create1(0), epoll_ctl(other, EPOLL_CTL_ADD, fds[0], &event)), feed, syscall(SYS_epoll_pwait2, other, &event, 1, &second, NULL, 8)) \
  X("poll", (pipe(fds), polled.fd = fds[0]), feed, poll(&polled, 1, LONG * 1000))                                       \
  X("poll without end", (pipe(fds), polled.fd = fds[0]), feed, poll(&polled, 1, -1))                                    \
  X("ppoll", (pipe(fds), polled.fd = fds[0]), feed, ppoll(&polled, 1, &second, &none))                                  \
  X("select", (pipe(fds), FD_SET(fds[0], &set)), feed, select(fds[0] + 1, &set, NULL, NULL, NULL))                      \
  X("pselect", (pipe(fds), FD_SET(fds[0], &set)), feed, pselect(fds[0] + 1, &set, NULL, NULL, &second, &none))          \
  X("msgrcv", messages = msgget(IPC_PRIVATE, 0600), send_message, msgrcv(messages, &message, 4096, 0, 0))                           \
  X("msgsnd", fill_messages(), take_message, msgsnd(messages, &message, 1, 0))                                                \
  X("semop", semaphores = semget(IPC_PRIVATE, 1, 0600), raise_semaphore, semop(semaphores, &down, 1))                                   \
  X("semtimedop", semaphores = semget(IPC_PRIVATE, 1, 0600), raise_semaphore, semtimedop(semaphores, &down, 1, &second))                \
  X("nanosleep", (void)0, nothing, nanosleep(&second, NULL))                                                            \
  X("clock_nanosleep", (void)0, nothing, -(errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &second, NULL)))                 \
  X("clock_nanosleep TIMER_ABSTIME", (void)0, nothing, (t = absolute(), -(errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL)))) \
  X("usleep", (void)0, nothing, usleep(LONG * 1000 * 1000u))                                                            \
  X("sleep", (void)0, nothing, sleep(LONG) > 0 ? (errno = EINTR, -1) : 0)

static const char *const names[] = {
#define NAME(name, ...) name,
    CALLS(NAME)};

enum { CALLS_COUNT = sizeof names / sizeof *names, RESTARTED = 1, INTERRUPTED, FAILED, TOO_EARLY, SLEEPS_ON, NOT_TRIED };
enum { WITH, WITHOUT, STOPPED, COLUMNS };

/* One call; returns what became of it. */
static int try(int call, int flags) {
  struct sigaction action = {.sa_handler = on_tick, .sa_flags = flags};
  struct itimerval tick = {{0, TICK}, {0, TICK}};
  long result = 0;
  int number = 0;
  ticks = 0;
  vector = (struct iovec){buffer, 1};
  header = (struct msghdr){.msg_iov = &vector, .msg_iovlen = 1};
  headers.msg_hdr = header;
  polled.events = POLLIN;
  event.events = EPOLLIN;
  sigemptyset(&none), sigemptyset(&usr2), sigaddset(&usr2, SIGUSR2);
  sigaction(SIGALRM, &action, NULL);
#define CASE(name, prepare, finish, expression)      \
  if (number++ == call) {                            \
    prepare;                                         \
    complete = finish;                               \
    report->messages = messages;                     \
    report->semaphores = semaphores;                 \
    report->pid = getpid();                          \
    if (!stopping) setitimer(ITIMER_REAL, &tick, NULL); \
    if (ticks > 0) return TOO_EARLY;                 \
    errno = 0;                                       \
    result = expression;                             \
  }
  CALLS(CASE)
  int error = errno;
  signal(SIGALRM, SIG_IGN);
  if (helper > 0) kill(helper, SIGKILL);
  msgctl(messages, IPC_RMID, NULL), semctl(semaphores, 0, IPC_RMID);
  if (result < 0) return error == EINTR ? INTERRUPTED : FAILED;
  return ticks >= 2 ? RESTARTED : TOO_EARLY;
}

/* R, S, T, Z and so on, as /proc/PID/stat has it. */
static char state(pid_t pid) {
  char path[64], line[256], *at;
  sprintf(path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY);
  long length = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
  close(fd);
  line[length > 0 ? length : 0] = 0;
  return (at = strrchr(line, ')')) ? at[2] : '?';
}
static int is_one_of(pid_t pid, const char *states) { return strchr(states, state(pid)) != NULL; }

/* One call that is stopped while it sleeps, and continued: it ends, or sleeps on. */
static int stop(int call) {
  int status;
  // There its own signals interrupt it, until it is in the foreground.
  if (strstr(names[call], "background")) return NOT_TRIED;
  stopping = 1;
  report->pid = 0;
  pid_t attempt = fork();
  if (attempt == 0) {
    setpgid(0, 0);
    _exit(try(call, SA_RESTART));
  }
  while (report->pid == 0 || !is_one_of(report->pid, "SZ?")) usleep(2000);
  kill(report->pid, SIGSTOP);
  while (!is_one_of(report->pid, "TZ?")) usleep(2000);
  kill(report->pid, SIGCONT);
  while (!is_one_of(report->pid, "SZ?")) usleep(2000);
  int sleeps = state(report->pid) == 'S';
  kill(-attempt, SIGKILL), kill(attempt, SIGKILL);
  waitpid(attempt, &status, 0);
  msgctl(report->messages, IPC_RMID, NULL), semctl(report->semaphores, 0, IPC_RMID);
  if (sleeps) return SLEEPS_ON;
  return WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
}

int main(void) {
  static pid_t children[COLUMNS][CALLS_COUNT];
  setvbuf(stdout, 0, _IOLBF, 0);
  report = memory();
  strcpy(folder, "/tmp/restart-XXXXXX");
  mkdtemp(folder);
  for (int column = 0; column < COLUMNS; column++) {
    for (int call = 0; call < CALLS_COUNT; call++) {
      if ((children[column][call] = fork()) != 0) continue;
      report = memory();
      sprintf(folder + strlen(folder), "/%d", column);
      mkdir(folder, 0700);
      int outcome = TOO_EARLY;
      while (outcome == TOO_EARLY) {
        int status;
        if (column == STOPPED) {
          outcome = stop(call);
          continue;
        }
        pid_t attempt = fork();
        if (attempt == 0) _exit(try(call, column == WITH ? SA_RESTART : 0));
        waitpid(attempt, &status, 0);
        outcome = WIFEXITED(status) ? WEXITSTATUS(status) : FAILED;
      }
      _exit(outcome);
    }
  }
  static const char *const words[] = {"?", "restarted", "EINTR", "failed", "?", "goes on", "-"};
  printf("%-32s%-12s%-12s%s\n", "", "SA_RESTART", "without", "stopped");
  for (int call = 0; call < CALLS_COUNT; call++) {
    printf("%-32s", names[call]);
    for (int column = 0; column < COLUMNS; column++) {
      int status;
      waitpid(children[column][call], &status, 0);
      printf(column < COLUMNS - 1 ? "%-12s" : "%s\n", words[WEXITSTATUS(status)]);
    }
  }
  for (int column = 0; column < COLUMNS; column++) {
    static const char *const made[] = {"fifo-1", "fifo-2", "socket-1", "socket-2", "socket-3", "socket-4", "lock-0", "lock-1", "lock-2", ""};
    char path[100];
    for (unsigned i = 0; i < sizeof made / sizeof *made; i++) {
      sprintf(path, "%s/%d/%s", folder, column, made[i]);
      if (unlink(path) < 0) rmdir(path);
    }
  }
  return rmdir(folder);
}
