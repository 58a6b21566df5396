// Identity of a process: pid, tid, parent, uname(2), prctl names, getcwd, umask, ids, gettid, personality of a 64-bit
// process, nice values, getrandom, sched_yield, times and rusage that make sense.
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void) {
  printf("tid is pid %d, pid positive %d, parent another %d\n", syscall(SYS_gettid) == getpid(), getpid() > 0, getppid() != getpid());
  struct utsname u;
  uname(&u);
  printf("%s %s, release begins with a digit %d, node name %d, version %d\n", u.sysname, u.machine, u.release[0] >= '3' && u.release[0] <= '9',
         u.nodename[0] != 0, u.version[0] != 0);
  char name[17] = "";
  prctl(PR_GET_NAME, name);
  prctl(PR_SET_NAME, "a name that is too long");
  prctl(PR_GET_NAME, name);
  printf("name: '%s'\n", name);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_GET_NAME, name);
    _exit(strcmp(name, "a name that is ") == 0 ? 3 : 4);
  }
  int status;
  waitpid(child, &status, 0);
  printf("inherited by fork: %d\n", WEXITSTATUS(status));
  printf("dumpable %d, keepcaps %d\n", prctl(PR_GET_DUMPABLE), prctl(PR_GET_KEEPCAPS));
  int r = prctl(12345, 0, 0, 0, 0);
  printf("unknown prctl: %d %s\n", r, strerrorname_np(errno));
  uid_t ru, eu, su;
  getresuid(&ru, &eu, &su);
  printf("ids agree: %d %d %d\n", ru == getuid(), eu == geteuid(), su == eu);
  int first = umask(077), second = umask(022);
  printf("umask %#o, then %#o\n", first, second);
  char a[32], b[32];
  memset(a, 0, 32), memset(b, 0, 32);
  long n = getrandom(a, 32, 0), m = getrandom(b, 32, GRND_NONBLOCK);
  printf("getrandom: %ld %ld, different %d\n", n, m, memcmp(a, b, 32) != 0);
  r = getrandom(a, 1, 0xff);
  printf("bad flags: %d %s\n", r, strerrorname_np(errno));
  printf("yield %d\n", sched_yield());
  errno = 0;
  printf("nice %d\n", getpriority(PRIO_PROCESS, 0));
  struct rusage self;
  r = getrusage(RUSAGE_SELF, &self);
  printf("rusage %d, maxrss positive %d\n", r, self.ru_maxrss > 0);
  r = getrusage(5, &self);
  printf("bad who: %d %s\n", r, strerrorname_np(errno));
  struct tms t;
  printf("times: %d %d\n", times(&t) != (clock_t)-1, t.tms_utime >= 0 && t.tms_cutime >= 0);
  char cwd[4096];
  printf("cwd absolute: %d\n", getcwd(cwd, sizeof cwd) && cwd[0] == '/');
  r = syscall(SYS_getcwd, cwd, 1);
  printf("cwd in one byte: %d %s\n", r, strerrorname_np(errno));
  r = syscall(9999);
  printf("unknown system call: %d %s\n", r, strerrorname_np(errno));
  r = syscall(-1);
  printf("system call -1: %d %s\n", r, strerrorname_np(errno));
  // Only the low 32 bits of rax count as the number.
  long rax = 39 | 1ll << 40;
  __asm__ volatile("syscall" : "+a"(rax)::"rcx", "r11", "memory");
  printf("getpid with high bits: %d\n", rax == getpid());
  return 0;
}
