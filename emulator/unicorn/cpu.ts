/**
 * A second opinion: the `Cpu` interface over unicorn.js, one instruction at a time. What unicorn executes is what changes
 * registers and memory; our own decoder reads the code, our page tables say what may be touched, and the reference executor
 * does what is left to it (`leave.ts`) and every instruction that unicorn does not complete, so that faults are exact.
 *
 * x87 and MMX registers and the upper halves of YMM registers never reach unicorn, and no feature beyond x86-64-v2 is announced:
 * it executes VEX encodings with wrong results. Flags which the manuals leave undefined, and the exception flags of MXCSR, are
 * unicorn's own.
 */
import type { Cpu, CpuOptions, StopReason } from '../cpu.ts';
import { REPEAT_LIMIT, STOP } from '../cpu.ts';
import { CpuState } from '../cpu-state.ts';
import { type FeatureSet, featuresOf } from '../isa/features.ts';
import { CpuFault } from '../isa/helper.ts';
import type { Instruction } from '../isa/instruction.ts';
import { GuestMemory } from '../memory/access.ts';
import { isCanonical } from '../memory/canonical.ts';
import { fetchInstruction } from '../memory/fetch.ts';
import { LINEAR, PAGE_SIZE } from '../memory/layout.ts';
import { ACCESS, type Access, USER_END, walk } from '../memory/paging.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import type { Watchpoint } from '../memory/watch.ts';
import { DecodedCode } from '../reference/decoded.ts';
import { ReferenceOps } from '../reference/ops.ts';
import { step } from '../reference/step.ts';
import { ARITHMETIC_FLAGS, REG, REG_NAMES, RFLAGS } from '../state.ts';
import { constant, type UnicornEngine, type UnicornModule } from './api.ts';
import { isLeft, isVector } from './leave.ts';
import { LoadedPages } from './pages.ts';

/** Flags that unicorn may change; it gets no others. */
const SHARED_FLAGS = ARITHMETIC_FLAGS | RFLAGS.DF;
const FIXED_FLAGS = RFLAGS.fixed1 | RFLAGS.IF;
const MXCSR_MASKS = 0x1f80;
/** More pages than any instruction touches. */
const MOST_MISSES = 24;
const TLB_VIRTUAL = 1;
const XMM_BYTES = 16;

interface Miss {
  readonly access: Access;
  readonly address: number;
  readonly size: number;
}

/** An instruction, and whether it is left to the reference. */
interface Decoded {
  readonly address: number;
  readonly instruction: Instruction;
  readonly left: boolean;
}

/** Numbers of the registers, by our order. */
const registersOf = (module: UnicornModule) => ({
  gpr: REG_NAMES.map((name) => constant(module, `X86_REG_${name.toUpperCase()}`)),
  xmm: Array.from({ length: 16 }, (_, n) => constant(module, `X86_REG_XMM${n}`)),
  rip: constant(module, 'X86_REG_RIP'),
  flags: constant(module, 'X86_REG_EFLAGS'),
  mxcsr: constant(module, 'X86_REG_MXCSR'),
  fpcw: constant(module, 'X86_REG_FPCW'),
  fsBase: constant(module, 'X86_REG_FS_BASE'),
  gsBase: constant(module, 'X86_REG_GS_BASE'),
});

export class UnicornCpu implements Cpu {
  readonly kind = 'unicorn';
  readonly physical: PhysicalMemory;
  readonly state: CpuState;
  readonly features: FeatureSet;
  instructions = 0;
  readonly #memory: GuestMemory;
  readonly #ops: ReferenceOps;
  readonly #engine: UnicornEngine;
  readonly #registers: ReturnType<typeof registersOf>;
  readonly #pages: LoadedPages;
  #breakpoints: ReadonlySet<number> = new Set();
  readonly #decoded: DecodedCode<Decoded>;
  /** Whether the registers are in unicorn rather than in `state`. */
  #inside = false;
  /** What the last step wanted and did not find, and whether it raised an exception. */
  #miss: Miss | null = null;
  #interrupted = false;

  constructor(options: CpuOptions, module: UnicornModule) {
    this.physical = options.physical;
    this.state = new CpuState(this.physical.memory.buffer, LINEAR.state);
    this.state.reset();
    this.physical.onGrow.push(() => this.state.rebase(this.physical.memory.buffer));
    this.#decoded = new DecodedCode(this.physical);
    this.physical.onCodeWrite = (frame) => {
      this.#decoded.forget(frame);
      this.#pages.unloadFrame(frame);
      this.physical.unmarkCode(frame);
    };
    const known = featuresOf('v2');
    this.features = new Set([...(options.features ?? known)].filter((feature) => known.has(feature)));
    this.#memory = new GuestMemory(this.physical, this.state, { ...options, features: this.features });
    this.#ops = new ReferenceOps(this.#memory);
    this.#engine = new module.Unicorn(constant(module, 'ARCH_X86'), constant(module, 'MODE_64'));
    this.#engine.ctl_tlb_mode(TLB_VIRTUAL);
    this.#registers = registersOf(module);
    this.#engine.reg_write_i64(this.#registers.mxcsr, BigInt(MXCSR_MASKS));
    this.#engine.reg_write_i64(this.#registers.fpcw, 0x37fn);
    this.#pages = new LoadedPages(module, this.#engine, this.physical);
    this.#listen(module);
  }

