/** Processes: clone flags, limits, usage, prctl, identity of the system (linux/sched.h, asm-generic/resource.h, ...). */
import { array, i32, i64, long, pointer, struct, u8, u16, u32, u64 } from './layout.ts';
import { TIMEVAL } from './time.ts';

export const CLONE = {
  /** Low byte of the flags of clone(2): the signal to the parent at exit. */
  CSIGNAL: 0xff,
  VM: 0x100,
  FS: 0x200,
  FILES: 0x400,
  SIGHAND: 0x800,
  PIDFD: 0x1000,
  PTRACE: 0x2000,
  VFORK: 0x4000,
  PARENT: 0x8000,
  THREAD: 0x10000,
  NEWNS: 0x20000,
  SYSVSEM: 0x40000,
  SETTLS: 0x80000,
  PARENT_SETTID: 0x100000,
  CHILD_CLEARTID: 0x200000,
  DETACHED: 0x400000,
  UNTRACED: 0x800000,
  CHILD_SETTID: 0x1000000,
  NEWCGROUP: 0x2000000,
  NEWUTS: 0x4000000,
  NEWIPC: 0x8000000,
  NEWUSER: 0x10000000,
  NEWPID: 0x20000000,
  NEWNET: 0x40000000,
  IO: 0x80000000,
  /** clone3(2) only: every caught signal is default in the child. */
  CLEAR_SIGHAND: 0x100000000,
  INTO_CGROUP: 0x200000000,
} as const;

/** For unshare(2), setns(2) and clone3(2), as clone(2) has the exit signal there. */
export const CLONE_NEWTIME = 0x80;

/** ioctls of namespaces' files (linux/nsfs.h), and of pidfds about them (linux/pidfd.h). */
export const NS_IOCTL = {
  GET_USERNS: 0xb701,
  GET_PARENT: 0xb702,
  GET_NSTYPE: 0xb703,
  GET_OWNER_UID: 0xb704,
  GET_MNTNS_ID: 0x8008b705,
  GET_PID_FROM_PIDNS: 0x8004b706,
  GET_TGID_FROM_PIDNS: 0x8004b707,
  GET_PID_IN_PIDNS: 0x8004b708,
  GET_TGID_IN_PIDNS: 0x8004b709,
  GET_ID: 0x8008b70d,
} as const;
export const PIDFD_NS_IOCTL = {
  CGROUP: 0xff01,
  IPC: 0xff02,
  MNT: 0xff03,
  NET: 0xff04,
  PID: 0xff05,
  PID_FOR_CHILDREN: 0xff06,
  TIME: 0xff07,
  TIME_FOR_CHILDREN: 0xff08,
  USER: 0xff09,
  UTS: 0xff0a,
} as const;

/** Flags of pidfd_send_signal(2): whom, where the descriptor's own kind shall not say. */
/** In the place of a descriptor: the calling thread, and its process. */
export const PIDFD_SELF = { THREAD: -10000, THREAD_GROUP: -10001 } as const;

/** What PIDFD_GET_INFO tells, of which some has to be asked for. */
export const PIDFD_INFO = { PID: 1, CREDS: 2, EXIT: 8, COREDUMP: 16 } as const;
/** How the process would be dumped: not at all, for its user, for root alone. */
export const PIDFD_COREDUMP = { SKIP: 2, USER: 4, ROOT: 8 } as const;

export const PIDFD_INFO_STRUCT = struct(
  'struct pidfd_info',
  [
    ['mask', u64, 'PIDFD_INFO_*: asked for, and told'],
    ['cgroupid', u64, 'control group'],
    ['pid', u32, 'thread'],
    ['tgid', u32, 'its process'],
    ['ppid', u32, 'parent'],
    ['ruid', u32, 'real user'],
    ['rgid', u32, 'and group'],
    ['euid', u32, 'effective'],
    ['egid', u32, 'effective'],
    ['suid', u32, 'saved'],
    ['sgid', u32, 'saved'],
    ['fsuid', u32, 'for files'],
    ['fsgid', u32, 'for files'],
    ['exit_code', i32, 'status, as of wait(2)'],
    ['coredump_mask', u32, 'PIDFD_COREDUMP_*'],
    ['coredump_signal', u32, 'what it was dumped for'],
  ],
  { size: 72 },
);
/** Without the last two. */
export const PIDFD_INFO_LEAST = 64;
/** _IOWR(0xff, 11, ...), but for the size. */
export const PIDFD_GET_INFO = { request: 0xc000ff0b, sizeMask: 0x3fff0000, sizeShift: 16 } as const;

export const PIDFD_SIGNAL = { THREAD: 1, THREAD_GROUP: 2, PROCESS_GROUP: 4 } as const;

