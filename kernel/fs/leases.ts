/**
 * Leases (fcntl(2), F_SETLEASE; fs/locks.c): the holder is told before another opens the file in a way that is in conflict, and
 * has some time to finish.
 */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { F_OWNER, LOCK_TYPE, O } from '../abi/fcntl.ts';
import { POLL_CODE } from '../abi/signal.ts';
import { isReg } from '../abi/stat.ts';
import { NSEC_PER_SEC } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { block } from '../task/wait.ts';
import { killFasync } from './fasync.ts';
import { isWritable } from './inode.ts';
import { type InodeLocks, type Lease, locksOf, modifyLease, noteLocked } from './locks.ts';
import type { Inode, OpenFile } from './types.ts';

/** /proc/sys/fs/lease-break-time, seconds: how long a holder may take. */
export const LEASE_BREAK_TIME = 45;

/** `wait.data` of an open or truncate that waits. */
interface Breaking {
  lease: { write: boolean };
}

/** What a lease is about to be (target_leasetype). */
export const targetType = (lease: Lease): number => {
  if (lease.unlockPending) return LOCK_TYPE.UNLCK;
  return lease.downgradePending ? LOCK_TYPE.RDLCK : lease.type;
};

/** Takes away what holders did not lower in time (time_out_leases). */
const timeOut = (kernel: Kernel, inode: Inode): void => {
  for (const lease of inode.locks!.leases) {
    if (kernel.now() < lease.breakTime) continue;
    if (lease.unlockPending) modifyLease(kernel, inode, lease, LOCK_TYPE.UNLCK);
    else if (lease.downgradePending) modifyLease(kernel, inode, lease, LOCK_TYPE.RDLCK);
  }
};

/** A writer is in the way of every lease, a reader of those for writing. */
const conflicts = ({ leases }: InodeLocks, write: boolean): Lease[] =>
  leases.filter(({ type }) => write || type === LOCK_TYPE.WRLCK);

/** Opening with these flags: 0 when no lease is in the way (any more), -EWOULDBLOCK, or BLOCKED (__break_lease). */
export const breakLeases = (kernel: Kernel, task: Task, inode: Inode, flags: number): number => {
  const locks = inode.locks!;
  if (locks.leases.length === 0) return 0;
  const write = (flags & O.ACCMODE) !== O.RDONLY;
  timeOut(kernel, inode);
  const inTheWay = conflicts(locks, write);
  if (inTheWay.length === 0) return 0;
  for (const lease of inTheWay) {
    if (write ? lease.unlockPending : lease.unlockPending || lease.downgradePending) continue;
    if (write) lease.unlockPending = true;
    else lease.downgradePending = true;
    lease.breakTime = kernel.now() + LEASE_BREAK_TIME * NSEC_PER_SEC;
    killFasync(kernel, [{ file: lease.file, fd: lease.fd }], POLL_CODE.MSG);
  }
  if (flags & O.NONBLOCK) return -ERRNO.EAGAIN;
  const deadline = Math.min(...inTheWay.map(({ breakTime }) => breakTime));
  const data: Breaking = { lease: { write } };
  return block(kernel, task, { what: '__break_lease', queues: [locks.leaseWait], deadline, data });
};

/** F_GETLEASE. */
export const getLease = (kernel: Kernel, file: OpenFile): number => {
  if (file.inode.locks === null) return LOCK_TYPE.UNLCK;
  timeOut(kernel, file.inode);
  const lease = file.inode.locks.leases.find((held) => held.file === file);
  return lease === undefined ? LOCK_TYPE.UNLCK : targetType(lease);
};

/** Someone has the file open in a way that the lease would forbid, or is about to (check_conflicting_open). */
const isOpened = (file: OpenFile, type: number): boolean => {
  const { inode } = file;
  const arriving = inode.locks!.leaseWait.waiters.map(({ wait }) => (wait!.data as Breaking).lease.write);
  const writers = inode.writers + arriving.filter((write) => write).length;
  if (type === LOCK_TYPE.RDLCK) return writers > 0;
  const readers = inode.readers + arriving.filter((write) => !write).length;
  const own = isWritable(file) ? { readers: 0, writers: 1 } : { readers: 1, writers: 0 };
  return readers !== own.readers || writers !== own.writers;
};

/** F_SETLEASE: 0 or -errno (generic_setlease). */
export const setLease = (kernel: Kernel, task: Task, file: OpenFile, fd: number, type: number): number => {
  const { inode } = file;
  const { cred } = task;
  if (cred.fsuid !== inode.uid && !capable(cred, CAP.LEASE)) return -ERRNO.EACCES;
  if (!isReg(inode.mode)) return -ERRNO.EINVAL;
  const locks = locksOf(inode);
  timeOut(kernel, inode);
  const own = locks.leases.find((lease) => lease.file === file);
  if (type === LOCK_TYPE.UNLCK) {
    if (own === undefined) return -ERRNO.EAGAIN;
    modifyLease(kernel, inode, own, type);
    return 0;
  }
  if (type !== LOCK_TYPE.RDLCK && type !== LOCK_TYPE.WRLCK) return -ERRNO.EINVAL;
  if (isOpened(file, type)) return -ERRNO.EAGAIN;
  const others = locks.leases.filter((lease) => lease !== own);
  if (type === LOCK_TYPE.WRLCK && others.length > 0) return -ERRNO.EAGAIN;
  if (others.some(({ unlockPending }) => unlockPending)) return -ERRNO.EAGAIN;
  if (own !== undefined) {
    modifyLease(kernel, inode, own, type);
    return 0;
  }
  locks.leases.push({
    ...{ file, fd, type, pid: task.group.tgid },
    ...{ unlockPending: false, downgradePending: false, breakTime: Number.POSITIVE_INFINITY },
  });
  noteLocked(kernel, inode);
  if (file.owner === undefined || file.owner.id === 0) {
    file.owner = {
      ...{ type: F_OWNER.PID, id: task.group.tgid, uid: cred.uid, euid: cred.euid },
      signo: file.owner?.signo ?? 0,
    };
  }
  return 0;
};
