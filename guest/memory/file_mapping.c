// File mappings (mmap(2), msync(2)): shared writes reach the file and other maps, private ones do not; writes by write(2)
// show through; the offset; the tail of the last page; msync flags and errors; the mapping outlives close and unlink.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void show(const char *what, int r) {
  int e = errno;
  printf("%s: %s\n", what, r ? strerrorname_np(e) : "ok");
}

int main(void) {
  char name[] = "/tmp/guest-XXXXXX";
  int fd = mkstemp(name);
  static char text[12000];
  for (int i = 0; i < 3000; i++) {
    char *p = text + 4 * i;
    p[0] = '0' + i / 100 % 10, p[1] = '0' + i / 10 % 10, p[2] = '0' + i % 10, p[3] = ' ';
  }
  if (write(fd, text, sizeof text) != sizeof text) return 1;
  char *shared = mmap(NULL, 12000, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  char *private = mmap(NULL, 12000, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  char *second = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096);
  printf("%.8s|%.8s|%.8s\n", shared, private + 400, second);
  memcpy(shared + 4096, "SHARED", 6);
  memcpy(private + 4100, "PRIVATE", 7);
  char buf[32] = "";
  if (pread(fd, buf, 16, 4096) != 16) return 1;
  printf("file %.16s, second map %.16s, private %.16s\n", buf, second, private + 4096);
  // A private page that was written no longer follows the file; another one does.
  if (pwrite(fd, "written", 7, 0) != 7 || pwrite(fd, "written", 7, 4120) != 7) return 1;
  printf("shared %.8s private %.8s, written page: shared %.7s private %.7s\n", shared, private, shared + 4120, private + 4120);
  // Bytes behind the end are zero, can be written, and never reach the file.
  printf("tail %d", shared[12001]);
  shared[12001] = 'x';
  struct stat st;
  fstat(fd, &st);
  printf(" size %ld\n", (long)st.st_size);
  if (ftruncate(fd, 12288)) return 1;
  show("msync", msync(shared, 12000, MS_SYNC));
  show("msync async", msync(shared, 4096, MS_ASYNC));
  show("msync misaligned", msync(shared + 1, 4096, MS_SYNC));
  show("msync both", msync(shared, 4096, MS_SYNC | MS_ASYNC));
  show("msync unmapped", msync((void *)0x50000000, 4096, MS_SYNC));
  close(fd);
  unlink(name);
  printf("after close and unlink: %.7s\n", shared);
  munmap(private, 12000);
  // A map of /dev/zero is anonymous memory.
  fd = open("/dev/zero", O_RDWR);
  char *zero = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  zero[4097] = 1;
  printf("/dev/zero: %d %d\n", zero[0], zero[4097]);
  return 0;
}
