/**
 * CRC32 (SDM Vol. 2A): the remainder by the Castagnoli polynomial 11EDC6F41H, bits reversed. It is linear, so it is the sum
 * (XOR) of what each bit of the operand contributes; vectors add up four bits at a time.
 */
import type { Width } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import type { Semantics } from '../row.ts';

const POLYNOMIAL = 0x82f63b78;

/** What bit `n` of the operand contributes when the operand has `w` bits: it passes the polynomial in w - n steps. */
const contribution = (w: Width, n: number): bigint => {
  let r = 1;
  for (let step = 0; step < w - n; step++) r = r & 1 ? (r >>> 1) ^ POLYNOMIAL : r >>> 1;
  return BigInt(r >>> 0);
};

/** The remainder of `bits`, which hold the old checksum already. */
function remainder<V, C, X>(o: Ops<V, C, X>, w: Width, bits: V): V {
  // Lane k has quarter k of the bits at its top, so that each shift brings one bit of every quarter to the sign.
  const quarter = w / 4;
  const wide = o.zeroExtend(w, 64, bits);
  let lanes = o.vectorConstant(0n, 0n);
  for (let k = 0; k < 4; k++) {
    const part = o.truncate(64, 32, k === 0 ? wide : o.shrU(64, wide, o.int(64, k * quarter)));
    lanes = o.withLane(32, lanes, k, o.shl(32, part, o.int(32, 32 - quarter)));
  }
  let sum = o.vectorConstant(0n, 0n);
  for (let n = quarter - 1; n >= 0; n--) {
    const [a, b, c, d] = [0, 1, 2, 3].map((k) => contribution(w, n + k * quarter)) as [bigint, bigint, bigint, bigint];
    const chosen = o.simdShift('i32x4.shr_s', lanes, o.int(32, 31));
    sum = o.simd2('v128.xor', sum, o.simd2('v128.and', chosen, o.vectorConstant(a | (b << 32n), c | (d << 32n))));
    if (n > 0) lanes = o.simd2('i32x4.add', lanes, lanes);
  }
  const both = o.xor(64, o.lane(64, sum, 0), o.lane(64, sum, 1));
  return o.truncate(64, 32, o.xor(64, both, o.shrU(64, both, o.int(64, 32))));
}

/** The checksum is the low half of the destination; bits of it that the operand does not reach move down. */
export const crc32: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  const w = source!.width as Width;
  const value = o.read(source!);
  const old = o.truncate(destination!.width as Width, 32, o.read(destination!));
  const bits = o.xor(w, w === 64 ? o.zeroExtend(32, 64, old) : o.truncate(32, w, old), value);
  const rest = remainder(o, w, bits);
  const sum = w < 32 ? o.xor(32, o.shrU(32, old, o.int(32, w)), rest) : rest;
  o.write(destination!, o.zeroExtend(32, destination!.width as Width, sum));
};
