// Ways to read files of /proc: some are read by calls alone, others by splice(2), sendfile(2), io_submit(2) and with flags too; few
// have an end to seek from (fs/proc: proc_ops with proc_read or proc_read_iter, seq_lseek or none).
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static aio_context_t context;
static char buffer[64];
static const char *outcome(long r) { return r < 0 ? strerrorname_np(errno) : r == 0 ? "0" : "some"; }
static const char *submit(int fd, int opcode, int flags) {
  struct iocb c = {.aio_lio_opcode = opcode, .aio_fildes = fd, .aio_buf = (uintptr_t)buffer, .aio_nbytes = 16, .aio_rw_flags = flags};
  struct iocb *all[] = {&c};
  if (syscall(SYS_io_submit, context, 1, all) < 0) return strerrorname_np(errno);
  struct io_event e;
  syscall(SYS_io_getevents, context, 1, 1, &e, NULL);
  return e.res < 0 ? strerrorname_np(-e.res) : e.res == 0 ? "0" : "some";
}

int main(void) {
  static const char *const files[] = {
      "version",     "cpuinfo",    "meminfo",     "stat",           "uptime",        "loadavg",         "filesystems",     "cmdline",
      "locks",       "swaps",      "sysvipc/msg", "self/status",    "self/stat",     "self/statm",      "self/maps",       "self/smaps",
      "self/limits", "self/comm",  "self/wchan",  "self/mounts",    "self/mountinfo", "self/mountstats", "self/cmdline",    "self/environ",
      "self/auxv",   "self/mem",   "self/timers", "self/oom_score", "self/oom_score_adj", "self/fdinfo/0", "self/coredump_filter",
      "self/sessionid", "self/net/dev", "self/net/tcp", "self/uid_map", "sys/kernel/ostype", "sys/kernel/pid_max", "sys/fs/nr_open"};
  syscall(SYS_io_setup, 4, &context);
  for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
    char path[60];
    sprintf(path, "/proc/%s", files[i]);
    const int fd = open(path, O_RDONLY);
    int ends[2];
    pipe(ends);
    // No byte of its memory lies where it begins.
    printf("%s: splice %s", files[i], outcome(splice(fd, NULL, ends[1], NULL, 16, 0)));
    lseek(fd, 0, SEEK_SET);
    printf(", sendfile %s", outcome(sendfile(ends[1], fd, NULL, 16)));
    lseek(fd, 0, SEEK_SET);
    struct iovec v = {buffer, 16};
    printf(", readv %s", outcome(readv(fd, &v, 1)));
    printf(", flags %s", outcome(preadv2(fd, &v, 1, 0, RWF_DSYNC)));
    printf(" %s", outcome(preadv2(fd, &v, 1, 0, RWF_NOWAIT)));
    printf(" %s", outcome(preadv2(fd, &v, 1, 0, RWF_HIPRI)));
    printf(", copy %s", outcome(copy_file_range(fd, NULL, ends[1], NULL, 16, 0)));
    printf(", submit %s", submit(fd, IOCB_CMD_PREAD, 0));
    printf(" %s %s", submit(fd, IOCB_CMD_PREAD, RWF_DSYNC), submit(fd, IOCB_CMD_PWRITE, 0));
    printf(", seek end %s", outcome(lseek(fd, 0, SEEK_END)));
    printf(", data %s", outcome(lseek(fd, 0, SEEK_DATA)));
    printf(", on %s", outcome(lseek(fd, 5, SEEK_CUR)));
    printf(", before %s\n", outcome(lseek(fd, -5, SEEK_SET)));
    close(fd), close(ends[0]), close(ends[1]);
  }
  return 0;
}
