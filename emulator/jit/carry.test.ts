/** Flags over the back edges of loops: what an exit shows is what the interpreter has, wherever the budget ends. */
import { describe, expect, it } from 'vitest';
import { type Cpu, createCpu, PAGE_SIZE, PageTable, PhysicalMemory, PTE, REG, STOP } from '../api.ts';

const CODE = 0x400000;
const DATA = 0x10000000;
/** Two bytes before the end of a page: accesses there leave regions. */
const ACROSS = DATA + PAGE_SIZE - 2;

const bytes = (text: string): number[] => text.split(' ').map((byte) => Number.parseInt(byte, 16));

/** What a round begins with: nothing reads flags here. */
const BODIES: Readonly<Record<string, string>> = {
  'only counts': '48 8d 76 01',
  'overwrites operands, then leaves': '48 8b 07 48 8b 1f 49 8b 10',
  'leaves, then overwrites operands': '49 8b 10 48 8b 07 48 8b 1f',
  'goes on in another block': '48 8d 76 01 eb 00 49 8b 10',
};

/** What sets the flags that the round leaves. */
const TAILS: Readonly<Record<string, string>> = {
  'cmp rax, rbx': '48 39 d8',
  'cmp eax, ebx': '39 d8',
  'cmp ax, bx': '66 39 d8',
  'cmp al, bl': '38 d8',
  'cmp ah, bl': '38 dc',
  'cmp rax, -5': '48 83 f8 fb',
  'cmp al, 0x80': '3c 80',
  'cmp [rdi], al': '38 07',
  'sub rax, rbx': '48 29 d8',
  'sub eax, ebx': '29 d8',
  'sub al, bl': '28 d8',
  'sub rax, rax': '48 29 c0',
  'add rax, rbx': '48 01 d8',
  'add eax, ebx': '01 d8',
  'add ax, bx': '66 01 d8',
  'add al, bl': '00 d8',
  'add rax, 0x7fffffff': '48 05 ff ff ff 7f',
  'add [rdi], eax': '01 07',
  'add rbx, rbx; mov rax, rbx': '48 01 db 48 89 d8',
  'cmp rax, rbx; mov rbx, rax': '48 39 d8 48 89 c3',
  'inc rcx': '48 ff c1',
  'dec cl': 'fe c9',
  'test rax, rbx': '48 85 d8',
  'test al, bl': '84 d8',
  'xor eax, ebx': '31 d8',
  'or ax, bx': '66 09 d8',
  'adc rax, rbx': '48 01 d8 48 11 d8',
  'sbb al, bl': '00 db 18 d8',
  'neg rax': '48 f7 d8',
  'shl eax, 3': 'c1 e0 03',
  'imul eax, ebx': '0f af c3',
  'cmp rax, rbx; stc': '48 39 d8 f9',
};

const machine = (kind: 'jit' | 'interpreter', code: readonly number[]): Cpu => {
  const physical = new PhysicalMemory(32 << 20);
  const cpu = createCpu(kind, { physical, timestamp: () => 0n, random64: () => 0n, jit: { threshold: 1 } });
  const table = new PageTable(physical);
  const codeFrame = physical.alloc();
  const dataFrame = physical.alloc();
  table.map(CODE, codeFrame, PTE.write, true);
  table.map(DATA, dataFrame, PTE.write, false);
  table.map(DATA + PAGE_SIZE, physical.alloc(), PTE.write, false);
  physical.u8.set(code, codeFrame * PAGE_SIZE);
  for (let n = 0; n < 64; n++) physical.u8[dataFrame * PAGE_SIZE + n] = n * 37 + 0x71;
  cpu.switchAddressSpace(table.root);
  const { state } = cpu;
  state.set(REG.rax, 0x8123_4567_89ab_cd7fn);
  state.set(REG.rbx, 0x7fff_ffff_8000_00f1n);
  state.set(REG.rdi, BigInt(DATA));
  state.set(REG.r8, BigInt(ACROSS));
  return cpu;
};

const stateAt = (cpu: Cpu, budget: number) => {
  cpu.state.rip = CODE;
  cpu.state.rflags = 0x2;
  expect(cpu.run(budget)).toBe(STOP.budget);
  return [cpu.state.rip, cpu.state.rflags, ...Array.from({ length: 16 }, (_, n) => cpu.state.get(n))];
};

describe.each(Object.entries(BODIES))('a round that %s', (_body, body) => {
  it.each(Object.entries(TAILS))('%s', (_tail, tail) => {
    // sub ecx, edx, so that the loop is entered with other flags; then rounds without end
    const round = [...bytes(body), ...bytes(tail)];
    const code = [...bytes('29 d1'), ...round, 0xeb, -(round.length + 2) & 0xff];
    const [jit, interpreter] = [machine('jit', code), machine('interpreter', code)];
    for (let budget = 1; budget < 24; budget++) {
      expect(stateAt(jit, budget), `after ${budget} more`).toEqual(stateAt(interpreter, budget));
    }
  });
});

/** What lies between the flags of a round and its end, in one of two ways. */
const BETWEEN: Readonly<Record<string, string>> = {
  nothing: '',
  'an operand is overwritten': '89 f0',
  'another operand is overwritten': '48 8d 5e 03',
};

describe.each(Object.entries(BETWEEN))(
  'rounds that end in two ways, and before one of them %s',
  (_between, between) => {
    it.each(Object.entries(TAILS))('%s', (_tail, tail) => {
      for (const other of ['cmp al, bl', 'add rax, rbx', 'test rax, rbx', 'inc rcx', 'cmp rax, rbx; stc']) {
        // head: a body that changes eax and ebx; the tail; jp other; what lies between; jmp head; other: its flags; jmp head
        const first = [...bytes('29 d1')];
        const round = [...bytes('48 8d 76 01 89 f0 89 f3 83 f3 05'), ...bytes(tail)];
        const way = between === '' ? [] : bytes(between);
        const otherWay = bytes(TAILS[other]!);
        const code = [...first, ...round, 0x7a, way.length + 2, ...way];
        code.push(0xeb, (first.length - (code.length + 2)) & 0xff, ...otherWay);
        code.push(0xeb, (first.length - (code.length + 2)) & 0xff);
        const [jit, interpreter] = [machine('jit', code), machine('interpreter', code)];
        for (let budget = 1; budget < 48; budget++) {
          expect(stateAt(jit, budget), `${other}: after ${budget} more`).toEqual(stateAt(interpreter, budget));
        }
      }
    });
  },
);
