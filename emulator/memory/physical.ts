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
const GROWTH = 16 << 20;

/** Everything needed to put physical memory back as it was. */
export interface PhysicalSnapshot {
  readonly used: Uint8Array;
  readonly refcounts: Int32Array;
  readonly free: number[];
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
  #free: number[] = [];
  #next = FIRST_FRAME;

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
    const frame = this.allocUninitialised();
    const start = frame * PAGE_SIZE;
    this.u8.fill(0, start, start + PAGE_SIZE);
    return frame;
  }

  /** A frame with one reference and whatever it held before, for callers that overwrite all of it. */
  allocUninitialised(): number {
    if (this.allocated >= this.limit) throw new OutOfFrames('physical memory is exhausted');
    const frame = this.#free.pop() ?? this.#extend();
    if (frame >= this.#refcounts.length) {
      const larger = new Int32Array(Math.max(this.#refcounts.length * 2, frame + 1));
      larger.set(this.#refcounts);
      this.#refcounts = larger;
    }
    this.#refcounts[frame] = 1;
    this.allocated++;
    return frame;
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
    this.#free.push(frame);
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

  unmarkCode(frame: number): void {
    this.u8[LINEAR.frameFlags + frame]! &= ~FRAME_FLAG.code;
  }

  /** Frames and their counts; linear memory below the frames is the executor's to rebuild. */
  snapshot(): PhysicalSnapshot {
    return {
      used: this.u8.slice(LINEAR.frames, this.#next * PAGE_SIZE),
      refcounts: this.#refcounts.slice(),
      free: this.#free.slice(),
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
    this.#free = snapshot.free.slice();
    this.#next = Math.max(snapshot.next, this.#next);
    for (let frame = snapshot.next; frame < this.#next; frame++) this.#free.push(frame);
    this.allocated = snapshot.allocated;
  }

  #extend(): number {
    this.#ensure(this.#next + 1);
    return this.#next++;
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
