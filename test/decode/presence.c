// Which bytes are an instruction, and how long: asked from the processor. Reads records of 16 bytes from the file argv[1],
// executes the instruction at the start of each, and writes one byte for it to the file argv[2]: its length, 0 if it
// raised #UD, 255 if it raised anything else, which says that there is an instruction, but not how long it is.
//
// Every register that may address memory points into a page, with zeros around; rdx is zero.
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { RECORD = 16, BUFFER = 4096, REACH = 256, STACK = 65536 };
static unsigned char *code, *data;
static sigjmp_buf back;
static volatile int answer;

static void handler(int sig, siginfo_t *info, void *context) {
  const ucontext_t *uc = context;
  long done = uc->uc_mcontext.gregs[REG_RIP] - (long)code;
  (void)info;
  if (sig == SIGTRAP && done == 0) return;  // the step to the instruction
  answer = sig == SIGTRAP ? done : sig == SIGILL ? 0 : 255;
  siglongjmp(back, 1);
}

static int ask(const unsigned char *record) {
  memcpy(code, record, RECORD);
  if (sigsetjmp(back, 0) == 0) {
    uint32_t mxcsr = 0x1f80;
    memset(data - REACH, 0, 2 * REACH);
    __asm__ volatile(
        "ldmxcsr %[mxcsr]\n"
        "mov %[data], %%rax\n"
        "mov %[code], %%r11\n"
        "mov %%rax, %%rcx\n"
        "mov %%rax, %%rbx\n"
        "mov %%rax, %%rsi\n"
        "mov %%rax, %%rdi\n"
        "xor %%edx, %%edx\n"
        "pushf\n"
        "orl $0x100, (%%rsp)\n"
        "popf\n"
        "jmp *%%r11\n"
        :
        : [mxcsr] "m"(mxcsr), [data] "m"(data), [code] "m"(code)
        : "memory");
  }
  return answer;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  FILE *in = fopen(argv[1], "rb"), *out = fopen(argv[2], "wb");
  if (!in || !out) return 2;
  code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  data = (unsigned char *)mmap(NULL, BUFFER, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) + BUFFER / 2;
  stack_t stack = {.ss_sp = malloc(STACK), .ss_size = STACK};
  sigaltstack(&stack, NULL);
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
  const int signals[] = {SIGTRAP, SIGILL, SIGSEGV, SIGBUS, SIGFPE};
  for (size_t n = 0; n < sizeof signals / sizeof *signals; n++) sigaction(signals[n], &action, NULL);
  unsigned char record[RECORD];
  while (fread(record, RECORD, 1, in) == 1) fputc(ask(record), out);
  return fclose(out) != 0;
}
