/** The interpreter: generated WebAssembly functions, one per form of instruction, threaded through decoded records. */
import type { Cpu, CpuKind, CpuOptions, StopReason } from '../cpu.ts';
import { STOP } from '../cpu.ts';
import { CpuState } from '../cpu-state.ts';
import { recordFault } from '../isa/faults.ts';
import type { FeatureSet } from '../isa/features.ts';
import { CpuFault } from '../isa/helper.ts';
import type { Instruction } from '../isa/instruction.ts';
import type { Vector } from '../isa/ops.ts';
import { GuestMemory } from '../memory/access.ts';
import { fetchInstruction } from '../memory/fetch.ts';
import { LINEAR, PAGE_SIZE } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import type { Watchpoint } from '../memory/watch.ts';
import { ReferenceOps } from '../reference/ops.ts';
import { step } from '../reference/step.ts';
import { RFLAGS, STATE } from '../state.ts';
import { type Block, Blocks } from './blocks.ts';
import { EXIT, REST } from './contract.ts';
import { Forms } from './forms.ts';
import { cachedBlock, clearJumpCache } from './jump-cache.ts';
import { RECORD } from './records.ts';
import { flushTlb, invalidateTlb, resetTlb } from './tlb.ts';

/** Address-space tags of the jump cache are 16 bits; 0xffff marks empty entries. */
const LAST_TAG = 0xfffe;

/** Instructions after which is looked at what generated code put down. */
const LOOK_INTERVAL = 200_000;

/** Up to so many pages are invalidated one by one. */
const FEW_PAGES = 32;

export class InterpreterCpu implements Cpu {
  readonly kind: CpuKind = 'interpreter';
  readonly physical: PhysicalMemory;
  readonly state: CpuState;
  readonly features: FeatureSet;
  instructions = 0;
  protected readonly memory: GuestMemory;
  protected readonly blocks: Blocks;
  protected readonly forms: Forms;
  /** Enters a block by its first record, and where a region may stand there, the interpreter's code for it. */
  protected enterInterpreted: (record: number, remaining: number) => number;
  /** For single instructions under TF or AC, or with watchpoints, whose checks generated code does not make. */
  #stepper: ReferenceOps;
  /** Tag and executed pages of each address space, by its root frame. */
  #spaces = new Map<number, { tag: number; executed: Set<number> }>();
  protected space = { tag: 0, executed: new Set<number>() };
  #nextTag = 1;
  /** `instructions` when `onLook` was last called. */
  #lookedAt = 0;
  #budgetStart = 0;
  #budget = 0;
  /** How much of the budget generated code was not given yet. */
  #kept = 0;
  /** Longest stay in generated code, in instructions. */
  protected slice = Number.POSITIVE_INFINITY;

  constructor(options: CpuOptions) {
    this.physical = options.physical;
    this.state = new CpuState(this.physical.memory.buffer, LINEAR.state);
    this.state.reset();
    this.physical.onGrow.push(() => this.state.rebase(this.physical.memory.buffer));
    this.memory = new GuestMemory(this.physical, this.state, {
      timestamp: () => {
        this.#countToHere();
        return options.timestamp();
      },
      random64: options.random64,
      features: options.features,
    });
    this.features = this.memory.features;
    const codeWrite = (frame: number) => this.blocks.invalidateFrame(frame);
    this.physical.onCodeWrite = codeWrite;
    this.forms = new Forms(this.memory, codeWrite, options.preparedForms);
    this.enterInterpreted = this.forms.enter;
    this.blocks = new Blocks(this.memory, this.forms);
    this.#stepper = new ReferenceOps(this.memory);
    resetTlb(this.physical);
    clearJumpCache(this.physical.u32);
  }

