/** Encodings of a memory operand, with the registers that make it reach its target. */
import { type Builder, littleEndian, U64 } from './builder.ts';
import { MAP } from './case.ts';

/** ModRM (rm and mod), SIB, displacement and REX bits of a memory operand; the registers get what leads to the target. */
export interface Addressing {
  readonly modrm: number;
  readonly rest: readonly number[];
  readonly rexB: number;
  readonly rexX: number;
  /** The displacement counts from the end of the instruction and is put in when that is known. */
  readonly ripTarget: bigint | undefined;
}

const fits = (value: bigint, bits: number) => BigInt.asIntN(bits, value) === value;

/** A register which the instruction does not use otherwise. */
const freeRegister = (b: Builder, rexAllowed: boolean): number => {
  for (;;) {
    const n = b.r.below(rexAllowed ? 16 : 8);
    if (!b.taken.includes(n)) return n;
  }
};

/** Elements which lie this far from the first one. */
const SPREAD = 2048;

/** For a vector of indices, whose elements reach places near the target, some of them at ends of pages. */
export const vectorAddressing = (b: Builder, target: bigint, indexBits: 32 | 64, rexAllowed: boolean): Addressing => {
  const { r } = b;
  const base = freeRegister(b, rexAllowed);
  const scaleBits = r.below(4);
  const scale = 1n << BigInt(scaleBits);
  const offset = b.withoutBase(target);
  const value = r.chance(0.5) ? 0n : BigInt(r.below(256) - 128);
  const anchor = BigInt(r.chance(0.5) ? r.below(1 << 16) : r.next() | 0);
  const address = offset - value - anchor * scale;
  b.gpr[base] = b.addressSize === 32 ? (BigInt(r.next()) << 32n) | BigInt.asUintN(32, address) : address;
  const element = () => anchor + BigInt(r.below(2 * SPREAD) - SPREAD) / scale;
  // A register that is destination or mask too is #UD.
  do b.index = r.below(rexAllowed ? 16 : 8);
  while ((b.index === b.reg || b.index === b.vvvv) && r.chance(0.9));
  for (let part = 0; part < 4; part++) {
    const low = part === 0 ? anchor : element();
    b.ymm[b.index * 4 + part] =
      indexBits === 64 ? low : (BigInt.asUintN(32, element()) << 32n) | BigInt.asUintN(32, low);
  }
  const sib = (scaleBits << 6) | ((b.index & 7) << 3) | (base & 7);
  const rest = [sib, ...littleEndian(value, 1)];
  return { modrm: 0x44, rest, rexB: base >> 3, rexX: b.index >> 3, ripTarget: undefined };
};

/** Chooses a form of address and sets its registers. */
export const addressing = (b: Builder, target: bigint, rexAllowed: boolean): Addressing => {
  const { r } = b;
  const offset = b.withoutBase(target);
  const width = b.addressSize;
  const wrap = (n: bigint) => BigInt.asUintN(width, n);
  const low = width === 32 ? BigInt.asIntN(32, offset) : BigInt.asIntN(64, offset);
  const kind = r.below(10);
  const none = { rexB: 0, rexX: 0, ripTarget: undefined };
  if (kind === 0 && fits(BigInt.asIntN(64, wrap(offset) - BigInt(MAP.code)), 31)) {
    return { ...none, modrm: 0x05, rest: [0, 0, 0, 0], ripTarget: wrap(offset) };
  }
  if (kind === 1 && fits(low, 32)) return { ...none, modrm: 0x04, rest: [0x25, ...littleEndian(low, 4)] };

  const register = () => freeRegister(b, rexAllowed);
  const set = (n: number, value: bigint) => {
    const upper = width === 32 ? BigInt(r.next()) << 32n : 0n;
    b.gpr[n] = U64(upper | wrap(value));
  };
  const displacement = (): { size: 0 | 1 | 4; value: bigint } => {
    const size = r.pick([0, 1, 4] as const);
    if (size === 0) return { size, value: 0n };
    if (size === 1) return { size, value: BigInt(r.below(256) - 128) };
    return { size, value: r.chance(0.5) ? BigInt(r.next() | 0) : BigInt(r.below(4096) - 2048) };
  };
  let { size, value } = displacement();
  if (kind <= 4) {
    const base = register();
    // mod 00 with rBP or r13 means something else.
    if (size === 0 && (base & 7) === 5) size = 1;
    set(base, offset - value);
    const mod = size === 0 ? 0 : size === 1 ? 0x40 : 0x80;
    const sib = (base & 7) === 4 ? [0x24] : [];
    return { ...none, modrm: mod | (base & 7), rest: [...sib, ...littleEndian(value, size)], rexB: base >> 3 };
  }
  const scaleBits = r.below(4);
  const scale = 1n << BigInt(scaleBits);
  let index = register();
  if (index === 4) index = 3; // rSP cannot be an index
  const withBase = r.chance(0.8);
  if (!withBase) {
    // The index alone has to reach the target: the displacement takes what the scale leaves.
    const reach = BigInt.asIntN(32, value);
    const remainder = wrap(offset - reach) % scale;
    set(index, wrap(offset - reach) / scale);
    const sib = (scaleBits << 6) | ((index & 7) << 3) | 5;
    return { ...none, modrm: 0x04, rest: [sib, ...littleEndian(reach + remainder, 4)], rexX: index >> 3 };
  }
  const base = register();
  if (base === index) {
    const part = wrap(offset) / (scale + 1n);
    set(base, part);
    value = wrap(offset) - part * (scale + 1n);
    size = 4;
  } else {
    const step = r.chance(0.5) ? BigInt(r.below(64)) : BigInt(r.next() | 0);
    set(index, step);
    set(base, offset - value - step * scale);
  }
  if (size === 0 && (base & 7) === 5) size = 1;
  const mod = size === 0 ? 0 : size === 1 ? 0x40 : 0x80;
  const sib = (scaleBits << 6) | ((index & 7) << 3) | (base & 7);
  return { ...none, modrm: mod | 4, rest: [sib, ...littleEndian(value, size)], rexB: base >> 3, rexX: index >> 3 };
};
