import { describe, expect, it } from 'vitest';
import { createCpu, PAGE_SIZE, PageTable, PhysicalMemory, REG, STOP } from '../api.ts';

const CODE = 0x400000;
const THRESHOLD = 2560;
const ROUNDS = 20_000;

/**
 * mov ecx, ROUNDS; 1: test ecx, MASK; jnz 2f; inc rdx; 2: inc rax; dec ecx; jnz 1b; syscall
 *
 * The block with INC RDX runs in one round of MASK + 1.
 */
const loop = (mask: number) => [
  ...[0xb9, ROUNDS & 0xff, ROUNDS >> 8, 0, 0],
  ...[0xf7, 0xc1, mask & 0xff, mask >> 8, 0, 0, 0x75, 0x03, 0x48, 0xff, 0xc2],
  ...[0x48, 0xff, 0xc0, 0xff, 0xc9, 0x75, 0xee, 0x0f, 0x05],
];

const run = (mask: number) => {
  const physical = new PhysicalMemory(16 << 20);
  const listings: string[] = [];
  const observer = {
    translated: (_entry: number, listing: string) => void listings.push(listing),
    left: () => {},
    interpreted: () => {},
  };
  const jit = { threshold: THRESHOLD, observer };
  const cpu = createCpu('jit', { physical, timestamp: () => 0n, random64: () => 0n, jit });
  const table = new PageTable(physical);
  const code = physical.alloc();
  table.map(CODE, code, 0, true);
  physical.u8.set(loop(mask), code * PAGE_SIZE);
  cpu.switchAddressSpace(table.root);
  cpu.state.rip = CODE;
  expect(cpu.run(20 * ROUNDS)).toBe(STOP.syscall);
  expect(cpu.state.get(REG.rax)).toBe(BigInt(ROUNDS));
  expect(cpu.state.get(REG.rdx)).toBe(BigInt(Math.floor(ROUNDS / (mask + 1))));
  return listings.join('\n');
};

describe('regions', () => {
  it('have what runs in many of their rounds', () => {
    expect(run(15)).toContain('inc rdx');
  });

  it('do not have what runs now and then', () => {
    const listing = run(1023);
    expect(listing).toContain('inc rax');
    expect(listing).not.toContain('inc rdx');
  });
});
