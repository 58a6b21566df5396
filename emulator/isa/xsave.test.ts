import { describe, expect, it } from 'vitest';
import { KINDS, MAP, Machine } from './integer/testing.ts';

const AREA = MAP.data;
const XSAVE = '0f ae 27'; // xsave [rdi]
const XRSTOR = '0f ae 2f'; // xrstor [rdi]
const HEADER = AREA + 512;

describe.each(KINDS)('XSAVE in the %s', (kind) => {
  const saved = () => {
    const m = new Machine(kind);
    m.bytes(AREA, 576).fill(0xaa);
    for (let n = 0; n < 64; n++) m.bytes(HEADER + n, 1)[0] = 0;
    m.cpu.state.reset();
    return m;
  };

  it('tells in XGETBV what CPUID announces', () => {
    const r = new Machine(kind).run('0f 01 d0', { rcx: 0, rdx: -1 });
    expect([r.reg('rax'), r.reg('rdx')]).toEqual([3n, 0n]);
    expect(new Machine(kind).run('0f 01 d0', { rcx: 1 }).end).toBe('#GP(0)');
    const size = new Machine(kind).run('0f a2', { rax: 0xd, rcx: 0 });
    expect([size.reg('rax'), size.reg('rbx')]).toEqual([3n, 576n]);
  });

  it('saves only what is asked for, and marks only what is in use', () => {
    const m = saved();
    const r = m.run(XSAVE, { rdi: AREA, rax: 1, rdx: 0 });
    expect(r.end).toBe('');
    expect(r.mem(AREA, 16)).toBe(0x37fn);
    expect(r.mem(AREA + 24, 32)).toBe(0xaaaaaaaan);
    expect(r.mem(AREA + 160)).toBe(0xaaaaaaaaaaaaaaaan);
    expect(r.mem(HEADER)).toBe(0n);
    expect(m.run(XSAVE, { rdi: AREA, rax: 2, rdx: 0 }).mem(AREA + 24, 32)).toBe(0x1f80n);
  });

  it('restores what the header has, and initialises the rest', () => {
    const m = saved();
    m.run(XSAVE, { rdi: AREA, rax: 7, rdx: 0 });
    m.poke(AREA + 160, 64, 0x1234n);
    m.poke(AREA + 176, 64, 0x5678n);
    m.poke(HEADER, 64, 2n);
    m.run(XRSTOR, { rdi: AREA, rax: -1, rdx: -1 });
    expect(m.cpu.state.vector64(0, 0)).toBe(0x1234n);
    expect(m.cpu.state.vector64(1, 0)).toBe(0x5678n);
    m.poke(HEADER, 64, 0n);
    m.run(XRSTOR, { rdi: AREA, rax: -1, rdx: -1 });
    expect(m.cpu.state.vector64(0, 0)).toBe(0n);
  });

  it('refuses areas that are not aligned, claim too much, or are compacted', () => {
    const m = saved();
    expect(m.run(XSAVE, { rdi: AREA + 32, rax: 3 }).end).toBe('#GP(0)');
    m.run(XSAVE, { rdi: AREA, rax: 3, rdx: 0 });
    m.poke(HEADER, 64, 4n);
    expect(m.run(XRSTOR, { rdi: AREA, rax: 3 }).end).toBe('#GP(0)');
    m.poke(HEADER, 64, 0n);
    m.poke(HEADER + 8, 64, 1n << 63n);
    expect(m.run(XRSTOR, { rdi: AREA, rax: 3 }).end).toBe('#GP(0)');
    m.poke(HEADER + 8, 64, 0n);
    m.poke(AREA + 24, 32, 0x10000);
    expect(m.run(XRSTOR, { rdi: AREA, rax: 3 }).end).toBe('#GP(0)');
    expect(m.run(XSAVE, { rdi: MAP.readOnly, rax: 3 }).end).toBe('#PF(7) at 602000');
  });
});
