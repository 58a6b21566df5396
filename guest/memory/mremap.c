// Mremap(2): shrink in place, grow in place or move, MREMAP_FIXED, contents kept, the old place gone, errors.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096 };
static sigjmp_buf back;
static void handler(int sig) { siglongjmp(back, sig); }
static int mapped(volatile char *p) {
  if (sigsetjmp(back, 1)) return 0;
  (void)*p;
  return 1;
}
static char *fresh(int pages) {
  char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (int i = 0; i < pages; i++) p[i * PAGE] = 'a' + i;
  return p;
}
static void contents(const char *what, char *p, int pages) {
  printf("%s: ", what);
  for (int i = 0; i < pages; i++) printf("%c", !mapped(p + i * PAGE) ? '-' : p[i * PAGE] ? p[i * PAGE] : '0');
  printf("\n");
}
static void fails(const char *what, void *p) { printf("%s: %s\n", what, p == MAP_FAILED ? strerrorname_np(errno) : "ok"); }

int main(void) {
  signal(SIGSEGV, handler);
  char *p = fresh(6);
  printf("shrink in place: %d\n", mremap(p, 6 * PAGE, 4 * PAGE, 0) == p);
  contents("shrunk", p, 6);
  printf("grow in place: %d\n", mremap(p, 4 * PAGE, 6 * PAGE, 0) == p);
  contents("grown", p, 6);
  p[5 * PAGE] = 'z';
  // With a wall behind it must move.
  mmap(p + 4 * PAGE, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  fails("blocked", mremap(p, 4 * PAGE, 8 * PAGE, 0));
  char *q = mremap(p, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
  printf("moved: %d\n", q != p && q != MAP_FAILED);
  contents("moved", q, 8);
  printf("old place gone: %d\n", !mapped(p));
  char *target = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(target, 'T', 8 * PAGE);
  printf("fixed: %d\n", mremap(q, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE) == target + PAGE);
  contents("target", target, 8);
  contents("rest of the source", q, 8);

  fails("FIXED without MAYMOVE", mremap(q + 2 * PAGE, PAGE, PAGE, MREMAP_FIXED, target));
  fails("overlap", mremap(target, 4 * PAGE, 4 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + 2 * PAGE));
  fails("misaligned", mremap(target + 1, PAGE, PAGE, 0));
  fails("new size 0", mremap(target, PAGE, 0, 0));
  fails("bad flags", mremap(target, PAGE, PAGE, 64));
  fails("not mapped", mremap((void *)0x70000000, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
  char *two = fresh(4);
  mprotect(two + 2 * PAGE, 2 * PAGE, PROT_READ);
  fails("grow over two mappings", mremap(two, 4 * PAGE, 6 * PAGE, MREMAP_MAYMOVE));

  // Old size 0 makes a second view of a shared mapping.
  char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  strcpy(shared, "two views");
  char *view = mremap(shared, 0, PAGE, MREMAP_MAYMOVE);
  printf("second view: %s\n", view);
  view[0] = 'T';
  printf("same memory: %s\n", shared);
  // Growth of a private mapping keeps what fork shares apart.
  char *grown = mremap(fresh(1), PAGE, 3 * PAGE, MREMAP_MAYMOVE);
  grown[2 * PAGE] = 'x';
  contents("grown fresh one", grown, 3);
  return 0;
}
