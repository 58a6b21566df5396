/** Runs cases in an executor, through nothing but the `Cpu` interface. */
import {
  type Cpu,
  type CpuKind,
  createCpu,
  PAGE_SIZE,
  PageTable,
  PhysicalMemory,
  PTE,
  STOP,
  VECTOR,
} from '../../emulator/api.ts';
import { type Case, type Change, COMPLETED, MAP, type Outcome, pristine, SYSTEM_CALL, VISIBLE_FLAGS } from './case.ts';

const INT3 = 0xcc;
const MEMORY = 64 << 20;

/** Something an executor did that no instruction may do, whatever the host says. */
export class ExecutorError extends Error {}

export class Executor {
  readonly kind: CpuKind;
  #cpu: Cpu;
  #physical: PhysicalMemory;
  /** Frames of the code and data pages in order. */
  #code: number[];
  #data: number[];

  constructor(kind: CpuKind) {
    this.kind = kind;
    const physical = (this.#physical = new PhysicalMemory(MEMORY));
    // The host's clock and random numbers are no part of any case.
    this.#cpu = createCpu(kind, { physical, timestamp: () => 0n, random64: () => 0n });
    const table = new PageTable(physical);
    const frames = (size: number) => Array.from({ length: size / PAGE_SIZE }, () => physical.alloc());
    this.#code = frames(MAP.codeSize);
    this.#data = frames(MAP.dataSize);
    for (const [i, frame] of this.#code.entries()) {
      table.map(MAP.code + i * PAGE_SIZE, frame, 0, true);
      physical.u8.fill(INT3, frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE);
    }
    for (const [i, frame] of this.#data.entries()) {
      const writable = i * PAGE_SIZE < MAP.writableSize ? PTE.write : 0;
      for (const view of [MAP.data, MAP.high]) table.map(view + i * PAGE_SIZE, frame, writable, false);
      physical.u8.set(pristine.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE), frame * PAGE_SIZE);
    }
    this.#cpu.switchAddressSpace(table.root);
  }

  /** Throws `ExecutorError`, or whatever the executor throws. */
  run(c: Case): Outcome {
    const cpu = this.#cpu;
    const state = cpu.state;
    this.#write(this.#code, c.codeOffset, c.bytes);
    for (const { offset, bytes } of c.patches) this.#write(this.#data, offset, bytes);
    try {
      state.reset();
      for (let n = 0; n < 16; n++) state.set(n, c.gpr[n]!);
      for (let n = 0; n < 32; n++) state.setVector64(n >> 1, n & 1, c.xmm[n]!);
      state.rip = MAP.code + c.codeOffset;
      state.rflags = c.rflags;
      state.mxcsr = c.mxcsr;
      state.fsBase = BigInt(MAP.fsBase);
      state.gsBase = BigInt(MAP.gsBase);
      state.cr2 = 0;
      const counted = cpu.instructions;
      const stop = cpu.run(1);
      const vector = stop === STOP.exception ? state.exceptionVector : stop === STOP.syscall ? SYSTEM_CALL : COMPLETED;
      if (stop === STOP.breakpoint) throw new ExecutorError('stopped at a breakpoint that nobody set');
      // A faulting instruction leaves rip where it was.
      const faulted = vector >= 0 && vector !== VECTOR.BP && vector !== VECTOR.DB && vector !== VECTOR.OF;
      if (faulted && state.rip64 !== BigInt(MAP.code + c.codeOffset)) throw new ExecutorError('rip moved in a fault');
      const count = cpu.instructions - counted;
      if (count !== (faulted ? 0 : 1)) throw new ExecutorError(`counted ${count} instructions`);
      return {
        vector,
        error: vector >= 0 ? state.exceptionError : 0,
        cr2: vector === VECTOR.PF ? state.cr2Wide : 0n,
        rip: state.rip64,
        gpr: Array.from({ length: 16 }, (_, n) => state.get(n)),
        rflags: state.rflags & VISIBLE_FLAGS,
        mxcsr: state.mxcsr,
        xmm: Array.from({ length: 32 }, (_, n) => state.vector64(n >> 1, n & 1)),
        changes: this.#changes(c),
      };
    } finally {
      this.#write(this.#code, c.codeOffset, new Uint8Array(c.bytes.length).fill(INT3));
      for (const [i, frame] of this.#data.entries()) {
        this.#physical.aboutToWrite(frame);
        this.#physical.u8.set(pristine.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE), frame * PAGE_SIZE);
      }
    }
  }

  /** Bytes past the last frame do not exist. */
  #write(frames: readonly number[], offset: number, bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; ) {
      const at = offset + i;
      const frame = frames[Math.floor(at / PAGE_SIZE)];
      if (frame === undefined) return;
      const count = Math.min(bytes.length - i, PAGE_SIZE - (at % PAGE_SIZE));
      this.#physical.aboutToWrite(frame);
      this.#physical.u8.set(bytes.subarray(i, i + count), frame * PAGE_SIZE + (at % PAGE_SIZE));
      i += count;
    }
  }

  #changes(c: Case): Change[] {
    const expected = new Uint8Array(pristine);
    for (const { offset, bytes } of c.patches) expected.set(bytes, offset);
    const was = new BigUint64Array(expected.buffer);
    const changes: Change[] = [];
    for (const [i, frame] of this.#data.entries()) {
      const now = this.#physical.u8.subarray(frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE);
      if (Buffer.compare(now, expected.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE)) === 0) continue;
      const words = PAGE_SIZE / 8;
      for (let w = 0; w < words; w++) {
        const value = this.#physical.u64[frame * words + w]!;
        if (value !== was[i * words + w]) changes.push({ offset: i * PAGE_SIZE + w * 8, value });
      }
    }
    return changes;
  }
}
