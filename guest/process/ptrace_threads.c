// Ptrace(2), threads: attached to by PTRACE_O_TRACECLONE, group stops of all, interrupting one, signals for one, exec by one that is not
// the leader, the end of all; and processes whose tracer dies while they run, step or are in a stop of any kind (exit_ptrace).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 2 };
static volatile int *shared; /* What a tracee tells; its tids, the leader's first. */
static volatile pid_t *tids;

static const char *name(int signo) {
  static char text[32];
  sprintf(text, "SIG%s", sigabbrev_np(signo));
  return text;
}
static void show(const char *who, int status) {
  static const char *const events[] = {"", "fork", "vfork", "clone", "exec", "vfork done", "exit", "seccomp"};
  int event = status >> 16;
  printf("  %s: ", who);
  if (WIFEXITED(status)) printf("exit %d\n", WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) printf("killed by %s\n", name(WTERMSIG(status)));
  else if (event == PTRACE_EVENT_STOP) printf("event stop, %s\n", name(WSTOPSIG(status)));
  else if (event) printf("event %s\n", events[event]);
  else if (WSTOPSIG(status) == (SIGTRAP | 0x80)) printf("system call\n");
  else printf("stopped by %s\n", name(WSTOPSIG(status)));
}
static int next(pid_t tid) {
  int status = 0;
  if (waitpid(tid, &status, __WALL) != tid) printf("  no wait: %s\n", strerrorname_np(errno));
  return status;
}
static void expect(const char *who, pid_t tid) { show(who, next(tid)); }
static const char *who(int thread) { return thread == 0 ? "leader" : thread == 1 ? "first" : "second"; }
static long tell(pid_t tid, int request, long data) { return ptrace(request, tid, 0, data) < 0 ? -errno : 0; }

static char state(pid_t pid) {
  char path[64], line[256], *at;
  sprintf(path, "/proc/%d/stat", pid);
  int fd = open(path, O_RDONLY);
  long length = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
  close(fd);
  line[length > 0 ? length : 0] = 0;
  return (at = strrchr(line, ')')) ? at[2] : '?';
}
/* The thread sleeps: it has no signal to look at. */
static void asleep(int thread) { while (state(tids[thread]) != 'S') usleep(500); }
static void all_asleep(void) { for (int i = 0; i <= THREADS; i++) asleep(i); }
static void on_signal(int signo) { shared[signo] = gettid() == getpid() ? 1 : 2; }
static void *thread(void *number) {
  tids[(long)number] = gettid();
  for (;;) pause();
  return NULL;
}
/* A process with threads, traced by seizing before they are made. */
static pid_t start(long options, void *(*other)(void *)) {
  int go[2];
  pipe(go);
  for (int i = 0; i <= THREADS; i++) tids[i] = 0;
  memset((void *)shared, 0, 65 * sizeof(int));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    char c;
    pthread_t made[THREADS];
    signal(SIGUSR1, on_signal), signal(SIGUSR2, on_signal);
    read(go[0], &c, 1);
    tids[0] = gettid();
    for (long i = 1; i <= THREADS; i++) {
      pthread_create(&made[i - 1], NULL, i == 1 && other ? other : thread, (void *)i);
      while (tids[i] == 0) usleep(1000);
    }
    shared[0] = 1;
    for (;;) pause();
  }
  ptrace(PTRACE_SEIZE, pid, 0, options | PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL);
  write(go[1], "x", 1);
  close(go[0]), close(go[1]);
  for (int i = 1; i <= THREADS; i++) {
    unsigned long message;
    show("leader", next(pid));
    ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
    show(who(i), next(message));
    tell(message, PTRACE_CONT, 0);
    tell(pid, PTRACE_CONT, 0);
    while (tids[i] == 0) usleep(500);
    printf("  its id is the message: %d\n", tids[i] == (pid_t)message);
  }
  while (shared[0] == 0) usleep(500);
  return pid;
}
static void end(pid_t pid) {
  kill(pid, SIGKILL);
  for (int i = THREADS; i >= 0; i--) {
    int status;
    while (waitpid(tids[i], &status, __WALL) == tids[i] && WIFSTOPPED(status)) continue;
    show(who(i), status);
  }
}

