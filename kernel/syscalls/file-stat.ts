/** What is known of a file: stat(2), statx(2), access(2), statfs(2). */
import { ERRNO } from '../abi/errno.ts';
import { ACCESS_MODE, AT, NAME_MAX } from '../abi/fcntl.ts';
import {
  isBlk,
  isChr,
  isFifo,
  MAGIC,
  majorOf,
  minorOf,
  ST,
  STATX,
  STATX_ATTR_MOUNT_ROOT,
  statfs as statfsStruct,
  stat as statStruct,
  statx as statxStruct,
} from '../abi/stat.ts';
import { getFile } from '../fs/descriptors.ts';
import { permitted } from '../fs/inode.ts';
import { walkPath } from '../fs/namei.ts';
import type { Inode } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { writeStruct } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { withPath } from './path.ts';
import { type SyscallRow, syscall } from './row.ts';

const BLOCK = 4096;
const BILLION = 1_000_000_000n;

/** Units of 512 bytes. */
const blocksOf = (inode: Inode): number => inode.ops.blocks?.(inode) ?? Math.ceil(inode.size / BLOCK) * (BLOCK / 512);

/** Seconds and nanoseconds of a time, also before the epoch. */
const split = (time: bigint): [seconds: bigint, nanoseconds: bigint] => {
  const nanoseconds = ((time % BILLION) + BILLION) % BILLION;
  return [(time - nanoseconds) / BILLION, nanoseconds];
};

const writeStat = (kernel: Kernel, task: Task, inode: Inode, address: number): number => {
  inode.ops.refresh?.(kernel, inode);
  const [st_atime, st_atime_nsec] = split(inode.atime);
  const [st_mtime, st_mtime_nsec] = split(inode.mtime);
  const [st_ctime, st_ctime_nsec] = split(inode.ctime);
  writeStruct(task.mm, statStruct, address, {
    st_dev: BigInt(inode.dev),
    st_ino: BigInt(inode.ino),
    st_nlink: BigInt(inode.nlink),
    st_mode: inode.mode,
    st_uid: inode.uid,
    st_gid: inode.gid,
    st_rdev: BigInt(inode.rdev),
    st_size: inode.size,
    st_blksize: BLOCK,
    st_blocks: blocksOf(inode),
    st_atime,
    st_atime_nsec,
    st_mtime,
    st_mtime_nsec,
    st_ctime,
    st_ctime_nsec,
    __pad0: 0,
    __unused: [0n, 0n, 0n],
  });
  return 0;
};

/** Runs `use` with the inode of a path, or with AT_EMPTY_PATH of the descriptor. */
const withInode = (
  kernel: Kernel,
  task: Task,
  dirfd: number,
  address: number,
  flags: number,
  use: (inode: Inode) => number,
): number =>
  withPath(task, address, (path) => {
    const follow = (flags & AT.SYMLINK_NOFOLLOW) === 0;
    const at = walkPath(kernel, task, dirfd, path, { follow, empty: (flags & AT.EMPTY_PATH) !== 0 });
    return typeof at === 'number' ? at : use(at.inode);
  });

const statAt = (kernel: Kernel, task: Task, dirfd: number, path: number, address: number, flags: number): number => {
  if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT | AT.EMPTY_PATH)) return -ERRNO.EINVAL;
  return withInode(kernel, task, dirfd, path, flags, (inode) => writeStat(kernel, task, inode, address));
};

const fstat = (kernel: Kernel, task: Task, fd: number, address: number): number => {
  const file = getFile(task, fd, true);
  return file === undefined ? -ERRNO.EBADF : writeStat(kernel, task, file.inode, address);
};

const timestamp = (time: bigint) => {
  const [tv_sec, nanoseconds] = split(time);
  return { tv_sec, tv_nsec: Number(nanoseconds), __reserved: 0 };
};

const isMountRoot = (kernel: Kernel, inode: Inode): boolean => kernel.vfs.mounts.some((mount) => mount.root === inode);

const writeStatx = (kernel: Kernel, task: Task, inode: Inode, address: number): number => {
  inode.ops.refresh?.(kernel, inode);
  writeStruct(task.mm, statxStruct, address, {
    stx_mask: STATX.BASIC_STATS | STATX.BTIME | STATX.MNT_ID,
    stx_blksize: BLOCK,
    stx_attributes: isMountRoot(kernel, inode) ? BigInt(STATX_ATTR_MOUNT_ROOT) : 0n,
    stx_nlink: inode.nlink,
    stx_uid: inode.uid,
    stx_gid: inode.gid,
    stx_mode: inode.mode,
    stx_ino: BigInt(inode.ino),
    stx_size: BigInt(inode.size),
    stx_blocks: BigInt(blocksOf(inode)),
    stx_attributes_mask: BigInt(STATX_ATTR_MOUNT_ROOT),
    stx_atime: timestamp(inode.atime),
    stx_btime: timestamp(inode.btime),
    stx_ctime: timestamp(inode.ctime),
    stx_mtime: timestamp(inode.mtime),
    stx_rdev_major: majorOf(inode.rdev),
    stx_rdev_minor: minorOf(inode.rdev),
    stx_dev_major: majorOf(inode.dev),
    stx_dev_minor: minorOf(inode.dev),
    stx_mnt_id: BigInt(inode.sb.mountId),
    stx_dio_mem_align: 0,
    stx_dio_offset_align: 0,
    __spare0: 0,
    __spare3: [],
  });
  return 0;
};

