/** Float arithmetic, comparison and logic, scalar and packed (SDM Vol. 1, 10.4.1 and 11.4.1). */
import { FLOAT_PREDICATES, type FloatBinary, type FloatUnary, type Ops, type SimdBinary } from '../ops.ts';
import type { Row, Semantics } from '../row.ts';
import { vectorRows } from './forms.ts';
import {
  immediateOf,
  isVex,
  mergeScalar,
  scalar,
  threeOperands,
  vector1,
  vector2,
  vectors1,
  vectors2,
} from './operands.ts';

/** The four forms of a float instruction: mandatory prefix, suffix of the mnemonic, lane width. */
const PACKED = [
  ['NP', 'PS', 32],
  ['66', 'PD', 64],
] as const;
const SCALAR = [
  ['F3', 'SS', 32],
  ['F2', 'SD', 64],
] as const;

const suffixed = (operands: string, suffix: string): string => operands.replaceAll('*', suffix.toLowerCase());

const binary = (opcode: string, name: FloatBinary): Row[] => [
  ...PACKED.flatMap(([prefix, suffix, w]) =>
    vectorRows(
      `${prefix} 0F ${opcode} /r`,
      name.toUpperCase() + suffix,
      suffixed('V*,H*,W*', suffix),
      vectors2((o, a, b) => o.floatVector2(name, w, a, b)),
      { wide: 'AVX' },
    ),
  ),
  ...SCALAR.flatMap(([prefix, suffix, w]) => {
    const one: Semantics = (o, i) => {
      const [, first, second] = threeOperands(i);
      const b = scalar(o, w, second);
      mergeScalar(o, i, w, o.float2(name, w, scalar(o, w, first), b));
    };
    const operands = suffixed('V*,H*,W*', suffix);
    return vectorRows(`${prefix} 0F ${opcode} /r`, name.toUpperCase() + suffix, operands, one, { lig: true });
  }),
];

/** VSQRTSS has three operands, VSQRTPS two. */
const squareRoot = (opcode: string): Row[] => {
  const name: FloatUnary = 'sqrt';
  return [
    ...PACKED.flatMap(([prefix, suffix, w]) =>
      vectorRows(
        `${prefix} 0F ${opcode} /r`,
        `SQRT${suffix}`,
        suffixed('V*,W*', suffix),
        vectors1((o, a) => o.floatVector1(name, w, a)),
        { wide: 'AVX' },
      ),
    ),
    ...SCALAR.flatMap(([prefix, suffix, w]) => {
      const one: Semantics = (o, i) => mergeScalar(o, i, w, o.float1(name, w, scalar(o, w, threeOperands(i)[2])));
      return vectorRows(`${prefix} 0F ${opcode} /r`, `SQRT${suffix}`, suffixed('V*,H*,W*', suffix), one, { lig: true });
    }),
  ];
};

/** RCPPS, RSQRTPS and their scalar forms: approximations that raise nothing and know no MXCSR. */
const approximation = (opcode: string, name: 'rcp' | 'rsqrt'): Row[] => {
  const one: Semantics = (o, i) => {
    const value = o.call(name, o.zeroExtend(32, 64, scalar(o, 32, threeOperands(i)[2])));
    mergeScalar(o, i, 32, o.truncate(64, 32, value));
  };
  const all = vector1((o, a) => {
    let result = a;
    for (let n = 0; n < 4; n++) {
      const value = o.call(name, o.zeroExtend(32, 64, o.lane(32, a, n)));
      result = o.withLane(32, result, n, o.truncate(64, 32, value));
    }
    return result;
  });
  const mnemonic = name.toUpperCase();
  return [
    ...vectorRows(`NP 0F ${opcode} /r`, `${mnemonic}PS`, 'Vps,Wps', all, { wide: 'AVX' }),
    ...vectorRows(`F3 0F ${opcode} /r`, `${mnemonic}SS`, 'Vss,Hss,Wss', one, { lig: true }),
  ];
};

/** CMPPS and its kin: legacy forms know eight predicates, VEX 32; the immediate's other bits mean nothing. */
const comparison = (): Row[] => {
  const predicateOf = (i: Parameters<Semantics>[1]) => FLOAT_PREDICATES[immediateOf(i) & (isVex(i) ? 31 : 7)]!;
  return [
    ...PACKED.flatMap(([prefix, suffix, w]) =>
      vectorRows(
        `${prefix} 0F C2 /r ib`,
        `CMP${suffix}`,
        suffixed('V*,H*,W*,Ib', suffix),
        vectors2((o, a, b, i) => o.floatVectorCompare(predicateOf(i), w, a, b)),
        { wide: 'AVX', immediateInForm: true },
      ),
    ),
    ...SCALAR.flatMap(([prefix, suffix, w]) => {
      const one: Semantics = (o, i) => {
        const [, first, second] = threeOperands(i);
        const b = scalar(o, w, second);
        mergeScalar(o, i, w, o.floatCompare(predicateOf(i), w, scalar(o, w, first), b));
      };
      const operands = suffixed('V*,H*,W*,Ib', suffix);
      return vectorRows(`${prefix} 0F C2 /r ib`, `CMP${suffix}`, operands, one, { lig: true, immediateInForm: true });
    }),
  ];
};

/** UCOMISx, COMISx: ZF, PF and CF tell the relation, the other flags are cleared. */
const order = (encoding: string, mnemonic: string, w: 32 | 64, signalling: boolean): Row[] => {
  const compare: Semantics = (o, i) => {
    const b = scalar(o, w, i.operands[1]!);
    const { zf, pf, cf } = o.floatOrder(signalling, w, scalar(o, w, i.operands[0]!), b);
    const clear = o.condition(false);
    o.setFlags({ zf, pf, cf, of: clear, sf: clear, af: clear });
  };
  return vectorRows(encoding, mnemonic, w === 32 ? 'Vss,Wss' : 'Vsd,Wsd', compare, { lig: true });
};

/** Unlike their integer twins they are AVX at 256 bits. */
const logic = (opcode: string, mnemonic: string, name: SimdBinary): Row[] => {
  const combine = <V, C, X>(o: Ops<V, C, X>, a: X, b: X): X =>
    name === 'v128.andnot' ? o.simd2(name, b, a) : o.simd2(name, a, b);
  return PACKED.flatMap(([prefix, suffix]) =>
    vectorRows(`${prefix} 0F ${opcode} /r`, mnemonic + suffix, suffixed('V*,H*,W*', suffix), vector2(combine), {
      wide: 'AVX',
    }),
  );
};

export const floatRows: readonly Row[] = [
  ...order('NP 0F 2E /r', 'UCOMISS', 32, false),
  ...order('66 0F 2E /r', 'UCOMISD', 64, false),
  ...order('NP 0F 2F /r', 'COMISS', 32, true),
  ...order('66 0F 2F /r', 'COMISD', 64, true),
  ...squareRoot('51'),
  ...approximation('52', 'rsqrt'),
  ...approximation('53', 'rcp'),
  ...logic('54', 'AND', 'v128.and'),
  ...logic('55', 'ANDN', 'v128.andnot'),
  ...logic('56', 'OR', 'v128.or'),
  ...logic('57', 'XOR', 'v128.xor'),
  ...binary('58', 'add'),
  ...binary('59', 'mul'),
  ...binary('5C', 'sub'),
  ...binary('5D', 'min'),
  ...binary('5E', 'div'),
  ...binary('5F', 'max'),
  ...comparison(),
];
