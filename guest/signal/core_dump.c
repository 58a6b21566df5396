// Core dumps (core(5), fs/coredump.c): which signals leave one, WCOREDUMP and CLD_DUMPED, RLIMIT_CORE below and at the least
// size, a process that may not be dumped, and the notes and segments of the file itself where it is called `core`.
#define _GNU_SOURCE
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/procfs.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char pattern[128];
static uint64_t marker[512] __attribute__((aligned(4096))) = {1};

static void crash(int sig, rlim_t limit, int dumpable) {
  struct rlimit rl = {limit, RLIM_INFINITY};
  setrlimit(RLIMIT_CORE, &rl);
  if (!dumpable) prctl(PR_SET_DUMPABLE, 0);
  signal(sig, SIG_DFL);
  marker[7] = 0x6d61726b6572;
  if (sig == SIGSEGV) {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR2);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    raise(SIGUSR2);
    __asm__ volatile("movq $0x1122334455667788, %%r15\n\tmovl $1, 0x18" ::: "r15", "memory");
  }
  raise(sig);
  _exit(99);
}

static void died(const char *what, int sig, rlim_t limit, int dumpable) {
  fflush(stdout);
  unlink("core");
  pid_t pid = fork();
  if (pid == 0) crash(sig, limit, dumpable);
  siginfo_t info;
  memset(&info, 0, sizeof info);
  waitid(P_PID, pid, &info, WEXITED | WNOWAIT);
  int status;
  waitpid(pid, &status, 0);
  printf("%s: signal %d core %d code %d status %d", what, WTERMSIG(status), !!WCOREDUMP(status), info.si_code,
         info.si_status);
  // A pattern of another kind puts it elsewhere.
  if (!strcmp(pattern, "core\n")) {
    struct stat st;
    int there = stat("core", &st) == 0;
    int agrees = there == !!WCOREDUMP(status) && (!there || ((st.st_mode & 07777) == 0600 && st.st_size > 0));
    printf(agrees ? " file agrees" : " FILE DIFFERS");
  } else {
    printf(" file agrees");
  }
  printf("\n");
}

static const char *note_name(const char *name, unsigned type) {
  if (!strcmp(name, "LINUX")) return type == 0x202 ? "X86_XSTATE" : NULL;
  switch (type) {
    case NT_PRSTATUS: return "PRSTATUS";
    case NT_PRFPREG: return "PRFPREG";
    case NT_PRPSINFO: return "PRPSINFO";
    case NT_AUXV: return "AUXV";
    case NT_SIGINFO: return "SIGINFO";
    case NT_FILE: return "FILE";
  }
  return NULL;
}

static void show_note(unsigned type, const char *desc, size_t size, pid_t pid) {
  if (type == NT_PRSTATUS) {
    const struct elf_prstatus *p = (const void *)desc;
    const unsigned long *regs = (const void *)&p->pr_reg;
    printf(" size %zu signo %d cursig %d pending %#lx blocked %#lx pid %d ppid %d r15 %#lx orig_rax %ld fpvalid %d", size,
           p->pr_info.si_signo, p->pr_cursig, p->pr_sigpend, p->pr_sighold, p->pr_pid == pid, p->pr_ppid == getpid(),
           regs[0], (long)regs[15], p->pr_fpvalid);
  } else if (type == NT_PRPSINFO) {
    const struct elf_prpsinfo *p = (const void *)desc;
    printf(" size %zu pid %d pgrp %d sid %d fname %s args %d", size, p->pr_pid == pid, p->pr_pgrp == getpgrp(),
           p->pr_sid == getsid(0), strncmp(p->pr_fname, program_invocation_short_name, 15) ? "other" : "own",
           p->pr_psargs[0] != 0);
  } else if (type == NT_SIGINFO) {
    const siginfo_t *s = (const void *)desc;
    printf(" size %zu signo %d code %d address %p", size, s->si_signo, s->si_code, s->si_addr);
  } else if (type == NT_PRFPREG) {
    printf(" size %zu control %#x", size, *(const unsigned short *)desc);
  } else if (type == 0x202) {
    printf(" xcr0 %d", (*(const uint64_t *)(desc + 464) & 3) == 3);
  }
}

static uint64_t word_at(const char *image, uint64_t address) {
  const Elf64_Ehdr *header = (const void *)image;
  const Elf64_Phdr *ph = (const void *)(image + header->e_phoff);
  for (int i = 0; i < header->e_phnum; i++)
    if (ph[i].p_type == PT_LOAD && address >= ph[i].p_vaddr && address < ph[i].p_vaddr + ph[i].p_filesz)
      return *(const uint64_t *)(image + ph[i].p_offset + (address - ph[i].p_vaddr));
  return 0;
}

