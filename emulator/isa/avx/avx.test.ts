/** AVX, FMA and F16C, one instruction at a time: what is cleared, what faults, how often it is rounded; in every executor. */
import { describe, expect, test } from 'vitest';
import { KINDS, MAP, Machine } from '../integer/testing.ts';

const M64 = 0xffffffffffffffffn;
const VECTORS = [0, 1, 2] as const;

/** Lanes of 64 bits, lowest first. */
type Quads = readonly (bigint | number)[];

const double = (value: number): bigint => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0);
};
const single = (value: number): bigint => {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
};
/** Lanes of 32 bits by pairs. */
const pairs = (values: readonly bigint[]): bigint[] =>
  Array.from({ length: values.length / 2 }, (_, n) => values[2 * n]! | (values[2 * n + 1]! << 32n));

describe.each(KINDS)('%s', (kind) => {
  const m = new Machine(kind);

  const run = (
    code: string,
    vectors: readonly Quads[] = [],
    registers: Parameters<Machine['run']>[1] = {},
    mxcsr = 0x1f80,
  ) => {
    m.keep = (state) => {
      for (const n of VECTORS) {
        for (let quad = 0; quad < 4; quad++) {
          state.setVector64(n, quad, BigInt.asUintN(64, BigInt(vectors[n]?.[quad] ?? 0)));
        }
      }
      state.setVector64(15, 0, 15n);
      state.setVector64(15, 3, 15n);
      state.mxcsr = mxcsr;
    };
    const result = m.run(code, registers);
    const { state } = m.cpu;
    const ymm = (n: number) => [0, 1, 2, 3].map((quad) => state.vector64(n, quad));
    return { ...result, ymm, mxcsr: state.mxcsr };
  };
  const fill = (byte: number): bigint[] => Array.from({ length: 4 }, () => BigInt(byte) * 0x0101010101010101n);

  test('VEX clears what is above its vector, legacy forms keep it', () => {
    const [a, b, c] = [fill(1), fill(2), fill(4)];
    const six = 0x0606060606060606n;
    expect(run('66 0f fc c1', [a, b, c]).ymm(0)).toEqual([fill(3)[0], fill(3)[0], a[2], a[3]]);
    expect(run('c5 f1 fc c2', [a, b, c]).ymm(0)).toEqual([six, six, 0n, 0n]);
    expect(run('c5 f5 fc c2', [a, b, c]).ymm(0)).toEqual([six, six, six, six]);
    // vaddsd xmm0, xmm1, xmm2; vmovss xmm0, xmm1, xmm2: the rest of the low half is the first source's
    const sum = [double(1.5), 7n, 8n, 9n];
    expect(run('c5 f3 58 c2', [a, sum, [double(2), 1, 2, 3]]).ymm(0)).toEqual([double(3.5), 7n, 0n, 0n]);
    expect(run('c5 f2 10 c2', [a, b, c]).ymm(0)).toEqual([0x0202020204040404n, b[1], 0n, 0n]);
    m.poke(MAP.data, 32, 0x12345678);
    expect(run('c5 fa 10 03', [a], { rbx: MAP.data }).ymm(0)).toEqual([0x12345678n, 0n, 0n, 0n]);
  });

  test('VZEROUPPER and VZEROALL clear all registers', () => {
    const upper = run('c5 f8 77', [fill(1)]);
    expect([upper.ymm(0), upper.ymm(15)]).toEqual([
      [fill(1)[0], fill(1)[0], 0n, 0n],
      [15n, 0n, 0n, 0n],
    ]);
    const all = run('c5 fc 77', [fill(1)]);
    expect([all.ymm(0), all.ymm(15)]).toEqual([fill(0), fill(0)]);
  });

  test('only aligned moves want alignment, of all their bytes', () => {
    const end = (code: string, rbx: number) => run(code, [], { rbx }).end;
    expect(end('c5 fc 28 03', MAP.data + 16)).toBe('#GP(0)');
    expect(end('c5 fc 28 03', MAP.data + 32)).toBe('');
    expect(end('c5 fc 2b 03', MAP.data + 16)).toBe('#GP(0)');
    expect(end('c5 fc 10 03', MAP.data + 1)).toBe('');
  });

  test('accesses of 32 bytes over a page are whole or not at all', () => {
    for (let n = 0; n < 4; n++) m.poke(MAP.data + 0xff0 + 8 * n, 64, n + 1);
    expect(run('c5 fc 10 03', [], { rbx: MAP.data + 0xff0 }).ymm(0)).toEqual([1n, 2n, 3n, 4n]);
    run('c5 fc 11 03', [fill(5)], { rbx: MAP.data + 0xff1 });
    expect(run('c5 fc 10 03', [], { rbx: MAP.data + 0xff1 }).ymm(0)).toEqual(fill(5));
    m.poke(MAP.readOnly - 16, 64, 0x77);
    const torn = run('c5 fc 11 03', [fill(5)], { rbx: MAP.readOnly - 16 });
    expect([torn.end, torn.mem(MAP.readOnly - 16)]).toEqual(['#PF(7) at 602000', 0x77n]);
    expect(run('c5 fc 10 03', [fill(5)], { rbx: MAP.end - 8 }).end).toBe('#PF(4) at 603000');
    expect(run('c5 fc 10 03', [fill(5)], { rbx: MAP.end - 8 }).ymm(0)).toEqual(fill(5));
  });

  test('an operand that is not there must be encoded so', () => {
    // vmovups with a vvvv; vperm2f128 of 128 bits; vbroadcastss with W; vpinsrw of 256 bits
    for (const code of ['c5 ec 10 c1', 'c4 e3 71 06 c2 83', 'c4 e2 fd 18 03', 'c4 e1 75 c4 c1 01']) {
      expect(run(code, [], { rbx: MAP.data }).end).toBe('#UD');
    }
  });

  const quads = [0xa0n, 0xa1n, 0xa2n, 0xa3n];
  const others = [0xb0n, 0xb1n, 0xb2n, 0xb3n];
  test('halves and lanes change places', () => {
    expect(run('c4 e3 75 06 c2 83', [[], quads, others]).ymm(0)).toEqual([0xb2n, 0xb3n, 0n, 0n]);
    expect(run('c4 e3 75 06 c2 21', [[], quads, others]).ymm(0)).toEqual([0xa2n, 0xa3n, 0xb0n, 0xb1n]);
    expect(run('c4 e3 75 18 c2 01', [[], quads, others]).ymm(0)).toEqual([0xa0n, 0xa1n, 0xb0n, 0xb1n]);
    expect(run('c4 e3 7d 19 c8 01', [fill(1), quads]).ymm(0)).toEqual([0xa2n, 0xa3n, 0n, 0n]);
    run('c4 e3 7d 19 0b 01', [fill(1), quads], { rbx: MAP.data });
    expect(run('c4 e2 7d 1a 03', [], { rbx: MAP.data }).ymm(0)).toEqual([0xa2n, 0xa3n, 0xa2n, 0xa3n]);
    // vpermilpd: bit 1 of a lane, or a bit of the immediate; vshufpd; vpslldq
    expect(run('c4 e2 75 0d c2', [[], quads, [2, 1, -3, -1]]).ymm(0)).toEqual([0xa1n, 0xa0n, 0xa2n, 0xa3n]);
    expect(run('c4 e3 7d 05 c1 0a', [[], quads]).ymm(0)).toEqual([0xa0n, 0xa1n, 0xa2n, 0xa3n]);
    expect(run('c5 f5 c6 c2 06', [[], quads, others]).ymm(0)).toEqual([0xa0n, 0xb1n, 0xa3n, 0xb2n]);
    expect(run('c5 fd 73 f9 03', [[], quads]).ymm(0)).toEqual([0xa0000000n, 0xa1000000n, 0xa2000000n, 0xa3000000n]);
    const dwords = [0x0000000100000000n, 0x0000000300000002n, 0x0000001100000010n, 0x0000001300000012n];
    const order = [0x0000000700000005n, 0xfffffff000000002n, 0x0000000000000003n, 0x0000000200000001n];
    expect(run('c4 e2 75 0c c2', [[], dwords, order]).ymm(0)).toEqual([
      0x0000000300000001n,
      0x0000000000000002n,
      0x0000001000000013n,
      0x0000001200000011n,
    ]);
  });

  test('signs make masks and flags', () => {
    const signs = [1n << 63n, 1n << 31n, 0n, M64];
    expect(run('c5 fc 50 c1', [[], signs], { rax: -1 }).reg('rax')).toBe(0b11000110n);
    expect(run('c5 fd d7 c1', [[], signs], { rax: -1 }).reg('rax')).toBe(0xff000880n);
    const flags = (code: string, a: Quads, b: Quads) => run(code, [a, b]).flags;
    expect(flags('c4 e2 7d 0e c1', [M64, M64, M64, M64], signs)).toBe('C');
    expect(flags('c4 e2 7d 0e c1', [1n << 31n], [1n << 63n])).toBe('Z');
    expect(flags('c4 e2 7d 0e c1', [0, 0, 0, 1n << 63n], [0, 0, 0, M64])).toBe('');
    expect(flags('c4 e2 79 0f c1', [1n << 31n, 0, M64], [1n << 31n, 0, M64])).toBe('CZ');
  });

  test('masked moves see nothing of the lanes left out', () => {
    const address = MAP.end - 8;
    m.poke(address, 64, 0x0000007700000066n);
    const mask = [0x80000000n | (1n << 63n), 0x7fffffffn, 0n, 0n];
    expect(run('c4 e2 75 2c 03', [fill(1), mask], { rbx: address }).ymm(0)).toEqual([0x7700000066n, 0n, 0n, 0n]);
    expect(run('c4 e2 75 2c 03', [fill(1), [...mask.slice(0, 3), 1n << 63n]], { rbx: address }).end).toBe(
      '#PF(4) at 603014',
    );
    const last = MAP.readOnly - 16;
    for (const n of [0, 8]) m.poke(last + n, 64, 5);
    const torn = run('c4 e2 75 2f 13', [[], [M64, 0, M64], quads], { rbx: last });
    expect([torn.end, torn.mem(last)]).toEqual(['#PF(7) at 602000', 5n]);
    const stored = run('c4 e2 75 2f 13', [[], [0, M64], quads], { rbx: last });
    expect([stored.end, stored.mem(last), stored.mem(last + 8)]).toEqual(['', 5n, 0xa1n]);
  });

  test('comparisons have 32 predicates', () => {
    const operands: readonly Quads[] = [[], [double(1), double(Number.NaN)], [double(2), double(1)]];
    // NGT (signals) holds for less and unordered, LT_OQ (quiet) for less only
    const ngt = run('c5 f1 c2 c2 0a', operands);
    expect([ngt.ymm(0), ngt.mxcsr & 0x3f]).toEqual([[M64, M64, 0n, 0n], 1]);
    const less = run('c5 f1 c2 c2 11', operands);
    expect([less.ymm(0), less.mxcsr & 0x3f]).toEqual([[M64, 0n, 0n, 0n], 0]);
  });

  test('conversions change the length of vectors', () => {
    const doubles = [1.5, -2, 0.1, 1e300].map(double);
    const narrow = run('c5 fd 5a c1', [fill(1), doubles]);
    expect([narrow.ymm(0), narrow.mxcsr & 0x3f]).toEqual([
      [...pairs([1.5, -2, Math.fround(0.1), Number.POSITIVE_INFINITY].map(single)), 0n, 0n],
      0x28,
    ]);
    const singles = pairs([1.5, -2, 0.25, 3].map(single));
    expect(run('c5 fc 5a c1', [fill(1), singles]).ymm(0)).toEqual([1.5, -2, 0.25, 3].map(double));
  });

  test('one #XM for all lanes, and none of them written', () => {
    const zeros = [0n, 0n, 0n, 0n];
    const ones = Array.from({ length: 4 }, () => pairs([single(1), single(1)])[0]!);
    const unmasked = 0x1f80 & ~(4 << 7);
    // vdivps ymm0, ymm1, ymm2: 0/0 in the low half, 1/0 in the high one
    const r = run('c5 f4 5e c2', [fill(1), [0n, 0n, ones[2]!, ones[3]!], zeros], {}, unmasked);
    expect([r.end, r.ymm(0), r.mxcsr & 0x3f]).toEqual(['#XM', fill(1), 5]);
  });

  const tiny = 2 ** -53;
  test('fused operations round once', () => {
    // (1 + 2^-30)^2 - 1 has digits that a rounded product has lost
    const x = double(1 + 2 ** -30);
    const exact = double(2 ** -29 + 2 ** -60);
    expect(run('c4 e2 f1 99 c2', [[x], [double(-1)], [x]]).ymm(0)[0]).toBe(exact);
    expect(run('c4 e2 f1 a9 c2', [[x], [x], [double(-1)]]).ymm(0)[0]).toBe(exact);
    expect(run('c4 e2 f1 b9 c2', [[double(-1)], [x], [x]]).ymm(0)[0]).toBe(exact);
    expect(run('c4 e2 f1 b9 c2', [[double(-1)], [x], [x]]).mxcsr & 0x3f).toBe(0);
    // A tie that only what lies 2^-106 below decides
    const almost = run('c4 e2 f1 99 c2', [[double(1 + 2 ** -52)], [double(tiny)], [double(1 - tiny)]]);
    expect([almost.ymm(0)[0], almost.mxcsr & 0x3f]).toEqual([double(1 + 2 ** -52), 0x20]);
    // vfnmsub231ss xmm0, xmm1, xmm2: -(2 * 3) - 1
    expect(run('c4 e2 71 bf c2', [[single(1)], [single(2)], [single(3)]]).ymm(0)[0]).toBe(single(-7));
    // vfmaddsub213pd ymm0, ymm1, ymm2: even lanes subtract
    const [twos, threes, fours] = [2, 3, 4].map((n) => Array.from({ length: 4 }, () => double(n))) as [
      bigint[],
      bigint[],
      bigint[],
    ];
    expect(run('c4 e2 f5 a6 c2', [twos, threes, fours]).ymm(0)).toEqual([2, 10, 2, 10].map(double));
  });

  test('of NaNs, multiplicands come before the addend, and keep their sign', () => {
    const nan = (n: number) => 0x7ff8000000000000n | BigInt(n);
    const [p, q, r] = [nan(1), nan(2), nan(3)];
    expect(run('c4 e2 f1 99 c2', [[p], [q], [r]]).ymm(0)[0]).toBe(p);
    expect(run('c4 e2 f1 99 c2', [[double(1)], [q], [r]]).ymm(0)[0]).toBe(r);
    expect(run('c4 e2 f1 a9 c2', [[p], [q], [r]]).ymm(0)[0]).toBe(q);
    expect(run('c4 e2 f1 b9 c2', [[p], [q], [double(1)]]).ymm(0)[0]).toBe(q);
    // infinity * 0 is no exception beside a quiet NaN
    const quiet = run('c4 e2 f1 b9 c2', [[p], [double(Number.POSITIVE_INFINITY)], [0n]]);
    expect([quiet.ymm(0)[0], quiet.mxcsr & 0x3f]).toEqual([p, 0]);
  });

  test('half precision is a format to store', () => {
    const values = pairs([1, 65504, 65520, 2 ** -24, 2 ** -26, -0, 1 / 3, Number.NaN].map(single));
    const nearest = run('c4 e3 7d 1d c8 00', [fill(1), values]);
    expect(nearest.ymm(0)).toEqual([0x00017c007bff3c00n, 0x7e00355580000000n, 0n, 0n]);
    expect(nearest.mxcsr & 0x3f).toBe(0x38);
    // As MXCSR says, which is up; denormals stay in spite of FTZ
    expect(run('c4 e3 79 1d c8 04', [fill(1), values], {}, 0xdf80).ymm(0)).toEqual([0x00017c007bff3c00n, 0n, 0n, 0n]);
    // Up by the immediate, to memory of 64 bits
    m.poke(MAP.data + 8, 64, 99);
    const up = run('c4 e3 79 1d 0b 02', [[], pairs([2 ** -26, 1, 1, 1].map(single))], { rbx: MAP.data });
    expect([up.mem(MAP.data), up.mem(MAP.data + 8)]).toEqual([0x3c003c003c000001n, 99n]);
    const back = run('c4 e2 7d 13 c1', [[], [0x00017c007bff3c00n, 0x7e00355580000000n]], {}, 0x1fc0);
    expect(back.ymm(0)).toEqual(
      pairs([1, 65504, Number.POSITIVE_INFINITY, 2 ** -24, 0, -0, 0.333251953125, Number.NaN].map(single)),
    );
    expect(back.mxcsr & 0x3f).toBe(0);
  });
});
