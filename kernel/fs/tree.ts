/** Changing the tree of names: the rules that hold on every file system (vfs_mkdir, vfs_unlink, vfs_rename, ...). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { NAME_MAX, RENAME } from '../abi/fcntl.ts';
import { IN } from '../abi/inotify.ts';
import { isDir, isReg, S } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import type { Credentials, Task } from '../task/task.ts';
import { MAY, ownerOrCapable, permitted } from './inode.ts';
import { isSame, nameGone, pathMoved, pathsExchanged } from './moved.ts';
import { isPlainName, type Parent, walkPath, walkToParent } from './namei.ts';
import { joinPath } from './names.ts';
import { notifyGone, notifyInode, notifyMove, notifyName } from './notify.ts';
import { mayCreate, modeIn, ownerIn } from './open.ts';
import type { Inode } from './types.ts';

/** The entry of a name, not looking through mounts. */
const entryOf = (kernel: Kernel, task: Task, directory: Inode, name: string): Inode | number => {
  if (name.length > NAME_MAX) return -ERRNO.ENAMETOOLONG;
  return directory.ops.lookup?.(kernel, task, directory, name) ?? -ERRNO.ENOTDIR;
};

/**
 * The place of something new (filename_create): -EEXIST if the name is taken, -EROFS, -EACCES. Only a directory may be named
 * with a slash at the end.
 */
const placeForNew = (
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: string,
  directory = false,
): { at: Inode; name: string } | number => {
  const parent = walkToParent(kernel, task, dirfd, path);
  if (typeof parent === 'number') return parent;
  if (!isPlainName(parent)) return -ERRNO.EEXIST;
  const at = parent.directory.inode;
  const found = entryOf(kernel, task, at, parent.last);
  if (typeof found !== 'number') return -ERRNO.EEXIST;
  if (found !== -ERRNO.ENOENT || at.ops.noNegative) return found;
  if (parent.trailingSlash && !directory) return -ERRNO.ENOENT;
  if (at.sb.readOnly) return -ERRNO.EROFS;
  const error = mayCreate(task, at);
  return error < 0 ? error : { at, name: parent.last };
};

/** The path of the name that a walk ended before. */
const pathAt = ({ directory, last }: Parent): string => joinPath(directory.path, last);

/** Something new is in a directory: 0, or what went wrong. */
const added = (kernel: Kernel, at: Inode, name: string, made: Inode | number): number => {
  if (typeof made === 'number') return made;
  notifyName(kernel, at, IN.CREATE, name, made);
  return 0;
};

/** mkdir(2). */
export const makeDirectory = (kernel: Kernel, task: Task, dirfd: number, path: string, mode: number): number => {
  const place = placeForNew(kernel, task, dirfd, path, true);
  if (typeof place === 'number') return place;
  const { at, name } = place;
  if (at.ops.create === undefined) return -ERRNO.EPERM;
  const bits = modeIn(task, at, S.IFDIR | (mode & (0o777 | S.ISVTX)));
  return added(kernel, at, name, at.ops.create(kernel, at, name, bits, 0, ownerIn(task, at)));
};

/** mknod(2). Only root makes device nodes. */
export const makeNode = (
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: string,
  mode: number,
  device: number,
): number => {
  const type = mode & S.IFMT || S.IFREG;
  if (type === S.IFDIR) return -ERRNO.EPERM;
  if (![S.IFREG, S.IFCHR, S.IFBLK, S.IFIFO, S.IFSOCK].some((known) => known === type)) return -ERRNO.EINVAL;
  const place = placeForNew(kernel, task, dirfd, path);
  if (typeof place === 'number') return place;
  const { at, name } = place;
  const isDevice = type === S.IFCHR || type === S.IFBLK;
  if (isDevice && !capable(task.cred, CAP.MKNOD)) return -ERRNO.EPERM;
  if (at.ops.create === undefined) return type === S.IFREG ? -ERRNO.EACCES : -ERRNO.EPERM;
  const bits = modeIn(task, at, type | (mode & S.IALLUGO));
  return added(kernel, at, name, at.ops.create(kernel, at, name, bits, isDevice ? device : 0, ownerIn(task, at)));
};

/** symlink(2). */
export const makeSymlink = (kernel: Kernel, task: Task, target: string, dirfd: number, path: string): number => {
  if (target === '') return -ERRNO.ENOENT;
  const place = placeForNew(kernel, task, dirfd, path);
  if (typeof place === 'number') return place;
  const { at, name } = place;
  if (at.ops.symlink === undefined) return -ERRNO.EPERM;
  return added(kernel, at, name, at.ops.symlink(kernel, at, name, target, ownerIn(task, at)));
};

