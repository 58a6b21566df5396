// All registers in the frame: planted before a system call that sends a signal (rcx and r11 are clobbered by syscall)
// and before a fault (all as they were); rip, eflags, err, trapno, oldmask, cr2 of each; and restored by rt_sigreturn.
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

static greg_t seen[23];
static unsigned long mask_in_frame;
static int skip;

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig, (void)info;
  ucontext_t *uc = context;
  memcpy(seen, uc->uc_mcontext.gregs, sizeof seen);
  memcpy(&mask_in_frame, &uc->uc_sigmask, 8);
  uc->uc_mcontext.gregs[REG_RIP] += skip;
}

/* In: what to load, in the order rax rbx rcx rdx rsi rdi rbp r8..r15. Out: the same after the event. */
uint64_t in[15], out[15], saved_rsp, saved_rbp, out_flags, in_flags;
extern char at_call[], at_fault[], at_ud[];

#define LOAD \
  "mov %%rsp, saved_rsp\n\tmov %%rbp, saved_rbp\n\tpush in_flags\n\tpopfq\n\t" \
  "mov in, %%rax\n\tmov in+8, %%rbx\n\tmov in+16, %%rcx\n\tmov in+24, %%rdx\n\tmov in+32, %%rsi\n\t" \
  "mov in+40, %%rdi\n\tmov in+48, %%rbp\n\tmov in+56, %%r8\n\tmov in+64, %%r9\n\tmov in+72, %%r10\n\t" \
  "mov in+80, %%r11\n\tmov in+88, %%r12\n\tmov in+96, %%r13\n\tmov in+104, %%r14\n\tmov in+112, %%r15\n"
#define STORE \
  "\n\tmov %%rax, out\n\tmov %%rbx, out+8\n\tmov %%rcx, out+16\n\tmov %%rdx, out+24\n\tmov %%rsi, out+32\n\t" \
  "mov %%rdi, out+40\n\tmov %%rbp, out+48\n\tmov %%r8, out+56\n\tmov %%r9, out+64\n\tmov %%r10, out+72\n\t" \
  "mov %%r11, out+80\n\tmov %%r12, out+88\n\tmov %%r13, out+96\n\tmov %%r14, out+104\n\tmov %%r15, out+112\n\t" \
  "mov saved_rsp, %%rsp\n\tmov saved_rbp, %%rbp\n\tpushfq\n\tpop out_flags"
#define CLOBBERS "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc"

static const char *const names[] = {"rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"};
static const int index_of[] = {REG_RAX, REG_RBX, REG_RCX, REG_RDX, REG_RSI, REG_RDI, REG_RBP, REG_R8,
                               REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void plant(void) {
  for (int i = 0; i < 15; i++) in[i] = 0x1111111111111111ull * (i + 1) ^ 0xf00d;
  in_flags = 0x202 | 0x8d5;  // IF and all of OF SF ZF AF PF CF.
}

static void show(const char *what, const char *at) {
  printf("%s: rip=at%+lld trapno=%lld err=%#llx cr2=%#llx oldmask=%#llx mask=%#lx\n", what, seen[REG_RIP] - (greg_t)(uintptr_t)at,
         seen[REG_TRAPNO], seen[REG_ERR], seen[REG_CR2], seen[REG_OLDMASK], mask_in_frame);
  printf("  eflags=%#llx, after=%#llx, rsp same %d\n", seen[REG_EFL], (unsigned long long)out_flags, (uint64_t)seen[REG_RSP] == saved_rsp);
  printf("  csgsfs: cs=%#llx gs=%#llx fs=%#llx ss=%#llx\n", seen[REG_CSGSFS] & 0xffff, seen[REG_CSGSFS] >> 16 & 0xffff,
         seen[REG_CSGSFS] >> 32 & 0xffff, seen[REG_CSGSFS] >> 48 & 0xffff);
  for (int i = 0; i < 15; i++) {
    uint64_t frame = seen[index_of[i]];
    if (i == 2 && frame == (uint64_t)at) printf("  rcx=at");
    else if (frame == in[i]) printf("  %s=planted", names[i]);
    else printf("  %s=%#llx", names[i], (unsigned long long)frame);
    if (out[i] != frame) printf("(after %#llx)", (unsigned long long)out[i]);
  }
  printf("\n");
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &sa, NULL);
  sigaction(SIGSEGV, &sa, NULL);
  sigaction(SIGFPE, &sa, NULL);
  sigaction(SIGILL, &sa, NULL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGHUP);
  sigaddset(&set, 64);
  sigprocmask(SIG_BLOCK, &set, NULL);

  // Fresh registers of trapno, err and cr2: nothing has faulted visibly yet, so the first frame shows zeros.
  plant();
  in[0] = SYS_kill;
  in[4] = SIGUSR1;
  in[5] = getpid();
  __asm__ volatile(LOAD "syscall\nat_call:" STORE ::: CLOBBERS);
  in[5] = seen[REG_RDI] == getpid() ? seen[REG_RDI] : 0;
  for (int i = 5; i < 6; i++) seen[index_of[i]] = out[i] = in[i];
  show("kill", at_call);

  plant();
  in[0] = 0x10;
  skip = 2;
  __asm__ volatile(LOAD "at_fault: mov %%edx, (%%rax)" STORE ::: CLOBBERS);
  show("write at 0x10", at_fault);
  plant();
  __asm__ volatile(LOAD "at_ud: ud2" STORE ::: CLOBBERS);
  show("ud2", at_ud);

  // A later signal without a fault of its own still shows the last fault's trapno, err and cr2 (thread.trap_nr).
  skip = 0;
  plant();
  raise(SIGUSR1);
  printf("raise: trapno=%lld err=%#llx cr2=%#llx\n", seen[REG_TRAPNO], seen[REG_ERR], seen[REG_CR2]);
  return 0;
}
