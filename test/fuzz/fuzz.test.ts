/**
 * Nothing that a guest does may crash, hang or corrupt the host process: random system calls, random code, random signals, and
 * programs that want too much. Seeds are fixed; a long run multiplies how many there are:
 *
 *   FUZZ=100 npx vitest run --config test/vitest.config.ts --testTimeout 3600000 test/fuzz
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { syscallRows } from '../../kernel/syscalls/table.ts';
import { hostIsLinuxX64 } from '../native/build.ts';
import { CodeMachine, mutatedCode, program, randomCode } from './code.ts';
import { canBuild, fuzzer, rounds, runFuzzer } from './guest.ts';
import { seeded } from './random.ts';
import { fuzzSyscalls } from './syscalls.ts';

const OK = { exit: 0 };

describe.skipIf(!canBuild)('random system calls', () => {
  const load = async () => new Uint8Array(readFileSync(await fuzzer('syscalls')));

  it('end as calls do, and every row is hit', async () => {
    const bytes = await load();
    const hit = new Set<number>();
    for (let seed = 1; seed <= rounds(4); seed++) {
      const run = await fuzzSyscalls(bytes, { seed, children: 60, calls: 400, cpu: 'interpreter' });
      expect(run.end, run.last.join('\n')).toBe(JSON.stringify(OK));
      for (const number of run.made.keys()) hit.add(number);
    }
    expect(syscallRows.filter(({ number }) => !hit.has(number)).map(({ name }) => name)).toEqual([]);
  });

  it('are the same in both executors', async () => {
    const bytes = await load();
    for (let seed = 1; seed <= rounds(1); seed++) {
      const options = { seed, children: 4, calls: 100 };
      const interpreter = await fuzzSyscalls(bytes, { ...options, cpu: 'interpreter' });
      expect(await fuzzSyscalls(bytes, { ...options, cpu: 'reference' })).toEqual(interpreter);
    }
  });
});

it.skipIf(!canBuild)('random code ends the same way in all executors', async () => {
  const text = new Uint8Array(readFileSync(await fuzzer('syscalls'))).subarray(0x1000, 0x1000 + 500_000);
  const machines = [new CodeMachine('interpreter'), new CodeMachine('reference'), new CodeMachine('jit')];
  const ends = new Set<string>();
  for (let seed = 1; seed <= rounds(2000); seed++) {
    const random = seeded(seed * 7919);
    const code = seed % 2 ? mutatedCode(text, random) : randomCode(random);
    const file = program(code, random);
    const [interpreter, reference] = [await machines[0]!.run(file), await machines[1]!.run(file)];
    expect(interpreter, `seed ${seed}`).toBe(reference);
    // Translating takes its time.
    if (seed % 10 === 0) expect(await machines[2]!.run(file), `seed ${seed} under the JIT`).toBe(reference);
    ends.add(/: (\w+)/.exec(interpreter)![1]!);
  }
  // SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV, and no end: otherwise the code was too tame or too wild.
  expect([...ends]).toEqual(expect.arrayContaining(['4', '5', '7', '8', 'b', '9']));
});

describe.skipIf(!canBuild)('random signals', () => {
  it('are the same in both executors', async () => {
    const path = await fuzzer('signals');
    for (let seed = 1; seed <= rounds(5); seed++) {
      const args = [String(seed), '20', '300'];
      const interpreter = await runFuzzer(path, args, seed, 'interpreter');
      expect(interpreter.end).toEqual(OK);
      expect(await runFuzzer(path, args, seed, 'reference')).toEqual(interpreter);
    }
  });

  it.skipIf(!hostIsLinuxX64)('do as on the host', async () => {
    const path = await fuzzer('signals');
    for (let seed = 1; seed <= rounds(3); seed++) {
      const args = [String(seed), '40', '300', 'plain'];
      const native = execFileSync(path, args, { encoding: 'utf8', cwd: '/tmp', timeout: 30_000 });
      expect((await runFuzzer(path, args, seed, 'interpreter')).stdout).toBe(native);
    }
  });
});

it.skipIf(!canBuild)('programs that want too much are refused it', async () => {
  const { stdout, end } = await runFuzzer(await fuzzer('exhaust'), [], 1, 'interpreter');
  expect(end).toEqual(OK);
  expect(stdout.split('\n')).toEqual([
    'proc',
    'directories: 3000, getcwd ERANGE whole',
    'loop: ELOOP opened ELOOP',
    'truncate: 0 0',
    'write far: 1',
    'mapped: 120',
    'full disk: ENOSPC',
    'pipes: EMFILE, 1',
    'full pipes: EAGAIN, 65404928',
    'mappings: ENOMEM, about 65530: 1',
    'many arguments: E2BIG',
    'long argument: E2BIG',
    'deep forks: 7',
    'memory: 9',
    'forks: EAGAIN after more than 50: 1',
    '',
  ]);
});
