/**
 * The control flow graph of a region: the code that is reached from a hot address, as far as it can be fetched and within
 * bounds. It follows direct branches to what has run before; calls, each with a copy of the function's blocks (a context),
 * but for recursive ones, which go to the blocks that are there; returns, to where the calls in the region came from; and
 * computed jumps to where they went lately. What only the interpreter does ends it.
 */
import { CpuFault } from '../isa/helper.ts';
import { nextAddress } from '../isa/instruction.ts';
import { PAGE_SIZE } from '../memory/layout.ts';
import type { Step, Steps } from './steps.ts';
import { analyse, type Structure } from './structure.ts';

/** Bounds of a region. V8's optimising compiler takes more than linear time. */
export interface RegionLimits {
  readonly instructions: number;
  readonly pages: number;
  /** Calls within calls that are followed. */
  readonly calls: number;
  /** Targets of a computed jump that are followed. */
  readonly targets: number;
}

/** What is known of the past. */
export interface Profile {
  /** Whether the code at an address in a frame is worth following: it has run, and not just now and then. */
  runs(frame: number, address: number): boolean;
  /** Where the computed jump that ends at this address went lately, most frequent first. */
  targets(next: number): readonly number[];
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
  /** The last step is a jump to a computed address, which may be one of these. */
  | { readonly kind: 'jump'; readonly targets: readonly Edge[] }
  /** SYSCALL follows, at `address`. */
  | { readonly kind: 'syscall'; readonly address: number; readonly next: number }
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
  /** Addresses of the instructions in it, but for those of copies of called functions. */
  readonly own: ReadonlySet<number>;
  readonly structure: Structure;
}

/** Most instructions in one block, and farthest distance from the entry: what `position` of `region.ts` can say. */
const BLOCK_LIMIT = 200;
const REACH = 1 << 22;

/** A place in the code of one activation of a function. */
interface Place {
  readonly context: Context;
  readonly address: number;
}

interface Context {
  /** Where the function begins, or the region. */
  readonly entry: number;
  readonly caller: Context | null;
  readonly depth: number;
  /** Where its returns go. */
  readonly returns: Place[];
  /** Instructions of it that are in the region. */
  readonly seen: Set<number>;
  readonly leaders: Set<number>;
  /** Contexts of its calls, by the addresses behind them and the targets. */
  readonly callees: Map<string, Context>;
  readonly blocks: Map<number, Block>;
}

const newContext = (entry: number, caller: Context | null): Context => ({
  entry,
  caller,
  depth: caller === null ? 0 : caller.depth + 1,
  returns: [],
  seen: new Set(),
  leaders: new Set([entry]),
  callees: new Map(),
  blocks: new Map(),
});

const returnsTo = ({ returns }: Context, next: number): boolean => returns.some(({ address }) => address === next);

const isCall = ({ insn }: Step): boolean => insn.row.mnemonic === 'CALL';
const isSyscall = ({ insn }: Step): boolean => insn.row.mnemonic === 'SYSCALL';
const isReturn = ({ insn }: Step): boolean => insn.row.mnemonic === 'RET';

const targetOf = ({ insn }: Step): number => {
  for (const op of insn.operands) if (op.kind === 'target') return Number(op.value);
  throw new Error(`${insn.row.mnemonic} has no target`);
};

class Discovery {
  readonly #steps: Steps;
  readonly #limits: RegionLimits;
  readonly #profile: Profile;
  readonly #stop: (address: number) => boolean;
  readonly #entry: number;
  readonly pages = new Map<number, number>();
  readonly root: Context;
  #decoded = new Map<number, Step | null>();
  #count = 0;
  #queue: Place[] = [];
  #blocks: Block[] = [];
  #pending: { block: Block; context: Context }[] = [];

  constructor(steps: Steps, entry: number, limits: RegionLimits, profile: Profile, stop: (address: number) => boolean) {
    this.#steps = steps;
    this.#entry = entry;
    this.#limits = limits;
    this.#profile = profile;
    this.#stop = stop;
    this.root = newContext(entry, null);
  }

