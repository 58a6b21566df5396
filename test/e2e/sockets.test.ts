/** Sockets are state like all else: a machine that is put back in the middle of a conversation goes on as it did before. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { boot } from '../../kernel/index.ts';
import { build } from '../native/build.ts';
import { listCases } from '../native/cases.ts';
import { canBuild } from './cli.ts';

const PROGRAMS = ['net/tcp_server', 'net/unix_rights', 'net/udp'];

describe.skipIf(!canBuild)('snapshots of conversations', () => {
  it.each(PROGRAMS)('%s ends alike, whenever it was put back', async (id) => {
    const test = listCases().find((each) => each.id === id)!;
    let output = '';
    const box = await boot({
      program: readFileSync(await build(test, test.variants[0]!)),
      name: test.name,
      files: { '/tmp/work': { directory: {} } },
      cwd: '/tmp/work',
      onOutput: (_, bytes) => {
        output += Buffer.from(bytes).toString('latin1');
      },
      deterministic: { seed: 1 },
    });
    const ends: string[] = [];
    for (const instructions of [60_000, 120_000, 200_000]) {
      await box.runUntil({ instructions });
      const before = output;
      const snapshot = box.snapshot();
      for (let again = 0; again < 2; again++) {
        output = before;
        await box.run();
        ends.push(output);
        box.restore(snapshot);
      }
      output = before;
    }
    expect(ends[0]!.length).toBeGreaterThan(100);
    expect(new Set(ends).size).toBe(1);
  });
});
