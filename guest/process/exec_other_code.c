// Programs with different code at the same address, one after the other and side by side: what a child, a parent and the
// program after execve(2) find at an address is their own. Each makes its function at one fixed address, and calls it until
// it is hot; the parent goes on between its children.
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, HOT = 300 };
static unsigned char *const place = (unsigned char *)0x12340000;

static void put(int k) {
  // mov $5, %ecx; xor %eax, %eax; 1: add $k, %eax; dec %ecx; jnz 1b; ret
  unsigned char f[] = {0xb9, 5, 0, 0, 0, 0x31, 0xc0, 0x83, 0xc0, k, 0xff, 0xc9, 0x75, 0xf9, 0xc3};
  memcpy(place, f, sizeof f);
}

static int hot(void) {
  int sum = 0;
  for (int i = 0; i < HOT; i++) sum += ((int (*)(void))place)();
  return sum / HOT;
}

static void map(int flags) {
  void *p = mmap(place, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, flags | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (p != place) exit(99);
}

static int statusOf(pid_t child) {
  int status;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int main(int argc, char **argv) {
  if (argc > 1) {
    // The program again: nothing is at the place.
    int k = atoi(argv[1]);
    map(MAP_PRIVATE);
    put(k);
    int found = hot();
    if (k > 1) {
      char next[8];
      sprintf(next, "%d", k - 1);
      printf("%d ", found);
      fflush(stdout);
      execl((char *)getauxval(AT_EXECFN), argv[0], next, NULL);
      return 98;
    }
    printf("%d\n", found);
    return 0;
  }
  printf("one after the other: ");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    execl((char *)getauxval(AT_EXECFN), argv[0], "6", NULL);
    _exit(98);
  }
  printf("ended with %d\n", statusOf(child));

  map(MAP_PRIVATE);
  put(1);
  printf("before children: %d\n", hot());
  fflush(stdout);
  for (int k = 2; k < 7; k++) {
    child = fork();
    if (child == 0) {
      int before = hot();
      put(k);
      _exit(before == 5 ? hot() : 97);
    }
    int mine = hot(), theirs = statusOf(child);
    printf("parent %d, child %d, parent %d\n", mine, theirs, hot());
    fflush(stdout);
  }

  // Side by side, taking turns through pipes: each changes its own copy while the other's is hot.
  int down[2], up[2];
  if (pipe(down) || pipe(up)) return 1;
  child = fork();
  if (child == 0) {
    char k;
    while (read(down[0], &k, 1) == 1 && k != 0) {
      put(k);
      char found = hot();
      if (write(up[1], &found, 1) != 1) _exit(96);
    }
    _exit(0);
  }
  for (char k = 10; k < 16; k++) {
    char found;
    if (write(down[1], &k, 1) != 1 || read(up[0], &found, 1) != 1) return 1;
    printf("child %d, parent %d\n", found, hot());
    put(k - 9);
  }
  if (write(down[1], "", 1) != 1) return 1;
  printf("ended with %d\n", statusOf(child));

  // A shared page: what one writes, the other executes.
  munmap(place, PAGE);
  map(MAP_SHARED);
  put(20);
  printf("shared: %d", hot());
  fflush(stdout);
  child = fork();
  if (child == 0) {
    int before = hot();
    put(21);
    _exit(before);
  }
  printf(", in the child %d", statusOf(child));
  printf(", as the child made it %d\n", hot());
  return 0;
}
