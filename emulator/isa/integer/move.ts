/** MOV, MOVZX, MOVSX, MOVSXD, LEA, XCHG, BSWAP, CMOVcc, SETcc, CBW/CWD and kin, XLAT (SDM Vol. 2). */
import { REG } from '../../state.ts';
import type { Width } from '../instruction.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { CONDITIONS, hex, operand, readAs, resize, reverseBytes, widthOf } from './common.ts';

const mov: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  o.write(target, readAs(o, operand(i.operands, 1), widthOf(target)));
};

const extend =
  (kind: 'zeroExtend' | 'signExtend'): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const source = operand(i.operands, 1);
    const [from, to] = [widthOf(source), widthOf(target)];
    const value = o.read(source);
    o.write(target, from === to ? value : o[kind](from, to, value));
  };

const lea: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const source = operand(i.operands, 1);
  if (source.kind !== 'mem') throw new Error('LEA of a register');
  o.write(target, resize(o, 64, widthOf(target), o.effectiveAddress(source)));
};

const xchg: Semantics = (o, i) => {
  const first = operand(i.operands, 0);
  const second = operand(i.operands, 1);
  const a = o.readForWrite(first);
  const b = o.read(second);
  o.write(first, b);
  o.write(second, a);
};

/** Bytes in the opposite order; of 16 bits, which the manual forbids, processors make zero. */
const bswap: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  o.write(target, w === 16 ? o.int(w, 0) : reverseBytes(o, w, o.read(target)));
};

/** The target is written either way, so that 32 bits clear the upper half; the source is read either way. */
const cmov =
  (code: number): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const source = o.read(operand(i.operands, 1));
    o.write(target, o.select(widthOf(target), o.conditionCode(code), source, o.read(target)));
  };

const set =
  (code: number): Semantics =>
  (o, i) =>
    o.write(operand(i.operands, 0), o.fromCondition(8, o.conditionCode(code)));

/** CBW, CWDE, CDQE: AL to AX, AX to EAX, EAX to RAX. */
const cbw: Semantics = (o, i) => {
  const w = i.operandSize;
  const half: Width = w === 64 ? 32 : w === 32 ? 16 : 8;
  o.setRegister(w, REG.rax, o.signExtend(half, w, o.register(half, REG.rax)));
};

/** CWD, CDQ, CQO: rDX becomes the sign of rAX. */
const cwd: Semantics = (o, i) => {
  const w = i.operandSize;
  o.setRegister(w, REG.rdx, o.shrS(w, o.register(w, REG.rax), o.int(w, w - 1)));
};

const xlat: Semantics = (o, i) => {
  const sum = o.add(64, o.register(64, REG.rbx), o.zeroExtend(8, 64, o.register(8, REG.rax)));
  const offset = i.addressSize === 64 ? sum : o.zeroExtend(32, 64, o.truncate(64, 32, sum));
  const address = i.segment === 'none' ? offset : o.add(64, offset, o.segmentBase(i.segment));
  o.setRegister(8, REG.rax, o.load(8, address));
};

const lock = { lock: true } as const;

export const moves: readonly Row[] = [
  row('88 /r', 'MOV', 'Eb,Gb', mov),
  row('89 /r', 'MOV', 'Ev,Gv', mov),
  row('8A /r', 'MOV', 'Gb,Eb', mov),
  row('8B /r', 'MOV', 'Gv,Ev', mov),
  row('A0', 'MOV', 'AL,Ob', mov),
  row('A1', 'MOV', 'rAX,Ov', mov),
  row('A2', 'MOV', 'Ob,AL', mov),
  row('A3', 'MOV', 'Ov,rAX', mov),
  row('B0+r', 'MOV', 'Zb,Ib', mov),
  row('B8+r', 'MOV', 'Zv,Iv', mov),
  row('C6 /0', 'MOV', 'Eb,Ib', mov),
  row('C7 /0', 'MOV', 'Ev,Iz', mov),
  row('0F B6 /r', 'MOVZX', 'Gv,Eb', extend('zeroExtend')),
  row('0F B7 /r', 'MOVZX', 'Gv,Ew', extend('zeroExtend')),
  row('0F BE /r', 'MOVSX', 'Gv,Eb', extend('signExtend')),
  row('0F BF /r', 'MOVSX', 'Gv,Ew', extend('signExtend')),
  row('63 /r', 'MOVSXD', 'Gv,Ez', extend('signExtend')),
  row('8D /r', 'LEA', 'Gv,M', lea),
  row('86 /r', 'XCHG', 'Eb,Gb', xchg, lock),
  row('87 /r', 'XCHG', 'Ev,Gv', xchg, lock),
  row('90+r', 'XCHG', 'Zv,rAX', xchg),
  row('0F C8+r', 'BSWAP', 'Zv', bswap),
  row('98', 'CBW/CWDE/CDQE', '', cbw),
  row('99', 'CWD/CDQ/CQO', '', cwd),
  row('D7', 'XLAT', '', xlat),
  ...CONDITIONS.map((name, code) => row(`0F ${hex(0x40 + code)} /r`, `CMOV${name}`, 'Gv,Ev', cmov(code))),
  ...CONDITIONS.map((name, code) => row(`0F ${hex(0x90 + code)} /r`, `SET${name}`, 'Eb', set(code))),
];
