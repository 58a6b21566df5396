/**
 * The translated regions: which are there, where they stand, and what makes them useless.
 *
 * Invariants:
 *  - A region is known by frame and linear address of its entry, and holds for whoever maps the frames of all its pages at
 *    the same addresses; those of several pages ask for that when they are entered (the tag slot).
 *  - Every frame that a region was made from is marked as code; a write to it drops the region.
 *  - A region is entered through the first record of the interpreter's block at the same address, and no other way.
 */
import type { Block, Blocks } from '../interpreter/blocks.ts';
import type { Forms } from '../interpreter/forms.ts';
import { cacheRegion } from '../interpreter/jump-cache.ts';
import { RECORD } from '../interpreter/records.ts';
import { flushTlb } from '../interpreter/tlb.ts';
import { LINEAR, PAGE_SIZE } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import { type FunctionWriter, ModuleWriter } from '../wasm/writer.ts';
import type { Region } from './cfg.ts';
import { buildRegion } from './region.ts';

export interface Translation {
  readonly address: number;
  /** Of the entry. */
  readonly frame: number;
  /** Frame numbers by page address. */
  readonly pages: ReadonlyMap<number, number>;
  /** Addresses of instructions; see `Region`. */
  readonly own: ReadonlySet<number>;
  /** Addresses of all instructions, less the region's. */
  readonly offsets: Int32Array;
  /** Whether it ends at the entries of other regions. */
  readonly cut: boolean;
  /** Table index of what stands in the place of the block's first instruction. */
  readonly handler: number;
  /** Table index of what the jump cache leads to. */
  readonly direct: number;
  /** Address of the tag of the address space it was last found good in; 0 if all of it lies in one page. */
  readonly tagSlot: number;
  /** Bytes it takes from the host; see `hostBytes`. */
  readonly size: number;
}

/**
 * What the host spends on a module of one function, as measured with V8 on small regions and large ones: the instance, what
 * V8 and we note about it, and code that is many times as long as the WebAssembly it was compiled from, twice.
 */
const MODULE_BYTES = 20 << 10;
const EXPANSION = 12;

/** About how many bytes of the host a translation takes, by its bytes of WebAssembly. */
const hostBytes = (wasm: number): number => MODULE_BYTES + EXPANSION * wasm;

export class RegionCache {
  /** Told of every region, with its code. */
  onTranslated: ((region: Region, f: FunctionWriter) => void) | undefined;
  readonly #blocks: Blocks;
  readonly #link: (bytes: Uint8Array) => Record<string, unknown>;
  readonly #forms: Forms;
  readonly #physical: PhysicalMemory;
  readonly #limit: number;
  /** In the order of their making. */
  #translations = new Set<Translation>();
  #byEntry = new Map<number, Map<number, Translation>>();
  #byFrame = new Map<number, Set<Translation>>();
  #bySlot = new Map<number, Translation>();
  /** `MARK` bits of instructions, by frame and address. */
  #marks = new Map<number, Map<number, number>>();
  #freeHandlers: number[] = [];
  #freeSlots: number[] = [];
  #nextSlot: number = LINEAR.regionTags;
  #bytes = 0;

  /** `limit`: most bytes of the host for translations that are kept, as `hostBytes` estimates them. */
  constructor(
    blocks: Blocks,
    link: (bytes: Uint8Array) => Record<string, unknown>,
    forms: Forms,
    physical: PhysicalMemory,
    limit: number,
  ) {
    this.#blocks = blocks;
    this.#link = link;
    this.#forms = forms;
    this.#physical = physical;
    this.#limit = limit;
  }

  get size(): number {
    return this.#translations.size;
  }

  /** Bytes of the host in use, estimated. */
  get bytes(): number {
    return this.#bytes;
  }

  find(frame: number, address: number): Translation | undefined {
    return this.#byEntry.get(frame)?.get(address);
  }

  /** Whether the instruction at an address in a frame is in a region already, otherwise than at its start. */
  isWithin(frame: number, address: number): boolean {
    for (const translation of this.#byFrame.get(frame) ?? []) {
      if (translation.address !== address && translation.own.has(address)) return true;
    }
    return false;
  }

  bySlot(slot: number): Translation | undefined {
    return this.#bySlot.get(slot);
  }

