/**
 * A directory of the host's granted with `--bind`: what the guest does there happens there. Files are known by path, so an
 * inode keeps the names by which it was looked up; a file that loses the last of them while open goes on in memory. One that
 * the host itself took away is stale (ESTALE), as on other file systems that live elsewhere.
 */
import { typeOfMode } from '../abi/dirent.ts';
import { ERRNO } from '../abi/errno.ts';
import { isDir, isLnk, isReg, MAGIC, S } from '../abi/stat.ts';
import type { HostError, HostFiles, HostStat } from '../host.ts';
import type { Kernel } from '../kernel.ts';
import { forgetCached, overlayCached, truncateCached, updateCached } from '../mm/pagecache.ts';
import { directoryFile } from './directory.ts';
import { countCached, extendInode, newInode, newSuperBlock, releaseFile, touchModified } from './inode.ts';
import { copyStat, modeOf } from './lower.ts';
import { dropContent, load, store, truncateContent } from './memfile.ts';
import { bareInode } from './memfs.ts';
import { type MemInode, uncharge } from './memnode.ts';
import { joinPath } from './names.ts';
import { readFile, writeFile } from './regular.ts';
import type { DirectoryEntry, FileOperations, Inode, InodeOperations, SuperBlock, Vfs } from './types.ts';

interface HostInode extends Inode {
  /** Of the bound tree. */
  root: HostInode;
  /** Where it is: one place for directories, for files each link that was looked up; none of the root, none when removed. */
  names: { directory: HostInode; entry: string }[];
  /** Names that were looked up, so that an inode stays the same while anyone uses it. */
  children: Map<string, HostInode>;
  /** Root: files with several links, by device and number. */
  links: Map<string, HostInode>;
  /** Contents of a file which the host no longer has. */
  orphan: MemInode | null;
  /** Units of 512 bytes, as the host says. */
  hostBlocks: number;
}

const host = (inode: Inode): HostInode => inode as HostInode;

const pathIn = (inode: HostInode): string => {
  let path = '';
  for (let at = inode; at.names.length > 0; at = at.names[0]!.directory) path = `/${at.names[0]!.entry}${path}`;
  return path === '' ? '/' : path;
};

const filesOf = (inode: Inode): HostFiles => inode.sb.files!;
const failed = <T>(result: T | HostError): result is HostError =>
  typeof result === 'object' && result !== null && 'errno' in result;
/** 0, or the errno that the guest gets. */
const outcome = (result: 0 | HostError): number => (result === 0 ? 0 : -result.errno);

const linkKey = (inode: { dev: number; ino: number }): string => `${inode.dev}:${inode.ino}`;

const newHostInode = (kernel: Kernel, sb: SuperBlock, stat: HostStat): HostInode => {
  const ops = stat.type === 'directory' ? hostDirectory : hostInode;
  const base = newInode(kernel, sb, ops, modeOf(stat));
  const inode: HostInode = extendInode(base, {
    root: base as HostInode,
    names: [],
    children: new Map(),
    links: new Map(),
    orphan: null,
    hostBlocks: stat.blocks,
  });
  copyStat(inode, stat);
  return inode;
};

/** The root of a bound directory; -errno. A bound file is a mount of its own kind and refused. */
export const newHostfs = (kernel: Kernel, vfs: Vfs, files: HostFiles, writable: boolean): Inode | number => {
  const stat = files.lstat('/');
  if (failed(stat)) return -stat.errno;
  if (stat.type !== 'directory') return -ERRNO.ENOTDIR;
  const sb = newSuperBlock(vfs, { type: 'hostfs', magic: MAGIC.V9FS, files, readOnly: !writable });
  const root = newHostInode(kernel, sb, stat);
  root.parent = root;
  return root;
};

const dropUnused = (kernel: Kernel, directory: HostInode): void => {
  for (const [name, child] of directory.children) {
    if (isDir(child.mode)) dropUnused(kernel, child);
    else if (child.opens === 0 && child.pipe === null && child.watches === undefined) forget(kernel, directory, name);
  }
};

/** Takes a name out of memory. */
const forget = (kernel: Kernel, directory: HostInode, name: string): void => {
  const child = directory.children.get(name);
  if (child === undefined) return;
  directory.children.delete(name);
  directory.sb.cached--;
  child.names = child.names.filter((one) => one.directory !== directory || one.entry !== name);
  if (child.names.length > 0) return;
  child.dead = true;
  child.root.links.delete(linkKey(child));
  if (child.opens === 0) forgetCached(kernel, child);
};

