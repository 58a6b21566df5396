// The initial stack (getauxval(3), create_elf_tables): argc at rsp, aligned to 16; the auxiliary vector has all entries
// that programs rely on, with values that fit the process.
#define _GNU_SOURCE
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

extern char **environ;
extern char _start[], __ehdr_start[];

int main(int argc, char **argv) {
  uint64_t *sp = (uint64_t *)argv - 1;
  printf("argc below argv: %d, 16-byte aligned: %d\n", *sp == (uint64_t)argc, (uint64_t)sp % 16 == 0);
  printf("argv ends with NULL: %d, environ follows: %d\n", argv[argc] == NULL, (char **)environ == argv + argc + 1);
  char **e = environ;
  while (*e) e++;
  Elf64_auxv_t *aux = (Elf64_auxv_t *)(e + 1);
  static const struct { int type; const char *name; } wanted[] = {
      {AT_SYSINFO_EHDR, "SYSINFO_EHDR"}, {AT_HWCAP, "HWCAP"}, {AT_PAGESZ, "PAGESZ"}, {AT_CLKTCK, "CLKTCK"}, {AT_PHDR, "PHDR"},
      {AT_PHENT, "PHENT"}, {AT_PHNUM, "PHNUM"}, {AT_BASE, "BASE"}, {AT_FLAGS, "FLAGS"}, {AT_ENTRY, "ENTRY"}, {AT_UID, "UID"},
      {AT_EUID, "EUID"}, {AT_GID, "GID"}, {AT_EGID, "EGID"}, {AT_SECURE, "SECURE"}, {AT_RANDOM, "RANDOM"}, {AT_HWCAP2, "HWCAP2"},
      {AT_EXECFN, "EXECFN"}, {AT_PLATFORM, "PLATFORM"}, {AT_MINSIGSTKSZ, "MINSIGSTKSZ"}};
  for (unsigned i = 1; i < sizeof wanted / sizeof *wanted; i++) {
    int count = 0;
    for (Elf64_auxv_t *a = aux; a->a_type != AT_NULL; a++) count += a->a_type == (uint64_t)wanted[i].type;
    printf("%s%s ", wanted[i].name, count == 1 ? "" : "!");
  }
  printf("\npage %ld, ticks %ld, phent %ld\n", getauxval(AT_PAGESZ), getauxval(AT_CLKTCK), getauxval(AT_PHENT));
  Elf64_Ehdr *header = (Elf64_Ehdr *)__ehdr_start;
  printf("phdr %d phnum %d entry %d base %ld flags %ld\n", getauxval(AT_PHDR) == (uint64_t)header + header->e_phoff,
         getauxval(AT_PHNUM) == header->e_phnum, getauxval(AT_ENTRY) == (uint64_t)_start, getauxval(AT_BASE), getauxval(AT_FLAGS));
  printf("ids %d %d %d %d, secure %ld\n", getauxval(AT_UID) == getuid(), getauxval(AT_EUID) == geteuid(), getauxval(AT_GID) == getgid(),
         getauxval(AT_EGID) == getegid(), getauxval(AT_SECURE));
  unsigned char *r = (unsigned char *)getauxval(AT_RANDOM);
  int different = 0;
  for (int i = 1; i < 16; i++) different += r[i] != r[0];
  printf("random bytes look random: %d\n", different > 3);
  printf("platform %s\n", (char *)getauxval(AT_PLATFORM));
  const char *fn = (char *)getauxval(AT_EXECFN);
  printf("execfn absolute: %d, readable: %d, above the environment: %d\n", fn[0] == '/', access(fn, R_OK) == 0,
         (uint64_t)fn > (uint64_t)environ);
  printf("minsigstksz holds frame and legacy fpstate: %d\n", getauxval(AT_MINSIGSTKSZ) >= 440 + 576 + 4);
  // HWCAP is cpuid's edx of leaf 1, less what the kernel switched off: tsc, cx8, cmov, fxsr, sse, sse2. Read from the
  // vector itself, because glibc's getauxval answers with a value of its own.
  unsigned long hwcap = 0, baseline = 1 << 4 | 1 << 8 | 1 << 15 | 1 << 24 | 1 << 25 | 1 << 26;
  for (Elf64_auxv_t *a = aux; a->a_type != AT_NULL; a++)
    if (a->a_type == AT_HWCAP) hwcap = a->a_un.a_val;
  printf("hwcap has the baseline: %d\n", (hwcap & baseline) == baseline);
  printf("strings in order at the top: %d\n", argv[0] < environ[0] && fn > environ[0]);
  return 0;
}
