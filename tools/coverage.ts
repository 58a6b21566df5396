/** Writes the list of all forms of the opcode map, and asks the host about every one of them. */
import { writeFileSync } from 'node:fs';
import { coverage } from '../test/coverage/list.ts';
import { legacyProbes, MORE_PREFIXES, PLAIN_PREFIXES, vexProbes } from '../test/coverage/probes.ts';
import { randomBytes } from '../test/coverage/random.ts';
import { sweep } from '../test/coverage/sweep.ts';
import { buildRunner, hostIsAmd } from '../test/cpu/native.ts';
import { loadCapstone } from '../test/decode/capstone.ts';
import { canRunNatively } from '../test/native/native.ts';

/** How many random byte strings are executed. */
const RANDOM = 100_000;

const FILE = 'test/coverage/forms.txt';

const main = async (): Promise<number> => {
  const { text, rows } = coverage(await loadCapstone());
  writeFileSync(FILE, text);
  const lines = text.split('\n').filter((line) => line.includes(' | '));
  const count = (status: string) => lines.filter((line) => line.includes(` ${status}`)).length;
  console.log(
    `${FILE}: ${count('covered')} mnemonics covered by ${rows.size} rows, ${count('absent:')} absent, ` +
      `${count('absent there, too:')} absent there, too`,
  );
  if (!canRunNatively()) {
    console.log('this host cannot run cases natively');
    return 0;
  }
  if (!hostIsAmd) console.log('the reasons are those of an AMD processor; another may differ more');
  const runner = await buildRunner();
  let status = 0;
  const spaces = [
    ['legacy opcodes', legacyProbes(PLAIN_PREFIXES)],
    ['legacy opcodes with more prefixes', legacyProbes(MORE_PREFIXES)],
    ['VEX opcodes', vexProbes()],
  ] as const;
  for (const [name, probes] of spaces) {
    const { asked, explained, wrong } = sweep(runner, probes);
    console.log(`${name}: ${asked} encodings asked, ${explained} differ as listed, ${wrong.length} otherwise`);
    for (const line of wrong.slice(0, 50)) console.log(`  ${line}`);
    if (wrong.length > 0) status = 1;
  }
  const { asked, executed, wrong } = randomBytes(runner, RANDOM, 1);
  console.log(`random bytes: ${asked} executed in full, ${executed} of them valid on the host; ${wrong.length} differ`);
  for (const line of wrong.slice(0, 50)) console.log(`  ${line}`);
  return wrong.length > 0 ? 1 : status;
};

process.exitCode = await main();
