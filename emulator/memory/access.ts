/**
 * Guest memory as JavaScript code sees it: the reference executor, helpers, and instruction fetch. Exact and simple;
 * generated code has its own way through the TLB in linear memory (`interpreter/translate.ts`).
 */

import type { CpuState } from '../cpu-state.ts';
import { type Decoder, decoderFor } from '../decode/decoder.ts';
import { ALL_FEATURES, type FeatureSet } from '../isa/features.ts';
import { CpuFault, type HelperContext, NON_CANONICAL } from '../isa/helper.ts';
import type { DataSegments } from '../isa/integer/descriptors.ts';
import { VECTOR } from '../isa/ops.ts';
import { RFLAGS } from '../state.ts';
import { isCanonical, LOWER_HALF_END } from './canonical.ts';
import { PAGE_SIZE } from './layout.ts';
import { ACCESS, type Access, PF_ERROR, walk } from './paging.ts';
import type { PhysicalMemory } from './physical.ts';
import { noteAccess, type Watch } from './watch.ts';

const CACHE = 256; // a power of two: `%` of doubles is slow

export class GuestMemory implements HelperContext {
  readonly physical: PhysicalMemory;
  readonly state: CpuState;
  readonly timestamp: () => bigint | null;
  readonly random64: () => bigint;
  readonly segments: DataSegments;
  readonly features: FeatureSet;
  /** For instruction fetch: it knows the announced features' rows. */
  readonly decoder: Decoder;
  /** Places to watch, null for none. Only executors that make every access here can see to it. */
  watch: Watch | null = null;
  /** Direct-mapped translation caches by access: page address, or -1, and byte offset of the frame. */
  #readTags = new Float64Array(CACHE).fill(-1);
  #readFrames = new Float64Array(CACHE);
  #writeTags = new Float64Array(CACHE).fill(-1);
  #writeFrames = new Float64Array(CACHE);
  /** Whether there is anything to flush: executors that seldom come here switch address spaces often. */
  #cached = false;

  constructor(
    physical: PhysicalMemory,
    state: CpuState,
    sources: {
      readonly timestamp: () => bigint | null;
      readonly random64: () => bigint;
      readonly segments?: DataSegments | undefined;
      readonly features?: FeatureSet | undefined;
    },
  ) {
    this.physical = physical;
    this.state = state;
    this.timestamp = sources.timestamp;
    this.random64 = sources.random64;
    this.segments = sources.segments ?? (() => null);
    this.features = sources.features ?? ALL_FEATURES;
    this.decoder = decoderFor(this.features);
  }

  flush(): void {
    if (!this.#cached) return;
    this.#readTags.fill(-1);
    this.#writeTags.fill(-1);
    this.#cached = false;
  }

  invalidate(address: number): void {
    const slot = (address / PAGE_SIZE) & (CACHE - 1);
    this.#readTags[slot] = -1;
    this.#writeTags[slot] = -1;
  }

  load(bytes: number, address: bigint): bigint {
    const at = this.#check(address, bytes, ACCESS.read);
    const low = at % PAGE_SIZE;
    if (low + bytes <= PAGE_SIZE) {
      const offset = this.#readable(at) + low;
      const { view } = this.physical;
      switch (bytes) {
        case 1:
          return BigInt(view.getUint8(offset));
        case 2:
          return BigInt(view.getUint16(offset, true));
        case 4:
          return BigInt(view.getUint32(offset, true));
        case 8:
          return view.getBigUint64(offset, true);
      }
    }
    let value = 0n;
    // The first page faults first, and the second at its first byte: that is what cr2 shows.
    this.#readable(at);
    this.#readable((Math.floor(at / PAGE_SIZE) + 1) * PAGE_SIZE);
    for (let i = bytes - 1; i >= 0; i--) {
      value = (value << 8n) | BigInt(this.physical.u8[this.#readable(at + i) + ((at + i) % PAGE_SIZE)]!);
    }
    return value;
  }

  store(bytes: number, address: bigint, value: bigint): void {
    const at = this.#check(address, bytes, ACCESS.write);
    const low = at % PAGE_SIZE;
    if (low + bytes <= PAGE_SIZE) {
      const offset = this.#writable(at) + low;
      const { view } = this.physical;
      switch (bytes) {
        case 1:
          view.setUint8(offset, Number(value & 0xffn));
          return;
        case 2:
          view.setUint16(offset, Number(value & 0xffffn), true);
          return;
        case 4:
          view.setUint32(offset, Number(value & 0xffffffffn), true);
          return;
        case 8:
          view.setBigUint64(offset, value, true);
          return;
      }
    }
    this.probeWrite(address, bytes);
    for (let i = 0; i < bytes; i++) {
      this.physical.u8[this.#writable(at + i) + ((at + i) % PAGE_SIZE)] = Number((value >> BigInt(8 * i)) & 0xffn);
    }
  }

  probeWrite(address: bigint, bytes: number): void {
    const at = this.#check(address, bytes, ACCESS.write);
    for (let page = at; page < at + bytes; page = (Math.floor(page / PAGE_SIZE) + 1) * PAGE_SIZE) this.#writable(page);
  }

  /** Byte offset of the frame that `address` is fetched from. Throws the page fault. */
  fetchFrame(address: number): number {
    return this.#translate(address, ACCESS.fetch);
  }

  /** The address as a number, or the fault: #GP (or #SS) for non-canonical ones, #PF for the upper half, #AC. */
  #check(address: bigint, bytes: number, access: Access): number {
    const last = address + BigInt(bytes - 1);
    if (last >= LOWER_HALF_END) {
      if (!isCanonical(address) || !isCanonical(last)) throw new CpuFault(VECTOR.GP, NON_CANONICAL);
      // Kernel addresses are never mapped for user access.
      this.state.cr2Wide = address;
      throw new CpuFault(VECTOR.PF, access | PF_ERROR.user);
    }
    const at = Number(address);
    // Vectors of 256 bits are checked as those of 128 (so on AMD).
    const unit = bytes === 32 ? 16 : bytes;
    if (at % unit !== 0 && unit > 1 && this.state.rflags & RFLAGS.AC) throw new CpuFault(VECTOR.AC, 0);
    if (this.watch !== null) noteAccess(this.watch, at, bytes, access === ACCESS.write);
    return at;
  }

  #readable(address: number): number {
    const page = Math.floor(address / PAGE_SIZE);
    const slot = page & (CACHE - 1);
    if (this.#readTags[slot] === page) return this.#readFrames[slot]!;
    const frame = this.#translate(address, ACCESS.read);
    this.#readTags[slot] = page;
    this.#cached = true;
    this.#readFrames[slot] = frame;
    return frame;
  }

  #writable(address: number): number {
    const page = Math.floor(address / PAGE_SIZE);
    const slot = page & (CACHE - 1);
    let frame = this.#writeFrames[slot]!;
    if (this.#writeTags[slot] !== page) {
      frame = this.#translate(address, ACCESS.write);
      this.#writeTags[slot] = page;
      this.#cached = true;
      this.#writeFrames[slot] = frame;
    }
    this.physical.aboutToWrite(frame / PAGE_SIZE);
    return frame;
  }

  #translate(address: number, access: Access): number {
    const frame = walk(this.physical, this.state.cr3 / PAGE_SIZE, address, access);
    if (frame >= 0) return frame;
    this.state.cr2 = address;
    throw new CpuFault(VECTOR.PF, -1 - frame);
  }
}
