/**
 * From path to inode (fs/namei.c, path_resolution(7)). Symbolic links are followed here, against the guest's own tree, so no
 * link leads out of it.
 */
import { ERRNO } from '../abi/errno.ts';
import { AT, MAXSYMLINKS, NAME_MAX, RESOLVE } from '../abi/fcntl.ts';
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

/** Where a walk may go: openat2(2) alone asks for less than everywhere. */
export interface Bounds {
  /** Bits of `RESOLVE`. */
  readonly resolve: number;
  /** What `/` and `..` do not lead out of, where that is not the root of the task. */
  readonly root: Location | null;
  /** The walk has asked for the root: Linux takes a link to it for one out of the mount before. */
  rootIsKnown: boolean;
}

const EVERYWHERE: Bounds = { resolve: 0, root: null, rootIsKnown: true };

/** The bounds of a walk of a path that begins at a place. */
const boundsOf = (resolve: number, path: string, start: Location): Bounds => {
  if (resolve === 0) return EVERYWHERE;
  const scoped = (resolve & (RESOLVE.BENEATH | RESOLVE.IN_ROOT)) !== 0;
  return { resolve, root: scoped ? start : null, rootIsKnown: scoped || path.startsWith('/') };
};

/** Whether a step from one place to another leaves the mount and must not. */
const crosses = ({ resolve }: Bounds, from: Inode, to: Inode): boolean =>
  (resolve & RESOLVE.NO_XDEV) !== 0 && from.sb !== to.sb;

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
  bounds: Bounds;
}

/** Whether the last component is a plain name (LAST_NORM). */
export const isPlainName = (parent: Parent): boolean =>
  parent.last !== '' && parent.last !== '.' && parent.last !== '..';

