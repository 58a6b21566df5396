/** Vectors: the lane operations of `isa/ops.ts` as WebAssembly SIMD. */
import type { Operand, Width } from '../isa/instruction.ts';
import type { SimdBinary, SimdMask, SimdShift, SimdUnary, Variable } from '../isa/ops.ts';
import { SIMD, TYPE } from '../wasm/opcodes.ts';
import { AccessEmitter } from './access.ts';
import { typeOf, type Value } from './values.ts';

const { i32, v128 } = TYPE;

const UNARY: Readonly<Record<SimdUnary, number>> = {
  'v128.not': SIMD.v128Not,
  'i8x16.abs': SIMD.i8x16Abs,
  'i16x8.abs': SIMD.i16x8Abs,
  'i32x4.abs': SIMD.i32x4Abs,
  'i16x8.extend_low_i8x16_u': SIMD.i16x8ExtendLowI8x16U,
  'i16x8.extend_low_i8x16_s': SIMD.i16x8ExtendLowI8x16S,
  'i16x8.extend_high_i8x16_u': SIMD.i16x8ExtendHighI8x16U,
  'i16x8.extend_high_i8x16_s': SIMD.i16x8ExtendHighI8x16S,
  'i32x4.extend_low_i16x8_u': SIMD.i32x4ExtendLowI16x8U,
  'i32x4.extend_low_i16x8_s': SIMD.i32x4ExtendLowI16x8S,
  'i64x2.extend_low_i32x4_u': SIMD.i64x2ExtendLowI32x4U,
  'i64x2.extend_low_i32x4_s': SIMD.i64x2ExtendLowI32x4S,
};

const BINARY: Readonly<Record<SimdBinary, number>> = {
  'v128.and': SIMD.v128And,
  'v128.or': SIMD.v128Or,
  'v128.xor': SIMD.v128Xor,
  'v128.andnot': SIMD.v128Andnot,
  'i8x16.add': SIMD.i8x16Add,
  'i16x8.add': SIMD.i16x8Add,
  'i32x4.add': SIMD.i32x4Add,
  'i64x2.add': SIMD.i64x2Add,
  'i8x16.sub': SIMD.i8x16Sub,
  'i16x8.sub': SIMD.i16x8Sub,
  'i32x4.sub': SIMD.i32x4Sub,
  'i64x2.sub': SIMD.i64x2Sub,
  'i8x16.add_sat_s': SIMD.i8x16AddSatS,
  'i8x16.add_sat_u': SIMD.i8x16AddSatU,
  'i16x8.add_sat_s': SIMD.i16x8AddSatS,
  'i16x8.add_sat_u': SIMD.i16x8AddSatU,
  'i8x16.sub_sat_s': SIMD.i8x16SubSatS,
  'i8x16.sub_sat_u': SIMD.i8x16SubSatU,
  'i16x8.sub_sat_s': SIMD.i16x8SubSatS,
  'i16x8.sub_sat_u': SIMD.i16x8SubSatU,
  'i16x8.mul': SIMD.i16x8Mul,
  'i32x4.mul': SIMD.i32x4Mul,
  'i32x4.dot_i16x8_s': SIMD.i32x4DotI16x8S,
  'i16x8.q15mulr_sat_s': SIMD.i16x8Q15mulrSatS,
  'i64x2.extmul_low_i32x4_u': SIMD.i64x2ExtmulLowI32x4U,
  'i64x2.extmul_low_i32x4_s': SIMD.i64x2ExtmulLowI32x4S,
  'i32x4.extmul_low_i16x8_s': SIMD.i32x4ExtmulLowI16x8S,
  'i32x4.extmul_high_i16x8_s': SIMD.i32x4ExtmulHighI16x8S,
  'i32x4.extmul_low_i16x8_u': SIMD.i32x4ExtmulLowI16x8U,
  'i32x4.extmul_high_i16x8_u': SIMD.i32x4ExtmulHighI16x8U,
  'i8x16.min_s': SIMD.i8x16MinS,
  'i8x16.min_u': SIMD.i8x16MinU,
  'i8x16.max_s': SIMD.i8x16MaxS,
  'i8x16.max_u': SIMD.i8x16MaxU,
  'i16x8.min_s': SIMD.i16x8MinS,
  'i16x8.min_u': SIMD.i16x8MinU,
  'i16x8.max_s': SIMD.i16x8MaxS,
  'i16x8.max_u': SIMD.i16x8MaxU,
  'i32x4.min_s': SIMD.i32x4MinS,
  'i32x4.min_u': SIMD.i32x4MinU,
  'i32x4.max_s': SIMD.i32x4MaxS,
  'i32x4.max_u': SIMD.i32x4MaxU,
  'i8x16.avgr_u': SIMD.i8x16AvgrU,
  'i16x8.avgr_u': SIMD.i16x8AvgrU,
  'i8x16.eq': SIMD.i8x16Eq,
  'i16x8.eq': SIMD.i16x8Eq,
  'i32x4.eq': SIMD.i32x4Eq,
  'i64x2.eq': SIMD.i64x2Eq,
  'i8x16.gt_s': SIMD.i8x16GtS,
  'i16x8.gt_s': SIMD.i16x8GtS,
  'i32x4.gt_s': SIMD.i32x4GtS,
  'i64x2.gt_s': SIMD.i64x2GtS,
  'i8x16.narrow_i16x8_s': SIMD.i8x16NarrowI16x8S,
  'i8x16.narrow_i16x8_u': SIMD.i8x16NarrowI16x8U,
  'i16x8.narrow_i32x4_s': SIMD.i16x8NarrowI32x4S,
  'i16x8.narrow_i32x4_u': SIMD.i16x8NarrowI32x4U,
  'i8x16.swizzle': SIMD.i8x16Swizzle,
};

