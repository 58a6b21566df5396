/**
 * The extended registers - those of the x87, XMM, and the high halves of YMM - between the CPU's state and an XSAVE area in
 * linear memory, in its standard format (SDM Vol. 1, 13.4). This happens twice with every signal, so it is WebAssembly, 16
 * bytes at a time.
 */
import { AREA, MXCSR_WRITABLE } from '../isa/sse/area.ts';
import { INITIAL_CONTROL, STATE, VECTOR_STRIDE, X87_CONTROL, X87_EXCEPTIONS, X87_STATUS } from '../state.ts';
import { OP, SIMD, TYPE } from '../wasm/opcodes.ts';
import { type FunctionWriter, ModuleWriter } from '../wasm/writer.ts';

/** Groups of registers: bits of XCR0. */
const EXTENDED = { x87: 1, xmm: 2, ymmHigh: 4 } as const;

export interface ExtendedRegisters {
  /** Stores the legacy area of 512 bytes at byte offset `area` of linear memory, but for its last 96. */
  save(area: number): void;
  /** Stores the high halves of YMM. Returns 0 if all are zeros, 1 otherwise. */
  saveYmmHigh(area: number): number;
  /** Loads the groups of `present` and gives the others their initial state. MXCSR stays as it is. */
  load(area: number, present: number): void;
}

const SIZE = 16;
/** Where each group of registers is, and how many there are. */
const GROUPS = {
  x87: { bit: EXTENDED.x87, area: AREA.st, state: STATE.st, stride: 16, count: 8 },
  xmm: { bit: EXTENDED.xmm, area: AREA.xmm, state: STATE.vector, stride: VECTOR_STRIDE, count: 16 },
  ymmHigh: { bit: EXTENDED.ymmHigh, area: 576, state: STATE.vector + SIZE, stride: VECTOR_STRIDE, count: 16 },
} as const;
type Group = (typeof GROUPS)[keyof typeof GROUPS];

/** FCW, FSW, FTW and FOP follow each other, in the area as in the state; each has its 16 bits of the mask. */
const words = (fcw: number, fsw: number, ftw: number, fop: number): bigint =>
  BigInt.asIntN(64, BigInt(fcw) | (BigInt(fsw) << 16n) | (BigInt(ftw) << 32n) | (BigInt(fop) << 48n));

const [AREA_AT, PRESENT] = [0, 1];

const each = ({ count, state, stride, area }: Group, move: (inState: number, inArea: number) => void): void => {
  for (let n = 0; n < count; n++) move(state + n * stride, area + n * SIZE);
};

const save = (f: FunctionWriter, group: Group): void =>
  each(group, (inState, inArea) => {
    f.get(AREA_AT);
    f.i32(0);
    f.simdMemory(SIMD.v128Load, inState);
    f.simdMemory(SIMD.v128Store, inArea);
  });

/** The x87's words and pointers, and MXCSR. Without a pending exception opcode and pointers are zeros (so on AMD). */
const saveEnvironment = (f: FunctionWriter): void => {
  f.i32(0);
  f.memory(OP.i32Load16u, STATE.fsw);
  f.i32(X87_STATUS.ES);
  f.op(OP.i32And);
  f.if();
  f.get(AREA_AT);
  f.i32(0);
  f.memory(OP.i64Load, STATE.fcw);
  f.memory(OP.i64Store, AREA.fcw);
  f.get(AREA_AT);
  f.i32(0);
  f.simdMemory(SIMD.v128Load, STATE.fip);
  f.simdMemory(SIMD.v128Store, AREA.fip);
  f.else();
  f.get(AREA_AT);
  f.i32(0);
  f.memory(OP.i64Load, STATE.fcw);
  f.i64(words(0xffff, 0xffff, 0xffff, 0));
  f.op(OP.i64And);
  f.memory(OP.i64Store, AREA.fcw);
  f.get(AREA_AT);
  f.zeroVector();
  f.simdMemory(SIMD.v128Store, AREA.fip);
  f.end();
  f.get(AREA_AT);
  f.i32(0);
  f.memory(OP.i32Load, STATE.mxcsr);
  f.memory(OP.i32Store, AREA.mxcsr);
  f.get(AREA_AT);
  f.i32(MXCSR_WRITABLE);
  f.memory(OP.i32Store, AREA.mxcsrMask);
};

