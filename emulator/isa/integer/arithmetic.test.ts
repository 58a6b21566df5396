import { describe, expect, test } from 'vitest';
import { CODE, KINDS, MAP, Machine, STACK } from './testing.ts';

describe.each(KINDS)('%s', (kind) => {
  const m = new Machine(kind);
  const MIN64 = 1n << 63n;

  /** code, rax before, rbx before, flags before, rax after, flags after */
  type Line = readonly [string, bigint | number, bigint | number, string, bigint | number, string];

  const check = (name: string, lines: readonly Line[]) =>
    test.each(lines)(`${name}: %s with %s, %s, flags '%s'`, (code, rax, rbx, flags, result, flagsAfter) => {
      const r = m.run(code, { rax, rbx }, flags);
      expect(r.end).toBe('');
      expect([r.reg('rax').toString(16), r.flags]).toEqual([BigInt(result).toString(16), flagsAfter]);
    });

  describe('sums and differences', () => {
    check('add', [
      ['48 01 d8', 0xffffffffffffffffn, 1, '', 0, 'CPAZ'],
      ['48 01 d8', 0x7fffffffffffffffn, 1, '', MIN64, 'PASO'],
      ['01 d8', 0xffffffff_80000000n, 0x80000000, '', 0, 'CPZO'],
      ['66 01 d8', 0x1234_7fffn, 1, '', 0x1234_8000n, 'PASO'],
      ['00 d8', 0x12ff, 1, '', 0x1200, 'CPAZ'],
      ['04 7f', 1, 0, '', 0x80, 'ASO'],
      ['48 05 00 00 00 80', 0, 0, '', 0xffffffff_80000000n, 'PS'],
      ['83 c0 ff', 0xff_00000001n, 0, '', 0, 'CPAZ'],
    ]);
    check('adc', [
      ['48 11 d8', 0xffffffffffffffffn, 0, 'C', 0, 'CPAZ'],
      ['48 11 d8', 0xffffffffffffffffn, 0xffffffffffffffffn, 'C', 0xffffffffffffffffn, 'CPAS'],
      ['10 d8', 0x7f, 0, 'C', 0x80, 'ASO'],
    ]);
    check('sbb', [
      ['48 19 d8', 0, 0xffffffffffffffffn, 'C', 0, 'CPAZ'],
      ['19 d8', 0, 0, 'C', 0xffffffffn, 'CPAS'],
      ['18 d8', 0x80, 0x7f, 'C', 0, 'PAZO'],
    ]);
    check('sub, cmp, neg', [
      ['48 29 d8', MIN64, 1, '', 0x7fffffffffffffffn, 'PAO'],
      ['39 d8', 5, 6, '', 5, 'CPAS'],
      ['3c 05', 5, 0, 'CO', 5, 'PZ'],
      ['48 f7 d8', MIN64, 0, '', MIN64, 'CPSO'],
      ['f7 d8', 0xff_00000000n, 0, 'CAO', 0, 'PZ'],
    ]);
    check('inc and dec keep CF', [
      ['48 ff c0', 0xffffffffffffffffn, 0, 'C', 0, 'CPAZ'],
      ['fe c0', 0x7f, 0, '', 0x80, 'ASO'],
      ['ff c8', 0, 0, 'C', 0xffffffffn, 'CPAS'],
      ['66 ff c8', 0x8000, 0, '', 0x7fff, 'PAO'],
    ]);
    check('logic clears CF, OF and AF', [
      ['48 21 d8', 0xff00, 0x0ff0, 'CAO', 0x0f00, 'P'],
      ['09 d8', 0x80000000n, 1, 'CAO', 0x80000001n, 'S'],
      ['30 c0', 0x1234, 0, 'CAOS', 0x1200, 'PZ'],
      ['f7 d0', 0xff_0000ffffn, 0, 'CPAZSO', 0xffff0000n, 'CPAZSO'],
      ['f6 c8 80', 0x80, 0, 'C', 0x80, 'S'], // the second encoding of TEST
    ]);
  });

  describe('products', () => {
    check('mul keeps SF, ZF, AF, PF', [
      ['f6 e3', 0xff, 3, '', 0x2fd, 'CO'],
      ['f6 e3', 0x34, 3, 'CPAZSO', 0x9c, 'PAZS'],
      ['48 f7 e3', MIN64, 3, 'PAZS', MIN64, 'CPAZSO'],
      ['f6 eb', 0xff, 3, '', 0xfffd, ''],
      ['66 0f af c3', 0xbeef, 3, '', 0x3ccd, 'CO'],
      ['48 6b c0 f9', 3, 0, 'CO', BigInt.asUintN(64, -21n), ''],
      ['69 c3 00 00 00 40', 0, 4, '', 0, 'CO'],
    ]);
    test('the high half goes to rdx', () => {
      expect(m.run('48 f7 e3', { rax: MIN64, rbx: 6 }).reg('rdx')).toBe(3n);
      expect(m.run('48 f7 eb', { rax: MIN64, rbx: 6 }).reg('rdx')).toBe(BigInt.asUintN(64, -3n));
      expect(m.run('f7 e3', { rax: 0x80000000, rbx: 6, rdx: -1 }).reg('rdx')).toBe(3n);
    });
  });

  describe('quotients', () => {
    /** code, rdx, rax, divisor, quotient, remainder */
    test.each([
      ['48 f7 f3', 1n, 0n, 3n, 0x5555555555555555n, 1n],
      ['48 f7 f3', 0n, 100n, 7n, 14n, 2n],
      ['f7 f3', 1n, 0n, 3n, 0x55555555n, 1n],
      ['48 f7 fb', -1n, -100n, 7n, -14n, -2n],
      ['48 f7 fb', -1n, -MIN64, -MIN64, 1n, 0n],
      ['48 f7 fb', -2n, 0n, 4n, -MIN64, 0n],
      ['48 f7 fb', 0n, 100n, -1n, -100n, 0n],
    ])('%s of %s:%s by %s', (code, rdx, rax, rbx, quotient, remainder) => {
      const r = m.run(code, { rdx, rax, rbx }, 'CPZSO');
      expect([r.end, r.reg('rax'), r.reg('rdx')]).toEqual([
        '',
        BigInt.asUintN(64, quotient),
        BigInt.asUintN(64, remainder),
      ]);
      expect(r.flags).toBe('CAO');
    });
    test('bytes divide AX', () => {
      expect(m.run('f6 f3', { rax: 0x12_0407, rbx: 5 }).reg('rax')).toBe(0x12_01cen);
      expect(m.run('f6 fb', { rax: 0xffdf, rbx: 5 }).reg('rax')).toBe(0xfdfan); // -33 = 5 * -6 - 3
    });
    test.each([
      ['48 f7 f3', 0n, 1n, 0n],
      ['48 f7 f3', 3n, 0n, 3n],
      ['48 f7 fb', 0n, 1n, 0n],
      ['48 f7 fb', -1n, -MIN64, -1n],
      ['48 f7 fb', 2n, 0n, 4n],
      ['f7 fb', 0xffffffffn, 0x80000000n, -1n],
      ['f7 fb', 0x80000000n, 0n, -1n],
      ['66 f7 fb', 0xffffn, 0x8000n, -1n],
      ['f6 fb', 0n, 0xff80n, -1n],
      ['f6 f3', 0n, 0x500n, 5n],
    ])('%s of %s:%s by %s is #DE and changes nothing', (code, rdx, rax, rbx) => {
      const r = m.run(code, { rdx, rax, rbx }, 'PS');
      expect([r.end, r.reg('rax'), r.reg('rdx'), r.flags, r.rip]).toEqual([
        '#DE',
        BigInt.asUintN(64, rax),
        BigInt.asUintN(64, rdx),
        'PS',
        CODE,
      ]);
    });
  });

  test('a destination in memory must be writable even where the value stays', () => {
    expect(m.run('83 00 00', { rax: MAP.readOnly }).end).toBe('#PF(7) at 602000');
    expect(m.run('83 38 00', { rax: MAP.readOnly }).end).toBe('');
    m.poke(STACK, 32, 0xffffffff);
    const r = m.run('f0 83 04 24 01');
    expect([r.mem(STACK, 32), r.flags]).toEqual([0n, 'CPAZ']);
  });

  test.each(['f0 39 00', 'f0 01 d8', 'f0 03 00', 'f0 84 00', 'f0 d0 00', 'f0 89 00', 'f0 0f a3 00'])(
    'LOCK must not stand in %s',
    (code) => expect(m.run(code, { rax: STACK }).end).toBe('#UD'),
  );
});
