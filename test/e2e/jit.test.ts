/** What the JIT tells of itself: `--jit-dump` and `signalbox profile`. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { root } from '../native/cases.ts';
import { signalbox } from './cli.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'jit-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A static program of a single loop: mov ecx, 20000; 1: add eax, ecx; dec ecx; jnz 1b; exit(0). */
const loop = (): string => {
  const code = [0xb9, 0x20, 0x4e, 0, 0, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xfa, 0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05];
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
  expect(stderr).toContain('60004 instructions, 1 regions');
  expect(stderr).toMatch(/left for the interpreter, by the instruction it executed: [1-9]/);
});

it('says where it cannot write', async () => {
  const { status, stderr } = await signalbox(['run', '--cpu', 'jit', '--jit-dump', `${root}package.json`, loop()]);
  expect(stderr).toContain('--jit-dump');
  expect(status).not.toBe(0);
});
