/**
 * Blocks: straight runs of decoded instructions in the record arena, found by frame and linear address.
 *
 * Invariants:
 *  - A block lies within one page, but for blocks of a single instruction that crosses into a second one.
 *  - Links lead only to blocks of the same frame that do not cross, so a change of mappings never makes one wrong: whoever
 *    runs in the page has it mapped. All other ways go through the jump cache, whose keys carry an address-space tag.
 *  - A frame with blocks is marked as code; a write to it makes all its records stale, also ones being executed.
 *  - When the arena is full everything is dropped; nothing else frees records.
 */
import { CpuFault } from '../isa/helper.ts';
import { type Instruction, nextAddress } from '../isa/instruction.ts';
import type { GuestMemory } from '../memory/access.ts';
import { fetchInstruction } from '../memory/fetch.ts';
import { LINEAR, PAGE_SIZE } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import { FIXED_HANDLER } from './contract.ts';
import type { Forms } from './forms.ts';
import { cacheBlock, clearJumpCache, uncacheBlock } from './jump-cache.ts';
import { ARENA_START, BLOCK_LIMIT, LINK, RECORD, SCRATCH, writeRecord } from './records.ts';
import { flushTlb } from './tlb.ts';

export interface Block {
  readonly address: number;
  readonly record: number;
  readonly count: number;
  readonly frame: number;
  /** Second frame of a crossing instruction, or 0. */
  readonly second: number;
  /** Table index of the region's function that stands for it (`jump-cache.ts`), or 0. */
  region: number;
}

/** Instructions to look at behind a block whose forms are not all there; measured on short programs. */
const LOOK_AHEAD = 100;

const pageOf = (address: number) => Math.floor(address / PAGE_SIZE);

export class Blocks {
  readonly memory: GuestMemory;
  readonly physical: PhysicalMemory;
  readonly forms: Forms;
  breakpoints: ReadonlySet<number> = new Set();
  /** Counts how often everything was dropped: links to fill in do not outlive it. */
  generation = 0;
  /** How often a block is entered until it is hot; 0 for almost never. */
  heat = 0;
  /** Told of every block that is made, and before a frame's blocks are dropped, and all. */
  onBlock: (block: Block) => void = () => {};
  onInvalidate: (frame: number) => void = () => {};
  onClear: () => void = () => {};
  #byFrame = new Map<number, Map<number, Block>>();
  #next = ARENA_START;

  constructor(memory: GuestMemory, forms: Forms) {
    this.memory = memory;
    this.physical = memory.physical;
    this.forms = forms;
  }

  /** The block at an address in a frame, if there is one. */
  known(frame: number, address: number): Block | undefined {
    return this.#byFrame.get(frame)?.get(address);
  }

  /** How often the interpreter entered a block, as far as it counts. */
  entries({ record }: Block): number {
    const { u32, u8 } = this.physical;
    const left = u32[(record + RECORD.heat) / 4]!;
    // What was hot goes on counting below zero.
    return (left > this.heat ? this.heat : this.heat - left) + u8[record + RECORD.fallen]!;
  }

  /** First record of the block at `address`, decoded if need be. Throws `CpuFault` when it cannot be fetched. */
  find(address: number): Block {
    if (address < 2 ** 47) {
      const frame = this.memory.fetchFrame(address) / PAGE_SIZE;
      const known = this.#byFrame.get(frame)?.get(address);
      if (known !== undefined) {
        if (known.second === 0) return known;
        const second = this.memory.fetchFrame((pageOf(address) + 1) * PAGE_SIZE) / PAGE_SIZE;
        if (second === known.second) return known;
      }
    }
    return this.#build(address);
  }

  /** Whether translated code stands in for the block. */
  isRegion(record: number): boolean {
    const { u32 } = this.physical;
    return u32[(record + RECORD.handler) / 4] !== u32[(record + RECORD.interpreted) / 4];
  }

  /** A link field of a block in `block`'s frame may point at it from now on. */
  link(field: number, block: Block): void {
    if (block.second === 0 && !this.breakpoints.has(block.address)) this.physical.u32[field / 4] = block.record;
  }

  /** A copy of a block cut to its first `count` instructions, after which execution stops. */
  cut(record: number, count: number): number {
    const { u8, u32, view } = this.physical;
    u8.copyWithin(SCRATCH, record, record + count * RECORD.size);
    u32[(SCRATCH + RECORD.handler) / 4] = u32[(SCRATCH + RECORD.interpreted) / 4]!;
    view.setUint16(SCRATCH + RECORD.count, count, true);
    const end = SCRATCH + count * RECORD.size;
    view.setUint32(end + RECORD.handler, FIXED_HANDLER.stop, true);
    const last = end - RECORD.size;
    const next = view.getBigInt64(last + RECORD.next, true);
    view.setBigInt64(end + RECORD.immediate, next, true);
    view.setUint16(end + RECORD.index, count, true);
    // The last instruction may store into its own page: the address is then asked of this record.
    view.setUint8(end + RECORD.length, 0);
    view.setBigInt64(end + RECORD.next, next, true);
    return SCRATCH;
  }

  /** Drops the blocks of a frame whose bytes are about to change. */
  invalidateFrame(frame: number): void {
    this.physical.unmarkCode(frame);
    this.onInvalidate(frame);
    const blocks = this.#byFrame.get(frame);
    if (blocks === undefined) return;
    this.#byFrame.delete(frame);
    const { u32 } = this.physical;
    for (const block of blocks.values()) {
      const { record, count, address } = block;
      // A crossing block is known by both its frames.
      if (block.second !== 0) this.#byFrame.get(block.frame === frame ? block.second : block.frame)?.delete(address);
      for (let n = 0; n <= count; n++) makeStale(u32, record + n * RECORD.size);
      uncacheBlock(u32, address, record);
    }
    for (let n = 0; n <= BLOCK_LIMIT; n++) makeStale(u32, SCRATCH + n * RECORD.size);
  }

