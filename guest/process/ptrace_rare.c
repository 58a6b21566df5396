// Requests of ptrace(2) that debuggers and checkpointers need: filters of seccomp and their flags read back
// (PTRACE_SECCOMP_GET_FILTER, _METADATA), filters suspended (PTRACE_O_SUSPEND_SECCOMP), system calls changed at their stops
// (PTRACE_SET_SYSCALL_INFO), syscall user dispatch read and set, entries of the TLS descriptors (PTRACE_GET_THREAD_AREA), and what
// x86-64 does not know; and steps to the next branch (PTRACE_SINGLEBLOCK), which are single ones where the processor has no way to (kernel/ptrace.c, kernel/seccomp.c, arch/x86/kernel/ptrace.c, tls.c).
// capabilities: sys_admin
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  GET_THREAD_AREA = 25,
  SET_THREAD_AREA = 26,
  GET_FILTER = 0x420c,
  GET_METADATA = 0x420d,
  GET_CALL_INFO = 0x420e,
  SET_DISPATCH = 0x4210,
  GET_DISPATCH = 0x4211,
  SET_CALL_INFO = 0x4212,
  SUSPEND_SECCOMP = 1 << 21,
};

static long trace(long request, pid_t pid, void *address, void *data) {
  return syscall(SYS_ptrace, request, pid, address, data) < 0 ? -errno : 0;
}
static long count(long request, pid_t pid, void *address, void *data) {
  const long result = syscall(SYS_ptrace, request, pid, address, data);
  return result < 0 ? -errno : result;
}
static const char *outcome(long result) {
  static char text[4][40];
  static int turn;
  char *into = text[turn++ % 4];
  if (result >= 0) snprintf(into, 40, "%ld", result);
  else snprintf(into, 40, "%s", strerrorname_np(-(int)result));
  return into;
}

/* A child that is traced and stopped, having done `prepare`, and does `work` then. */
static pid_t traced(void (*prepare)(void), int (*work)(void)) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    if (prepare) prepare();
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit(work ? work() : 0);
  }
  waitpid(child, NULL, 0);
  return child;
}
static void finish(pid_t child, const char *what) {
  int status;
  trace(PTRACE_CONT, child, 0, 0);
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) printf("%s: exit %d\n", what, WEXITSTATUS(status));
  else printf("%s: status %#x\n", what, status);
}

static void install(unsigned flags, int number, unsigned answer) {
  struct sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, answer),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {4, code};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) != 0) _exit(99);
}
static void filters(void) {
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  install(0, SYS_getppid, SECCOMP_RET_ERRNO | 5);
  install(SECCOMP_FILTER_FLAG_LOG, SYS_getuid, SECCOMP_RET_ERRNO | 6);
  struct sock_filter allow[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
  struct sock_fprog program = {1, allow};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) _exit(99);
}
static int asks(void) {
  errno = 0;
  const int first = syscall(SYS_getppid) < 0 ? errno : 0;
  errno = 0;
  const int second = syscall(SYS_getuid) < 0 ? errno : 0;
  return first * 10 + second;
}
static void strict(void) { prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT); }

/* What this process is told that asks for a child's filters, or to suspend them. */
static void may_not_look(const char *who, const char *end) {
  unsigned long about[2] = {0};
  const pid_t own = traced(NULL, NULL);
  printf("%s: %s %s", who, outcome(count(GET_FILTER, own, 0, NULL)),
         outcome(count(GET_METADATA, own, (void *)16, about)));
  printf(", suspend %s\n", outcome(trace(PTRACE_SETOPTIONS, own, 0, (void *)SUSPEND_SECCOMP)));
  finish(own, end);
}

