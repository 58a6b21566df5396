/**
 * The extended registers - ST, XMM, and the high halves of YMM - between the CPU's state and an XSAVE area in linear memory,
 * in its standard format (SDM Vol. 1, 13.4). This happens twice with every signal, so it is WebAssembly, 16 bytes at a time.
 */
import { STATE, VECTOR_STRIDE } from '../state.ts';
import { OP, SIMD, TYPE } from '../wasm/opcodes.ts';
import { type FunctionWriter, ModuleWriter } from '../wasm/writer.ts';

/** Groups of registers: bits of XCR0. */
export const EXTENDED = { st: 1, xmm: 2, ymmHigh: 4 } as const;

export interface ExtendedRegisters {
  /** Stores ST and XMM to the area at byte offset `area` of linear memory. */
  save(area: number): void;
  /** Stores the high halves of YMM. Returns 0 if all are zeros, 1 otherwise. */
  saveYmmHigh(area: number): number;
  /** Loads the groups of `present` and sets the others to zeros. */
  load(area: number, present: number): void;
}

const SIZE = 16;
/** Where each group is, and how many registers it has. */
const GROUPS = {
  st: { bit: EXTENDED.st, area: 32, state: STATE.st, stride: 16, count: 8 },
  xmm: { bit: EXTENDED.xmm, area: 160, state: STATE.vector, stride: VECTOR_STRIDE, count: 16 },
  ymmHigh: { bit: EXTENDED.ymmHigh, area: 576, state: STATE.vector + SIZE, stride: VECTOR_STRIDE, count: 16 },
} as const;
type Group = (typeof GROUPS)[keyof typeof GROUPS];

const [AREA, PRESENT] = [0, 1];

const each = ({ count, state, stride, area }: Group, move: (inState: number, inArea: number) => void): void => {
  for (let n = 0; n < count; n++) move(state + n * stride, area + n * SIZE);
};

const zero = (f: FunctionWriter): void => {
  f.simd(SIMD.v128Const);
  for (let n = 0; n < SIZE; n++) f.op(0);
};

const save = (f: FunctionWriter, group: Group): void =>
  each(group, (inState, inArea) => {
    f.get(AREA);
    f.i32(0);
    f.simdMemory(SIMD.v128Load, inState);
    f.simdMemory(SIMD.v128Store, inArea);
  });

const saveYmmHigh = (f: FunctionWriter): void => {
  const value = f.local(TYPE.v128);
  const all = f.local(TYPE.v128);
  each(GROUPS.ymmHigh, (inState, inArea) => {
    f.get(AREA);
    f.i32(0);
    f.simdMemory(SIMD.v128Load, inState);
    f.tee(value);
    f.simdMemory(SIMD.v128Store, inArea);
    f.get(all);
    f.get(value);
    f.simd(SIMD.v128Or);
    f.set(all);
  });
  f.get(all);
  f.simd(SIMD.v128AnyTrue);
};

const load = (f: FunctionWriter, group: Group): void => {
  f.get(PRESENT);
  f.i32(group.bit);
  f.op(OP.i32And);
  f.if();
  each(group, (inState, inArea) => {
    f.i32(0);
    f.get(AREA);
    f.simdMemory(SIMD.v128Load, inArea);
    f.simdMemory(SIMD.v128Store, inState);
  });
  f.else();
  each(group, (inState) => {
    f.i32(0);
    zero(f);
    f.simdMemory(SIMD.v128Store, inState);
  });
  f.end();
};

/** The functions for one memory. */
export const extendedRegisters = (memory: WebAssembly.Memory): ExtendedRegisters => {
  const m = new ModuleWriter();
  const both = m.function({ params: [TYPE.i32], results: [] }, 'save');
  save(both, GROUPS.st);
  save(both, GROUPS.xmm);
  saveYmmHigh(m.function({ params: [TYPE.i32], results: [TYPE.i32] }, 'saveYmmHigh'));
  const all = m.function({ params: [TYPE.i32, TYPE.i32], results: [] }, 'load');
  for (const group of Object.values(GROUPS)) load(all, group);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(m.finish()), { env: { memory } });
  return instance.exports as unknown as ExtendedRegisters;
};
