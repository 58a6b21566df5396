// Execve(2): arguments and environment arrive unchanged, also empty strings, many and long ones; descriptors stay but for
// close-on-exec, pid and parent stay, memory is new; argv[0] need not be the file's name; execveat with a descriptor.
// args: first second third
// status: 12
// env: KEY=value EMPTY=
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static int touched;

static void show(int argc, char **argv) {
  printf("argc %d:", argc);
  for (int i = 0; i < argc; i++)
    if (strlen(argv[i]) > 40) printf(" [%zu times %c]", strlen(argv[i]), argv[i][0]);
    else printf(" '%s'", argv[i]);
  int n = 0;
  while (environ[n]) n++;
  printf("; %d variables, KEY=%s\n", n, getenv("KEY") ? getenv("KEY") : "(none)");
}

int main(int argc, char **argv) {
  char *stage = getenv("STAGE");
  if (!stage) {
    show(argc, argv);
    printf("EMPTY='%s' MISSING=%s HOME=%s PATH=%s\n", getenv("EMPTY"), getenv("MISSING") ? "set" : "unset", getenv("HOME"), getenv("PATH"));
    touched = 1;
    int keep = open("/dev/null", O_RDONLY), lose = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char env_keep[32], env_pid[32];
    snprintf(env_keep, sizeof env_keep, "FDS=%d,%d", keep, lose);
    snprintf(env_pid, sizeof env_pid, "WAS=%d,%d", getpid(), getppid());
    char *args[] = {"odd name", "", "with space", "\xc3\xa4\n", NULL}, *env[] = {"STAGE=2", env_keep, env_pid, "KEY=a=b", "", NULL};
    fflush(stdout);
    execve((char *)getauxval(AT_EXECFN), args, env);
    return 1;
  }
  if (!strcmp(stage, "2")) {
    show(argc, argv);
    int keep, lose, pid, ppid;
    sscanf(getenv("FDS"), "%d,%d", &keep, &lose);
    sscanf(getenv("WAS"), "%d,%d", &pid, &ppid);
    int kept = fcntl(keep, F_GETFD), lost = fcntl(lose, F_GETFD);
    printf("kept %d, closed %d, same pid %d, same parent %d, memory is new %d\n", kept, lost, pid == getpid(), ppid == getppid(), !touched);
    // A thousand arguments and one of 100 kB.
    static char *args[1003], *env[] = {"STAGE=3", NULL};
    args[0] = "many";
    for (int i = 1; i <= 1000; i++) args[i] = "x";
    args[1001] = malloc(100001);
    memset(args[1001], 'y', 100000);
    args[1001][100000] = 0;
    fflush(stdout);
    execve((char *)getauxval(AT_EXECFN), args, env);
    return 1;
  }
  if (!strcmp(stage, "3")) {
    printf("argc %d, last %zu, first ones %s %s\n", argc, strlen(argv[argc - 1]), argv[0], argv[1]);
    char *none[] = {NULL}, *env[] = {"STAGE=4", NULL};
    fflush(stdout);
    execve((char *)getauxval(AT_EXECFN), none, env);
    return 1;
  }
  if (!strcmp(stage, "4")) {
    // Since Linux 5.18 an empty argument list becomes one empty string.
    printf("no arguments: argc %d argv[0]='%s'\n", argc, argv[0]);
    int fd = open((char *)getauxval(AT_EXECFN), O_RDONLY | O_CLOEXEC);
    char *args[] = {"by descriptor", NULL}, *env[] = {"STAGE=5", NULL};
    fflush(stdout);
    syscall(SYS_execveat, fd, "", args, env, AT_EMPTY_PATH);
    return 1;
  }
  show(argc, argv);
  printf("name begins with /dev/fd/: %d\n", !strncmp((char *)getauxval(AT_EXECFN), "/dev/fd/", 8));
  return 12;
}
