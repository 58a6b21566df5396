// A program whose dynamic linker cannot be had is refused before the old program goes (execve(2); load_elf_binary of
// fs/binfmt_elf.c): each kind of bad file with its errno. One that cannot be mapped kills the new program.
// libc: shared
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char image[1 << 20];
static long size;
static Elf64_Phdr *interp;

static void put(const char *path, const void *bytes, size_t length, int mode) {
  unlink(path);
  int fd = open(path, O_WRONLY | O_CREAT, 0755);
  if (write(fd, bytes, length) != (ssize_t)length) exit(2);
  close(fd);
  chmod(path, mode);
}

/* Executes a copy of this program that names `linker`, `length` bytes of it. */
static void attempt(const char *what, const char *linker, size_t length) {
  memset(image + interp->p_offset, 0, 27);
  memcpy(image + interp->p_offset, linker, length);
  interp->p_filesz = length;
  put("copy", image, size, 0755);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    char *args[] = {"copy", "child", NULL};
    execv("copy", args);
    printf("%s: %s\n", what, strerrorname_np(errno));
    exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  if (WIFSIGNALED(status)) printf("%s: SIG%s\n", what, sigabbrev_np(WTERMSIG(status)));
  if (WIFEXITED(status) && WEXITSTATUS(status)) printf("%s: status %d\n", what, WEXITSTATUS(status));
}

#define NAMED(text) text, sizeof text

int main(int argc, char **argv) {
  if (argc > 1) {
    puts("ran");
    return 7;
  }
  char folder[] = "/tmp/linkerXXXXXX";
  int self = open((const char *)getauxval(AT_EXECFN), O_RDONLY);
  size = read(self, image, sizeof image);
  if (mkdtemp(folder) == NULL || chdir(folder) < 0) return 1;

  Elf64_Ehdr *ehdr = (Elf64_Ehdr *)image;
  Elf64_Phdr *phdrs = (Elf64_Phdr *)(image + ehdr->e_phoff);
  for (int i = 0; i < ehdr->e_phnum; i++)
    if (phdrs[i].p_type == PT_INTERP) interp = &phdrs[i];
  char good[32];
  size_t length = interp->p_filesz;
  memcpy(good, image + interp->p_offset, length);

  attempt("as it was", good, length);
  attempt("without its NUL", good, length - 1);
  attempt("of one byte", "", 1);
  attempt("empty", "\0", 2);
  attempt("not there", NAMED("nothing"));
  attempt("a directory", NAMED("."));
  attempt("through a file", NAMED("copy/x"));
  put("text", "#!/bin/sh\n", 10, 0755);
  attempt("shorter than a header", NAMED("text"));
  put("text", image + 64, 4096, 0755);
  attempt("no ELF", NAMED("text"));
  put("text", image, 4096, 0644);
  attempt("not executable", NAMED("text"));

  unsigned char *other = malloc(size);
  Elf64_Ehdr *header = (Elf64_Ehdr *)other;
  memcpy(other, image, size);
  header->e_machine = EM_AARCH64;
  put("other", other, size, 0755);
  attempt("of another machine", NAMED("other"));
  memcpy(other, image, size);
  header->e_phnum = 0;
  put("other", other, size, 0755);
  attempt("without segments", NAMED("other"));
  memcpy(other, image, size);
  header->e_type = ET_REL;
  put("other", other, size, 0755);
  attempt("an object file", NAMED("other"));
  int writer = open("other", O_RDWR);
  attempt("open for writing", NAMED("other"));
  close(writer);

  unlink("copy");
  unlink("text");
  unlink("other");
  return rmdir(folder);
}
