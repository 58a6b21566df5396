/** `signalbox signals`: its options. The work is in `show.ts`, which is loaded only when it is asked for. */
import process from 'node:process';
import type { Command } from 'commander';
import { addMachineOptions } from '../cli/machine-options.ts';
import { parseCount, parseSignal } from '../frame/command.ts';
import type { SignalsCommandOptions } from './show.ts';

const DESCRIPTION =
  'run a program, and show the life of every signal: who sent it, what became of it and why; what the program writes goes ' +
  'to standard error, unless the ledger goes to a file';

/** Adds the command to the program. Nothing is run. */
export const registerSignalsCommand = (program: Command): void => {
  addMachineOptions(program.command('signals').description(DESCRIPTION))
    .option(
      '--signal <SIG>',
      'only this signal (repeatable)',
      (text: string, before: readonly number[]) => [...before, parseSignal(text)],
      [],
    )
    .option('--limit <N>', 'signals to write down; those sent after them are counted', parseCount, 10_000)
    .option('--json', 'as JSON')
    .option('--trace <FILE>', 'also write a trace for Perfetto or chrome://tracing')
    .option('-o, --output <FILE>', 'write the ledger to a file')
    .action(async (path: string, args: string[], options: SignalsCommandOptions) => {
      const { signals } = await import('./show.ts');
      process.exitCode = await signals(path, args, options);
    });
};
