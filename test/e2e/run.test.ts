import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../native/cases.ts';
import { canBuild, guest, signalbox } from './cli.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(`${tmpdir()}/signalbox-run-`);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BUSYBOX = '/bin/busybox';

describe.skipIf(!canBuild)('signalbox run', () => {
  it('passes arguments on, those after the program too that look like ours', async () => {
    const outcome = await signalbox(['run', await guest('hello'), 'a b', '--cpu', '']);
    expect(outcome).toEqual({ stdout: 'hello a b --cpu \n', stderr: '', status: 3 });
  });

  it('shows deaths by signal as a shell does, with a line about each', async () => {
    const crash = await guest('crash');
    const deaths: [args: string[], status: number, line: RegExp][] = [
      [['segv'], 139, /died of SIGSEGV: SEGV_MAPERR, address 0x10, rip 0x[0-9a-f]+ store_to_nowhere(\+0x\w+)?$/],
      [['fpe'], 136, /died of SIGFPE: FPE_INTDIV, address (0x[0-9a-f]+), rip \1 divide_by_zero\+0x\w+$/],
      [
        ['trap'],
        132,
        /died of SIGILL: ILL_ILLOPN, address (0x[0-9a-f]+), rip \1 meant_to_trap(\+0x\w+)?, instruction ud2$/,
      ],
      [['abort'], 134, /died of SIGABRT: SI_TKILL, from process \d+, rip 0x[0-9a-f]+ \S+$/],
      [['raise', '15'], 143, /died of SIGTERM: SI_TKILL, from process \d+, rip/],
      [['raise', '40'], 168, /died of SIGRT_8: SI_TKILL/],
    ];
    for (const [args, status, line] of deaths) {
      const outcome = await signalbox(['run', crash, ...args]);
      expect(outcome.stdout).toBe('before\n');
      expect(outcome.stderr.trimEnd()).toMatch(line);
      expect(outcome.status).toBe(status);
    }
  });

  it('announces no more than --cpu-level says, and tells what a program missed', async () => {
    const crash = await guest('crash');
    const outcome = await signalbox(['run', '--cpu-level', 'v1', crash, 'avx2']);
    expect([outcome.stdout, outcome.status]).toEqual(['before\n', 132]);
    expect(outcome.stderr).toMatch(/^signalbox: \S+: VPADDD at 0x[0-9a-f]+ needs AVX2, which the processor does not/m);
    expect(outcome.stderr).toMatch(/died of SIGILL: .*, VPADDD needs AVX2, which --cpu-level v1 does not announce$/m);
    expect((await signalbox(['run', crash, 'avx2'])).status).toBe(1);
    const wrong = await signalbox(['run', '--cpu-level', 'v4', crash, 'avx2']);
    expect(wrong.stderr).toContain('Allowed choices are v1, v2, v3');
    expect(wrong.status).not.toBe(0);
  });

  it('names functions of position-independent programs', async () => {
    const program = `${folder}/pie`;
    execFileSync('gcc', ['-O1', '-static-pie', '-fPIE', '-o', program, `${root}guest/e2e/crash.c`]);
    const outcome = await signalbox(['run', program, 'segv']);
    expect(outcome.stderr).toMatch(/rip 0x[57]\w+ store_to_nowhere/);
    rmSync(program);
  });

  it('gives the same with all executors', async () => {
    const program = await guest('hello');
    for (const cpu of ['jit', 'interpreter', 'reference']) {
      expect(await signalbox(['run', '--cpu', cpu, program, 'x'])).toMatchObject({ stdout: 'hello x\n', status: 1 });
    }
  });

  it('writes a report', async () => {
    const file = `${folder}/report.json`;
    const outcome = await signalbox(['run', '--report', file, await guest('crash'), 'segv']);
    expect(outcome.status).toBe(139);
    const report = JSON.parse(readFileSync(file, 'utf8'));
    expect(report).toMatchObject({ args: ['segv'], cpu: 'jit', messages: [] });
    expect(report.milliseconds).toBeGreaterThan(0);
    expect(report.processes).toHaveLength(1);
    const [process] = report.processes;
    expect(process.end).toMatchObject({ signal: 'SIGSEGV', code: 'SEGV_MAPERR', address: '0x10', coreDumped: false });
    expect(process.end.symbol).toMatch(/^store_to_nowhere/);
    expect(process.instructions).toBeGreaterThan(1000);
    expect(process.syscalls).toBeGreaterThan(5);
    expect(report.instructions).toBe(process.instructions);
  });

  it('reports every process', async () => {
    const file = `${folder}/processes.json`;
    await signalbox(['run', '--memory', '16M', '--report', file, await guest('memory_hog'), '64']);
    const { processes } = JSON.parse(readFileSync(file, 'utf8'));
    expect(processes.map(({ end }: { end: { signal: string } }) => end.signal)).toEqual(['SIGKILL', 'SIGKILL']);
    expect(processes[1].parent).toBe(processes[0].pid);
  });
});

