/**
 * BMI1 and BMI2 (SDM Vol. 2): ANDN, BEXTR, BLSI, BLSMSK, BLSR, BZHI, MULX, PDEP, PEXT, RORX, SARX, SHLX, SHRX. Undefined
 * flags are as AMD processors leave them: PF by the result, AF clear; but BEXTR sets AF, and clears SF.
 */
import { REG } from '../../state.ts';
import type { Width } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { operand, resize, widthOf } from './common.ts';

/** A result of 32 or 64 bits from two sources. */
type Binary = <V, C, X>(o: Ops<V, C, X>, w: 32 | 64, a: V, b: V) => V;

const wide = (w: Width): 32 | 64 => {
  if (w !== 32 && w !== 64) throw new Error(`a bit manipulation of ${w} bits`);
  return w;
};

/** target = operation(second operand, third operand), and no flags. */
const binary =
  (operation: Binary): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const a = o.read(operand(i.operands, 1));
    const b = o.read(operand(i.operands, 2));
    o.write(target, operation(o, wide(widthOf(target)), a, b));
  };

const andn: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  const result = o.and(w, o.not(w, o.read(operand(i.operands, 1))), o.read(operand(i.operands, 2)));
  o.write(target, result);
  o.flagsLogic(w, result);
};

/** As many low bits as `count` says, which may be the width or more. */
const lowBits = <V, C, X>(o: Ops<V, C, X>, w: Width, value: V, count: V, all: C): V => {
  const inside = o.and(w, count, o.int(w, w - 1));
  const mask = o.sub(w, o.shl(w, o.int(w, 1), inside), o.int(w, 1));
  return o.select(w, all, value, o.and(w, value, mask));
};

/** Start and length are bytes 0 and 1 of the third operand. */
const bextr: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  const source = o.read(operand(i.operands, 1));
  const control = o.read(operand(i.operands, 2));
  const byte = (n: number) => o.and(w, o.shrU(w, control, o.int(w, 8 * n)), o.int(w, 255));
  const [start, length] = [byte(0), byte(1)];
  const shifted = o.shrU(w, source, o.and(w, start, o.int(w, w - 1)));
  const present = o.select(w, o.ltU(w, start, o.int(w, w)), shifted, o.int(w, 0));
  const result = lowBits(o, w, present, length, o.ltU(w, o.int(w, w - 1), length));
  o.write(target, result);
  o.flagsLogic(w, result);
  o.setFlags({ sf: o.condition(false), af: o.condition(true) });
};

/** BLSI, BLSR, BLSMSK: of the lowest set bit. CF says whether the source has one, or has none. */
const lowest =
  (
    operation: <V, C, X>(o: Ops<V, C, X>, w: Width, a: V) => V,
    carry: <V, C, X>(o: Ops<V, C, X>, none: C) => C,
  ): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const a = o.read(operand(i.operands, 1));
    const result = operation(o, w, a);
    o.write(target, result);
    o.flagsLogic(w, result);
    o.setFlags({ cf: carry(o, o.isZero(w, a)) });
  };

const decremented = <V, C, X>(o: Ops<V, C, X>, w: Width, a: V): V => o.sub(w, a, o.int(w, 1));

const blsi = lowest(
  (o, w, a) => o.and(w, a, o.neg(w, a)),
  (o, none) => o.negate(none),
);
const blsr = lowest(
  (o, w, a) => o.and(w, a, decremented(o, w, a)),
  (_, none) => none,
);
const blsmsk = lowest(
  (o, w, a) => o.xor(w, a, decremented(o, w, a)),
  (_, none) => none,
);

/** The third operand's low byte is where the bits end; CF says that it is beyond the operand. */
const bzhi: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  const source = o.read(operand(i.operands, 1));
  const end = o.and(w, o.read(operand(i.operands, 2)), o.int(w, 255));
  const beyond = o.ltU(w, o.int(w, w - 1), end);
  const result = lowBits(o, w, source, end, beyond);
  o.write(target, result);
  o.flagsLogic(w, result);
  o.setFlags({ cf: beyond });
};

/** The low half goes to the second operand, the high half to the first, which wins if they are one. */
const mulx: Semantics = (o, i) => {
  const high = operand(i.operands, 0);
  const low = operand(i.operands, 1);
  const w = widthOf(high);
  const a = o.register(w, REG.rdx);
  const b = o.read(operand(i.operands, 2));
  const upper = o.mulHighU(w, a, b);
  o.write(low, o.mul(w, a, b));
  o.write(high, upper);
};

