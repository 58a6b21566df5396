// Ptrace(2), debug registers: breakpoints and watchpoints of the processor by PTRACE_POKEUSER of DR0 to DR7, what DR6 and siginfo say,
// steps beside them, which values are refused, and that a child and the next program have none (arch/x86/kernel/ptrace.c).
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t child;
static int status;
static _Alignas(16) volatile unsigned char bytes[64];

static long poke(int n, unsigned long value) {
  return ptrace(PTRACE_POKEUSER, child, (void *)(offsetof(struct user, u_debugreg) + 8 * n), value);
}

static unsigned long peek(int n) {
  return ptrace(PTRACE_PEEKUSER, child, (void *)(offsetof(struct user, u_debugreg) + 8 * n), 0);
}

enum { EXECUTE = 0, WRITE = 1, ACCESS = 3 };
enum { ONE = 0, TWO = 1, FOUR = 3, EIGHT = 2 };

static unsigned long control(int n, int kind, int length) {
  return 1ul << (2 * n) | (unsigned long)(kind | length << 2) << (16 + 4 * n);
}

static void result(const char *name, long value) {
  printf("%s: %ld%s%s\n", name, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : "");
}

// Addresses of instructions behind which, or at which, it stops.
extern char at_1[], at_2[], at_3[], at_4[], at_5[], at_6[], at_7[], at_8[];

static int place(unsigned long rip) {
  const char *places[] = {at_1, at_2, at_3, at_4, at_5, at_6, at_7, at_8};
  for (int i = 0; i < 8; i++)
    if (rip == (unsigned long)places[i]) return i + 1;
  return 0;
}

__attribute__((noinline)) static void body(void) {
  __asm__ volatile(
      "movl $3, %%edx\n"
      "at_1: movb $1, 8(%0)\n"
      "at_2: movl 8(%0), %%eax\n"
      "at_3: addq $1, 8(%0)\n"
      "at_4: movw $1, 7(%0)\n"
      "at_5: movdqu (%0), %%xmm0\n"
      "leaq 8(%0), %%rdi\n"
      "at_6: stosb\n"
      "at_7: nop\n"
      "at_8: decl %%edx\n jnz at_7\n"
      :
      : "r"(bytes)
      : "rax", "rcx", "rdx", "rdi", "xmm0", "memory", "cc");
}

static void start(void) {
  fflush(stdout);
  child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    body();
    _exit(0);
  }
  waitpid(child, &status, 0);
}

static void show(void) {
  siginfo_t si;
  struct user_regs_struct regs;
  ptrace(PTRACE_GETSIGINFO, child, 0, &si);
  ptrace(PTRACE_GETREGS, child, 0, &regs);
  printf("  %#x at %d: code %d addr %d dr6 %#lx rf %d\n", status, place(regs.rip), si.si_code, si.si_addr == (void *)regs.rip, peek(6) & 0x400f,
         (regs.eflags & 0x10000) != 0);
}

static void run(const char *name, int request) {
  printf("%s\n", name);
  for (int i = 0; i < 40; i++) {
    ptrace(request, child, 0, 0);
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) break;
    if (request == PTRACE_CONT) show();
    else if (peek(6) & 15) show();
    if (place(ptrace(PTRACE_PEEKUSER, child, (void *)offsetof(struct user, regs.rip), 0)) == 8 && request != PTRACE_CONT) break;
  }
  if (WIFSTOPPED(status)) {
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
  }
  printf("  end %#x\n", status);
}

int main(int argc, char **argv) {
  (void)argv;
  if (argc > 1) {
    bytes[8] = 1;
    return 5;
  }
  start();
  result("address", poke(0, (unsigned long)bytes + 8));
  result("control", poke(7, control(0, WRITE, FOUR)));
  printf("read back %d %#lx %#lx\n", peek(0) == (unsigned long)bytes + 8, peek(7), peek(6));
  run("writes", PTRACE_CONT);

  start();
  poke(2, (unsigned long)bytes + 8);
  poke(7, control(2, ACCESS, ONE));
  run("accesses", PTRACE_CONT);

  start();
  poke(0, (unsigned long)at_2);
  poke(1, (unsigned long)at_7);
  poke(3, (unsigned long)bytes);
  poke(7, control(0, EXECUTE, ONE) | control(1, EXECUTE, ONE) | control(3, ACCESS, EIGHT));
  run("three kinds", PTRACE_CONT);

  start();
  poke(1, (unsigned long)bytes + 8);
  poke(7, control(1, WRITE, EIGHT));
  run("in steps", PTRACE_SINGLESTEP);

  start();
  result("unaligned", poke(0, (unsigned long)bytes + 2));
  result("for four bytes", poke(7, control(0, WRITE, FOUR)));
  result("for two", poke(7, control(0, WRITE, TWO)));
  result("no kind", poke(7, control(0, 2, ONE)));
  result("instructions of two bytes", poke(7, control(0, EXECUTE, TWO)));
  printf("still %#lx\n", peek(7));
  result("moved where it is unaligned", poke(0, (unsigned long)bytes + 3));
  result("DR4", poke(4, 1));
  result("DR5", poke(5, 0));
  result("the kernel's", poke(1, 0xffffffff80000000));
  result("DR6", poke(6, 0));
  printf("dr6 %#lx dr4 %#lx\n", peek(6), peek(4));
  poke(7, 0);
  run("none", PTRACE_CONT);

  // Neither a child has them, nor the next program.
  fflush(stdout);
  child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    pid_t pid = fork();
    if (pid == 0) {
      bytes[8] = 1;
      _exit(4);
    }
    waitpid(pid, &status, 0);
    if (!WIFEXITED(status)) _exit(99);
    execl((const char *)getauxval(AT_EXECFN), "again", "child", NULL);
  }
  waitpid(child, &status, 0);
  poke(0, (unsigned long)bytes + 8);
  poke(7, control(0, WRITE, ONE));
  do {
    int signo = WSTOPSIG(status);
    ptrace(PTRACE_CONT, child, 0, signo == SIGCHLD ? SIGCHLD : 0);
    waitpid(child, &status, 0);
    if (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP) printf("exec: %#lx %#lx\n", peek(0), peek(7));
  } while (WIFSTOPPED(status));
  printf("exited %d\n", WEXITSTATUS(status));
  return 0;
}