const SHIFT: Readonly<Record<SimdShift, number>> = {
  'i16x8.shl': SIMD.i16x8Shl,
  'i32x4.shl': SIMD.i32x4Shl,
  'i64x2.shl': SIMD.i64x2Shl,
  'i16x8.shr_u': SIMD.i16x8ShrU,
  'i32x4.shr_u': SIMD.i32x4ShrU,
  'i64x2.shr_u': SIMD.i64x2ShrU,
  'i16x8.shr_s': SIMD.i16x8ShrS,
  'i32x4.shr_s': SIMD.i32x4ShrS,
};

const BITMASK: Readonly<Record<SimdMask, number>> = {
  'i8x16.bitmask': SIMD.i8x16Bitmask,
  'i32x4.bitmask': SIMD.i32x4Bitmask,
  'i64x2.bitmask': SIMD.i64x2Bitmask,
  'v128.any_true': SIMD.v128AnyTrue,
};

const EXTRACT = {
  8: SIMD.i8x16ExtractLaneU,
  16: SIMD.i16x8ExtractLaneU,
  32: SIMD.i32x4ExtractLane,
  64: SIMD.i64x2ExtractLane,
} as const;
const REPLACE = {
  8: SIMD.i8x16ReplaceLane,
  16: SIMD.i16x8ReplaceLane,
  32: SIMD.i32x4ReplaceLane,
  64: SIMD.i64x2ReplaceLane,
} as const;

export class SimdEmitter extends AccessEmitter {
  readVector(op: Operand): Value {
    if (op.kind === 'mem') return this.load128(this.linearAddress(op));
    const offset = this.pushVectorRegister(op);
    this.f.simdMemory(SIMD.v128Load, offset);
    return this.pop(v128);
  }

  writeVector(op: Operand, value: Value): void {
    if (op.kind === 'mem') {
      this.store128(this.linearAddress(op), value);
      return;
    }
    const offset = this.pushVectorRegister(op);
    this.push(value);
    this.f.simdMemory(SIMD.v128Store, offset);
  }

  readVectors(op: Operand): Value[] {
    const count = op.width === 256 ? 2 : 1;
    if (op.kind === 'mem') return this.loadChunks(this.linearAddress(op), count);
    return Array.from({ length: count }, (_, n) => {
      const offset = this.pushVectorRegister(op);
      this.f.simdMemory(SIMD.v128Load, offset + 16 * n);
      return this.pop(v128);
    });
  }

