import { type SpawnOptions, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { compile, hashOf, toolchain } from '../native/build.ts';
import { root } from '../native/cases.ts';

/** What a run of the command showed. `status` is null when a signal ended it. */
export interface CliOutcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

export interface CliOptions {
  readonly input?: string;
  /** Leaves standard input open: `onOutput` closes it. */
  readonly hold?: boolean;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds, in the place of `TIME_LIMIT`. */
  readonly timeLimit?: number;
  /** Called with the process and everything it has written to stdout so far, at each piece. */
  readonly onOutput?: (child: ReturnType<typeof spawn>, stdout: string) => void | Promise<void>;
}

/** The command as users start it; `npm test` builds it first. */
export const command = `${root}dist/signalbox.js`;

/** No run may take longer, in milliseconds, unless its options say so. */
const TIME_LIMIT = 60_000;

/** Runs a program of the host. */
export const spawned = (file: string, args: readonly string[], options: CliOptions = {}): Promise<CliOutcome> =>
  new Promise((resolve, reject) => {
    const settings: SpawnOptions = {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
    };
    const child = spawn(file, args, settings);
    let stdout = '';
    let stderr = '';
    child.stdout!.setEncoding('latin1').on('data', (text: string) => {
      stdout += text;
      options.onOutput?.(child, stdout);
    });
    child.stderr!.setEncoding('latin1').on('data', (text: string) => {
      stderr += text;
    });
    // A program that never reads may be gone before its input is.
    child.stdin!.on('error', () => {});
    if (options.input !== undefined && options.hold !== true) child.stdin!.end(options.input);
    child.on('error', reject);
    const limit = options.timeLimit ?? TIME_LIMIT;
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`${args.join(' ')}: no end after ${limit} ms; so far: ${stdout}${stderr}`));
    }, limit);
    child.on('close', (status) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, status });
    });
  });

/** `signalbox ARGS`. */
export const signalbox = (args: readonly string[], options: CliOptions = {}): Promise<CliOutcome> =>
  spawned(process.execPath, [command, ...args], { input: '', ...options });

/** Whether guest programs can be built here. */
export const canBuild = toolchain() !== null;

/** Path of the built `guest/e2e/NAME.c`. */
export const guest = (name: string, ...flags: string[]): Promise<string> => {
  const source = `${root}guest/e2e/${name}.c`;
  const variant = { libc: 'glibc', flags: ['-O1', ...flags], libs: [], name: 'glibc -O1' } as const;
  return compile(
    source,
    `e2e-${name}`,
    hashOf(readFileSync(source, 'utf8'), toolchain()!.version, flags.join(' ')),
    variant,
  );
};