static void stops(void) {
  pid_t pid = start(0, NULL);
  all_asleep();
  printf("SIGSTOP for the process\n");
  kill(pid, SIGSTOP);
  // One of them dequeues it, the others join.
  int status = 0;
  pid_t taker = waitpid(-1, &status, __WALL);
  printf("  taken by the leader: %d\n", taker == pid);
  show("taker", status);
  tell(taker, PTRACE_CONT, SIGSTOP);
  for (int i = 0; i <= THREADS; i++) expect(who(i), tids[i]);
  printf("one goes on\n");
  printf("  %ld\n", tell(tids[1], PTRACE_CONT, 0));
  tell(tids[1], PTRACE_INTERRUPT, 0);
  expect("first", tids[1]);
  for (int i = 0; i <= THREADS; i++) tell(tids[i], PTRACE_LISTEN, 0);
  printf("SIGCONT\n");
  kill(pid, SIGCONT);
  // All that listen say that it is over; then one takes it.
  for (int i = 0; i <= THREADS; i++) expect(who(i), tids[i]);
  for (int i = 0; i <= THREADS; i++) tell(tids[i], PTRACE_CONT, 0);
  taker = waitpid(-1, &status, __WALL);
  show("taker", status);
  tell(taker, PTRACE_CONT, 0);
  all_asleep();
  printf("one is interrupted\n");
  tell(tids[2], PTRACE_INTERRUPT, 0);
  expect("second", tids[2]);
  printf("  others %d %d\n", waitpid(tids[0], &status, __WALL | WNOHANG), waitpid(tids[1], &status, __WALL | WNOHANG));
  tell(tids[2], PTRACE_CONT, 0);
  all_asleep();
  struct { unsigned long pointer; unsigned size, signature, flags, pad; } rseq = {0, 0, 0, 9, 9}, other = {0, 0, 0, 9, 9};
  tell(tids[2], PTRACE_INTERRUPT, 0);
  expect("second", tids[2]);
  printf("its rseq: %ld of 24,", ptrace(0x420f, tids[2], 24, &rseq));
  printf(" cut short %ld,", ptrace(0x420f, tids[2], 8, &other));
  printf(" signature %x, %u %u, the same %d, nothing behind %u\n", rseq.signature, rseq.flags, rseq.pad, other.pointer == rseq.pointer && rseq.pointer != 0, other.size);
  tell(tids[2], PTRACE_CONT, 0);
  all_asleep();
  printf("a signal for one\n");
  syscall(SYS_tgkill, pid, tids[2], SIGUSR1);
  expect("second", tids[2]);
  tell(tids[2], PTRACE_CONT, SIGUSR1);
  while (shared[SIGUSR1] == 0) usleep(500);
  printf("  handled by another than the leader: %d\n", shared[SIGUSR1] == 2);
  all_asleep();
  printf("a signal for all\n");
  kill(pid, SIGUSR2);
  taker = waitpid(-1, &status, __WALL);
  printf("  taken by the leader: %d\n", taker == pid);
  show("taker", status);
  tell(taker, PTRACE_CONT, SIGUSR2);
  while (shared[SIGUSR2] == 0) usleep(500);
  printf("  handled by the leader: %d\n", shared[SIGUSR2] == 1);
  end(pid);
}

static void *executes(void *number) {
  tids[(long)number] = gettid();
  while (shared[0] == 0) usleep(500);
  while (shared[64] == 0) usleep(500);
  execl((char *)getauxval(AT_EXECFN), "ptrace_threads", "again", NULL);
  return NULL;
}
static void execs(void) {
  pid_t pid = start(PTRACE_O_TRACEEXEC, executes);
  int status;
  unsigned long message;
  shared[64] = 1;
  // The others end; the one that calls exec has the leader's id afterwards.
  expect("second", tids[2]);
  expect("leader", tids[0]);
  ptrace(PTRACE_GETEVENTMSG, pid, 0, &message);
  printf("  its id was the first's: %d, and is nobody's now: %s\n", (pid_t)message == tids[1],
         waitpid(tids[1], &status, __WALL | WNOHANG) < 0 ? strerrorname_np(errno) : "a child's");
  tell(pid, PTRACE_CONT, 0);
  expect("leader", pid);
}

