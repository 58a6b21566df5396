// What the parent of a program sees when the program itself dies by an uncaught signal it sends to itself.
// status: SIGTERM
#include <signal.h>
#include <stdio.h>

int main(void) {
  printf("about to die\n");
  fflush(stdout);
  printf("lost\n");
  raise(SIGTERM);
  printf("still here\n");
  return 0;
}
