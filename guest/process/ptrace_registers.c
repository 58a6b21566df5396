// Ptrace(2), registers and memory of a tracee: PTRACE_PEEK and POKE of text, data and struct user, the register sets, breakpoints by
// INT3, single steps over instructions, calls and into a handler, PTRACE_SYSEMU, process_vm_readv, and /proc/PID/mem.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef PTRACE_SYSEMU
#define PTRACE_SYSEMU 31
#endif

static pid_t child;
static int status;
static volatile long variable = 0x1122334455667788;
// Where nobody may write, and the compiler knows nothing of its value.
extern const long constant;
__asm__(".pushsection .rodata\n.balign 8\nconstant: .quad 0x0102030405060708\n.popsection");
static char *shared, *nothing;

static void result(const char *name, long value) {
  printf("%s: %ld%s%s\n", name, value, value < 0 ? " " : "", value < 0 ? strerrorname_np(errno) : "");
}

static void next(void) {
  waitpid(child, &status, 0);
}

static void start(void (*body)(void)) {
  fflush(stdout);
  child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    body();
    _exit(0);
  }
  next();
}

static void resume(int request, int signo) {
  ptrace(request, child, 0, signo);
  next();
}

static struct user_regs_struct registers(void) {
  struct user_regs_struct regs;
  ptrace(PTRACE_GETREGS, child, 0, &regs);
  return regs;
}

// Registers with known values, then INT3.
static void known(void) {
  static double one = 1.5, two = -2.25;
  __asm__ volatile(
      "movq %0, %%xmm3\n fldl %1\n stc\n std\n"
      "movq $0x101, %%r8\n movq $0x202, %%r9\n movq $0x303, %%r12\n movq $-4, %%rcx\n movq $0x5, %%rdx\n"
      "int3\n cld\n"
      "cmpq $0x777, %%r12\n je 1f\n ud2\n1:\n"
      "movq %%xmm3, %%rax\n movabsq $0x4010000000000000, %%rcx\n cmpq %%rcx, %%rax\n je 2f\n ud2\n2:\n"
      "fstp %%st(0)\n"
      :
      : "m"(two), "m"(one)
      : "rax", "rcx", "rdx", "r8", "r9", "r12", "xmm3", "memory", "cc");
  _exit(6);
}

static void words(void) {
  start(known);
  resume(PTRACE_CONT, 0);
  struct user_regs_struct regs = registers();
  printf("stop %#x: r8 %#llx r9 %#llx r12 %#llx rcx %lld rdx %lld orig_rax %lld flags %#llx cs %#llx ss %#llx\n", status, regs.r8, regs.r9,
         regs.r12, (long long)regs.rcx, regs.rdx, (long long)regs.orig_rax, regs.eflags & 0xed5, regs.cs, regs.ss);
  long text = ptrace(PTRACE_PEEKTEXT, child, (void *)(regs.rip - 1), 0);
  printf("the instruction: %#lx\n", text & 0xff);
  siginfo_t si;
  ptrace(PTRACE_GETSIGINFO, child, 0, &si);
  printf("si_signo %d code %#x\n", si.si_signo, si.si_code);
  errno = 0;
  printf("by words: rip %d r12 %#lx", ptrace(PTRACE_PEEKUSER, child, (void *)offsetof(struct user, regs.rip), 0) == (long)regs.rip,
         ptrace(PTRACE_PEEKUSER, child, (void *)offsetof(struct user, regs.r12), 0));
  printf(" debug registers %ld %#lx %ld errno %d\n", ptrace(PTRACE_PEEKUSER, child, (void *)offsetof(struct user, u_debugreg[0]), 0),
         ptrace(PTRACE_PEEKUSER, child, (void *)offsetof(struct user, u_debugreg[6]), 0) & 0xf,
         ptrace(PTRACE_PEEKUSER, child, (void *)offsetof(struct user, u_debugreg[7]), 0), errno);
  result("between words", ptrace(PTRACE_PEEKUSER, child, (void *)3, 0));
  result("behind the end", ptrace(PTRACE_PEEKUSER, child, (void *)(sizeof(struct user) + 16), 0));
  result("set r12", ptrace(PTRACE_POKEUSER, child, (void *)offsetof(struct user, regs.r12), 0x777));
  result("set cs", ptrace(PTRACE_POKEUSER, child, (void *)offsetof(struct user, regs.cs), 0));
  result("set fs_base", ptrace(PTRACE_POKEUSER, child, (void *)offsetof(struct user, regs.fs_base), 1l << 60));
  // Flags that a program cannot have are left as they are.
  ptrace(PTRACE_POKEUSER, child, (void *)offsetof(struct user, regs.eflags), ~0l);
  printf("flags %#llx\n", registers().eflags);
  ptrace(PTRACE_POKEUSER, child, (void *)offsetof(struct user, regs.eflags), regs.eflags);
  struct user_fpregs_struct fp;
  ptrace(PTRACE_GETFPREGS, child, 0, &fp);
  printf("xmm3 %#x%08x st0 %#x %#x%08x cwd %#x swd %#x ftw %#x mxcsr %#x\n", fp.xmm_space[13], fp.xmm_space[12], fp.st_space[2] & 0xffff,
         fp.st_space[1], fp.st_space[0], fp.cwd, fp.swd, fp.ftw, fp.mxcsr);
  fp.xmm_space[13] = 0x40100000;
  result("set", ptrace(PTRACE_SETFPREGS, child, 0, &fp));
  fp.mxcsr = ~0u;
  result("set a bad mxcsr", ptrace(PTRACE_SETFPREGS, child, 0, &fp));
  resume(PTRACE_CONT, 0);
  printf("exited %d\n", WEXITSTATUS(status));
}

