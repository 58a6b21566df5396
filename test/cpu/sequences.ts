/**
 * Random programs: instructions of all rows in loops, with branches, calls and computed jumps between them, run by two
 * executors in the same steps and compared after each. What single cases cannot show: flags that live or die, registers that
 * are kept somewhere else, counts in the middle of a region, and what stores into code do.
 */
import {
  type Cpu,
  type CpuKind,
  type CpuOptions,
  createCpu,
  type JitOptions,
  PAGE_SIZE,
  PageTable,
  PhysicalMemory,
  PTE,
  REG_NAMES,
  STOP,
  stateOffset,
  TASK_STATE_SIZE,
} from '../../emulator/api.ts';
import { decode, describe as disassemble } from '../../emulator/decode/index.ts';
import type { Instruction } from '../../emulator/isa/instruction.ts';
import { littleEndian, RCX, RDI, RSI, RSP } from './builder.ts';
import { MAP, pristine } from './case.ts';
import type { Generator } from './generate.ts';
import { hashText, integer, Random } from './random.ts';
import type { Shape } from './shape.ts';

const CODE = 0x60000000;
const CODE_PAGES = 6;
/** Where called functions begin: on another page than the program. */
const FUNCTIONS = CODE + 3 * PAGE_SIZE;
/** Loop counters; behind them a table of jump targets. Generated operands do not lead here. */
const COUNTERS = 0x62000000;
const TABLE = COUNTERS + 0x100;
const STACK = MAP.high + 0x1400;

/** Instructions in all, and exceptions after which the program goes on behind the instruction. */
const MOST_INSTRUCTIONS = 20_000;
const MOST_FAULTS = 300;

/** Ways to translate: everything at once, what runs twice, leaving all the time, with room for a few regions. */
export const JIT_SETTINGS: readonly JitOptions[] = [
  { threshold: 0 },
  { threshold: 1 },
  { threshold: 2, slice: 17 },
  { threshold: 1, cacheBytes: 300_000 },
];

/** Rows that are taken half of the time, since compilers do. */
const COMMON =
  /^(ADD|SUB|ADC|SBB|CMP|AND|OR|XOR|TEST|INC|DEC|NEG|NOT|SHL|SHR|SAR|ROL|ROR|IMUL|MUL|DIV|MOV|MOVZX|MOVSX|LEA|CMOV\w+|SET\w+|BT|PUSH|POP|XCHG|MOVUPS|MOVSD|ADDSD|MULSD|UCOMISD|PXOR|PADDD)$/;

/** Rows that end a program or its surroundings, rather than do something. */
const LEFT_OUT = /^(POPF|IRET|HLT|WR[FG]SBASE|SWAPGS|MOV_|L[SDEFG]S|UD|INT|X?SYSCALL|RDRAND|RDSEED|STI|CLI)/;

/** A piece of a program: fixed bytes, or a branch over some of the pieces behind it. */
type Piece =
  | { readonly kind: 'bytes'; readonly bytes: readonly number[] }
  | { readonly kind: 'branch'; readonly condition: number; readonly over: number }
  | { readonly kind: 'switch'; readonly counter: number; readonly over: number }
  | { readonly kind: 'loop'; readonly counter: number; readonly rounds: number; readonly keepsFlags: boolean }
  | { readonly kind: 'end'; readonly counter: number; readonly keepsFlags: boolean }
  | { readonly kind: 'call'; readonly callee: number }
  | { readonly kind: 'patch'; readonly of: number };

export interface Sequence {
  readonly seed: number;
  readonly pieces: readonly Piece[];
  readonly functions: readonly (readonly number[])[];
  /** Instructions of each run, repeated until the program ends. */
  readonly budgets: readonly number[];
  readonly writableCode: boolean;
  readonly rflags: number;
}

const movImmediate = (register: number, value: bigint): number[] => [
  register < 8 ? 0x48 : 0x49,
  0xb8 | (register & 7),
  ...littleEndian(value, 8),
];

const absolute = (address: number): number[] => littleEndian(BigInt(address), 4);

/** Makes programs of the rows of a generator. */
export class SequenceGenerator {
  readonly #generator: Generator;
  readonly #shapes: readonly Shape[];
  readonly #common: readonly Shape[];