/**
 * For PEXT and PDEP, how far each bit of the mask lies from where it goes: masks of the bits to be moved by 1, 2, 4, ...
 * (Henry S. Warren, Hacker's Delight, 2nd edition, 7-4 "Compress, or Generalized Extract").
 */
const moves = <V, C, X>(o: Ops<V, C, X>, w: 32 | 64, mask: V): { readonly moved: V; readonly by: V }[] => {
  const steps = [];
  let remaining = mask;
  // Bits of the mask with an odd number of zeros to their right move in this step.
  let zeros = o.shl(w, o.not(w, mask), o.int(w, 1));
  for (let distance = 1; distance < w; distance *= 2) {
    const by = o.int(w, distance);
    let parity = zeros;
    for (let n = 1; n < w; n *= 2) parity = o.xor(w, parity, o.shl(w, parity, o.int(w, n)));
    const moved = o.and(w, parity, remaining);
    steps.push({ moved, by });
    remaining = o.or(w, o.xor(w, remaining, moved), o.shrU(w, moved, by));
    zeros = o.and(w, zeros, o.not(w, parity));
  }
  return steps;
};

const pext = binary((o, w, source, mask) => {
  let value = o.and(w, source, mask);
  for (const { moved, by } of moves(o, w, mask)) {
    const part = o.and(w, value, moved);
    value = o.or(w, o.xor(w, value, part), o.shrU(w, part, by));
  }
  return value;
});

const pdep = binary((o, w, source, mask) => {
  let value = source;
  for (const { moved, by } of moves(o, w, mask).reverse()) {
    const shifted = o.shl(w, value, by);
    value = o.or(w, o.and(w, shifted, moved), o.and(w, value, o.not(w, moved)));
  }
  return o.and(w, value, mask);
});

const shift = (name: 'shl' | 'shrU' | 'shrS'): Semantics =>
  binary((o, w, a, count) => o[name](w, a, o.and(w, count, o.int(w, w - 1))));

const rorx: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = wide(widthOf(target));
  const count = operand(i.operands, 2);
  o.write(target, o.rotr(w, o.read(operand(i.operands, 1)), resize(o, widthOf(count), w, o.read(count))));
};

const BMI1 = { feature: 'BMI1' } as const;
const BMI2 = { feature: 'BMI2' } as const;

export const bitManipulation: readonly Row[] = [
  row('VEX.LZ.NP.0F38 F2 /r', 'ANDN', 'Gy,By,Ey', andn, BMI1),
  row('VEX.LZ.NP.0F38 F3 /1', 'BLSR', 'By,Ey', blsr, BMI1),
  row('VEX.LZ.NP.0F38 F3 /2', 'BLSMSK', 'By,Ey', blsmsk, BMI1),
  row('VEX.LZ.NP.0F38 F3 /3', 'BLSI', 'By,Ey', blsi, BMI1),
  row('VEX.LZ.NP.0F38 F7 /r', 'BEXTR', 'Gy,Ey,By', bextr, BMI1),
  row('VEX.LZ.NP.0F38 F5 /r', 'BZHI', 'Gy,Ey,By', bzhi, BMI2),
  row('VEX.LZ.F3.0F38 F5 /r', 'PEXT', 'Gy,By,Ey', pext, BMI2),
  row('VEX.LZ.F2.0F38 F5 /r', 'PDEP', 'Gy,By,Ey', pdep, BMI2),
  row('VEX.LZ.F2.0F38 F6 /r', 'MULX', 'Gy,By,Ey', mulx, BMI2),
  row('VEX.LZ.66.0F38 F7 /r', 'SHLX', 'Gy,Ey,By', shift('shl'), BMI2),
  row('VEX.LZ.F3.0F38 F7 /r', 'SARX', 'Gy,Ey,By', shift('shrS'), BMI2),
  row('VEX.LZ.F2.0F38 F7 /r', 'SHRX', 'Gy,Ey,By', shift('shrU'), BMI2),
  row('VEX.LZ.F2.0F3A F0 /r ib', 'RORX', 'Gy,Ey,Ib', rorx, BMI2),
];
