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
import { LEGACY_SIZE, XFEATURE, xcr0Of, xsaveSize } from './xsave-size.ts';

const X87 = BigInt(XFEATURE.X87);
const SSE = BigInt(XFEATURE.SSE);

const checkArea = (address: bigint): void => {
  if (BigInt.asUintN(64, BigInt.asIntN(48, address)) !== address) throw new CpuFault(VECTOR.GP, NON_CANONICAL);
  if ((address & 63n) !== 0n) throw new CpuFault(VECTOR.GP);
};

export const xsaveHelpers = {
  /** XCR0, the only register there is; #GP for others. */
  xgetbv(c: HelperContext, register: bigint): bigint {
    if (register !== 0n) throw new CpuFault(VECTOR.GP);
    return BigInt(xcr0Of(c.features));
  },
  /** `request` is edx:eax. */
  xsave(c: HelperContext, address: bigint, request: bigint, wide: bigint): bigint {
    checkArea(address);
    const xcr0 = xcr0Of(c.features);
    c.probeWrite(address, xsaveSize(xcr0));
    const wanted = request & BigInt(xcr0);
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
    const xcr0 = BigInt(xcr0Of(c.features));
    if ((present & ~xcr0) !== 0n || reserved !== 0n) throw new CpuFault(VECTOR.GP);
    const wanted = request & xcr0;
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

const xgetbv: Semantics = (o) => {
  const value = o.call('xgetbv', o.zeroExtend(32, 64, o.register(32, 1)));
  o.setRegister(32, 0, o.truncate(64, 32, value));
  o.setRegister(32, 2, o.truncate(64, 32, o.shrU(64, value, o.int(64, 32))));
};

const xsave = { feature: 'XSAVE' } as const;

export const xsaveRows: readonly Row[] = [
  row('NP 0F 01 D0', 'XGETBV', '', xgetbv, xsave),
  // XCR0 is written by the kernel only.
  row('NP 0F 01 D1', 'XSETBV', '', (o) => o.raise(VECTOR.GP), xsave),
  row('NP REX.W0 0F AE /4', 'XSAVE', 'M', area('xsave', 0), xsave),
  row('NP REX.W 0F AE /4', 'XSAVE64', 'M', area('xsave', 1), xsave),
  row('NP REX.W0 0F AE /5', 'XRSTOR', 'M', area('xrstor', 0), xsave),
  row('NP REX.W 0F AE /5', 'XRSTOR64', 'M', area('xrstor', 1), xsave),
];
