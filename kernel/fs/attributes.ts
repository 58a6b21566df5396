/** Changing mode, owner and times: who may, and what goes with it (fs/attr.c, fs/open.c, fs/utimes.c). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { isDir, isLnk, S } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { inGroup, MAY, ownerOrCapable, permitted } from './inode.ts';
import type { AttributeChange, Inode } from './types.ts';

const apply = (kernel: Kernel, inode: Inode, change: AttributeChange): number =>
  inode.ops.setAttributes?.(kernel, inode, change) ?? -ERRNO.EPERM;

/** chmod(2). */
export const changeMode = (kernel: Kernel, task: Task, inode: Inode, mode: number): number => {
  if (inode.sb.readOnly) return -ERRNO.EROFS;
  if (isLnk(inode.mode)) return -ERRNO.EOPNOTSUPP;
  if (!ownerOrCapable(task.cred, inode)) return -ERRNO.EPERM;
  const bits = mode & S.IALLUGO;
  const keepsGroup = inGroup(task.cred, inode.gid) || capable(task.cred, CAP.FSETID);
  return apply(kernel, inode, { mode: keepsGroup ? bits : bits & ~S.ISGID });
};

/** chown(2); -1 leaves one as it is. */
export const changeOwner = (kernel: Kernel, task: Task, inode: Inode, uid: number, gid: number): number => {
  const { cred } = task;
  if (inode.sb.readOnly) return -ERRNO.EROFS;
  const owns = cred.fsuid === inode.uid;
  if (uid !== -1 && !capable(cred, CAP.CHOWN) && !(owns && uid === inode.uid)) return -ERRNO.EPERM;
  const keepsGroup = owns && (gid === inode.gid || inGroup(cred, gid));
  if (gid !== -1 && !capable(cred, CAP.CHOWN) && !keepsGroup) return -ERRNO.EPERM;
  const change: AttributeChange = {};
  if (uid !== -1) change.uid = uid >>> 0;
  if (gid !== -1) change.gid = gid >>> 0;
  if (!isDir(inode.mode)) {
    let mode = inode.mode & ~S.ISUID;
    if (mode & S.IXGRP) mode &= ~S.ISGID;
    if (mode !== inode.mode) change.mode = mode & S.IALLUGO;
  }
  return apply(kernel, inode, change);
};

/** A time to set: a point, now, or left as it is. Nanoseconds since the epoch. */
export type NewTime = bigint | 'now' | 'omit';

/** utimensat(2). `times` null is both now, which needs no more than permission to write. */
export const changeTimes = (
  kernel: Kernel,
  task: Task,
  inode: Inode,
  times: readonly [access: NewTime, modification: NewTime] | null,
): number => {
  if (inode.sb.readOnly) return -ERRNO.EROFS;
  const [access, modification] = times ?? ['now', 'now'];
  if (access === 'now' && modification === 'now') {
    if (!ownerOrCapable(task.cred, inode) && !permitted(task.cred, inode, MAY.WRITE)) return -ERRNO.EACCES;
  } else if (!ownerOrCapable(task.cred, inode)) {
    return -ERRNO.EPERM;
  }
  const now = kernel.coarseRealtime();
  const change: AttributeChange = {};
  if (access !== 'omit') change.atime = access === 'now' ? now : access;
  if (modification !== 'omit') change.mtime = modification === 'now' ? now : modification;
  return apply(kernel, inode, change);
};
