/** CMPXCHG, XADD, CMPXCHG8B, CMPXCHG16B (SDM Vol. 2A). One task runs at a time, so LOCK has nothing left to do. */
import { REG } from '../../state.ts';
import { VECTOR } from '../ops.ts';
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

/** rDX:rAX against memory: equal, rCX:rBX goes there; else memory goes to rDX:rAX. Only ZF changes. */
const compareExchangePair =
  (w: 32 | 64): Semantics =>
  (o, i) => {
    const target = operand(i.operands, 0);
    if (target.kind !== 'mem') throw new Error('CMPXCHG8B of a register');
    const address = o.linearAddress(target);
    if (w === 64) o.raiseIf(o.ne(64, o.and(64, address, o.int(64, 15)), o.int(64, 0)), VECTOR.GP, 0);
    const above = o.add(64, address, o.int(64, w / 8));
    const low = o.loadForWrite(w, address);
    const high = o.loadForWrite(w, above);
    const equal = o.both(o.eq(w, low, o.register(w, rax)), o.eq(w, high, o.register(w, rdx)));
    o.store(w, address, o.select(w, equal, o.register(w, rbx), low));
    o.store(w, above, o.select(w, equal, o.register(w, rcx), high));
    o.if(o.negate(equal), () => {
      o.setRegister(w, rax, low);
      o.setRegister(w, rdx, high);
    });
    o.setFlags({ zf: equal });
  };

const lock = { lock: true } as const;

export const atomics: readonly Row[] = [
  row('0F B0 /r', 'CMPXCHG', 'Eb,Gb', cmpxchg, lock),
  row('0F B1 /r', 'CMPXCHG', 'Ev,Gv', cmpxchg, lock),
  row('0F C0 /r', 'XADD', 'Eb,Gb', xadd, lock),
  row('0F C1 /r', 'XADD', 'Ev,Gv', xadd, lock),
  row('REX.W0 0F C7 /1', 'CMPXCHG8B', 'Mq', compareExchangePair(32), lock),
  row('REX.W 0F C7 /1', 'CMPXCHG16B', 'Mdq', compareExchangePair(64), lock),
];
