/** The options that `run` and `frame` share: the machine and the program's surroundings. */
import { type Command, Option } from 'commander';
import { CPU_LEVELS, type CpuKind, type CpuLevel } from '../../emulator/api.ts';
import { PERSONALITIES, type Personality } from '../../kernel/kernel.ts';
import type { SchedulePolicy } from '../../kernel/task/schedule.ts';
import {
  type BindOption,
  collectBind,
  collectEnv,
  collectTap,
  parseCount,
  parseSchedule,
  parseSeed,
  parseSize,
  type TapOption,
} from './options.ts';

export interface MachineOptions {
  readonly cpu: CpuKind;
  readonly cpuLevel: CpuLevel;
  readonly env: readonly string[];
  readonly clearEnv?: boolean;
  readonly cwd?: string;
  readonly root: string;
  readonly bind: readonly BindOption[];
  readonly tap: readonly TapOption[];
  readonly memory: number;
  readonly disk: number;
  readonly jitCache?: number;
  readonly jitThreshold?: number;
  readonly jitDump?: string;
  readonly deterministic?: boolean;
  readonly seed?: number;
  readonly personality: Personality;
  readonly schedule: SchedulePolicy;
  readonly deadlockReport: boolean;
}

const CPU_KINDS: readonly CpuKind[] = ['jit', 'interpreter', 'reference', 'unicorn'];
const GIBIBYTE = 2 ** 30;

/** Adds PROGRAM, ARGS and the options to a command; what follows PROGRAM is the program's. */
export const addMachineOptions = (command: Command): Command =>
  command
    .argument('<PROGRAM>', 'path of an x86-64 Linux program')
    .argument('[ARGS...]', 'its arguments')
    .passThroughOptions()
    .addOption(new Option('--cpu <KIND>', 'executor').choices(CPU_KINDS).default('jit'))
    .addOption(
      new Option('--cpu-level <LEVEL>', 'instructions that the processor announces, as x86-64-LEVEL')
        .choices(CPU_LEVELS)
        .default('v3'),
    )
    .addOption(
      new Option('--jit-cache <SIZE>', 'most memory of the host for translated code (default: 512M)').argParser(
        parseSize,
      ),
    )
    .option('--jit-threshold <COUNT>', 'translate code when it was entered so often; 0: before it runs', parseCount)
    .option(
      '--jit-dump <DIR>',
      'write there, for each translated region, its code and how often it was left, and where',
    )
    .option('--env <NAME=VALUE>', 'set a variable of the environment (repeatable)', collectEnv, [])
    .option('--clear-env', 'do not pass this process’s environment on')
    .option('--cwd <DIR>', 'working directory of the program')
    .option('--root <DIR>', 'directory that is / for the program; it is never written to', '/')
    .option('--bind <HOST:GUEST>', 'show a directory at another place and let the program write to it', collectBind, [])
    .option(
      '--tap <NAME=FILE>',
      'an interface of /dev/net/tun from which a program reads the packets of a pcap file',
      collectTap,
      [],
    )
    .addOption(new Option('--memory <SIZE>', 'memory of the machine').argParser(parseSize).default(GIBIBYTE, '1G'))
    .addOption(
      new Option('--disk <SIZE>', 'most bytes in files that the program writes to memory')
        .argParser(parseSize)
        .default(GIBIBYTE, '1G'),
    )
    .addOption(
      new Option('--personality <KIND>', 'deliver signals as this kernel does').choices(PERSONALITIES).default('linux'),
    )
    .option('--deterministic', 'virtual time and random numbers: each run is the same')
    .option('--seed <NUMBER>', 'random numbers of --deterministic, which it implies', parseSeed)
    .addOption(
      new Option('--schedule <POLICY>', 'who runs next, and for how long: round-robin or random:SEED')
        .argParser(parseSchedule)
        .default({ kind: 'round-robin' }, 'round-robin'),
    )
    .option('--no-deadlock-report', 'sleep on when nothing but a signal could wake the program, as it would natively');
