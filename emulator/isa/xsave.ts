/**
 * XSAVE and its kin (SDM Vol. 1, chapter 13): x87, SSE and the high halves of the YMM registers, in the standard and the
 * compacted format. Of the optimisations there is the one for components in their initial configuration; that a
 * component is unmodified since XRSTOR is never assumed. XSAVES and XRSTORS are a kernel's and not announced, so #UD.
 */
import type { CpuState } from '../cpu-state.ts';
import { isCanonical } from '../memory/canonical.ts';
import type { FeatureSet } from './features.ts';
import { CpuFault, type Helper, type HelperContext, NON_CANONICAL } from './helper.ts';
import type { Instruction } from './instruction.ts';
import { type Ops, VECTOR } from './ops.ts';
import { type Row, type RowOptions, row, type Semantics } from './row.ts';
import {
  halvesInUse,
  initX87,
  initXmm,
  inUse,
  loadMxcsr,
  loadX87,
  loadXmm,
  MXCSR_END,
  readArea,
  saveMxcsr,
  saveX87,
  saveXmm,
  X87_END,
} from './sse/area.ts';
import { LEGACY_SIZE, XFEATURE, xcr0Of, xsaveComponents, xsaveSize } from './xsave-size.ts';

const { X87, SSE, AVX } = XFEATURE;
const YMM_HIGH = BigInt(xsaveComponents[0].offset);
const HEADER = BigInt(LEGACY_SIZE);
/** XCOMP_BV, bit 63: the area is compacted. */
const COMPACTED = 1n << 63n;
const DEFAULT_MXCSR = 0x1f80;
const REGISTERS = 16;

const checkArea = (address: bigint): void => {
  // Before the question whether it is an address through SS.
  if ((address & 63n) !== 0n) throw new CpuFault(VECTOR.GP);
  if (!isCanonical(address)) throw new CpuFault(VECTOR.GP, NON_CANONICAL);
};

/** XINUSE: the components that are not in their initial configuration. */
const componentsInUse = (state: CpuState): number => inUse(state) | (halvesInUse(state, 2) ? AVX : 0);

/** RFBM: what edx:eax asks for, of what is enabled. */
const requested = (features: FeatureSet, request: bigint): number => xcr0Of(features) & Number(request & 0xffn);

/** Faults now if the area cannot be written. Processors look at the first byte, then at the last that is asked for. */
const probeArea = (c: HelperContext, address: bigint, wanted: number): void => {
  checkArea(address);
  c.probeWrite(address, 1);
  c.probeWrite(address + BigInt(xsaveSize(wanted) - 1), 1);
};

/** Writes components, whose places are the same in both formats as long as none but AVX is extended. */
const saveComponents = (c: HelperContext, address: bigint, components: number, wide: bigint): void => {
  if (components & X87) saveX87(c, address, wide !== 0n);
  if (components & SSE) saveXmm(c, address);
  if ((components & AVX) === 0) return;
  for (let n = 0; n < REGISTERS; n++) {
    const to = address + YMM_HIGH + BigInt(n * 16);
    c.store(8, to, c.state.vector64(n, 2));
    c.store(8, to + 8n, c.state.vector64(n, 3));
  }
};

const setYmmHigh = (state: CpuState, quad: (at: number) => bigint): void => {
  for (let n = 0; n < REGISTERS; n++) {
    state.setVector64(n, 2, quad(n * 16));
    state.setVector64(n, 3, quad(n * 16 + 8));
  }
};

/** The standard format; `written` are the components that are stored. Of the header only XSTATE_BV is touched. */
const saveStandard = (
  c: HelperContext,
  address: bigint,
  wanted: number,
  present: number,
  written: number,
  wide: bigint,
): void => {
  probeArea(c, address, wanted);
  const before = c.load(8, address + HEADER);
  saveComponents(c, address, written, wide);
  if (wanted & (SSE | AVX)) saveMxcsr(c, address);
  c.store(8, address + HEADER, (before & ~BigInt(wanted)) | BigInt(present));
};