const remember = (kernel: Kernel, directory: HostInode, name: string, inode: HostInode): void => {
  const { root } = directory;
  countCached(directory.sb, () => dropUnused(kernel, root));
  directory.children.set(name, inode);
  inode.root = root;
  inode.names.push({ directory, entry: name });
  if (isDir(inode.mode)) {
    inode.parent = directory;
    inode.name = name;
  } else if (inode.nlink > 1) {
    root.links.set(linkKey(inode), inode);
  }
};

const lookup = (kernel: Kernel, parent: Inode, name: string): HostInode | number => {
  const directory = host(parent);
  // Its path may name another directory by now, or a link to anywhere.
  if (directory.dead) return -ERRNO.ENOENT;
  const stat = filesOf(directory).lstat(joinPath(pathIn(directory), name));
  if (failed(stat)) return -stat.errno;
  const known = directory.children.get(name);
  if (known !== undefined) {
    if (known.ino === stat.ino && known.dev === stat.dev && (known.mode & S.IFMT) === (modeOf(stat) & S.IFMT)) {
      update(kernel, known, stat);
      return known;
    }
    forget(kernel, directory, name);
  }
  const linked = stat.nlink > 1 ? directory.root.links.get(linkKey(stat)) : undefined;
  if (linked !== undefined) update(kernel, linked, stat);
  const inode = linked ?? newHostInode(kernel, directory.sb, stat);
  remember(kernel, directory, name, inode);
  return inode;
};

/** Takes over what the host says; mapped pages that it changed are read anew. */
const update = (kernel: Kernel, inode: HostInode, stat: HostStat): void => {
  const foreign = stat.mtime > inode.mtime || stat.size !== inode.size;
  if (stat.size < inode.size) truncateCached(kernel, inode, stat.size);
  else if (foreign && inode.opens === 0) forgetCached(kernel, inode);
  copyStat(inode, stat);
  inode.hostBlocks = stat.blocks;
};

const refresh: InodeOperations['refresh'] = (kernel, node) => {
  const inode = host(node);
  if (inode.orphan !== null || inode.dead) return 0;
  const stat = filesOf(inode).lstat(pathIn(inode));
  if (!failed(stat) && stat.ino === inode.ino) update(kernel, inode, stat);
  return 0;
};

const child = (kernel: Kernel, directory: Inode, name: string): HostInode | number => lookup(kernel, directory, name);

const setHostAttributes: InodeOperations['setAttributes'] = (kernel, node, change) => {
  const inode = host(node);
  if (inode.orphan === null && !inode.dead) {
    const files = filesOf(inode);
    const path = pathIn(inode);
    let error = 0;
    if (change.uid !== undefined || change.gid !== undefined) {
      error = outcome(files.chown(path, change.uid ?? inode.uid, change.gid ?? inode.gid));
    }
    if (error === 0 && change.mode !== undefined && !isLnk(inode.mode)) error = outcome(files.chmod(path, change.mode));
    if (error === 0 && (change.atime !== undefined || change.mtime !== undefined)) {
      error = outcome(files.utimes(path, change.atime ?? inode.atime, change.mtime ?? inode.mtime));
    }
    if (error !== 0) return error;
    return refresh!(kernel, inode);
  }
  if (change.mode !== undefined) inode.mode = (inode.mode & S.IFMT) | change.mode;
  if (change.uid !== undefined) inode.uid = change.uid;
  if (change.gid !== undefined) inode.gid = change.gid;
  if (change.atime !== undefined) inode.atime = change.atime;
  if (change.mtime !== undefined) inode.mtime = change.mtime;
  return 0;
};

/** Keeps the contents of an open file whose last known name goes. -ENOSPC or -errno of reading. */
const adopt = (kernel: Kernel, inode: HostInode): number => {
  if (inode.opens === 0 || inode.names.length > 1 || !isReg(inode.mode)) return 0;
  const orphan = bareInode(kernel, inode.sb, inode.mode, inode);
  const chunk = new Uint8Array(65536);
  const path = pathIn(inode);
  for (let at = 0; at < inode.size; ) {
    const count = filesOf(inode).read(path, at, chunk);
    if (typeof count !== 'number' || count === 0) break;
    const kept = store(kernel, orphan, at, chunk.subarray(0, count));
    if (kept < count) {
      dropContent(kernel, orphan);
      return kept < 0 ? kept : -ERRNO.ENOSPC;
    }
    at += count;
  }
  inode.orphan = orphan;
  return 0;
};

