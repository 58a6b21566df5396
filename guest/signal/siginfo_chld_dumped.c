// A child that dumps core is reported as CLD_DUMPED with WCOREDUMP set; with RLIMIT_CORE 0 the same signal is
// CLD_KILLED. Wait status and siginfo tell the same story (coredump in vfs_coredump, group_exit_code |= 0x80).
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void die(rlim_t core, int sig) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    struct rlimit limit;
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = core ? limit.rlim_max : 0;
    setrlimit(RLIMIT_CORE, &limit);
    kill(getpid(), sig);
    _exit(1);
  }
  siginfo_t info = {0};
  waitid(P_PID, child, &info, WEXITED | WNOWAIT);
  int status;
  waitpid(child, &status, 0);
  printf("core limit %s, signal %d: code=%s status=%d; WIFSIGNALED=%d WTERMSIG=%d WCOREDUMP=%d\n", core ? "max" : "0", sig,
         info.si_code == CLD_DUMPED ? "CLD_DUMPED" : info.si_code == CLD_KILLED ? "CLD_KILLED" : "?", info.si_status,
         WIFSIGNALED(status), WTERMSIG(status), !!WCOREDUMP(status));
}

int main(void) {
  char dir[] = "/tmp/guest-XXXXXX";
  if (!mkdtemp(dir) || chdir(dir)) return 1;
  die(0, SIGQUIT);
  die(0, SIGSEGV);
  die(1, SIGTERM);  // Not among the signals that dump.
  die(1, SIGQUIT);
  die(1, SIGABRT);
  if (chdir("/")) return 1;
  char command[64];
  // The core file's name depends on the host's core_pattern; nothing else is in the folder.
  snprintf(command, sizeof command, "%s/core", dir);
  unlink(command);
  rmdir(dir);
  return 0;
}
