/** SHA extensions (SDM Vol. 2, SHA*; FIPS 180-4): rounds and message schedules of SHA-1 and SHA-256. */
import type { Instruction } from '../instruction.ts';
import type { Ops } from '../ops.ts';
import { type Row, row, type Semantics } from '../row.ts';
import { lanesBytes } from '../sse/lanes.ts';
import { immediateOf } from '../sse/operands.ts';

/** destination = operation(destination, source). AMD's processors, other than Intel's, want no aligned memory here. */
function vectors(operation: <V, C, X>(o: Ops<V, C, X>, a: X, b: X, i: Instruction) => X): Semantics {
  return (o, i) => {
    const [destination, source] = i.operands;
    const b = o.readVector(source!);
    o.writeVector(destination!, operation(o, o.readVector(destination!), b, i));
  };
}

/** Lanes of 32 bits, lowest first. */
function lanes<V, C, X>(o: Ops<V, C, X>, x: X): [V, V, V, V] {
  return [o.lane(32, x, 0), o.lane(32, x, 1), o.lane(32, x, 2), o.lane(32, x, 3)];
}

function vectorOf<V, C, X>(o: Ops<V, C, X>, values: readonly [V, V, V, V]): X {
  const low = o.vectorFromInt(32, values[0]);
  return values.slice(1).reduce((x: X, value, n) => o.withLane(32, x, n + 1, value), low);
}

function add<V, C, X>(o: Ops<V, C, X>, first: V, ...rest: V[]): V {
  return rest.reduce((sum, value) => o.add(32, sum, value), first);
}
function xor<V, C, X>(o: Ops<V, C, X>, first: V, ...rest: V[]): V {
  return rest.reduce((sum, value) => o.xor(32, sum, value), first);
}
function rotateLeft<V, C, X>(o: Ops<V, C, X>, value: V, count: number): V {
  return o.rotl(32, value, o.int(32, count));
}
function rotateRight<V, C, X>(o: Ops<V, C, X>, value: V, count: number): V {
  return o.rotr(32, value, o.int(32, count));
}

/** b where a bit of a is set, else c. */
function choose<V, C, X>(o: Ops<V, C, X>, a: V, b: V, c: V): V {
  return xor(o, c, o.and(32, a, xor(o, b, c)));
}
/** What two of three bits say. */
function majority<V, C, X>(o: Ops<V, C, X>, a: V, b: V, c: V): V {
  return o.or(32, o.and(32, a, b), o.and(32, c, o.or(32, a, b)));
}
function parity<V, C, X>(o: Ops<V, C, X>, a: V, b: V, c: V): V {
  return xor(o, a, b, c);
}

/** FIPS 180-4, 4.1.1 and 4.2.1: function and constant of each quarter of SHA-1's rounds. */
const SHA1_ROUNDS = [
  { mix: choose, constant: 0x5a827999 },
  { mix: parity, constant: 0x6ed9eba1 },
  { mix: majority, constant: 0x8f1bbcdc },
  { mix: parity, constant: 0xca62c1d6 },
] as const;

/** Four rounds. E is added to the first word of the message already, by SHA1NEXTE. */
const sha1rnds4 = vectors((o, state, message, i) => {
  const { mix, constant } = SHA1_ROUNDS[(immediateOf(i) & 3) as 0 | 1 | 2 | 3];
  const words = lanes(o, message).reverse();
  let [d, c, b, a] = lanes(o, state);
  let e = o.int(32, 0);
  for (const word of words) {
    const next = add(o, mix(o, b, c, d), rotateLeft(o, a, 5), word, e, o.int(32, constant));
    [a, b, c, d, e] = [next, a, rotateLeft(o, b, 30), c, d];
  }
  return vectorOf(o, [d, c, b, a]);
});

const sha1nexte = vectors((o, state, message) => {
  const e = rotateLeft(o, o.lane(32, state, 3), 30);
  return o.withLane(32, message, 3, o.add(32, o.lane(32, message, 3), e));
});

/** The words two further on: the upper half of the second operand and the lower half of the first. */
const TWO_FURTHER = lanesBytes(8, [3, 0]);

