/** The reference executor: one instruction after the other through `ReferenceOps`. Slow, plain, exact. */
import type { Cpu, CpuOptions, StopReason } from '../cpu.ts';
import { STOP } from '../cpu.ts';
import { CpuState } from '../cpu-state.ts';
import type { FeatureSet } from '../isa/features.ts';
import type { Instruction } from '../isa/instruction.ts';
import { GuestMemory } from '../memory/access.ts';
import { fetchInstruction } from '../memory/fetch.ts';
import { LINEAR, PAGE_SIZE } from '../memory/layout.ts';
import { USER_END } from '../memory/paging.ts';
import type { PhysicalMemory } from '../memory/physical.ts';
import type { Watchpoint } from '../memory/watch.ts';
import { DecodedCode } from './decoded.ts';
import { ReferenceOps } from './ops.ts';
import { step } from './step.ts';

export class ReferenceCpu implements Cpu {
  readonly kind = 'reference';
  readonly physical: PhysicalMemory;
  readonly state: CpuState;
  readonly features: FeatureSet;
  instructions = 0;
  #memory: GuestMemory;
  #ops: ReferenceOps;
  #breakpoints: ReadonlySet<number> = new Set();
  #decoded: DecodedCode<Instruction>;

  constructor(options: CpuOptions) {
    this.physical = options.physical;
    this.state = new CpuState(this.physical.memory.buffer, LINEAR.state);
    this.state.reset();
    this.physical.onGrow.push(() => this.state.rebase(this.physical.memory.buffer));
    this.#decoded = new DecodedCode(this.physical);
    this.physical.onCodeWrite = (frame) => {
      this.#decoded.forget(frame);
      this.physical.unmarkCode(frame);
    };
    this.#memory = new GuestMemory(this.physical, this.state, options);
    this.features = this.#memory.features;
    this.#ops = new ReferenceOps(this.#memory);
  }

  run(budget: number): StopReason {
    const fetch = (address: number) => this.#fetch(address);
    const end = this.instructions + budget;
    for (let first = true; this.instructions < end; first = false) {
      if (!first && this.#breakpoints.has(this.state.rip)) return STOP.breakpoint;
      const { completed, stop } = step(this.#ops, fetch);
      if (completed) this.instructions++;
      if (stop !== null) return stop;
    }
    return STOP.budget;
  }

  #fetch(address: number): Instruction {
    if (address < USER_END) {
      const known = this.#decoded.find(this.#memory.fetchFrame(address) / PAGE_SIZE, address);
      if (known !== undefined) return known;
    }
    const { instruction, first, second } = fetchInstruction(this.#memory, address);
    if (second === 0) this.#decoded.add(first, instruction);
    return instruction;
  }

  switchAddressSpace(root: number): void {
    this.state.cr3 = root * PAGE_SIZE;
    this.#memory.flush();
  }

  invalidatePage(address: number): void {
    this.#memory.invalidate(address);
  }

  invalidateRange(_start: number, _end: number): void {
    this.#memory.flush();
  }

  flushWrites(): void {
    this.#memory.flush();
  }

  forgetAddressSpace(_root: number): void {
    this.#memory.flush();
  }

  forgetAll(): void {
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
