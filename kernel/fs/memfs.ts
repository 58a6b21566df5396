/**
 * The file system in memory (tmpfs). With a lower layer it is the overlay: a directory or file may name its origin in the
 * host's files, from which everything comes that was not changed here; changes stay here. See `lower.ts`.
 */

import { PAGE_SIZE } from '../../emulator/api.ts';
import { typeOfMode } from '../abi/dirent.ts';
import { ERRNO } from '../abi/errno.ts';
import { SEAL } from '../abi/fcntl.ts';
import { isDir, isReg, MAGIC, S } from '../abi/stat.ts';
import type { HostFiles } from '../host.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { directoryFile } from './directory.ts';
import { extendInode, newInode, newSuperBlock, setAttributes, touchChanged, touchModified } from './inode.ts';
import { hasLower, listLower, lookupLower, newView, revalidate } from './lower.ts';
import { allocateRange, blocksOf, dropContent, memFile, nextExtent, truncateContent } from './memfile.ts';
import { charge, type MemInode, uncharge } from './memnode.ts';
import { openSpecial } from './special.ts';
import type { DirectoryEntry, Inode, InodeOperations, Owner, SuperBlock, Vfs } from './types.ts';

/** What an inode, and each further name of it, is taken to need besides its data. */
const INODE_COST = 1024;

/** An inode in no directory yet, not charged. */
export const bareInode = (kernel: Kernel, sb: SuperBlock, mode: number, owner: Owner): MemInode =>
  extendInode(newInode(kernel, sb, isDir(mode) ? memDirectory : memInode, mode, owner), {
    entries: isDir(mode) ? new Map() : null,
    pages: null,
    target: '',
    lower: null,
    lowerSize: 0,
    lowerBlocks: 0,
    kept: true,
    seals: 0,
    charged: 0,
  });

/** A new, charged inode; -ENOSPC. */
export const newMemInode = (kernel: Kernel, sb: SuperBlock, mode: number, owner: Owner): MemInode | number => {
  const inode = bareInode(kernel, sb, mode, owner);
  // Files with a name cannot be sealed; memfd_create takes this back.
  if (isReg(mode)) inode.seals = SEAL.SEAL;
  return charge(kernel, inode, INODE_COST) ? inode : -ERRNO.ENOSPC;
};

/** An empty tmpfs. */
export const newTmpfs = (kernel: Kernel, vfs: Vfs, source = 'tmpfs', mode = 0o1777): MemInode => {
  const sb = newSuperBlock(vfs, { type: 'tmpfs', magic: MAGIC.TMPFS, source });
  const root = bareInode(kernel, sb, S.IFDIR | mode, { uid: 0, gid: 0 });
  root.parent = root;
  return root;
};

/** An overlay over a directory of the host's; -errno if it cannot be read. */
export const newOverlay = (kernel: Kernel, vfs: Vfs, files: HostFiles): MemInode | number => {
  const stat = files.lstat('/');
  if ('errno' in stat) return -stat.errno;
  if (stat.type !== 'directory') return -ERRNO.ENOTDIR;
  const sb = newSuperBlock(vfs, { type: 'overlay', magic: MAGIC.OVERLAYFS, files });
  const root = newView(kernel, sb, '/', stat, bareInode);
  root.parent = root;
  return root;
};

/** Everything of an inode that no name and no open file leads to any more goes. */
const reap = (kernel: Kernel, inode: MemInode): void => {
  if (inode.nlink > 0 || inode.opens > 0) return;
  dropContent(kernel, inode);
  uncharge(kernel, inode, inode.charged);
};

const mem = (inode: Inode): MemInode => inode as MemInode;

const place = (kernel: Kernel, directory: MemInode, name: string, inode: MemInode): void => {
  directory.entries!.set(name, inode);
  directory.kept = true;
  if (isDir(inode.mode)) {
    inode.parent = directory;
    inode.name = name;
  }
  touchModified(kernel, directory);
  directory.size += 20;
};

const displace = (kernel: Kernel, directory: MemInode, name: string): void => {
  if (hasLower(directory, name)) directory.entries!.set(name, null);
  else directory.entries!.delete(name);
  directory.kept = true;
  touchModified(kernel, directory);
  directory.size = Math.max(0, directory.size - 20);
};

const lookup = (kernel: Kernel, _task: Task, parent: Inode, name: string): MemInode | number => {
  const directory = mem(parent);
  const known = directory.entries!.get(name);
  if (known === null) return -ERRNO.ENOENT;
  if (known !== undefined) {
    if (known.kept || known.lower === null || isDir(known.mode)) return known;
    return revalidate(kernel, directory, name, known, bareInode);
  }
  return directory.lower === null ? -ERRNO.ENOENT : lookupLower(kernel, directory, name, bareInode);
};

const list = (inode: Inode): DirectoryEntry[] | number => {
  const directory = mem(inode);
  const entries: DirectoryEntry[] = [];
  for (const [name, child] of directory.entries!) {
    if (child !== null && (child.kept || directory.lower === null)) {
      entries.push({ name, ino: child.ino, type: typeOfMode(child.mode) });
    }
  }
  return directory.lower === null ? entries : listLower(directory, entries);
};