const removed = (kernel: Kernel, directory: HostInode, name: string): void => {
  const inode = directory.children.get(name);
  forget(kernel, directory, name);
  if (inode !== undefined) inode.nlink = isDir(inode.mode) ? 0 : Math.max(0, inode.nlink - 1);
  refresh!(kernel, directory);
};

const create: InodeOperations['create'] = (kernel, directory, name, mode) => {
  const path = joinPath(pathIn(host(directory)), name);
  const permissions = mode & S.IALLUGO;
  if (!isDir(mode) && !isReg(mode)) return -ERRNO.EPERM;
  const files = filesOf(directory);
  const error = outcome(isDir(mode) ? files.mkdir(path, permissions) : files.create(path, permissions));
  refresh!(kernel, directory);
  return error === 0 ? child(kernel, directory, name) : error;
};

const symlink: InodeOperations['symlink'] = (kernel, directory, name, target) => {
  const error = outcome(filesOf(directory).symlink(target, joinPath(pathIn(host(directory)), name)));
  return error === 0 ? child(kernel, directory, name) : error;
};

const link: InodeOperations['link'] = (kernel, directory, name, inode) => {
  const from = host(inode);
  if (from.orphan !== null || from.dead) return -ERRNO.ENOENT;
  const error = outcome(filesOf(directory).link(pathIn(from), joinPath(pathIn(host(directory)), name)));
  if (error !== 0) return error;
  refresh!(kernel, inode);
  from.root.links.set(linkKey(from), from);
  child(kernel, directory, name);
  return 0;
};

const unlink: InodeOperations['unlink'] = (kernel, parent, name, inode) => {
  const directory = host(parent);
  const error = adopt(kernel, host(inode));
  if (error < 0) return error;
  const result = outcome(filesOf(directory).unlink(joinPath(pathIn(directory), name)));
  if (result === 0) removed(kernel, directory, name);
  return result;
};

const rmdir: InodeOperations['rmdir'] = (kernel, parent, name) => {
  const directory = host(parent);
  const result = outcome(filesOf(directory).rmdir(joinPath(pathIn(directory), name)));
  if (result === 0) removed(kernel, directory, name);
  return result;
};

const rename: InodeOperations['rename'] = (kernel, fromInode, name, toInode, newName, exchange) => {
  if (exchange) return -ERRNO.EINVAL;
  const from = host(fromInode);
  const to = host(toInode);
  const moved = child(kernel, from, name);
  if (typeof moved === 'number') return moved;
  const target = child(kernel, to, newName);
  if (typeof target !== 'number' && target !== moved) {
    const error = adopt(kernel, target);
    if (error < 0) return error;
  }
  const result = outcome(filesOf(from).rename(joinPath(pathIn(from), name), joinPath(pathIn(to), newName)));
  if (result < 0) return result;
  if (typeof target !== 'number') removed(kernel, to, newName);
  from.children.delete(name);
  from.sb.cached--;
  moved.names = moved.names.filter((one) => one.directory !== from || one.entry !== name);
  remember(kernel, to, newName, moved);
  refresh!(kernel, from);
  refresh!(kernel, to);
  return 0;
};

const list = (parent: Inode): DirectoryEntry[] | number => {
  const directory = host(parent);
  if (directory.dead) return [];
  const path = pathIn(directory);
  const names = filesOf(directory).readdir(path);
  if (!Array.isArray(names)) return -names.errno;
  const entries: DirectoryEntry[] = [];
  for (const name of names) {
    const stat = filesOf(directory).lstat(joinPath(path, name));
    if (!failed(stat)) entries.push({ name, ino: stat.ino, type: typeOfMode(modeOf(stat)) });
  }
  return entries;
};

const loadHost = (inode: HostInode, position: number, into: Uint8Array): number => {
  if (inode.orphan !== null) return load(inode.orphan, position, into);
  if (inode.dead) return -ERRNO.ESTALE;
  const path = pathIn(inode);
  for (let done = 0; done < into.length; ) {
    const count = filesOf(inode).read(path, position + done, into.subarray(done));
    if (typeof count !== 'number') return -count.errno;
    if (count === 0) break;
    done += count;
  }
  return 0;
};