  #step(address: number): Step | null {
    let step = this.#decoded.get(address);
    if (step === undefined) {
      step = this.#decode(address);
      this.#decoded.set(address, step);
    }
    return step;
  }

  #decode(address: number): Step | null {
    if (this.#stop(address) || Math.abs(address - this.#entry) >= REACH) return null;
    const page = Math.floor(address / PAGE_SIZE) * PAGE_SIZE;
    if (!this.pages.has(page) && this.pages.size >= this.#limits.pages) return null;
    try {
      const { step, first, second } = this.#steps.at(address, this.#frameOf(address));
      if (second !== 0 && !this.pages.has(page + PAGE_SIZE) && this.pages.size + 1 >= this.#limits.pages) return null;
      this.pages.set(page, first);
      if (second !== 0) this.pages.set(page + PAGE_SIZE, second);
      return step;
    } catch (error) {
      if (error instanceof CpuFault) return null;
      throw error;
    }
  }

  /** Throws `CpuFault` if it cannot be fetched. */
  #frameOf(address: number): number {
    return this.pages.get(Math.floor(address / PAGE_SIZE) * PAGE_SIZE) ?? this.#steps.frameOf(address);
  }

  #runs(address: number): boolean {
    try {
      return this.#profile.runs(this.#frameOf(address), address);
    } catch (error) {
      if (error instanceof CpuFault) return false;
      throw error;
    }
  }

  /** Decodes breadth first, so that what lies near the entry is in the region. */
  explore(): void {
    this.#queue.push({ context: this.root, address: this.#entry });
    for (let place = this.#queue.shift(); place !== undefined; place = this.#queue.shift()) this.#walk(place);
  }

  #walk({ context, address }: Place): void {
    for (let at = address; ; ) {
      if (context.seen.has(at)) {
        context.leaders.add(at);
        return;
      }
      if (this.#count >= this.#limits.instructions) return;
      const step = this.#step(at);
      if (step === null) return;
      context.seen.add(at);
      this.#count++;
      if (step.effects.ending === 'next') {
        at = nextAddress(step.insn);
        continue;
      }
      for (const place of this.#successors(context, step)) {
        const { leaders, seen } = place.context;
        leaders.add(place.address);
        if (!seen.has(place.address) && this.#runs(place.address)) this.#queue.push(place);
      }
      return;
    }
  }

  #successors(context: Context, step: Step): readonly Place[] {
    const next = nextAddress(step.insn);
    switch (step.effects.ending) {
      case 'goto':
        if (!isCall(step)) return [{ context, address: targetOf(step) }];
        return this.#called(context, next, [targetOf(step)]);
      case 'branch':
        return [
          { context, address: next },
          { context, address: targetOf(step) },
        ];
      case 'jump': {
        if (isReturn(step)) return context.returns;
        const targets = this.#profile.targets(next).slice(0, this.#limits.targets);
        return isCall(step) ? this.#called(context, next, targets) : targets.map((address) => ({ context, address }));
      }
      default:
        return [];
    }
  }

  /** Where a call goes that is worth following. */
  #called(context: Context, next: number, targets: readonly number[]): Place[] {
    return targets.flatMap((address) => {
      const callee = this.#contextOf(context, next, address);
      return callee === null ? [] : [{ context: callee, address }];
    });
  }

  #contextOf(context: Context, next: number, target: number): Context | null {
    const key = `${next}:${target}`;
    const known = context.callees.get(key);
    if (known !== undefined) return known;
    if (this.#limits.calls === 0) return null;
    const back: Place = { context, address: next };
    let callee: Context | null = context;
    while (callee !== null && callee.entry !== target) callee = callee.caller;
    if (callee === null) {
      if (context.depth >= this.#limits.calls) return null;
      callee = newContext(target, context);
    }
    context.callees.set(key, callee);
    context.leaders.add(next);
    // From a recursive function it comes back to the same place in several contexts, and any will do.
    if (!returnsTo(callee, next)) {
      callee.returns.push(back);
      // A return was seen already: what it goes to now may not have been.
      if (callee.seen.size > 0) this.#queue.push(back);
    }
    // The region begins behind a call of a function by itself: there it returns to, once more.
    if (next === this.#entry && callee === context && !returnsTo(this.root, next)) {
      this.root.returns.push({ context: this.root, address: next });
    }
    return callee;
  }

  // --- blocks -----------------------------------------------------------------------------------------------------

  build(): Block[] {
    this.#blockAt({ context: this.root, address: this.#entry });
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      this.#fill(next.block, next.context);
    }
    return this.#blocks;
  }

  #blockAt({ context, address }: Place): Block | null {
    const known = context.blocks.get(address);
    if (known !== undefined) return known;
    if (!context.seen.has(address)) return null;
    const block: Block = { id: this.#blocks.length, address, steps: [], terminator: { kind: 'interpret', address } };
    context.blocks.set(address, block);
    this.#blocks.push(block);
    this.#pending.push({ block, context });
    return block;
  }

  #edge(place: Place): Edge {
    return { block: this.#blockAt(place), address: place.address };
  }

  #fill(block: Block, context: Context): void {
    const steps = block.steps as Step[];
    for (let at = block.address; ; ) {
      const place = { context, address: at };
      if (!context.seen.has(at) || (at !== block.address && context.leaders.has(at)) || steps.length >= BLOCK_LIMIT) {
        block.terminator = { kind: 'goto', to: this.#edge(place) };
        return;
      }
      const step = this.#step(at)!;
      const { ending } = step.effects;
      if (ending === 'interpret') {
        block.terminator = isSyscall(step)
          ? { kind: 'syscall', address: at, next: nextAddress(step.insn) }
          : { kind: 'interpret', address: at };
        return;
      }
      steps.push(step);
      if (ending !== 'next') {
        block.terminator = this.#terminator(context, step, ending);
        return;
      }
      at = nextAddress(step.insn);
    }
  }

  #terminator(context: Context, step: Step, ending: 'goto' | 'branch' | 'jump'): Terminator {
    const next = nextAddress(step.insn);
    switch (ending) {
      case 'goto': {
        const address = targetOf(step);
        if (!isCall(step)) return { kind: 'goto', to: this.#edge({ context, address }) };
        const callee = context.callees.get(`${next}:${address}`);
        const to = callee === undefined ? { block: null, address } : this.#edge({ context: callee, address });
        return { kind: 'goto', to };
      }
      case 'branch':
        return {
          kind: 'branch',
          taken: this.#edge({ context, address: targetOf(step) }),
          fall: this.#edge({ context, address: next }),
        };
      case 'jump': {
        const targets = this.#successors(context, step).map((place) => this.#edge(place));
        return { kind: 'jump', targets: targets.filter((to) => to.block !== null) };
      }
    }
  }
}

