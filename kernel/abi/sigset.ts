/**
 * Sets of signals (sigset_t of include/linux/signal.h): a bit for each, signal n being bit n-1, in two halves as C keeps
 * them on 32-bit machines. Sets are values: nobody changes one, operations return others, often one of those they were
 * given. They are no bigints because V8 allocates, and calls, for each operation on these.
 */
import { fromHalves, highHalf, lowHalf } from './halves.ts';
import { NSIG, SIG } from './signal.ts';

export interface SigSet {
  /** Signals 1 .. 32, as a signed number. */
  readonly low: number;
  /** Signals 33 .. 64, as a signed number. */
  readonly high: number;
}

/** The set of these halves, of which bits 31:0 count. */
export const sigset = (low: number, high: number): SigSet => ({ low: low | 0, high: high | 0 });

export const NO_SIGNALS = sigset(0, 0);
export const ALL_SIGNALS = sigset(-1, -1);

/** The set of one signal, 1 .. 64. */
const single = (signo: number): SigSet => (signo <= 32 ? sigset(1 << (signo - 1), 0) : sigset(0, 1 << (signo - 33)));

const singles: readonly SigSet[] = [NO_SIGNALS, ...Array.from({ length: NSIG }, (_, i) => single(i + 1))];

export const isEmpty = (set: SigSet): boolean => (set.low | set.high) === 0;

export const sameSet = (a: SigSet, b: SigSet): boolean => a.low === b.low && a.high === b.high;

/** Whether the set holds the signal, 0 .. 64; 0 is in none. */
export const inSet = (set: SigSet, signo: number): boolean => intersects(set, singles[signo]!);

/** Whether the sets have a signal in common. */
export const intersects = (a: SigSet, b: SigSet): boolean => ((a.low & b.low) | (a.high & b.high)) !== 0;

/** Whether all signals of a set are in another. */
export const isWithin = (set: SigSet, other: SigSet): boolean =>
  ((set.low & ~other.low) | (set.high & ~other.high)) === 0;

export const union = (a: SigSet, b: SigSet): SigSet =>
  isWithin(b, a) ? a : { low: a.low | b.low, high: a.high | b.high };

export const intersection = (a: SigSet, b: SigSet): SigSet =>
  isWithin(a, b) ? a : { low: a.low & b.low, high: a.high & b.high };

/** The signals of a set that are not in another. */
export const without = (set: SigSet, other: SigSet): SigSet =>
  intersects(set, other) ? { low: set.low & ~other.low, high: set.high & ~other.high } : set;

export const withSignal = (set: SigSet, signo: number): SigSet => union(set, singles[signo]!);

export const withoutSignal = (set: SigSet, signo: number): SigSet => without(set, singles[signo]!);

export const setOf = (...signals: number[]): SigSet => signals.reduce(withSignal, NO_SIGNALS);

/** The lowest signal of a set that is not empty. */
export const lowestSignal = ({ low, high }: SigSet): number =>
  low !== 0 ? 32 - Math.clz32(low & -low) : 64 - Math.clz32(high & -high);

/** Every signal of a set, ascending. */
export const signalsOf = (set: SigSet): number[] => {
  const signals: number[] = [];
  for (let signo = 1; signo <= NSIG; signo++) if (inSet(set, signo)) signals.push(signo);
  return signals;
};

/** As 64 bits, for what is no set otherwise. */
export const toBits = ({ low, high }: SigSet): bigint => fromHalves(low, high);

export const fromBits = (bits: bigint): SigSet => sigset(lowHalf(bits), highHalf(bits));

/** Of 8 bytes. */
export const readSigset = (view: DataView, offset: number): SigSet => ({
  low: view.getInt32(offset, true),
  high: view.getInt32(offset + 4, true),
});

export const writeSigset = (view: DataView, offset: number, { low, high }: SigSet): void => {
  view.setInt32(offset, low, true);
  view.setInt32(offset + 4, high, true);
};

/** 16 hexadecimal digits, as in /proc/pid/status. */
export const hexSigset = (set: SigSet): string => toBits(set).toString(16).padStart(16, '0');

/** Can be neither caught, blocked nor ignored (SIG_KERNEL_ONLY_MASK). */
export const KERNEL_ONLY = setOf(SIG.SIGKILL, SIG.SIGSTOP);

/** Default action: stop (SIG_KERNEL_STOP_MASK). */
export const KERNEL_STOP = setOf(SIG.SIGSTOP, SIG.SIGTSTP, SIG.SIGTTIN, SIG.SIGTTOU);

/** Default action: die with a core dump (SIG_KERNEL_COREDUMP_MASK). */
export const KERNEL_COREDUMP = setOf(
  SIG.SIGQUIT,
  SIG.SIGILL,
  SIG.SIGTRAP,
  SIG.SIGABRT,
  SIG.SIGFPE,
  SIG.SIGSEGV,
  SIG.SIGBUS,
  SIG.SIGSYS,
  SIG.SIGXCPU,
  SIG.SIGXFSZ,
);

/** Default action: nothing (SIG_KERNEL_IGNORE_MASK). */
export const KERNEL_IGNORE = setOf(SIG.SIGCONT, SIG.SIGCHLD, SIG.SIGWINCH, SIG.SIGURG);

/** Caused by an instruction: delivered before all others (SYNCHRONOUS_MASK). */
export const SYNCHRONOUS = setOf(SIG.SIGSEGV, SIG.SIGBUS, SIG.SIGILL, SIG.SIGTRAP, SIG.SIGFPE, SIG.SIGSYS);