const isEmpty = (directory: MemInode): boolean => {
  const entries = list(directory);
  return typeof entries !== 'number' && entries.length === 0;
};

const removeDirectory = (kernel: Kernel, directory: MemInode): void => {
  directory.nlink = 0;
  directory.dead = true;
  directory.kept = true;
  touchChanged(kernel, directory);
  reap(kernel, directory);
};

const removeName = (kernel: Kernel, inode: MemInode): void => {
  inode.nlink--;
  inode.kept = true;
  // A link made here gives back its part; those of the host's files never had one.
  const data = (inode.pages?.size ?? 0) * PAGE_SIZE;
  if (inode.nlink > 0 && inode.charged - data >= 2 * INODE_COST) uncharge(kernel, inode, INODE_COST);
  touchChanged(kernel, inode);
  reap(kernel, inode);
};

const create: InodeOperations['create'] = (kernel, parent, name, mode, rdev, owner) => {
  const directory = mem(parent);
  const inode = newMemInode(kernel, directory.sb, mode, owner);
  if (typeof inode === 'number') return inode;
  inode.rdev = rdev;
  place(kernel, directory, name, inode);
  if (isDir(mode)) directory.nlink++;
  return inode;
};

const symlink: InodeOperations['symlink'] = (kernel, parent, name, target, owner) => {
  const directory = mem(parent);
  const inode = newMemInode(kernel, directory.sb, S.IFLNK | 0o777, owner);
  if (typeof inode === 'number') return inode;
  if (!charge(kernel, inode, target.length)) {
    uncharge(kernel, inode, inode.charged);
    return -ERRNO.ENOSPC;
  }
  inode.target = target;
  inode.size = target.length;
  place(kernel, directory, name, inode);
  return inode;
};

const tmpfile: InodeOperations['tmpfile'] = (kernel, directory, mode, owner) => {
  const inode = newMemInode(kernel, directory.sb, mode, owner);
  if (typeof inode !== 'number') {
    inode.nlink = 0;
    inode.linkable = true;
  }
  return inode;
};

const link: InodeOperations['link'] = (kernel, parent, name, inode) => {
  const node = mem(inode);
  if (!charge(kernel, node, INODE_COST)) return -ERRNO.ENOSPC;
  node.nlink++;
  node.kept = true;
  touchChanged(kernel, node);
  place(kernel, mem(parent), name, node);
  return 0;
};

const unlink: InodeOperations['unlink'] = (kernel, parent, name, inode) => {
  displace(kernel, mem(parent), name);
  removeName(kernel, mem(inode));
  return 0;
};

const rmdir: InodeOperations['rmdir'] = (kernel, parent, name, inode) => {
  if (!isEmpty(mem(inode))) return -ERRNO.ENOTEMPTY;
  displace(kernel, mem(parent), name);
  parent.nlink--;
  removeDirectory(kernel, mem(inode));
  return 0;
};

const rename: InodeOperations['rename'] = (kernel, fromInode, name, toInode, newName, exchange) => {
  const from = mem(fromInode);
  const to = mem(toInode);
  const moved = from.entries!.get(name)!;
  const target = to.entries!.get(newName) ?? null;
  if (target !== null && !exchange) {
    if (isDir(target.mode)) {
      if (!isEmpty(target)) return -ERRNO.ENOTEMPTY;
      to.nlink--;
      removeDirectory(kernel, target);
    } else {
      removeName(kernel, target);
    }
  }
  displace(kernel, from, name);
  moved.kept = true;
  touchChanged(kernel, moved);
  place(kernel, to, newName, moved);
  if (isDir(moved.mode)) {
    from.nlink--;
    to.nlink++;
  }
  if (exchange) {
    target!.kept = true;
    touchChanged(kernel, target!);
    place(kernel, from, name, target!);
    if (isDir(target!.mode)) {
      to.nlink--;
      from.nlink++;
    }
  }
  return 0;
};

const changeAttributes: InodeOperations['setAttributes'] = (kernel, inode, change) => {
  mem(inode).kept = true;
  return setAttributes(kernel, inode, change);
};

const memDirectory: InodeOperations = Object.freeze<InodeOperations>({
  open: () => directoryFile,
  lookup,
  list: (_kernel, _task, directory) => list(directory),
  create,
  symlink,
  tmpfile,
  link,
  unlink,
  rmdir,
  rename,
  setAttributes: changeAttributes,
  lastClose: (kernel, inode) => reap(kernel, mem(inode)),
  blocks: blocksOf,
});

const memInode: InodeOperations = Object.freeze<InodeOperations>({
  open: (kernel, task, inode, flags) => (isReg(inode.mode) ? memFile : openSpecial(kernel, task, inode, flags)),
  readlink: (_kernel, _task, inode) => {
    const node = mem(inode);
    if ((node.mode & S.IFMT) !== S.IFLNK) return -ERRNO.EINVAL;
    if (node.target !== '' || node.lower === null) return node.target;
    const target = node.sb.files!.readlink(node.lower);
    return typeof target === 'string' ? target : -target.errno;
  },
  truncate: truncateContent,
  allocate: allocateRange,
  nextExtent,
  setAttributes: changeAttributes,
  blocks: blocksOf,
  lastClose: (kernel, inode) => reap(kernel, mem(inode)),
});
