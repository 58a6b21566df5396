/** open(2), close(2) and their family. */
import { ERRNO } from '../abi/errno.ts';
import { AT, CLOSE_RANGE, O, RESOLVE } from '../abi/fcntl.ts';
import { closeFile, dupFiles, installFile, lowestFree } from '../fs/descriptors.ts';
import { openPath, PATH_FLAGS, VALID_OPEN_FLAGS } from '../fs/open.ts';
import type { Kernel } from '../kernel.ts';
import { getUser64 } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { withPath } from './path.ts';
import { type SyscallRow, syscall } from './row.ts';

const openAt = (
  kernel: Kernel,
  task: Task,
  dirfd: number,
  address: number,
  flags: number,
  mode: number,
  resolve = 0,
): number =>
  withPath(task, address, (path) => {
    const free = lowestFree(task);
    if (free < 0) return free;
    const file = openPath(kernel, task, dirfd, path, flags | O.LARGEFILE, mode & 0o7777, resolve);
    return typeof file === 'number' ? file : installFile(kernel, task, file, (flags & O.CLOEXEC) !== 0);
  });

const OPEN_HOW_SIZE = 24;
const RESOLVE_KNOWN = Object.values(RESOLVE).reduce((all, bit) => all | bit, 0);

/** They exclude each other. */
const SCOPED = RESOLVE.BENEATH | RESOLVE.IN_ROOT;
const WILL_CREATE = O.CREAT | (O.TMPFILE & ~O.DIRECTORY);

/** openat2(2): like openat, but what it does not know is an error. */
const openat2 = (kernel: Kernel, task: Task, dirfd: number, address: number, how: number, size: number): number => {
  if (size < OPEN_HOW_SIZE) return -ERRNO.EINVAL;
  if (size > 4096) return -ERRNO.E2BIG;
  for (let at = OPEN_HOW_SIZE; at + 8 <= size; at += 8) {
    if (getUser64(task.mm, how + at) !== 0n) return -ERRNO.E2BIG;
  }
  const givenFlags = getUser64(task.mm, how);
  const mode = getUser64(task.mm, how + 8);
  const givenResolve = getUser64(task.mm, how + 16);
  if (givenFlags & ~BigInt(VALID_OPEN_FLAGS) || givenResolve & ~BigInt(RESOLVE_KNOWN)) return -ERRNO.EINVAL;
  const [flags, resolve] = [Number(givenFlags), Number(givenResolve)];
  if ((resolve & SCOPED) === SCOPED) return -ERRNO.EINVAL;
  const creates = (flags & WILL_CREATE) !== 0;
  if (creates ? mode & ~0o7777n : mode !== 0n) return -ERRNO.EINVAL;
  if (flags & O.PATH && flags & ~PATH_FLAGS) return -ERRNO.EINVAL;
  // What is looked up only in memory must not have to write; here everything else is in memory.
  if (resolve & RESOLVE.CACHED && flags & (WILL_CREATE | O.TRUNC)) return -ERRNO.EAGAIN;
  return openAt(kernel, task, dirfd, address, flags, Number(mode), resolve);
};

const closeRange = (kernel: Kernel, task: Task, first: number, last: number, flags: number): number => {
  if (flags & ~(CLOSE_RANGE.UNSHARE | CLOSE_RANGE.CLOEXEC)) return -ERRNO.EINVAL;
  const from = first >>> 0;
  const to = last >>> 0;
  if (from > to) return -ERRNO.EINVAL;
  if (flags & CLOSE_RANGE.UNSHARE) {
    const shared = [...kernel.tasks.values()].some((other) => other !== task && other.files === task.files);
    if (shared) task.files = dupFiles(task.files);
  }
  for (let fd = from; fd <= to && fd < task.files.entries.length; fd++) {
    const entry = task.files.entries[fd];
    if (entry === undefined) continue;
    if (flags & CLOSE_RANGE.CLOEXEC) entry.closeOnExec = true;
    else closeFile(kernel, task, fd);
  }
  return 0;
};

export const fileOpenSyscalls: readonly SyscallRow[] = [
  syscall(
    2,
    'open',
    [
      ['pathname', arg.path],
      ['flags', arg.openFlags],
      ['mode', arg.openMode],
    ],
    (kernel, task, path, flags, mode) => openAt(kernel, task, AT.FDCWD, path!, flags!, mode!),
  ),
  syscall(3, 'close', [['fd', arg.fd]], (kernel, task, fd) => closeFile(kernel, task, fd!)),
  syscall(
    85,
    'creat',
    [
      ['pathname', arg.path],
      ['mode', arg.mode],
    ],
    (kernel, task, path, mode) => openAt(kernel, task, AT.FDCWD, path!, O.CREAT | O.WRONLY | O.TRUNC, mode!),
  ),
  syscall(
    257,
    'openat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['flags', arg.openFlags],
      ['mode', arg.openMode],
    ],
    openAt,
  ),
  syscall(
    436,
    'close_range',
    [
      ['first', arg.unsigned],
      ['last', arg.unsigned],
      ['flags', arg.closeRangeFlags],
    ],
    closeRange,
  ),
  syscall(
    437,
    'openat2',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['how', arg.pointer],
      ['size', arg.size],
    ],
    openat2,
  ),
];
