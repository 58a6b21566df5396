// Makes system calls that no kernel knows; prints what came back.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  for (int i = 0; i < 2; i++) {
    long result = syscall(9999);
    printf("%ld %s\n", result, strerror(errno));
  }
  return 0;
}
