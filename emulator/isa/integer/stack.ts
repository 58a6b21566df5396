/** PUSH, POP, PUSHF, POPF, ENTER, LEAVE (SDM Vol. 2). The stack pointer is always 64 bits wide. */
import { REG, RFLAGS } from '../../state.ts';
import type { Width } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { operand, readAs, resize, widthOf } from './common.ts';

const { rsp, rbp } = REG;

/** Stores below the stack, then moves the stack pointer. */
export const push = <V, C, X>(o: Ops<V, C, X>, w: Width, value: V): void => {
  const top = o.sub(64, o.register(64, rsp), o.int(64, w / 8));
  o.store(w, top, value);
  o.setRegister(64, rsp, top);
};

/** The value on top and the stack pointer after popping it, which the caller sets once nothing can fault any more. */
export const popped = <V, C, X>(o: Ops<V, C, X>, w: Width): { value: V; above: V } => {
  const top = o.register(64, rsp);
  return { value: o.load(w, top), above: o.add(64, top, o.int(64, w / 8)) };
};

const pushOperand: Semantics = (o, i) => {
  const w = i.operandSize;
  push(o, w, readAs(o, operand(i.operands, 0), w));
};

const popRegister: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const { value, above } = popped(o, widthOf(target));
  o.setRegister(64, rsp, above);
  o.write(target, value); // after rsp, which may be the target
};

/** An address based on rsp uses its value after the pop, so rsp is changed for the computing of the address only. */
const popOperand: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  if (target.kind !== 'mem') return popRegister(o, i);
  const w = widthOf(target);
  const top = o.register(64, rsp);
  const { value, above } = popped(o, w);
  o.setRegister(64, rsp, above);
  const address = o.linearAddress(target);
  o.setRegister(64, rsp, top);
  o.store(w, address, value);
  o.setRegister(64, rsp, above);
};

const pushFlags: Semantics = (o, i) => push(o, i.operandSize, resize(o, 64, i.operandSize, o.readFlags()));

/** What POPF changes at CPL 3 with IOPL 0 (SDM Vol. 2B, table 4-15), in the low 16 bits and above. */
const POPF_LOW =
  RFLAGS.CF | RFLAGS.PF | RFLAGS.AF | RFLAGS.ZF | RFLAGS.SF | RFLAGS.TF | RFLAGS.DF | RFLAGS.OF | RFLAGS.NT;
export const USER_FLAGS = POPF_LOW | RFLAGS.AC | RFLAGS.ID;

const popFlags: Semantics = (o, i) => {
  const w = i.operandSize;
  const { value, above } = popped(o, w);
  o.setRegister(64, rsp, above);
  o.writeFlags(w === 16 ? POPF_LOW : USER_FLAGS, resize(o, w, 64, value));
};

const enter: Semantics = (o, i) => {
  const size = resize(o, 16, 64, o.read(operand(i.operands, 0)));
  const level = resize(o, 8, 64, o.read(operand(i.operands, 1)));
  o.call('enter', size, level, o.int(64, i.operandSize / 8));
};

const leave: Semantics = (o, i) => {
  const w = i.operandSize;
  const frame = o.register(64, rbp);
  const saved = o.load(w, frame);
  o.setRegister(64, rsp, o.add(64, frame, o.int(64, w / 8)));
  o.setRegister(w, rbp, saved);
};

const default64 = { default64: true } as const;

export const stack: readonly Row[] = [
  row('50+r', 'PUSH', 'Zv', pushOperand, default64),
  row('68', 'PUSH', 'Iz', pushOperand, default64),
  row('6A', 'PUSH', 'Ibs', pushOperand, default64),
  row('FF /6', 'PUSH', 'Ev', pushOperand, default64),
  row('58+r', 'POP', 'Zv', popRegister, default64),
  row('8F /0', 'POP', 'Ev', popOperand, default64),
  row('9C', 'PUSHF/PUSHFQ', '', pushFlags, default64),
  // A set TF makes the executor look around.
  row('9D', 'POPF/POPFQ', '', popFlags, { default64: true, ends: true }),
  row('C8', 'ENTER', 'Iw,Ib', enter, default64),
  row('C9', 'LEAVE', '', leave, default64),
];
