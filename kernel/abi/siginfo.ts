/**
 * siginfo_t (asm-generic/siginfo.h): 128 bytes whose middle depends on the sender. One struct for each of its layouts, and
 * the passage from and to `SigInfo`.
 */
import type { SigInfo } from '../task/task.ts';
import { fromHalves, highHalf, lowHalf } from './halves.ts';
import { array, i16, i32, i64, type StructType, shown, struct, u8, u32, u64 } from './layout.ts';
import { BUS, codeName, SI, SIG, signalName } from './signal.ts';

export const SIGINFO_SIZE = 128;

const signo = shown(i32, signalName);
const HEADER = [
  ['si_signo', signo, 'signal number'],
  ['si_errno', i32, 'error number, or 0'],
  ['si_code', i32, 'who sent it and why'],
  ['pad', u32, 'padding'],
] as const;
const SENDER = [
  ['si_pid', i32, 'process that sent it'],
  ['si_uid', u32, 'its real user'],
] as const;
const SIZE = { size: SIGINFO_SIZE } as const;

/** kill(2), tgkill(2). */
export const SIGINFO_KILL = struct('siginfo_t', [...HEADER, ...SENDER, ['rest', array(u8, 104), 'zero']], SIZE);

/** sigqueue(3), message queues, and what programs put together themselves. */
export const SIGINFO_RT = struct(
  'siginfo_t',
  [...HEADER, ...SENDER, ['si_value', u64, 'value given by the sender'], ['rest', array(u8, 96), 'zero']],
  SIZE,
);

/** timer_create(2) timers. */
export const SIGINFO_TIMER = struct(
  'siginfo_t',
  [
    ...HEADER,
    ['si_timerid', i32, "kernel's id of the timer"],
    ['si_overrun', i32, 'expirations that were missed'],
    ['si_value', u64, 'value given with the timer'],
    ['si_sys_private', i32, 'not for programs'],
    ['rest', array(u8, 92), 'zero'],
  ],
  SIZE,
);

/** SIGCHLD. */
export const SIGINFO_CHLD = struct(
  'siginfo_t',
  [
    ...HEADER,
    ['si_pid', i32, 'the child'],
    ['si_uid', u32, 'its real user'],
    ['si_status', i32, 'exit code, or signal'],
    ['pad2', u32, 'padding'],
    ['si_utime', i64, 'user time of the child, ticks'],
    ['si_stime', i64, 'system time of the child, ticks'],
    ['rest', array(u8, 80), 'zero'],
  ],
  SIZE,
);

/** SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP by an instruction. */
export const SIGINFO_FAULT = struct(
  'siginfo_t',
  [
    ...HEADER,
    ['si_addr', u64, 'address of the access, or of the instruction'],
    ['si_addr_lsb', i16, 'BUS_MCEERR: least significant bit of the address'],
    ['rest', array(u8, 102), 'zero'],
  ],
  SIZE,
);

/** SIGIO. */
export const SIGINFO_POLL = struct(
  'siginfo_t',
  [...HEADER, ['si_band', i64, 'poll events'], ['si_fd', i32, 'descriptor'], ['rest', array(u8, 100), 'zero']],
  SIZE,
);

/** SIGSYS of seccomp. */
export const SIGINFO_SYS = struct(
  'siginfo_t',
  [
    ...HEADER,
    ['si_call_addr', u64, 'address of the instruction'],
    ['si_syscall', i32, 'number of the syscall'],
    ['si_arch', u32, 'AUDIT_ARCH_*'],
    ['rest', array(u8, 96), 'zero'],
  ],
  SIZE,
);

type Layout = 'kill' | 'rt' | 'timer' | 'child' | 'fault' | 'poll' | 'sys';

const structs: Record<Layout, StructType<object>> = {
  kill: SIGINFO_KILL as StructType<object>,
  rt: SIGINFO_RT as StructType<object>,
  timer: SIGINFO_TIMER as StructType<object>,
  child: SIGINFO_CHLD as StructType<object>,
  fault: SIGINFO_FAULT as StructType<object>,
  poll: SIGINFO_POLL as StructType<object>,
  sys: SIGINFO_SYS as StructType<object>,
};

