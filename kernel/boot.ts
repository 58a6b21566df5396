/** Making a machine with a program in it: the library's front door. Needs nothing of Node, so it works in a page too. */
import {
  type CpuKind,
  type CpuLevel,
  featuresOf,
  type JitOptions,
  type PreparedForms,
  type UnicornModule,
} from '../emulator/api.ts';
import { errnoName } from './abi/errno.ts';
import type { Bind } from './fs/mounts.ts';
import { bytesFromText } from './fs/names.ts';
import { findProgram, putGuestFile } from './guest-files.ts';
import type { Host, HostFiles } from './host.ts';
import type { Personality } from './kernel.ts';
import { Machine } from './machine.ts';
import { type MemoryEntry, type MemoryHost, type MemoryHostOptions, memoryHost } from './memory-host.ts';
import { parsePcap } from './net/tun/pcap.ts';
import type { TapFeed } from './net/tun/types.ts';
import { newRecording } from './report.ts';
import { Signalbox } from './signalbox.ts';
import type { SchedulePolicy } from './task/schedule.ts';
import type { Rlimit } from './task/task.ts';
import { whyNotExecutable } from './why.ts';

export interface BootOptions {
  /** Path of the program in the guest, or the bytes of the program itself. */
  readonly program: string | Uint8Array;
  /** Where a name without a slash is looked for first, as the shell does: directories, separated by colons. Default: nowhere. */
  readonly searchPath?: string;
  /** Arguments after the program's name. */
  readonly args?: readonly string[];
  /** The program's name: argv[0]. Default: its path. */
  readonly name?: string;
  /** Environment. Default: empty. */
  readonly env?: Readonly<Record<string, string>> | readonly string[];
  /** Working directory, absolute. Default `/`. */
  readonly cwd?: string;
  /** Files by absolute guest path: text, bytes, links or directories. They lie over `root`, in memory. */
  readonly files?: Readonly<Record<string, MemoryEntry>>;
  /** What `/` shows; the guest's changes stay in memory. Default: an empty tree with /tmp, /dev and /proc. */
  readonly root?: HostFiles;
  /** Directories which the guest sees at places of their own, and may write to if they say so. */
  readonly binds?: readonly Bind[];
  /** Clock, randomness and streams. Default: buffers, so that `stdout` and `stderr` can be read here. */
  readonly host?: Host;
  /** What standard input gives; only without `host`. Default: nothing. */
  readonly stdin?: MemoryHostOptions['stdin'];
  /** Told what the guest writes, as it comes; only without `host`. */
  readonly onOutput?: MemoryHostOptions['onOutput'];
  /** The executor. Default `jit`; `interpreter` translates nothing, `reference` is slow, and there to compare with. */
  readonly cpu?: CpuKind;
  /** What CPUID announces, as levels of the System V ABI; all else is an invalid opcode. Default `v3`: all there is. */
  readonly cpuLevel?: CpuLevel;
  /** Code of common instructions, made when signalbox was built: a start is some 50 ms faster with it. */
  readonly preparedForms?: PreparedForms;
  /** How the JIT translates; changes nothing that a program can see. */
  readonly jit?: JitOptions;
  /** For `cpu: 'unicorn'`: what the factory of `@alexaltea/unicorn-js/x86`, its default export, resolves to. */
  readonly unicorn?: UnicornModule;
  /** Bytes of memory. Default 1 GiB. */
  readonly memory?: number;
  /** Time and randomness come from the count of instructions and this seed: each run is the same. */
  readonly deterministic?: { readonly seed: number };
  /** Whether a run ends when nothing but a signal could wake anyone, and nobody waits for one. Default true. */
  readonly reportDeadlocks?: boolean;
  /** Which task runs next, and for how long. Default: each in turn. */
  readonly schedule?: SchedulePolicy;
  /** User and group. Default 0: root. */
  readonly uid?: number;
  readonly gid?: number;
  /** Runs as a job of a shell, which SIGTSTP can stop, rather than in a session of its own. */
  readonly job?: boolean;
  readonly hostname?: string;
  /** TAP and TUN interfaces, by name, with the pcap files that their programs read. */
  readonly taps?: Readonly<Record<string, Uint8Array>>;
  /** How signals are delivered; `'linux'` by default. */
  readonly personality?: Personality;
  readonly limits?: {
    /** Tasks in the machine. Default 4,096. */
    readonly tasks?: number;
    /** Bytes in files in memory. Default 1 GiB. */
    readonly fileBytes?: number;
    /** Resource limits (getrlimit(2)) by RLIMIT number. */
    readonly rlimits?: Readonly<Record<number, Rlimit>>;
  };
  /** Told, once each, what the program asked for and the emulator lacks. Default: only in `report()`. */
  readonly onMessage?: (message: string) => void;
}

