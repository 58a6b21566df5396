// The data that the vDSO reads, [vvar] and [vvar_vclock] in /proc/self/maps below it: what their pages are, of which some are not
// there (SIGBUS), none can be stored to, locked, dumped or read by others; areas that may be moved whole but not be cut, nor
// grow (arch/x86/entry/vdso/vma.c, lib/vdso/datastore.c, special_mapping_vmops of mm/mmap.c).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static sigjmp_buf back;
static siginfo_t fault;
static void onFault(int signo, siginfo_t *info, void *context) {
  fault = *info;
  siglongjmp(back, signo);
}

struct area {
  const char *name;
  unsigned long start, end;
  char line[128], flags[64];
  long rss;
};
static struct area areas[3] = {{"[vvar]"}, {"[vvar_vclock]"}, {"[vdso]"}};

static void look(void) {
  char line[512];
  struct area *in = NULL;
  FILE *maps = fopen("/proc/self/smaps", "r");
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    char flags[8], offset[16], device[16], ino[16], name[64] = "";
    if (sscanf(line, "%lx-%lx %7s %15s %15s %15s %63[^\n]", &start, &end, flags, offset, device, ino, name) >= 6) {
      in = NULL;
      for (int i = 0; i < 3; i++)
        if (strcmp(name, areas[i].name) == 0) in = &areas[i];
      if (in == NULL) continue;
      in->start = start, in->end = end;
      snprintf(in->line, sizeof in->line, "%s %s %s %s", flags, offset, device, ino);
    }
    if (in != NULL && sscanf(line, "VmFlags: %63[^\n]", in->flags) == 1) continue;
    if (in != NULL) sscanf(line, "Rss: %ld", &in->rss);
  }
  fclose(maps);
}

static const char *outcome(long result) { return result == -1 ? strerrorname_np(errno) : "0"; }
static const char *moved(void *result) { return result == MAP_FAILED ? strerrorname_np(errno) : "moved"; }

static void pages(const struct area *area) {
  for (unsigned long page = area->start; page < area->end; page += PAGE) {
    int signo = sigsetjmp(back, 1);
    if (signo == 0) {
      (void)*(volatile long *)page;
      printf("page %lu: read", (page - area->start) / PAGE);
    } else {
      printf("page %lu: SIG%s code %d, address %d", (page - area->start) / PAGE, sigabbrev_np(signo), fault.si_code,
             fault.si_addr == (void *)page);
    }
    signo = sigsetjmp(back, 1);
    if (signo == 0) *(volatile long *)page = 1;
    else printf(", store SIG%s code %d", sigabbrev_np(signo), fault.si_code);
    signo = sigsetjmp(back, 1);
    if (signo == 0) ((void (*)(void))page)();
    else printf(", jump SIG%s code %d\n", sigabbrev_np(signo), fault.si_code);
  }
}

