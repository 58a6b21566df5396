/**
 * Bytes moved within linear memory in one call, for the kernel's way to and from handlers: what takes WebAssembly a
 * nanosecond takes typed arrays several, and a hundred until V8 has optimized the TypeScript.
 */
import { OP, TYPE } from '../wasm/opcodes.ts';
import { type FunctionWriter, ModuleWriter } from '../wasm/writer.ts';
import { LINEAR } from './layout.ts';

/** A field of the CPU's state (`stateOffset`), or of the area for which a function is called; in bytes. */
export interface Field {
  readonly of: 'state' | 'area';
  readonly offset: number;
  readonly bytes: 2 | 4 | 8;
}

/** What a field is set to: another of its size, a constant, or an unsigned number given with the call. */
export type Source = Field | { readonly constant: number } | { readonly argument: number };

export interface Move {
  readonly to: Field;
  readonly from: Source;
}

/** Moves that become one function, made for each memory that wants it. */
export interface Moves {
  /** Place among all that there are. */
  readonly id: number;
  readonly list: readonly Move[];
}

/** Makes the moves, in their order, for an area at a byte offset of linear memory. */
export type Mover = (area: number, ...args: number[]) => void;

let made = 0;

/** Declares a function. For constants of a module only: declarations are never forgotten. */
export const moves = (list: readonly Move[]): Moves => ({ id: made++, list });

const { i32, f64 } = TYPE;
const AREA = 0;

const LOADS = { 2: OP.i64Load16u, 4: OP.i64Load32u, 8: OP.i64Load } as const;
const STORES = { 2: OP.i64Store16, 4: OP.i64Store32, 8: OP.i64Store } as const;

/** Pushes the address of a field; returns what is to be added to it. */
const pushBase = (f: FunctionWriter, { of, offset }: Field): number => {
  if (of === 'area') f.get(AREA);
  else f.i32(0);
  return of === 'area' ? offset : LINEAR.state + offset;
};

const pushSource = (f: FunctionWriter, from: Source): void => {
  if ('constant' in from) {
    f.i64(BigInt(from.constant));
  } else if ('argument' in from) {
    f.get(1 + from.argument);
    f.truncateF64();
  } else {
    const offset = pushBase(f, from);
    f.memory(LOADS[from.bytes], offset);
  }
};

export const compileMoves = (memory: WebAssembly.Memory, { list }: Moves): Mover => {
  const count = Math.max(0, ...list.map(({ from }) => ('argument' in from ? from.argument + 1 : 0)));
  const m = new ModuleWriter();
  const f = m.function({ params: [i32, ...Array.from({ length: count }, () => f64)], results: [] }, 'move');
  for (const { to, from } of list) {
    const offset = pushBase(f, to);
    pushSource(f, from);
    f.memory(STORES[to.bytes], offset);
  }
  return instantiate<{ move: Mover }>(m, memory).move;
};

/** A call of `copyWithin` or `fill` costs as much as a few hundred bytes. */
export interface Bytes {
  /** Copies bytes, which may overlap. */
  copy(to: number, from: number, length: number): void;
  /** Stores zeros. */
  clear(at: number, length: number): void;
}

export const bytes = (memory: WebAssembly.Memory): Bytes => {
  const m = new ModuleWriter();
  const copy = m.function({ params: [i32, i32, i32], results: [] }, 'copy');
  for (const local of [0, 1, 2]) copy.get(local);
  copy.copyMemory();
  const clear = m.function({ params: [i32, i32], results: [] }, 'clear');
  clear.get(0);
  clear.i32(0);
  clear.get(1);
  clear.fillMemory();
  return instantiate<Bytes>(m, memory);
};

const instantiate = <Functions>(m: ModuleWriter, memory: WebAssembly.Memory): Functions =>
  new WebAssembly.Instance(new WebAssembly.Module(m.finish()), { env: { memory } }).exports as unknown as Functions;
