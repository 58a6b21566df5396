// Capabilities (capabilities(7), security/commoncap.c): what capset(2), PR_CAPBSET_DROP, PR_CAP_AMBIENT, PR_SET_KEEPCAPS and
// PR_SET_SECUREBITS allow and refuse; what changes of user ids and new programs make of the sets; what they are good for.
// capabilities: chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service sys_chroot
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BIT(c) (1ull << (c))
// What every host's root has: all else is dropped at first.
#define KNOWN \
  (BIT(CAP_CHOWN) | BIT(CAP_DAC_OVERRIDE) | BIT(CAP_FOWNER) | BIT(CAP_FSETID) | BIT(CAP_KILL) | BIT(CAP_SETGID) | \
   BIT(CAP_SETUID) | BIT(CAP_SETPCAP) | BIT(CAP_NET_BIND_SERVICE) | BIT(CAP_SYS_CHROOT))
enum { NOBODY = 65534 };

static const char *outcome(long result) {
  static char text[4][16];
  static int turn;
  char *into = text[turn++ % 4];
  if (result < 0) snprintf(into, 16, "%s", strerrorname_np(errno));
  else snprintf(into, 16, "%ld", result);
  return into;
}
#define P(...) outcome(prctl(__VA_ARGS__))

static int get(pid_t pid, uint64_t *e, uint64_t *p, uint64_t *i) {
  struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, pid};
  struct __user_cap_data_struct d[2];
  const int r = syscall(SYS_capget, &h, d);
  *e = d[0].effective | (uint64_t)d[1].effective << 32;
  *p = d[0].permitted | (uint64_t)d[1].permitted << 32;
  *i = d[0].inheritable | (uint64_t)d[1].inheritable << 32;
  return r;
}
static int set(uint64_t e, uint64_t p, uint64_t i) {
  struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct d[2] = {{e, p, i}, {e >> 32, p >> 32, i >> 32}};
  return syscall(SYS_capset, &h, d);
}
static void status(const char *name) {
  char line[200];
  FILE *f = fopen("/proc/self/status", "r");
  while (fgets(line, sizeof line, f))
    if (strncmp(line, name, strlen(name)) == 0) printf(" %s", strtok(line + strlen(name) + 2, "\n"));
  fclose(f);
}
static void show(const char *what) {
  uint64_t e, p, i;
  get(0, &e, &p, &i);
  printf("%s: effective %#lx, permitted %#lx, inheritable %#lx, ambient", what, e, p, i);
  uint64_t ambient = 0;
  for (int c = 0; c <= CAP_LAST_CAP; c++)
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, c, 0, 0) == 1) ambient |= BIT(c);
  printf(" %#lx, bits %#x, dumpable %d\n", ambient, prctl(PR_GET_SECUREBITS), prctl(PR_GET_DUMPABLE));
  fflush(stdout);
}
static void in_child(const char *what, void (*f)(void)) {
  printf("-- %s\n", what);
  fflush(stdout);
  if (fork() == 0) {
    f();
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
}

static void setting(void) {
  uint64_t e, p, i;
  printf("known again %s", outcome(set(KNOWN, KNOWN, 0)));
  printf(", more %s", outcome(set(KNOWN, KNOWN | BIT(CAP_SYS_ADMIN), 0)));
  printf(", effective beyond %s", outcome(set(KNOWN, KNOWN & ~BIT(CAP_KILL), 0)));
  printf(", inheritable %s", outcome(set(KNOWN, KNOWN, BIT(CAP_KILL))));
  printf(", not bounded %s\n", outcome(set(KNOWN, KNOWN, BIT(CAP_SYS_ADMIN))));
  show("then");
  status("CapInh"), status("CapPrm"), status("CapEff"), status("CapAmb"), status("CapBnd");
  printf("\n");
  struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 1};
  struct __user_cap_data_struct d[2] = {{0}};
  printf("others %s", outcome(syscall(SYS_capset, &h, d)));
  h.pid = -1;
  printf(", negative %s", outcome(syscall(SYS_capget, &h, d)));
  h.version = 5;
  printf(", version %s", outcome(syscall(SYS_capget, &h, d)));
  printf(" %#x", h.version);
  h.version = _LINUX_CAPABILITY_VERSION_1, h.pid = 0;
  printf(", old %s %#x\n", outcome(syscall(SYS_capget, &h, d)), d[0].permitted);
  printf("of the parent %d", get(getppid(), &e, &p, &i));
  printf(" %#lx\n", p);
  printf("drop %s", outcome(set(0, KNOWN & ~BIT(CAP_KILL), BIT(CAP_KILL))));
  printf(", raise %s", outcome(set(BIT(CAP_SETPCAP), KNOWN & ~BIT(CAP_KILL), 0)));
  printf(", back %s", outcome(set(0, KNOWN, 0)));
  set(0, KNOWN & ~BIT(CAP_KILL), 0);
  printf(", inherit what is not permitted %s\n", outcome(set(0, KNOWN & ~BIT(CAP_KILL), BIT(CAP_KILL))));
  show("then");
}

