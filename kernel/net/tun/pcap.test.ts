import { describe, expect, it } from 'vitest';
import { parsePcap } from './pcap.ts';

const header = (options: { magic?: number; major?: number; link?: number; little?: boolean } = {}): Uint8Array => {
  const bytes = new Uint8Array(24);
  const view = new DataView(bytes.buffer);
  const little = options.little ?? true;
  view.setUint32(0, options.magic ?? 0xa1b2c3d4, little);
  view.setUint16(4, options.major ?? 2, little);
  view.setUint16(6, 4, little);
  view.setUint32(16, 65535, little);
  view.setUint32(20, options.link ?? 1, little);
  return bytes;
};

const record = (frame: readonly number[], claimed = frame.length, little = true): Uint8Array => {
  const bytes = new Uint8Array(16 + frame.length);
  new DataView(bytes.buffer).setUint32(8, claimed, little);
  new DataView(bytes.buffer).setUint32(12, claimed, little);
  bytes.set(frame, 16);
  return bytes;
};

const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

describe('pcap files', () => {
  it('gives frames in order, of either byte order and resolution', () => {
    for (const little of [true, false]) {
      for (const magic of [0xa1b2c3d4, 0xa1b23c4d]) {
        const file = join(header({ magic, little }), record([1, 2, 3], 3, little), record([], 0, little));
        expect(parsePcap(file)).toEqual({ ethernet: true, frames: [Uint8Array.of(1, 2, 3), new Uint8Array(0)] });
      }
    }
    expect(parsePcap(header())).toEqual({ ethernet: true, frames: [] });
    expect(parsePcap(join(header({ link: 101 }), record([0x45])))).toMatchObject({ ethernet: false });
  });

  it('says what is wrong with others', () => {
    const message = (bytes: Uint8Array): string => {
      try {
        parsePcap(bytes);
      } catch (error) {
        return (error as Error).message;
      }
      return 'accepted';
    };
    expect(message(new Uint8Array(3))).toMatch(/3 bytes are less than its header/);
    expect(message(header({ magic: 0x7f454c46, little: false }))).toMatch(/begins with 0x7f454c46/);
    expect(message(header({ magic: 0x0a0d0d0a }))).toMatch(/pcapng/);
    expect(message(header({ major: 3 }))).toMatch(/version 3\.4/);
    expect(message(header({ link: 105 }))).toMatch(/link type 105/);
    expect(message(join(header(), record([1]), new Uint8Array(7)))).toMatch(
      /packet 2, at byte 41, ends within its header/,
    );
    expect(message(join(header(), record([1, 2], 5)))).toMatch(/packet 1, at byte 24, has 2 of its 5 bytes/);
    expect(message(join(header(), record([], 0x7fffffff)))).toMatch(/claims 2147483647 bytes/);
  });
});
