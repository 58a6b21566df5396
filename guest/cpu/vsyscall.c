// The vsyscall page at 0xffffffffff600000 (arch/x86/entry/vsyscall, vsyscall=xonly): calls to its three addresses give the time
// and the processor, reading it or calling anything else there is SIGSEGV, as are bad pointers.
#define _GNU_SOURCE
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 0xffffffffff600000ul
static long (*const timeofday)(struct timeval *, struct timezone *) = (void *)PAGE;
static long (*const seconds)(time_t *) = (void *)(PAGE + 0x400);
static long (*const cpu_of)(unsigned *, unsigned *) = (void *)(PAGE + 0x800);

static sigjmp_buf back;
static void on_fault(int signo, siginfo_t *info, void *context) {
  greg_t *g = ((ucontext_t *)context)->uc_mcontext.gregs;
  printf("signal %d, code %#x, address %#lx, trap %lld, error %#llx, rip ", signo, info->si_code, (long)info->si_addr, g[REG_TRAPNO],
         g[REG_ERR]);
  if ((unsigned long)g[REG_RIP] >= PAGE) printf("%#llx\n", g[REG_RIP]);
  else printf("elsewhere\n");
  siglongjmp(back, 1);
}

#define TRY(what, ...)                         \
  do {                                         \
    printf("%s: ", what);                      \
    if (!sigsetjmp(back, 1)) { __VA_ARGS__; }  \
  } while (0)

/* A filter may refuse it as the system call that it stands for. */
static void refuse(unsigned action) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_time, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, action),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {4, code};
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    printf("refused with %ld, getcpu %ld\n", seconds(NULL), cpu_of(NULL, NULL));
    fflush(stdout);
    _exit(3);
  }
  int status;
  waitpid(child, &status, 0);
  printf("%s %d\n", WIFEXITED(status) ? "exit" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  static char alternate[65536];
  stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
  sigaltstack(&stack, NULL);
  setvbuf(stdout, NULL, _IOLBF, 0);
  sigaction(SIGSEGV, &sa, NULL);
  struct timeval tv;
  struct timezone tz = {7, 7};
  time_t before = time(NULL), stored = 0;
  long result = timeofday(&tv, &tz);
  time_t now = seconds(&stored);
  printf("gettimeofday: %ld, %d, zone %d %d\n", result, tv.tv_sec >= before - 1 && tv.tv_sec <= now + 1, tz.tz_minuteswest, tz.tz_dsttime);
  printf("time: %d %d\n", now >= before, stored == now);
  unsigned cpu = 77777, node = 77777;
  result = cpu_of(&cpu, &node);
  printf("getcpu: %ld, %d\n", result, cpu < 77777 && node < 77777);
  result = timeofday(NULL, NULL);
  printf("of nothing: %ld, %d, %ld\n", result, seconds(NULL) >= now, cpu_of(NULL, NULL));

  TRY("read", printf("%d\n", *(volatile char *)PAGE));
  TRY("write", *(volatile char *)PAGE = 1);
  TRY("unmapped pointer", seconds((void *)16));
  TRY("pointer of the kernel", seconds((void *)0xffff800000000000));
  TRY("pointer at the end", seconds((void *)0x7ffffffff000));
  TRY("second pointer of the kernel", timeofday(&tv, (void *)-64ul));
  TRY("between", ((long (*)(void))(PAGE + 1))());
  TRY("the fourth", ((long (*)(void))(PAGE + 0xc00))());
  TRY("the next page", ((long (*)(void))(PAGE + 0x1000))());
  TRY("a stack of nothing", __asm__ volatile("mov $4096, %%esp\n\tjmp *%0" ::"r"(PAGE + 0x400) : "memory"));
  refuse(SECCOMP_RET_ERRNO | 33);
  refuse(SECCOMP_RET_KILL_PROCESS);
  refuse(SECCOMP_RET_TRAP);
  return 0;
}
