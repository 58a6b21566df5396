// Which thread takes a signal for the process (complete_signal in kernel/signal.c): the main thread if it can, else the first that does
// not block it; one that all block waits for whoever opens its mask or asks first. A signal for a thread is that thread's alone.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static pthread_t threads[3];
static pid_t ids[3];
static int orders[3][2], answers[2];

static const char *me(void) {
  static const char *const names[] = {"main", "first", "second"};
  for (int i = 0; i < 3; i++)
    if (ids[i] == syscall(SYS_gettid)) return names[i];
  return "?";
}

static void on_signal(int signo, siginfo_t *info, void *context) {
  (void)context;
  char text[100];
  write(1, text, sprintf(text, "  %s takes %d, code %d\n", me(), signo, info->si_code));
  write(answers[1], "t", 1);
}

static void mask(int how, int signo) {
  sigset_t set;
  sigemptyset(&set), sigaddset(&set, signo);
  pthread_sigmask(how, &set, NULL);
}

static void pending(const char *who) {
  sigset_t set;
  char text[100];
  sigpending(&set);
  write(1, text, sprintf(text, "  %s has pending: USR1 %d, USR2 %d\n", who, sigismember(&set, SIGUSR1), sigismember(&set, SIGUSR2)));
}

/* Threads do as they are told: b(lock), u(nblock), p(ending), w(ait), q(uit). */
static void *obey(void *which) {
  long i = (long)which;
  char order;
  ids[i] = syscall(SYS_gettid);
  write(answers[1], "r", 1);
  for (;;) {
    while (read(orders[i][0], &order, 1) != 1) continue;
    if (order == 'b') mask(SIG_BLOCK, SIGUSR1), mask(SIG_BLOCK, SIGUSR2);
    if (order == 'u') mask(SIG_UNBLOCK, SIGUSR1);
    if (order == 'p') pending(me());
    if (order == 'w') {
      sigset_t set;
      siginfo_t info;
      char text[100];
      sigemptyset(&set), sigaddset(&set, SIGUSR2);
      sigwaitinfo(&set, &info);
      write(1, text, sprintf(text, "  %s waited for %d\n", me(), info.si_signo));
    }
    if (order == 'q') return NULL;
    write(answers[1], "d", 1);
  }
}

static void answer(void) {
  char byte;
  while (read(answers[0], &byte, 1) != 1) continue;
}
static void tell(int who, char order) {
  write(orders[who][1], &order, 1);
  answer();
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
  setvbuf(stdout, NULL, _IONBF, 0);
  sigaction(SIGUSR1, &sa, NULL);
  pipe(answers);
  ids[0] = getpid();
  for (long i = 1; i < 3; i++) {
    pipe(orders[i]);
    pthread_create(&threads[i], NULL, obey, (void *)i);
    answer();
  }
  printf("nobody blocks it\n");
  kill(getpid(), SIGUSR1), answer();
  printf("main blocks it\n");
  mask(SIG_BLOCK, SIGUSR1);
  kill(getpid(), SIGUSR1), answer();
  printf("main and the first block it\n");
  tell(1, 'b');
  kill(getpid(), SIGUSR1), answer();
  printf("all block it\n");
  tell(2, 'b');
  kill(getpid(), SIGUSR1);
  kill(getpid(), SIGUSR1);
  pending("main"), tell(1, 'p');
  printf("the second opens its mask\n");
  tell(2, 'u'), answer();
  printf("one for the first, which blocks it\n");
  syscall(SYS_tgkill, getpid(), ids[1], SIGUSR1);
  pending("main"), tell(1, 'p'), tell(2, 'p');
  tell(1, 'u'), answer();
  printf("of its own and of the process\n");
  tell(1, 'b');
  pthread_kill(threads[1], SIGUSR1);
  tell(2, 'b');
  kill(getpid(), SIGUSR1);
  tell(1, 'u'), answer(), answer();
  printf("whoever waits has it\n");
  mask(SIG_BLOCK, SIGUSR2);
  char order = 'w';
  write(orders[2][1], &order, 1);
  usleep(20000);
  kill(getpid(), SIGUSR2);
  answer();
  printf("not in another process: %d", syscall(SYS_tgkill, getppid(), ids[1], 0));
  printf(" %d, thread gone: %d", errno, (order = 'q', write(orders[1][1], &order, 1), pthread_join(threads[1], NULL)));
  /* Its end is known a little before its number is free. */
  while (syscall(SYS_tgkill, getpid(), ids[1], 0) == 0) usleep(1000);
  printf(" %d\n", errno);
  return 0;
}