  writeVectors(op: Operand, values: readonly Value[]): void {
    if (op.kind === 'mem') {
      this.storeChunks(this.linearAddress(op), values);
      return;
    }
    const chunks = values.length === 1 ? [values[0]!, this.vectorConstant(0n, 0n)] : values;
    for (const [n, value] of chunks.entries()) {
      const offset = this.pushVectorRegister(op);
      this.push(value);
      this.f.simdMemory(SIMD.v128Store, offset + 16 * n);
    }
  }

  vectorVariable(initial: Value): Variable<Value> {
    const local = this.f.local(v128);
    this.push(initial);
    this.f.set(local);
    return {
      get: () => {
        this.f.get(local);
        return this.pop(v128);
      },
      set: (value) => {
        this.push(value);
        this.f.set(local);
      },
    };
  }

  vectorRegister(n: number): Value {
    const offset = this.pushVectorRegister(n);
    this.f.simdMemory(SIMD.v128Load, offset);
    return this.pop(v128);
  }

  setVectorRegister(n: number, value: Value): void {
    const offset = this.pushVectorRegister(n);
    this.push(value);
    this.f.simdMemory(SIMD.v128Store, offset);
  }

  setVectorUpper(n: number, value: Value): void {
    const offset = this.pushVectorRegister(n);
    this.push(value);
    this.f.simdMemory(SIMD.v128Store, offset + 16);
  }

  clearVectorUppers(): void {
    const zero = this.vectorConstant(0n, 0n);
    for (let n = 0; n < 16; n++) this.setVectorUpper(n, zero);
  }

  simd1(name: SimdUnary, a: Value): Value {
    return this.simdOp(UNARY[name], [a]);
  }

  simd2(name: SimdBinary, a: Value, b: Value): Value {
    return this.simdOp(BINARY[name], [a, b]);
  }

  simdShift(name: SimdShift, a: Value, count: Value): Value {
    return this.simdOp(SHIFT[name], [a, count]);
  }

  simdMask(name: SimdMask, a: Value): Value {
    this.push(a);
    this.f.simd(BITMASK[name]);
    return this.pop(i32);
  }

  shuffle(a: Value, b: Value, lanes: readonly number[]): Value {
    this.push(a);
    this.push(b);
    this.f.simd(SIMD.i8x16Shuffle);
    for (const lane of lanes) this.f.code.u8(lane);
    return this.pop(v128);
  }

  vectorConstant(low: bigint, high: bigint): Value {
    this.f.simd(SIMD.v128Const);
    for (const half of [low, high]) {
      for (let i = 0n; i < 64n; i += 8n) this.f.code.u8(Number((half >> i) & 0xffn));
    }
    return this.pop(v128);
  }

  lane(w: Width, a: Value, n: number): Value {
    this.push(a);
    this.f.simd(EXTRACT[w]);
    this.f.code.u8(n);
    return this.pop(typeOf(w));
  }

  withLane(w: Width, a: Value, n: number, value: Value): Value {
    this.push(a);
    this.push(value);
    this.f.simd(REPLACE[w]);
    this.f.code.u8(n);
    return this.pop(v128);
  }

  vectorFromInt(w: Width, value: Value): Value {
    return this.withLane(w, this.vectorConstant(0n, 0n), 0, value);
  }

  selectVector(c: Value, a: Value, b: Value): Value {
    const { f } = this;
    const local = f.local(v128);
    this.push(c);
    f.if();
    this.push(a);
    f.set(local);
    f.else();
    this.push(b);
    f.set(local);
    f.end();
    return { type: v128, local, constant: null };
  }

  selectBits(mask: Value, a: Value, b: Value): Value {
    return this.simdOp(SIMD.v128Bitselect, [a, b, mask]);
  }

  /** Only single steps care, and they are not taken in generated code. */
  partlyDone(): void {}

  /** Any operation on values that gives a vector. */
  protected simdOp(opcode: number, args: readonly Value[]): Value {
    for (const arg of args) this.push(arg);
    this.f.simd(opcode);
    return this.pop(v128);
  }
}
