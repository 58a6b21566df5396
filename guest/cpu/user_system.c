// What user code may ask of the system's side of the CPU (SDM Vol. 2): RDFSBASE and its kin, RDPID and RDTSCP as Linux sets them
// up, random numbers with their flags, SGDT and its kin as Linux plays them under UMIP (arch/x86/kernel/umip.c), cache lines
// flushed and prefetched, the NOP space with CET's instructions in it, and which of the rest is SIGSEGV and which SIGILL.
// needs: v3
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static sigjmp_buf jump;
static volatile int signal_number, code;
static volatile long trap, error;
static volatile uintptr_t address;

static void on_fault(int signo, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  signal_number = signo, code = info->si_code, address = (uintptr_t)info->si_addr;
  trap = uc->uc_mcontext.gregs[REG_TRAPNO], error = uc->uc_mcontext.gregs[REG_ERR];
  siglongjmp(jump, 1);
}

static uint8_t *page;
static uint8_t data[64] __attribute__((aligned(64)));

/** Runs the bytes with these registers; prints how it ended, and rax and the flags if asked for. */
static void run(const char *name, const char *bytes, uint64_t rax, uint64_t rdi, int show) {
  uint8_t *p = page;
  unsigned byte;
  int length;
  for (const char *q = bytes; sscanf(q, "%x%n", &byte, &length) == 1; q += length) *p++ = (uint8_t)byte;
  *p = 0xc3;
  if (sigsetjmp(jump, 1)) {
    printf("%s: signal %d, code %d, trap %ld, error %lx", name, signal_number, code, trap, error);
    printf(signal_number == SIGILL ? ", at %lx\n" : ", address %lx\n", address - (signal_number == SIGILL ? (uintptr_t)page : 0));
    return;
  }
  uint64_t flags = 0x8d5;
  __asm__ volatile("push %[flags]\n popfq\n call *%[code]\n pushfq\n pop %[flags]"
                   : "+a"(rax), [flags] "+r"(flags), "+D"(rdi)
                   : [code] "r"(page), "c"(0), "d"(0)
                   : "memory", "cc");
  if (show) printf("%s: rax %llx, flags %llx\n", name, (long long)rax, (long long)flags & 0x8d5);
  else printf("%s: done, flags %llx\n", name, (long long)flags & 0x8d5);
}

static void bytes(const char *name, int count) {
  printf("%s:", name);
  for (int i = 0; i < count; i++) printf(" %02x", data[i]);
  printf("\n");
}

