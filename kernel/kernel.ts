/**
 * The machine's kernel: everything global, as plain data, and the few operations which every room needs.
 */
import type { Cpu, PhysicalMemory } from '../emulator/api.ts';
import type { Inode, Vfs } from './fs/types.ts';
import type { Host } from './host.ts';
import type { IpcNamespace } from './ipc/namespace.ts';
import type { Memory } from './mm/memory.ts';
import type { NetState } from './net/types.ts';
import type { FutexQueue } from './process/futex.ts';
import type { Task } from './task/task.ts';
import type { TimerQueue } from './task/timers.ts';
import type { WaitQueue } from './task/wait.ts';

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
  signalSent?(
    task: Task,
    info: import('./task/task.ts').SigInfo,
    toThread: boolean,
    fate: SignalFate,
    chosen: Task | null,
  ): void;
  /** The thread caused a signal that it blocked or ignored: the default action takes the place of its handler. */
  signalForced?(task: Task, info: import('./task/task.ts').SigInfo, was: 'blocked' | 'ignored'): void;
  /** Pending signals of `mask` are about to be thrown away. */
  signalsFlushed?(pending: import('./task/task.ts').SigPending, mask: bigint): void;
  /** A signal left a queue: for its action, `signalTaken` follows; for a call of the task; or since its timer went on. */
  signalDequeued?(task: Task, info: import('./task/task.ts').SigInfo, stale: boolean): void;
  /** The mask of the task is another than `before`. */
  maskChanged?(task: Task, before: bigint): void;
  /** A signal was sent but nobody will see it: it is ignored, by choice or by default. */
  signalIgnored?(task: Task, info: import('./task/task.ts').SigInfo): void;
  /** A signal was taken from the queue, whatever its action: handler, end, stop, or nothing. Not SIGKILL of a whole group. */
  signalTaken?(task: Task, info: import('./task/task.ts').SigInfo): void;
  /** A signal was taken from the queue and its handler's frame is on the stack; registers are the handler's. */
  signalDelivered?(task: Task, info: import('./task/task.ts').SigInfo, frame: number): void;
  /** Before `setupRtFrame`: registers are the interrupted ones. */
  signalDelivering?(task: Task, info: import('./task/task.ts').SigInfo): void;
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

/** Whose rules for signals hold. */
export const PERSONALITIES = ['linux', 'linux-0.11'] as const;
export type Personality = (typeof PERSONALITIES)[number];

/** The parts of the kernel that others may touch. `Kernel` (in `machine.ts`) implements it. */
export interface Kernel {
  readonly cpu: Cpu;
  readonly physical: PhysicalMemory;
  readonly host: Host;
  /** What address spaces share: the zero frame and the page cache. Made by `newMemory`. */
  readonly memory: Memory;
  readonly observers: Observer[];
  /** By pid, zombies included. */
  readonly tasks: Map<number, Task>;
  /** The task whose registers are in the CPU. */
  current: Task;
  /** Runnable tasks, next first. */
  readonly runQueue: Task[];
  readonly timers: TimerQueue;
  lastPid: number;
  /** The process which adopts orphans and reaps them: it never runs. */
  readonly init: Task;
  /** Who sleeps until the host's streams change; all are woken after each `host.wait`. */
  readonly hostWait: WaitQueue;
  /** Sleepers of futex(2) by key, see `process/futex.ts`. */
  readonly futexes: Map<string, FutexQueue>;
  /** System V queues, semaphores and segments, and their limits. */
  readonly ipc: IpcNamespace;
  /** Sockets by name. */
  readonly net: NetState;
  /** The root directory of the file system. */
  rootInode: Inode;
  /** Mounts, consoles and counters of the file system; made by `mountRoot`. */
  vfs: Vfs;
  hostname: string;
  /** How signals are delivered: as by Linux, or as by its first version that most people know (`signal/linux-0.11.ts`). */
  readonly personality: Personality;
  /** What core files are called: /proc/sys/kernel/core_pattern. */
  corePattern: string;
  /** Monotonic nanoseconds since boot: of the host, or of the instruction count in deterministic mode. */
  now(): number;
  /** CLOCK_REALTIME, nanoseconds. */
  realtime(): bigint;
  /** The same at the last tick, as times of files are taken (ktime_get_coarse_real_ts64). */
  coarseRealtime(): bigint;
  random(bytes: Uint8Array): void;
  /** Marks the task asleep (its `wait` is set); arms its deadline. */
  sleep(task: Task): void;
  /** Makes a sleeping task runnable and takes it off its queues. Others are left alone. */
  wake(task: Task): void;
  /** One line for the user of the emulator about something it lacks: `unknown syscall 999`. Each text is shown once. */
  log(message: string): void;
  /** SIGKILL is pending or the group is exiting. */
  fatalSignalPending(task: Task): boolean;
  /** The task should reschedule at the next return to user mode. */
  needResched: boolean;
  /** An observer asked the run to end: before the next instruction, or before the syscall it was told of is executed. */
  stopRequested: boolean;
  /** Brings the CPU time of the current task up to now, and sends what its CPU timers and limits ask for. */
  account(): void;
  /** Machine-wide limits that the user set. */
  readonly limits: { readonly maxTasks: number; readonly fileBytes: number };
  /** Bytes held by in-memory files; may not exceed `limits.fileBytes` (ENOSPC). */
  fileBytes: number;
}
