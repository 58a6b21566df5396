// A tree of forks: 1 + 3 + 9 processes, each adds its share to a shared counter, every parent waits for its own children
// only, pids are distinct, the exit statuses sum up.
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct { int count; pid_t pids[16], parents[16]; } *shared;

static int node(int depth, pid_t parent) {
  int mine = __atomic_fetch_add(&shared->count, 1, __ATOMIC_SEQ_CST);
  shared->pids[mine] = getpid();
  shared->parents[mine] = parent;
  int sum = 1;
  if (getppid() != parent) sum += 100;
  if (depth == 2) return sum;
  pid_t me = getpid();
  for (int i = 0; i < 3; i++)
    if (fork() == 0) _exit(node(depth + 1, me));
  int status, waited = 0;
  while (wait(&status) > 0) {
    sum += WEXITSTATUS(status);
    waited++;
  }
  if (waited != 3 || errno != ECHILD) sum += 100;
  return sum;
}

int main(void) {
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  int sum = node(0, getppid());
  int distinct = 1, known = 1;
  for (int i = 0; i < 13; i++)
    for (int j = 0; j < i; j++) distinct &= shared->pids[i] != shared->pids[j];
  for (int i = 1; i < 13; i++) {
    int found = 0;
    for (int j = 0; j < 13; j++) found |= shared->parents[i] == shared->pids[j];
    known &= found;
  }
  printf("processes %d, sum %d, distinct pids %d, parents known %d\n", shared->count, sum, distinct, known);
  return 0;
}
