import { describe, expect, it } from 'vitest';
import { CpuState } from '../cpu-state.ts';
import { stateOffset } from '../state.ts';
import { LINEAR } from './layout.ts';
import { moves } from './moves.ts';
import { PhysicalMemory } from './physical.ts';

const AREA = LINEAR.scratch;
const newMemory = () => {
  const physical = new PhysicalMemory(1 << 20);
  return { physical, state: new CpuState(physical.memory.buffer, LINEAR.state) };
};

describe('moves', () => {
  it('copies fields of each size between the state and an area, and leaves the bytes around alone', () => {
    const { physical, state } = newMemory();
    const out = moves([
      { to: { of: 'area', offset: 8, bytes: 8 }, from: { of: 'state', offset: stateOffset('rip'), bytes: 8 } },
      { to: { of: 'area', offset: 2, bytes: 2 }, from: { of: 'state', offset: stateOffset('cs'), bytes: 2 } },
    ]);
    const back = moves([
      { to: { of: 'state', offset: stateOffset('mxcsr'), bytes: 4 }, from: { of: 'area', offset: 4, bytes: 4 } },
    ]);
    state.rip64 = 0xfedc_ba98_7654_3210n;
    state.setWord('cs', 0xabcd);
    physical.u64.fill(0x1111_1111_1111_1111n, AREA / 8, AREA / 8 + 3);
    physical.mover(out)(AREA);
    physical.mover(back)(AREA);
    expect([...physical.u64.slice(AREA / 8, AREA / 8 + 3)]).toEqual([
      0x1111_1111_abcd_1111n,
      0xfedc_ba98_7654_3210n,
      0x1111_1111_1111_1111n,
    ]);
    expect(state.mxcsr).toBe(0x11111111);
  });

  it('stores constants, and unsigned numbers as far as doubles have them', () => {
    const { physical } = newMemory();
    const store = moves([
      { to: { of: 'area', offset: 0, bytes: 8 }, from: { argument: 1 } },
      { to: { of: 'area', offset: 8, bytes: 8 }, from: { argument: 0 } },
      { to: { of: 'area', offset: 16, bytes: 4 }, from: { argument: 0 } },
      { to: { of: 'area', offset: 20, bytes: 4 }, from: { constant: 7 } },
    ]);
    physical.mover(store)(AREA, 0x7fff_ffff_f001, 2 ** 64 - 2 ** 12);
    expect([...physical.u64.slice(AREA / 8, AREA / 8 + 3)]).toEqual([
      0xffff_ffff_ffff_f000n,
      0x0000_7fff_ffff_f001n,
      0x0000_0007_ffff_f001n,
    ]);
  });

  it('makes one function for each memory', () => {
    const [a, b] = [newMemory().physical, newMemory().physical];
    const store = moves([{ to: { of: 'area', offset: 0, bytes: 8 }, from: { argument: 0 } }]);
    a.mover(store)(AREA, 1);
    b.mover(store)(AREA, 2);
    expect([a.u32[AREA / 4], b.u32[AREA / 4]]).toEqual([1, 2]);
    expect(a.mover(store)).toBe(a.mover(store));
  });

  it('copies and clears bytes', () => {
    const { bytes, u8 } = newMemory().physical;
    u8.set([1, 2, 3, 4, 5], AREA);
    bytes.copy(AREA + 1, AREA, 4);
    expect([...u8.slice(AREA, AREA + 6)]).toEqual([1, 1, 2, 3, 4, 0]);
    bytes.clear(AREA + 2, 2);
    expect([...u8.slice(AREA, AREA + 6)]).toEqual([1, 1, 0, 0, 4, 0]);
  });
});
