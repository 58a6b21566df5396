/** inotify_init(2), inotify_add_watch(2), inotify_rm_watch(2). */
import { ERRNO } from '../abi/errno.ts';
import { AT, O } from '../abi/fcntl.ts';
import { IN, IN_ALL_EVENTS } from '../abi/inotify.ts';
import { isDir } from '../abi/stat.ts';
import { getFile, installFile } from '../fs/descriptors.ts';
import { MAY, permitted } from '../fs/inode.ts';
import { addWatch, dropWatch, newInotify, notifyGroup } from '../fs/inotify.ts';
import { walkPath } from '../fs/namei.ts';
import type { NotifyGroup } from '../fs/notify.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { withPath } from './path.ts';
import { type SyscallRow, syscall } from './row.ts';

const init = (kernel: Kernel, task: Task, flags: number): number => {
  if (flags & ~(O.CLOEXEC | O.NONBLOCK)) return -ERRNO.EINVAL;
  const file = newInotify(kernel, task, flags & O.NONBLOCK);
  return typeof file === 'number' ? file : installFile(kernel, task, file, (flags & O.CLOEXEC) !== 0);
};

/** The group of a descriptor: -EBADF, or -EINVAL for another kind of file. */
const groupAt = (task: Task, fd: number): NotifyGroup | number => {
  const file = getFile(task, fd);
  return file === undefined ? -ERRNO.EBADF : (notifyGroup(file) ?? -ERRNO.EINVAL);
};

/** Bits that a mask may have (ALL_INOTIFY_BITS). */
const KNOWN = Object.values(IN).reduce((all, bit) => all | bit, IN_ALL_EVENTS);

const add = (kernel: Kernel, task: Task, fd: number, address: number, mask: number): number => {
  if ((mask & KNOWN) === 0) return -ERRNO.EINVAL;
  if (getFile(task, fd) === undefined) return -ERRNO.EBADF;
  if (mask & IN.MASK_ADD && mask & IN.MASK_CREATE) return -ERRNO.EINVAL;
  const group = groupAt(task, fd);
  if (typeof group === 'number') return group;
  return withPath(task, address, (path) => {
    const at = walkPath(kernel, task, AT.FDCWD, path, { follow: (mask & IN.DONT_FOLLOW) === 0 });
    if (typeof at === 'number') return at;
    if (mask & IN.ONLYDIR && !isDir(at.inode.mode)) return -ERRNO.ENOTDIR;
    if (!permitted(task.cred, at.inode, MAY.READ)) return -ERRNO.EACCES;
    return addWatch(kernel, group, at.inode, mask);
  });
};

const remove = (kernel: Kernel, task: Task, fd: number, wd: number): number => {
  const group = groupAt(task, fd);
  return typeof group === 'number' ? group : dropWatch(kernel, group, wd);
};

export const inotifySyscalls: readonly SyscallRow[] = [
  syscall(253, 'inotify_init', [], (kernel, task) => init(kernel, task, 0)),
  syscall(
    254,
    'inotify_add_watch',
    [
      ['fd', arg.fd],
      ['pathname', arg.path],
      ['mask', arg.inotifyMask],
    ],
    add,
  ),
  syscall(
    255,
    'inotify_rm_watch',
    [
      ['fd', arg.fd],
      ['wd', arg.int],
    ],
    remove,
  ),
  syscall(294, 'inotify_init1', [['flags', arg.inotifyFlags]], init),
];
