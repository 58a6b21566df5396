/*
 * Starts a guest program in the same surroundings on every machine: launch ARGV0 EXE [ARGS...].
 *
 * What a program inherits over execve and could therefore print or trip over is set here: session and process group,
 * signal mask and dispositions, umask, resource limits, extra file descriptors, pending timers. The environment and the
 * working directory come from the harness.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* The soft limit becomes `soft`, or the hard one where that is lower. */
static void limit(int which, rlim_t soft) {
  struct rlimit now;
  if (getrlimit(which, &now)) return;
  now.rlim_cur = now.rlim_max != RLIM_INFINITY && now.rlim_max < soft ? now.rlim_max : soft;
  setrlimit(which, &now);
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: launch ARGV0 EXE [ARGS...]\n");
    return 127;
  }
  setsid(); /* Fails only when we lead a group already, which the harness does not arrange. */
  for (int sig = 1; sig <= 64; sig++) signal(sig, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  umask(022);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_STACK, 8 << 20);
  limit(RLIMIT_NOFILE, 1024);
  close_range(3, ~0U, 0);

  char *exe = argv[2];
  argv[2] = argv[1];
  execv(exe, argv + 2);
  fprintf(stderr, "launch: %s: %s\n", exe, strerror(errno));
  return 127;
}
