import { describe, expect, it } from 'vitest';
import { createCpu, PAGE_SIZE, PageTable, PhysicalMemory, PTE, REG, STOP } from '../api.ts';
import { LEAVES } from '../interpreter/samples.ts';
import { LARGE_SHIFT, LINEAR, TLB_ENTRIES } from '../memory/layout.ts';
import { STATE } from '../state.ts';

const CODE = 0x400000;
const LARGE = 2 ** LARGE_SHIFT;
/** Two large pages whose small ones have the same entries of the TLB, so that they miss it in turn. */
const FIRST = 0x40000000;
const SECOND = FIRST + TLB_ENTRIES * PAGE_SIZE;
const ROUNDS = 100_000;

/**
 * mov ecx, ROUNDS; 1: add rax, [rdi+rdx]; add rax, [rsi+rdx]; add [rdi+rdx], rbx; add [rsi+rdx], rbx; add edx, 4104;
 * and edx, 0x1ffff8; dec ecx; jnz 1b; syscall
 */
const LOOP = [
  ...[0xb9, ROUNDS & 0xff, (ROUNDS >> 8) & 0xff, ROUNDS >> 16, 0],
  ...[0x48, 0x03, 0x04, 0x17, 0x48, 0x03, 0x04, 0x16, 0x48, 0x01, 0x1c, 0x17, 0x48, 0x01, 0x1c, 0x16],
  ...[0x81, 0xc2, 0x08, 0x10, 0, 0, 0x81, 0xe2, 0xf8, 0xff, 0x1f, 0, 0xff, 0xc9, 0x75, 0xe0, 0x0f, 0x05],
];

const machine = (kind: 'jit' | 'interpreter') => {
  const physical = new PhysicalMemory(64 << 20);
  const translated: number[] = [];
  const observer = { translated: (entry: number) => translated.push(entry), left: () => {}, interpreted: () => {} };
  const jit = { threshold: 2, slice: 250_000, observer };
  const cpu = createCpu(kind, { physical, timestamp: () => 0n, random64: () => 0n, jit });
  const table = new PageTable(physical);
  const code = physical.alloc();
  table.map(CODE, code, 0, true);
  physical.u8.set(LOOP, code * PAGE_SIZE);
  for (const start of [FIRST, SECOND]) {
    const chunk = physical.reserve();
    for (let n = 0; n < LARGE / PAGE_SIZE; n++) {
      table.map(start + n * PAGE_SIZE, physical.allocIn(chunk, n), PTE.write | PTE.dirty, false);
    }
  }
  cpu.switchAddressSpace(table.root);
  const run = () => {
    const { state } = cpu;
    state.rip = CODE;
    for (const [register, value] of [
      [REG.rax, 0],
      [REG.rbx, 3],
      [REG.rdx, 0],
      [REG.rdi, FIRST],
      [REG.rsi, SECOND],
    ] as const) {
      state.setNumber(register, value);
    }
    const before = cpu.instructions;
    const stop = cpu.run(10 * ROUNDS);
    const { cr2, rip, exceptionError } = state;
    const fault = stop === STOP.exception ? { cr2, exceptionError } : null;
    return {
      stop,
      fault,
      rip,
      instructions: cpu.instructions - before,
      rax: state.get(REG.rax),
      rdx: state.get(REG.rdx),
    };
  };
  /** Whether there is an entry for the large page at an address. */
  const hasEntry = (table: number, address: number) => {
    const entry = table + 16 * ((address / LARGE) % 512);
    return physical.u32[entry / 4] === -address >>> 0;
  };
  return { cpu, physical, table, translated, run, hasEntry };
};

/** Runs in both executors, after the same change of each machine. */
const pair = () => {
  const jit = machine('jit');
  const interpreter = machine('interpreter');
  const both = (change: (m: ReturnType<typeof machine>) => void) => {
    change(jit);
    change(interpreter);
    const result = jit.run();
    expect(result).toEqual(interpreter.run());
    return result;
  };
  return { jit, both };
};

