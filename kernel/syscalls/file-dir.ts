/** Directories and names: getdents(2), getcwd(2), chdir(2), mkdir(2), unlink(2), rename(2), link(2), symlink(2), ... */

import { CAP } from '../abi/capability.ts';
import { DIRENT_NAME, DIRENT64_NAME } from '../abi/dirent.ts';
import { ERRNO } from '../abi/errno.ts';
import { AT, PATH_MAX, RENAME } from '../abi/fcntl.ts';
import { IN } from '../abi/inotify.ts';
import { isDir } from '../abi/stat.ts';
import { getFile } from '../fs/descriptors.ts';
import { directoryEntries } from '../fs/directory.ts';
import { MAY, permitted } from '../fs/inode.ts';
import { pathOf, walkPath } from '../fs/namei.ts';
import { toBytes } from '../fs/names.ts';
import { notifyFile } from '../fs/notify.ts';
import {
  makeDirectory,
  makeLink,
  makeNode,
  makeSymlink,
  readLink,
  removeDirectoryName,
  renameName,
  unlinkName,
} from '../fs/tree.ts';
import type { DirectoryEntry, Location } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { copyToUser, UserFault } from '../mm/user.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { userPath, withPath, withPaths } from './path.ts';
import { type SyscallRow, syscall } from './row.ts';

/** One record of getdents64(2), or of getdents(2) with the type in its last byte. */
const record = (entry: DirectoryEntry, next: number, old: boolean): Uint8Array => {
  const name = old ? DIRENT_NAME : DIRENT64_NAME;
  const length = Math.ceil((name + entry.name.length + (old ? 2 : 1)) / 8) * 8;
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(entry.ino), true);
  view.setBigInt64(8, BigInt(next), true);
  view.setUint16(16, length, true);
  bytes[old ? length - 1 : 18] = entry.type;
  bytes.set(toBytes(entry.name), name);
  return bytes;
};

const getdents = (kernel: Kernel, task: Task, fd: number, address: number, count: number, old: boolean): number => {
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (!isDir(file.inode.mode)) return -ERRNO.ENOTDIR;
  const entries = directoryEntries(kernel, task, file);
  if (typeof entries === 'number') return entries;
  let done = 0;
  for (;;) {
    const entry = entries[file.position];
    if (entry === undefined) {
      notifyFile(kernel, file, IN.ACCESS);
      return done;
    }
    const bytes = record(entry, file.position + 1, old);
    if (done + bytes.length > count) {
      notifyFile(kernel, file, IN.ACCESS);
      return done > 0 ? done : -ERRNO.EINVAL;
    }
    try {
      copyToUser(task.mm, address + done, bytes);
    } catch (error) {
      if (error instanceof UserFault && done > 0) return done;
      throw error;
    }
    done += bytes.length;
    file.position++;
  }
};

const getcwd = (_kernel: Kernel, task: Task, address: number, size: number): number => {
  const found = pathOf(task.fs.cwd.inode, task.fs.root.inode);
  if (found === null) return -ERRNO.ENOENT;
  const text = `${found.reachable ? '' : '(unreachable)'}${found.path}\0`;
  if (text.length > PATH_MAX) return -ERRNO.ENAMETOOLONG;
  if (text.length > size) return -ERRNO.ERANGE;
  copyToUser(task.mm, address, toBytes(text));
  return text.length;
};

/** A directory that may be entered. */
const enter = (task: Task, at: Location | number): Location | number => {
  if (typeof at === 'number') return at;
  if (!isDir(at.inode.mode)) return -ERRNO.ENOTDIR;
  return permitted(task.cred, at.inode, MAY.EXEC) ? at : -ERRNO.EACCES;
};

const chdir = (kernel: Kernel, task: Task, path: number): number =>
  withPath(task, path, (text) => {
    const at = enter(task, walkPath(kernel, task, AT.FDCWD, text));
    if (typeof at === 'number') return at;
    task.fs.cwd = at;
    return 0;
  });

const fchdir = (_kernel: Kernel, task: Task, fd: number): number => {
  const file = getFile(task, fd, true);
  if (file === undefined) return -ERRNO.EBADF;
  const at = enter(task, { inode: file.inode, path: file.path });
  if (typeof at === 'number') return at;
  task.fs.cwd = at;
  return 0;
};

