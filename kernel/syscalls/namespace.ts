/**
 * setns(2) and unshare(2). There is one namespace of each kind: to enter it means little, and to make another is refused as by a
 * kernel that was built without.
 */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { CLONE, CLONE_NEWTIME } from '../abi/process.ts';
import { dupFiles, getFile } from '../fs/descriptors.ts';
import { namespaceFlag } from '../fs/nsfs.ts';
import { processOf } from '../fs/pidfd.ts';
import { isGone } from '../fs/procview.ts';
import { exitSem } from '../ipc/undo.ts';
import type { Kernel } from '../kernel.ts';
import { ptraceMayAccess } from '../task/access.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

/** The order in which several are entered (validate_nsset). */
const ORDER = [
  CLONE.NEWUSER,
  CLONE.NEWNS,
  CLONE.NEWUTS,
  CLONE.NEWIPC,
  CLONE.NEWPID,
  CLONE.NEWCGROUP,
  CLONE.NEWNET,
  CLONE_NEWTIME,
];
const NAMESPACES = ORDER.reduce((all, flag) => all | flag, 0);

const isShared = (kernel: Kernel, task: Task, of: 'fs' | 'files' | 'mm' | 'sighand'): boolean => {
  for (const other of kernel.tasks.values())
    if (other !== task && !other.exiting && other[of] === task[of]) return true;
  return false;
};

const isSingleThreaded = (kernel: Kernel, task: Task): boolean =>
  task.group.threads.length === 1 && !isShared(kernel, task, 'mm');

/** Enters the namespace of a kind, in which the task is: 0 or -errno (the `install` of each kind). */
const mayEnter = (kernel: Kernel, task: Task, flag: number, alone: boolean): number => {
  if (flag === CLONE.NEWUSER) return -ERRNO.EINVAL;
  if (flag === CLONE_NEWTIME && !isSingleThreaded(kernel, task)) return -ERRNO.EUSERS;
  if (!capable(task.cred, CAP.SYS_ADMIN)) return -ERRNO.EPERM;
  if (flag !== CLONE.NEWNS) return 0;
  if (!capable(task.cred, CAP.SYS_CHROOT)) return -ERRNO.EPERM;
  return alone && isShared(kernel, task, 'fs') ? -ERRNO.EINVAL : 0;
};

/** Of which kinds, by a namespace's own file or a process's descriptor: their flags, or -errno. */
const kindsOf = (task: Task, fd: number, flags: number): number => {
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  const own = namespaceFlag(file);
  if (own !== null) return flags !== 0 && flags !== own ? -ERRNO.EINVAL : own;
  const found = processOf(file);
  if (typeof found === 'number' || flags === 0 || flags & ~NAMESPACES) return -ERRNO.EINVAL;
  if (found.task.state === 'dead') return -ERRNO.ESRCH;
  if (!ptraceMayAccess(task, found.task)) return -ERRNO.EPERM;
  return isGone(found.task) ? -ERRNO.ESRCH : flags;
};

const setns = (kernel: Kernel, task: Task, fd: number, flags: number): number => {
  const kinds = kindsOf(task, fd, flags);
  if (kinds < 0) return kinds;
  for (const flag of ORDER) {
    const error = kinds & flag ? mayEnter(kernel, task, flag, kinds === flag) : 0;
    if (error !== 0) return error;
  }
  if (kinds & CLONE.NEWNS) task.fs.root = task.fs.cwd = { inode: kernel.rootInode, path: '/' };
  return 0;
};

/** What asks for what too (ksys_unshare). */
const implied = (flags: number): number => {
  let all = flags;
  if (all & CLONE.NEWUSER) all |= CLONE.THREAD | CLONE.FS;
  if (all & CLONE.VM) all |= CLONE.SIGHAND;
  if (all & CLONE.SIGHAND) all |= CLONE.THREAD;
  if (all & CLONE.NEWNS) all |= CLONE.FS;
  return all;
};

/** What threads must share cannot be parted (check_unshare_flags). */
const checkFlags = (kernel: Kernel, task: Task, flags: number): number => {
  const parts = CLONE.THREAD | CLONE.FS | CLONE.SIGHAND | CLONE.VM | CLONE.FILES | CLONE.SYSVSEM;
  if (flags & ~(parts | NAMESPACES)) return -ERRNO.EINVAL;
  if (flags & (CLONE.THREAD | CLONE.SIGHAND | CLONE.VM) && task.group.threads.length > 1) return -ERRNO.EINVAL;
  if (flags & (CLONE.SIGHAND | CLONE.VM) && isShared(kernel, task, 'sighand')) return -ERRNO.EINVAL;
  return flags & CLONE.VM && !isSingleThreaded(kernel, task) ? -ERRNO.EINVAL : 0;
};

const unshare = (kernel: Kernel, task: Task, asked: number): number => {
  const flags = implied(asked);
  const error = checkFlags(kernel, task, flags);
  if (error !== 0) return error;
  if (flags & NAMESPACES) {
    if (!(flags & CLONE.NEWUSER) && !capable(task.cred, CAP.SYS_ADMIN)) return -ERRNO.EPERM;
    kernel.log(`${task.comm}: unshare: new namespaces are not supported: EINVAL`);
    return -ERRNO.EINVAL;
  }
  if (flags & CLONE.SYSVSEM) exitSem(kernel, task);
  if (flags & CLONE.FS && isShared(kernel, task, 'fs')) task.fs = { ...task.fs };
  if (flags & CLONE.FILES && isShared(kernel, task, 'files')) task.files = dupFiles(task.files);
  return 0;
};

export const namespaceSyscalls: readonly SyscallRow[] = [
  syscall(272, 'unshare', [['flags', arg.unshareFlags]], unshare, 'no new namespaces'),
  syscall(
    308,
    'setns',
    [
      ['fd', arg.fd],
      ['nstype', arg.unshareFlags],
    ],
    setns,
  ),
];
