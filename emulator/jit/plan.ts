/**
 * Which accesses to memory share one look at the TLB: those of a block whose addresses differ by constants, as pushes and
 * pops, fields of a structure, slots of a stack frame. The first of them asks whether all the bytes from the lowest to the highest lie in
 * one page that is in the TLB; the others cannot fail, and whoever cannot fail needs nothing saved before. What
 * dominates a block has asked for it too. Where they turn out to lie in two pages, again and again, each asks for itself
 * (`MARK.apart`).
 */
import { type FlagSource, withoutRegisters } from './carry.ts';
import type { Block, Region } from './cfg.ts';
import { MARK, type Marks } from './contract.ts';
import { isNamed, keyOf, type Linear, named, substitute } from './linear.ts';
import type { Structure } from './structure.ts';
import { type Access, REGISTERS, summaryOf } from './summary.ts';

/** Bytes that are asked for together, at most: the more, the likelier they lie in two pages, and then the region is left. */
const SPAN = 128;

const NONE: readonly Access[] = [];
const AT_START: readonly Linear[] = Array.from({ length: REGISTERS }, (_, n) => named(n));

/** A look at the TLB: bytes from the first that is wanted on. */
export interface Group {
  readonly key: string;
  low: number;
  high: number;
  /** Some access writes. */
  write: boolean;
  /** Which of the locals for the byte offset of `low` in linear memory, counted from 0. */
  readonly slot: number;
}

/** How an access finds its bytes: null if alone, otherwise at `offset` from the start of the group's. */
export interface Share {
  readonly group: Group;
  readonly first: boolean;
  readonly offset: number;
}

interface Seen {
  /** Accesses of each step. */
  readonly accesses: readonly (readonly Access[])[];
  /** Whether each step may leave the region for another reason than its accesses. */
  readonly leaves: readonly boolean[];
  /** Registers after the block, where names below 16 are registers before it. */
  readonly out: readonly Linear[];
  /** Registers that are something else after it, as a mask. */
  readonly written: number;
  /** What flags follow from after it if it sets them, null if that cannot be said; undefined if it does not. */
  readonly flags: FlagSource | null | undefined;
}

export interface Plan {
  /** By block and step. */
  readonly mayExit: readonly (readonly boolean[])[];
  readonly shares: readonly (readonly (readonly (Share | null)[])[])[];
  /** Vector registers whose upper half the region is about, as a mask. */
  readonly uppers: number;
  /** By block: what flags follow from at its end, where that is known. */
  readonly flagsAtEnd: readonly (FlagSource | null)[];
}

class Planner {
  readonly #blocks: readonly Block[];
  readonly #s: Structure;
  readonly #marks: Marks;
  #names = REGISTERS;
  #uppers = 0;
  readonly #mayExit: boolean[][] = [];
  readonly #shares: (Share | null)[][][] = [];
  readonly #flagsAtEnd: (FlagSource | null)[] = [];

  constructor({ blocks }: Region, s: Structure, marks: Marks) {
    this.#blocks = blocks;
    this.#s = s;
    this.#marks = marks;
  }

  #fresh = (): Linear => named(this.#names++);

  #look(block: Block): Seen {
    const registers = [...AT_START];
    const leaves: boolean[] = [];
    let flags: FlagSource | null | undefined;
    const accesses = block.steps.map((step): readonly Access[] => {
      const summary = summaryOf(step);
      const { changes } = summary;
      leaves.push(summary.leaves);
      if (summary.flags !== undefined) flags = summary.flags;
      else if (flags && changes.length > 0) {
        flags = withoutRegisters(flags, (register) => changes.some(([changed]) => changed === register));
      }
      this.#uppers |= summary.uppers;
      if (summary.accesses.length === 0 && changes.length === 0) return NONE;
      const base = this.#names - REGISTERS;
      this.#names += summary.names;
      const meaning = (name: number): Linear => (name < REGISTERS ? registers[name]! : named(base + name));
      const meant = summary.accesses.map(({ address, bytes, write }) => {
        return { address: address === null ? null : substitute(address, meaning), bytes, write };
      });
      const after = changes.map(([, sum]) => substitute(sum, meaning) ?? this.#fresh());
      for (const [n, [register]] of changes.entries()) registers[register] = after[n]!;
      return meant;
    });
    let written = 0;
    for (let n = 0; n < REGISTERS; n++) if (!isNamed(registers[n]!, n)) written |= 1 << n;
    return { accesses, leaves, out: registers, written, flags };
  }

