/**
 * BT, BTS, BTR, BTC, BSF, BSR (SDM Vol. 2A). Undefined flags are as AMD processors leave them: bit tests change CF
 * alone; bit scans set PF by the index found (or by zero) and clear the rest but ZF.
 *
 * With F3 before them BSF and BSR stay what they are: this CPU announces neither TZCNT nor LZCNT.
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
];
