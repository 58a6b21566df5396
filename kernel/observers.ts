/** Who is told what happens in a machine. */
import type { SigSet } from './abi/sigset.ts';
import type { SigInfo, SigPending, Task } from './task/task.ts';

/**
 * What became of a signal at the end of sending it. `stripped`: only its bit is kept, its siginfo is not (LOSE_INFO, or
 * SIGKILL, which has none). `coalesced`: one of its number was pending already. `refused`: EAGAIN. `exiting`: the process is
 * about to end.
 */
export type SignalFate = 'queued' | 'stripped' | 'coalesced' | 'refused' | 'ignored' | 'exiting';

/** What a run observes; the strace printer, the frame debugger and tests listen. All are called between instructions. */
export interface Observer {
  syscallEntry?(task: Task, number: number, args: readonly number[]): void;
  /** Not called for a syscall in which the task ended: `exit` is. */
  syscallExit?(task: Task, number: number, args: readonly number[], result: number): void;
  /**
   * A signal was sent to the thread `task` (`toThread`) or to its process. `chosen` was woken to take it, or is the first of
   * those who were woken to die; null when nobody would have it now.
   */
  signalSent?(task: Task, info: SigInfo, toThread: boolean, fate: SignalFate, chosen: Task | null): void;
  /** The thread caused a signal that it blocked or ignored: the default action takes the place of its handler. */
  signalForced?(task: Task, info: SigInfo, was: 'blocked' | 'ignored'): void;
  /** Pending signals of `mask` are about to be thrown away. */
  signalsFlushed?(pending: SigPending, mask: SigSet): void;
  /** A signal left a queue: for its action, `signalTaken` follows; for a call of the task; or since its timer went on. */
  signalDequeued?(task: Task, info: SigInfo, stale: boolean): void;
  /** The mask of the task is another than `before`. */
  maskChanged?(task: Task, before: SigSet): void;
  /** A signal was sent but nobody will see it: it is ignored, by choice or by default. */
  signalIgnored?(task: Task, info: SigInfo): void;
  /** A signal was taken from the queue, whatever its action: handler, end, stop, or nothing. Not SIGKILL of a whole group. */
  signalTaken?(task: Task, info: SigInfo): void;
  /** A signal was taken from the queue and its handler's frame is on the stack; registers are the handler's. */
  signalDelivered?(task: Task, info: SigInfo, frame: number): void;
  /** Before `setupRtFrame`: registers are the interrupted ones. */
  signalDelivering?(task: Task, info: SigInfo): void;
  sigreturn?(task: Task, frame: number): void;
  /** The frame cannot be used, and SIGSEGV is the answer: why, in words. */
  sigreturnRefused?(task: Task, frame: number, why: string): void;
  /** After rt_sigreturn restored registers. */
  sigreturned?(task: Task): void;
  exception?(task: Task, vector: number, error: number): void;
  exit?(task: Task): void;
  /** A line of the kernel's log (dmesg), without time and newline: faults that no handler takes. */
  kernelMessage?(line: string): void;
}

type Events = { -readonly [Event in keyof Observer]-?: Required<Observer>[Event] | null };

/** For each event what tells those who listen, first come first; null where nobody does, which costs next to nothing. */
export interface Observers extends Events {
  all: readonly Observer[];
}

export const newObservers = (): Observers => ({
  all: [],
  syscallEntry: null,
  syscallExit: null,
  signalSent: null,
  signalForced: null,
  signalsFlushed: null,
  signalDequeued: null,
  maskChanged: null,
  signalIgnored: null,
  signalTaken: null,
  signalDelivered: null,
  signalDelivering: null,
  sigreturn: null,
  sigreturnRefused: null,
  sigreturned: null,
  exception: null,
  exit: null,
  kernelMessage: null,
});

/** What tells all of them of an event. */
const tellerOf = (all: readonly Observer[], event: keyof Observer): ((...args: unknown[]) => void) | null => {
  const listeners = all.filter((observer) => observer[event] !== undefined);
  if (listeners.length === 0) return null;
  return (...args) => {
    for (const listener of listeners) (listener[event] as (...args: unknown[]) => void).apply(listener, args);
  };
};

const setAll = (observers: Observers, all: readonly Observer[]): void => {
  const { all: _, ...events } = observers;
  for (const event of Object.keys(events) as (keyof Observer)[])
    Object.assign(observers, { [event]: tellerOf(all, event) });
  observers.all = all;
};

/** From now on the observer is told of everything it has a method for. */
export const observe = (observers: Observers, observer: Observer): void =>
  setAll(observers, [...observers.all, observer]);

export const unobserve = (observers: Observers, observer: Observer): void =>
  setAll(
    observers,
    observers.all.filter((other) => other !== observer),
  );