const sha1msg1 = vectors((o, a, b) => o.simd2('v128.xor', a, o.shuffle(a, b, TWO_FURTHER)));

const sha1msg2 = vectors((o, a, b) => {
  const [a0, a1, a2, a3] = lanes(o, a);
  const [b0, b1, b2] = lanes(o, b);
  const w3 = rotateLeft(o, xor(o, a3, b2), 1);
  const w2 = rotateLeft(o, xor(o, a2, b1), 1);
  const w1 = rotateLeft(o, xor(o, a1, b0), 1);
  const w0 = rotateLeft(o, xor(o, a0, w3), 1);
  return vectorOf(o, [w0, w1, w2, w3]);
});

/** Two rounds; XMM0 holds their words with the constants added. */
const sha256rnds2 = vectors((o, cdgh, abef) => {
  const words = o.vectorRegister(0);
  let [h, g, d, c] = lanes(o, cdgh);
  let [f, e, b, a] = lanes(o, abef);
  for (const n of [0, 1]) {
    const sigma1 = xor(o, rotateRight(o, e, 6), rotateRight(o, e, 11), rotateRight(o, e, 25));
    const first = add(o, h, choose(o, e, f, g), sigma1, o.lane(32, words, n));
    const sigma0 = xor(o, rotateRight(o, a, 2), rotateRight(o, a, 13), rotateRight(o, a, 22));
    const second = o.add(32, majority(o, a, b, c), sigma0);
    [a, b, c, d, e, f, g, h] = [o.add(32, first, second), a, b, c, o.add(32, d, first), e, f, g];
  }
  return vectorOf(o, [f, e, b, a]);
});

/** FIPS 180-4, equations 4.6 and 4.7. */
function lowerSigma0<V, C, X>(o: Ops<V, C, X>, w: V): V {
  return xor(o, rotateRight(o, w, 7), rotateRight(o, w, 18), o.shrU(32, w, o.int(32, 3)));
}
function lowerSigma1<V, C, X>(o: Ops<V, C, X>, w: V): V {
  return xor(o, rotateRight(o, w, 17), rotateRight(o, w, 19), o.shrU(32, w, o.int(32, 10)));
}

const NEXT_WORDS = lanesBytes(4, [1, 2, 3, 4]);

/** Each word plus the sigma of the next. */
const sha256msg1 = vectors((o, a, b) => {
  const next = lanes(o, o.shuffle(a, b, NEXT_WORDS)).map((w) => lowerSigma0(o, w));
  const [w0, w1, w2, w3] = next as [(typeof next)[0], (typeof next)[0], (typeof next)[0], (typeof next)[0]];
  return o.simd2('i32x4.add', a, vectorOf(o, [w0, w1, w2, w3]));
});

const sha256msg2 = vectors((o, a, b) => {
  const [a0, a1, a2, a3] = lanes(o, a);
  const w0 = o.add(32, a0, lowerSigma1(o, o.lane(32, b, 2)));
  const w1 = o.add(32, a1, lowerSigma1(o, o.lane(32, b, 3)));
  const w2 = o.add(32, a2, lowerSigma1(o, w0));
  const w3 = o.add(32, a3, lowerSigma1(o, w1));
  return vectorOf(o, [w0, w1, w2, w3]);
});

const sha = (opcode: string, mnemonic: string, semantics: Semantics, more = ''): Row =>
  row(`NP 0F 38 ${opcode} /r`, mnemonic, `Vdq,Wdq${more}`, semantics, { feature: 'SHA' });

export const shaRows: readonly Row[] = [
  row('NP 0F 3A CC /r ib', 'SHA1RNDS4', 'Vdq,Wdq,Ib', sha1rnds4, { feature: 'SHA', immediateInForm: true }),
  sha('C8', 'SHA1NEXTE', sha1nexte),
  sha('C9', 'SHA1MSG1', sha1msg1),
  sha('CA', 'SHA1MSG2', sha1msg2),
  sha('CB', 'SHA256RNDS2', sha256rnds2, ',XMM0'),
  sha('CC', 'SHA256MSG1', sha256msg1),
  sha('CD', 'SHA256MSG2', sha256msg2),
];
