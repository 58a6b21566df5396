/** ptrace(2): requests, options, events and what they pass (linux/ptrace.h, asm/ptrace-abi.h). */
import { i32, pointer, struct, u8, u16, u32, u64 } from './layout.ts';

export const PTRACE = {
  TRACEME: 0,
  PEEKTEXT: 1,
  PEEKDATA: 2,
  PEEKUSER: 3,
  POKETEXT: 4,
  POKEDATA: 5,
  POKEUSER: 6,
  CONT: 7,
  KILL: 8,
  SINGLESTEP: 9,
  GETREGS: 12,
  SETREGS: 13,
  GETFPREGS: 14,
  SETFPREGS: 15,
  ATTACH: 16,
  DETACH: 17,
  OLDSETOPTIONS: 21,
  SYSCALL: 24,
  GET_THREAD_AREA: 25,
  SET_THREAD_AREA: 26,
  ARCH_PRCTL: 30,
  SYSEMU: 31,
  SYSEMU_SINGLESTEP: 32,
  SINGLEBLOCK: 33,
  SETOPTIONS: 0x4200,
  GETEVENTMSG: 0x4201,
  GETSIGINFO: 0x4202,
  SETSIGINFO: 0x4203,
  GETREGSET: 0x4204,
  SETREGSET: 0x4205,
  SEIZE: 0x4206,
  INTERRUPT: 0x4207,
  LISTEN: 0x4208,
  PEEKSIGINFO: 0x4209,
  GETSIGMASK: 0x420a,
  SETSIGMASK: 0x420b,
  SECCOMP_GET_FILTER: 0x420c,
  SECCOMP_GET_METADATA: 0x420d,
  GET_SYSCALL_INFO: 0x420e,
  GET_RSEQ_CONFIGURATION: 0x420f,
  SET_SYSCALL_USER_DISPATCH_CONFIG: 0x4210,
  GET_SYSCALL_USER_DISPATCH_CONFIG: 0x4211,
  SET_SYSCALL_INFO: 0x4212,
} as const;

/** Those of stops: bits 15:8 of the stop's code. Bit n of the options switches event n on. */
export const PTRACE_EVENT = {
  FORK: 1,
  VFORK: 2,
  CLONE: 3,
  EXEC: 4,
  VFORK_DONE: 5,
  EXIT: 6,
  SECCOMP: 7,
  STOP: 128,
} as const;

export const PTRACE_O = {
  TRACESYSGOOD: 1,
  EXITKILL: 1 << 20,
  SUSPEND_SECCOMP: 1 << 21,
} as const;
export const PTRACE_O_MASK = 0xff | PTRACE_O.EXITKILL | PTRACE_O.SUSPEND_SECCOMP;

/** PTRACE_GETEVENTMSG at a stop of a system call; `op` of PTRACE_GET_SYSCALL_INFO. */
export const PTRACE_EVENTMSG = { SYSCALL_ENTRY: 1, SYSCALL_EXIT: 2 } as const;
/** The third `op`. */
export const SYSCALL_INFO_SECCOMP = 3;

export const PTRACE_SYSCALL_INFO = struct(
  'struct ptrace_syscall_info',
  [
    ['op', u8, 'none, entry, exit or seccomp'],
    ['reserved', u8, 'zero'],
    ['flags', u16, 'zero'],
    ['arch', u32, 'AUDIT_ARCH_*'],
    ['instruction_pointer', u64, 'rip'],
    ['stack_pointer', u64, 'rsp'],
  ],
  { size: 24 },
);

export const PTRACE_RSEQ_CONFIGURATION = struct(
  'struct ptrace_rseq_configuration',
  [
    ['rseq_abi_pointer', u64, 'address of struct rseq; 0 for none'],
    ['rseq_abi_size', u32, 'its bytes'],
    ['signature', u32, 'before each abort handler'],
    ['flags', u32, 'zero'],
    ['pad', u32, 'zero'],
  ],
  { size: 24 },
);

export const PEEKSIGINFO_ARGS = struct(
  'struct __ptrace_peeksiginfo_args',
  [
    ['off', u64, 'first signal, counted from 0'],
    ['flags', u32, 'PTRACE_PEEKSIGINFO_*'],
    ['nr', i32, 'most signals'],
  ],
  { size: 16 },
);
export const PTRACE_PEEKSIGINFO_SHARED = 1;

/** Bytes that PTRACE_GET_SYSCALL_INFO knows of each kind: the union begins behind the struct above. */
export const SYSCALL_INFO_SIZE = { none: 24, entry: 24 + 56, exit: 24 + 9, seccomp: 24 + 60, all: 88 } as const;

export const PTRACE_SUD_CONFIG = struct(
  'struct ptrace_sud_config',
  [
    ['mode', u64, 'PR_SYS_DISPATCH_*'],
    ['selector', u64, 'address of the switch, or 0'],
    ['offset', u64, 'start of the range that is left alone'],
    ['len', u64, 'its bytes'],
  ],
  { size: 32 },
);

export const SECCOMP_METADATA = struct(
  'struct seccomp_metadata',
  [
    ['filter_off', u64, 'which filter, from the oldest on'],
    ['flags', u64, 'SECCOMP_FILTER_FLAG_*'],
  ],
  { size: 16 },
);

export const USER_DESC = struct(
  'struct user_desc',
  [
    ['entry_number', u32, 'index in the table of descriptors'],
    ['base_addr', u32, 'base'],
    ['limit', u32, 'limit, of which 20 bits count'],
    ['flags', u32, 'USER_DESC_FLAG'],
  ],
  { size: 16 },
);

/** Bits of `flags`; `contents` are two. */
export const USER_DESC_FLAG = {
  SEG_32BIT: 1,
  CONTENTS: 6,
  READ_EXEC_ONLY: 8,
  LIMIT_IN_PAGES: 16,
  SEG_NOT_PRESENT: 32,
  USEABLE: 64,
  LM: 128,
} as const;

/** The descriptors that are a thread's own. */
export const GDT_ENTRY_TLS = { MIN: 12, MAX: 14 } as const;

export const IOVEC_OF_REGSET = struct(
  'struct iovec',
  [
    ['iov_base', pointer, 'buffer'],
    ['iov_len', pointer, 'its bytes'],
  ],
  { size: 16 },
);

/** FXSAVE's area: struct user_fpregs_struct. */
export const FXSAVE_SIZE = 512;

/** struct user: its size in the kernel, and where the debug registers are. */
export const USER_SIZE = 928;
export const USER_DEBUGREG = 848;
