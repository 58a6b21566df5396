/** Runs cases in an executor, through nothing but the `Cpu` interface. */
import {
  type Cpu,
  type CpuKind,
  type CpuState,
  createCpu,
  PAGE_SIZE,
  PageTable,
  PhysicalMemory,
  PTE,
  STOP,
  VECTOR,
} from '../../emulator/api.ts';
import { floatExceptionCode } from '../../kernel/entry/exception.ts';
import {
  type Case,
  type Change,
  COMPLETED,
  isFloat,
  MAP,
  type Outcome,
  pristine,
  SYSTEM_CALL,
  VISIBLE_FLAGS,
} from './case.ts';
import { comparableX87, unpackX87, X87_SIZE } from './x87.ts';

/** The executors that are tested: another one is a word here. */
export const KINDS: readonly CpuKind[] = ['reference', 'interpreter', 'jit'];
/** Those which translate each case anew: they get but some of them, unless they are asked for by name. */
export const SLOW_KINDS: ReadonlySet<CpuKind> = new Set(['jit']);

const INT3 = 0xcc;
const MEMORY = 64 << 20;

/** Something an executor did that no instruction may do, whatever the host says. */
export class ExecutorError extends Error {}

const loadX87 = (state: CpuState, image: Uint8Array): void => {
  const { fcw, fsw, ftw, fop, fip, fdp } = unpackX87(image);
  state.setX87Control(fcw, fsw);
  state.setWord('ftw', ftw);
  state.setWord('fop', fop);
  state.setQuad('fip', fip);
  state.setQuad('fdp', fdp);
  for (let n = 0; n < 8; n++) state.stBytes(n).set(image.subarray(32 + n * 16, 48 + n * 16));
};

const saveX87 = (state: CpuState): Uint8Array => {
  const image = new Uint8Array(X87_SIZE);
  const view = new DataView(image.buffer);
  view.setUint16(0, state.word('fcw'), true);
  view.setUint16(2, state.word('fsw'), true);
  view.setUint8(4, state.word('ftw'));
  view.setUint16(6, state.word('fop'), true);
  view.setBigUint64(8, state.quad('fip'), true);
  view.setBigUint64(16, state.quad('fdp'), true);
  for (let n = 0; n < 8; n++) image.set(state.stBytes(n), 32 + n * 16);
  return comparableX87(image);
};

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
    this.#cpu = createCpu(kind, { physical, timestamp: () => 0n, random64: () => 0n, jit: { threshold: 0 } });
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
      for (let n = 0; n < 64; n++) state.setVector64(n >> 2, n & 3, c.ymm[n]!);
      loadX87(state, c.x87);
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
        code: isFloat(vector) ? (floatExceptionCode(vector, state) ?? 0) : 0,
        rip: state.rip64,
        gpr: BigUint64Array.from({ length: 16 }, (_, n) => state.get(n)),
        fsBase: state.fsBase,
        gsBase: state.gsBase,
        rflags: state.rflags & VISIBLE_FLAGS,
        mxcsr: state.mxcsr,
        ymm: BigUint64Array.from({ length: 64 }, (_, n) => state.vector64(n >> 2, n & 3)),
        x87: saveX87(state),
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
