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
  /** The page of the vDSO and what it would read on Linux, made at boot, which every program maps: `process/vdso.ts`. */
  readonly vdso: AddressSpace;
  readonly vvar: AddressSpace;
  readonly vclock: AddressSpace;
  /** Last `AddressSpace.futexId` given out. */
  lastFutexId: number;
}

/** The kernel's own mappings: nothing is to be done when areas of them come and go. */
const special = (name: string, moving: MappedObject['ops']['moving'] = () => 0): MappedObject =>
  Object.freeze({ ops: Object.freeze({ opened: () => {}, closed: () => {}, moving }), special: true, name, ino: 0 });

const VDSO = special('[vdso]', (_object, mm, target) => {
  mm.vdso = target;
  return 0;
});
const VVAR = special('[vvar]');
const VCLOCK = special('[vvar_vclock]');

const specialPages = (object: MappedObject, pages: [index: number, frame: number][]): AddressSpace => ({
  ...{ inode: null, object, pages: new Map(pages), vmas: 0, size: 0, mtime: 0n },
});

const newVdso = (physical: PhysicalMemory): AddressSpace => {
  const frame = physical.alloc();
  physical.u8.set(vdsoImage(), frame * PAGE_SIZE);
  return specialPages(VDSO, [[0, frame]]);
};

/** Which of the pages there are: the time and the random generator's state. No other time namespace, no more data. */
const VVAR_TIME = 0;
const VVAR_RNG = 2;

/** The vDSO here reads none of it: it is zero, and so is what Linux's own tells others, who are not to look. */
const newVvar = (physical: PhysicalMemory, zeroFrame: number): AddressSpace => {
  const pages = [VVAR_TIME, VVAR_RNG].map((index): [number, number] => [index, zeroFrame]);
  for (const _ of pages) physical.ref(zeroFrame);
  return specialPages(VVAR, pages);
};

export const newMemory = (physical: PhysicalMemory): Memory => {
  const zeroFrame = physical.alloc();
  return {
    zeroFrame,
    mappings: new Map(),
    vdso: newVdso(physical),
    vvar: newVvar(physical, zeroFrame),
    // Clocks of a hypervisor: there is none.
    vclock: specialPages(VCLOCK, []),
    lastFutexId: 0,
  };
};

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