export const xsaveHelpers = {
  /** XCR0, or with 1 those of its components that are in use; #GP for others. */
  xgetbv(c: HelperContext, register: bigint): bigint {
    const xcr0 = xcr0Of(c.features);
    if (register === 0n) return BigInt(xcr0);
    if (register !== 1n || !c.features.has('XGETBV1')) throw new CpuFault(VECTOR.GP);
    return BigInt(xcr0 & componentsInUse(c.state));
  },
  /** `request` is edx:eax. */
  xsave(c: HelperContext, address: bigint, request: bigint, wide: bigint): bigint {
    const wanted = requested(c.features, request);
    saveStandard(c, address, wanted, wanted & componentsInUse(c.state), wanted, wide);
    return 0n;
  },
  /** Writes only what is in use. */
  xsaveopt(c: HelperContext, address: bigint, request: bigint, wide: bigint): bigint {
    const wanted = requested(c.features, request);
    const present = wanted & componentsInUse(c.state);
    saveStandard(c, address, wanted, present, present, wide);
    return 0n;
  },
  /** MXCSR belongs to SSE here, and makes it count as in use. */
  xsavec(c: HelperContext, address: bigint, request: bigint, wide: bigint): bigint {
    const wanted = requested(c.features, request);
    const mxcsr = c.state.mxcsr !== DEFAULT_MXCSR ? SSE : 0;
    const present = wanted & (componentsInUse(c.state) | mxcsr);
    probeArea(c, address, wanted);
    saveComponents(c, address, present, wide);
    if (present & SSE) saveMxcsr(c, address);
    c.store(8, address + HEADER, BigInt(present));
    c.store(8, address + HEADER + 8n, COMPACTED | BigInt(wanted));
    return 0n;
  },
  /** #GP for an area that claims components which are not enabled, or has reserved bits set; nothing has changed then. */
  xrstor(c: HelperContext, address: bigint, request: bigint, wide: bigint): bigint {
    checkArea(address);
    c.load(1, address);
    const bv = c.load(8, address + HEADER);
    const compaction = c.load(8, address + HEADER + 8n);
    const compacted = (compaction & COMPACTED) !== 0n;
    const reserved = Array.from({ length: compacted ? 6 : 1 }, (_, n) =>
      c.load(8, address + HEADER + BigInt(16 + n * 8)),
    );
    const xcr0 = xcr0Of(c.features);
    const held = compacted ? compaction ^ COMPACTED : BigInt(xcr0);
    if ((held & ~BigInt(xcr0)) !== 0n || (bv & ~held) !== 0n || reserved.some((word) => word !== 0n)) {
      throw new CpuFault(VECTOR.GP);
    }
    if (!compacted && compaction !== 0n) throw new CpuFault(VECTOR.GP);
    const wanted = requested(c.features, request);
    c.load(1, address + BigInt(xsaveSize(wanted & Number(held)) - 1));
    const present = wanted & Number(bv);
    const image = readArea(c, address, present & SSE ? undefined : present & X87 ? X87_END : MXCSR_END);
    const ymm =
      present & AVX ? Array.from({ length: 32 }, (_, n) => c.load(8, address + YMM_HIGH + BigInt(n * 8))) : [];

    const { state } = c;
    // The standard format has MXCSR whether or not XSTATE_BV says SSE, and for AVX too.
    if (compacted ? present & SSE : wanted & (SSE | AVX)) loadMxcsr(state, image);
    else if (wanted & SSE) state.mxcsr = DEFAULT_MXCSR;
    if (present & X87) loadX87(state, image, wide !== 0n);
    else if (wanted & X87) initX87(state);
    if (present & SSE) loadXmm(state, image);
    else if (wanted & SSE) initXmm(state);
    if (wanted & AVX) setYmmHigh(state, (at) => ymm[at / 8] ?? 0n);
    return 0n;
  },
} as const satisfies Record<string, Helper>;

/** edx:eax. */
const pair = <V, C, X>(o: Ops<V, C, X>): V =>
  o.or(64, o.shl(64, o.register(64, 2), o.int(64, 32)), o.zeroExtend(32, 64, o.register(32, 0)));

const area =
  (name: 'xsave' | 'xsaveopt' | 'xsavec' | 'xrstor', wide: 0 | 1): Semantics =>
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

const xsave = { feature: 'XSAVE' } as const satisfies RowOptions;
const xsaveopt = { feature: ['XSAVE', 'XSAVEOPT'] } as const satisfies RowOptions;
const xsavec = { feature: ['XSAVE', 'XSAVEC'] } as const satisfies RowOptions;

export const xsaveRows: readonly Row[] = [
  row('NP 0F 01 D0', 'XGETBV', '', xgetbv, xsave),
  // XCR0 is written by the kernel only.
  row('NP 0F 01 D1', 'XSETBV', '', (o) => o.raise(VECTOR.GP), xsave),
  row('NP REX.W0 0F AE /4', 'XSAVE', 'M', area('xsave', 0), xsave),
  row('NP REX.W 0F AE /4', 'XSAVE64', 'M', area('xsave', 1), xsave),
  row('NP REX.W0 0F AE /6', 'XSAVEOPT', 'M', area('xsaveopt', 0), xsaveopt),
  row('NP REX.W 0F AE /6', 'XSAVEOPT64', 'M', area('xsaveopt', 1), xsaveopt),
  row('NP REX.W0 0F C7 /4', 'XSAVEC', 'M', area('xsavec', 0), xsavec),
  row('NP REX.W 0F C7 /4', 'XSAVEC64', 'M', area('xsavec', 1), xsavec),
  row('NP REX.W0 0F AE /5', 'XRSTOR', 'M', area('xrstor', 0), xsave),
  row('NP REX.W 0F AE /5', 'XRSTOR64', 'M', area('xrstor', 1), xsave),
];
