// A gather is the one instruction that keeps what it did before a fault: the handler finds finished elements in the
// destination and zeros in the mask, both in the frame's vector registers, mends the page, and the instruction goes on with
// the rest (SDM Vol. 2C, VGATHERDPS; arch/x86/include/uapi/asm/sigcontext.h).
#define _GNU_SOURCE
#include <immintrin.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static uint8_t *table;
static int faults;
static uint32_t seen[2][2][8];
static long fault_at[2];

/** A register of the frame's area: 16 bytes in the legacy part, 16 in the component behind the header. */
static void copy_ymm(uint32_t *to, const void *area, int n) {
  memcpy(to, (const char *)area + 160 + 16 * n, 16);
  memcpy(to + 4, (const char *)area + 576 + 16 * n, 16);
}

static void handler(int sig, siginfo_t *info, void *context) {
  ucontext_t *uc = context;
  (void)sig;
  if (faults < 2) {
    copy_ymm(seen[faults][0], uc->uc_mcontext.fpregs, 0);
    copy_ymm(seen[faults][1], uc->uc_mcontext.fpregs, 2);
    fault_at[faults] = (uint8_t *)info->si_addr - table;
  }
  faults++;
  mprotect((void *)((uintptr_t)info->si_addr & ~4095ul), 4096, PROT_READ | PROT_WRITE);
}

static void print(const char *name, const uint32_t *lanes) {
  printf("  %s", name);
  for (int i = 0; i < 8; i++) printf(" %08x", lanes[i]);
  printf("\n");
}

__attribute__((target("avx2"))) static void gather(void) {
  static const int32_t numbers[8] = {5, -6, 1024, 7, 8, 2050, 1025, 9};
  static const uint32_t chosen[8] = {1u << 31, 7, 1u << 31, ~0u, 0, 1u << 31, 1u << 31, 0};
  uint32_t result[8], mask[8];
  __asm__ volatile(
      "vpcmpeqd %%ymm0, %%ymm0, %%ymm0\n"
      "vmovdqu %[numbers], %%ymm1\n"
      "vmovdqu %[chosen], %%ymm2\n"
      "vpgatherdd %%ymm2, (%[table],%%ymm1,4), %%ymm0\n"
      "vmovdqu %%ymm0, %[result]\n"
      "vmovdqu %%ymm2, %[mask]\n"
      "vzeroupper\n"
      : [result] "=m"(result), [mask] "=m"(mask)
      : [numbers] "m"(numbers), [chosen] "m"(chosen), [table] "r"(table)
      : "xmm0", "xmm1", "xmm2", "memory");
  for (int i = 0; i < faults && i < 2; i++) {
    printf("fault at %ld\n", fault_at[i]);
    print("destination", seen[i][0]);
    print("mask       ", seen[i][1]);
  }
  printf("%d faults\n", faults);
  print("destination", result);
  print("mask       ", mask);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  if (!__builtin_cpu_supports("avx2")) {
    printf("no AVX2\n");
    return 0;
  }
  table = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  for (uint32_t i = 0; i < 3 * 1024; i++) ((uint32_t *)table)[i] = 0x1000 + i;
  mprotect(table + 4096, 2 * 4096, PROT_NONE);
  sigaction(SIGSEGV, &action, NULL);
  gather();
  return 0;
}
