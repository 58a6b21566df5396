/** Random programs under the JIT and the other executors; `npm run jit-diff` is the long run. */
import { describe, expect, it } from 'vitest';
import { Generator } from './generate.ts';
import { rows } from './rows.ts';
import { compareSequence, JIT_SETTINGS, SequenceGenerator, SequenceMachine } from './sequences.ts';

const PROGRAMS = 25;
const generator = new SequenceGenerator(new Generator(rows, 1));

describe('random programs', () => {
  it.each(JIT_SETTINGS)(
    'do the same in the interpreter and the JIT: %o',
    (settings) => {
      const [interpreter, jit] = [new SequenceMachine('interpreter'), new SequenceMachine('jit', settings)];
      for (let seed = 1; seed <= PROGRAMS; seed++) {
        expect(compareSequence(generator.make(seed), interpreter, jit)).toBeNull();
      }
    },
    120_000,
  );

  it('do the same in the reference and the JIT', () => {
    const [reference, jit] = [new SequenceMachine('reference'), new SequenceMachine('jit', { threshold: 1 })];
    for (let seed = 101; seed <= 100 + PROGRAMS; seed++) {
      expect(compareSequence(generator.make(seed), reference, jit)).toBeNull();
    }
  }, 120_000);

  it('do the same when they have to stop after every 1 to 50 instructions', () => {
    const interpreter = new SequenceMachine('interpreter');
    const jits = JIT_SETTINGS.slice(0, 2).map((settings) => new SequenceMachine('jit', settings));
    for (let budget = 1; budget <= 50; budget++) {
      const sequence = { ...generator.make(200 + budget), budgets: [budget] };
      expect(compareSequence(sequence, interpreter, jits[budget % 2]!), `budget ${budget}`).toBeNull();
    }
  }, 120_000);

  it('tell of differences', () => {
    const [one, other] = [new SequenceMachine('interpreter'), new SequenceMachine('interpreter')];
    const sequence = generator.make(1);
    const load = other.load.bind(other);
    other.load = (s) => {
      load(s);
      other.cpu.state.setVector64(3, 1, 0n);
    };
    expect(compareSequence(sequence, one, other)).toContain('ymm3[1]: ');
  });
});
