// A shell's work by hand: three processes joined by pipes, with dup2, exec of itself in each role, exit statuses, and the
// end of file that comes only when all writers are closed.
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

static int compare(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

static int produce(void) {
  unsigned x = 12345;
  for (int i = 0; i < 200; i++) {
    x = x * 1103515245 + 12345;
    printf("word%03u\n", (x >> 16) % 50);
  }
  return 1;
}
static int sort(void) {
  static char *lines[1000];
  int n = 0;
  char *line = NULL;
  size_t size = 0;
  while (getline(&line, &size, stdin) > 0) lines[n++] = strdup(line);
  qsort(lines, n, sizeof *lines, compare);
  for (int i = 0; i < n; i++) fputs(lines[i], stdout);
  return 2;
}
static int unique(void) {
  char last[64] = "", now[64];
  int count = 0, total = 0;
  while (fgets(now, sizeof now, stdin)) {
    total++;
    if (strcmp(now, last)) count++, strcpy(last, now);
  }
  printf("%d lines, %d different, last %s", total, count, last);
  return 3;
}

int main(int argc, char **argv) {
  if (argc > 1) return argv[1][0] == 'p' ? produce() : argv[1][0] == 's' ? sort() : unique();
  char *roles[] = {"produce", "sort", "unique"};
  pid_t pids[3];
  int in = 0;
  for (int i = 0; i < 3; i++) {
    int fd[2] = {-1, -1};
    if (i < 2 && pipe(fd)) return 9;
    pids[i] = fork();
    if (pids[i] == 0) {
      if (in) dup2(in, 0), close(in);
      if (i < 2) dup2(fd[1], 1), close(fd[0]), close(fd[1]);
      execl((char *)getauxval(AT_EXECFN), roles[i], roles[i], NULL);
      _exit(127);
    }
    if (in) close(in);
    if (i < 2) close(fd[1]);
    in = fd[0];
  }
  for (int i = 0; i < 3; i++) {
    int status;
    waitpid(pids[i], &status, 0);
    printf("%s: %d\n", roles[i], WEXITSTATUS(status));
  }
  return 0;
}
