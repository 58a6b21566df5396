// Sleeping processes wake in the order of their deadlines, whatever the order in which they went to sleep; each writes its
// number into a pipe when it wakes.
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  int fd[2];
  if (pipe(fd)) return 1;
  struct timespec start;
  clock_gettime(CLOCK_MONOTONIC, &start);
  // Wide gaps, so that a busy host does not mix them up.
  static const int ms[] = {120, 40, 160, 80};
  for (int i = 0; i < 4; i++)
    if (fork() == 0) {
      struct timespec end = start;
      end.tv_nsec += ms[i] * 1000000;
      if (end.tv_nsec >= 1000000000) end.tv_sec++, end.tv_nsec -= 1000000000;
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL);
      char c = '0' + i;
      if (write(fd[1], &c, 1) != 1) _exit(1);
      _exit(0);
    }
  while (wait(NULL) > 0) ;
  char order[5] = "";
  if (read(fd[0], order, 4) != 4) return 1;
  printf("woke in the order %s\n", order);
  return 0;
}