  /** Translates a region, which stands in for its block from then on. */
  add(region: Region, cut: boolean): Translation {
    const frame = region.pages.get(Math.floor(region.entry / PAGE_SIZE) * PAGE_SIZE)!;
    const old = this.find(frame, region.entry);
    if (old !== undefined) this.drop(old);
    const m = new ModuleWriter();
    const tagSlot = region.pages.size > 1 ? this.#takeSlot() : 0;
    const marks = (address: number) => {
      const page = Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
      return this.#marks.get(region.pages.get(page)!)?.get(address) ?? 0;
    };
    const f = buildRegion(m, region, tagSlot, marks);
    this.onTranslated?.(region, f);
    const bytes = m.finish();
    const size = hostBytes(bytes.length);
    while (this.#bytes + size > this.#limit && this.#translations.size > 0) {
      this.drop(this.#translations.values().next().value!);
    }
    const exports = this.#link(bytes);
    const handler = this.#freeHandlers.pop() ?? this.#forms.reserveSlot();
    this.#forms.setSlot(handler, exports.entered);
    const direct = this.#freeHandlers.pop() ?? this.#forms.reserveSlot();
    this.#forms.setSlot(direct, exports.region);
    const { entry: address, pages, own } = region;
    const offsets: number[] = [];
    for (const { steps } of region.blocks) for (const { insn } of steps) offsets.push(insn.address - address);
    const translation = {
      address,
      frame,
      pages,
      own,
      offsets: Int32Array.from(offsets),
      cut,
      handler,
      direct,
      tagSlot,
      size,
    };
    this.#remember(translation);
    const block = this.#blocks.known(frame, region.entry);
    if (block !== undefined) this.install(block);
    return translation;
  }

  /** Gives an instruction a mark (`MARK`). Returns the regions that were made without knowing. */
  mark(frame: number, address: number, mark: number): Translation[] {
    let marks = this.#marks.get(frame);
    if (marks === undefined) {
      marks = new Map();
      this.#marks.set(frame, marks);
    }
    const before = marks.get(address) ?? 0;
    if (before & mark) return [];
    marks.set(address, before | mark);
    return [...(this.#byFrame.get(frame) ?? [])].filter((t) => t.offsets.includes(address - t.address));
  }

  #remember(translation: Translation): void {
    const { address, frame, pages, tagSlot, size } = translation;
    this.#translations.add(translation);
    this.#bytes += size;
    let entries = this.#byEntry.get(frame);
    if (entries === undefined) {
      entries = new Map();
      this.#byEntry.set(frame, entries);
    }
    entries.set(address, translation);
    let marked = false;
    for (const page of pages.values()) {
      const known = this.#byFrame.get(page);
      if (known !== undefined) known.add(translation);
      else {
        this.#byFrame.set(page, new Set([translation]));
        this.#physical.markCode(page);
        marked = true;
      }
    }
    if (marked) flushTlb(this.#physical); // a write entry for a frame may be there
    if (tagSlot !== 0) this.#bySlot.set(tagSlot, translation);
  }

  /** Puts the region for a block, if there is one, in its place. */
  install(block: Block): void {
    const translation = this.find(block.frame, block.address);
    if (translation === undefined || block.second !== 0 || this.#blocks.breakpoints.has(block.address)) return;
    const { u32 } = this.#physical;
    u32[(block.record + RECORD.handler) / 4] = translation.handler;
    block.region = translation.direct;
    cacheRegion(u32, block.address, block.record, block.region);
    // Entries of the region count too: it is not to be translated again after so many.
    u32[(block.record + RECORD.heat) / 4] = 0;
  }

  drop(translation: Translation): void {
    const { address, frame, pages, handler, direct, tagSlot, size } = translation;
    if (!this.#translations.delete(translation)) return;
    this.#bytes -= size;
    const entries = this.#byEntry.get(frame)!;
    entries.delete(address);
    if (entries.size === 0) this.#byEntry.delete(frame);
    for (const page of pages.values()) {
      const known = this.#byFrame.get(page);
      if (known?.delete(translation) && known.size === 0) this.#byFrame.delete(page);
    }
    const block = this.#blocks.known(frame, address);
    if (block !== undefined) {
      const { u32 } = this.#physical;
      u32[(block.record + RECORD.handler) / 4] = u32[(block.record + RECORD.interpreted) / 4]!;
      u32[(block.record + RECORD.heat) / 4] = this.#blocks.heat;
      block.region = 0;
      cacheRegion(u32, address, block.record, 0);
    }
    for (const slot of [handler, direct]) {
      this.#forms.setSlot(slot, null);
      this.#freeHandlers.push(slot);
    }
    if (tagSlot !== 0) {
      this.#physical.u32[tagSlot / 4] = 0;
      this.#bySlot.delete(tagSlot);
      this.#freeSlots.push(tagSlot);
    }
  }

  /** Drops what was made from a frame. */
  invalidateFrame(frame: number): void {
    const translations = this.#byFrame.get(frame);
    if (translations === undefined) return;
    this.#byFrame.delete(frame);
    this.#marks.delete(frame);
    for (const translation of translations) this.drop(translation);
  }

  clear(): void {
    for (const translation of [...this.#translations]) this.drop(translation);
    for (const frame of this.#byFrame.keys()) this.#physical.unmarkCode(frame);
    this.#byFrame.clear();
    this.#byEntry.clear();
    this.#marks.clear();
  }

  /** No tag of an address space is the right one any more. */
  forgetTags(): void {
    for (const slot of this.#bySlot.keys()) this.#physical.u32[slot / 4] = 0;
  }

  #takeSlot(): number {
    const free = this.#freeSlots.pop();
    if (free !== undefined) return free;
    while (this.#nextSlot >= LINEAR.regionTagsEnd) {
      // More regions than slots: the oldest go.
      this.drop(this.#translations.values().next().value!);
      const slot = this.#freeSlots.pop();
      if (slot !== undefined) return slot;
    }
    const slot = this.#nextSlot;
    this.#nextSlot += 4;
    return slot;
  }
}
