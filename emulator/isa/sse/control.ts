/** MXCSR, the FXSAVE area, cache hints and fences. */

import type { Instruction } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { MXCSR_WRITABLE } from './helpers.ts';
import { requireAligned } from './operands.ts';

const ldmxcsr: Semantics = (o, i) => {
  const value = o.read(i.operands[0]!);
  const reserved = o.and(32, value, o.int(32, ~MXCSR_WRITABLE >>> 0));
  o.raiseIf(o.negate(o.isZero(32, reserved)), VECTOR.GP);
  o.setMxcsr(value);
};

const stmxcsr: Semantics = (o, i) => o.write(i.operands[0]!, o.mxcsr());

/** FXSAVE and FXRSTOR; `wide` is 1 for the REX.W forms, whose x87 pointers have 64 bits. */
const stateArea =
  (name: 'fxsave' | 'fxrstor', wide: 0 | 1): Semantics =>
  <V, C, X>(o: Ops<V, C, X>, i: Instruction) => {
    const area = i.operands[0]!;
    if (area.kind !== 'mem') return o.raise(VECTOR.UD);
    requireAligned(o, area);
    o.call(name, o.linearAddress(area), o.int(64, wide));
  };

const nothing: Semantics = () => {};

/** CLFLUSH reads its byte as far as faults go (SDM Vol. 2A, CLFLUSH). */
const flush: Semantics = (o, i) => {
  o.read(i.operands[0]!);
};

export const controlRows: readonly Row[] = [
  row('F3 90', 'pause', '', nothing),
  row('0F 18 /0', 'prefetchnta', 'Mb', nothing),
  row('0F 18 /1', 'prefetcht0', 'Mb', nothing),
  row('0F 18 /2', 'prefetcht1', 'Mb', nothing),
  row('0F 18 /3', 'prefetcht2', 'Mb', nothing),
  row('NP REX.W0 0F AE /0', 'fxsave', 'M', stateArea('fxsave', 0)),
  row('NP REX.W 0F AE /0', 'fxsave64', 'M', stateArea('fxsave', 1)),
  row('NP REX.W0 0F AE /1', 'fxrstor', 'M', stateArea('fxrstor', 0)),
  row('NP REX.W 0F AE /1', 'fxrstor64', 'M', stateArea('fxrstor', 1)),
  row('NP 0F AE /2', 'ldmxcsr', 'Md', ldmxcsr),
  row('NP 0F AE /3', 'stmxcsr', 'Md', stmxcsr),
  row('NP 0F AE /7', 'clflush', 'Mb', flush),
  row('NP 0F AE E8', 'lfence', '', nothing),
  row('NP 0F AE F0', 'mfence', '', nothing),
  row('NP 0F AE F8', 'sfence', '', nothing),
];
