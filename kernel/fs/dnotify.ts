/** Changes in a directory told by signal: F_NOTIFY of fcntl(2) (fs/notify/dnotify/dnotify.c). */
import { ERRNO } from '../abi/errno.ts';
import { DN } from '../abi/fcntl.ts';
import { IN } from '../abi/inotify.ts';
import { POLL_CODE } from '../abi/signal.ts';
import { isDir } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import type { FileTable } from '../task/task.ts';
import { killFasync } from './fasync.ts';
import type { Inode, OpenFile } from './types.ts';

/** Who wants to know of a directory: its open file, and the descriptor that the signal shows (struct dnotify_struct). */
export interface DirectoryNote {
  file: OpenFile;
  fd: number;
  files: FileTable;
  /** DN_*, with DN_MULTISHOT. */
  mask: number;
}

/** A name in the directory became another there (FS_RENAME). No bit of inotify's. */
export const RENAMED = 0x10000000;

/** What each flag hears of. */
const EVENTS: readonly (readonly [flag: number, events: number])[] = [
  [DN.ACCESS, IN.ACCESS],
  [DN.MODIFY, IN.MODIFY],
  [DN.CREATE, IN.CREATE | IN.MOVED_TO],
  [DN.DELETE, IN.DELETE | IN.MOVED_FROM],
  [DN.RENAME, RENAMED],
  [DN.ATTRIB, IN.ATTRIB],
];

/** Tells those who asked about a directory; most of them once (dnotify_handle_event). */
export const signalDirectory = (kernel: Kernel, inode: Inode, events: number): void => {
  if (inode.notes === undefined) return;
  for (const note of inode.notes.slice()) {
    if (!EVENTS.some(([flag, wanted]) => (note.mask & flag) !== 0 && (events & wanted) !== 0)) continue;
    killFasync(kernel, [note], POLL_CODE.MSG);
    if (!(note.mask & DN.MULTISHOT)) dropNote(kernel, inode, note);
  }
};

const dropNote = (kernel: Kernel, inode: Inode, note: DirectoryNote): void => {
  const left = inode.notes!.filter((other) => other !== note);
  if (left.length > 0) inode.notes = left;
  else delete inode.notes;
  kernel.vfs.notify.watches--;
};

/** A descriptor of the directory was closed: nobody is told any more whom it served (dnotify_flush). */
export const dropNotes = (kernel: Kernel, file: OpenFile, files: FileTable): void => {
  const { inode } = file;
  for (const note of inode.notes ?? []) if (note.file === file && note.files === files) dropNote(kernel, inode, note);
};

/** F_NOTIFY. Flags add to those of the same open file; none of them ends it. 0 or -ENOTDIR. */
export const setNote = (kernel: Kernel, note: DirectoryNote): number => {
  const { file, files, fd, mask } = note;
  const { inode } = file;
  if ((mask & ~DN.MULTISHOT) === 0) {
    dropNotes(kernel, file, files);
    return 0;
  }
  if (!isDir(inode.mode)) return -ERRNO.ENOTDIR;
  const known = inode.notes?.find((other) => other.file === file && other.files === files);
  if (known !== undefined) {
    known.fd = fd;
    known.mask |= mask;
    return 0;
  }
  inode.notes = [note, ...(inode.notes ?? [])];
  kernel.vfs.notify.watches++;
  return 0;
};
