/** `signalbox frame`: its options. The work is in `debug.ts`, which is loaded only when it is asked for. */
import process from 'node:process';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { NSIG, SIG, signalName } from '../../kernel/abi/signal.ts';
import { collectBind, collectEnv, parseSeed, parseSize } from '../cli/options.ts';
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

const parseCount = (text: string): number => {
  if (!/^[1-9]\d{0,14}$/.test(text)) throw new InvalidArgumentError('Count from 1.');
  return Number(text);
};

const DESCRIPTION =
  'run a program until a signal handler is entered, and show the frame that it finds on the stack, field by field; what ' +
  'the program writes goes to standard error';

/** Adds the command to the program. Nothing is run. */
export const registerFrameCommand = (program: Command): void => {
  program
    .command('frame')
    .description(DESCRIPTION)
    .argument('<PROGRAM>', 'path of a static x86-64 Linux program')
    .argument('[ARGS...]', 'its arguments')
    .passThroughOptions()
    .option('--signal <SIG>', "wait for this signal's handler", parseSignal)
    .option('--nth <N>', 'wait until such a handler is entered for the N-th time', parseCount, 1)
    .option('--json', 'print the facts as JSON')
    .addOption(new Option('--cpu <KIND>', 'executor').choices(['interpreter', 'reference']).default('interpreter'))
    .option('--env <NAME=VALUE>', 'set a variable of the environment (repeatable)', collectEnv, [])
    .option('--clear-env', 'do not pass this process’s environment on')
    .option('--cwd <DIR>', 'working directory of the program')
    .option('--root <DIR>', 'directory that is / for the program; it is never written to', '/')
    .option('--bind <HOST:GUEST>', 'show a directory at another place and let the program write to it', collectBind, [])
    .addOption(new Option('--memory <SIZE>', 'memory of the machine').argParser(parseSize).default(2 ** 30, '1G'))
    .addOption(
      new Option('--disk <SIZE>', 'most bytes in files that the program writes to memory')
        .argParser(parseSize)
        .default(2 ** 30, '1G'),
    )
    .option('--deterministic', 'virtual time and random numbers: each run is the same')
    .option('--seed <NUMBER>', 'random numbers of --deterministic, which it implies', parseSeed)
    .action(async (path: string, args: string[], options: FrameCommandOptions) => {
      const { debug } = await import('./debug.ts');
      process.exitCode = await debug(path, args, options);
    });
};
