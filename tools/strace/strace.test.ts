import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { boot } from '../../kernel/index.ts';
import { observe } from '../../kernel/observers.ts';
import { compile, hashOf, toolchain } from '../../test/native/build.ts';
import { type StraceOptions, strace } from './strace.ts';

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const demo = here('../../guest/prebuilt/demo');

/** The trace of a program that is /NAME in the guest, in an empty directory. */
const traceOf = async (name: string, program: Uint8Array, options: StraceOptions = {}): Promise<string[]> => {
  const lines: string[] = [];
  const box = await boot({
    program: `/${name}`,
    files: { [`/${name}`]: { file: program, mode: 0o755 }, '/work': { directory: {} } },
    cwd: '/work',
    deterministic: { seed: 0 },
  });
  observe(
    box.machine.observers,
    strace((line) => lines.push(line), options),
  );
  await box.run();
  return lines;
};

describe('the trace of the demo', () => {
  it('is as recorded', async () => {
    const lines = await traceOf('demo', readFileSync(demo));
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(here('demo.golden.txt'));
  });

  it('has the process in front of every line when it goes to a file', async () => {
    const lines = await traceOf('demo', readFileSync(demo), { pids: 'always' });
    expect(lines.filter((line) => !/^100[01] {2}\S/.test(line))).toEqual([]);
    expect(lines[0]).toMatch(/^1000 {2}execve\("\/demo", \["\/demo"\], 0x[0-9a-f]+ \/\* 0 vars \*\/\) = 0$/);
  });
});

/** What one process shows, without its number. */
const linesOf = (lines: readonly string[], pid: number): string[] =>
  lines.filter((line) => line.startsWith(`${pid} `)).map((line) => line.replace(/^\d+ +/, '').replace(/ +=/, ' ='));

const compiler = toolchain() !== null;
describe(`the trace of processes that end${compiler ? '' : ' (skipped: no compiler)'}`, () => {
  it.skipIf(!compiler)('shows each end as strace does', async () => {
    const source = here('endings.c');
    const variant = { name: 'endings', libc: 'glibc', flags: ['-O1', '-w'], libs: [] } as const;
    const exe = await compile(source, 'strace-endings', hashOf(readFileSync(source, 'utf8')), variant);
    const lines = await traceOf('endings', readFileSync(exe), { pids: 'always' });
    const from = 'si_code=SI_USER, si_pid=1000, si_uid=0';
    expect(linesOf(lines, 1001).slice(-3)).toEqual([
      'pause( <unfinished ...>',
      '<... pause resumed>) = ?',
      '+++ killed by SIGKILL +++',
    ]);
    expect(linesOf(lines, 1002).slice(-3)).toEqual([
      expect.stringMatching(
        /^<\.\.\. read resumed>0x[0-9a-f]+, 1\) = \? ERESTARTSYS \(To be restarted if SA_RESTART is set\)$/,
      ),
      `--- SIGTERM {si_signo=SIGTERM, ${from}} ---`,
      '+++ killed by SIGTERM +++',
    ]);
    expect(linesOf(lines, 1003).slice(-6)).toEqual([
      `--- SIGSTOP {si_signo=SIGSTOP, ${from}} ---`,
      '--- stopped by SIGSTOP ---',
      `--- SIGCONT {si_signo=SIGCONT, ${from}} ---`,
      'read(3,  <unfinished ...>',
      '<... read resumed> <unfinished ...>) = ?',
      '+++ killed by SIGKILL +++',
    ]);
    expect(linesOf(lines, 1004).slice(-5)).toEqual([
      'read(3,  <unfinished ...>',
      '<... read resumed>"x", 1) = 1',
      `--- SIGUSR1 {si_signo=SIGUSR1, ${from}} ---`,
      'exit_group(1) = ?',
      '+++ exited with 1 +++',
    ]);
    expect(linesOf(lines, 1005).slice(-7)).toEqual([
      '<... clock_nanosleep resumed>NULL) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)',
      `--- SIGSTOP {si_signo=SIGSTOP, ${from}} ---`,
      '--- stopped by SIGSTOP ---',
      `--- SIGCONT {si_signo=SIGCONT, ${from}} ---`,
      'restart_syscall(<... resuming interrupted clock_nanosleep ...>) = 0',
      'exit_group(1) = ?',
      '+++ exited with 1 +++',
    ]);
    expect(linesOf(lines, 1000).slice(-3)).toEqual([
      'tgkill(1000, 1000, SIGABRT) = 0',
      '--- SIGABRT {si_signo=SIGABRT, si_code=SI_TKILL, si_pid=1000, si_uid=0} ---',
      '+++ killed by SIGABRT +++',
    ]);
  });
});

/** Why traces cannot be compared with those of strace(1) here; `''` if they can. */
const obstacle = (): string => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return 'not Linux on x86-64';
  if (toolchain() === null) return 'no compiler';
  const tried = spawnSync('strace', ['-o', '/dev/null', '/bin/true']);
  if (tried.error !== undefined) return 'strace is not installed';
  if (tried.status !== 0) return 'strace may not trace';
  const version = Number(/version (\d+)/.exec(execFileSync('strace', ['-V'], { encoding: 'utf8' }))?.[1]);
  return version === 6 ? '' : `strace ${version} has another format`;
};

const why = obstacle();

/** What differs for good reasons is made alike: addresses, the process id, and the alignment that hangs on their lengths. */
const comparable = (lines: readonly string[], pid: string): string[] =>
  lines.slice(lines.findIndex((line) => line.includes('"begin"'))).map((line) =>
    line
      .replace(/0x[0-9a-f]{5,}/g, 'ADDRESS')
      .replaceAll(new RegExp(`(?<=si_pid=|\\(|, |= )${pid}\\b`, 'g'), 'PID')
      .replace(/ +=/, ' ='),
  );

describe(`next to strace(1)${why === '' ? '' : ` (skipped: ${why})`}`, () => {
  it.skipIf(why !== '')('calls and signals are shown alike', async () => {
    const source = here('calls.c');
    const variant = { name: 'calls', libc: 'glibc', flags: ['-O1', '-w'], libs: [] } as const;
    const exe = await compile(source, 'strace-calls', hashOf(readFileSync(source, 'utf8')), variant);
    const directory = mkdtempSync(join(tmpdir(), 'signalbox-'));
    try {
      const output = join(directory, 'trace');
      const work = mkdtempSync(join(directory, 'work-'));
      spawnSync('strace', ['-o', output, exe], { cwd: work, env: {} });
      const native = readFileSync(output, 'utf8').trimEnd().split('\n');
      const pid = native.map((line) => /^getpid\(\) += (\d+)$/.exec(line)?.[1]).find((found) => found !== undefined);
      const ours = await traceOf('calls', readFileSync(exe));
      expect(native.length).toBeGreaterThan(150);
      expect(comparable(ours, '1000')).toEqual(comparable(native, pid!));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
