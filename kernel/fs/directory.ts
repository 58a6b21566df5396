/**
 * Open directories. The entries are listed once, when reading begins or is rewound, so that entries which come and go in
 * between neither repeat nor hide others.
 */
import { DT } from '../abi/dirent.ts';
import { ERRNO } from '../abi/errno.ts';
import { SEEK } from '../abi/fcntl.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { releaseFile, touchAccessed } from './inode.ts';
import { throughMounts } from './namei.ts';
import type { DirectoryEntry, FileOperations, OpenFile } from './types.ts';

/** All entries from position 0 on, with `.` and `..`. -errno. */
export const directoryEntries = (kernel: Kernel, task: Task, file: OpenFile): DirectoryEntry[] | number => {
  if (file.position === 0 || file.state === null) {
    const { inode } = file;
    if (inode.dead) return -ERRNO.ENOENT;
    const entries = inode.ops.list?.(kernel, task, inode) ?? -ERRNO.ENOTDIR;
    if (typeof entries === 'number') return entries;
    const parent = inode === task.fs.root.inode ? inode : throughMounts(inode.parent ?? inode);
    file.state = [
      { name: '.', ino: inode.ino, type: DT.DIR },
      { name: '..', ino: parent.ino, type: DT.DIR },
      ...entries,
    ];
    touchAccessed(kernel, inode);
  }
  return file.state as DirectoryEntry[];
};

export const directoryFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'directory',
  read: () => -ERRNO.EISDIR,
  seekable: true,
  seek: (_kernel, file, offset, whence) => {
    const position = whence === SEEK.SET ? offset : whence === SEEK.CUR ? file.position + offset : -1;
    if (position < 0) return -ERRNO.EINVAL;
    file.position = position;
    return position;
  },
  release: releaseFile,
});
