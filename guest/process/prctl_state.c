// What prctl(2) keeps for a thread that nobody else may see: the slack of its timers, what it wants to hear of broken memory
// (PR_MCE_KILL), and what children and new programs inherit of that; the auxiliary vector (PR_GET_AUXV), and counters that
// there are none of (PR_TASK_PERF_EVENTS_DISABLE).
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GET_AUXV = 0x41555856 };

static const char *outcome(long result) {
  static char text[4][16];
  static int turn;
  char *into = text[turn++ % 4];
  if (result < 0) snprintf(into, 16, "%s", strerrorname_np(errno));
  else snprintf(into, 16, "%ld", result);
  return into;
}
#define P(...) outcome(prctl(__VA_ARGS__))

static void show(const char *what) {
  printf("%s: slack %s, broken memory %s\n", what, P(PR_GET_TIMERSLACK, 0, 0, 0, 0), P(PR_MCE_KILL_GET, 0, 0, 0, 0));
  fflush(stdout);
}
static void *thread(void *unused) {
  show("a thread");
  prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
  show("a thread, its default");
  prctl(PR_SET_TIMERSLACK, 5, 0, 0, 0);
  return NULL;
}

int main(int argc, char **argv) {
  if (argc > 1) {
    show("a new program");
    prctl(PR_SET_TIMERSLACK, 0, 0, 0, 0);
    show("its default");
    return 0;
  }
  show("at first");
  printf("slack: set %s", P(PR_SET_TIMERSLACK, 123, 0, 0, 0));
  printf(", %s", P(PR_GET_TIMERSLACK, 0, 0, 0, 0));
  printf(", default %s", P(PR_SET_TIMERSLACK, 0, 0, 0, 0));
  printf(", %s", P(PR_GET_TIMERSLACK, 0, 0, 0, 0));
  prctl(PR_SET_TIMERSLACK, 777, 0, 0, 0);
  printf(", others count not %s\n", P(PR_GET_TIMERSLACK, 1, 2, 3, 4));
  printf("broken memory: early %s", P(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0));
  printf(" %s", P(PR_MCE_KILL_GET, 0, 0, 0, 0));
  printf(", late %s", P(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_LATE, 0, 0));
  printf(" %s", P(PR_MCE_KILL_GET, 0, 0, 0, 0));
  printf(", default %s", P(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_DEFAULT, 0, 0));
  printf(" %s", P(PR_MCE_KILL_GET, 0, 0, 0, 0));
  printf(", unknown %s", P(PR_MCE_KILL, PR_MCE_KILL_SET, 9, 0, 0));
  printf(" %s", P(PR_MCE_KILL_GET, 0, 0, 0, 0));
  printf(", clear %s", P(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 0, 0));
  printf(" %s", P(PR_MCE_KILL_GET, 0, 0, 0, 0));
  printf(", with more %s %s %s", P(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 1, 0, 0), P(PR_MCE_KILL, PR_MCE_KILL_CLEAR, 0, 1, 0),
         P(PR_MCE_KILL_GET, 0, 0, 0, 1));
  printf(", neither %s\n", P(PR_MCE_KILL, 9, 0, 0, 0));
  prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0);
  show("then");
  pthread_t other;
  pthread_create(&other, NULL, thread, NULL);
  pthread_join(other, NULL);
  show("after the thread");
  fflush(stdout);
  if (fork() == 0) {
    show("a child");
    prctl(PR_SET_TIMERSLACK, 999, 0, 0, 0);
    char *args[] = {argv[0], "again", NULL};
    execv((char *)getauxval(AT_EXECFN), args);
    _exit(1);
  }
  wait(NULL);
  unsigned long vector[128], page = 0;
  memset(vector, 0x55, sizeof vector);
  printf("vector: %s", P(GET_AUXV, vector, sizeof vector, 0, 0));
  for (int i = 0; vector[i] != AT_NULL && i < 100; i += 2)
    if (vector[i] == AT_PAGESZ) page = vector[i + 1];
  printf(", page size %lu", page);
  memset(vector, 0x55, sizeof vector);
  printf(", a part %s", P(GET_AUXV, vector, 16, 0, 0));
  printf(" %d", vector[0] == AT_SYSINFO_EHDR && vector[2] == 0x5555555555555555);
  printf(", none %s, nowhere %s, with more %s\n", P(GET_AUXV, vector, 0, 0, 0), P(GET_AUXV, 8, 16, 0, 0),
         P(GET_AUXV, vector, 16, 1, 0));
  printf("counters: %s %s\n", P(PR_TASK_PERF_EVENTS_DISABLE, 0, 0, 0, 0), P(PR_TASK_PERF_EVENTS_ENABLE, 0, 0, 0, 0));
  return 0;
}
