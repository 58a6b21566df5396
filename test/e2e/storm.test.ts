/** Small versions of what `npm run storms` does at full size, native against here. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile, hashOf, toolchain } from '../native/build.ts';
import { root } from '../native/cases.ts';
import { canBuild, signalbox, spawned } from './cli.ts';

const program = (name: string): Promise<string> => {
  const source = `${root}guest/storm/${name}.c`;
  const variant = { libc: 'glibc', flags: ['-O1', '-w'], libs: [], name: 'glibc -O1' } as const;
  return compile(source, `storm-${name}`, hashOf(readFileSync(source, 'utf8'), toolchain()!.version), variant);
};

const STORMS = [
  ['queue', ['3000']],
  ['nest', ['300']],
  ['ring', ['40', '3']],
] as const;

describe.skipIf(!canBuild || process.platform !== 'linux' || process.arch !== 'x64')('signal storms', () => {
  it.each(STORMS)('%s %j ends as on Linux', async (name, args) => {
    const file = await program(name);
    const here = await signalbox(['run', '--deterministic', file, ...args]);
    expect(here).toEqual(await spawned(file, args, { input: '' }));
    expect(here.status).toBe(0);
  });
});