  run(budget: number): StopReason {
    this.#budgetStart = this.instructions;
    this.#budget = budget;
    this.#look();
    let remaining = this.#refill(0, budget);
    let link = 0;
    let linkGeneration = 0;
    let interpret = false;
    let left = false;
    const { enter } = this.forms;
    const { enterInterpreted } = this;
    const blocks = this.blocks;
    const { state } = this;
    for (let first = true; ; first = false) {
      if (remaining <= REST && this.#kept > 0) {
        this.instructions = this.#count(remaining);
        this.#look();
        const more = this.#refill(remaining, this.#kept);
        if (more > remaining) interpret = false;
        remaining = more;
      }
      this.instructions = this.#count(remaining);
      if (remaining <= 0) return STOP.budget;
      if (!first && blocks.breakpoints.size > 0 && blocks.breakpoints.has(state.rip)) return STOP.breakpoint;

      if (this.memory.watch !== null || this.physical.u32[STATE.rflags / 4]! & (RFLAGS.TF | RFLAGS.AC)) {
        const { completed, stop } = step(this.#stepper, (address) => this.#fetch(address));
        if (completed) remaining--;
        link = 0;
        if (stop === null) continue;
        this.instructions = this.#count(remaining);
        return stop;
      }

      let code: number;
      this.physical.u32[STATE.currentRecord / 4] = 0;
      try {
        let record = link === 0 ? cachedBlock(this.physical.u32) : 0;
        if (record === 0) {
          const block = blocks.find(state.rip);
          if (link !== 0 && linkGeneration === blocks.generation) blocks.link(link, block);
          link = 0;
          this.#noteExecuted(block);
          ({ record } = block);
        }
        // What the kernel goes back to gets hot as what is jumped to does, and so does what an observed region goes on to.
        if ((first || left) && --this.physical.u32[(record + RECORD.heat) / 4]! === 0) this.onHot(state.rip);
        const count = this.physical.u16[(record + RECORD.count) / 2]!;
        // A region asks for its budget itself.
        if ((interpret || !blocks.isRegion(record)) && count > remaining) {
          code = enter(blocks.cut(record, remaining), 0);
        } else {
          code = (interpret ? enterInterpreted : enter)(record, remaining - count);
        }
      } catch (error) {
        if (!(error instanceof CpuFault)) throw error;
        if (this.physical.u32[STATE.currentRecord / 4] === 0) {
          recordFault(state, error, null);
          return STOP.exception;
        }
        state.exceptionVector = error.vector;
        state.exceptionError = error.errorCode;
        code = EXIT.fault;
      }
      const { u32 } = this.physical;
      remaining = u32[STATE.remaining / 4]!;
      interpret = code === EXIT.interpret;
      left = code === EXIT.left;
      switch (code) {
        case EXIT.budget:
        case EXIT.rest:
          break;
        case EXIT.interpret:
        case EXIT.left:
          this.onLeft(state.rip, code);
          break;
        case EXIT.hot:
          this.onHot(state.rip);
          break;
        case EXIT.unproven:
          state.rip = this.#recordAddress();
          this.onUnproven(u32[STATE.regionSlot / 4]!);
          break;
        case EXIT.resolve:
          link = u32[STATE.currentRecord / 4]!;
          linkGeneration = blocks.generation;
          break;
        case EXIT.look:
          remaining += this.#notExecuted() - 1;
          break;
        case EXIT.stale:
          remaining += this.#notExecuted();
          state.rip = this.#recordAddress();
          break;
        case EXIT.syscall:
        case EXIT.regionSyscall:
          // One place for both: V8 would throw its code for this function away when it comes to another for the first time.
          this.instructions = this.#count(remaining) + (code === EXIT.syscall ? 1 - this.#notExecuted() : 0);
          return STOP.syscall;
        case EXIT.trap:
          state.dr6 = 0;
          this.instructions = this.#count(remaining) - this.#notExecuted() + 1;
          return STOP.exception;
        case EXIT.fault:
          this.instructions = this.#count(remaining) - this.#notExecuted();
          state.rip = this.#recordAddress();
          this.#finishFault();
          return STOP.exception;
        default:
          throw new Error(`generated code left with ${code}`);
      }
    }
  }

  #look(): void {
    const unseen = this.instructions - this.#lookedAt;
    if (unseen < LOOK_INTERVAL) return;
    this.#lookedAt = this.instructions;
    this.onLook(unseen / LOOK_INTERVAL);
  }

