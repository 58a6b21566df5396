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
import { flushTlb, initTlb, invalidateTlb, resetTlb } from './tlb.ts';

/** Address-space tags of the jump cache are 16 bits. */
const LAST_TAG = 0xffff;

/** Instructions after which is looked at what generated code put down. */
const LOOK_INTERVAL = 200_000;

/** Beside the exit codes of generated code: there was none to enter, and the exception is recorded. */
const NOT_ENTERED = -1;

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
  /** `instructions` when it is time for `onLook`. */
  #nextLook = LOOK_INTERVAL;
  /** What `instructions` will be when generated code has executed all that it was given. */
  #end = 0;
  /** How much of the budget generated code was not given yet. */
  #kept = 0;
  /** How many instructions generated code had left when it was last seen. */
  #remaining = 0;
  /** The link field that is to lead to the next block, or 0, and when it was found. */
  #link = 0;
  #linkGeneration = 0;
  /** The next entry is to be of the interpreter's code, also where a region stands. */
  #interpret = false;
  /** The last exit was `EXIT.left`. */
  #left = false;
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
      segments: options.segments,
      features: options.features,
    });
    this.features = this.memory.features;
    const codeWrite = (frame: number) => this.blocks.invalidateFrame(frame);
    this.physical.onCodeWrite = codeWrite;
    this.forms = new Forms(this.memory, codeWrite, options.preparedForms);
    this.enterInterpreted = this.forms.enter;
    this.blocks = new Blocks(this.memory, this.forms);
    this.#stepper = new ReferenceOps(this.memory);
    initTlb(this.physical);
  }

  run(budget: number): StopReason {
    if (this.instructions >= this.#nextLook) this.#look();
    this.#kept = budget;
    this.#end = this.instructions;
    this.#remaining = 0;
    this.#refill();
    this.#link = 0;
    this.#interpret = false;
    const { u32 } = this.physical;
    // Most stays are one entry, and end in a system call. What else happens is left to other functions: V8 throws code away
    // that comes to a place for the first time, and this function's is missed.
    const special = this.memory.watch !== null || (u32[STATE.rflags / 4]! & (RFLAGS.TF | RFLAGS.AC)) !== 0;
    if (special || this.#remaining <= REST) return this.#goOn(true);
    const code = this.#enter(true);
    if (code === EXIT.syscall || code === EXIT.regionSyscall) return this.#atSyscall(code);
    return this.#leave(code) ?? this.#goOn(false);
  }

  /** `first`: nothing was executed in this run. */
  #goOn(first: boolean): StopReason {
    const { state, blocks } = this;
    if (first) this.#left = false;
    for (let entry = first; ; entry = false) {
      if (this.#remaining <= REST && this.#kept > 0) {
        this.instructions = this.#count();
        if (this.instructions >= this.#nextLook) this.#look();
        if (this.#refill()) this.#interpret = false;
      }
      this.instructions = this.#count();
      if (this.#remaining <= 0) return STOP.budget;
      if (!entry && blocks.breakpoints.size > 0 && blocks.breakpoints.has(state.rip)) return STOP.breakpoint;

      if (this.memory.watch !== null || this.physical.u32[STATE.rflags / 4]! & (RFLAGS.TF | RFLAGS.AC)) {
        const { completed, stop } = step(this.#stepper, (address) => this.#fetch(address));
        if (completed) this.#remaining--;
        this.#link = 0;
        if (stop === null) continue;
        this.instructions = this.#count();
        return stop;
      }
      const code = this.#enter(entry || this.#left);
      if (code === EXIT.syscall || code === EXIT.regionSyscall) return this.#atSyscall(code);
      const stop = this.#leave(code);
      if (stop !== null) return stop;
    }
  }

  /**
   * Executes from the block at rip on. What the kernel goes back to gets hot as what is jumped to does, and so does what an
   * observed region goes on to: `warms`. Returns an exit code.
   */
  #enter(warms: boolean): number {
    const { physical, blocks } = this;
    physical.u32[STATE.currentRecord / 4] = 0;
    try {
      let record = this.#link === 0 ? cachedBlock(physical.u32) : 0;
      if (record === 0) record = this.#find();
      if (warms && --physical.u32[(record + RECORD.heat) / 4]! === 0) this.onHot(this.state.rip);
      const count = physical.u16[(record + RECORD.count) / 2]!;
      const remaining = this.#remaining;
      // A region asks for its budget itself.
      if ((this.#interpret || !blocks.isRegion(record)) && count > remaining) {
        return this.forms.enter(blocks.cut(record, remaining), 0);
      }
      if (this.#interpret) return this.enterInterpreted(record, remaining - count);
      return this.forms.enter(record, remaining - count);
    } catch (error) {
      return this.#thrown(error);
    }
  }

  /** The block at rip, where the jump cache does not have it or a link to it is wanted. */
  #find(): number {
    const { blocks } = this;
    const block = blocks.find(this.state.rip);
    if (this.#link !== 0 && this.#linkGeneration === blocks.generation) blocks.link(this.#link, block);
    this.#link = 0;
    this.#noteExecuted(block);
    return block.record;
  }

  /** Records a fault that TypeScript found: in generated code, or where there was none to enter. Returns the exit code. */
  #thrown(error: unknown): number {
    if (!(error instanceof CpuFault)) throw error;
    const { state } = this;
    if (this.physical.u32[STATE.currentRecord / 4] === 0) {
      recordFault(state, error, null);
      return NOT_ENTERED;
    }
    state.exceptionVector = error.vector;
    state.exceptionError = error.errorCode;
    return EXIT.fault;
  }

  /** SYSCALL was executed. */
  #atSyscall(code: number): StopReason {
    this.#remaining = this.physical.u32[STATE.remaining / 4]!;
    this.instructions = this.#count() + (code === EXIT.syscall ? 1 - this.#notExecuted() : 0);
    return STOP.syscall;
  }

  /** After another exit: why the run is over, or null if it is not. */
  #leave(code: number): StopReason | null {
    if (code === NOT_ENTERED) return STOP.exception;
    const { state } = this;
    const { u32 } = this.physical;
    this.#remaining = u32[STATE.remaining / 4]!;
    this.#interpret = code === EXIT.interpret;
    this.#left = code === EXIT.left;
    switch (code) {
      case EXIT.budget:
      case EXIT.rest:
        return null;
      case EXIT.interpret:
      case EXIT.left:
        this.onLeft(state.rip, code);
        return null;
      case EXIT.hot:
        this.onHot(state.rip);
        return null;
      case EXIT.unproven:
        state.rip = this.#recordAddress();
        this.onUnproven(u32[STATE.regionSlot / 4]!);
        return null;
      case EXIT.resolve:
        this.#link = u32[STATE.currentRecord / 4]!;
        this.#linkGeneration = this.blocks.generation;
        return null;
      case EXIT.look:
        this.#remaining += this.#notExecuted() - 1;
        return null;
      case EXIT.stale:
        this.#remaining += this.#notExecuted();
        state.rip = this.#recordAddress();
        return null;
      case EXIT.trap:
        state.dr6 = 0;
        this.instructions = this.#count() - this.#notExecuted() + 1;
        return STOP.exception;
      case EXIT.fault:
        this.instructions = this.#count() - this.#notExecuted();
        state.rip = this.#recordAddress();
        this.#finishFault();
        return STOP.exception;
      default:
        throw new Error(`generated code left with ${code}`);
    }
  }

  /** Time to look at what generated code put down. */
  #look(): void {
    this.onLook((this.instructions - this.#nextLook) / LOOK_INTERVAL + 1);
    this.#nextLook = this.instructions + LOOK_INTERVAL;
  }

  /** Instructions executed, where generated code has `remaining` left. */
  #count(remaining = this.#remaining): number {
    return this.#end - remaining;
  }

  /**
   * Gives generated code of what is kept. Slices too short for that are used up to the last instruction. Returns whether it
   * was given any.
   */
  #refill(): boolean {
    const longEnough = this.slice > 2 * REST;
    const given = this.#remaining <= 0 || longEnough ? Math.min(this.slice, this.#kept) : 0;
    this.#remaining += given;
    this.#end += given;
    this.#kept -= given;
    this.physical.u32[STATE.moreBudget / 4] = this.#kept > 0 && longEnough ? 1 : 0;
    return given > 0;
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
