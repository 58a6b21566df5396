// Brk(2) and sbrk: grows and shrinks page-wise under a byte-exact value, new memory is zero, a request that fails returns
// the old break, memory beyond the break is gone after shrinking.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static uintptr_t brk_to(uintptr_t to) { return syscall(SYS_brk, to); }
static sigjmp_buf back;
static void handler(int sig) { siglongjmp(back, sig); }

int main(void) {
  signal(SIGSEGV, handler);
  setvbuf(stdout, NULL, _IONBF, 0);  // So that stdio does not use the heap that is tested.
  uintptr_t start = brk_to(0);
  printf("query twice the same: %d\n", brk_to(0) == start);
  uintptr_t base = (start + 4095) & ~4095ul;
  printf("grow: %d\n", brk_to(base + 10000) == base + 10000);
  char *p = (char *)base;
  int zero = 1;
  for (int i = 0; i < 10000; i++) zero &= p[i] == 0;
  p[9999] = 7;
  p[12287] = 8;  // The rest of the last page is there too.
  printf("zero %d\n", zero);
  printf("shrink: %d\n", brk_to(base + 4097) == base + 4097);
  p[8191] = 3;
  if (!sigsetjmp(back, 1)) {
    p[8192] = 1;
    printf("still mapped\n");
  } else {
    printf("page behind the break: SIGSEGV\n");
  }
  printf("regrow: %d\n", brk_to(base + 16384) == base + 16384);
  printf("kept %d, fresh %d %d\n", p[8191], p[9999], p[12287]);
  printf("below the start fails: %d\n", brk_to(4096) == base + 16384);
  printf("into kernel space fails: %d\n", brk_to(0xffff800000000000) == base + 16384);
  // A mapping in the way stops growth.
  void *wall = mmap((void *)(base + 65536), 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  printf("wall placed: %d\n", wall == (void *)(base + 65536));
  // A page must stay free between the heap and its neighbour (do_brk looks one page further).
  printf("up to the wall fails: %d\n", brk_to(base + 65536) == base + 16384);
  printf("up to a page below: %d\n", brk_to(base + 61440) == base + 61440);
  printf("through the wall fails: %d\n", brk_to(base + 131072) == base + 61440);
  munmap(wall, 4096);
  struct rlimit limit;
  getrlimit(RLIMIT_DATA, &limit);
  limit.rlim_cur = 1 << 20;
  setrlimit(RLIMIT_DATA, &limit);
  printf("past RLIMIT_DATA fails: %d\n", brk_to(base + (4 << 20)) == base + 61440);
  int failed = sbrk(16 << 20) == (void *)-1;
  printf("sbrk fails: %d %s\n", failed, errno == ENOMEM ? "ENOMEM" : "?");
  return 0;
}
