/** `signalbox frame`: its options. The work is in `debug.ts`, which is loaded only when it is asked for. */
import process from 'node:process';
import { type Command, InvalidArgumentError } from 'commander';
import { NSIG, SIG, signalName } from '../../kernel/abi/signal.ts';
import { addMachineOptions } from '../cli/machine-options.ts';
import type { FrameCommandOptions } from './debug.ts';

/** `USR1`, `SIGUSR1`, `10`, `SIGRTMIN+3` counted as the kernel does from 32, `RT_3`. */
export const parseSignal = (text: string): number => {
  const name = text.toUpperCase().replace(/^(SIG)?/, 'SIG');
  const plus = /^SIGRTMIN\+(\d+)$/.exec(name);
  const signo = /^\d+$/.test(text)
    ? Number(text)
    : plus !== null
      ? SIG.SIGRTMIN + Number(plus[1])
      : Array.from({ length: NSIG }, (_, i) => i + 1).find((each) => signalName(each) === name);
  if (signo === undefined || signo < 1 || signo > NSIG) {
    throw new InvalidArgumentError('Write a name as USR1 or SIGRTMIN+3, or a number from 1 to 64.');
  }
  return signo;
};

/** A number from 1. */
export const parseCount = (text: string): number => {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Count from 1.');
  return Number(text);
};

const DESCRIPTION =
  'run a program until a signal handler is entered, and show the frame that it finds on the stack, field by field; what ' +
  'the program writes goes to standard error';

/** Adds the command to the program. Nothing is run. */
export const registerFrameCommand = (program: Command): void => {
  addMachineOptions(program.command('frame').description(DESCRIPTION))
    .option('--signal <SIG>', "wait for this signal's handler", parseSignal)
    .option('--pid <N>', 'wait for a handler of this process or thread', parseCount)
    .option('--handler <PLACE>', 'wait for this handler: a function, or an address 0x...')
    .option('--at <PLACE>', 'wait until the program is interrupted there: a function, name+0x1f, or an address')
    .option('--nth <N>', 'wait until such a handler is entered for the N-th time', parseCount, 1)
    .option('--json', 'print the facts as JSON')
    .action(async (path: string, args: string[], options: FrameCommandOptions) => {
      const { debug } = await import('./debug.ts');
      process.exitCode = await debug(path, args, options);
    });
};
