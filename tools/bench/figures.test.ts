import { expect, it } from 'vitest';
import { meanRatio, median, plain, type Row, reuse, table } from './figures.ts';

const row = (name: string, samples: Record<string, number[]>): Row => ({
  section: 'cpu',
  name,
  samples: new Map(Object.entries(samples)),
});

const ROWS = [
  row('one', { native: [3e9, 1e9, 2e9], 'qemu-user': [16e9], jit: [4e9] }),
  row('two', { native: [1e6], 'qemu-user': [1e6], jit: [1e6] }),
  row('too short', { native: [0], 'qemu-user': [5e6], jit: [0] }),
  row('not everywhere', { native: [5] }),
];

it('takes the middle of what was measured', () => {
  expect(median([30, 1, 2])).toBe(2);
  expect(median([])).toBeNaN();
});

it('takes geometric means of ratios of medians, without what could not be measured', () => {
  expect(meanRatio(ROWS, 'qemu-user', 'jit')).toBeCloseTo(2);
  expect(meanRatio(ROWS, 'jit', 'native')).toBeCloseTo(Math.sqrt(2));
});

it('tells how the first programs of a script scale', () => {
  const script = [0, 20, 200].map((count) =>
    row(`script of ${count}`, { jit: [100 + 10 * count - (count > 20 ? 900 : 0)] }),
  );
  expect(reuse(script, 'jit')).toBeCloseTo(0.55);
});

it('shows them', () => {
  const lines = table(ROWS, ['native', 'qemu-user', 'jit']).split('\n');
  expect(lines[1]).toMatch(/^one +2\.00 s +16\.0 s +4\.00 s +8\.00 +2\.00 +4\.00$/);
  expect(lines[4]).toMatch(/^not everywhere +5\.00 ns +- +- +- +- +-$/);
  expect(lines[5]).toMatch(/^geometric mean .* 2\.00$/);
  expect(plain(ROWS.slice(3), ['native', 'jit'])).toEqual([
    { section: 'cpu', name: 'not everywhere', executors: { native: { median: 5, samples: [5] } } },
  ]);
});
