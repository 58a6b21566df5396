/** SSE4.1 on whole vectors (SDM Vol. 2); single lanes are moved in `insert.ts`. */
import type { Instruction } from '../instruction.ts';
import type { FloatUnary, IntegralRounding, Ops, SimdBinary } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { dotProduct } from './dot.ts';
import { type Forms, vectorRows } from './forms.ts';
import {
  alignedVector,
  immediateOf,
  mergeScalar,
  readPacked,
  requireAligned,
  scalar,
  threeOperands,
  vector1,
  vector2,
  vectors1,
  vectors2,
  writePacked,
} from './operands.ts';
import { blendConstant, blendVariable, mpsadbw, phminposuw, pmuldq, widen } from './sse41-lanes.ts';

const AVX2 = { legacy: 'SSE4_1', wide: 'AVX2' } as const satisfies Forms;
const AVX = { legacy: 'SSE4_1', wide: 'AVX' } as const satisfies Forms;
const byImmediate = { immediateInForm: true } as const;

const packed = (opcode: string, mnemonic: string, semantics: Semantics): Row[] =>
  vectorRows(`66 0F 38 ${opcode} /r`, mnemonic, 'Vx,Hx,Wx', semantics, AVX2);

const simple = (opcode: string, mnemonic: string, name: SimdBinary): Row[] =>
  packed(
    opcode,
    mnemonic,
    vector2((o, a, b) => o.simd2(name, a, b)),
  );

/** The mask is XMM0 in legacy forms, and a register named by the immediate in VEX forms, at another opcode. */
const variableBlend = (
  legacy: string,
  vex: string,
  mnemonic: string,
  lane: 'i8x16' | 'i32x4' | 'i64x2',
  wide: 'AVX' | 'AVX2',
): Row[] => {
  const blend = blendVariable(lane);
  const two: Semantics = (o, i) => {
    const [destination, source, mask] = i.operands;
    const b = alignedVector(o, source!);
    o.writeVector(destination!, blend(o, o.readVector(destination!), b, o.readVector(mask!)));
  };
  const three: Semantics = (o, i) => {
    const [destination, first, second, mask] = i.operands;
    const b = o.readVectors(second!);
    const m = o.readVectors(mask!);
    const result = o.readVectors(first!).map((a, n) => blend(o, a, b[n]!, m[n]!));
    o.writeVectors(destination!, result);
  };
  return [
    row(`66 0F 38 ${legacy} /r`, mnemonic, 'Vdq,Wdq,XMM0', two, { feature: 'SSE4_1' }),
    ...vectorRows(`66 0F 3A ${vex} /r /is4`, mnemonic, 'Vx,Hx,Wx,Lx', three, { legacy: null, wide, w: 'W0' }),
  ];
};

/** `lanes` is how many of the immediate's bits each chunk takes for itself; the words of PBLENDW share theirs. */
const constantBlend = (opcode: string, mnemonic: string, size: 2 | 4 | 8, forms: Forms): Row[] => {
  const bits = size === 2 ? 0 : 16 / size;
  const blend = vectors2((o, a, b, i) =>
    a.map((x, n) => blendConstant(o, size, x, b[n]!, immediateOf(i) >> (n * bits))),
  );
  return vectorRows(`66 0F 3A ${opcode} /r ib`, mnemonic, 'Vx,Hx,Wx,Ib', blend, { ...forms, ...byImmediate });
};

/** ZF: no bit is in both; CF: no bit of the second is not in the first. The other flags are cleared. */
function ptest<V, C, X>(o: Ops<V, C, X>, i: Instruction): void {
  const [first, second] = i.operands;
  const b = readPacked(o, i, second!);
  const a = o.readVectors(first!);
  const none = (name: 'v128.and' | 'v128.andnot'): C => {
    const all = b.map((x, n) => o.simd2(name, x, a[n]!)).reduce((x, y) => o.simd2('v128.or', x, y));
    return o.isZero(32, o.simdMask('v128.any_true', all));
  };
  const clear = o.condition(false);
  o.setFlags({ zf: none('v128.and'), cf: none('v128.andnot'), of: clear, sf: clear, af: clear, pf: clear });
}

/** PMOVSX, PMOVZX from 8, 16 or 32 bits: reads just what it widens, at any address. */
const widening = (opcode: string, mnemonic: string, sign: 's' | 'u', from: 8 | 16 | 32, to: 16 | 32 | 64): Row[] => {
  const semantics: Semantics = (o, i) => {
    const [destination, source] = i.operands;
    const low =
      source!.kind === 'vector' || source!.width === 128
        ? o.readVector(source!)
        : o.vectorFromInt(source!.width as 16 | 32 | 64, o.read(source!));
    writePacked(o, i, destination!, widen(o, sign, from, to, destination!.width / 128, low));
  };
  const size = (chunks: number): string => ({ 16: 'w', 32: 'd', 64: 'q', 128: 'dq' })[(chunks * 128 * from) / to]!;
  return vectorRows(`66 0F 38 ${opcode} /r`, mnemonic, `Vx,W${size(1)}`, semantics, {
    ...AVX2,
    wideOperands: `Vx,W${size(2)}`,
  });
};

