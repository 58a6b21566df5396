/** Float arithmetic, comparison and logic, scalar and packed (SDM Vol. 1, 10.4.1 and 11.4.1). */
import type { FloatBinary, FloatPredicate, SimdBinary } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { immediateOf, scalar, vector1, vector2, writeScalar } from './operands.ts';

/** The four forms of a float instruction: mandatory prefix, suffix of the mnemonic, lane width, packed. */
const FORMS = [
  ['NP', 'ps', 32, true],
  ['66', 'pd', 64, true],
  ['F3', 'ss', 32, false],
  ['F2', 'sd', 64, false],
] as const;

const binary = (opcode: string, name: FloatBinary): Row[] =>
  FORMS.map(([prefix, suffix, w, packed]) => {
    const one: Semantics = (o, i) => {
      const [destination, source] = i.operands;
      const b = scalar(o, w, source!);
      writeScalar(o, w, destination!, o.float2(name, w, scalar(o, w, destination!), b));
    };
    const all = vector2((o, a, b) => o.floatVector2(name, w, a, b));
    return row(`${prefix} 0F ${opcode} /r`, (name + suffix).toUpperCase(), `V${suffix},W${suffix}`, packed ? all : one);
  });

const squareRoot = (opcode: string): Row[] =>
  FORMS.map(([prefix, suffix, w, packed]) => {
    const one: Semantics = (o, i) =>
      writeScalar(o, w, i.operands[0]!, o.float1('sqrt', w, scalar(o, w, i.operands[1]!)));
    const all = vector1((o, a) => o.floatVector1('sqrt', w, a));
    return row(`${prefix} 0F ${opcode} /r`, `SQRT${suffix.toUpperCase()}`, `V${suffix},W${suffix}`, packed ? all : one);
  });

/** RCPPS, RSQRTPS and their scalar forms: approximations that raise nothing and know no MXCSR. */
const approximation = (opcode: string, name: 'rcp' | 'rsqrt'): Row[] => {
  const one: Semantics = (o, i) => {
    const value = o.call(name, o.zeroExtend(32, 64, scalar(o, 32, i.operands[1]!)));
    writeScalar(o, 32, i.operands[0]!, o.truncate(64, 32, value));
  };
  const all = vector1((o, a) => {
    let result = a;
    for (let n = 0; n < 4; n++) {
      const value = o.call(name, o.zeroExtend(32, 64, o.lane(32, a, n)));
      result = o.withLane(32, result, n, o.truncate(64, 32, value));
    }
    return result;
  });
  return [
    row(`NP 0F ${opcode} /r`, `${name.toUpperCase()}PS`, 'Vps,Wps', all),
    row(`F3 0F ${opcode} /r`, `${name.toUpperCase()}SS`, 'Vss,Wss', one),
  ];
};

const PREDICATES: readonly FloatPredicate[] = ['eq', 'lt', 'le', 'unord', 'neq', 'nlt', 'nle', 'ord'];

/** CMPPS and its kin: bits 7:3 of the immediate mean nothing to the legacy forms. */
const comparison = (): Row[] =>
  FORMS.map(([prefix, suffix, w, packed]) => {
    const one: Semantics = (o, i) => {
      const [destination, source] = i.operands;
      const b = scalar(o, w, source!);
      const predicate = PREDICATES[immediateOf(i) & 7]!;
      writeScalar(o, w, destination!, o.floatCompare(predicate, w, scalar(o, w, destination!), b));
    };
    const all = vector2((o, a, b, i) => o.floatVectorCompare(PREDICATES[immediateOf(i) & 7]!, w, a, b));
    return row(`${prefix} 0F C2 /r ib`, `CMP${suffix.toUpperCase()}`, `V${suffix},W${suffix},Ib`, packed ? all : one, {
      immediateInForm: true,
    });
  });

/** UCOMISx, COMISx: ZF, PF and CF tell the relation, the other flags are cleared. */
const order = (encoding: string, mnemonic: string, w: 32 | 64, signalling: boolean): Row =>
  row(encoding, mnemonic, w === 32 ? 'Vss,Wss' : 'Vsd,Wsd', (o, i) => {
    const b = scalar(o, w, i.operands[1]!);
    const { zf, pf, cf } = o.floatOrder(signalling, w, scalar(o, w, i.operands[0]!), b);
    const clear = o.condition(false);
    o.setFlags({ zf, pf, cf, of: clear, sf: clear, af: clear });
  });

const logic = (opcode: string, mnemonic: string, name: SimdBinary): Row[] =>
  FORMS.slice(0, 2).map(([prefix, suffix]) =>
    row(
      `${prefix} 0F ${opcode} /r`,
      mnemonic + suffix.toUpperCase(),
      `V${suffix},W${suffix}`,
      vector2((o, a, b) => (name === 'v128.andnot' ? o.simd2(name, b, a) : o.simd2(name, a, b))),
    ),
  );

export const floatRows: readonly Row[] = [
  order('NP 0F 2E /r', 'UCOMISS', 32, false),
  order('66 0F 2E /r', 'UCOMISD', 64, false),
  order('NP 0F 2F /r', 'COMISS', 32, true),
  order('66 0F 2F /r', 'COMISD', 64, true),
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
