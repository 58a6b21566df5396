/** What the JIT tells of itself, `--jit-dump` and `signalbox profile`, and the memory that it takes of the host. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { root } from '../native/cases.ts';
import { canBuild, guest, signalbox, spawned } from './cli.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'jit-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A static program of a single loop: mov ecx, 100000; 1: add eax, ecx; dec ecx; jnz 1b; exit(0). */
const loop = (): string => {
  const code = [0xb9, 0xa0, 0x86, 1, 0, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xfa, 0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05];
  const file = Buffer.alloc(0x78 + code.length);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  file.writeUInt16LE(2, 16);
  file.writeUInt16LE(62, 18);
  file.writeUInt32LE(1, 20);
  file.writeUInt32LE(0x400078, 24);
  file.writeUInt32LE(64, 32);
  file.writeUInt16LE(64, 52);
  file.writeUInt16LE(56, 54);
  file.writeUInt16LE(1, 56);
  file.writeUInt32LE(1, 64);
  file.writeUInt32LE(5, 68);
  file.writeUInt32LE(0x400000, 80);
  file.writeUInt32LE(file.length, 96);
  file.writeUInt32LE(file.length, 104);
  file.writeUInt32LE(4096, 112);
  file.set(code, 0x78);
  const program = path.join(folder, 'loop');
  writeFileSync(program, file, { mode: 0o755 });
  return program;
};

it('writes what was translated', async () => {
  const dump = path.join(folder, 'dump');
  const { status } = await signalbox(['run', '--cpu', 'jit', '--jit-dump', dump, loop()]);
  expect(status).toBe(0);
  expect(readdirSync(dump)).toEqual(['40007d.txt']);
  const text = readFileSync(path.join(dump, '40007d.txt'), 'latin1');
  expect(text).toContain('block 0:\n  40007d  add eax, ecx\n  40007f  dec ecx\n  400081  jne 0x40007d\n');
  expect(text).toMatch(/^ *loop$/m);
});

it('profiles', async () => {
  const { status, stderr } = await signalbox(['profile', '--cpu', 'jit', loop()]);
  expect(status).toBe(0);
  expect(stderr).toContain('300004 instructions, 1 regions');
  expect(stderr).toMatch(
    /^left for the interpreter, by cause: [1-9]\d*\n +\d+ {2}(budget|edge of the region|not translated)$/m,
  );
  expect(stderr).toMatch(/by the instruction it executed\n +[1-9]\d* {2}0x4000/);
});

it('writes a profile as JSON', async () => {
  const file = path.join(folder, 'profile.json');
  const { status, stderr } = await signalbox(['profile', '--json', file, loop()]);
  expect([status, stderr]).toEqual([0, '']);
  const profile = JSON.parse(readFileSync(file, 'utf8'));
  expect(profile).toMatchObject({ instructions: 300004, regions: 1 });
  const shares = profile.functions.map(({ share }: { share: number }) => share);
  expect(shares.reduce((a: number, b: number) => a + b)).toBeCloseTo(1);
  const counts = profile.interpreted.map(({ count }: { count: number }) => count);
  const causes = Object.values(profile.causes as Record<string, number>);
  expect(causes.reduce((a, b) => a + b)).toBe(counts.reduce((a: number, b: number) => a + b));
  const wrong = await signalbox(['profile', '--json', folder, loop()]);
  expect([wrong.status, wrong.stderr]).toEqual([125, expect.stringContaining('--json')]);
});

it.skipIf(!canBuild)('tells functions and causes of a larger program', async () => {
  const { stderr } = await signalbox(['profile', '--jit-threshold', '20', await guest('generate_code'), '400', '4']);
  expect(stderr).toMatch(/^ +\d+\.\d% {2}main/m);
  expect(stderr).toMatch(/^ +\d+ {2}memory$/m);
});

it('takes sizes and counts only', async () => {
  for (const option of ['--jit-cache', '--jit-threshold']) {
    const { status, stderr } = await signalbox(['run', option, 'much', loop()]);
    expect([status, stderr]).toEqual([125, expect.stringContaining(option)]);
  }
});

it('says where it cannot write', async () => {
  const { status, stderr } = await signalbox(['run', '--cpu', 'jit', '--jit-dump', `${root}package.json`, loop()]);
  expect(stderr).toContain('--jit-dump');
  expect(status).not.toBe(0);
});

/**
 * Boots a program that makes one function after the other, and prints the process's megabytes at about each five hundred,
 * after collecting what is garbage. Arguments: library, program, functions, bytes of the cache.
 */
const WATCH = `
const [library, program, functions, cacheBytes] = process.argv.slice(1);
const { boot } = await import(library);
const { readFileSync } = await import('node:fs');
const args = [functions, functions];
const box = await boot({ program: readFileSync(program), args, jit: { threshold: 20, cacheBytes: Number(cacheBytes) } });
const megabytes = [];
for (let kind = 'instructions'; kind === 'instructions'; megabytes.push(process.memoryUsage().rss / 1e6)) {
  ({ kind } = await box.runUntil({ instructions: 500_000 }));
  gc();
  await new Promise((resolve) => setTimeout(resolve, 50));
  gc();
}
console.log(JSON.stringify({ megabytes, output: box.stdout }));
`;

describe.skipIf(!canBuild)('a guest that makes code for ever', () => {
  const watch = async (functions: number, cacheBytes: number) => {
    const program = await guest('generate_code');
    const args = [`${root}dist/index.js`, program, String(functions), String(cacheBytes)];
    const { stdout } = await spawned(process.execPath, ['--expose-gc', '--input-type=module', '-e', WATCH, ...args]);
    return JSON.parse(stdout) as { megabytes: number[]; output: string };
  };

  // Without a bound it takes some 60 MB more, and 150 where V8 keeps what is dropped.
  it('does not grow the host beyond --jit-cache', async () => {
    const { megabytes, output } = await watch(3000, 4 << 20);
    expect(output).toBe('1651418672\n');
    expect(megabytes.length).toBeGreaterThan(2);
    expect(megabytes.at(-1)! - megabytes[0]!, megabytes.join(', ')).toBeLessThan(40);
  }, 120_000);

  it('ends with what it ends with natively, whatever is dropped', async () => {
    const program = await guest('generate_code');
    for (const pages of ['1', '7']) {
      const args = ['--jit-cache', '1M', '--jit-threshold', '1', program, '300', pages];
      const outcome = await signalbox(['run', ...args]);
      expect(outcome).toEqual(await spawned(program, ['300', pages]));
    }
  });
});