/** Where a walk begins: the root, the working directory, or a descriptor's directory (path_init). */
const startOf = (task: Task, dirfd: number, path: string, resolve = 0): Location | number => {
  if (path.startsWith('/') && !(resolve & RESOLVE.IN_ROOT))
    return resolve & RESOLVE.BENEATH ? -ERRNO.EXDEV : task.fs.root;
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

/** The location of `..` (follow_dotdot). */
const parentOf = (task: Task, at: Location, bounds: Bounds): Location | number => {
  const { inode } = at;
  bounds.rootIsKnown = true;
  if (inode === (bounds.root ?? task.fs.root).inode) return bounds.resolve & RESOLVE.BENEATH ? -ERRNO.EXDEV : at;
  const parent = inode.parent ?? inode;
  return crosses(bounds, inode, parent) ? -ERRNO.EXDEV : { inode: throughMounts(parent), path: dirname(at.path) };
};

/** The location of a name in a directory; a symbolic link is not followed. */
export const stepToName = (
  kernel: Kernel,
  task: Task,
  directory: Location,
  name: string,
  bounds: Bounds,
): Location | number => {
  const inode = lookupChild(kernel, task, directory.inode, name);
  if (typeof inode === 'number') return inode;
  return crosses(bounds, directory.inode, inode) ? -ERRNO.EXDEV : { inode, path: joinPath(directory.path, name) };
};

/** The location that one component leads to; symbolic links are not followed. */
const stepInto = (kernel: Kernel, task: Task, directory: Location, name: string, bounds: Bounds): Location | number => {
  if (name === '' || name === '.') return directory;
  if (name === '..') return parentOf(task, directory, bounds);
  return stepToName(kernel, task, directory, name, bounds);
};

/** Where a symbolic link in a directory leads: text to walk on with, or a location at once (pick_link, nd_jump_link). */
export const linkTarget = (
  kernel: Kernel,
  task: Task,
  directory: Location,
  link: Inode,
  bounds: Bounds,
): string | Location | number => {
  const { resolve } = bounds;
  if (resolve & RESOLVE.NO_SYMLINKS) return -ERRNO.ELOOP;
  const target =
    link.ops.follow === undefined
      ? (link.ops.readlink?.(kernel, task, link) ?? -ERRNO.EINVAL)
      : link.ops.follow(kernel, task, link);
  if (typeof target === 'string') return target === '' ? -ERRNO.ENOENT : target;
  if (typeof target === 'number') return target;
  if (resolve & RESOLVE.NO_MAGICLINKS) return -ERRNO.ELOOP;
  return bounds.root !== null || crosses(bounds, directory.inode, target.inode) ? -ERRNO.EXDEV : target;
};

/** Where the text of a symbolic link that begins with a slash starts from (nd_jump_root). */
const jumpToRoot = (task: Task, directory: Location, bounds: Bounds): Location | number => {
  const root = bounds.root ?? task.fs.root;
  if (bounds.resolve & RESOLVE.BENEATH) return -ERRNO.EXDEV;
  if (bounds.resolve & RESOLVE.NO_XDEV && !bounds.rootIsKnown) return -ERRNO.EXDEV;
  bounds.rootIsKnown = true;
  return crosses(bounds, directory.inode, root.inode) ? -ERRNO.EXDEV : root;
};

/** Walks all components but the last (link_path_walk). The path is not empty. */
export const walkParent = (
  kernel: Kernel,
  task: Task,
  start: Location,
  path: string,
  linksBefore = 0,
  bounds: Bounds = EVERYWHERE,
): Parent | number => {
  // A path from the root starts there (`startOf`): it is the text of a symbolic link that may not.
  const from = path.startsWith('/') ? jumpToRoot(task, start, bounds) : start;
  if (typeof from === 'number') return from;
  let directory = from;
  let rest = path;
  let links = linksBefore;
  for (;;) {
    let at = 0;
    while (rest[at] === '/') at++;
    if (at === rest.length) return { directory, last: '', trailingSlash: false, links, bounds };
    let end = rest.indexOf('/', at);
    if (end < 0) end = rest.length;
    const name = rest.slice(at, end);
    let next = end;
    while (rest[next] === '/') next++;

    if (!isDir(directory.inode.mode)) return -ERRNO.ENOTDIR;
    if (!permitted(task.cred, directory.inode, MAY.EXEC)) return -ERRNO.EACCES;
    if (next === rest.length) return { directory, last: name, trailingSlash: next > end, links, bounds };

    const found = stepInto(kernel, task, directory, name, bounds);
    if (typeof found === 'number') return found;
    rest = rest.slice(next);
    if (isLnk(found.inode.mode)) {
      if (++links > MAXSYMLINKS) return -ERRNO.ELOOP;
      const target = linkTarget(kernel, task, directory, found.inode, bounds);
      if (typeof target === 'number') return target;
      if (typeof target === 'string') {
        const on = target.startsWith('/') ? jumpToRoot(task, directory, bounds) : directory;
        if (typeof on === 'number') return on;
        directory = on;
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
    const { directory, bounds } = at;
    const found = stepInto(kernel, task, directory, at.last, bounds);
    if (typeof found === 'number') return found;
    if (!isLnk(found.inode.mode) || !(follow || at.trailingSlash)) {
      return at.trailingSlash && !isDir(found.inode.mode) ? -ERRNO.ENOTDIR : found;
    }
    if (at.links >= MAXSYMLINKS) return -ERRNO.ELOOP;
    const target = linkTarget(kernel, task, directory, found.inode, bounds);
    if (typeof target === 'number') return target;
    if (typeof target !== 'string') {
      return at.trailingSlash && !isDir(target.inode.mode) ? -ERRNO.ENOTDIR : target;
    }
    const next = walkParent(kernel, task, directory, at.trailingSlash ? `${target}/` : target, at.links + 1, bounds);
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
  if (path === '' && options.empty) return startOf(task, dirfd, path);
  const parent = walkToParent(kernel, task, dirfd, path);
  return typeof parent === 'number' ? parent : walkLast(kernel, task, parent, options.follow ?? true);
};

/** The directory and last name of a path relative to `dirfd` (filename_parentat). `resolve` is openat2's. */
export const walkToParent = (kernel: Kernel, task: Task, dirfd: number, path: string, resolve = 0): Parent | number => {
  if (path === '') return -ERRNO.ENOENT;
  const start = startOf(task, dirfd, path, resolve);
  if (typeof start === 'number') return start;
  return walkParent(kernel, task, start, path, 0, boundsOf(resolve, path, start));
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
