// Named and nameless objects for processes and threads, call by call: shm_open, memfd seals, named semaphores, every kind of mutex, cancellation, barriers, read-write locks, rseq, membarrier; shm_overview(7), sem_overview(7), pthreads(7).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ipc.h>
#include <sys/shm.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/resource.h>
#include <linux/rseq.h>
#include <linux/membarrier.h>
#include <linux/futex.h>
#include <time.h>
#include <unistd.h>
static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) (errno = 0, show(#call, call))
#define E(call) ({ int r_=(call); printf("%s: %s\n", #call, r_?strerrorname_np(r_):"0"); })
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8
#define MFD_EXEC 16
#endif
static pthread_mutex_t m;
static void *locker(void*a) {
  E(pthread_mutex_trylock(&m));
  E(pthread_mutex_unlock(&m));
  struct timespec t={0, 0};
  E(pthread_mutex_timedlock(&m, &t));
  return 0;
}

static void *dier(void*a) {
  pthread_mutex_lock(&m);
  return 0;
}

static void *sleeper(void*a) {
  pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, 0);
  pause();
  return 0;
}

int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  char nm[40];
  sprintf(nm, "/sb-m-%d", getpid());
  // shm_open
  SHOW(shm_open("/a/b", O_RDWR|O_CREAT, 0600));
  SHOW(shm_open("", O_RDWR|O_CREAT, 0600));
  SHOW(shm_open("/nosuch-x", O_RDWR, 0));
  int f=shm_open(nm, O_RDWR|O_CREAT|O_EXCL, 0640);
  SHOW(f>=0);
  SHOW(shm_open(nm, O_RDWR|O_CREAT|O_EXCL, 0600));
  struct stat st;
  fstat(f, &st);
  printf("%o %ld\n", st.st_mode, (long)st.st_size);
  SHOW(fcntl(f, F_GETFD));
  SHOW(ftruncate(f, 5000));
  char*a=mmap(0, 8192, PROT_READ|PROT_WRITE, MAP_SHARED, f, 0);
  a[4999]='z';
  pid_t c=fork();
  if(!c) {
    a[0]='c';
    _exit(0);
  }
  waitpid(c, 0, 0);
  printf("%c %c\n", a[0], a[4999]);
  char b[2];
  SHOW(pread(f, b, 1, 4999));
  c=fork();
  if(!c) {
    a[8191]=1;
    a=mmap(a, 8192, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_FIXED, f, 0);
    ftruncate(f, 100);
    a[5000]=1;
    _exit(0);
  }
  int w;
  waitpid(c, &w, 0);
  printf("sig %d\n", WTERMSIG(w));
  SHOW(shm_unlink(nm));
  SHOW(shm_unlink(nm));
  SHOW(fallocate(f, FALLOC_FL_PUNCH_HOLE|FALLOC_FL_KEEP_SIZE, 0, 4096));
  printf("%d\n", a[0]);
  SHOW(fchown(f, -1, -1));
  close(f);
  // memfd
  int mf=memfd_create("x", MFD_ALLOW_SEALING);
  SHOW(mf>0);
  SHOW(memfd_create("x", 0x100));
  SHOW(fcntl(mf, F_GET_SEALS));
  ftruncate(mf, 4096);
  SHOW(fcntl(mf, F_ADD_SEALS, F_SEAL_SHRINK|F_SEAL_GROW));
  SHOW(ftruncate(mf, 100));
  SHOW(ftruncate(mf, 9000));
  SHOW(write(mf, "abc", 3));
  SHOW(pwrite(mf, "abc", 3, 4095));
  SHOW(fcntl(mf, F_ADD_SEALS, F_SEAL_WRITE));
  SHOW(write(mf, "x", 1));
  SHOW(mmap(0, 4096, PROT_WRITE, MAP_SHARED, mf, 0)==MAP_FAILED);
  SHOW(mmap(0, 4096, PROT_READ, MAP_SHARED, mf, 0)==MAP_FAILED);
  SHOW(fcntl(mf, F_ADD_SEALS, F_SEAL_SEAL));
  SHOW(fcntl(mf, F_ADD_SEALS, F_SEAL_SHRINK));
  SHOW(fcntl(mf, F_GET_SEALS));
  int m2=memfd_create("y", 0);
  SHOW(fcntl(m2, F_ADD_SEALS, F_SEAL_SHRINK));
  SHOW(fcntl(m2, F_GET_SEALS));
  int m3=memfd_create("z", MFD_NOEXEC_SEAL);
  SHOW(fcntl(m3, F_GET_SEALS));
  fstat(m3, &st);
  printf("%o\n", st.st_mode&0777);
  SHOW(memfd_create("z", MFD_NOEXEC_SEAL|MFD_EXEC));
  // named semaphores
  sem_t*s=sem_open(nm, O_CREAT|O_EXCL, 0600, 2);
  SHOW(s!=SEM_FAILED);
  SHOW(sem_open(nm, O_CREAT|O_EXCL, 0600, 2)==SEM_FAILED);
  int v;
  sem_getvalue(s, &v);
  printf("%d\n", v);
  SHOW(sem_trywait(s));
  SHOW(sem_trywait(s));
  SHOW(sem_trywait(s));
  struct timespec t={0, 0};
  SHOW(sem_timedwait(s, &t));
  t.tv_nsec=-1;
  SHOW(sem_timedwait(s, &t));
  c=fork();
  if(!c) {
    sem_t*x=sem_open(nm, 0);
    sem_post(x);
    _exit(0);
  }
  waitpid(c, 0, 0);
  SHOW(sem_wait(s));
  SHOW(sem_unlink(nm));
  SHOW(sem_unlink(nm));
  sem_close(s);
  sem_t u;
  SHOW(sem_init(&u, 0, 0x80000000u));
  sem_init(&u, 0, 0x7fffffff);
  SHOW(sem_post(&u));
  // mutex kinds
  pthread_mutexattr_t at;
  pthread_mutexattr_init(&at);
  int kinds[]={PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_RECURSIVE};
  pthread_t th;
  for(int k=0;k<3;k++) for(int pi=0;pi<2;pi++) for(int rob=0;rob<2;rob++){ printf("kind %d pi %d robust %d\n", k, pi,
      rob); pthread_mutexattr_settype(&at, kinds[k]); pthread_mutexattr_setprotocol(&at,
      pi?PTHREAD_PRIO_INHERIT:PTHREAD_PRIO_NONE); pthread_mutexattr_setrobust(&at,
      rob?PTHREAD_MUTEX_ROBUST:PTHREAD_MUTEX_STALLED); pthread_mutex_init(&m, &at); E(pthread_mutex_lock(&m)); if(k)
      E(pthread_mutex_lock(&m)); E(pthread_mutex_trylock(&m)); pthread_create(&th, 0, locker, 0); pthread_join(th,
      0); E(pthread_mutex_unlock(&m)); if(k==2) {E(pthread_mutex_unlock(&m)); E(pthread_mutex_unlock(&m));} if(k)
      E(pthread_mutex_unlock(&m)); if(rob){ pthread_create(&th, 0, dier, 0); pthread_join(th, 0);
      E(pthread_mutex_lock(&m)); E(pthread_mutex_consistent(&m)); E(pthread_mutex_unlock(&m)); pthread_create(&th, 0,
      dier, 0); pthread_join(th, 0); E(pthread_mutex_trylock(&m)); E(pthread_mutex_unlock(&m));
      E(pthread_mutex_lock(&m)); } E(pthread_mutex_destroy(&m)); }
  // cancel and join
  pthread_create(&th, 0, sleeper, 0);
  E(pthread_tryjoin_np(th, 0));
  t=(struct timespec){0, 0};
  E(pthread_timedjoin_np(th, 0, &t));
  E(pthread_cancel(th));
  void*r;
  E(pthread_join(th, &r));
  printf("%d\n", r==PTHREAD_CANCELED);
  E(pthread_kill(pthread_self(), 0));
  E(pthread_kill(pthread_self(), 99));
  E(pthread_detach(pthread_self()));
  E(pthread_setname_np(pthread_self(), "0123456789abcdefg"));
  E(pthread_setname_np(pthread_self(), "0123456789abcde"));
  char n2[16];
  E(pthread_getname_np(pthread_self(), n2, 15));
  E(pthread_getname_np(pthread_self(), n2, 16));
  puts(n2);
  // barrier, rwlock, cond, spin
  pthread_barrier_t ba;
  E(pthread_barrier_init(&ba, 0, 0));
  E(pthread_barrier_init(&ba, 0, 1));
  printf("%d\n", pthread_barrier_wait(&ba)==PTHREAD_BARRIER_SERIAL_THREAD);
  pthread_rwlock_t rw=PTHREAD_RWLOCK_INITIALIZER;
  E(pthread_rwlock_rdlock(&rw));
  E(pthread_rwlock_rdlock(&rw));
  E(pthread_rwlock_trywrlock(&rw));
  E(pthread_rwlock_timedwrlock(&rw, &t));
  E(pthread_rwlock_unlock(&rw));
  E(pthread_rwlock_unlock(&rw));
  E(pthread_rwlock_wrlock(&rw));
  E(pthread_rwlock_trywrlock(&rw));
  E(pthread_rwlock_rdlock(&rw));
  E(pthread_rwlock_tryrdlock(&rw));
  pthread_cond_t co=PTHREAD_COND_INITIALIZER;
  pthread_mutex_t cm=PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&cm);
  E(pthread_cond_timedwait(&co, &cm, &t));
  t.tv_nsec=1000000000;
  E(pthread_cond_timedwait(&co, &cm, &t));
  t.tv_nsec=0;
  E(pthread_cond_clockwait(&co, &cm, CLOCK_MONOTONIC, &t));
  E(pthread_cond_clockwait(&co, &cm, 99, &t));
  pthread_spinlock_t sp;
  pthread_spin_init(&sp, 0);
  E(pthread_spin_lock(&sp));
  E(pthread_spin_trylock(&sp));
  // rseq / membarrier
  SHOW(syscall(SYS_rseq, 0, 32, 0, 0));
  char rs[64] __attribute__((aligned(32)));
  SHOW(syscall(SYS_rseq, rs, 31, 0, 0));
  SHOW(syscall(SYS_rseq, rs, 32, 2, 0));
  SHOW(syscall(SYS_rseq, rs, 32, 0, 0x53053053));
  SHOW(syscall(SYS_rseq, rs, 32, RSEQ_FLAG_UNREGISTER, 0));
  int cmds[]={1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
  for(int i=0;i<10;i++){ errno=0; long x=syscall(SYS_membarrier, cmds[i], 0, 0); printf("membarrier %d: %ld %s\n",
      cmds[i], x>0?1:x, errno?strerrorname_np(errno):""); } SHOW(syscall(SYS_membarrier, 16, 1, 0));
  SHOW(syscall(SYS_membarrier, 256, 1, 99));
  printf("%d\n", syscall(SYS_membarrier, 0, 0, 0)>0);
  return 0;
}
