/** The C programs of `guest/fuzz/`, and runs of them. */
import { readFileSync } from 'node:fs';
import type { CpuKind } from '../../emulator/api.ts';
import { boot } from '../../kernel/index.ts';
import { compile, hashOf, toolchain } from '../native/build.ts';
import { root } from '../native/cases.ts';

export const canBuild = toolchain() !== null;

/** Path of the built `guest/fuzz/NAME.c`. */
export const fuzzer = (name: string): Promise<string> => {
  const source = `${root}guest/fuzz/${name}.c`;
  const variant = { libc: 'glibc', flags: ['-O1', '-w'], libs: [], name: 'glibc -O1' } as const;
  return compile(source, `fuzz-${name}`, hashOf(readFileSync(source, 'utf8'), toolchain()!.version), variant);
};

/** Runs a program in a machine of little room: what it wrote, how it ended, and what it executed. Throws what the machine throws. */
export const runFuzzer = async (path: string, args: readonly string[], seed: number, cpu: CpuKind) => {
  const box = await boot({
    program: new Uint8Array(readFileSync(path)),
    args,
    cpu,
    files: { '/tmp/work': { directory: {} } },
    cwd: '/tmp/work',
    memory: 256 << 20,
    limits: { tasks: 200, fileBytes: 64 << 20 },
    deterministic: { seed },
  });
  const stop = await box.runUntil({ instructions: 2_000_000_000 });
  const end = stop.kind === 'exit' ? stop.end : stop.kind;
  return { stdout: box.stdout, end, instructions: box.machine.cpu.instructions };
};

/** How many seeds: few, or what FUZZ says. */
export const rounds = (few: number): number => few * Number(process.env.FUZZ ?? 1);
