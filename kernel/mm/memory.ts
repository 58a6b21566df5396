/**
 * What all address spaces share: the frame of zeros, the page cache, and the allocation of frames with reclaim.
 */
import { OutOfFrames, PAGE_SIZE, type PhysicalMemory } from '../../emulator/api.ts';
import type { Inode } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import type { AddressSpace, MappedObject } from './pagecache.ts';
import { vdsoImage } from './vdso-image.ts';

export interface Memory {
  /** Mapped read-only wherever private anonymous memory was read but never written. Never written itself. */
  readonly zeroFrame: number;
  /** The page cache: of each mapped inode its cached pages (inode->i_mapping). */
  readonly mappings: Map<Inode, AddressSpace>;
  /** The page of the vDSO, made at boot, which every program maps: `process/vdso.ts`. */
  readonly vdso: AddressSpace;
  /** Last `AddressSpace.futexId` given out. */
  lastFutexId: number;
}

/** The kernel's own mapping: nothing is to be done when areas of it come and go. */
const VDSO: MappedObject = Object.freeze({
  ops: Object.freeze({ opened: () => {}, closed: () => {} }),
  name: '[vdso]',
  ino: 0,
});

const newVdso = (physical: PhysicalMemory): AddressSpace => {
  const frame = physical.alloc();
  physical.u8.set(vdsoImage(), frame * PAGE_SIZE);
  return { inode: null, object: VDSO, pages: new Map([[0, frame]]), vmas: 0, size: 0, mtime: 0n };
};

export const newMemory = (physical: PhysicalMemory): Memory => ({
  zeroFrame: physical.alloc(),
  mappings: new Map(),
  vdso: newVdso(physical),
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
