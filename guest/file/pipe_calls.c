// Calls on pipes and FIFOs with every kind of wrong or borderline argument: flags, sizes, vectors, splice, tee, vmsplice, sendfile, copy_file_range, reopening; pipe(7), splice(2), fifo(7).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/syscall.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/signalfd.h>
#include <sys/inotify.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>
#include <stdlib.h>
#include <limits.h>
static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) (errno = 0, show(#call, call))
int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  char dir_[]="/tmp/sb-XXXXXX";
  if(!mkdtemp(dir_)||chdir(dir_)) return 1;
  signal(SIGPIPE, SIG_IGN);
  int p[2], q[2];
  char b[200000];
  memset(b, 'a', sizeof b);
  int n;
  // pipe2 flags
  SHOW(pipe2(p, O_RDONLY));
  SHOW(pipe2(p, O_APPEND));
  SHOW(pipe2(p, O_WRONLY));
  SHOW(syscall(SYS_pipe2, 0, 0));
  SHOW(syscall(SYS_pipe2, 8, 0));
  SHOW(pipe2(p, O_CLOEXEC|O_NONBLOCK|O_DIRECT));
  SHOW(fcntl(p[0], F_GETFL));
  SHOW(fcntl(p[1], F_GETFL));
  SHOW(fcntl(p[0], F_GETFD));
  SHOW(fcntl(p[1], F_SETFL, 0));
  SHOW(fcntl(p[1], F_GETFL));
  close(p[0]);
  close(p[1]);
  pipe(p);
  SHOW(read(p[1], b, 1));
  SHOW(write(p[0], b, 1));
  SHOW(lseek(p[0], 0, SEEK_SET));
  SHOW(pread(p[0], b, 1, 0));
  SHOW(pwrite(p[1], b, 1, 0));
  SHOW(ftruncate(p[1], 0));
  SHOW(fsync(p[0]));
  SHOW(fdatasync(p[1]));
  SHOW(sync_file_range(p[1], 0, 0, 0));
  SHOW(posix_fadvise(p[0], 0, 0, POSIX_FADV_NORMAL));
  SHOW(posix_fallocate(p[1], 0, 10));
  SHOW(fallocate(p[1], 0, 0, 10));
  SHOW((long)mmap(0, 4096, PROT_READ, MAP_SHARED, p[0], 0));
  SHOW(flock(p[0], LOCK_EX));
  struct flock fl={F_WRLCK};
  SHOW(fcntl(p[1], F_SETLK, &fl));
  SHOW(fcntl(p[0], F_SETLEASE, F_RDLCK));
  SHOW(readahead(p[0], 0, 10));
  struct stat st;
  fstat(p[0], &st);
  printf("mode %o size %ld nlink %ld blk %ld blocks %ld\n", st.st_mode, (long)st.st_size, (long)st.st_nlink,
      (long)st.st_blksize, (long)st.st_blocks);
  SHOW(fchmod(p[0], 0400));
  SHOW(isatty(p[0]));
  SHOW(ioctl(p[0], FIONREAD, &n));
  SHOW(ioctl(p[0], TIOCOUTQ, &n));
  SHOW(ioctl(p[0], FIONREAD, 1));
  SHOW(ioctl(p[0], FIONBIO, &(int){1}));
  SHOW(fcntl(p[0], F_GETFL));
  SHOW(ioctl(p[0], FIONCLEX));
  SHOW(ioctl(p[0], FIOCLEX));
  SHOW(fcntl(p[0], F_GETFD));
  SHOW(ioctl(p[0], 0x12345));
  SHOW(write(p[1], b, 0));
  SHOW(read(p[0], b, 0));
  SHOW(read(p[0], b, 1));
  SHOW(write(p[1], (void*)8, 10));
  SHOW(write(p[1], "abc", 3));
  SHOW(read(p[0], (void*)8, 2));
  SHOW(read(p[0], b, 10));
  // vectors
  struct iovec v[3]={{"ab", 2}, {(void*)8, 2}, {"cd", 2}};
  SHOW(writev(p[1], v, 3));
  SHOW(read(p[0], b, 10));
  v[1].iov_len=0;
  SHOW(writev(p[1], v, 3));
  struct iovec w[2]={{b, 1}, {(void*)8, 2}};
  SHOW(readv(p[0], w, 2));
  SHOW(read(p[0], b, 10));
  SHOW(writev(p[1], v, -1));
  SHOW(writev(p[1], v, 1025));
  SHOW(writev(p[1], v, 0));
  v[0].iov_len=-1;
  SHOW(writev(p[1], v, 1));
  SHOW(preadv2(p[0], w, 1, -1, RWF_NOWAIT));
  SHOW(pwritev2(p[1], &(struct iovec){"z", 1}, 1, -1, 0));
  SHOW(preadv2(p[0], w, 1, -1, 0));
  SHOW(preadv2(p[0], w, 1, 0, 0));
  SHOW(pwritev2(p[1], &(struct iovec){"z", 1}, 1, -1, RWF_APPEND));
  SHOW(pwritev2(p[1], &(struct iovec){"z", 1}, 1, -1, 0x4000));
  read(p[0], b, 100);
  // size
  SHOW(fcntl(p[0], F_GETPIPE_SZ));
  SHOW(fcntl(p[0], F_SETPIPE_SZ, 0));
  SHOW(fcntl(p[0], F_SETPIPE_SZ, 1));
  SHOW(fcntl(p[0], F_SETPIPE_SZ, 4097));
  SHOW(fcntl(p[0], F_SETPIPE_SZ, 12289));
  SHOW(fcntl(p[0], F_SETPIPE_SZ, -1));
  SHOW(fcntl(p[0], F_SETPIPE_SZ, 1<<20));
  SHOW(fcntl(p[0], F_SETPIPE_SZ, 0x80000000u));
  SHOW(fcntl(p[0], F_SETPIPE_SZ, 0x80000001u));
  fcntl(p[1], F_SETFL, O_NONBLOCK);
  fcntl(p[0], F_SETPIPE_SZ, 8192);
  SHOW(write(p[1], b, 20000));
  SHOW(fcntl(p[0], F_SETPIPE_SZ, 4096));
  SHOW(write(p[1], b, 1));
  SHOW(read(p[0], b, 100));
  SHOW(write(p[1], b, 100));
  SHOW(write(p[1], b, 4096));
  SHOW(read(p[0], b, 3996));
  SHOW(write(p[1], b, 4096));
  SHOW(write(p[1], b, 4097));
  while(read(p[0], b, 100000)>0);
  SHOW(write(p[1], b, 4097));
  SHOW(write(p[1], b, 4096));
  SHOW(write(p[1], b, 4095));
  SHOW(write(p[1], b, 100));
  SHOW(ioctl(p[0], FIONREAD, &n));
  printf("%d\n", n);
  close(p[0]);
  SHOW(write(p[1], b, 1));
  SHOW(write(p[1], b, 0));
  struct pollfd pf={p[1], POLLOUT|POLLIN|POLLRDHUP};
  poll(&pf, 1, 0);
  printf("%x\n", pf.revents);
  close(p[1]);
  pipe(p);
  poll(&(struct pollfd){p[0], POLLIN}, 1, 0);
  close(p[1]);
  pf.fd=p[0];
  poll(&pf, 1, 0);
  printf("%x\n", pf.revents);
  write(p[0], b, 1);
  SHOW(read(p[0], b, 1));
  // reopen through proc
  char path[64];
  sprintf(path, "/proc/self/fd/%d", p[0]);
  int wfd=open(path, O_WRONLY|O_NONBLOCK);
  SHOW(wfd>0);
  SHOW(write(wfd, "hi", 2));
  SHOW(read(p[0], b, 10));
  int rw=open(path, O_RDWR);
  SHOW(rw>0);
  close(wfd);
  fcntl(p[0], F_SETFL, O_NONBLOCK);
  SHOW(read(p[0], b, 1));
  close(rw);
  SHOW(read(p[0], b, 1));
  SHOW(open(path, O_RDONLY|O_EXCL|O_CREAT, 0600));
  close(p[0]);
  // splice errors
  pipe(p);
  pipe(q);
  int f=open("spl", O_CREAT|O_RDWR|O_TRUNC, 0600);
  write(f, b, 10000);
  off_t o=0;
  loff_t lo=0;
  SHOW(splice(f, 0, q[1], 0, 10, 0));
  lseek(f, 0, 0);
  SHOW(splice(f, 0, p[1], 0, 10, 0));
  SHOW(lseek(f, 0, SEEK_CUR));
  lo=100;
  SHOW(splice(f, &lo, p[1], 0, 10, 0));
  printf("%ld\n", (long)lo);
  SHOW(splice(f, 0, f, 0, 10, 0));
  SHOW(splice(p[0], &lo, f, 0, 10, 0));
  SHOW(splice(p[0], 0, p[1], 0, 10, 0));
  SHOW(splice(p[0], 0, q[1], 0, 10, 0));
  SHOW(splice(p[0], 0, q[0], 0, 10, 0));
  SHOW(splice(p[1], 0, q[1], 0, 10, 0));
  SHOW(splice(p[0], 0, q[1], 0, 0, 0));
  SHOW(splice(p[0], 0, q[1], 0, 10, 0x100));
  SHOW(splice(p[0], 0, q[1], 0, 10, SPLICE_F_NONBLOCK));
  SHOW(splice(p[0], 0, q[1], 0, 10, SPLICE_F_NONBLOCK));
  lo=-5;
  SHOW(splice(f, &lo, p[1], 0, 10, 0));
  lo=5000000;
  SHOW(splice(f, &lo, p[1], 0, 10, 0));
  SHOW(splice(f, (void*)8, p[1], 0, 10, 0));
  SHOW(splice(99, 0, p[1], 0, 10, 0));
  lo=5;
  write(p[1], "splice", 6);
  SHOW(splice(p[0], 0, f, &lo, 6, 0));
  printf("%ld\n", (long)lo);
  int ap=open("spl", O_WRONLY|O_APPEND);
  write(p[1], "x", 1);
  SHOW(splice(p[0], 0, ap, 0, 1, 0));
  int ro=open("spl", O_RDONLY);
  SHOW(splice(p[0], 0, ro, 0, 1, 0));
  int dev=open("/dev/null", O_RDWR), zero=open("/dev/zero", O_RDWR), dir=open("/tmp", O_RDONLY), ep=epoll_create1(0),
      ef=eventfd(1, 0), tf=timerfd_create(0, 0), in=inotify_init(), rnd=open("/dev/urandom", O_RDONLY),
      full=open("/dev/full", O_WRONLY);
  SHOW(splice(p[0], 0, dev, 0, 1, 0));
  SHOW(splice(zero, 0, p[1], 0, 5, 0));
  SHOW(splice(dir, 0, p[1], 0, 5, 0));
  SHOW(splice(ep, 0, p[1], 0, 5, 0));
  SHOW(splice(ef, 0, p[1], 0, 8, 0));
  SHOW(splice(tf, 0, p[1], 0, 8, SPLICE_F_NONBLOCK));
  SHOW(splice(in, 0, p[1], 0, 100, SPLICE_F_NONBLOCK));
  SHOW(splice(rnd, 0, p[1], 0, 5, 0));
  SHOW(splice(p[0], 0, full, 0, 5, 0));
  SHOW(splice(p[0], 0, ef, 0, 8, 0));
  SHOW(tee(p[0], q[1], 5, 0));
  SHOW(tee(p[0], p[1], 5, 0));
  SHOW(tee(f, p[1], 5, 0));
  SHOW(tee(p[0], q[1], 0, 0));
  SHOW(tee(p[0], q[1], 5, 0x100));
  SHOW(tee(q[1], p[0], 5, 0));
  SHOW(vmsplice(p[1], &(struct iovec){"abc", 3}, 1, 0));
  SHOW(vmsplice(p[0], &(struct iovec){b, 3}, 1, 0));
  SHOW(vmsplice(f, &(struct iovec){"abc", 3}, 1, 0));
  SHOW(vmsplice(p[1], &(struct iovec){"abc", 3}, 0, 0));
  SHOW(vmsplice(p[1], &(struct iovec){"abc", 3}, 1025, 0));
  SHOW(vmsplice(p[1], &(struct iovec){(void*)8, 3}, 1, 0));
  SHOW(vmsplice(p[1], &(struct iovec){"abc", 3}, 1, 0x100));
  SHOW(vmsplice(p[1], (void*)8, 1, 0));
  SHOW(vmsplice(p[1], &(struct iovec){"abc", 3}, 1, SPLICE_F_GIFT));
  SHOW(vmsplice(99, 0, 0, 0));
  o=0;
  SHOW(sendfile(f, p[0], 0, 10));
  SHOW(sendfile(p[1], f, &o, 10));
  SHOW(o);
  SHOW(sendfile(p[1], f, 0, 10));
  o=-1;
  SHOW(sendfile(p[1], f, &o, 10));
  SHOW(sendfile(p[1], f, (void*)8, 10));
  SHOW(sendfile(p[1], dir, 0, 10));
  SHOW(sendfile(ap, f, 0, 10));
  SHOW(sendfile(ro, f, 0, 10));
  SHOW(sendfile(dev, zero, 0, 10));
  SHOW(sendfile(dev, f, 0, 0));
  SHOW(sendfile(dev, f, 0, -1));
  SHOW(sendfile(dev, p[0], 0, 3));
  SHOW(sendfile(ef, f, 0, 8));
  int sv[2];
  socketpair(AF_UNIX, SOCK_STREAM, 0, sv);
  SHOW(sendfile(sv[0], f, &(off_t){0}, 10));
  SHOW(sendfile(dev, sv[1], 0, 5));
  SHOW(splice(sv[1], 0, p[1], 0, 5, 0));
  SHOW(splice(p[0], 0, sv[0], 0, 5, 0));
  o=0;
  lo=0;
  SHOW(copy_file_range(f, &lo, dev, 0, 10, 0));
  SHOW(copy_file_range(f, &lo, p[1], 0, 10, 0));
  SHOW(copy_file_range(f, &lo, f, &(loff_t){5}, 10, 0));
  SHOW(copy_file_range(f, &lo, f, &(loff_t){50}, 10, 0));
  SHOW(copy_file_range(f, &lo, ap, 0, 10, 0));
  SHOW(copy_file_range(f, &lo, dir, 0, 10, 0));
  SHOW(copy_file_range(f, &lo, ro, 0, 10, 0));
  SHOW(copy_file_range(f, &lo, f, &(loff_t){50}, 10, 1));
  unlink("spl");
  // fifo
  unlink("ff");
  SHOW(mkfifo("ff", 0600));
  SHOW(mkfifo("ff", 0600));
  SHOW(mkfifo("/nosuch/x", 0600));
  SHOW(mkfifo("", 0600));
  SHOW(open("ff", O_WRONLY|O_NONBLOCK));
  int r=open("ff", O_RDONLY|O_NONBLOCK);
  SHOW(r>0);
  pf.fd=r;
  pf.events=POLLIN;
  poll(&pf, 1, 0);
  printf("%x\n", pf.revents);
  SHOW(read(r, b, 1));
  int wf=open("ff", O_WRONLY|O_NONBLOCK);
  SHOW(read(r, b, 1));
  SHOW(write(wf, "abc", 3));
  close(wf);
  poll(&pf, 1, 0);
  printf("%x\n", pf.revents);
  SHOW(read(r, b, 1));
  SHOW(read(r, b, 10));
  SHOW(read(r, b, 10));
  poll(&pf, 1, 0);
  printf("%x\n", pf.revents);
  SHOW(open("ff", O_RDONLY|O_TRUNC|O_NONBLOCK)>0);
  SHOW(truncate("ff", 0));
  SHOW(fcntl(r, F_SETPIPE_SZ, 4096));
  SHOW(fcntl(r, F_GETPIPE_SZ));
  close(r);
  r=open("ff", O_RDWR);
  SHOW(fcntl(r, F_GETPIPE_SZ));
  SHOW(write(r, "z", 1));
  int r2=open("ff", O_RDONLY|O_NONBLOCK);
  SHOW(read(r2, b, 10));
  SHOW(open("ff", O_PATH)>0);
  SHOW(mknod("f2", S_IFIFO|0644, 0));
  SHOW(mkfifoat(AT_FDCWD, "f2", 0));
  SHOW(mknodat(99, "x", S_IFIFO, 0));
  SHOW(open("f2", O_RDONLY|O_DIRECTORY));
  SHOW(open("f2", O_RDWR|O_DIRECT)>0);
  lstat("f2", &st);
  printf("%o\n", st.st_mode);
  unlink("f2");
  unlink("ff");
  chdir("/");
  rmdir(dir_);
  return 0;
}
