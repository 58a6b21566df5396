import { describe, expect, test } from 'vitest';
import { REPEAT_LIMIT } from '../../cpu.ts';
import { RFLAGS } from '../../state.ts';
import { CODE, KINDS, MAP, Machine } from './testing.ts';

describe.each(KINDS)('%s', (kind) => {
  const m = new Machine(kind);
  const { data, readOnly } = MAP;
  const text = (at: number, s: string) => m.bytes(at, s.length).set([...s].map((c) => c.charCodeAt(0)));

  test('one element, either direction', () => {
    text(data, 'abcdefgh');
    const up = m.run('a5', { rsi: data, rdi: data + 16 });
    expect([up.mem(data + 16, 32), up.reg('rsi'), up.reg('rdi')]).toEqual([
      0x64636261n,
      BigInt(data + 4),
      BigInt(data + 20),
    ]);
    m.cpu.state.reset();
    const code = m.run('fd a4', { rsi: data + 7, rdi: data + 31 }, '', 2);
    expect([code.mem(data + 31, 8), code.reg('rsi'), code.reg('rdi')]).toEqual([
      0x68n,
      BigInt(data + 6),
      BigInt(data + 30),
    ]);
    expect(code.rflags & RFLAGS.DF).toBe(RFLAGS.DF);
  });

  test('REP counts down, and does nothing for a count of zero', () => {
    const r = m.run('f3 48 ab', { rax: 7, rdi: data, rcx: 5 });
    expect([r.reg('rcx'), r.reg('rdi'), r.mem(data + 32)]).toEqual([0n, BigInt(data + 40), 7n]);
    const none = m.run('f3 a4', { rsi: 1, rdi: 2, rcx: 0 });
    expect([none.end, none.reg('rsi'), none.rip]).toEqual(['', 1n, CODE + 2]);
  });

  test('addresses and counts of 32 bits: the upper halves are cleared once there is a round', () => {
    const high = 1n << 40n;
    const r = m.run('67 f3 aa', { rax: 1, rdi: high + BigInt(data), rcx: high + 2n });
    expect([r.reg('rcx'), r.reg('rdi')]).toEqual([0n, BigInt(data + 2)]);
    const none = m.run('67 f3 aa', { rdi: high, rcx: high });
    expect([none.reg('rcx'), none.reg('rdi')]).toEqual([high, high]);
  });

  test('a fault leaves the registers at its element, and the instruction goes on from there', () => {
    const r = m.run('f3 aa', { rdi: readOnly - 3, rcx: 10 });
    expect([r.end, r.reg('rcx'), r.reg('rdi'), r.rip]).toEqual(['#PF(7) at 602000', 7n, BigInt(readOnly), CODE]);
  });

  test('long repetitions are cut into pieces which each count as one instruction', () => {
    const count = REPEAT_LIMIT + 10;
    const first = m.run('f3 aa', { rax: 9, rdi: data, rcx: count });
    expect([first.reg('rcx'), first.rip]).toEqual([10n, CODE]);
    const both = m.run('f3 aa', { rax: 9, rdi: data, rcx: count }, '', 2);
    expect([both.reg('rcx'), both.rip]).toEqual([0n, CODE + 2]);
    const exact = m.run('f3 aa', { rdi: data, rcx: REPEAT_LIMIT });
    expect([exact.reg('rcx'), exact.rip]).toEqual([0n, CODE + 2]);
  });

  test('SCAS and CMPS stop by ZF', () => {
    text(data, 'signal\0box');
    text(data + 32, 'signature');
    const length = m.run('f2 ae', { rax: 0, rdi: data, rcx: -1 });
    expect([length.reg('rdi'), length.flags]).toEqual([BigInt(data + 7), 'PZ']);
    const differ = m.run('f3 a6', { rsi: data, rdi: data + 32, rcx: 9 });
    expect([differ.reg('rcx'), differ.flags]).toEqual([3n, 'CS']); // 'l' - 't'
    const none = m.run('f3 a6', { rcx: 0 }, 'CS');
    expect(none.flags).toBe('CS');
  });

  test('LODS, and a segment base for the source only', () => {
    text(data + 8, 'xy');
    expect(m.run('66 ad', { rax: -1, rsi: data + 8 }).reg('rax')).toBe(0xffffffffffff7978n);
    expect(m.run('f3 ac', { rsi: data + 8, rcx: 2 }).reg('rax')).toBe(0x79n);
  });
});
