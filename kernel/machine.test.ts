/** The run loop, with programs of a few instructions. */

import { describe, expect, test } from 'vitest';
import { SIG } from './abi/signal.ts';
import { KernelBug } from './bug.ts';
import { Machine } from './machine.ts';
import { type MemoryHostOptions, memoryHost } from './memory-host.ts';
import { observe } from './observers.ts';
import type { MachineOptions } from './options.ts';
import { putTestFile, testElf } from './process/testing.ts';
import type { Task } from './task/task.ts';

/** Offset in the file of the first instruction of `testElf`. */
const CODE = 0x1000;

const mov = (register: 'eax' | 'edi' | 'esi' | 'edx', value: number): number[] => {
  const opcode = { eax: 0xb8, edx: 0xba, esi: 0xbe, edi: 0xbf }[register];
  return [opcode, value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255];
};
const SYSCALL = [0x0f, 0x05];
/** A system call with up to two arguments. */
const call = (number: number, edi = 0, esi = 0): number[] => [
  ...mov('eax', number),
  ...mov('edi', edi),
  ...mov('esi', esi),
  ...SYSCALL,
];
const NR = { pause: 34, nanosleep: 35, alarm: 37, fork: 57, exit: 60, wait4: 61, kill: 62, getpid: 39, exitGroup: 231 };
const LOOP = [0xeb, 0xfe]; // jmp .
/** Nothing but forever a pause. */
const PAUSE_FOREVER = [...call(NR.pause), 0xeb, 256 - 19];

const machineWith = (
  code: readonly number[],
  options: Partial<MachineOptions> = {},
  host: MemoryHostOptions = {},
): { machine: Machine; program: Task } => {
  const machine = new Machine({ host: memoryHost(host), memory: 64 << 20, deterministic: { seed: 1 }, ...options });
  const elf = testElf();
  elf.set(code, CODE);
  putTestFile({ kernel: machine, task: machine.starter } as never, '/program', elf);
  const program = machine.start({ path: '/program', argv: ['/program'], env: [] });
  if (typeof program === 'number') throw new Error(`exec gives ${program}`);
  return { machine, program };
};

describe('run', () => {
  test('ends with the program', async () => {
    const { machine, program } = machineWith(call(NR.exit, 42));
    expect(await machine.run()).toEqual({ kind: 'exit' });
    expect(program.end).toEqual({ status: 42 << 8 });
    expect(program).toMatchObject({ instructions: 4, syscalls: 1, state: 'dead' });
  });

  test('counts instructions to the last', async () => {
    const { machine } = machineWith(LOOP);
    expect(await machine.run({ instructions: 12_345 })).toEqual({ kind: 'instructions' });
    expect(machine.cpu.instructions).toBe(12_345);
    expect(await machine.run({ instructions: 200_000 })).toEqual({ kind: 'instructions' });
    expect(machine.cpu.instructions).toBe(212_345);
  });

  test('stops where an observer asks: before a syscall, and goes on with it', async () => {
    const { machine, program } = machineWith([...call(NR.getpid), ...call(NR.exit, 1)]);
    const seen: string[] = [];
    observe(machine.observers, {
      syscallEntry: (_task, number) => {
        seen.push(`enter ${number}`);
        machine.requestStop();
      },
      syscallExit: (_task, number, _args, result) => seen.push(`leave ${number} ${result}`),
      exit: () => seen.push('exit'),
    });
    expect(await machine.run()).toEqual({ kind: 'stop' });
    expect(machine.cpu.state.getNumber(0)).toBe(NR.getpid);
    expect(await machine.run()).toEqual({ kind: 'stop' });
    expect(machine.cpu.state.getNumber(0)).toBe(NR.exit);
    expect(await machine.run()).toEqual({ kind: 'exit' });
    expect(seen).toEqual(['enter 39', `leave 39 ${program.pid}`, 'enter 60', 'exit']);
  });

  test('says what everyone waits for when nothing can happen any more', async () => {
    const { machine } = machineWith(PAUSE_FOREVER);
    expect(await machine.run()).toEqual({ kind: 'deadlock', waiting: ['process 1000 (program): waits in pause()'] });
  });

  test('can be interrupted', async () => {
    const { machine, program } = machineWith(LOOP);
    await machine.run({ instructions: 1000 });
    machine.interrupt(SIG.SIGINT);
    expect(await machine.run()).toEqual({ kind: 'exit' });
    expect(program.end).toMatchObject({ status: SIG.SIGINT, signal: { signo: SIG.SIGINT, code: 0x80 } });
  });

  test('until all: waits for the orphans too', async () => {
    // fork; the child sleeps in alarm + pause and dies, the parent exits at once.
    const child = [...call(NR.alarm, 1), ...call(NR.pause)];
    const code = [...call(NR.fork), 0x85, 0xc0, 0x74, 17, ...call(NR.exit, 3), ...child];
    const { machine, program } = machineWith(code);
    const ends: number[] = [];
    observe(machine.observers, { exit: (task) => ends.push(task.end!.status) });
    expect(await machine.run()).toEqual({ kind: 'exit' });
    expect(ends).toEqual([3 << 8]);
    expect(await machine.run({ until: 'all' })).toEqual({ kind: 'exit' });
    expect(ends).toEqual([3 << 8, SIG.SIGALRM]);
    expect([...machine.tasks.keys()]).toEqual([1, 999]);
    expect(program.state).toBe('dead');
  });
});

