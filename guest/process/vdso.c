// The vDSO (vdso(7)): a shared object at AT_SYSINFO_EHDR whose functions give the time. Its symbols have a version, its functions
// do what the system calls do without being any, and unwinders find their way out of it at every instruction.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

static char *base;
static Elf64_Sym *symbols;
static Elf64_Versym *versions;
static Elf64_Verdef *definitions;
static uint32_t *hash;
static char *strings;

static void *in(Elf64_Dyn *d) { return base + d->d_un.d_ptr; }

static void parse(void) {
  Elf64_Ehdr *ehdr = (void *)base;
  Elf64_Phdr *phdr = (void *)(base + ehdr->e_phoff);
  printf("%s, class %d, type %d, machine %d\n", memcmp(base, ELFMAG, 4) ? "no ELF" : "ELF", base[EI_CLASS], ehdr->e_type,
         ehdr->e_machine);
  Elf64_Dyn *dynamic = NULL;
  int loads = 0, frames = 0;
  for (int i = 0; i < ehdr->e_phnum; i++) {
    if (phdr[i].p_type == PT_LOAD) loads++, printf("loaded at offset %#lx, flags %d\n", phdr[i].p_offset, phdr[i].p_flags);
    if (phdr[i].p_type == PT_DYNAMIC) dynamic = (void *)(base + phdr[i].p_vaddr);
    if (phdr[i].p_type == PT_GNU_EH_FRAME) frames++;
  }
  printf("%d segment loaded, %d dynamic section, %d table of frames\n", loads, dynamic != NULL, frames);
  Elf64_Xword soname = 0;
  for (Elf64_Dyn *d = dynamic; d->d_tag != DT_NULL; d++) switch (d->d_tag) {
      case DT_SYMTAB: symbols = in(d); break;
      case DT_STRTAB: strings = in(d); break;
      case DT_HASH: hash = in(d); break;
      case DT_VERSYM: versions = in(d); break;
      case DT_VERDEF: definitions = in(d); break;
      case DT_SONAME: soname = d->d_un.d_val; break;
    }
  printf("it is called %s\n", strings + soname);
}

static const char *version_of(int index) {
  for (Elf64_Verdef *def = definitions;; def = (void *)((char *)def + def->vd_next)) {
    Elf64_Verdaux *aux = (void *)((char *)def + def->vd_aux);
    if (def->vd_ndx == (versions[index] & 0x7fff)) return strings + aux->vda_name;
    if (def->vd_next == 0) return "none";
  }
}

/* All symbols are looked through by way of the number that the hash table has of them. */
static void *find(const char *name, int show) {
  for (uint32_t i = 1; hash != NULL && i < hash[1]; i++) {
    if (strcmp(strings + symbols[i].st_name, name) != 0) continue;
    if (show)
      printf("%s: %s %s, %s\n", name, ELF64_ST_BIND(symbols[i].st_info) == STB_WEAK ? "weak" : "global",
             ELF64_ST_TYPE(symbols[i].st_info) == STT_FUNC ? "function" : "other", version_of(i));
    return base + symbols[i].st_value;
  }
  if (show) printf("%s: not there\n", name);
  return NULL;
}

static int (*gettime)(clockid_t, struct timespec *);
static int (*getres)(clockid_t, struct timespec *);
static int (*timeofday)(struct timeval *, struct timezone *);
static time_t (*seconds)(time_t *);
static int (*cpu_of)(unsigned *, unsigned *, void *);

static int64_t ns(struct timespec t) { return t.tv_sec * 1000000000ll + t.tv_nsec; }

static void check_time(void) {
  static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE,
                                     CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_TAI, CLOCK_PROCESS_CPUTIME_ID};
  for (unsigned i = 0; i < sizeof clocks / sizeof *clocks; i++) {
    struct timespec before, here, after;
    syscall(SYS_clock_gettime, clocks[i], &before);
    int result = gettime(clocks[i], &here);
    syscall(SYS_clock_gettime, clocks[i], &after);
    printf("clock %d: %d, %s\n", clocks[i], result, ns(before) <= ns(here) && ns(here) <= ns(after) ? "in between" : "off");
  }
  struct timespec none;
  printf("clock 77: %d\n", gettime(77, &none));
  printf("resolution: %d %d\n", getres(CLOCK_MONOTONIC, &none), none.tv_sec == 0 && none.tv_nsec > 0);
  struct timeval tv;
  struct timezone tz = {1, 1};
  time_t first = syscall(SYS_time, NULL), stored;
  int result = timeofday(&tv, &tz);
  time_t last = seconds(&stored);
  printf("gettimeofday: %d, %d; time: %d %d\n", result, tv.tv_sec >= first && tv.tv_sec <= first + 1 + (last - first),
         last == stored, seconds(NULL) >= first);
  printf("gettimeofday of nothing: %d\n", timeofday(NULL, NULL));
  unsigned cpu = 77777, node = 77777;
  result = cpu_of(&cpu, &node, NULL);
  printf("getcpu: %d, %d\n", result, cpu < 77777 && node < 77777);
}

