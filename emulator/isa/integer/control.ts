/** Near jumps, calls and returns, loops, software interrupts, SYSCALL (SDM Vol. 2). */
import { REG } from '../../state.ts';
import type { Operand, TargetOperand } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { CONDITIONS, hex, operand, resize } from './common.ts';
import { popped, push } from './stack.ts';

const { rsp, rcx } = REG;

const target = (operands: readonly Operand[]): TargetOperand => {
  const op = operand(operands, 0);
  if (op.kind !== 'target') throw new Error('branch without a target');
  return op;
};

/** #GP unless the address is canonical: asked before a return changes the stack. */
export const requireCanonical = <V, C, X>(o: Ops<V, C, X>, address: V): void =>
  o.raiseIf(o.nonCanonical(address), VECTOR.GP, 0);

const jmp: Semantics = (o, i) => o.branch(target(i.operands));

const jmpTo: Semantics = (o, i) => o.jump(o.read(operand(i.operands, 0)));

const jcc =
  (code: number): Semantics =>
  (o, i) =>
    o.branchIf(o.conditionCode(code), target(i.operands));

const call: Semantics = (o, i) => {
  push(o, 64, o.nextRip());
  o.branch(target(i.operands));
};

const callTo: Semantics = (o, i) => {
  const address = o.read(operand(i.operands, 0));
  // Before the return address is stored; but a stack that cannot take it faults first.
  o.if(o.nonCanonical(address), () => {
    o.loadForWrite(64, o.sub(64, o.register(64, rsp), o.int(64, 8)));
    o.raise(VECTOR.GP, 0);
  });
  push(o, 64, o.nextRip());
  o.jump(address);
};

const ret: Semantics = (o, i) => {
  const { value, above } = popped(o, 64);
  const release = i.operands[0];
  const after = release ? o.add(64, above, resize(o, 16, 64, o.read(release))) : above;
  requireCanonical(o, value);
  o.setRegister(64, rsp, after);
  o.jump(value);
};

/** LOOP, LOOPE, LOOPNE count rCX down without touching flags. */
const loop =
  (kind: 'always' | 'equal' | 'unequal'): Semantics =>
  (o, i) => {
    const w = i.addressSize;
    const count = o.sub(w, o.register(w, rcx), o.int(w, 1));
    const more = o.negate(o.isZero(w, count));
    const zf = kind === 'always' ? undefined : o.flag('zf');
    o.setRegister(w, rcx, count);
    if (zf === undefined) o.branchIf(more, target(i.operands));
    else o.branchIf(o.both(more, kind === 'equal' ? zf : o.negate(zf)), target(i.operands));
  };

const jrcxz: Semantics = (o, i) =>
  o.branchIf(o.isZero(i.addressSize, o.register(i.addressSize, rcx)), target(i.operands));

/** Vectors which Linux lets user code raise by INT n; its gate for 80H exists only with 32-bit emulation. */
const intN: Semantics = (o, i) => {
  const op = operand(i.operands, 0);
  if (op.kind !== 'imm') throw new Error('INT without an immediate');
  const n = Number(op.value & 0xffn);
  if (n === VECTOR.BP || n === VECTOR.OF) o.trap(n);
  else o.raise(VECTOR.GP, n * 8 + 2); // selector-style error code: IDT entry n
};

const trap =
  (vector: 1 | 3): Semantics =>
  (o) =>
    o.trap(vector);

const undefinedInstruction: Semantics = (o) => o.raise(VECTOR.UD);

const syscall: Semantics = (o) => o.syscall();

const ends = { ends: true } as const;
const near = { ends: true, force64: true } as const;

export const control: readonly Row[] = [
  row('EB', 'JMP', 'Jb', jmp, near),
  row('E9', 'JMP', 'Jz', jmp, near),
  row('FF /4', 'JMP', 'Ev', jmpTo, near),
  ...CONDITIONS.map((name, code) => row(hex(0x70 + code), `J${name}`, 'Jb', jcc(code), near)),
  ...CONDITIONS.map((name, code) => row(`0F ${hex(0x80 + code)}`, `J${name}`, 'Jz', jcc(code), near)),
  row('E8', 'CALL', 'Jz', call, near),
  row('FF /2', 'CALL', 'Ev', callTo, near),
  row('C3', 'RET', '', ret, near),
  row('C2', 'RET', 'Iw', ret, near),
  row('E0', 'LOOPNE', 'Jb', loop('unequal'), near),
  row('E1', 'LOOPE', 'Jb', loop('equal'), near),
  row('E2', 'LOOP', 'Jb', loop('always'), near),
  row('E3', 'JRCXZ', 'Jb', jrcxz, near),
  row('CC', 'INT3', '', trap(VECTOR.BP), ends),
  row('F1', 'INT1', '', trap(VECTOR.DB), ends),
  row('CD', 'INT', 'Ib', intN, { ends: true, immediateInForm: true }),
  row('0F 05', 'SYSCALL', '', syscall, ends),
  row('0F 0B', 'UD2', '', undefinedInstruction, ends),
  // Intel's manual gives these a ModRM byte; AMD's processors do not look for one before they raise #UD.
  row('0F B9', 'UD1', '', undefinedInstruction, ends),
  row('0F FF', 'UD0', '', undefinedInstruction, ends),
];
