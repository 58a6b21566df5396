/** seccomp(2) and the filters of classic BPF (linux/seccomp.h, filter.h, bpf_common.h, audit.h). */
import { array, i32, i64, pointer, struct, u8, u16, u32, u64 } from './layout.ts';

export const SECCOMP_MODE = { DISABLED: 0, STRICT: 1, FILTER: 2 } as const;

export const SECCOMP_OP = { SET_MODE_STRICT: 0, SET_MODE_FILTER: 1, GET_ACTION_AVAIL: 2, GET_NOTIF_SIZES: 3 } as const;

export const SECCOMP_FLAG = {
  TSYNC: 1,
  LOG: 2,
  SPEC_ALLOW: 4,
  NEW_LISTENER: 8,
  TSYNC_ESRCH: 16,
  WAIT_KILLABLE_RECV: 32,
} as const;

/** What a filter answers: the action in the upper half, data of it in the lower. */
export const SECCOMP_RET = {
  KILL_PROCESS: 0x80000000,
  KILL_THREAD: 0,
  TRAP: 0x00030000,
  ERRNO: 0x00050000,
  USER_NOTIF: 0x7fc00000,
  TRACE: 0x7ff00000,
  LOG: 0x7ffc0000,
  ALLOW: 0x7fff0000,
  /** Masks. */
  ACTION: 0xffff0000,
  DATA: 0x0000ffff,
} as const;

export const AUDIT_ARCH_X86_64 = 0xc000003e;

/** What filters look at. */
export const SECCOMP_DATA = struct(
  'struct seccomp_data',
  [
    ['nr', i32, 'number of the call'],
    ['arch', u32, 'AUDIT_ARCH_*'],
    ['instruction_pointer', u64, 'behind the SYSCALL instruction'],
    ['args', array(u64, 6), 'arguments'],
  ],
  { size: 64 },
);

/** A call, as its supervisor receives it. */
export const SECCOMP_NOTIF = struct(
  'struct seccomp_notif',
  [
    ['id', u64, 'number of this call'],
    ['pid', u32, 'thread'],
    ['flags', u32, '0'],
    ['data', SECCOMP_DATA, 'what the filter saw'],
  ],
  { size: 80 },
);

export const SECCOMP_NOTIF_RESP = struct(
  'struct seccomp_notif_resp',
  [
    ['id', u64, 'number of the call'],
    ['val', i64, 'its result'],
    ['error', i32, 'or this, if it is not 0'],
    ['flags', u32, 'SECCOMP_USER_NOTIF_FLAG_CONTINUE'],
  ],
  { size: 24 },
);

export const SECCOMP_NOTIF_ADDFD = struct(
  'struct seccomp_notif_addfd',
  [
    ['id', u64, 'number of the call'],
    ['flags', u32, 'SECCOMP_ADDFD_FLAG_*'],
    ['srcfd', i32, 'descriptor of the supervisor'],
    ['newfd', u32, 'its number for the caller, with SECCOMP_ADDFD_FLAG_SETFD'],
    ['newfd_flags', u32, 'O_CLOEXEC'],
  ],
  { size: 24 },
);

/** Flags of an answer: the call is made after all. */
export const SECCOMP_USER_NOTIF = { CONTINUE: 1 } as const;
/** Of a descriptor for the caller: its number is chosen, it is the call's result. */
export const SECCOMP_ADDFD = { SETFD: 1, SEND: 2 } as const;

export const SOCK_FILTER = struct(
  'struct sock_filter',
  [
    ['code', u16, 'instruction'],
    ['jt', u8, 'jump if true'],
    ['jf', u8, 'jump if false'],
    ['k', u32, 'operand'],
  ],
  { size: 8 },
);

export const SOCK_FPROG = struct(
  'struct sock_fprog',
  [
    ['len', u16, 'instructions'],
    ['filter', pointer, 'struct sock_filter[]'],
  ],
  { size: 16 },
);

/** Instruction codes: class, then size and mode, or operation and source. */
export const BPF = {
  LD: 0x00,
  LDX: 0x01,
  ST: 0x02,
  STX: 0x03,
  ALU: 0x04,
  JMP: 0x05,
  RET: 0x06,
  MISC: 0x07,
  W: 0x00,
  IMM: 0x00,
  ABS: 0x20,
  MEM: 0x60,
  LEN: 0x80,
  ADD: 0x00,
  SUB: 0x10,
  MUL: 0x20,
  DIV: 0x30,
  OR: 0x40,
  AND: 0x50,
  LSH: 0x60,
  RSH: 0x70,
  NEG: 0x80,
  XOR: 0xa0,
  JA: 0x00,
  JEQ: 0x10,
  JGT: 0x20,
  JGE: 0x30,
  JSET: 0x40,
  K: 0x00,
  X: 0x08,
  A: 0x10,
  TAX: 0x00,
  TXA: 0x80,
} as const;
/** Words of scratch memory. */
export const BPF_MEMWORDS = 16;
export const BPF_MAXINSNS = 4096;