describe.skipIf(!canBuild)('signals from outside', () => {
  it('reach the program', async () => {
    const sent: string[] = [];
    const outcome = await signalbox(['run', await guest('interrupts')], {
      onOutput: (child, stdout) => {
        const lines = stdout.split('\n').length - 1;
        const next = (['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGUSR1', 'SIGTERM'] as const)[lines - 1];
        if (next === undefined || sent.includes(next)) return;
        sent.push(next);
        child.kill(next);
      },
    });
    expect(outcome).toEqual({
      stdout: 'ready\nsignal 2\nsignal 3\nsignal 1\nsignal 10\nsignal 15\n',
      stderr: '',
      status: 7,
    });
  });

  it('reach one that computes without end; a second Ctrl-C within a second ends the emulator', async () => {
    let sent = 0;
    const outcome = await signalbox(['run', await guest('interrupts'), 'stubborn'], {
      onOutput: (child, stdout) => {
        const lines = stdout.split('\n').length - 1;
        if (lines <= sent) return;
        sent = lines;
        child.kill('SIGINT');
      },
    });
    expect(outcome).toEqual({ stdout: 'ready\nsignal 2\n', stderr: '', status: 130 });
  });
});

describe.skipIf(process.platform !== 'linux')('job control', () => {
  /** Waits until a process of the host is in a state as `ps` shows it. */
  const reached = async (pid: number, state: string): Promise<void> => {
    for (;;) {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      if (stat.slice(stat.lastIndexOf(')') + 2).startsWith(state)) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };

  it.each(['itself', 'Ctrl-Z'])('a program stopped by %s stops here, and goes on with SIGCONT', async (by) => {
    const script = by === 'itself' ? 'echo stop; kill -STOP $$; echo on' : 'echo stop; read x; echo on $x';
    let seen = false;
    const outcome = await signalbox(['run', BUSYBOX, 'sh', '-c', script], {
      hold: true,
      onOutput: async (child, stdout) => {
        if (seen || stdout !== 'stop\n') return;
        seen = true;
        if (by === 'Ctrl-Z') child.kill('SIGTSTP');
        await reached(child.pid!, 'T');
        child.kill('SIGCONT');
        child.stdin!.end('text\n');
      },
    });
    expect(outcome).toEqual({ stdout: by === 'itself' ? 'stop\non\n' : 'stop\non text\n', stderr: '', status: 0 });
  });
});

describe.skipIf(!canBuild)('the surroundings of the program', () => {
  const sh = (script: string, ...options: string[]) =>
    signalbox(['run', ...options, BUSYBOX, 'sh', '-c', script], { cwd: folder, env: { PATH: '/bin', FROM: 'host' } });

  it('its environment is the host’s, and what the options say', async () => {
    const script = 'echo "$FROM $NEW $TWO"';
    expect((await sh(script)).stdout).toBe('host  \n');
    expect((await sh(script, '--env', 'NEW=a=b', '--env', 'TWO=2')).stdout).toBe('host a=b 2\n');
    expect((await sh(script, '--clear-env', '--env', 'NEW=n')).stdout).toBe(' n \n');
    expect((await sh(script, '--clear-env', '--env', 'FROM')).stdout).toBe('host  \n');
  });

  it('starts in the host’s working directory, or another', async () => {
    expect((await sh('pwd')).stdout).toBe(`${folder}\n`);
    expect((await sh('pwd', '--cwd', '/usr')).stdout).toBe('/usr\n');
  });

  it('sees the host’s files, and writes only to memory', async () => {
    writeFileSync(`${folder}/seen`, 'from the host\n');
    const outcome = await sh('cat seen; echo changed > seen; cat seen; echo new > other; ls; rm seen; ls');
    expect(outcome.stdout).toBe(
      'from the host\nchanged\nother\nprocesses.json\nreport.json\nseen\nother\nprocesses.json\nreport.json\n',
    );
    expect(readFileSync(`${folder}/seen`, 'utf8')).toBe('from the host\n');
  });

  it('writes where --bind allows', async () => {
    const outcome = await sh('cd /mnt && cat seen && echo written > made && ls', '--bind', `${folder}:/mnt`);
    expect(outcome.stdout).toContain('from the host\nmade\n');
    expect(readFileSync(`${folder}/made`, 'utf8')).toBe('written\n');
  });

  it('has another root with --root', async () => {
    writeFileSync(`${folder}/busybox`, readFileSync(BUSYBOX), { mode: 0o755 });
    const outcome = await signalbox(['run', '--root', folder, '/busybox', 'sh', '-c', 'pwd; /busybox ls / | head -2']);
    expect(outcome).toEqual({ stdout: '/\nbusybox\ndev\n', stderr: '', status: 0 });
  });

  it('reads standard input only when it asks for it', async () => {
    expect((await signalbox(['run', BUSYBOX, 'wc', '-c'], { input: 'x'.repeat(100_000) })).stdout).toBe('100000\n');
    expect((await signalbox(['run', BUSYBOX, 'true'], { input: 'x'.repeat(1_000_000) })).status).toBe(0);
  });

  it('is the same each time with --deterministic', async () => {
    const script =
      'cat /proc/sys/kernel/random/uuid; date +%s%N; sleep 0.05; date +%s%N; head -c 8 /dev/urandom | md5sum';
    const [first, again, other] = [
      await sh(script, '--deterministic'),
      await sh(script, '--seed', '0'),
      await sh(script, '--seed', '1'),
    ];
    expect(first.stderr).toBe('');
    expect(again).toEqual(first);
    expect(other.stdout).not.toBe(first.stdout);
  });
});
