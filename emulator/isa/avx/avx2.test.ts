/** AVX2: what works across lanes of 128 bits and what does not, masks, gathers; in every executor. */
import { describe, expect, test } from 'vitest';
import { RFLAGS } from '../../state.ts';
import { KINDS, MAP, Machine } from '../integer/testing.ts';

const M64 = 0xffffffffffffffffn;
const SIGN = 0x80000000n;

/** Lanes of 32 bits, lowest first, as one number. */
const lanes = (values: readonly (bigint | number)[]): bigint =>
  values.reduce<bigint>((all, v, n) => all | (BigInt.asUintN(32, BigInt(v)) << BigInt(32 * n)), 0n);
const NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7];

describe.each(KINDS)('%s', (kind) => {
  const m = new Machine(kind);

  /** Runs an instruction with ymm0, ymm1, ymm2 given by lanes of 32 bits. */
  const run = (
    code: string,
    vectors: readonly (readonly (bigint | number)[])[],
    registers: Parameters<Machine['run']>[1] = {},
    rflags = 0,
  ) => {
    m.keep = (state) => {
      for (const [n, values] of vectors.entries()) {
        const all = lanes(values);
        for (let part = 0; part < 4; part++) state.setVector64(n, part, (all >> BigInt(64 * part)) & M64);
      }
      state.rflags |= rflags;
    };
    const result = m.run(code, registers);
    const ymm = (n: number) =>
      NUMBERS.map((lane) => Number((m.cpu.state.vector64(n, lane >> 1) >> BigInt(32 * (lane & 1))) & 0xffffffffn));
    return { ...result, ymm };
  };
  const a = NUMBERS.map((n) => 0xa0 + n);
  const b = NUMBERS.map((n) => 0xb0 + n);

  test('most instructions stay within lanes of 128 bits', () => {
    // vpalignr ymm0, ymm1, ymm2, 4; vphaddd; vpackusdw
    expect(run('c4 e3 75 0f c2 04', [a, a, b]).ymm(0)).toEqual([0xb1, 0xb2, 0xb3, 0xa0, 0xb5, 0xb6, 0xb7, 0xa4]);
    expect(run('c4 e2 75 02 c2', [a, a, b]).ymm(0)).toEqual([0x141, 0x145, 0x161, 0x165, 0x149, 0x14d, 0x169, 0x16d]);
    expect(
      run('c4 e2 75 2b c2', [a, [-1, 0x10000], b])
        .ymm(0)
        .slice(0, 4),
    ).toEqual([0xffff0000, 0, 0xb100b0, 0xb300b2]);
  });

  test('permutations do not', () => {
    // vpermd ymm0, ymm1, ymm2: only three bits of an index count
    const numbers = [7, 0, 8, 15, 3, 4, 0xfffffff9, 5];
    expect(run('c4 e2 75 36 c2', [a, numbers, b]).ymm(0)).toEqual([0xb7, 0xb0, 0xb0, 0xb7, 0xb3, 0xb4, 0xb1, 0xb5]);
    // vpermq ymm0, ymm1, 1bh; vperm2i128 ymm0, ymm1, ymm2, 83h; vpblendd ymm0, ymm1, ymm2, 91h
    expect(run('c4 e3 fd 00 c1 1b', [a, b]).ymm(0)).toEqual([0xb6, 0xb7, 0xb4, 0xb5, 0xb2, 0xb3, 0xb0, 0xb1]);
    expect(run('c4 e3 75 46 c2 83', [a, a, b]).ymm(0)).toEqual([0xb4, 0xb5, 0xb6, 0xb7, 0, 0, 0, 0]);
    expect(run('c4 e3 75 02 c2 91', [a, a, b]).ymm(0)).toEqual([0xb0, 0xa1, 0xa2, 0xa3, 0xb4, 0xa5, 0xa6, 0xb7]);
  });

  test('widening takes the low half, broadcasts the low lane; 128 bits clear the rest', () => {
    expect(run('c4 e2 7d 25 c1', [a, [1, -1, -2, 3, 9]]).ymm(0)).toEqual(
      [1, 0, -1, -1, -2, -1, 3, 0].map((n) => n >>> 0),
    );
    expect(run('c4 e2 7d 79 c1', [a, b]).ymm(0)).toEqual(NUMBERS.map(() => 0xb000b0));
    expect(run('c4 e2 79 58 c1', [a, b]).ymm(0)).toEqual([0xb0, 0xb0, 0xb0, 0xb0, 0, 0, 0, 0]);
  });

  test('counts of their own: too large ones give zeros or signs', () => {
    const values = [1, 1, 0x80000000, 0x80000000];
    const counts = [31, 32, 4, 0xffffffff];
    expect(run('c4 e2 71 47 c2', [a, values, counts]).ymm(0).slice(0, 4)).toEqual([0x80000000, 0, 0, 0]);
    expect(run('c4 e2 71 46 c2', [a, values, counts]).ymm(0).slice(0, 4)).toEqual([0, 0, 0xf8000000, 0xffffffff]);
    // vpsrlvq: all 64 bits of a count matter
    expect(
      run('c4 e2 f1 45 c2', [a, [0, 1, 0, 1], [32, 0, 0, 1]])
        .ymm(0)
        .slice(0, 4),
    ).toEqual([1, 0, 0, 0]);
  });

  test('masked moves touch the lanes chosen and no others', () => {
    const address = MAP.end - 8;
    for (const n of [0, 4]) m.poke(address + n, 32, 0x77 + n);
    const first2 = [SIGN, -1, 0x7fffffff, 0, 0, 0, 0, 0];
    // vpmaskmovd ymm0, ymm1, [rbx]
    expect(run('c4 e2 75 8c 03', [a, first2], { rbx: address })).toMatchObject({ end: '' });
    expect(run('c4 e2 75 8c 03', [a, first2], { rbx: address }).ymm(0)).toEqual([0x77, 0x7b, 0, 0, 0, 0, 0, 0]);
    expect(run('c4 e2 75 8c 03', [a, [...first2.slice(0, 2), SIGN]], { rbx: address }).end).toBe('#PF(4) at 603000');
    // vpmaskmovd [rbx], ymm1, ymm2: into the last bytes that can be written, or not at all
    const last = MAP.readOnly - 8;
    m.poke(last, 64, 0);
    expect(run('c4 e2 75 8e 13', [a, [...first2.slice(0, 2), SIGN], b], { rbx: last }).end).toBe('#PF(7) at 602000');
    expect(run('c4 e2 75 8e 13', [a, [0, -1], b], { rbx: last }).mem(last)).toBe(0xb1_0000_0000n);
    expect(run('c4 e2 75 8e 13', [a, [0, 0], b], { rbx: MAP.end }).end).toBe('');
  });

  describe('gathers', () => {
    const TABLE = MAP.end - 0x100;
    const frame = () => new DataView(m.bytes(TABLE, 0x100).buffer, m.bytes(TABLE, 0x100).byteOffset, 0x100);
    for (let n = 0; n < 64; n++) frame().setUint32(4 * n, 0x1000 + n, true);
    /** vpgatherdd ymm0, [rbx + ymm1*4], ymm2 */
    const dwords = 'c4 e2 6d 90 04 8b';
    const all = NUMBERS.map(() => SIGN);

    test('load where the mask has its sign, and clear the mask', () => {
      const r = run(dwords, [a, [3, 0, -1, 1, 2, 5, 4, 61], [SIGN, -1, 0x7fffffff, SIGN, 0, SIGN, SIGN, SIGN]], {
        rbx: TABLE,
      });
      expect(r.ymm(0)).toEqual([0x1003, 0x1000, 0xa2, 0x1001, 0xa4, 0x1005, 0x1004, 0x103d]);
      expect(r.ymm(2)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    });

    test('stop at the first element that faults, with those before it done', () => {
      const indices = [3, -1000, 5, 64, 1, 65, 2, 3];
      const mask = [SIGN, 1, SIGN, SIGN, SIGN, SIGN, 2, 3];
      const r = run(dwords, [a, indices, mask], { rbx: TABLE });
      expect(r.end).toBe('#PF(4) at 603000');
      expect(r.ymm(0)).toEqual([0x1003, 0xa1, 0x1005, ...a.slice(3)]);
      expect(r.ymm(2)).toEqual([0, 0, 0, SIGN, SIGN, SIGN, 2, 3].map(Number));
      expect(run(dwords, [a, [64, 0, 0, 0, 0, 0, 0, 0], all], { rbx: TABLE }).ymm(0)).toEqual(a);
    });

    test('a single step ends before such a fault, if anything was done', () => {
      const step = (indices: readonly number[]) => run(dwords, [a, indices, all], { rbx: TABLE }, RFLAGS.TF);
      expect(step([1, 64, 0, 0, 0, 0, 0, 0])).toMatchObject({ end: '#DB' });
      expect(step([64, 1, 0, 0, 0, 0, 0, 0])).toMatchObject({ end: '#PF(4) at 603000' });
    });

    test('with 64-bit indices fill half as many lanes, and the rest is zero', () => {
      // vpgatherqd xmm0, [rbx + xmm1*4], xmm2, then by ymm1
      expect(run('c4 e2 69 91 04 8b', [a, [2, 0, 1, 0], all], { rbx: TABLE }).ymm(0)).toEqual([
        0x1002, 0x1001, 0, 0, 0, 0, 0, 0,
      ]);
      expect(run('c4 e2 6d 91 04 8b', [a, [2, 0, 1, 0, -1, -1, 9, 0], all], { rbx: TABLE + 16 }).ymm(0)).toEqual([
        0x1006, 0x1005, 0x1003, 0x100d, 0, 0, 0, 0,
      ]);
    });

    test('want three registers and a SIB byte', () => {
      expect(run('c4 e2 6d 90 04 83', [a, a, all], { rbx: TABLE }).end).toBe('#UD');
      expect(run('c4 e2 75 90 04 8b', [a, a, all], { rbx: TABLE }).end).toBe('#UD');
      expect(run('c4 e2 7d 90 04 8b', [a, a, all], { rbx: TABLE }).end).toBe('#UD');
      expect(run('c4 e2 6d 90 03', [a, a, all], { rbx: TABLE }).end).toBe('#UD');
    });
  });
});
