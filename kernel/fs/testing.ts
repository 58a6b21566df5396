/** What tests of the file system do with a machine's files: by path, as its first process, in strings. */
import { errnoName } from '../abi/errno.ts';
import { AT, O } from '../abi/fcntl.ts';
import { isDir, isLnk } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { KernelBuffer } from '../mm/iov.ts';
import type { Task } from '../task/task.ts';
import { fput } from './inode.ts';
import { walkPath } from './namei.ts';
import { fromBytes, toBytes } from './names.ts';
import { openPath } from './open.ts';
import { makeDirectory, makeLink, makeSymlink, readLink, removeDirectoryName, renameName, unlinkName } from './tree.ts';
import type { OpenFile } from './types.ts';

/** `ENOENT` for -2, the text of other numbers. */
export const named = (result: number): string => (result < 0 ? errnoName(-result) : String(result));

/** Calls on paths. Results are `0`, or the name of the error. */
export class Files {
  readonly kernel: Kernel;
  readonly task: Task;

  constructor(kernel: Kernel, task: Task) {
    this.kernel = kernel;
    this.task = task;
  }

  open(path: string, flags: number = O.RDONLY, mode = 0o644): OpenFile | string {
    const file = openPath(this.kernel, this.task, AT.FDCWD, path, flags, mode);
    return typeof file === 'number' ? named(file) : file;
  }

  /** The open file; an assertion if it is refused. */
  mustOpen(path: string, flags: number = O.RDONLY, mode = 0o644): OpenFile {
    const file = this.open(path, flags, mode);
    if (typeof file === 'string') throw new Error(`${path}: ${file}`);
    return file;
  }

  close(file: OpenFile): void {
    fput(this.kernel, file);
  }

  readAt(file: OpenFile, position: number, length: number): string {
    const bytes = new Uint8Array(length);
    const count = file.ops.read!(this.kernel, this.task, file, new KernelBuffer(bytes), position);
    return count < 0 ? named(count) : fromBytes(bytes.subarray(0, count));
  }

  writeAt(file: OpenFile, position: number, text: string): string {
    return named(file.ops.write!(this.kernel, this.task, file, new KernelBuffer(toBytes(text)), position));
  }

  read(path: string): string {
    const file = this.open(path);
    if (typeof file === 'string') return file;
    const text = this.readAt(file, 0, 1 << 20);
    this.close(file);
    return text;
  }

  /** Replaces the contents. The count, or the error. */
  write(path: string, text: string, flags: number = O.CREAT | O.TRUNC): string {
    const file = this.open(path, O.WRONLY | flags);
    if (typeof file === 'string') return file;
    const result = text === '' ? '0' : this.writeAt(file, flags & O.APPEND ? file.inode.size : 0, text);
    this.close(file);
    return result;
  }

  mkdir(path: string): string {
    return named(makeDirectory(this.kernel, this.task, AT.FDCWD, path, 0o755));
  }

  symlink(target: string, path: string): string {
    return named(makeSymlink(this.kernel, this.task, target, AT.FDCWD, path));
  }

  link(from: string, path: string): string {
    const at = walkPath(this.kernel, this.task, AT.FDCWD, from, { follow: false });
    return named(typeof at === 'number' ? at : makeLink(this.kernel, this.task, at.inode, AT.FDCWD, path));
  }

  unlink(path: string): string {
    return named(unlinkName(this.kernel, this.task, AT.FDCWD, path));
  }

  rmdir(path: string): string {
    return named(removeDirectoryName(this.kernel, this.task, AT.FDCWD, path));
  }

  rename(from: string, to: string, flags = 0): string {
    return named(renameName(this.kernel, this.task, [AT.FDCWD, from], [AT.FDCWD, to], flags));
  }

  readlink(path: string): string {
    const text = readLink(this.kernel, this.task, AT.FDCWD, path);
    return typeof text === 'number' ? named(text) : text;
  }

  truncate(path: string, size: number): string {
    const at = walkPath(this.kernel, this.task, AT.FDCWD, path);
    if (typeof at === 'number') return named(at);
    return named(at.inode.ops.truncate?.(this.kernel, at.inode, size) ?? -22);
  }

  /** Sorted names, or the error. */
  list(path: string): string[] | string {
    const at = walkPath(this.kernel, this.task, AT.FDCWD, path);
    if (typeof at === 'number') return named(at);
    const entries = at.inode.ops.list?.(this.kernel, this.task, at.inode) ?? -20;
    return typeof entries === 'number' ? named(entries) : entries.map((entry) => entry.name).sort();
  }

  /** Everything below a directory, one line each: path, kind, contents. */
  tree(path: string): string[] {
    const lines: string[] = [];
    for (const name of this.list(path)) {
      const child = path === '/' ? `/${name}` : `${path}/${name}`;
      const at = walkPath(this.kernel, this.task, AT.FDCWD, child, { follow: false });
      if (typeof at === 'number') lines.push(`${child} ${named(at)}`);
      else if (isDir(at.inode.mode)) lines.push(`${child}/ ${at.inode.nlink}`, ...this.tree(child));
      else if (isLnk(at.inode.mode)) lines.push(`${child} -> ${this.readlink(child)}`);
      else lines.push(`${child} ${at.inode.nlink} ${this.read(child)}`);
    }
    return lines;
  }
}
