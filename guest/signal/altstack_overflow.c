// A stack overflow is survived on the alternate stack; a handler that overflows the alternate stack, or an alternate
// stack without room for a frame, ends in SIGSEGV with the default action (get_sigframe's "nested_altstack" check).
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static sigjmp_buf back;
static char *low;
static int code;

static void handler(int sig, siginfo_t *info, void *uc) {
  (void)sig, (void)uc;
  low = info->si_addr;
  code = info->si_code;
  siglongjmp(back, 1);
}

__attribute__((noinline)) static int deep(int n) {
  volatile char pad[4000];
  pad[0] = n;
  return n == 0 ? 0 : deep(n - 1) + pad[0];
}

static void eat(int sig) {
  (void)sig;
  deep(100000);
}

static void recurse(int sig) { raise(sig); }

static char *place[3];
static int level;

static void measure(int sig) {
  place[level++] = __builtin_frame_address(0);
  if (level < 3) raise(sig);
}

/*
 * An alternate stack in the area above `low` whose last frame leaves half a frame's room. With less than the red zone left
 * Linux takes the stack pointer for one outside the stack, and begins at the top again: for ever.
 */
static stack_t with_half_a_frame_left(char *area, size_t size) {
  stack_t s = {.ss_sp = area, .ss_size = size};
  sigaltstack(&s, NULL);
  struct sigaction sa = {.sa_handler = measure, .sa_flags = SA_ONSTACK | SA_NODEFER};
  sigaction(SIGUSR1, &sa, NULL);
  raise(SIGUSR1);
  size_t each = place[1] - place[2], rest = (place[2] - area) % each;
  size_t spare = (rest + each - each / 2) % each;
  return (stack_t){.ss_sp = area + spare, .ss_size = size - spare};
}

static void report(const char *what, pid_t child) {
  int status;
  waitpid(child, &status, 0);
  printf("%s: %s %d\n", what, WIFSIGNALED(status) ? "killed by" : "exit", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  fflush(stdout);
}

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_STACK, &limit);
  limit.rlim_cur = 256 << 10;
  setrlimit(RLIMIT_STACK, &limit);
  // The guard below the alternate stack makes its overflow visible.
  char *area = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  mprotect(area, 16384, PROT_NONE);
  stack_t s = {.ss_sp = area + 16384, .ss_size = 65536 - 16384};
  sigaltstack(&s, NULL);
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGSEGV, &sa, NULL);
  char here;
  for (int i = 0; i < 2; i++) {
    if (!sigsetjmp(back, 1)) {
      deep(100000);
      printf("no overflow\n");
    } else {
      printf("overflow caught: code %s, address within the limit %d\n", code == SEGV_MAPERR ? "SEGV_MAPERR" : "?",
             &here - low > 200000 && &here - low < 300000);
    }
  }
  fflush(stdout);

  pid_t child = fork();
  if (child == 0) {
    struct sigaction e = {.sa_handler = eat, .sa_flags = SA_ONSTACK};
    sigaction(SIGUSR1, &e, NULL);
    signal(SIGSEGV, SIG_DFL);
    raise(SIGUSR1);
    _exit(0);
  }
  report("handler overflows it", child);

  child = fork();
  if (child == 0) {
    // Each nested frame needs its room: at the end the kernel cannot place one and forces SIGSEGV, which cannot be
    // placed either.
    s = with_half_a_frame_left(area + 16384, 65536 - 16384);
    sigaltstack(&s, NULL);
    struct sigaction e = {.sa_handler = recurse, .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigaction(SIGUSR1, &e, NULL);
    raise(SIGUSR1);
    _exit(0);
  }
  report("frames overflow it", child);

  child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    struct sigaction e = {.sa_handler = recurse, .sa_flags = SA_NODEFER};
    sigaction(SIGUSR1, &e, NULL);
    raise(SIGUSR1);
    _exit(0);
  }
  report("frames overflow the main stack", child);

  child = fork();
  if (child == 0) {
    mprotect(area, 65536, PROT_READ);
    deep(100000);
    _exit(0);
  }
  report("read-only alternate stack", child);
  return 0;
}
