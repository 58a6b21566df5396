import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliOutcome, canBuild, guest, signalbox, spawned } from './cli.ts';

/** Debuggers of the host's, which run natively and here. */
const has = (name: string): boolean => spawnSync(`/usr/bin/${name}`, ['--version']).status === 0;
const strace = canBuild && has('strace');
const gdb = canBuild && has('gdb');

/** gdb is a large program: some ten seconds on an idle processor, and tests are not alone. */
const PATIENCE = 300_000;

const options = {
  input: '',
  cwd: '/',
  timeLimit: PATIENCE,
  env: { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8', HOME: '/tmp' },
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/signalbox-debugger-`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = (): Promise<string> => guest('debugged', '-g', '-no-pie');

/** Each process's trace, without what differs between two native runs too: ids, random bytes, addresses of heap and stack. */
const traces = (): string => {
  const files = readdirSync(folder).sort((a, b) => Number(a.slice(6)) - Number(b.slice(6)));
  const ids = files.map((name) => name.slice(6));
  const text = files.map((name) => readFileSync(`${folder}/${name}`, 'latin1')).join('\n');
  for (const name of files) rmSync(`${folder}/${name}`);
  return text
    .replace(/\b\d+\b/g, (number) => (ids.includes(number) ? `PID${ids.indexOf(number)}` : number))
    .replace(/ += /g, ' = ')
    .replace(/^getrandom\(".*?"/gm, 'getrandom(...')
    .replace(/^(brk|execve|arch_prctl|set_tid_address|set_robust_list|rseq|clone|mmap|munmap)\(.*$/gm, (line) =>
      line.replace(/0x[0-9a-f]{6,}/g, 'ADDRESS'),
    );
};

describe.skipIf(!strace)(strace ? 'strace' : 'strace (none here, or no compiler)', () => {
  it('inside shows of a program what it shows natively', async () => {
    const traced = await program();
    const native = await spawned('/usr/bin/strace', ['-ff', '-o', `${folder}/trace`, traced], options);
    const expected = traces();
    const args = ['run', '--bind', `${folder}:/mnt`, '/usr/bin/strace', '-ff', '-o', '/mnt/trace', traced];
    expect(await signalbox(args, options)).toEqual(native);
    expect(native.status).toBe(3);
    expect(traces()).toBe(expected);
    expect(expected).toMatch(/ERESTART_RESTARTBLOCK .*\n--- SIGALRM .*\nrt_sigreturn\(.*\) += -1 EINTR/);
    expect(expected).toMatch(/--- SIGSEGV \{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10\} ---/);
  });
});

const session = [
  ...['set width 0', 'break handler', 'run', 'bt', 'print $_siginfo.si_signo', 'continue'],
  ...['print $_siginfo.si_signo', 'bt', 'up 2', 'print $rip', 'down 2', 'info registers rip eflags'],
  ...[
    'stepi',
    'stepi',
    'x/2i $pc',
    'print counter',
    'print $xmm0',
    'delete',
    'break count',
    'continue',
    'finish',
    'print counter',
  ],
  ...[
    'print counter = 5',
    'delete',
    'watch counter',
    'continue',
    'continue',
    'delete',
    'thbreak raises if depth == 1',
    'info breakpoints',
    'delete',
    'handle SIGUSR1 SIGALRM nostop noprint',
    'continue',
  ],
  ...['print $_siginfo._sifields._sigfault.si_addr', 'bt', 'continue', 'info inferiors'],
];

/** Without the ids of processes, and the addresses of what lies on the stack. */
const steady = ({ stdout, status }: CliOutcome): { text: string; status: number | null } => ({
  text: stdout.replace(/\bprocess \d+/g, 'process PID').replace(/0x7ff[0-9a-f]{9}/g, 'STACK'),
  status,
});

describe.skipIf(!gdb)(gdb ? 'gdb' : 'gdb (none here, or no compiler)', () => {
  it(
    'inside goes through a program as it does natively',
    async () => {
      const debugged = await program();
      const args = ['-nx', '-q', '-batch', ...session.flatMap((command) => ['-ex', command]), debugged];
      const native = steady(await spawned('/usr/bin/gdb', args, options));
      const here = steady(await signalbox(['run', '/usr/bin/gdb', ...args], options));
      expect(here).toEqual(native);
      expect(here.text).toMatch(
        /#0 {2}handler .*\n#1 {2}<signal handler called>\n#2 .* sigqueue .*\n(#.*\n)*#6 .* main/,
      );
      expect(here.text).toContain('exited with code 03');
    },
    2 * PATIENCE,
  );
});
