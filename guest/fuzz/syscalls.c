/*
 * Random system calls with values at which kernels go wrong: pointers to mapped, unmapped, forbidden, page-end, non-canonical
 * and kernel memory, sizes around every limit, descriptors of every kind, random flags. The same seed makes the same calls.
 *
 *   syscalls SEED CHILDREN CALLS LIST     LIST holds one line for each call: number, then a letter for each argument
 *
 * Each child makes CALLS calls; what it does to itself ends with it. The parent prints how each ended and a hash of its
 * results. Not for a real machine: children may kill, unlink and mount whatever they hit.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096UL
/* Pages of every kind; what lies between them is unmapped. */
#define DATA 0x10000000UL
#define DATA_PAGES 8
#define NO_ACCESS (DATA + 16 * PAGE)
#define READ_ONLY (DATA + 18 * PAGE)
#define EDGE (DATA + 20 * PAGE)
#define EDGE_END (EDGE + 2 * PAGE)
/* Where mmap and its family work. */
#define ARENA 0x20000000UL
#define ARENA_PAGES 48

#define MAX_CALLS 512

struct call {
  int number;
  char kinds[8];
};
static struct call calls[MAX_CALLS];
static int call_count;

static uint64_t state;
static uint64_t next(void) {
  uint64_t z = (state += 0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
static unsigned below(unsigned n) { return (next() >> 20) % n; }
#define ONE_OF(list) ((list)[below(sizeof(list) / sizeof((list)[0]))])

static const uint64_t edges[] = {
    0, 1, 2, 7, 8, 15, 16, 63, 64, 128, 255, 256, 512, 4095, 4096, 4097, 65535, 65536, 1 << 20, 0x7ffff000, 0x7fffffff,
    0x80000000, 0xffffffff, 0x100000000, 1ul << 46, 0x7ffffffff000, 1ul << 47, (1ul << 53) - 1, (1ul << 53) + 1, 1ul << 62,
    0x7fffffffffffffff, 1ul << 63, 0xffffffffffff0000, -4096ul, -4095ul, -100ul, -2ul, -1ul,
};
static const uint64_t bad_pointers[] = {
    0, 1, 4095, DATA - 1, DATA + DATA_PAGES * PAGE, DATA + DATA_PAGES * PAGE - 1, NO_ACCESS, NO_ACCESS + 8, NO_ACCESS - 1, READ_ONLY,
    READ_ONLY + PAGE - 3, EDGE_END, EDGE_END - 1, EDGE_END - 4, EDGE_END - 8, EDGE_END - 17, EDGE + PAGE - 5, 0x7ffffffff000,
    0x7fffffffefff, 0x7fffffffffff, 0x800000000000, 0x8000000000001234, 0xffff800000000000, 0xffffffff81000000,
    0xffffffffff600000, -4096ul, -1ul, -8ul, (1ul << 53) + 1,
};
static const char *const paths[] = {
    "a", "b", "c", "d", "dir", "dir/x", "dir/y", "dir/../a", "dir/sub", "dir/sub/z", "a/x", "link", "loop", "dir/loop", "fifo", "dangling",
    "/", ".", "..", "", "//", "dir/", "a/", "./dir/./sub/..", "/tmp", "/proc", "/proc/self", "/proc/self/fd", "/proc/self/fd/3",
    "/proc/self/fd/5", "/proc/self/fd/9", "/proc/self/fd/77", "/proc/self/maps", "/proc/self/mem", "/proc/self/exe", "/proc/self/cwd",
    "/proc/self/cwd/a", "/proc/self/root", "/proc/self/stat", "/proc/self/status", "/proc/self/environ", "/proc/self/task",
    "/proc/self/limits", "/proc/1/stat", "/proc/1/fd", "/proc/99999/stat", "/proc/mounts", "/proc/meminfo", "/proc/cpuinfo", "/proc/uptime",
    "/dev", "/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/random", "/dev/urandom", "/dev/stdin", "/dev/fd/4", "/dev/pts", "/dev/shm",
    "/program", "script", "user.name", "user.x", "trusted.y", "security.capability", "tmpfs", "proc",
};
static const unsigned ioctls[] = {
    0x5401, 0x5402, 0x5403, 0x5404, 0x5405, 0x540e, 0x540f, 0x5410, 0x5411, 0x5413, 0x5414, 0x541b, 0x5421, 0x5422, 0x5429, 0x5450, 0x5451,
    0x5452, 0x80045430, 0x801c581f, 0xc020660b, 0x40049409, 0x1260, 0x80081272,
};
static const unsigned commands[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 15, 16, 36, 37, 38, 1024, 1025, 1026, 1030, 1031, 1032, 1033, 1034};
static const unsigned clone_flags[] = {
    0, 17, 17, 17, CLONE_VM | 17, CLONE_VFORK | 17, CLONE_VM | CLONE_VFORK | 17, CLONE_FILES | 17, CLONE_FS | 17, CLONE_SIGHAND | 17,
    CLONE_VM | CLONE_SIGHAND, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, CLONE_PARENT | 17, CLONE_CHILD_SETTID | 17,
    CLONE_CHILD_CLEARTID | 17, CLONE_PARENT_SETTID | CLONE_SETTLS | 17, CLONE_NEWPID, CLONE_PIDFD, CLONE_NEWNS | CLONE_FS,
    CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FILES | CLONE_FS | CLONE_SETTLS | CLONE_CHILD_CLEARTID,
};

static char long_name[256], long_path[5000];

static uint64_t data_pointer(void) { return DATA + (below(DATA_PAGES * PAGE) & ~(below(4) ? 7u : 0)); }
static uint64_t pointer(void) {
  switch (below(16)) {
    case 0: case 1: return ONE_OF(bad_pointers);
    case 2: return 0;
    case 3: return EDGE_END - below(300);
    case 4: return below(3) ? next() : (uint64_t)&pointer;
    default: return data_pointer();
  }
}
static uint64_t number(void) { return below(3) ? below(41) : below(2) ? ONE_OF(edges) : ONE_OF(edges) + below(3) - 1; }
static uint64_t flag_bits(void) {
  switch (below(8)) {
    case 0: return next();
    case 1: return ONE_OF(edges);
    case 2: case 3: return 0;
    case 4: return 1u << below(32) | 1u << below(32);
    default: return 1u << below(20);
  }
}
static uint64_t path(void) {
  switch (below(24)) {
    case 0: return pointer();
    case 1: return (uint64_t)long_name;
    case 2: return (uint64_t)long_path;
    case 3: { /* ends, or does not, where its page does */
      const char *text = ONE_OF(paths);
      size_t length = strlen(text) + below(2);
      if (syscall(SYS_mincore, EDGE, 2 * PAGE, DATA) != 0) return pointer();
      memcpy((char *)EDGE_END - length, text, length);
      return EDGE_END - length;
    }
    default: return (uint64_t)paths[below(below(2) ? 16 : sizeof(paths) / sizeof(paths[0]))];
  }
}
static pid_t main_pid, own_pid;

static uint64_t value(char kind) {
  switch (kind) {
    case 'd': return below(10) ? below(41) : below(3) ? (uint64_t)-100 : ONE_OF(edges);
    case 's': return path();
    case 'p': return pointer();
    case 'z': return below(3) ? (below(2) ? below(300) : below(9000)) : number();
    case 'o': return below(3) ? below(20000) : below(4) ? PAGE * below(64) : number();
    case 'f': return flag_bits();
    case 'g': return below(8) ? below(66) : number();
    case 'P': /* never the parent or everyone: the run shall go on */
      switch (below(6)) {
        case 0: return 0;
        case 1: return own_pid + below(4);
        case 2: return -(uint64_t)own_pid;
        case 3: return below(2) ? 1 : 999999;
        default: return own_pid;
      }
    case 'a': return below(6) ? ARENA + PAGE * below(ARENA_PAGES) + (below(20) ? 0 : below(4096)) : pointer();
    case 'l': return below(6) ? PAGE * below(12) : number();
    case 'r': return below(4) ? below(8) : flag_bits();
    case 'M': return below(4) ? (ONE_OF(((unsigned[]){1, 2, 3})) | (below(2) ? 0x20 : 0) | (below(2) ? 0x10 : 0) | (below(4) ? 0 : 1u << below(27))) : flag_bits();
    case 'm': return below(3) ? below(01000) : below(2) ? below(8) << 12 | below(010000) | below(2) << 15 : next();
    case 'q': return ONE_OF(ioctls);
    case 'c': return below(8) ? ONE_OF(commands) : number();
    case 'C': return below(8) ? ONE_OF(clone_flags) : flag_bits();
    case 'O': return below(3) ? (1u << below(24)) | below(3) : below(3) | 0x40;
    case 't': return below(2) ? 0 : below(5);
    default: return below(4) ? below(below(2) ? 4 : 64) : number();
  }
}

/* Contents that structures might have: small numbers, pointers, iovecs, times, signal sets. */
static void fill_data(void) {
  uint64_t *words = (uint64_t *)DATA;
  unsigned at = below(DATA_PAGES * PAGE / 8 - 40);
  for (unsigned i = 0; i < 40; i++) {
    switch (below(8)) {
      case 0: words[at + i] = next(); break;
      case 1: words[at + i] = ONE_OF(edges); break;
      case 2: words[at + i] = pointer(); break;
      case 3: words[at + i] = below(41) | (uint64_t)flag_bits() << 32; break;
      case 4: words[at + i] = data_pointer(); break;
      case 5: words[at + i] = path(); break;
      default: words[at + i] = below(100);
    }
  }
}

static void nothing(int signo) { (void)signo; }

static void alarms(void) {
  const struct sigaction action = {.sa_handler = nothing};
  struct itimerval timer = {{0, 2000}, {0, 2000}};
  sigset_t none;
  sigemptyset(&none);
  sigaction(SIGALRM, &action, 0);
  sigprocmask(SIG_SETMASK, &none, 0);
  setitimer(ITIMER_REAL, &timer, 0);
}

static void *map(uint64_t address, size_t pages, int prot) {
  return mmap((void *)address, pages * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void prepare(void) {
  map(DATA, DATA_PAGES, PROT_READ | PROT_WRITE);
  map(NO_ACCESS, 1, PROT_NONE);
  map(READ_ONLY, 1, PROT_READ);
  map(EDGE, 2, PROT_READ | PROT_WRITE);
  map(ARENA, ARENA_PAGES / 2, PROT_READ | PROT_WRITE);
  memset((void *)EDGE, 'e', 2 * PAGE);
  mkdir("dir", 0755);
  mkdir("dir/sub", 0755);
  mkfifo("fifo", 0666);
  symlink("a", "link");
  symlink("loop", "loop");
  symlink("nowhere", "dangling");
  int file = open("script", O_CREAT | O_WRONLY, 0755);
  write(file, "#!/program x\n", 19);
  close(file);
  open("a", O_RDWR | O_CREAT, 0666);
  open("b", O_RDWR | O_CREAT | O_APPEND, 0666);
  open("dir", O_RDONLY | O_DIRECTORY);
  int pair[2];
  pipe2(pair, O_NONBLOCK);
  pipe2(pair, 0);
  open("/dev/null", O_RDWR);
  open("/dev/zero", O_RDWR);
  open("/dev/full", O_RDWR);
  open("/proc/self/maps", O_RDONLY);
  open("/proc/self/task", O_RDONLY);
  open("/proc/self/mem", O_RDWR);
  open("/", O_PATH);
  open("fifo", O_RDWR | O_NONBLOCK);
  int memory = memfd_create("memory", MFD_ALLOW_SEALING);
  ftruncate(memory, 5 * PAGE + 10);
  if (below(2)) mmap((void *)(ARENA + 30 * PAGE), 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, memory, 0);
}

struct result {
  uint64_t hash;
  uint32_t made;
};

static void child(struct result *result, int count) {
  own_pid = getpid();
  setpgid(0, 0);
  prepare();
  if (below(3) == 0) {
    setgid(1000);
    setuid(1000);
  }
  for (int i = 0; i < count; i++) {
    if (i % 8 == 0) alarms();
    if (syscall(SYS_mincore, DATA, DATA_PAGES * PAGE, (void *)(EDGE + 100)) == 0) fill_data();
    else prepare();
    const struct call *call = &calls[below(call_count)];
    /* What ends the process or makes others is a small part. */
    const int number = call->number;
    if ((number == SYS_exit || number == SYS_exit_group || number == SYS_execve || number == SYS_execveat || number == SYS_rt_sigreturn) && below(8)) continue;
    if ((number == SYS_fork || number == SYS_vfork || number == SYS_clone || number == SYS_clone3) && below(3)) continue;
    uint64_t a[6];
    for (int k = 0; k < 6; k++) a[k] = value(call->kinds[k]);
    if (number == SYS_kill && (int)a[0] == -1) continue;
    register long r10 asm("r10") = a[3];
    register long r8 asm("r8") = a[4];
    register long r9 asm("r9") = a[5];
    long r;
    asm volatile("syscall" : "=a"(r) : "0"((long)number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    result->hash = (result->hash ^ (uint64_t)r ^ (uint64_t)number << 48) * 0x100000001b3;
    result->made++;
    if (r == 0 && (number == SYS_fork || number == SYS_vfork || number == SYS_clone || number == SYS_clone3)) {
      own_pid = getpid();
      if (count > i + 4) count = i + 4;
    }
  }
  _exit(7);
}

static void read_list(const char *name) {
  FILE *list = fopen(name, "r");
  if (list == NULL) exit(2);
  while (call_count < MAX_CALLS) {
    struct call *call = &calls[call_count];
    if (fscanf(list, "%d %7s", &call->number, call->kinds) != 2) break;
    call_count++;
  }
  fclose(list);
}

int main(int argc, char **argv) {
  if (argc != 5 || getpid() != 1000) return 3; /* executed by a child */
  if (access("/program", X_OK) != 0) return 4; /* a real machine: see above */
  uint64_t seed = strtoul(argv[1], 0, 0);
  int children = atoi(argv[2]), count = atoi(argv[3]);
  read_list(argv[4]);
  memset(long_name, 'n', 255);
  for (size_t i = 0; i < sizeof long_path - 1; i++) long_path[i] = i % 100 ? 'p' : '/';
  main_pid = getpid();
  struct result *results = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  sigset_t ended;
  sigemptyset(&ended);
  sigaddset(&ended, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ended, 0);
  for (int i = 0; i < children; i++) {
    *results = (struct result){14695981039346656037ul, 0};
    state = seed * 1000003 + i;
    pid_t pid = fork();
    if (pid == 0) child(results, count);
    struct timespec limit = {0, 20000000};
    sigtimedwait(&ended, 0, &limit);
    int status;
    if (waitpid(pid, &status, WNOHANG) != pid) {
      kill(pid, SIGKILL);
      waitpid(pid, &status, 0);
    }
    /* Here everything but this process and init is a descendant of the child. */
    kill(-1, SIGKILL);
    while (waitpid(-1, 0, 0) > 0) continue;
    while (sigtimedwait(&ended, 0, &(struct timespec){0, 0}) > 0) continue;
    printf("%d %x %u %016lx\n", i, status, results->made, results->hash);
    fflush(stdout);
  }
  return 0;
}
