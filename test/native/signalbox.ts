import { readFileSync } from 'node:fs';
import type { CpuKind, CpuLevel } from '../../emulator/api.ts';
import { boot } from '../../kernel/index.ts';
import { sharedLibraries } from './build.ts';
import type { Outcome } from './native.ts';

/** What a program is started with; `native.ts` gives the same on the host. */
export type Surroundings = {
  /** argv[0] and the arguments behind it. */
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly cpu: CpuKind;
  /** What the CPU announces; v3 if nothing is said. */
  readonly level?: CpuLevel;
};

/** Read once, for all programs of a test file. */
let libraries: ReturnType<typeof sharedLibraries> | undefined;

const PT_INTERP = 3;

/** Whether an ELF program names a dynamic linker. */
const isDynamic = (bytes: Buffer): boolean => {
  const first = Number(bytes.readBigUInt64LE(32));
  const count = bytes.readUInt16LE(56);
  return Array.from({ length: count }, (_, n) => bytes.readUInt32LE(first + n * 56)).includes(PT_INTERP);
};

/** More than any program of the corpus needs; one that goes on has lost its way. */
const INSTRUCTION_LIMIT = 300_000_000;

/**
 * Runs an executable of the host inside, in deterministic mode: as /program, in the empty directory /tmp/work, below a root that
 * holds nothing else but the libraries of dynamically linked programs. Throws when it cannot be started, deadlocks, or does not end.
 */
export async function runInSignalbox(
  exe: string,
  { name, args, env, stdin, cpu, level = 'v3' }: Surroundings,
): Promise<Outcome> {
  const output: Record<'stdout' | 'stderr', Uint8Array[]> = { stdout: [], stderr: [] };
  const program = readFileSync(exe);
  const box = await boot({
    program,
    name,
    args,
    env,
    stdin: Buffer.from(stdin, 'latin1'),
    onOutput: (stream, bytes) => output[stream].push(bytes),
    files: { '/tmp/work': { directory: {} }, ...(isDynamic(program) ? (libraries ??= sharedLibraries()) : {}) },
    cwd: '/tmp/work',
    cpu,
    // Everything that is entered twice is translated.
    jit: { threshold: 1 },
    cpuLevel: level,
    deterministic: { seed: 1 },
  });
  const stop = await box.runUntil({ instructions: INSTRUCTION_LIMIT });
  const stdout = Buffer.concat(output.stdout).toString('latin1');
  const stderr = Buffer.concat(output.stderr).toString('latin1');
  if (stop.kind !== 'exit') {
    const waiting = stop.kind === 'deadlock' ? `\n${stop.waiting.join('\n')}` : '';
    const { messages } = box.report();
    throw new Error(`no end (${stop.kind})${waiting}\n${messages.join('\n')}\nstdout so far:\n${stdout}${stderr}`);
  }
  return { stdout, stderr, end: 'exit' in stop.end ? { exit: stop.end.exit } : { signal: stop.end.signal } };
}
