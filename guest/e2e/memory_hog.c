// Touches more memory than there is: first in a child, whose death it reports, then itself.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void hog(size_t megabytes) {
  for (size_t i = 0; i < megabytes; i++) {
    char *block = malloc(1 << 20);
    if (block == NULL) _exit(3);
    memset(block, 1, 1 << 20);
  }
  _exit(4);
}

int main(int argc, char **argv) {
  size_t megabytes = argc > 1 ? strtoul(argv[1], NULL, 10) : 64;
  setvbuf(stdout, NULL, _IONBF, 0);
  pid_t child = fork();
  if (child == 0) hog(megabytes);
  int status;
  waitpid(child, &status, 0);
  printf("child: %s %d\n", WIFSIGNALED(status) ? "signal" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  hog(megabytes);
}
