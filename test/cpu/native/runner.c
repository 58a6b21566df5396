/*
 * Executes single instructions on the host CPU: runner CASES RESULTS. The formats are those of test/cpu/wire.ts.
 *
 * There is no loop in the usual sense. The handler of the signal that ends one case notes the result, writes the next case
 * into the ucontext and returns: rt_sigreturn loads all registers, flags (TF included) and the vector unit at once, and the
 * kernel saves them all again when the instruction traps or faults. While cases run, FS and GS have the bases which the
 * cases expect, so nothing here may touch thread-local storage: no libc calls, no stack protector.
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096
#define CODE_SIZE (2 * PAGE)
#define DATA_SIZE (3 * PAGE)
#define WRITABLE_SIZE (2 * PAGE)
#define CODE_BYTES 16
#define INT3 0xcc
#define TF 0x100

/* Of the area in the signal frame: the header, and the upper halves of the YMM registers. */
#define XSTATE_BV_AT 512
#define UPPER_AT 576

enum { STEP = 1, SEGMENTS = 2 };
enum { X87 = 1, SSE = 2, AVX = 4 };

struct header {
  uint64_t magic, count;
  uint64_t code, data, high; /* addresses of the code pages and of the two views of the data pages */
  uint64_t fs_base, gs_base;
  uint8_t pristine[DATA_SIZE];
};

struct test_case {
  uint32_t size; /* of this record with its patches */
  uint16_t mode, patches;
  uint32_t code_offset, reserved;
  uint64_t gpr[16];
  uint64_t rflags;
  uint8_t fx[416];    /* of an FXSAVE image: x87, MXCSR, XMM */
  uint8_t upper[256]; /* of the YMM registers */
  uint8_t code[CODE_BYTES]; /* unused ones are INT3 */
};

struct patch { /* followed by bytes, padded to 8 */
  uint32_t offset, length;
};

struct result {
  uint32_t size; /* of this record with its changed words */
  uint32_t signal, trapno, error;
  uint64_t cr2;
  uint64_t gpr[16];
  uint64_t rip, rflags;
  uint32_t changes;
  int32_t code; /* si_code */
  uint64_t fs_base, gs_base;
  uint8_t fx[416];
  uint8_t upper[256];
};

struct change {
  uint64_t offset, value;
};

static const struct header *header;
static const uint8_t *cursor; /* the next case */
static const struct test_case *current;
static uint64_t left;
static uint8_t *out, *out_end;
static uint8_t *code_rw, *data_rw; /* writable views of the shared pages */
static uint8_t expected[DATA_SIZE]; /* the data pages as they were before the instruction */
static greg_t saved_gregs[NGREG];

/* Register numbers of the instruction encoding to indices of gregs. */
static const uint8_t GREG[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                 REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void copy(void *to, const void *from, size_t n) {
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

static long raw_syscall2(long n, long a, long b) {
  long r;
  asm volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b) : "rcx", "r11", "memory");
  return r;
}

static void die(const char *text) {
  size_t n = 0;
  while (text[n]) n++;
  long r;
  asm volatile("syscall" : "=a"(r) : "a"(SYS_write), "D"(2), "S"(text), "d"(n) : "rcx", "r11", "memory");
  raw_syscall2(SYS_exit_group, 3, 0);
}

static void load_bases(void) {
  raw_syscall2(SYS_arch_prctl, ARCH_SET_FS, header->fs_base);
  raw_syscall2(SYS_arch_prctl, ARCH_SET_GS, header->gs_base);
}

static const struct patch *first_patch(const struct test_case *c) { return (const struct patch *)(c + 1); }
static const struct patch *next_patch(const struct patch *p) {
  return (const struct patch *)((const uint8_t *)(p + 1) + ((p->length + 7) & ~7u));
}

/* The frame's state is an XSAVE area in standard form, if sw_reserved says so (asm/sigcontext.h). */
static int has_xsave(const uint8_t *fp) { return *(const uint32_t *)(fp + 464) == FP_XSTATE_MAGIC1; }
static int has_avx(const uint8_t *fp) { return has_xsave(fp) && *(const uint64_t *)(fp + 472) & AVX; }

