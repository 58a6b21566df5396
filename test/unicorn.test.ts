/**
 * The unicorn adapter: its pages and registers with a stand-in for the package that is exact, and with the package itself
 * where it is installed.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import {
  type CpuKind,
  createCpu,
  featuresOf,
  PAGE_SIZE,
  PageTable,
  PhysicalMemory,
  PTE,
  REG,
  STOP,
  type UnicornModule,
} from '../emulator/api.ts';
import { missingFeatures } from '../emulator/isa/features.ts';
import { fakeUnicorn } from '../emulator/unicorn/testing.ts';
import { boot } from '../kernel/index.ts';
import { Generator } from './cpu/generate.ts';
import { rows } from './cpu/rows.ts';
import { compareSequence, SequenceGenerator, SequenceMachine } from './cpu/sequences.ts';
import { signalbox } from './e2e/cli.ts';

const PACKAGE = '@alexaltea/unicorn-js/x86';
const require = createRequire(import.meta.url);
const installed = (() => {
  try {
    return require.resolve(PACKAGE) !== '';
  } catch {
    return false;
  }
})();

const DEMO = readFileSync(new URL('../guest/prebuilt/demo', import.meta.url));

const runDemo = async (cpu: CpuKind, unicorn?: UnicornModule) => {
  const box = await boot({
    program: DEMO,
    name: 'demo',
    cpu,
    cpuLevel: 'v2',
    deterministic: { seed: 1 },
    ...(unicorn === undefined ? {} : { unicorn }),
  });
  const { kind } = await box.runUntil({ instructions: 3_000_000 });
  return { kind, stdout: box.stdout, stderr: box.stderr, instructions: box.report().instructions };
};

const CODE = 0x400000;
const DATA = 0x10000000;

/** A page of code, and two addresses of one page of data with an unmapped one behind. */
const machine = (module: UnicornModule, code: readonly number[]) => {
  const physical = new PhysicalMemory(64 << 20);
  const cpu = createCpu('unicorn', { physical, timestamp: () => 0n, random64: () => 0n, unicorn: module });
  const table = new PageTable(physical);
  const [codeFrame, dataFrame] = [physical.alloc(), physical.alloc()];
  table.map(CODE, codeFrame, PTE.write, true);
  for (const page of [0, 1]) table.map(DATA + page * PAGE_SIZE, dataFrame, PTE.write, false);
  physical.u8.set(code, codeFrame * PAGE_SIZE);
  cpu.switchAddressSpace(table.root);
  cpu.state.rip = CODE;
  return { cpu, physical, table, dataFrame };
};