/** Highest kernel-made si_code of each signal that has codes of its own (sig_sicodes of kernel/signal.c). */
const limits: Readonly<Record<number, readonly [limit: number, layout: Layout]>> = {
  [SIG.SIGILL]: [11, 'fault'],
  [SIG.SIGFPE]: [15, 'fault'],
  [SIG.SIGSEGV]: [10, 'fault'],
  [SIG.SIGBUS]: [5, 'fault'],
  [SIG.SIGTRAP]: [6, 'fault'],
  [SIG.SIGCHLD]: [6, 'child'],
  [SIG.SIGIO]: [6, 'poll'],
  [SIG.SIGSYS]: [2, 'sys'],
};

/** Which member of the union a signal with this code fills (siginfo_layout of kernel/signal.c). */
const layoutOf = (signal: number, code: number): Layout => {
  if (code > SI.USER && code < SI.KERNEL) {
    const own = limits[signal];
    if (own !== undefined && code <= own[0]) return own[1];
    return code <= 6 ? 'poll' : 'kill';
  }
  if (code === SI.TIMER) return 'timer';
  if (code === SI.SIGIO) return 'poll';
  return code < 0 && code !== SI.TKILL ? 'rt' : 'kill';
};

/** The struct that shows a siginfo_t with this signal and code, with the code by name. */
export const siginfoStruct = (signal: number, code: number): StructType<object> => {
  const type = structs[layoutOf(signal, code)];
  const fields = type.fields.map((field) =>
    field.name === 'si_code' ? { ...field, type: shown(i32, (c) => codeName(signal, c)) as typeof field.type } : field,
  );
  return { ...type, fields };
};

/** Whether the kernel knows what such a siginfo means (known_siginfo_layout): others must be zero past byte 48. */
export const knownSiginfoLayout = (signal: number, code: number): boolean => {
  if (code === SI.KERNEL) return true;
  if (code > SI.USER) {
    const own = limits[signal];
    return code <= (own === undefined ? 6 : own[0]);
  }
  return code >= SI.DETHREAD || code === SI.ASYNCNL;
};

const set64 = (view: DataView, offset: number, value: bigint): void => {
  view.setUint32(offset, lowHalf(value), true);
  view.setUint32(offset + 4, highHalf(value), true);
};

const get64 = (view: DataView, offset: number): bigint =>
  fromHalves(view.getUint32(offset, true), view.getUint32(offset + 4, true));

/** Whether bytes 32 to 47 are zeros. */
const nothingBehindValue = (view: DataView, offset: number): boolean =>
  (view.getUint32(offset + 32, true) |
    view.getUint32(offset + 36, true) |
    view.getUint32(offset + 40, true) |
    view.getUint32(offset + 44, true)) ===
  0;

/** Writes what is not zero; all of the 128 bytes are zeros before. */
export const writeSigInfo = (view: DataView, offset: number, info: SigInfo): void => {
  view.setInt32(offset, info.signo, true);
  view.setInt32(offset + 4, info.errno, true);
  view.setInt32(offset + 8, info.code, true);
  switch (info.kind) {
    case 'kill':
    case 'queue':
      view.setInt32(offset + SIGINFO_RT.offsets.si_pid, info.pid, true);
      view.setUint32(offset + SIGINFO_RT.offsets.si_uid, info.uid, true);
      if (info.kind === 'queue') set64(view, offset + SIGINFO_RT.offsets.si_value, info.value);
      break;
    case 'timer':
      view.setInt32(offset + SIGINFO_TIMER.offsets.si_timerid, info.timer, true);
      view.setInt32(offset + SIGINFO_TIMER.offsets.si_overrun, info.overrun, true);
      view.setBigUint64(offset + SIGINFO_TIMER.offsets.si_value, info.value, true);
      break;
    case 'child':
      view.setInt32(offset + SIGINFO_CHLD.offsets.si_pid, info.pid, true);
      view.setUint32(offset + SIGINFO_CHLD.offsets.si_uid, info.uid, true);
      view.setInt32(offset + SIGINFO_CHLD.offsets.si_status, info.status, true);
      view.setBigInt64(offset + SIGINFO_CHLD.offsets.si_utime, BigInt(info.utime), true);
      view.setBigInt64(offset + SIGINFO_CHLD.offsets.si_stime, BigInt(info.stime), true);
      break;
    case 'fault':
      set64(view, offset + SIGINFO_FAULT.offsets.si_addr, info.address);
      if (info.addressLsb !== undefined) {
        view.setInt16(offset + SIGINFO_FAULT.offsets.si_addr_lsb, info.addressLsb, true);
      }
      break;
    case 'poll':
      view.setBigInt64(offset + SIGINFO_POLL.offsets.si_band, info.band, true);
      view.setInt32(offset + SIGINFO_POLL.offsets.si_fd, info.fd, true);
      break;
    case 'sys':
      view.setBigUint64(offset + SIGINFO_SYS.offsets.si_call_addr, info.address, true);
      view.setInt32(offset + SIGINFO_SYS.offsets.si_syscall, info.syscall, true);
      view.setUint32(offset + SIGINFO_SYS.offsets.si_arch, info.arch, true);
      break;
    case 'raw':
      for (let i = 12; i < info.bytes.length; i++) view.setUint8(offset + i, info.bytes[i]!);
      break;
    case 'none':
  }
};

