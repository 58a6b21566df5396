/** Reading, writing and seeking: read(2), pread(2), readv(2), lseek(2) and their family (fs/read_write.c). */
import { ERRNO } from '../abi/errno.ts';
import { O, SEEK } from '../abi/fcntl.ts';
import { IN } from '../abi/inotify.ts';
import { isDir, isFifo } from '../abi/stat.ts';
import { getFile } from '../fs/descriptors.ts';
import { isReadable, isWritable } from '../fs/inode.ts';
import { notifyFile } from '../fs/notify.ts';
import { appends, checkLoopFlags, checkRwFlags, withRwFlags } from '../fs/rw-flags.ts';
import type { OpenFile, UserBuffer } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { importIovec, userBuffer } from '../mm/iov.ts';
import { accessOk } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

/** Bytes at the file's own position, which moves along. */
const HERE = -1;

/** Reads at `position`, or at the file's own and moves that (vfs_read). */
export const readFrom = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer, position: number): number => {
  if (file.ops.read === undefined) return -ERRNO.EINVAL;
  const count = file.ops.read(kernel, task, file, sink, position === HERE ? file.position : position);
  if (count <= 0) return count;
  if (position === HERE && file.ops.seekable) file.position += count;
  notifyFile(kernel, file, IN.ACCESS);
  return count;
};

/** Writes at `position`, at the file's own, or at the end with O_APPEND. */
export const writeTo = (
  kernel: Kernel,
  task: Task,
  file: OpenFile,
  source: UserBuffer,
  position: number,
  append = (file.flags & O.APPEND) !== 0,
): number => {
  if (file.ops.write === undefined) return -ERRNO.EINVAL;
  if (append) file.inode.ops.refresh?.(kernel, file.inode);
  const at = append && file.ops.seekable ? file.inode.size : position === HERE ? file.position : position;
  const count = file.ops.write(kernel, task, file, source, at);
  if (count <= 0) return count;
  if (position === HERE && file.ops.seekable) file.position = at + count;
  notifyFile(kernel, file, IN.MODIFY);
  return count;
};

type Move = (kernel: Kernel, task: Task, file: OpenFile, buffer: UserBuffer) => number;

/** A sized buffer of the guest's moved through a descriptor: EBADF, EINVAL, EFAULT in Linux's order. */
const moveBuffer = (
  kernel: Kernel,
  task: Task,
  file: OpenFile | undefined,
  usable: boolean,
  address: number,
  length: number,
  move: Move,
): number => {
  if (file === undefined || !usable) return -ERRNO.EBADF;
  if (!accessOk(address, length)) return -ERRNO.EFAULT;
  const buffer = userBuffer(task.mm, address, length);
  return typeof buffer === 'number' ? buffer : move(kernel, task, file, buffer);
};

const read = (kernel: Kernel, task: Task, fd: number, address: number, length: number): number => {
  const file = getFile(task, fd);
  const usable = file !== undefined && isReadable(file);
  return moveBuffer(kernel, task, file, usable, address, length, (k, t, f, sink) => readFrom(k, t, f, sink, HERE));
};

const write = (kernel: Kernel, task: Task, fd: number, address: number, length: number): number => {
  const file = getFile(task, fd);
  const usable = file !== undefined && isWritable(file);
  return moveBuffer(kernel, task, file, usable, address, length, (k, t, f, source) => writeTo(k, t, f, source, HERE));
};

const pread = (kernel: Kernel, task: Task, fd: number, address: number, length: number, position: number): number => {
  if (position < 0) return -ERRNO.EINVAL;
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (!file.ops.seekable) return -ERRNO.ESPIPE;
  return moveBuffer(kernel, task, file, isReadable(file), address, length, (k, t, f, sink) =>
    readFrom(k, t, f, sink, position),
  );
};

const pwrite = (kernel: Kernel, task: Task, fd: number, address: number, length: number, position: number): number => {
  if (position < 0) return -ERRNO.EINVAL;
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (!file.ops.seekable) return -ERRNO.ESPIPE;
  return moveBuffer(kernel, task, file, isWritable(file), address, length, (k, t, f, source) =>
    writeTo(k, t, f, source, position),
  );
};

const readVector = (
  kernel: Kernel,
  task: Task,
  fd: number,
  vector: number,
  count: number,
  position: number,
  flags = 0,
): number => {
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (position !== HERE && !file.ops.seekable) return -ERRNO.ESPIPE;
  if (!isReadable(file)) return -ERRNO.EBADF;
  if (file.ops.read === undefined) return -ERRNO.EINVAL;
  const sink = importIovec(task.mm, vector, count);
  if (typeof sink === 'number') return sink;
  if (sink.remaining === 0) return 0;
  const error = checkLoopFlags(file, flags) || checkRwFlags(file, flags);
  return error < 0 ? error : withRwFlags(file, flags, () => readFrom(kernel, task, file, sink, position));
};

const writeVector = (
  kernel: Kernel,
  task: Task,
  fd: number,
  vector: number,
  count: number,
  position: number,
  flags = 0,
): number => {
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (position !== HERE && !file.ops.seekable) return -ERRNO.ESPIPE;
  if (!isWritable(file)) return -ERRNO.EBADF;
  if (file.ops.write === undefined) return -ERRNO.EINVAL;
  const source = importIovec(task.mm, vector, count);
  if (typeof source === 'number') return source;
  if (source.remaining === 0) return 0;
  const error = checkLoopFlags(file, flags) || checkRwFlags(file, flags);
  if (error < 0) return error;
  return withRwFlags(file, flags, () => writeTo(kernel, task, file, source, position, appends(file, flags)));
};

