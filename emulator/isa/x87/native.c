/*
 * Runs single x87 instructions on the host CPU for the tests beside it. Reads a file of questions, writes a file of
 * answers. Each instruction lies at CODE, followed by a jump back, and is given the FXSAVE image, rax, rdi, flags, GS
 * base and the memory around the border between a writable and a read-only page, behind which nothing is mapped.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define CODE 0x60000000UL
#define DATA 0x61000000UL
#define PAGE 4096UL
/* The memory of a question: this much before and behind the border at DATA + PAGE. */
#define HALF 128

struct question {
  uint8_t fx[512];
  uint8_t memory[2 * HALF];
  uint8_t code[16];
  uint64_t length;
  uint64_t rax;
  uint64_t rdi;
  uint64_t rflags;
  uint64_t gsBase;
};

struct answer {
  uint8_t fx[512];
  uint8_t memory[2 * HALF];
  uint8_t environment[32];
  int64_t vector; /* -1: none */
  uint64_t error;
  uint64_t cr2;
  uint64_t rax;
  uint64_t rflags;
};

struct {
  uint8_t fx[512];
  uint8_t environment[32];
  uint64_t rax, rdi, rflags, rsp;
} cpu __attribute__((aligned(64)));

void execute(void);
extern char back[];

__asm__(
    ".text\n"
    "execute:\n\t"
    "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; pushfq\n\t"
    "mov %rsp, cpu+568(%rip)\n\t"
    "fxrstor64 cpu(%rip)\n\t"
    "mov cpu+544(%rip), %rax\n\t"
    "mov cpu+552(%rip), %rdi\n\t"
    "pushq cpu+560(%rip)\n\t"
    "mov $0x60000000, %r11d\n\t"
    "popfq\n\t"
    "jmp *%r11\n"
    "back:\n\t"
    "pushfq\n\t"
    "popq cpu+560(%rip)\n\t"
    "mov %rax, cpu+544(%rip)\n\t"
    "fxsave64 cpu(%rip)\n\t"
    "fnstenv cpu+512(%rip)\n\t"
    "fninit\n\t"
    "mov cpu+568(%rip), %rsp\n\t"
    "popfq; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n\t"
    "ret\n");

static volatile int64_t vector, error, cr2;

static void onFault(int signal, siginfo_t *info, void *context) {
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  (void)signal;
  (void)info;
  if ((unsigned long)registers[REG_RIP] != CODE) __builtin_trap();
  vector = registers[REG_TRAPNO];
  error = registers[REG_ERR];
  cr2 = registers[REG_CR2];
  registers[REG_RIP] = (greg_t)back;
}

static void *map(int file, off_t offset, unsigned long address, int protection) {
  void *p = mmap((void *)address, PAGE, protection, MAP_SHARED | MAP_POPULATE | (address ? MAP_FIXED_NOREPLACE : 0), file, offset);
  if (p == MAP_FAILED) exit(2);
  return p;
}

int main(int argc, char **argv) {
  static struct question q;
  static struct answer a;
  static uint8_t alternate[65536];
  FILE *in = argc == 3 ? fopen(argv[1], "rb") : 0, *out = argc == 3 ? fopen(argv[2], "wb") : 0;
  if (!in || !out) return 1;
  int file = memfd_create("pages", 0);
  if (ftruncate(file, 4 * PAGE)) return 1;
  uint8_t *code = map(file, 0, CODE, PROT_READ | PROT_WRITE | PROT_EXEC);
  uint8_t *first = map(file, PAGE, DATA, PROT_READ | PROT_WRITE);
  map(file, 2 * PAGE, DATA + PAGE, PROT_READ);
  uint8_t *second = map(file, 2 * PAGE, 0, PROT_READ | PROT_WRITE);

  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, 0);
  struct sigaction action = {.sa_sigaction = onFault, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  const int signals[] = {SIGFPE, SIGSEGV, SIGILL, SIGBUS, SIGTRAP};
  for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);

  while (fread(&q, sizeof q, 1, in) == 1) {
    memcpy(code, q.code, q.length);
    uint8_t *jump = code + q.length;
    /* mov r11, back; jmp r11: reads no memory, whose alignment might be checked. */
    memcpy(jump, "\x49\xbb", 2);
    uint64_t target = (uint64_t)back;
    memcpy(jump + 2, &target, 8);
    memcpy(jump + 10, "\x41\xff\xe3", 3);
    memcpy(first + PAGE - HALF, q.memory, HALF);
    memcpy(second, q.memory + HALF, HALF);
    memcpy(cpu.fx, q.fx, sizeof cpu.fx);
    cpu.rax = q.rax;
    cpu.rdi = q.rdi;
    cpu.rflags = q.rflags;
    syscall(SYS_arch_prctl, ARCH_SET_GS, q.gsBase);
    vector = -1;
    error = cr2 = 0;
    execute();
    memset(&a, 0, sizeof a);
    memcpy(a.fx, cpu.fx, sizeof a.fx);
    memcpy(a.environment, cpu.environment, 28);
    memcpy(a.memory, first + PAGE - HALF, HALF);
    memcpy(a.memory + HALF, second, HALF);
    a.vector = vector;
    a.error = error;
    a.cr2 = cr2;
    a.rax = cpu.rax;
    a.rflags = cpu.rflags;
    if (fwrite(&a, sizeof a, 1, out) != 1) return 1;
  }
  return fclose(out) ? 1 : 0;
}
