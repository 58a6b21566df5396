/** Files: open flags, modes, stat and its relatives, directory entries, record locks, fcntl(2), as strace writes them. */
import { dirent64 } from '../../abi/dirent.ts';
import {
  ACCESS_MODE,
  AT,
  CLOSE_RANGE,
  F,
  FALLOC,
  FD_CLOEXEC,
  flockStruct,
  LOCK,
  LOCK_TYPE,
  MFD,
  O,
  PATH_MAX,
  RENAME,
  RWF,
  SEAL,
  SEEK,
  SPLICE_F,
} from '../../abi/fcntl.ts';
import { MAGIC, majorOf, minorOf, S, ST, STATX, stat, statfs, statx } from '../../abi/stat.ts';
import type { FormatContext } from '../row.ts';
import { argument, failed, filledBy, pointerTo, structText } from './argument.ts';
import { peek, peekString, peekView } from './guest.ts';
import { signal } from './signal.ts';
import { address, choice, flagParts, flags, hex, type Names, names, octal, quote } from './text.ts';

/** A path: never cut short. */
export const path = pointerTo((value, { task }) => {
  const string = peekString(task.mm, value, PATH_MAX);
  return string === null ? null : quote(string.bytes) + (string.ended ? '' : '...');
});

export const dirfd = argument('int', (fd) => (fd === AT.FDCWD ? 'AT_FDCWD' : String(fd)));

const ACCESS: Names = [
  ['O_RDONLY', O.RDONLY],
  ['O_WRONLY', O.WRONLY],
  ['O_RDWR', O.RDWR],
  ['O_ACCMODE', O.ACCMODE],
];
const OPEN: Names = [
  ...names('O_', O, ['CREAT', 'EXCL', 'NOCTTY', 'TRUNC', 'APPEND', 'NONBLOCK', 'SYNC', 'DSYNC', 'DIRECT', 'LARGEFILE']),
  ...names('O_', O, ['NOFOLLOW', 'NOATIME', 'CLOEXEC', 'PATH']),
  ['O_TMPFILE', O.TMPFILE | O.DIRECTORY],
  ['O_DIRECTORY', O.DIRECTORY],
  ['FASYNC', O.ASYNC],
];

/** Flags of an open file with its access mode, which comes first. */
export const openFlagsText = (value: number): string => {
  const access = ACCESS.find(([, mode]) => mode === (value & O.ACCMODE))![0];
  return [access, ...flagParts(OPEN, value & ~O.ACCMODE)].join('|');
};
/** Without an access mode; 0 for none. */
export const openFlagParts = (value: number): string => flagParts(OPEN, value).join('|') || '0';
export const openFlags = argument('int', openFlagsText);
/** Of pipe2(2), dup3(2): without an access mode. */
export const descriptorFlags = argument('int', flags(OPEN, 'O_???'));

export const mode = argument('int', octal);
/** The mode of open(2), which follows the flags and is only there for files that are created. */
export const openMode = argument('int', (value, { args, index }) =>
  ((args[index - 1] ?? 0) & (O.CREAT | O.TMPFILE)) === 0 ? null : octal(value),
);

const TYPES = names('S_', S, ['IFSOCK', 'IFLNK', 'IFREG', 'IFBLK', 'IFDIR', 'IFCHR', 'IFIFO']);
const SPECIAL = names('S_', S, ['ISUID', 'ISGID', 'ISVTX']);
const modeText = (value: number): string => {
  const type = TYPES.find(([, bits]) => bits === (value & S.IFMT));
  const special = SPECIAL.filter(([, bits]) => (value & bits) !== 0).map(([name]) => name);
  const parts = [
    ...(type === undefined ? [] : [type[0]]),
    ...special,
    octal(value & (type === undefined ? ~0o7000 : 0o777)),
  ];
  return parts.join('|');
};
/** Type and permissions: mknod(2). */
export const fileMode = argument('int', modeText);

const makedevText = (dev: number) => `makedev(${hex(majorOf(dev))}, ${hex(minorOf(dev))})`;
/** The device of mknod(2), which follows the mode. */
export const device = argument('unsigned', (value, { args, index }) => {
  const type = (args[index - 1] ?? 0) & S.IFMT;
  return type === S.IFCHR || type === S.IFBLK ? makedevText(value) : null;
});

export const accessMode = argument('int', (value) =>
  flags(names('', ACCESS_MODE, ['R_OK', 'W_OK', 'X_OK']), '?_OK', 'F_OK')(value),
);
export const whence = argument('int', choice(names('SEEK_', SEEK), 'SEEK_???'));

