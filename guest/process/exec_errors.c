// Execve(2) errors: ENOENT, ENOTDIR, EISDIR is EACCES, no execute permission EACCES, ENOEXEC for a text file, an empty one
// and a truncated or foreign ELF, E2BIG, ELOOP, ENAMETOOLONG; #! scripts run their interpreter with one argument.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const env[] = {NULL};
static void attempt(const char *what, const char *path) {
  char *args[] = {"x", NULL};
  execve(path, args, env);
  printf("%s: %s\n", what, strerrorname_np(errno));
}
static void make(const char *name, const void *bytes, size_t n, int mode) {
  int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (write(fd, bytes, n) != (ssize_t)n) _exit(9);
  fchmod(fd, mode);
  close(fd);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    printf("interpreter with %d arguments: '%s' then script '%s' '%s'\n", argc - 1, argv[1], argc > 2 ? strrchr(argv[2], '/') + 1 : "",
           argc > 3 ? argv[3] : "");
    return 0;
  }
  char dir[] = "/tmp/guest-XXXXXX";
  if (!mkdtemp(dir) || chdir(dir)) return 1;
  const char *self = (char *)getauxval(AT_EXECFN);
  attempt("no such file", "missing");
  attempt("empty name", "");
  attempt("directory", dir);
  make("plain", "#!/bin/sh\n", 10, 0644);
  attempt("not executable", "plain");
  attempt("file as directory", "plain/x");
  make("text", "hello\n", 6, 0755);
  attempt("text", "text");
  make("nothing", "", 0, 0755);
  attempt("empty file", "nothing");
  symlink("loop", "loop");
  attempt("symlink loop", "loop");
  static char name[300];
  memset(name, 'n', 299);
  attempt("name too long", name);

  Elf64_Ehdr h = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT}, .e_type = ET_EXEC, .e_machine = EM_X86_64,
                  .e_version = EV_CURRENT, .e_entry = 0x400000, .e_phoff = sizeof h, .e_ehsize = sizeof h,
                  .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1};
  make("magic", &h, 4, 0755);
  attempt("only the magic number", "magic");
  make("short", &h, 40, 0755);
  attempt("half a header", "short");
  make("noph", &h, sizeof h, 0755);
  attempt("no program headers behind it", "noph");
  Elf64_Ehdr other = h;
  other.e_machine = EM_AARCH64;
  make("arm", &other, sizeof other, 0755);
  attempt("other machine", "arm");
  other = h;
  other.e_type = ET_REL;
  make("object", &other, sizeof other, 0755);
  attempt("object file", "object");
  other = h;
  other.e_phentsize = 32;
  make("phent", &other, sizeof other, 0755);
  attempt("odd program header size", "phent");
  other = h;
  other.e_phnum = 0;
  make("phnum", &other, sizeof other, 0755);
  attempt("no program headers", "phnum");

  char line[600];
  snprintf(line, sizeof line, "#!%s", "/nonexistent/interpreter\n");
  make("script1", line, strlen(line), 0755);
  attempt("interpreter missing", "script1");
  make("script2", "#!\n", 3, 0755);
  attempt("no interpreter", "script2");
  fflush(stdout);
  // The rest of the line is one argument, blanks inside it and all.
  if (symlink(self, "self")) return 1;
  snprintf(line, sizeof line, "#! %s/self  -a b  \nignored\n", dir);
  snprintf(name, sizeof name, "%s/script3", dir);
  make(name, line, strlen(line), 0755);
  pid_t child = fork();
  if (child == 0) {
    char *args[] = {"dropped", "kept", NULL};
    execve(name, args, env);
    _exit(1);
  }
  int status;
  waitpid(child, &status, 0);
  printf("script: %d\n", WEXITSTATUS(status));

  static char *many[70000];
  for (int i = 0; i < 69999; i++) many[i] = "0123456789012345678901234567890123456789";
  struct rlimit limit;
  getrlimit(RLIMIT_STACK, &limit);
  limit.rlim_cur = 4 << 20;
  setrlimit(RLIMIT_STACK, &limit);
  execve(self, many, env);
  printf("arguments beyond a quarter of the stack: %s\n", strerrorname_np(errno));
  char *huge = malloc(140000);
  memset(huge, 'h', 139999);
  huge[139999] = 0;
  char *one[] = {huge, NULL};
  execve(self, one, env);
  printf("one argument of 140000: %s\n", strerrorname_np(errno));
  char command[64];
  fflush(stdout);
  const char *files[] = {"plain", "text", "nothing", "loop", "magic", "short", "noph", "arm", "object", "phent", "phnum", "script1", "script2", "script3", "self"};
  for (unsigned i = 0; i < sizeof files / sizeof *files; i++) unlink(files[i]);
  if (chdir("/")) return 1;
  snprintf(command, sizeof command, "%s", dir);
  return rmdir(command);
}
