/** CMPXCHG, XADD, CMPXCHG8B, CMPXCHG16B (SDM Vol. 2A). One task runs at a time, so LOCK has nothing left to do. */
import { REG } from '../../state.ts';
import type { Instruction } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { operand, widthOf } from './common.ts';

const { rax, rbx, rcx, rdx } = REG;

/** Memory is written either way; registers only the one of the two that changes. */
const cmpxchg: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const w = widthOf(target);
  const old = o.readForWrite(target);
  const source = o.read(operand(i.operands, 1));
  const accumulator = o.register(w, rax);
  const equal = o.eq(w, accumulator, old);
  if (target.kind === 'mem') {
    o.write(target, o.select(w, equal, source, old));
    o.if(o.negate(equal), () => o.setRegister(w, rax, old));
  } else {
    o.if(
      equal,
      () => o.write(target, source),
      () => o.setRegister(w, rax, old),
    );
  }
  o.flagsSub(w, accumulator, old, o.sub(w, accumulator, old));
};

/** The source is written before a register target, which may be the same one. */
const xadd: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  const source = operand(i.operands, 1);
  const w = widthOf(target);
  const a = o.readForWrite(target);
  const b = o.read(source);
  const r = o.add(w, a, b);
  if (target.kind === 'mem') {
    o.write(target, r);
    o.write(source, a);
  } else {
    o.write(source, a);
    o.write(target, r);
  }
  o.flagsAdd(w, a, b, r);
};

/** edx:eax and memory, one access of 64 bits. */
const cmpxchg8b: Semantics = <V, C, X>(o: Ops<V, C, X>, i: Instruction) => {
  const target = operand(i.operands, 0);
  const pair = (high: number, low: number): V =>
    o.or(64, o.shl(64, o.register(64, high), o.int(64, 32)), o.zeroExtend(32, 64, o.register(32, low)));
  const old = o.readForWrite(target);
  const equal = o.eq(64, old, pair(rdx, rax));
  o.write(target, o.select(64, equal, pair(rcx, rbx), old));
  o.if(o.negate(equal), () => {
    o.setRegister(32, rax, o.truncate(64, 32, old));
    o.setRegister(32, rdx, o.truncate(64, 32, o.shrU(64, old, o.int(64, 32))));
  });
  o.setFlags({ zf: equal });
};

/** rdx:rax and memory, which must be aligned to 16 bytes. */
const cmpxchg16b: Semantics = (o, i) => {
  const target = operand(i.operands, 0);
  if (target.kind !== 'mem') throw new Error('CMPXCHG16B of a register');
  const address = o.linearAddress(target);
  o.raiseIf(o.ne(64, o.and(64, address, o.int(64, 15)), o.int(64, 0)), VECTOR.GP, 0);
  const above = o.add(64, address, o.int(64, 8));
  const low = o.loadForWrite(64, address);
  const high = o.loadForWrite(64, above);
  const equal = o.both(o.eq(64, low, o.register(64, rax)), o.eq(64, high, o.register(64, rdx)));
  o.store(64, address, o.select(64, equal, o.register(64, rbx), low));
  o.store(64, above, o.select(64, equal, o.register(64, rcx), high));
  o.if(o.negate(equal), () => {
    o.setRegister(64, rax, low);
    o.setRegister(64, rdx, high);
  });
  o.setFlags({ zf: equal });
};

const lock = { lock: true } as const;

export const atomics: readonly Row[] = [
  row('0F B0 /r', 'CMPXCHG', 'Eb,Gb', cmpxchg, lock),
  row('0F B1 /r', 'CMPXCHG', 'Ev,Gv', cmpxchg, lock),
  row('0F C0 /r', 'XADD', 'Eb,Gb', xadd, lock),
  row('0F C1 /r', 'XADD', 'Ev,Gv', xadd, lock),
  row('REX.W0 0F C7 /1', 'CMPXCHG8B', 'Mq', cmpxchg8b, lock),
  row('REX.W 0F C7 /1', 'CMPXCHG16B', 'Mdq', cmpxchg16b, { ...lock, feature: 'CMPXCHG16B' }),
];
