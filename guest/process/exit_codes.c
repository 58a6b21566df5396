// Exit statuses: exit(3) masks to 8 bits, atexit handlers run in reverse order and stdio is flushed, _exit does neither,
// return from main is exit; nested exit in a handler; status of a child that a signal killed.
// status: 44
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void say(const char *s) { printf("%s\n", s); }
static void first(void) { say("registered first, runs last"); }
static void second(void) {
  say("registered second");
  atexit(first);
}
static void third(void) { say("registered third, runs first"); }
static void again(void) {
  say("exit within exit");
  exit(9);
}

static int run(int how) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    if (how < 256) exit(how);
    switch (how) {
      case 1000: exit(0x1234);
      case 1001: exit(-1);
      case 1002: _exit(0x101);
      case 1003: printf("lost"), _exit(3);
      case 1004: printf("flushed\n"), exit(4);
      case 1005: atexit(second), atexit(third), exit(5);
      case 1006: atexit(again), exit(6);
      case 1007: abort();
      case 1008: quick_exit(8);
    }
  }
  int status;
  if (waitpid(child, &status, 0) != child) return -1;
  return status;
}

int main(void) {
  printf("%#x %#x %#x\n", run(0), run(1), run(255));
  for (int how = 1000; how <= 1008; how++) printf("%d: %#x\n", how, run(how));
  return 300;
}
