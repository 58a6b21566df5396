/**
 * Float operations. Bit patterns go to the exact soft float (`float/mxcsr.ts`) through imported functions, which read and
 * write MXCSR in the CPU state.
 */
import type { FloatBinary, FloatConversion, FloatPredicate, FloatUnary } from '../isa/ops.ts';
import { STATE } from '../state.ts';
import { OP, SIMD, TYPE } from '../wasm/opcodes.ts';
import type { Signature } from '../wasm/writer.ts';
import { SimdEmitter } from './simd.ts';
import type { Value } from './values.ts';

const { i32, i64, v128 } = TYPE;

/** Both operands' low and high halves -> the result's low half; 128-bit results also lie in `STATE.vectorResult`. */
export const EXACT: Signature = { params: [i64, i64, i64, i64], results: [i64] };

export class FloatEmitter extends SimdEmitter {
  float2(name: FloatBinary, w: 32 | 64, a: Value, b: Value): Value {
    return this.#exactScalar(`float2:${name}:${w}:1`, w, w, a, b);
  }

  float1(name: FloatUnary, w: 32 | 64, a: Value): Value {
    return this.#exactScalar(`float1:${name}:${w}:1`, w, w, a, this.int(w, 0));
  }

  floatVector2(name: FloatBinary, w: 32 | 64, a: Value, b: Value): Value {
    return this.#exactVector(`float2:${name}:${w}:${128 / w}`, a, b);
  }

  floatVector1(name: FloatUnary, w: 32 | 64, a: Value): Value {
    return this.#exactVector(`float1:${name}:${w}:${128 / w}`, a, a);
  }

  floatCompare(predicate: FloatPredicate, w: 32 | 64, a: Value, b: Value): Value {
    return this.#exactScalar(`compare:${predicate}:${w}:1`, w, w, a, b);
  }

  floatVectorCompare(predicate: FloatPredicate, w: 32 | 64, a: Value, b: Value): Value {
    return this.#exactVector(`compare:${predicate}:${w}:${128 / w}`, a, b);
  }

  floatOrder(signalling: boolean, w: 32 | 64, a: Value, b: Value): { zf: Value; pf: Value; cf: Value } {
    const bits = this.#exactScalar(`order:${signalling ? 'comi' : 'ucomi'}:${w}:1`, w, 32, a, b);
    return { zf: this.bit(32, bits, 0), pf: this.bit(32, bits, 1), cf: this.bit(32, bits, 2) };
  }

  floatConvert(name: FloatConversion, a: Value): Value {
    const [to, from] = name.split('.') as [string, string];
    const width = (kind: string) => (kind.includes('32') ? 32 : 64);
    return this.#exactScalar(`convert:${name}:0:1`, width(from), width(to), a, this.int(width(from), 0));
  }

  floatVectorConvert(name: FloatConversion, lanes: number, a: Value): Value {
    return this.#exactVector(`convert:${name}:0:${lanes}`, a, a);
  }

  #exactScalar(name: string, from: 32 | 64, to: 32 | 64, a: Value, b: Value): Value {
    const wide = [a, this.int(64, 0), b, this.int(64, 0)].map((v) => (v.type === i32 ? this.zeroExtend(from, 64, v) : v));
    this.saveContext();
    for (const v of wide) this.push(v);
    this.f.callImport(name, EXACT);
    return this.truncate(64, to, this.pop(i64));
  }

  #exactVector(name: string, a: Value, b: Value): Value {
    this.saveContext();
    for (const v of [a, b]) {
      for (const lane of [0, 1]) {
        this.push(v);
        this.f.simd(SIMD.i64x2ExtractLane);
        this.f.code.u8(lane);
      }
    }
    this.f.callImport(name, EXACT);
    this.f.op(OP.drop);
    this.f.i32(0);
    this.f.simdMemory(SIMD.v128Load, STATE.vectorResult);
    return this.pop(v128);
  }
}
