/** The reference executor: one instruction after the other through `ReferenceOps`. Slow, plain, exact. */
import type { Cpu, CpuOptions, StopReason } from '../cpu.ts';
import { STOP } from '../cpu.ts';
import { recordFault } from '../isa/faults.ts';
import { CpuFault } from '../isa/helper.ts';
import type { Instruction } from '../isa/instruction.ts';
import { VECTOR } from '../isa/ops.ts';
import { GuestMemory } from '../memory/access.ts';
import { fetchInstruction } from '../memory/fetch.ts';
import { LINEAR, PAGE_SIZE } from '../memory/layout.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import { CpuState, RFLAGS } from '../state.ts';
import { ReferenceOps } from './ops.ts';

export class ReferenceCpu implements Cpu {
  readonly kind = 'reference';
  readonly physical: PhysicalMemory;
  readonly state: CpuState;
  instructions = 0;
  #memory: GuestMemory;
  #ops: ReferenceOps;
  #breakpoints: ReadonlySet<number> = new Set();
  /** Decoded instructions by frame, then offset in the frame. */
  #decoded = new Map<number, Map<number, Instruction>>();

  constructor(options: CpuOptions) {
    this.physical = options.physical;
    this.state = new CpuState(this.physical.memory.buffer, LINEAR.state);
    this.state.reset();
    this.physical.onGrow.push(() => this.state.rebase(this.physical.memory.buffer));
    this.physical.onCodeWrite = (frame) => {
      this.#decoded.delete(frame);
      this.physical.unmarkCode(frame);
    };
    this.#memory = new GuestMemory(this.physical, this.state, options);
    this.#ops = new ReferenceOps(this.#memory);
  }

  run(budget: number): StopReason {
    const { state } = this;
    const ops = this.#ops;
    const start = this.instructions;
    for (;;) {
      if (this.instructions - start >= budget) return STOP.budget;
      const address = state.rip;
      if (this.instructions > start && this.#breakpoints.has(address)) return STOP.breakpoint;
      const stepping = (state.rflags & RFLAGS.TF) !== 0;
      let instruction: Instruction | null = null;
      try {
        instruction = this.#fetch(address);
        ops.execute(instruction);
      } catch (error) {
        if (!(error instanceof CpuFault)) throw error;
        recordFault(state, error, instruction);
        return STOP.exception;
      }
      this.instructions++;
      if (ops.exit === 'jump') state.rip64 = ops.target;
      else state.rip = address + instruction.length;
      if (ops.exit === 'syscall') return STOP.syscall;
      if (ops.exit === 'trap' || stepping) {
        state.exceptionVector = ops.exit === 'trap' ? ops.trapVector : VECTOR.DB;
        state.exceptionError = 0;
        return STOP.exception;
      }
    }
  }

  #fetch(address: number): Instruction {
    const low = address % PAGE_SIZE;
    if (address < 2 ** 47) {
      const frame = this.#memory.fetchFrame(address) / PAGE_SIZE;
      const known = this.#decoded.get(frame)?.get(low);
      if (known !== undefined && known.address === address) return known;
    }
    const { instruction, first, second } = fetchInstruction(this.#memory, address);
    if (second === 0) {
      let page = this.#decoded.get(first);
      if (page === undefined) {
        page = new Map();
        this.#decoded.set(first, page);
        this.physical.markCode(first);
      }
      page.set(low, instruction);
    }
    return instruction;
  }

  switchAddressSpace(root: number): void {
    this.state.cr3 = root * PAGE_SIZE;
    this.#memory.flush();
  }

  invalidatePage(address: number): void {
    this.#memory.invalidate(address);
  }

  flushTlb(): void {
    this.#memory.flush();
  }

  forgetAddressSpace(_root: number): void {
    this.#memory.flush();
  }

  forgetAll(): void {
    this.#memory.flush();
    for (const frame of this.#decoded.keys()) this.physical.unmarkCode(frame);
    this.#decoded.clear();
  }

  setBreakpoints(addresses: Iterable<number>): void {
    this.#breakpoints = new Set(addresses);
  }
}
