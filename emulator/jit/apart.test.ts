import { describe, expect, it } from 'vitest';
import { createCpu, PAGE_SIZE, PageTable, PhysicalMemory, PTE, REG, STOP } from '../api.ts';

const CODE = 0x400000;
const STACK = 0x7fff0000;
const ROUNDS = 60_000;
const BUDGET = 20 * ROUNDS;

/** mov ecx, ROUNDS; 1: push rcx; push rdx; pop rdx; pop rax; add rdx, rax; dec ecx; jnz 1b; syscall */
const LOOP = [
  ...[0xb9, ROUNDS & 0xff, ROUNDS >> 8, 0, 0],
  ...[0x51, 0x52, 0x5a, 0x58, 0x48, 0x01, 0xc2, 0xff, 0xc9, 0x75, 0xf5, 0x0f, 0x05],
];

const machine = (kind: 'jit' | 'interpreter') => {
  const physical = new PhysicalMemory(16 << 20);
  const seen = { translated: 0, interpreted: 0 };
  const observer = {
    translated: () => void seen.translated++,
    left: () => {},
    interpreted: () => void seen.interpreted++,
  };
  const jit = { threshold: 2, observer };
  const cpu = createCpu(kind, { physical, timestamp: () => 0n, random64: () => 0n, jit });
  const table = new PageTable(physical);
  const code = physical.alloc();
  table.map(CODE, code, 0, true);
  physical.u8.set(LOOP, code * PAGE_SIZE);
  for (const page of [STACK - PAGE_SIZE, STACK]) table.map(page, physical.alloc(), PTE.write | PTE.dirty, false);
  cpu.switchAddressSpace(table.root);
  /** Two words are pushed below `top`. */
  const run = (top: number) => {
    const { state } = cpu;
    state.rip = CODE;
    state.setNumber(REG.rdx, 0);
    state.setNumber(REG.rsp, top);
    const [before, leaves] = [cpu.instructions, seen.interpreted];
    expect(cpu.run(BUDGET)).toBe(STOP.syscall);
    const [rdx, rsp, instructions] = [state.get(REG.rdx), state.get(REG.rsp), cpu.instructions - before];
    return { guest: { rdx, rsp, instructions }, leaves: seen.interpreted - leaves };
  };
  return { run, seen };
};

describe('accesses that share a look at the TLB', () => {
  const jit = machine('jit');
  const interpreter = machine('interpreter');
  const both = (top: number) => {
    const { guest, leaves } = jit.run(top);
    expect(guest).toEqual(interpreter.run(top).guest);
    return leaves;
  };

  it('are apart once they turn out to lie in two pages again and again', () => {
    expect(both(STACK + 64)).toBeLessThan(100);
    const { translated } = jit.seen;
    expect(both(STACK + 8)).toBeGreaterThan(1000);
    expect(both(STACK + 8)).toBeLessThan(100);
    expect(jit.seen.translated).toBeGreaterThan(translated);
    expect(both(STACK + 64)).toBeLessThan(100);
  });

  it('are translated otherwise once only', () => {
    const { translated } = jit.seen;
    for (const top of [STACK + 8, STACK + 16, STACK + 64]) both(top);
    expect(jit.seen.translated).toBe(translated);
  });
});
