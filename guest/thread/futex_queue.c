// Who is woken and in which order: counts, bitsets, requeueing, FUTEX_WAKE_OP; kernel/futex/waitwake.c, requeue.c.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { N = 6 };
static uint32_t a, b, done;
static volatile int tids[N], woken[N];

static long futex(uint32_t *word, int op, uint32_t val, unsigned long val2, uint32_t *word2, uint32_t val3) {
  return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, val, val2, word2, val3);
}

/* The thread has fallen asleep. */
static void asleep(int tid) {
  char path[64], text[256];
  for (;;) {
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", tid);
    FILE *f = fopen(path, "r");
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = 0;
    if (strrchr(text, ')')[2] == 'S') return;
    usleep(1000);
  }
}

static uint32_t bits_of[N];

static void *sleeper(void *arg) {
  int n = (int)(long)arg;
  tids[n] = gettid();
  long result = syscall(SYS_futex, &a, FUTEX_WAIT_BITSET_PRIVATE, 0, NULL, NULL, bits_of[n]);
  woken[n] = result == 0 ? 1 : -1;
  __atomic_add_fetch(&done, 1, __ATOMIC_SEQ_CST);
  futex(&done, FUTEX_WAKE, 1, 0, NULL, 0);
  return NULL;
}

static pthread_t threads[N];

static void start(int count) {
  done = 0;
  for (int n = 0; n < count; n++) {
    tids[n] = woken[n] = 0;
    pthread_create(&threads[n], NULL, sleeper, (void *)(long)n);
    while (!tids[n]) usleep(1000);
    asleep(tids[n]);
  }
}

static void settle(uint32_t count) {
  for (uint32_t now; (now = __atomic_load_n(&done, __ATOMIC_SEQ_CST)) < count;) futex(&done, FUTEX_WAIT, now, 0, NULL, 0);
}

static void show(const char *what, long result, int count) {
  printf("%s: %ld, woken", what, result);
  for (int n = 0; n < count; n++) {
    if (woken[n]) printf(" %d", n);
  }
  printf("\n");
}

static void finish(int count) {
  futex(&a, FUTEX_WAKE, 1000, 0, NULL, 0);
  futex(&b, FUTEX_WAKE, 1000, 0, NULL, 0);
  for (int n = 0; n < count; n++) pthread_join(threads[n], NULL);
}

int main(void) {
  for (int n = 0; n < N; n++) bits_of[n] = ~0u;
  start(N);
  long r = futex(&a, FUTEX_WAKE, 2, 0, NULL, 0);
  settle(2);
  show("wake 2", r, N);
  r = futex(&a, FUTEX_WAKE, 0, 0, NULL, 0);
  settle(3);
  show("wake 0", r, N);
  r = futex(&a, FUTEX_WAKE, -1, 0, NULL, 0);
  settle(4);
  show("wake -1", r, N);
  r = futex(&a, FUTEX_WAKE, 1000, 0, NULL, 0);
  settle(6);
  show("wake 1000", r, N);
  finish(N);

  for (int n = 0; n < N; n++) bits_of[n] = 1u << (n % 3);
  start(N);
  r = futex(&a, FUTEX_WAKE_BITSET, 1, 0, NULL, 2);
  settle(1);
  show("bit 1", r, N);
  r = futex(&a, FUTEX_WAKE_BITSET, 1000, 0, NULL, 4 | 2);
  settle(4);
  show("bits 1 and 2", r, N);
  r = futex(&a, FUTEX_WAKE_BITSET, 1000, 0, NULL, 8);
  show("no such bit", r, N);
  r = futex(&a, FUTEX_WAKE, 1000, 0, NULL, 0);
  settle(6);
  show("all", r, N);
  finish(N);

  for (int n = 0; n < N; n++) bits_of[n] = ~0u;
  start(N);
  r = futex(&a, FUTEX_REQUEUE, 1, 2, &b, 0);
  settle(1);
  show("requeue 1, 2", r, N);
  r = futex(&b, FUTEX_WAKE, 1, 0, NULL, 0);
  settle(2);
  show("wake the other", r, N);
  r = futex(&a, FUTEX_CMP_REQUEUE, 0, 1, &b, 0);
  show("cmp_requeue 0, 1", r, N);
  r = futex(&b, FUTEX_WAKE, 1000, 0, NULL, 0);
  settle(4);
  show("wake the other", r, N);
  r = futex(&a, FUTEX_REQUEUE, 0, 1, &a, 0);
  show("requeue to itself", r, N);
  r = futex(&a, FUTEX_WAKE, 1, 0, NULL, 0);
  settle(5);
  show("wake 1", r, N);
  finish(N);

  start(3);
  b = 5;
  r = futex(&b, FUTEX_WAKE_OP, 1, 1, &a, FUTEX_OP(FUTEX_OP_SET, 0, FUTEX_OP_CMP_EQ, 0));
  settle(1);
  show("wake_op, holds", r, 3);
  r = futex(&b, FUTEX_WAKE_OP, 1, 1, &a, FUTEX_OP(FUTEX_OP_ADD, 7, FUTEX_OP_CMP_NE, 0));
  show("wake_op, does not hold", r, 3);
  printf("word %u\n", a);
  static const struct { uint32_t op; const char *name; } ops[] = {
      {FUTEX_OP(FUTEX_OP_OR, 8, FUTEX_OP_CMP_LT, 7), "or 8"},
      {FUTEX_OP(FUTEX_OP_ANDN, 3, FUTEX_OP_CMP_LE, 14), "andn 3"},
      {FUTEX_OP(FUTEX_OP_XOR, 0xfff, FUTEX_OP_CMP_GT, 12), "xor -1"},
      {FUTEX_OP(FUTEX_OP_ADD | FUTEX_OP_OPARG_SHIFT, 4, FUTEX_OP_CMP_GE, 0), "add 1 << 4"},
      {FUTEX_OP(FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT, 31, FUTEX_OP_CMP_GE, 100), "set 1 << 31"},
  };
  for (int i = 0; i < 5; i++) {
    r = futex(&b, FUTEX_WAKE_OP, 1, 1, &a, ops[i].op);
    printf("%s: %ld %x\n", ops[i].name, r, a);
  }
  a = 0;
  r = futex(&a, FUTEX_WAKE_OP, 1, 1, &b, FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0));
  settle(2);
  show("wake_op of its own", r, 3);
  finish(3);
  return 0;
}
