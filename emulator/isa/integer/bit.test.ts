import { describe, expect, test } from 'vitest';
import { KINDS, MAP, Machine } from './testing.ts';

describe.each(KINDS)('%s', (kind) => {
  const m = new Machine(kind);
  const DATA = MAP.data + 0x100;

  describe('bit tests', () => {
    test('of registers take the number modulo the width and change CF alone', () => {
      const r = m.run('48 0f ab d8', { rax: 0, rbx: 64 + 5 }, 'CPAZSO');
      expect([r.reg('rax'), r.flags]).toEqual([32n, 'PAZSO']);
      expect(m.run('0f ba f0 25', { rax: 0xff_ffffffffn }).reg('rax')).toBe(0xffffffdfn);
      expect(m.run('0f bb d8', { rax: 1, rbx: 0 }).flags).toBe('C');
    });

    test('of memory reach beyond the operand, both ways', () => {
      m.bytes(DATA - 64, 128).fill(0);
      expect(m.run('48 0f ab 18', { rax: DATA, rbx: 64 * 3 + 9 }).mem(DATA + 24)).toBe(0x200n);
      expect(m.run('48 0f ab 18', { rax: DATA, rbx: -1 }).mem(DATA - 8)).toBe(1n << 63n);
      expect(m.run('0f ab 18', { rax: DATA, rbx: 0xffffffe0n }).mem(DATA - 4, 32)).toBe(0x80000001n);
      expect(m.run('66 0f ab 18', { rax: DATA, rbx: 0xff_0010n }).mem(DATA + 2, 16)).toBe(1n);
      // An immediate does not.
      expect(m.run('0f ba 28 21', { rax: DATA }).mem(DATA, 32)).toBe(0x10002n);
    });

    test('BT only reads', () => {
      expect(m.run('0f a3 18', { rax: MAP.readOnly, rbx: 0 }).end).toBe('');
      expect(m.run('0f b3 18', { rax: MAP.readOnly, rbx: 0 }).end).toBe('#PF(7) at 602000');
    });
  });

  describe('bit scans', () => {
    test.each<readonly [string, bigint, bigint, string]>([
      ['48 0f bc c3', 0n, -1n, 'PZ'],
      ['0f bc c3', 1n << 32n, -1n, 'PZ'], // of a 32-bit zero even the upper half stays
      ['48 0f bc c3', 1n << 40n, 40n, 'P'],
      ['0f bd c3', 0x80000000n, 31n, ''],
      ['66 0f bd c3', 0x1234n, -0x10000n + 12n, 'P'],
      ['f2 0f bd c3', 1n, 0n, 'P'],
    ])('%s of %s', (code, rbx, result, flags) => {
      const r = m.run(code, { rax: -1, rbx }, 'CAO');
      expect([r.reg('rax'), r.flags]).toEqual([BigInt.asUintN(64, result), flags]);
    });
  });

  describe('counts', () => {
    test.each<readonly [string, bigint, bigint, string]>([
      ['f3 0f bc c3', 8n, 3n, 'O'],
      ['f3 0f bc c3', 1n, 0n, 'ZO'],
      ['66 f3 0f bc c3', 0x10000n, -0x10000n + 16n, 'CO'],
      ['f3 48 0f bd c3', 0n, 64n, 'CO'],
      ['66 f3 0f bd c3', 0x80n, -0x10000n + 8n, 'O'],
      ['f3 0f bd c3', 0x80000000n, 0n, 'ZO'],
      ['f3 0f b8 c3', 0xf0f0n, 8n, ''],
      ['f3 48 0f b8 c3', 0n, 0n, 'Z'],
    ])('%s of %s', (code, rbx, result, flags) => {
      const r = m.run(code, { rax: -1, rbx }, 'CPASO');
      expect([r.reg('rax'), r.flags]).toEqual([BigInt.asUintN(64, result), flags]);
    });
  });

  describe('BMI', () => {
    const source = 0xfedcba9876543210n;
    test.each<readonly [string, string, bigint, bigint, string]>([
      ['ANDN', 'c4 e2 e0 f2 c1', 0xff00n, 0xfff0n, 'P'],
      ['BEXTR', 'c4 e2 f0 f7 c3', source, 0x0804n, 'PA'],
      ['BZHI', 'c4 e2 f0 f5 c3', source, 12n, ''],
      ['BZHI', 'c4 e2 f0 f5 c3', source, 64n, 'CS'],
      ['PEXT', 'c4 e2 e2 f5 c1', source, 0xff00f000n, 'CPASO'],
      ['PDEP', 'c4 e2 e3 f5 c1', source, 0xff00f000n, 'CPASO'],
      ['SHLX', 'c4 e2 f1 f7 c3', source, 68n, 'CPASO'],
      ['SARX', 'c4 e2 72 f7 c3', source, 36n, 'CPASO'],
      ['SHRX', 'c4 e2 f3 f7 c3', source, 68n, 'CPASO'],
      ['RORX', 'c4 e3 fb f0 c3 44', source, 0n, 'CPASO'],
    ])('%s', (name, code, rbx, rcx, flags) => {
      const expected: Record<string, bigint> = {
        ANDN: 0xf0n,
        BEXTR: 0x21n,
        BZHI: rcx === 64n ? source : 0x210n,
        PEXT: 0x763n,
        PDEP: 0x21000000n,
        SHLX: BigInt.asUintN(64, source << 4n),
        SARX: 0x7654321n,
        SHRX: source >> 4n,
        RORX: 0x0fedcba987654321n,
      };
      const r = m.run(code, { rbx, rcx }, 'CPASO');
      expect([r.reg('rax').toString(16), r.flags]).toEqual([expected[name]!.toString(16), flags]);
    });

    test('MULX: the high half wins when both go to one register', () => {
      const r = m.run('c4 e2 f3 f6 c3', { rdx: -1, rbx: 16 });
      expect([r.reg('rax'), r.reg('rcx')]).toEqual([15n, BigInt.asUintN(64, -16n)]);
      expect(m.run('c4 e2 fb f6 c3', { rdx: -1, rbx: 16 }).reg('rax')).toBe(15n);
    });

    test('carries in two chains', () => {
      const r = m.run('66 48 0f 38 f6 c3', { rax: -1, rbx: 0 }, 'CPAS');
      expect([r.reg('rax'), r.flags]).toEqual([0n, 'CPAS']);
      expect(m.run('f3 0f 38 f6 c3', { rax: -1, rbx: 1 }, 'C').flags).toBe('CO');
    });

    test('MOVBE', () => {
      m.poke(DATA, 64, 0x0102030405060708n);
      expect(m.run('48 0f 38 f0 03', { rbx: DATA }).reg('rax')).toBe(0x0807060504030201n);
      expect(m.run('66 0f 38 f0 03', { rax: -1, rbx: DATA }).reg('rax')).toBe(0xffffffffffff0807n);
      expect(m.run('0f 38 f1 03', { rax: 0x11223344, rbx: DATA }).mem(DATA, 32)).toBe(0x44332211n);
    });
  });

  describe('compare and exchange', () => {
    test('CMPXCHG in registers', () => {
      const equal = m.run('0f b1 cb', { rax: 0x1111111166666666n, rbx: 0x5555555566666666n, rcx: 0x7777777788888888n });
      expect([equal.reg('rbx'), equal.reg('rax'), equal.flags]).toEqual([0x88888888n, 0x1111111166666666n, 'PZ']);
      const other = m.run('0f b1 cb', { rax: 0x11111111_00000001n, rbx: 0x5555555566666666n, rcx: 7 });
      expect([other.reg('rbx'), other.reg('rax'), other.flags]).toEqual([0x5555555566666666n, 0x66666666n, 'CAS']);
    });

    test('CMPXCHG in memory writes either way', () => {
      m.poke(DATA, 32, 5);
      const r = m.run('f0 0f b1 0b', { rax: 5, rbx: DATA, rcx: 9 });
      expect([r.mem(DATA, 32), r.flags]).toEqual([9n, 'PZ']);
      expect(m.run('0f b1 0b', { rax: 1, rbx: MAP.readOnly, rcx: 9 }).end).toBe('#PF(7) at 602000');
    });

    test('XADD of a register with itself doubles it', () => {
      expect(m.run('0f c1 c0', { rax: 3 }).reg('rax')).toBe(6n);
      m.poke(DATA, 64, 40);
      const r = m.run('f0 48 0f c1 03', { rax: 2, rbx: DATA });
      expect([r.mem(DATA), r.reg('rax')]).toEqual([42n, 40n]);
    });

    test('pairs', () => {
      m.poke(DATA, 64, 0x2222222211111111n);
      const equal = m.run(
        '0f c7 0e',
        { rsi: DATA, rax: 0x11111111, rdx: 0x22222222, rbx: 0x33333333, rcx: 0x44444444 },
        'C',
      );
      expect([equal.mem(DATA), equal.flags]).toEqual([0x4444444433333333n, 'CZ']);
      const other = m.run('0f c7 0e', { rsi: DATA, rax: -1, rdx: -1 }, 'Z');
      expect([other.reg('rax'), other.reg('rdx'), other.flags]).toEqual([0x33333333n, 0x44444444n, '']);
      m.poke(DATA + 8, 64, 7);
      const wide = m.run('f0 48 0f c7 0e', { rsi: DATA, rax: 0x4444444433333333n, rdx: 7, rbx: 1, rcx: 2 });
      expect([wide.mem(DATA), wide.mem(DATA + 8), wide.flags]).toEqual([1n, 2n, 'Z']);
      expect(m.run('48 0f c7 0e', { rsi: DATA + 8 }).end).toBe('#GP(0)');
    });
  });
});
