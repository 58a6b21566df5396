/** Size, space and durability: truncate(2), fallocate(2), fsync(2), posix_fadvise(2). */
import { ERRNO } from '../abi/errno.ts';
import { AT, FALLOC, O } from '../abi/fcntl.ts';
import { IN } from '../abi/inotify.ts';
import { RLIMIT } from '../abi/resource.ts';
import { isDir, isFifo, isReg } from '../abi/stat.ts';
import { getFile } from '../fs/descriptors.ts';
import { isReadable, isWritable, MAY, permitted, removePrivileges } from '../fs/inode.ts';
import { breakLeases } from '../fs/leases.ts';
import { walkPath } from '../fs/namei.ts';
import { notifyFile, notifyPath } from '../fs/notify.ts';
import { fileTooBig } from '../fs/regular.ts';
import type { Location, OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { isExecuting } from '../mm/exe.ts';
import { writebackInode } from '../mm/pagecache.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { withPath } from './path.ts';
import { type SyscallRow, syscall } from './row.ts';

/** Cuts or extends; growing past RLIMIT_FSIZE is SIGXFSZ (inode_newsize_ok). */
const setSize = (kernel: Kernel, task: Task, at: Location, size: number): number => {
  const { inode } = at;
  if (size > inode.size && size > task.group.rlimits[RLIMIT.FSIZE]!.soft) return fileTooBig(kernel, task);
  const result = inode.ops.truncate?.(kernel, inode, size) ?? -ERRNO.EINVAL;
  if (result === 0) {
    removePrivileges(kernel, task, inode);
    notifyPath(kernel, at, IN.MODIFY);
  }
  return result;
};

const truncate = (kernel: Kernel, task: Task, path: number, size: number): number => {
  if (size < 0) return -ERRNO.EINVAL;
  return withPath(task, path, (text) => {
    const at = walkPath(kernel, task, AT.FDCWD, text);
    if (typeof at === 'number') return at;
    const { inode } = at;
    if (isDir(inode.mode)) return -ERRNO.EISDIR;
    if (!isReg(inode.mode)) return -ERRNO.EINVAL;
    if (inode.sb.readOnly) return -ERRNO.EROFS;
    if (!permitted(task.cred, inode, MAY.WRITE)) return -ERRNO.EACCES;
    if (isExecuting(kernel, inode)) return -ERRNO.ETXTBSY;
    if (inode.locks !== null) {
      const error = breakLeases(kernel, task, inode, O.WRONLY);
      if (error !== 0) return error;
    }
    return setSize(kernel, task, at, size);
  });
};

const ftruncate = (kernel: Kernel, task: Task, fd: number, size: number): number => {
  if (size < 0) return -ERRNO.EINVAL;
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (!isReg(file.inode.mode) || !isWritable(file)) return -ERRNO.EINVAL;
  return setSize(kernel, task, file, size);
};

const KNOWN_MODES =
  FALLOC.KEEP_SIZE |
  FALLOC.PUNCH_HOLE |
  FALLOC.COLLAPSE_RANGE |
  FALLOC.ZERO_RANGE |
  FALLOC.INSERT_RANGE |
  FALLOC.UNSHARE_RANGE;

const fallocate = (kernel: Kernel, task: Task, fd: number, mode: number, offset: number, length: number): number => {
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (offset < 0 || length <= 0) return -ERRNO.EINVAL;
  if (mode & ~KNOWN_MODES) return -ERRNO.EOPNOTSUPP;
  if (mode & FALLOC.PUNCH_HOLE && !(mode & FALLOC.KEEP_SIZE)) return -ERRNO.EOPNOTSUPP;
  if (!isWritable(file)) return -ERRNO.EBADF;
  const { inode } = file;
  if (isFifo(inode.mode)) return -ERRNO.ESPIPE;
  if (isDir(inode.mode)) return -ERRNO.EISDIR;
  if (!isReg(inode.mode)) return -ERRNO.ENODEV;
  if (isExecuting(kernel, inode)) return -ERRNO.ETXTBSY;
  const grows = !(mode & FALLOC.KEEP_SIZE) && offset + length > inode.size;
  if (grows && offset + length > task.group.rlimits[RLIMIT.FSIZE]!.soft) return fileTooBig(kernel, task);
  const result = inode.ops.allocate?.(kernel, inode, mode, offset, length) ?? -ERRNO.EOPNOTSUPP;
  if (result === 0) notifyFile(kernel, file, IN.MODIFY);
  return result;
};

/** What mappings hold goes to the file, and the file to the host's disk if it lives there. */
export const syncFile = (kernel: Kernel, { inode }: OpenFile): number => {
  if (!isReg(inode.mode) && !isDir(inode.mode)) return -ERRNO.EINVAL;
  const result = writebackInode(kernel, inode);
  return result < 0 ? result : (inode.ops.sync?.(kernel, inode) ?? 0);
};

const fsync = (kernel: Kernel, task: Task, fd: number): number => {
  const file = getFile(task, fd);
  return file === undefined ? -ERRNO.EBADF : syncFile(kernel, file);
};

const syncfs = (_kernel: Kernel, task: Task, fd: number): number =>
  getFile(task, fd) === undefined ? -ERRNO.EBADF : 0;

const fadvise = (_kernel: Kernel, task: Task, fd: number, length: number, advice: number): number => {
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (isFifo(file.inode.mode)) return -ERRNO.ESPIPE;
  return length < 0 || advice < 0 || advice > 5 ? -ERRNO.EINVAL : 0;
};

const readahead = (_kernel: Kernel, task: Task, fd: number): number => {
  const file = getFile(task, fd);
  if (file === undefined || !isReadable(file)) return -ERRNO.EBADF;
  return isReg(file.inode.mode) ? 0 : -ERRNO.EINVAL;
};

/** Everything is written through, or in memory: there is nothing left to start. */
const syncFileRange = (
  _kernel: Kernel,
  task: Task,
  fd: number,
  offset: number,
  length: number,
  flags: number,
): number => {
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (flags & ~7 || offset < 0 || length < 0) return -ERRNO.EINVAL;
  return isReg(file.inode.mode) || isDir(file.inode.mode) ? 0 : -ERRNO.ESPIPE;
};

export const fileSizeSyscalls: readonly SyscallRow[] = [
  syscall(74, 'fsync', [['fd', arg.fd]], fsync),
  syscall(75, 'fdatasync', [['fd', arg.fd]], fsync),
  syscall(
    76,
    'truncate',
    [
      ['path', arg.path],
      ['length', arg.off],
    ],
    truncate,
  ),
  syscall(
    77,
    'ftruncate',
    [
      ['fd', arg.fd],
      ['length', arg.off],
    ],
    ftruncate,
  ),
  syscall(162, 'sync', [], () => 0),
  syscall(
    187,
    'readahead',
    [
      ['fd', arg.fd],
      ['offset', arg.off],
      ['count', arg.size],
    ],
    readahead,
  ),
  syscall(
    221,
    'fadvise64',
    [
      ['fd', arg.fd],
      ['offset', arg.off],
      ['len', arg.off],
      ['advice', arg.fileAdvice],
    ],
    (kernel, task, fd, _offset, length, advice) => fadvise(kernel, task, fd!, length!, advice!),
  ),
  syscall(
    277,
    'sync_file_range',
    [
      ['fd', arg.fd],
      ['offset', arg.off],
      ['nbytes', arg.off],
      ['flags', arg.flags],
    ],
    syncFileRange,
  ),
  syscall(
    285,
    'fallocate',
    [
      ['fd', arg.fd],
      ['mode', arg.fallocMode],
      ['offset', arg.off],
      ['len', arg.off],
    ],
    fallocate,
    'in memory: preallocation and holes; nothing on files of the host',
  ),
  syscall(306, 'syncfs', [['fd', arg.fd]], syncfs),
];
