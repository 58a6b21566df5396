/**
 * Every guest struct against C: a program compiled here prints sizeof and offsetof of the kernel's own declarations, which
 * must be what the declarations in kernel/abi give.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StructType } from '../../kernel/abi/layout.ts';
import { hostIsLinuxX64, toolchain } from '../native/build.ts';
import { root } from '../native/cases.ts';

interface Counterpart {
  /** The type in C. */
  readonly c: string;
  readonly headers: readonly string[];
  /** Declarations which no installed header has. */
  readonly declare?: string;
  /** C's name of a field where it is another; null for one that C does not name. */
  readonly fields?: Readonly<Record<string, string | null>>;
}

const SIGINFO: Counterpart = {
  c: 'siginfo_t',
  headers: ['asm/siginfo.h'],
  fields: { pad: null, pad2: null, rest: null },
};
const TIME = ['linux/time.h'];
const SIGCONTEXT = ['asm/signal.h', 'asm/siginfo.h', 'asm/sigcontext.h', 'asm/ucontext.h'];

/** By the name under which kernel/abi exports the struct. */
const COUNTERPARTS: Readonly<Record<string, Counterpart>> = {
  CLONE_ARGS: { c: 'struct clone_args', headers: ['linux/sched.h', 'linux/types.h'] },
  RLIMIT_STRUCT: { c: 'struct rlimit', headers: ['linux/resource.h'] },
  RUSAGE: { c: 'struct rusage', headers: ['linux/resource.h'] },
  UTSNAME: { c: 'struct new_utsname', headers: ['linux/utsname.h'] },
  SYSINFO: { c: 'struct sysinfo', headers: ['linux/sysinfo.h'] },
  ROBUST_LIST_HEAD: { c: 'struct robust_list_head', headers: ['linux/futex.h'] },
  SCHED_ATTR: { c: 'struct sched_attr', headers: ['linux/types.h', 'linux/sched/types.h'] },
  FUTEX_WAITV: { c: 'struct futex_waitv', headers: ['linux/types.h', 'linux/futex.h'] },
  RSEQ: { c: 'struct rseq', headers: ['linux/rseq.h'], fields: { node_id: null, mm_cid: null, pad: null } },
  RSEQ_CS: { c: 'struct rseq_cs', headers: ['linux/rseq.h'] },
  CAP_HEADER: { c: 'struct __user_cap_header_struct', headers: ['linux/capability.h'] },
  CAP_DATA: { c: 'struct __user_cap_data_struct', headers: ['linux/capability.h'] },
  TIMESPEC: { c: 'struct timespec', headers: TIME },
  TIMEVAL: { c: 'struct timeval', headers: TIME },
  ITIMERVAL: { c: 'struct itimerval', headers: TIME },
  TIMEX: { c: 'struct timex', headers: ['linux/timex.h'], fields: { __pad: null } },
  ITIMERSPEC: { c: 'struct itimerspec', headers: TIME },
  SIGEVENT: {
    c: 'struct sigevent',
    headers: ['asm/siginfo.h'],
    fields: { tid: '_sigev_un._tid', pad: null },
  },
  SIGNALFD_SIGINFO: {
    c: 'struct signalfd_siginfo',
    headers: ['linux/types.h', 'linux/signalfd.h'],
    fields: { __pad: null },
  },
  fOwnerEx: { c: 'struct f_owner_ex', headers: ['linux/fcntl.h'] },
  SECCOMP_DATA: { c: 'struct seccomp_data', headers: ['linux/seccomp.h'] },
  PRCTL_MM_MAP: { c: 'struct prctl_mm_map', headers: ['linux/prctl.h'] },
  SECCOMP_NOTIF: { c: 'struct seccomp_notif', headers: ['linux/seccomp.h'] },
  SECCOMP_NOTIF_RESP: { c: 'struct seccomp_notif_resp', headers: ['linux/seccomp.h'] },
  SECCOMP_NOTIF_ADDFD: { c: 'struct seccomp_notif_addfd', headers: ['linux/seccomp.h'] },
  SOCK_FILTER: { c: 'struct sock_filter', headers: ['linux/filter.h'] },
  SOCK_FPROG: { c: 'struct sock_fprog', headers: ['linux/filter.h'] },
  sockaddrIn: { c: 'struct sockaddr_in', headers: ['linux/in.h'], fields: { __pad: null } },
  sockaddrIn6: { c: 'struct sockaddr_in6', headers: ['linux/in6.h'] },
  msghdr: { c: 'struct msghdr', headers: ['sys/socket.h'] },
  // The C library has these two for _GNU_SOURCE alone.
  mmsghdr: {
    c: 'struct mmsghdr',
    headers: ['sys/socket.h'],
    declare: 'struct mmsghdr { struct msghdr msg_hdr; unsigned msg_len; };',
  },
  cmsghdr: { c: 'struct cmsghdr', headers: ['sys/socket.h'] },
  ucred: {
    c: 'struct ucred',
    headers: ['sys/socket.h'],
    declare: 'struct ucred { int pid; unsigned uid, gid; };',
  },
  linger: { c: 'struct linger', headers: ['sys/socket.h'] },
  ifconf: { c: 'struct ifconf', headers: ['net/if.h'], fields: { ifc_buf: 'ifc_ifcu.ifcu_buf' } },
  sockaddrNl: { c: 'struct sockaddr_nl', headers: ['sys/socket.h', 'linux/netlink.h'] },
  nlmsghdr: { c: 'struct nlmsghdr', headers: ['sys/socket.h', 'linux/netlink.h'] },
  ifinfomsg: { c: 'struct ifinfomsg', headers: ['sys/socket.h', 'linux/rtnetlink.h'] },
  ifaddrmsg: { c: 'struct ifaddrmsg', headers: ['sys/socket.h', 'linux/if_addr.h'] },
  tunPi: { c: 'struct tun_pi', headers: ['linux/if_tun.h'] },
  IOCB: { c: 'struct iocb', headers: ['linux/aio_abi.h'] },
  IO_EVENT: { c: 'struct io_event', headers: ['linux/aio_abi.h'] },
  AIO_SIGSET: {
    c: 'struct __aio_sigset',
    headers: ['linux/types.h', 'asm/signal.h'],
    declare: 'struct __aio_sigset { const sigset_t *sigmask; __kernel_size_t sigsetsize; };',
  },
  AIO_RING: {
    c: 'struct aio_ring',
    headers: ['linux/types.h'],
    declare:
      'struct aio_ring { unsigned id, nr, head, tail, magic, compat_features, incompat_features, header_length; };',
  },
  // Of Linux 6.9.
  EPOLL_PARAMS: {
    c: 'struct epoll_params_6_9',
    headers: ['linux/types.h'],
    declare:
      'struct epoll_params_6_9 { __u32 busy_poll_usecs; __u16 busy_poll_budget; __u8 prefer_busy_poll, __pad; };',
  },
  virtioNetHdr: { c: 'struct virtio_net_hdr', headers: ['linux/virtio_net.h'] },
  sockExtendedErr: { c: 'struct sock_extended_err', headers: ['time.h', 'linux/errqueue.h'] },
  PEEKSIGINFO_ARGS: { c: 'struct ptrace_peeksiginfo_args', headers: ['linux/types.h', 'linux/ptrace.h'] },
  // Of Linux 6.16.
  PIDFD_INFO_STRUCT: {
    c: 'struct pidfd_info_6_16',
    headers: ['linux/types.h'],
    declare:
      'struct pidfd_info_6_16 { __u64 mask, cgroupid; __u32 pid, tgid, ppid, ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid; __s32 exit_code; __u32 coredump_mask, coredump_signal; };',
  },
  // Of Linux 6.4.
  PTRACE_SUD_CONFIG: {
    c: 'struct ptrace_sud_config_6_4',
    headers: ['linux/types.h'],
    declare: 'struct ptrace_sud_config_6_4 { __u64 mode, selector, offset, len; };',
  },
  SECCOMP_METADATA: { c: 'struct seccomp_metadata', headers: ['linux/types.h', 'linux/ptrace.h'] },
  USER_DESC: { c: 'struct user_desc', headers: ['asm/ldt.h'], fields: { flags: null } },
  PTRACE_RSEQ_CONFIGURATION: { c: 'struct ptrace_rseq_configuration', headers: ['linux/types.h', 'linux/ptrace.h'] },
  IOVEC_OF_REGSET: { c: 'struct iovec', headers: ['sys/uio.h'] },
  // What all kinds of struct ptrace_syscall_info begin with; its union follows.
  PTRACE_SYSCALL_INFO: {
    c: 'struct syscall_info_head',
    headers: ['linux/types.h'],
    declare:
      'struct syscall_info_head { __u8 op, reserved; __u16 flags; __u32 arch; __u64 instruction_pointer, stack_pointer; };',
  },
  TIMEZONE: { c: 'struct timezone', headers: TIME },
  TMS: { c: 'struct tms', headers: ['linux/times.h'] },
  SIGACTION: { c: 'struct sigaction', headers: ['asm/signal.h'] },
  STACK_T: { c: 'stack_t', headers: ['asm/signal.h'] },
  SIGCONTEXT: { c: 'struct sigcontext', headers: SIGCONTEXT },
  UCONTEXT: { c: 'struct ucontext', headers: SIGCONTEXT },
  RT_SIGFRAME: {
    c: 'struct rt_sigframe',
    headers: SIGCONTEXT,
    declare: 'struct rt_sigframe { char *pretcode; struct ucontext uc; siginfo_t info; };',
  },
  FPX_SW_BYTES: { c: 'struct _fpx_sw_bytes', headers: SIGCONTEXT },
  FPSTATE: { c: 'struct _fpstate_64', headers: SIGCONTEXT },
  YMMH_STATE: { c: 'struct _ymmh_state', headers: SIGCONTEXT },
  XSTATE_HEADER: { c: 'struct _header', headers: SIGCONTEXT },
  XSTATE: {
    c: 'struct xstate_frame',
    headers: SIGCONTEXT,
    declare:
      'struct xstate_frame { struct _fpstate_64 fpstate; struct _header xstate_hdr; struct _ymmh_state ymmh; __u32 magic2; } __attribute__((packed));',
  },
  XSTATE_SSE: {
    c: 'struct xstate_frame_sse',
    headers: SIGCONTEXT,
    declare:
      'struct xstate_frame_sse { struct _fpstate_64 fpstate; struct _header xstate_hdr; __u32 magic2; } __attribute__((packed));',
  },
  XSTATE_LEGACY: {
    c: 'struct xstate_frame_legacy',
    headers: SIGCONTEXT,
    declare: 'struct xstate_frame_legacy { struct _fpstate_64 fpstate; };',
  },
  SIGINFO_KILL: SIGINFO,
  SIGINFO_RT: SIGINFO,
  SIGINFO_TIMER: {
    ...SIGINFO,
    fields: { ...SIGINFO.fields, si_timerid: 'si_tid', si_sys_private: '_sifields._timer._sys_private' },
  },
  SIGINFO_CHLD: SIGINFO,
  SIGINFO_FAULT: SIGINFO,
  SIGINFO_POLL: SIGINFO,
  SIGINFO_SYS: SIGINFO,
  pollfd: { c: 'struct pollfd', headers: ['linux/poll.h'] },
  sigsetArgpack: {
    c: 'struct sigset_argpack',
    headers: ['linux/types.h', 'asm/signal.h'],
    declare: 'struct sigset_argpack { sigset_t *p; __kernel_size_t size; };',
  },
  stat: { c: 'struct stat', headers: ['asm/stat.h'] },
  statxTimestamp: { c: 'struct statx_timestamp', headers: ['linux/stat.h'] },
  statx: { c: 'struct statx', headers: ['linux/stat.h'] },
  statfs: { c: 'struct statfs', headers: ['asm/statfs.h'] },
  dirent64: {
    c: 'struct linux_dirent64',
    headers: ['linux/types.h'],
    declare:
      'struct linux_dirent64 { __u64 d_ino; __s64 d_off; unsigned short d_reclen; unsigned char d_type; char d_name[]; };',
  },
  dirent: {
    c: 'struct linux_dirent',
    headers: ['linux/types.h'],
    declare: 'struct linux_dirent { unsigned long d_ino, d_off; unsigned short d_reclen; char d_name[]; };',
  },
  flockStruct: { c: 'struct flock', headers: ['linux/fcntl.h'] },
  Elf64_Ehdr: { c: 'Elf64_Ehdr', headers: ['linux/elf.h'] },
  Elf64_Phdr: { c: 'Elf64_Phdr', headers: ['linux/elf.h'] },
  termios: { c: 'struct termios', headers: ['asm/termbits.h'] },
  termios2: { c: 'struct termios2', headers: ['asm/termbits.h'] },
  termio: { c: 'struct termio', headers: ['asm/termios.h'] },
  winsize: { c: 'struct winsize', headers: ['asm/termios.h'] },
  IPC_PERM: { c: 'struct ipc64_perm', headers: ['linux/ipc.h', 'asm/ipcbuf.h'] },
  MSQID_DS: {
    c: 'struct msqid64_ds',
    headers: ['linux/msg.h', 'asm/msgbuf.h'],
    fields: { __unused4: null, __unused5: null },
  },
  MQ_ATTR: { c: 'struct mq_attr', headers: ['linux/mqueue.h'] },
  MSGINFO: { c: 'struct msginfo', headers: ['linux/msg.h'] },
  SEMID_DS: { c: 'struct semid64_ds', headers: ['linux/sem.h', 'asm/sembuf.h'] },
  SEMBUF: { c: 'struct sembuf', headers: ['linux/sem.h'] },
  SEMINFO: { c: 'struct seminfo', headers: ['linux/sem.h'] },
  SHMID_DS: {
    c: 'struct shmid64_ds',
    headers: ['linux/shm.h', 'asm/shmbuf.h'],
    fields: { __unused4: null, __unused5: null },
  },
  SHMINFO: { c: 'struct shminfo64', headers: ['linux/shm.h', 'asm/shmbuf.h'] },
  SHM_INFO: { c: 'struct shm_info', headers: ['linux/shm.h'] },
  iovec: { c: 'struct iovec', headers: ['linux/uio.h'] },
  Elf64_Nhdr: { c: 'Elf64_Nhdr', headers: ['linux/elf.h'] },
  ELF_PRSTATUS: {
    c: 'struct elf_prstatus',
    headers: ['sys/procfs.h'],
    fields: { si_signo: 'pr_info.si_signo', si_code: 'pr_info.si_code', si_errno: 'pr_info.si_errno' },
  },
  ELF_PRPSINFO: { c: 'struct elf_prpsinfo', headers: ['sys/procfs.h'] },
  FILE_NOTE: {
    c: 'struct file_note',
    headers: ['linux/types.h'],
    // What fill_files_note of fs/coredump.c begins with: no header declares it.
    declare: 'struct file_note { long count, page_size; };',
  },
};

