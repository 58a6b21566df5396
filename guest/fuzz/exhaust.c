/*
 * Programs that want too much: processes, mappings, pipes, files, paths, arguments, memory. Each has to end, with an error.
 * What a real machine does depends on its limits, so this is for inside alone.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void forks(void) {
  int made = 0, status;
  pid_t pid;
  while ((pid = fork()) > 0) made++;
  if (pid == 0) {
    pause();
    _exit(0);
  }
  printf("forks: %s after more than 50: %d\n", strerrorname_np(errno), made > 50);
  signal(SIGTERM, SIG_IGN);
  kill(0, SIGTERM);
  while (made-- > 0) wait(&status);
}

static void deep_forks(void) {
  int depth = 0;
  fflush(stdout);
  pid_t pid;
  while ((pid = fork()) == 0) depth++;
  if (pid < 0) _exit(depth > 50 && errno == EAGAIN ? 7 : 8);
  int status;
  waitpid(pid, &status, 0);
  if (depth > 0) _exit(WEXITSTATUS(status));
  printf("deep forks: %d\n", WEXITSTATUS(status));
}

static void mappings(void) {
  int made = 0;
  char *area = mmap(0, 140000 * 4096ul, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  while (mprotect(area + made * 8192ul, 4096, PROT_READ) == 0) made++;
  printf("mappings: %s, about 65530: %d\n", strerrorname_np(errno), made > 32000 && made < 33000);
  munmap(area, 140000 * 4096ul);
}

static void memory(void) {
  long pages = 0;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    for (;; pages++) {
      char *page = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      if (page == MAP_FAILED) _exit(5);
      for (int i = 0; i < 1 << 20; i += 4096) page[i] = 1;
    }
  }
  int status;
  waitpid(pid, &status, 0);
  printf("memory: %x\n", status);
}

static void descriptors(void) {
  close_range(3, ~0u, 0);
  int pair[2], made = 0;
  struct rlimit limit = {4096, 4096};
  setrlimit(RLIMIT_NOFILE, &limit);
  while (pipe2(pair, O_NONBLOCK) == 0) made++;
  printf("pipes: %s, %d\n", strerrorname_np(errno), made > 2000);
  char block[65536] = {0};
  long filled = 0;
  ssize_t n;
  for (int fd = 4; fd < 2000; fd += 2)
    while ((n = write(fd, block, sizeof block)) > 0) filled += n;
  printf("full pipes: %s, %ld\n", strerrorname_np(errno), filled);
  close_range(3, ~0u, 0);
}

static void files(void) {
  int fd = open("sparse", O_RDWR | O_CREAT, 0666);
  printf("truncate: %d %d\n", ftruncate(fd, 0x7fffffffffffffff) == 0 ? 0 : errno, ftruncate(fd, 1ul << 40) == 0 ? 0 : errno);
  printf("write far: %zd\n", pwrite(fd, "x", 1, (1ul << 40) - 1));
  char *map = mmap(0, 4096, PROT_READ, MAP_SHARED, fd, (1ul << 40) - 4096);
  if (map != MAP_FAILED) printf("mapped: %d\n", map[4095]);
  char block[65536] = {1};
  ssize_t n;
  lseek(fd, 0, SEEK_SET);
  for (int i = 0; i < 4000 && (n = write(fd, block, sizeof block)) > 0; i++) continue;
  printf("full disk: %s\n", n < 0 ? strerrorname_np(errno) : "no");
  close(fd);
  unlink("sparse");
}

static void directories(void) {
  int depth = 0;
  while (depth < 3000 && mkdir("deeper", 0777) == 0 && chdir("deeper") == 0) depth++;
  char path[16];
  printf("directories: %d, getcwd %s", depth, getcwd(path, sizeof path) ? path : strerrorname_np(errno));
  char *whole = getcwd(0, 0);
  printf(" %s\n", whole ? "whole" : strerrorname_np(errno));
  while (depth-- > 0) {
    if (chdir("..") != 0 || rmdir("deeper") != 0) printf("left at %d\n", depth);
  }
  symlink("b", "a");
  symlink("a", "b");
  printf("loop: %s", open("a/x", 0) < 0 ? strerrorname_np(errno) : "?");
  char from[16], to[16] = ".";
  for (int i = 0; i < 45; i++) {
    sprintf(from, "l%d", i);
    symlink(to, from);
    strcpy(to, from);
    if (i == 38 || i == 44) printf(" %s", open(from, O_RDONLY) < 0 ? strerrorname_np(errno) : "opened");
  }
  puts("");
}

static void arguments(void) {
  static char *argv[300000];
  static char text[140000];
  memset(text, 'x', sizeof text - 1);
  for (int i = 0; i < 299999; i++) argv[i] = "argument";
  fflush(stdout);
  execv("/proc/self/exe", argv);
  printf("many arguments: %s\n", strerrorname_np(errno));
  argv[1] = text;
  argv[2] = 0;
  execv("/proc/self/exe", argv);
  printf("long argument: %s\n", strerrorname_np(errno));
}

static void proc(void) {
  int left = 300;
  char buffer[4096];
  for (int i = 0; i < 40; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      for (int k = 0; k < i; k++) sched_yield();
      _exit(0);
    }
  }
  while (left-- > 0) {
    DIR *dir = opendir("/proc");
    for (struct dirent *entry; (entry = readdir(dir));) {
      static const char *const names[] = {"stat", "status", "maps", "cmdline", "fd", "exe", "task", "mem"};
      char path[300], link[100];
      snprintf(path, sizeof path, "/proc/%s/%s", entry->d_name, names[left % 8]);
      if (readlink(path, link, sizeof link) > 0) continue;
      int fd = open(path, O_RDONLY | O_NONBLOCK);
      if (fd >= 0) read(fd, buffer, sizeof buffer);
      close(fd);
    }
    closedir(dir);
    waitpid(-1, 0, WNOHANG);
  }
  while (wait(0) > 0) continue;
  puts("proc");
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc != 1) return 0;
  if (access("/program", X_OK) != 0) return 4;
  proc();
  directories();
  files();
  descriptors();
  mappings();
  arguments();
  deep_forks();
  memory();
  forks();
  return 0;
}
