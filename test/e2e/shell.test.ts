import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { hostIsLinuxX64 } from '../native/build.ts';
import { canBuild, guest, signalbox, spawned } from './cli.ts';

/** Shells of the host, with what makes them behave alike everywhere. */
const SHELLS = [
  ['/bin/bash', '--norc', '--noprofile', '--noediting'],
  ['/bin/bash', '--norc', '--noprofile'],
  ['/bin/busybox', 'sh'],
] as const;

const path = (file: string): string => (existsSync(file) ? file : file.replace('/bin/', '/usr/bin/'));

/**
 * An interactive shell on a pseudo-terminal, driven by a guest program that types and waits for what it expects: the whole
 * dialogue must be the same on the host and here.
 */
describe.skipIf(!hostIsLinuxX64 || !canBuild)('job control of an interactive shell', () => {
  for (const [file, ...args] of SHELLS) {
    const shell = path(file);
    it.skipIf(!existsSync(shell))(`${file} ${args.join(' ')}`, { timeout: 120_000 }, async () => {
      const program = await guest('shell_jobs');
      const env = { PATH: '/usr/bin:/bin', HOME: '/tmp', LANG: 'C' };
      const native = await spawned(program, [shell, ...args], { input: '', env });
      expect(native.stdout).toContain('shell ended with 5');
      expect(await signalbox(['run', program, shell, ...args], { env })).toEqual(native);
    });
  }
});
