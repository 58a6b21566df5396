// What clone(2) and clone3(2) refuse: flags that make no sense together, sizes, stacks, signals, ids; kernel/fork.c.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct args {
  uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup, more[2];
};

static void result(const char *what, long r) {
  int error = errno;
  if (r == 0) _exit(3);
  if (r > 0) {
    int status;
    if (waitpid(r, &status, __WALL) == r) printf("%s: child, status %x\n", what, status);
    else printf("%s: child of nobody's\n", what);
  } else {
    printf("%s: %s\n", what, strerrorname_np(error));
  }
}

static void clone3(const char *what, struct args a, size_t size) {
  fflush(stdout);
  result(what, syscall(SYS_clone3, &a, size));
}

static void clone2(const char *what, unsigned long flags, void *word) {
  fflush(stdout);
  result(what, syscall(SYS_clone, flags, NULL, word, NULL, 0));
}

#define C3(what, ...) clone3(what, (struct args){__VA_ARGS__}, 88)

int main(void) {
  int32_t tids[40] = {0}, fd;
  char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct args plain = {.exit_signal = SIGCHLD};

  clone2("thread alone", CLONE_THREAD | SIGCHLD, NULL);
  clone2("sighand without vm", CLONE_SIGHAND | SIGCHLD, NULL);
  clone2("fs and namespace", CLONE_FS | CLONE_NEWNS | SIGCHLD, NULL);
  clone2("fs and users", CLONE_FS | CLONE_NEWUSER | SIGCHLD, NULL);
  clone2("pidfd and tid", CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, &fd);
  clone2("pidfd and detached", CLONE_PIDFD | CLONE_DETACHED | SIGCHLD, &fd);
  clone2("pidfd nowhere", CLONE_PIDFD | SIGCHLD, none);
  clone2("thread of users", CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWUSER, NULL);
  clone2("ipc and undo", CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD, NULL);
  clone2("tid nowhere", CLONE_PARENT_SETTID | SIGCHLD, none);
  clone2("detached", CLONE_DETACHED | SIGCHLD, NULL);

  clone3("plain", plain, 88);
  clone3("first size", plain, 64);
  clone3("too small", plain, 63);
  clone3("larger, zeros", plain, 104);
  clone3("too large", plain, 4097);
  struct args more = plain;
  more.more[0] = 1;
  clone3("larger, not zeros", more, 104);
  result("nowhere", syscall(SYS_clone3, NULL, 88));
  result("not readable", syscall(SYS_clone3, none, 88));
  C3("signal in flags", .flags = SIGCHLD);
  C3("detached", .flags = CLONE_DETACHED, .exit_signal = SIGCHLD);
  C3("unknown flag", .flags = 1ull << 40, .exit_signal = SIGCHLD);
  C3("no such signal", .exit_signal = 65);
  C3("signal too wide", .exit_signal = SIGCHLD | 0x100);
  C3("clear and share", .flags = CLONE_SIGHAND | CLONE_VM | CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD);
  C3("clear", .flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD);
  C3("thread with signal", .flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD);
  C3("sibling with signal", .flags = CLONE_PARENT, .exit_signal = SIGCHLD);
  C3("stack without size", .exit_signal = SIGCHLD, .stack = 0x1000);
  C3("size without stack", .exit_signal = SIGCHLD, .stack_size = 0x1000);
  C3("stack beyond", .exit_signal = SIGCHLD, .stack = 0x7fffffff0000, .stack_size = 0x100000);
  C3("pidfd and tid in one", .flags = CLONE_PIDFD | CLONE_PARENT_SETTID, .exit_signal = SIGCHLD, .pidfd = (uintptr_t)&fd, .parent_tid = (uintptr_t)&fd);
  C3("ids without number", .exit_signal = SIGCHLD, .set_tid = (uintptr_t)tids);
  C3("number without ids", .exit_signal = SIGCHLD, .set_tid_size = 1);
  C3("too many ids", .exit_signal = SIGCHLD, .set_tid = (uintptr_t)tids, .set_tid_size = 33);
  C3("more ids than namespaces", .exit_signal = SIGCHLD, .set_tid = (uintptr_t)tids, .set_tid_size = 32);
  C3("ids nowhere", .exit_signal = SIGCHLD, .set_tid = (uintptr_t)none, .set_tid_size = 1);
  C3("id 0", .exit_signal = SIGCHLD, .set_tid = (uintptr_t)tids, .set_tid_size = 1);
  tids[0] = -5;
  C3("negative id", .exit_signal = SIGCHLD, .set_tid = (uintptr_t)tids, .set_tid_size = 1);
  tids[0] = 0x7fffffff;
  C3("large id", .exit_signal = SIGCHLD, .set_tid = (uintptr_t)tids, .set_tid_size = 1);
  C3("no group", .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = 0x80000000);
  C3("no such descriptor", .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = 1000);
  clone3("group, older size", (struct args){.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD}, 80);

  /* Those who may choose get what they want, unless it is taken; others are refused. */
  tids[0] = getpid();
  struct args own = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)tids, .set_tid_size = 1};
  long r = syscall(SYS_clone3, &own, 88);
  if (r == 0) _exit(0);
  printf("its own id: %s\n", r == -1 && (errno == (geteuid() == 0 ? EEXIST : EPERM)) ? "as it should be" : "wrong");
  int wanted = 31999;
  while (kill(wanted, 0) == 0 || errno != ESRCH) wanted--;
  tids[0] = wanted;
  r = syscall(SYS_clone3, &own, 88);
  if (r == 0) _exit(gettid() == wanted ? 5 : 6);
  int status = 0;
  if (r > 0) waitpid(r, &status, 0);
  int good = geteuid() == 0 ? r == wanted && status == 0x500 : r == -1 && errno == EPERM;
  printf("a free id: %s\n", good ? "as it should be" : "wrong");
  return 0;
}
