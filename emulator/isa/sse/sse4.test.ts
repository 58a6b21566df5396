/** SSE3 to SSE4.2: facts of the manual's pages that are easily got wrong, one instruction at a time, in every executor. */
import { describe, expect, test } from 'vitest';
import { KINDS, MAP, Machine } from '../integer/testing.ts';

/** A vector as the manual draws it, highest digit first; underscores are for the eye. */
const parse = (text: string): bigint => BigInt(`0x${text.replaceAll('_', '')}`);
const M64 = 0xffffffffffffffffn;
const MEMORY = MAP.data + 0x100;

/** Bytes of a text as elements, the first lowest. */
const characters = (text: string): string => {
  const bytes = [...text.padEnd(16, '\0')].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0'));
  return bytes.reverse().join('');
};

describe.each(KINDS)('%s', (kind) => {
  const m = new Machine(kind);

  /** Runs an instruction with xmm0 = a, xmm1 = b, which is also at [rbx], and xmm2 = c. */
  const run = (
    code: string,
    a: string,
    b: string,
    more: { c?: string; mxcsr?: number; registers?: Parameters<Machine['run']>[1] } = {},
  ) => {
    const [va, vb, vc] = [a, b, more.c ?? '0'].map(parse) as [bigint, bigint, bigint];
    m.poke(MEMORY, 64, vb & M64);
    m.poke(MEMORY + 8, 64, vb >> 64n);
    m.keep = (state) => {
      for (const [n, v] of [va, vb, vc].entries()) {
        for (const half of [0, 1]) state.setVector64(n, half, (v >> BigInt(64 * half)) & M64);
        for (const half of [2, 3]) state.setVector64(n, half, 0x7777777777777777n);
      }
      state.mxcsr = more.mxcsr ?? 0x1f80;
    };
    const result = m.run(code, { rbx: MEMORY, ...more.registers }, 'PASO');
    const { state } = m.cpu;
    const xmm = (n: number) => ((state.vector64(n, 1) << 64n) | state.vector64(n, 0)).toString(16).padStart(32, '0');
    return { ...result, xmm0: xmm(0), upper: state.vector64(0, 2), mxcsr: state.mxcsr };
  };
  const plain = (text: string) => text.replaceAll('_', '');

  const check = (name: string, lines: readonly (readonly [string, string, string, string])[]) =>
    test.each(lines)(`${name}: %s`, (code, a, b, expected) => {
      const r = run(code, a, b);
      expect([r.end, r.xmm0]).toEqual(['', plain(expected)]);
    });

  const X = '00112233_44556677_8899aabb_ccddeeff';
  const Y = '0f0e0d0c_0b0a0908_07060504_03020100';

  check('SSSE3', [
    // Bit 7 of an index clears, bits 6:4 mean nothing.
    ['66 0f 38 00 c1', X, '80818283_7f1f0f00_01020304_70808f10', '00000000_000000ff_eeddccbb_ff0000ff'],
    ['66 0f 38 01 c1', '7fff0001_00020003_00040005_00060007', X, '2244aacc_3354bbdc_80000005_0009000d'],
    ['66 0f 38 03 c1', '7fff0001_00020003_80008000_ffff8000', Y, '1c1a1412_0c0a0402_7fff0005_80008000'],
    [
      '66 0f 38 04 c1',
      'ffff_0000000000000000000000000000',
      '7f7f_0000000000000000000000000000',
      '7fff'.padEnd(32, '0'),
    ],
    // The product of twice the least word wraps.
    [
      '66 0f 38 0b c1',
      '80008000_7fff8001_00000000_00000000',
      '80007fff_7fff8000_00000000_00000000',
      '80008001_7ffe7fff_00000000_00000000',
    ],
    [
      '66 0f 38 08 c1',
      '80808080_01010101_80808080_01010101',
      '01ff0080_01ff0080_01ff0080_01ff0080',
      '80800080_01ff00ff_80800080_01ff00ff',
    ],
    ['66 0f 38 1c c1', X, '80ff7f01'.padEnd(32, '0'), '80017f01'.padEnd(32, '0')],
    ['66 0f 3a 0f c1 05', X, Y, 'bbccddee_ff0f0e0d_0c0b0a09_08070605'],
    ['66 0f 3a 0f c1 14', X, Y, '00000000_00112233_44556677_8899aabb'],
    ['66 0f 3a 0f c1 20', X, Y, '0'.repeat(32)],
  ]);

  check('SSE4.1 integers', [
    ['66 0f 38 41 c1', X, '00050003_00090003_ffff8000_00070004', '00000000_00000000_00000000_00040003'],
    ['66 0f 3a 42 c1 00', Y, '0'.repeat(32), '0022001e_001a0016_0012000e_000a0006'],
    [
      '66 0f 38 28 c1',
      '00000000_ffffffff_00000000_80000000',
      '00000000_00000002_00000000_80000000',
      'ffffffff_fffffffe_40000000_00000000',
    ],
    [
      '66 0f 38 2b c1',
      '00010000_0000ffff_ffffffff_7fffffff',
      '80000000_00000001_00008000_00000000',
      '00000001_80000000_ffffffff_0000ffff',
    ],
    ['66 0f 38 25 c1', X, '00000000_00000000_80000000_7fffffff', 'ffffffff_80000000_00000000_7fffffff'],
    ['66 0f 38 32 03', X, Y, '00000000_00000001_00000000_00000000'],
    ['66 0f 3a 21 c1 6a', X, Y, '00000000_07060504_00000000_ccddeeff'],
    // From memory, bits 7:6 choose nothing.
    ['66 0f 3a 21 03 d0', X, Y, '00112233_44556677_03020100_ccddeeff'],
    ['66 0f 3a 0e c1 a5', X, Y, '0f0e2233_0b0a6677_88990504_ccdd0100'],
  ]);

  test('a blend takes its mask from XMM0, with VEX from the register that the immediate names', () => {
    const mask = '80000000_7fffffff_80000000_00000000';
    // blendvps xmm1, xmm2, xmm0
    run('66 0f 38 14 ca', mask, X, { c: Y });
    const xmm1 = (m.cpu.state.vector64(1, 1) << 64n) | m.cpu.state.vector64(1, 0);
    expect(xmm1.toString(16).padStart(32, '0')).toBe(plain('0f0e0d0c_44556677_07060504_ccddeeff'));
    // vblendvps xmm0, xmm0, xmm1, xmm2
    expect(run('c4 e3 79 4a c1 20', X, Y, { c: mask })).toMatchObject({
      xmm0: plain('0f0e0d0c_44556677_07060504_ccddeeff'),
      upper: 0n,
    });
  });

  test('PTEST: ZF for nothing in common, CF for nothing outside; the other flags are cleared', () => {
    expect(run('66 0f 38 17 c1', X, X).flags).toBe('C');
    expect(run('66 0f 38 17 c1', '0'.repeat(32), X).flags).toBe('Z');
    expect(run('66 0f 38 17 c1', X, '0'.repeat(32)).flags).toBe('CZ');
    expect(run('66 0f 38 17 c1', '1'.padEnd(32, '0'), '3'.padEnd(32, '0')).flags).toBe('');
  });

  describe('floats', () => {
    const ONE = '3f800000';
    test('HADDPS adds the neighbours of the destination below those of the source', () => {
      const r = run('f2 0f 7c c1', `40800000_40400000_40000000_${ONE}`, `00000000_41000000_00000000_${ONE}`);
      expect(r.xmm0).toBe(plain(`41000000_${ONE}_40e00000_40400000`));
    });
    test('ADDSUBPD subtracts in the low lane, and a NaN keeps its sign', () => {
      const r = run('66 0f d0 c1', '3ff0000000000000_3ff0000000000000', '3ff0000000000000_7ff8000000000001');
      expect(r.xmm0).toBe('40000000000000007ff8000000000001');
    });
    test.each([
      ['00', '40000000', 0x1fa0], // nearest: 2.5 to 2
      ['01', '40000000', 0x1fa0],
      ['02', '40400000', 0x1fa0],
      ['03', '40000000', 0x1fa0],
      ['0a', '40400000', 0x1f80], // no precision exception
      ['04', '40000000', 0x1fa0],
    ])('ROUNDSS 2.5 by %s', (control, expected, mxcsr) => {
      const r = run(`66 0f 3a 0a c1 ${control}`, X, '40200000');
      expect([r.xmm0.slice(24), r.mxcsr]).toEqual([expected, mxcsr]);
    });
    test('ROUNDSS by MXCSR, and a signalling NaN', () => {
      expect(run('66 0f 3a 0a c1 04', X, '40200000', { mxcsr: 0x5f80 }).xmm0.slice(24)).toBe('40400000');
      expect(run('66 0f 3a 0a c1 08', X, '7f800001')).toMatchObject({
        xmm0: plain(`${X.slice(0, 27)}7fc00001`),
        mxcsr: 0x1f81,
      });
    });
    test('DPPS multiplies chosen lanes, adds them by pairs and stores the sum in chosen lanes', () => {
      const a = `40800000_40400000_40000000_${ONE}`;
      expect(run('66 0f 3a 40 c1 75', a, a).xmm0).toBe(plain('00000000_41600000_00000000_41600000'));
      // A lane that is left out raises nothing.
      expect(run('66 0f 3a 40 c1 71', a, `7f800001_${ONE}_${ONE}_${ONE}`)).toMatchObject({ mxcsr: 0x1f80 });
    });
    test('DPPS: infinities whose sum is no number', () => {
      const r = run('66 0f 3a 40 c1 f1', `7f800000_ff800000_${ONE}_${ONE}`, `${ONE}_${ONE}_${ONE}_${ONE}`);
      expect([r.xmm0, r.mxcsr]).toEqual(['ffc00000'.padStart(32, '0'), 0x1f81]);
    });
  });

  describe('strings', () => {
    /** What PCMPISTRI leaves in ecx, and the flags. */
    const index = (control: string, a: string, b: string) => {
      const r = run(`66 0f 3a 63 c1 ${control}`, characters(a), characters(b));
      return [Number(r.reg('rcx')), r.flags];
    };
    test.each([
      ['equal any', '00', 'lo', 'hello', 2, 'CZS'],
      ['equal any, last', '40', 'lo', 'hello', 4, 'CZS'],
      ['equal any, none', '00', 'xy', 'hello', 16, 'ZS'],
      ['ranges', '04', 'azAZ', '12 Hi', 3, 'CZS'],
      ['not in ranges', '14', 'az', 'hi!', 2, 'CZS'],
      ['not in ranges, within the string', '34', 'az', 'hi', 16, 'ZS'],
      ['equal each', '08', 'same', 'sale', 0, 'CZSO'],
      ['equal each: ends match', '18', 'same', 'same', 16, 'ZS'],
      ['equal each: the first difference', '18', 'same', 'sale', 2, 'CZS'],
      ['equal ordered', '0c', 'lo', 'hello', 3, 'CZS'],
      ['equal ordered, cut off by the end of the vector', '0c', 'abc', '0123456789abcdab', 10, 'CS'],
      ['equal ordered, the rest may follow', '4c', 'abc', '0123456789abcdab', 14, 'CS'],
    ])('%s', (_, control, a, b, expected, flags) => {
      expect(index(control, a, b)).toEqual([expected, flags]);
    });

    test('a mask of bits or of bytes goes to XMM0, whose upper half only VEX clears', () => {
      const [a, b] = [characters('lo'), characters('hello')];
      expect(run('66 0f 3a 62 c1 00', a, b)).toMatchObject({
        xmm0: '1c'.padStart(32, '0'),
        upper: 0x7777777777777777n,
      });
      expect(run('c4 e3 79 62 c1 40', a, b)).toMatchObject({ xmm0: 'ffffff0000'.padStart(32, '0'), upper: 0n });
    });

    test('explicit lengths are absolute values, cut to the number of elements', () => {
      const long = characters('abcdefghijklmnop');
      const explicit = (rax: number, rdx: number) => {
        const r = run('66 0f 3a 61 c1 18', long, long, { registers: { rax, rdx } });
        return [Number(r.reg('rcx')), r.flags];
      };
      expect(explicit(-3, 3)).toEqual([16, 'ZS']);
      expect(explicit(1000, -(2 ** 31))).toEqual([16, '']);
      expect(explicit(16, 5)).toEqual([5, 'CZ']);
    });

    test('16-bit elements, signed ranges', () => {
      const r = run('66 0f 3a 63 c1 07', '0005_fffe', '0009_0004_ffff_8000');
      expect([Number(r.reg('rcx')), r.flags]).toEqual([1, 'CZS']);
    });
  });

  test('CRC32 of "123456789" is E3069283, by whatever pieces', () => {
    const text = '123456789';
    let crc = 0xffffffff;
    for (const c of text) {
      crc = Number(m.run('f2 0f 38 f0 c1', { rax: crc, rcx: c.charCodeAt(0) }).reg('rax'));
    }
    expect((crc ^ 0xffffffff) >>> 0).toBe(0xe3069283);
    const piece = (from: number, bytes: number) =>
      [...text.slice(from, from + bytes)].reduceRight((v, c) => (v << 8n) | BigInt(c.charCodeAt(0)), 0n);
    const first = m.run('f2 48 0f 38 f1 c1', { rax: 0x99999999ffffffffn, rcx: piece(0, 8) }).reg('rax');
    expect(m.run('f2 0f 38 f0 c1', { rax: first, rcx: 0x39 }).reg('rax')).toBe(0x1cf96d7cn);
    const two = m.run('66 f2 0f 38 f1 c1', { rax: 0xffffffff, rcx: piece(0, 2) }).reg('rax');
    const six = m.run('f2 0f 38 f1 c1', { rax: two, rcx: piece(2, 4) }).reg('rax');
    expect(m.run('66 f2 0f 38 f1 c1', { rax: six, rcx: piece(6, 2) }).reg('rax')).toBe(first);
  });

  test('alignment: sources of legacy forms, MOVNTDQA always, strings and widening moves never', () => {
    const at = (code: string) => run(code, X, Y, { registers: { rbx: MEMORY + 1 } }).end;
    expect(at('66 0f 38 00 03')).toBe('#GP(0)');
    expect(at('c4 e2 79 00 03')).toBe('');
    expect(at('66 0f 38 2a 03')).toBe('#GP(0)');
    expect(at('c4 e2 79 2a 03')).toBe('#GP(0)');
    expect(at('66 0f 3a 63 03 00')).toBe('');
    expect(at('66 0f 38 20 03')).toBe('');
    expect(at('f2 0f f0 03')).toBe('');
  });

  test('PMOVZXBQ reads two bytes and no more', () => {
    expect(run('66 0f 38 32 03', X, Y, { registers: { rbx: MAP.end - 2 } }).end).toBe('');
    expect(run('66 0f 38 32 03', X, Y, { registers: { rbx: MAP.end - 1 } }).end).toBe('#PF(4) at 603000');
  });
});
