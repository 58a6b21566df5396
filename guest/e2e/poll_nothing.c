/* Asks for no event of the standard streams, and so waits for its timeout. Linux: poll(2). */
#include <poll.h>
#include <stdio.h>

int main(void) {
  char byte;
  int end = fread(&byte, 1, 1, stdin) == 0;
  struct pollfd fds[] = {{.fd = 1}, {.fd = 2}};
  int ready = poll(fds, 2, 50);
  printf("end %d, ready %d\n", end, ready);
  return 0;
}
