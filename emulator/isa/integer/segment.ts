/**
 * Segment registers and far transfers: MOV and POP to and from segment registers, LSS LFS LGS, LAR LSL VERR VERW, far
 * JMP CALL RET, IRET (SDM Vol. 2). Selectors are checked against what Linux puts into its descriptor table; bases are
 * zero, so loading FS or GS clears its base; RDFSBASE and kin get at the bases themselves.
 */
import { REG, RFLAGS } from '../../state.ts';
import type { MemoryOperand, Operand, Width } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { operand, resize, widthOf } from './common.ts';
import { requireCanonical } from './control.ts';
import { popped, push, USER_FLAGS } from './stack.ts';

/** Numbers of the segment registers that can be loaded. */
const SEGMENT = { es: 0, ss: 2, ds: 3, fs: 4, gs: 5 } as const;
type Segment = keyof typeof SEGMENT;

/** Faults before it changes anything. */
const loadSegment = <V, C, X>(o: Ops<V, C, X>, segment: Segment, selector: V): void => {
  o.call('loadSegment', o.int(64, SEGMENT[segment]), o.zeroExtend(16, 64, selector));
};

const movFromSegment: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const selector = o.read(operand(i.operands, 1));
  o.write(target, resize(o, 16, widthOf(target), selector));
};

/** Linux's user code cannot see that a load of SS holds off traps until after the next instruction; nor do we do it. */
const movToSegment =
  (segment: Segment): Semantics =>
  (o, i) =>
    loadSegment(o, segment, o.read(operand(i.operands, 1)));

const pushSegment: Semantics = (o, i) => {
  const w = i.operandSize;
  push(o, w, resize(o, 16, w, o.read(operand(i.operands, 0))));
};

const popSegment =
  (segment: Segment): Semantics =>
  (o, i) => {
    const { value, above } = popped(o, i.operandSize);
    loadSegment(o, segment, resize(o, i.operandSize, 16, value));
    o.setRegister(64, REG.rsp, above);
  };

/**
 * A far pointer in memory: the offset and behind it the selector. AMD's have no offsets of 64 bits, whatever REX.W
 * says.
 */
const farPointer = <V, C, X>(
  o: Ops<V, C, X>,
  size: 16 | 32 | 64,
  source: MemoryOperand,
): { offset: V; selector: V } => {
  const address = o.linearAddress(source);
  const w = size === 16 ? 16 : 32;
  const offset = o.load(w, address);
  return { offset: resize(o, w, size, offset), selector: o.load(16, o.add(64, address, o.int(64, w / 8))) };
};

const memoryOf = (op: Operand): MemoryOperand => {
  if (op.kind !== 'mem') throw new Error('far pointer in a register');
  return op;
};

const loadFarPointer =
  (segment: Segment): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const { offset, selector } = farPointer(o, i.operandSize, memoryOf(operand(i.operands, 1)));
    loadSegment(o, segment, selector);
    o.write(target, offset);
  };

/** LAR and LSL: a value and ZF, or neither. */
const inspect =
  (helper: 'accessRights' | 'segmentSize'): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    const w = widthOf(target);
    const found = o.call(helper, o.zeroExtend(16, 64, o.read(operand(i.operands, 1))));
    const visible = o.negate(o.isZero(64, found));
    const value = helper === 'segmentSize' ? o.sub(64, found, o.int(64, 1)) : found;
    o.if(visible, () => o.write(target, resize(o, 64, w, value)));
    o.setFlags({ zf: visible });
  };

const verify =
  (bit: 0 | 1): Semantics =>
  (o, i) =>
    o.setFlags({ zf: o.bit(64, o.call('segmentAccess', o.zeroExtend(16, 64, o.read(operand(i.operands, 0)))), bit) });

const farJump: Semantics = (o, i) => {
  const w = i.operandSize;
  const { offset, selector } = farPointer(o, w, memoryOf(operand(i.operands, 0)));
  o.call('checkCodeSelector', o.zeroExtend(16, 64, selector), o.int(64, 0));
  o.jump(resize(o, w, 64, offset));
};

const farCall: Semantics = (o, i) => {
  const w = i.operandSize;
  const { offset, selector } = farPointer(o, w, memoryOf(operand(i.operands, 0)));
  o.call('checkCodeSelector', o.zeroExtend(16, 64, selector), o.int(64, 0));
  const target = resize(o, w, 64, offset);
  requireCanonical(o, target);
  const rsp = o.register(64, REG.rsp);
  const bytes = w / 8;
  const below = o.sub(64, rsp, o.int(64, 2 * bytes));
  // From the lower end, so that a fault on either of two pages comes before any store.
  o.loadForWrite(w, below);
  o.store(w, o.sub(64, rsp, o.int(64, bytes)), o.int(w, USER_CS));
  o.store(w, below, resize(o, 64, w, o.nextRip()));
  o.setRegister(64, REG.rsp, below);
  o.jump(target);
};
const USER_CS = 0x33;

