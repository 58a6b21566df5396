import { expect, test } from 'vitest';
import * as sets from './sigset.ts';
import { ALL_SIGNALS, fromBits, NO_SIGNALS, type SigSet, setOf, toBits } from './sigset.ts';

const SAMPLES: readonly SigSet[] = [
  ...[NO_SIGNALS, ALL_SIGNALS, setOf(1), setOf(32), setOf(33), setOf(64), setOf(31, 32, 33, 64), setOf(2, 9, 40)],
  fromBits(0xfedcba9876543210n),
];
const ALL = 0xffffffffffffffffn;

test('are 64 bits, signal n being bit n-1', () => {
  for (let signo = 1; signo <= 64; signo++) {
    const set = setOf(signo);
    expect(toBits(set)).toBe(1n << BigInt(signo - 1));
    expect([sets.signalsOf(set), sets.lowestSignal(set), sets.inSet(set, signo)]).toEqual([[signo], signo, true]);
    expect([sets.inSet(set, 65 - signo), sets.inSet(set, 0)]).toEqual([false, false]);
  }
  for (const set of SAMPLES) expect(fromBits(toBits(set))).toEqual(set);
});

test('operations are those on bits', () => {
  for (const a of SAMPLES) {
    for (const b of SAMPLES) {
      const [x, y] = [toBits(a), toBits(b)];
      expect(toBits(sets.union(a, b))).toBe(x | y);
      expect(toBits(sets.intersection(a, b))).toBe(x & y);
      expect(toBits(sets.without(a, b))).toBe(x & ~y & ALL);
      expect(sets.intersects(a, b)).toBe((x & y) !== 0n);
      expect(sets.isWithin(a, b)).toBe((x & ~y) === 0n);
      expect(sets.sameSet(a, b)).toBe(x === y);
    }
    expect(sets.isEmpty(a)).toBe(toBits(a) === 0n);
    for (const signo of [1, 32, 33, 64]) {
      expect(toBits(sets.withSignal(a, signo))).toBe(toBits(a) | (1n << BigInt(signo - 1)));
      expect(toBits(sets.withoutSignal(a, signo))).toBe(toBits(a) & ~(1n << BigInt(signo - 1)));
    }
  }
});

test('in memory and as text', () => {
  const view = new DataView(new ArrayBuffer(16));
  for (const set of SAMPLES) {
    sets.writeSigset(view, 3, set);
    expect(view.getBigUint64(3, true)).toBe(toBits(set));
    expect(sets.readSigset(view, 3)).toEqual(set);
  }
  expect(sets.hexSigset(setOf(1, 40))).toBe('0000008000000001');
});
