/** Facts of the manual's pages, one instruction at a time, in every executor. */
import { describe, expect, test } from 'vitest';
import { KINDS, MAP, Machine } from '../integer/testing.ts';

/** A vector as the manual draws it, highest digit first; underscores are for the eye. */
const parse = (text: string): [bigint, bigint] => {
  const value = BigInt(`0x${text.replaceAll('_', '')}`);
  return [value & 0xffffffffffffffffn, value >> 64n];
};

const A = MAP.data + 0x100;
const B = MAP.data + 0x110;
const CONTROL = MAP.data + 0x120;
/** movups xmm0, [rbx]; movups xmm1, [rcx]; ldmxcsr [rdx] */
const PROLOGUE = '0f 10 03 0f 10 09 0f ae 12';
const PROLOGUE_INSTRUCTIONS = 3;

describe.each(KINDS)('%s', (kind) => {
  const m = new Machine(kind);

  /** Runs an instruction with xmm0 = a, xmm1 = b, rbx = &a, rcx = &b; what it leaves in xmm0, MXCSR and rax. */
  const run = (code: string, a: string, b: string, mxcsr = 0x1f80, more: Parameters<Machine['run']>[1] = {}) => {
    for (const [address, value] of [
      [A, parse(a)],
      [B, parse(b)],
    ] as const) {
      m.poke(address, 64, value[0]);
      m.poke(address + 8, 64, value[1]);
    }
    m.poke(CONTROL, 32, mxcsr);
    const registers = { rbx: A, rcx: B, rdx: CONTROL, ...more };
    const result = m.run(`${PROLOGUE} ${code}`, registers, 'CAO', PROLOGUE_INSTRUCTIONS + 1);
    const { state } = m.cpu;
    const xmm0 = (state.vector64(0, 1) << 64n) | state.vector64(0, 0);
    return { ...result, xmm0: xmm0.toString(16).padStart(32, '0'), mxcsr: state.mxcsr };
  };
  const plain = (text: string) => text.replaceAll('_', '');

  const check = (name: string, lines: readonly (readonly [string, string, string, string])[]) =>
    test.each(lines)(`${name}: %s`, (code, a, b, expected) => {
      const r = run(code, a, b);
      expect([r.end, r.xmm0]).toEqual(['', plain(expected)]);
    });

  const X = '00112233_44556677_8899aabb_ccddeeff';
  const Y = '0f0e0d0c_0b0a0908_07060504_03020100';

  check('moves keep or clear the rest of the register', [
    ['f3 0f 10 c1', X, Y, '00112233_44556677_8899aabb_03020100'],
    ['f3 0f 10 01', X, Y, '00000000_00000000_00000000_03020100'],
    ['f2 0f 10 c1', X, Y, '00112233_44556677_07060504_03020100'],
    ['f2 0f 10 01', X, Y, '00000000_00000000_07060504_03020100'],
    ['f3 0f 7e c1', X, Y, '00000000_00000000_07060504_03020100'],
    ['66 0f d6 c8', X, Y, '00000000_00000000_07060504_03020100'],
    ['0f 12 01', X, Y, '00112233_44556677_07060504_03020100'],
    ['0f 12 c1', X, Y, '00112233_44556677_0f0e0d0c_0b0a0908'],
    ['0f 16 01', X, Y, '07060504_03020100_8899aabb_ccddeeff'],
    ['0f 16 c1', X, Y, '07060504_03020100_8899aabb_ccddeeff'],
    ['66 0f 6e c1', X, Y, `00000000_00000000_00000000_${B.toString(16).padStart(8, '0')}`],
  ]);

  check('lanes are rearranged', [
    ['0f 14 c1', X, Y, '07060504_8899aabb_03020100_ccddeeff'],
    ['66 0f 15 c1', X, Y, '0f0e0d0c_0b0a0908_00112233_44556677'],
    ['66 0f 60 c1', X, Y, '07880699_05aa04bb_03cc02dd_01ee00ff'],
    ['66 0f 6a c1', X, Y, '0f0e0d0c_00112233_0b0a0908_44556677'],
    ['66 0f 70 c1 1b', X, Y, '03020100_07060504_0b0a0908_0f0e0d0c'],
    ['f2 0f 70 c1 39', X, Y, '0f0e0d0c_0b0a0908_01000706_05040302'],
    ['f3 0f 70 c1 93', X, Y, '0d0c0b0a_09080f0e_07060504_03020100'],
    ['0f c6 c1 4e', X, Y, '07060504_03020100_00112233_44556677'],
    ['66 0f c6 c1 01', X, Y, '07060504_03020100_00112233_44556677'],
    ['66 0f c4 c1 0b', X, Y, `00112233_44556677_${(B & 0xffff).toString(16).padStart(4, '0')}aabb_ccddeeff`],
    ['66 0f 73 d8 03', X, Y, '00000000_11223344_55667788_99aabbcc'],
    ['66 0f 73 f8 10', X, Y, '00000000_00000000_00000000_00000000'],
  ]);

  const words = '7fff8000_ffff0001_00028001_7fff0000';
  check('packed integers', [
    ['66 0f fd c1', words, words, 'fffe0000_fffe0002_00040002_fffe0000'],
    ['66 0f ed c1', words, words, '7fff8000_fffe0002_00048000_7fff0000'],
    ['66 0f dd c1', words, words, 'fffeffff_ffff0002_0004ffff_fffe0000'],
    ['66 0f e5 c1', words, words, '3fff4000_00000000_00003fff_3fff0000'],
    ['66 0f e4 c1', words, words, '3fff4000_fffe0000_00004001_3fff0000'],
    [
      '66 0f f5 c1',
      '80008000_00010001_7fff7fff_00000000',
      '80008000_ffff0002_80008000_00000000',
      '80000000_00000001_80010000_00000000',
    ],
    ['66 0f 63 c1', words, '00ff007f_ff80ff7f_00000001_80007fff', '7f7f8080_0001807f_7f80ff01_02807f00'],
    ['66 0f 67 c1', words, '00ff007f_ff80ff7f_00000001_80007fff', 'ff7f0000_000100ff_ff000001_0200ff00'],
    ['66 0f f6 c1', X, Y, '00000000_0000019e_00000000_00000600'],
    [
      '66 0f f4 c1',
      'ffffffff_ffffffff_ffffffff_00000003',
      '00000000_ffffffff_00000000_00000005',
      'fffffffe_00000001_00000000_0000000f',
    ],
    ['66 0f e0 c1', X, Y, '08101820_28303840_48505860_68707880'],
  ]);

  check('shifts beyond the width leave zeros or signs', [
    ['66 0f d1 c1', X, '00000000_00000000_00000000_00000004', '00010223_04450667_08890aab_0ccd0eef'],
    ['66 0f d1 c1', X, '00000000_00000000_00000001_00000000', '00000000_00000000_00000000_00000000'],
    ['66 0f e1 c1', X, '00000000_00000000_00000000_00000010', '00000000_00000000_ffffffff_ffffffff'],
    ['66 0f 72 e0 ff', X, Y, '00000000_00000000_ffffffff_ffffffff'],
    ['66 0f 73 f0 40', X, Y, '00000000_00000000_00000000_00000000'],
    ['66 0f 73 f0 3f', X, Y, '80000000_00000000_80000000_00000000'],
  ]);

  test('masks and words go to general registers', () => {
    expect(run('66 0f d7 c0', X, Y, 0x1f80, { rax: -1 }).reg('rax')).toBe(0x00ffn);
    expect(run('0f 50 c0', X, Y, 0x1f80, { rax: -1 }).reg('rax')).toBe(0b0011n);
    expect(run('66 0f 50 c0', X, Y, 0x1f80, { rax: -1 }).reg('rax')).toBe(0b01n);
    expect(run('66 0f c5 c0 0e', X, Y, 0x1f80, { rax: -1 }).reg('rax')).toBe(0x2233n);
    expect(run('66 48 0f 7e c0', X, Y).reg('rax')).toBe(0x8899aabbccddeeffn);
    expect(run('66 0f 7e c0', X, Y, 0x1f80, { rax: -1 }).reg('rax')).toBe(0xccddeeffn);
  });

  const one = '00000000_00000000_3ff00000_00000000';
  const third = '00000000_00000000_40080000_00000000';

  test('precision is sticky, exact results leave no trace', () => {
    expect(run('f2 0f 58 c1', one, third)).toMatchObject({
      xmm0: plain('00000000_00000000_40100000_00000000'),
      mxcsr: 0x1f80,
    });
    expect(run('f2 0f 5e c1', one, third)).toMatchObject({
      xmm0: plain('00000000_00000000_3fd55555_55555555'),
      mxcsr: 0x1fa0,
    });
    expect(run('f2 0f 5e c1', one, third, 0x5f80)).toMatchObject({
      xmm0: plain('00000000_00000000_3fd55555_55555556'),
      mxcsr: 0x5fa0,
    });
    expect(run('f2 0f 58 c1', one, third, 0x1fa0).mxcsr).toBe(0x1fa0);
  });

  test('NaNs: the first operand goes through, quietened; invalid operations give the default one', () => {
    const signalling = '00000000_00000000_7ff00000_00000123';
    const quiet = '00000000_00000000_fff80000_00000456';
    expect(run('f2 0f 59 c1', signalling, quiet)).toMatchObject({
      xmm0: plain('00000000_00000000_7ff80000_00000123'),
      mxcsr: 0x1f81,
    });
    expect(run('f2 0f 59 c1', quiet, one)).toMatchObject({ xmm0: plain(quiet), mxcsr: 0x1f80 });
    expect(run('f2 0f 51 c1', one, '00000000_00000000_bff00000_00000000')).toMatchObject({
      xmm0: plain('00000000_00000000_fff80000_00000000'),
      mxcsr: 0x1f81,
    });
    // MINSD and MAXSD answer with the second operand, as it is.
    expect(run('f2 0f 5d c1', one, signalling)).toMatchObject({ xmm0: plain(signalling), mxcsr: 0x1f81 });
    expect(run('f2 0f 5f c1', signalling, one)).toMatchObject({ xmm0: plain(one), mxcsr: 0x1f81 });
  });

  test('unmasked exceptions are #XM, set their flags and write nothing', () => {
    const r = run('f2 0f 5e c1', one, '00000000_00000000_00000000_00000000', 0x1d80);
    expect([r.end, r.xmm0, r.mxcsr]).toEqual(['#XM', plain(one), 0x1d84]);
    const inexact = run('f2 0f 5e c1', one, third, 0x0f80);
    expect([inexact.end, inexact.xmm0, inexact.mxcsr]).toEqual(['#XM', plain(one), 0x0fa0]);
    // Lane 1 divides by zero, unmasked: that lane 0 is inexact is not seen.
    const packed = run(
      '66 0f 5e c1',
      '3ff00000_00000000_3ff00000_00000000',
      '00000000_00000000_40080000_00000000',
      0x1d80,
    );
    expect([packed.end, packed.mxcsr]).toEqual(['#XM', 0x1d84]);
  });

  test('denormals raise DE, or are zeros under DAZ; tiny results are zeros under FTZ', () => {
    const denormal = '00000000_00000000_00000000_00000001';
    expect(run('f2 0f 58 c1', one, denormal)).toMatchObject({ xmm0: plain(one), mxcsr: 0x1fa2 });
    expect(run('f2 0f 58 c1', one, denormal, 0x1fc0)).toMatchObject({ xmm0: plain(one), mxcsr: 0x1fc0 });
    const tiny = '00000000_00000000_00100000_00000001';
    const half = '00000000_00000000_3fe00000_00000000';
    expect(run('f2 0f 59 c1', tiny, half)).toMatchObject({
      xmm0: plain('00000000_00000000_00080000_00000000'),
      mxcsr: 0x1fb0,
    });
    expect(run('f2 0f 59 c1', tiny, half, 0x9f80)).toMatchObject({ xmm0: '0'.repeat(32), mxcsr: 0x9fb0 });
  });

  test('comparisons', () => {
    const nan = '00000000_00000000_7ff80000_00000000';
    expect(run('66 0f 2e c1', one, third).flags).toBe('C');
    expect(run('66 0f 2e c1', third, one).flags).toBe('');
    expect(run('66 0f 2e c1', one, one).flags).toBe('Z');
    expect(run('66 0f 2e c1', one, nan)).toMatchObject({ flags: 'CPZ', mxcsr: 0x1f80 });
    expect(run('66 0f 2f c1', one, nan)).toMatchObject({ flags: 'CPZ', mxcsr: 0x1f81 });
    expect(run('f2 0f c2 c1 01', one, third).xmm0).toBe(plain('00000000_00000000_ffffffff_ffffffff'));
    expect(run('f2 0f c2 c1 05', one, third).xmm0).toBe(plain('00000000_00000000_00000000_00000000'));
    expect(run('f2 0f c2 c1 06', one, nan)).toMatchObject({
      xmm0: plain('00000000_00000000_ffffffff_ffffffff'),
      mxcsr: 0x1f81,
    });
    // Only the low three bits of the predicate count.
    expect(run('f2 0f c2 c1 f9', one, third).xmm0).toBe(plain('00000000_00000000_ffffffff_ffffffff'));
  });

  test('conversions', () => {
    const big = '00000000_00000000_41e00000_00000000'; // 2**31
    expect(run('f2 0f 2c c1', one, big)).toMatchObject({ mxcsr: 0x1f81 });
    expect(run('f2 0f 2c c1', one, big).reg('rax')).toBe(0x80000000n);
    expect(run('f2 48 0f 2c c1', one, big).reg('rax')).toBe(0x80000000n);
    expect(run('f2 48 0f 2c c1', one, big).mxcsr).toBe(0x1f80);
    const minus = '00000000_00000000_c0040000_00000000'; // -2.5
    expect(run('f2 0f 2c c1', one, minus).reg('rax')).toBe(0xfffffffen);
    expect(run('f2 0f 2d c1', one, minus, 0x3f80).reg('rax')).toBe(0xfffffffdn);
    expect(run('f2 0f 2d c1', one, minus)).toMatchObject({ mxcsr: 0x1fa0 });
    expect(run('f3 0f e6 c1', X, '00000000_00000000_ffffffff_00000003').xmm0).toBe(
      plain('bff00000_00000000_40080000_00000000'),
    );
    expect(run('66 0f 5a c1', X, '3ff00000_00000000_40080000_00000000').xmm0).toBe(
      plain('00000000_00000000_3f800000_40400000'),
    );
    expect(run('f2 48 0f 2a c1', X, one, 0x1f80, { rcx: B }).xmm0.slice(0, 16)).toBe(plain('00112233_44556677'));
  });

  test('16-byte operands in memory must be aligned, except for the unaligned moves', () => {
    expect(run('0f 28 41 01', X, Y).end).toBe('#GP(0)');
    expect(run('66 0f fe 41 08', X, Y).end).toBe('#GP(0)');
    expect(run('0f 29 43 04', X, Y).end).toBe('#GP(0)');
    expect(run('66 0f e7 03', X, Y).end).toBe('');
    expect(run('0f 10 41 01', X, Y).end).toBe('');
    expect(run('f3 0f 58 41 01', X, Y).end).toBe('');
    expect(run('0f 28 00', X, Y, 0x1f80, { rax: MAP.end }).end).toBe('#PF(4) at 603000');
    expect(run('0f 10 40 f8', X, Y, 0x1f80, { rax: MAP.end }).end).toBe('#PF(4) at 603000');
    expect(run('0f 11 40 f8', X, Y, 0x1f80, { rax: MAP.readOnly }).end).toBe('#PF(7) at 602000');
  });

  test('MXCSR has reserved bits', () => {
    m.poke(MAP.data, 32, 0x10000);
    expect(run('0f ae 10', X, Y, 0x1f80, { rax: MAP.data })).toMatchObject({ end: '#GP(0)', mxcsr: 0x1f80 });
    m.poke(MAP.data, 32, 0xffff);
    expect(run('0f ae 10', X, Y, 0x1f80, { rax: MAP.data })).toMatchObject({ end: '', mxcsr: 0xffff });
    expect(run('0f ae 18', X, Y, 0x7fc0, { rax: MAP.data }).mem(MAP.data, 32)).toBe(0x7fc0n);
  });

  test('FXSAVE and FXRSTOR', () => {
    const area = MAP.data + 0x200;
    m.bytes(area, 512).fill(0xa5);
    const saved = run('48 0f ae 00', X, Y, 0x3f80, { rax: area });
    expect(saved.end).toBe('');
    expect([saved.mem(area, 16), saved.mem(area + 24, 32), saved.mem(area + 28, 32)]).toEqual([
      0x37fn,
      0x3f80n,
      0xffffn,
    ]);
    expect([saved.mem(area + 160), saved.mem(area + 168), saved.mem(area + 176)]).toEqual([...parse(X), parse(Y)[0]]);
    expect(saved.mem(area + 416)).toBe(0xa5a5a5a5a5a5a5a5n);
    m.poke(area + 160, 64, 7);
    const restored = run('48 0f ae 08', Y, Y, 0x1f80, { rax: area });
    expect([restored.end, restored.mxcsr, restored.xmm0]).toEqual([
      '',
      0x3f80,
      plain('00112233_44556677_00000000_00000007'),
    ]);
    m.poke(area + 24, 32, 0xffff0000n);
    expect(run('48 0f ae 08', Y, Y, 0x1f80, { rax: area })).toMatchObject({
      end: '#GP(0)',
      mxcsr: 0x1f80,
      xmm0: plain(Y),
    });
    expect(run('48 0f ae 00', X, Y, 0x1f80, { rax: area + 8 }).end).toBe('#GP(0)');
    expect(run('48 0f ae 00', X, Y, 0x1f80, { rax: MAP.readOnly - 256 }).end).toBe('#PF(7) at 6020ff');
  });

  test('MASKMOVDQU writes the bytes whose mask is negative', () => {
    const at = MAP.data + 0x300;
    m.bytes(at, 16).fill(0x11);
    const r = run('66 0f f7 c1', X, '80000000_00000000_00000000_000080ff', 0x1f80, { rdi: at });
    expect([r.end, r.mem(at), r.mem(at + 8)]).toEqual(['', 0x111111111111eeffn, 0x0011111111111111n]);
    expect(run('66 0f f7 c1', X, '00', 0x1f80, { rdi: MAP.readOnly }).end).toBe('#PF(7) at 602000');
  });

  test('approximations are those of one maker, within the bound of all', () => {
    expect(run('f3 0f 53 c1', X, '40400000').xmm0).toBe(plain('00112233_44556677_8899aabb_3eaaa800'));
    const bound = 1.5 * 2 ** -12;
    const float = (bits: number) => new Float32Array(Uint32Array.of(bits).buffer)[0]!;
    for (let bits = 0x00800000; bits < 0x7e000000; bits += 0x00234567) {
      const [r, q] = ['0f 53 c1', '0f 52 c1'].map((code) => {
        const { xmm0, mxcsr } = run(code, X, bits.toString(16).padStart(8, '0').repeat(4));
        expect([mxcsr, xmm0]).toEqual([0x1f80, xmm0.slice(0, 8).repeat(4)]);
        return float(Number.parseInt(xmm0.slice(0, 8), 16));
      }) as [number, number];
      expect(Math.abs(r * float(bits) - 1)).toBeLessThan(bound);
      expect(Math.abs(q * Math.sqrt(float(bits)) - 1)).toBeLessThan(bound);
    }
  });
});
