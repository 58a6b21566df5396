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

/** OFFSET_MAX + 1: the end of a lock that goes to the end of the file, wherever it is. */
export const LOCK_EOF = 1n << 63n;

/** One held lock, of bytes [start, end). */
export interface FileLock {
  /** Who holds it: a process's table of files for F_SETLK, an open file for F_OFD_SETLK and flock. */
  owner: FileTable | OpenFile;
  /** By which open file it was taken: /proc/PID/fdinfo shows it there. */
  file: OpenFile;
  /** F_RDLCK or F_WRLCK. */
  type: number;
  start: bigint;
  end: bigint;
  /** Who took it, for F_GETLK and /proc/locks; -1 for record locks of an open file. */
  pid: number;
}

/** A lease of an open file (F_SETLEASE). */
export interface Lease {
  file: OpenFile;
  /** Descriptor, for the signal. */
  fd: number;
  /** F_RDLCK or F_WRLCK. */
  type: number;
  pid: number;
  /** Someone waits for it to go (FL_UNLOCK_PENDING), or to become one for reading (FL_DOWNGRADE_PENDING). */
  unlockPending: boolean;
  downgradePending: boolean;
  /** On `Kernel.now`: when it is taken away. */
  breakTime: number;
}

export interface InodeLocks {
  /** By owner, then by start. */
  records: FileLock[];
  whole: FileLock[];
  waiters: WaitQueue;
  leases: Lease[];
  /** Who waits for leases to be lowered. */
  leaseWait: WaitQueue;
}

/** `wait.data` of who waits for a lock. */
export interface WantedLock {
  inode: Inode;
  lock: FileLock;
  /** Of flock(2) rather than fcntl(2). */
  whole: boolean;
}

export const locksOf = (inode: Inode): InodeLocks => {
  inode.locks ??= { records: [], whole: [], waiters: waitQueue(), leases: [], leaseWait: waitQueue() };
  return inode.locks;
};

/** Keeps the list of all inodes with locks, which /proc/locks shows, up to date. */
export const noteLocked = (kernel: Kernel, inode: Inode): void => {
  const { records, whole, leases } = locksOf(inode);
  if (records.length + whole.length + leases.length > 0) kernel.vfs.locked.add(inode);
  else kernel.vfs.locked.delete(inode);
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
const cut = (locks: FileLock[], owner: FileLock['owner'], start: bigint, end: bigint): FileLock[] =>
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
    if (held.start < start) start = held.start;
    if (held.end > end) end = held.end;
    return false;
  });
  return [...rest, { ...added, start, end }].sort((a, b) => (a.start < b.start ? -1 : 1));
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
  noteLocked(kernel, inode);
  wakeAll(kernel, locks.waiters);
  return 0;
};

/** What an open file itself holds in the range: F_OFD_GETLK with F_UNLCK asks for that (posix_test_locks_conflict). */
export const ownLock = (locks: readonly FileLock[], { owner, start, end }: FileLock): FileLock | undefined =>
  locks.find((held) => held.owner === owner && held.start < end && start < held.end);

export const wholeLock = (file: OpenFile, type: number, pid: number): FileLock => ({
  ...{ owner: file, file, type, pid },
  ...{ start: 0n, end: LOCK_EOF },
});

/** Sets, changes or removes a whole-file lock of an open file. 0 or -EWOULDBLOCK. */
export const setWholeLock = (kernel: Kernel, file: OpenFile, type: number, pid: number): number => {
  const locks = locksOf(file.inode);
  const lock = wholeLock(file, type, pid);
  // A change gives up the old lock first, even if the new one is not to be had (flock(2)).
  const held = locks.whole.find((other) => other.owner === file);
  if (held?.type === type) return 0;
  if (held !== undefined) {
    locks.whole = locks.whole.filter((other) => other !== held);
    noteLocked(kernel, file.inode);
    wakeAll(kernel, locks.waiters);
  }
  if (type === LOCK_TYPE.UNLCK) return 0;
  if (conflicting(locks.whole, lock) !== undefined) return -ERRNO.EAGAIN;
  locks.whole.push(lock);
  noteLocked(kernel, file.inode);
  return 0;
};

const dropOwner = (kernel: Kernel, inode: Inode, owner: FileLock['owner']): void => {
  const { locks } = inode;
  if (locks === null) return;
  const before = locks.records.length + locks.whole.length;
  locks.records = locks.records.filter((held) => held.owner !== owner);
  locks.whole = locks.whole.filter((held) => held.owner !== owner);
  if (locks.records.length + locks.whole.length === before) return;
  noteLocked(kernel, inode);
  wakeAll(kernel, locks.waiters);
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
    const waiting = [...kernel.tasks.values()].find(
      (other) => other.files === owner && (other.wait?.data?.lock as WantedLock | undefined)?.whole === false,
    );
    if (waiting === undefined) return false;
    const { inode, lock } = waiting.wait!.data.lock as WantedLock;
    const next = inode.locks === null ? undefined : conflicting(inode.locks.records, lock);
    if (next === undefined) return false;
    owner = next.owner;
  }
  return false;
};

/** Changes or removes a lease (lease_modify). */
export const modifyLease = (kernel: Kernel, inode: Inode, lease: Lease, type: number): void => {
  const locks = inode.locks!;
  if (type === LOCK_TYPE.UNLCK) {
    locks.leases = locks.leases.filter((other) => other !== lease);
    delete lease.file.owner;
    noteLocked(kernel, inode);
  } else {
    lease.type = type;
    if (type === LOCK_TYPE.RDLCK) lease.downgradePending = false;
  }
  wakeAll(kernel, locks.leaseWait);
};

/** The open file is gone, and its lease with it. */
export const releaseLease = (kernel: Kernel, file: OpenFile): void => {
  const lease = file.inode.locks?.leases.find((held) => held.file === file);
  if (lease !== undefined) modifyLease(kernel, file.inode, lease, LOCK_TYPE.UNLCK);
};
