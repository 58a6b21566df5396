/** `signalbox run`: a guest program in the place of a host's, as far as the outside can tell. */

import { readFileSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { type BootOptions, boot } from '../../kernel/boot.ts';
import { bytesFromText } from '../../kernel/fs/names.ts';
import { observe } from '../../kernel/observers.ts';
import type { Signalbox } from '../../kernel/signalbox.ts';
import { nodeFiles } from '../host/node-files.ts';
import { type NodeHost, nodeHost } from '../host/node-host.ts';
import { deadlockLines } from './deadlock.ts';
import { deathLine, exitStatusOf } from './death.ts';
import { openDmesg } from './dmesg.ts';
import { EXIT, Failure } from './failure.ts';
import { readForms } from './forms.ts';
import { JitLog, profileOf, profileText, runSampled, writeProfile } from './jit.ts';
import type { MachineOptions } from './machine-options.ts';
import { writeReport } from './report.ts';
import { passSignals } from './signals.ts';
import { optimizeForTraps } from './tiers.ts';
import { openTrace } from './trace.ts';
import { loadUnicorn } from './unicorn.ts';

export interface RunCommandOptions extends MachineOptions {
  readonly report?: string;
  /** Says at the end on standard error where instructions went. */
  readonly profile?: boolean;
  /** Writes that to a file instead. */
  readonly json?: string;
  readonly strace?: boolean;
  readonly output?: string;
  readonly dmesg?: string;
}

/** A line of the emulator's own, in its place among what the guest writes. */
const say = (host: NodeHost, message: string): void => {
  const line = Buffer.from(`signalbox: ${message}\n`);
  const taken = host.stderr.write(line);
  if (taken === 'wait') process.stderr.write(line);
  else if (taken !== 'broken') process.stderr.write(line.subarray(taken));
};

const filesAt = (path: string, option: string): ReturnType<typeof nodeFiles> => {
  try {
    return nodeFiles(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'no such directory' : code === 'ENOTDIR' ? 'not a directory' : String(code);
    throw new Failure(`${option} ${path}: ${what}`);
  }
};

const tapFile = (path: string): Uint8Array => {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a directory, not a file' : String(code);
    throw new Failure(`--tap ${path}: ${what}`);
  }
};

/** The guest's environment: the host's, then what the options change. */
const environment = (options: MachineOptions): string[] => {
  const env = new Map<string, string>();
  if (!options.clearEnv) for (const [name, value] of Object.entries(process.env)) env.set(name, value ?? '');
  for (const text of options.env) {
    const at = text.indexOf('=');
    env.set(text.slice(0, at), text.slice(at + 1));
  }
  return [...env].map(([name, value]) => `${name}=${value}`);
};

/** Where programs are that are named without a slash. */
const searchPathOf = (env: readonly string[]): { searchPath?: string } => {
  const path = env.find((text) => text.startsWith('PATH='));
  return path === undefined ? {} : { searchPath: path.slice('PATH='.length) };
};

export const bootOptions = (
  host: NodeHost,
  program: string,
  args: readonly string[],
  options: MachineOptions,
  onMessage: (message: string) => void,
): BootOptions => {
  const env = environment(options);
  const forms = options.cpu === 'jit' || options.cpu === 'interpreter' ? readForms() : undefined;
  // Below another root the host's working directory means nothing.
  const cwd = options.cwd ?? (options.root === '/' ? process.cwd() : '/');
  return {
    program,
    args,
    name: program,
    env,
    ...searchPathOf(env),
    cwd,
    root: filesAt(options.root, '--root'),
    binds: options.bind.map(({ host, guest }) => ({
      files: filesAt(host, '--bind'),
      guestPath: bytesFromText(guest),
      writable: true,
    })),
    taps: Object.fromEntries(options.tap.map(({ name, file }) => [name, tapFile(file)])),
    host,
    cpu: options.cpu,
    cpuLevel: options.cpuLevel,
    ...(forms === undefined ? {} : { preparedForms: forms }),
    jit: {
      ...(options.jitCache === undefined ? {} : { cacheBytes: options.jitCache }),
      ...(options.jitThreshold === undefined ? {} : { threshold: options.jitThreshold }),
    },
    memory: options.memory,
    limits: { fileBytes: options.disk },
    schedule: options.schedule,
    reportDeadlocks: options.deadlockReport,
    job: true,
    hostname: os.hostname(),
    personality: options.personality,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    onMessage,
    ...(options.deterministic || options.seed !== undefined ? { deterministic: { seed: options.seed ?? 0 } } : {}),
  };
};

const NOT_FOUND = new Set([2, 20]);

/** Boots; failures become statuses. */
export const start = async (options: BootOptions): Promise<Signalbox> => {
  const unicorn = options.cpu === 'unicorn' ? { unicorn: await loadUnicorn() } : {};
  try {
    return await boot({ ...options, ...unicorn });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const errno = (error as { errno?: unknown }).errno;
    if (typeof errno !== 'number') throw new Failure(error.message);
    throw new Failure(error.message, NOT_FOUND.has(errno) ? EXIT.notFound : EXIT.cannotExecute);
  }
};

/** Runs the program and returns the status to exit with. */
export const run = async (program: string, args: readonly string[], options: RunCommandOptions): Promise<number> => {
  const host = nodeHost();
  const log = options.jitDump !== undefined || options.profile === true ? new JitLog() : null;
  let started = false;
  const settings = bootOptions(host, program, args, options, (message) => {
    // Before the start a message is the reason of the failure, and shown as that.
    if (started) say(host, message);
  });
  const box = await start(log === null ? settings : { ...settings, jit: { ...settings.jit, observer: log.observer } });
  started = true;
  const trace = options.strace || options.output !== undefined ? openTrace(options.output, host) : null;
  if (trace !== null) observe(box.machine.observers, trace.observer);
  const dmesg = options.dmesg === undefined ? null : openDmesg(options.dmesg, box.machine);
  if (dmesg !== null) observe(box.machine.observers, dmesg.observer);
  const stopPassing = passSignals(box, host);
  const stopLooking = optimizeForTraps(box.machine);
  const begin = performance.now();
  try {
    const samples = options.profile === true ? await runSampled(box) : null;
    const end = await box.run();
    if (end.kind === 'deadlock') {
      for (const line of deadlockLines(box)) say(host, line);
      throw new Failure('deadlock: every process waits, and nothing can wake one', EXIT.deadlock);
    }
    const line = await deathLine(box);
    if (line !== null) say(host, line);
    if (options.report !== undefined) {
      writeReport(options.report, box, { program, args, cpu: options.cpu, milliseconds: performance.now() - begin });
    }
    if (log !== null && options.jitDump !== undefined) log.write(options.jitDump);
    if (log !== null && samples !== null) {
      const profile = profileOf(box, samples, log);
      if (options.json === undefined) process.stderr.write(profileText(profile));
      else writeProfile(options.json, profile);
    }
    return exitStatusOf(box);
  } finally {
    stopLooking();
    stopPassing();
    trace?.close();
    dmesg?.close();
    host.close();
  }
};