  plan(): Plan {
    const seen = this.#blocks.map((block) => this.#look(block));
    const after: { registers: Linear[]; groups: readonly Group[] }[] = [];
    for (const id of this.#s.order) {
      const dominator = after[this.#s.dominator[id]!];
      const changed = id === 0 ? -1 : this.#writtenBefore(id, seen);
      const before = Array.from({ length: REGISTERS }, (_, n) =>
        dominator === undefined || changed & (1 << n) ? this.#fresh() : dominator.registers[n]!,
      );
      const names = new Map<number, Linear>();
      const meaning = (name: number): Linear => {
        if (name < REGISTERS) return before[name]!;
        let own = names.get(name);
        if (own === undefined) {
          own = this.#fresh();
          names.set(name, own);
        }
        return own;
      };
      const groups = this.#share(id, seen[id]!, meaning, id === 0 ? [] : dominator!.groups);
      const { out, written } = seen[id]!;
      const registers = out.map((sum, n) => {
        return written & (1 << n) ? (substitute(sum, meaning) ?? this.#fresh()) : before[n]!;
      });
      after[id] = { registers, groups };
      this.#flagsAtEnd[id] = this.#flagsAfter(id, seen[id]!);
    }
    return { mayExit: this.#mayExit, shares: this.#shares, uppers: this.#uppers, flagsAtEnd: this.#flagsAtEnd };
  }

  #flagsAfter(id: number, { flags, written }: Seen): FlagSource | null {
    if (flags !== undefined) return flags;
    const [only, ...others] = this.#s.predecessors[id]!;
    const before = id === 0 || only === undefined || others.length > 0 ? null : this.#flagsAtEnd[only];
    return before ? withoutRegisters(before, (register) => (written & (1 << register)) !== 0) : null;
  }

  /** Registers that may change between a block's dominator and the block. */
  #writtenBefore(id: number, seen: readonly Seen[]): number {
    const dominator = this.#s.dominator[id]!;
    if (this.#s.predecessors[id]!.length === 1) return 0;
    const found = new Set<number>();
    const queue = [...this.#s.predecessors[id]!];
    let written = 0;
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (next === dominator || found.has(next)) continue;
      found.add(next);
      written |= seen[next]!.written;
      queue.push(...this.#s.predecessors[next]!);
    }
    return written;
  }

  #share(id: number, seen: Seen, meaning: (name: number) => Linear, known: readonly Group[]): readonly Group[] {
    if (!seen.accesses.some((list) => list.length > 0)) {
      this.#shares[id] = seen.accesses.map(() => []);
      this.#mayExit[id] = [...seen.leaves];
      return known;
    }
    const rests = new Map<string, { low: number; high: number; write: boolean }[]>();
    const all = seen.accesses.map((list) =>
      list.map(({ address, bytes, write }) => {
        const meant = address === null ? null : substitute(address, meaning);
        if (meant === null) return null;
        const access = { key: keyOf(meant), low: meant.offset, high: meant.offset + bytes, write };
        const rest = rests.get(access.key);
        if (rest === undefined) rests.set(access.key, [access]);
        else rest.push(access);
        return access;
      }),
    );
    const groups = [...known];
    const apart = new Set<string>();
    this.#shares[id] = all.map((list, n) =>
      list.map((access): Share | null => {
        if (access === null) return null;
        const { key, low, high, write } = access;
        const rest = rests.get(key)!;
        rest.shift();
        const there = groups.findLast((g) => g.key === key && g.low <= low && high <= g.high && (g.write || !write));
        if (there !== undefined) return { group: there, first: false, offset: low - there.low };
        if (this.#marks(this.#blocks[id]!.steps[n]!.insn.address) & MARK.apart) apart.add(key);
        if (apart.has(key)) return null;
        const group: Group = { key, low, high, write, slot: groups.length };
        for (const later of rest) {
          const from = Math.min(group.low, later.low);
          const to = Math.max(group.high, later.high);
          if (to - from > SPAN) continue;
          group.low = from;
          group.high = to;
          group.write ||= later.write;
        }
        groups.push(group);
        return { group, first: true, offset: low - group.low };
      }),
    );
    this.#mayExit[id] = this.#shares[id]!.map(
      (list, n) => seen.leaves[n]! || list.some((share) => share === null || share.first),
    );
    return groups;
  }
}

export const planAccesses = (region: Region, s: Structure, marks: Marks): Plan => new Planner(region, s, marks).plan();