const WIDENINGS = [
  ['0', 'BW', 8, 16],
  ['1', 'BD', 8, 32],
  ['2', 'BQ', 8, 64],
  ['3', 'WD', 16, 32],
  ['4', 'WQ', 16, 64],
  ['5', 'DQ', 32, 64],
] as const;

/** Bit 2 of the immediate says that MXCSR chooses, otherwise bits 1:0 do; bit 3 silences precision. */
const roundingOf = (i: Instruction): FloatUnary => {
  const control = immediateOf(i);
  const ways: readonly IntegralRounding[] = ['nearest', 'down', 'up', 'zero'];
  const way = control & 4 ? 'mxcsr' : ways[control & 3]!;
  return control & 8 ? `round.${way}.silent` : `round.${way}`;
};

const roundPacked = (opcode: string, mnemonic: string, w: 32 | 64): Row[] =>
  vectorRows(
    `66 0F 3A ${opcode} /r ib`,
    mnemonic,
    'Vx,Wx,Ib',
    vectors1((o, a, i) => o.floatVector1(roundingOf(i), w, a)),
    { ...AVX, ...byImmediate },
  );

const roundScalar = (opcode: string, mnemonic: string, w: 32 | 64): Row[] => {
  const semantics: Semantics = (o, i) =>
    mergeScalar(o, i, w, o.float1(roundingOf(i), w, scalar(o, w, threeOperands(i)[2])));
  const operands = w === 32 ? 'Vss,Hss,Wss,Ib' : 'Vsd,Hsd,Wsd,Ib';
  const forms = { legacy: 'SSE4_1', lig: true, ...byImmediate } as const;
  return vectorRows(`66 0F 3A ${opcode} /r ib`, mnemonic, operands, semantics, forms);
};

const dot = (opcode: string, mnemonic: string, w: 32 | 64, forms: Forms): Row[] =>
  vectorRows(
    `66 0F 3A ${opcode} /r ib`,
    mnemonic,
    'Vx,Hx,Wx,Ib',
    vectors2((o, a, b, i) => dotProduct(o, w, a, b, immediateOf(i))),
    { ...forms, ...byImmediate },
  );

/** Each chunk has three bits of the immediate. */
const sumsOfDifferences = vectors2((o, a, b, i) => a.map((x, n) => mpsadbw(o, x, b[n]!, immediateOf(i) >> (n * 3))));

/** MOVNTDQA: aligned also with VEX. */
const loadAligned: Semantics = (o, i) => {
  const [destination, source] = i.operands;
  if (source!.kind === 'mem') requireAligned(o, source);
  writePacked(o, i, destination!, o.readVectors(source!));
};

export const sse41Rows: readonly Row[] = [
  ...variableBlend('10', '4C', 'PBLENDVB', 'i8x16', 'AVX2'),
  ...variableBlend('14', '4A', 'BLENDVPS', 'i32x4', 'AVX'),
  ...variableBlend('15', '4B', 'BLENDVPD', 'i64x2', 'AVX'),
  ...vectorRows('66 0F 38 17 /r', 'PTEST', 'Vx,Wx', ptest, AVX),
  ...WIDENINGS.flatMap(([n, suffix, from, to]) => [
    ...widening(`2${n}`, `PMOVSX${suffix}`, 's', from, to),
    ...widening(`3${n}`, `PMOVZX${suffix}`, 'u', from, to),
  ]),
  ...packed('28', 'PMULDQ', vector2(pmuldq)),
  ...simple('29', 'PCMPEQQ', 'i64x2.eq'),
  ...vectorRows('66 0F 38 2A /r', 'MOVNTDQA', 'Vx,Mx', loadAligned, AVX2),
  ...simple('2B', 'PACKUSDW', 'i16x8.narrow_i32x4_u'),
  ...simple('38', 'PMINSB', 'i8x16.min_s'),
  ...simple('39', 'PMINSD', 'i32x4.min_s'),
  ...simple('3A', 'PMINUW', 'i16x8.min_u'),
  ...simple('3B', 'PMINUD', 'i32x4.min_u'),
  ...simple('3C', 'PMAXSB', 'i8x16.max_s'),
  ...simple('3D', 'PMAXSD', 'i32x4.max_s'),
  ...simple('3E', 'PMAXUW', 'i16x8.max_u'),
  ...simple('3F', 'PMAXUD', 'i32x4.max_u'),
  ...simple('40', 'PMULLD', 'i32x4.mul'),
  ...vectorRows('66 0F 38 41 /r', 'PHMINPOSUW', 'Vdq,Wdq', vector1(phminposuw), { legacy: 'SSE4_1' }),
  ...roundPacked('08', 'ROUNDPS', 32),
  ...roundPacked('09', 'ROUNDPD', 64),
  ...roundScalar('0A', 'ROUNDSS', 32),
  ...roundScalar('0B', 'ROUNDSD', 64),
  ...constantBlend('0C', 'BLENDPS', 4, AVX),
  ...constantBlend('0D', 'BLENDPD', 8, AVX),
  ...constantBlend('0E', 'PBLENDW', 2, AVX2),
  ...dot('40', 'DPPS', 32, AVX),
  ...dot('41', 'DPPD', 64, { legacy: 'SSE4_1' }),
  ...vectorRows('66 0F 3A 42 /r ib', 'MPSADBW', 'Vx,Hx,Wx,Ib', sumsOfDifferences, { ...AVX2, ...byImmediate }),
];
