/**
 * The function of a region, with the signature of the interpreter's: it stands in the record of its entry's first
 * instruction, so blocks and the jump cache lead to it as they lead to interpreted code.
 *
 * Counting: the budget is charged where ways meet, and asked for at the entry and at the head of each loop whether it
 * suffices for the longest way to the next such place; if not, the interpreter goes on from there. So a region never runs
 * over the budget, and whoever leaves in the middle knows what to charge: what a block with one way in owes at its start is known.
 *
 * `position` says where the region is left: bits 31:8 the distance of the instruction from the entry, bits 7:0 how many
 * instructions were executed that have not been charged.
 */
import { describe } from '../decode/index.ts';
import { HANDLER } from '../interpreter/contract.ts';
import { RECORD } from '../interpreter/records.ts';
import { STATE } from '../state.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import { FunctionWriter, type ModuleWriter } from '../wasm/writer.ts';
import { beginRound, type Carry, carriedAt, endRound, enterLoop, newCarry, settleCarried } from './carry.ts';
import { type Block, type Edge, edgesOf, type Region } from './cfg.ts';
import { LEAVE, MARK, type Marks } from './contract.ts';
import type { KnownFloats } from './emit/vectors.ts';
import { RegionOps } from './emit.ts';
import type { KnownFlags } from './flags.ts';
import { Frame } from './frame.ts';
import { readsFlags, usedFlags } from './liveness.ts';
import { type Plan, planAccesses } from './plan.ts';
import { dispatcher, type Structure, structured } from './structure.ts';
import { RegionWriter } from './writer.ts';

const { i32, i64 } = TYPE;

/** Most instructions that a block ends with uncharged, unless it is longer itself: `position` has eight bits for them. */
const MOST_OWED = 200;

/** Most instructions from each block on until the budget is asked again. */
const longestWays = (blocks: readonly Block[], s: Structure): number[] => {
  const ways: number[] = blocks.map(() => 0);
  for (const id of [...s.order].reverse()) {
    let rest = 0;
    for (const { block } of edgesOf(blocks[id]!)) {
      if (block !== null && !s.headers.has(block.id)) rest = Math.max(rest, ways[block.id]!);
    }
    const { steps, terminator } = blocks[id]!;
    ways[id] = steps.length + (terminator.kind === 'syscall' ? 1 : rest);
  }
  return ways;
};

/** Ends the region's function, with all arguments that mean something on the stack. */
const leaveBy = (f: FunctionWriter, name: keyof typeof LEAVE): void => {
  f.zeroVector();
  f.returnCallImport(name, LEAVE[name]);
};

class RegionBuilder {
  readonly #region: Region;
  readonly #marks: Marks;
  readonly #f: RegionWriter;
  readonly #frame: Frame;
  readonly #o: RegionOps;
  readonly #s: Structure;
  readonly #ways: number[];
  readonly #plan: Plan;
  readonly #used: boolean[][];
  readonly #next: number;
  /** Local: the address outside to go on at; set before the branch to `#outLabel`. */
  readonly #target: number;
  /** Label outside which the region is left for another one. */
  #outLabel = 0;
  /** Label outside which SYSCALL is executed; `#target` is the address behind it. */
  #syscallLabel = 0;
  /** By head of a loop. */
  readonly #carries = new Map<number, Carry>();
  /** Flags at the end of each block, where one is known. */
  readonly #flagsAtEnd: (KnownFlags | null)[] = [];
  readonly #floatsAtEnd: KnownFloats[] = [];
  /** Instructions that have not been charged at the end of each block. */
  readonly #owedAtEnd: number[] = [];

  constructor(m: ModuleWriter, region: Region, marks: Marks) {
    this.#region = region;
    this.#marks = marks;
    this.#f = new RegionWriter(m, HANDLER, 'region');
    this.#frame = new Frame(this.#f, 0);
    this.#o = new RegionOps(this.#f, this.#frame);
    this.#next = this.#f.fixed(i32);
    this.#target = this.#f.fixed(i64);
    const { blocks } = region;
    this.#s = region.structure;
    this.#ways = longestWays(blocks, this.#s);
    this.#plan = planAccesses(region, this.#s, marks);
    this.#frame.uppers = this.#plan.uppers;
    const reads = readsFlags(blocks);
    for (const [head, sources] of carriedAt(blocks, this.#s, this.#plan.flagsAtEnd, ({ id }) => reads[id]!)) {
      this.#carries.set(head, newCarry(this.#f, sources));
    }
    this.#used = usedFlags(blocks, this.#plan.mayExit, (block) => this.#asksBudget(block.id));
  }

  #asksBudget(id: number): boolean {
    return id === 0 || this.#s.headers.has(id);
  }

