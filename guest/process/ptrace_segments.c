// Segments that a tracer gives a 64-bit thread (PTRACE_SET_THREAD_AREA; arch/x86/kernel/tls.c): selectors of them are loaded, FS and
// GS get their bases, LAR, LSL, VERR and VERW tell of them; selectors of what there is not fault, and are 0 when the thread goes on.
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include <asm/ldt.h>
#include <asm/prctl.h>

enum { GET_AREA = 25, SET_AREA = 26 };
static pid_t child;
static volatile sig_atomic_t faults;
static void on_fault(int signo, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  printf("  fault %d code %d error %#llx\n", signo, info->si_code, uc->uc_mcontext.gregs[REG_ERR]);
  // mov %eax, %gs or %ss.
  uc->uc_mcontext.gregs[REG_RIP] += 2;
  faults++;
}
static unsigned gs(void) {
  unsigned selector;
  __asm__("mov %%gs, %0" : "=r"(selector));
  return selector & 0xffff;
}
static void look(const char *what, unsigned selector) {
  unsigned rights = 0, limit = 0;
  uint8_t lar, lsl, verr, verw;
  __asm__("lar %2, %0; setz %1" : "+r"(rights), "=r"(lar) : "r"(selector));
  __asm__("lsl %2, %0; setz %1" : "+r"(limit), "=r"(lsl) : "r"(selector));
  __asm__("verr %w1; setz %0" : "=r"(verr) : "r"(selector));
  __asm__("verw %w1; setz %0" : "=r"(verw) : "r"(selector));
  printf("%s %#x: rights %d %#x, limit %d %#x, read %d, write %d\n", what, selector, lar, rights & 0xf0ff00, lsl, limit, verr, verw);
}
static void stop(void) {
  fflush(stdout);
  raise(SIGSTOP);
}
static void show(const char *what) {
  unsigned long base = 0;
  syscall(SYS_arch_prctl, ARCH_GET_GS, &base);
  printf("%s: gs %#x, base %#lx\n", what, gs(), base);
}
static void tracee(uint64_t *low) {
  struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &sa, NULL);
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  look("before", 0x63);
  __asm__ volatile("mov %0, %%gs" : : "a"(0x63));
  stop();
  look("data", 0x63);
  look("with RPL 0", 0x60);
  look("read only", 0x6b);
  look("expand down", 0x73);
  __asm__ volatile("mov %0, %%gs" : : "a"(0x63));
  show("loaded");
  uint64_t value;
  __asm__("mov %%gs:8, %0" : "=r"(value));
  printf("by it %lu\n", value);
  __asm__ volatile("mov %0, %%gs" : : "a"(0x6b));
  __asm__("mov %%gs:0, %0" : "=r"(value));
  printf("read only, by it %lu\n", value);
  __asm__ volatile("movq %0, %%gs:0" : : "r"(44ul));
  printf("written all the same %lu\n", low[512]);
  __asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "a"(0x63));
  printf("ds and es %lu\n", low[1]);
  __asm__ volatile("mov %0, %%ds; mov %0, %%es" : : "a"(0));
  unsigned ss;
  __asm__ volatile("mov %%ss, %0" : "=r"(ss));
  __asm__ volatile("mov %0, %%ss" : : "a"(0x6b));
  printf("read only stack refused %d\n", faults);
  __asm__ volatile("mov %0, %%ss; mov %1, %%ss" : : "a"(0x63), "d"(ss));
  __asm__ volatile("mov %0, %%ss" : : "a"(0x60));
  printf("stack with RPL 0 refused %d\n", faults);
  __asm__ volatile("push %0; .byte 0x0f, 0xa9" : : "r"(0x73ul)); // pop %gs
  show("popped");
  fflush(stdout);
  const pid_t other = fork();
  if (other == 0) {
    show("a child");
    look("it has", 0x63);
    fflush(stdout);
    _exit(0);
  }
  waitpid(other, NULL, 0);
  __asm__ volatile("mov %0, %%gs" : : "a"(0x63));
  stop();
  show("moved while loaded");
  stop();
  show("taken away while loaded");
  look("after", 0x63);
  __asm__ volatile("mov %0, %%gs" : : "a"(0x63));
  show("not loaded");
  stop();
  show("a selector of nothing");
  stop();
  show("a selector of something");
  fflush(stdout);
  _exit(0);
}

// Other signals go on to the child.
static int until_stopped(void) {
  int status;
  waitpid(child, &status, 0);
  while (WIFSTOPPED(status) && WSTOPSIG(status) != SIGSTOP) {
    ptrace(PTRACE_CONT, child, 0, WSTOPSIG(status));
    waitpid(child, &status, 0);
  }
  return status;
}
static void go(const char *what) {
  ptrace(PTRACE_CONT, child, 0, 0);
  int status = until_stopped();
  if (WIFEXITED(status)) printf("exit %d\n", WEXITSTATUS(status));
}
static const char *set(unsigned entry, unsigned long base, unsigned limit, int contents, int readOnly, int pages) {
  struct user_desc d = {entry, base, limit, 1, contents, readOnly, pages, 0, 1};
  return ptrace(SET_AREA, child, (void *)(long)entry, &d) ? strerrorname_np(errno) : "0";
}
static const char *clear(unsigned entry) {
  struct user_desc d = {entry, 0, 0, 0, 0, 1, 0, 1, 0};
  return ptrace(SET_AREA, child, (void *)(long)entry, &d) ? strerrorname_np(errno) : "0";
}

static void print_gs(struct user_regs_struct *r) {
  ptrace(PTRACE_GETREGS, child, 0, r);
  printf(", gs %#llx base %#llx\n", r->gs, r->gs_base);
  fflush(stdout);
}

int main(void) {
  uint64_t *low = mmap((void *)0x12340000, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  low[0] = 11, low[1] = 22, low[512] = 33;
  setvbuf(stdout, NULL, _IOFBF, 1 << 14);
  child = fork();
  if (child == 0) tracee(low);
  until_stopped();
  printf("set %s %s %s\n", set(12, 0x12340000, 0xfffff, 0, 0, 1), set(13, 0x12341000, 0x123, 0, 1, 0), set(14, 0xfffff000, 0x12345, 1, 0, 1));
  fflush(stdout);
  go("data");
  struct user_regs_struct r;
  printf("move %s", set(12, 0x12341000, 0xfffff, 0, 0, 1));
  print_gs(&r);
  go("moved");
  printf("clear %s", clear(12));
  print_gs(&r);
  go("cleared");
  ptrace(PTRACE_GETREGS, child, 0, &r);
  r.gs = 0x63;
  printf("nothing %s", ptrace(PTRACE_SETREGS, child, 0, &r) ? strerrorname_np(errno) : "0");
  print_gs(&r);
  go("nothing");
  ptrace(PTRACE_GETREGS, child, 0, &r);
  r.gs = 0x6b;
  printf("something %s", ptrace(PTRACE_SETREGS, child, 0, &r) ? strerrorname_np(errno) : "0");
  print_gs(&r);
  go("something");
  return 0;
}
