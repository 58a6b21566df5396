// Calls of System V IPC and POSIX message queues with every kind of wrong or borderline argument; msgop(2), semop(2), shmop(2), mq_overview(7).
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <mqueue.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>
static void show(const char *what, long r) {
  if (r == -1 && errno) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}
#define SHOW(call) (errno = 0, show(#call, call))
struct m {
  long t;
  char b[100];
};

union semun {
  int val;
  struct semid_ds *buf;
  unsigned short *array;
  struct seminfo *info;
};

int main() {
  setvbuf(stdout, 0, _IOLBF, 0);
  key_t key_=0x40000000+getpid()*4;
  char name_[40];
  sprintf(name_, "/sb-gap-%d", getpid());
  struct m m={1, "abc"}, r;
  int q=msgget(IPC_PRIVATE, 0600);
  SHOW(msgsnd(q, &m, 3, 0));
  SHOW(msgsnd(q, &m, -1, 0));
  SHOW(msgsnd(q, &m, 8193, 0));
  m.t=0;
  SHOW(msgsnd(q, &m, 3, 0));
  m.t=-5;
  SHOW(msgsnd(q, &m, 3, 0));
  SHOW(msgsnd(-1, &m, 3, 0));
  SHOW(msgsnd(q, (void*)8, 3, 0));
  SHOW(msgrcv(q, &r, -1, 0, 0));
  SHOW(msgrcv(q, &r, 2, 0, 0));
  SHOW(msgrcv(q, &r, 2, 0, MSG_NOERROR));
  SHOW(msgrcv(q, &r, 2, 0, IPC_NOWAIT));
  SHOW(msgrcv(q, &r, 2, 0, IPC_NOWAIT|MSG_COPY));
  SHOW(msgrcv(q, &r, 2, 0, MSG_COPY));
  SHOW(msgrcv(q, &r, 2, 0, MSG_COPY|IPC_NOWAIT|MSG_EXCEPT));
  for(int i=1;i<=5;i++){ m.t=i; msgsnd(q, &m, i, 0);} SHOW(msgrcv(q, &r, 100, -3, IPC_NOWAIT));
  printf("%ld\n", r.t);
  SHOW(msgrcv(q, &r, 100, 4, IPC_NOWAIT|MSG_EXCEPT));
  printf("%ld\n", r.t);
  SHOW(msgrcv(q, &r, 100, 9, IPC_NOWAIT));
  SHOW(msgrcv(q, &r, 100, 2, IPC_NOWAIT|MSG_COPY));
  printf("%ld\n", r.t);
  SHOW(msgrcv(q, &r, 100, 3, IPC_NOWAIT|MSG_COPY));
  SHOW(msgrcv(q, &r, 100, (-9223372036854775807L-1), IPC_NOWAIT));
  SHOW(msgrcv(q, (void*)8, 100, 0, IPC_NOWAIT));
  struct msqid_ds ds;
  SHOW(msgctl(q, IPC_STAT, &ds));
  printf("%lu %lu %lu %o\n", ds.msg_qnum, ds.msg_cbytes, ds.msg_qbytes, ds.msg_perm.mode);
  ds.msg_qbytes=10;
  ds.msg_perm.mode=0640;
  SHOW(msgctl(q, IPC_SET, &ds));
  m.t=1;
  SHOW(msgsnd(q, &m, 20, IPC_NOWAIT));
  SHOW(msgctl(q, IPC_STAT, (void*)8));
  SHOW(msgctl(q, IPC_SET, (void*)8));
  SHOW(msgctl(q, 99, 0));
  SHOW(msgctl(-1, IPC_STAT, &ds));
  SHOW(msgctl(q, IPC_RMID, 0));
  SHOW(msgctl(q, IPC_RMID, 0));
  SHOW(msgsnd(q, &m, 3, 0));
  SHOW(msgget(0x1234, 0));
  q=msgget(key_, IPC_CREAT|0600);
  SHOW(msgget(key_, IPC_CREAT|IPC_EXCL));
  SHOW(msgget(key_, 0777)>=0);
  msgctl(q, IPC_RMID, 0);
  // sem
  SHOW(semget(IPC_PRIVATE, 0, 0600));
  SHOW(semget(IPC_PRIVATE, -1, 0600));
  SHOW(semget(IPC_PRIVATE, 32001, 0600));
  int s=semget(IPC_PRIVATE, 3, 0600);
  struct sembuf o={0, 1, 0};
  SHOW(semop(s, &o, 0));
  SHOW(semop(s, &o, 501));
  SHOW(semop(s, (void*)8, 1));
  SHOW(semop(-1, &o, 1));
  o.sem_num=3;
  SHOW(semop(s, &o, 1));
  o.sem_num=0;
  o.sem_op=-1;
  o.sem_flg=IPC_NOWAIT;
  SHOW(semop(s, &o, 1));
  o.sem_op=0;
  SHOW(semop(s, &o, 1));
  o.sem_op=32767;
  SHOW(semop(s, &o, 1));
  o.sem_op=1;
  SHOW(semop(s, &o, 1));
  SHOW(semctl(s, 0, GETVAL));
  SHOW(semctl(s, 3, GETVAL));
  SHOW(semctl(s, -1, GETVAL));
  SHOW(semctl(s, 0, SETVAL, -1));
  SHOW(semctl(s, 0, SETVAL, 32768));
  SHOW(semctl(s, 0, SETVAL, 5));
  unsigned short arr[3]={1, 2, 40000};
  SHOW(semctl(s, 0, SETALL, arr));
  arr[2]=3;
  SHOW(semctl(s, 0, SETALL, arr));
  SHOW(semctl(s, 0, GETALL, (void*)8));
  struct sembuf two[3]={{0, -1, IPC_NOWAIT}, {1, -5, IPC_NOWAIT}, {2, 1, 0}};
  SHOW(semop(s, two, 3));
  SHOW(semctl(s, 0, GETVAL));
  two[1].sem_op=-2;
  SHOW(semop(s, two, 3));
  SHOW(semctl(s, 2, GETVAL));
  SHOW(semctl(s, 1, GETPID)==getpid());
  SHOW(semctl(s, 0, GETNCNT));
  SHOW(semctl(s, 0, GETZCNT));
  struct timespec ts={0, 1000000};
  o.sem_op=-100;
  o.sem_flg=0;
  SHOW(semtimedop(s, &o, 1, &ts));
  ts.tv_nsec=1000000000;
  SHOW(semtimedop(s, &o, 1, &ts));
  ts.tv_nsec=-1;
  SHOW(semtimedop(s, &o, 1, &ts));
  SHOW(semtimedop(s, &o, 1, (void*)8));
  struct sembuf u[2]={{0, 1, SEM_UNDO}, {0, 32767, SEM_UNDO}};
  SHOW(semop(s, u, 2));
  u[0].sem_op=32767;
  u[1].sem_op=-32767;
  u[1].sem_flg=0;
  SHOW(semop(s, u, 2));
  SHOW(semop(s, u, 2));
  struct semid_ds sd;
  SHOW(semctl(s, 0, IPC_STAT, &sd));
  printf("%lu %o %d\n", sd.sem_nsems, sd.sem_perm.mode, sd.sem_otime!=0);
  SHOW(semctl(s, 0, 99));
  struct seminfo si;
  SHOW(semctl(0, 0, IPC_INFO, &si)>=0);
  printf("%d %d %d %d %d %d %d %d %d %d\n", si.semmap, si.semmni, si.semmns, si.semmnu, si.semmsl, si.semopm,
      si.semume, si.semusz, si.semvmx, si.semaem);
  SHOW(semctl(s, 0, IPC_RMID));
  SHOW(semctl(s, 0, IPC_RMID));
  // shm
  SHOW(shmget(IPC_PRIVATE, 0, 0600));
  int h=shmget(IPC_PRIVATE, 5000, 0600);
  struct shmid_ds hd;
  SHOW(shmctl(h, IPC_STAT, &hd));
  printf("%zu %o %ld\n", hd.shm_segsz, hd.shm_perm.mode, (long)hd.shm_nattch);
  char*a=shmat(h, 0, 0);
  SHOW(a!=(void*)-1);
  a[4096]=1;
  SHOW((long)shmat(h, a+1, 0));
  SHOW((long)shmat(h, a, 0));
  SHOW(shmat(h, a, SHM_REMAP)==a);
  SHOW((long)shmat(h, 0, SHM_REMAP));
  SHOW((long)shmat(-1, 0, 0));
  SHOW((long)shmat(h, (void*)0x7fffffffffff000, 0));
  SHOW(shmdt(a+4096));
  SHOW(shmdt((void*)1));
  SHOW(shmat(h, a+0x100123, SHM_RND)==a+0x100000);
  SHOW(shmctl(h, IPC_STAT, &hd));
  printf("%ld\n", (long)hd.shm_nattch);
  char*ro=shmat(h, 0, SHM_RDONLY);
  SHOW(ro[4096]);
  SHOW(mprotect(ro, 4096, PROT_READ|PROT_WRITE));
  SHOW(shmctl(h, SHM_LOCK, 0));
  shmctl(h, IPC_STAT, &hd);
  printf("%o\n", hd.shm_perm.mode);
  SHOW(shmctl(h, SHM_UNLOCK, 0));
  SHOW(shmctl(h, IPC_RMID, 0));
  shmctl(h, IPC_STAT, &hd);
  printf("%o %d\n", hd.shm_perm.mode, hd.shm_perm.__key);
  SHOW(shmat(h, 0, 0)!=(void*)-1);
  SHOW(munmap(a, 4096));
  SHOW(shmdt(a));
  SHOW(munmap(a+4096, 4096));
  SHOW(shmctl(h, 99, 0));
  SHOW(shmget(IPC_PRIVATE, 4096, 0600|SHM_HUGETLB));
  SHOW(shmget(IPC_PRIVATE, 1ul<<62, 0600));
  int k=shmget((key_+1), 4096, IPC_CREAT|0600);
  SHOW(shmget((key_+1), 4097, 0));
  SHOW(shmget((key_+1), 0, 0)==k);
  SHOW(shmget((key_+1), 1, IPC_CREAT|IPC_EXCL));
  SHOW(fork()?(wait(0), 0):(shmat(k, 0, 0), _exit(0), 0));
  shmctl(k, IPC_STAT, &hd);
  printf("%ld\n", (long)hd.shm_nattch);
  SHOW(shmctl(k, IPC_SET, &hd));
  hd.shm_perm.uid=-1;
  SHOW(shmctl(k, IPC_SET, &hd));
  shmctl(k, IPC_RMID, 0);
  SHOW(shmctl(k, IPC_STAT, &hd));
  // mq
  struct mq_attr at={0, 2, 8, 0};
  mqd_t d=mq_open(name_, O_CREAT|O_RDWR|O_EXCL, 0600, &at);
  SHOW(d>=0);
  SHOW(mq_open(name_, O_CREAT|O_EXCL|O_RDWR, 0600, &at));
  SHOW(mq_open("sb-gap", O_RDWR));
  SHOW(mq_open("/a/b", O_CREAT|O_RDWR, 0600, &at));
  SHOW(mq_open("/nosuch", O_RDWR));
  at.mq_maxmsg=0;
  SHOW(mq_open("/sb-g2", O_CREAT|O_RDWR, 0600, &at));
  SHOW(mq_send(d, "123456789", 9, 0));
  SHOW(mq_send(d, "x", 1, 32768));
  SHOW(mq_send(d, "x", 1, 32767));
  SHOW(mq_send(d, "", 0, 1));
  unsigned pr;
  char buf[8];
  SHOW(mq_receive(d, buf, 7, &pr));
  SHOW(mq_receive(d, buf, 8, &pr));
  printf("%u\n", pr);
  SHOW(mq_receive(d, buf, 8, &pr));
  ts=(struct timespec){0, 0};
  SHOW(mq_timedreceive(d, buf, 8, &pr, &ts));
  ts.tv_nsec=-1;
  SHOW(mq_timedreceive(d, buf, 8, &pr, &ts));
  ts.tv_nsec=1000000000;
  mq_send(d, "y", 1, 0);
  SHOW(mq_timedreceive(d, buf, 8, &pr, &ts));
  struct mq_attr na={O_NONBLOCK|O_APPEND};
  SHOW(mq_setattr(d, &na, &at));
  na.mq_flags=O_NONBLOCK;
  SHOW(mq_setattr(d, &na, &at));
  SHOW(mq_receive(d, buf, 8, 0));
  mq_getattr(d, &at);
  printf("%lx %ld %ld %ld\n", at.mq_flags, at.mq_maxmsg, at.mq_msgsize, at.mq_curmsgs);
  struct sigevent se={.sigev_notify=SIGEV_SIGNAL, .sigev_signo=0};
  SHOW(mq_notify(d, &se));
  se.sigev_signo=65;
  SHOW(mq_notify(d, &se));
  se.sigev_notify=77;
  SHOW(mq_notify(d, &se));
  se.sigev_notify=SIGEV_NONE;
  SHOW(mq_notify(d, &se));
  SHOW(mq_notify(d, &se));
  SHOW(mq_notify(d, 0));
  SHOW(mq_notify(99, 0));
  SHOW(read(d, buf, 8)>0);
  SHOW(write(d, buf, 1));
  SHOW(lseek(d, 0, SEEK_SET));
  int ro2=mq_open(name_, O_RDONLY);
  SHOW(mq_send(ro2, "x", 1, 0));
  int wo=mq_open(name_, O_WRONLY);
  SHOW(mq_receive(wo, buf, 8, 0));
  SHOW(mq_unlink(name_));
  SHOW(mq_unlink(name_));
  SHOW(mq_unlink("sb"));
  SHOW(mq_send(1, "x", 1, 0));
  SHOW(syscall(SYS_mq_open, "/x", O_RDWR|O_CREAT, 0600, 0));
  SHOW(syscall(SYS_mq_open, "x/y", O_RDWR|O_CREAT, 0600, 0));
  SHOW(syscall(SYS_mq_open, "", O_RDWR|O_CREAT, 0600, 0));
  SHOW(syscall(SYS_mq_unlink, "x"));
  return 0;
}