/** The program cannot be started. */
export class BootError extends Error {
  /** As execve(2) says it, positive. */
  readonly errno: number;

  constructor(message: string, errno: number) {
    super(message);
    this.errno = errno;
  }
}

/** Where a program given as bytes is put. */
const PROGRAM_PATH = '/program';

const environment = (env: BootOptions['env'] = []): string[] => {
  const list = Array.isArray(env) ? (env as readonly string[]) : Object.entries(env).map(([k, v]) => `${k}=${v}`);
  return list.map(bytesFromText);
};

/**
 * Starts a machine and puts the program into it, before its first instruction. Throws `BootError` if execve(2) would fail,
 * `Error` with a sentence for the user where options cannot be had.
 */
export const boot = async (options: BootOptions): Promise<Signalbox> => {
  const { program, limits } = options;
  if (options.cpu === 'unicorn' && options.unicorn === undefined) {
    throw new Error(
      "cpu 'unicorn' wants the option unicorn: what the factory of @alexaltea/unicorn-js/x86 resolves to",
    );
  }
  const buffers: MemoryHost | null = options.host === undefined ? bufferHost(options) : null;
  const recording = newRecording();
  const { uid = 0, gid = 0 } = options;
  const machine = new Machine({
    host: options.host ?? buffers!,
    root: { ...given('root', options.root), ...given('binds', options.binds), owner: { uid, gid } },
    limits: { ...given('maxTasks', limits?.tasks), ...given('fileBytes', limits?.fileBytes) },
    log: (message) => {
      recording.messages.push(message);
      options.onMessage?.(message);
    },
    ...given('cpu', options.cpu),
    features: featuresOf(options.cpuLevel ?? 'v3'),
    ...given('preparedForms', options.preparedForms),
    ...given('jit', options.jit),
    ...given('unicorn', options.unicorn),
    ...given('memory', options.memory),
    ...given('deterministic', options.deterministic),
    ...given('reportDeadlocks', options.reportDeadlocks),
    ...given('schedule', options.schedule),
    ...given('hostname', options.hostname),
    taps: Object.entries(options.taps ?? {}).map(([name, bytes]) => tapFeed(name, bytes)),
    ...given('personality', options.personality),
  });
  for (const [path, entry] of Object.entries(options.files ?? {})) putGuestFile(machine, path, entry);
  const path = typeof program === 'string' ? findProgram(machine, program, options.searchPath ?? '') : PROGRAM_PATH;
  if (typeof program !== 'string') putGuestFile(machine, path, { file: program, mode: 0o755 });

  const task = machine.start({
    path: bytesFromText(path),
    argv: [options.name ?? path, ...(options.args ?? [])].map(bytesFromText),
    env: environment(options.env),
    cwd: bytesFromText(options.cwd ?? '/'),
    uid,
    gid,
    ...given('job', options.job),
    ...given('rlimits', limits?.rlimits),
  });
  if (typeof task === 'number') {
    const reason = recording.messages.at(-1) ?? whyNotExecutable(machine, path, -task);
    throw new BootError(`${path}: ${reason} (${errnoName(-task)})`, -task);
  }
  return new Signalbox(machine, task, recording, buffers);
};

/** What an interface shows; says whose file is wrong. */
const tapFeed = (name: string, bytes: Uint8Array): TapFeed => {
  try {
    return { name, ...parsePcap(bytes) };
  } catch (error) {
    throw new Error(`the pcap file of ${name}: ${(error as Error).message}`);
  }
};

/** An option that is absent rather than undefined when it was not given. */
const given = <K extends string, V>(key: K, value: V | undefined): { [key in K]?: V } =>
  value === undefined ? {} : ({ [key]: value } as { [key in K]?: V });

const bufferHost = (options: BootOptions): MemoryHost =>
  memoryHost({ ...given('stdin', options.stdin), ...given('onOutput', options.onOutput) });