static void begin(ucontext_t *uc) {
  const struct test_case *c = current = (const struct test_case *)cursor;
  cursor += c->size;
  left--;
  const struct patch *p = first_patch(c);
  for (int i = 0; i < c->patches; i++, p = next_patch(p)) {
    copy(data_rw + p->offset, p + 1, p->length);
    copy(expected + p->offset, p + 1, p->length);
  }
  size_t room = CODE_SIZE - c->code_offset;
  copy(code_rw + c->code_offset, c->code, room < CODE_BYTES ? room : CODE_BYTES);
  greg_t *g = uc->uc_mcontext.gregs;
  for (int i = 0; i < 16; i++) g[GREG[i]] = c->gpr[i];
  g[REG_RIP] = header->code + c->code_offset;
  g[REG_EFL] = c->rflags | (c->mode & STEP ? TF : 0);
  uint8_t *fp = (uint8_t *)uc->uc_mcontext.fpregs;
  uint32_t mxcsr_mask = *(uint32_t *)(fp + 28);
  copy(fp, c->fx, sizeof c->fx);
  *(uint32_t *)(fp + 28) = mxcsr_mask;
  if (!has_xsave(fp)) return;
  copy(fp + UPPER_AT, c->upper, has_avx(fp) ? sizeof c->upper : 0);
  /* Components without their bit would be loaded in their initial state, as those beyond AVX shall be. */
  *(uint64_t *)(fp + XSTATE_BV_AT) = X87 | SSE | (has_avx(fp) ? AVX : 0);
}

static void end(int signal, int code, ucontext_t *uc) {
  const struct test_case *c = current;
  if (out + sizeof(struct result) + DATA_SIZE * 2 > out_end) die("runner: the result file is too small\n");
  struct result *r = (struct result *)out;
  greg_t *g = uc->uc_mcontext.gregs;
  uint8_t *fp = (uint8_t *)uc->uc_mcontext.fpregs;
  r->signal = signal;
  r->trapno = g[REG_TRAPNO];
  r->error = g[REG_ERR];
  r->cr2 = g[REG_CR2];
  for (int i = 0; i < 16; i++) r->gpr[i] = g[GREG[i]];
  r->rip = g[REG_RIP];
  r->rflags = g[REG_EFL];
  r->code = code;
  copy(r->fx, fp, sizeof r->fx);
  for (size_t i = 0; i < sizeof r->upper; i++) r->upper[i] = 0;
  if (has_avx(fp) && *(uint64_t *)(fp + XSTATE_BV_AT) & AVX) copy(r->upper, fp + UPPER_AT, sizeof r->upper);
  r->fs_base = header->fs_base;
  r->gs_base = header->gs_base;
  if (c->mode & SEGMENTS) {
    raw_syscall2(SYS_arch_prctl, ARCH_GET_FS, (long)&r->fs_base);
    raw_syscall2(SYS_arch_prctl, ARCH_GET_GS, (long)&r->gs_base);
  }
  struct change *change = (struct change *)(r + 1);
  uint64_t *now = (uint64_t *)data_rw, *was = (uint64_t *)expected;
  const uint64_t *pristine = (const uint64_t *)header->pristine;
  for (uint32_t i = 0; i < DATA_SIZE / 8; i++) {
    if (now[i] == was[i]) continue;
    *change++ = (struct change){i * 8, now[i]};
    now[i] = pristine[i];
  }
  r->changes = change - (struct change *)(r + 1);
  r->size = (uint8_t *)change - out;
  out = (uint8_t *)change;
  const struct patch *p = first_patch(c);
  for (int i = 0; i < c->patches; i++, p = next_patch(p)) {
    copy(data_rw + p->offset, header->pristine + p->offset, p->length);
    copy(expected + p->offset, header->pristine + p->offset, p->length);
  }
  for (size_t i = c->code_offset; i < c->code_offset + CODE_BYTES && i < CODE_SIZE; i++) code_rw[i] = INT3;
  if (c->mode & SEGMENTS) {
    asm volatile("mov %0, %%ds; mov %0, %%es; mov %0, %%fs; mov %0, %%gs" : : "r"(0));
    load_bases();
  }
}