const chroot = (kernel: Kernel, task: Task, path: number): number =>
  withPath(task, path, (text) => {
    const at = enter(task, walkPath(kernel, task, AT.FDCWD, text));
    if (typeof at === 'number') return at;
    if (!capable(task.cred, CAP.SYS_CHROOT)) return -ERRNO.EPERM;
    task.fs.root = at;
    return 0;
  });

const unlinkAt = (kernel: Kernel, task: Task, dirfd: number, path: number, flags: number): number => {
  if (flags & ~AT.REMOVEDIR) return -ERRNO.EINVAL;
  const remove = flags & AT.REMOVEDIR ? removeDirectoryName : unlinkName;
  return withPath(task, path, (text) => remove(kernel, task, dirfd, text));
};

const renameAt = (
  kernel: Kernel,
  task: Task,
  oldFd: number,
  oldPath: number,
  newFd: number,
  newPath: number,
  flags: number,
): number => {
  if (flags & ~(RENAME.NOREPLACE | RENAME.EXCHANGE | RENAME.WHITEOUT)) return -ERRNO.EINVAL;
  if (flags & RENAME.EXCHANGE && flags & (RENAME.NOREPLACE | RENAME.WHITEOUT)) return -ERRNO.EINVAL;
  if (flags & RENAME.WHITEOUT) return -ERRNO.EINVAL;
  return withPaths(task, oldPath, newPath, (from, to) => renameName(kernel, task, [oldFd, from], [newFd, to], flags));
};

const linkAt = (
  kernel: Kernel,
  task: Task,
  oldFd: number,
  oldPath: number,
  newFd: number,
  newPath: number,
  flags: number,
): number => {
  if (flags & ~(AT.SYMLINK_FOLLOW | AT.EMPTY_PATH)) return -ERRNO.EINVAL;
  return withPaths(task, oldPath, newPath, (from, to) => {
    // A descriptor alone is enough only for those who may read everything (CAP_DAC_READ_SEARCH).
    const empty = (flags & AT.EMPTY_PATH) !== 0;
    if (empty && from === '' && !capable(task.cred, CAP.DAC_READ_SEARCH)) return -ERRNO.ENOENT;
    const at = walkPath(kernel, task, oldFd, from, { follow: (flags & AT.SYMLINK_FOLLOW) !== 0, empty });
    return typeof at === 'number' ? at : makeLink(kernel, task, at.inode, newFd, to);
  });
};

const symlinkAt = (kernel: Kernel, task: Task, target: number, dirfd: number, path: number): number =>
  withPaths(task, target, path, (text, at) => makeSymlink(kernel, task, text, dirfd, at));

const readlinkAt = (kernel: Kernel, task: Task, dirfd: number, path: number, address: number, size: number): number => {
  if (size <= 0) return -ERRNO.EINVAL;
  const text = userPath(task, path);
  if (typeof text === 'number') return text;
  if (text === '' && dirfd === AT.FDCWD) return -ERRNO.ENOENT;
  const target = readLink(kernel, task, dirfd, text);
  if (typeof target === 'number') return target;
  const bytes = toBytes(target.slice(0, size));
  copyToUser(task.mm, address, bytes);
  return bytes.length;
};

const mkdirAt = (kernel: Kernel, task: Task, dirfd: number, path: number, mode: number): number =>
  withPath(task, path, (text) => makeDirectory(kernel, task, dirfd, text, mode));

const mknodAt = (kernel: Kernel, task: Task, dirfd: number, path: number, mode: number, device: number): number =>
  withPath(task, path, (text) => makeNode(kernel, task, dirfd, text, mode, device));

const NEW_OLD = [
  ['oldpath', arg.path],
  ['newpath', arg.path],
] as const;
const NEW_OLD_AT = [
  ['olddirfd', arg.dirfd],
  ['oldpath', arg.path],
  ['newdirfd', arg.dirfd],
  ['newpath', arg.path],
] as const;

