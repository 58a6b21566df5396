// Restartable sequences: registration and its errors, what the kernel fills in, and a critical section that is interrupted; kernel/rseq.c.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/rseq.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNATURE 0x53053053

/* The size that AT_RSEQ_FEATURE_SIZE tells of may be less than that of the area. */
static struct area {
  uint32_t cpu_id_start, cpu_id;
  uint64_t rseq_cs;
  uint32_t flags, node_id, mm_cid, pad;
} __attribute__((aligned(32))) areas[2];

static volatile int signals;
static void handler(int sig) {
  (void)sig;
  signals++;
}

static void show(const char *what, long r) { printf("%s: %s\n", what, r == 0 ? "0" : strerrorname_np(errno)); }
static long reg(void *area, uint32_t length, int flags, uint32_t signature) {
  return syscall(SYS_rseq, area, length, flags, signature);
}

/* Runs in a critical section until it is aborted; 1 for an abort, which clears the descriptor. */
static int section(struct area *area) {
  int aborted;
  __asm__ volatile(
      ".pushsection .data.rseq, \"aw\"\n"
      ".balign 32\n"
      "1: .long 0, 0\n"
      ".quad 2f, 3f - 2f, 4f\n"
      ".popsection\n"
      "leaq 1b(%%rip), %%rax\n"
      "movq %%rax, 8(%1)\n"
      "2: jmp 2b\n"
      "3: movl $0, %0\n"
      "jmp 5f\n"
      ".byte 0x0f, 0xb9, 0x3d\n"
      ".long 0x53053053\n"
      "4: movl $1, %0\n"
      "5:\n"
      : "=&r"(aborted)
      : "r"(area)
      : "rax", "memory", "cc");
  return aborted;
}

/* The same with another signature in front of the abort handler. */
static int forged(struct area *area) {
  int aborted;
  __asm__ volatile(
      ".pushsection .data.rseq, \"aw\"\n"
      ".balign 32\n"
      "1: .long 0, 0\n"
      ".quad 2f, 3f - 2f, 4f\n"
      ".popsection\n"
      "leaq 1b(%%rip), %%rax\n"
      "movq %%rax, 8(%1)\n"
      "2: jmp 2b\n"
      "3: movl $0, %0\n"
      "jmp 5f\n"
      ".byte 0x0f, 0xb9, 0x3d\n"
      ".long 0x12345678\n"
      "4: movl $1, %0\n"
      "5:\n"
      : "=&r"(aborted)
      : "r"(area)
      : "rax", "memory", "cc");
  return aborted;
}

static void timer(int on) {
  struct itimerval every = {{0, on ? 2000 : 0}, {0, on ? 2000 : 0}};
  setitimer(ITIMER_REAL, &every, NULL);
}

static void *thread(void *arg) {
  struct rseq *mine = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
  printf("thread: registered by glibc %d, cpu %d\n", reg(mine, 32, 0, SIGNATURE) == -1 && errno == EBUSY, mine->cpu_id == (uint32_t)sched_getcpu());
  return arg;
}

int main(void) {
  struct rseq *mine = (void *)((char *)__builtin_thread_pointer() + __rseq_offset);
  printf("feature size %lu, alignment %lu, glibc's size %u\n", getauxval(27), getauxval(28), __rseq_size);
  printf("cpu known %d\n", mine->cpu_id == (uint32_t)sched_getcpu());
  pthread_t t;
  pthread_create(&t, NULL, thread, NULL);
  pthread_join(t, NULL);

  show("again", reg(mine, 32, 0, SIGNATURE));
  show("again, other signature", reg(mine, 32, 0, 1));
  show("again, other length", reg(mine, 64, 0, SIGNATURE));
  show("another", reg(&areas[0], 32, 0, SIGNATURE));
  show("unknown flag", reg(mine, 32, 4, SIGNATURE));
  show("unregister another", reg(&areas[0], 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
  show("unregister, other length", reg(mine, 64, RSEQ_FLAG_UNREGISTER, SIGNATURE));
  show("unregister, other signature", reg(mine, 32, RSEQ_FLAG_UNREGISTER, 1));
  show("unregister, more flags", reg(mine, 32, RSEQ_FLAG_UNREGISTER | 4, SIGNATURE));
  show("unregister", reg(mine, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
  printf("cpu unknown: %d %d\n", mine->cpu_id, mine->cpu_id_start);
  show("unregister again", reg(mine, 32, RSEQ_FLAG_UNREGISTER, SIGNATURE));
  show("too short", reg(&areas[0], 31, 0, SIGNATURE));
  show("not aligned", reg((char *)&areas[0] + 8, 32, 0, SIGNATURE));
  show("beyond", reg((void *)0xffff800000000000ul, 32, 0, SIGNATURE));
  void *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  show("not readable", reg(none, 32, 0, SIGNATURE));
  areas[0].rseq_cs = 1;
  areas[0].cpu_id = 99;
  show("own area", reg(&areas[0], 32, 0, SIGNATURE));
  printf("filled: cpu %d, start %d, section %lu, id %d\n", areas[0].cpu_id == (uint32_t)sched_getcpu(),
         areas[0].cpu_id_start == areas[0].cpu_id, (unsigned long)areas[0].rseq_cs, areas[0].mm_cid < 64);

  struct sigaction act = {.sa_handler = handler};
  sigaction(SIGALRM, &act, NULL);
  timer(1);
  int aborted = section(&areas[0]);
  timer(0);
  printf("interrupted: %d, section %lu\n", aborted, (unsigned long)areas[0].rseq_cs);

  /* Outside of the section it names, the area is only cleared. */
  static struct rseq_cs elsewhere __attribute__((aligned(32)));
  elsewhere.start_ip = 0x1000;
  elsewhere.post_commit_offset = 16;
  elsewhere.abort_ip = (uintptr_t)&elsewhere + 32;
  static uint32_t signature[16];
  signature[0] = SIGNATURE;
  elsewhere.abort_ip = (uintptr_t)&signature[1];
  areas[0].rseq_cs = (uintptr_t)&elsewhere;
  raise(SIGALRM);
  printf("elsewhere: section %lu\n", (unsigned long)areas[0].rseq_cs);
  fflush(stdout);

  /* In a child all is as it was; in a thread, and in a new program, nothing is registered. */
  int status;
  if (fork() == 0) _exit(reg(&areas[0], 32, 0, SIGNATURE) == -1 && errno == EBUSY ? 3 : 4);
  wait(&status);
  printf("child: %d\n", WEXITSTATUS(status));

  const char *const names[] = {"forged signature", "version", "abort inside", "flags"};
  for (int n = 0; n < 4; n++) {
    if (fork() == 0) {
      signal(SIGALRM, handler);
      static struct rseq_cs broken __attribute__((aligned(32)));
      broken = elsewhere;
      if (n == 1) broken.version = 1;
      if (n == 2) broken.abort_ip = broken.start_ip + 1;
      if (n == 3) broken.flags = 1;
      timer(1);
      if (n == 0) forged(&areas[0]);
      areas[0].rseq_cs = (uintptr_t)&broken;
      raise(SIGALRM);
      _exit(0);
    }
    wait(&status);
    printf("%s: %x\n", names[n], status);
  }
  return 0;
}
