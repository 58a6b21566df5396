import { describe, expect, it } from 'vitest';
import { createCpu, PAGE_SIZE, PageTable, PhysicalMemory, REG, STOP } from '../api.ts';

const CODE = 0x400000;
const NAN = 0x7ff8000000000001n;

/**
 * inc rax; movq xmm0, rdx; test rcx, rcx; jnz 2f; 1: comisd xmm0, xmm0; syscall; 2: mulsd xmm0, xmm0; comisd xmm0, xmm0; jmp 1b.
 * The block at 2 comes before the one at 1 in the region.
 */
const COMPARISON = [
  ...[0x48, 0xff, 0xc0, 0x66, 0x48, 0x0f, 0x6e, 0xc2, 0x48, 0x85, 0xc9, 0x75, 0x06],
  ...[0x66, 0x0f, 0x2f, 0xc0, 0x0f, 0x05],
  ...[0xf2, 0x0f, 0x59, 0xc0, 0x66, 0x0f, 0x2f, 0xc0, 0xeb, 0xf0],
];

const run = (kind: 'jit' | 'interpreter', rcx: number, rdx: bigint) => {
  const physical = new PhysicalMemory(16 << 20);
  const cpu = createCpu(kind, { physical, timestamp: () => 0n, random64: () => 0n, jit: { threshold: 0 } });
  const table = new PageTable(physical);
  const code = physical.alloc();
  table.map(CODE, code, 0, true);
  physical.u8.set(COMPARISON, code * PAGE_SIZE);
  cpu.switchAddressSpace(table.root);
  cpu.state.rip = CODE;
  cpu.state.setNumber(REG.rcx, rcx);
  cpu.state.set(REG.rdx, rdx);
  expect(cpu.run(1000)).toBe(STOP.syscall);
  return { rax: cpu.state.get(REG.rax), flags: cpu.state.get(REG.r11), instructions: cpu.instructions };
};

describe('what one instruction shows of a float', () => {
  it.each([
    [0, NAN],
    [1, NAN],
    [0, 0x3ff0000000000000n],
    [1, 0x3ff0000000000000n],
  ])('is not known to one that is reached in another way as well (rcx %i, rdx %i)', (rcx, rdx) => {
    expect(run('jit', rcx, rdx)).toEqual(run('interpreter', rcx, rdx));
  });
});
