/**
 * The instructions that regions are made of, decoded once: most are in several regions.
 *
 * Invariant: a frame of which instructions are kept is marked as code, so that they go before it changes (`invalidateFrame`).
 */
import type { Instruction } from '../isa/instruction.ts';
import type { GuestMemory } from '../memory/access.ts';
import { fetchInstruction } from '../memory/fetch.ts';
import { PAGE_SIZE } from '../memory/layout.ts';
import { USER_END } from '../memory/paging.ts';
import { type Effects, effectsOf, INTERPRET } from './effects.ts';
import type { Summary } from './summary.ts';

export interface Step {
  readonly insn: Instruction;
  readonly effects: Effects;
  /** Null until it is asked for; see `summaryOf`. */
  summary: Summary | null;
}

/** Frame numbers an instruction's bytes came from; `second` is 0 unless it crosses a page. */
export interface FetchedStep {
  readonly step: Step;
  readonly first: number;
  readonly second: number;
}

/** Most instructions that are kept: one takes about 1 KB. */
const LIMIT = 1 << 15;

export class Steps {
  readonly #memory: GuestMemory;
  /** By frame and address; none that cross a page. */
  readonly #byFrame = new Map<number, Map<number, FetchedStep>>();
  #count = 0;

  constructor(memory: GuestMemory) {
    this.#memory = memory;
  }

  /** Number of the frame that code at an address is in. Throws `CpuFault` if it cannot be fetched. */
  frameOf(address: number): number {
    return this.#memory.fetchFrame(address) / PAGE_SIZE;
  }

  /** The instruction at an address whose first byte is in `frame`. Throws `CpuFault` if it cannot be fetched. */
  at(address: number, frame: number): FetchedStep {
    return this.#byFrame.get(frame)?.get(address) ?? this.#fetch(address);
  }

  #fetch(address: number): FetchedStep {
    const { instruction, first, second } = fetchInstruction(this.#memory, address);
    const reachable = instruction.operands.every((op) => op.kind !== 'target' || op.value < BigInt(USER_END));
    const effects = reachable ? effectsOf(instruction) : INTERPRET;
    const fetched: FetchedStep = { step: { insn: instruction, effects, summary: null }, first, second };
    if (second === 0 && this.#memory.physical.isCode(first)) this.#keep(address, fetched);
    return fetched;
  }

  #keep(address: number, fetched: FetchedStep): void {
    if (this.#count >= LIMIT) this.clear();
    let steps = this.#byFrame.get(fetched.first);
    if (steps === undefined) {
      steps = new Map();
      this.#byFrame.set(fetched.first, steps);
    }
    steps.set(address, fetched);
    this.#count++;
  }

  /** The bytes of a frame are about to change. */
  invalidateFrame(frame: number): void {
    const steps = this.#byFrame.get(frame);
    if (steps === undefined) return;
    this.#count -= steps.size;
    this.#byFrame.delete(frame);
  }

  clear(): void {
    this.#byFrame.clear();
    this.#count = 0;
  }
}
