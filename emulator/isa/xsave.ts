/**
 * XSAVE, XRSTOR and XGETBV with x87 and SSE enabled in XCR0 (SDM Vol. 1, chapter 13). The standard form only: XSAVEC,
 * XSAVEOPT and XSAVES are not announced.
 */
import { CpuFault, type Helper, type HelperContext, NON_CANONICAL } from './helper.ts';
import type { Instruction } from './instruction.ts';
import { type Ops, VECTOR } from './ops.ts';
import { type Row, row, type Semantics } from './row.ts';
import {
  initX87,
  initXmm,
  inUse,
  loadMxcsr,
  loadX87,
  loadXmm,
  readArea,
  saveMxcsr,
  saveX87,
  saveXmm,
} from './sse/area.ts';
import { LEGACY_SIZE, SSE, X87, XCR0, XSAVE_SIZE } from './xsave-size.ts';

const checkArea = (address: bigint): void => {
  if (BigInt.asUintN(64, BigInt.asIntN(48, address)) !== address) throw new CpuFault(VECTOR.GP, NON_CANONICAL);
  if ((address & 63n) !== 0n) throw new CpuFault(VECTOR.GP);
};

export const xsaveHelpers = {
  /** `request` is edx:eax. */
  xsave(c: HelperContext, address: bigint, request: bigint, wide: bigint): bigint {
    checkArea(address);
    c.probeWrite(address, XSAVE_SIZE);
    const wanted = request & BigInt(XCR0);
    const header = address + BigInt(LEGACY_SIZE);
    const before = c.load(8, header);
    const present = inUse(c.state);
    if (wanted & X87) saveX87(c, address, wide !== 0n);
    if (wanted & SSE) {
      saveMxcsr(c, address);
      saveXmm(c, address);
    }
    c.store(8, header, (before & ~wanted) | (present & wanted));
    return 0n;
  },
  /** #GP for an area that claims components which are not enabled, or is compacted; nothing has changed then. */
  xrstor(c: HelperContext, address: bigint, request: bigint, wide: bigint): bigint {
    checkArea(address);
    const header = address + BigInt(LEGACY_SIZE);
    const present = c.load(8, header);
    const reserved = c.load(8, header + 8n) | c.load(8, header + 16n);
    if ((present & ~BigInt(XCR0)) !== 0n || reserved !== 0n) throw new CpuFault(VECTOR.GP);
    const wanted = request & BigInt(XCR0);
    const image = readArea(c, address);
    const { state } = c;
    if (wanted & SSE) loadMxcsr(state, image);
    if (wanted & X87) {
      if (present & X87) loadX87(state, image, wide !== 0n);
      else initX87(state);
    }
    if (wanted & SSE) {
      if (present & SSE) loadXmm(state, image);
      else initXmm(state);
    }
    return 0n;
  },
} as const satisfies Record<string, Helper>;

/** edx:eax. */
const pair = <V, C, X>(o: Ops<V, C, X>): V =>
  o.or(64, o.shl(64, o.register(64, 2), o.int(64, 32)), o.zeroExtend(32, 64, o.register(32, 0)));

const area =
  (name: 'xsave' | 'xrstor', wide: 0 | 1): Semantics =>
  <V, C, X>(o: Ops<V, C, X>, i: Instruction) => {
    const memory = i.operands[0]!;
    if (memory.kind !== 'mem') return o.raise(VECTOR.UD);
    o.call(name, o.linearAddress(memory), pair(o), o.int(64, wide));
  };

/** XCR0 is the only register there is; others are #GP. */
const xgetbv: Semantics = (o) => {
  o.raiseIf(o.negate(o.isZero(32, o.register(32, 1))), VECTOR.GP);
  o.setRegister(32, 0, o.int(32, XCR0));
  o.setRegister(32, 2, o.int(32, 0));
};

export const xsaveRows: readonly Row[] = [
  row('NP 0F 01 D0', 'XGETBV', '', xgetbv),
  // XCR0 is written by the kernel only.
  row('NP 0F 01 D1', 'XSETBV', '', (o) => o.raise(VECTOR.GP)),
  row('NP REX.W0 0F AE /4', 'XSAVE', 'M', area('xsave', 0)),
  row('NP REX.W 0F AE /4', 'XSAVE64', 'M', area('xsave', 1)),
  row('NP REX.W0 0F AE /5', 'XRSTOR', 'M', area('xrstor', 0)),
  row('NP REX.W 0F AE /5', 'XRSTOR64', 'M', area('xrstor', 1)),
];
