/** A case under construction: registers, data pages, and where memory operands may lie. */
import { MAP, type Patch, pristine, type Words } from './case.ts';
import { integer, type LaneKind, lane64, type Random } from './random.ts';
import type { OperandSize, Shape } from './shape.ts';
import { initialX87 } from './x87.ts';

export const U64 = (n: bigint): bigint => BigInt.asUintN(64, n);

/** The bytes of a number, truncated. */
export const littleEndian = (value: bigint, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(i * 8)) & 0xffn));

export const RAX = 0;
export const RCX = 1;
export const RDX = 2;
export const RBX = 3;
export const RSP = 4;
export const RBP = 5;
export const RSI = 6;
export const RDI = 7;

export const FLAG = { CF: 1, ZF: 0x40, TF: 0x100, DF: 0x400, AC: 0x40000 } as const;

/** A memory operand that was chosen: its linear address and how many bits are accessed (0 when none are). */
export interface Target {
  readonly address: bigint;
  readonly bits: number;
}

const FIXED_VECTORS = Array.from({ length: 64 }, (_, n) => 0x0101010101010101n * BigInt(n + 64));

export class Builder {
  readonly r: Random;
  readonly shape: Shape;
  readonly gpr: Words;
  readonly ymm: Words;
  x87: Uint8Array = initialX87;
  rflags: number;
  mxcsr = 0x1f80;
  patches: Patch[] = [];
  operandSize: OperandSize = 32;
  vexL = 0;
  addressSize: 32 | 64 = 64;
  /** FS or GS override. */
  segment: 'none' | 'fs' | 'gs' = 'none';
  repeat = false;
  /** Register numbers of ModRM.reg, of ModRM.rm or of the opcode, of VEX.vvvv; -1 for none. High-byte registers count as 4..7. */
  reg = -1;
  rm = -1;
  vvvv = -1;
  /** The vector register of indices; -1 for none. */
  index = -1;
  /** Registers which addresses must leave alone. */
  taken: readonly number[] = [];
  memory: Target | undefined;

  /** `noise` is how often registers that are no operands are random. */
  constructor(r: Random, shape: Shape, noisy: number) {
    this.r = r;
    this.shape = shape;
    const noise = r.chance(noisy);
    // Fixed contents show a stray write as well as random ones, and are easier to read.
    this.gpr = BigUint64Array.from({ length: 16 }, (_, n) =>
      noise || n < 3 ? integer(r) : 0x1111111111111111n * BigInt(n),
    );
    const kind = r.pick<LaneKind>(['double', 'single', 'integer']);
    this.ymm = BigUint64Array.from({ length: 64 }, (_, n) => (noise ? lane64(r, kind) : FIXED_VECTORS[n]!));
    this.rflags = r.pick([0, 0x8d5, 0xd5, r.next() & 0x8d5, r.next() & 0x8d5]);
  }

  /** Puts a little-endian value into the data pages at a linear address, as far as it lies in them. */
  poke(address: bigint, bytes: number, value: bigint): void {
    const offset = offsetOf(address);
    if (offset === undefined) return;
    const data = Uint8Array.from(littleEndian(value, bytes));
    const start = Math.max(0, -offset);
    const end = Math.min(bytes, MAP.dataSize - offset);
    if (start < end) this.patches.push({ offset: offset + start, bytes: data.slice(start, end) });
  }

  /** What `poke` and the pristine pages have put there; bytes outside of the pages count as zero. */
  peek(address: bigint, bytes: number): bigint {
    const offset = offsetOf(address);
    if (offset === undefined) return 0n;
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) {
      let byte = pristine[offset + i] ?? 0;
      for (const p of this.patches) byte = p.bytes[offset + i - p.offset] ?? byte;
      value = (value << 8n) | BigInt(byte);
    }
    return value;
  }

  /** A linear address for an access of some bytes; `align` is how often it is aligned to its size. */
  spot(bytes: number, align = 0.6): bigint {
    const address = this.#anySpot(bytes, align);
    // Below the base offsets of 32 bits are negative: what an area that wraps around does, processors decide (it shows in
    // cr2 for those that look at its last byte first).
    const wraps = this.addressSize === 32 && this.segment === 'fs' && address < BigInt(MAP.fsBase) && bytes > 64;
    return wraps ? address + 256n : address;
  }

  #anySpot(bytes: number, align: number): bigint {
    const { r } = this;
    const wide = this.addressSize === 64 && this.segment !== 'fs';
    // GS has a base out of reach of 32 bits: its segment sees only the upper view.
    const view = this.segment === 'gs' || (wide && r.chance(0.5)) ? MAP.high : MAP.data;
    const size = Math.max(bytes, 1);
    const across = (edge: number) => edge - r.below(size) - (r.chance(0.3) ? 0 : size > 1 ? 0 : 1);
    const kind = r.next() % 100;
    if (kind < 70) {
      let offset = 64 + r.below(MAP.writableSize - size - 128);
      if (r.chance(align)) offset -= offset % Math.min(2 ** Math.ceil(Math.log2(size)), 64);
      return BigInt(view + offset);
    }
    if (kind < 80) return BigInt(view + across(4096));
    if (kind < 84) return BigInt(view + across(MAP.writableSize));
    if (kind < 89) return BigInt(view + MAP.writableSize + 16 * r.below(240));
    if (kind < 92) return BigInt(view + across(MAP.dataSize));
    if (kind < 94) return BigInt(view + MAP.dataSize + 16 * r.below(240));
    if (kind < 95) return BigInt(view - r.below(size + 1));
    if (kind < 96) return BigInt(this.segment === 'none' ? MAP.code + 16 * r.below(500) : view + 512);
    if (kind < 97) return this.segment === 'none' ? BigInt(16 * r.below(100)) : BigInt(view + 256);
    // AMD looks at the offset, too, before it has added the base.
    if (kind < 99 && wide && this.segment === 'none')
      return U64(r.pick([0x800000000000n - 32n, 0xffff800000000000n - 32n, 1n << 62n]) + BigInt(r.below(64)));
    return BigInt(view + 4096 + 16 * r.below(100));
  }

  /** A place where an instruction may go on: usually in the code pages. */
  codeAddress(): bigint {
    const { r } = this;
    switch (r.below(8)) {
      case 0:
        return BigInt(MAP.data + r.below(MAP.dataSize));
      case 1:
        return r.pick([
          0n,
          0x7fffffffefffn,
          0x800000000000n,
          0xffff800000000000n,
          0xfffffffffffffff0n,
          0x4000000000000000n,
        ]);
      default:
        return BigInt(MAP.code + r.below(MAP.codeSize));
    }
  }

  /** Linear address to the register value which reaches it through the segment. */
  withoutBase(address: bigint): bigint {
    const base = this.segment === 'fs' ? MAP.fsBase : this.segment === 'gs' ? MAP.gsBase : 0;
    const offset = U64(address - BigInt(base));
    // The upper half of a register does not matter to a 32-bit address.
    return this.addressSize === 32 ? (BigInt(this.r.next()) << 32n) | (offset & 0xffffffffn) : offset;
  }
}

const offsetOf = (address: bigint): number | undefined => {
  for (const view of [MAP.data, MAP.high]) {
    const offset = address - BigInt(view);
    if (offset > -1024n && offset < BigInt(MAP.dataSize)) return Number(offset);
  }
  return undefined;
};
