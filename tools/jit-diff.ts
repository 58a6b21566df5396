/**
 * `npm run jit-diff [-- OPTION]...`: random programs of all instructions under the JIT and the interpreter, compared in all of
 * their state at every stop.
 *
 *   --programs N   how many (default 20000)
 *   --seed N       the first one (default 1)
 *   --against CPU  interpreter (default) or reference
 *   --show N       findings printed (default 3)
 */
import { parseArgs } from 'node:util';
import { Generator } from '../test/cpu/generate.ts';
import { rows } from '../test/cpu/rows.ts';
import {
  compareSequence,
  JIT_SETTINGS,
  minimiseSequence,
  SequenceGenerator,
  SequenceMachine,
} from '../test/cpu/sequences.ts';

const { values } = parseArgs({
  options: {
    programs: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    against: { type: 'string', default: 'interpreter' },
    show: { type: 'string', default: '3' },
  },
});

/** A CPU that has met all forms is slow; each takes part in so many programs. */
const PROGRAMS_OF_A_MACHINE = 400;

const generator = new SequenceGenerator(new Generator(rows, 1));
const oracle = values.against === 'reference' ? 'reference' : 'interpreter';
const first = Number(values.seed);
const start = performance.now();
let machines: { oracle: SequenceMachine; jits: SequenceMachine[] } | null = null;
let found = 0;
let instructions = 0;
for (let seed = first; seed < first + Number(values.programs); seed++) {
  if ((seed - first) % PROGRAMS_OF_A_MACHINE === 0) machines = null;
  machines ??= {
    oracle: new SequenceMachine(oracle),
    jits: JIT_SETTINGS.map((jit) => new SequenceMachine('jit', jit)),
  };
  const settings = JIT_SETTINGS[seed % JIT_SETTINGS.length]!;
  const sequence = generator.make(seed);
  let difference: string | null;
  try {
    difference = compareSequence(sequence, machines.oracle, machines.jits[seed % JIT_SETTINGS.length]!);
  } catch (error) {
    difference = `seed ${seed}: ${error instanceof Error ? error.stack : error}`;
  }
  instructions += machines.oracle.cpu.instructions;
  if (difference === null) continue;
  machines = null;
  if (++found > Number(values.show)) continue;
  const again = (s: typeof sequence): string | null => {
    try {
      return compareSequence(s, new SequenceMachine(oracle), new SequenceMachine('jit', settings));
    } catch (error) {
      return String(error);
    }
  };
  const alone = again(sequence);
  console.log(`${JSON.stringify(settings)}${alone === null ? ', not by itself' : ''}`);
  console.log(alone === null ? difference : again(minimiseSequence(sequence, (s) => again(s) !== null)));
}
const seconds = (performance.now() - start) / 1000;
console.log(
  `${values.programs} programs from seed ${first} against the ${oracle}, ${instructions} instructions, ` +
    `${seconds.toFixed(0)} s; differences: ${found}`,
);
process.exitCode = found === 0 ? 0 : 1;
