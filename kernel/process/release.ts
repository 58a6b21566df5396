/** A task lets go of its address space, at exit or exec (kernel/fork.c, mm_release; kernel/futex/core.c). */
import { FUTEX } from '../abi/process.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { getUser32, getUserLong, putUser32, UserFault } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { wakeAll } from '../task/wait.ts';
import { futexWake } from './futex.ts';

/** Entries of a robust list that are looked at; a longer one is a loop (ROBUST_LIST_LIMIT). */
const ROBUST_LIST_LIMIT = 2048;

/** Runs on the task's memory; faults end it quietly, as the kernel has nobody to tell. */
const quietly = (work: () => void): void => {
  try {
    work();
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
  }
};

/** Marks a futex that the dying task held, and wakes one waiter (handle_futex_death). */
const handleFutexDeath = (kernel: Kernel, task: Task, address: number): void => {
  if (address % 4 !== 0) return;
  const word = getUser32(task.mm, address);
  if ((word & FUTEX.TID_MASK) !== task.pid) return;
  putUser32(task.mm, address, ((word & FUTEX.WAITERS) | FUTEX.OWNER_DIED) >>> 0);
  if (word & FUTEX.WAITERS) futexWake(kernel, task.mm, address, 1);
};

/** exit_robust_list. */
const exitRobustList = (kernel: Kernel, task: Task): void => {
  const { mm, robustList: head } = task;
  const offset = getUserLong(mm, head + 8);
  const pending = getUserLong(mm, head + 16);
  // The lowest bit of an entry tells a priority-inheritance futex.
  const untagged = (entry: number): number => entry - (entry & 1);
  let entry = untagged(getUserLong(mm, head));
  for (let count = 0; entry !== head && count < ROBUST_LIST_LIMIT; count++) {
    const next = untagged(getUserLong(mm, entry));
    if (entry !== untagged(pending)) handleFutexDeath(kernel, task, entry + offset);
    entry = next;
  }
  if (pending !== 0) handleFutexDeath(kernel, task, untagged(pending) + offset);
};

/** Others still use the address space. */
const isShared = (mm: Mm): boolean => mm.users > 1;

/** Robust futexes, CLONE_CHILD_CLEARTID's word, and the parent that waits in vfork. */
export const mmRelease = (kernel: Kernel, task: Task): void => {
  if (task.robustList !== 0) quietly(() => exitRobustList(kernel, task));
  task.robustList = 0;
  const { clearChildTid } = task;
  if (clearChildTid !== 0 && isShared(task.mm)) {
    quietly(() => {
      putUser32(task.mm, clearChildTid, 0);
      futexWake(kernel, task.mm, clearChildTid, 1);
    });
  }
  task.clearChildTid = 0;
  completeVfork(kernel, task);
};

const completeVfork = (kernel: Kernel, task: Task): void => {
  const queue = task.vforkDone;
  if (queue === null) return;
  task.vforkDone = null;
  wakeAll(kernel, queue);
};
