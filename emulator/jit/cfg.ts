/**
 * The control flow graph of a region: the code that is reached from a hot address by direct branches, as far as it can be
 * fetched and within bounds. Calls, indirect jumps and what only the interpreter does end it.
 */
import { CpuFault } from '../isa/helper.ts';
import { type Instruction, nextAddress } from '../isa/instruction.ts';
import type { GuestMemory } from '../memory/access.ts';
import { fetchInstruction } from '../memory/fetch.ts';
import { PAGE_SIZE } from '../memory/layout.ts';
import { type Effects, effectsOf } from './effects.ts';

/** Bounds of a region. V8's optimising compiler takes more than linear time. */
export interface RegionLimits {
  readonly instructions: number;
  readonly pages: number;
}

export interface Step {
  readonly insn: Instruction;
  readonly effects: Effects;
}

/** Where control goes: to a block of the region, or out of it to an address. */
export interface Edge {
  readonly block: Block | null;
  readonly address: number;
}

export type Terminator =
  /** One way on. `steps` may end in a jump or a call with a known target. */
  | { readonly kind: 'goto'; readonly to: Edge }
  /** The last step is a conditional branch. */
  | { readonly kind: 'branch'; readonly taken: Edge; readonly fall: Edge }
  /** The last step is a jump to a computed address. */
  | { readonly kind: 'jump' }
  /** The instruction at this address is the interpreter's. */
  | { readonly kind: 'interpret'; readonly address: number };

export interface Block {
  readonly id: number;
  readonly address: number;
  readonly steps: readonly Step[];
  terminator: Terminator;
}

export interface Region {
  readonly entry: number;
  /** The entry is first. */
  readonly blocks: readonly Block[];
  /** Frame numbers by page address: what the translation was made from. */
  readonly pages: ReadonlyMap<number, number>;
}

/** Most instructions in one block, and farthest distance from the entry: what `position` of `region.ts` can say. */
const BLOCK_LIMIT = 200;
const REACH = 1 << 22;

class Discovery {
  readonly #memory: GuestMemory;
  readonly #limits: RegionLimits;
  readonly #stop: (address: number) => boolean;
  readonly pages = new Map<number, number>();
  readonly steps = new Map<number, Step | null>();
  readonly leaders = new Set<number>();
  #count = 0;
  #entry = 0;

  constructor(memory: GuestMemory, limits: RegionLimits, stop: (address: number) => boolean) {
    this.#memory = memory;
    this.#limits = limits;
    this.#stop = stop;
  }

  /** The instruction at an address, or null if the region does not reach there. */
  step(address: number): Step | null {
    const known = this.steps.get(address);
    if (known !== undefined) return known;
    const step = this.#decode(address);
    this.steps.set(address, step);
    return step;
  }

  #decode(address: number): Step | null {
    if (this.#count >= this.#limits.instructions || this.#stop(address)) return null;
    if (Math.abs(address - this.#entry) >= REACH) return null;
    const page = Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
    if (!this.pages.has(page) && this.pages.size >= this.#limits.pages) return null;
    try {
      const { instruction, first, second } = fetchInstruction(this.#memory, address);
      if (second !== 0 && !this.pages.has(page + PAGE_SIZE) && this.pages.size + 1 >= this.#limits.pages) return null;
      this.pages.set(page, first);
      if (second !== 0) this.pages.set(page + PAGE_SIZE, second);
      this.#count++;
      return { insn: instruction, effects: effectsOf(instruction) };
    } catch (error) {
      if (error instanceof CpuFault) return null;
      throw error;
    }
  }

  /** Decodes breadth first, so that what lies near the entry is in the region. */
  explore(entry: number): void {
    this.#entry = entry;
    this.leaders.add(entry);
    const queue = [entry];
    for (let start = queue.shift(); start !== undefined; start = queue.shift()) {
      for (let at = start; ; ) {
        if (at !== start && this.steps.has(at)) {
          this.leaders.add(at);
          break;
        }
        const step = this.step(at);
        if (step === null) break;
        const next = successors(step);
        if (next === 'on') {
          at = nextAddress(step.insn);
          continue;
        }
        for (const target of next) {
          if (this.leaders.has(target)) continue;
          this.leaders.add(target);
          if (!this.steps.has(target)) queue.push(target);
        }
        break;
      }
    }
  }
}

const isCall = (step: Step): boolean => step.insn.row.mnemonic === 'CALL';

const targetOf = ({ insn }: Step): number => {
  for (const op of insn.operands) if (op.kind === 'target') return Number(op.value);
  throw new Error(`${insn.row.mnemonic} has no target`);
};

const successors = (step: Step): 'on' | readonly number[] => {
  switch (step.effects.ending) {
    case 'next':
      return 'on';
    case 'goto':
      return isCall(step) ? [] : [targetOf(step)];
    case 'branch':
      return [targetOf(step), nextAddress(step.insn)];
    default:
      return [];
  }
};

/** The region from `entry`, or null if there is nothing to translate. */
export const discover = (
  memory: GuestMemory,
  entry: number,
  limits: RegionLimits,
  stop: (address: number) => boolean,
): Region | null => {
  const found = new Discovery(memory, limits, stop);
  found.explore(entry);
  const blocks = new Map<number, Block>();
  const order: Block[] = [];
  const pending: Block[] = [];
  const blockAt = (address: number): Block | null => {
    const known = blocks.get(address);
    if (known !== undefined) return known;
    if (!found.steps.get(address)) return null;
    const block: Block = { id: order.length, address, steps: [], terminator: { kind: 'interpret', address } };
    blocks.set(address, block);
    order.push(block);
    pending.push(block);
    return block;
  };
  const edge = (address: number): Edge => ({ block: blockAt(address), address });
  if (blockAt(entry) === null) return null;
  for (let block = pending.shift(); block !== undefined; block = pending.shift()) {
    fill(block, found, edge);
  }
  const { steps, terminator } = order[0]!;
  if (steps.length === 0 && terminator.kind === 'interpret') return null;
  return { entry, blocks: order, pages: found.pages };
};

const fill = (block: Block, found: Discovery, edge: (address: number) => Edge): void => {
  const steps = block.steps as Step[];
  for (let at = block.address; ; ) {
    const step = found.steps.get(at);
    if (!step || (at !== block.address && found.leaders.has(at)) || steps.length >= BLOCK_LIMIT) {
      block.terminator = { kind: 'goto', to: edge(at) };
      return;
    }
    const { ending } = step.effects;
    if (ending === 'interpret') {
      block.terminator = { kind: 'interpret', address: at };
      return;
    }
    steps.push(step);
    const next = nextAddress(step.insn);
    switch (ending) {
      case 'goto':
        block.terminator = {
          kind: 'goto',
          to: isCall(step) ? { block: null, address: targetOf(step) } : edge(targetOf(step)),
        };
        return;
      case 'branch':
        block.terminator = { kind: 'branch', taken: edge(targetOf(step)), fall: edge(next) };
        return;
      case 'jump':
        block.terminator = { kind: 'jump' };
        return;
      default:
        at = next;
    }
  }
};
