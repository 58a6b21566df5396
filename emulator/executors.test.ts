import { describe, expect, it } from 'vitest';
import { type Cpu, type CpuKind, createCpu, PAGE_SIZE, PageTable, PhysicalMemory, PTE, REG, STOP } from './api.ts';

const CODE = 0x400000;
const DATA = 0x10000000;

/** A CPU with a page of code and two of data. */
const machine = (kind: CpuKind, code: readonly number[]) => {
  const physical = new PhysicalMemory(64 << 20);
  const cpu = createCpu(kind, { physical, timestamp: () => 0n, random64: () => 0n, jit: { threshold: 1 } });
  const table = new PageTable(physical);
  const codeFrame = physical.alloc();
  table.map(CODE, codeFrame, PTE.write, true);
  for (const page of [0, 1]) table.map(DATA + page * PAGE_SIZE, physical.alloc(), PTE.write, false);
  physical.u8.set(code, codeFrame * PAGE_SIZE);
  cpu.switchAddressSpace(table.root);
  cpu.state.rip = CODE;
  cpu.state.rsp = DATA + PAGE_SIZE;
  return { cpu, physical, table };
};

const registers = (cpu: Cpu) => Array.from({ length: 16 }, (_, n) => cpu.state.get(n));

/** mov ecx, n; xor eax, eax; 1: add rax, rcx; dec ecx; jnz 1b; syscall */
const sum = (n: number) => [
  ...[0xb9, n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, n >>> 24],
  ...[0x31, 0xc0, 0x48, 0x01, 0xc8, 0xff, 0xc9, 0x75, 0xf9, 0x0f, 0x05],
];

