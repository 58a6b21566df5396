// Mmap(2) placement: hints, MAP_FIXED over existing mappings, MAP_FIXED_NOREPLACE and EEXIST, errors for zero length,
// misaligned address, bad flags, bad descriptor; munmap that splits a mapping and of nothing at all.
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096 };
static sigjmp_buf back;
static void handler(int sig) { siglongjmp(back, sig); }

static int mapped(const volatile char *p) {
  if (sigsetjmp(back, 1)) return 0;
  (void)*p;
  return 1;
}

static void show(const char *what, const void *p, const void *expected) {
  if (p == MAP_FAILED) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %s\n", what, p == expected ? "as asked" : "elsewhere");
}

int main(void) {
  signal(SIGSEGV, handler);
  int rw = PROT_READ | PROT_WRITE, anon = MAP_PRIVATE | MAP_ANONYMOUS;
  char *area = mmap(NULL, 8 * PAGE, rw, anon, -1, 0);
  printf("aligned: %d\n", (uintptr_t)area % PAGE == 0);
  for (int i = 0; i < 8; i++) area[i * PAGE] = 'a' + i;

  show("fixed over the middle", mmap(area + 2 * PAGE, 2 * PAGE, rw, anon | MAP_FIXED, -1, 0), area + 2 * PAGE);
  for (int i = 0; i < 8; i++) putchar(area[i * PAGE] ? area[i * PAGE] : '0');
  printf("\n");
  munmap(area + 5 * PAGE, PAGE);
  for (int i = 0; i < 8; i++) printf("%d", mapped(area + i * PAGE));
  printf(" after a hole\n");
  show("hint into the hole", mmap(area + 5 * PAGE, PAGE, rw, anon, -1, 0), area + 5 * PAGE);
  show("hint at something taken", mmap(area, PAGE, rw, anon, -1, 0), area);
  show("NOREPLACE at something taken", mmap(area, PAGE, rw, anon | MAP_FIXED_NOREPLACE, -1, 0), area);
  munmap(area + 7 * PAGE, PAGE);
  show("NOREPLACE half over", mmap(area + 6 * PAGE, 2 * PAGE, rw, anon | MAP_FIXED_NOREPLACE, -1, 0), area + 6 * PAGE);
  show("NOREPLACE in the hole", mmap(area + 7 * PAGE, PAGE, rw, anon | MAP_FIXED_NOREPLACE, -1, 0), area + 7 * PAGE);
  show("hint is rounded down", mmap((void *)0x30000123, PAGE, rw, anon, -1, 0), (void *)0x30000000);

  show("length 0", mmap(NULL, 0, rw, anon, -1, 0), NULL);
  show("misaligned fixed", mmap(area + 1, PAGE, rw, anon | MAP_FIXED, -1, 0), NULL);
  show("neither private nor shared", mmap(NULL, PAGE, rw, MAP_ANONYMOUS, -1, 0), NULL);
  show("bad descriptor", mmap(NULL, PAGE, rw, MAP_PRIVATE, 99, 0), NULL);
  show("misaligned offset", mmap(NULL, PAGE, rw, anon, -1, 5), NULL);
  show("too long", mmap(NULL, 1ul << 62, rw, anon, -1, 0), NULL);
  show("above user space", mmap((void *)0x7ffffffff000, PAGE, rw, anon | MAP_FIXED, -1, 0), NULL);
  int fd[2];
  if (pipe(fd)) return 1;
  show("a pipe", mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd[0], 0), NULL);

  printf("munmap of nothing: %d\n", munmap((void *)0x60000000, 16 * PAGE));
  int r = munmap(area + 1, PAGE);
  printf("munmap misaligned: %d %s\n", r, strerrorname_np(errno));
  r = munmap(area, 0);
  printf("munmap length 0: %d %s\n", r, strerrorname_np(errno));
  printf("munmap across holes: %d\n", munmap(area, 100));
  printf("first page gone: %d, second there: %d\n", !mapped(area), mapped(area + PAGE));
  // PROT_NONE can still be given rights later.
  char *none = mmap(NULL, PAGE, PROT_NONE, anon, -1, 0);
  printf("PROT_NONE: %d", mapped(none));
  mprotect(none, PAGE, PROT_READ);
  printf(" then %d\n", mapped(none));
  // MAP_NORESERVE lets one reserve far more than there is memory.
  char *big = mmap(NULL, 64ul << 30, PROT_READ | PROT_WRITE, anon | MAP_NORESERVE, -1, 0);
  printf("64 GiB: %d", big != MAP_FAILED);
  big[63ul << 30] = 5;
  printf(" %d %d\n", big[63ul << 30], big[31ul << 30]);
  return 0;
}
