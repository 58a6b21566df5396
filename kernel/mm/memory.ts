/**
 * What all address spaces share: the frame of zeros, the page cache, and the allocation of frames with reclaim.
 */
import { OutOfFrames, type PhysicalMemory } from '../../emulator/api.ts';
import type { Inode } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import type { AddressSpace } from './pagecache.ts';

export interface Memory {
  /** Mapped read-only wherever private anonymous memory was read but never written. Never written itself. */
  readonly zeroFrame: number;
  /** The page cache: of each mapped inode its cached pages (inode->i_mapping). */
  readonly mappings: Map<Inode, AddressSpace>;
  /** Last `AddressSpace.futexId` given out. */
  lastFutexId: number;
}

export const newMemory = (physical: PhysicalMemory): Memory => ({
  zeroFrame: physical.alloc(),
  mappings: new Map(),
  lastFutexId: 0,
});

/** Drops every cached page that no address space maps; all of them are clean. Returns how many frames became free. */
export const reclaimPages = (kernel: Kernel): number => {
  let freed = 0;
  for (const [inode, mapping] of kernel.memory.mappings) {
    for (const [index, frame] of mapping.pages) {
      if (kernel.physical.refcount(frame) > 1) continue;
      mapping.pages.delete(index);
      kernel.physical.unref(frame);
      freed++;
    }
    if (mapping.pages.size === 0 && mapping.vmas === 0) kernel.memory.mappings.delete(inode);
  }
  return freed;
};

/** Runs `allocate`; when frames run out, reclaims cached pages and tries once more. Throws `OutOfFrames`. */
export const withReclaim = <T>(kernel: Kernel, allocate: () => T): T => {
  try {
    return allocate();
  } catch (error) {
    if (!(error instanceof OutOfFrames) || reclaimPages(kernel) === 0) throw error;
    return allocate();
  }
};
