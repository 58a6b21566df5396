// Writes ten gigabytes to a file, or as much as there is room for; then removes it and writes again.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char block[1 << 20];

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : "/tmp/disk_hog";
  memset(block, 'x', sizeof block);
  for (int round = 0; round < 2; round++) {
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (fd < 0) return 1;
    long long total = 0;
    ssize_t n = 0;
    while (total < 10LL << 30 && (n = write(fd, block, sizeof block)) > 0) total += n;
    printf("%s after %lld MiB\n", n < 0 ? strerror(errno) : "no error", total >> 20);
    close(fd);
    unlink(path);
  }
  return 0;
}
