import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  BootError,
  type BootOptions,
  boot,
  ERRNO,
  memoryFiles,
  RLIMIT,
  SIG,
  type SigInfo,
  type Signalbox,
  type Stop,
  UserFault,
} from '../../kernel/index.ts';
import { root } from '../native/cases.ts';
import { canBuild, guest } from './cli.ts';

const example = new Uint8Array(readFileSync(`${root}guest/prebuilt/example`));

const KINDS = ['jit', 'interpreter', 'reference'] as const;

const bootExample = (options: Partial<BootOptions> = {}): Promise<Signalbox> => boot({ program: example, ...options });

const stopped = <K extends Stop['kind']>(stop: Stop, kind: K): Extract<Stop, { kind: K }> => {
  expect(stop.kind).toBe(kind);
  return stop as Extract<Stop, { kind: K }>;
};

describe.each(KINDS)('a booted machine (%s)', (cpu) => {
  it('runs to the end', async () => {
    const box = await bootExample({ cpu });
    expect(box.end).toBeNull();
    expect(await box.run()).toEqual({ kind: 'exit', pid: box.program.pid, end: { exit: 0 } });
    expect(box.stdout).toBe('handled 10\nhandled 12\n');
    expect(box.stderr).toBe('');
    expect(box.end).toEqual({ exit: 0 });
    // Again it says the same.
    expect((await box.run()).kind).toBe('exit');
  });

  it('stops at the first instruction of handlers, one after the other', async () => {
    const box = await bootExample({ cpu });
    const first = stopped(await box.runUntil({ handler: true }), 'handler');
    expect(first).toMatchObject({ pid: box.program.pid, signo: SIG.SIGUSR1 });
    const registers = box.registers();
    expect(registers.rip).toBe(BigInt(first.rip));
    expect(registers.rdi).toBe(BigInt(SIG.SIGUSR1));
    expect(registers.rsp).toBe(BigInt(first.frame));
    expect(registers.rsp % 16n).toBe(8n);
    expect(box.stdout).toBe('');
    const second = stopped(await box.runUntil({ handler: true }), 'handler');
    expect(second.signo).toBe(SIG.SIGUSR2);
    expect(second.rip).toBe(first.rip);
    expect(box.stdout).toBe('handled 10\n');
    expect((await box.run()).kind).toBe('exit');
  });

  it('stops at the handler of one signal', async () => {
    const box = await bootExample({ cpu });
    const stop = stopped(await box.runUntil({ handler: SIG.SIGUSR2 }), 'handler');
    expect(stop.signo).toBe(SIG.SIGUSR2);
    expect(box.stdout).toBe('handled 10\n');
  });

  it('stops before a system call, which is made when it goes on', async () => {
    const box = await bootExample({ cpu });
    for (const [text, before] of [
      ['handled 10\n', ''],
      ['handled 12\n', 'handled 10\n'],
    ] as const) {
      const stop = stopped(await box.runUntil({ syscall: 'write' }), 'syscall');
      expect(stop).toMatchObject({ name: 'write', number: 1 });
      expect(stop.args[0]).toBe(1);
      const bytes = box.readMemory(stop.pid, stop.args[1]!, stop.args[2]!);
      expect(Buffer.from(bytes).toString()).toBe(text);
      expect(box.stdout).toBe(before);
    }
    await box.run();
    expect(box.stdout).toBe('handled 10\nhandled 12\n');
    await expect(box.runUntil({ syscall: 'nonsense' })).rejects.toThrow('no system call nonsense');
  });

  it('stops at breakpoints', async () => {
    const box = await bootExample({ cpu });
    const before = box.snapshot();
    const { rip } = stopped(await box.runUntil({ handler: true }), 'handler');
    box.restore(before);
    const found: string[] = [];
    for (;;) {
      const stop = await box.runUntil({ breakpoint: rip });
      if (stop.kind === 'exit') break;
      expect(stop).toEqual({ kind: 'breakpoint', pid: box.program.pid, rip });
      found.push(`${box.registers().rdi} ${box.stdout}`);
    }
    expect(found).toEqual(['10 ', '12 handled 10\n']);
  });

  it('stops after exactly so many instructions', async () => {
    const box = await bootExample({ cpu });
    for (const count of [1, 7, 100, 250]) {
      const before = box.machine.cpu.instructions;
      stopped(await box.runUntil({ instructions: count }), 'instructions');
      expect(box.machine.cpu.instructions - before).toBe(count);
    }
    await expect(box.runUntil({ instructions: 0 })).rejects.toThrow('more than none');
    expect((await box.run()).kind).toBe('exit');
  });

  it('changes memory and registers', async () => {
    const box = await bootExample({ cpu });
    const { pid, args } = stopped(await box.runUntil({ syscall: 'write' }), 'syscall');
    box.writeMemory(pid, args[1]!, Buffer.from('changed'));
    box.setRegisters({ rdx: 8n });
    await box.run();
    // A short write, which the program takes for a failure.
    expect(box.stdout).toBe('changed ');
    expect(box.end).toEqual({ exit: 1 });
    expect(() => box.readMemory(pid, 0x10, 1)).toThrow(UserFault);
    expect(() => box.readMemory(77, 0, 1)).toThrow('no process 77');
  });

  it('goes back to a snapshot any number of times, and on differently', async () => {
    const box = await bootExample({ cpu });
    const { pid } = stopped(await box.runUntil({ handler: true }), 'handler');
    const before = box.snapshot();
    const registers = box.registers();
    const pending = box.pending(pid);
    expect(pending.thread).toEqual([]);
    expect(pending.process.map(({ signo }) => signo)).toEqual([SIG.SIGUSR2]);

    const endings: unknown[] = [];
    for (const signals of [[SIG.SIGTERM], [SIG.SIGUSR1, SIG.SIGUSR2], [], [SIG.SIGKILL], [SIG.SIGUSR2]]) {
      box.restore(before);
      expect(box.registers()).toEqual(registers);
      expect(box.pending(pid)).toEqual(pending);
      const infos = signals.map((signo): SigInfo => ({ ...pending.process[0]!, signo }));
      box.setPending(pid, { process: infos });
      await box.run();
      endings.push([box.end, box.stdout.match(/\d+/g)?.join(' ') ?? '']);
    }
    expect(endings).toMatchObject([
      [{ signal: 'SIGTERM' }, '10'],
      [{ exit: 0 }, '10 10 12'],
      [{ exit: 0 }, '10'],
      [{ signal: 'SIGKILL' }, ''],
      [{ exit: 0 }, '10 12'],
    ]);
  });

  it('takes signals from outside', async () => {
    const box = await bootExample({ cpu });
    stopped(await box.runUntil({ syscall: 'write' }), 'syscall');
    box.sendSignal(box.program.pid, SIG.SIGTERM);
    await box.run();
    expect(box.end).toMatchObject({ signal: 'SIGTERM', code: 'SI_USER' });
    const again = await bootExample({ cpu });
    again.sendSignal(again.program.pid, SIG.SIGUSR1, 42n);
    // Not handled yet: the default kills.
    await again.run();
    expect(again.end).toMatchObject({ signal: 'SIGUSR1', code: 'SI_QUEUE' });
  });
});

