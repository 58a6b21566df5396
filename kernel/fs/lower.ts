/**
 * The lower layer of the overlay: the host's files as they are, seen through inodes in memory. An inode that was never
 * changed (`kept` is false) is a view: files and links are looked at again on every lookup, and may be dropped from memory
 * when nobody has them open.
 */
import { typeOfMode } from '../abi/dirent.ts';
import { isDir, S } from '../abi/stat.ts';
import type { HostFileType, HostStat } from '../host.ts';
import type { Kernel } from '../kernel.ts';
import { forgetCached } from '../mm/pagecache.ts';
import { countCached } from './inode.ts';
import type { MemInode } from './memnode.ts';
import { joinPath } from './names.ts';
import type { DirectoryEntry, Inode, Owner, SuperBlock } from './types.ts';

const TYPES: Record<HostFileType, number> = {
  file: S.IFREG,
  directory: S.IFDIR,
  symlink: S.IFLNK,
  char: S.IFCHR,
  block: S.IFBLK,
  fifo: S.IFIFO,
  socket: S.IFSOCK,
};

/** st_mode of a host file. */
export const modeOf = (stat: HostStat): number => TYPES[stat.type] | stat.mode;

/** Takes over what the host says of a file. */
export const copyStat = (inode: Inode, stat: HostStat): void => {
  inode.ino = stat.ino;
  inode.dev = stat.dev;
  inode.mode = modeOf(stat);
  inode.nlink = stat.nlink;
  inode.uid = stat.uid;
  inode.gid = stat.gid;
  inode.rdev = stat.rdev;
  inode.size = stat.size;
  inode.atime = stat.atime;
  inode.mtime = stat.mtime;
  inode.ctime = stat.ctime;
  inode.btime = stat.ctime;
};

/** Makes an inode in memory: `memfs.ts` knows how. */
export type MakeInode = (kernel: Kernel, sb: SuperBlock, mode: number, owner: Owner) => MemInode;

/** A view of a host file. */
export const newView = (kernel: Kernel, sb: SuperBlock, path: string, stat: HostStat, make: MakeInode): MemInode => {
  const inode = make(kernel, sb, modeOf(stat), { uid: 0, gid: 0 });
  copyStat(inode, stat);
  inode.lower = path;
  inode.lowerSize = stat.size;
  inode.lowerBlocks = stat.blocks;
  inode.kept = false;
  return inode;
};

/** Forgets views of files that nobody uses, below `directory`. */
const dropViews = (kernel: Kernel, directory: MemInode): void => {
  for (const [name, child] of directory.entries!) {
    if (child === null) continue;
    if (child.entries !== null) dropViews(kernel, child);
    else if (!child.kept && child.opens === 0 && child.pipe === null && child.watches === undefined)
      forgetView(kernel, directory, name, child);
  }
};

const forgetView = (kernel: Kernel, directory: MemInode, name: string, view: MemInode): void => {
  directory.entries!.delete(name);
  directory.sb.cached--;
  forgetCached(kernel, view);
};

const rootOf = (inode: MemInode): MemInode => {
  let at = inode;
  while (at.parent !== null && at.parent !== at && at.parent.sb === at.sb) at = at.parent as MemInode;
  return at;
};

/** Looks for a name that is not known in memory. */
export const lookupLower = (kernel: Kernel, directory: MemInode, name: string, make: MakeInode): MemInode | number => {
  const { sb } = directory;
  const path = joinPath(directory.lower!, name);
  const stat = sb.files!.lstat(path);
  if ('errno' in stat) return -stat.errno;
  countCached(sb, () => dropViews(kernel, rootOf(directory)));
  const view = newView(kernel, sb, path, stat, make);
  if (isDir(view.mode)) {
    view.parent = directory;
    view.name = name;
  }
  directory.entries!.set(name, view);
  return view;
};

/** Whether the lower layer has an entry of this name, which a whiteout must hide. */
export const hasLower = (directory: MemInode, name: string): boolean =>
  directory.lower !== null && !('errno' in directory.sb.files!.lstat(joinPath(directory.lower, name)));

/** Looks again at a view that is known. */
export const revalidate = (
  kernel: Kernel,
  directory: MemInode,
  name: string,
  view: MemInode,
  make: MakeInode,
): MemInode | number => {
  const stat = directory.sb.files!.lstat(view.lower!);
  if ('errno' in stat || stat.ino !== view.ino || stat.dev !== view.dev || modeOf(stat) !== view.mode) {
    forgetView(kernel, directory, name, view);
    return lookupLower(kernel, directory, name, make);
  }
  if (stat.mtime !== view.mtime || stat.size !== view.size) forgetCached(kernel, view);
  copyStat(view, stat);
  view.lowerSize = stat.size;
  view.lowerBlocks = stat.blocks;
  return view;
};

/** Adds the lower layer's names to those in memory. */
export const listLower = (directory: MemInode, upper: DirectoryEntry[]): DirectoryEntry[] | number => {
  const files = directory.sb.files!;
  const names = files.readdir(directory.lower!);
  if (!Array.isArray(names)) return -names.errno;
  const seen = new Set(upper.map((entry) => entry.name));
  for (const name of names) {
    if (seen.has(name)) continue;
    const known = directory.entries!.get(name);
    if (known === null) continue;
    const stat = known ?? files.lstat(joinPath(directory.lower!, name));
    if ('errno' in stat) continue;
    upper.push({ name, ino: stat.ino, type: 'ops' in stat ? typeOfMode(stat.mode) : TYPES[stat.type] >>> 12 });
  }
  return upper;
};