/** The argument of clone3(2), first published size 64. */
export const CLONE_ARGS = struct(
  'struct clone_args',
  [
    ['flags', u64, 'CLONE_* without an exit signal'],
    ['pidfd', pointer, 'where to store the pidfd'],
    ['child_tid', pointer, "where to store the child's id, in the child"],
    ['parent_tid', pointer, "where to store the child's id, in the parent"],
    ['exit_signal', u64, 'signal to the parent at exit'],
    ['stack', pointer, 'lowest byte of the stack'],
    ['stack_size', pointer, 'bytes of the stack'],
    ['tls', u64, 'fs base of the child'],
    ['set_tid', pointer, 'ids to use'],
    ['set_tid_size', u64, 'how many of them'],
    ['cgroup', u64, 'cgroup to start in'],
  ],
  { size: 88 },
);

/** RLIM_INFINITY as it lies in memory; `Infinity` in a task's limits. */
export const RLIM_INFINITY = 0xffffffffffffffffn;

/** struct rlimit64 is the same on x86-64. */
export const RLIMIT_STRUCT = struct(
  'struct rlimit',
  [
    ['rlim_cur', u64, 'soft limit'],
    ['rlim_max', u64, 'hard limit'],
  ],
  { size: 16 },
);

export const RUSAGE_SELF = 0;
export const RUSAGE_CHILDREN = -1;
export const RUSAGE_THREAD = 1;

export const RUSAGE = struct(
  'struct rusage',
  [
    ['ru_utime', TIMEVAL, 'CPU time in user mode'],
    ['ru_stime', TIMEVAL, 'CPU time in the kernel'],
    ['ru_maxrss', long, 'most memory resident, KiB'],
    ['ru_ixrss', long, 'unused'],
    ['ru_idrss', long, 'unused'],
    ['ru_isrss', long, 'unused'],
    ['ru_minflt', long, 'page faults without input/output'],
    ['ru_majflt', long, 'page faults with it'],
    ['ru_nswap', long, 'unused'],
    ['ru_inblock', long, 'reads from disk'],
    ['ru_oublock', long, 'writes to disk'],
    ['ru_msgsnd', long, 'unused'],
    ['ru_msgrcv', long, 'unused'],
    ['ru_nsignals', long, 'unused'],
    ['ru_nvcsw', long, 'context switches by sleeping'],
    ['ru_nivcsw', long, 'context switches by being preempted'],
  ],
  { size: 144 },
);

const UTS_LENGTH = 65;
export const UTSNAME = struct(
  'struct utsname',
  [
    ['sysname', array(u8, UTS_LENGTH), 'Linux'],
    ['nodename', array(u8, UTS_LENGTH), 'host name'],
    ['release', array(u8, UTS_LENGTH), 'kernel release'],
    ['version', array(u8, UTS_LENGTH), 'kernel version'],
    ['machine', array(u8, UTS_LENGTH), 'x86_64'],
    ['domainname', array(u8, UTS_LENGTH), 'NIS domain'],
  ],
  { size: 390 },
);

export const SYSINFO = struct(
  'struct sysinfo',
  [
    ['uptime', long, 'seconds since boot'],
    ['loads', array(u64, 3), 'load averages, times 65,536'],
    ['totalram', pointer, 'memory in units of mem_unit'],
    ['freeram', pointer, 'of it, unused'],
    ['sharedram', pointer, 'of it, shared'],
    ['bufferram', pointer, 'of it, buffers'],
    ['totalswap', pointer, 'swap space'],
    ['freeswap', pointer, 'of it, unused'],
    ['procs', u16, 'tasks'],
    ['pad', u16, ''],
    ['totalhigh', pointer, ''],
    ['freehigh', pointer, ''],
    ['mem_unit', u32, 'bytes a unit'],
  ],
  { size: 112 },
);

/** The head of a thread's robust futex list (set_robust_list(2)). */
export const ROBUST_LIST_HEAD = struct(
  'struct robust_list_head',
  [
    ['list', pointer, 'first entry, or this field itself'],
    ['futex_offset', i64, 'from an entry to its futex word'],
    ['list_op_pending', pointer, 'entry about to be added or removed'],
  ],
  { size: 24 },
);

/** Of capget(2) and capset(2). */
export const CAP_HEADER = struct(
  'struct __user_cap_header_struct',
  [
    ['version', u32, '0x20080522 for version 3'],
    ['pid', i32, 'of whom; 0 for the caller'],
  ],
  { size: 8 },
);
export const CAP_DATA = struct(
  'struct __user_cap_data_struct',
  [
    ['effective', u32, ''],
    ['permitted', u32, ''],
    ['inheritable', u32, ''],
  ],
  { size: 12 },
);

