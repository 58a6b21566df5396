import { describe, expect, test } from 'vitest';
import { type REG, RFLAGS } from '../../state.ts';
import { CODE, KINDS, MAP, Machine, STACK } from './testing.ts';

describe.each(KINDS)('%s', (kind) => {
  const m = new Machine(kind);

  describe('branches', () => {
    test('near calls and returns', () => {
      const call = m.run('e8 10 00 00 00');
      expect([call.rip, call.mem(STACK - 8), call.reg('rsp')]).toEqual([
        CODE + 21,
        BigInt(CODE + 5),
        BigInt(STACK - 8),
      ]);
      m.poke(STACK, 64, 0x401234);
      const ret = m.run('c2 10 00');
      expect([ret.rip, ret.reg('rsp')]).toEqual([0x401234, BigInt(STACK + 24)]);
      expect(m.run('ff e0', { rax: 0x1234 }).rip).toBe(0x1234);
      expect(m.run('ff 14 24').rip).toBe(0x401234);
    });

    test('non-canonical targets are refused before the stack moves', () => {
      m.poke(STACK, 64, 1n << 47n);
      for (const code of ['c3', 'c2 10 00', 'ff 14 24', 'ff e0']) {
        const r = m.run(code, { rax: 1n << 47n });
        expect([r.end, r.rip, r.reg('rsp')]).toEqual(['#GP(0)', CODE, BigInt(STACK)]);
      }
    });

    test('conditions, LOOP and JRCXZ', () => {
      expect(m.run('74 7f', {}, 'Z').rip).toBe(CODE + 2 + 0x7f);
      expect(m.run('74 7f').rip).toBe(CODE + 2);
      expect(m.run('0f 8f 00 ff ff ff').rip).toBe(CODE + 6 - 0x100);
      const loop = m.run('e2 10', { rcx: 2 });
      expect([loop.rip, loop.reg('rcx')]).toEqual([CODE + 18, 1n]);
      const short = m.run('67 e2 10', { rcx: (1n << 32n) + 1n });
      expect([short.rip, short.reg('rcx')]).toEqual([CODE + 3, 0n]);
      expect(m.run('e1 10', { rcx: 2 }).rip).toBe(CODE + 2);
      expect(m.run('e1 10', { rcx: 2 }, 'Z').rip).toBe(CODE + 18);
      expect(m.run('e0 10', { rcx: 2 }, 'Z').rip).toBe(CODE + 2);
      expect(m.run('e3 10', { rcx: 1n << 32n }).rip).toBe(CODE + 2);
      expect(m.run('67 e3 10', { rcx: 1n << 32n }).rip).toBe(CODE + 19);
    });

    test('far transfers within the 64-bit code segment', () => {
      m.poke(STACK, 32, 0x401234);
      m.poke(STACK + 4, 32, 0x33);
      const ret = m.run('ca 04 00');
      expect([ret.end, ret.rip, ret.reg('rsp')]).toEqual(['', 0x401234, BigInt(STACK + 12)]);
      expect(m.run('ff 2c 24').rip).toBe(0x401234);
      const call = m.run('ff 1c 24');
      expect([call.rip, call.reg('rsp'), call.mem(STACK - 8)]).toEqual([
        0x401234,
        BigInt(STACK - 8),
        (0x33n << 32n) | BigInt(CODE + 3),
      ]);
      m.poke(STACK + 4, 32, 0x23);
      expect(m.run('cb').end).toBe('#GP(20)');
    });

    test('IRETQ restores instruction pointer, flags and stack', () => {
      for (const [n, word] of [0x401234, 0x33, 0x4c5, 0x7ffe0000, 0x2b].entries()) m.poke(STACK + n * 8, 64, word);
      const r = m.run('48 cf');
      expect([r.end, r.rip, r.flags, r.rflags & RFLAGS.DF, r.reg('rsp')]).toEqual([
        ...['', 0x401234, 'CPZS', RFLAGS.DF],
        0x7ffe0000n,
      ]);
      m.poke(STACK + 32, 64, 0x28);
      expect(m.run('48 cf').end).toBe('#GP(28)');
    });
  });

  describe('traps and faults', () => {
    test.each([
      ['cc', '#BP', 1],
      ['cd 03', '#BP', 2],
      ['cd 04', '#OF', 2],
      ['f1', '#DB', 1],
      ['cd 00', '#GP(2)', 0],
      ['cd 20', '#GP(102)', 0],
      ['cd 80', '#GP(402)', 0],
      ['0f 0b', '#UD', 0],
      ['0f 05', 'syscall', 2],
    ])('%s is %s', (code, end, length) => {
      const r = m.run(code);
      expect([r.end, r.rip]).toEqual([end, CODE + length]);
    });

    test('SYSCALL keeps rip and flags in rcx and r11', () => {
      const r = m.run('0f 05', {}, 'CZ');
      expect([r.reg('rcx'), r.reg('r11')]).toEqual([BigInt(CODE + 2), 0x243n]);
    });

    test.each([
      ...[
        'f4',
        'fa',
        'fb',
        'e4 10',
        'ed',
        'ef',
        '6c',
        'f3 6f',
        '0f 06',
        '0f 08',
        '0f 09',
        '0f 30',
        '0f 32',
        '0f 33',
        '0f 07',
      ],
      ...['0f 00 d0', '0f 01 10', '0f 01 18', '0f 01 f0'],
      ...['0f 01 38', '0f 01 f8', '0f 20 c0', '0f 22 d8', '0f 21 f8', '0f 23 c0'],
    ])('%s is for kernels', (code) => expect(m.run(code, { rax: STACK }).end).toBe('#GP(0)'));

    test.each([
      ...[
        '06',
        '07',
        '0e',
        '16',
        '17',
        '1e',
        '1f',
        '27',
        '2f',
        '37',
        '3f',
        '60',
        '61',
        '82 c0 00',
        '9a',
        'ce',
        'd4 0a',
      ],
      ...['d5 0a', 'd6', 'ea', '0f 34', '0f 35', '0f aa', '0f 01 c8', '0f 01 c9', '0f 20 c8'],
      ...['8e c8', '8e f0', '8c f0', 'fe d0', 'ff f8', 'c6 c8 00', '8f c8', '0f b8 c0', '0f ff'],
    ])('%s is no instruction', (code) => expect(m.run(code).end).toBe('#UD'));

    test.each(['90', 'f3 90', '66 90', 'f3 0f 1e fa', '0f 1f 44 00 00', '66 2e 0f 1f 84 00 00 00 00 00', '0f 19 c0'])(
      '%s does nothing',
      (code) => {
        const r = m.run(code, { rax: 1 }, 'CZ');
        expect([r.end, r.rip, r.flags]).toEqual(['', CODE + code.split(' ').length, 'CZ']);
      },
    );
  });

  describe('segments', () => {
    test('loading', () => {
      expect(m.run('8e e0', { rax: 0x2b }).end).toBe('');
      expect(m.cpu.state.word('fs')).toBe(0x2b);
      expect(m.run('8e d8', { rax: 0x33 }).end).toBe('');
      expect(m.run('8e d8', { rax: 3 }).end).toBe('');
      expect(m.run('8e e0', { rax: 8 }).end).toBe('#GP(8)');
      expect(m.run('8e e0', { rax: 0x63 }).end).toBe('#GP(60)');
      expect(m.run('8e e0', { rax: 0x2f }).end).toBe('#GP(2c)');
      expect(m.run('8e d0', { rax: 0x2b }).end).toBe('');
      expect(m.run('8e d0', { rax: 0x28 }).end).toBe('#GP(28)');
      expect(m.run('8e d0', { rax: 0 }).end).toBe('#GP(0)');
      m.poke(STACK, 64, 0x2b);
      const pop = m.run('0f a9');
      expect([pop.end, pop.reg('rsp'), m.cpu.state.word('gs')]).toEqual(['', BigInt(STACK + 8), 0x2b]);
      m.poke(STACK, 64, 0x13);
      expect(m.run('0f a1').reg('rsp')).toBe(BigInt(STACK));
    });

    test('storing', () => {
      expect(m.run('8c c8', { rax: -1 }).reg('rax')).toBe(0x33n);
      expect(m.run('66 8c d0', { rax: -1 }).reg('rax')).toBe(0xffffffffffff002bn);
      m.poke(MAP.data, 64, -1);
      expect(m.run('48 8c 08', { rax: MAP.data }).mem(MAP.data)).toBe(0xffffffffffff0033n);
      expect(m.run('0f a0').mem(STACK - 8)).toBe(0n);
    });

    // Read from Linux 6 on a Zen 4 processor.
    test.each([
      [0x23, 0xcffb00n, 0xffffffffn, true, false],
      [0x2b, 0xcff300n, 0xffffffffn, true, true],
      [0x33, 0xaffb00n, 0xffffffffn, true, false],
      [0x7b, 0x40f500n, 0n, true, false],
      [0x10, undefined, undefined, false, false],
      [0x2c, undefined, undefined, false, false],
      [0x00, undefined, undefined, false, false],
    ])('LAR, LSL, VERR, VERW of %s', (rbx, rights, limit, readable, writable) => {
      const lar = m.run('48 0f 02 c3', { rax: 5, rbx }, 'C');
      expect([lar.reg('rax'), lar.flags]).toEqual([rights ?? 5n, rights === undefined ? 'C' : 'CZ']);
      const lsl = m.run('48 0f 03 c3', { rax: 5, rbx });
      expect([lsl.reg('rax'), lsl.flags]).toEqual([limit ?? 5n, limit === undefined ? '' : 'Z']);
      expect(m.run('0f 00 e3', { rbx }).flags).toBe(readable ? 'Z' : '');
      expect(m.run('0f 00 eb', { rbx }).flags).toBe(writable ? 'Z' : '');
    });
  });

  test('RDTSC and CPUID', () => {
    const tsc = m.run('0f 31', { rax: -1, rdx: -1 });
    expect([tsc.reg('rax'), tsc.reg('rdx')]).toEqual([0x55667788n, 0x11223344n]);
    const id = m.run('0f a2', { rax: 0xff_00000001n, rcx: 0, rbx: -1, rdx: -1 });
    const has = (register: keyof typeof REG, bit: number) => ((id.reg(register) >> BigInt(bit)) & 1n) === 1n;
    // CX8, CMOV and CMPXCHG16B are there, and POPCNT, MOVBE and RDRAND; VMX, PCID and x2APIC are not.
    const present = [has('rdx', 8), has('rdx', 15), has('rcx', 13), has('rcx', 23), has('rcx', 22), has('rcx', 30)];
    expect(present).toEqual([true, true, true, true, true, true]);
    expect([has('rcx', 5), has('rcx', 17), has('rcx', 21)]).toEqual([false, false, false]);
  });
});
