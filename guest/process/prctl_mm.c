// What prctl(2) keeps for an address space: memory that may not become code (PR_SET_MDWE) in mmap(2), mprotect(2), children and
// new programs; huge and merged pages (PR_SET_THP_DISABLE, PR_SET_MEMORY_MERGE); where things lie, as /proc shows it (PR_SET_MM);
// what only CAP_SYS_RESOURCE may (PR_SET_IO_FLUSHER).
// capabilities: sys_admin
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SET_IO_FLUSHER = 57, GET_IO_FLUSHER, SET_MDWE = 65, GET_MDWE, SET_MERGE, GET_MERGE, GET_AUXV_ = 0x41555856 };
enum { REFUSE = 1, NO_INHERIT = 2, RW = PROT_READ | PROT_WRITE, RX = PROT_READ | PROT_EXEC, RWX = RW | PROT_EXEC };

static const char *outcome(long result) {
  static char text[8][16];
  static int turn;
  char *into = text[turn++ % 8];
  if (result < 0) snprintf(into, 16, "%s", strerrorname_np(errno));
  else snprintf(into, 16, "%ld", result);
  return into;
}
#define P(...) outcome(prctl(__VA_ARGS__))
static const char *map(int prot, int flags) {
  void *at = mmap(NULL, 4096, prot, flags | MAP_ANONYMOUS, -1, 0);
  const char *text = at == MAP_FAILED ? strerrorname_np(errno) : "0";
  if (at != MAP_FAILED) munmap(at, 4096);
  return text;
}
static const char *change(int from, int to) {
  void *at = mmap(NULL, 4096, from, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const char *text = at == MAP_FAILED ? "no map" : outcome(mprotect(at, 4096, to));
  munmap(at, 4096);
  return text;
}

static void again(const char *what) {
  fflush(stdout);
  char *args[] = {"prctl_mm", (char *)what, NULL};
  execv((char *)getauxval(AT_EXECFN), args);
  printf("exec: %m\n");
}
static void in_child(const char *what, void (*f)(void)) {
  printf("-- %s\n", what);
  fflush(stdout);
  if (fork() == 0) {
    f();
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}
static void show_flags(const char *what) {
  printf("%s: write or execute %s, huge %s, merged %s\n", what, P(GET_MDWE, 0, 0, 0, 0), P(PR_GET_THP_DISABLE, 0, 0, 0, 0),
         P(GET_MERGE, 0, 0, 0, 0));
  fflush(stdout);
}

static void mdwe(void) {
  printf("before: map %s", map(RWX, MAP_PRIVATE));
  printf(", change %s\n", change(RW, RX));
  void *code = mmap(NULL, 4096, RX, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void *both = mmap(NULL, 4096, RWX, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("refused: unknown %s", P(SET_MDWE, 4, 0, 0, 0));
  printf(", alone %s", P(SET_MDWE, NO_INHERIT, 0, 0, 0));
  printf(", more %s %s", P(SET_MDWE, REFUSE, 1, 0, 0), P(GET_MDWE, 1, 0, 0, 0));
  printf(", none %s\n", P(SET_MDWE, 0, 0, 0, 0));
  printf("set %s", P(SET_MDWE, REFUSE, 0, 0, 0));
  printf(" %s", P(GET_MDWE, 0, 0, 0, 0));
  printf(", again %s", P(SET_MDWE, REFUSE, 0, 0, 0));
  printf(", other %s %s\n", P(SET_MDWE, REFUSE | NO_INHERIT, 0, 0, 0), P(SET_MDWE, 0, 0, 0, 0));
  printf("map: both %s %s, code %s, data %s\n", map(RWX, MAP_PRIVATE), map(RWX, MAP_SHARED), map(RX, MAP_PRIVATE), map(RW, MAP_PRIVATE));
  printf("change: to code %s", change(RW, RX));
  printf(", to both %s", change(RW, RWX));
  printf(", code to data %s", change(RX, RW));
  printf(", code to code %s", change(RX, PROT_EXEC));
  printf(", code to both %s", change(RX, RWX));
  printf(", none to code %s\n", change(PROT_NONE, PROT_EXEC));
  printf("older: code stays code %s", outcome(mprotect(code, 4096, PROT_EXEC)));
  printf(", both stays %s", outcome(mprotect(both, 4096, RWX)));
  printf(", both to code %s", outcome(mprotect(both, 4096, RX)));
  printf(", to data %s", outcome(mprotect(both, 4096, RW)));
  printf(", and back %s\n", outcome(mprotect(both, 4096, RX)));
  const int id = shmget(IPC_PRIVATE, 4096, 0700);
  void *at = shmat(id, NULL, SHM_EXEC);
  printf("segment %s", at == (void *)-1 ? strerrorname_np(errno) : "0");
  at = shmat(id, NULL, SHM_EXEC | SHM_RDONLY);
  printf(", read only %s\n", at == (void *)-1 ? strerrorname_np(errno) : "0");
  shmctl(id, IPC_RMID, NULL);
  fflush(stdout);
  if (fork() == 0) {
    show_flags("a child");
    again("a program");
    _exit(1);
  }
  wait(NULL);
}
static void mdwe_alone(void) {
  printf("set %s\n", P(SET_MDWE, REFUSE | NO_INHERIT, 0, 0, 0));
  show_flags("then");
  printf("map %s\n", map(RWX, MAP_PRIVATE));
  fflush(stdout);
  if (fork() == 0) {
    show_flags("a child");
    printf("map %s\n", map(RWX, MAP_PRIVATE));
    fflush(stdout);
    _exit(1);
  }
  wait(NULL);
  again("a program");
}

static void pages(void) {
  show_flags("at first");
  printf("huge: off %s", P(PR_SET_THP_DISABLE, 1, 0, 0, 0));
  printf(" %s", P(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  printf(", but advised %s", P(PR_SET_THP_DISABLE, 7, 2, 0, 0));
  printf(" %s", P(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  printf(", refused %s %s", P(PR_SET_THP_DISABLE, 0, 2, 0, 0), P(PR_SET_THP_DISABLE, 1, 4, 0, 0));
  printf(" %s %s\n", P(PR_SET_THP_DISABLE, 1, 0, 1, 0), P(PR_GET_THP_DISABLE, 1, 0, 0, 0));
  printf("merged: %s", P(SET_MERGE, 1, 0, 0, 0));
  printf(" %s", P(GET_MERGE, 0, 0, 0, 0));
  printf(", refused %s %s\n", P(SET_MERGE, 1, 1, 0, 0), P(GET_MERGE, 1, 0, 0, 0));
  fflush(stdout);
  if (fork() == 0) {
    show_flags("a child");
    again("a program");
  }
  wait(NULL);
}

struct map_ {
  uint64_t start_code, end_code, start_data, end_data, start_brk, brk, start_stack, arg_start, arg_end, env_start, env_end;
  uint64_t *auxv;
  uint32_t auxv_size, exe_fd;
};
static long field(const char *path, int n) {
  char line[2000];
  const int fd = open(path, O_RDONLY);
  line[read(fd, line, sizeof line - 1)] = 0;
  close(fd);
  char *at = strrchr(line, ')') + 2;
  for (int i = 3; i < n; i++) at = strchr(at, ' ') + 1;
  return strtol(at, NULL, 10);
}
static void whole(const char *path) {
  char bytes[200] = "";
  const int fd = open(path, O_RDONLY);
  const int got = read(fd, bytes, sizeof bytes - 1);
  close(fd);
  for (int i = 0; i < got; i++) putchar(bytes[i] ? bytes[i] : '|');
}
static int setMap(struct map_ *m, unsigned size) { return prctl(PR_SET_MM, PR_SET_MM_MAP, m, size, 0); }
static void refuse(const char *what, struct map_ m) { printf(", %s %s", what, outcome(setMap(&m, sizeof m))); }

static char arguments[] = "new\0words\0", environment[] = "A=1\0";
static void places(void) {
  unsigned size = 0;
  printf("size %s", P(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 0));
  printf(" %u, nowhere %s", size, P(PR_SET_MM, PR_SET_MM_MAP_SIZE, 8, 0, 0));
  printf(", refused %s %s", P(PR_SET_MM, PR_SET_MM_MAP, 8, 104, 0), P(PR_SET_MM, PR_SET_MM_MAP, 8, 100, 0));
  printf(" %s %s\n", P(PR_SET_MM, PR_SET_MM_MAP_SIZE, &size, 0, 1), P(PR_SET_MM, PR_SET_MM_BRK, 8, 1, 0));
  const uint64_t heap = (uint64_t)sbrk(0), page = (uint64_t)mmap(NULL, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const uint64_t stack = field("/proc/self/stat", 28);
  struct map_ m = {.start_code = page,
                   .end_code = page + 16,
                   .start_data = page + 32,
                   .end_data = page + 32,
                   .start_brk = heap - 4096,
                   .brk = heap,
                   .start_stack = stack,
                   .arg_start = (uint64_t)arguments,
                   .arg_end = (uint64_t)arguments + 10,
                   .env_start = (uint64_t)environment,
                   .env_end = (uint64_t)environment + 4,
                   .exe_fd = -1};
  printf("set %s\n", outcome(setMap(&m, sizeof m)));
  // Memory of a file is not shown.
  printf("arguments "), whole("/proc/self/cmdline");
  printf(", environment "), whole("/proc/self/environ");
  char *text = (char *)page;
  memcpy(text + 100, arguments, 10), memcpy(text + 200, environment, 5);
  m.arg_start = page + 100, m.arg_end = page + 110, m.env_start = page + 200, m.env_end = page + 204;
  printf("; set %s, arguments ", outcome(setMap(&m, sizeof m)));
  whole("/proc/self/cmdline");
  printf(", environment "), whole("/proc/self/environ");
  text[109] = 'x', memcpy(text + 110, " and more", 10);
  printf(", title "), whole("/proc/self/cmdline");
  const char *stat = "/proc/self/stat";
  printf("\ncode %d %d, stack %d, data %d %d, heap %d", field(stat, 26) == page, field(stat, 27) == page + 16,
         field(stat, 28) == stack, field(stat, 45) == page + 32, field(stat, 46) == page + 32, field(stat, 47) == heap - 4096);
  printf(", arguments %d %d, environment %d %d\n", field(stat, 48) == m.arg_start, field(stat, 49) == m.arg_end,
         field(stat, 50) == m.env_start, field(stat, 51) == m.env_end);
  printf("refused:");
  struct map_ bad = m;
  bad.end_code = bad.start_code, refuse("no code", bad), bad = m;
  bad.end_data--, refuse("data", bad), bad = m;
  bad.brk = bad.start_brk - 1, refuse("heap", bad), bad = m;
  bad.arg_end = bad.arg_start - 1, refuse("arguments", bad), bad = m;
  bad.env_end = bad.env_start - 1, refuse("environment", bad), bad = m;
  bad.start_stack = 1ull << 47, refuse("too high", bad), bad = m;
  bad.start_stack = 4096, refuse("too low", bad), bad = m;
  bad.start_stack = 65536, refuse("unmapped", bad), bad = m;
  struct rlimit few = {4095, 1 << 30}, much = {1 << 30, 1 << 30};
  setrlimit(RLIMIT_DATA, &few), refuse("limit", bad), setrlimit(RLIMIT_DATA, &much);
  bad.auxv_size = 8, refuse("vector nowhere", bad);
  bad.auxv = (uint64_t *)8, refuse("a bad one", bad);
  bad.auxv_size = 10000, refuse("too long", bad), bad = m;
  bad.exe_fd = 999, refuse("no file", bad);
  bad.exe_fd = open("/", O_RDONLY), refuse("a directory", bad);
  close(bad.exe_fd);
  char dir[] = "/tmp/mmXXXXXX", path[40];
  mkdtemp(dir);
  sprintf(path, "%s/program", dir);
  int fd = open(path, O_CREAT | O_RDWR, 0600);
  bad.exe_fd = fd, refuse("not executable", bad);
  fchmod(fd, 0700);
  close(fd);
  bad.exe_fd = fd = open(path, O_RDONLY), refuse("busy", bad);
  close(fd);
  unlink(path), rmdir(dir);
  uint64_t vector[] = {AT_PAGESZ, 123, AT_NULL, 0}, got[100] = {0};
  m.auxv = vector, m.auxv_size = sizeof vector;
  printf("\nvector %s", outcome(setMap(&m, sizeof m)));
  printf(", %s", P(GET_AUXV_, got, sizeof got, 0, 0));
  printf(" %lu %lu %lu", got[0], got[1], got[2]);
  fd = open("/proc/self/auxv", O_RDONLY);
  printf(", file of %ld bytes\n", (long)read(fd, got, sizeof got));
  void *moved = (void *)(heap + 4096);
  printf("heap at %d", sbrk(0) == (void *)heap);
  printf(", grows %s", outcome(brk(moved)));
  printf(" %d", (uint64_t)syscall(SYS_brk, 0) == heap + 4096);
  printf(", below its start %d\n", (uint64_t)syscall(SYS_brk, heap - 8192) == heap + 4096);
}

static void without(void) {
  struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct d[2];
  syscall(SYS_capget, &h, d);
  d[0].effective &= ~(1u << CAP_SYS_RESOURCE | 1u << CAP_SYS_ADMIN);
  d[1].effective = 0;
  syscall(SYS_capset, &h, d);
  printf("flusher %s %s", P(SET_IO_FLUSHER, 1, 0, 0, 0), P(GET_IO_FLUSHER, 0, 0, 0, 0));
  printf(", one place %s, file %s, vector %s", P(PR_SET_MM, PR_SET_MM_BRK, sbrk(0), 0, 0), P(PR_SET_MM, PR_SET_MM_EXE_FILE, 0, 0, 0),
         P(PR_SET_MM, PR_SET_MM_AUXV, 0, 0, 0));
  const uint64_t page = (uint64_t)mmap(NULL, 4096, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  struct map_ m = {page, page + 1, page, page, page, page, page, page, page, page, page, NULL, 0, 0};
  refuse("file by map", m);
  printf("\n");
}

int main(int argc, char **argv) {
  if (argc > 1) {
    show_flags(argv[1]);
    return 0;
  }
  in_child("write or execute", mdwe);
  in_child("not for children", mdwe_alone);
  in_child("pages", pages);
  in_child("places", places);
  in_child("without capabilities", without);
  return 0;
}
