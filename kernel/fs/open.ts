/** Opening by path (do_filp_open): creation, truncation, permissions, O_PATH, O_TMPFILE. */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { MAXSYMLINKS, O } from '../abi/fcntl.ts';
import { IN } from '../abi/inotify.ts';
import { isBlk, isChr, isDir, isFifo, isLnk, isReg, S } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { isExecuting } from '../mm/exe.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED } from '../task/wait.ts';
import { inGroup, MAY, newOpenFile, ownerOrCapable, permitted, releaseFile } from './inode.ts';
import { breakLeases } from './leases.ts';
import {
  isPlainName,
  linkTarget,
  type Parent,
  stepToName,
  type WalkOptions,
  walkLast,
  walkParent,
  walkPath,
  walkToParent,
} from './namei.ts';
import { joinPath } from './names.ts';
import { notifyName, notifyPath } from './notify.ts';
import { fifoState } from './pipe.ts';
import type { FileOperations, Inode, Location, OpenFile, Owner } from './types.ts';

/** Flags that open(2) knows and openat2(2) insists on; open ignores others (VALID_OPEN_FLAGS). */
export const VALID_OPEN_FLAGS =
  O.ACCMODE |
  O.CREAT |
  O.EXCL |
  O.NOCTTY |
  O.TRUNC |
  O.APPEND |
  O.NONBLOCK |
  O.SYNC |
  O.ASYNC |
  O.DIRECT |
  O.LARGEFILE |
  O.DIRECTORY |
  O.NOFOLLOW |
  O.NOATIME |
  O.CLOEXEC |
  O.PATH |
  O.TMPFILE;

/** Those that mean something with O_PATH (O_PATH_FLAGS). */
export const PATH_FLAGS = O.DIRECTORY | O.NOFOLLOW | O.PATH | O.CLOEXEC;

/** Flags that stay with the open file; the rest are for opening only. */
const KEPT = ~(O.CREAT | O.EXCL | O.NOCTTY | O.TRUNC | O.CLOEXEC);

/** Descriptor of a place that gives no access to its contents (O_PATH). */
const pathFile: FileOperations = Object.freeze<FileOperations>({ kind: 'path', release: releaseFile });

export const isPathFile = (file: OpenFile): boolean => (file.flags & O.PATH) !== 0;

/** Owner, and permission bits, of something new in a directory (inode_init_owner). */
export const ownerIn = (task: Task, directory: Inode): Owner => ({
  uid: task.cred.fsuid,
  gid: directory.mode & S.ISGID ? directory.gid : task.cred.fsgid,
});

export const modeIn = (task: Task, directory: Inode, mode: number): number => {
  const masked = mode & ~task.fs.umask;
  if (!(directory.mode & S.ISGID)) return masked;
  if (isDir(mode)) return masked | S.ISGID;
  const keepsGroup = inGroup(task.cred, directory.gid) || capable(task.cred, CAP.FSETID);
  return (masked & (S.ISGID | S.IXGRP)) === (S.ISGID | S.IXGRP) && !keepsGroup ? masked & ~S.ISGID : masked;
};

/** Whether an entry may be added to a directory. 0 or -errno. */
export const mayCreate = (task: Task, directory: Inode): number => {
  if (directory.dead) return -ERRNO.ENOENT;
  return permitted(task.cred, directory, MAY.WRITE | MAY.EXEC) ? 0 : -ERRNO.EACCES;
};

/** Checks flags as build_open_flags does, and completes them. -EINVAL. */
const normaliseFlags = (given: number): number => {
  // O_PATH beats everything else.
  const flags = given & VALID_OPEN_FLAGS & (given & O.PATH ? PATH_FLAGS : -1);
  if (flags & O.TMPFILE) {
    if (!(flags & O.DIRECTORY) || flags & O.CREAT) return -ERRNO.EINVAL;
    if ((flags & O.ACCMODE) === O.RDONLY) return -ERRNO.EINVAL;
  } else if ((flags & (O.CREAT | O.DIRECTORY)) === (O.CREAT | O.DIRECTORY)) {
    return -ERRNO.EINVAL;
  }
  return flags;
};

/** What the access mode asks of the inode; mode 3 asks for both. */
const accessOf = (flags: number): number => {
  const mode = flags & O.ACCMODE;
  const may = mode === O.RDONLY ? MAY.READ : mode === O.WRONLY ? MAY.WRITE : MAY.READ | MAY.WRITE;
  return flags & O.TRUNC ? may | MAY.WRITE : may;
};

