/** Futex queues: who sleeps on which word of memory (kernel/futex). */
import { frameOf, PAGE_SIZE } from '../../emulator/api.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { getUser32 } from '../mm/user.ts';
import { VM, vmaAt } from '../mm/vma.ts';
import type { Task } from '../task/task.ts';
import { type WaitQueue, waitQueue } from '../task/wait.ts';

/** What a sleeper keeps in `wait.data`. */
export interface FutexSleep {
  key: string;
  bitset: number;
  /** Set by the wake-up that took it off the queue. */
  woken: boolean;
  deadline: number;
}

/**
 * What identifies the word: its frame in shared mappings, else address space and address, since a private page may be
 * copied while someone sleeps on it. Throws `UserFault`.
 */
export const futexKey = (mm: Mm, address: number): string => {
  // Brings the page in.
  getUser32(mm, address);
  const vma = vmaAt(mm, address);
  if (vma !== undefined && vma.flags & VM.SHARED) {
    return `frame ${frameOf(mm.pageTable.get(address))}+${address % PAGE_SIZE}`;
  }
  return `mm ${mm.pageTable.root} ${address}`;
};

/** The queue of a word, made if need be. */
export const futexQueue = (kernel: Kernel, key: string): WaitQueue => {
  let queue = kernel.futexes.get(key);
  if (queue === undefined) {
    queue = waitQueue();
    kernel.futexes.set(key, queue);
  }
  return queue;
};

/** A queue that nobody sleeps on is forgotten. */
export const dropFutexQueue = (kernel: Kernel, key: string): void => {
  if (kernel.futexes.get(key)?.waiters.length === 0) kernel.futexes.delete(key);
};

const sleepOf = (task: Task): FutexSleep => task.wait!.data as FutexSleep;

/** Wakes up to `count` sleepers which have a bit of `bitset`, first come first. Returns how many. */
export const futexWake = (kernel: Kernel, mm: Mm, address: number, count: number, bitset = 0xffffffff): number => {
  const key = futexKey(mm, address);
  let woken = 0;
  for (const task of kernel.futexes.get(key)?.waiters.slice() ?? []) {
    if (woken >= count) break;
    const sleep = sleepOf(task);
    if ((sleep.bitset & bitset) === 0) continue;
    sleep.woken = true;
    kernel.wake(task);
    woken++;
  }
  dropFutexQueue(kernel, key);
  return woken;
};

/** Moves up to `count` sleepers from one word to another. Returns how many. */
export const futexRequeue = (kernel: Kernel, from: string, to: string, count: number): number => {
  let moved = 0;
  for (const task of kernel.futexes.get(from)?.waiters.slice(0, count) ?? []) {
    const target = futexQueue(kernel, to);
    const source = kernel.futexes.get(from)!;
    source.waiters.splice(source.waiters.indexOf(task), 1);
    target.waiters.push(task);
    task.wait!.queues = [target];
    sleepOf(task).key = to;
    moved++;
  }
  dropFutexQueue(kernel, from);
  return moved;
};
