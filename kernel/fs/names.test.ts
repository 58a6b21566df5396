import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { basename, bytesFromText, dirname, fromBytes, normalise, toBytes } from './names.ts';

describe('names', () => {
  it('are the bytes of UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect([...toBytes(bytesFromText(text))]).toEqual([...Buffer.from(text, 'utf8')]);
      }),
    );
  });

  it('hold any byte', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 10_000 }), (bytes) => {
        expect([...toBytes(fromBytes(bytes))]).toEqual([...bytes]);
      }),
    );
  });

  it('are taken apart and put in order', () => {
    expect(['/a/b', '/a', 'a'].map(dirname)).toEqual(['/a', '/', '/']);
    expect(['/a/b', '/a', 'a'].map(basename)).toEqual(['b', 'a', 'a']);
    expect(['/', '//a/./b/..//c/', 'a/../../b', '/..'].map(normalise)).toEqual(['/', '/a/c', '/b', '/']);
  });
});
