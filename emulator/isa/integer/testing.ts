/** One instruction at a time, for the tests of the integer rows. */

import { type CpuKind, STOP, type StopReason } from '../../cpu.ts';
import type { CpuState } from '../../cpu-state.ts';
import { createCpu } from '../../create.ts';
import { PAGE_SIZE } from '../../memory/layout.ts';
import { PageTable, PTE } from '../../memory/paging.ts';
import { PhysicalMemory } from '../../memory/physical.ts';
import { ARITHMETIC_FLAGS, REG, RFLAGS } from '../../state.ts';
import { ALL_FEATURES, type FeatureSet } from '../features.ts';
import { VECTOR_NAMES } from '../ops.ts';

/** Executors that have to pass. */
export const KINDS: readonly CpuKind[] = ['reference', 'interpreter', 'jit'];

/** Two pages that hold code, two of writable data, one read-only; nothing is mapped around them. */
export const MAP = { code: 0x400000, data: 0x600000, readOnly: 0x602000, end: 0x603000 } as const;
/** Where each instruction is put, and where the stack pointer starts. */
export const CODE = MAP.code + 0x100;
export const STACK = MAP.data + 0x800;

type Register = keyof typeof REG;
type Registers = Partial<Record<Register, bigint | number>>;

const FLAGS = [
  ...([
    ['C', RFLAGS.CF],
    ['P', RFLAGS.PF],
    ['A', RFLAGS.AF],
    ['Z', RFLAGS.ZF],
    ['S', RFLAGS.SF],
    ['O', RFLAGS.OF],
  ] as const),
];

/** `'CZ'` to bits. */
const parseFlags = (text: string): number =>
  FLAGS.reduce((bits, [name, bit]) => (text.includes(name) ? bits | bit : bits), 0);

export interface Result {
  /** How it ended: `''` for completion, `syscall`, or the exception: `#GP(18)`, `#PF(6) at 603000`, `#BP`. */
  readonly end: string;
  /** Arithmetic flags that are set, of `CPAZSO` in this order. */
  readonly flags: string;
  readonly rflags: number;
  readonly rip: number;
  /** Unsigned 64-bit value of a register. */
  reg(name: Register): bigint;
  /** `bits` of memory. */
  mem(address: number, bits?: 8 | 16 | 32 | 64): bigint;
}

export class Machine {
  readonly cpu;
  #physical = new PhysicalMemory(64 << 20);

  /** Sets what `run` does not, after it has reset the state. */
  keep: (state: CpuState) => void = () => {};

  /** The random numbers are 0, or those given and then 0. */
  constructor(kind: CpuKind, features: FeatureSet = ALL_FEATURES, random: bigint[] = []) {
    this.cpu = createCpu(kind, {
      physical: this.#physical,
      jit: { threshold: 0 },
      timestamp: () => 0x1122334455667788n,
      random64: () => random.shift() ?? 0n,
      segments: () => null,
      features,
    });
    const table = new PageTable(this.#physical);
    const map = (address: number, write: number, execute: boolean) =>
      table.map(address, this.#physical.alloc(), write, execute);
    for (const page of [0, PAGE_SIZE]) {
      map(MAP.code + page, PTE.write, true);
      map(MAP.data + page, PTE.write, false);
    }
    map(MAP.readOnly, 0, false);
    this.#table = table;
    this.cpu.switchAddressSpace(table.root);
  }
  #table: PageTable;

  /** Bytes of guest memory, live; they must lie in one page. */
  bytes(address: number, size: number): Uint8Array {
    const frame = this.#table.get(address) >>> 12;
    const start = frame * PAGE_SIZE + (address % PAGE_SIZE);
    return this.#physical.u8.subarray(start, start + size);
  }

  poke(address: number, bits: 8 | 16 | 32 | 64, value: bigint | number): void {
    let rest = BigInt.asUintN(bits, BigInt(value));
    for (let n = 0; n < bits / 8; n++, rest >>= 8n) this.bytes(address + n, 1)[0] = Number(rest & 0xffn);
  }

  /** Runs one instruction, given in hexadecimal bytes. `flags` are those set before; rsp is `STACK` unless given. */
  run(code: string, registers: Registers = {}, flags = '', budget = 1): Result {
    const { cpu } = this;
    const { state } = cpu;
    const bytes = code.split(' ').map((byte) => Number.parseInt(byte, 16));
    this.#physical.aboutToWrite(this.#table.get(CODE) >>> 12);
    this.bytes(CODE, bytes.length).set(bytes);
    state.reset();
    state.set(REG.rsp, BigInt(STACK));
    for (const [name, value] of Object.entries(registers)) {
      state.set(REG[name as Register], BigInt.asUintN(64, BigInt(value)));
    }
    state.rip = CODE;
    state.rflags = parseFlags(flags);
    this.keep(state);
    const stop = cpu.run(budget);
    return {
      end: this.#ending(stop),
      flags: FLAGS.map(([name, bit]) => (state.rflags & bit ? name : '')).join(''),
      rflags: state.rflags & ~ARITHMETIC_FLAGS,
      rip: state.rip,
      reg: (name) => state.get(REG[name]),
      mem: (address, bits = 64) => {
        let value = 0n;
        for (let n = bits / 8 - 1; n >= 0; n--) value = (value << 8n) | BigInt(this.bytes(address + n, 1)[0]!);
        return value;
      },
    };
  }

  #ending(stop: StopReason): string {
    if (stop === STOP.syscall) return 'syscall';
    if (stop !== STOP.exception) return '';
    const { exceptionVector, exceptionError, cr2 } = this.cpu.state;
    const name = VECTOR_NAMES[exceptionVector]!;
    if (name === '#PF') return `#PF(${exceptionError}) at ${cr2.toString(16)}`;
    return name === '#GP' || name === '#SS' ? `${name}(${exceptionError.toString(16)})` : name;
  }
}
