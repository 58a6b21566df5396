// The ring of io_setup(2) as the process sees it: its header, events read and taken without a call, heads and tails that make
// no sense, how it is mapped, what munmap, mremap, mprotect, fork and exec make of the context, and io_destroy(2) while
// other threads wait for events or sleep in io_submit(2) (struct aio_ring of fs/aio.c).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct ring {
  unsigned id, nr, head, tail, magic, compat, incompat, length;
  struct io_event events[];
};

static aio_context_t ctx;
static int null;
static struct iocb cb;
static struct iocb *list[4] = {&cb, &cb, &cb, &cb};
static struct io_event events[8];
static struct timespec now;

static long call(long result) { return result < 0 ? -errno : result; }
static long setup(unsigned n, aio_context_t *c) { return call(syscall(SYS_io_setup, n, c)); }
static long destroy(aio_context_t c) { return call(syscall(SYS_io_destroy, c)); }
static long submit(aio_context_t c, long n) { return call(syscall(SYS_io_submit, c, n, list)); }
static long getevents(aio_context_t c, long min, long n) {
  return call(syscall(SYS_io_getevents, c, min, n, events, min ? NULL : &now));
}
static const char *outcome(long result) {
  static char text[4][40];
  static int turn;
  char *into = text[turn++ % 4];
  if (result >= 0) snprintf(into, 40, "%ld", result);
  else snprintf(into, 40, "%s", strerrorname_np(-(int)result));
  return into;
}

/* The lines of /proc/self/smaps that say how the ring is mapped, without numbers that differ. */
static void shown(const void *at) {
  char line[512], start[32];
  snprintf(start, sizeof start, "%lx-", (unsigned long)at);
  FILE *maps = fopen("/proc/self/smaps", "r");
  int found = 0;
  while (fgets(line, sizeof line, maps) != NULL) {
    if (strncmp(line, start, strlen(start)) == 0) {
      char flags[8], name[64] = "";
      sscanf(line, "%*s %7s %*s %*s %*s %63[^\n]", flags, name);
      printf("%s %s", flags, name);
      found = 1;
    }
    if (found && sscanf(line, "VmFlags: %[^\n]", start) == 1) {
      printf(", %s\n", line + 9);
      break;
    }
  }
  if (!found) printf("not mapped\n");
  fclose(maps);
}

static void seen(void) {
  struct ring *ring = (struct ring *)ctx;
  printf("magic %#x, features %u %u, header %u, room %d\n", ring->magic, ring->compat, ring->incompat, ring->length,
         ring->nr >= 18);
  printf("head %u tail %u\n", ring->head, ring->tail);
  cb.aio_data = 7;
  submit(ctx, 3);
  printf("head %u tail %u, data %lld, result %lld, object %s\n", ring->head, ring->tail,
         (long long)ring->events[0].data, (long long)ring->events[0].res,
         ring->events[2].obj == (uintptr_t)&cb ? "same" : "other");
  ring->head++;
  printf("one taken by hand, then %s", outcome(getevents(ctx, 0, 8)));
  printf(", head %u tail %u\n", ring->head, ring->tail);
  submit(ctx, 2);
  ring->tail = ring->head;
  printf("tail put back: %s", outcome(getevents(ctx, 0, 8)));
  submit(ctx, 1);
  printf(", and after another: %s\n", outcome(getevents(ctx, 0, 8)));
  submit(ctx, 2);
  ring->head += ring->nr * 5;
  printf("head far away: %s", outcome(getevents(ctx, 0, 8)));
  printf(", head %d tail %d\n", ring->head < ring->nr, ring->head == ring->tail);
  /* The ring comes around; nobody but us takes events. */
  int rounds = 0;
  for (unsigned i = 0; i < ring->nr * 2; i++) {
    rounds += submit(ctx, 1) == 1;
    ring->head = (ring->head + 1) % ring->nr;
  }
  printf("around: %d\n", rounds == (int)ring->nr * 2);
  const unsigned id = ring->id;
  ring->id = id + 1;
  printf("another id: %s\n", outcome(submit(ctx, 1)));
  ring->id = 0xffffffff;
  printf("a bad id: %s\n", outcome(getevents(ctx, 0, 1)));
  ring->id = id;
  ring->nr = 1, ring->magic = 0;
  printf("nr and magic are for us alone: %s", outcome(submit(ctx, 4)));
  printf(", %s\n", outcome(getevents(ctx, 0, 8)));
  shown(ring);
}