export const fileDirSyscalls: readonly SyscallRow[] = [
  syscall(
    78,
    'getdents',
    [
      ['fd', arg.fd],
      ['dirp', arg.dirents],
      ['count', arg.unsigned],
    ],
    (kernel, task, fd, address, count) => getdents(kernel, task, fd!, address!, count! >>> 0, true),
  ),
  syscall(
    79,
    'getcwd',
    [
      ['buf', arg.outString],
      ['size', arg.size],
    ],
    getcwd,
  ),
  syscall(80, 'chdir', [['path', arg.path]], chdir),
  syscall(81, 'fchdir', [['fd', arg.fd]], fchdir),
  syscall(82, 'rename', NEW_OLD, (kernel, task, from, to) => renameAt(kernel, task, AT.FDCWD, from!, AT.FDCWD, to!, 0)),
  syscall(
    83,
    'mkdir',
    [
      ['pathname', arg.path],
      ['mode', arg.mode],
    ],
    (kernel, task, path, mode) => mkdirAt(kernel, task, AT.FDCWD, path!, mode!),
  ),
  syscall(84, 'rmdir', [['pathname', arg.path]], (kernel, task, path) =>
    unlinkAt(kernel, task, AT.FDCWD, path!, AT.REMOVEDIR),
  ),
  syscall(86, 'link', NEW_OLD, (kernel, task, from, to) => linkAt(kernel, task, AT.FDCWD, from!, AT.FDCWD, to!, 0)),
  syscall(87, 'unlink', [['pathname', arg.path]], (kernel, task, path) => unlinkAt(kernel, task, AT.FDCWD, path!, 0)),
  syscall(
    88,
    'symlink',
    [
      ['target', arg.path],
      ['linkpath', arg.path],
    ],
    (kernel, task, target, path) => symlinkAt(kernel, task, target!, AT.FDCWD, path!),
  ),
  syscall(
    89,
    'readlink',
    [
      ['pathname', arg.path],
      ['buf', arg.outPath],
      ['bufsiz', arg.int],
    ],
    (kernel, task, path, address, size) => readlinkAt(kernel, task, AT.FDCWD, path!, address!, size!),
  ),
  syscall(
    133,
    'mknod',
    [
      ['pathname', arg.path],
      ['mode', arg.fileMode],
      ['dev', arg.device],
    ],
    (kernel, task, path, mode, device) => mknodAt(kernel, task, AT.FDCWD, path!, mode!, device! >>> 0),
  ),
  syscall(161, 'chroot', [['path', arg.path]], chroot),
  syscall(
    217,
    'getdents64',
    [
      ['fd', arg.fd],
      ['dirp', arg.dirents],
      ['count', arg.unsigned],
    ],
    (kernel, task, fd, address, count) => getdents(kernel, task, fd!, address!, count! >>> 0, false),
  ),
  syscall(
    258,
    'mkdirat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['mode', arg.mode],
    ],
    mkdirAt,
  ),
  syscall(
    259,
    'mknodat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['mode', arg.fileMode],
      ['dev', arg.device],
    ],
    (kernel, task, dirfd, path, mode, device) => mknodAt(kernel, task, dirfd!, path!, mode!, device! >>> 0),
  ),
  syscall(
    263,
    'unlinkat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['flags', arg.atFlags],
    ],
    unlinkAt,
  ),
  syscall(264, 'renameat', NEW_OLD_AT, (kernel, task, oldFd, from, newFd, to) =>
    renameAt(kernel, task, oldFd!, from!, newFd!, to!, 0),
  ),
  syscall(265, 'linkat', [...NEW_OLD_AT, ['flags', arg.atFlags]], linkAt),
  syscall(
    266,
    'symlinkat',
    [
      ['target', arg.path],
      ['newdirfd', arg.dirfd],
      ['linkpath', arg.path],
    ],
    symlinkAt,
  ),
  syscall(
    267,
    'readlinkat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['buf', arg.outPath],
      ['bufsiz', arg.int],
    ],
    readlinkAt,
  ),
  syscall(
    316,
    'renameat2',
    [...NEW_OLD_AT, ['flags', arg.renameFlags]],
    renameAt,
    'RENAME_WHITEOUT is refused with EINVAL',
  ),
];