const storeHost = (kernel: Kernel, inode: HostInode, position: number, bytes: Uint8Array): number => {
  if (inode.orphan !== null) {
    const kept = store(kernel, inode.orphan, position, bytes);
    inode.size = inode.orphan.size;
    if (kept > 0) updateCached(kernel, inode, position, bytes.subarray(0, kept));
    return kept;
  }
  if (inode.dead) return -ERRNO.ESTALE;
  const path = pathIn(inode);
  let done = 0;
  while (done < bytes.length) {
    const count = filesOf(inode).write(path, position + done, bytes.subarray(done));
    if (typeof count !== 'number') {
      if (done === 0) return -count.errno;
      break;
    }
    done += count;
  }
  inode.size = Math.max(inode.size, position + done);
  updateCached(kernel, inode, position, bytes.subarray(0, done));
  touchModified(kernel, inode);
  return done;
};

const hostFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'file',
  seekable: true,
  read: (kernel, _task, file, sink, position) => {
    const inode = host(file.inode);
    refresh!(kernel, inode);
    return readFile(inode.size, sink, position, (at, into) => {
      const error = loadHost(inode, at, into);
      overlayCached(kernel, inode, at, into);
      return error;
    });
  },
  write: (kernel, task, file, source, position) => {
    const inode = host(file.inode);
    return writeFile(kernel, task, inode, source, position, (at, bytes) => storeHost(kernel, inode, at, bytes));
  },
  readPage: (_kernel, file, offset, into) => {
    const inode = host(file.inode);
    const count = Math.max(0, Math.min(into.length, inode.size - offset));
    const error = loadHost(inode, offset, into.subarray(0, count));
    return error < 0 ? error : count;
  },
  writePage: (kernel, file, offset, from) => {
    const inode = host(file.inode);
    const count = Math.max(0, Math.min(from.length, inode.size - offset));
    return count === 0 ? 0 : storeHost(kernel, inode, offset, from.subarray(0, count));
  },
  release: releaseFile,
});

const hostDirectory: InodeOperations = Object.freeze<InodeOperations>({
  open: () => directoryFile,
  lookup: (kernel, _task, directory, name) => lookup(kernel, directory, name),
  list: (_kernel, _task, directory) => list(directory),
  create,
  symlink,
  link,
  unlink,
  rmdir,
  rename,
  setAttributes: setHostAttributes,
  refresh,
  blocks: (inode) => host(inode).hostBlocks,
});

const hostInode: InodeOperations = Object.freeze<InodeOperations>({
  // FIFOs, devices and sockets of the host are seen but never opened.
  open: (_kernel, _task, inode) => (isReg(inode.mode) ? hostFile : -ERRNO.ENXIO),
  readlink: (_kernel, _task, inode) => {
    if (host(inode).dead) return -ERRNO.ENOENT;
    const target = filesOf(inode).readlink(pathIn(host(inode)));
    return typeof target === 'string' ? target : -target.errno;
  },
  truncate: (kernel, node, size) => {
    const inode = host(node);
    const shrinks = size < inode.size;
    if (inode.orphan === null && inode.dead) return -ERRNO.ESTALE;
    const error =
      inode.orphan !== null
        ? truncateContent(kernel, inode.orphan, size)
        : outcome(filesOf(inode).truncate(pathIn(inode), size));
    if (error < 0) return error;
    inode.size = size;
    if (shrinks) truncateCached(kernel, inode, size);
    touchModified(kernel, inode);
    return 0;
  },
  setAttributes: setHostAttributes,
  refresh,
  blocks: (inode) => host(inode).hostBlocks,
  sync: (_kernel, node) =>
    host(node).orphan === null && !node.dead ? outcome(filesOf(node).sync?.(pathIn(host(node))) ?? 0) : 0,
  lastClose: (kernel, node) => {
    const { orphan } = host(node);
    if (orphan === null) return;
    dropContent(kernel, orphan);
    uncharge(kernel, orphan, orphan.charged);
    forgetCached(kernel, node);
    host(node).orphan = null;
    node.nlink = 0;
    host(node).dead = true;
  },
});
