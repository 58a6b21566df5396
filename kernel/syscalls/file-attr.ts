/** Changing a file's mode, owner, times and extended attributes: chmod(2), chown(2), utimensat(2), umask(2), setxattr(2). */
import { ERRNO } from '../abi/errno.ts';
import { AT } from '../abi/fcntl.ts';
import { IN } from '../abi/inotify.ts';
import { UTIME_NOW, UTIME_OMIT } from '../abi/stat.ts';
import { TIMESPEC, TIMEVAL } from '../abi/time.ts';
import { changeMode, changeOwner, changeTimes, type NewTime } from '../fs/attributes.ts';
import { getFile } from '../fs/descriptors.ts';
import { walkPath } from '../fs/namei.ts';
import { notifyPath } from '../fs/notify.ts';
import type { Inode, Location } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { getUserLong, readCString, readStruct } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { withPath } from './path.ts';
import { type SyscallRow, syscall } from './row.ts';

/** Changes attributes, and tells who watches; `event` 0 is nothing to tell. */
const noted = (kernel: Kernel, at: Location, use: (inode: Inode) => number, event: number): number => {
  const result = use(at.inode);
  if (result === 0 && event !== 0) notifyPath(kernel, at, event);
  return result;
};

const inodeAt = (
  kernel: Kernel,
  task: Task,
  dirfd: number,
  address: number,
  flags: number,
  use: (inode: Inode) => number,
  event: number = IN.ATTRIB,
): number => {
  if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) return -ERRNO.EINVAL;
  return withPath(task, address, (path) => {
    const follow = (flags & AT.SYMLINK_NOFOLLOW) === 0;
    const at = walkPath(kernel, task, dirfd, path, { follow, empty: (flags & AT.EMPTY_PATH) !== 0 });
    return typeof at === 'number' ? at : noted(kernel, at, use, event);
  });
};

const inodeOf = (
  kernel: Kernel,
  task: Task,
  fd: number,
  use: (inode: Inode) => number,
  event: number = IN.ATTRIB,
): number => {
  const file = getFile(task, fd);
  return file === undefined ? -ERRNO.EBADF : noted(kernel, file, use, event);
};

const chmodAt = (kernel: Kernel, task: Task, dirfd: number, path: number, mode: number, flags: number): number => {
  return inodeAt(kernel, task, dirfd, path, flags, (inode) => changeMode(kernel, task, inode, mode));
};

/** Nothing is told when nothing was asked for. */
const ownerEvent = (uid: number, gid: number): number => (uid === -1 && gid === -1 ? 0 : IN.ATTRIB);

const chownAt = (
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: number,
  uid: number,
  gid: number,
  flags: number,
): number => {
  return inodeAt(
    kernel,
    task,
    dirfd,
    path,
    flags,
    (inode) => changeOwner(kernel, task, inode, uid, gid),
    ownerEvent(uid, gid),
  );
};

const BILLION = 1_000_000_000n;

/** A timespec of utimensat(2), or -EINVAL. */
const newTime = ({ tv_sec, tv_nsec }: { tv_sec: bigint; tv_nsec: bigint }): NewTime | number => {
  if (tv_nsec === BigInt(UTIME_NOW)) return 'now';
  if (tv_nsec === BigInt(UTIME_OMIT)) return 'omit';
  return tv_nsec < 0n || tv_nsec >= BILLION ? -ERRNO.EINVAL : tv_sec * BILLION + tv_nsec;
};

type Times = readonly [NewTime, NewTime] | null;

/** One time alone looks like what would have set it (fsnotify_change). */
const timesEvent = (times: Times): number => {
  if (times?.[0] === 'omit') return IN.MODIFY;
  return times?.[1] === 'omit' ? IN.ACCESS : IN.ATTRIB;
};

