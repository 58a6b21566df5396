import { describe, expect, it } from 'vitest';
import { constant, keyOf, named, plus, substitute, times } from './linear.ts';

const sum = (a: ReturnType<typeof plus>) => {
  if (a === null) throw new Error('not followed');
  return a;
};

describe('sums', () => {
  it('have one key where they differ by a constant', () => {
    const a = sum(plus(named(1), sum(times(named(2), 4))));
    const b = sum(plus(sum(times(named(2), 4)), sum(plus(constant(24n)!, named(1)))));
    expect(keyOf(a)).toBe(keyOf(b));
    expect(b.offset - a.offset).toBe(24);
    expect(keyOf(named(1))).not.toBe(keyOf(named(2)));
    expect(keyOf(sum(times(named(1), 2)))).not.toBe(keyOf(named(1)));
  });

  it('take constants as signed, and do not follow what is too large', () => {
    expect(constant(0xffff_ffff_ffff_fff8n)).toEqual({ terms: [], offset: -8 });
    expect(constant(1n << 62n)).toBeNull();
  });

  it('lose what cancels', () => {
    expect(plus(named(1), sum(times(named(1), -1)))).toEqual({ terms: [], offset: 0 });
  });

  it('say what their names stand for', () => {
    const a = sum(plus(named(1), constant(16n)!));
    const meaning = (name: number) => (name === 1 ? sum(plus(named(20), constant(-8n)!)) : named(name));
    expect(substitute(a, meaning)).toEqual({ terms: [[20, 1]], offset: 8 });
  });
});