static void handler(int signal, siginfo_t *info, void *context) {
  /* The case's AC, NT and ID are still set. */
  asm volatile("pushq $0x202; popfq" : : : "cc", "memory");
  ucontext_t *uc = context;
  if (current) {
    end(signal, info->si_code, uc);
  } else {
    copy(saved_gregs, uc->uc_mcontext.gregs, sizeof saved_gregs);
  }
  if (left == 0) {
    copy(uc->uc_mcontext.gregs, saved_gregs, sizeof saved_gregs);
    uc->uc_mcontext.gregs[REG_RIP] += 2;
    return;
  }
  begin(uc);
}

/* Two views of fresh shared pages: one for the cases at a fixed address, one for us. */
static uint8_t *share(const char *name, size_t size, uint64_t address, int protection, uint64_t second) {
  int fd = memfd_create(name, 0);
  if (fd < 0 || ftruncate(fd, size)) exit(2);
  uint8_t *rw = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  /* Populated: the first touch of a page would be an error code of its own. */
  int flags = MAP_SHARED | MAP_FIXED_NOREPLACE | MAP_POPULATE;
  if (rw == MAP_FAILED || mmap((void *)address, size, protection, flags, fd, 0) == MAP_FAILED) {
    perror("runner: mmap");
    exit(2);
  }
  if (second && mmap((void *)second, size, protection, flags, fd, 0) == MAP_FAILED) {
    perror("runner: mmap");
    exit(2);
  }
  close(fd);
  return rw;
}

__attribute__((noinline)) static void run_all(void) {
  unsigned long fs, gs;
  raw_syscall2(SYS_arch_prctl, ARCH_GET_FS, (long)&fs);
  raw_syscall2(SYS_arch_prctl, ARCH_GET_GS, (long)&gs);
  load_bases();
  /* The caller may not keep anything in vector registers over a call, and we are compiled without them. */
  asm volatile("ud2" : : : "memory", "cc");
  asm volatile("ldmxcsr %0" : : "m"((uint32_t){0x1f80}));
  raw_syscall2(SYS_arch_prctl, ARCH_SET_FS, fs);
  raw_syscall2(SYS_arch_prctl, ARCH_SET_GS, gs);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  int in = open(argv[1], O_RDONLY);
  struct stat st;
  if (in < 0 || fstat(in, &st)) return perror(argv[1]), 2;
  header = mmap(0, st.st_size, PROT_READ, MAP_PRIVATE, in, 0);
  if (header == MAP_FAILED || header->magic != 0x32747365746d6973) return fprintf(stderr, "runner: no case file\n"), 2;

  /* The worst case changes every word; the file is cut to what was used. */
  size_t room = header->count * (sizeof(struct result) + 1024) + (1 << 20);
  int result = open(argv[2], O_RDWR | O_CREAT | O_TRUNC, 0600);
  if (result < 0 || ftruncate(result, room)) return perror(argv[2]), 2;
  uint8_t *results = mmap(0, room, PROT_READ | PROT_WRITE, MAP_SHARED, result, 0);
  if (results == MAP_FAILED) return perror("runner: mmap"), 2;
  out = results;
  out_end = results + room;

  code_rw = share("code", CODE_SIZE, header->code, PROT_READ | PROT_EXEC, 0);
  data_rw = share("data", DATA_SIZE, header->data, PROT_READ | PROT_WRITE, header->high);
  mprotect((void *)(header->data + WRITABLE_SIZE), DATA_SIZE - WRITABLE_SIZE, PROT_READ);
  mprotect((void *)(header->high + WRITABLE_SIZE), DATA_SIZE - WRITABLE_SIZE, PROT_READ);
  memset(code_rw, INT3, CODE_SIZE);
  memcpy(data_rw, header->pristine, DATA_SIZE);
  memcpy(expected, header->pristine, DATA_SIZE);
  cursor = (const uint8_t *)(header + 1);
  left = header->count;

  stack_t stack = {.ss_size = 256 << 10};
  stack.ss_sp = mmap(0, stack.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (sigaltstack(&stack, 0)) return perror("runner: sigaltstack"), 2;
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigfillset(&action.sa_mask);
  static const int signals[] = {SIGTRAP, SIGSEGV, SIGFPE, SIGILL, SIGBUS};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) sigaction(signals[i], &action, 0);

  if (left) run_all();
  if (ftruncate(result, out - results)) return perror("runner: ftruncate"), 2;
  return 0;
}
