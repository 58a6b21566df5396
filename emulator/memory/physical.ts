/**
 * Physical memory: one `WebAssembly.Memory` of reference-counted 4 KiB frames, for all processes.
 *
 * A frame is named by its number: its byte offset in linear memory divided by 4096. 0 is no frame.
 *
 * Linear memory may grow whenever a frame is allocated; the views (`u8`, ...) are replaced then, so nobody keeps one
 * across an allocation.
 */
import { type ExtendedRegisters, extendedRegisters } from './extended.ts';
import { FRAME_FLAG, LINEAR, MAX_FRAMES, PAGE_SHIFT, PAGE_SIZE } from './layout.ts';
import { type Bytes, bytes, compileMoves, type Mover, type Moves } from './moves.ts';

/** No frame could be had: the limit given to `PhysicalMemory` is reached, or the host refused. */
export class OutOfFrames extends Error {}

const WASM_PAGE = 65536;
const FIRST_FRAME = LINEAR.frames >>> PAGE_SHIFT;
const GROWTH = 256 << 20;

/** Frames of a chunk: as many as one page table maps, 2 MiB, at a multiple of that in linear memory. */
export const CHUNK_FRAMES = 512;

/** Frames that lie side by side and are meant for pages that do. */
interface Chunk {
  readonly first: number;
  /** How many are in use; with the last one the chunk goes. */
  used: number;
}

/** Everything needed to put physical memory back as it was. */
export interface PhysicalSnapshot {
  readonly used: Uint8Array;
  readonly refcounts: Int32Array;
  readonly free: number[];
  readonly chunks: readonly (readonly [number, Chunk])[];
  readonly chunkOf: Uint32Array;
  readonly freeChunks: number[];
  readonly lastChunk: number;
  readonly next: number;
  readonly allocated: number;
}

export class PhysicalMemory {
  readonly memory: WebAssembly.Memory;
  u8!: Uint8Array;
  u16!: Uint16Array;
  u32!: Uint32Array;
  u64!: BigUint64Array;
  view!: DataView;
  /** Frames in use. */
  allocated = 0;
  /** Most frames that may be in use at once. */
  readonly limit: number;
  /** Told after every growth, to rebase views of its own. */
  readonly onGrow: (() => void)[] = [];
  /** Told before a write by other than the guest's own instructions reaches a frame that holds decoded code. */
  onCodeWrite: (frame: number) => void = () => {};

  #extended: ExtendedRegisters | null = null;
  #bytes: Bytes | null = null;
  #movers: Mover[] = [];
  #refcounts = new Int32Array(FIRST_FRAME + 4096);
  /** Frames that were ever handed out: others are still as the host gave them, all zeros. */
  #touched = new Uint8Array(FIRST_FRAME + 4096);
  #free: number[] = [];
  #next = FIRST_FRAME;
  /** By number; numbers are not used again. */
  #chunks = new Map<number, Chunk>();
  /** Number of the chunk that a frame belongs to, by frame / CHUNK_FRAMES; 0 for none. */
  #chunkOf = new Uint32Array(MAX_FRAMES / CHUNK_FRAMES);
  /** First frames of chunks that nobody has. */
  #freeChunks: number[] = [];
  #lastChunk = 0;

  /** `maxBytes` bounds the bytes in frames: at most about 4 GiB. */
  constructor(maxBytes: number) {
    this.limit = Math.min(Math.floor(maxBytes / PAGE_SIZE), MAX_FRAMES - FIRST_FRAME);
    const maximum = Math.ceil((FIRST_FRAME + this.limit) / (WASM_PAGE / PAGE_SIZE));
    const initial = Math.min(maximum, (LINEAR.frames + GROWTH) / WASM_PAGE);
    this.memory = new WebAssembly.Memory({ initial, maximum });
    this.#refresh();
  }

  /** Moves extended registers between the CPU's state and frames. Made when first wanted. */
  get extended(): ExtendedRegisters {
    this.#extended ??= extendedRegisters(this.memory);
    return this.#extended;
  }

  /** Copies and clears bytes of linear memory. */
  get bytes(): Bytes {
    this.#bytes ??= bytes(this.memory);
    return this.#bytes;
  }

