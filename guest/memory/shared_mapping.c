// MAP_SHARED memory between parent and child as a channel: a ring buffer with pipes for turns; survives in the child
// after the parent's munmap; anonymous and of a file, which then holds the bytes.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 64 };
struct ring { int head, tail, slot[8]; };

int main(void) {
  char name[] = "/tmp/guest-XXXXXX";
  int fd = mkstemp(name);
  if (ftruncate(fd, 4096)) return 1;
  for (int file = 0; file < 2; file++) {
    struct ring *r = mmap(NULL, 4096, PROT_READ | PROT_WRITE, file ? MAP_SHARED : MAP_SHARED | MAP_ANONYMOUS, file ? fd : -1, 0);
    int full[2], empty[2];
    if (pipe(full) || pipe(empty)) return 1;
    char c = 0;
    for (int i = 0; i < 8; i++)
      if (write(empty[1], &c, 1) != 1) return 1;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      for (int i = 0; i < N; i++) {
        if (read(empty[0], &c, 1) != 1) _exit(1);
        r->slot[r->head++ % 8] = i * i;
        if (write(full[1], &c, 1) != 1) _exit(1);
      }
      _exit(0);
    }
    long sum = 0;
    for (int i = 0; i < N; i++) {
      if (read(full[0], &c, 1) != 1) return 1;
      sum += r->slot[r->tail++ % 8];
      if (write(empty[1], &c, 1) != 1) return 1;
    }
    waitpid(child, NULL, 0);
    printf("%s: sum %ld head %d tail %d\n", file ? "file" : "anonymous", sum, r->head, r->tail);
    munmap(r, 4096);
  }
  struct ring copy;
  if (pread(fd, &copy, sizeof copy, 0) != sizeof copy) return 1;
  printf("in the file: head %d tail %d last %d\n", copy.head, copy.tail, copy.slot[7]);
  unlink(name);
  return 0;
}
