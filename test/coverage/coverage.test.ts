/** The opcode map form by form: what is accepted here and on a processor, and the list that says so. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildRunner, hostFeatures, hostIsAmd } from '../cpu/native.ts';
import { rows } from '../cpu/rows.ts';
import { loadCapstone } from '../decode/capstone.ts';
import { root } from '../native/cases.ts';
import { canRunNatively } from '../native/native.ts';
import { coverage } from './list.ts';
import { legacyProbes, MORE_PREFIXES, PLAIN_PREFIXES, type Probe, vexProbes } from './probes.ts';
import { randomBytes } from './random.ts';
import { sweep } from './sweep.ts';

test('the list of forms is what `npm run coverage` writes, and every row is in it', async () => {
  const { text, rows: met } = coverage(await loadCapstone());
  expect(text).toBe(readFileSync(`${root}test/coverage/forms.txt`, 'utf8'));
  // XCHG R8 with 90 wants REX.B, MOV with moffs and XLAT no ModRM that differs.
  expect(rows.filter((row) => !met.has(row)).map((row) => `${row.mnemonic} ${row.encoding}`)).toEqual([]);
}, 60_000);

// The lists are about an AMD processor with all that is announced here.
const comparable = canRunNatively() && hostIsAmd && hostFeatures.has('AVX2') && hostFeatures.has('SHA');

describe.runIf(comparable)('this host and the CPU accept the same', () => {
  const SPACES: readonly [string, () => Iterable<Probe>, number][] = [
    ['legacy opcodes', () => legacyProbes(PLAIN_PREFIXES), 17],
    ['legacy opcodes with more prefixes', () => legacyProbes(MORE_PREFIXES), 37],
    ['VEX opcodes', vexProbes, 23],
  ];
  test('random bytes do the same', async () => {
    const { executed, wrong } = randomBytes(await buildRunner(), 10_000, 1);
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(executed).toBeGreaterThan(1000);
  }, 60_000);

  test.each(SPACES)(
    '%s',
    async (_, probes, oneIn) => {
      const { asked, wrong } = sweep(await buildRunner(), probes(), oneIn, 1);
      expect(wrong.slice(0, 20)).toEqual([]);
      expect(asked).toBeGreaterThan(5000);
    },
    60_000,
  );
});