  constructor(generator: Generator) {
    this.#generator = generator;
    this.#shapes = generator.shapes.filter(
      ({ row, mnemonic, operands }) =>
        row.ends !== true && !LEFT_OUT.test(mnemonic) && !operands.some((o) => o.file === 'segment'),
    );
    this.#common = this.#shapes.filter(({ mnemonic }) => COMMON.test(mnemonic));
  }

  make(seed: number): Sequence {
    const r = new Random(seed, hashText('sequence'), 0);
    const pieces: Piece[] = [];
    const functions = Array.from({ length: 1 + r.below(3) }, () =>
      Array.from({ length: 1 + r.below(5) }, () => this.#instruction(r)).flat(),
    );
    const outer = { counter: 0, rounds: 3 + r.below(30), keepsFlags: r.chance(0.5) };
    pieces.push({ kind: 'loop', ...outer }, { kind: 'bytes', bytes: movImmediate(RSP, BigInt(STACK)) });
    let inner = 0;
    for (let left = 4 + r.below(24); left > 0; left--) {
      const kind = r.below(16);
      if (kind < 3) pieces.push({ kind: 'branch', condition: r.below(16), over: 1 + r.below(4) });
      else if (kind === 3) pieces.push({ kind: 'switch', counter: 0, over: 1 + r.below(3) });
      else if (kind === 4) pieces.push({ kind: 'call', callee: r.below(functions.length) });
      else if (kind === 5 && inner < 3) {
        const loop = { counter: ++inner, keepsFlags: r.chance(0.5) };
        pieces.push({ kind: 'loop', rounds: 1 + r.below(12), ...loop });
        for (let n = r.below(5); n > 0; n--) pieces.push({ kind: 'bytes', bytes: this.#instruction(r) });
        pieces.push({ kind: 'end', ...loop });
      } else if (kind === 6 && r.chance(0.15)) pieces.push({ kind: 'patch', of: r.below(pieces.length) });
      else pieces.push({ kind: 'bytes', bytes: this.#instruction(r) });
    }
    pieces.push({ kind: 'end', ...outer });
    const way = r.below(3);
    const budgets =
      way === 0
        ? [MOST_INSTRUCTIONS]
        : way === 1
          ? [1 + r.below(50)]
          : Array.from({ length: 7 }, () => 1 + r.below(r.chance(0.5) ? 50 : 500));
    return { seed, pieces, functions, budgets, writableCode: r.chance(0.3), rflags: r.next() & 0x8d5 };
  }

  /** The bytes of a case, behind moves that load the registers it computes its addresses and operands from. */
  #instruction(r: Random): number[] {
    for (;;) {
      const shape = r.pick(r.chance(0.5) ? this.#common : this.#shapes);
      const one = this.#generator.make(shape, r.below(1 << 30));
      const i = decode(one.bytes, 0, one.bytes.length, CODE);
      if (typeof i === 'string' || one.segments) continue;
      const memory = i.operands.find((o) => o.kind === 'mem');
      // The case's displacement would count from where the case lies.
      if (memory?.ripRelative === true) continue;
      const used = new Set<number>();
      if (memory !== undefined) {
        if (memory.base >= 0) used.add(memory.base);
        if (memory.index >= 0 && memory.vsib === undefined) used.add(memory.index);
      }
      if (shape.row.repeats) for (const n of [RSI, RDI, RCX]) used.add(n);
      const loads = used.size > 0 && !r.chance(0.03);
      if (!loads) used.clear();
      for (const o of i.operands) if (o.kind === 'reg' && r.chance(0.3)) used.add(o.register & 15);
      used.delete(RSP);
      const moves = [...used].map((n) => movImmediate(n, used.size > 0 ? one.gpr[n]! : integer(r)));
      return [...moves.flat(), ...one.bytes.subarray(0, i.length)];
    }
  }
}

interface Assembled {
  readonly code: Uint8Array;
  readonly table: readonly number[];
  readonly end: number;
}

/** Lengths do not depend on where things lie, so one pass finds the places and a second one the bytes. */
const assemble = ({ pieces, functions }: Sequence): Assembled => {
  const starts: number[] = [];
  const callees: number[] = [];
  const table: number[] = [];
  let code: number[] = [];
  const place = (n: number) => starts[Math.min(n, starts.length - 1)] ?? CODE;
  const relative = (to: number, from: number) => littleEndian(BigInt(to - from), 4);
  const bytesOf = (piece: Piece, n: number, at: number): number[] => {
    switch (piece.kind) {
      case 'bytes':
        return [...piece.bytes];
      case 'branch':
        return [0x0f, 0x80 | piece.condition, ...relative(place(n + piece.over), at + 6)];
      case 'switch': {
        const entry = TABLE + table.length * 8;
        for (let k = 0; k < 4; k++) table.push(place(n + 1 + (k % (piece.over + 1))));
        // mov eax, [counter]; and eax, 3; jmp [entry + rax * 8]
        return [
          ...[0x8b, 0x04, 0x25, ...absolute(COUNTERS + 8 * piece.counter), 0x83, 0xe0, 0x03],
          ...[0xff, 0x24, 0xc5, ...absolute(entry)],
        ];
      }
      case 'loop':
        // mov dword [counter], rounds
        return [0xc7, 0x04, 0x25, ...absolute(COUNTERS + 8 * piece.counter), ...absolute(piece.rounds)];
      case 'end': {
        const first = pieces.findIndex((p) => p.kind === 'loop' && p.counter === piece.counter);
        const back = place(first + 1);
        const counter = absolute(COUNTERS + 8 * piece.counter);
        // dec dword [counter]; jnz back
        if (!piece.keepsFlags) return [0xff, 0x0c, 0x25, ...counter, 0x0f, 0x85, ...relative(back, at + 13)];
        // mov ecx, [counter]; lea ecx, [rcx - 1]; mov [counter], ecx; jrcxz over; jmp back
        return [
          ...[0x8b, 0x0c, 0x25, ...counter, 0x8d, 0x49, 0xff, 0x89, 0x0c, 0x25, ...counter],
          ...[0xe3, 5, 0xe9, ...relative(back, at + 24)],
        ];
      }
      case 'call':
        return [0xe8, ...relative(callees[piece.callee] ?? CODE, at + 5)];
      case 'patch':
        // inc byte [the piece's last byte]: mostly of an immediate or a displacement
        return [0xfe, 0x04, 0x25, ...absolute(place(piece.of + 1) - 1)];
    }
  };
  for (let pass = 0; pass < 2; pass++) {
    code = [];
    table.length = 0;
    for (const [n, piece] of pieces.entries()) {
      starts[n] = CODE + code.length;
      code.push(...bytesOf(piece, n, CODE + code.length));
    }
    starts[pieces.length] = CODE + code.length;
    let at = FUNCTIONS;
    for (const [n, body] of functions.entries()) {
      callees[n] = at;
      at += body.length + 1;
    }
  }
  const whole = new Uint8Array(CODE_PAGES * PAGE_SIZE).fill(0xcc);
  whole.set(code);
  whole.set(
    functions.flatMap((body) => [...body, 0xc3]),
    FUNCTIONS - CODE,
  );
  return { code: whole, table, end: CODE + code.length };
};

const FLAG_FIELDS = ['flagsResult', 'flagsAux'] as const;

/** An executor with the pages of a program. */
export class SequenceMachine {
  readonly cpu: Cpu;
  readonly #physical = new PhysicalMemory(64 << 20);
  readonly #table: PageTable;
  readonly #code: number[];
  readonly #data: number[];
  readonly #counters: number;
  #end = 0;

  constructor(kind: CpuKind, jit: JitOptions = {}, more: Partial<CpuOptions> = {}) {
    const physical = this.#physical;
    this.cpu = createCpu(kind, {
      physical,
      // The clock shows how many instructions have been counted in the middle of a block.
      timestamp: () => BigInt(this.cpu.instructions),
      random64: () => 0n,
      jit,
      ...more,
    });
    this.#table = new PageTable(physical);
    this.#code = Array.from({ length: CODE_PAGES }, () => physical.alloc());
    this.#data = Array.from({ length: MAP.dataSize / PAGE_SIZE }, () => physical.alloc());
    this.#counters = physical.alloc();
    for (const [n, frame] of this.#code.entries()) this.#table.map(CODE + n * PAGE_SIZE, frame, 0, true);
    for (const [n, frame] of this.#data.entries()) {
      const writable = n * PAGE_SIZE < MAP.writableSize ? PTE.write : 0;
      for (const view of [MAP.data, MAP.high]) this.#table.map(view + n * PAGE_SIZE, frame, writable, false);
    }
    this.#table.map(COUNTERS, this.#counters, PTE.write, false);
    this.cpu.switchAddressSpace(this.#table.root);
  }

  load(sequence: Sequence): void {
    const { cpu } = this;
    const { code, table, end } = assemble(sequence);
    this.#end = end;
    for (const [n, frame] of this.#code.entries()) {
      this.#table.protect(CODE + n * PAGE_SIZE, sequence.writableCode ? PTE.write : 0, true);
      cpu.invalidatePage(CODE + n * PAGE_SIZE);
      this.#put(frame, code.subarray(n * PAGE_SIZE, (n + 1) * PAGE_SIZE));
    }
    for (const [n, frame] of this.#data.entries())
      this.#put(frame, pristine.subarray(n * PAGE_SIZE, (n + 1) * PAGE_SIZE));
    const counters = new Uint8Array(PAGE_SIZE);
    const view = new DataView(counters.buffer);
    for (const [n, target] of table.entries()) view.setBigUint64(TABLE - COUNTERS + 8 * n, BigInt(target), true);
    this.#put(this.#counters, counters);
    const { state } = cpu;
    state.reset();
    const r = new Random(sequence.seed, hashText('state'), 0);
    for (let n = 0; n < 16; n++) state.set(n, n === RSP ? BigInt(STACK) : integer(r));
    for (let n = 0; n < 64; n++) state.setVector64(n >> 2, n & 3, r.bits64());
    state.rip = CODE;
    state.rflags = sequence.rflags;
    state.fsBase = BigInt(MAP.fsBase);
    state.gsBase = BigInt(MAP.gsBase);
    state.cr2 = 0;
    state.exceptionVector = 0;
    state.exceptionError = 0;
    cpu.instructions = 0;
  }

  #put(frame: number, bytes: Uint8Array): void {
    this.#physical.aboutToWrite(frame);
    this.#physical.u8.set(bytes, frame * PAGE_SIZE);
  }

  /** Runs on; says why it stopped, and whether the program has ended. */
  run(budget: number): { readonly stop: string; readonly ended: boolean } {
    const { cpu } = this;
    const reason = cpu.run(budget);
    const { state } = cpu;
    if (reason === STOP.budget) {
      return { stop: 'budget', ended: state.rip === this.#end || cpu.instructions >= MOST_INSTRUCTIONS };
    }
    if (reason !== STOP.exception) return { stop: `stop ${reason}`, ended: true };
    const stop = `exception ${state.exceptionVector} (${state.exceptionError}) cr2 ${state.cr2Wide.toString(16)}`;
    if (state.rip64 === BigInt(this.#end + 1)) return { stop, ended: true };
    const faulting = this.instructionAt(state.rip);
    if (faulting === null) return { stop, ended: true };
    state.rip += faulting.length;
    return { stop, ended: cpu.instructions >= MOST_INSTRUCTIONS };
  }

  /** Null where there is no code, or none that decodes. */
  instructionAt(address: number): Instruction | null {
    const offset = address - CODE;
    if (!(offset >= 0 && offset < CODE_PAGES * PAGE_SIZE)) return null;
    const bytes = new Uint8Array(16);
    for (let n = 0; n < 16 && offset + n < CODE_PAGES * PAGE_SIZE; n++) {
      const frame = this.#code[Math.floor((offset + n) / PAGE_SIZE)]!;
      bytes[n] = this.#physical.u8[frame * PAGE_SIZE + ((offset + n) % PAGE_SIZE)]!;
    }
    const i = decode(bytes, 0, 15, address);
    return typeof i === 'string' ? null : i;
  }

  /** The task's part of the state, with flags as the architecture has them. */
  state(): Uint8Array {
    const { state } = this.cpu;
    const bytes = state.bytes.slice(0, TASK_STATE_SIZE);
    for (const name of FLAG_FIELDS) bytes.fill(0, stateOffset(name), stateOffset(name) + 4);
    bytes.fill(0, stateOffset('flagsResult'), stateOffset('flagsResult') + 8);
    new DataView(bytes.buffer).setUint32(stateOffset('rflags'), state.rflags, true);
    return bytes;
  }

  /** All pages that a program may write to. */
  memory(): Uint8Array[] {
    return [...this.#data, ...this.#code, this.#counters].map((frame) =>
      this.#physical.u8.slice(frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE),
    );
  }
}

const equal = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** What differs in two states, by register. */
const describeStates = (a: SequenceMachine, b: SequenceMachine): string[] => {
  const lines: string[] = [];
  const [x, y] = [a.cpu.state, b.cpu.state];
  const compare = (name: string, left: bigint | number, right: bigint | number) => {
    if (left !== right) lines.push(`  ${name}: ${left.toString(16)}, but ${right.toString(16)}`);
  };
  compare('instructions', a.cpu.instructions, b.cpu.instructions);
  compare('rip', x.rip64, y.rip64);
  compare('rflags', x.rflags, y.rflags);
  compare('mxcsr', x.mxcsr, y.mxcsr);
  for (const [n, name] of REG_NAMES.entries()) compare(name, x.get(n), y.get(n));
  for (let n = 0; n < 64; n++) compare(`ymm${n >> 2}[${n & 3}]`, x.vector64(n >> 2, n & 3), y.vector64(n >> 2, n & 3));
  return lines;
};

/** Runs a program in both; null if they agree, or what differs and where. */
export const compareSequence = (sequence: Sequence, a: SequenceMachine, b: SequenceMachine): string | null => {
  for (const m of [a, b]) m.load(sequence);
  const trail: string[] = [];
  for (let n = 0, faults = 0; faults < MOST_FAULTS; n++) {
    const from = a.cpu.state.rip;
    const budget = Math.min(sequence.budgets[n % sequence.budgets.length]!, MOST_INSTRUCTIONS - a.cpu.instructions);
    const [left, right] = [a.run(budget), b.run(budget)];
    trail.push(`  ${from.toString(16)} + ${budget}: ${left.stop} at ${a.cpu.state.rip.toString(16)}`);
    const states = equal(a.state(), b.state()) && a.cpu.instructions === b.cpu.instructions;
    const ended = left.ended || right.ended;
    const pages = b.memory();
    const memory = (!ended && n % 16 !== 0) || a.memory().every((page, k) => equal(page, pages[k]!));
    if (left.stop !== right.stop || left.ended !== right.ended || !states || !memory) {
      return [
        `seed ${sequence.seed}: ${a.cpu.kind} and ${b.cpu.kind} differ`,
        `  ${left.stop}, but ${right.stop}`,
        ...describeStates(a, b),
        ...(states ? ['  other state or memory'] : []),
        'the last steps:',
        ...trail.slice(-5),
        listing(sequence),
      ].join('\n');
    }
    if (ended) return null;
    if (left.stop !== 'budget') faults++;
  }
  return null;
};

/** The program as assembly. */
export const listing = (sequence: Sequence): string => {
  const { code, end } = assemble(sequence);
  const lines: string[] = [];
  const walk = (from: number, to: number) => {
    for (let at = from; at < to; ) {
      const i = decode(code, at - CODE, 15, at);
      lines.push(`  ${at.toString(16)}  ${typeof i === 'string' ? i : disassemble(i)}`);
      at += typeof i === 'string' ? 1 : i.length;
    }
  };
  walk(CODE, end);
  walk(FUNCTIONS, FUNCTIONS + sequence.functions.reduce((sum, body) => sum + body.length + 1, 0));
  return lines.join('\n');
};

/** The same program with as few pieces and instructions as still differ. */
export const minimiseSequence = (sequence: Sequence, differs: (s: Sequence) => boolean): Sequence => {
  let best = sequence;
  const nop: Piece = { kind: 'bytes', bytes: [] };
  for (let n = 0; n < sequence.pieces.length; n++) {
    const piece = best.pieces[n]!;
    if (piece.kind === 'loop' || piece.kind === 'end') continue;
    const less = { ...best, pieces: best.pieces.map((p, k) => (k === n ? nop : p)) };
    if (differs(less)) best = less;
  }
  for (let n = 0; n < sequence.functions.length; n++) {
    const less = { ...best, functions: best.functions.map((f, k) => (k === n ? [] : f)) };
    if (differs(less)) best = less;
  }
  return best;
};
