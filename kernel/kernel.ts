/**
 * The machine's kernel: everything global, as plain data, and the few operations which every room needs.
 */
import type { Cpu, PhysicalMemory } from '../emulator/api.ts';
import type { Inode, Vfs } from './fs/types.ts';
import type { Host } from './host.ts';
import type { IpcNamespace } from './ipc/namespace.ts';
import type { Memory } from './mm/memory.ts';
import type { NetState } from './net/types.ts';
import type { Observers } from './observers.ts';
import type { FutexQueue } from './process/futex.ts';
import type { Task } from './task/task.ts';
import type { TimerQueue } from './task/timers.ts';
import type { WaitQueue } from './task/wait.ts';

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
  readonly observers: Observers;
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
  /** How many more signals may be queued for this user, of whose processes one has this limit; see `mayQueue`. */
  readonly sigqueueRoom: { uid: number; limit: number; left: number };
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
