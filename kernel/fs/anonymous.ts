/** Open files of objects that have no name anywhere: timers, counters, sets of events (fs/anon_inodes.c). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import type { Kernel } from '../kernel.ts';
import { newInode, newOpenFile, setAttributes } from './inode.ts';
import type { FileOperations, InodeOperations, OpenFile } from './types.ts';

/** They cannot be opened by /proc/PID/fd, which finds no way to. */
const anonymousInode: InodeOperations = Object.freeze<InodeOperations>({
  open: () => -ERRNO.ENXIO,
  setAttributes,
  blocks: () => 0,
});

/** A file with a state of its own, which /proc/PID/fd shows as `anon_inode:[NAME]` (anon_inode_getfile). */
export const anonymousFile = (
  kernel: Kernel,
  ops: FileOperations,
  name: string,
  flags: number,
  state: unknown,
): OpenFile => {
  const inode = newInode(kernel, kernel.vfs.anonfs, anonymousInode, 0o600);
  return newOpenFile(ops, inode, `anon_inode:${name}`, O.RDWR | flags, state);
};