/** What a siginfo made by a program means, by its signal and code. */
export const interpreted = (info: SigInfo): SigInfo => {
  if (info.kind !== 'raw') return info;
  const { signo, errno, code } = info;
  const bytes = new Uint8Array(SIGINFO_SIZE);
  bytes.set(info.bytes);
  const view = new DataView(bytes.buffer);
  const head = { signo, errno, code };
  const sender = {
    pid: view.getInt32(SIGINFO_RT.offsets.si_pid, true),
    uid: view.getUint32(SIGINFO_RT.offsets.si_uid, true),
  };
  // That of tkill(2) has a value, too, though the kernel's own are zero there.
  switch (code === SI.TKILL ? 'rt' : layoutOf(signo, code)) {
    case 'kill':
      return { ...head, kind: 'kill', ...sender };
    case 'rt':
      return { ...head, kind: 'queue', ...sender, value: view.getBigUint64(SIGINFO_RT.offsets.si_value, true) };
    case 'timer': {
      const { si_timerid: timer, si_overrun: overrun, si_value: value } = SIGINFO_TIMER.read(view, 0);
      return { ...head, kind: 'timer', timer, overrun, value };
    }
    case 'child': {
      const { si_status: status, si_utime, si_stime } = SIGINFO_CHLD.read(view, 0);
      return { ...head, kind: 'child', ...sender, status, utime: Number(si_utime), stime: Number(si_stime) };
    }
    case 'fault': {
      const { si_addr: address, si_addr_lsb } = SIGINFO_FAULT.read(view, 0);
      const addressLsb = signo === SIG.SIGBUS && code >= BUS.MCEERR_AR ? si_addr_lsb : 0;
      return { ...head, kind: 'fault', address, addressLsb };
    }
    case 'poll': {
      const { si_band: band, si_fd: fd } = SIGINFO_POLL.read(view, 0);
      return { ...head, kind: 'poll', band, fd };
    }
    case 'sys': {
      const { si_call_addr: address, si_syscall: syscall, si_arch: arch } = SIGINFO_SYS.read(view, 0);
      return { ...head, kind: 'sys', address, syscall, arch };
    }
  }
};

/** Bytes of siginfo_t that the kernel keeps of one given by a program (struct kernel_siginfo). */
export const KERNEL_SIGINFO_SIZE = 48;

/** A siginfo given to rt_sigqueueinfo(2): as `queue` when that holds all of it, else as the kernel's 48 bytes. */
export const readSigInfo = (view: DataView, offset: number, signal: number): SigInfo => {
  const errno = view.getInt32(offset + 4, true);
  const code = view.getInt32(offset + 8, true);
  const plain = nothingBehindValue(view, offset) && view.getUint32(offset + 12, true) === 0;
  if (plain && layoutOf(signal, code) === 'rt') {
    return {
      kind: 'queue',
      signo: signal,
      errno,
      code,
      pid: view.getInt32(offset + SIGINFO_RT.offsets.si_pid, true),
      uid: view.getUint32(offset + SIGINFO_RT.offsets.si_uid, true),
      value: get64(view, offset + SIGINFO_RT.offsets.si_value),
    };
  }
  const bytes = new Uint8Array(view.buffer, view.byteOffset + offset, KERNEL_SIGINFO_SIZE).slice();
  return { kind: 'raw', signo: signal, errno, code, bytes };
};
