// membarrier(2): every command before and after its registration, flags, and what fork and execve keep; kernel/sched/membarrier.c.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/membarrier.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void barrier(const char *what, int cmd, unsigned flags, int cpu) {
  long r = syscall(SYS_membarrier, cmd, flags, cpu);
  if (r == -1) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %lx\n", what, r);
}

enum { GET_REGISTRATIONS = 1 << 9 };

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc > 1) {
    barrier("after exec", GET_REGISTRATIONS, 0, 0);
    return 0;
  }
  barrier("query", MEMBARRIER_CMD_QUERY, 0, 0);
  barrier("query with flags", MEMBARRIER_CMD_QUERY, 1, 0);
  barrier("global", MEMBARRIER_CMD_GLOBAL, 0, 0);
  barrier("global, flags", MEMBARRIER_CMD_GLOBAL, 1, 0);
  barrier("global expedited", MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
  barrier("private", MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  barrier("sync core", MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
  barrier("rseq", MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
  barrier("registrations", GET_REGISTRATIONS, 0, 0);
  barrier("register global", MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0);
  barrier("registrations", GET_REGISTRATIONS, 0, 0);
  barrier("register rseq", MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ, 0, 0);
  barrier("registrations", GET_REGISTRATIONS, 0, 0);
  barrier("private", MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  barrier("rseq", MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 0, 0);
  barrier("rseq, cpu 0", MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_FLAG_CPU, 0);
  barrier("rseq, other flag", MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, 2, 0);
  barrier("register private", MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
  barrier("register private, flags", MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 1, 0);
  barrier("private", MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
  barrier("sync core", MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
  barrier("register sync core", MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
  barrier("sync core", MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0);
  barrier("registrations", GET_REGISTRATIONS, 0, 0);
  barrier("two at once", MEMBARRIER_CMD_GLOBAL | MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0);
  barrier("unknown", 1 << 20, 0, 0);
  barrier("negative", -1, 0, 0);
  fflush(stdout);
  if (fork() == 0) {
    barrier("in the child", GET_REGISTRATIONS, 0, 0);
    execl((char *)getauxval(AT_EXECFN), argv[0], "x", NULL);
    _exit(1);
  }
  wait(NULL);
  return 0;
}
