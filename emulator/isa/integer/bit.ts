/**
 * BT, BTS, BTR, BTC, BSF, BSR, TZCNT, LZCNT, POPCNT (SDM Vol. 2). Undefined flags are as AMD processors leave them: bit
 * tests change CF alone; bit scans set PF by the index found (or by zero) and clear the rest but ZF; TZCNT and LZCNT
 * clear SF, AF and PF and leave OF alone.
 *
 * With F3 before them BSF and BSR stay what they are on a CPU that announces neither TZCNT nor LZCNT.
 */
import type { MemoryOperand, Width } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { operand, resize, widthOf } from './common.ts';

type Change = 'none' | 'set' | 'reset' | 'complement';

const changed = <V, C, X>(o: Ops<V, C, X>, change: Change, w: Width, value: V, mask: V): V => {
  switch (change) {
    case 'set':
      return o.or(w, value, mask);
    case 'reset':
      return o.and(w, value, o.not(w, mask));
    case 'complement':
      return o.xor(w, value, mask);
    case 'none':
      return value;
  }
};

/** A register's bit number reaches beyond the operand: whole operands of it move the address, up or down. */
const bitStringAddress = <V, C, X>(o: Ops<V, C, X>, memory: MemoryOperand, w: Width, index: V): V => {
  const signed = w === 64 ? index : o.signExtend(w, 64, index);
  const operands = o.shrS(64, signed, o.int(64, Math.log2(w)));
  const distance = o.shl(64, operands, o.int(64, Math.log2(w / 8)));
  if (memory.addressSize === 64) return o.add(64, o.linearAddress(memory), distance);
  const offset = o.add(64, o.effectiveAddress(memory), distance);
  return o.add(64, o.zeroExtend(32, 64, o.truncate(64, 32, offset)), o.segmentBase(memory.segment));
};

const bitTest =
  (change: Change): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const number = operand(i.operands, 1);
    const w = widthOf(target);
    const index = resize(o, widthOf(number), w, o.read(number));
    const place = o.and(w, index, o.int(w, w - 1));
    const address = target.kind === 'mem' && number.kind === 'reg' ? bitStringAddress(o, target, w, index) : undefined;
    const read = () => {
      if (address === undefined) return change === 'none' ? o.read(target) : o.readForWrite(target);
      return change === 'none' ? o.load(w, address) : o.loadForWrite(w, address);
    };
    const value = read();
    if (change !== 'none') {
      const result = changed(o, change, w, value, o.shl(w, o.int(w, 1), place));
      if (address === undefined) o.write(target, result);
      else o.store(w, address, result);
    }
    o.setFlags({ cf: o.bit(w, o.shrU(w, value, place), 0) });
  };

/** Of zero, the target keeps even its upper half. */
const bitScan =
  (forward: boolean): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const wide = w === 64 ? 64 : 32;
    const value = resize(o, w, wide, o.read(operand(i.operands, 1)));
    const none = o.isZero(wide, value);
    const found = forward ? o.ctz(wide, value) : o.sub(wide, o.int(wide, wide - 1), o.clz(wide, value));
    const index = o.select(wide, none, o.int(wide, 0), found);
    o.if(o.negate(none), () => o.write(target, resize(o, wide, w, index)));
    o.flagsLogic(wide, index);
    o.setFlags({ zf: none });
  };

/** TZCNT, LZCNT: of zero, the width. */
const countZeros =
  (trailing: boolean): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const wide = w === 64 ? 64 : 32;
    const value = resize(o, w, wide, o.read(operand(i.operands, 1)));
    // A bit beyond the 16 ends the search from below; from above the missing ones are counted too.
    const bounded = w === 16 && trailing ? o.or(wide, value, o.int(wide, 0x10000)) : value;
    const counted = trailing ? o.ctz(wide, bounded) : o.sub(wide, o.clz(wide, value), o.int(wide, wide - w));
    o.write(target, resize(o, wide, w, counted));
    const no = o.condition(false);
    o.setFlags({ cf: o.isZero(wide, value), zf: o.isZero(wide, counted), sf: no, af: no, pf: no });
  };

const popcnt: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  const wide = w === 64 ? 64 : 32;
  const counted = o.popcnt(wide, resize(o, w, wide, o.read(operand(i.operands, 1))));
  o.write(target, resize(o, wide, w, counted));
  o.flagsLogic(wide, counted);
  o.setFlags({ pf: o.condition(false) });
};

const bitTestRows = (
  extension: number,
  opcode: string,
  mnemonic: string,
  semantics: Semantics,
  lock: boolean,
): Row[] => [
  row(`0F ${opcode} /r`, mnemonic, 'Ev,Gv', semantics, { lock }),
  row(`0F BA /${extension}`, mnemonic, 'Ev,Ib', semantics, { lock }),
];

export const bits: readonly Row[] = [
  ...bitTestRows(4, 'A3', 'BT', bitTest('none'), false),
  ...bitTestRows(5, 'AB', 'BTS', bitTest('set'), true),
  ...bitTestRows(6, 'B3', 'BTR', bitTest('reset'), true),
  ...bitTestRows(7, 'BB', 'BTC', bitTest('complement'), true),
  row('0F BC /r', 'BSF', 'Gv,Ev', bitScan(true)),
  row('0F BD /r', 'BSR', 'Gv,Ev', bitScan(false)),
  row('F3 0F BC /r', 'TZCNT', 'Gv,Ev', countZeros(true), { feature: 'BMI1' }),
  row('F3 0F BD /r', 'LZCNT', 'Gv,Ev', countZeros(false), { feature: 'LZCNT' }),
  row('F3 0F B8 /r', 'POPCNT', 'Gv,Ev', popcnt, { feature: 'POPCNT' }),
];
