/** getdents64(2) and getdents(2): linux/dirent.h. */
import { i64, struct, u8, u16, u64 } from './layout.ts';
import { S } from './stat.ts';

/** d_type. */
export const DT = { UNKNOWN: 0, FIFO: 1, CHR: 2, DIR: 4, BLK: 6, REG: 8, LNK: 10, SOCK: 12 } as const;

/** d_type of a mode. */
export const typeOfMode = (mode: number): number => (mode & S.IFMT) >>> 12;

/** Ahead of the name; the name follows at once, with a NUL, and the record is padded to 8 bytes. */
export const dirent64 = struct('struct linux_dirent64', [
  ['d_ino', u64, 'inode number'],
  ['d_off', i64, 'position after this entry'],
  ['d_reclen', u16, 'bytes of this record'],
  ['d_type', u8, 'DT_*'],
]);

/** Offset of d_name in linux_dirent64: there is no padding before it. */
export const DIRENT64_NAME = 19;

/** The old record: the type is its last byte, after name and padding. */
export const dirent = struct('struct linux_dirent', [
  ['d_ino', u64, 'inode number'],
  ['d_off', u64, 'position after this entry'],
  ['d_reclen', u16, 'bytes of this record'],
]);

/** Offset of d_name in linux_dirent. */
export const DIRENT_NAME = 18;
