/** MXCSR, the FXSAVE area, cache hints and fences. */

import type { Instruction } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { MXCSR_WRITABLE } from './area.ts';
import { vectorRows } from './forms.ts';

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
    o.call(name, o.linearAddress(area), o.int(64, wide));
  };

const nothing: Semantics = () => {};

/** CLFLUSH and its kin read their byte as far as faults go (SDM Vol. 2A, CLFLUSH); there is no cache to write back. */
const flush: Semantics = (o, i) => {
  o.read(i.operands[0]!);
};

/** The fences ignore the low three bits of their ModRM byte. */
const fence = (modrm: number, mnemonic: string): Row[] =>
  Array.from({ length: 8 }, (_, n) => row(`NP 0F AE ${(modrm + n).toString(16).toUpperCase()}`, mnemonic, '', nothing));

export const controlRows: readonly Row[] = [
  row('0F 18 /0', 'PREFETCHNTA', 'Mb', nothing),
  row('0F 18 /1', 'PREFETCHT0', 'Mb', nothing),
  row('0F 18 /2', 'PREFETCHT1', 'Mb', nothing),
  row('0F 18 /3', 'PREFETCHT2', 'Mb', nothing),
  row('0F 0D /1', 'PREFETCHW', 'Mb', nothing, { feature: 'PREFETCHW' }),
  // The rest of 0F 18 and 0F 0D are hints that processors pass over.
  ...[0, 1, 2, 3].map((n) => row(`0F 18 /${n}`, 'NOP', 'Rv', nothing)),
  ...[4, 5, 6, 7].map((n) => row(`0F 18 /${n}`, 'NOP', 'Ev', nothing)),
  row('0F 0D /r', 'NOP', 'Mb', nothing),
  row('NP REX.W0 0F AE /0', 'FXSAVE', 'M', stateArea('fxsave', 0)),
  row('NP REX.W 0F AE /0', 'FXSAVE64', 'M', stateArea('fxsave', 1)),
  row('NP REX.W0 0F AE /1', 'FXRSTOR', 'M', stateArea('fxrstor', 0)),
  row('NP REX.W 0F AE /1', 'FXRSTOR64', 'M', stateArea('fxrstor', 1)),
  ...vectorRows('NP 0F AE /2', 'LDMXCSR', 'Md', ldmxcsr),
  ...vectorRows('NP 0F AE /3', 'STMXCSR', 'Md', stmxcsr),
  row('NP 0F AE /7', 'CLFLUSH', 'Mb', flush),
  row('66 0F AE /7', 'CLFLUSHOPT', 'Mb', flush, { feature: 'CLFLUSHOPT' }),
  row('66 0F AE /6', 'CLWB', 'Mb', flush, { feature: 'CLWB' }),
  ...fence(0xe8, 'LFENCE'),
  ...fence(0xf0, 'MFENCE'),
  ...fence(0xf8, 'SFENCE'),
];
