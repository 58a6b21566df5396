// What the kernel does with a thread's robust list when it ends: entries, the pending one, limits; kernel/futex/core.c, exit_robust_list.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct entry {
  struct robust_list list;
  uint32_t word;
};

static struct shared {
  struct robust_list_head head;
  struct entry entries[3000];
  uint32_t ready;
} *m;

static uint32_t tid;

static void mark(int n, uint32_t word) { m->entries[n].word = word; }

/* Runs `fill` in a child, which ends with the list it made; the lowest bits tell of locks with inheritance. */
static void in_child(void (*fill)(void)) {
  memset(m, 0, sizeof *m);
  pid_t pid = fork();
  if (pid == 0) {
    tid = gettid();
    m->head.list.next = &m->head.list;
    m->head.futex_offset = offsetof(struct entry, word);
    fill();
    syscall(SYS_set_robust_list, &m->head, sizeof m->head);
    _exit(0);
  }
  int status;
  waitpid(pid, &status, 0);
  tid = pid;
}

static void chain(int from, int to) {
  struct robust_list *last = &m->head.list;
  for (int n = from; n < to; n++) {
    last->next = &m->entries[n].list;
    last = &m->entries[n].list;
  }
  last->next = &m->head.list;
}

static void show(const char *what, int from, int to) {
  printf("%s:", what);
  for (int n = from; n < to; n++) {
    uint32_t w = m->entries[n].word;
    printf(" %s%s%s", (w & FUTEX_TID_MASK) == 0 ? "-" : (w & FUTEX_TID_MASK) == tid ? "its" : "other",
           w & FUTEX_WAITERS ? "w" : "", w & FUTEX_OWNER_DIED ? "d" : "");
  }
  printf("\n");
}

static void plain(void) {
  mark(0, tid);
  mark(1, tid | FUTEX_WAITERS);
  mark(2, 1);
  mark(3, 0);
  mark(4, tid | FUTEX_OWNER_DIED);
  mark(5, tid);
  chain(0, 5);
}

static void pending(void) {
  mark(0, tid);
  mark(1, tid);
  mark(2, 0);
  chain(0, 1);
  m->head.list_op_pending = &m->entries[1].list;
}

static void pending_listed(void) {
  mark(0, tid);
  mark(1, tid | FUTEX_WAITERS);
  chain(0, 2);
  m->head.list_op_pending = &m->entries[1].list;
}

static void pending_free(void) {
  mark(0, 0);
  m->head.list_op_pending = &m->entries[0].list;
}

static void tagged(void) {
  mark(0, tid);
  mark(1, tid);
  chain(0, 2);
  m->head.list.next = (void *)((char *)m->head.list.next + 1);
}

static void broken(void) {
  mark(0, tid);
  mark(1, tid);
  chain(0, 2);
  m->entries[0].list.next = (void *)8;
  m->entries[1].word = tid;
}

static void endless(void) {
  mark(0, tid);
  mark(1, tid);
  chain(0, 2);
  m->entries[1].list.next = &m->entries[0].list;
  mark(2, tid);
  m->head.list_op_pending = &m->entries[2].list;
}

static void longest(void) {
  for (int n = 0; n < 2100; n++) mark(n, tid);
  chain(0, 2100);
}

static void odd(void) {
  mark(0, tid);
  mark(1, tid);
  chain(0, 2);
  m->head.futex_offset++;
}

static volatile int sleeping;

static void *sleeper(void *arg) {
  sleeping = gettid();
  long r = syscall(SYS_futex, arg, FUTEX_WAIT, *(uint32_t *)arg, NULL, NULL, 0);
  printf("sleeper: %ld\n", r);
  return NULL;
}

/* The thread has fallen asleep. */
static void asleep(int thread) {
  char path[64], text[256];
  for (;;) {
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
    FILE *f = fopen(path, "r");
    size_t length = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[length] = 0;
    if (strrchr(text, ')')[2] == 'S') return;
    usleep(1000);
  }
}

static void *holder(void *arg) {
  static struct entry e;
  static struct robust_list_head head;
  (void)arg;
  e.word = gettid() | FUTEX_WAITERS;
  head.list.next = &e.list;
  e.list.next = &head.list;
  head.futex_offset = offsetof(struct entry, word);
  syscall(SYS_set_robust_list, &head, sizeof head);
  pthread_t t;
  pthread_create(&t, NULL, sleeper, &e.word);
  while (!sleeping) usleep(1000);
  asleep(sleeping);
  *(pthread_t *)arg = t;
  return &e;
}

int main(void) {
  m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  setvbuf(stdout, NULL, _IOLBF, 0);
  in_child(plain);
  show("plain", 0, 6);
  in_child(pending);
  show("pending", 0, 3);
  in_child(pending_listed);
  show("pending and listed", 0, 2);
  in_child(pending_free);
  show("pending and free", 0, 1);
  in_child(tagged);
  show("tagged", 0, 2);
  in_child(broken);
  show("broken", 0, 2);
  in_child(endless);
  show("endless", 0, 3);
  in_child(longest);
  int died = 0;
  for (int n = 0; n < 2100; n++) died += (m->entries[n].word & FUTEX_OWNER_DIED) != 0;
  printf("longest: %d\n", died);
  in_child(odd);
  show("odd", 0, 2);

  pthread_t t, s;
  void *e;
  pthread_create(&t, NULL, holder, &s);
  pthread_join(t, &e);
  pthread_join(s, NULL);
  uint32_t w = ((struct entry *)e)->word;
  printf("word: %s%s\n", w & FUTEX_WAITERS ? "w" : "", w & FUTEX_OWNER_DIED ? "d" : "");

  struct robust_list_head *head, own;
  size_t length;
  printf("set, other size: %ld %s\n", syscall(SYS_set_robust_list, &own, 23l), strerrorname_np(errno));
  syscall(SYS_set_robust_list, &own, sizeof own);
  printf("get: %ld %d %zu\n", syscall(SYS_get_robust_list, 0, &head, &length), head == &own, length);
  printf("get, nobody: %ld %s\n", syscall(SYS_get_robust_list, 0x3fffffff, &head, &length), strerrorname_np(errno));
  printf("get, nowhere: %ld %s\n", syscall(SYS_get_robust_list, 0, NULL, &length), strerrorname_np(errno));
  syscall(SYS_set_robust_list, NULL, sizeof own);
  return 0;
}
