/** Whatever the bytes: an answer, no exception, and nothing read behind what is available. */
import { describe, expect, it } from 'vitest';
import { type DecodeResult, decode, formKey, describe as text } from '../../emulator/decode/index.ts';

const LONGEST = 15;
const ROUNDS = 60_000;

/** xorshift32: the same bytes in every run. */
const generator = (seed: number): (() => number) => {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
};

const PREFIXES = [0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x2e, 0x3e, 0x26, 0x36, 0x64, 0x65, 0x40, 0x41, 0x48, 0x4f];

/** Random bytes, half of them with a few prefixes and 0F in front, where chance alone seldom gets. */
const fill = (bytes: Uint8Array, random: () => number): void => {
  for (let n = 0; n < bytes.length; n++) bytes[n] = random();
  if (random() & 1) return;
  let p = 0;
  for (const count = random() % (random() & 15 ? 4 : LONGEST); p < count; p++)
    bytes[p] = PREFIXES[random() % PREFIXES.length]!;
  if (random() & 1) bytes[p] = 0x0f;
};

const same = (a: DecodeResult, b: DecodeResult): boolean =>
  a === b || (typeof a !== 'string' && typeof b !== 'string' && a.length === b.length && text(a) === text(b));

describe('random bytes', () => {
  it('always give an answer, which depends on the available bytes only', () => {
    const random = generator(0x5eed);
    const bytes = new Uint8Array(40);
    const counts = { instruction: 0, invalid: 0, truncated: 0, tooLong: 0 };
    for (let round = 0; round < ROUNDS; round++) {
      fill(bytes.subarray(0, 20), random);
      const available = random() % 18;
      const first = decode(bytes, 0, available, 0x400000);
      for (let n = available; n < bytes.length; n++) bytes[n] = ~bytes[n]!;
      const second = decode(bytes, 0, available, 0x400000);
      if (!same(first, second)) {
        throw new Error(`the answer for ${Buffer.from(bytes).toString('hex')} with ${available} bytes depends on more`);
      }
      if (typeof first === 'string') {
        counts[first]++;
        if (first === 'truncated') expect(available).toBeLessThan(LONGEST);
        if (first === 'tooLong') expect(available).toBeGreaterThanOrEqual(LONGEST);
      } else {
        counts.instruction++;
        if (first.length > available || first.length > LONGEST || first.length < 1) throw new Error(text(first));
        // Its own bytes suffice; one fewer does not.
        if (!same(decode(bytes, 0, first.length, 0x400000), first)) throw new Error(text(first));
        const shorter = decode(bytes, 0, first.length - 1, 0x400000);
        if (shorter !== 'truncated') throw new Error(`${text(first)} is ${JSON.stringify(shorter)} when cut`);
        if (!Number.isSafeInteger(formKey(first))) throw new Error(text(first));
      }
    }
    // Every outcome occurs.
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(0);
  });
});
