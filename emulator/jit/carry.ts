/**
 * Flags over the back edges of loops. Nobody but an exit from the region wants them in most loops, so what they follow from is
 * not copied in each round: at the head they are "carried" - either what the loop was entered with, which is in locals that
 * the loop does not change, or what the end of a round left, of which all but a constant is in registers anyway. Rounds may end
 * in several places: which of them it was is that constant.
 *
 * Invariant: until flags are set again, the locals of `Carry` and the copies of registers made at the head give them; the
 * frame's locals for flags mean nothing.
 */
import type { Value } from '../interpreter/values.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import type { Block } from './cfg.ts';
import type { KnownFlags } from './flags.ts';
import { type Frame, flagKind } from './frame.ts';
import type { Structure } from './structure.ts';
import type { RegionWriter } from './writer.ts';

const { i32, i64 } = TYPE;

/** Known flags that follow from operands or a result. */
type Following = Exclude<KnownFlags, { kind: 'explicit' | 'order' | 'carried' }>;

/** Where one of the frame's locals for flags can be got from at the end of a block. */
export type Part =
  /** The low bits of a general register, as many as the operation is wide. */
  | { readonly from: 'register'; readonly register: number }
  | { readonly from: 'constant'; readonly value: bigint }
  /** Only that local has it. */
  | { readonly from: 'local' };

/** What the flags at the end of a block follow from. */
export interface FlagSource {
  readonly known: Following;
  readonly parts: Readonly<Record<PartName, Part>>;
}

export type PartName = 'a' | 'b' | 'result';
const PARTS: readonly PartName[] = ['a', 'b', 'result'];

/** `Carry.kind` for flags of a round that ended in the first way; from there on, of others. Values below are the frame's. */
const OF_A_ROUND = 0x1000;
/** Ways that are told apart, at most: an exit asks for each. The flags of further ones are copied. */
const MOST_WAYS = 4;

const LOCAL: Part = { from: 'local' };

/** Parts that have to be brought to the next round; the others follow. */
const brought = ({ known, parts }: FlagSource): Record<PartName, Part | null> => {
  if (known.kind === 'logic') return { a: null, b: null, result: parts.result };
  if (known.kind === 'result') return { a: parts.a, b: null, result: parts.result };
  if (!known.plain) return { ...parts };
  // Any two of a plain sum or difference give the third.
  const spare = PARTS.find((name) => parts[name].from === 'local') ?? 'result';
  return { ...parts, [spare]: null };
};

/** One way in which a round ends. */
interface Way {
  readonly source: FlagSource;
  readonly parts: Readonly<Record<PartName, Part | null>>;
}

/** How flags are carried to the head of a loop. */
export interface Carry {
  readonly ways: readonly Way[];
  /** By block that a way back starts from, which of `ways` it is. */
  readonly wayFrom: ReadonlyMap<number, number>;
  /** Locals: of the flags the loop was entered with; those of parts that are brought by locals change with each round. */
  readonly kind: number;
  readonly a: number;
  readonly b: number;
  readonly result: number;
  /** Locals: registers as they were at the head, by register. */
  readonly registers: ReadonlyMap<number, number>;
  /** Label of the exit that puts the frame's locals together first. */
  exitLabel: number;
}

/** `sources`: what flags follow from at the end of blocks that ways back start from. */
export const newCarry = (f: RegionWriter, sources: ReadonlyMap<number, FlagSource>): Carry => {
  const ways: Way[] = [];
  const wayFrom = new Map<number, number>();
  const registers = new Map<number, number>();
  for (const [from, source] of sources) {
    let way = ways.findIndex((other) => sameSource(other.source, source));
    if (way === -1) {
      if (ways.length === MOST_WAYS) continue;
      const parts = brought(source);
      for (const name of PARTS) {
        const part = parts[name];
        if (part?.from === 'register' && !registers.has(part.register)) registers.set(part.register, f.fixed(i64));
      }
      way = ways.push({ source, parts }) - 1;
    }
    wayFrom.set(from, way);
  }
  return {
    ways,
    wayFrom,
    kind: f.fixed(i32),
    a: f.fixed(i64),
    b: f.fixed(i64),
    result: f.fixed(i64),
    registers,
    exitLabel: 0,
  };
};

const samePart = (x: Part, y: Part): boolean => JSON.stringify(x, stringly) === JSON.stringify(y, stringly);
const stringly = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

const sameSource = (x: FlagSource, y: FlagSource): boolean =>
  JSON.stringify(x.known) === JSON.stringify(y.known) && PARTS.every((name) => samePart(x.parts[name], y.parts[name]));

/**
 * By head of a loop and block that a way back to it starts from, what flags follow from there, where that is known. Not for loops
 * that read what the round before left (`readAt`).
 */
export const carriedAt = (
  blocks: readonly Block[],
  s: Structure,
  atEnd: readonly (FlagSource | null)[],
  readAt: (block: Block) => boolean,
): Map<number, ReadonlyMap<number, FlagSource>> => {
  const found = new Map<number, ReadonlyMap<number, FlagSource>>();
  if (!s.reducible) return found;
  for (const head of s.headers) {
    if (readAt(blocks[head]!)) continue;
    const sources = new Map<number, FlagSource>();
    for (const p of s.predecessors[head]!) {
      const source = atEnd[p];
      if (source && s.position[p]! >= s.position[head]!) sources.set(p, source);
    }
    if (sources.size > 0) found.set(head, sources);
  }
  return found;
};

