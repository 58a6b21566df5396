/**
 * FMA (SDM Vol. 2C, VFMADD132PS and its kin): a*b+c with one rounding. The digits of the mnemonic say which of the three
 * operands are a, b and c: 132 is first * third + second, 213 second * first + third, 231 second * third + first. A NaN
 * among them wins in the order a, b, c.
 */
import type { Instruction, Operand } from '../instruction.ts';
import type { FloatFused, FloatVectorFused, Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { scalar } from '../sse/operands.ts';

type Order = '132' | '213' | '231';
const ORDERS: readonly Order[] = ['132', '213', '231'];
/** High digit of the opcode. */
const GROUP: Readonly<Record<Order, string>> = { '132': '9', '213': 'A', '231': 'B' };

/** a, b, c as places in `x`, `y`, `z`, the values of the three operands. */
const arrange = <T>(order: Order, x: T, y: T, z: T): readonly [T, T, T] => {
  switch (order) {
    case '132':
      return [x, z, y];
    case '213':
      return [y, x, z];
    case '231':
      return [y, z, x];
  }
};

const packed =
  (name: FloatVectorFused, order: Order, w: 32 | 64): Semantics =>
  (o, i) => {
    const [destination, second, third] = i.operands;
    const z = o.readVectors(third!);
    const [a, b, c] = arrange(order, o.readVectors(destination!), o.readVectors(second!), z);
    o.writeVectors(destination!, o.floatVectorFused(name, w, a, b, c));
  };

/** The rest of the low 128 bits stays. */
const single =
  (name: FloatFused, order: Order, w: 32 | 64): Semantics =>
  <V, C, X>(o: Ops<V, C, X>, i: Instruction) => {
    const [destination, second, third] = i.operands as readonly [Operand, Operand, Operand];
    const z = scalar(o, w, third);
    const [a, b, c] = arrange(order, scalar(o, w, destination), scalar(o, w, second), z);
    o.writeVectors(destination, [o.withLane(w, o.readVector(destination), 0, o.floatFused(name, w, a, b, c))]);
  };

const FMA = { feature: 'FMA' } as const;
const FORMATS = [
  ['W0', 'S', 32],
  ['W1', 'D', 64],
] as const;

const packedRows = (digit: string, name: FloatVectorFused): Row[] =>
  ORDERS.flatMap((order) =>
    FORMATS.flatMap(([vexW, format, w]) =>
      ['128', '256'].map((length) => {
        const mnemonic = `V${name.toUpperCase()}${order}P${format}`;
        const encoding = `VEX.${length}.66.0F38.${vexW} ${GROUP[order]}${digit} /r`;
        return row(encoding, mnemonic, 'Vx,Hx,Wx', packed(name, order, w), FMA);
      }),
    ),
  );

const scalarRows = (digit: string, name: FloatFused): Row[] =>
  ORDERS.flatMap((order) =>
    FORMATS.map(([vexW, format, w]) => {
      const s = `s${format.toLowerCase()}`;
      const mnemonic = `V${name.toUpperCase()}${order}S${format}`;
      const encoding = `VEX.LIG.66.0F38.${vexW} ${GROUP[order]}${digit} /r`;
      return row(encoding, mnemonic, `V${s},H${s},W${s}`, single(name, order, w), FMA);
    }),
  );

export const fmaRows: readonly Row[] = [
  ...packedRows('6', 'fmaddsub'),
  ...packedRows('7', 'fmsubadd'),
  ...packedRows('8', 'fmadd'),
  ...scalarRows('9', 'fmadd'),
  ...packedRows('A', 'fmsub'),
  ...scalarRows('B', 'fmsub'),
  ...packedRows('C', 'fnmadd'),
  ...scalarRows('D', 'fnmadd'),
  ...packedRows('E', 'fnmsub'),
  ...scalarRows('F', 'fnmsub'),
];
