/** Whom the benchmark compares: the host itself, qemu-user, and the executors. */
import { spawnSync } from 'node:child_process';

export interface Executor {
  readonly name: string;
  /** How much of the work of a program it does; what is shown is what all of it would take. */
  readonly share: number;
  /** The command that runs a command under it. */
  command(line: readonly string[]): string[];
}

const CLI = 'dist/signalbox.js';

const signalbox = (cpu: string, share: number): Executor => ({
  name: cpu,
  share,
  command: (line) => [process.execPath, CLI, 'run', '--cpu', cpu, ...line],
});

export const installed = (command: string): boolean => spawnSync('which', [command]).status === 0;

/** Those that there are. */
export const executors: readonly Executor[] = [
  { name: 'native', share: 1, command: (line) => [...line] },
  ...(installed('qemu-x86_64')
    ? [{ name: 'qemu-user', share: 1, command: (line: readonly string[]) => ['qemu-x86_64', ...line] }]
    : []),
  signalbox('jit', 1),
  signalbox('interpreter', 0.1),
  signalbox('reference', 0.01),
];
