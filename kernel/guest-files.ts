/** Putting files into the guest's tree and taking them out, from outside of any program. */
import { ERRNO, errnoName } from './abi/errno.ts';
import { AT, O } from './abi/fcntl.ts';
import { isDir, isReg, S } from './abi/stat.ts';
import { fput } from './fs/inode.ts';
import { walkPath } from './fs/namei.ts';
import { basename, bytesFromText, dirname, joinPath, toBytes } from './fs/names.ts';
import { openPath } from './fs/open.ts';
import type { Inode, OpenFile } from './fs/types.ts';
import type { Kernel } from './kernel.ts';
import type { MemoryEntry } from './memory-host.ts';
import { KernelBuffer } from './mm/iov.ts';

const ROOT = { uid: 0, gid: 0 };

const open = (kernel: Kernel, path: string, flags: number, mode = 0): OpenFile | number =>
  openPath(kernel, kernel.init, AT.FDCWD, bytesFromText(path), flags | O.NONBLOCK, mode);

/** Contents of a regular file in the guest, or a negative errno. */
export const readGuestFile = (kernel: Kernel, path: string, most = Number.POSITIVE_INFINITY): Uint8Array | number => {
  const file = open(kernel, path, O.RDONLY);
  if (typeof file === 'number') return file;
  try {
    if (!isReg(file.inode.mode) || file.ops.read === undefined) return -ERRNO.EINVAL;
    const parts: Uint8Array[] = [];
    let total = 0;
    while (total < most) {
      const part = new Uint8Array(Math.min(1 << 20, most - total));
      const count = file.ops.read(kernel, kernel.init, file, new KernelBuffer(part), total);
      if (count < 0) return count;
      if (count === 0) break;
      parts.push(part.subarray(0, count));
      total += count;
    }
    const bytes = new Uint8Array(total);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  } finally {
    fput(kernel, file);
  }
};

/** Someone may execute it. */
const ANY_EXEC = 0o111;

/**
 * The path of a program that is named without a slash: the first executable file of that name in the directories of
 * `searchPath`, as execvp(3) finds it. Otherwise the name as it is.
 */
export const findProgram = (kernel: Kernel, name: string, searchPath: string): string => {
  if (name.includes('/')) return name;
  for (const directory of searchPath.split(':')) {
    if (!directory.startsWith('/')) continue;
    const path = joinPath(directory, name);
    const found = walkPath(kernel, kernel.init, AT.FDCWD, bytesFromText(path));
    if (typeof found === 'object' && isReg(found.inode.mode) && found.inode.mode & ANY_EXEC) return path;
  }
  return name;
};

const failed = (path: string, error: number): Error => new Error(`cannot make ${path}: ${errnoName(-error)}`);

/** The directory at an absolute path, made with all above it where there is none. */
const makeDirectory = (kernel: Kernel, path: string, mode = 0o755): Inode => {
  const bytes = bytesFromText(path);
  const found = walkPath(kernel, kernel.init, AT.FDCWD, bytes);
  if (typeof found === 'object') {
    if (!isDir(found.inode.mode)) throw failed(path, -ERRNO.ENOTDIR);
    return found.inode;
  }
  if (found !== -ERRNO.ENOENT) throw failed(path, found);
  const parent = makeDirectory(kernel, dirname(path));
  const made = parent.ops.create?.(kernel, parent, basename(bytes), S.IFDIR | mode, 0, ROOT) ?? -ERRNO.EROFS;
  if (typeof made === 'number') throw failed(path, made);
  return made;
};

const writeFile = (kernel: Kernel, path: string, contents: Uint8Array | string, mode: number): void => {
  const file = open(kernel, path, O.WRONLY | O.CREAT | O.TRUNC, mode);
  if (typeof file === 'number') throw failed(path, file);
  try {
    const bytes = typeof contents === 'string' ? toBytes(bytesFromText(contents)) : contents;
    for (let at = 0; at < bytes.length; ) {
      const source = new KernelBuffer(bytes.subarray(at));
      const count = file.ops.write?.(kernel, kernel.init, file, source, at) ?? -ERRNO.EINVAL;
      if (count <= 0) throw failed(path, count);
      at += count;
    }
  } finally {
    fput(kernel, file);
  }
};

/**
 * Puts a file, symbolic link or directory with all in it at an absolute path; directories above it are made. What is there
 * already is replaced, but for directories, which are added to. Throws an `Error` with a sentence for the user.
 */
export const putGuestFile = (kernel: Kernel, path: string, entry: MemoryEntry): void => {
  if (!path.startsWith('/')) throw new Error(`the path of a file must be absolute: ${path}`);
  if (typeof entry === 'string' || entry instanceof Uint8Array) {
    putGuestFile(kernel, path, { file: entry });
  } else if ('directory' in entry) {
    makeDirectory(kernel, path, entry.mode);
    for (const [name, child] of Object.entries(entry.directory)) putGuestFile(kernel, joinPath(path, name), child);
  } else {
    const directory = makeDirectory(kernel, dirname(path));
    if ('file' in entry) {
      writeFile(kernel, path, entry.file, entry.mode ?? 0o644);
      return;
    }
    const name = bytesFromText(basename(path));
    const link = directory.ops.symlink?.(kernel, directory, name, bytesFromText(entry.link), ROOT) ?? -ERRNO.EROFS;
    if (typeof link === 'number') throw failed(path, link);
  }
};
