/** Inodes in memory, and what they cost. */
import type { Kernel } from '../kernel.ts';
import type { Inode } from './types.ts';

/** An inode in memory. */
export interface MemInode extends Inode {
  /** Directories: what is known by name. Null is a whiteout: the lower layer's entry of that name is gone. */
  entries: Map<string, MemInode | null> | null;
  /** Regular files: pages in memory by index, once there is one; others are of the lower layer, or zero. */
  pages: Map<number, Uint8Array> | null;
  /** Symbolic links: where to. Of the lower layer: read when needed. */
  target: string;
  /** Path of the origin in `sb.files`; null without one. */
  lower: string | null;
  /** Files: how many bytes at the start are the origin's. */
  lowerSize: number;
  /** Units of 512 bytes that the origin takes up. */
  lowerBlocks: number;
  /** Changed here in any way: no longer only a view of the lower layer. */
  kept: boolean;
  /** F_SEAL_* of memfd_create(2). */
  seals: number;
  /** Bytes charged to the machine's limit. */
  charged: number;
}

/** Counts bytes against the machine's limit: false when it is reached. */
export const charge = (kernel: Kernel, inode: MemInode, bytes: number): boolean => {
  if (kernel.fileBytes + bytes > kernel.limits.fileBytes) return false;
  kernel.fileBytes += bytes;
  inode.charged += bytes;
  return true;
};

export const uncharge = (kernel: Kernel, inode: MemInode, bytes: number): void => {
  kernel.fileBytes -= bytes;
  inode.charged -= bytes;
};
