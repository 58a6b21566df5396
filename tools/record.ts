import { listCases } from '../test/native/cases.ts';
import { canRunNatively } from '../test/native/native.ts';
import { record } from '../test/native/recorded.ts';

/**
 * Records what the guest programs do on this host's kernel: `npm run record [-- [--repeat N] [PREFIX...]]`.
 * Each program runs N times (default 3) in every variant; any difference is an error and nothing is written for it.
 */
async function main(args: readonly string[]): Promise<number> {
  const words = [...args];
  const at = words.indexOf('--repeat');
  const repeat = at < 0 ? 3 : Number(words.splice(at, 2)[1]);
  if (!Number.isInteger(repeat) || repeat < 1) throw new Error('--repeat needs a positive number');
  if (!canRunNatively()) throw new Error('recording needs a Linux x86-64 host with gcc');
  const cases = listCases().filter((test) => words.length === 0 || words.some((prefix) => test.id.startsWith(prefix)));
  let failures = 0;
  for (const test of cases) {
    try {
      const each = await record(test, repeat);
      if (each > 300) console.error(`${test.id}: ${each.toFixed(0)} ms per run is too slow`);
    } catch (error) {
      failures++;
      console.error(error instanceof Error ? error.message : error);
    }
  }
  console.log(`${cases.length - failures} of ${cases.length} recorded`);
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