const AT_ORDER = ['SYMLINK_NOFOLLOW', 'REMOVEDIR', 'SYMLINK_FOLLOW', 'NO_AUTOMOUNT', 'EMPTY_PATH'] as const;
export const atFlags = argument('int', flags(names('AT_', AT, AT_ORDER), 'AT_???'));
/** Of faccessat2(2), where AT_REMOVEDIR's bit means something else. */
export const accessFlags = argument(
  'int',
  flags(names('AT_', AT, ['SYMLINK_NOFOLLOW', 'EACCESS', 'EMPTY_PATH']), 'AT_???'),
);
const STATX_SYNC = AT.STATX_FORCE_SYNC | AT.STATX_DONT_SYNC;
export const statxFlags = argument('int', (value) => {
  const sync = flagParts(names('AT_', AT, ['STATX_FORCE_SYNC', 'STATX_DONT_SYNC']), value & STATX_SYNC);
  if (sync.length === 0) sync.push('AT_STATX_SYNC_AS_STAT');
  return [...sync, ...flagParts(names('AT_', AT, AT_ORDER), value & ~STATX_SYNC)].join('|');
});

const FIELD_NAMES = ['TYPE', 'MODE', 'NLINK', 'UID', 'GID', 'ATIME', 'MTIME', 'CTIME', 'INO', 'SIZE', 'BLOCKS'];
const STATX_MASK: Names = [
  ['STATX_ALL', 0xfff],
  ...names('STATX_', STATX, ['BASIC_STATS']),
  ...FIELD_NAMES.map((name, bit) => [`STATX_${name}`, 1 << bit] as const),
  ...names('STATX_', STATX, ['BTIME', 'MNT_ID']),
];
const statxMaskText = flags(STATX_MASK, 'STATX_???');
export const statxMask = argument('unsigned', statxMaskText);

export const outStat = filledBy(
  structText(stat, ({ st_mode, st_rdev, st_size }) => {
    const type = st_mode & S.IFMT;
    const what =
      type === S.IFCHR || type === S.IFBLK ? `st_rdev=${makedevText(Number(st_rdev))}` : `st_size=${st_size}`;
    return `{st_mode=${modeText(st_mode)}, ${what}, ...}`;
  }),
);
export const outStatx = filledBy(
  structText(
    statx,
    ({ stx_mask, stx_attributes, stx_mode, stx_size }) =>
      `{stx_mask=${statxMaskText(stx_mask)}, stx_attributes=${hex(stx_attributes)}, stx_mode=${modeText(stx_mode)}, ` +
      `stx_size=${stx_size}, ...}`,
  ),
);

const MAGIC_NAMES: Names = [
  ['TMPFS_MAGIC', MAGIC.TMPFS],
  ['PROC_SUPER_MAGIC', MAGIC.PROC],
  ['PIPEFS_MAGIC', MAGIC.PIPEFS],
  ['OVERLAYFS_SUPER_MAGIC', MAGIC.OVERLAYFS],
  ['DEVPTS_SUPER_MAGIC', MAGIC.DEVPTS],
  ['V9FS_MAGIC', MAGIC.V9FS],
  ['ANON_INODE_FS_MAGIC', MAGIC.ANON_INODE],
];
const mountFlags = flags(names('ST_', ST, ['VALID', 'RDONLY', 'NOSUID', 'NODEV', 'NOEXEC', 'RELATIME']), 'ST_???');
export const outStatfs = filledBy(
  structText(statfs, (value) => {
    const counts = (['f_bsize', 'f_blocks', 'f_bfree', 'f_bavail', 'f_files', 'f_ffree'] as const).map(
      (name) => `${name}=${value[name]}`,
    );
    const id = value.f_fsid.map((half) => hex(half >>> 0)).join(', ');
    return (
      `{f_type=${choice(MAGIC_NAMES, '???_MAGIC')(value.f_type)}, ${counts.join(', ')}, f_fsid={val=[${id}]}, ` +
      `f_namelen=${value.f_namelen}, f_frsize=${value.f_frsize}, f_flags=${mountFlags(value.f_flags)}}`
    );
  }),
);

/** `0x7ffe0000 /* 3 entries *\/`. */
const direntsWith = (lengthAt: number) =>
  filledBy((value, { task, result = 0 }) => {
    const view = peekView(task.mm, value, result);
    if (view === null) return null;
    let entries = 0;
    for (let at = 0; at + dirent64.offsets.d_type <= result; entries++) {
      const length = view.getUint16(at + lengthAt, true);
      if (length === 0) break;
      at += length;
    }
    return `${address(value)} /* ${entries} entries */`;
  });
