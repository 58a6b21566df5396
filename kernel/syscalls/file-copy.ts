/** Copies between descriptors inside the kernel: sendfile(2), copy_file_range(2). */
import { ERRNO } from '../abi/errno.ts';
import { MAX_RW_COUNT, O } from '../abi/fcntl.ts';
import { POLL } from '../abi/poll.ts';
import { isDir, isReg } from '../abi/stat.ts';
import { getFile } from '../fs/descriptors.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { KernelBuffer } from '../mm/iov.ts';
import { getUserLong, putUserLong } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { mayWait, readable, readFrom, writable, writeTo } from './file-io.ts';
import { hasNoSplice } from './file-splice.ts';
import { type SyscallRow, syscall } from './row.ts';

const CHUNK = 65536;
/** A pipe with room takes this much without waiting. */
const PAGE = 4096;

/**
 * Moves bytes from a seekable file. What may wait is given a page at a time, and only while it says it has room, so that a
 * count is never lost in a sleep. Returns the count, -errno or BLOCKED.
 */
const copy = (
  kernel: Kernel,
  task: Task,
  from: OpenFile,
  fromPosition: number,
  to: OpenFile,
  toPosition: number,
  length: number,
): number => {
  const chunk = mayWait(to) ? PAGE : CHUNK;
  let done = 0;
  while (done < length) {
    if (done > 0 && chunk === PAGE && !((to.ops.poll?.(kernel, to) ?? POLL.OUT) & POLL.OUT)) break;
    if (done > 0 && task.sigpending) break;
    const bytes = new Uint8Array(Math.min(chunk, length - done));
    const count = readFrom(kernel, task, from, new KernelBuffer(bytes), fromPosition + done);
    if (count <= 0) return done > 0 ? done : count;
    const source = new KernelBuffer(bytes.subarray(0, count));
    const written = writeTo(kernel, task, to, source, toPosition < 0 ? toPosition : toPosition + done);
    if (written < 0) return done > 0 ? done : written;
    done += written;
    if (written < count) break;
  }
  return done;
};

/** The position to use: the guest's own if it gave one, otherwise the file's. */
const positionOf = (task: Task, file: OpenFile, address: number): number =>
  address === 0 ? file.position : getUserLong(task.mm, address);

const advance = (task: Task, file: OpenFile, address: number, position: number): void => {
  if (address === 0) file.position = position;
  else putUserLong(task.mm, address, position);
};

const sendfile = (kernel: Kernel, task: Task, outFd: number, inFd: number, offset: number, count: number): number => {
  const from = readable(task, inFd);
  if (typeof from === 'number') return from;
  if (offset !== 0 && !from.ops.seekable) return -ERRNO.ESPIPE;
  const position = positionOf(task, from, offset);
  if (position < 0 || position >= 2 ** 63 || count < 0 || count >= 2 ** 63) return -ERRNO.EINVAL;
  const to = writable(task, outFd);
  if (typeof to === 'number') return to;
  if (to.flags & O.APPEND || isDir(from.inode.mode) || !from.ops.seekable || from.ops.read === undefined)
    return -ERRNO.EINVAL;
  if (to.ops.write === undefined || hasNoSplice(to) || hasNoSplice(from)) return -ERRNO.EINVAL;
  const done = copy(kernel, task, from, position, to, -1, Math.min(count, MAX_RW_COUNT));
  if (done > 0) advance(task, from, offset, position + done);
  return done;
};

/** An offset, which is not looked at as a signed number, goes over the end of 64 bits (generic_copy_file_checks). */
const wraps = (offset: number, length: number): boolean => (offset < 0 ? offset + 2 ** 64 : offset) + length >= 2 ** 64;

const copyFileRange = (
  kernel: Kernel,
  task: Task,
  inFd: number,
  inOffset: number,
  outFd: number,
  outOffset: number,
  length: number,
  flags: number,
): number => {
  const from = getFile(task, inFd);
  const to = getFile(task, outFd);
  if (from === undefined || to === undefined) return -ERRNO.EBADF;
  const source = positionOf(task, from, inOffset);
  const target = positionOf(task, to, outOffset);
  if (flags !== 0) return -ERRNO.EINVAL;
  if (isDir(from.inode.mode) || isDir(to.inode.mode)) return -ERRNO.EISDIR;
  if (!isReg(from.inode.mode) || !isReg(to.inode.mode)) return -ERRNO.EINVAL;
  const writes = typeof writable(task, outFd) !== 'number' && !(to.flags & O.APPEND);
  if (typeof readable(task, inFd) === 'number' || !writes) return -ERRNO.EBADF;
  if (wraps(source, length) || wraps(target, length)) return -ERRNO.EOVERFLOW;
  if (source < 0 || target < 0 || source >= 2 ** 63 || target >= 2 ** 63) return -ERRNO.EINVAL;
  const wanted = Math.max(0, Math.min(length, MAX_RW_COUNT, from.inode.size - source));
  if (from.inode === to.inode && source < target + wanted && target < source + wanted) return -ERRNO.EINVAL;
  const done = copy(kernel, task, from, source, to, target, wanted);
  if (done > 0) {
    advance(task, from, inOffset, source + done);
    advance(task, to, outOffset, target + done);
  }
  return done;
};

export const fileCopySyscalls: readonly SyscallRow[] = [
  syscall(
    40,
    'sendfile',
    [
      ['out_fd', arg.fd],
      ['in_fd', arg.fd],
      ['offset', arg.offsetPointer],
      ['count', arg.size],
    ],
    sendfile,
  ),
  syscall(
    326,
    'copy_file_range',
    [
      ['fd_in', arg.fd],
      ['off_in', arg.offsetPointer],
      ['fd_out', arg.fd],
      ['off_out', arg.offsetPointer],
      ['len', arg.size],
      ['flags', arg.flags],
    ],
    copyFileRange,
  ),
];
