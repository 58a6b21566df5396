/**
 * What inodes of all file systems share: making them, times, permissions, being held open.
 */
import { CAP } from '../abi/capability.ts';
import { O } from '../abi/fcntl.ts';
import { IN } from '../abi/inotify.ts';
import { makedev, S } from '../abi/stat.ts';
import type { HostFiles } from '../host.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import type { Credentials, Task } from '../task/task.ts';
import { forgetWatched } from './epoll-items.ts';
import { releaseFileLocks, releaseLease } from './locks.ts';
import { notifyFile, notifyGone } from './notify.ts';
import type { AttributeChange, Inode, InodeOperations, OpenFile, SuperBlock } from './types.ts';

/** A file system that is not yet mounted, with an anonymous device number (get_anon_bdev). */
export const newSuperBlock = (
  numbers: { lastDev: number; lastMount: number },
  options: { type: string; magic: number; source?: string; readOnly?: boolean; files?: HostFiles | null },
): SuperBlock => ({
  type: options.type,
  magic: options.magic,
  dev: makedev(0, ++numbers.lastDev),
  mountId: ++numbers.lastMount,
  readOnly: options.readOnly ?? false,
  source: options.source ?? options.type,
  nextIno: 1,
  files: options.files ?? null,
  cached: 0,
  sweepAt: LEAST_SWEPT,
});

/** So many looked-up inodes are never too many. */
const LEAST_SWEPT = 32_768;

/**
 * Counts one more inode that was looked up. When there are many, `drop` lets go of unused ones first; what is left is not
 * looked through again until it has doubled.
 */
export const countCached = (sb: SuperBlock, drop: () => void): void => {
  if (sb.cached >= sb.sweepAt) {
    drop();
    sb.sweepAt = Math.max(LEAST_SWEPT, sb.cached * 2);
  }
  sb.cached++;
};

/** The common part of an inode; now is all its times. Directories come with two links. */
export const newInode = (
  kernel: Kernel,
  sb: SuperBlock,
  ops: InodeOperations,
  mode: number,
  owner: { uid: number; gid: number } = { uid: 0, gid: 0 },
): Inode => {
  const now = kernel.coarseRealtime();
  return {
    ops,
    sb,
    ino: sb.nextIno++,
    dev: sb.dev,
    mode,
    nlink: (mode & S.IFMT) === S.IFDIR ? 2 : 1,
    uid: owner.uid,
    gid: owner.gid,
    rdev: 0,
    size: 0,
    atime: now,
    mtime: now,
    ctime: now,
    btime: now,
    parent: null,
    name: '',
    mounted: null,
    opens: 0,
    readers: 0,
    writers: 0,
    dead: false,
    pipe: null,
    locks: null,
  };
};

/**
 * Adds the fields of one kind of file system. Not by spreading both into a new object, which V8 makes a hash table: 40 times
 * slower to make and four times as large.
 */
export const extendInode = <T extends object>(inode: Inode, fields: T): Inode & T => Object.assign(inode, fields);

/** What a permission is asked for (MAY_*). */
export const MAY = { EXEC: 1, WRITE: 2, READ: 4 } as const;

export const inGroup = (cred: Credentials, gid: number): boolean => cred.fsgid === gid || cred.groups.includes(gid);

/** Whether `cred` may do all of `may` (generic_permission). */
export const permitted = (cred: Credentials, inode: Inode, may: number): boolean => {
  const { mode } = inode;
  const shift = cred.fsuid === inode.uid ? 6 : inGroup(cred, inode.gid) ? 3 : 0;
  if ((may & ~(mode >> shift) & 7) === 0) return true;
  if (inode.grants === cred) return true;
  const directory = (mode & S.IFMT) === S.IFDIR;
  const reads = directory ? (may & MAY.WRITE) === 0 : may === MAY.READ;
  if (reads && capable(cred, CAP.DAC_READ_SEARCH)) return true;
  return ((may & MAY.EXEC) === 0 || directory || (mode & 0o111) !== 0) && capable(cred, CAP.DAC_OVERRIDE);
};

