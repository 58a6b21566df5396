/** Makes questions for the rows of the x87, with operands and settings at the edges more often than not. */

import { parseEncoding } from '../../decode/encoding.ts';
import { BINARY32, BINARY64, EXTENDED80, type Format } from '../../float/format.ts';
import type { Row } from '../row.ts';
import { BORDER, MEMORY, MEMORY_SIZE, type Question } from './testing.ts';

/** A deterministic source of random bits (xorshift128). */
export class Random {
  #s: [number, number, number, number];
  constructor(seed: number) {
    this.#s = [seed >>> 0 || 1, 362436069, 521288629, 88675123];
    for (let n = 0; n < 16; n++) this.next();
  }
  /** 32 bits. */
  next(): number {
    const [x, y, z, w] = this.#s;
    const t = x ^ (x << 11);
    const v = (w ^ (w >>> 19) ^ t ^ (t >>> 8)) >>> 0;
    this.#s = [y, z, w, v];
    return v;
  }
  below(n: number): number {
    return this.next() % n;
  }
  chance(p: number): boolean {
    return this.next() < p * 2 ** 32;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  bits64(): bigint {
    return (BigInt(this.next()) << 32n) | BigInt(this.next());
  }
}

/** Bits of a value that is likely to be at some edge of the format. */
export const floatBits = (r: Random, f: Format): bigint => {
  const width = Number(f.fieldBits) + f.exponentBits + 1;
  const sign = r.chance(0.5) ? f.signBit : 0n;
  const fractions = [0n, 1n, f.fieldMask, f.fieldMask - 1n, f.quietBit, f.quietBit | 1n];
  fractions.push(1n << BigInt(r.below(Number(f.fieldBits))));
  let fraction = r.chance(0.5) ? r.bits64() & f.fieldMask : r.pick(fractions);
  if (r.chance(0.25)) fraction &= ~((1n << BigInt(r.below(Number(f.fieldBits)))) - 1n);
  const edges = [0, 1, 2, f.maxExponent, f.maxExponent - 1, f.maxExponent - 2, f.bias, f.bias + 31, f.bias + 63];
  edges.push(f.bias + f.precision, f.precision);
  const exponent = r.pick([
    r.pick(edges),
    r.pick(edges),
    r.below(f.maxExponent + 1),
    f.bias + r.below(64) - 32,
    f.bias + r.below(8) - 4,
  ]);
  return BigInt.asUintN(width, sign | (BigInt(exponent) << f.fieldBits) | fraction);
};

/** One in twelve has the wrong integer bit, which makes it a pseudo-denormal or no number at all. */
export const extendedBits = (r: Random): bigint => {
  // Values at the edges of the shorter formats, for stores.
  if (r.chance(0.25)) {
    const near = r.pick([BINARY32, BINARY64]);
    const exponent = EXTENDED80.bias + r.pick([near.bias, -near.bias, 0]) + r.below(8) - 4 - r.below(2) * r.below(60);
    const dropped = BigInt(64 - near.precision);
    const low = r.pick([0n, 1n, (1n << dropped) - 1n, 1n << (dropped - 1n), (1n << (dropped - 1n)) + 1n, r.bits64()]);
    const high = r.pick([0n, -1n, r.bits64()]);
    const fraction = BigInt.asUintN(63, (high << dropped) | (low & ((1n << dropped) - 1n)));
    return (BigInt(r.below(2)) << 79n) | (BigInt(exponent) << 64n) | (1n << 63n) | fraction;
  }
  const bits = floatBits(r, EXTENDED80);
  const integer = 1n << 63n;
  const normal = ((bits >> 64n) & 0x7fffn) !== 0n;
  return normal !== r.chance(1 / 12) ? bits | integer : bits & ~integer;
};

const CONDITION_BITS = 0x4700;

const control = (r: Random): number => {
  const masks = r.chance(0.6) ? 0x3f : r.below(64);
  return masks | 0x40 | (r.below(4) << 8) | (r.below(4) << 10);
};

const status = (r: Random, fcw: number): number => {
  // Pending exceptions keep most instructions from running.
  const flags = r.chance(0.1) ? r.below(64) : r.below(64) & fcw;
  const ends = (r.chance(0.3) ? 0x40 : 0) | (r.next() & CONDITION_BITS);
  return (r.chance(0.5) ? 0 : flags | ends) | (r.below(8) << 11);
};

/** Which registers are in use, by their place in the stack; usually those that an instruction wants. */
const tags = (r: Random, top: number): number => {
  const used = r.pick([0x7f, 0x7f, 0x3f, 0x03, 0x01, 0xff, 0x00, r.below(256)]);
  return ((used << top) | (used >> (8 - top))) & 0xff;
};

const memoryOperand = (r: Random): Uint8Array => {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  const value = r.pick([
    () => floatBits(r, BINARY32),
    () => floatBits(r, BINARY64),
    () => extendedBits(r),
    () => BigInt.asUintN(64, BigInt.asIntN(64, r.bits64()) >> BigInt(r.below(64))) << 0n,
    () => BigInt(r.pick([0, 1, 0x7fff, 0x8000, 0xffff])),
    () => r.bits64() | (r.bits64() << 64n),
    () => {
      let bcd = 0n;
      for (let n = 0; n < 18; n++) bcd = (bcd << 4n) | BigInt(r.below(r.chance(0.02) ? 16 : 10));
      return bcd | (BigInt(r.pick([0, 0x80, 0x55, 0xff])) << 72n);
    },
  ])();
  view.setBigUint64(0, BigInt.asUintN(64, value), true);
  view.setBigUint64(8, BigInt.asUintN(64, value >> 64n), true);
  return bytes;
};

/** Rows that store or load 14, 28, 94 or 108 bytes. */
const AREAS = /^(FNSTENV|FLDENV|FNSAVE|FRSTOR)$/;

/** One question for a row. */
export const makeQuestion = (row: Row, r: Random): Question => {
  const encoding = parseEncoding(row.encoding);
  const code: number[] = [];
  const isArea = AREAS.test(row.mnemonic);
  const memory = new Uint8Array(MEMORY_SIZE);
  for (let n = 0; n < MEMORY_SIZE; n += 16) memory.set(memoryOperand(r), n);
  const hasMemory = row.operands.startsWith('M');
  const usesGs = hasMemory && r.chance(0.1);
  const gsBase = usesGs ? BigInt(r.below(1 << 20)) : 0n;
  let rdi = BigInt(MEMORY);
  if (usesGs) code.push(0x65);
  if (r.chance(isArea ? 0.4 : 0.03)) code.push(0x66);
  if (r.chance(0.05)) code.push(r.pick([0xf2, 0xf3]));
  if (r.chance(0.05)) code.push(0x40 | (r.below(16) & (hasMemory ? 0x4a : 0x4f)));
  code.push(encoding.opcode);
  if (hasMemory) {
    const digit = encoding.modrmValue;
    let target = BigInt(MEMORY + r.below(isArea ? 20 : 100));
    // Across the border to where only reading is possible, and to where nothing is.
    if (r.chance(0.06)) target = BigInt(BORDER - r.below(isArea ? 120 : 12));
    else if (r.chance(0.02)) target = BigInt(BORDER + 4096 - r.below(isArea ? 120 : 12));
    if (target >= BigInt(MEMORY) && target + 16n <= BigInt(MEMORY + MEMORY_SIZE)) {
      memory.set(memoryOperand(r), Number(target) - MEMORY);
    }
    const displacement = r.below(256) - 128;
    rdi = BigInt.asUintN(64, target - gsBase - BigInt(displacement));
    if (r.chance(0.01)) rdi ^= 1n << 60n;
    code.push(0x40 | digit | 7, displacement & 0xff);
  } else if (encoding.hasModrm) {
    code.push(
      encoding.modrmMask === 0xff ? encoding.modrmValue : encoding.modrmValue | r.pick([0, 1, 1, 2, 7, r.below(8)]),
    );
  }
  const fcw = control(r);
  const fsw = status(r, fcw);
  const near = r.chance(0.05);
  const st = Array.from({ length: 8 }, () => extendedBits(r));
  if (near) st[1] = st[0]!;
  else if (r.chance(0.05)) st[1] = (st[0]! & ~0xffn) | BigInt(r.below(256));
  return {
    code: Uint8Array.from(code),
    x87: {
      fcw,
      fsw,
      ftw: tags(r, (fsw >> 11) & 7),
      fop: r.below(0x800),
      fip: BigInt(r.next()),
      fdp: BigInt(r.next()),
      st,
    },
    memory,
    rax: r.bits64(),
    rdi,
    // Alignment checks now and then.
    rflags: (r.next() & 0x8d5) | (r.chance(0.1) ? 1 << 18 : 0),
    gsBase,
  };
};
