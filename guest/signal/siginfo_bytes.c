// The 128 bytes of siginfo for kill and sigqueue: every byte which the sender did not set is zero, because
// copy_siginfo_to_user clears the tail (kernel/signal.c).
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static unsigned char bytes[128];

static void handler(int sig, siginfo_t *info, void *uc) {
  (void)sig, (void)uc;
  memcpy(bytes, info, 128);
}

static void show(const char *how) {
  printf("%s: sizeof=%zu nonzero outside pid/uid:", how, sizeof(siginfo_t));
  for (int i = 0; i < 128; i++)
    if (bytes[i] && (i < 16 || i >= 24)) printf(" %d=%02x", i, bytes[i]);
  printf("\n");
  memset(bytes, 0xcc, sizeof bytes);
}

int main(void) {
  struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};
  sigaction(SIGUSR1, &sa, NULL);
  kill(getpid(), SIGUSR1);
  show("kill");
  raise(SIGUSR1);
  show("raise");
  sigqueue(getpid(), SIGUSR1, (union sigval){.sival_ptr = (void *)0x1122334455667788});
  show("sigqueue");
  printf("offsets: signo %zu errno %zu code %zu pid %zu uid %zu value %zu addr %zu status %zu utime %zu stime %zu\n",
         __builtin_offsetof(siginfo_t, si_signo), __builtin_offsetof(siginfo_t, si_errno),
         __builtin_offsetof(siginfo_t, si_code), __builtin_offsetof(siginfo_t, si_pid),
         __builtin_offsetof(siginfo_t, si_uid), __builtin_offsetof(siginfo_t, si_value),
         __builtin_offsetof(siginfo_t, si_addr), __builtin_offsetof(siginfo_t, si_status),
         __builtin_offsetof(siginfo_t, si_utime), __builtin_offsetof(siginfo_t, si_stime));
  return 0;
}
