// Every request of ioctl(2) for terminals, 0x5400 to 0x546f and those with sizes, on both ends of a pseudo-terminal of its own: what
// is there, what refuses, which bytes it gives, and EFAULT for bad addresses (ioctl_tty(2); tty_ioctl, n_tty_ioctl, tty_mode_ioctl,
// pty_unix98_ioctl).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MASTER = 1, NEW_FD = 1 << 1, NUMBER = 1 << 2 };

static int pair[2];
static void make(void) {
  pair[0] = open("/dev/ptmx", O_RDWR | O_NOCTTY);
  unlockpt(pair[0]);
  pair[1] = open(ptsname(pair[0]), O_RDWR | O_NOCTTY | O_NONBLOCK);
}

/* The bytes that the call changed, without the terminal's own number. */
static void changed(const unsigned char *bytes, size_t length, int hidden) {
  size_t last = 0;
  for (size_t i = 0; i < length; i++)
    if (bytes[i] != 0xa5) last = i + 1;
  if (last == 0) return;
  if (hidden) {
    printf(" (%zu bytes)", last);
    return;
  }
  printf(" ");
  for (size_t i = 0; i < last; i++) printf("%02x", bytes[i]);
}

static void one(unsigned long request, int hidden) {
  unsigned char buffer[256];
  printf("%08lx", request);
  for (int end = 0; end < 2; end++) {
    make();
    memset(buffer, 0xa5, sizeof buffer);
    /* This one's argument is no address but the flags of open(2). */
    const int result = ioctl(pair[end], request, request == 0x5441 ? (void *)(O_RDWR | O_NOCTTY) : buffer);
    printf("  %s: %s", end ? "slave" : "master", result < 0 ? strerrorname_np(errno) : result > 2 ? "positive" : "0");
    changed(buffer, sizeof buffer, hidden);
    if (result > 2) close(result);
    const int bad = ioctl(pair[end], request, (void *)8);
    printf(" bad %s", bad < 0 ? strerrorname_np(errno) : bad > 2 ? "positive" : "0");
    if (bad > 2) close(bad);
    close(pair[0]), close(pair[1]);
  }
  printf("\n");
}

int main(void) {
  signal(SIGHUP, SIG_IGN);
  /* Settings from a buffer of 0xa5 are as odd as they come; TIOCLINUX and the consoles' own are in here as well. */
  for (unsigned long request = 0x5400; request < 0x5470; request++) {
    /* The one is of files, the other takes the machine's console away. */
    if (request == FIOASYNC || request == TIOCCONS) continue;
    one(request, request == TIOCGSERIAL);
  }
  static const unsigned long sized[] = {0x802c542a, 0x402c542b, 0x402c542c, 0x402c542d, TIOCGPTN, TIOCSPTLCK, TIOCGDEV, 0x80045438,
                                        TIOCSIG, 0x80045439, 0x80045440, 0xc0045480, 0x5480, 0x4004667f, 0x80047476};
  for (unsigned i = 0; i < sizeof sized / sizeof *sized; i++) one(sized[i], sized[i] == TIOCGPTN || sized[i] == TIOCGDEV);
  return 0;
}