/* A pointer to nowhere is a fault of the function, not EFAULT. */
static sigjmp_buf back;
static void on_fault(int signo, siginfo_t *info, void *context) {
  greg_t rip = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  printf("signal %d, code %d, address %#lx, error %#llx, %s\n", signo, info->si_code, (long)info->si_addr,
         ((ucontext_t *)context)->uc_mcontext.gregs[REG_ERR], rip >= (greg_t)base && rip < (greg_t)base + 8192 ? "in the vDSO" : "elsewhere");
  siglongjmp(back, 1);
}

static void check_faults(void) {
  struct sigaction sa = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &sa, NULL);
  if (!sigsetjmp(back, 1)) gettime(CLOCK_MONOTONIC, (void *)16);
  if (!sigsetjmp(back, 1)) timeofday((void *)32, NULL);
  if (!sigsetjmp(back, 1)) seconds((void *)64);
  if (!sigsetjmp(back, 1)) cpu_of((void *)128, NULL, NULL);
  printf("a clock of the kernel's own: %d\n", gettime(CLOCK_PROCESS_CPUTIME_ID, (void *)16));
  signal(SIGSEGV, SIG_DFL);
}

/* Strict seccomp allows no system call that gives the time (and no RDTSC, which other functions need). */
static void check_seccomp(void) {
  pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
    syscall(SYS_exit, seconds(NULL) > 0 ? 5 : 6);
  }
  int status;
  waitpid(child, &status, 0);
  printf("under strict seccomp: %s %d\n", WIFEXITED(status) ? "exit" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

static char *caller_start, *caller_end;
static int inside, lost;
static _Unwind_Reason_Code look(struct _Unwind_Context *context, void *found) {
  char *ip = (char *)_Unwind_GetIP(context);
  if (ip > caller_start && ip <= caller_end) *(int *)found = 1;
  return _URC_NO_REASON;
}
static void on_step(int signo, siginfo_t *info, void *context) {
  (void)signo, (void)info;
  char *rip = (char *)((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
  if (rip < base || rip >= base + 8192) return;
  int found = 0;
  _Unwind_Backtrace(look, &found);
  inside++;
  if (!found) lost++;
}

/* Single steps through a function, and at each the way back is looked for. */
__attribute__((noinline, noclone)) static void check_unwinding(void) {
  struct sigaction sa = {.sa_sigaction = on_step, .sa_flags = SA_SIGINFO};
  sigaction(SIGTRAP, &sa, NULL);
  caller_start = (char *)check_unwinding;
  caller_end = caller_start + 1024;
  time_t now;
  __asm__ volatile("pushf\n\torl $0x100, (%%rsp)\n\tpopf" ::: "memory", "cc");
  seconds(&now);
  __asm__ volatile("pushf\n\tandl $~0x100, (%%rsp)\n\tpopf" ::: "memory", "cc");
  printf("stepped through it: %d; lost the way %d times\n", inside >= 2, lost);
}

int main(void) {
  base = (char *)getauxval(AT_SYSINFO_EHDR);
  printf("at a page: %d\n", base != NULL && (unsigned long)base % 4096 == 0);
  parse();
  static const char *const names[] = {"__vdso_clock_gettime", "clock_gettime", "__vdso_gettimeofday", "gettimeofday", "__vdso_time",
                                      "time", "__vdso_getcpu", "getcpu", "__vdso_clock_getres", "clock_getres", "__vdso_fork"};
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) find(names[i], 1);
  gettime = find("__vdso_clock_gettime", 0);
  getres = find("__vdso_clock_getres", 0);
  timeofday = find("__vdso_gettimeofday", 0);
  seconds = find("__vdso_time", 0);
  cpu_of = find("__vdso_getcpu", 0);
  check_time();
  check_faults();
  check_seccomp();
  check_unwinding();
  FILE *maps = fopen("/proc/self/maps", "r");
  char line[512];
  while (fgets(line, sizeof line, maps)) {
    if (strstr(line, "[vdso]")) printf("%d %s", strtoul(line, NULL, 16) == (unsigned long)base, strchr(line, ' '));
    if (strstr(line, "[vsyscall]")) printf("%s", line);
  }
  return 0;
}
