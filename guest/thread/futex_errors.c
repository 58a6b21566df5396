// Every operation of futex(2) and each errno that one thread alone can see: futex(2), kernel/futex/syscalls.c.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long futex(void *word, int op, uint32_t val, void *timeout, void *word2, uint32_t val3) {
  return syscall(SYS_futex, word, op, val, timeout, word2, val3);
}

static void show(const char *what, long result) {
  if (result == -1) printf("%s: %s\n", what, strerrorname_np(errno));
  else printf("%s: %ld\n", what, result);
}

int main(void) {
  static uint32_t words[4];
  uint32_t *a = &words[0], *b = &words[1];
  struct timespec zero = {0, 0}, bad = {0, 1000000000}, negative = {-1, 0}, past = {1, 0};
  char *odd = (char *)a + 2;
  char *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint32_t *readonly = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  void *kernel = (void *)0xffff800000000000ul;

  show("wait other value", futex(a, FUTEX_WAIT, 1, NULL, NULL, 0));
  show("wait no time", futex(a, FUTEX_WAIT, 0, &zero, NULL, 0));
  show("wait bad time", futex(a, FUTEX_WAIT, 0, &bad, NULL, 0));
  show("wait negative time", futex(a, FUTEX_WAIT_PRIVATE, 0, &negative, NULL, 0));
  show("wait odd", futex(odd, FUTEX_WAIT, 0, NULL, NULL, 0));
  show("wait none", futex(none, FUTEX_WAIT, 0, NULL, NULL, 0));
  show("wait none private", futex(none, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0));
  show("wait readonly", futex(readonly, FUTEX_WAIT, 1, NULL, NULL, 0));
  show("wait readonly private", futex(readonly, FUTEX_WAIT_PRIVATE, 1, NULL, NULL, 0));
  show("wait bad pointer to time", futex(a, FUTEX_WAIT, 0, none, NULL, 0));
  show("wait realtime", futex(a, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, &zero, NULL, 0));
  show("wait_bitset empty", futex(a, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0));
  show("wait_bitset past", futex(a, FUTEX_WAIT_BITSET, 0, &past, NULL, 1));
  show("wait_bitset past realtime", futex(a, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past, NULL, 1));
  show("wait_bitset other value", futex(a, FUTEX_WAIT_BITSET, 7, &past, NULL, 1));
  show("wake nobody", futex(a, FUTEX_WAKE, 1, NULL, NULL, 0));
  show("wake odd", futex(odd, FUTEX_WAKE, 1, NULL, NULL, 0));
  show("wake none", futex(none, FUTEX_WAKE, 1, NULL, NULL, 0));
  show("wake none private", futex(none, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
  show("wake null private", futex(NULL, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
  show("wake kernel private", futex(kernel, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0));
  show("wake readonly", futex(readonly, FUTEX_WAKE, 1, NULL, NULL, 0));
  show("wake realtime", futex(a, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL, NULL, 0));
  show("wake_bitset empty", futex(a, FUTEX_WAKE_BITSET, 1, NULL, NULL, 0));
  show("wake_bitset", futex(a, FUTEX_WAKE_BITSET, 1, NULL, NULL, 8));
  show("fd", futex(a, FUTEX_FD, 0, NULL, NULL, 0));
  show("requeue", futex(a, FUTEX_REQUEUE, 1, (void *)1, b, 0));
  show("requeue negative", futex(a, FUTEX_REQUEUE, -1, (void *)1, b, 0));
  show("requeue negative 2", futex(a, FUTEX_REQUEUE, 1, (void *)-1l, b, 0));
  show("requeue odd", futex(a, FUTEX_REQUEUE, 1, (void *)1, odd, 0));
  show("requeue none", futex(a, FUTEX_REQUEUE, 1, (void *)1, none, 0));
  show("cmp_requeue", futex(a, FUTEX_CMP_REQUEUE, 1, (void *)1, b, 0));
  show("cmp_requeue other value", futex(a, FUTEX_CMP_REQUEUE, 1, (void *)1, b, 9));
  show("cmp_requeue none", futex(none, FUTEX_CMP_REQUEUE_PRIVATE, 1, (void *)1, b, 0));
  show("wake_op none", futex(a, FUTEX_WAKE_OP_PRIVATE, 1, (void *)1, none, FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)));
  show("wake_op unknown", futex(a, FUTEX_WAKE_OP, 1, (void *)1, b, 0x70000000));
  printf("word %u\n", *b);
  show("wake_op unknown comparison", futex(a, FUTEX_WAKE_OP, 1, (void *)1, b, 0x0f003000));
  printf("word %u\n", *b);
  *b = 0;

  uint32_t tid = gettid();
  show("unlock_pi not mine", futex(a, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
  show("unlock_pi none", futex(none, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  show("trylock_pi", futex(a, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
  printf("mine %d\n", *a == tid);
  show("trylock_pi again", futex(a, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
  show("lock_pi again", futex(a, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
  show("lock_pi bad time", futex(a, FUTEX_LOCK_PI, 0, &bad, NULL, 0));
  show("lock_pi realtime", futex(a, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, NULL, NULL, 0));
  show("unlock_pi", futex(a, FUTEX_UNLOCK_PI, 0, NULL, NULL, 0));
  printf("free %d\n", *a == 0);
  *a = FUTEX_OWNER_DIED;
  show("lock_pi of the dead", futex(a, FUTEX_LOCK_PI2_PRIVATE, 0, NULL, NULL, 0));
  printf("%x\n", *a & ~FUTEX_TID_MASK);
  show("unlock_pi", futex(a, FUTEX_UNLOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  *a = 0x3ffffff0;
  show("lock_pi of nobody", futex(a, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
  printf("%x\n", *a);
  *a = 0x3ffffff0;
  show("trylock_pi of nobody", futex(a, FUTEX_TRYLOCK_PI, 0, NULL, NULL, 0));
  *a = 0;
  show("lock_pi odd", futex(odd, FUTEX_LOCK_PI, 0, NULL, NULL, 0));
  show("lock_pi readonly", futex(readonly, FUTEX_LOCK_PI_PRIVATE, 0, NULL, NULL, 0));
  show("wait_requeue_pi same", futex(a, FUTEX_WAIT_REQUEUE_PI, 0, NULL, a, 0));
  show("wait_requeue_pi other value", futex(a, FUTEX_WAIT_REQUEUE_PI, 5, NULL, b, 0));
  show("wait_requeue_pi past", futex(a, FUTEX_WAIT_REQUEUE_PI, 0, &past, b, 0));
  show("wait_requeue_pi past realtime", futex(a, FUTEX_WAIT_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 0, &past, b, 0));
  show("cmp_requeue_pi same", futex(a, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, a, 0));
  show("cmp_requeue_pi wakes two", futex(a, FUTEX_CMP_REQUEUE_PI, 2, (void *)1, b, 0));
  show("cmp_requeue_pi negative", futex(a, FUTEX_CMP_REQUEUE_PI, 1, (void *)-1l, b, 0));
  show("cmp_requeue_pi other value", futex(a, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, b, 3));
  show("cmp_requeue_pi nobody", futex(a, FUTEX_CMP_REQUEUE_PI, 1, (void *)1, b, 0));
  show("unknown", futex(a, 14, 0, NULL, NULL, 0));
  show("unknown", futex(a, 99, 0, NULL, NULL, 0));
  printf("%u %u\n", *a, *b);
  return 0;
}