/** Sets times of a path, or with a null path of the descriptor itself. */
const setTimes = (kernel: Kernel, task: Task, dirfd: number, path: number, times: Times, flags: number): number => {
  if (path === 0 && dirfd !== AT.FDCWD) {
    if (flags !== 0) return -ERRNO.EINVAL;
    return inodeOf(kernel, task, dirfd, (inode) => changeTimes(kernel, task, inode, times), timesEvent(times));
  }
  return inodeAt(
    kernel,
    task,
    dirfd,
    path,
    flags,
    (inode) => changeTimes(kernel, task, inode, times),
    timesEvent(times),
  );
};

const utimensat = (kernel: Kernel, task: Task, dirfd: number, path: number, address: number, flags: number): number => {
  if (address === 0) return setTimes(kernel, task, dirfd, path, null, flags);
  const access = newTime(readStruct(task.mm, TIMESPEC, address));
  const modification = newTime(readStruct(task.mm, TIMESPEC, address + TIMESPEC.size));
  if (access === 'omit' && modification === 'omit') return 0;
  if (typeof access === 'number') return access;
  if (typeof modification === 'number') return modification;
  return setTimes(kernel, task, dirfd, path, [access, modification], flags);
};

/** futimesat(2) and utimes(2): microseconds. */
const futimesat = (kernel: Kernel, task: Task, dirfd: number, path: number, address: number): number => {
  if (address === 0) return setTimes(kernel, task, dirfd, path, null, 0);
  const access = readStruct(task.mm, TIMEVAL, address);
  const modification = readStruct(task.mm, TIMEVAL, address + TIMEVAL.size);
  for (const { tv_usec } of [access, modification]) if (tv_usec < 0n || tv_usec >= 1_000_000n) return -ERRNO.EINVAL;
  const point = (time: typeof access): bigint => time.tv_sec * BILLION + time.tv_usec * 1000n;
  return setTimes(kernel, task, dirfd, path, [point(access), point(modification)], 0);
};

/** utime(2): two seconds. */
const utime = (kernel: Kernel, task: Task, path: number, address: number): number => {
  if (address === 0) return setTimes(kernel, task, AT.FDCWD, path, null, 0);
  const access = BigInt(getUserLong(task.mm, address)) * BILLION;
  const modification = BigInt(getUserLong(task.mm, address + 8)) * BILLION;
  return setTimes(kernel, task, AT.FDCWD, path, [access, modification], 0);
};

const umask = (_kernel: Kernel, task: Task, mask: number): number => {
  const old = task.fs.umask;
  task.fs.umask = mask & 0o777;
  return old;
};

const XATTR_NAME_MAX = 255;
const NAMESPACES = ['user.', 'trusted.', 'security.', 'system.posix_acl_'];

/** No file has extended attributes: what a name that is not there, or cannot be, gives. */
const xattrOf = (task: Task, name: number, missing: number): number => {
  const text = readCString(task.mm, name, XATTR_NAME_MAX + 1);
  if (text === null || text === '') return -ERRNO.ERANGE;
  return NAMESPACES.some((prefix) => text.startsWith(prefix)) ? missing : -ERRNO.EOPNOTSUPP;
};

type AttributeUse = (task: Task, name: number) => number;
const get: AttributeUse = (task, name) => xattrOf(task, name, -ERRNO.ENODATA);
const set: AttributeUse = (task, name) => xattrOf(task, name, -ERRNO.EOPNOTSUPP);

/** The three forms of a call on extended attributes: by path, by path without following a link, by descriptor. */
const xattrForms = (
  first: number,
  name: string,
  args: SyscallRow['args'],
  use: AttributeUse,
  missing: string,
): SyscallRow[] => {
  const byPath = (flags: number) => (kernel: Kernel, task: Task, path: number, attribute: number) =>
    inodeAt(kernel, task, AT.FDCWD, path, flags, () => use(task, attribute), 0);
  return [
    syscall(first, name, [['pathname', arg.path], ...args], byPath(0), missing),
    syscall(first + 1, `l${name}`, [['pathname', arg.path], ...args], byPath(AT.SYMLINK_NOFOLLOW), missing),
    syscall(
      first + 2,
      `f${name}`,
      [['fd', arg.fd], ...args],
      (kernel, task, fd, attribute) => inodeOf(kernel, task, fd!, () => use(task, attribute!), 0),
      missing,
    ),
  ];
};

