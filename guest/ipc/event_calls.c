// Calls on event files, sets of them, futexes, clones and locks with every kind of wrong or borderline argument; eventfd(2), timerfd_create(2), epoll_ctl(2), futex(2), clone(2), fcntl(2).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <sched.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/signalfd.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <linux/sched.h>
#include <time.h>
#include <unistd.h>
static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) (errno = 0, show(#call, call))
int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  char dir_[]="/tmp/sb-XXXXXX";
  if(!mkdtemp(dir_)||chdir(dir_)) return 1;
  uint64_t v;
  char b[1000];
  // eventfd
  SHOW(eventfd(0, 4));
  int e=eventfd(0, EFD_NONBLOCK);
  SHOW(read(e, &v, 8));
  SHOW(read(e, &v, 7));
  v=5;
  SHOW(write(e, &v, 7));
  SHOW(write(e, &v, 9));
  SHOW(read(e, b, 100));
  SHOW(write(e, &v, 8));
  v=-1;
  SHOW(write(e, &v, 8));
  v=-2;
  SHOW(write(e, &v, 8));
  v=-7;
  SHOW(write(e, &v, 8));
  v=1;
  SHOW(write(e, &v, 8));
  SHOW(read(e, &v, 8));
  printf("%lx\n", v);
  SHOW(lseek(e, 0, 0));
  SHOW(ioctl(e, FIONREAD, b));
  SHOW(pread(e, &v, 8, 0));
  SHOW(fcntl(e, F_GETFL));
  struct pollfd p={e, -1};
  SHOW(poll(&p, 1, 0));
  printf("%x\n", p.revents);
  // timerfd
  SHOW(timerfd_create(99, 0));
  SHOW(timerfd_create(CLOCK_PROCESS_CPUTIME_ID, 0));
  SHOW(timerfd_create(CLOCK_MONOTONIC, 4));
  SHOW(timerfd_create(CLOCK_BOOTTIME, 0)>0);
  int t=timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK);
  struct itimerspec it={{0, 0}, {0, 0}};
  SHOW(read(t, &v, 8));
  SHOW(read(t, &v, 4));
  SHOW(timerfd_settime(t, 0, &it, &it));
  it.it_value.tv_nsec=-1;
  SHOW(timerfd_settime(t, 0, &it, 0));
  it.it_value.tv_nsec=1000000000;
  SHOW(timerfd_settime(t, 0, &it, 0));
  it.it_value=(struct timespec){-1, 0};
  SHOW(timerfd_settime(t, 0, &it, 0));
  it.it_value=(struct timespec){1, 0};
  SHOW(timerfd_settime(t, TFD_TIMER_ABSTIME, &it, 0));
  struct timespec n={0, -1};
  nanosleep(&n, 0);
  SHOW(read(t, &v, 8));
  printf("%lu\n", v);
  SHOW(timerfd_settime(t, 8, &it, 0));
  SHOW(timerfd_settime(e, 0, &it, 0));
  SHOW(timerfd_settime(99, 0, &it, 0));
  SHOW(timerfd_settime(t, 0, (void*)8, 0));
  SHOW(timerfd_gettime(t, (void*)8));
  SHOW(timerfd_gettime(e, &it));
  SHOW(write(t, &v, 8));
  SHOW(timerfd_settime(t, TFD_TIMER_ABSTIME|TFD_TIMER_CANCEL_ON_SET, &it, 0));
  v=3;
  SHOW(ioctl(t, _IOW('T', 0, uint64_t), &v));
  SHOW(read(t, &v, 8));
  printf("%lu\n", v);
  v=0;
  SHOW(ioctl(t, _IOW('T', 0, uint64_t), &v));
  // signalfd
  sigset_t s;
  sigfillset(&s);
  int sf=signalfd(-1, &s, SFD_NONBLOCK);
  SHOW(sf>0);
  SHOW(signalfd(-1, &s, 4));
  SHOW(signalfd(e, &s, 0));
  SHOW(signalfd(99, &s, 0));
  SHOW(syscall(SYS_signalfd4, -1, &s, 4, 0));
  SHOW(syscall(SYS_signalfd4, -1, 8, 8, 0));
  SHOW(read(sf, b, 127));
  SHOW(read(sf, b, 128));
  SHOW(write(sf, b, 128));
  SHOW(signalfd(sf, &s, 0)==sf);
  // epoll
  SHOW(epoll_create(0));
  SHOW(epoll_create1(1));
  int ep=epoll_create1(0), ep2=epoll_create1(0);
  struct epoll_event ev={EPOLLIN, {.u64=7}};
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
  SHOW(epoll_ctl(ep, EPOLL_CTL_MOD, t, &ev));
  SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, t, &ev));
  SHOW(epoll_ctl(ep, 9, e, &ev));
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev));
  SHOW(epoll_ctl(e, EPOLL_CTL_ADD, t, &ev));
  SHOW(epoll_ctl(99, EPOLL_CTL_ADD, t, &ev));
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, 99, &ev));
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, t, (void*)8));
  SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, e, 0));
  int reg=open("/tmp", O_TMPFILE|O_RDWR, 0600), dir=open("/", O_RDONLY), nul=open("/dev/null", O_RDWR);
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, reg, &ev));
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, dir, &ev));
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, nul, &ev));
  ev.events=EPOLLIN|EPOLLEXCLUSIVE;
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, ep2, &ev));
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
  SHOW(epoll_ctl(ep, EPOLL_CTL_MOD, e, &ev));
  ev.events=EPOLLIN;
  SHOW(epoll_ctl(ep, EPOLL_CTL_MOD, e, &ev));
  SHOW(epoll_ctl(ep, EPOLL_CTL_DEL, e, 0));
  ev.events=EPOLLIN|EPOLLEXCLUSIVE|EPOLLONESHOT;
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
  ev.events=EPOLLIN|EPOLLEXCLUSIVE|EPOLLET|EPOLLWAKEUP|EPOLLOUT;
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, e, &ev));
  ev.events=EPOLLIN;
  SHOW(epoll_ctl(ep, EPOLL_CTL_ADD, ep2, &ev));
  SHOW(epoll_ctl(ep2, EPOLL_CTL_ADD, ep, &ev));
  SHOW(epoll_wait(ep, &ev, 0, 0));
  SHOW(epoll_wait(ep, &ev, -1, 0));
  SHOW(epoll_wait(ep, (void*)8, 1, 0));
  SHOW(epoll_wait(e, &ev, 1, 0));
  SHOW(epoll_wait(ep, &ev, 1, 0));
  SHOW(epoll_wait(ep, &ev, 0x20000000, 0));
  SHOW(syscall(SYS_epoll_pwait, ep, &ev, 1, 0, &s, 4));
  SHOW(syscall(SYS_epoll_pwait2, ep, &ev, 1, &(struct timespec){0, -1}, 0, 8));
  SHOW(syscall(SYS_epoll_pwait2, ep, &ev, 1, 8, 0, 8));
  SHOW(syscall(SYS_epoll_pwait2, ep, &ev, 1, &(struct timespec){0, 1000000}, 0, 8));
  SHOW(ioctl(ep, 0x80088a02, b));
  SHOW(read(ep, b, 8));
  SHOW(lseek(ep, 0, 0));
  // poll / select
  SHOW(poll((void*)8, 1, 0));
  SHOW(poll(0, 0, 1));
  SHOW(syscall(SYS_poll, &p, -1, 0));
  SHOW(syscall(SYS_ppoll, &p, 1, &(struct timespec){-1, 0}, 0, 8));
  SHOW(syscall(SYS_ppoll, &p, 1, &(struct timespec){0, 0}, &s, 4));
  struct pollfd pp[4]={{-5, POLLIN}, {99, POLLIN}, {reg, -1}, {dir, -1}};
  SHOW(poll(pp, 4, 0));
  printf("%x %x %x %x\n", pp[0].revents, pp[1].revents, pp[2].revents, pp[3].revents);
  fd_set r;
  FD_ZERO(&r);
  FD_SET(dup2(e, 40), &r);
  close(40);
  SHOW(select(41, &r, 0, 0, &(struct timeval){0, 0}));
  SHOW(select(-1, 0, 0, 0, 0));
  SHOW(select(0, 0, 0, 0, &(struct timeval){-1, 0}));
  SHOW(select(0, 0, 0, 0, &(struct timeval){0, -1}));
  struct timeval tv={0, 1500};
  SHOW(select(0, 0, 0, 0, &tv));
  printf("%ld %ld\n", (long)tv.tv_sec, (long)tv.tv_usec);
  SHOW(syscall(SYS_select, 5, 8, 0, 0, &tv));
  FD_ZERO(&r);
  FD_SET(reg, &r);
  fd_set w=r, x=r;
  SHOW(select(reg+1, &r, &w, &x, 0));
  SHOW(syscall(SYS_pselect6, 0, 0, 0, 0, &(struct timespec){0, 0}, 8));
  // inotify
  SHOW(inotify_init1(4));
  int in=inotify_init1(IN_NONBLOCK);
  SHOW(inotify_add_watch(in, "/", 0));
  SHOW(inotify_add_watch(in, "/nosuch", IN_ACCESS));
  SHOW(inotify_add_watch(in, dir_, IN_CREATE));
  SHOW(inotify_add_watch(in, dir_, IN_MASK_CREATE|IN_CREATE));
  SHOW(inotify_add_watch(in, dir_, IN_MASK_CREATE|IN_MASK_ADD|IN_CREATE));
  SHOW(inotify_add_watch(e, dir_, IN_CREATE));
  SHOW(inotify_add_watch(99, dir_, IN_CREATE));
  SHOW(inotify_add_watch(in, "/dev/null", IN_ONLYDIR|IN_CREATE));
  SHOW(inotify_add_watch(in, (void*)8, IN_CREATE));
  SHOW(inotify_rm_watch(in, 77));
  SHOW(inotify_rm_watch(e, 1));
  SHOW(inotify_rm_watch(in, 1));
  SHOW(read(in, b, 15));
  SHOW(read(in, b, 16));
  SHOW(read(in, b, 16));
  SHOW(write(in, b, 1));
  // futex
  static int f;
  struct timespec ts={0, 1000000};
  SHOW(syscall(SYS_futex, &f, FUTEX_WAIT, 1, 0, 0, 0));
  SHOW(syscall(SYS_futex, &f, FUTEX_WAIT, 0, &ts, 0, 0));
  SHOW(syscall(SYS_futex, (char*)&f+1, FUTEX_WAIT, 0, &ts, 0, 0));
  SHOW(syscall(SYS_futex, 8, FUTEX_WAIT, 0, &ts, 0, 0));
  SHOW(syscall(SYS_futex, 8, FUTEX_WAKE, 1, 0, 0, 0));
  SHOW(syscall(SYS_futex, 8, FUTEX_WAKE|128, 1, 0, 0, 0));
  ts.tv_nsec=-1;
  SHOW(syscall(SYS_futex, &f, FUTEX_WAIT, 0, &ts, 0, 0));
  ts=(struct timespec){-1, 0};
  SHOW(syscall(SYS_futex, &f, FUTEX_WAIT_BITSET, 0, &ts, 0, 1));
  ts=(struct timespec){0, 0};
  SHOW(syscall(SYS_futex, &f, FUTEX_WAIT_BITSET, 0, &ts, 0, 0));
  SHOW(syscall(SYS_futex, &f, FUTEX_WAIT_BITSET, 0, &ts, 0, 1));
  SHOW(syscall(SYS_futex, &f, FUTEX_WAKE_BITSET, 1, 0, 0, 0));
  SHOW(syscall(SYS_futex, &f, FUTEX_WAKE|FUTEX_CLOCK_REALTIME, 1, 0, 0, 0));
  SHOW(syscall(SYS_futex, &f, FUTEX_WAIT|FUTEX_CLOCK_REALTIME, 0, &ts, 0, 0));
  SHOW(syscall(SYS_futex, &f, 99, 1, 0, 0, 0));
  SHOW(syscall(SYS_futex, &f, 2, 1, 0, 0, 0));
  SHOW(syscall(SYS_futex, &f, FUTEX_REQUEUE, -1, 1, &f, 0));
  SHOW(syscall(SYS_futex, &f, FUTEX_REQUEUE, 1, -1, &f, 0));
  SHOW(syscall(SYS_futex, &f, FUTEX_CMP_REQUEUE, 1, 1, &f, 5));
  SHOW(syscall(SYS_futex, &f, FUTEX_WAKE_OP, 1, 1, &f, 0x0f000000|(15<<24)));
  SHOW(syscall(SYS_futex, &f, FUTEX_LOCK_PI, 0, 0, 0, 0));
  SHOW(f==gettid());
  SHOW(syscall(SYS_futex, &f, FUTEX_LOCK_PI, 0, 0, 0, 0));
  SHOW(syscall(SYS_futex, &f, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
  SHOW(syscall(SYS_futex, &f, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
  SHOW(syscall(SYS_futex, &f, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
  f=1;
  SHOW(syscall(SYS_futex, &f, FUTEX_LOCK_PI, 0, &ts, 0, 0));
  f=0x7ffffff;
  SHOW(syscall(SYS_futex, &f, FUTEX_LOCK_PI, 0, 0, 0, 0));
  SHOW(syscall(SYS_get_robust_list, 0, b, b+8));
  SHOW(syscall(SYS_get_robust_list, 99999, b, b+8));
  SHOW(syscall(SYS_set_robust_list, b, 23));
  SHOW(syscall(SYS_membarrier, 0, 0, 0)>0);
  SHOW(syscall(SYS_membarrier, 0, 1, 0));
  SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0));
  SHOW(syscall(SYS_membarrier, 1<<20, 0, 0));
  SHOW(syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0));
  // clone errors
  SHOW(syscall(SYS_clone, CLONE_THREAD, 0, 0, 0, 0));
  SHOW(syscall(SYS_clone, CLONE_SIGHAND, 0, 0, 0, 0));
  SHOW(syscall(SYS_clone, CLONE_THREAD|CLONE_SIGHAND, 0, 0, 0, 0));
  SHOW(syscall(SYS_clone, CLONE_FS|CLONE_NEWNS, 0, 0, 0, 0));
  struct clone_args ca={0};
  SHOW(syscall(SYS_clone3, &ca, 63));
  SHOW(syscall(SYS_clone3, &ca, 4097));
  SHOW(syscall(SYS_clone3, 8, 64));
  ca.exit_signal=65;
  SHOW(syscall(SYS_clone3, &ca, sizeof ca));
  ca.exit_signal=0;
  ca.stack=4096;
  SHOW(syscall(SYS_clone3, &ca, sizeof ca));
  ca.stack=0;
  ca.stack_size=4096;
  SHOW(syscall(SYS_clone3, &ca, sizeof ca));
  ca.stack_size=0;
  ca.flags=CLONE_DETACHED;
  SHOW(syscall(SYS_clone3, &ca, sizeof ca));
  ca.flags=CLONE_CLEAR_SIGHAND|CLONE_SIGHAND|CLONE_VM;
  SHOW(syscall(SYS_clone3, &ca, sizeof ca));
  ca.flags=0;
  ca.set_tid=8;
  SHOW(syscall(SYS_clone3, &ca, sizeof ca));
  ca.set_tid_size=33;
  SHOW(syscall(SYS_clone3, &ca, sizeof ca));
  ca.set_tid=ca.set_tid_size=0;
  ca.flags=1ull<<40;
  SHOW(syscall(SYS_clone3, &ca, sizeof ca));
  SHOW(syscall(SYS_set_tid_address, 0)==gettid());
  SHOW(syscall(SYS_tgkill, 0, 1, 0));
  SHOW(syscall(SYS_tgkill, getpid(), -1, 0));
  SHOW(syscall(SYS_tgkill, getpid(), 99999, 0));
  SHOW(syscall(SYS_tkill, gettid(), 65));
  SHOW(syscall(SYS_tkill, 0, 0));
  // flock / lease
  int l=open("lk", O_CREAT|O_RDWR, 0600), l2=open("lk", O_RDWR);
  SHOW(flock(l, 0));
  SHOW(flock(l, LOCK_SH|LOCK_EX));
  SHOW(flock(l, LOCK_EX));
  SHOW(flock(l2, LOCK_SH|LOCK_NB));
  SHOW(flock(99, LOCK_EX));
  SHOW(flock(open("lk", O_PATH), LOCK_EX));
  SHOW(flock(e, LOCK_EX));
  SHOW(flock(nul, LOCK_SH));
  struct flock k={F_WRLCK, SEEK_SET, -1, 0};
  SHOW(fcntl(l, F_SETLK, &k));
  k=(struct flock){F_WRLCK, SEEK_END, -5, 0};
  SHOW(fcntl(l, F_SETLK, &k));
  k=(struct flock){F_WRLCK, 9, 0, 0};
  SHOW(fcntl(l, F_SETLK, &k));
  k=(struct flock){9, 0, 0, 0};
  SHOW(fcntl(l, F_SETLK, &k));
  k=(struct flock){F_UNLCK, 0, 0, 0};
  SHOW(fcntl(l, F_GETLK, &k));
  k=(struct flock){F_WRLCK, 0, 10, -5};
  SHOW(fcntl(l, F_SETLK, &k));
  k=(struct flock){F_WRLCK, 0, 3, -5};
  SHOW(fcntl(l, F_SETLK, &k));
  k=(struct flock){F_WRLCK, 0, 0x7fffffffffffffff, 2};
  SHOW(fcntl(l, F_SETLK, &k));
  k=(struct flock){F_WRLCK, 0, 0, 0, 5};
  SHOW(fcntl(l, F_OFD_SETLK, &k));
  k.l_pid=0;
  SHOW(fcntl(l, F_OFD_SETLK, &k));
  k=(struct flock){F_WRLCK, 0, 0, 0};
  SHOW(fcntl(l2, F_OFD_GETLK, &k));
  printf("%d %d %ld %ld %d\n", k.l_type, k.l_whence, (long)k.l_start, (long)k.l_len, k.l_pid==getpid());
  int rd=open("lk", O_RDONLY);
  k=(struct flock){F_WRLCK};
  SHOW(fcntl(rd, F_SETLK, &k));
  SHOW(fcntl(rd, F_SETLK, (void*)8));
  SHOW(fcntl(rd, F_SETLEASE, F_RDLCK));
  SHOW(fcntl(rd, F_SETLEASE, F_WRLCK));
  SHOW(fcntl(rd, F_SETLEASE, 9));
  SHOW(fcntl(rd, F_GETLEASE));
  SHOW(fcntl(rd, F_SETLEASE, F_UNLCK));
  unlink("lk");
  chdir("/");
  rmdir(dir_);
  return 0;
}
