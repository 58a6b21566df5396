// Ptrace(2), "execve(2) under ptrace": the other threads of a process that executes a program stop before their ends for a tracer
// that asked for that, also out of other stops, and the program starts when all are gone and waited for; the leader's end is not
// told, and it comes back if another thread asked. What is pending, blocked and stopped goes as de_thread of fs/exec.c has it.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROLES = 3 };
static struct {
  volatile pid_t tids[ROLES];
  volatile int go;
} *shared;
static char *program;
static int asker;

static void *thread(void *number) {
  const int role = (long)number;
  shared->tids[role] = gettid();
  while (!shared->go) usleep(500);
  if (role == asker) {
    char *args[] = {program, "executed", NULL};
    execv((char *)getauxval(AT_EXECFN), args);
  }
  for (;;) pause();
}

static pid_t start(int who) {
  int ready[2];
  char byte;
  asker = who;
  memset(shared, 0, sizeof *shared);
  pipe(ready);
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    pthread_t threads[ROLES];
    read(ready[0], &byte, 1);
    for (long i = 1; i < ROLES; i++) pthread_create(&threads[i], NULL, thread, (void *)i);
    thread((void *)0);
  }
  ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXIT | PTRACE_O_TRACEEXEC);
  write(ready[1], "x", 1);
  close(ready[0]), close(ready[1]);
  return child;
}

static char told[ROLES][400];
static int role_of(pid_t tid) {
  for (int i = 0; i < ROLES; i++)
    if (shared->tids[i] == tid) return i;
  return -1;
}
static void note(int role, const char *what) {
  if (told[role][0]) strcat(told[role], ", ");
  strcat(told[role], what);
}
static int ends; /* Stops before ends, and ends, so far. */

static void tell(pid_t tid, int status) {
  unsigned long message = 0;
  char text[64];
  const int role = role_of(tid), event = status >> 16;
  ptrace(PTRACE_GETEVENTMSG, tid, 0, &message);
  if (WIFEXITED(status)) snprintf(text, sizeof text, "exited %d", WEXITSTATUS(status));
  else if (WIFSIGNALED(status)) snprintf(text, sizeof text, "killed by %d", WTERMSIG(status));
  else if (event == PTRACE_EVENT_EXIT) snprintf(text, sizeof text, "about to exit with %#lx", message);
  else if (event == PTRACE_EVENT_EXEC)
    snprintf(text, sizeof text, "execs, asked by %d, after %d ends", role_of(message), ends);
  else if (event == PTRACE_EVENT_STOP) snprintf(text, sizeof text, "stopped, %d", WSTOPSIG(status));
  else snprintf(text, sizeof text, "signal %d", WSTOPSIG(status));
  if (event == PTRACE_EVENT_EXIT || WIFEXITED(status)) ends++;
  note(role, text);
}

/* Both threads are there and traced; their first stops are over. */
static void gather(pid_t child) {
  int status, stops = 0;
  while (stops < ROLES - 1) {
    const pid_t tid = waitpid(-1, &status, __WALL);
    if (status >> 16 == PTRACE_EVENT_STOP) stops++;
    ptrace(PTRACE_CONT, tid, 0, 0);
  }
  for (int i = 0; i < ROLES; i++)
    while (shared->tids[i] == 0) usleep(500);
  memset(told, 0, sizeof told);
  ends = 0;
}

static void run(pid_t child, int last) {
  int status;
  pid_t held[ROLES];
  int count = 0;
  for (;;) {
    const pid_t tid = waitpid(-1, &status, __WALL);
    if (tid < 0) break;
    tell(tid, status);
    if (tid == child && (WIFEXITED(status) || WIFSIGNALED(status))) break;
    /* Stops before ends are held until all threads are there. */
    if (status >> 16 == PTRACE_EVENT_EXIT && count < last) {
      held[count++] = tid;
      if (count == last)
        for (int i = 0; i < count; i++) ptrace(PTRACE_CONT, held[i], 0, 0);
      continue;
    }
    if (WIFSTOPPED(status)) ptrace(PTRACE_CONT, tid, 0, 0);
  }
}

static void show(const char *what) {
  printf("%s\n", what);
  for (int i = 0; i < ROLES; i++) printf("  %s: %s\n", i ? i == 1 ? "first" : "second" : "leader", told[i]);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    return gettid() == getpid() ? 3 + sigismember(&set, SIGUSR1) : 9;
  }
  program = argv[0];
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int who = 0; who < ROLES; who++) {
    static const char *const names[] = {"the leader asks", "the first asks", "the second asks"};
    const pid_t child = start(who);
    gather(child);
    shared->go = 1;
    run(child, ROLES - 1);
    show(names[who]);
  }
  /* One of the others is stopped for its tracer already. */
  pid_t child = start(1);
  gather(child);
  int status;
  const pid_t other = shared->tids[2];
  ptrace(PTRACE_INTERRUPT, other, 0, 0);
  waitpid(other, &status, __WALL);
  tell(other, status);
  shared->go = 1;
  run(child, ROLES - 1);
  show("one is stopped");
  /* Killed while it waits for the others. */
  child = start(0);
  gather(child);
  shared->go = 1;
  for (int i = 0; i < ROLES - 1; i++) {
    const pid_t tid = waitpid(-1, &status, __WALL);
    tell(tid, status);
  }
  kill(child, SIGKILL);
  run(child, 0);
  show("killed meanwhile");
  /* The tracer asks for nothing: threads end at once, and are waited for. */
  child = start(2);
  gather(child);
  for (int i = 0; i < ROLES; i++) {
    ptrace(PTRACE_INTERRUPT, shared->tids[i], 0, 0);
    waitpid(shared->tids[i], &status, __WALL);
    ptrace(PTRACE_SETOPTIONS, shared->tids[i], 0, PTRACE_O_TRACEEXEC);
    ptrace(PTRACE_CONT, shared->tids[i], 0, 0);
  }
  shared->go = 1;
  run(child, 0);
  show("without stops");
  return 0;
}