/** The region from `entry`, or null if there is nothing to translate. It does not reach beyond where `stop` says so. */
export const discover = (
  steps: Steps,
  entry: number,
  limits: RegionLimits,
  profile: Profile,
  stop: (address: number) => boolean,
): Region | null => {
  const discovery = new Discovery(steps, entry, limits, profile, stop);
  discovery.explore();
  const blocks = discovery.build();
  const first = blocks[0];
  if (first === undefined || (first.steps.length === 0 && first.terminator.kind === 'interpret')) return null;
  const structure = analyse({ successors: blocks.map(successorsOf) });
  return { entry, blocks, pages: discovery.pages, own: discovery.root.seen, structure };
};

/** Edges that stay in the region or leave it for a known address, in the order in which they are asked. */
export const edgesOf = ({ terminator }: Block): readonly Edge[] => {
  switch (terminator.kind) {
    case 'goto':
      return [terminator.to];
    case 'branch':
      return [terminator.taken, terminator.fall];
    case 'jump':
      return terminator.targets;
    default:
      return [];
  }
};

/** Ids of the blocks that follow one, each once. */
const successorsOf = (block: Block): number[] => {
  const ids: number[] = [];
  for (const { block: to } of edgesOf(block)) if (to !== null && !ids.includes(to.id)) ids.push(to.id);
  return ids;
};
