import { describe, expect, it } from 'vitest';
import { type Feature, featuresOf } from '../features.ts';
import { KINDS, MAP, Machine } from './testing.ts';

const all = featuresOf('v3');
const without = (...names: Feature[]) => new Set([...all].filter((name) => !names.includes(name)));
const RANDOM = 0x8877665544332211n;

describe.each(KINDS)('system instructions in the %s', (kind) => {
  const run = (code: string, registers = {}) => new Machine(kind).run(code, registers);

  it('tells time and processor with RDTSCP and RDPID', () => {
    const r = run('0f 01 f9', { rax: -1, rcx: -1, rdx: -1 });
    expect([r.reg('rax'), r.reg('rdx'), r.reg('rcx')]).toEqual([0x55667788n, 0x11223344n, 0n]);
    expect(run('f3 0f c7 f8', { rax: -1 }).reg('rax')).toBe(0n);
    expect(run('f3 0f c7 3f', { rdi: MAP.data }).end).toBe('#UD');
  });

  it.each([
    ['0f c7 f0', 0x44332211n],
    ['48 0f c7 f0', RANDOM],
    ['66 0f c7 f0', 0xffffffffffff2211n],
    ['66 48 0f c7 f8', RANDOM],
    ['0f c7 f8', 0x44332211n],
  ])('draws random numbers with %s', (code, expected) => {
    const r = new Machine(kind, all, [RANDOM]).run(code, { rax: -1 }, 'PAZSO');
    expect([r.reg('rax'), r.flags]).toEqual([expected, 'C']);
  });

  it('knows no other forms of RDRAND', () => {
    for (const code of ['f2 0f c7 f0', 'f3 0f c7 f0', 'f0 0f c7 f0', '0f c7 37']) {
      expect(run(code, { rdi: MAP.data }).end).toBe('#UD');
    }
  });

  it('reads and writes the bases of FS and GS', () => {
    const m = new Machine(kind);
    expect(m.run('f3 48 0f ae d0', { rax: 0x123456789abcn }).end).toBe('');
    expect(m.cpu.state.fsBase).toBe(0x123456789abcn);
    m.keep = (state) => {
      state.fsBase = 0x123456789abcn;
      state.gsBase = 0xffff800000000000n;
    };
    expect(m.run('f3 48 0f ae c0').reg('rax')).toBe(0x123456789abcn);
    expect(m.run('f3 0f ae c0', { rax: -1 }).reg('rax')).toBe(0x56789abcn);
    expect(m.run('66 f3 0f ae c0', { rax: -1 }).reg('rax')).toBe(0x56789abcn);
    expect(m.run('f3 48 0f ae c8').reg('rax')).toBe(0xffff800000000000n);
    m.run('f3 0f ae d8', { rax: -1 });
    expect(m.cpu.state.gsBase).toBe(0xffffffffn);
    expect(m.run('f3 48 0f ae d8', { rax: 1n << 47n }).end).toBe('#GP(0)');
    expect(m.cpu.state.gsBase).toBe(0xffff800000000000n);
    // A base that was written takes effect at once.
    m.poke(MAP.data + 0x10, 64, 0x77n);
    expect(m.run('f3 48 0f ae d8 65 48 8b 01', { rax: MAP.data, rcx: 0x10, rdx: 0 }, '', 2).reg('rax')).toBe(0x77n);
  });

  it('tells of its kernel what Linux makes up', () => {
    const m = new Machine(kind);
    expect(m.run('0f 01 07', { rdi: MAP.data }).mem(MAP.data + 2)).toBe(0xfffffffffffe0000n);
    expect(m.run('0f 01 0f', { rdi: MAP.data }).mem(MAP.data)).toBe(0xffffffff00000000n & 0xffffffffffff0000n);
    expect(run('0f 01 07', { rdi: 0 }).end).toBe('#PF(6) at 0');
    expect(run('0f 00 c0', { rax: -1 }).reg('rax')).toBe(0xffffffff00000000n);
    expect(run('48 0f 00 c8', { rax: -1 }).reg('rax')).toBe(0x40n);
    expect(run('66 0f 01 e0', { rax: -1 }).reg('rax')).toBe(0xffffffffffff0033n);
    expect(run('0f 01 e0', { rax: -1 }).reg('rax')).toBe(0xffffffff80050033n);
    m.poke(MAP.data, 64, -1n);
    expect(m.run('0f 01 27', { rdi: MAP.data }).mem(MAP.data)).toBe(0xffffffffffff0033n);
  });

  it.each(['0f 33', '0f 09', 'f3 0f 09', '0f 08', '0f 32', 'f4'])('leaves %s to the kernel', (code) => {
    expect(run(code).end).toBe('#GP(0)');
  });

  it('faults at what cannot be read when a line is to be flushed, but not when it is to be fetched', () => {
    for (const code of ['0f ae 3f', '66 0f ae 3f', '66 0f ae 37']) {
      expect(run(code, { rdi: 0 }).end).toBe('#PF(4) at 0');
      expect(run(code, { rdi: 1n << 60n }).end).toBe('#GP(0)');
      expect(run(code, { rdi: MAP.readOnly }).end).toBe('');
    }
    for (const code of ['0f 0d 0f', '0f 0d 17', '0f 0d 07', '0f 18 07']) expect(run(code, { rdi: 0 }).end).toBe('');
    expect(run('0f 0d c8').end).toBe('#UD');
  });

  it('passes over what newer processors have in the space of NOP', () => {
    // ENDBR64, ENDBR32, RDSSPD, RDSSPQ, CLDEMOTE
    for (const code of ['f3 0f 1e fa', 'f3 0f 1e fb', 'f3 0f 1e c8', 'f3 48 0f 1e c8', '0f 1c 07']) {
      const r = run(code, { rax: 5, rdi: 0 });
      expect([r.end, r.reg('rax')]).toEqual(['', 5n]);
    }
  });

  it.each([
    ['INCSSPQ', 'f3 48 0f ae e8'],
    ['SERIALIZE', '0f 01 e8'],
    ['RDPKRU', '0f 01 ee'],
    ['XTEST', '0f 01 d6'],
    ['XBEGIN', 'c7 f8 00 00 00 00'],
    ['MONITOR', '0f 01 c8'],
    ['VMCALL', '0f 01 c1'],
    ['XSAVES', '0f c7 2f'],
    ['SYSENTER', '0f 34'],
    ['TPAUSE', '66 0f ae f0'],
  ])('has no %s', (_, code) => {
    expect(run(code).end).toBe('#UD');
  });

  it.each([
    ['RDTSCP', '0f 01 f9'],
    ['RDPID', 'f3 0f c7 f8'],
    ['RDRAND', '0f c7 f0'],
    ['RDSEED', '0f c7 f8'],
    ['FSGSBASE', 'f3 48 0f ae c0'],
    ['CLFLUSHOPT', '66 0f ae 3f'],
    ['CLWB', '66 0f ae 37'],
    ['LAHF-SAHF', '9f'],
    ['CMPXCHG16B', '48 0f c7 0f'],
  ] as const)('has no %s unless it is announced', (feature, code) => {
    const registers = { rdi: MAP.data };
    expect(run(code, registers).end).toBe('');
    expect(new Machine(kind, without(feature)).run(code, registers).end).toBe('#UD');
  });

  it('takes encodings of features that are not announced for what they were before', () => {
    // TZCNT and LZCNT are BSF and BSR with a prefix that means nothing; PREFETCHW a hint.
    const before = without('BMI1', 'LZCNT', 'PREFETCHW');
    expect(run('f3 0f bc c1', { rcx: 8 }).reg('rax')).toBe(3n);
    expect(new Machine(kind, before).run('f3 0f bc c1', { rcx: 8 }).reg('rax')).toBe(3n);
    expect(run('f3 0f bd c1', { rcx: 8 }).reg('rax')).toBe(28n);
    expect(new Machine(kind, before).run('f3 0f bd c1', { rcx: 8 }).reg('rax')).toBe(3n);
    expect(new Machine(kind, before).run('0f 0d 0f', { rdi: 0 }).end).toBe('');
  });
});
