import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canBuild, guest } from '../test/e2e/cli.ts';
import { placeText, Symbols } from './symbols.ts';

describe.skipIf(!canBuild)('the symbols of a program', async () => {
  const file = canBuild ? await guest('crash') : '';
  const elf = new Uint8Array(file === '' ? [] : readFileSync(file));

  it('are those of nm', () => {
    const symbols = new Symbols(elf);
    const lines = execFileSync('nm', ['-S', '--defined-only', file], { encoding: 'utf8' }).split('\n');
    let compared = 0;
    for (const line of lines) {
      const match = /^([0-9a-f]{16}) ([0-9a-f]{16}) [tT] (.+)$/.exec(line);
      if (match === null) continue;
      const [start, size] = [Number.parseInt(match[1]!, 16), Number.parseInt(match[2]!, 16)];
      if (size === 0) continue;
      const place = symbols.at(start + size - 1);
      // Several names may share an address, but whichever is shown begins there or later.
      expect(place?.offset).toBeLessThan(size);
      compared++;
    }
    expect(compared).toBeGreaterThan(500);
    expect(symbols.addressOf('no such function')).toBeUndefined();
  });

  it('tell where an address is', () => {
    const symbols = new Symbols(elf);
    const main = symbols.addressOf('main')!;
    expect(placeText(symbols.at(main)!)).toBe('main');
    expect(placeText(symbols.at(main + 5)!)).toBe('main+0x5');
    expect(symbols.at(0)).toBeNull();
    expect(symbols.at(2 ** 47)).toBeNull();
    const [, low] = /LOAD +0x\w+ 0x([0-9a-f]+) .*\n.* R E /.exec(
      execFileSync('readelf', ['-l', file], { encoding: 'utf8' }),
    )!;
    expect(symbols.startCode).toBe(Number.parseInt(low!, 16));
  });

  it('are none in what is cut short or no ELF file at all', () => {
    expect(new Symbols(new Uint8Array(0)).at(0x401000)).toBeNull();
    expect(new Symbols(Buffer.from('text')).at(0x401000)).toBeNull();
    for (let length = 0; length < elf.length; length += 4099) {
      const symbols = new Symbols(elf.subarray(0, length));
      expect(symbols.at(0)).toBeNull();
    }
    // Every field that is looked at, wrong.
    for (let at = 0; at < 64; at++) {
      const wrong = elf.slice();
      wrong.fill(0xff, at, at + 8);
      expect(new Symbols(wrong).at(0)).toBeNull();
    }
  });
});
