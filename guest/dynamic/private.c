// Pages of a library are shared until someone writes: data and, after mprotect(2), code changed by a child stay the child's, as
// does what is stored into RELRO after it was made writable; before that a store there is SIGSEGV with SEGV_ACCERR (mmap(2),
// MAP_PRIVATE).
// libc: shared
// flags: -fno-builtin
#define _GNU_SOURCE
#include <ctype.h>
#include <getopt.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf back;
static volatile int code;

static void on_segv(int signo, siginfo_t *info, void *context) {
  (void)signo;
  (void)context;
  code = info->si_code;
  siglongjmp(back, 1);
}

/* Pointers which the linker relocates and then protects. */
int *const relocated[] = {(int *)&code, NULL};
int *const *volatile first = relocated;

static void *page(const void *address) { return (void *)((unsigned long)address & -4096ul); }

static void change(const char *what, void *address) {
  unsigned char *at = address;
  int (*function)(int) = (int (*)(int))address;
  fflush(stdout);
  if (fork() == 0) {
    if (mprotect(page(at), 8192, PROT_READ | PROT_WRITE | PROT_EXEC)) exit(1);
    /* mov eax, 77; ret */
    memcpy(at, "\xb8\x4d\0\0\0\xc3", 6);
    printf("%s in the child: %d\n", what, function(5));
    exit(0);
  }
  int status;
  wait(&status);
  printf("%s in the parent: %d, child %d\n", what, function(5), status);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_segv, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);

  if (sigsetjmp(back, 1) == 0) {
    *(void *volatile *)first = NULL;
    puts("RELRO was written");
  } else {
    printf("store to RELRO: ACCERR %d, unchanged %d\n", code == SEGV_ACCERR, first[0] == &code);
  }
  if (sigsetjmp(back, 1) == 0) {
    *(volatile char *)abs = 1;
    puts("code was written");
  } else {
    printf("store to code of a library: ACCERR %d\n", code == SEGV_ACCERR);
  }
  mprotect(page(first), 4096, PROT_READ | PROT_WRITE);
  fflush(stdout);
  if (fork() == 0) {
    *(void *volatile *)first = NULL;
    printf("after mprotect: %d\n", first[0] == NULL);
    exit(0);
  }
  wait(NULL);
  printf("the parent's: %d\n", first[0] == &code);

  change("toupper", toupper);
  change("abs", abs);
  fflush(stdout);
  if (fork() == 0) {
    opterr = 99;
    stdout = NULL;
    exit(opterr == 99 ? 3 : 4);
  }
  int status;
  wait(&status);
  printf("a library's data: child %d, parent %d\n", WEXITSTATUS(status), opterr);
  return 0;
}
