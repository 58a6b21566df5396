/**
 * Argument types of syscalls: how the value is passed, and how strace shows it.
 */
import type { ArgumentType, FormatContext } from './row.ts';

const pass = (
  how: ArgumentType['pass'],
  format: (value: number, context: FormatContext) => string,
  out = false,
): ArgumentType => ({ pass: how, format, out });

const hex = (value: number) => (value === 0 ? 'NULL' : `0x${value.toString(16)}`);

/** C's int. */
export const int = pass('int', (v) => String(v));
export const unsigned = pass('unsigned', (v) => String(v >>> 0));
/** Signed 64 bits. */
export const long = pass('long', (v) => String(v));
export const off = long;
/** size_t. */
export const size = pass('pointer', (v) => String(v));
/** Flag words without a table of names. */
export const flags = pass('int', (v) => (v === 0 ? '0' : `0x${(v >>> 0).toString(16)}`));
export const ulong = pass('pointer', (v) => `0x${v.toString(16)}`);
/** An address whose target is not shown. */
export const pointer = pass('pointer', hex);
/** An address which the call fills. */
export const outPointer = pass('pointer', hex, true);
export const fd = int;
export const dirfd = int;
export const pid = int;
export const mode = int;
export const signal = int;
export const waitOptions = int;
export const clockId = int;
export const prot = int;
export const mapFlags = int;
export const whence = int;
export const openFlags = int;
export const accessMode = int;
export const fcntlCmd = int;
export const rlimitResource = int;
export const futexOp = int;
export const prctlOp = int;
export const archPrctlOp = int;
export const sigprocmaskHow = int;
export const itimerWhich = int;
export const idType = int;
export const path = pointer;
export const buffer = pointer;
export const iovec = pointer;
export const sigset = pointer;
export const sigaction = pointer;
export const siginfo = pointer;
export const stackT = pointer;
export const timespec = pointer;
export const timeval = pointer;
export const itimerval = pointer;
export const pollfds = pointer;
export const fdset = pointer;
export const argv = pointer;
export const envp = pointer;
export const rlimit = pointer;
export const outBuffer = outPointer;
export const outIovec = outPointer;
export const outSigset = outPointer;
export const outSigaction = outPointer;
export const outSiginfo = outPointer;
export const outStackT = outPointer;
export const waitStatus = outPointer;
export const rusage = outPointer;
export const outTimespec = outPointer;
export const outTimeval = outPointer;
export const outItimerval = outPointer;
export const pipefds = outPointer;
export const outStat = outPointer;
export const outStatx = outPointer;
export const dirents = outPointer;
export const outRlimit = outPointer;
export const utsname = outPointer;
export const sysinfo = outPointer;
export const outPath = outPointer;
export const ioctlRequest = ulong;
export const cloneFlags = ulong;