describe.each(['jit', 'interpreter', 'reference'] as const)('%s', (kind) => {
  it('runs a loop and counts its instructions exactly', () => {
    const { cpu } = machine(kind, sum(1000));
    expect(cpu.run(1_000_000)).toBe(STOP.syscall);
    expect(cpu.state.get(REG.rax)).toBe(500500n);
    expect(cpu.instructions).toBe(2 + 3 * 1000 + 1);
    expect(cpu.state.rip).toBe(CODE + 16);
    expect(cpu.state.get(REG.rcx)).toBe(BigInt(CODE + 16));
  });

  it('stops at every budget with the state that one instruction more or less has', () => {
    const { cpu } = machine(kind, sum(20));
    const whole = machine(kind, sum(20)).cpu;
    for (let n = 1; n <= 62; n++) {
      expect(cpu.run(1)).toBe(STOP.budget);
      whole.instructions = 0;
    }
    expect(whole.run(62)).toBe(STOP.budget);
    expect(registers(cpu)).toEqual(registers(whole));
    expect(cpu.state.rip).toBe(whole.state.rip);
    expect(cpu.state.rflags).toBe(whole.state.rflags);
  });

  it('faults where a jump into the upper half went, though empty notes of jumps look like that', () => {
    // mov rax, -1; jmp rax
    const { cpu } = machine(kind, [0x48, 0xc7, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xe0]);
    expect(cpu.run(1000)).toBe(STOP.exception);
    expect(cpu.state.exceptionVector).toBe(14);
    expect(cpu.state.cr2Wide).toBe(2n ** 64n - 1n);
    expect(cpu.instructions).toBe(2);
  });

  it('reports a page fault at the instruction, with address and error code', () => {
    // mov rdi, imm64 (unmapped); inc eax; mov [rdi+4], eax
    const { cpu } = machine(kind, [0x48, 0xbf, 0, 0, 0, 0x20, 0, 0, 0, 0, 0xff, 0xc0, 0x89, 0x47, 0x04]);
    expect(cpu.run(100)).toBe(STOP.exception);
    expect(cpu.state.exceptionVector).toBe(14);
    expect(cpu.state.exceptionError).toBe(6);
    expect(cpu.state.cr2).toBe(0x20000004);
    expect(cpu.state.rip).toBe(CODE + 12);
    expect(cpu.instructions).toBe(2);
  });

  it('stores across a page end, and not at all when the second page faults', () => {
    // mov [rdi], rax
    const { cpu, physical, table } = machine(kind, [0x48, 0x89, 0x07, 0x48, 0x89, 0x07]);
    cpu.state.set(REG.rax, 0x1122334455667788n);
    cpu.state.set(REG.rdi, BigInt(DATA + PAGE_SIZE - 3));
    expect(cpu.run(1)).toBe(STOP.budget);
    const byte = (address: number) => {
      const frame = table.get(address) >>> 12;
      return physical.u8[frame * PAGE_SIZE + (address % PAGE_SIZE)];
    };
    expect([0, 1, 2, 3, 4].map((n) => byte(DATA + PAGE_SIZE - 3 + n))).toEqual([0x88, 0x77, 0x66, 0x55, 0x44]);
    cpu.state.set(REG.rdi, BigInt(DATA + 2 * PAGE_SIZE - 3));
    expect(cpu.run(1)).toBe(STOP.exception);
    expect(cpu.state.cr2).toBe(DATA + 2 * PAGE_SIZE);
    expect(byte(DATA + 2 * PAGE_SIZE - 3)).toBe(0);
  });

  it('sees code that it wrote itself, also in the block being executed', () => {
    // lea rdi, [rip+5]; mov byte [rdi], 0x90 ... the target is the `inc eax` behind, made into nops
    // 0: c6 05 01 00 00 00 90   mov byte [rip+1], 0x90 -> at 8
    // 7: ff c0 -> ff 90 ?  use: 7: 90; 8: f4 (hlt) becomes 90; 9: 0f 05
    const { cpu } = machine(kind, [0xc6, 0x05, 0x01, 0, 0, 0, 0x90, 0x90, 0xf4, 0x0f, 0x05]);
    expect(cpu.run(100)).toBe(STOP.syscall);
    expect(cpu.instructions).toBe(4);
  });

  it('sees a change of the second page of an instruction that crosses', () => {
    // mov eax, 1 in the last three and first two bytes of two pages; syscall
    const { cpu, physical, table } = machine(kind, []);
    const second = physical.alloc();
    table.map(CODE + PAGE_SIZE, second, PTE.write, true);
    const first = table.get(CODE) >>> 12;
    physical.u8.set([0xb8, 1, 0], first * PAGE_SIZE + PAGE_SIZE - 3);
    physical.u8.set([0, 0, 0x0f, 0x05], second * PAGE_SIZE);
    for (const high of [0, 0x55]) {
      physical.aboutToWrite(second);
      physical.u8[second * PAGE_SIZE + 1] = high;
      cpu.state.rip = CODE + PAGE_SIZE - 3;
      expect(cpu.run(10)).toBe(STOP.syscall);
      expect(cpu.state.get(REG.rax)).toBe(BigInt(high * 2 ** 24 + 1));
    }
  });

  it('faults on fetching: #GP where no address is, #PF in the upper half', () => {
    const { cpu } = machine(kind, []);
    cpu.state.rip64 = 0x800000000000n;
    expect(cpu.run(1)).toBe(STOP.exception);
    expect([cpu.state.exceptionVector, cpu.state.exceptionError]).toEqual([13, 0]);
    cpu.state.rip64 = 0xffff800000000000n;
    expect(cpu.run(1)).toBe(STOP.exception);
    expect([cpu.state.exceptionVector, cpu.state.exceptionError]).toEqual([14, 0x14]);
    expect(cpu.state.cr2Wide).toBe(0xffff800000000000n);
  });

  it('stops before a breakpoint, and passes the one it starts at', () => {
    const { cpu } = machine(kind, sum(5));
    cpu.setBreakpoints([CODE + 7]);
    expect(cpu.run(1000)).toBe(STOP.breakpoint);
    expect(cpu.state.rip).toBe(CODE + 7);
    expect(cpu.instructions).toBe(2);
    expect(cpu.run(1000)).toBe(STOP.breakpoint);
    expect(cpu.instructions).toBe(5);
    cpu.setBreakpoints([]);
    expect(cpu.run(1000)).toBe(STOP.syscall);
  });

  it('raises #DB after each instruction while TF is set', () => {
    const { cpu } = machine(kind, sum(5));
    cpu.state.rflags |= 0x100;
    expect(cpu.run(1000)).toBe(STOP.exception);
    expect(cpu.state.exceptionVector).toBe(1);
    expect(cpu.state.rip).toBe(CODE + 5);
    expect(cpu.instructions).toBe(1);
  });
});