export const dirents = direntsWith(dirent64.offsets.d_reclen);

const lockTypes = choice(names('F_', LOCK_TYPE), 'F_???');
const flockText = (all: boolean) =>
  structText(flockStruct, ({ l_type, l_whence, l_start, l_len, l_pid }) => {
    const where = choice(names('SEEK_', SEEK), 'SEEK_???')(l_whence);
    return `{l_type=${lockTypes(l_type)}, l_whence=${where}, l_start=${l_start}, l_len=${l_len}${all ? `, l_pid=${l_pid}` : ''}}`;
  });

export const flockOperation = argument('int', flags(names('LOCK_', LOCK), 'LOCK_???'));
export const fallocMode = argument('int', flags(names('FALLOC_FL_', FALLOC), 'FALLOC_FL_???'));
export const renameFlags = argument('int', flags(names('RENAME_', RENAME), 'RENAME_???'));
export const memfdFlags = argument('int', flags(names('MFD_', MFD), 'MFD_???'));
export const closeRangeFlags = argument('int', flags(names('CLOSE_RANGE_', CLOSE_RANGE), 'CLOSE_RANGE_???'));
export const spliceFlags = argument('int', flags(names('SPLICE_F_', SPLICE_F), 'SPLICE_F_???'));
export const rwFlags = argument('int', flags(names('RWF_', RWF), 'RWF_???'));
const ADVICE = ['NORMAL', 'RANDOM', 'SEQUENTIAL', 'WILLNEED', 'DONTNEED', 'NOREUSE'];
export const fileAdvice = argument(
  'int',
  choice(
    ADVICE.map((name, value) => [`POSIX_FADV_${name}`, value] as const),
    'POSIX_FADV_???',
  ),
);

export const fcntlCmd = argument('int', choice(names('F_', F), 'F_???'));
const sealText = flags(names('F_SEAL_', SEAL), 'F_SEAL_???');
const descriptorText = flags([['FD_CLOEXEC', FD_CLOEXEC]], 'FD_???');

const lockText = (all: boolean, value: number, context: FormatContext): string =>
  value === 0 ? 'NULL' : ((failed(context) && all ? null : flockText(all)(value, context)) ?? address(value));

/** The third argument of fcntl(2), which follows the command. */
export const fcntlArg = {
  ...argument('pointer', (value, context) => {
    const command = context.args[context.index - 1];
    switch (command) {
      case F.GETFD:
      case F.GETFL:
      case F.GETOWN:
      case F.GETSIG:
      case F.GETLEASE:
      case F.GETPIPE_SZ:
      case F.GET_SEALS:
        return null;
      case F.DUPFD:
      case F.DUPFD_CLOEXEC:
      case F.SETOWN:
      case F.SETPIPE_SZ:
        return String(value | 0);
      case F.SETFD:
        return descriptorText(value);
      case F.SETFL:
        return openFlagsText(value);
      case F.SETSIG:
        return signal.format(value, context);
      case F.SETLEASE:
        return lockTypes(value);
      case F.ADD_SEALS:
        return sealText(value);
      case F.SETLK:
      case F.SETLKW:
      case F.OFD_SETLK:
      case F.OFD_SETLKW:
        return lockText(false, value, context);
      case F.GETLK:
      case F.OFD_GETLK:
        return lockText(true, value, context);
      default:
        return hex(value);
    }
  }),
  out: true,
};

/** What fcntl(2) found, behind its number. */
export const fcntlResult = (command: number, result: number): string => {
  switch (command) {
    case F.GETFD:
      return result === 0 ? '0' : `${hex(result)} (flags ${descriptorText(result)})`;
    case F.GETFL:
      return `${hex(result)} (flags ${openFlagsText(result)})`;
    case F.GETLEASE:
      return `${hex(result)} (${lockTypes(result)})`;
    case F.GET_SEALS:
      return result === 0 ? '0' : `${hex(result)} (seals ${sealText(result)})`;
    default:
      return String(result);
  }
};

/** An offset that sendfile(2) and its like read, and write back. */
export const offsetPointer = pointerTo((value, { task }) => {
  const view = peekView(task.mm, value, 8);
  return view === null ? null : `[${view.getBigInt64(0, true)}]`;
});

/** Two descriptors: pipe(2). */
export const pipefds = filledBy((value, { task }) => {
  const bytes = peek(task.mm, value, 8);
  if (bytes === null) return null;
  const fds = new DataView(bytes.buffer);
  return `[${fds.getInt32(0, true)}, ${fds.getInt32(4, true)}]`;
});