static void moved(void) {
  aio_context_t other = 0;
  setup(8, &other);
  const long page = 4096;
  char *room = mmap(NULL, page * 4, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  printf("grow: %s\n", outcome(call((long)mremap((void *)other, page, page * 2, 0)) < 0 ? -errno : 0));
  printf("grow elsewhere: %s\n",
         outcome(call((long)mremap((void *)other, page, page * 2, MREMAP_MAYMOVE)) < 0 ? -errno : 0));
  printf("leave a hole: %s\n",
         outcome(call((long)mremap((void *)other, page, page, MREMAP_MAYMOVE | MREMAP_DONTUNMAP)) < 0 ? -errno : 0));
  printf("executable: %s\n", outcome(call(mprotect((void *)other, page, PROT_READ | PROT_EXEC))));
  fflush(stdout);
  int status;
  pid_t child = fork();
  if (child == 0) {
    printf("in a child: submit %s", outcome(submit(other, 1)));
    printf(", events %s", outcome(getevents(other, 0, 1)));
    printf(", destroy %s, mapped %d\n", outcome(destroy(other)), ((struct ring *)other)->magic == 0xa10a10a1);
    const void *to = mremap((void *)other, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, room);
    printf("moved by a child: %s\n", to == room ? "yes" : strerrorname_np(errno));
    fflush(stdout);
    _exit(0);
  }
  waitpid(child, &status, 0);
  submit(other, 2);
  const aio_context_t to = (aio_context_t)mremap((void *)other, page, page, MREMAP_MAYMOVE | MREMAP_FIXED, room);
  printf("moved: %d", to == (aio_context_t)room);
  printf(", by its old name %s", outcome(getevents(other, 0, 1)));
  printf(", by its new one %s", outcome(getevents(to, 0, 8)));
  printf(", submit %s", outcome(submit(to, 3)));
  printf(", events %s\n", outcome(getevents(to, 0, 8)));
  mprotect((void *)to, page, PROT_NONE);
  printf("not readable: %s", outcome(getevents(to, 0, 1)));
  mprotect((void *)to, page, PROT_READ);
  printf(", only readable: %s", outcome(submit(to, 1)));
  printf(", %s", outcome(getevents(to, 1, 1)));
  printf(", destroyed: %s\n", outcome(destroy(to)));
  shown((void *)to);
  other = 0;
  setup(8, &other);
  munmap((void *)other, page);
  printf("unmapped: submit %s", outcome(submit(other, 1)));
  printf(", destroy %s\n", outcome(destroy(other)));
}

static volatile pid_t tid;
static void *waiter(void *result) {
  tid = gettid();
  struct io_event own[2];
  *(long *)result = call(syscall(SYS_io_getevents, ctx, 1, 2, own, NULL));
  return NULL;
}

static int pipes[2];
static void *reader(void *result) {
  tid = gettid();
  static char buffer[8];
  struct iocb slow = cb, *requests[2] = {&slow, &cb};
  slow.aio_fildes = pipes[0];
  slow.aio_lio_opcode = IOCB_CMD_PREAD;
  slow.aio_buf = (uintptr_t)buffer;
  slow.aio_nbytes = 8;
  *(long *)result = call(syscall(SYS_io_submit, ctx, 2, requests));
  return NULL;
}
/* Until the thread sleeps, for which it has but one call. */
static void settle(void) {
  char path[64], state = 0;
  while (tid == 0) usleep(100);
  snprintf(path, sizeof path, "/proc/%d/task/%d/stat", getpid(), tid);
  while (state != 'S') {
    FILE *stat = fopen(path, "r");
    fscanf(stat, "%*d %*s %c", &state);
    fclose(stat);
    usleep(100);
  }
  tid = 0;
}

static void threads(void) {
  pthread_t thread;
  long result = 99;
  pthread_create(&thread, NULL, waiter, &result);
  settle();
  printf("waiting: submit %s", outcome(submit(ctx, 1)));
  pthread_join(thread, NULL);
  printf(", got %s\n", outcome(result));
  pthread_create(&thread, NULL, waiter, &result);
  settle();
  printf("waiting: destroy %s", outcome(destroy(ctx)));
  pthread_join(thread, NULL);
  printf(", got %s\n", outcome(result));
  ctx = 0;
  setup(4, &ctx);
  pipe(pipes);
  pthread_create(&thread, NULL, reader, &result);
  settle();
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    usleep(20000);
    write(pipes[1], "done", 4);
    _exit(0);
  }
  printf("a request sleeps: destroy %s", outcome(destroy(ctx)));
  pthread_join(thread, NULL);
  printf(", submit %s\n", outcome(result));
  waitpid(child, NULL, 0);
}

int main(int argc, char **argv) {
  null = open("/dev/null", O_WRONLY);
  cb.aio_fildes = null;
  cb.aio_lio_opcode = IOCB_CMD_PWRITE;
  cb.aio_buf = (uintptr_t) "hello";
  cb.aio_nbytes = 5;
  if (argc > 1) {
    ctx = strtoul(argv[1], NULL, 16);
    printf("after exec: %s\n", outcome(destroy(ctx)));
    return 0;
  }
  if (setup(8, &ctx) != 0) return 1;
  seen();
  moved();
  threads();
  ctx = 0;
  setup(8, &ctx);
  char text[32];
  snprintf(text, sizeof text, "%lx", (unsigned long)ctx);
  fflush(stdout);
  execl((char *)getauxval(AT_EXECFN), argv[0], text, NULL);
  return 1;
}
