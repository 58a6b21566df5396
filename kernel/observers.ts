/** Who is told what happens in a machine. */
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
  signalsFlushed?(pending: SigPending, mask: bigint): void;
  /** A signal left a queue: for its action, `signalTaken` follows; for a call of the task; or since its timer went on. */
  signalDequeued?(task: Task, info: SigInfo, stale: boolean): void;
  /** The mask of the task is another than `before`. */
  maskChanged?(task: Task, before: bigint): void;
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

/** Those who listen to each event, first come first: what nobody listens to costs nothing. */
export type Observers = { readonly [Event in keyof Observer]-?: Required<Pick<Observer, Event>>[] };

export const newObservers = (): Observers => ({
  syscallEntry: [],
  syscallExit: [],
  signalSent: [],
  signalForced: [],
  signalsFlushed: [],
  signalDequeued: [],
  maskChanged: [],
  signalIgnored: [],
  signalTaken: [],
  signalDelivered: [],
  signalDelivering: [],
  sigreturn: [],
  sigreturnRefused: [],
  sigreturned: [],
  exception: [],
  exit: [],
  kernelMessage: [],
});

const eventsOf = (observers: Observers): (keyof Observer)[] => Object.keys(observers) as (keyof Observer)[];

/** From now on the observer is told of everything it has a method for. */
export const observe = (observers: Observers, observer: Observer): void => {
  for (const event of eventsOf(observers)) {
    if (observer[event] !== undefined) (observers[event] as Observer[]).push(observer);
  }
};

export const unobserve = (observers: Observers, observer: Observer): void => {
  for (const event of eventsOf(observers)) {
    const listeners = observers[event] as Observer[];
    const at = listeners.indexOf(observer);
    if (at >= 0) listeners.splice(at, 1);
  }
};