int main(void) {
  struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL), sigaction(SIGILL, &action, NULL), sigaction(SIGBUS, &action, NULL);
  page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint64_t here = (uint64_t)(uintptr_t)data;

  run("rdgsbase", "f3 48 0f ae c8", 7, 0, 1);
  run("wrgsbase", "f3 48 0f ae d8", 0x7fffffffffff, 0, 1);
  run("rdgsbase", "f3 48 0f ae c8", 7, 0, 1);
  run("rdgsbase, 32 bits", "f3 0f ae c8", ~0ull, 0, 1);
  run("wrgsbase, upper half", "f3 48 0f ae d8", ~0ull << 47, 0, 1);
  run("rdgsbase, with 66", "66 f3 48 0f ae c8", 7, 0, 1);
  run("wrgsbase, not canonical", "f3 48 0f ae d8", 1ull << 47, 0, 1);
  run("wrgsbase, 32 bits", "f3 0f ae d8", ~0ull, 0, 1);
  run("rdgsbase", "f3 48 0f ae c8", 7, 0, 1);
  run("rdgsbase, F2 F3", "f2 f3 48 0f ae c8", 7, 0, 1);
  run("rdgsbase, LOCK", "f0 f3 48 0f ae c8", 7, 0, 1);
  run("rdgsbase, F2", "f2 48 0f ae c8", 7, 0, 1);
  run("wrgsbase, zero", "f3 48 0f ae d8", 0, 0, 1);
  uint64_t by_instruction, self;
  __asm__("rdfsbase %0\n mov %%fs:0, %1" : "=r"(by_instruction), "=r"(self));
  printf("the thread pointer is fs: %d\n", by_instruction == self);

  run("rdtscp", "0f 01 f9", 0, 0, 0);
  run("rdtscp with F3", "f3 0f 01 f9", 0, 0, 0);
  unsigned auxiliary;
  uint64_t processor;
  __asm__ volatile("rdtscp" : "=c"(auxiliary)::"rax", "rdx");
  __asm__ volatile("rdpid %0" : "=r"(processor));
  printf("node of rdpid and rdtscp: %llu %u\n", (long long)processor >> 12, auxiliary >> 12);

  run("rdrand", "0f c7 f0", 0, 0, 0);
  run("rdseed, 64 bits", "48 0f c7 f8", 0, 0, 0);
  run("rdrand, 16 bits", "66 0f c7 f0 66 31 c0", ~0ull, 0, 1);
  run("rdrand, 32 bits", "0f c7 f0 48 c1 e8 20 48 85 c0", ~0ull, 0, 1);
  run("rdrand, F2", "f2 0f c7 f0", 0, 0, 0);
  run("rdrand, LOCK", "f0 0f c7 f0", 0, 0, 0);
  run("rdrand, memory", "0f c7 37", 0, here, 0);

  memset(data, 0xcc, sizeof data), run("sgdt", "0f 01 07", 0, here, 0), bytes("sgdt", 12);
  memset(data, 0xcc, sizeof data), run("sidt", "0f 01 0f", 0, here, 0), bytes("sidt", 12);
  memset(data, 0xcc, sizeof data), run("smsw", "0f 01 27", 0, here, 0), bytes("smsw", 12);
  memset(data, 0xcc, sizeof data), run("sldt", "48 0f 00 07", 0, here, 0), bytes("sldt", 12);
  memset(data, 0xcc, sizeof data), run("str", "66 0f 00 0f", 0, here, 0), bytes("str", 12);
  run("sgdt nowhere", "0f 01 07", 0, 0, 0);
  run("sgdt, LOCK", "f0 0f 01 07", 0, here, 0);
  for (int size = 0; size < 3; size++) {
    static const char *const prefixes[] = {"66", "", "48"};
    char text[32];
    for (int n = 0; n < 3; n++) {
      static const char *const names[] = {"sldt", "str", "smsw"}, *const codes[] = {"0f 00 c0", "0f 00 c8", "0f 01 e0"};
      snprintf(text, sizeof text, "%s %s", prefixes[size], codes[n]), run(names[n], text, ~0ull, 0, 1);
    }
  }

  static const struct {
    const char *name, *bytes;
  } hints[] = {
      {"clflush", "0f ae 3f"},         {"clflushopt", "66 0f ae 3f"}, {"clwb", "66 0f ae 37"},    {"clflush, F3", "f3 0f ae 3f"},
      {"prefetchw", "0f 0d 0f"},       {"prefetchwt1", "0f 0d 17"},   {"0f 0d /0", "0f 0d 07"},   {"0f 0d, register", "0f 0d c8"},
      {"prefetchnta", "0f 18 07"},     {"0f 18 /7", "0f 18 3f"},      {"0f 18, register", "0f 18 ff"}, {"cldemote", "0f 1c 07"},
      {"endbr64", "f3 0f 1e fa"},      {"endbr32", "f3 0f 1e fb"},    {"rdsspq", "f3 48 0f 1e c8"}, {"nop, LOCK", "f0 0f 1f 07"},
  };
  for (unsigned i = 0; i < sizeof hints / sizeof *hints; i++)
    run(hints[i].name, hints[i].bytes, 5, here, 1), run(hints[i].name, hints[i].bytes, 5, 0, 1), run(hints[i].name, hints[i].bytes, 5, 1ull << 60, 1);

  static const struct {
    const char *name, *bytes;
  } forbidden[] = {
      {"wbinvd", "0f 09"},           {"wbnoinvd", "f3 0f 09"},  {"invd", "0f 08"},        {"rdpmc", "0f 33"},      {"rdmsr", "0f 32"},
      {"wrmsr", "0f 30"},            {"hlt", "f4"},             {"cli", "fa"},            {"lmsw", "0f 01 f0"},    {"lgdt", "0f 01 17"},
      {"swapgs", "0f 01 f8"},        {"xsetbv", "0f 01 d1"},    {"mov cr0", "0f 20 c0"},  {"in", "ec"},            {"clts", "0f 06"},
      {"serialize", "0f 01 e8"},     {"rdpkru", "0f 01 ee"},    {"monitor", "0f 01 c8"},  {"mwait", "0f 01 c9"},   {"xtest", "0f 01 d6"},
      {"xbegin", "c7 f8 00 00 00 00"}, {"clac", "0f 01 ca"},    {"incsspq", "f3 48 0f ae e8"}, {"wrssd", "0f 38 f6 07"}, {"rstorssp", "f3 0f 01 2f"},
      {"tpause", "66 0f ae f0"},     {"umonitor", "f3 0f ae f0"}, {"movdiri", "0f 38 f9 07"}, {"sysenter", "0f 34"}, {"rsm", "0f aa"},
      {"ud0", "0f ff c0"},           {"ud1", "0f b9 c0"},       {"ud2", "0f 0b"},         {"femms", "0f 0e"},      {"mov cr1", "0f 20 c8"},
  };
  for (unsigned i = 0; i < sizeof forbidden / sizeof *forbidden; i++) run(forbidden[i].name, forbidden[i].bytes, 0, here, 0);
  return 0;
}
