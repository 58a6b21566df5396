/** stat(2), statx(2), statfs(2): asm/stat.h, linux/stat.h, asm-generic/statfs.h. */
import { array, i32, i64, long, struct, u16, u32, u64 } from './layout.ts';

/** File types and permission bits of st_mode. */
export const S = {
  IFMT: 0o170000,
  IFSOCK: 0o140000,
  IFLNK: 0o120000,
  IFREG: 0o100000,
  IFBLK: 0o060000,
  IFDIR: 0o040000,
  IFCHR: 0o020000,
  IFIFO: 0o010000,
  ISUID: 0o4000,
  ISGID: 0o2000,
  ISVTX: 0o1000,
  IXGRP: 0o010,
  IALLUGO: 0o7777,
} as const;

export const isDir = (mode: number): boolean => (mode & S.IFMT) === S.IFDIR;
export const isReg = (mode: number): boolean => (mode & S.IFMT) === S.IFREG;
export const isLnk = (mode: number): boolean => (mode & S.IFMT) === S.IFLNK;
export const isSock = (mode: number): boolean => (mode & S.IFMT) === S.IFSOCK;
export const isFifo = (mode: number): boolean => (mode & S.IFMT) === S.IFIFO;
export const isChr = (mode: number): boolean => (mode & S.IFMT) === S.IFCHR;
export const isBlk = (mode: number): boolean => (mode & S.IFMT) === S.IFBLK;

/** Device numbers as user space sees them (new_encode_dev), for major < 4096 and minor < 2^20. */
export const makedev = (major: number, minor: number): number =>
  ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
export const majorOf = (dev: number): number => (dev >>> 8) & 0xfff;
export const minorOf = (dev: number): number => (dev & 0xff) | ((dev >>> 12) & 0xfff00);

/** tv_nsec values of utimensat(2). */
export const UTIME_NOW = 0x3fffffff;
export const UTIME_OMIT = 0x3ffffffe;

export const STATX = {
  BASIC_STATS: 0x7ff,
  BTIME: 0x800,
  MNT_ID: 0x1000,
  RESERVED: 0x80000000,
} as const;

export const STATX_ATTR_MOUNT_ROOT = 0x2000;

/** f_type of statfs(2) (linux/magic.h). */
export const MAGIC = {
  TMPFS: 0x01021994,
  PROC: 0x9fa0,
  PIPEFS: 0x50495045,
  SOCKFS: 0x534f434b,
  OVERLAYFS: 0x794c7630,
  DEVPTS: 0x1cd1,
  /** What a file system that lives elsewhere calls itself here. */
  V9FS: 0x01021997,
  ANON_INODE: 0x09041934,
  MQUEUE: 0x19800202,
  PIDFS: 0x50494446,
  NSFS: 0x6e736673,
} as const;

/** f_flags of statfs(2). */
export const ST = { RDONLY: 1, NOSUID: 2, NODEV: 4, NOEXEC: 8, VALID: 0x20, RELATIME: 0x1000 } as const;

export const stat = struct(
  'struct stat',
  [
    ['st_dev', u64, 'device of the file system'],
    ['st_ino', u64, 'inode number'],
    ['st_nlink', u64, 'hard links'],
    ['st_mode', u32, 'type and permissions'],
    ['st_uid', u32, 'owner'],
    ['st_gid', u32, 'group'],
    ['__pad0', i32, ''],
    ['st_rdev', u64, 'device number of a device node'],
    ['st_size', long, 'bytes'],
    ['st_blksize', long, 'good size for I/O'],
    ['st_blocks', long, 'units of 512 bytes'],
    ['st_atime', i64, 'last access'],
    ['st_atime_nsec', i64, ''],
    ['st_mtime', i64, 'last change of the data'],
    ['st_mtime_nsec', i64, ''],
    ['st_ctime', i64, 'last change of the inode'],
    ['st_ctime_nsec', i64, ''],
    ['__unused', array(i64, 3), ''],
  ],
  { size: 144 },
);

export const statxTimestamp = struct(
  'struct statx_timestamp',
  [
    ['tv_sec', i64, 'seconds since the epoch'],
    ['tv_nsec', u32, 'nanoseconds'],
    ['__reserved', i32, ''],
  ],
  { size: 16 },
);

export const statx = struct(
  'struct statx',
  [
    ['stx_mask', u32, 'fields that are filled'],
    ['stx_blksize', u32, 'good size for I/O'],
    ['stx_attributes', u64, 'STATX_ATTR_*'],
    ['stx_nlink', u32, 'hard links'],
    ['stx_uid', u32, 'owner'],
    ['stx_gid', u32, 'group'],
    ['stx_mode', u16, 'type and permissions'],
    ['__spare0', u16, ''],
    ['stx_ino', u64, 'inode number'],
    ['stx_size', u64, 'bytes'],
    ['stx_blocks', u64, 'units of 512 bytes'],
    ['stx_attributes_mask', u64, 'attributes that mean something here'],
    ['stx_atime', statxTimestamp, 'last access'],
    ['stx_btime', statxTimestamp, 'creation'],
    ['stx_ctime', statxTimestamp, 'last change of the inode'],
    ['stx_mtime', statxTimestamp, 'last change of the data'],
    ['stx_rdev_major', u32, 'device number of a device node'],
    ['stx_rdev_minor', u32, ''],
    ['stx_dev_major', u32, 'device of the file system'],
    ['stx_dev_minor', u32, ''],
    ['stx_mnt_id', u64, 'mount'],
    ['stx_dio_mem_align', u32, 'alignment for direct I/O'],
    ['stx_dio_offset_align', u32, ''],
    ['__spare3', array(u64, 12), ''],
  ],
  { size: 256 },
);

export const statfs = struct(
  'struct statfs',
  [
    ['f_type', long, 'kind of file system (linux/magic.h)'],
    ['f_bsize', long, 'good size for I/O'],
    ['f_blocks', long, 'blocks in all'],
    ['f_bfree', long, 'blocks free'],
    ['f_bavail', long, 'blocks free for users'],
    ['f_files', long, 'inodes in all'],
    ['f_ffree', long, 'inodes free'],
    ['f_fsid', array(i32, 2), 'identity'],
    ['f_namelen', long, 'longest name'],
    ['f_frsize', long, 'unit of the block counts'],
    ['f_flags', long, 'ST_*'],
    ['f_spare', array(long, 4), ''],
  ],
  { size: 120 },
);
