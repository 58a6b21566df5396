/** Single x87 instructions with all the state they see, in the executors. */
import type { Cpu, CpuKind } from '../../cpu.ts';
import { STOP } from '../../cpu.ts';
import { createCpu } from '../../create.ts';
import { PAGE_SIZE } from '../../memory/layout.ts';
import { PageTable, PTE } from '../../memory/paging.ts';
import { PhysicalMemory } from '../../memory/physical.ts';
import { REG, X87_STATUS } from '../../state.ts';
import { VECTOR } from '../ops.ts';

/** As in native.c. */
export const CODE = 0x60000000;
export const BORDER = 0x61001000;
const HALF = 128;
/** Where the memory of a question begins, and how much there is; from `BORDER` on it cannot be written. */
export const MEMORY = BORDER - HALF;
export const MEMORY_SIZE = 2 * HALF;

export interface X87State {
  readonly fcw: number;
  readonly fsw: number;
  /** Abridged. */
  readonly ftw: number;
  readonly fop: number;
  readonly fip: bigint;
  readonly fdp: bigint;
  /** ST(0) to ST(7). */
  readonly st: readonly bigint[];
}

export interface Question {
  readonly code: Uint8Array;
  readonly x87: X87State;
  readonly memory: Uint8Array;
  readonly rax: bigint;
  readonly rdi: bigint;
  readonly rflags: number;
  readonly gsBase: bigint;
}

/** Everything as text or numbers, so that answers compare. */
export interface Answer {
  /** Exception vector, -1 for none. */
  readonly vector: number;
  /** Error code, and for #PF the address. */
  readonly error: number;
  readonly cr2: bigint;
  readonly rax: bigint;
  readonly rflags: number;
  readonly x87: X87State;
  /** Hexadecimal. */
  readonly memory: string;
}

/** Arithmetic flags and DF. */
export const VISIBLE_FLAGS = 0xcd5;

/** Whether the host's kernel did not lose the pointers in a signal frame, where they are with a pending exception only. */
export const pointersKept = (vector: number, fsw: number): boolean => vector < 0 || (fsw & X87_STATUS.ES) !== 0;

/** An executor with the pages of native.c. */
export class Machine {
  readonly cpu: Cpu;
  #physical = new PhysicalMemory(16 << 20);
  #code: number;
  #data: readonly [number, number];

  constructor(kind: CpuKind) {
    this.cpu = createCpu(kind, { physical: this.#physical, timestamp: () => 0n, random64: () => 0n });
    const table = new PageTable(this.#physical);
    this.#code = this.#physical.alloc();
    this.#data = [this.#physical.alloc(), this.#physical.alloc()];
    table.map(CODE, this.#code, PTE.write, true);
    table.map(BORDER - PAGE_SIZE, this.#data[0], PTE.write, false);
    table.map(BORDER, this.#data[1], 0, false);
    this.cpu.switchAddressSpace(table.root);
  }

  ask(q: Question): Answer {
    const { cpu } = this;
    const { state } = cpu;
    const { u8 } = this.#physical;
    this.#physical.aboutToWrite(this.#code);
    u8.set(q.code, this.#code * PAGE_SIZE);
    u8.set(q.memory.subarray(0, HALF), (this.#data[0] + 1) * PAGE_SIZE - HALF);
    u8.set(q.memory.subarray(HALF), this.#data[1] * PAGE_SIZE);
    state.reset();
    state.set(REG.rax, q.rax);
    state.set(REG.rdi, q.rdi);
    state.rflags = q.rflags;
    state.gsBase = q.gsBase;
    state.rip = CODE;
    state.cr2 = 0;
    const { x87 } = q;
    state.setX87Control(x87.fcw, x87.fsw);
    state.setWord('ftw', x87.ftw);
    state.setWord('fop', x87.fop);
    state.setQuad('fip', x87.fip);
    state.setQuad('fdp', x87.fdp);
    for (const [n, bits] of x87.st.entries()) {
      const view = new DataView(state.stBytes(n).buffer, state.stBytes(n).byteOffset);
      view.setBigUint64(0, BigInt.asUintN(64, bits), true);
      view.setBigUint64(8, bits >> 64n, true);
    }
    const vector = cpu.run(1) === STOP.exception ? state.exceptionVector : -1;
    const kept = pointersKept(vector, state.word('fsw'));
    const hex = (frame: number, from: number): string =>
      Array.from(u8.subarray(frame * PAGE_SIZE + from, frame * PAGE_SIZE + from + HALF), (byte) =>
        byte.toString(16).padStart(2, '0'),
      ).join('');
    return {
      vector,
      error: vector >= 0 ? state.exceptionError : 0,
      cr2: vector === VECTOR.PF ? state.cr2Wide : 0n,
      rax: state.get(REG.rax),
      rflags: state.rflags & VISIBLE_FLAGS,
      x87: {
        fcw: state.word('fcw'),
        fsw: state.word('fsw'),
        ftw: state.word('ftw'),
        fop: kept ? state.word('fop') : 0,
        fip: kept ? BigInt.asUintN(32, state.quad('fip')) : 0n,
        fdp: kept ? BigInt.asUintN(32, state.quad('fdp')) : 0n,
        st: Array.from({ length: 8 }, (_, n) => {
          const bytes = state.stBytes(n);
          const view = new DataView(bytes.buffer, bytes.byteOffset);
          return (BigInt(view.getUint16(8, true)) << 64n) | view.getBigUint64(0, true);
        }),
      },
      memory: hex(this.#data[0], PAGE_SIZE - HALF) + hex(this.#data[1], 0),
    };
  }
}