  #listen(module: UnicornModule): void {
    const missed = (access: Access) => (_engine: unknown, _type: unknown, address: unknown, size: unknown) => {
      this.#miss ??= { access, address: Number(BigInt.asUintN(64, BigInt(address as number))), size: Number(size) };
      return false;
    };
    const add = (name: string, callback: (...args: readonly unknown[]) => unknown) =>
      this.#engine.hook_add(constant(module, name), callback, {}, 1, 0);
    for (const [name, access] of [
      ['READ', ACCESS.read],
      ['WRITE', ACCESS.write],
      ['FETCH', ACCESS.fetch],
    ] as const) {
      const callback = missed(access) as (...args: readonly unknown[]) => unknown;
      add(`HOOK_MEM_${name}_UNMAPPED`, callback);
      add(`HOOK_MEM_${name}_PROT`, callback);
    }
    add('HOOK_INTR', () => {
      this.#interrupted = true;
      this.#engine.emu_stop();
    });
  }

  run(budget: number): StopReason {
    const end = this.instructions + budget;
    try {
      for (let first = true; this.instructions < end; first = false) {
        const rip = this.#inside ? this.#read(this.#registers.rip) : this.state.rip64;
        if (!first && rip < BigInt(USER_END) && this.#breakpoints.has(Number(rip))) return STOP.breakpoint;
        if (this.#ask(rip)) {
          this.instructions++;
          continue;
        }
        this.#leave();
        const { completed, stop } = step(this.#ops, (address) => this.#fetch(address).instruction);
        if (completed) this.instructions++;
        if (stop !== null) return stop;
      }
      return STOP.budget;
    } finally {
      this.#leave();
    }
  }

  /** Lets unicorn execute the instruction at `rip`; false if it did not, and nothing has changed. */
  #ask(rip: bigint): boolean {
    const { state } = this;
    if (this.#memory.watch !== null) return false;
    if (rip >= BigInt(USER_END) || state.rflags & (RFLAGS.TF | RFLAGS.AC)) return false;
    let found: { readonly instruction: Instruction; readonly left: boolean };
    try {
      found = this.#fetch(Number(rip));
    } catch (error) {
      if (error instanceof CpuFault) return false;
      throw error;
    }
    const { instruction, left } = found;
    if (left) return false;
    if (isVector(instruction) && (~state.mxcsr & MXCSR_MASKS) !== 0) return false;
    this.#enter();
    if (this.#isMisaligned(instruction)) return false;
    const rsp = this.#engine.reg_read_i64(this.#registers.gpr[REG.rsp]!);
    // A round of a repeated string instruction may be a step of its own.
    for (let rounds = 0; rounds < REPEAT_LIMIT; rounds++) {
      const after = this.#stepOnce(rip, instruction);
      if (after === null || !isCanonical(after)) {
        this.#engine.reg_write_i64(this.#registers.rip, rip);
        if (after !== null) this.#engine.reg_write_i64(this.#registers.gpr[REG.rsp]!, rsp);
        return false;
      }
      if (after !== rip || instruction.repeat === 'none') break;
    }
    return true;
  }

  /** Where unicorn is after one step; null if it did not make it. */
  #stepOnce(rip: bigint, instruction: Instruction): bigint | null {
    for (const page of [instruction.address, instruction.address + instruction.length - 1]) {
      if (!this.#provide({ access: ACCESS.fetch, address: page, size: 1 })) return null;
    }
    for (let misses = 0; misses < MOST_MISSES; misses++) {
      this.#miss = null;
      this.#interrupted = false;
      let failed = false;
      try {
        this.#engine.emu_start(rip, USER_END, 0, 1);
      } catch (error) {
        // It throws strings; anything else is a mistake of ours.
        if (typeof error !== 'string') throw error;
        failed = true;
      }
      const miss = this.#miss as Miss | null;
      if (miss === null) return failed || this.#interrupted ? null : this.#read(this.#registers.rip);
      if (!this.#provide(miss)) return null;
    }
    return null;
  }

  /** Loads the pages of an access; false if it faults. */
  #provide({ access, address, size }: Miss): boolean {
    const last = Math.floor((address + Math.max(size, 1) - 1) / PAGE_SIZE);
    for (let page = Math.floor(address / PAGE_SIZE); page <= last; page++) {
      if (page * PAGE_SIZE >= USER_END) return false;
      const at = walk(this.physical, this.state.cr3 / PAGE_SIZE, page * PAGE_SIZE, access);
      if (at < 0) return false;
      this.#pages.load(page * PAGE_SIZE, at / PAGE_SIZE, access === ACCESS.write);
    }
    return true;
  }

  /** Whether a vector of 128 bits in memory is not aligned: unicorn never minds, processors often do. */
  #isMisaligned(i: Instruction): boolean {
    const memory = i.operands.find((o) => o.kind === 'mem');
    if (memory === undefined || memory.width !== 8 * XMM_BYTES) return false;
    const register = (n: number) => (n < 0 ? 0n : this.#engine.reg_read_i64(this.#registers.gpr[n]!));
    const { state } = this;
    const base = memory.segment === 'fs' ? state.fsBase : memory.segment === 'gs' ? state.gsBase : 0n;
    const sum = register(memory.base) + register(memory.index) * BigInt(memory.scale) + memory.displacement + base;
    return (sum & BigInt(XMM_BYTES - 1)) !== 0n;
  }

  #fetch(address: number): Decoded {
    if (address < USER_END) {
      const frame = this.#memory.fetchFrame(address) / PAGE_SIZE;
      if (this.#pages.isDirty(frame)) this.#copyBack();
      const known = this.#decoded.find(frame, address);
      if (known !== undefined) return known;
    }
    const { instruction, first, second } = fetchInstruction(this.#memory, address);
    if (second !== 0 && this.#pages.isDirty(second)) {
      this.#copyBack();
      return this.#fetch(address);
    }
    const one = { address, instruction, left: isLeft(instruction) };
    if (second === 0) this.#decoded.add(first, one);
    return one;
  }

  #copyBack(): void {
    this.#pages.copyBack((frame) => this.#decoded.forget(frame));
  }

  #read(register: number): bigint {
    return BigInt.asUintN(64, this.#engine.reg_read_i64(register));
  }

  /** Registers from `state` to unicorn. */
  #enter(): void {
    if (this.#inside) return;
    this.#inside = true;
    const { state } = this;
    const { gpr, xmm, rip, flags, mxcsr, fsBase, gsBase } = this.#registers;
    const write = (register: number, value: bigint) => this.#engine.reg_write_i64(register, BigInt.asIntN(64, value));
    for (const [n, register] of gpr.entries()) write(register, state.get(n));
    for (const [n, register] of xmm.entries()) this.#engine.reg_write(register, state.vectorBytes(n).slice());
    write(rip, state.rip64);
    write(flags, BigInt((state.rflags & SHARED_FLAGS) | FIXED_FLAGS));
    write(mxcsr, BigInt(state.mxcsr));
    write(fsBase, state.fsBase);
    write(gsBase, state.gsBase);
  }

  /** Registers and memory back from unicorn. */
  #leave(): void {
    if (this.#inside) {
      this.#inside = false;
      const { state } = this;
      const { gpr, xmm, rip, flags, mxcsr } = this.#registers;
      for (const [n, register] of gpr.entries()) state.set(n, this.#read(register));
      for (const [n, register] of xmm.entries()) state.vectorBytes(n).set(this.#engine.reg_read(register, XMM_BYTES));
      state.rip64 = this.#read(rip);
      state.rflags = (state.rflags & ~SHARED_FLAGS) | (Number(this.#read(flags)) & SHARED_FLAGS);
      state.mxcsr = Number(this.#read(mxcsr) & 0xffffn);
    }
    this.#copyBack();
  }

  switchAddressSpace(root: number): void {
    this.#pages.unloadAll();
    this.state.cr3 = root * PAGE_SIZE;
    this.#memory.flush();
  }

  invalidatePage(address: number): void {
    this.#pages.unload(Math.floor(address / PAGE_SIZE) * PAGE_SIZE);
    this.#memory.invalidate(address);
  }

  invalidateRange(start: number, end: number): void {
    this.#pages.unloadRange(start, end);
    this.#memory.flush();
  }

  /** Between runs all pages are read-only to unicorn: the next write asks. */
  flushWrites(): void {
    this.#memory.flush();
  }

  forgetAddressSpace(_root: number): void {
    this.#pages.unloadAll();
    this.#memory.flush();
  }

  forgetAll(): void {
    this.#pages.unloadAll();
    this.#memory.flush();
    this.#decoded.clear();
  }

  setWatchpoints(points: readonly Watchpoint[]): void {
    this.#memory.watch = points.length === 0 ? null : { points, hits: 0 };
  }

  setBreakpoints(addresses: Iterable<number>): void {
    this.#breakpoints = new Set(addresses);
  }
}