static void seccomp(void) {
  struct sock_filter code[8];
  struct {
    uint64_t offset, flags;
  } about;
  pid_t child = traced(NULL, NULL);
  printf("no filters: %s %s", outcome(count(GET_FILTER, child, 0, code)),
         outcome(count(GET_METADATA, child, (void *)16, memset(&about, 0, sizeof about))));
  printf(", running %s\n", outcome(count(GET_FILTER, getpid(), 0, code)));
  finish(child, "without");
  child = traced(filters, asks);
  for (long i = 0; i < 4; i++) {
    memset(code, 0, sizeof code);
    const long length = count(GET_FILTER, child, (void *)i, code);
    about.offset = i, about.flags = 99;
    const long known = count(GET_METADATA, child, (void *)16, &about);
    printf("filter %ld: %s, %s", i, outcome(length), outcome(count(GET_FILTER, child, (void *)i, NULL)));
    for (long j = 0; j < length; j++) printf(" %x:%u:%u:%x", code[j].code, code[j].jt, code[j].jf, code[j].k);
    printf(", metadata %s flags %lu\n", outcome(known), (unsigned long)about.flags);
  }
  about.offset = 1, about.flags = 99;
  printf("sizes: %s", outcome(count(GET_METADATA, child, (void *)7, &about)));
  printf(" %s", outcome(count(GET_METADATA, child, (void *)8, &about)));
  printf(" %lu", (unsigned long)about.flags);
  printf(" %s", outcome(count(GET_METADATA, child, (void *)1000, &about)));
  printf(" %lu", (unsigned long)about.flags);
  printf(", nowhere: %s %s\n", outcome(count(GET_METADATA, child, (void *)16, (void *)8)),
         outcome(count(GET_FILTER, child, 0, (void *)8)));
  finish(child, "filtered");
  child = traced(filters, asks);
  printf("suspended: %s", outcome(trace(PTRACE_SETOPTIONS, child, 0, (void *)SUSPEND_SECCOMP)));
  printf(", filters are there: %s\n", outcome(count(GET_FILTER, child, (void *)1, NULL)));
  finish(child, "without filters");
  child = traced(filters, asks);
  trace(PTRACE_SETOPTIONS, child, 0, (void *)SUSPEND_SECCOMP);
  trace(PTRACE_SETOPTIONS, child, 0, 0);
  finish(child, "with filters again");
  child = traced(NULL, NULL);
  trace(PTRACE_SETOPTIONS, child, 0, (void *)SUSPEND_SECCOMP);
  finish(child, "nothing to suspend");
  /* Who has filters may not do so. */
  fflush(stdout);
  child = fork();
  if (child == 0) {
    filters();
    may_not_look("from inside", "inside");
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  fflush(stdout);
  child = fork();
  if (child == 0) {
    setresuid(1000, 1000, 1000);
    prctl(PR_SET_DUMPABLE, 1);
    may_not_look("as a user", "user's");
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, NULL, 0);
  /* Strict mode, suspended as well: no filters to be read. */
  fflush(stdout);
  child = fork();
  if (child == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    strict();
    syscall(SYS_getpid);
    syscall(SYS_exit_group, 3);
  }
  waitpid(child, NULL, 0);
  trace(PTRACE_SETOPTIONS, child, 0, (void *)SUSPEND_SECCOMP);
  finish(child, "strict, suspended");
}

static void user_area(void) {
  struct user_desc entry;
  pid_t child = traced(NULL, NULL);
  for (long i = 10; i < 17; i++) {
    memset(&entry, 0x55, sizeof entry);
    printf("TLS %ld: %s", i, outcome(trace(GET_THREAD_AREA, child, (void *)i, &entry)));
    if (entry.entry_number != 0x55555555)
      printf(", %u base %x limit %x flags %d%d%d%d%d%d", entry.entry_number, entry.base_addr, entry.limit,
             entry.seg_32bit, entry.contents, entry.read_exec_only, entry.limit_in_pages, entry.seg_not_present,
             entry.useable);
    printf("\n");
  }
  memset(&entry, 0, sizeof entry);
  entry.entry_number = -1, entry.base_addr = 0x12345000, entry.limit = 0xfffff;
  entry.seg_32bit = 1, entry.limit_in_pages = 1, entry.useable = 1;
  printf("set: %s", outcome(trace(SET_THREAD_AREA, child, (void *)13, &entry)));
  printf(", any %s", outcome(trace(SET_THREAD_AREA, child, (void *)-1, &entry)));
  entry.entry_number = 14;
  printf(", the entry's %s", outcome(trace(SET_THREAD_AREA, child, (void *)12, &entry)));
  printf(", bad %s", outcome(trace(SET_THREAD_AREA, child, (void *)15, &entry)));
  printf(", nowhere %s\n", outcome(trace(SET_THREAD_AREA, child, (void *)12, (void *)8)));
  for (long i = 12; i < 15; i++) {
    memset(&entry, 0x55, sizeof entry);
    printf("TLS %ld: %s", i, outcome(trace(GET_THREAD_AREA, child, (void *)i, &entry)));
    printf(", base %x limit %x flags %d%d%d%d%d%d\n", entry.base_addr, entry.limit, entry.seg_32bit, entry.contents,
           entry.read_exec_only, entry.limit_in_pages, entry.seg_not_present, entry.useable);
  }
  printf("negative %s, nowhere %s\n", outcome(trace(GET_THREAD_AREA, child, (void *)-1, &entry)),
         outcome(trace(GET_THREAD_AREA, child, (void *)12, (void *)8)));
  finish(child, "areas");
}

static void unknown(void) {
  static const int requests[] = {10, 11, 18, 19, 20, 22, 23, 27, 28, 29, 34, 0x4213, 0x4300, -1};
  static char buffer[4096];
  pid_t child = traced(NULL, NULL);
  for (unsigned i = 0; i < sizeof requests / sizeof *requests; i++)
    printf("request %d: %s\n", requests[i], outcome(trace(requests[i], child, 0, buffer)));
  finish(child, "unknown");
}

/* Registers that there are, by the types of core notes. */
static void sets(void) {
  static const struct {
    const char *what;
    unsigned type;
  } each[] = {{"PRSTATUS", NT_PRSTATUS}, {"PRFPREG", NT_PRFPREG}, {"PRPSINFO", NT_PRPSINFO}, {"386_TLS", NT_386_TLS},
              {"386_IOPERM", NT_386_IOPERM}, {"X86_SHSTK", 0x204}, {"SIGINFO", NT_SIGINFO}, {"PRXFPREG", NT_PRXFPREG}};
  static char buffer[16384];
  pid_t child = traced(NULL, NULL);
  for (unsigned i = 0; i < sizeof each / sizeof *each; i++) {
    struct iovec vector = {buffer, sizeof buffer}, odd = {buffer, 9}, none = {buffer, 0};
    void *type = (void *)(uintptr_t)each[i].type;
    printf("%s: %s", each[i].what, outcome(trace(PTRACE_GETREGSET, child, type, &vector)));
    printf(" %zu", vector.iov_len == sizeof buffer ? 0 : vector.iov_len);
    printf(", odd %s", outcome(trace(PTRACE_GETREGSET, child, type, &odd)));
    printf(", nothing %s", outcome(trace(PTRACE_GETREGSET, child, type, &none)));
    printf(" %zu, set %s", none.iov_len, outcome(trace(PTRACE_SETREGSET, child, type, &odd)));
    none.iov_len = 0;
    printf(" %s\n", outcome(trace(PTRACE_SETREGSET, child, type, &none)));
  }
  finish(child, "sets");
}

extern char target[];
static int branches(void) {
  int result = 1;
  __asm__ volatile("nop\n\tnop\n\tjmp 1f\n\tmovl $2, %0\n\t.globl target\ntarget:\n1:\tnop" : "+r"(result));
  return result;
}
static void blocks(void) {
  struct user_regs_struct regs = {0};
  siginfo_t info = {0};
  int status = 0, stops = 0;
  pid_t child = traced(NULL, branches);
  for (; stops < 10000 && regs.rip != (uintptr_t)target; stops++) {
    if (trace(33, child, 0, 0) != 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) break;
    trace(PTRACE_GETREGS, child, 0, &regs);
  }
  trace(PTRACE_GETSIGINFO, child, 0, &info);
  printf("block: at the target %d, %s code %d\n", regs.rip == (uintptr_t)target, sigabbrev_np(info.si_signo), info.si_code);
  printf("bad signal: %s\n", outcome(trace(33, child, 0, (void *)65)));
  finish(child, "blocks");
}

static volatile char selector;
static int dispatched(void) { return syscall(SYS_getppid) > 0 ? 1 : 2; }
static void dispatch(void) {
  struct {
    uint64_t mode, selector, offset, length;
  } about;
  pid_t child = traced(NULL, dispatched);
  memset(&about, 0x55, sizeof about);
  printf("dispatch: %s", outcome(count(GET_DISPATCH, child, (void *)sizeof about, &about)));
  printf(", %lu %lu %lu %lu", (unsigned long)about.mode, (unsigned long)about.selector, (unsigned long)about.offset,
         (unsigned long)about.length);
  printf(", short %s", outcome(count(GET_DISPATCH, child, (void *)24, &about)));
  printf(", long %s", outcome(count(GET_DISPATCH, child, (void *)40, &about)));
  printf(", nowhere %s\n", outcome(count(GET_DISPATCH, child, (void *)32, (void *)8)));
  about.mode = 7, about.selector = about.offset = about.length = 0;
  printf("bad mode %s", outcome(count(SET_DISPATCH, child, (void *)32, &about)));
  about.mode = 0, about.length = 5;
  printf(", off with a range %s", outcome(count(SET_DISPATCH, child, (void *)32, &about)));
  about.mode = 1, about.offset = 0, about.length = 0, about.selector = (uintptr_t)&selector;
  printf(", short %s", outcome(count(SET_DISPATCH, child, (void *)31, &about)));
  printf(", on %s", outcome(count(SET_DISPATCH, child, (void *)32, &about)));
  memset(&about, 0x55, sizeof about);
  count(GET_DISPATCH, child, (void *)32, &about);
  printf(": %lu %d %lu %lu", (unsigned long)about.mode, about.selector == (uintptr_t)&selector,
         (unsigned long)about.offset, (unsigned long)about.length);
  selector = 1;
  trace(PTRACE_POKEDATA, child, (void *)((uintptr_t)&selector & ~7ul),
        (void *)(1ul << ((uintptr_t)&selector & 7) * 8));
  int status;
  trace(PTRACE_CONT, child, 0, 0);
  waitpid(child, &status, 0);
  printf(", then stopped by %s", WIFSTOPPED(status) ? sigabbrev_np(WSTOPSIG(status)) : "nothing");
  about.mode = 0, about.selector = about.offset = about.length = 0;
  printf(", off %s\n", outcome(count(SET_DISPATCH, child, (void *)32, &about)));
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

struct call_info {
  uint8_t op, reserved;
  uint16_t flags;
  uint32_t arch;
  uint64_t ip, sp;
  union {
    struct {
      uint64_t nr, args[6];
    } entry;
    struct {
      int64_t value;
      uint8_t error, reserved[7];
    } exit;
    uint64_t all[8];
  };
};

static int changed(void) {
  char buffer[8] = "xxxxxxx";
  const long first = syscall(SYS_getppid, 1, 2, 3, 4, 5, 6);
  const long second = syscall(SYS_getpgid, 99999999);
  return (first == 77) + (second == -1 && errno == EDOM) * 2 + (buffer[0] == 'x') * 4;
}
static void stop(pid_t child) {
  trace(PTRACE_SYSCALL, child, 0, 0);
  waitpid(child, NULL, 0);
}
static void calls(void) {
  struct call_info info;
  int status;
  const long size = 88;
  pid_t child = traced(NULL, changed);
  memset(&info, 0, sizeof info);
  trace(PTRACE_SETOPTIONS, child, 0, (void *)PTRACE_O_TRACESYSGOOD);
  count(GET_CALL_INFO, child, (void *)size, &info);
  printf("no call: set %s\n", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  stop(child);
  count(GET_CALL_INFO, child, (void *)size, &info);
  printf("entry: op %d, %d, args %lu %lu", info.op, info.entry.nr == SYS_getppid, (unsigned long)info.entry.args[0],
         (unsigned long)info.entry.args[5]);
  printf(", same %s", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  printf(", short %s", outcome(count(SET_CALL_INFO, child, (void *)23, &info)));
  printf(", just %s", outcome(count(SET_CALL_INFO, child, (void *)88, &info)));
  printf(", less %s", outcome(count(SET_CALL_INFO, child, (void *)80, &info)));
  printf(", long %s", outcome(count(SET_CALL_INFO, child, (void *)100, &info)));
  printf(", nowhere %s\n", outcome(count(SET_CALL_INFO, child, (void *)size, (void *)8)));
  info.reserved = 1;
  printf("reserved %s", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  info.reserved = 0, info.flags = 1;
  printf(", flags %s", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  info.flags = 0, info.op = 2;
  printf(", another op %s", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  info.op = 1, info.arch = 0, info.ip = info.sp = 5;
  printf(", arch, ip and sp %s\n", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  /* Another call with other arguments: what was getppid opens nothing. */
  info.entry.nr = SYS_dup2, info.entry.args[0] = 0, info.entry.args[1] = 77;
  printf("another call %s\n", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  struct user_regs_struct regs;
  trace(PTRACE_GETREGS, child, 0, &regs);
  printf("registers: %d, %lld %lld %lld\n", regs.orig_rax == SYS_dup2, regs.rdi, regs.rsi, regs.rdx);
  stop(child);
  count(GET_CALL_INFO, child, (void *)size, &info);
  printf("exit: op %d, %ld error %d\n", info.op, (long)info.exit.value, info.exit.error);
  stop(child);
  count(GET_CALL_INFO, child, (void *)size, &info);
  printf("entry: op %d, %d, %lu\n", info.op, info.entry.nr == SYS_getpgid, (unsigned long)info.entry.args[0]);
  info.entry.nr = 1ul << 40;
  printf("large number %s", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  info.entry.nr = -1;
  printf(", no call %s\n", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  stop(child);
  count(GET_CALL_INFO, child, (void *)size, &info);
  printf("exit: op %d, %ld error %d\n", info.op, (long)info.exit.value, info.exit.error);
  info.exit.value = EDOM, info.exit.error = 1;
  printf("positive error %s", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  info.exit.value = -EDOM;
  printf(", error %s", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  info.exit.error = 2;
  printf(", 2 %s", outcome(count(SET_CALL_INFO, child, (void *)size, &info)));
  trace(PTRACE_GETREGS, child, 0, &regs);
  printf(", rax %lld\n", regs.rax);
  trace(PTRACE_CONT, child, 0, 0);
  waitpid(child, &status, 0);
  printf("it saw %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

int main(void) {
  seccomp();
  user_area();
  unknown();
  sets();
  blocks();
  dispatch();
  calls();
  return 0;
}
