// Mprotect(2): splitting and merging, EACCES, ENOMEM over holes (what comes before is changed), EINVAL, execution only
// with PROT_EXEC, write-only implies read on x86.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };
static sigjmp_buf back;
static void handler(int sig) { siglongjmp(back, sig); }

static int readable(volatile char *p) {
  if (sigsetjmp(back, 1)) return 0;
  (void)*p;
  return 1;
}
static int writable(volatile char *p) {
  if (sigsetjmp(back, 1)) return 0;
  *p = *p;
  return 1;
}
static int executable(char *p) {
  if (sigsetjmp(back, 1)) return 0;
  return ((int (*)(void))p)() == 42;
}
static void row(const char *what, char *area, int n) {
  printf("%-20s", what);
  for (int i = 0; i < n; i++) printf(" %c%c%c", readable(area + i * PAGE) ? 'r' : '-', writable(area + i * PAGE) ? 'w' : '-', executable(area + i * PAGE) ? 'x' : '-');
  printf("\n");
}
static void show(const char *what, int r) {
  int e = errno;
  printf("%s: %s\n", what, r ? strerrorname_np(e) : "ok");
}

int main(void) {
  signal(SIGSEGV, handler);
  static const unsigned char code[] = {0xb8, 42, 0, 0, 0, 0xc3};  // mov $42, %eax; ret
  char *area = mmap(NULL, 6 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < 6; i++) memcpy(area + i * PAGE, code, sizeof code);
  row("fresh", area, 6);
  mprotect(area + PAGE, PAGE, PROT_READ);
  mprotect(area + 2 * PAGE, PAGE, PROT_NONE);
  mprotect(area + 3 * PAGE, PAGE, PROT_READ | PROT_EXEC);
  mprotect(area + 4 * PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  mprotect(area + 5 * PAGE, PAGE, PROT_WRITE);
  row("one of each", area, 6);
  mprotect(area, 6 * PAGE, PROT_READ);
  row("all read", area, 6);
  show("misaligned", mprotect(area + 1, PAGE, PROT_READ));
  show("length 0", mprotect(area, 0, PROT_NONE));
  show("bad bits", mprotect(area, PAGE, 0x10000));
  munmap(area + 3 * PAGE, PAGE);
  show("over a hole", mprotect(area, 6 * PAGE, PROT_READ | PROT_WRITE));
  row("before the hole", area, 3);
  row("behind it", area + 4 * PAGE, 2);
  show("nothing there", mprotect(area + 3 * PAGE, PAGE, PROT_READ));

  char name[] = "/tmp/guest-XXXXXX";
  int fd = mkstemp(name);
  if (write(fd, code, sizeof code) != sizeof code) return 1;
  int ro = open(name, O_RDONLY);
  unlink(name);
  char *file = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
  show("write to shared read-only file", mprotect(file, PAGE, PROT_READ | PROT_WRITE));
  file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ro, 0);
  show("write to private read-only file", mprotect(file, PAGE, PROT_READ | PROT_WRITE));
  row("private file", file, 1);
  mprotect(file, PAGE, PROT_READ | PROT_EXEC);
  row("private file", file, 1);
  void *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0);
  printf("map it so: %s\n", p == MAP_FAILED ? strerrorname_np(errno) : "ok");
  int wo = open("/dev/null", O_WRONLY);
  p = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0);
  printf("map a write-only descriptor: %s\n", p == MAP_FAILED ? strerrorname_np(errno) : "ok");
  return 0;
}
