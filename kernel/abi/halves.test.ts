import { expect, test } from 'vitest';
import { fromHalves, highHalf, lowHalf } from './halves.ts';

test('64 bits are two halves, whatever their highest bit', () => {
  for (const value of [0n, 1n, 0xffffffffn, 0x100000000n, 0x8000000000000000n, 0xfedcba9876543210n]) {
    expect([highHalf(value), lowHalf(value)]).toEqual([Number(value >> 32n), Number(value & 0xffffffffn)]);
    expect(fromHalves(lowHalf(value), highHalf(value))).toBe(value);
  }
});