static void sets(void) {
  start(known);
  resume(PTRACE_CONT, 0);
  struct user_regs_struct regs;
  memset(&regs, 0, sizeof regs);
  struct iovec iov = {&regs, sizeof regs};
  result("NT_PRSTATUS", ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  printf("%zu bytes, r12 %#llx\n", iov.iov_len, regs.r12);
  iov.iov_len = 32;
  regs.r12 = 0x777;
  result("the first four", ptrace(PTRACE_SETREGSET, child, NT_PRSTATUS, &iov));
  iov.iov_len = 1000;
  result("more room", ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  printf("%zu bytes, r12 %#llx\n", iov.iov_len, regs.r12);
  iov.iov_len = 12;
  result("a part of a word", ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &iov));
  iov.iov_len = sizeof regs;
  result("no such set", ptrace(PTRACE_GETREGSET, child, 0x7777, &iov));
  struct user_fpregs_struct fp;
  iov = (struct iovec){&fp, sizeof fp};
  result("NT_PRFPREG", ptrace(PTRACE_GETREGSET, child, NT_PRFPREG, &iov));
  printf("%zu bytes, xmm3 %#x\n", iov.iov_len, fp.xmm_space[13]);
  static _Alignas(64) unsigned char area[1 << 16];
  iov = (struct iovec){area, sizeof area};
  result("NT_X86_XSTATE", ptrace(PTRACE_GETREGSET, child, NT_X86_XSTATE, &iov));
  uint64_t features, xcr0;
  memcpy(&xcr0, area + 464, 8);
  memcpy(&features, area + 512, 8);
  printf("enough %d, xcr0 %#lx, xmm3 %#x, x87 and sse %#lx\n", iov.iov_len >= 576, xcr0 & 3, *(unsigned *)(area + 160 + 3 * 16 + 4), features & 3);
  *(unsigned *)(area + 160 + 3 * 16 + 4) = 0x40100000;
  result("set", ptrace(PTRACE_SETREGSET, child, NT_X86_XSTATE, &iov));
  area[512 + 8] = 1;
  result("set with a bad header", ptrace(PTRACE_SETREGSET, child, NT_X86_XSTATE, &iov));
  resume(PTRACE_CONT, 0);
  printf("exited %d\n", WEXITSTATUS(status));
}

static void sleeps(void) {
  __asm__ volatile("int3");
  if (variable != 0x55 || constant != 0x66) _exit(1);
  __asm__ volatile("int3");
  _exit(strcmp(shared, "written") == 0 ? 7 : 8);
}

static void memory(void) {
  start(sleeps);
  resume(PTRACE_CONT, 0);
  printf("peek %#lx %#lx\n", ptrace(PTRACE_PEEKDATA, child, &variable, 0), ptrace(PTRACE_PEEKDATA, child, &constant, 0));
  errno = 0;
  long across = ptrace(PTRACE_PEEKDATA, child, (char *)&variable + 3, 0) & 0xffffff;
  printf("unaligned %#lx errno %d\n", across, errno);
  result("nowhere", ptrace(PTRACE_PEEKDATA, child, 8, 0));
  result("poke nowhere", ptrace(PTRACE_POKEDATA, child, 8, 0));
  result("poke", ptrace(PTRACE_POKEDATA, child, &variable, 0x55));
  result("poke a constant", ptrace(PTRACE_POKEDATA, child, &constant, 0x66));
  result("no access", ptrace(PTRACE_PEEKDATA, child, nothing, 0));
  result("poke without access", ptrace(PTRACE_POKEDATA, child, nothing, 0x77));
  result("no access", ptrace(PTRACE_PEEKDATA, child, nothing, 0));
  printf("mine: %#lx %#lx\n", variable, constant);
  resume(PTRACE_CONT, 0);
  printf("stop %#x\n", status);
  char buffer[64] = "";
  struct iovec local = {buffer, 8}, remote = {(void *)&variable, 8};
  result("process_vm_readv", process_vm_readv(child, &local, 1, &remote, 1, 0));
  printf("%#lx\n", *(long *)buffer);
  strcpy(buffer, "written");
  remote.iov_base = shared;
  result("process_vm_writev", process_vm_writev(child, &local, 1, &remote, 1, 0));
  remote.iov_base = (void *)&constant;
  result("read only", process_vm_writev(child, &local, 1, &remote, 1, 0));
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/mem", child);
  int fd = open(path, O_RDWR);
  long value = 0;
  result("mem", pread(fd, &value, 8, (long)&constant));
  printf("%#lx\n", value);
  value = 0x99;
  result("mem, written", pwrite(fd, &value, 8, (long)&constant));
  printf("%#lx\n", ptrace(PTRACE_PEEKDATA, child, &constant, 0));
  result("nowhere", pread(fd, &value, 8, 16));
  result("seek", lseek(fd, (long)&constant, SEEK_SET) == (long)&constant);
  result("read", read(fd, &value, 8));
  result("its place", lseek(fd, 0, SEEK_CUR) == (long)&constant + 8);
  result("from the end", lseek(fd, 0, SEEK_END));
  result("shared, up to its end", pread(fd, buffer, sizeof buffer, (long)shared + 4096 - 10));
  resume(PTRACE_CONT, 0);
  printf("exited %d\n", WEXITSTATUS(status));
  result("gone", pread(fd, &value, 8, (long)&constant));
  close(fd);
}

static void handler(int signo) {
  (void)signo;
  __asm__ volatile("" ::: "memory");
}

__attribute__((noinline)) static void entered(void) {
  __asm__ volatile("");
  variable++;
}

static void breaks(void) {
  for (int i = 0; i < 3; i++) entered();
  _exit((int)variable & 0x7f);
}

// A breakpoint of one byte, stepped over each time.
static void breakpoints(void) {
  variable = 10;
  start(breaks);
  long text = ptrace(PTRACE_PEEKTEXT, child, entered, 0);
  ptrace(PTRACE_POKETEXT, child, entered, (text & ~0xffl) | 0xcc);
  for (int i = 0; i < 3; i++) {
    resume(PTRACE_CONT, 0);
    struct user_regs_struct regs = registers();
    printf("breakpoint %#x at its place %d, variable %ld\n", status, regs.rip == (unsigned long)entered + 1,
           ptrace(PTRACE_PEEKDATA, child, &variable, 0));
    regs.rip = (unsigned long)entered;
    ptrace(PTRACE_SETREGS, child, 0, &regs);
    ptrace(PTRACE_POKETEXT, child, entered, text);
    resume(PTRACE_SINGLESTEP, 0);
    siginfo_t si;
    ptrace(PTRACE_GETSIGINFO, child, 0, &si);
    printf("step %#x code %d flags %#llx\n", status, si.si_code, registers().eflags & 0x100);
    ptrace(PTRACE_POKETEXT, child, entered, (text & ~0xffl) | 0xcc);
  }
  resume(PTRACE_CONT, 0);
  printf("exited %d\n", WEXITSTATUS(status));
}

extern char walk_1[], walk_2[], walk_3[], walk_4[], walk_5[], walk_6[], walk_7[];
static void walks(void) {
  signal(SIGUSR1, handler);
  signal(SIGTRAP, handler);
  __asm__ volatile(
      "movl $110, %%eax\n int3\n"
      "walk_1: nop\n"
      "walk_2: syscall\n"
      "walk_3: movl $3, %%ecx\n"
      "walk_4: rep stosb\n"
      "walk_5: pushfq\n"
      "walk_6: popq %%rax\n"
      "walk_7: nop\n"
      :
      : "D"(shared + 100)
      : "rax", "rcx", "r11", "memory", "cc");
  _exit(0);
}

static int place(unsigned long rip) {
  const char *places[] = {walk_1, walk_2, walk_3, walk_4, walk_5, walk_6, walk_7};
  for (int i = 0; i < 7; i++)
    if (rip == (unsigned long)places[i]) return i + 1;
  return rip == (unsigned long)handler ? 100 : 0;
}

static void step(int request, int signo) {
  resume(request, signo);
  siginfo_t si;
  memset(&si, 0, sizeof si);
  ptrace(PTRACE_GETSIGINFO, child, 0, &si);
  struct user_regs_struct regs = registers();
  printf("at %d: %#x code %#x addr %d flags %#llx orig_rax %lld rcx %lld\n", place(regs.rip), status, si.si_code,
         si.si_addr == (void *)regs.rip, regs.eflags & 0x100, (long long)regs.orig_rax, (long long)(regs.rcx < 100 ? regs.rcx : 100));
}

static void steps(void) {
  start(walks);
  resume(PTRACE_CONT, 0);
  for (int i = 0; i < 7; i++) step(PTRACE_SINGLESTEP, 0);
  // PUSHF shows the tracer's flag to the program.
  for (int i = 0; i < 2; i++) step(PTRACE_SINGLESTEP, 0);
  printf("pushed %#llx\n", registers().rax & 0x100);
  // A signal: the step ends at the handler's first instruction.
  step(PTRACE_SINGLESTEP, SIGUSR1);
  step(PTRACE_SINGLESTEP, 0);
  kill(child, SIGKILL);
  next();
  printf("killed by %d\n", WTERMSIG(status));
}

static void emulated(void) {
  long a = syscall(SYS_getppid), b = syscall(SYS_kill, getpid(), SIGKILL);
  _exit((int)(a + b));
}

// The tracer answers every call itself.
static void emulates(void) {
  start(emulated);
  ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD);
  for (;;) {
    resume(PTRACE_SYSEMU, 0);
    struct user_regs_struct regs = registers();
    printf("call %lld status %#x rax %lld\n", (long long)regs.orig_rax, status, (long long)regs.rax);
    if (regs.orig_rax == SYS_exit_group) break;
    regs.rax = regs.orig_rax == SYS_getpid ? child : 20;
    ptrace(PTRACE_SETREGS, child, 0, &regs);
  }
  struct user_regs_struct regs = registers();
  printf("exits with %lld\n", (long long)regs.rdi);
  ptrace(PTRACE_KILL, child, 0, 0);
  next();
  printf("killed by %d\n", WTERMSIG(status));
}

int main(void) {
  shared = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  munmap(shared + 4096, 4096);
  // (munmap leaves a hole, which the next mapping must not fill.)
  nothing = mmap(shared - (1 << 24), 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  words();
  sets();
  memory();
  breakpoints();
  steps();
  emulates();
  return 0;
}
