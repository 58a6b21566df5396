/** CLC, STC, CMC, CLD, STD, LAHF, SAHF, and the instructions that do nothing (SDM Vol. 2). */
import { REG, RFLAGS } from '../../state.ts';
import { type Row, row, type Semantics } from '../row.ts';

const setCarry =
  (value: boolean): Semantics =>
  (o) =>
    o.setFlags({ cf: o.condition(value) });

const complementCarry: Semantics = (o) => o.setFlags({ cf: o.negate(o.flag('cf')) });

const setDirection =
  (value: boolean): Semantics =>
  (o) =>
    o.setDirectionFlag(value);

const lahf: Semantics = (o) => o.setHighByte(REG.rax, o.truncate(64, 8, o.readFlags()));

const SAHF_MASK = RFLAGS.SF | RFLAGS.ZF | RFLAGS.AF | RFLAGS.PF | RFLAGS.CF;
const sahf: Semantics = (o) => o.writeFlags(SAHF_MASK, o.zeroExtend(8, 64, o.highByte(REG.rax)));

const nop: Semantics = () => {};

export const flagControl: readonly Row[] = [
  row('F8', 'CLC', '', setCarry(false)),
  row('F9', 'STC', '', setCarry(true)),
  row('F5', 'CMC', '', complementCarry),
  row('FC', 'CLD', '', setDirection(false)),
  row('FD', 'STD', '', setDirection(true)),
  row('9F', 'LAHF', '', lahf, { feature: 'LAHF-SAHF' }),
  row('9E', 'SAHF', '', sahf, { feature: 'LAHF-SAHF' }),
];

/** 0F 18 and 0F 0D, prefetches, are with SSE; 0F 19..1F are reserved for hints which older processors pass over. */
export const nops: readonly Row[] = [
  row('90', 'NOP', '', nop),
  row('F3 90', 'PAUSE', '', nop),
  ...['19', '1A', '1B', '1C', '1D', '1E', '1F'].map((byte) => row(`0F ${byte} /r`, 'NOP', 'Ev', nop)),
  row('F3 0F 1E FA', 'ENDBR64', '', nop),
  row('F3 0F 1E FB', 'ENDBR32', '', nop),
];
