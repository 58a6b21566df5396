import { buildTorture, torture } from '../test/torture/torture.ts';

/**
 * Runs the torture of threads under many random schedules, each twice: `npm run torture [-- SEEDS [FIRST]]`, by default 200
 * seeds from 1 on. Fails for a seed whose results are not those of round-robin, or whose second run is another than the first.
 */
async function main(args: readonly string[]): Promise<number> {
  const [count = 200, first = 1] = args.map(Number);
  const exe = await buildTorture();
  const expected = (await torture(exe, null)).output;
  const traces = new Set<string>();
  let failures = 0;
  let instructions = 0;
  let syscalls = 0;
  const start = performance.now();
  for (let seed = first; seed < first + count; seed++) {
    const run = await torture(exe, seed);
    const again = await torture(exe, seed);
    traces.add(run.trace);
    instructions += run.instructions;
    syscalls += run.syscalls;
    const same = run.trace === again.trace && run.instructions === again.instructions && run.output === again.output;
    if (same && run.output === expected) continue;
    failures++;
    console.error(
      `--schedule random:${seed}: ${same ? `other results\n${run.output}` : 'another run the second time'}`,
    );
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(
    `${count} schedules, each twice, ${seconds} s: ${failures} failures; ${traces.size} different traces, ` +
      `${Math.round(instructions / count)} instructions and ${Math.round(syscalls / count)} system calls each`,
  );
  return failures === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