/** Others' files may be linked only by those who may read and write them (sysctl fs.protected_hardlinks, may_linkat). */
const mayLink = (cred: Credentials, inode: Inode): boolean => {
  if (ownerOrCapable(cred, inode)) return true;
  const privileged = (inode.mode & S.ISUID) !== 0 || (inode.mode & (S.ISGID | S.IXGRP)) === (S.ISGID | S.IXGRP);
  return isReg(inode.mode) && !privileged && permitted(cred, inode, MAY.READ | MAY.WRITE);
};

/** link(2). `from` is what the old path led to. */
export const makeLink = (kernel: Kernel, task: Task, from: Inode, dirfd: number, path: string): number => {
  const place = placeForNew(kernel, task, dirfd, path);
  if (typeof place === 'number') return place;
  const { at, name } = place;
  if (from.sb !== at.sb) return -ERRNO.EXDEV;
  if (!mayLink(task.cred, from)) return -ERRNO.EPERM;
  if (at.ops.link === undefined || isDir(from.mode)) return -ERRNO.EPERM;
  if (from.nlink === 0 && !from.linkable) return -ERRNO.ENOENT;
  const linked = at.ops.link(kernel, at, name, from);
  if (linked === 0) {
    from.linkable = false;
    notifyInode(kernel, from, IN.ATTRIB);
    notifyName(kernel, at, IN.CREATE, name, from);
  }
  return linked;
};

/** In a directory with the sticky bit one removes only one's own (check_sticky). */
const sticky = (cred: Credentials, directory: Inode, victim: Inode): boolean =>
  (directory.mode & S.ISVTX) !== 0 && cred.fsuid !== directory.uid && !ownerOrCapable(cred, victim);

/** Whether a name may be taken away (may_delete). 0 or -errno. */
const mayDelete = (task: Task, directory: Inode, victim: Inode, directoryWanted: boolean): number => {
  if (!permitted(task.cred, directory, MAY.WRITE | MAY.EXEC)) return -ERRNO.EACCES;
  if (sticky(task.cred, directory, victim)) return -ERRNO.EPERM;
  if (directoryWanted && !isDir(victim.mode)) return -ERRNO.ENOTDIR;
  if (!directoryWanted && isDir(victim.mode)) return -ERRNO.EISDIR;
  return directory.dead ? -ERRNO.ENOENT : 0;
};

/** unlink(2). */
export const unlinkName = (kernel: Kernel, task: Task, dirfd: number, path: string): number => {
  const parent = walkToParent(kernel, task, dirfd, path);
  if (typeof parent === 'number') return parent;
  if (!isPlainName(parent)) return -ERRNO.EISDIR;
  const directory = parent.directory.inode;
  if (directory.sb.readOnly) return -ERRNO.EROFS;
  const victim = entryOf(kernel, task, directory, parent.last);
  if (typeof victim === 'number') return victim;
  if (parent.trailingSlash) return isDir(victim.mode) ? -ERRNO.EISDIR : -ERRNO.ENOTDIR;
  const error = mayDelete(task, directory, victim, false);
  if (error < 0) return error;
  const removed = directory.ops.unlink?.(kernel, directory, parent.last, victim) ?? -ERRNO.EPERM;
  if (removed === 0) {
    notifyInode(kernel, victim, IN.ATTRIB);
    const unused = nameGone(kernel, pathAt(parent), victim);
    notifyGone(kernel, victim, unused);
    notifyName(kernel, directory, IN.DELETE, parent.last, victim);
  }
  return removed;
};

/** rmdir(2). */
export const removeDirectoryName = (kernel: Kernel, task: Task, dirfd: number, path: string): number => {
  const parent = walkToParent(kernel, task, dirfd, path);
  if (typeof parent === 'number') return parent;
  if (!isPlainName(parent)) {
    return parent.last === '.' ? -ERRNO.EINVAL : parent.last === '..' ? -ERRNO.ENOTEMPTY : -ERRNO.EBUSY;
  }
  const directory = parent.directory.inode;
  if (directory.sb.readOnly) return -ERRNO.EROFS;
  const victim = entryOf(kernel, task, directory, parent.last);
  if (typeof victim === 'number') return victim;
  const error = mayDelete(task, directory, victim, true);
  if (error < 0) return error;
  if (directory.ops.rmdir === undefined) return -ERRNO.EPERM;
  if (victim.mounted !== null) return -ERRNO.EBUSY;
  const removed = directory.ops.rmdir(kernel, directory, parent.last, victim);
  if (removed === 0) {
    nameGone(kernel, pathAt(parent), victim);
    notifyGone(kernel, victim);
    notifyName(kernel, directory, IN.DELETE, parent.last, victim);
  }
  return removed;
};

/** Whether `above` is `inode` or a directory that it is in. */
const contains = (above: Inode, inode: Inode): boolean => {
  for (let at: Inode | null = inode; at !== null; at = at.parent === at ? null : at.parent)
    if (at === above) return true;
  return false;
};