static void requests(const struct area *area) {
  static const struct {
    const char *what;
    int advice;
  } each[] = {{"DONTNEED", MADV_DONTNEED},     {"FREE", MADV_FREE},         {"DONTNEED_LOCKED", 24}, {"REMOVE", MADV_REMOVE},
              {"DOFORK", MADV_DOFORK},         {"DODUMP", MADV_DODUMP},     {"DONTDUMP", MADV_DONTDUMP},
              {"COLD", MADV_COLD},             {"PAGEOUT", MADV_PAGEOUT},   {"RANDOM", MADV_RANDOM},
              {"NORMAL", MADV_NORMAL},         {"WIPEONFORK", MADV_WIPEONFORK}, {"KEEPONFORK", MADV_KEEPONFORK}};
  void *at = (void *)area->start;
  const size_t size = area->end - area->start;
  printf("mprotect: rw %s", outcome(mprotect(at, size, PROT_READ | PROT_WRITE)));
  printf(", rx %s", outcome(mprotect(at, size, PROT_READ | PROT_EXEC)));
  printf(", none %s", outcome(mprotect(at, size, PROT_NONE)));
  const int signo = sigsetjmp(back, 1);
  if (signo == 0) (void)*(volatile long *)at;
  else printf(" (SIG%s code %d)", sigabbrev_np(signo), fault.si_code);
  printf(", r %s", outcome(mprotect(at, size, PROT_READ)));
  printf(", part none %s\n", outcome(mprotect(at, PAGE, PROT_NONE)));
  for (unsigned i = 0; i < sizeof each / sizeof *each; i++)
    printf("%s%s %s", i ? ", " : "madvise: ", each[i].what, outcome(madvise(at, size, each[i].advice)));
  printf(", part %s\n", outcome(madvise(at, PAGE, MADV_RANDOM)));
  printf("mlock %s, munlock %s, msync %s", outcome(mlock(at, size)), outcome(munlock(at, size)),
         outcome(msync(at, size, MS_SYNC)));
  printf(", part %s\n", outcome(mlock(at, PAGE)));
  char *room = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("mremap: grow %s", moved(mremap(at, size, size + PAGE, MREMAP_MAYMOVE)));
  printf(", leave %s", moved(mremap(at, size, size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP)));
  printf(", shrink %s", moved(mremap(at, size, PAGE, 0)));
  printf(", part %s", moved(mremap(at, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, room)));
  void *const other = mremap(at, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, room);
  printf(", all %s", moved(other));
  struct area now = *area;
  look();
  printf(" (%s)", area->start == (unsigned long)room && strcmp(now.line, area->line) == 0 ? "as it was" : "changed");
  printf(", back %s\n", moved(mremap(room, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, at)));
  look();
  printf("munmap: first %s, last %s", outcome(munmap(at, PAGE)), outcome(munmap((char *)at + size - PAGE, PAGE)));
  printf(", mmap over the last %s\n",
         outcome((long)mmap((char *)at + size - PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)));
}

/* The kernel's own ways to the pages. */
static void others(const struct area *area) {
  char buffer[8];
  int pipes[2];
  pipe(pipes);
  printf("write from page 0 %s, page 1 %s", outcome(write(pipes[1], (void *)area->start, 8)),
         outcome(write(pipes[1], (void *)(area->start + PAGE), 8)));
  printf(", read to it %s", outcome(read(pipes[0], (void *)area->start, 8)));
  const int mem = open("/proc/self/mem", O_RDWR);
  printf(", mem %s", outcome(pread(mem, buffer, 8, area->start)));
  printf(" %s", outcome(pwrite(mem, buffer, 8, area->start)));
  close(mem);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  errno = 0;
  ptrace(PTRACE_PEEKDATA, child, area->start, 0);
  printf(", peek %s", errno ? strerrorname_np(errno) : "0");
  printf(", poke %s\n", outcome(ptrace(PTRACE_POKEDATA, child, area->start, 0)));
  ptrace(PTRACE_CONT, child, 0, SIGKILL);
  waitpid(child, NULL, 0);
  close(pipes[0]), close(pipes[1]);
}

int main(void) {
  struct sigaction action = {.sa_sigaction = onFault, .sa_flags = SA_SIGINFO};
  sigaction(SIGSEGV, &action, NULL);
  sigaction(SIGBUS, &action, NULL);
  look();
  for (int i = 0; i < 3; i++) printf("%s %s, flags %s\n", areas[i].name, areas[i].line, areas[i].flags);
  printf("data of %ld and %ld pages, in order %d, the vDSO behind them %d\n", (areas[0].end - areas[0].start) / PAGE,
         (areas[1].end - areas[1].start) / PAGE, areas[0].end == areas[1].start && areas[1].end == areas[2].start,
         areas[2].start == getauxval(AT_SYSINFO_EHDR));
  pages(&areas[0]);
  look();
  printf("not counted: %ld\n", areas[0].rss);
  others(&areas[0]);
  for (int i = 0; i < 2; i++) requests(&areas[i]);
  printf("munmap of all: %s", outcome(munmap((void *)areas[0].start, areas[2].start - areas[0].start)));
  const unsigned long before = areas[2].start;
  for (int i = 0; i < 2; i++) areas[i].start = 0;
  look();
  printf(", gone %d, the vDSO is there %d\n", areas[0].start == 0 && areas[1].start == 0, areas[2].start == before);
  return 0;
}