static void bounding(void) {
  printf("read %s %s %s", P(PR_CAPBSET_READ, CAP_KILL), P(PR_CAPBSET_READ, CAP_SYS_ADMIN), P(PR_CAPBSET_READ, 41));
  printf(", drop %s", P(PR_CAPBSET_DROP, CAP_KILL));
  printf(" %s", P(PR_CAPBSET_DROP, CAP_KILL));
  printf(" %s", P(PR_CAPBSET_DROP, 41));
  printf(", read %s\n", P(PR_CAPBSET_READ, CAP_KILL));
  show("permitted still");
  set(KNOWN & ~BIT(CAP_SETPCAP), KNOWN, 0);
  printf("without the right %s, inheritable %s\n", P(PR_CAPBSET_DROP, CAP_CHOWN), outcome(set(0, KNOWN, BIT(CAP_KILL))));
}

static void ambient(void) {
  const int A = PR_CAP_AMBIENT;
  printf("not inheritable %s", P(A, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
  set(KNOWN, KNOWN, BIT(CAP_KILL) | BIT(CAP_CHOWN));
  printf(", raise %s", P(A, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
  printf(" %s", P(A, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0));
  printf(", is %s %s", P(A, PR_CAP_AMBIENT_IS_SET, CAP_KILL, 0, 0), P(A, PR_CAP_AMBIENT_IS_SET, CAP_FOWNER, 0, 0));
  printf(", lower %s", P(A, PR_CAP_AMBIENT_LOWER, CAP_CHOWN, 0, 0));
  printf(", refused %s %s %s %s", P(A, PR_CAP_AMBIENT_IS_SET, 41, 0, 0), P(A, 9, 1, 0, 0), P(A, PR_CAP_AMBIENT_IS_SET, 1, 1, 0),
         P(A, PR_CAP_AMBIENT_CLEAR_ALL, 1, 0, 0));
  show("\nthen");
  set(KNOWN, KNOWN, 0);
  show("no more inheritable");
  set(KNOWN, KNOWN, BIT(CAP_KILL));
  prctl(PR_SET_SECUREBITS, SECBIT_NO_CAP_AMBIENT_RAISE);
  printf("forbidden %s\n", P(A, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0));
}

static void users(void) {
  show("root");
  printf("euid away %s\n", outcome(seteuid(NOBODY)));
  show("nobody");
  printf("and back %s\n", outcome(seteuid(0)));
  show("root again");
  setfsuid(NOBODY);
  show("fsuid away");
  setfsuid(0);
  show("fsuid back");
  set(0, KNOWN, BIT(CAP_KILL));
  setfsuid(NOBODY), setfsuid(0);
  show("fsuid again");
  set(KNOWN, KNOWN, BIT(CAP_KILL));
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0);
  printf("for good %s\n", outcome(setresuid(NOBODY, NOBODY, NOBODY)));
  show("nobody");
  printf("back %s\n", outcome(setuid(0)));
}
static void keeping(void) {
  printf("keep %s", P(PR_SET_KEEPCAPS, 1));
  printf(" %s", P(PR_GET_KEEPCAPS));
  printf(", 2 %s", P(PR_SET_KEEPCAPS, 2));
  printf(", off %s", P(PR_SET_KEEPCAPS, 0));
  printf(" %s", P(PR_GET_KEEPCAPS));
  prctl(PR_SET_KEEPCAPS, 1);
  fflush(stdout);
  if (fork() == 0) {
    printf(", a child %s\n", P(PR_GET_KEEPCAPS));
    fflush(stdout);
    _exit(0);
  }
  wait(NULL);
  setuid(NOBODY);
  show("nobody");
  printf("effective by hand %s\n", outcome(set(BIT(CAP_SETUID) | BIT(CAP_KILL), KNOWN, 0)));
  printf("setuid %s\n", outcome(setuid(0)));
  show("root");
}
static void bits(void) {
  printf("at first %s", P(PR_GET_SECUREBITS));
  printf(", unknown %s", P(PR_SET_SECUREBITS, 1 << 12));
  printf(", no fixup %s\n", P(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
  seteuid(NOBODY);
  show("nobody");
  seteuid(0);
  setfsuid(NOBODY);
  show("fsuid");
  setfsuid(0);
  printf("lock %s", P(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS_LOCKED));
  printf(", change %s", P(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED));
  printf(", unlock %s", P(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS_LOCKED));
  printf(", keep %s", P(PR_SET_KEEPCAPS, 1));
  set(0, KNOWN, 0);
  printf(", without the right: same %s", P(PR_SET_SECUREBITS, prctl(PR_GET_SECUREBITS)));
  printf(", more %s", P(PR_SET_SECUREBITS, prctl(PR_GET_SECUREBITS) | SECBIT_NOROOT));
  printf(", free ones %s", P(PR_SET_SECUREBITS, prctl(PR_GET_SECUREBITS) | 1 << 8));
  printf(" %s\n", P(PR_GET_SECUREBITS));
}

static void again(const char *what) {
  fflush(stdout);
  char *args[] = {"capabilities", (char *)what, NULL};
  execv((char *)getauxval(AT_EXECFN), args);
  printf("exec: %m\n");
}
static void exec_root(void) {
  set(0, BIT(CAP_KILL) | BIT(CAP_SETPCAP), BIT(CAP_KILL));
  show("little");
  again("a new program of root");
}
static void exec_bounded(void) {
  prctl(PR_CAPBSET_DROP, CAP_KILL);
  again("with less bounds");
}
static void exec_nnp(void) {
  set(BIT(CAP_KILL), BIT(CAP_KILL), 0);
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  again("without new privileges");
}
static void exec_noroot(void) {
  prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_KEEP_CAPS);
  again("root is nobody");
}
static void exec_ambient(void) {
  set(KNOWN, KNOWN, BIT(CAP_KILL));
  prctl(PR_SET_KEEPCAPS, 1);
  setuid(NOBODY);
  set(BIT(CAP_KILL), KNOWN, BIT(CAP_KILL));
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_KILL, 0, 0);
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  again("ambient");
}
static void exec_kept(void) {
  prctl(PR_SET_KEEPCAPS, 1);
  setuid(NOBODY);
  show("kept");
  again("not for programs");
}
static void exec_effective(void) {
  setresuid(0, NOBODY, 0);
  again("root by its real id");
}

static void uses(void) {
  char dir[] = "/tmp/capsXXXXXX";
  mkdtemp(dir);
  chdir(dir);
  close(open("file", O_CREAT | O_WRONLY, 0));
  const pid_t other = fork();
  if (other == 0) pause();
  for (int without = 0; without < 2; without++) {
    if (without) set(BIT(CAP_SETUID), KNOWN, 0);
    errno = 0;
    printf("%s: open %d", without ? "without" : "with", open("file", O_RDWR) >= 0);
    printf(", chown %s", outcome(chown("file", 0, 12345)));
    printf(", chroot %s", outcome(chroot("/")));
    const int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(1019), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    printf(", port %s", outcome(bind(s, (void *)&at, sizeof at)));
    printf(", setgid %s", outcome(setgid(0)));
    printf(", seteuid %s", outcome(seteuid(NOBODY)));
    printf(", kill %s", outcome(kill(other, 0)));
    printf(", root again %s", outcome(seteuid(0)));
    set(without ? BIT(CAP_SETUID) : KNOWN, KNOWN, 0);
    prctl(PR_SET_SECUREBITS, 0);
    printf(", hostname %s", outcome(sethostname("x", 1)));
    printf(", nice %s\n", outcome(nice(-1) == -1 ? -1 : 0));
    close(s);
  }
  kill(other, SIGKILL);
  waitpid(other, NULL, 0);
  unlink("file");
  rmdir(dir);
}

int main(int argc, char **argv) {
  if (argc > 1) {
    printf("secure %lu, ", getauxval(AT_SECURE));
    int signo;
    prctl(PR_GET_PDEATHSIG, &signo);
    printf("death signal %d, ", signo);
    show(argv[1]);
    return 0;
  }
  for (int c = 0; c <= CAP_LAST_CAP; c++)
    if (!(KNOWN & BIT(c))) prctl(PR_CAPBSET_DROP, c);
  printf("known %d\n", set(KNOWN, KNOWN, 0));
  prctl(PR_SET_DUMPABLE, 1);
  show("at first");
  in_child("sets", setting);
  in_child("bounding set", bounding);
  in_child("ambient set", ambient);
  in_child("users", users);
  in_child("keeping", keeping);
  in_child("securebits", bits);
  in_child("a new program", exec_root);
  in_child("bounds", exec_bounded);
  in_child("no new privileges", exec_nnp);
  in_child("noroot", exec_noroot);
  in_child("ambient capabilities", exec_ambient);
  in_child("kept capabilities", exec_kept);
  in_child("effective user", exec_effective);
  in_child("uses", uses);
  return 0;
}