/** Owner of the inode, or with CAP_FOWNER (inode_owner_or_capable). */
export const ownerOrCapable = (cred: Credentials, inode: Inode): boolean =>
  cred.fsuid === inode.uid || capable(cred, CAP.FOWNER);

/** The data changed: mtime and ctime are now. */
export const touchModified = (kernel: Kernel, inode: Inode): void => {
  inode.mtime = inode.ctime = kernel.coarseRealtime();
};

export const touchChanged = (kernel: Kernel, inode: Inode): void => {
  inode.ctime = kernel.coarseRealtime();
};

const DAY = 86_400_000_000_000n;

/** The data was read: atime as the mount option relatime keeps it (relatime_need_update). */
export const touchAccessed = (kernel: Kernel, inode: Inode): void => {
  const now = kernel.coarseRealtime();
  if (inode.atime <= inode.mtime || inode.atime <= inode.ctime || now - inode.atime >= DAY) inode.atime = now;
};

/** Sets attributes of an inode that lives in memory. */
export const setAttributes = (kernel: Kernel, inode: Inode, change: AttributeChange): number => {
  if (change.mode !== undefined) inode.mode = (inode.mode & S.IFMT) | (change.mode & S.IALLUGO);
  if (change.uid !== undefined) inode.uid = change.uid;
  if (change.gid !== undefined) inode.gid = change.gid;
  if (change.atime !== undefined) inode.atime = change.atime;
  if (change.mtime !== undefined) inode.mtime = change.mtime;
  touchChanged(kernel, inode);
  return 0;
};

/**
 * A write or chown takes set-user-ID and set-group-ID away (file_remove_privs), unless with CAP_FSETID.
 */
export const removePrivileges = (kernel: Kernel, task: Task, inode: Inode): void => {
  if ((inode.mode & (S.ISUID | S.ISGID)) === 0 || capable(task.cred, CAP.FSETID)) return;
  const executableGroup = (inode.mode & (S.ISGID | S.IXGRP)) === (S.ISGID | S.IXGRP);
  const mode = inode.mode & ~S.ISUID & (executableGroup ? ~S.ISGID : -1) & S.IALLUGO;
  inode.ops.setAttributes?.(kernel, inode, { mode });
};

/** One open file more or less, of those that give access. */
const countAccess = (file: OpenFile, by: number): void => {
  if (file.flags & O.PATH) return;
  if (isWritable(file)) file.inode.writers += by;
  else if (isReadable(file)) file.inode.readers += by;
};

/** Access mode 3 gives neither (FMODE_READ, FMODE_WRITE). */
export const isReadable = (file: OpenFile): boolean => {
  const mode = file.flags & O.ACCMODE;
  return mode === O.RDONLY || mode === O.RDWR;
};

export const isWritable = (file: OpenFile): boolean => {
  const mode = file.flags & O.ACCMODE;
  return mode === O.WRONLY || mode === O.RDWR;
};

/** An open file with one reference. */
export const newOpenFile = (
  ops: OpenFile['ops'],
  inode: Inode,
  path: string,
  flags: number,
  state: unknown = null,
): OpenFile => {
  const file: OpenFile = { ops, inode, path, flags, position: 0, refs: 1, state };
  inode.opens++;
  countAccess(file, 1);
  return file;
};

/** What every kind of file does when its last reference goes. */
export const releaseFile = (kernel: Kernel, file: OpenFile): void => {
  const { inode } = file;
  if (inode.locks !== null) {
    releaseFileLocks(kernel, file);
    releaseLease(kernel, file);
  }
  countAccess(file, -1);
  if (--inode.opens === 0) inode.ops.lastClose?.(kernel, inode);
};

/** One holder of an open file less (fput). */
export const fput = (kernel: Kernel, file: OpenFile): void => {
  if (--file.refs > 0) return;
  if (file.refs < 0) throw new Error(`${file.path} was closed more often than opened`);
  if (file.watched !== undefined) forgetWatched(file);
  if (!(file.flags & O.PATH)) notifyFile(kernel, file, isWritable(file) ? IN.CLOSE_WRITE : IN.CLOSE_NOWRITE);
  file.ops.release?.(kernel, file);
  notifyGone(kernel, file.inode);
};