describe('boot', () => {
  it('says why a program cannot be started, with the errno', async () => {
    const failure = await boot({ program: '/nothing' }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(BootError);
    expect(failure).toMatchObject({ message: '/nothing: no such file (ENOENT)', errno: ERRNO.ENOENT });
    await expect(boot({ program: Buffer.from('text') })).rejects.toThrow('not an ELF program');
    await expect(bootExample({ cwd: '/nowhere' })).rejects.toThrow('/nowhere is no directory');
    await expect(bootExample({ files: { relative: '' } })).rejects.toThrow('must be absolute');
  });

  it('gives the same report every time in deterministic mode', async () => {
    const reports = await Promise.all(
      KINDS.map(async (cpu) => {
        const box = await bootExample({ cpu, deterministic: { seed: 5 } });
        await box.run();
        return box.report();
      }),
    );
    expect(reports[0]).toEqual(reports[1]);
    expect(reports[0]).toMatchObject({ signals: 2, messages: [] });
    expect(reports[0]!.processes).toHaveLength(1);
    expect(reports[0]!.processes[0]).toMatchObject({ program: '/program', end: { exit: 0 }, signals: 2 });
  });

  it('tells of output as it comes', async () => {
    const pieces: string[] = [];
    const box = await bootExample({ onOutput: (stream, bytes) => pieces.push(`${stream} ${Buffer.from(bytes)}`) });
    await box.run();
    expect(pieces).toEqual(['stdout handled 10\n', 'stdout handled 12\n']);
  });
});

const busybox = new Uint8Array(readFileSync('/bin/busybox'));
const shell = (script: string, options: Partial<BootOptions> = {}): Promise<Signalbox> =>
  boot({
    program: '/bin/sh',
    args: ['-c', script],
    files: { '/bin/busybox': { file: busybox, mode: 0o755 }, '/bin/sh': { link: 'busybox' }, ...options.files },
    ...Object.fromEntries(Object.entries(options).filter(([key]) => key !== 'files')),
  });

describe('the surroundings of a program', () => {
  const output = async (script: string, options: Partial<BootOptions> = {}): Promise<string> => {
    const box = await shell(script, options);
    expect(await box.run()).toMatchObject({ kind: 'exit', end: { exit: 0 } });
    return box.stdout;
  };

  it('files in memory, text, bytes, links and directories', async () => {
    const files = {
      '/etc/text': 'grüße\n',
      '/etc/bytes': Uint8Array.of(65, 10),
      '/etc/link': { link: 'text' },
      '/srv': { directory: { a: '1', b: { directory: { c: { file: '2', mode: 0o600 } } } }, mode: 0o700 },
    };
    const script = 'cd /etc; cat text bytes link; cat /srv/a /srv/b/c; stat -c "%a %n" /srv /srv/b /srv/b/c';
    expect(await output(script, { files })).toBe('grüße\nA\ngrüße\n12700 /srv\n755 /srv/b\n600 /srv/b/c\n');
  });

  it('a root and binds behind an interface', async () => {
    const tree = { kept: 'below\n', bin: { directory: {} } };
    const shared = memoryFiles({ seen: 'shared\n' });
    const options = { root: memoryFiles(tree), binds: [{ files: shared, guestPath: '/mnt/it', writable: true }] };
    const script = 'cat kept mnt/it/seen; echo over > kept; cat kept; echo new > mnt/it/made';
    expect(await output(script, options)).toBe('below\nshared\nover\n');
    const bytes = new Uint8Array(10);
    expect(shared.read('/made', 0, bytes)).toBe(4);
  });

  it('environment, arguments, names, user, host name', async () => {
    const script = 'echo $0 $1 $A-$B; id -u; id -g; hostname; pwd';
    const options = {
      args: ['-c', script, 'zero', 'one'],
      env: { A: 'a', B: 'b' },
      uid: 5,
      gid: 6,
      hostname: 'box',
      cwd: '/tmp',
    };
    expect(await output(script, options)).toBe('zero one a-b\n5\n6\nbox\n/tmp\n');
  });

  it('standard input, given at once or piece by piece', async () => {
    expect(await output('read a; read b; echo "$b $a"', { stdin: 'one\ntwo\n' })).toBe('two one\n');
    const pieces = ['on', 'e\n', 'two\n'].map((text) => new TextEncoder().encode(text));
    expect(await output('read a; cat', { stdin: () => pieces.shift() ?? null })).toBe('two\n');
  });

  it('limits', async () => {
    const limits = { fileBytes: 8 << 20, rlimits: { [RLIMIT.NOFILE]: { soft: 20, hard: 20 } } };
    const script = 'ulimit -n; head -c 20000000 /dev/zero > /tmp/x; wc -c < /tmp/x';
    const box = await shell(script, { limits });
    await box.run();
    expect(box.stderr).toMatch(/head: .*error/);
    const [files, bytes] = box.stdout.split('\n').map(Number);
    expect(files).toBe(20);
    expect(bytes).toBeGreaterThan(5e6);
    expect(bytes).toBeLessThanOrEqual(8 << 20);
  });

  it('a machine where everything waits for ever says what for', async () => {
    const box = await shell('cat <&- | { exec 2>/dev/null; kill -STOP $$; }; echo never');
    const end = await box.run();
    expect(end.kind).toBe('deadlock');
    expect((end as Extract<Stop, { kind: 'deadlock' }>).waiting.join('\n')).toMatch(/stopped by SIGSTOP|waits in/);
  });
});

describe('snapshots of more than one process', () => {
  const script =
    'i=0; while [ $i -lt 3 ]; do echo $i | tee -a /tmp/log; i=$((i+1)); done; wc -l < /tmp/log; date +%s%N';

  it.each(KINDS)('with pipes, files and a clock (%s)', async (cpu) => {
    const box = await shell(script, { cpu, deterministic: { seed: 1 } });
    const whole = await shell(script, { cpu, deterministic: { seed: 1 } });
    await whole.run();
    expect(whole.stdout.startsWith('0\n1\n2\n3\n')).toBe(true);
    // Before some call in the middle, while children run and pipes are open.
    for (let i = 0; i < 25; i++) await box.runUntil({ syscall: 'read' });
    const snapshot = box.snapshot();
    const tasks = box.tasks.map(({ pid, state }) => `${pid} ${state}`);
    for (let again = 0; again < 3; again++) {
      await box.run();
      expect(box.stdout).toBe(whole.stdout);
      expect(box.report()).toEqual(whole.report());
      box.restore(snapshot);
      expect(box.tasks.map(({ pid, state }) => `${pid} ${state}`)).toEqual(tasks);
    }
  });

  it('changes nothing by being taken', async () => {
    const whole = await shell(script, { deterministic: { seed: 1 } });
    await whole.run();
    const box = await shell(script, { deterministic: { seed: 1 } });
    for (let i = 0; i < 40; i++) {
      const stop = await box.runUntil({ instructions: 5003 });
      if (stop.kind === 'exit') break;
      const snapshot = box.snapshot();
      if (i % 2 === 0) await box.runUntil({ instructions: 2000 });
      box.restore(snapshot);
    }
    await box.run();
    expect(box.stdout).toBe(whole.stdout);
    expect(box.report()).toEqual(whole.report());
  });
});

describe.skipIf(!canBuild)('deaths', () => {
  it('are described with their signal', async () => {
    const crash = new Uint8Array(readFileSync(await guest('crash')));
    const box = await boot({ program: crash, args: ['segv'] });
    await box.run();
    expect(box.end).toMatchObject({
      signal: 'SIGSEGV',
      code: 'SEGV_MAPERR',
      address: 0x10n,
      from: null,
      coreDumped: false,
    });
    const { end } = box.report().processes[0]!;
    expect(end).toEqual(box.end);
  });
});