const SYNC_TYPE = AT.STATX_FORCE_SYNC | AT.STATX_DONT_SYNC;

const statx = (
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: number,
  flags: number,
  mask: number,
  address: number,
): number => {
  if (mask & STATX.RESERVED || (flags & SYNC_TYPE) === SYNC_TYPE) return -ERRNO.EINVAL;
  if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT | AT.EMPTY_PATH | SYNC_TYPE)) return -ERRNO.EINVAL;
  return withInode(kernel, task, dirfd, path, flags, (inode) => writeStatx(kernel, task, inode, address));
};

const ANY_ACCESS = ACCESS_MODE.R_OK | ACCESS_MODE.W_OK | ACCESS_MODE.X_OK;

/** access(2) asks for the real user, faccessat2(2) with AT_EACCESS for the effective one (do_faccessat). */
const accessAt = (kernel: Kernel, task: Task, dirfd: number, path: number, mode: number, flags: number): number => {
  if (mode & ~ANY_ACCESS || flags & ~(AT.EACCESS | AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) return -ERRNO.EINVAL;
  const own = task.cred;
  if (!(flags & AT.EACCESS)) task.cred = { ...own, fsuid: own.uid, fsgid: own.gid };
  try {
    return withInode(kernel, task, dirfd, path, flags, (inode) => {
      if (mode === ACCESS_MODE.F_OK) return 0;
      if (!permitted(task.cred, inode, mode)) return -ERRNO.EACCES;
      const special = isChr(inode.mode) || isBlk(inode.mode) || isFifo(inode.mode);
      return mode & ACCESS_MODE.W_OK && inode.sb.readOnly && !special ? -ERRNO.EROFS : 0;
    });
  } finally {
    task.cred = own;
  }
};

/** statfs(2): in-memory file systems tell the machine's limit, others that there is room. */
const writeStatfs = (kernel: Kernel, task: Task, inode: Inode, address: number): number => {
  const { sb } = inode;
  const inMemory = sb.magic === MAGIC.TMPFS || sb.magic === MAGIC.OVERLAYFS;
  const blocks = inMemory ? Math.floor(kernel.limits.fileBytes / BLOCK) : 0;
  const free = inMemory ? Math.max(0, Math.floor((kernel.limits.fileBytes - kernel.fileBytes) / BLOCK)) : 0;
  writeStruct(task.mm, statfsStruct, address, {
    f_type: sb.magic,
    f_bsize: BLOCK,
    f_blocks: blocks,
    f_bfree: free,
    f_bavail: free,
    f_files: inMemory ? blocks * 4 : 0,
    f_ffree: inMemory ? free * 4 : 0,
    f_fsid: [sb.dev | 0, 0],
    f_namelen: NAME_MAX,
    f_frsize: BLOCK,
    f_flags: ST.VALID | ST.RELATIME | (sb.readOnly ? ST.RDONLY : 0),
    f_spare: [0, 0, 0, 0],
  });
  return 0;
};

const fstatfs = (kernel: Kernel, task: Task, fd: number, address: number): number => {
  const file = getFile(task, fd, true);
  return file === undefined ? -ERRNO.EBADF : writeStatfs(kernel, task, file.inode, address);
};

export const fileStatSyscalls: readonly SyscallRow[] = [
  syscall(
    4,
    'stat',
    [
      ['pathname', arg.path],
      ['statbuf', arg.outStat],
    ],
    (kernel, task, path, address) => statAt(kernel, task, AT.FDCWD, path!, address!, 0),
  ),
  syscall(
    5,
    'fstat',
    [
      ['fd', arg.fd],
      ['statbuf', arg.outStat],
    ],
    fstat,
  ),
  syscall(
    6,
    'lstat',
    [
      ['pathname', arg.path],
      ['statbuf', arg.outStat],
    ],
    (kernel, task, path, address) => statAt(kernel, task, AT.FDCWD, path!, address!, AT.SYMLINK_NOFOLLOW),
  ),
  syscall(
    21,
    'access',
    [
      ['pathname', arg.path],
      ['mode', arg.accessMode],
    ],
    (kernel, task, path, mode) => accessAt(kernel, task, AT.FDCWD, path!, mode!, 0),
  ),
  syscall(
    137,
    'statfs',
    [
      ['pathname', arg.path],
      ['buf', arg.outStatfs],
    ],
    (kernel, task, path, address) =>
      withInode(kernel, task, AT.FDCWD, path!, 0, (inode) => writeStatfs(kernel, task, inode, address!)),
  ),
  syscall(
    138,
    'fstatfs',
    [
      ['fd', arg.fd],
      ['buf', arg.outStatfs],
    ],
    fstatfs,
  ),
  syscall(
    262,
    'newfstatat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['statbuf', arg.outStat],
      ['flags', arg.atFlags],
    ],
    statAt,
  ),
  syscall(
    269,
    'faccessat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['mode', arg.accessMode],
    ],
    (kernel, task, dirfd, path, mode) => accessAt(kernel, task, dirfd!, path!, mode!, 0),
  ),
  syscall(
    332,
    'statx',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['flags', arg.statxFlags],
      ['mask', arg.statxMask],
      ['statxbuf', arg.outStatx],
    ],
    statx,
  ),
  syscall(
    439,
    'faccessat2',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['mode', arg.accessMode],
      ['flags', arg.accessFlags],
    ],
    accessAt,
  ),
];
