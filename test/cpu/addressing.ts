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

  const registers = rexAllowed ? 16 : 8;
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
    const base = r.below(registers);
    // mod 00 with rBP or r13 means something else.
    if (size === 0 && (base & 7) === 5) size = 1;
    set(base, offset - value);
    const mod = size === 0 ? 0 : size === 1 ? 0x40 : 0x80;
    const sib = (base & 7) === 4 ? [0x24] : [];
    return { ...none, modrm: mod | (base & 7), rest: [...sib, ...littleEndian(value, size)], rexB: base >> 3 };
  }
  const scaleBits = r.below(4);
  const scale = 1n << BigInt(scaleBits);
  let index = r.below(registers);
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
  const base = r.below(registers);
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
