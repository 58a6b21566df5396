// Copy on write after fork(2): parent and child each see only their own writes to private memory (data, bss, heap, stack,
// anonymous and file mappings), shared mappings are one.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int data = 10, bss;

int main(void) {
  int stack = 20;
  int *heap = malloc(sizeof *heap);
  *heap = 30;
  int *private = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int *shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  char name[] = "/tmp/guest-XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  if (ftruncate(fd, 8192)) return 1;
  int *file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
  private[0] = 40, shared[0] = 50, file[0] = 60;
  int to_child[2], to_parent[2];
  char c;
  if (pipe(to_child) || pipe(to_parent)) return 1;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    int before = data + bss + stack + *heap + private[0] + shared[0] + file[0];
    data++, bss++, stack++, ++*heap, private[0]++, shared[0]++, file[0]++;
    shared[1024] = 99;  // A page that nobody had touched before the fork.
    private[1024] = 99;
    if (write(to_parent[1], "c", 1) != 1 || read(to_child[0], &c, 1) != 1) _exit(9);
    int after = data + bss + stack + *heap + private[0] + shared[0] + file[0];
    // The parent has added 100 to each meanwhile; only the shared one changed here.
    _exit(before == 210 && after == 210 + 7 + 100 ? 5 : 6);
  }
  if (read(to_parent[0], &c, 1) != 1) return 1;
  printf("after the child's writes: %d %d %d %d %d %d %d, untouched page %d %d\n", data, bss, stack, *heap, private[0], shared[0],
         file[0], private[1024], shared[1024]);
  data += 100, bss += 100, stack += 100, *heap += 100, private[0] += 100, shared[0] += 100, file[0] += 100;
  if (write(to_child[1], "p", 1) != 1) return 1;
  int status;
  waitpid(child, &status, 0);
  printf("child says %d\n", WEXITSTATUS(status));

  // Grandchildren: each level writes its own copy of one page.
  volatile int *depth = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  int level = 0;
  pid_t pid = 0;
  fflush(stdout);
  while (level < 6) {
    *depth = level;
    pid = fork();
    if (pid != 0) break;
    level++;
  }
  if (pid) waitpid(pid, &status, 0);
  if (level > 0) _exit(*depth == (level < 6 ? level : 5) && (level == 6 || WEXITSTATUS(status) == level + 1) ? level : 77);
  printf("child of level 0 says %d, own value %d\n", WEXITSTATUS(status), *depth);
  return 0;
}