/** What must hold of any unicorn. */
const behaves = (load: () => Promise<UnicornModule>) => {
  it('runs a loop, counts it, and stops at the system call', async () => {
    // mov ecx, 1000; xor eax, eax; 1: add rax, rcx; dec ecx; jnz 1b; syscall
    const { cpu } = machine(
      await load(),
      [0xb9, 0xe8, 3, 0, 0, 0x31, 0xc0, 0x48, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xf9, 0x0f, 0x05],
    );
    expect(cpu.run(10_000)).toBe(STOP.syscall);
    expect([cpu.state.get(REG.rax), cpu.instructions, cpu.state.rip]).toEqual([500500n, 3003, CODE + 16]);
    expect(cpu.state.get(REG.rcx)).toBe(BigInt(CODE + 16));
  });

  it('writes through one mapping what it reads through another, and what others write', async () => {
    // mov [rdi], eax; mov ebx, [rsi]; inc dword [rsi]; mov ecx, [rdi]; syscall
    const code = [0x89, 0x07, 0x8b, 0x1e, 0xff, 0x06, 0x8b, 0x0f, 0x0f, 0x05];
    const { cpu, physical, dataFrame } = machine(await load(), code);
    cpu.state.set(REG.rax, 41n);
    cpu.state.set(REG.rdi, BigInt(DATA + 8));
    cpu.state.set(REG.rsi, BigInt(DATA + PAGE_SIZE + 8));
    expect(cpu.run(4)).toBe(STOP.budget);
    expect([cpu.state.get(REG.rbx), cpu.state.get(REG.rcx)]).toEqual([41n, 42n]);
    expect(physical.u32[(dataFrame * PAGE_SIZE + 8) / 4]).toBe(42);
    physical.aboutToWrite(dataFrame);
    physical.u32[(dataFrame * PAGE_SIZE + 8) / 4] = 7;
    cpu.state.rip = CODE + 2;
    expect(cpu.run(3)).toBe(STOP.budget);
    expect([cpu.state.get(REG.rbx), cpu.state.get(REG.rcx)]).toEqual([7n, 8n]);
  });

  it('faults where our page tables say so, and goes on when they change', async () => {
    // mov eax, [rdi]; mov [rdi], eax: across the end of what is mapped
    const { cpu, physical, table } = machine(await load(), [0x8b, 0x07, 0x89, 0x07]);
    const end = DATA + 2 * PAGE_SIZE;
    cpu.state.set(REG.rdi, BigInt(end - 2));
    expect(cpu.run(2)).toBe(STOP.exception);
    expect([cpu.state.exceptionVector, cpu.state.exceptionError, cpu.state.cr2]).toEqual([14, 4, end]);
    expect([cpu.state.rip, cpu.instructions]).toEqual([CODE, 0]);
    table.map(end, physical.alloc(), 0, false);
    cpu.invalidatePage(end);
    expect(cpu.run(2)).toBe(STOP.exception);
    expect([cpu.state.exceptionError, cpu.state.cr2, cpu.instructions]).toEqual([7, end, 1]);
  });

  it('divides by zero at the instruction', async () => {
    // inc eax; div ecx
    const { cpu } = machine(await load(), [0xff, 0xc0, 0xf7, 0xf1]);
    expect(cpu.run(5)).toBe(STOP.exception);
    expect([cpu.state.exceptionVector, cpu.state.rip, cpu.instructions]).toEqual([0, CODE + 2, 1]);
  });

  it('does not execute what needs a privilege, or a feature that it lacks', async () => {
    const hlt = machine(await load(), [0xf4]);
    expect(hlt.cpu.run(1)).toBe(STOP.exception);
    expect(hlt.cpu.state.exceptionVector).toBe(13);
    // vaddps xmm0, xmm1, xmm2
    const avx = machine(await load(), [0xc5, 0xf0, 0x58, 0xc2]);
    expect(avx.cpu.run(1)).toBe(STOP.exception);
    expect(avx.cpu.state.exceptionVector).toBe(6);
    expect(avx.cpu.features.has('AVX')).toBe(false);
  });

  it('runs a program with signals as the reference does', async () => {
    expect(await runDemo('unicorn', await load())).toEqual(await runDemo('reference'));
  }, 120_000);
};

describe('the unicorn adapter', () => {
  behaves(async () => fakeUnicorn().module);

  it('asks unicorn about most instructions, and keeps few pages there', async () => {
    const { module, asked } = fakeUnicorn();
    const { instructions } = await runDemo('unicorn', module);
    expect(asked.steps).toBeGreaterThan(0.8 * instructions);
    expect(asked.mostPages).toBeLessThanOrEqual(400);
    expect(asked.unmaps).toBeGreaterThan(0);
  });

  it('runs random programs of x86-64-v2 as the reference does', () => {
    const features = featuresOf('v2');
    const known = rows.filter((row) => missingFeatures(row, features).length === 0);
    const generator = new SequenceGenerator(new Generator(known, 1));
    const reference = new SequenceMachine('reference', {}, { features });
    const unicorn = new SequenceMachine('unicorn', {}, { features, unicorn: fakeUnicorn().module });
    for (let seed = 1; seed <= 30; seed++) {
      expect(compareSequence(generator.make(seed), reference, unicorn)).toBeNull();
    }
  }, 120_000);

  it('names a constant that the package does not have', () => {
    const { module } = fakeUnicorn();
    const broken = { ...module, X86_REG_RIP: undefined } as unknown as UnicornModule;
    expect(() => machine(broken, [])).toThrow('X86_REG_RIP');
  });

  it('is not started without the package', async () => {
    await expect(boot({ program: DEMO, cpu: 'unicorn' })).rejects.toThrow('@alexaltea/unicorn-js');
  });
});

if (installed) {
  describe('the unicorn adapter on the package', () => {
    behaves(async () => (await require(PACKAGE)()) as UnicornModule);
  });
} else {
  describe('the unicorn adapter on the package', () => {
    it.skip('@alexaltea/unicorn-js is not installed', () => {});
  });

  it('--cpu unicorn says that the package is missing', async () => {
    const demo = new URL('../guest/prebuilt/demo', import.meta.url).pathname;
    const { status, stderr } = await signalbox(['run', '--cpu', 'unicorn', demo]);
    expect(stderr).toMatch(
      /^signalbox: --cpu unicorn wants the package @alexaltea\/unicorn-js, which is not installed/,
    );
    expect(status).toBe(125);
  });
}
