/**
 * From path to inode (fs/namei.c, path_resolution(7)). Symbolic links are followed here, against the guest's own tree, so no
 * link leads out of it.
 */
import { ERRNO } from '../abi/errno.ts';
import { AT, MAXSYMLINKS, NAME_MAX } from '../abi/fcntl.ts';
import { isDir, isLnk } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { MAY, permitted } from './inode.ts';
import { dirname, joinPath } from './names.ts';
import type { Inode, Location } from './types.ts';

/** Options of a walk. */
export interface WalkOptions {
  /** Follow a symbolic link in the last component. Default true. */
  follow?: boolean;
  /** AT_EMPTY_PATH: an empty path is the directory descriptor itself. */
  empty?: boolean;
}

/** A path up to its last component (struct nameidata). */
export interface Parent {
  /** The directory that the last component is to be looked up in. */
  directory: Location;
  /** `.` and `..` are as they stand; empty when the path is `/`. */
  last: string;
  /** Something may follow only if it is a directory. */
  trailingSlash: boolean;
  /** Symbolic links followed so far. */
  links: number;
}

/** Whether the last component is a plain name (LAST_NORM). */
export const isPlainName = (parent: Parent): boolean =>
  parent.last !== '' && parent.last !== '.' && parent.last !== '..';

/** Where a walk begins: the root, the working directory, or a descriptor's directory. */
export const startOf = (task: Task, dirfd: number, path: string): Location | number => {
  if (path.startsWith('/')) return task.fs.root;
  if (dirfd === AT.FDCWD) return task.fs.cwd;
  const file = task.files.entries[dirfd]?.file;
  if (file === undefined) return -ERRNO.EBADF;
  if (path !== '' && !isDir(file.inode.mode)) return -ERRNO.ENOTDIR;
  return { inode: file.inode, path: file.path };
};

/** The inode that a mount shows in place of a directory. */
export const throughMounts = (inode: Inode): Inode => {
  let at = inode;
  while (at.mounted !== null) at = at.mounted;
  return at;
};

/** Looks a plain name up in a directory. -ENOENT, or other errors of the file system. */
export const lookupChild = (kernel: Kernel, task: Task, directory: Inode, name: string): Inode | number => {
  if (name.length > NAME_MAX) return -ERRNO.ENAMETOOLONG;
  if (directory.ops.lookup === undefined) return -ERRNO.ENOTDIR;
  const found = directory.ops.lookup(kernel, task, directory, name);
  return typeof found === 'number' ? found : throughMounts(found);
};

const parentOf = (task: Task, at: Location): Location => {
  const { inode } = at;
  if (inode === task.fs.root.inode) return at;
  const parent = inode.parent ?? inode;
  return { inode: throughMounts(parent), path: dirname(at.path) };
};

/** The location that one component leads to; symbolic links are not followed. */
export const stepInto = (kernel: Kernel, task: Task, directory: Location, name: string): Location | number => {
  if (name === '' || name === '.') return directory;
  if (name === '..') return parentOf(task, directory);
  const inode = lookupChild(kernel, task, directory.inode, name);
  return typeof inode === 'number' ? inode : { inode, path: joinPath(directory.path, name) };
};

/** Where a symbolic link leads: text to walk on with, or a location at once. */
export const linkTarget = (kernel: Kernel, task: Task, link: Inode): string | Location | number => {
  if (link.ops.follow !== undefined) return link.ops.follow(kernel, task, link);
  const target = link.ops.readlink?.(kernel, task, link) ?? -ERRNO.EINVAL;
  return target === '' ? -ERRNO.ENOENT : target;
};