  /** `tagSlot`: address of the word that holds the tag of the address space the region is good in; 0 if of any. */
  build(tagSlot: number): FunctionWriter {
    const f = this.#f;
    const calls = this.#region.blocks.some(({ terminator }) => terminator.kind === 'syscall');
    if (calls) {
      f.block();
      this.#syscallLabel = f.open;
    }
    f.block();
    this.#outLabel = f.open;
    f.block();
    this.#frame.exitLabel = f.open;
    const carries = [...this.#carries.values()];
    for (const carry of carries) {
      f.block();
      carry.exitLabel = f.open;
    }
    const emitter = {
      node: (id: number) => this.#node(this.#region.blocks[id]!),
      end: (id: number, branch: (to: number) => void) => this.#end(this.#region.blocks[id]!, branch),
    };
    if (this.#s.reducible) structured(f, this.#s, emitter);
    else dispatcher(f, this.#s, emitter, this.#next);
    f.op(OP.unreachable);
    for (const carry of carries.reverse()) {
      f.end();
      settleCarried(f, this.#frame, carry);
      f.brTo(this.#frame.exitLabel);
    }
    f.end();
    this.#leave();
    f.end();
    this.#goOn(() => {
      leaveBy(f, 'jump');
    });
    if (calls) {
      f.end();
      this.#goOn(() => leaveBy(f, 'syscall'));
    }
    f.prepend(this.#prologue(tagSlot));
    return f;
  }

  /** Code of the start, which needs to know what the rest names. */
  #prologue(tagSlot: number): Uint8Array {
    const f = new FunctionWriter(this.#f.module, HANDLER);
    const { record, budget } = this.#frame;
    if (tagSlot !== 0) {
      f.i32(0);
      f.memory(OP.i32Load, STATE.jumpKey + 4);
      f.i32(0);
      f.memory(OP.i32Load, tagSlot);
      f.op(OP.i32Ne);
      f.if();
      f.get(record);
      f.get(budget);
      f.i32(tagSlot);
      leaveBy(f, 'unproven');
      f.end();
    }
    this.#frame.load(f);
    const carry = this.#carries.get(0);
    if (carry !== undefined) enterLoop(f, this.#frame, carry);
    return f.code.view();
  }

  #setPosition(address: number, before: number): void {
    const f = this.#f;
    f.i32(((address - this.#region.entry) << 8) | before);
    f.set(this.#frame.position);
  }

  #node(block: Block): void {
    const f = this.#f;
    const o = this.#o;
    o.flags.known = this.#flagsAtStart(block);
    o.enterBlock(this.#fromTheOnly(block, this.#floatsAtEnd));
    const carry = this.#carries.get(block.id);
    if (carry !== undefined) beginRound(f, this.#frame, carry);
    if (this.#asksBudget(block.id)) {
      this.#setPosition(block.address, 0);
      f.get(this.#frame.budget);
      f.i32(this.#ways[block.id]!);
      f.op(OP.i32LtS);
      f.unlikely();
      f.brIfTo(o.exitLabel);
    }
    let owed = this.#fromTheOnly(block, this.#owedAtEnd) ?? 0;
    if (owed + block.steps.length > MOST_OWED) {
      this.#charge(owed);
      owed = 0;
    }
    this.#owedAtEnd[block.id] = owed + block.steps.length;
    for (const [n, { insn, effects }] of block.steps.entries()) {
      if (this.#plan.mayExit[block.id]![n]) this.#setPosition(insn.address, owed + n);
      const begin = {
        flagsWanted: this.#used[block.id]![n]!,
        conditional: effects.conditional,
        large: (this.#marks(insn.address) & MARK.large) !== 0,
      };
      o.begin(insn, begin, this.#plan.shares[block.id]![n]);
      insn.row.semantics(o, o.insn);
    }
    if (block.terminator.kind === 'jump') o.flags.settle();
    this.#flagsAtEnd[block.id] = o.flags.known;
    this.#floatsAtEnd[block.id] = o.leaveBlock();
  }

  #flagsAtStart(block: Block): KnownFlags | null {
    const carry = this.#carries.get(block.id);
    if (carry !== undefined) return { kind: 'carried', carry };
    if (block.id === 0) return this.#s.predecessors[0]!.length === 0 ? { kind: 'explicit' } : null;
    return this.#fromTheOnly(block, this.#flagsAtEnd);
  }

  /** What holds at the end of the only block that goes on to this one; null if there is not just one, or it comes later. */
  #fromTheOnly<T>({ id }: Block, atEnd: readonly (T | null)[]): T | null {
    const [only, ...others] = this.#s.predecessors[id]!;
    if (id === 0 || only === undefined || others.length > 0) return null;
    return atEnd[only] ?? null;
  }

  /** On the way from one block to another: the budget is charged if there are other ways to that one. */
  #passBudget(from: number, to: number): void {
    if (to === 0 || this.#s.predecessors[to]!.length > 1) this.#charge(this.#owedAtEnd[from]!);
  }

  /** Flags come to where that one looks for them. */
  #passFlags(from: number, to: number): void {
    const { flags } = this.#o;
    const carry = this.#carries.get(to);
    if (carry === undefined) {
      if (this.#s.predecessors[to]!.length > 1) flags.settle();
      return;
    }
    const way = carry.wayFrom.get(from);
    if (way !== undefined) endRound(this.#f, this.#frame, carry, way);
    else {
      flags.settle();
      enterLoop(this.#f, this.#frame, carry);
    }
  }

  #charge(count: number): void {
    if (count === 0) return;
    const f = this.#f;
    f.get(this.#frame.budget);
    f.i32(count);
    f.op(OP.i32Sub);
    f.set(this.#frame.budget);
  }

  #end(block: Block, branch: (to: number) => void): void {
    const f = this.#f;
    const o = this.#o;
    const { terminator } = block;
    const go = (edge: Edge): void => {
      if (edge.block === null) this.#goOut(block, this.#outLabel, () => f.i64(BigInt(edge.address)));
      else goOn(edge.block);
    };
    const goOn = (to: Block): void => {
      this.#passBudget(block.id, to.id);
      this.#passFlags(block.id, to.id);
      branch(to.id);
    };
    switch (terminator.kind) {
      case 'interpret':
        this.#setPosition(terminator.address, this.#owedAtEnd[block.id]!);
        f.brTo(o.exitLabel);
        return;
      case 'syscall':
        this.#goOut(block, this.#syscallLabel, () => f.i64(BigInt(terminator.next)), 1);
        return;
      case 'goto':
        go(terminator.to);
        return;
      case 'jump': {
        const transfer = o.transfer;
        if (transfer?.kind !== 'jump') throw new Error('an indirect jump without a target');
        for (const { block: to, address } of terminator.targets) {
          o.push(transfer.target);
          f.i64(BigInt(address));
          f.op(OP.i64Eq);
          f.if();
          goOn(to!);
          f.end();
        }
        this.#goOut(block, this.#outLabel, () => o.push(transfer.target));
        return;
      }
      case 'branch': {
        const transfer = o.transfer;
        if (transfer?.kind !== 'branch') throw new Error('a branch without a condition');
        const { known } = o.flags;
        if (transfer.condition.constant !== null) {
          go(transfer.condition.constant === 0n ? terminator.fall : terminator.taken);
          return;
        }
        o.push(transfer.condition);
        f.if();
        go(terminator.taken);
        f.else();
        o.flags.known = known;
        go(terminator.fall);
        f.end();
      }
    }
  }

  /** Out of the region, to an address; `more` instructions are executed on the way. */
  #goOut(block: Block, label: number, pushTarget: () => void, more = 0): void {
    const f = this.#f;
    this.#charge(this.#owedAtEnd[block.id]! + more);
    pushTarget();
    f.set(this.#target);
    this.#o.flags.known = this.#flagsAtEnd[block.id] ?? null;
    this.#o.flags.store();
    f.brTo(label);
  }

  /** Everything is stored, and somebody else has the address and the budget: `call` ends the function. */
  #goOn(call: () => void): void {
    const f = this.#f;
    this.#frame.save();
    f.get(this.#target);
    f.get(this.#frame.budget);
    call();
  }

  /** In the middle, at `position`: the interpreter goes on there. */
  #leave(): void {
    const f = this.#f;
    const { flags, position, budget } = this.#frame;
    this.#frame.save();
    f.get(flags.kind);
    f.get(flags.a);
    f.get(flags.b);
    f.get(flags.result);
    f.get(position);
    f.i32(8);
    f.op(OP.i32ShrS);
    f.op(OP.i64ExtendI32S);
    f.i64(BigInt(this.#region.entry));
    f.op(OP.i64Add);
    f.get(budget);
    f.get(position);
    f.i32(0xff);
    f.op(OP.i32And);
    f.op(OP.i32Sub);
    leaveBy(f, 'leave');
  }
}

/**
 * Adds the function of a region to a module, exported as `region`: of the budget that it is given nothing is spent. A second
 * one, `entered`, stands in the place of a block's first instruction, and who enters a block has paid for all of it.
 */
export const buildRegion = (
  m: ModuleWriter,
  region: Region,
  tagSlot: number,
  marks: Marks = () => 0,
): FunctionWriter => {
  const f = new RegionBuilder(m, region, marks).build(tagSlot);
  const entered = m.function(HANDLER, 'entered');
  entered.get(0);
  entered.get(1);
  entered.get(0);
  entered.memory(OP.i32Load16u, RECORD.count);
  entered.op(OP.i32Add);
  entered.returnCallLocal(0);
  return f;
};

/** The guest's code in a region, block by block. */
export const listRegion = ({ blocks }: Region): string => {
  const name = (edge: Edge): string =>
    edge.block === null ? `${edge.address.toString(16)} outside` : `${edge.block.id}`;
  const lines = blocks.flatMap((block) => {
    const { terminator } = block;
    const on =
      terminator.kind === 'interpret'
        ? `the interpreter at ${terminator.address.toString(16)}`
        : terminator.kind === 'syscall'
          ? 'SYSCALL'
          : [...edgesOf(block).map(name), ...(terminator.kind === 'jump' ? ['elsewhere'] : [])].join(', ');
    const code = block.steps.map(({ insn }) => `  ${insn.address.toString(16)}  ${describe(insn)}`);
    return [`block ${block.id}:`, ...code, `  -> ${on}`];
  });
  return `${lines.join('\n')}\n`;
};