/** may_open: whether what was found may be opened this way. 0 or -errno. */
const mayOpen = (task: Task, inode: Inode, flags: number): number => {
  const may = accessOf(flags);
  if (isLnk(inode.mode)) return -ERRNO.ELOOP;
  if (isDir(inode.mode) && may & MAY.WRITE) return -ERRNO.EISDIR;
  if (may & MAY.WRITE && inode.immutable) return -ERRNO.EPERM;
  if (!permitted(task.cred, inode, may)) return -ERRNO.EACCES;
  const special = isChr(inode.mode) || isBlk(inode.mode) || isFifo(inode.mode);
  if (may & MAY.WRITE && inode.sb.readOnly && !special) return -ERRNO.EROFS;
  return flags & O.NOATIME && !ownerOrCapable(task.cred, inode) ? -ERRNO.EPERM : 0;
};

/** Opens an inode at a place; permissions were checked. BLOCKED for a FIFO without its other end. */
export const openInode = (kernel: Kernel, task: Task, at: Location, flags: number): OpenFile | number => {
  const { inode } = at;
  if (flags & O.PATH) return newOpenFile(pathFile, inode, at.path, flags & KEPT);
  if (inode.locks !== null && isReg(inode.mode)) {
    const error = breakLeases(kernel, task, inode, flags);
    if (error !== 0) return error;
  }
  const ops = inode.ops.open(kernel, task, inode, flags);
  if (ops === BLOCKED) task.wait!.data.fifo.path = at.path;
  if (typeof ops === 'number') return ops;
  // What is written in packets is a pipe of pipe2(2), which has no name.
  if (flags & O.DIRECT && ops.kind !== 'file') {
    releaseUnopened(kernel, ops, at, flags);
    return -ERRNO.EINVAL;
  }
  const state = isFifo(inode.mode) && inode.pipe !== null ? fifoState(inode, flags) : null;
  const file = newOpenFile(ops, inode, at.path, (flags & KEPT) | O.LARGEFILE, state);
  const error = ops.opened?.(kernel, task, file, flags) ?? 0;
  if (error === 0) return file;
  releaseFile(kernel, file);
  return error;
};

const releaseUnopened = (kernel: Kernel, ops: FileOperations, at: Location, flags: number): void =>
  ops.release?.(kernel, newOpenFile(ops, at.inode, at.path, flags));

/** Checks and opens what a walk found (do_open). `created` is new and needs no permission. */
const openFound = (kernel: Kernel, task: Task, at: Location, flags: number, created: boolean): OpenFile | number => {
  const { inode } = at;
  if (flags & O.CREAT && !created) {
    if (flags & O.EXCL) return -ERRNO.EEXIST;
    if (isDir(inode.mode)) return -ERRNO.EISDIR;
  }
  if (flags & O.DIRECTORY && !isDir(inode.mode)) return -ERRNO.ENOTDIR;
  if (!(flags & O.PATH)) {
    const error = created ? 0 : mayOpen(task, inode, flags);
    if (error < 0) return error;
    if (accessOf(flags) & MAY.WRITE && isReg(inode.mode) && isExecuting(kernel, inode)) return -ERRNO.ETXTBSY;
  }
  const file = openInode(kernel, task, at, flags);
  if (typeof file === 'number') return file;
  if (!(flags & O.PATH)) notifyPath(kernel, at, IN.OPEN);
  if (flags & O.TRUNC && !created && isReg(inode.mode)) {
    const error = inode.ops.truncate?.(kernel, inode, 0) ?? -ERRNO.EINVAL;
    if (error < 0) {
      file.ops.release?.(kernel, file);
      return error;
    }
    notifyPath(kernel, at, IN.MODIFY);
  }
  return file;
};

