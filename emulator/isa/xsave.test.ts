import { describe, expect, it } from 'vitest';
import { featuresOf } from './features.ts';
import { KINDS, MAP, Machine } from './integer/testing.ts';

const AREA = MAP.data;
const XSAVE = '0f ae 27'; // xsave [rdi]
const XSAVEOPT = '0f ae 37'; // xsaveopt [rdi]
const XSAVEC = '0f c7 27'; // xsavec [rdi]
const XRSTOR = '0f ae 2f'; // xrstor [rdi]
const HEADER = AREA + 512;
const YMM_HIGH = AREA + 576;
const SIZE = 832;
const COMPACTED = 1n << 63n;
const UNTOUCHED = 0xaaaaaaaaaaaaaaaan;

describe.each(KINDS)('XSAVE in the %s', (kind) => {
  /** An area of 0xaa with a clean header. */
  const saved = (dirtyHeader = false) => {
    const m = new Machine(kind);
    m.bytes(AREA, SIZE).fill(0xaa);
    if (!dirtyHeader) m.bytes(HEADER, 64).fill(0);
    m.cpu.state.reset();
    return m;
  };
  /** x87, XMM1, the high half of YMM1 and MXCSR as no reset leaves them. */
  const used = (m: Machine) => {
    m.keep = (state) => {
      state.setWord('fcw', 0x27f);
      state.setVector64(1, 0, 0x1111n);
      state.setVector64(1, 2, 0x3333n);
    };
    return m;
  };

  it('tells in XGETBV what CPUID announces', () => {
    const r = new Machine(kind).run('0f 01 d0', { rcx: 0, rdx: -1 });
    expect([r.reg('rax'), r.reg('rdx')]).toEqual([7n, 0n]);
    expect(new Machine(kind).run('0f 01 d0', { rcx: 2 }).end).toBe('#GP(0)');
    const size = new Machine(kind).run('0f a2', { rax: 0xd, rcx: 0 });
    expect([size.reg('rax'), size.reg('rbx'), size.reg('rcx')]).toEqual([7n, 832n, 832n]);
    const avx = new Machine(kind).run('0f a2', { rax: 0xd, rcx: 2 });
    expect([avx.reg('rax'), avx.reg('rbx'), avx.reg('rcx')]).toEqual([256n, 576n, 0n]);
  });

  it('tells in XGETBV(1) what is in use', () => {
    const m = new Machine(kind);
    expect(m.run('0f 01 d0', { rcx: 1 }).reg('rax')).toBe(0n);
    expect(used(m).run('0f 01 d0', { rcx: 1 }).reg('rax')).toBe(7n);
  });

  it('saves only what is asked for, and marks only what is in use', () => {
    const m = saved();
    const r = m.run(XSAVE, { rdi: AREA, rax: 1, rdx: 0 });
    expect(r.end).toBe('');
    expect(r.mem(AREA, 16)).toBe(0x37fn);
    expect(r.mem(AREA + 24, 32)).toBe(0xaaaaaaaan);
    expect(r.mem(AREA + 160)).toBe(UNTOUCHED);
    expect(r.mem(HEADER)).toBe(0n);
    expect(m.run(XSAVE, { rdi: AREA, rax: 2, rdx: 0 }).mem(AREA + 24, 32)).toBe(0x1f80n);
    // MXCSR goes with AVX too, and the component is written though it is in its initial state.
    const avx = saved(true).run(XSAVE, { rdi: AREA, rax: 4, rdx: 0 });
    expect([avx.mem(AREA + 24, 32), avx.mem(AREA + 160), avx.mem(YMM_HIGH)]).toEqual([0x1f80n, UNTOUCHED, 0n]);
    expect([avx.mem(HEADER), avx.mem(HEADER + 8)]).toEqual([UNTOUCHED & ~4n, UNTOUCHED]);
  });

  it('leaves out what is in its initial state with XSAVEOPT', () => {
    const r = saved(true).run(XSAVEOPT, { rdi: AREA, rax: 7, rdx: 0 });
    expect([r.mem(AREA), r.mem(AREA + 160), r.mem(YMM_HIGH)]).toEqual([UNTOUCHED, UNTOUCHED, UNTOUCHED]);
    expect([r.mem(AREA + 24, 32), r.mem(HEADER)]).toEqual([0x1f80n, UNTOUCHED & ~7n]);
    const full = used(saved()).run(XSAVEOPT, { rdi: AREA, rax: 7, rdx: 0 });
    expect([full.mem(AREA, 16), full.mem(AREA + 176), full.mem(YMM_HIGH + 16)]).toEqual([0x27fn, 0x1111n, 0x3333n]);
    expect(full.mem(HEADER)).toBe(7n);
  });

  it('compacts with XSAVEC, where MXCSR counts as SSE', () => {
    const r = saved(true).run(XSAVEC, { rdi: AREA, rax: 6, rdx: 0 });
    expect([r.mem(AREA + 24), r.mem(AREA + 160), r.mem(YMM_HIGH)]).toEqual([UNTOUCHED, UNTOUCHED, UNTOUCHED]);
    expect([r.mem(HEADER), r.mem(HEADER + 8), r.mem(HEADER + 16)]).toEqual([0n, COMPACTED | 6n, UNTOUCHED]);
    const m = saved();
    m.keep = (state) => {
      state.mxcsr = 0x9fc0;
    };
    const mxcsr = m.run(XSAVEC, { rdi: AREA, rax: 7, rdx: 0 });
    expect([mxcsr.mem(HEADER), mxcsr.mem(AREA + 24, 32), mxcsr.mem(AREA + 160)]).toEqual([2n, 0x9fc0n, 0n]);
  });

  it('restores what the header has, and initialises the rest', () => {
    const m = saved();
    m.run(XSAVE, { rdi: AREA, rax: 7, rdx: 0 });
    m.poke(AREA + 160, 64, 0x1234n);
    m.poke(AREA + 176, 64, 0x5678n);
    m.poke(YMM_HIGH + 16, 64, 0x9abcn);
    m.poke(HEADER, 64, 2n);
    m.run(XRSTOR, { rdi: AREA, rax: -1, rdx: -1 });
    const { state } = m.cpu;
    expect([state.vector64(0, 0), state.vector64(1, 0), state.vector64(1, 2)]).toEqual([0x1234n, 0x5678n, 0n]);
    m.poke(HEADER, 64, 4n);
    m.run(XRSTOR, { rdi: AREA, rax: -1, rdx: -1 });
    expect([state.vector64(1, 0), state.vector64(1, 2)]).toEqual([0n, 0x9abcn]);
  });

  it('restores the compacted format, MXCSR as part of SSE', () => {
    const m = used(saved());
    m.poke(AREA + 24, 32, 0x3f80);
    m.poke(AREA + 176, 64, 0x5678n);
    m.poke(YMM_HIGH + 16, 64, 0x9abcn);
    m.poke(HEADER, 64, 4n);
    m.poke(HEADER + 8, 64, COMPACTED | 7n);
    expect(m.run(XRSTOR, { rdi: AREA, rax: 7, rdx: 0 }).end).toBe('');
    const { state } = m.cpu;
    expect([state.mxcsr, state.vector64(1, 0), state.vector64(1, 2)]).toEqual([0x1f80, 0n, 0x9abcn]);
    m.poke(HEADER, 64, 2n);
    m.run(XRSTOR, { rdi: AREA, rax: 2, rdx: 0 });
    expect([state.mxcsr, state.vector64(1, 0), state.vector64(1, 2)]).toEqual([0x3f80, 0x5678n, 0x3333n]);
  });

  it('refuses areas that are not aligned, claim too much, or have reserved bits set', () => {
    const m = saved();
    const refused = () => m.run(XRSTOR, { rdi: AREA, rax: 3 }).end;
    expect(m.run(XSAVE, { rdi: AREA + 32, rax: 3 }).end).toBe('#GP(0)');
    m.run(XSAVE, { rdi: AREA, rax: 7, rdx: 0 });
    expect(refused()).toBe('');
    for (const [offset, bits, value] of [
      [512, 64, 8n],
      [520, 64, 1n],
      [528, 64, 1n],
      [520, 64, COMPACTED | 8n],
      [24, 32, 0x10000n],
    ] as const) {
      const before = m.run('90').mem(AREA + offset, bits);
      m.poke(AREA + offset, bits, value);
      expect(refused()).toBe('#GP(0)');
      m.poke(AREA + offset, bits, before);
    }
    // What the compacted format leaves out cannot be in use, and all of its header counts.
    m.poke(HEADER, 64, 4n);
    m.poke(HEADER + 8, 64, COMPACTED | 3n);
    expect(refused()).toBe('#GP(0)');
    m.poke(HEADER, 64, 0n);
    expect(refused()).toBe('');
    m.poke(HEADER + 56, 64, 1n);
    expect(refused()).toBe('#GP(0)');
    m.poke(HEADER + 8, 64, 0n);
    expect(refused()).toBe('');
  });

  it('looks at the first byte and the last one that is asked for', () => {
    const m = saved();
    expect(m.run(XSAVE, { rdi: MAP.readOnly, rax: 3 }).end).toBe('#PF(7) at 602000');
    const end = MAP.data + 0x2000;
    const faults = (code: string, distance: number, mask: number) =>
      m.run(code, { rdi: end - distance, rax: mask, rdx: 0 }).end;
    expect(faults(XSAVE, 576, 7)).toBe(`#PF(7) at ${(end - 576 + 831).toString(16)}`);
    expect(faults(XSAVE, 576, 3)).toBe('');
    expect(faults(XSAVEC, 640, 4)).toBe(`#PF(7) at ${(end - 640 + 831).toString(16)}`);
  });

  it.each(['v1', 'v2'] as const)('is no instruction with --cpu-level %s', (level) => {
    for (const code of [XSAVE, XRSTOR, XSAVEOPT, XSAVEC, '0f 01 d0']) {
      expect(new Machine(kind, featuresOf(level)).run(code, { rdi: AREA, rcx: 0 }).end).toBe('#UD');
    }
    const m = new Machine(kind, featuresOf(level)).run('0f a2', { rax: 1 });
    expect(m.reg('rcx') & ((1n << 26n) | (1n << 27n))).toBe(0n);
    expect(new Machine(kind, featuresOf(level)).run('0f a2', { rax: 0xd, rcx: 0 }).reg('rax')).toBe(0n);
  });
});