/** The words on the stack from its top, zero-extended. */
const stackWords = <V, C, X>(o: Ops<V, C, X>, w: Width, count: number): V[] => {
  const top = o.register(64, REG.rsp);
  const words: V[] = [];
  for (let n = 0; n < count; n++) {
    words.push(resize(o, w, 64, o.load(w, o.add(64, top, o.int(64, (n * w) / 8)))));
  }
  return words;
};

const farReturn: Semantics = (o, i) => {
  const w = i.operandSize;
  const [ip, cs] = stackWords(o, w, 2) as [V, V];
  type V = ReturnType<typeof o.nextRip>;
  o.call('checkCodeSelector', o.and(64, cs, o.int(64, 0xffff)), o.int(64, 1));
  requireCanonical(o, ip);
  const above = o.add(64, o.register(64, REG.rsp), o.int(64, (2 * w) / 8));
  const release = i.operands[0];
  o.setRegister(64, REG.rsp, release ? o.add(64, above, resize(o, 16, 64, o.read(release))) : above);
  o.jump(ip);
};

/** Within user mode: rIP, CS, rFLAGS, rSP, SS, of which in 64-bit mode always all five. */
const interruptReturn: Semantics = (o, i) => {
  const w = i.operandSize;
  o.raiseIf(o.bit(64, o.readFlags(), Math.log2(RFLAGS.NT)), VECTOR.GP, 0);
  const [ip, cs, flags, sp, ss] = stackWords(o, w, 5) as [V, V, V, V, V];
  type V = ReturnType<typeof o.nextRip>;
  o.call('checkCodeSelector', o.and(64, cs, o.int(64, 0xffff)), o.int(64, 1));
  requireCanonical(o, ip);
  o.call('checkStackSelector', o.and(64, ss, o.int(64, 0xffff)));
  o.setRegister(64, REG.rsp, sp);
  o.writeFlags(w === 16 ? USER_FLAGS & 0xffff : USER_FLAGS, flags);
  o.jump(ip);
};

/** RDFSBASE and RDGSBASE give all of the base, or its low half. */
const readBase =
  (segment: 'fs' | 'gs'): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    o.write(target, resize(o, 64, widthOf(target), o.segmentBase(segment)));
  };

const writeBase =
  (segment: 'fs' | 'gs'): Semantics =>
  (o, i) => {
    const source = operand(i.operands, 0);
    const base = resize(o, widthOf(source), 64, o.read(source));
    requireCanonical(o, base);
    o.setSegmentBase(segment, base);
  };

/** An operand-size prefix means nothing here. */
const baseRows = (digit: number, mnemonic: string, semantics: Semantics): Row[] => [
  row(`F3 REX.W0 0F AE /${digit}`, mnemonic, 'Rd', semantics, { feature: 'FSGSBASE' }),
  row(`F3 REX.W 0F AE /${digit}`, mnemonic, 'Rq', semantics, { feature: 'FSGSBASE' }),
];

const ends = { ends: true } as const;
const default64 = { default64: true } as const;

export const segments: readonly Row[] = [
  row('8C /r', 'MOV', 'Rv/Mw,Sw', movFromSegment),
  // One row per register: what may be loaded depends on which.
  row('8E /0', 'MOV', 'Sw,Ew', movToSegment('es')),
  row('8E /2', 'MOV', 'Sw,Ew', movToSegment('ss')),
  row('8E /3', 'MOV', 'Sw,Ew', movToSegment('ds')),
  row('8E /4', 'MOV', 'Sw,Ew', movToSegment('fs')),
  row('8E /5', 'MOV', 'Sw,Ew', movToSegment('gs')),
  row('0F A0', 'PUSH', 'FS', pushSegment, default64),
  row('0F A8', 'PUSH', 'GS', pushSegment, default64),
  row('0F A1', 'POP', 'FS', popSegment('fs'), default64),
  row('0F A9', 'POP', 'GS', popSegment('gs'), default64),
  row('0F B2 /r', 'LSS', 'Gv,M', loadFarPointer('ss')),
  row('0F B4 /r', 'LFS', 'Gv,M', loadFarPointer('fs')),
  row('0F B5 /r', 'LGS', 'Gv,M', loadFarPointer('gs')),
  ...baseRows(0, 'RDFSBASE', readBase('fs')),
  ...baseRows(1, 'RDGSBASE', readBase('gs')),
  ...baseRows(2, 'WRFSBASE', writeBase('fs')),
  ...baseRows(3, 'WRGSBASE', writeBase('gs')),
  row('0F 02 /r', 'LAR', 'Gv,Ew', inspect('accessRights')),
  row('0F 03 /r', 'LSL', 'Gv,Ew', inspect('segmentSize')),
  row('0F 00 /4', 'VERR', 'Ew', verify(0)),
  row('0F 00 /5', 'VERW', 'Ew', verify(1)),
  row('FF /5', 'JMP', 'M', farJump, ends),
  row('FF /3', 'CALL', 'M', farCall, ends),
  row('CA', 'RETF', 'Iw', farReturn, ends),
  row('CB', 'RETF', '', farReturn, ends),
  row('CF', 'IRET/IRETD/IRETQ', '', interruptReturn, ends),
];
