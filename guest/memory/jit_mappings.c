// Hot code, and what happens to its page: mprotect takes execution away and gives it back, munmap and mmap put other code at the
// address, mremap moves it, madvise empties it, a file changes under it, a second page of a function changes. Each is seen by
// the next call, and a page that is gone faults at the instruction on it. mprotect(2), mmap(2), mremap(2), madvise(2).
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, HOT = 200 };

static sigjmp_buf back;
static siginfo_t seen;
static void handler(int sig, siginfo_t *info, void *context) {
  (void)context;
  seen = *info;
  siglongjmp(back, sig);
}

// mov $10, %ecx; xor %eax, %eax; 1: add $k, %eax; dec %ecx; jnz 1b; ret
static void put(unsigned char *at, int k) {
  unsigned char f[] = {0xb9, 10, 0, 0, 0, 0x31, 0xc0, 0x83, 0xc0, k, 0xff, 0xc9, 0x75, 0xf9, 0xc3};
  memcpy(at, f, sizeof f);
}

static int call(unsigned char *at) { return ((int (*)(void))at)(); }

static void hot(const char *what, unsigned char *at) {
  int first = call(at), same = 1;
  for (int i = 0; i < HOT; i++) same &= call(at) == first;
  printf("%s: %d%s\n", what, first, same ? "" : ", not always");
}

static void faults(const char *what, unsigned char *at, unsigned char *expected) {
  int sig = sigsetjmp(back, 1);
  if (sig == 0) {
    printf("%s: returned %d\n", what, call(at));
    return;
  }
  printf("%s: %s, code %d, at %+td\n", what, sigabbrev_np(sig), seen.si_code, (unsigned char *)seen.si_addr - expected);
}

static unsigned char *map(void *at, int flags, int fd) {
  unsigned char *p = mmap(at, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, flags | (at ? MAP_FIXED : 0), fd, 0);
  if (p == MAP_FAILED) exit(1);
  return p;
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &sa, NULL);
  sigaction(SIGBUS, &sa, NULL);
  sigaction(SIGILL, &sa, NULL);
  unsigned char *p = map(NULL, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  put(p, 1);
  hot("made", p);
  mprotect(p, PAGE, PROT_READ | PROT_WRITE);
  faults("without PROT_EXEC", p, p);
  mprotect(p, PAGE, PROT_READ | PROT_EXEC);
  hot("executable again", p);
  mprotect(p, PAGE, PROT_NONE);
  faults("PROT_NONE", p, p);
  mprotect(p, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
  hot("all rights", p);

  munmap(p, PAGE);
  faults("unmapped", p, p);
  map(p, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  put(p, 2);
  hot("new page", p);
  map(p, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  put(p, 3);
  hot("mapped over", p);

  unsigned char *q = map(NULL, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  put(q, 4);
  hot("another", q);
  if (mremap(q, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) != p) return 1;
  hot("moved there", p);
  faults("where it was", q, q);
  madvise(p, PAGE, MADV_DONTNEED);
  // Zeros are add %al, (%rax): rax is whatever it is, so a ret has to stand there.
  p[0] = 0x31, p[1] = 0xc0, p[2] = 0xc3;
  hot("emptied", p);

  char name[] = "/tmp/jit-XXXXXX";
  int fd = mkstemp(name);
  unsigned char page[PAGE] = {0};
  put(page, 5);
  if (fd < 0 || write(fd, page, PAGE) != PAGE) return 1;
  map(p, MAP_SHARED, fd);
  hot("of a file", p);
  put(page, 6);
  if (pwrite(fd, page, PAGE, 0) != PAGE) return 1;
  hot("the file was written to", p);
  unsigned char *alias = map(NULL, MAP_SHARED, fd);
  put(alias, 7);
  hot("written to through another mapping", p);
  if (ftruncate(fd, 0)) return 1;
  faults("the file is empty", p, p);
  unlink(name);
  close(fd);

  // A loop on one page calls a function on the next, which changes, and goes.
  unsigned char *two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // mov $10, %edx; 1: call two + PAGE; dec %edx; jnz 1b; ret
  unsigned char loop[] = {0xba, 10, 0, 0, 0, 0xe8, 0, 0, 0, 0, 0xff, 0xca, 0x75, 0xf7, 0xc3};
  int distance = PAGE - 10;
  memcpy(loop + 6, &distance, 4);
  memcpy(two, loop, sizeof loop);
  for (int k = 8; k < 11; k++) {
    put(two + PAGE, k);
    hot("on two pages", two);
  }
  mprotect(two + PAGE, PAGE, PROT_READ);
  faults("the second page may not be executed", two, two + PAGE);
  mmap(two + PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  put(two + PAGE, 11);
  hot("another second page", two);
  return 0;
}
