import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile, hashOf, toolchain } from '../native/build.ts';
import { root } from '../native/cases.ts';
import { canBuild, signalbox } from './cli.ts';

const program = (): Promise<string> => {
  const source = `${root}guest/linux-0.11/signals.c`;
  const variant = { libc: 'glibc', flags: ['-O1', '-w'], libs: [], name: 'glibc -O1' } as const;
  const hash = hashOf(readFileSync(source, 'utf8'), toolchain()!.version);
  return compile(source, 'linux-0.11-signals', hash, variant);
};

describe.skipIf(!canBuild)('signals of Linux 0.11', () => {
  it.each(['jit', 'reference'])('are delivered as the kernel of 1991 did (%s)', async (cpu) => {
    const options = ['--personality', 'linux-0.11', '--deterministic', '--cpu', cpu];
    const { stdout, stderr, status } = await signalbox(['run', ...options, await program()]);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    await expect(stdout).toMatchFileSnapshot(`${root}guest/linux-0.11/signals.expected`);
  });

  it('have frames that are labelled', async () => {
    const options = ['--personality', 'linux-0.11', '--deterministic'];
    const { stdout, status } = await signalbox(['frame', '--json', ...options, await program()]);
    expect(status).toBe(0);
    const report = JSON.parse(stdout) as { frame: { lines: { path: string; offset: number }[] }; handler: object };
    expect(report.frame.lines.map(({ path, offset }) => `${offset} ${path}`)).toEqual([
      ...['0 sa_restorer', '8 signr', '16 blocked', '24 rax', '32 rcx', '40 rdx', '48 rsi', '56 rdi', '64 r8', '72 r9'],
      ...['80 r10', '88 r11', '96 eflags', '104 old_rip', '112 '],
    ]);
    expect(report.handler).toMatchObject({ restorer: { name: 'masksig_restore' } });
  });

  it('are not those of today: there the frame is no such thing', async () => {
    expect((await signalbox(['run', await program()])).status).toBe(139);
  });
});
