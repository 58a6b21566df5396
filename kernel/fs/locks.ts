/**
 * Advisory locks on files: record locks of processes and of open files (fcntl(2)), and whole-file locks (flock(2)). The two
 * families do not see each other (fs/locks.c).
 */
import { ERRNO } from '../abi/errno.ts';
import { LOCK_TYPE } from '../abi/fcntl.ts';
import type { Kernel } from '../kernel.ts';
import type { FileTable, Task } from '../task/task.ts';
import { type WaitQueue, waitQueue, wakeAll } from '../task/wait.ts';
import type { Inode, OpenFile } from './types.ts';

/** One held lock, of bytes [start, end). */
export interface FileLock {
  /** Who holds it: a process's table of files for F_SETLK, an open file for F_OFD_SETLK and flock. */
  owner: FileTable | OpenFile;
  /** F_RDLCK or F_WRLCK. */
  type: number;
  start: number;
  /** Infinity: to the end, wherever it is. */
  end: number;
  /** For F_GETLK; -1 for locks of an open file. */
  pid: number;
}

export interface InodeLocks {
  /** By owner, then by start. */
  records: FileLock[];
  whole: FileLock[];
  waiters: WaitQueue;
}

export const locksOf = (inode: Inode): InodeLocks => {
  inode.locks ??= { records: [], whole: [], waiters: waitQueue() };
  return inode.locks;
};

const clash = (held: FileLock, wanted: FileLock): boolean =>
  held.owner !== wanted.owner &&
  held.start < wanted.end &&
  wanted.start < held.end &&
  (held.type === LOCK_TYPE.WRLCK || wanted.type === LOCK_TYPE.WRLCK);

/** A held lock in the way of another. */
export const conflicting = (locks: readonly FileLock[], wanted: FileLock): FileLock | undefined =>
  locks.find((held) => clash(held, wanted));

/** Takes bytes [start, end) out of what the owner holds, splitting where needed. */
const cut = (locks: FileLock[], owner: FileLock['owner'], start: number, end: number): FileLock[] =>
  locks.flatMap((held) => {
    if (held.owner !== owner || held.end <= start || held.start >= end) return [held];
    const pieces: FileLock[] = [];
    if (held.start < start) pieces.push({ ...held, end: start });
    if (held.end > end) pieces.push({ ...held, start: end });
    return pieces;
  });

/** Joins the owner's neighbouring locks of one type. */
const join = (locks: FileLock[], added: FileLock): FileLock[] => {
  let { start, end } = added;
  const rest = locks.filter((held) => {
    if (held.owner !== added.owner || held.type !== added.type || held.end < start || held.start > end) return true;
    start = Math.min(start, held.start);
    end = Math.max(end, held.end);
    return false;
  });
  return [...rest, { ...added, start, end }].sort((a, b) => a.start - b.start);
};

/** Sets or removes (F_UNLCK) a record lock. 0 or -EAGAIN if another is in the way. */
export const setRecordLock = (kernel: Kernel, inode: Inode, lock: FileLock): number => {
  const locks = locksOf(inode);
  if (lock.type === LOCK_TYPE.UNLCK) {
    locks.records = cut(locks.records, lock.owner, lock.start, lock.end);
  } else {
    if (conflicting(locks.records, lock) !== undefined) return -ERRNO.EAGAIN;
    locks.records = join(cut(locks.records, lock.owner, lock.start, lock.end), lock);
  }
  wakeAll(kernel, locks.waiters);
  return 0;
};

/** Sets, changes or removes a whole-file lock of an open file. 0 or -EWOULDBLOCK. */
export const setWholeLock = (kernel: Kernel, file: OpenFile, type: number): number => {
  const locks = locksOf(file.inode);
  const lock: FileLock = { owner: file, type, start: 0, end: Number.POSITIVE_INFINITY, pid: -1 };
  // A change gives up the old lock first, even if the new one is not to be had (flock(2)).
  const held = locks.whole.find((other) => other.owner === file);
  if (held?.type === type) return 0;
  if (held !== undefined) {
    locks.whole = locks.whole.filter((other) => other !== held);
    wakeAll(kernel, locks.waiters);
  }
  if (type === LOCK_TYPE.UNLCK) return 0;
  if (conflicting(locks.whole, lock) !== undefined) return -ERRNO.EAGAIN;
  locks.whole.push(lock);
  return 0;
};

const dropOwner = (kernel: Kernel, inode: Inode, owner: FileLock['owner']): void => {
  const { locks } = inode;
  if (locks === null) return;
  const before = locks.records.length + locks.whole.length;
  locks.records = locks.records.filter((held) => held.owner !== owner);
  locks.whole = locks.whole.filter((held) => held.owner !== owner);
  if (locks.records.length + locks.whole.length < before) wakeAll(kernel, locks.waiters);
};

/** A process closed a descriptor of the file. */
export const releasePosixLocks = (kernel: Kernel, inode: Inode, table: FileTable): void =>
  dropOwner(kernel, inode, table);

/** The open file is gone. */
export const releaseFileLocks = (kernel: Kernel, file: OpenFile): void => dropOwner(kernel, file.inode, file);

/** Whether waiting for `blocker` would wait for oneself in the end (posix_locks_deadlock). */
export const wouldDeadlock = (kernel: Kernel, task: Task, blocker: FileLock): boolean => {
  let owner = blocker.owner;
  for (let steps = 0; steps < 10; steps++) {
    if (owner === task.files) return true;
    const waiting = [...kernel.tasks.values()].find((other) => other.files === owner && other.wait?.data?.lock);
    if (waiting === undefined) return false;
    const { inode, lock } = waiting.wait!.data.lock as { inode: Inode; lock: FileLock };
    const next = inode.locks === null ? undefined : conflicting(inode.locks.records, lock);
    if (next === undefined) return false;
    owner = next.owner;
  }
  return false;
};