  /** Drops everything. */
  clear(): void {
    this.onClear();
    for (const frame of this.#byFrame.keys()) this.physical.unmarkCode(frame);
    this.#byFrame.clear();
    this.#next = ARENA_START;
    this.generation++;
    clearJumpCache(this.physical.u32);
  }

  /** Lets generated code find the block by itself, in the address space with this tag. */
  cacheJump(block: Block, tag: number): void {
    if (this.breakpoints.has(block.address)) return;
    const { address, record, second, region } = block;
    cacheBlock(this.physical.u32, tag, { address, record, linkable: second === 0, region });
  }

  #build(address: number): Block {
    const instructions: Instruction[] = [];
    let frame = 0;
    let second = 0;
    for (let at = address; instructions.length < BLOCK_LIMIT; ) {
      if (at !== address && (pageOf(at) !== pageOf(address) || this.breakpoints.has(at))) break;
      let fetched: ReturnType<typeof fetchInstruction>;
      try {
        fetched = fetchInstruction(this.memory, at);
      } catch (error) {
        if (instructions.length === 0 || !(error instanceof CpuFault)) throw error;
        break;
      }
      if (fetched.second !== 0 && instructions.length > 0) break;
      ({ first: frame, second } = fetched);
      instructions.push(fetched.instruction);
      if (fetched.instruction.row.ends || second !== 0) break;
      at = nextAddress(fetched.instruction);
    }
    return this.#install(address, instructions, frame, second);
  }

  /** Code behind a block, as far as it can be fetched and decodes: what is likely to run soon. */
  *#ahead(from: number): Generator<Instruction> {
    let at = from;
    for (let n = 0; n < LOOK_AHEAD; n++) {
      let fetched: ReturnType<typeof fetchInstruction>;
      try {
        fetched = fetchInstruction(this.memory, at);
      } catch (error) {
        if (error instanceof CpuFault) return;
        throw error;
      }
      yield fetched.instruction;
      at = nextAddress(fetched.instruction);
    }
  }

  #install(address: number, instructions: readonly Instruction[], frame: number, second: number): Block {
    const count = instructions.length;
    const handlers = this.forms.handlersOf(instructions, () => this.#ahead(nextAddress(instructions[count - 1]!)));
    if (this.#next + (count + 1) * RECORD.size > LINEAR.recordsEnd) this.clear();
    const record = this.#next;
    this.#next += (count + 1) * RECORD.size;
    const { view } = this.physical;
    instructions.forEach((i, n) => {
      writeRecord(view, record + n * RECORD.size, i, handlers[n]!, n);
    });
    view.setUint16(record + RECORD.count, count, true);
    view.setUint32(record + RECORD.heat, this.heat, true);
    const block: Block = { address, record, count, frame, second, region: 0 };
    this.#remember(block, frame);
    if (second !== 0) this.#remember(block, second);
    this.#writeEnd(block, instructions[count - 1]!);
    this.onBlock(block);
    return block;
  }

  #remember(block: Block, frame: number): void {
    let blocks = this.#byFrame.get(frame);
    if (blocks === undefined) {
      blocks = new Map();
      this.#byFrame.set(frame, blocks);
      this.physical.markCode(frame);
      flushTlb(this.physical); // a write entry for the frame may be there
    }
    blocks.set(block.address, block);
  }

  /** Links of the last instruction, and the record behind it, which goes on when control just runs through. */
  #writeEnd(block: Block, last: Instruction): void {
    const { view } = this.physical;
    const lastRecord = block.record + (block.count - 1) * RECORD.size;
    const next = nextAddress(last);
    for (const op of last.operands) {
      if (op.kind === 'target') this.#writeLink(lastRecord + RECORD.taken, block, Number(op.value));
    }
    this.#writeLink(lastRecord + RECORD.fallthrough, block, next);
    const end = lastRecord + RECORD.size;
    view.setUint32(end + RECORD.handler, FIXED_HANDLER.goOn, true);
    view.setUint16(end + RECORD.count, 0, true);
    view.setUint16(end + RECORD.index, block.count, true);
    view.setUint32(end + RECORD.immediate, next >>> 0, true);
    view.setUint32(end + RECORD.immediate + 4, Math.floor(next / 4294967296), true);
    // As if of an instruction without bytes, for a block that makes itself stale with its last instruction.
    view.setUint8(end + RECORD.length, 0);
    view.setUint32(end + RECORD.next, next >>> 0, true);
    view.setUint32(end + RECORD.next + 4, Math.floor(next / 4294967296), true);
    this.#writeLink(end + RECORD.taken, block, next);
  }

  #writeLink(field: number, from: Block, target: number): void {
    const { u32 } = this.physical;
    if (from.second !== 0 || pageOf(target) !== pageOf(from.address)) {
      u32[field / 4] = LINK.lookup;
      return;
    }
    u32[field / 4] = LINK.unresolved;
    const known = this.#byFrame.get(from.frame)?.get(target);
    if (known !== undefined) this.link(field, known);
  }
}

const makeStale = (u32: Uint32Array, record: number): void => {
  u32[(record + RECORD.handler) / 4] = FIXED_HANDLER.stale;
  u32[(record + RECORD.interpreted) / 4] = FIXED_HANDLER.stale;
};
