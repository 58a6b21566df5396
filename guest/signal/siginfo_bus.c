// SIGBUS: touching a page of a mapped file that lies wholly past its end gives BUS_ADRERR with the address (do_sigbus);
// the rest of the last page reads as zeros. Alignment check with EFLAGS.AC gives BUS_ADRALN (exc_alignment_check).
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static sigjmp_buf back;
static siginfo_t got;
static greg_t trapno, err;
static int aligned;

static void handler(int sig, siginfo_t *info, void *context) {
  (void)sig;
  // Linux clears DF, RF and TF for a handler, not AC: further misaligned accesses would fault in here.
  unsigned long flags;
  __asm__ volatile("pushfq\n\tmov (%%rsp), %0\n\tandl $~0x40000, (%%rsp)\n\tpopfq" : "=r"(flags)::"cc", "memory");
  aligned = !!(flags & 0x40000);
  got = *info;
  trapno = ((ucontext_t *)context)->uc_mcontext.gregs[REG_TRAPNO];
  err = ((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR];
  siglongjmp(back, 1);
}

static void show(const char *what, const void *addr) {
  printf("%s: signo=%d code=%d addr=%s trapno=%lld err=%lld\n", what, got.si_signo, got.si_code,
         got.si_addr == addr ? "as expected" : "WRONG", trapno, err);
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGBUS, &sa, NULL);
  char name[] = "/tmp/guest-XXXXXX";
  int fd = mkstemp(name);
  unlink(name);
  if (ftruncate(fd, 100)) return 1;
  for (int shared = 0; shared < 2; shared++) {
    volatile char *map = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, shared ? MAP_SHARED : MAP_PRIVATE, fd, 0);
    printf("%s: tail byte %d\n", shared ? "shared" : "private", map[4095]);
    if (!sigsetjmp(back, 1)) {
      printf("read %d\n", map[4096 + 7]);
    } else {
      show("read past end", (char *)map + 4096 + 7);
    }
    if (!sigsetjmp(back, 1)) {
      map[8192] = 1;
      printf("written\n");
    } else {
      show("write past end", (char *)map + 8192);
    }
    // A file that shrinks takes its pages away from the mapping.
    if (ftruncate(fd, 4096 * 2)) return 1;
    map[4096] = 'x';
    printf("grown: %c\n", map[4096]);
    if (ftruncate(fd, 100)) return 1;
    if (!sigsetjmp(back, 1)) {
      printf("read %d\n", map[4096]);
    } else {
      show("read after shrinking", (char *)map + 4096);
    }
  }
  if (!sigsetjmp(back, 1)) {
    uint64_t word[2] = {0};
    char *odd = (char *)word + 1;
    uint64_t value;
    __asm__ volatile(
        "lea -128(%%rsp), %%rsp\n\tpushfq\n\torl $0x40000, (%%rsp)\n\tpopfq\n\tmov (%1), %0\n\t"
        "pushfq\n\tandl $~0x40000, (%%rsp)\n\tpopfq\n\tlea 128(%%rsp), %%rsp"
        : "=&r"(value)
        : "r"(odd)
        : "memory", "cc");
    printf("no alignment check\n");
  } else {
    printf("alignment: signo=%d code=%d addr=%s trapno=%lld err=%lld AC in handler %d\n", got.si_signo, got.si_code,
           got.si_addr ? "set" : "0", trapno, err, aligned);
  }
  return 0;
}