  /** Instructions executed, where generated code has so many left. */
  #count(remaining: number): number {
    return this.#budgetStart + this.#budget - this.#kept - remaining;
  }

  /**
   * What generated code gets of `more` instructions, besides what it has left. Slices too short for that are used up to the
   * last instruction.
   */
  #refill(remaining: number, more: number): number {
    const longEnough = this.slice > 2 * REST;
    const given = remaining <= 0 || longEnough ? Math.min(this.slice, more) : 0;
    this.#kept = more - given;
    this.physical.u32[STATE.moreBudget / 4] = this.#kept > 0 && longEnough ? 1 : 0;
    return remaining + given;
  }

  /** Lets generated code find the block by itself, until its mapping changes. */
  #noteExecuted(block: Block): void {
    this.blocks.cacheJump(block, this.space.tag);
    const page = Math.floor(block.address / PAGE_SIZE);
    this.space.executed.add(page);
    if (block.second !== 0) this.space.executed.add(page + 1);
  }

  /** A region was left and TypeScript hears of it: at an instruction (`EXIT.interpret`) or for an address (`EXIT.left`). */
  protected onLeft(_address: number, _code: number): void {}

  /** So many times `LOOK_INTERVAL` have passed. */
  protected onLook(_times: number): void {}

  /** A block was entered as often as `Blocks.heat` says. */
  protected onHot(_address: number): void {}

  /** A region that keeps its tag at `slot` was not entered. */
  protected onUnproven(_slot: number): void {}

  /** Tags of address spaces start again: no older one means anything. */
  protected onTagsReset(): void {}

  /** Instructions of the block from `currentRecord` on: charged, but not executed before it. */
  #notExecuted(): number {
    const { u32, u16 } = this.physical;
    const record = u32[STATE.currentRecord / 4]!;
    const index = u16[(record + RECORD.index) / 2]!;
    return u16[(record - index * RECORD.size + RECORD.count) / 2]! - index;
  }

  /** Address of the instruction of `currentRecord`. */
  #recordAddress(): number {
    const { u32, u8 } = this.physical;
    const record = u32[STATE.currentRecord / 4]!;
    const next = (record + RECORD.next) / 4;
    return u32[next + 1]! * 4294967296 + u32[next]! - u8[record + RECORD.length]!;
  }

  /** Makes `instructions` exact in the middle of generated code. */
  #countToHere(): void {
    const { u32 } = this.physical;
    if (u32[STATE.currentRecord / 4] === 0) return;
    this.instructions = this.#count(u32[STATE.remaining / 4]!) - this.#notExecuted();
  }

  /** The exception fields as recorded by generated code, with what only the instruction tells. */
  #finishFault(): void {
    const { state } = this;
    this.physical.u32[STATE.faultPending / 4] = 0;
    const error = state.exceptionError | 0;
    const instruction = error < 0 ? this.#fetch(state.rip) : null;
    if (instruction === null) return;
    recordFault(state, new CpuFault(state.exceptionVector as Vector, error), instruction);
  }

  #fetch(address: number): Instruction {
    return fetchInstruction(this.memory, address).instruction;
  }

  switchAddressSpace(root: number): void {
    this.state.cr3 = root * PAGE_SIZE;
    flushTlb(this.physical);
    this.memory.flush();
    this.space = this.#spaces.get(root) ?? this.#newSpace(root);
    this.#useTag(this.space.tag);
  }

  invalidatePage(address: number): void {
    invalidateTlb(this.physical, address);
    this.memory.invalidate(address);
    if (this.space.executed.has(Math.floor(address / PAGE_SIZE))) this.#retag();
  }

  invalidateRange(start: number, end: number): void {
    const first = Math.floor(start / PAGE_SIZE);
    const last = Math.ceil(end / PAGE_SIZE);
    if (last - first <= FEW_PAGES) {
      for (let page = first; page < last; page++) this.invalidatePage(page * PAGE_SIZE);
      return;
    }
    this.flushWrites();
    for (const page of this.space.executed) {
      if (page < first || page >= last) continue;
      this.#retag();
      return;
    }
  }

  flushWrites(): void {
    flushTlb(this.physical);
    this.memory.flush();
  }

  forgetAddressSpace(root: number): void {
    this.#spaces.delete(root);
    if (this.state.cr3 !== root * PAGE_SIZE) return;
    this.flushWrites();
    this.#retag();
  }

  forgetAll(): void {
    resetTlb(this.physical);
    this.memory.flush();
    this.blocks.clear();
    this.#spaces.clear();
    this.#retag();
  }

  setWatchpoints(points: readonly Watchpoint[]): void {
    this.memory.watch = points.length === 0 ? null : { points, hits: 0 };
  }

  setBreakpoints(addresses: Iterable<number>): void {
    this.blocks.clear();
    this.blocks.breakpoints = new Set(addresses);
  }

  /** Makes all jump-cache entries of the current address space useless: its mappings of code changed. */
  #retag(): void {
    this.space = this.#newSpace(this.state.cr3 / PAGE_SIZE);
    this.#useTag(this.space.tag);
  }

  #newSpace(root: number): { tag: number; executed: Set<number> } {
    if (this.#nextTag > LAST_TAG) {
      clearJumpCache(this.physical.u32);
      this.#spaces.clear();
      this.onTagsReset();
      this.#nextTag = 1;
    }
    const space = { tag: this.#nextTag++, executed: new Set<number>() };
    this.#spaces.set(root, space);
    return space;
  }

  #useTag(tag: number): void {
    this.physical.u32[STATE.jumpKey / 4] = 0;
    this.physical.u32[STATE.jumpKey / 4 + 1] = tag << 16;
  }
}