describe('large pages', () => {
  it('are looked for by instructions that missed the TLB much, and change nothing', () => {
    const { jit, both } = pair();
    expect(both(() => {}).stop).toBe(STOP.syscall);
    for (const entries of [LINEAR.largeRead, LINEAR.largeWrite]) {
      expect(jit.hasEntry(entries, FIRST)).toBe(true);
      expect(jit.hasEntry(entries, SECOND)).toBe(true);
    }
    expect(jit.translated.length).toBeGreaterThan(1);
    // Regions were left thousands of times, each time for a miss.
    expect(jit.physical.u32[STATE.leaves / 4]).toBeLessThan(LEAVES.period);
    // One instruction after the other is found; then it is at peace.
    for (let n = 0; n < 3; n++) both(() => {});
    const { length } = jit.translated;
    expect(both(() => {}).stop).toBe(STOP.syscall);
    expect(jit.translated.length).toBe(length);
  });

  it('go with the first of their pages that changes', () => {
    const { jit, both } = pair();
    both(() => {});
    const page = FIRST + 5 * PAGE_SIZE;
    const change = (how: (m: ReturnType<typeof machine>) => void) =>
      both((m) => {
        how(m);
        m.cpu.invalidatePage(page);
        expect(m.hasEntry(LINEAR.largeRead, FIRST)).toBe(false);
        expect(m.hasEntry(LINEAR.largeWrite, FIRST)).toBe(false);
      });
    expect(change(({ table }) => table.protect(page, PTE.accessed, false)).fault).toEqual({
      cr2: page + 40,
      exceptionError: 7,
    });
    expect(change(({ table }) => table.hide(page)).fault).toEqual({ cr2: page + 40, exceptionError: 4 });
    const other = change(({ physical, table }) => {
      const frame = physical.alloc();
      physical.u8.fill(1, frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE);
      table.map(page, frame, PTE.write | PTE.dirty, false);
    });
    expect(other.stop).toBe(STOP.syscall);
    expect(jit.hasEntry(LINEAR.largeRead, FIRST)).toBe(false);
    expect(jit.hasEntry(LINEAR.largeRead, SECOND)).toBe(true);
  });

  it('are gone after a switch of address spaces', () => {
    const { jit, both } = pair();
    both(() => {});
    both(({ cpu, table, physical }) => {
      const { root } = new PageTable(physical);
      cpu.switchAddressSpace(root);
      expect(jit.hasEntry(LINEAR.largeWrite, SECOND)).toBe(false);
      cpu.switchAddressSpace(table.root);
    });
  });

  it('are not written to where one of their frames has code', () => {
    const { jit, both } = pair();
    both(() => {});
    const alias = CODE + PAGE_SIZE;
    const call = ({ cpu }: ReturnType<typeof machine>): bigint => {
      cpu.state.rip = alias + 24;
      expect(cpu.run(2)).toBe(STOP.syscall);
      return cpu.state.get(REG.rax);
    };
    both((m) => {
      // mov eax, 1; syscall - in the third page, where the loop's third round adds 3 to what is loaded.
      const frame = m.table.get(FIRST + 3 * PAGE_SIZE) >>> 12;
      m.physical.u8.set([0xb8, 1, 0, 0, 0, 0x0f, 0x05, 0], frame * PAGE_SIZE + 24);
      m.table.map(alias, frame, 0, true);
      expect(call(m)).toBe(1n);
      expect(m.hasEntry(LINEAR.largeWrite, FIRST)).toBe(false);
    });
    // It is "mov ebx, 1" now.
    jit.cpu.state.set(REG.rax, 77n);
    expect(call(jit)).toBe(77n);
    expect(jit.hasEntry(LINEAR.largeWrite, FIRST)).toBe(false);
  });
});
