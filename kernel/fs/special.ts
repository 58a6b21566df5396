/** Opening what is no regular file: devices by number, FIFOs (chrdev_open, fifo_open). */
import { ERRNO } from '../abi/errno.ts';
import { isChr, isFifo, makedev, S } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { releaseFile } from './inode.ts';
import { openFifo } from './pipe.ts';
import { clearSink, discardSource } from './sink.ts';
import { hasTerminal, terminalFile } from './terminal.ts';
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
  PTS0: makedev(136, 0),
} as const;

const openTerminal = (kernel: Kernel): FileOperations | number => (hasTerminal(kernel) ? terminalFile : -ERRNO.ENXIO);

/** The controlling terminal, if the caller's session has one. */
const openTty = (kernel: Kernel, task: Task): FileOperations | number =>
  kernel.vfs.console.session === task.group.sid ? openTerminal(kernel) : -ERRNO.ENXIO;

const CHARACTER_DEVICES: ReadonlyMap<number, (kernel: Kernel, task: Task) => FileOperations | number> = new Map([
  [DEVICE.NULL, () => nullFile],
  [DEVICE.ZERO, () => zeroFile],
  [DEVICE.FULL, () => fullFile],
  [DEVICE.RANDOM, () => randomFile],
  [DEVICE.URANDOM, () => randomFile],
  [DEVICE.TTY, openTty],
  [DEVICE.CONSOLE, openTerminal],
  [DEVICE.PTS0, openTerminal],
]);

/** The operations of a device node, FIFO or socket. Nothing of the host's is ever opened. */
export const openSpecial = (kernel: Kernel, task: Task, inode: Inode, flags: number): FileOperations | number => {
  if (isFifo(inode.mode)) return openFifo(kernel, task, inode, flags);
  if (isChr(inode.mode)) return CHARACTER_DEVICES.get(inode.rdev)?.(kernel, task) ?? -ERRNO.ENXIO;
  return (inode.mode & S.IFMT) === S.IFLNK ? -ERRNO.ELOOP : -ERRNO.ENXIO;
};