const splitRename = (
  kernel: Kernel,
  task: Task,
  from: readonly [dirfd: number, path: string],
  to: readonly [dirfd: number, path: string],
  flags: number,
): [Parent, Parent] | number => {
  const source = walkToParent(kernel, task, ...from);
  if (typeof source === 'number') return source;
  const target = walkToParent(kernel, task, ...to);
  if (typeof target === 'number') return target;
  if (source.directory.inode.sb !== target.directory.inode.sb) return -ERRNO.EXDEV;
  if (!isPlainName(source)) return -ERRNO.EBUSY;
  if (!isPlainName(target)) return flags & RENAME.NOREPLACE ? -ERRNO.EEXIST : -ERRNO.EBUSY;
  return source.directory.inode.sb.readOnly ? -ERRNO.EROFS : [source, target];
};

/** renameat2(2) without RENAME_WHITEOUT. */
export const renameName = (
  kernel: Kernel,
  task: Task,
  from: readonly [dirfd: number, path: string],
  to: readonly [dirfd: number, path: string],
  flags: number,
): number => {
  const parents = splitRename(kernel, task, from, to, flags);
  if (typeof parents === 'number') return parents;
  const [source, target] = parents;
  const oldDirectory = source.directory.inode;
  const newDirectory = target.directory.inode;
  const exchange = (flags & RENAME.EXCHANGE) !== 0;
  const moved = entryOf(kernel, task, oldDirectory, source.last);
  if (typeof moved === 'number') return moved;
  const found = entryOf(kernel, task, newDirectory, target.last);
  if (typeof found === 'number' && (found !== -ERRNO.ENOENT || newDirectory.ops.noNegative)) return found;
  const replaced = typeof found === 'number' ? null : found;
  if (flags & RENAME.NOREPLACE && replaced !== null) return -ERRNO.EEXIST;
  if (exchange) {
    if (replaced === null) return -ERRNO.ENOENT;
    if (!isDir(replaced.mode) && target.trailingSlash) return -ERRNO.ENOTDIR;
  }
  const movesDirectory = isDir(moved.mode);
  if (!movesDirectory) {
    if (source.trailingSlash || (!exchange && target.trailingSlash)) return -ERRNO.ENOTDIR;
  } else if (contains(moved, newDirectory)) {
    return -ERRNO.EINVAL;
  }
  if (replaced !== null && isDir(replaced.mode) && contains(replaced, oldDirectory)) {
    return exchange ? -ERRNO.EINVAL : -ERRNO.ENOTEMPTY;
  }
  if (replaced !== null && isSame(moved, replaced)) return 0;
  let error = mayDelete(task, oldDirectory, moved, movesDirectory);
  if (error === 0) {
    if (replaced === null) error = mayCreate(task, newDirectory);
    else error = mayDelete(task, newDirectory, replaced, exchange ? isDir(replaced.mode) : movesDirectory);
  }
  if (error < 0) return error;
  if (oldDirectory.ops.rename === undefined) return -ERRNO.EPERM;
  // A directory that gets another parent has its `..` written.
  if (oldDirectory !== newDirectory) {
    if (movesDirectory && !permitted(task.cred, moved, MAY.WRITE)) return -ERRNO.EACCES;
    if (exchange && isDir(replaced!.mode) && !permitted(task.cred, replaced!, MAY.WRITE)) return -ERRNO.EACCES;
  }
  if (moved.mounted !== null || replaced?.mounted != null) return -ERRNO.EBUSY;
  const renamed = oldDirectory.ops.rename(kernel, oldDirectory, source.last, newDirectory, target.last, exchange);
  if (renamed === 0) {
    if (exchange) {
      pathsExchanged(kernel, pathAt(source), moved, pathAt(target), replaced!);
    } else {
      if (replaced !== null) nameGone(kernel, pathAt(target), replaced);
      pathMoved(kernel, pathAt(source), pathAt(target), moved);
    }
    const before = { directory: oldDirectory, name: source.last };
    const after = { directory: newDirectory, name: target.last };
    notifyMove(kernel, moved, before, after, exchange ? null : replaced);
    if (exchange) notifyMove(kernel, replaced!, after, before, null);
    else if (replaced !== null) notifyGone(kernel, replaced);
  }
  return renamed;
};

/** Text of a symbolic link; an empty path is `dirfd` itself, opened with O_PATH. */
export const readLink = (kernel: Kernel, task: Task, dirfd: number, path: string): string | number => {
  const at = walkPath(kernel, task, dirfd, path, { follow: false, empty: true });
  if (typeof at === 'number') return at;
  const { inode } = at;
  if ((inode.mode & S.IFMT) !== S.IFLNK) return path === '' ? -ERRNO.ENOENT : -ERRNO.EINVAL;
  return inode.ops.readlink?.(kernel, task, inode) ?? -ERRNO.EINVAL;
};