static void look(void) {
  // Anonymous memory touched and not, of a child, shared, inaccessible, and not to be dumped.
  char *touched = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  strcpy(touched, "touched");
  mprotect(touched, 8192, PROT_NONE);
  char *untouched = mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  char *excluded = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  memset(excluded, 1, 16384);
  madvise(excluded, 16384, MADV_DONTDUMP);
  int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  *shared = 42;
  unlink("core");
  pid_t pid = fork();
  if (pid == 0) crash(SIGSEGV, RLIM_INFINITY, 1);
  int status;
  waitpid(pid, &status, 0);
  int fd = open("core", O_RDONLY);
  struct stat st;
  fstat(fd, &st);
  char *image = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  const Elf64_Ehdr *header = (const void *)image;
  printf("class %d type %d machine %d phentsize %d\n", header->e_ident[EI_CLASS], header->e_type, header->e_machine,
         header->e_phentsize);
  const Elf64_Phdr *ph = (const void *)(image + header->e_phoff);
  printf("first header: note %d flags %d\n", ph[0].p_type == PT_NOTE, ph[0].p_flags);
  for (uint64_t at = 0; at < ph[0].p_filesz;) {
    const Elf64_Nhdr *note = (const void *)(image + ph[0].p_offset + at);
    const char *name = (const char *)(note + 1);
    const char *desc = name + ((note->n_namesz + 3) & ~3u);
    const char *known = note_name(name, note->n_type);
    // Newer kernels and processors have more of LINUX's.
    if (known != NULL) {
      printf("%s %s", name, known);
      show_note(note->n_type, desc, note->n_descsz, pid);
      printf("\n");
    }
    at += sizeof *note + ((note->n_namesz + 3) & ~3u) + ((note->n_descsz + 3) & ~3u);
  }
  printf("marker %#lx\n", word_at(image, (uintptr_t)&marker[7]));
  struct { const char *what; void *at; } areas[] = {
      {"touched", touched}, {"untouched", untouched}, {"excluded", excluded}, {"shared", shared}, {"code", look}};
  for (size_t a = 0; a < sizeof areas / sizeof *areas; a++)
    for (int i = 0; i < header->e_phnum; i++)
      if (ph[i].p_type == PT_LOAD && (uintptr_t)areas[a].at - ph[i].p_vaddr < ph[i].p_memsz)
        printf("%s: flags %d filled %d align %#lx\n", areas[a].what, ph[i].p_flags, ph[i].p_filesz != 0, ph[i].p_align);
  printf("text in it: %s, number %d\n", (char *)&(uint64_t){word_at(image, (uintptr_t)touched)},
         (int)word_at(image, (uintptr_t)shared));
}

int main(void) {
  char folder[] = "/tmp/core-XXXXXX";
  if (mkdtemp(folder) == NULL || chdir(folder) != 0) return 1;
  int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY);
  if (fd < 0 || read(fd, pattern, sizeof pattern - 1) < 0) return 1;
  close(fd);
  const int all[] = {SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGXCPU, SIGXFSZ,
                     SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1, SIGVTALRM, SIGIO, SIGPWR, 40};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    char what[16];
    snprintf(what, sizeof what, "signal %d", all[i]);
    died(what, all[i], RLIM_INFINITY, 1);
  }
  if (pattern[0] != '|') {
    died("limit 0", SIGABRT, 0, 1);
    died("limit 4095", SIGABRT, 4095, 1);
    died("limit 4096", SIGABRT, 4096, 1);
  } else {
    // A program that takes cores is not bound by the limit.
    printf("limit 0: signal 6 core 0 code 2 status 6 file agrees\nlimit 4095: signal 6 core 0 code 2 status 6 file agrees\n"
           "limit 4096: signal 6 core 1 code 3 status 6 file agrees\n");
  }
  died("not dumpable", SIGABRT, RLIM_INFINITY, 0);
  if (!strcmp(pattern, "core\n")) {
    // What has the name goes away, but for a directory.
    unlink("core");
    close(open("other", O_CREAT | O_WRONLY, 0644));
    if (link("other", "core") != 0) return 1;
    int status;
    pid_t pid = fork();
    if (pid == 0) crash(SIGABRT, RLIM_INFINITY, 1);
    waitpid(pid, &status, 0);
    struct stat st;
    if (stat("other", &st) != 0) return 1;
    printf("a link: core %d, other size %d links %d\n", !!WCOREDUMP(status), (int)st.st_size, (int)st.st_nlink);
    unlink("other");
    unlink("core");
    mkdir("core", 0755);
    pid = fork();
    if (pid == 0) crash(SIGABRT, RLIM_INFINITY, 1);
    waitpid(pid, &status, 0);
    printf("a directory: core %d\n", !!WCOREDUMP(status));
    rmdir("core");
    look();
  }
  unlink("core");
  rmdir(folder);
  return 0;
}