const saveYmmHigh = (f: FunctionWriter): void => {
  const value = f.local(TYPE.v128);
  const all = f.local(TYPE.v128);
  each(GROUPS.ymmHigh, (inState, inArea) => {
    f.get(AREA_AT);
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

/** FCW without its unused bits; ES and B not as given but by whether an exception flag is set that FCW does not mask. */
const loadEnvironment = (f: FunctionWriter): void => {
  const summary = X87_STATUS.ES | X87_STATUS.B;
  f.i32(0);
  f.get(AREA_AT);
  f.memory(OP.i64Load, AREA.fcw);
  f.i64(words(X87_CONTROL.writable, 0xffff & ~summary, 0xff, 0x7ff));
  f.op(OP.i64And);
  f.i64(words(X87_CONTROL.fixed, 0, 0, 0));
  f.op(OP.i64Or);
  f.memory(OP.i64Store, STATE.fcw);
  f.i32(0);
  f.i32(0);
  f.memory(OP.i32Load16u, STATE.fsw);
  f.i32(summary);
  f.i32(0);
  f.i32(0);
  f.memory(OP.i32Load16u, STATE.fsw);
  f.i32(0);
  f.memory(OP.i32Load16u, STATE.fcw);
  f.i32(-1);
  f.op(OP.i32Xor);
  f.op(OP.i32And);
  f.i32(X87_EXCEPTIONS);
  f.op(OP.i32And);
  f.op(OP.select);
  f.op(OP.i32Or);
  f.memory(OP.i32Store16, STATE.fsw);
  f.i32(0);
  f.get(AREA_AT);
  f.simdMemory(SIMD.v128Load, AREA.fip);
  f.simdMemory(SIMD.v128Store, STATE.fip);
};

const clearEnvironment = (f: FunctionWriter): void => {
  f.i32(0);
  f.i64(words(INITIAL_CONTROL, 0, 0, 0));
  f.memory(OP.i64Store, STATE.fcw);
  f.i32(0);
  f.zeroVector();
  f.simdMemory(SIMD.v128Store, STATE.fip);
};

const load = (f: FunctionWriter, group: Group): void => {
  f.get(PRESENT);
  f.i32(group.bit);
  f.op(OP.i32And);
  f.if();
  if (group === GROUPS.x87) loadEnvironment(f);
  each(group, (inState, inArea) => {
    f.i32(0);
    f.get(AREA_AT);
    f.simdMemory(SIMD.v128Load, inArea);
    f.simdMemory(SIMD.v128Store, inState);
  });
  f.else();
  if (group === GROUPS.x87) clearEnvironment(f);
  each(group, (inState) => {
    f.i32(0);
    f.zeroVector();
    f.simdMemory(SIMD.v128Store, inState);
  });
  f.end();
};

/** The functions for one memory. */
export const extendedRegisters = (memory: WebAssembly.Memory): ExtendedRegisters => {
  const m = new ModuleWriter();
  const legacy = m.function({ params: [TYPE.i32], results: [] }, 'save');
  saveEnvironment(legacy);
  save(legacy, GROUPS.x87);
  save(legacy, GROUPS.xmm);
  saveYmmHigh(m.function({ params: [TYPE.i32], results: [TYPE.i32] }, 'saveYmmHigh'));
  const all = m.function({ params: [TYPE.i32, TYPE.i32], results: [] }, 'load');
  for (const group of Object.values(GROUPS)) load(all, group);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(m.finish()), { env: { memory } });
  return instance.exports as unknown as ExtendedRegisters;
};
