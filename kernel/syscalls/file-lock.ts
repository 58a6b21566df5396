/** Locks: flock(2), and F_SETLK and its kin of fcntl(2) (fs/locks.c). */
import { ERRNO } from '../abi/errno.ts';
import { F, flockStruct, LOCK, LOCK_TYPE, SEEK } from '../abi/fcntl.ts';
import { getFile } from '../fs/descriptors.ts';
import { isReadable, isWritable } from '../fs/inode.ts';
import {
  conflicting,
  type FileLock,
  LOCK_EOF,
  locksOf,
  ownLock,
  setRecordLock,
  setWholeLock,
  type WantedLock,
  wholeLock,
  wouldDeadlock,
} from '../fs/locks.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { readStruct, writeStruct } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { block } from '../task/wait.ts';

/** Bytes of a struct flock, or -errno (flock64_to_posix_lock). */
const rangeOf = (
  file: OpenFile,
  whence: number,
  start: bigint,
  length: bigint,
): { start: bigint; end: bigint } | number => {
  const bases: readonly number[] = [0, file.position, file.inode.size];
  const base = bases[whence];
  if (base === undefined || whence > SEEK.END) return -ERRNO.EINVAL;
  const first = BigInt(base) + start;
  if (first >= LOCK_EOF) return -ERRNO.EOVERFLOW;
  if (first < 0n) return -ERRNO.EINVAL;
  if (length === 0n) return { start: first, end: LOCK_EOF };
  const other = first + length;
  if (other > LOCK_EOF) return -ERRNO.EOVERFLOW;
  if (length > 0n) return { start: first, end: other };
  return other < 0n ? -ERRNO.EINVAL : { start: other, end: first };
};

/** F_GETLK, F_SETLK, F_SETLKW and their forms for open files (F_OFD_*). */
export const recordLock = (kernel: Kernel, task: Task, file: OpenFile, command: number, address: number): number => {
  const wanted = readStruct(task.mm, flockStruct, address);
  const get = command === F.GETLK || command === F.OFD_GETLK;
  const ofFile = command === F.OFD_GETLK || command === F.OFD_SETLK || command === F.OFD_SETLKW;
  const waits = command === F.SETLKW || command === F.OFD_SETLKW;
  const type = wanted.l_type;
  if (
    type !== LOCK_TYPE.RDLCK &&
    type !== LOCK_TYPE.WRLCK &&
    (get ? !ofFile || type !== LOCK_TYPE.UNLCK : type !== LOCK_TYPE.UNLCK)
  ) {
    return -ERRNO.EINVAL;
  }
  const range = rangeOf(file, wanted.l_whence, wanted.l_start, wanted.l_len);
  if (typeof range === 'number') return range;
  if (ofFile && wanted.l_pid !== 0) return -ERRNO.EINVAL;
  const lock: FileLock = {
    ...range,
    ...{ owner: ofFile ? file : task.files, file, type },
    pid: ofFile ? -1 : task.group.tgid,
  };
  const { records, waiters } = locksOf(file.inode);
  if (get) {
    const found = type === LOCK_TYPE.UNLCK ? ownLock(records, lock) : conflicting(records, lock);
    if (found === undefined) {
      writeStruct(task.mm, flockStruct, address, { ...wanted, l_type: LOCK_TYPE.UNLCK });
      return 0;
    }
    writeStruct(task.mm, flockStruct, address, {
      l_type: found.type,
      l_whence: SEEK.SET,
      l_start: found.start,
      l_len: found.end === LOCK_EOF ? 0n : found.end - found.start,
      l_pid: found.pid,
    });
    return 0;
  }
  if (type === LOCK_TYPE.RDLCK && !isReadable(file)) return -ERRNO.EBADF;
  if (type === LOCK_TYPE.WRLCK && !isWritable(file)) return -ERRNO.EBADF;
  const result = setRecordLock(kernel, file.inode, lock);
  if (result === 0 || !waits) return result;
  const blocker = conflicting(records, lock)!;
  if (!ofFile && wouldDeadlock(kernel, task, blocker)) return -ERRNO.EDEADLK;
  const wants: WantedLock = { inode: file.inode, lock, whole: false };
  return block(kernel, task, { what: 'fcntl_setlk', queues: [waiters], data: { lock: wants } });
};

/** flock(2). */
export const flock = (kernel: Kernel, task: Task, fd: number, operation: number): number => {
  const kinds: Record<number, number> = {
    [LOCK.SH]: LOCK_TYPE.RDLCK,
    [LOCK.EX]: LOCK_TYPE.WRLCK,
    [LOCK.UN]: LOCK_TYPE.UNLCK,
  };
  const type = kinds[operation & ~LOCK.NB];
  if (type === undefined) return -ERRNO.EINVAL;
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  const { inode } = file;
  const result = setWholeLock(kernel, file, type, task.group.tgid);
  if (result === 0 || operation & LOCK.NB) return result;
  const wants: WantedLock = { inode, lock: wholeLock(file, type, task.group.tgid), whole: true };
  return block(kernel, task, {
    what: 'flock_lock_inode_wait',
    queues: [locksOf(inode).waiters],
    data: { lock: wants },
  });
};