/** lseek(2) of a file with a size (generic_file_llseek). */
const seekTo = (kernel: Kernel, file: OpenFile, offset: number, whence: number): number => {
  const { inode } = file;
  inode.ops.refresh?.(kernel, inode);
  let position: number;
  switch (whence) {
    case SEEK.SET:
      position = offset;
      break;
    case SEEK.CUR:
      position = file.position + offset;
      break;
    case SEEK.END:
      position = inode.size + offset;
      break;
    default: {
      if (offset < 0 || offset >= inode.size) return -ERRNO.ENXIO;
      const hole = whence === SEEK.HOLE;
      position = inode.ops.nextExtent?.(inode, offset, hole) ?? (hole ? inode.size : offset);
      if (!hole && position >= inode.size) return -ERRNO.ENXIO;
    }
  }
  if (position < 0) return -ERRNO.EINVAL;
  file.position = position;
  return position;
};

const lseek = (kernel: Kernel, task: Task, fd: number, offset: number, whence: number): number => {
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (whence < SEEK.SET || whence > SEEK.HOLE) return -ERRNO.EINVAL;
  if (!file.ops.seekable && file.ops.seek === undefined) return -ERRNO.ESPIPE;
  return file.ops.seek?.(kernel, file, offset, whence) ?? seekTo(kernel, file, offset, whence);
};

/** What kind of error a descriptor gives that cannot be read: used by copies between files. */
export const readable = (task: Task, fd: number): OpenFile | number => {
  const file = getFile(task, fd);
  if (file === undefined || !isReadable(file)) return -ERRNO.EBADF;
  return file;
};

export const writable = (task: Task, fd: number): OpenFile | number => {
  const file = getFile(task, fd);
  return file === undefined || !isWritable(file) ? -ERRNO.EBADF : file;
};

/** Whether a write of a page could wait: pipes, terminals, the host's streams. */
export const mayWait = (file: OpenFile): boolean =>
  isFifo(file.inode.mode) || (!isDir(file.inode.mode) && !file.ops.seekable);

export const fileIoSyscalls: readonly SyscallRow[] = [
  syscall(
    0,
    'read',
    [
      ['fd', arg.fd],
      ['buf', arg.outBuffer],
      ['count', arg.size],
    ],
    read,
  ),
  syscall(
    1,
    'write',
    [
      ['fd', arg.fd],
      ['buf', arg.buffer],
      ['count', arg.size],
    ],
    write,
  ),
  syscall(
    8,
    'lseek',
    [
      ['fd', arg.fd],
      ['offset', arg.off],
      ['whence', arg.whence],
    ],
    lseek,
  ),
  syscall(
    17,
    'pread64',
    [
      ['fd', arg.fd],
      ['buf', arg.outBuffer],
      ['count', arg.size],
      ['pos', arg.off],
    ],
    pread,
  ),
  syscall(
    18,
    'pwrite64',
    [
      ['fd', arg.fd],
      ['buf', arg.buffer],
      ['count', arg.size],
      ['pos', arg.off],
    ],
    pwrite,
  ),
  syscall(
    19,
    'readv',
    [
      ['fd', arg.fd],
      ['vec', arg.outIovec],
      ['vlen', arg.long],
    ],
    (kernel, task, fd, vector, count) => readVector(kernel, task, fd!, vector!, count!, HERE),
  ),
  syscall(
    20,
    'writev',
    [
      ['fd', arg.fd],
      ['vec', arg.iovec],
      ['vlen', arg.long],
    ],
    (kernel, task, fd, vector, count) => writeVector(kernel, task, fd!, vector!, count!, HERE),
  ),
  syscall(
    295,
    'preadv',
    [
      ['fd', arg.fd],
      ['vec', arg.outIovec],
      ['vlen', arg.long],
      ['pos', arg.off],
    ],
    (kernel, task, fd, vector, count, position) =>
      position! < 0 ? -ERRNO.EINVAL : readVector(kernel, task, fd!, vector!, count!, position!),
  ),
  syscall(
    296,
    'pwritev',
    [
      ['fd', arg.fd],
      ['vec', arg.iovec],
      ['vlen', arg.long],
      ['pos', arg.off],
    ],
    (kernel, task, fd, vector, count, position) =>
      position! < 0 ? -ERRNO.EINVAL : writeVector(kernel, task, fd!, vector!, count!, position!),
  ),
  syscall(
    327,
    'preadv2',
    [
      ['fd', arg.fd],
      ['vec', arg.outIovec],
      ['vlen', arg.long],
      ['pos', arg.off],
      ['pos_h', arg.unused],
      ['flags', arg.rwFlags],
    ],
    (kernel, task, fd, vector, count, position, _high, flags) =>
      position! < HERE ? -ERRNO.EINVAL : readVector(kernel, task, fd!, vector!, count!, position!, flags!),
  ),
  syscall(
    328,
    'pwritev2',
    [
      ['fd', arg.fd],
      ['vec', arg.iovec],
      ['vlen', arg.long],
      ['pos', arg.off],
      ['pos_h', arg.unused],
      ['flags', arg.rwFlags],
    ],
    (kernel, task, fd, vector, count, position, _high, flags) =>
      position! < HERE ? -ERRNO.EINVAL : writeVector(kernel, task, fd!, vector!, count!, position!, flags!),
  ),
];
