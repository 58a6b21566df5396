import { readFileSync } from 'node:fs';
import type { CpuKind } from '../../emulator/api.ts';
import { putGuestFile } from '../../kernel/guest-files.ts';
import { Machine } from '../../kernel/machine.ts';
import { memoryHost } from '../../kernel/memory-host.ts';
import { describeEnd } from '../../kernel/report.ts';
import type { Outcome } from './native.ts';

/** What a program is started with; see `native.ts` for the same on the host. */
export type Surroundings = {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly cpu: CpuKind;
};

/** More than any program of the corpus needs; one that goes on has lost its way. */
const INSTRUCTION_LIMIT = 300_000_000;

/**
 * Runs an executable of the host inside, in deterministic mode: as /guest/program, in the empty directory /tmp/work, below a
 * root that holds nothing else. Throws when it cannot be started, deadlocks, or does not end.
 */
export async function runInSignalbox(exe: string, { argv, env, stdin, cpu }: Surroundings): Promise<Outcome> {
  const host = memoryHost({ stdin: Buffer.from(stdin, 'latin1') });
  const messages: string[] = [];
  const machine = new Machine({ host, cpu, deterministic: { seed: 1 }, log: (message) => messages.push(message) });
  putGuestFile(machine, '/tmp/work', { directory: {} });
  putGuestFile(machine, '/guest/program', { file: readFileSync(exe), mode: 0o755 });
  const task = machine.start({
    path: '/guest/program',
    argv,
    env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    cwd: '/tmp/work',
  });
  if (typeof task === 'number') throw new Error(`execve: ${task}`);
  const end = await machine.run({ until: 'all', instructions: INSTRUCTION_LIMIT });
  const stdout = Buffer.from(host.output('stdout')).toString('latin1');
  const stderr = Buffer.from(host.output('stderr')).toString('latin1');
  const ended = describeEnd(task);
  if (end.kind !== 'exit' || ended === null) {
    const waiting = end.kind === 'deadlock' ? `\n${end.waiting.join('\n')}` : '';
    throw new Error(`no end (${end.kind})${waiting}\n${messages.join('\n')}\nstdout so far:\n${stdout}${stderr}`);
  }
  // What the emulator lacks is said here and not on the guest's stderr, where it would look like the guest's words.
  if (messages.length > 0) console.log(`${argv[0]}: ${messages.join('; ')}`);
  return { stdout, stderr, end: 'exit' in ended ? ended : { signal: ended.signal } };
}
