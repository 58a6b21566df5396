// The set of ambient capabilities, which stays empty as nothing is inheritable (PR_CAP_AMBIENT of prctl(2), capabilities(7)).
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#ifndef PR_CAP_AMBIENT
#define PR_CAP_AMBIENT 47
#endif

static void show(const char *what, unsigned long operation, unsigned long capability, unsigned long fourth) {
  long r = prctl(PR_CAP_AMBIENT, operation, capability, fourth, 0);
  if (r < 0) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, r);
}

int main(void) {
  show("is set", 1, 0, 0);
  show("is set, the last", 1, 40, 0);
  show("is set, too high", 1, 41, 0);
  show("is set, far too high", 1, 1000, 0);
  show("is set, with more", 1, 0, 1);
  show("raise", 2, 7, 0);
  show("raise too high", 2, 64, 0);
  show("lower", 3, 7, 0);
  show("clear", 4, 0, 0);
  show("clear one", 4, 7, 0);
  show("unknown", 5, 0, 0);
  show("unknown of nothing", 0, 99, 0);
  return 0;
}