/** At the head: registers are as the round left them. */
export const beginRound = (f: RegionWriter, frame: Frame, { registers }: Carry): void => {
  for (const [register, local] of registers) {
    f.get(frame.general(register));
    f.set(local);
  }
};

/** On a way to the head that is none of the carry's, with flags in the frame's locals. */
export const enterLoop = (f: { get(n: number): void; set(n: number): void }, frame: Frame, carry: Carry): void => {
  for (const name of ['kind', ...PARTS] as const) {
    f.get(frame.flags[name]);
    f.set(carry[name]);
  }
};

/** On one of the carry's ways back to the head. */
export const endRound = (f: RegionWriter, frame: Frame, carry: Carry, way: number): void => {
  f.i32(OF_A_ROUND + way);
  f.set(carry.kind);
  for (const name of PARTS) {
    if (carry.ways[way]!.parts[name]?.from !== 'local') continue;
    f.get(frame.flags[name]);
    f.set(carry[name]);
  }
};

/** Puts the frame's locals for flags together. */
export const settleCarried = (f: RegionWriter, frame: Frame, carry: Carry): void => {
  for (const [n, way] of carry.ways.entries()) {
    f.get(carry.kind);
    f.i32(OF_A_ROUND + n);
    f.op(OP.i32Eq);
    f.if();
    settleWay(f, frame, carry, way);
    f.else();
  }
  for (const name of ['kind', ...PARTS] as const) {
    f.get(carry[name]);
    f.set(frame.flags[name]);
  }
  for (const _ of carry.ways) f.end();
};

const settleWay = (f: RegionWriter, { flags }: Frame, carry: Carry, { source: { known }, parts }: Way): void => {
  const { w } = known;
  f.i32(known.kind === 'operation' ? flagKind(known.operation, w) : 0);
  f.set(flags.kind);
  for (const name of PARTS) {
    const part = parts[name];
    if (part === null) continue;
    if (part.from === 'constant') f.i64(part.value);
    else if (part.from === 'local') f.get(carry[name]);
    else {
      f.get(carry.registers.get(part.register)!);
      extend(f, w, name === 'result');
    }
    f.set(flags[name]);
  }
  if (known.kind === 'logic') {
    f.i64(0n);
    f.set(flags.a);
  }
  if (known.kind === 'operation' && known.plain) {
    const add = known.operation === 'add';
    const missing = PARTS.find((name) => parts[name] === null)!;
    const formulas: Readonly<Record<PartName, readonly [x: PartName, y: PartName, sum: boolean]>> = {
      result: ['a', 'b', add],
      a: ['result', 'b', !add],
      b: add ? ['result', 'a', false] : ['a', 'result', false],
    };
    const [x, y, sum] = formulas[missing];
    f.get(flags[x]);
    f.get(flags[y]);
    f.op(sum ? OP.i64Add : OP.i64Sub);
    extend(f, w, missing === 'result');
    f.set(flags[missing]);
  }
};

/** Operands are kept zero-extended, results sign-extended. */
const extend = (f: RegionWriter, w: number, signed: boolean): void => {
  if (w === 64) return;
  if (signed) f.op(w === 32 ? OP.i64Extend32S : w === 16 ? OP.i64Extend16S : OP.i64Extend8S);
  else {
    f.i64((1n << BigInt(w)) - 1n);
    f.op(OP.i64And);
  }
};

/** The same after registers were written. */
export const withoutRegisters = ({ known, parts }: FlagSource, written: (register: number) => boolean): FlagSource => {
  const left = (part: Part): Part => (part.from === 'register' && written(part.register) ? LOCAL : part);
  return { known, parts: { a: left(parts.a), b: left(parts.b), result: left(parts.result) } };
};

/** Follows what flags come from through an instruction, while its function runs (`summary.ts`). */
export class FlagTracker {
  #source: FlagSource | null | undefined;
  #inRegister = new Map<Value, number>();

  begin(): void {
    this.#source = undefined;
    this.#inRegister.clear();
  }

  /** A value is the low bits of a register. */
  wasRead(register: number, value: Value): void {
    this.#inRegister.set(value, register);
  }

  /** A register got a value in its low bits, or something else (null). */
  wasWritten(register: number, value: Value | null): void {
    for (const [v, n] of this.#inRegister) if (n === register) this.#inRegister.delete(v);
    if (value !== null) this.#inRegister.set(value, register);
    if (this.#source) this.#source = withoutRegisters(this.#source, (n) => n === register);
  }

  /** Flags were set so that they follow from these values; those that do not matter are null. */
  follow(known: Following, a: Value | null, b: Value | null, result: Value): void {
    const part = (value: Value | null, signed: boolean): Part => {
      if (value === null) return LOCAL;
      const { constant } = value;
      if (constant !== null) {
        const extended = signed ? BigInt.asIntN(known.w, constant) : BigInt.asUintN(known.w, constant);
        return { from: 'constant', value: extended };
      }
      const register = this.#inRegister.get(value);
      return register === undefined ? LOCAL : { from: 'register', register };
    };
    this.#source = { known, parts: { a: part(a, false), b: part(b, false), result: part(result, true) } };
  }

  /** Flags were set in another way. */
  lose(): void {
    this.#source = null;
  }

  /** What they follow from if the instruction set them, null if that cannot be said; undefined if it did not. */
  get followed(): FlagSource | null | undefined {
    return this.#source;
  }
}