/** A file without a name in the directory that was found (do_tmpfile). */
const openTmpfile = (kernel: Kernel, task: Task, at: Location, flags: number, mode: number): OpenFile | number => {
  const directory = at.inode;
  if (!isDir(directory.mode)) return -ERRNO.ENOTDIR;
  if (directory.sb.readOnly) return -ERRNO.EROFS;
  const error = mayCreate(task, directory);
  if (error < 0) return error;
  if (directory.ops.tmpfile === undefined) return -ERRNO.EOPNOTSUPP;
  const permissions = modeIn(task, directory, S.IFREG | (mode & S.IALLUGO));
  const inode = directory.ops.tmpfile(kernel, directory, permissions, ownerIn(task, directory));
  if (typeof inode === 'number') return inode;
  if (flags & O.EXCL) inode.linkable = false;
  return openInode(kernel, task, { inode, path: joinPath(at.path, `#${inode.ino} (deleted)`) }, flags);
};

/** The last component with O_CREAT (lookup_open): follows links to what they name, existing or not. */
const openCreating = (kernel: Kernel, task: Task, first: Parent, flags: number, mode: number): OpenFile | number => {
  let parent = first;
  for (;;) {
    const { directory, last, bounds } = parent;
    if (!isPlainName(parent)) {
      return flags & O.EXCL ? -ERRNO.EEXIST : -ERRNO.EISDIR;
    }
    if (parent.trailingSlash) return -ERRNO.EISDIR;
    const found = stepToName(kernel, task, directory, last, bounds);
    if (typeof found !== 'number') {
      if (!isLnk(found.inode.mode) || flags & (O.EXCL | O.NOFOLLOW))
        return openFound(kernel, task, found, flags, false);
      if (parent.links >= MAXSYMLINKS) return -ERRNO.ELOOP;
      const target = linkTarget(kernel, task, directory, found.inode, bounds);
      if (typeof target === 'number') return target;
      if (typeof target !== 'string') return openFound(kernel, task, target, flags, false);
      const next = walkParent(kernel, task, directory, target, parent.links + 1, bounds);
      if (typeof next === 'number') return next;
      parent = next;
      continue;
    }
    if (found !== -ERRNO.ENOENT || directory.inode.ops.noNegative) return found;
    if (directory.inode.sb.readOnly) return -ERRNO.EROFS;
    const error = mayCreate(task, directory.inode);
    if (error < 0) return error;
    if (directory.inode.ops.create === undefined) return -ERRNO.EACCES;
    const permissions = modeIn(task, directory.inode, S.IFREG | (mode & S.IALLUGO));
    const owner = ownerIn(task, directory.inode);
    const created = directory.inode.ops.create(kernel, directory.inode, last, permissions, 0, owner);
    if (typeof created === 'number') return created;
    notifyName(kernel, directory.inode, IN.CREATE, last, created);
    return openFound(kernel, task, { inode: created, path: joinPath(directory.path, last) }, flags, true);
  }
};

/**
 * Opens a path relative to `dirfd`: an open file with one reference, -errno, or BLOCKED while a FIFO waits for its other end
 * (call again; the inode it waits on is in `task.wait`). `resolve` is openat2's.
 */
export const openPath = (
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: string,
  givenFlags: number,
  mode = 0,
  resolve = 0,
): OpenFile | number => {
  const flags = normaliseFlags(givenFlags);
  if (flags < 0) return flags;
  const waiting = task.wait?.data?.fifo as Location | undefined;
  if (waiting !== undefined) {
    const file = openInode(kernel, task, waiting, flags);
    if (typeof file !== 'number') notifyPath(kernel, waiting, IN.OPEN);
    return file;
  }
  const parent = walkToParent(kernel, task, dirfd, path, resolve);
  if (typeof parent === 'number') return parent;
  if (flags & O.CREAT) return openCreating(kernel, task, parent, flags, mode);
  const found = walkLast(kernel, task, parent, !(flags & O.NOFOLLOW));
  if (typeof found === 'number') return found;
  if (flags & O.TMPFILE) return openTmpfile(kernel, task, found, flags, mode);
  return openFound(kernel, task, found, flags, false);
};

/**
 * Opens a program for execve(2) (do_open_execat): a regular file that may be executed. -EACCES otherwise. An empty path is
 * `dirfd` itself if `empty`.
 */
export const openExecutable = (
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: string,
  options: WalkOptions = {},
): OpenFile | number => {
  const found = walkPath(kernel, task, dirfd, path, options);
  if (typeof found === 'number') return found;
  const { inode } = found;
  if (isLnk(inode.mode)) return -ERRNO.ELOOP;
  if (!isReg(inode.mode) || !permitted(task.cred, inode, MAY.EXEC)) return -ERRNO.EACCES;
  return openInode(kernel, task, found, O.RDONLY);
};
