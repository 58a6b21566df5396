import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { SIG } from '../../kernel/abi/signal.ts';
import { putGuestFile } from '../../kernel/guest-files.ts';
import { Machine } from '../../kernel/machine.ts';
import { memoryHost } from '../../kernel/memory-host.ts';
import { kernelInfo, sendSignal } from '../../kernel/signal/send.ts';
import { canBuild, guest } from './cli.ts';

const MUTANTS = 2000;

/** What a mutant may execute: enough for what the loader did to show. */
const INSTRUCTIONS = 300;

/** mulberry32: the same mutants each time. */
const randomNumbers = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
};

/** Where the loader looks: the header, and the program headers behind it. */
const HEADERS = 64 + 10 * 56;

/** Values at which sizes, offsets and addresses go wrong. */
const EDGES = [
  0n,
  1n,
  0xfffn,
  0x1000n,
  0x7fffffffn,
  0x80000000n,
  0x7ffffffff000n,
  1n << 47n,
  1n << 63n,
  (1n << 64n) - 1n,
];

const mutate = (original: Uint8Array, random: (below: number) => number): Uint8Array => {
  const bytes = original.slice();
  const view = new DataView(bytes.buffer);
  for (let n = 1 + random(4); n > 0; n--) {
    const at = 4 + random(HEADERS - 12);
    switch (random(4)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes[at] = bytes[at]! ^ (1 << random(8));
        break;
      case 2:
        view.setBigUint64(at & ~7, EDGES[random(EDGES.length)]! + BigInt(random(3)) - 1n, true);
        break;
      case 3:
        view.setUint16(at & ~1, random(3) === 0 ? random(65536) : random(16), true);
    }
  }
  return random(20) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
};

describe.skipIf(!canBuild)('mutated ELF files', () => {
  it(`${MUTANTS} of them are refused or die like any program, and leave nothing behind`, async () => {
    const original = new Uint8Array(readFileSync(await guest('hello')));
    const random = randomNumbers(1);
    const machine = new Machine({ host: memoryHost(), cpu: 'reference', memory: 64 << 20, deterministic: { seed: 0 } });
    const tally = { refused: 0, ran: 0 };
    const tryOne = async (bytes: Uint8Array): Promise<void> => {
      putGuestFile(machine, '/mutant', { file: bytes, mode: 0o755 });
      const task = machine.start({ path: '/mutant', argv: ['/mutant'], env: [] });
      if (typeof task === 'number') {
        expect(task).toBeLessThan(0);
        tally.refused++;
        return;
      }
      tally.ran++;
      await machine.run({ until: 'all', instructions: INSTRUCTIONS });
      if (!task.exiting) sendSignal(machine, kernelInfo(SIG.SIGKILL), task, false);
      expect(await machine.run({ until: 'all', instructions: INSTRUCTIONS })).toEqual({ kind: 'exit' });
    };

    await tryOne(original);
    const { allocated } = machine.physical;
    const tasks = machine.tasks.size;
    for (let i = 0; i < MUTANTS; i++) await tryOne(mutate(original, random));
    await tryOne(original);
    expect(machine.physical.allocated).toBeLessThanOrEqual(allocated);
    expect(machine.tasks.size).toBe(tasks);
    // Both fates must be common, or the mutants were too tame or too wild to show anything.
    expect(tally.refused).toBeGreaterThan(MUTANTS / 10);
    expect(tally.ran).toBeGreaterThan(MUTANTS / 10);
  });
});
