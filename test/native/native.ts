import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { build, cacheDir, compile, hashOf, hostIsLinuxX64, toolchain } from './build.ts';
import { type Case, type End, type Level, levels, root, type Variant } from './cases.ts';

/** What a run shows to the outside. */
export type Outcome = { readonly stdout: string; readonly stderr: string; readonly end: End };

/** A program that needs longer than this natively hangs. */
const timeoutMs = 20_000;

/** Whether `runNative` works on this machine. */
export function canRunNatively(): boolean {
  return hostIsLinuxX64 && toolchain() !== null;
}

/** The flags of /proc/cpuinfo (arch/x86/include/asm/cpufeatures.h) that make up a level above the first. */
const flagsOf: Readonly<Record<Level, readonly string[]>> = {
  v1: [],
  v2: ['cx16', 'lahf_lm', 'popcnt', 'pni', 'sse4_1', 'sse4_2', 'ssse3'],
  v3: ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave'],
};

let hostFlags: ReadonlySet<string> | undefined;

/** Bits of CapEff in /proc/PID/status (linux/capability.h), of those that programs ask for. */
const CAPABILITIES: Readonly<Record<string, bigint>> = {
  ...{ chown: 0n, dac_override: 1n, fowner: 3n, fsetid: 4n, kill: 5n, setgid: 6n, setuid: 7n, setpcap: 8n },
  ...{ net_bind_service: 10n, net_admin: 12n, sys_chroot: 18n, sys_admin: 21n, sys_nice: 23n },
};

const mayAll = (capabilities: readonly string[]): boolean => {
  if (capabilities.length === 0) return true;
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]}`);
  return capabilities.every((name) => {
    const bit = CAPABILITIES[name];
    if (bit === undefined) throw new Error(`unknown capability '${name}'`);
    return (effective >> bit) & 1n;
  });
};

/** Whether the host's processor has all that a variant needs, and whoever runs the tests may do what it does. */
export function hostHas({ needs = 'v1', capabilities = [] }: Variant): boolean {
  if (!mayAll(capabilities)) return false;
  hostFlags ??= new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' '));
  const upTo = levels.slice(0, levels.indexOf(needs) + 1);
  return upTo.every((level) => flagsOf[level].every((flag) => hostFlags!.has(flag)));
}

/**
 * Runs one variant of a case on the host kernel. The result is kept in the cache under everything it depends on; with
 * `fresh` the program really runs.
 */
export async function runNative(test: Case, variant: Variant, fresh = false): Promise<Outcome> {
  const [exe, launcher] = await Promise.all([build(test, variant), buildLauncher()]);
  const key = hashOf(exe, launcher, release(), JSON.stringify([test.args, test.env, test.stdin]));
  const cached = `${cacheDir}/native-${test.area}-${test.name}-${key}.json`;
  if (!fresh && existsSync(cached)) return JSON.parse(await readFile(cached, 'utf8')) as Outcome;
  const outcome = await execute(launcher, exe, test);
  const unfinished = `${cached}.${randomUUID()}`;
  await writeFile(unfinished, JSON.stringify(outcome));
  await rename(unfinished, cached);
  return outcome;
}

const launcherSource = `${root}test/native/launch.c`;

function buildLauncher(): Promise<string> {
  const variant = { libc: 'glibc', flags: ['-O1'], libs: [], name: 'glibc -O1' } as const;
  const key = hashOf(readFileSync(launcherSource, 'utf8'), toolchain()!.version);
  return compile(launcherSource, 'launch', key, variant);
}

async function execute(launcher: string, exe: string, test: Case): Promise<Outcome> {
  const cwd = await mkdtemp(`${tmpdir()}/signalbox-`);
  try {
    // A regular file as stdin reads the same everywhere; node's own pipes are sockets.
    await writeFile(`${cwd}/.stdin`, test.stdin);
    const stdin = await open(`${cwd}/.stdin`, 'r');
    await rm(`${cwd}/.stdin`);
    try {
      return await spawned(launcher, [test.name, exe, ...test.args], { cwd, env: test.env, stdin: stdin.fd });
    } finally {
      await stdin.close();
    }
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

type Surroundings = { cwd: string; env: Readonly<Record<string, string>>; stdin: number };

function spawned(launcher: string, args: readonly string[], { cwd, env, stdin }: Surroundings): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(launcher, args, { cwd, env, stdio: [stdin, 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout!.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr!.on('data', (chunk: Buffer) => err.push(chunk));
    child.on('error', reject);
    // The launcher made itself leader of a group, so one kill takes the program's children along.
    const timer = setTimeout(() => {
      killGroup(child.pid!);
      reject(new Error(`${args[0]}: no end after ${timeoutMs} ms; so far: ${Buffer.concat(out).toString()}`));
    }, timeoutMs);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({
        stdout: Buffer.concat(out).toString('latin1'),
        stderr: Buffer.concat(err).toString('latin1'),
        end: signal === null ? { exit: status! } : { signal },
      });
    });
  });
}

function killGroup(leader: number): void {
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // Nobody is left in the group.
  }
}