const VALUE: SyscallRow['args'] = [
  ['name', arg.path],
  ['value', arg.pointer],
  ['size', arg.size],
];
const NO_XATTR = 'no file has extended attributes';

export const fileAttrSyscalls: readonly SyscallRow[] = [
  syscall(
    90,
    'chmod',
    [
      ['pathname', arg.path],
      ['mode', arg.mode],
    ],
    (kernel, task, path, mode) => chmodAt(kernel, task, AT.FDCWD, path!, mode!, 0),
  ),
  syscall(
    91,
    'fchmod',
    [
      ['fd', arg.fd],
      ['mode', arg.mode],
    ],
    (kernel, task, fd, mode) => inodeOf(kernel, task, fd!, (inode) => changeMode(kernel, task, inode, mode!)),
  ),
  syscall(
    92,
    'chown',
    [
      ['pathname', arg.path],
      ['owner', arg.int],
      ['group', arg.int],
    ],
    (kernel, task, path, uid, gid) => chownAt(kernel, task, AT.FDCWD, path!, uid!, gid!, 0),
  ),
  syscall(
    93,
    'fchown',
    [
      ['fd', arg.fd],
      ['owner', arg.int],
      ['group', arg.int],
    ],
    (kernel, task, fd, uid, gid) =>
      inodeOf(kernel, task, fd!, (inode) => changeOwner(kernel, task, inode, uid!, gid!), ownerEvent(uid!, gid!)),
  ),
  syscall(
    94,
    'lchown',
    [
      ['pathname', arg.path],
      ['owner', arg.int],
      ['group', arg.int],
    ],
    (kernel, task, path, uid, gid) => chownAt(kernel, task, AT.FDCWD, path!, uid!, gid!, AT.SYMLINK_NOFOLLOW),
  ),
  syscall(95, 'umask', [['mask', arg.mode]], umask),
  syscall(
    132,
    'utime',
    [
      ['filename', arg.path],
      ['times', arg.pointer],
    ],
    utime,
  ),
  ...xattrForms(188, 'setxattr', [...VALUE, ['flags', arg.flags]], set, NO_XATTR),
  ...xattrForms(191, 'getxattr', VALUE, get, NO_XATTR),
  ...xattrForms(
    194,
    'listxattr',
    [
      ['list', arg.pointer],
      ['size', arg.size],
    ],
    () => 0,
    NO_XATTR,
  ),
  ...xattrForms(197, 'removexattr', [['name', arg.path]], get, NO_XATTR),
  syscall(
    235,
    'utimes',
    [
      ['filename', arg.path],
      ['times', arg.utimes],
    ],
    (kernel, task, path, times) => futimesat(kernel, task, AT.FDCWD, path!, times!),
  ),
  syscall(
    260,
    'fchownat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['owner', arg.int],
      ['group', arg.int],
      ['flags', arg.atFlags],
    ],
    chownAt,
  ),
  syscall(
    261,
    'futimesat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['times', arg.utimes],
    ],
    futimesat,
  ),
  syscall(
    268,
    'fchmodat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['mode', arg.mode],
    ],
    (kernel, task, dirfd, path, mode) => chmodAt(kernel, task, dirfd!, path!, mode!, 0),
  ),
  syscall(
    280,
    'utimensat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['times', arg.utimensTimes],
      ['flags', arg.atFlags],
    ],
    utimensat,
  ),
  syscall(
    452,
    'fchmodat2',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['mode', arg.mode],
      ['flags', arg.atFlags],
    ],
    chmodAt,
  ),
];
