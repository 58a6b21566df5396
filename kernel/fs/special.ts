/** Opening what is no regular file: devices by number, FIFOs (chrdev_open, fifo_open). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { isChr, isFifo, majorOf, makedev, minorOf, S } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { tunFile } from '../net/tun/file.ts';
import type { Task } from '../task/task.ts';
import { attachTty, mayOpenTty } from '../tty/attach.ts';
import { ttyFile } from '../tty/operations.ts';
import { newPty, slaveOf } from '../tty/pty.ts';
import type { Tty } from '../tty/tty.ts';
import { releaseFile } from './inode.ts';
import { openFifo } from './pipe.ts';
import { clearSink, discardSource } from './sink.ts';
import type { FileOperations, Inode } from './types.ts';

const nullFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'null',
  read: () => 0,
  write: (_kernel, _task, _file, source) => source.remaining,
  seekable: true,
  seek: () => 0,
  release: releaseFile,
});

const zeroFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'zero',
  read: (_kernel, _task, _file, sink) => clearSink(sink),
  write: (_kernel, _task, _file, source) => source.remaining,
  seekable: true,
  seek: () => 0,
  readPage: () => 0,
  release: releaseFile,
});

const fullFile: FileOperations = Object.freeze<FileOperations>({
  ...zeroFile,
  kind: 'full',
  write: () => -ERRNO.ENOSPC,
});

const randomFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'random',
  read: (kernel, _task, _file, sink) => {
    let done = 0;
    while (sink.remaining > 0) {
      const bytes = new Uint8Array(Math.min(sink.remaining, 4096));
      kernel.random(bytes);
      const moved = sink.put(bytes);
      done += moved;
      if (moved < bytes.length) break;
    }
    return done;
  },
  write: (_kernel, _task, _file, source) => discardSource(source),
  seekable: true,
  seek: () => 0,
  // It never was without numbers, and so has nothing to tell.
  fasync: () => {},
  release: releaseFile,
});

/** Character devices by major and minor (Documentation/admin-guide/devices.txt). */
export const DEVICE = {
  NULL: makedev(1, 3),
  ZERO: makedev(1, 5),
  FULL: makedev(1, 7),
  RANDOM: makedev(1, 8),
  URANDOM: makedev(1, 9),
  TTY: makedev(5, 0),
  CONSOLE: makedev(5, 1),
  PTMX: makedev(5, 2),
  TUN: makedev(10, 200),
  PTS0: makedev(136, 0),
} as const;

/** Files of one terminal, whichever of its nodes was opened. */
const ttyDevice = (find: (kernel: Kernel, task: Task, rdev: number) => Tty | number): FileOperations =>
  Object.freeze<FileOperations>({
    ...ttyFile,
    opened: (kernel, task, file, flags) => {
      const tty = find(kernel, task, file.inode.rdev);
      if (typeof tty === 'number') return tty;
      attachTty(task, file, tty, (flags & O.NOCTTY) !== 0);
      return 0;
    },
  });

const checked = (kernel: Kernel, task: Task, tty: Tty | undefined): Tty | number => {
  if (tty === undefined) return -ERRNO.ENXIO;
  const error = mayOpenTty(kernel, task, tty);
  return error !== 0 ? error : tty;
};

/** The controlling terminal, if the caller has one. */
const currentTty = ttyDevice((_kernel, task) => task.group.tty ?? -ERRNO.ENXIO);
const consoleTty = ttyDevice((kernel, task) => checked(kernel, task, kernel.vfs.console));
const slaveTty = ttyDevice((kernel, task, rdev) => checked(kernel, task, slaveOf(kernel, minorOf(rdev))));
const masterTty = ttyDevice((kernel, task) => newPty(kernel, task));

const CHARACTER_DEVICES: ReadonlyMap<number, FileOperations> = new Map([
  [DEVICE.NULL, nullFile],
  [DEVICE.ZERO, zeroFile],
  [DEVICE.FULL, fullFile],
  [DEVICE.RANDOM, randomFile],
  [DEVICE.URANDOM, randomFile],
  [DEVICE.TTY, currentTty],
  [DEVICE.CONSOLE, consoleTty],
  [DEVICE.PTS0, consoleTty],
  [DEVICE.PTMX, masterTty],
  [DEVICE.TUN, tunFile],
]);

/** Major of the slaves of pseudo-terminals. */
const PTS_MAJOR = 136;

const characterDevice = (rdev: number): FileOperations | undefined =>
  CHARACTER_DEVICES.get(rdev) ?? (majorOf(rdev) === PTS_MAJOR ? slaveTty : undefined);

/** The operations of a device node, FIFO or socket. Nothing of the host's is ever opened. */
export const openSpecial = (kernel: Kernel, task: Task, inode: Inode, flags: number): FileOperations | number => {
  if (isFifo(inode.mode)) return openFifo(kernel, task, inode, flags);
  if (isChr(inode.mode)) return characterDevice(inode.rdev) ?? -ERRNO.ENXIO;
  return (inode.mode & S.IFMT) === S.IFLNK ? -ERRNO.ELOOP : -ERRNO.ENXIO;
};