/** Walks all components but the last (link_path_walk). The path is not empty. */
export const walkParent = (
  kernel: Kernel,
  task: Task,
  start: Location,
  path: string,
  linksBefore = 0,
): Parent | number => {
  let directory = path.startsWith('/') ? task.fs.root : start;
  let rest = path;
  let links = linksBefore;
  for (;;) {
    let at = 0;
    while (rest[at] === '/') at++;
    if (at === rest.length) return { directory, last: '', trailingSlash: false, links };
    let end = rest.indexOf('/', at);
    if (end < 0) end = rest.length;
    const name = rest.slice(at, end);
    let next = end;
    while (rest[next] === '/') next++;

    if (!isDir(directory.inode.mode)) return -ERRNO.ENOTDIR;
    if (!permitted(task.cred, directory.inode, MAY.EXEC)) return -ERRNO.EACCES;
    if (next === rest.length) return { directory, last: name, trailingSlash: next > end, links };

    const found = stepInto(kernel, task, directory, name);
    if (typeof found === 'number') return found;
    rest = rest.slice(next);
    if (isLnk(found.inode.mode)) {
      if (++links > MAXSYMLINKS) return -ERRNO.ELOOP;
      const target = linkTarget(kernel, task, found.inode);
      if (typeof target === 'number') return target;
      if (typeof target === 'string') {
        if (target.startsWith('/')) directory = task.fs.root;
        rest = `${target}/${rest}`;
        continue;
      }
      directory = target;
    } else {
      directory = found;
    }
    if (!isDir(directory.inode.mode)) return -ERRNO.ENOTDIR;
  }
};

/** The last component of a walk, followed or not. */
export const walkLast = (kernel: Kernel, task: Task, parent: Parent, follow: boolean): Location | number => {
  let at = parent;
  for (;;) {
    const found = stepInto(kernel, task, at.directory, at.last);
    if (typeof found === 'number') return found;
    if (!isLnk(found.inode.mode) || !(follow || at.trailingSlash)) {
      return at.trailingSlash && !isDir(found.inode.mode) ? -ERRNO.ENOTDIR : found;
    }
    if (at.links >= MAXSYMLINKS) return -ERRNO.ELOOP;
    const target = linkTarget(kernel, task, found.inode);
    if (typeof target === 'number') return target;
    if (typeof target !== 'string') {
      return at.trailingSlash && !isDir(target.inode.mode) ? -ERRNO.ENOTDIR : target;
    }
    const next = walkParent(kernel, task, at.directory, at.trailingSlash ? `${target}/` : target, at.links + 1);
    if (typeof next === 'number') return next;
    at = next;
  }
};

/** The location that a path names, relative to `dirfd` (user_path_at). */
export const walkPath = (
  kernel: Kernel,
  task: Task,
  dirfd: number,
  path: string,
  options: WalkOptions = {},
): Location | number => {
  if (path === '' && !options.empty) return -ERRNO.ENOENT;
  const start = startOf(task, dirfd, path);
  if (typeof start === 'number' || path === '') return start;
  const parent = walkParent(kernel, task, start, path);
  return typeof parent === 'number' ? parent : walkLast(kernel, task, parent, options.follow ?? true);
};

/** The directory and last name of a path that is to be created, removed or renamed (filename_parentat). */
export const walkToParent = (kernel: Kernel, task: Task, dirfd: number, path: string): Parent | number => {
  if (path === '') return -ERRNO.ENOENT;
  const start = startOf(task, dirfd, path);
  return typeof start === 'number' ? start : walkParent(kernel, task, start, path);
};

/**
 * Absolute path of a directory as seen from `root` (d_path). Null if it was removed; `reachable` is false if it lies outside
 * of the root.
 */
export const pathOf = (directory: Inode, root: Inode): { path: string; reachable: boolean } | null => {
  let path = '';
  for (let at = directory; ; at = at.parent!) {
    if (at === root) return { path: path === '' ? '/' : path, reachable: true };
    if (at.dead) return null;
    if (at.parent === null || at.parent === at) return { path: path === '' ? '/' : path, reachable: false };
    path = `/${at.name}${path}`;
  }
};
