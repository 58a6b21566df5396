/**
 * What core files and ptrace(2) show of a task: register sets and notes (linux/elfcore.h, linux/elf.h, asm/user_64.h).
 */
import { array, i32, i64, struct, u8, u16, u32, u64 } from './layout.ts';
import { TIMEVAL } from './time.ts';

/** Notes of core files, and register sets of PTRACE_GETREGSET. */
export const NT = {
  PRSTATUS: 1,
  PRFPREG: 2,
  PRPSINFO: 3,
  AUXV: 6,
  FILE: 0x46494c45,
  SIGINFO: 0x53494749,
  X86_IOPERM: 0x201,
  X86_XSTATE: 0x202,
} as const;

/** Who defines the note. */
export const NOTE_NAME = { CORE: 'CORE', LINUX: 'LINUX' } as const;

export const Elf64_Nhdr = struct(
  'Elf64_Nhdr',
  [
    ['n_namesz', u32, 'bytes of the name, its NUL included'],
    ['n_descsz', u32, 'bytes of the contents'],
    ['n_type', u32, 'NT_*'],
  ],
  { size: 12 },
);

/** struct user_regs_struct, in order. */
export const USER_REGS = [
  ...['r15', 'r14', 'r13', 'r12', 'rbp', 'rbx', 'r11', 'r10', 'r9', 'r8', 'rax', 'rcx', 'rdx', 'rsi', 'rdi'],
  ...['orig_rax', 'rip', 'cs', 'eflags', 'rsp', 'ss', 'fs_base', 'gs_base', 'ds', 'es', 'fs', 'gs'],
] as const;

/** Bytes of struct user_regs_struct. */
export const USER_REGS_SIZE = USER_REGS.length * 8;

export const ELF_PRSTATUS = struct(
  'struct elf_prstatus',
  [
    ['si_signo', i32, 'signal that ended the process'],
    ['si_code', i32, 'zero'],
    ['si_errno', i32, 'zero'],
    ['pr_cursig', u16, 'the same signal'],
    ['pr_sigpend', u64, 'pending for the thread'],
    ['pr_sighold', u64, 'blocked'],
    ['pr_pid', i32, 'thread'],
    ['pr_ppid', i32, 'parent process'],
    ['pr_pgrp', i32, 'process group'],
    ['pr_sid', i32, 'session'],
    ['pr_utime', TIMEVAL, 'user time'],
    ['pr_stime', TIMEVAL, 'system time'],
    ['pr_cutime', TIMEVAL, 'user time of children'],
    ['pr_cstime', TIMEVAL, 'system time of children'],
    ['pr_reg', array(u64, USER_REGS.length), 'general registers'],
    ['pr_fpvalid', i32, 'there is a note with the floating point registers'],
  ],
  { size: 336 },
);

export const ELF_PRPSINFO = struct(
  'struct elf_prpsinfo',
  [
    ['pr_state', u8, 'numeric state'],
    ['pr_sname', u8, 'letter of the state'],
    ['pr_zomb', u8, 'a zombie'],
    ['pr_nice', u8, 'nice value'],
    ['pr_flag', u64, 'PF_* flags'],
    ['pr_uid', u32, 'real user'],
    ['pr_gid', u32, 'real group'],
    ['pr_pid', i32, 'process'],
    ['pr_ppid', i32, 'parent process'],
    ['pr_pgrp', i32, 'process group'],
    ['pr_sid', i32, 'session'],
    ['pr_fname', array(u8, 16), 'name of the program'],
    ['pr_psargs', array(u8, 80), 'its arguments'],
  ],
  { size: 136 },
);

/** Head of NT_FILE: then three words for each mapping, then the paths. */
export const FILE_NOTE = struct(
  'NT_FILE',
  [
    ['count', i64, 'mappings'],
    ['page_size', i64, 'unit of offsets'],
  ],
  { size: 16 },
);

/** Bits of a process's coredump_filter (core(5)). */
export const COREDUMP_FILTER = {
  ANON_PRIVATE: 0x01,
  ANON_SHARED: 0x02,
  MAPPED_PRIVATE: 0x04,
  MAPPED_SHARED: 0x08,
  ELF_HEADERS: 0x10,
  HUGETLB_PRIVATE: 0x20,
} as const;

/** What a process that set nothing else dumps. */
export const DEFAULT_COREDUMP_FILTER =
  COREDUMP_FILTER.ANON_PRIVATE |
  COREDUMP_FILTER.ANON_SHARED |
  COREDUMP_FILTER.ELF_HEADERS |
  COREDUMP_FILTER.HUGETLB_PRIVATE;

/** Bytes of /proc/sys/kernel/core_pattern, its NUL included. */
export const CORENAME_MAX_SIZE = 128;
