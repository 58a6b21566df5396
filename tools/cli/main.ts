/** The `signalbox` command: its subcommands and options. What they do is in the files beside this one. */
import process from 'node:process';
import { Command, CommanderError } from 'commander';
import { registerFrameCommand } from '../frame/command.ts';
import { registerSignalsCommand } from '../signals/command.ts';
import { EXIT, Failure } from './failure.ts';
import { addMachineOptions } from './machine-options.ts';
import { type RunCommandOptions, run } from './run.ts';
import { syscallLines } from './syscalls.ts';

const VERSION = '0.1.0';

const program = new Command('signalbox')
  .description('Runs x86-64 Linux programs on an emulated processor under a small kernel of its own.')
  .version(VERSION, '-V, --version')
  .enablePositionalOptions()
  .showSuggestionAfterError(false)
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error:/, 'signalbox:')) })
  .exitOverride();

addMachineOptions(
  program
    .command('run')
    .description('run a program as if it were started here; its exit status becomes this command’s'),
)
  .option('--strace', 'show system calls and signals on standard error, as strace -f does')
  .option('-o, --output <FILE>', 'write them to a file instead')
  .option('--dmesg <FILE>', 'write what the kernel says about faults that no handler takes, as dmesg shows it')
  .option('--report <FILE>', 'write how each process ended and what it did, as JSON')
  .action(async (path: string, args: string[], options: RunCommandOptions) => {
    // At once: nothing is left to wait for, and cleaning up takes a while.
    process.exit(await run(path, args, options));
  });

addMachineOptions(
  program
    .command('profile')
    .description('run a program, and say where its instructions went and why translated code was left'),
)
  .option('--json <FILE>', 'write all of it to a file instead')
  .action(async (path: string, args: string[], options: RunCommandOptions) => {
    process.exit(await run(path, args, { ...options, profile: true }));
  });

registerFrameCommand(program);
registerSignalsCommand(program);

program
  .command('syscalls')
  .description('list the system calls that are supported, and how far')
  .action(() => {
    process.stdout.write(`${syscallLines().join('\n')}\n`);
  });

/** Ends with one line; what is our own mistake says so. */
const fail = (error: unknown): void => {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT.failure;
  } else if (error instanceof Failure) {
    process.stderr.write(`signalbox: ${error.message}\n`);
    process.exitCode = error.status;
  } else {
    process.stderr.write(`signalbox: internal error: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = EXIT.failure;
  }
};

void program.parseAsync().catch(fail);