const isStruct = (value: unknown): value is StructType<object> =>
  typeof value === 'object' && value !== null && (value as { kind?: unknown }).kind === 'struct';

/** Every struct that a module of kernel/abi exports, by its name. */
const declaredStructs = async (): Promise<Map<string, StructType<object>>> => {
  const found = new Map<string, StructType<object>>();
  for (const file of readdirSync(`${root}kernel/abi`)) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const module = (await import(`${root}kernel/abi/${file}`)) as Record<string, unknown>;
    for (const [name, value] of Object.entries(module)) if (isStruct(value)) found.set(name, value);
  }
  return found;
};

const printLines = (name: string, type: StructType<object>, counterpart: Counterpart): string[] => {
  const lines = [`printf("${name} sizeof %zu\\n", sizeof(${counterpart.c}));`];
  for (const field of type.fields) {
    const member = counterpart.fields?.[field.name] === undefined ? field.name : counterpart.fields[field.name];
    if (member === null) continue;
    lines.push(
      `printf("${name} ${field.name} %zu %zu\\n", __builtin_offsetof(${counterpart.c}, ${member}), sizeof(((${counterpart.c} *)0)->${member}));`,
    );
  }
  return lines;
};

/** What C says, one line for each struct and field, in groups that can share headers. */
const askC = (folder: string, structs: ReadonlyMap<string, StructType<object>>): string[] => {
  const groups = new Map<string, string[]>();
  for (const [name] of structs) {
    const key = COUNTERPARTS[name]!.headers.join(' ');
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups].flatMap(([headers, names], index) => {
    const source = [
      ...headers.split(' ').map((header) => `#include <${header}>`),
      'int printf(const char *, ...);',
      ...new Set(names.map((name) => COUNTERPARTS[name]!.declare ?? '')),
      'int main(void) {',
      ...names.flatMap((name) => printLines(name, structs.get(name)!, COUNTERPARTS[name]!)),
      'return 0; }',
    ];
    writeFileSync(`${folder}/${index}.c`, source.join('\n'));
    execFileSync(toolchain()!.commands.glibc, ['-w', '-o', `${folder}/${index}`, `${folder}/${index}.c`]);
    return execFileSync(`${folder}/${index}`, { encoding: 'utf8' }).trim().split('\n');
  });
};

const ours = (name: string, type: StructType<object>): string[] => {
  const named = type.fields.filter((field) => COUNTERPARTS[name]!.fields?.[field.name] !== null);
  return [
    `${name} sizeof ${type.size}`,
    ...named.map((field) => `${name} ${field.name} ${field.offset} ${field.type.size}`),
  ];
};

describe('guest structs', async () => {
  const structs = await declaredStructs();
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(`${tmpdir()}/layout-`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('each has a counterpart in C', () => {
    expect([...structs.keys()].filter((name) => COUNTERPARTS[name] === undefined)).toEqual([]);
    expect(Object.keys(COUNTERPARTS).filter((name) => !structs.has(name))).toEqual([]);
  });

  test.skipIf(!hostIsLinuxX64 || toolchain() === null)('have the sizes and offsets that C gives them', () => {
    const expected = askC(folder, structs);
    const actual = [...structs].flatMap(([name, type]) => ours(name, type));
    expect(actual.sort()).toEqual(expected.sort());
  });
});