  /** The function that makes these moves in this memory. */
  mover(moves: Moves): Mover {
    return this.#movers[moves.id] ?? (this.#movers[moves.id] = compileMoves(this.memory, moves));
  }

  /** A frame with one reference, filled with zeros. Throws `OutOfFrames`. */
  alloc(): number {
    this.#askLimit();
    return this.#cleared(this.#any());
  }

  /** A frame with one reference and whatever it held before, for callers that overwrite all of it. */
  allocUninitialised(): number {
    this.#askLimit();
    return this.#use(this.#any());
  }

  /**
   * Sets a chunk aside. Returns its number, 0 if there is no room. It is the caller's until all frames that were taken from it are
   * free, or until frames are short: then those of all chunks that are not in use go to whoever wants one.
   */
  reserve(): number {
    let first = this.#freeChunks.pop();
    if (first === undefined) {
      first = Math.ceil(this.#next / CHUNK_FRAMES) * CHUNK_FRAMES;
      if (first + CHUNK_FRAMES > FIRST_FRAME + this.limit) return 0;
      try {
        this.#ensure(first + CHUNK_FRAMES);
      } catch (error) {
        if (error instanceof OutOfFrames) return 0;
        throw error;
      }
      while (this.#next < first) this.#free.push(this.#next++);
      this.#next += CHUNK_FRAMES;
    }
    const chunk = ++this.#lastChunk;
    this.#chunks.set(chunk, { first, used: 0 });
    this.#chunkOf[first / CHUNK_FRAMES] = chunk;
    return chunk;
  }

  isReserved(chunk: number): boolean {
    return this.#chunks.has(chunk);
  }

  /** As `alloc`, but the frame at `index` of a chunk; -1 if that one is in use or the chunk gone. */
  allocIn(chunk: number, index: number): number {
    const reserved = this.#chunks.get(chunk);
    if (reserved === undefined || this.#refcounts[reserved.first + index]! > 0) return -1;
    this.#askLimit();
    reserved.used++;
    return this.#cleared(reserved.first + index);
  }

  #askLimit(): void {
    if (this.allocated >= this.limit) throw new OutOfFrames('physical memory is exhausted');
  }

  #cleared(frame: number): number {
    if (this.#touched[frame] === 1) this.u8.fill(0, frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE);
    return this.#use(frame);
  }

  #use(frame: number): number {
    if (frame >= this.#refcounts.length) {
      const length = Math.max(this.#refcounts.length * 2, frame + 1);
      const [refcounts, touched] = [this.#refcounts, this.#touched];
      this.#refcounts = new Int32Array(length);
      this.#refcounts.set(refcounts);
      this.#touched = new Uint8Array(length);
      this.#touched.set(touched);
    }
    this.#refcounts[frame] = 1;
    this.#touched[frame] = 1;
    this.allocated++;
    return frame;
  }

  /** A free frame that is nobody's. */
  #any(): number {
    const frame = this.#free.pop();
    if (frame !== undefined) return frame;
    const chunk = this.#freeChunks.pop();
    if (chunk === undefined) return this.#extend();
    this.#freeAll(chunk);
    return this.#free.pop()!;
  }

  /** Frames of what was a chunk that are not in use are anybody's. */
  #freeAll(first: number): void {
    for (let frame = first + CHUNK_FRAMES; frame-- > first; ) if (!this.#refcounts[frame]) this.#free.push(frame);
  }

  #dissolveChunks(): void {
    for (const { first } of this.#chunks.values()) this.#freeAll(first);
    this.#chunks.clear();
    this.#chunkOf.fill(0);
  }

  /** A frame with a copy of another's bytes: the copy of copy-on-write. */
  copy(source: number): number {
    const frame = this.allocUninitialised();
    this.u8.copyWithin(frame * PAGE_SIZE, source * PAGE_SIZE, source * PAGE_SIZE + PAGE_SIZE);
    return frame;
  }

  ref(frame: number): void {
    this.#refcounts[frame]!++;
  }

  /** Drops a reference; the last one frees the frame. */
  unref(frame: number): void {
    const left = --this.#refcounts[frame]!;
    if (left > 0) return;
    if (left < 0) throw new Error(`frame ${frame} was freed twice`);
    this.aboutToWrite(frame);
    this.allocated--;
    const number = this.#chunkOf[Math.floor(frame / CHUNK_FRAMES)]!;
    if (number === 0) {
      this.#free.push(frame);
      return;
    }
    const chunk = this.#chunks.get(number)!;
    if (--chunk.used > 0) return;
    this.#chunks.delete(number);
    this.#chunkOf[chunk.first / CHUNK_FRAMES] = 0;
    this.#freeChunks.push(chunk.first);
  }

  refcount(frame: number): number {
    return this.#refcounts[frame]!;
  }

  /** Must be called before anything but guest instructions changes a frame's bytes: drops code decoded from it. */
  aboutToWrite(frame: number): void {
    if (this.u8[LINEAR.frameFlags + frame]! & FRAME_FLAG.code) this.onCodeWrite(frame);
  }

  markCode(frame: number): void {
    this.u8[LINEAR.frameFlags + frame]! |= FRAME_FLAG.code;
  }

  isCode(frame: number): boolean {
    return (this.u8[LINEAR.frameFlags + frame]! & FRAME_FLAG.code) !== 0;
  }

  unmarkCode(frame: number): void {
    this.u8[LINEAR.frameFlags + frame]! &= ~FRAME_FLAG.code;
  }

  /** Frames and their counts; linear memory below the frames is the executor's to rebuild. */
  snapshot(): PhysicalSnapshot {
    return {
      used: this.u8.slice(LINEAR.frames, this.#next * PAGE_SIZE),
      refcounts: this.#refcounts.slice(),
      free: this.#free.slice(),
      chunks: [...this.#chunks].map(([number, chunk]) => [number, { ...chunk }] as const),
      chunkOf: this.#chunkOf.slice(),
      freeChunks: this.#freeChunks.slice(),
      lastChunk: this.#lastChunk,
      next: this.#next,
      allocated: this.allocated,
    };
  }

  /** The caller flushes decoded code and TLBs. */
  restore(snapshot: PhysicalSnapshot): void {
    this.#ensure(snapshot.next);
    this.u8.set(snapshot.used, LINEAR.frames);
    // Frames which were first used since then are free: their counts need room as well.
    this.#refcounts.fill(0);
    this.#refcounts.set(snapshot.refcounts);
    this.#touched.fill(1);
    this.#free = snapshot.free.slice();
    this.#chunks = new Map(snapshot.chunks.map(([number, chunk]) => [number, { ...chunk }]));
    this.#chunkOf.set(snapshot.chunkOf);
    this.#freeChunks = snapshot.freeChunks.slice();
    this.#lastChunk = snapshot.lastChunk;
    this.#next = Math.max(snapshot.next, this.#next);
    for (let frame = snapshot.next; frame < this.#next; frame++) this.#free.push(frame);
    this.allocated = snapshot.allocated;
  }

  #extend(): number {
    try {
      if (this.#next >= FIRST_FRAME + this.limit) throw new OutOfFrames('what is free is in chunks');
      this.#ensure(this.#next + 1);
      return this.#next++;
    } catch (error) {
      if (!(error instanceof OutOfFrames)) throw error;
      this.#dissolveChunks();
      const frame = this.#free.pop();
      if (frame === undefined) throw error;
      return frame;
    }
  }

  /** Grows linear memory so that frames below `end` exist. */
  #ensure(end: number): void {
    const missing = end * PAGE_SIZE - this.u8.length;
    if (missing <= 0) return;
    const limitBytes = (FIRST_FRAME + this.limit) * PAGE_SIZE;
    const wanted = Math.min(Math.max(missing, GROWTH, this.u8.length >>> 1), limitBytes - this.u8.length);
    try {
      this.memory.grow(Math.ceil(Math.max(wanted, missing) / WASM_PAGE));
    } catch {
      throw new OutOfFrames('the host refused to grow memory');
    }
    this.#refresh();
    for (const tell of this.onGrow) tell();
  }

  #refresh(): void {
    const buffer = this.memory.buffer;
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.u64 = new BigUint64Array(buffer);
    this.view = new DataView(buffer);
  }
}