static void *leaves(void *number) {
  tids[(long)number] = gettid();
  while (shared[64] == 0) usleep(500);
  syscall(SYS_exit, 7);
  return NULL;
}
static void leaves_alone(void) {
  pid_t pid = start(PTRACE_O_TRACEEXIT, leaves);
  unsigned long message;
  shared[64] = 1;
  expect("first", tids[1]);
  ptrace(PTRACE_GETEVENTMSG, tids[1], 0, &message);
  printf("  with %lx\n", message);
  tell(tids[1], PTRACE_CONT, 0);
  expect("first", tids[1]);
  printf("all are killed\n");
  kill(pid, SIGKILL);
  static const int order[] = {2, 0};
  for (int i = 0; i < 2; i++) {
    expect(who(order[i]), tids[order[i]]);
    ptrace(PTRACE_GETEVENTMSG, tids[order[i]], 0, &message);
    printf("  with %lx\n", message);
    tell(tids[order[i]], PTRACE_CONT, 0);
    expect(who(order[i]), tids[order[i]]);
  }
}

static void body(void) {
  signal(SIGUSR1, on_signal);
  shared[0] = 1;
  while (shared[64] == 0) getppid();
  _exit(3);
}
/* The tracer is a process of its own, which dies; what becomes of the tracee is the parent's to see. */
static void tracer_dies(const char *what, int kind, long options) {
  memset((void *)shared, 0, 65 * sizeof(int));
  printf("%s\n", what);
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) body();
  while (shared[0] == 0) usleep(500);
  pid_t tracer = fork();
  if (tracer == 0) {
    if (ptrace(PTRACE_SEIZE, pid, 0, options)) _exit(1);
    if (kind == 1 || kind == 9) kill(pid, SIGUSR1);
    else if (kind == 2 || kind == 6) kill(pid, SIGSTOP);
    else if (kind != 0) ptrace(PTRACE_INTERRUPT, pid, 0, 0);
    if (kind == 9) while (state(pid) != 't') usleep(500);
    else if (kind != 0) next(pid);
    if (kind == 2 || kind == 6) tell(pid, PTRACE_CONT, SIGSTOP), next(pid);
    if (kind == 6) tell(pid, PTRACE_LISTEN, 0);
    if (kind == 3) tell(pid, PTRACE_SYSCALL, 0), next(pid);
    if (kind == 4) for (int i = 0; i < 10; i++) tell(pid, PTRACE_SINGLESTEP, 0), next(pid);
    if (kind == 7) tell(pid, PTRACE_SINGLESTEP, 0);
    if (kind == 8) kill(pid, SIGUSR1), tell(pid, PTRACE_CONT, 0), next(pid);
    _exit(0);
  }
  int status;
  waitpid(tracer, &status, 0);
  printf("  the tracer: exit %d\n", WEXITSTATUS(status));
  if (kind == 2 || kind == 6) {
    while (state(pid) == 'R') usleep(500);
    printf("  its state %c\n", state(pid));
    pid_t seen = waitpid(pid, &status, WUNTRACED | WNOHANG);
    if (seen == pid) show("parent", status);
    kill(pid, SIGCONT);
  }
  shared[64] = 1;
  waitpid(pid, &status, 0);
  if (kind == 1 || kind == 8 || kind == 9) printf("  the signal came: %d\n", shared[SIGUSR1]);
  show("parent", status);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    printf("  %s\n", argv[1]);
    return 5;
  }
  setvbuf(stdout, NULL, _IONBF, 0);
  struct rlimit none = {0, 0};
  setrlimit(RLIMIT_CORE, &none);
  shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  tids = shared + 70;
  printf("threads\n");
  stops();
  printf("exec by a thread\n");
  execs();
  printf("a thread ends\n");
  leaves_alone();
  tracer_dies("the tracer dies, the tracee runs", 0, 0);
  tracer_dies("at a signal, of which it knows", 1, 0);
  tracer_dies("at a signal, of which it has not heard", 9, 0);
  tracer_dies("in a group stop", 2, 0);
  tracer_dies("in a group stop, listening", 6, 0);
  tracer_dies("interrupted", 5, 0);
  tracer_dies("at a system call", 3, PTRACE_O_TRACESYSGOOD);
  tracer_dies("after single steps", 4, 0);
  tracer_dies("while it steps", 7, 0);
  tracer_dies("at a second stop", 8, 0);
  tracer_dies("with EXITKILL", 5, PTRACE_O_EXITKILL);
  return 0;
}
