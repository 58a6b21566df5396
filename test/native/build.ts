import { execFile, execFileSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Case, type Libc, root, type Variant } from './cases.ts';

const run = promisify(execFile);

/** Where built programs and native results are kept; deleting it costs only time. */
export const cacheDir = `${root}.cache/guest`;

/** Compiler commands by C library, with the text that identifies the compiler's version. */
export type Toolchain = { readonly commands: Readonly<Record<Libc, string>>; readonly version: string };

/** Whether guest programs can be executed directly on this host. */
export const hostIsLinuxX64 = process.platform === 'linux' && process.arch === 'x64';

let found: Toolchain | null | undefined;

/**
 * The compiler that makes x86-64 Linux executables here: `SIGNALBOX_CC` (and `SIGNALBOX_MUSL_CC`), else `gcc` on
 * Linux x86-64 and `x86_64-linux-gnu-gcc` elsewhere. Null when there is none.
 */
export function toolchain(): Toolchain | null {
  if (found !== undefined) return found;
  const glibc = process.env.SIGNALBOX_CC ?? (hostIsLinuxX64 ? 'gcc' : 'x86_64-linux-gnu-gcc');
  const musl = process.env.SIGNALBOX_MUSL_CC ?? (hostIsLinuxX64 ? 'musl-gcc' : 'x86_64-linux-musl-gcc');
  try {
    const version = execFileSync(glibc, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    found = { commands: { glibc, musl, shared: glibc }, version: `${glibc} ${musl} ${version.split('\n', 1)[0]}` };
  } catch {
    found = null;
  }
  return found;
}

/** Whether musl programs can be built here. */
export function hasMusl(): boolean {
  const command = toolchain()?.commands.musl;
  if (command === undefined) return false;
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Short hash of all the given texts. */
export function hashOf(...texts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const text of texts) hash.update(`${text.length}:${text}`);
  return hash.digest('hex').slice(0, 16);
}

/** Key of the executable that a variant of a case gives: changes with source, flags and compiler. */
export function buildKey(source: string, variant: Variant): string {
  return hashOf(source, variant.name, required().version);
}

/** Path of the executable for one variant of a case, built now unless it is in the cache. */
export async function build(test: Case, variant: Variant): Promise<string> {
  return compile(test.path, `${test.area}-${test.name}`, buildKey(test.source, variant), variant);
}

const building = new Map<string, Promise<string>>();

/** Compiles one C file to `.cache/guest/LABEL-KEY`; several callers at a time share one compiler run. */
export function compile(source: string, label: string, key: string, variant: Variant): Promise<string> {
  const exe = `${cacheDir}/${label}-${key}`;
  if (existsSync(exe)) return Promise.resolve(exe);
  let job = building.get(exe);
  if (job === undefined) {
    job = compileTo(exe, source, variant).finally(() => building.delete(exe));
    building.set(exe, job);
  }
  return job;
}

async function compileTo(exe: string, source: string, variant: Variant): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  const command = required().commands[variant.libc];
  const unfinished = `${exe}.${randomUUID()}`;
  const linking = variant.libc === 'shared' ? [] : ['-static'];
  const args = ['-std=gnu11', ...linking, ...variant.flags, '-o', unfinished, source, ...variant.libs];
  await run(command, args).catch((error: unknown) => {
    const { stderr, message } = error as { stderr?: string; message: string };
    throw new Error(`${command} ${args.join(' ')}\n${stderr || message}`);
  });
  // Another worker may build the same file; renaming is atomic, so nobody ever runs half a program.
  await rename(unfinished, exe);
  return exe;
}

/** The dynamic linker and the libraries of programs that are linked with `shared`, by their path. */
export function sharedLibraries(): Record<string, { file: Uint8Array; mode: number }> {
  const files: Record<string, { file: Uint8Array; mode: number }> = {};
  for (const name of ['ld-linux-x86-64.so.2', 'libc.so.6', 'libm.so.6']) {
    const found = execFileSync(required().commands.shared, [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
    files[resolve(found)] = { file: readFileSync(found), mode: 0o755 };
  }
  const linker = Object.entries(files).find(([path]) => path.includes('/ld-linux'))![1];
  return { ...files, '/lib64/ld-linux-x86-64.so.2': linker };
}

function required(): Toolchain {
  const tools = toolchain();
  if (tools === null) throw new Error('no compiler for x86-64 Linux; install gcc or set SIGNALBOX_CC');
  return tools;
}