describe('time', () => {
  test('an alarm is exact to the instruction in deterministic mode', async () => {
    const run = async () => {
      const { machine, program } = machineWith([...call(NR.alarm, 1), ...LOOP], { cpu: 'interpreter' });
      // A second is a thousand million instructions: once the alarm is set, go near its time by skipping.
      await machine.run({ instructions: 10 });
      machine.clock.offset += 0.9995e9;
      await machine.run();
      return program.end!.signal!.signo === SIG.SIGALRM ? machine.cpu.instructions : -1;
    };
    const first = await run();
    expect(first).toBeGreaterThan(0);
    expect(await run()).toBe(first);
  });

  test('idle time is skipped, not spent', async () => {
    const { machine } = machineWith([...call(NR.alarm, 1000), ...PAUSE_FOREVER]);
    const start = machine.now();
    await machine.run();
    expect(machine.now() - start).toBeGreaterThanOrEqual(1000e9);
    expect(machine.now() - start).toBeLessThan(1000e9 + 1e6);
    expect(machine.cpu.instructions).toBeLessThan(100);
  });

  test('with the host’s clock a sleep takes as long as it should', async () => {
    let now = 5e9;
    const host: MemoryHostOptions = {
      monotonic: () => now,
      realtime: () => 0n,
      sleep: async (milliseconds) => {
        now += Math.max(milliseconds * 1e6, 1e5);
      },
    };
    const machine = new Machine({ host: memoryHost(host), memory: 64 << 20 });
    const elf = testElf();
    elf.set([...call(NR.alarm, 2), ...PAUSE_FOREVER], CODE);
    putTestFile({ kernel: machine, task: machine.starter } as never, '/program', elf);
    machine.start({ path: '/program', argv: [], env: [] });
    await machine.run();
    expect(now - 5e9).toBeGreaterThanOrEqual(2e9);
    expect(now - 5e9).toBeLessThan(2.01e9);
  });

  test('without a clock of its own a host made of buffers lets sleeps end too', async () => {
    const machine = new Machine({ host: memoryHost(), memory: 64 << 20 });
    const elf = testElf();
    elf.set([...call(NR.alarm, 2), ...PAUSE_FOREVER], CODE);
    putTestFile({ kernel: machine, task: machine.starter } as never, '/program', elf);
    const program = machine.start({ path: '/program', argv: [], env: [] }) as Task;
    expect(await machine.run()).toEqual({ kind: 'exit' });
    expect(program.end?.status).toBe(14);
  });

  test('random bytes are a function of the seed', () => {
    const bytes = (seed: number) => {
      const into = new Uint8Array(16);
      machineWith(LOOP, { deterministic: { seed } }).machine.random(into);
      return into;
    };
    expect(bytes(1)).toEqual(bytes(1));
    expect(bytes(1)).not.toEqual(bytes(2));
  });
});

describe('limits', () => {
  test('fork fails when there are as many tasks as may be', async () => {
    // fork until it fails (a negative result), then exit with the negated errno.
    const loop = [...mov('eax', NR.fork), ...SYSCALL, 0x85, 0xc0]; // fork; test eax, eax
    const code = [
      ...loop,
      ...[0x7f, 256 - 11], // jg: the parent again
      ...[0x74, 9 + 2], // je: the child
      ...[0xf7, 0xd8, 0x89, 0xc7, ...mov('eax', NR.exitGroup), ...SYSCALL], // neg eax; mov edi, eax; exit_group
      ...PAUSE_FOREVER,
    ];
    const { machine, program } = machineWith(code, { limits: { maxTasks: 10 } });
    expect(await machine.run()).toEqual({ kind: 'exit' });
    expect(program.end!.status >> 8).toBe(11); // EAGAIN
    expect(machine.tasks.size).toBe(9);
  });

  test('a syscall that is not there is named, once', async () => {
    const lines: string[] = [];
    const code = [...call(246), ...call(246), ...call(9999), ...call(NR.exit)];
    const { machine } = machineWith(code, { log: (line) => lines.push(line) });
    await machine.run();
    expect(lines.map((line) => line.replace(/^.*?: /, ''))).toEqual([
      expect.stringMatching(/246 \(kexec_load\)/),
      expect.stringMatching(/9999/),
    ]);
  });
});

test('a mistake of our own tells where the guest was', async () => {
  const { machine } = machineWith([...call(NR.getpid), ...call(NR.exit)]);
  observe(machine.observers, {
    syscallEntry: (_task, number) => {
      if (number === NR.exit) throw new Error('oh');
    },
  });
  const failure = machine.run();
  await expect(failure).rejects.toBeInstanceOf(KernelBug);
  await expect(failure).rejects.toThrow(
    /^oh \(process 1000, program, rip 0x[0-9a-f]+, in exit\)\nlast .*#PF\n.*getpid\n.*exit$/s,
  );
});
