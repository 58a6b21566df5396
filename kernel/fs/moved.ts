/**
 * Names change while files are open: who remembers a path has the new one (what dentries do by themselves in Linux). Open
 * files, working directories and mounts hold paths as text, which is the present one at any time.
 */
import type { Kernel } from '../kernel.ts';
import type { Inode, OpenFile } from './types.ts';

/** Names of one file; not every file system keeps one object for it. */
export const isSame = (a: Inode, b: Inode): boolean => a === b || (a.sb === b.sb && a.dev === b.dev && a.ino === b.ino);

/** Open files of all tasks: descriptors, mappings, and those in messages that nobody has taken yet. */
const openFiles = (kernel: Kernel): Set<OpenFile> => {
  const files = new Set<OpenFile>(kernel.net.unix.inFlight.keys());
  const tables = new Set<object>();
  for (const { files: table, mm } of kernel.tasks.values()) {
    if (!tables.has(table)) for (const entry of table.entries) if (entry !== undefined) files.add(entry.file);
    if (!tables.has(mm)) for (const { file } of mm.vmas) if (file !== null) files.add(file);
    tables.add(table).add(mm);
  }
  return files;
};

/** A path has become another, and so has all that lies below it. */
export const pathMoved = (kernel: Kernel, from: string, to: string, moved: Inode): void => {
  const below = `${from}/`;
  const now = (path: string): string => (path === from || path.startsWith(below) ? to + path.slice(from.length) : path);
  for (const file of openFiles(kernel)) {
    if (file.path === from && (file.unlinked || !isSame(file.inode, moved))) continue;
    file.path = now(file.path);
  }
  for (const task of kernel.tasks.values()) {
    const { fs } = task;
    if (now(fs.cwd.path) !== fs.cwd.path) fs.cwd = { ...fs.cwd, path: now(fs.cwd.path) };
    if (now(fs.root.path) !== fs.root.path) fs.root = { ...fs.root, path: now(fs.root.path) };
    task.executable = now(task.executable);
  }
  for (const mount of kernel.vfs.mounts) mount.path = now(mount.path);
};

/** Two paths have changed places. */
export const pathsExchanged = (kernel: Kernel, one: string, first: Inode, other: string, second: Inode): void => {
  // No path has a NUL in it.
  pathMoved(kernel, one, '\0', first);
  pathMoved(kernel, other, one, second);
  pathMoved(kernel, '\0', other, first);
};

/** A name is no more: whether nobody has the file open by it. */
export const nameGone = (kernel: Kernel, path: string, inode: Inode): boolean => {
  let unused = true;
  for (const file of openFiles(kernel)) {
    if (file.path !== path || file.unlinked || !isSame(file.inode, inode)) continue;
    file.unlinked = true;
    unused = false;
  }
  return unused;
};