export const PR = {
  SET_PDEATHSIG: 1,
  GET_PDEATHSIG: 2,
  GET_DUMPABLE: 3,
  SET_DUMPABLE: 4,
  GET_KEEPCAPS: 7,
  SET_KEEPCAPS: 8,
  GET_TIMING: 13,
  SET_TIMING: 14,
  SET_NAME: 15,
  GET_NAME: 16,
  GET_SECCOMP: 21,
  SET_SECCOMP: 22,
  CAPBSET_READ: 23,
  CAPBSET_DROP: 24,
  GET_TSC: 25,
  SET_TSC: 26,
  GET_SECUREBITS: 27,
  SET_SECUREBITS: 28,
  SET_TIMERSLACK: 29,
  GET_TIMERSLACK: 30,
  TASK_PERF_EVENTS_DISABLE: 31,
  TASK_PERF_EVENTS_ENABLE: 32,
  MCE_KILL: 33,
  MCE_KILL_GET: 34,
  SET_MM: 35,
  SET_CHILD_SUBREAPER: 36,
  GET_CHILD_SUBREAPER: 37,
  SET_NO_NEW_PRIVS: 38,
  GET_NO_NEW_PRIVS: 39,
  GET_TID_ADDRESS: 40,
  SET_THP_DISABLE: 41,
  GET_THP_DISABLE: 42,
  CAP_AMBIENT: 47,
  GET_SPECULATION_CTRL: 52,
  SET_SPECULATION_CTRL: 53,
  SET_IO_FLUSHER: 57,
  GET_IO_FLUSHER: 58,
  SET_SYSCALL_USER_DISPATCH: 59,
  SET_MDWE: 65,
  GET_MDWE: 66,
  SET_MEMORY_MERGE: 67,
  GET_MEMORY_MERGE: 68,
  TIMER_CREATE_RESTORE_IDS: 77,
  GET_AUXV: 0x41555856,
  SET_VMA: 0x53564d41,
} as const;

/** Nanoseconds by which timers may be late. */
export const DEFAULT_TIMER_SLACK = 50_000;

/** PR_MCE_KILL: what to do, and what a thread wants to hear of broken memory. */
export const MCE_KILL = { CLEAR: 0, SET: 1 } as const;
export const MCE_KILL_POLICY = { LATE: 0, EARLY: 1, DEFAULT: 2 } as const;

/** PR_TIMER_CREATE_RESTORE_IDS. */
export const RESTORE_IDS = { OFF: 0, ON: 1, GET: 2 } as const;

/** PR_SET_MDWE: memory is never both, nor becomes executable; children begin without that. */
export const MDWE = { REFUSE_EXEC_GAIN: 1, NO_INHERIT: 2 } as const;

/** PR_SET_THP_DISABLE: but for memory that madvise(2) asked for. */
export const THP_DISABLE_EXCEPT_ADVISED = 2;

/** PR_GET_SPECULATION_CTRL: which, and how it is. */
export const SPEC = { STORE_BYPASS: 0, INDIRECT_BRANCH: 1, L1D_FLUSH: 2 } as const;
export const SPEC_STATE = { NOT_AFFECTED: 0, ENABLE: 2, DISABLE: 4, FORCE_DISABLE: 8 } as const;

/** PR_SET_MM. */
export const SET_MM = {
  START_CODE: 1,
  END_CODE: 2,
  START_DATA: 3,
  END_DATA: 4,
  START_STACK: 5,
  START_BRK: 6,
  BRK: 7,
  ARG_START: 8,
  ARG_END: 9,
  ENV_START: 10,
  ENV_END: 11,
  AUXV: 12,
  EXE_FILE: 13,
  MAP: 14,
  MAP_SIZE: 15,
} as const;

export const PRCTL_MM_MAP = struct(
  'struct prctl_mm_map',
  [
    ['start_code', pointer, 'code'],
    ['end_code', pointer, 'and its end'],
    ['start_data', pointer, 'data'],
    ['end_data', pointer, 'and its end'],
    ['start_brk', pointer, 'heap'],
    ['brk', pointer, 'and its end'],
    ['start_stack', pointer, 'first stack pointer'],
    ['arg_start', pointer, 'arguments'],
    ['arg_end', pointer, 'and their end'],
    ['env_start', pointer, 'environment'],
    ['env_end', pointer, 'and its end'],
    ['auxv', pointer, 'auxiliary vector'],
    ['auxv_size', u32, 'its bytes, 0 for the old one'],
    ['exe_fd', u32, 'the program, or -1 for the old one'],
  ],
  { size: 104 },
);

/** Bytes of the auxiliary vector that a process keeps room for (mm->saved_auxv). */
export const SAVED_AUXV_SIZE = 448;

export const ARCH = {
  SET_GS: 0x1001,
  SET_FS: 0x1002,
  GET_FS: 0x1003,
  GET_GS: 0x1004,
  GET_CPUID: 0x1011,
  SET_CPUID: 0x1012,
} as const;

export const FUTEX = {
  WAIT: 0,
  WAKE: 1,
  FD: 2,
  REQUEUE: 3,
  CMP_REQUEUE: 4,
  WAKE_OP: 5,
  LOCK_PI: 6,
  UNLOCK_PI: 7,
  TRYLOCK_PI: 8,
  WAIT_BITSET: 9,
  WAKE_BITSET: 10,
  WAIT_REQUEUE_PI: 11,
  CMP_REQUEUE_PI: 12,
  LOCK_PI2: 13,
  PRIVATE_FLAG: 128,
  CLOCK_REALTIME: 256,
  WAITERS: 0x80000000,
  OWNER_DIED: 0x40000000,
  TID_MASK: 0x3fffffff,
} as const;
