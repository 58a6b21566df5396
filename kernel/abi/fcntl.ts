/** open(2), fcntl(2), lseek(2), flock(2), fallocate(2), renameat2(2), memfd_create(2): asm-generic/fcntl.h and friends. */
import { i16, i32, i64, struct } from './layout.ts';

export const O = {
  ACCMODE: 0o3,
  RDONLY: 0,
  WRONLY: 0o1,
  RDWR: 0o2,
  CREAT: 0o100,
  EXCL: 0o200,
  NOCTTY: 0o400,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  DSYNC: 0o10000,
  ASYNC: 0o20000,
  DIRECT: 0o40000,
  LARGEFILE: 0o100000,
  DIRECTORY: 0o200000,
  NOFOLLOW: 0o400000,
  NOATIME: 0o1000000,
  CLOEXEC: 0o2000000,
  SYNC: 0o4010000,
  PATH: 0o10000000,
  /** __O_TMPFILE; O_TMPFILE is this with O_DIRECTORY. */
  TMPFILE: 0o20000000,
} as const;

export const AT = {
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  EACCESS: 0x200,
  REMOVEDIR: 0x200,
  SYMLINK_FOLLOW: 0x400,
  NO_AUTOMOUNT: 0x800,
  EMPTY_PATH: 0x1000,
  STATX_FORCE_SYNC: 0x2000,
  STATX_DONT_SYNC: 0x4000,
} as const;

/** What openat2(2) asks of the walk (linux/openat2.h). */
export const RESOLVE = {
  NO_XDEV: 0x01,
  NO_MAGICLINKS: 0x02,
  NO_SYMLINKS: 0x04,
  BENEATH: 0x08,
  IN_ROOT: 0x10,
  CACHED: 0x20,
} as const;

export const F = {
  DUPFD: 0,
  GETFD: 1,
  SETFD: 2,
  GETFL: 3,
  SETFL: 4,
  GETLK: 5,
  SETLK: 6,
  SETLKW: 7,
  SETOWN: 8,
  GETOWN: 9,
  SETSIG: 10,
  GETSIG: 11,
  SETOWN_EX: 15,
  GETOWN_EX: 16,
  GETOWNER_UIDS: 17,
  OFD_GETLK: 36,
  OFD_SETLK: 37,
  OFD_SETLKW: 38,
  SETLEASE: 1024,
  GETLEASE: 1025,
  NOTIFY: 1026,
  DUPFD_CLOEXEC: 1030,
  SETPIPE_SZ: 1031,
  GETPIPE_SZ: 1032,
  ADD_SEALS: 1033,
  GET_SEALS: 1034,
} as const;

/** Flags of F_NOTIFY. */
export const DN = {
  ACCESS: 1,
  MODIFY: 2,
  CREATE: 4,
  DELETE: 8,
  RENAME: 0x10,
  ATTRIB: 0x20,
  MULTISHOT: 0x80000000 | 0,
} as const;

export const FD_CLOEXEC = 1;

/** Kinds of owners of struct f_owner_ex. */
export const F_OWNER = { TID: 0, PID: 1, PGRP: 2 } as const;

/** l_type of struct flock. */
export const LOCK_TYPE = { RDLCK: 0, WRLCK: 1, UNLCK: 2 } as const;

/** flock(2). */
export const LOCK = { SH: 1, EX: 2, NB: 4, UN: 8 } as const;

export const SEEK = { SET: 0, CUR: 1, END: 2, DATA: 3, HOLE: 4 } as const;

/** renameat2(2). */
export const RENAME = { NOREPLACE: 1, EXCHANGE: 2, WHITEOUT: 4 } as const;

/** access(2). */
export const ACCESS_MODE = { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4 } as const;

/** fallocate(2). */
export const FALLOC = {
  KEEP_SIZE: 0x01,
  PUNCH_HOLE: 0x02,
  COLLAPSE_RANGE: 0x08,
  ZERO_RANGE: 0x10,
  INSERT_RANGE: 0x20,
  UNSHARE_RANGE: 0x40,
} as const;

/** memfd_create(2). */
export const MFD = { CLOEXEC: 1, ALLOW_SEALING: 2, HUGETLB: 4, NOEXEC_SEAL: 8, EXEC: 16 } as const;

/** fcntl(2) F_ADD_SEALS. */
export const SEAL = { SEAL: 1, SHRINK: 2, GROW: 4, WRITE: 8, FUTURE_WRITE: 16, EXEC: 32 } as const;

/** preadv2(2). */
export const RWF = { HIPRI: 1, DSYNC: 2, SYNC: 4, NOWAIT: 8, APPEND: 16, NOAPPEND: 32, NOSIGNAL: 256 } as const;

/** In `OpenFile.flags` for the length of one write: no SIGPIPE (IOCB_NOSIGNAL). */
export const FILE_NOSIGNAL = 1 << 30;

/** splice(2), tee(2), vmsplice(2). */
export const SPLICE_F = { MOVE: 1, NONBLOCK: 2, MORE: 4, GIFT: 8 } as const;

/** close_range(2). */
export const CLOSE_RANGE = { UNSHARE: 2, CLOEXEC: 4 } as const;

export const NAME_MAX = 255;
/** Includes the terminating NUL. */
export const PATH_MAX = 4096;
/** More vectors than this are EINVAL (UIO_MAXIOV). */
export const IOV_MAX = 1024;
/** The most that one read or write moves (MAX_RW_COUNT). */
export const MAX_RW_COUNT = 0x7ffff000;
/** Symbolic links that one path may go through (MAXSYMLINKS). */
export const MAXSYMLINKS = 40;

export const flockStruct = struct(
  'struct flock',
  [
    ['l_type', i16, 'F_RDLCK, F_WRLCK or F_UNLCK'],
    ['l_whence', i16, 'SEEK_SET, SEEK_CUR or SEEK_END'],
    ['l_start', i64, 'offset, relative to l_whence'],
    ['l_len', i64, 'bytes; 0 to the end; negative for before l_start'],
    ['l_pid', i32, 'holder of the lock in the way (F_GETLK)'],
  ],
  { size: 32 },
);

export const fOwnerEx = struct(
  'struct f_owner_ex',
  [
    ['type', i32, 'F_OWNER_TID, F_OWNER_PID or F_OWNER_PGRP'],
    ['pid', i32, 'its id'],
  ],
  { size: 8 },
);
