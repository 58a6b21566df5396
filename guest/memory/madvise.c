// Madvise(2) MADV_DONTNEED: private anonymous pages read as zero again, private file pages as the file, shared ones keep
// their bytes; other advice changes nothing; errors.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void show(const char *what, int r) {
  int e = errno;
  printf("%s: %s\n", what, r ? strerrorname_np(e) : "ok");
}

int main(void) {
  char *p = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(p, 'x', 3 * 4096);
  show("DONTNEED of the middle", madvise(p + 4096, 4096, MADV_DONTNEED));
  printf("%c %d %c\n", p[4095], p[4096], p[8192]);
  p[4096] = 'y';
  printf("again in use: %c\n", p[4096]);
  show("length rounds up", madvise(p, 1, MADV_DONTNEED));
  printf("%d %c\n", p[4095], p[4096]);

  char name[] = "/tmp/guest-XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  if (write(fd, "file contents", 13) != 13) return 1;
  char *file = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  memcpy(file, "FILE", 4);
  printf("%.13s\n", file);
  madvise(file, 4096, MADV_DONTNEED);
  printf("%.13s\n", file);
  char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  strcpy(shared, "kept");
  madvise(shared, 4096, MADV_DONTNEED);
  printf("%s\n", shared);
  for (int advice = MADV_NORMAL; advice <= MADV_WILLNEED; advice++) show("plain advice", madvise(p, 4096, advice));
  show("unknown advice", madvise(p, 4096, 999));
  show("misaligned", madvise(p + 1, 4096, MADV_DONTNEED));
  munmap(p + 4096, 4096);
  show("over a hole", madvise(p, 3 * 4096, MADV_DONTNEED));
  printf("but done: %d\n", p[8192]);
  show("length 0", madvise(p, 0, MADV_DONTNEED));
  return 0;
}
