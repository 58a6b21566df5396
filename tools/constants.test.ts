import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { inlineConstants } from './constants.mjs';

/** As esbuild writes a bundle. */
const BUNDLE = `// kernel/a.ts
var SIZE, FLAG, COMPUTED, COUNT, STATE, HALF, small, look;
SIZE = 8;
FLAG = { a: 1, /* why */ deep: { b: -2 }, text: "t", "odd-name": 3 };
COMPUTED = { twice: SIZE * 2, zero: -0 };
COUNT = 0;
COUNT = 1;
STATE = { hits: 0 };
STATE.hits++;
HALF = 0.5;
small = 9;
look = () => ({
  values: [SIZE, FLAG.a, FLAG.deep.b, FLAG.text, FLAG["odd-name"], COMPUTED.twice, Object.is(COMPUTED.zero, -0), COUNT, HALF],
  whole: FLAG,
  hits: ++STATE.hits,
  own: ((SIZE) => SIZE + FLAG.a)(100),
  small,
});
// tools/b.ts
var HOST;
HOST = 5;
globalThis.result = () => ({ ...look(), host: HOST });
`;

const evaluate = (text: string): unknown => {
  const context: { result?: () => unknown } = {};
  runInNewContext(text, Object.assign(context, { globalThis: context }));
  return context.result!();
};

it('puts numbers in the place of constants, and changes nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'constants-'));
  try {
    const bundle = join(folder, 'bundle.cjs');
    writeFileSync(bundle, BUNDLE);
    await inlineConstants(bundle, [], { minifySyntax: true });
    const text = readFileSync(bundle, 'latin1');
    expect(evaluate(text)).toEqual(evaluate(BUNDLE));
    expect(text).toContain('[8, 1, -2, FLAG.text, FLAG["odd-name"], 16, Object.is(COMPUTED.zero, -0), COUNT, 0.5]');
    // What changes, or is not of emulator/ or kernel/, or only an argument of the name.
    expect(text).toMatch(/hits: \+\+STATE\.hits/);
    expect(text).toMatch(/host: HOST/);
    expect(text).toMatch(/\(SIZE2?\) => SIZE2? \+ 1/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
