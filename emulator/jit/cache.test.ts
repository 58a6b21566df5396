import { describe, expect, it } from 'vitest';
import { createCpu, type JitOptions, PAGE_SIZE, PageTable, PhysicalMemory, PTE, REG, STOP } from '../api.ts';

const CODE = 0x400000;
const DATA = 0x10000000;

/** A CPU with four pages of code, which it may write, and two of data. */
const machine = (jit: JitOptions, kind: 'jit' | 'interpreter' = 'jit') => {
  const physical = new PhysicalMemory(64 << 20);
  const cpu = createCpu(kind, { physical, timestamp: () => 0n, random64: () => 0n, jit });
  const table = new PageTable(physical);
  const frames = [0, 1, 2, 3].map(() => physical.alloc());
  for (const [n, frame] of frames.entries()) table.map(CODE + n * PAGE_SIZE, frame, PTE.write, true);
  for (const page of [0, 1]) table.map(DATA + page * PAGE_SIZE, physical.alloc(), PTE.write, false);
  cpu.switchAddressSpace(table.root);
  cpu.state.rip = CODE;
  cpu.state.rsp = DATA + PAGE_SIZE;
  const put = (address: number, bytes: readonly number[]) => {
    const page = Math.floor((address - CODE) / PAGE_SIZE);
    physical.aboutToWrite(frames[page]!);
    physical.u8.set(bytes, frames[page]! * PAGE_SIZE + ((address - CODE) % PAGE_SIZE));
  };
  return { cpu, physical, table, frames, put };
};

describe('translations', () => {
  /** mov ecx, 100; 1: call f; dec ecx; jnz 1b; syscall - with f on the next page: add eax, imm; ret. */
  const CALLER = [0xb9, 100, 0, 0, 0, 0xe8, 0xf6, 0x0f, 0, 0, 0xff, 0xc9, 0x75, 0xf7, 0x0f, 0x05];
  const callee = (n: number) => [0x83, 0xc0, n, 0xc3];

  const sumOf = (m: ReturnType<typeof machine>): bigint => {
    m.cpu.state.rip = CODE;
    m.cpu.state.set(REG.rax, 0n);
    expect(m.cpu.run(100_000)).toBe(STOP.syscall);
    return m.cpu.state.get(REG.rax);
  };

  it('follow a call into another page, and see that page change', () => {
    const m = machine({ threshold: 2 });
    m.put(CODE, CALLER);
    m.put(CODE + PAGE_SIZE, callee(1));
    expect(sumOf(m)).toBe(100n);
    m.put(CODE + PAGE_SIZE, callee(3));
    expect(sumOf(m)).toBe(300n);
  });

  it('hold only where all of their pages are mapped as they were', () => {
    const m = machine({ threshold: 2 });
    m.put(CODE, CALLER);
    m.put(CODE + PAGE_SIZE, callee(1));
    m.put(CODE + 2 * PAGE_SIZE, callee(5));
    expect(sumOf(m)).toBe(100n);
    // Another frame in the place of the callee, in this address space ...
    m.table.map(CODE + PAGE_SIZE, m.frames[2]!, PTE.write, true);
    m.cpu.invalidatePage(CODE + PAGE_SIZE);
    expect(sumOf(m)).toBe(500n);
    // ... and the first one again in a second.
    const other = new PageTable(m.physical);
    other.map(CODE, m.frames[0]!, 0, true);
    other.map(CODE + PAGE_SIZE, m.frames[1]!, 0, true);
    for (const page of [0, 1]) other.map(DATA + page * PAGE_SIZE, m.physical.alloc(), PTE.write, false);
    m.cpu.switchAddressSpace(other.root);
    expect(sumOf(m)).toBe(100n);
    m.cpu.switchAddressSpace(m.table.root);
    expect(sumOf(m)).toBe(500n);
  });

  it('fault on fetching from a page of theirs that may not be executed any more', () => {
    const m = machine({ threshold: 2 });
    m.put(CODE, CALLER);
    m.put(CODE + PAGE_SIZE, callee(1));
    expect(sumOf(m)).toBe(100n);
    m.table.protect(CODE + PAGE_SIZE, PTE.write, false);
    m.cpu.invalidatePage(CODE + PAGE_SIZE);
    m.cpu.state.rip = CODE;
    expect(m.cpu.run(1000)).toBe(STOP.exception);
    expect([m.cpu.state.exceptionVector, m.cpu.state.exceptionError]).toEqual([14, 0x15]);
    expect(m.cpu.state.cr2).toBe(CODE + PAGE_SIZE);
    expect(m.cpu.state.rip).toBe(CODE + PAGE_SIZE);
  });

  it('see what the code writes into itself while it runs', () => {
    // mov ecx, 100; lea rdi, [rip + to the immediate]; 1: add eax, 1; inc byte [rdi]; dec ecx; jnz 1b; syscall
    const code = [
      ...[0xb9, 100, 0, 0, 0, 0x48, 0x8d, 0x3d, 2, 0, 0, 0],
      ...[0x83, 0xc0, 1, 0xfe, 0x07, 0xff, 0xc9, 0x75, 0xf7, 0x0f, 0x05],
    ];
    const results = (['interpreter', 'jit'] as const).map((kind) => {
      const m = machine({ threshold: 1 }, kind);
      m.put(CODE, code);
      expect(m.cpu.run(100_000)).toBe(STOP.syscall);
      return [m.cpu.state.get(REG.rax), m.cpu.instructions];
    });
    expect(results[1]).toEqual(results[0]);
  });

  it('stop at breakpoints that are set later', () => {
    const m = machine({ threshold: 2 });
    m.put(CODE, CALLER);
    m.put(CODE + PAGE_SIZE, callee(1));
    expect(sumOf(m)).toBe(100n);
    m.cpu.setBreakpoints([CODE + PAGE_SIZE]);
    m.cpu.state.rip = CODE;
    for (let n = 0; n < 5; n++) {
      expect(m.cpu.run(1000)).toBe(STOP.breakpoint);
      expect(m.cpu.state.rip).toBe(CODE + PAGE_SIZE);
    }
  });

  it('leave at every budget of 1 to 50 instructions in the state that the interpreter has there', () => {
    const state = ({ cpu }: ReturnType<typeof machine>) => [
      ...Array.from({ length: 16 }, (_, n) => cpu.state.get(n)),
      cpu.state.rip,
      cpu.state.rflags,
      cpu.instructions,
    ];
    for (let budget = 1; budget <= 50; budget++) {
      const both = (['interpreter', 'jit'] as const).map((kind) => {
        const m = machine({ threshold: 1 }, kind);
        m.put(CODE, CALLER);
        m.put(CODE + PAGE_SIZE, callee(1));
        return m;
      });
      for (let stop: number = STOP.budget; stop === STOP.budget; ) {
        const stops = both.map((m) => m.cpu.run(budget));
        stop = stops[0]!;
        expect(stops[1]).toBe(stop);
        expect(state(both[1]!), `budget ${budget}`).toEqual(state(both[0]!));
      }
    }
  });
});
