/** A task lets go of its address space, at exit or exec (kernel/fork.c, mm_release; kernel/futex/core.c). */
import { FUTEX, ROBUST_LIST_HEAD } from '../abi/process.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { getUser32, getUser64, getUserLong, putUser32, UserFault } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { wakeAll } from '../task/wait.ts';
import { futexWakeShared } from './futex.ts';
import { exitPiStates } from './futex-pi.ts';

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

/**
 * Marks a futex that the dying task held, and wakes one waiter (handle_futex_death). `pending`: the task was about to take or
 * release it. False if the list is no good.
 */
const handleFutexDeath = (kernel: Kernel, task: Task, address: number, pi: boolean, pending: boolean): boolean => {
  if (address % 4 !== 0) return false;
  const word = getUser32(task.mm, address);
  const owner = word & FUTEX.TID_MASK;
  if (pending && !pi && owner === 0) {
    // Released, but perhaps not yet woken: the wake-up must not be lost.
    futexWakeShared(kernel, task.mm, address);
    return true;
  }
  if (owner !== task.pid) return true;
  putUser32(task.mm, address, ((word & FUTEX.WAITERS) | FUTEX.OWNER_DIED) >>> 0);
  // Locks with priority inheritance are handed over by `exitPiStates`.
  if (!pi && word & FUTEX.WAITERS) futexWakeShared(kernel, task.mm, address);
  return true;
};

/** An entry of the list; the lowest bit tells a futex with priority inheritance (fetch_robust_entry). */
const fetchRobustEntry = (mm: Mm, address: number): { entry: number; pi: boolean } => {
  const value = getUserLong(mm, address);
  return { entry: value - (value & 1), pi: (value & 1) === 1 };
};

const tryFetch = (mm: Mm, address: number): ReturnType<typeof fetchRobustEntry> | null => {
  try {
    return fetchRobustEntry(mm, address);
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    return null;
  }
};

/** exit_robust_list. */
const exitRobustList = (kernel: Kernel, task: Task): void => {
  const { mm, robustList: head } = task;
  const at = ROBUST_LIST_HEAD.offsets;
  let { entry, pi } = fetchRobustEntry(mm, head + at.list);
  const offset = Number(BigInt.asIntN(64, getUser64(mm, head + at.futex_offset)));
  const pending = fetchRobustEntry(mm, head + at.list_op_pending);
  for (let count = 0; entry !== head && count < ROBUST_LIST_LIMIT; count++) {
    // Before the futex is marked: another thread may free it then.
    const next = tryFetch(mm, entry);
    if (entry !== pending.entry && !handleFutexDeath(kernel, task, entry + offset, pi, false)) return;
    if (next === null) return;
    ({ entry, pi } = next);
  }
  if (pending.entry !== 0) handleFutexDeath(kernel, task, pending.entry + offset, pending.pi, true);
};

/** Others still use the address space. */
const isShared = (mm: Mm): boolean => mm.users > 1;

/** Robust futexes, CLONE_CHILD_CLEARTID's word, and the parent that waits in vfork. */
export const mmRelease = (kernel: Kernel, task: Task): void => {
  if (task.robustList !== 0) quietly(() => exitRobustList(kernel, task));
  task.robustList = 0;
  exitPiStates(kernel, task);
  const { clearChildTid } = task;
  if (clearChildTid !== 0 && isShared(task.mm)) {
    quietly(() => {
      putUser32(task.mm, clearChildTid, 0);
      futexWakeShared(kernel, task.mm, clearChildTid);
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
