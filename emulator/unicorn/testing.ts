/** The part of unicorn.js that the adapter uses, played by the reference executor in a memory of its own. */
import type { Cpu } from '../cpu.ts';
import { STOP } from '../cpu.ts';
import { VECTOR } from '../isa/ops.ts';
import { PAGE_SIZE } from '../memory/layout.ts';
import { ACCESS, PageTable, PF_ERROR, PTE } from '../memory/paging.ts';
import { PhysicalMemory } from '../memory/physical.ts';
import { ReferenceCpu } from '../reference/cpu.ts';
import { REG_NAMES } from '../state.ts';
import type { HookCallback, UnicornEngine, UnicornModule } from './api.ts';

const NAMES = [
  ...['ARCH_X86', 'MODE_64', 'HOOK_INTR'],
  ...['READ', 'WRITE', 'FETCH'].flatMap((name) => [`HOOK_MEM_${name}_UNMAPPED`, `HOOK_MEM_${name}_PROT`]),
  ...REG_NAMES.map((name) => `X86_REG_${name.toUpperCase()}`),
  ...Array.from({ length: 16 }, (_, n) => `X86_REG_XMM${n}`),
  ...['RIP', 'EFLAGS', 'MXCSR', 'FPCW', 'FS_BASE', 'GS_BASE'].map((name) => `X86_REG_${name}`),
];
const PROT = { PROT_READ: 1, PROT_WRITE: 2, PROT_EXEC: 4, PROT_ALL: 7 } as const;
const CONSTANTS = { ...Object.fromEntries(NAMES.map((name, n) => [name, n + 100])), ...PROT } as Record<string, number>;
const nameOf = (value: number) => NAMES[value - 100]!;

/** What a fake machine was asked for, for tests to look at. */
export interface Asked {
  /** Steps, maps and unmaps of pages so far, and how many pages there were at most. */
  steps: number;
  maps: number;
  unmaps: number;
  mostPages: number;
}

class FakeEngine implements UnicornEngine {
  readonly #physical = new PhysicalMemory(16 << 20);
  readonly #cpu: Cpu;
  readonly #table: PageTable;
  /** Frames by page address. */
  readonly #frames = new Map<number, number>();
  readonly #hooks = new Map<string, HookCallback>();
  readonly #asked: Asked;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#cpu = new ReferenceCpu({ physical: this.#physical, timestamp: () => 0n, random64: () => 0n });
    this.#table = new PageTable(this.#physical);
    this.#cpu.switchAddressSpace(this.#table.root);
  }

  #pages(address: number | bigint, size: number): number[] {
    const start = Number(address);
    if (start % PAGE_SIZE !== 0 || size % PAGE_SIZE !== 0 || size === 0) throw 'UC_ERR_ARG';
    return Array.from({ length: size / PAGE_SIZE }, (_, n) => start + n * PAGE_SIZE);
  }

  mem_map(address: number | bigint, size: number, permissions: number): void {
    for (const page of this.#pages(address, size)) {
      if (this.#frames.has(page)) throw 'UC_ERR_MAP';
      const frame = this.#physical.alloc();
      this.#frames.set(page, frame);
      this.#table.map(page, frame, permissions & PROT.PROT_WRITE ? PTE.write : 0, true);
      this.#asked.maps++;
    }
    this.#asked.mostPages = Math.max(this.#asked.mostPages, this.#frames.size);
  }

  mem_protect(address: number | bigint, size: number, permissions: number): void {
    for (const page of this.#pages(address, size)) {
      if (!this.#frames.has(page)) throw 'UC_ERR_NOMEM';
      this.#table.protect(page, permissions & PROT.PROT_WRITE ? PTE.write : 0, true);
      this.#cpu.invalidatePage(page);
    }
  }

  mem_unmap(address: number | bigint, size: number): void {
    for (const page of this.#pages(address, size)) {
      const frame = this.#frames.get(page);
      if (frame === undefined) throw 'UC_ERR_NOMEM';
      this.#table.unmap(page);
      this.#cpu.invalidatePage(page);
      this.#physical.unref(frame);
      this.#frames.delete(page);
      this.#asked.unmaps++;
    }
  }

  mem_write(address: number | bigint, bytes: Uint8Array): void {
    for (const [n, page] of this.#pages(address, bytes.length).entries()) {
      const frame = this.#frames.get(page);
      if (frame === undefined) throw 'UC_ERR_WRITE_UNMAPPED';
      this.#physical.aboutToWrite(frame);
      this.#physical.u8.set(bytes.subarray(n * PAGE_SIZE, (n + 1) * PAGE_SIZE), frame * PAGE_SIZE);
    }
  }

  mem_read(address: number | bigint, size: number): Uint8Array {
    const bytes = new Uint8Array(size);
    for (const [n, page] of this.#pages(address, size).entries()) {
      const frame = this.#frames.get(page);
      if (frame === undefined) throw 'UC_ERR_READ_UNMAPPED';
      bytes.set(this.#physical.u8.subarray(frame * PAGE_SIZE, (frame + 1) * PAGE_SIZE), n * PAGE_SIZE);
    }
    return bytes;
  }

  reg_read_i64(register: number): bigint {
    const { state } = this.#cpu;
    const name = nameOf(register).slice('X86_REG_'.length).toLowerCase();
    const known: Readonly<Record<string, () => bigint>> = {
      rip: () => state.rip64,
      eflags: () => BigInt(state.rflags),
      mxcsr: () => BigInt(state.mxcsr),
      fs_base: () => state.fsBase,
      gs_base: () => state.gsBase,
    };
    const general = (REG_NAMES as readonly string[]).indexOf(name);
    return BigInt.asIntN(64, general >= 0 ? state.get(general) : known[name]!());
  }

  reg_write_i64(register: number, signed: bigint): void {
    const { state } = this.#cpu;
    const name = nameOf(register).slice('X86_REG_'.length).toLowerCase();
    const value = BigInt.asUintN(64, signed);
    const general = (REG_NAMES as readonly string[]).indexOf(name);
    if (general >= 0) state.set(general, value);
    else if (name === 'rip') state.rip64 = value;
    else if (name === 'eflags') state.rflags = Number(value);
    else if (name === 'mxcsr') state.mxcsr = Number(value);
    else if (name === 'fs_base') state.fsBase = value;
    else if (name === 'gs_base') state.gsBase = value;
    else if (name !== 'fpcw') throw `UC_ERR_ARG: ${name}`;
  }

  reg_read(register: number, size: number): Uint8Array {
    return this.#cpu.state.vectorBytes(this.#xmm(register)).slice(0, size);
  }

  reg_write(register: number, bytes: Uint8Array): void {
    this.#cpu.state.vectorBytes(this.#xmm(register)).set(bytes);
  }

  #xmm(register: number): number {
    return Number(/^X86_REG_XMM(\d+)$/.exec(nameOf(register))![1]);
  }

  hook_add(type: number, callback: HookCallback): void {
    this.#hooks.set(nameOf(type), callback);
  }

  emu_start(begin: number | bigint, _until: number | bigint, _timeout: 0, count: number): void {
    const { state } = this.#cpu;
    if (count !== 1) throw 'the fake makes single steps';
    state.rip64 = BigInt(begin);
    this.#asked.steps++;
    for (;;) {
      const stop = this.#cpu.run(1);
      if (stop === STOP.budget) return;
      if (stop !== STOP.exception) throw 'the fake makes no system calls';
      if (state.exceptionVector !== VECTOR.PF) {
        this.#hooks.get('HOOK_INTR')!(this, state.exceptionVector, {});
        return;
      }
      const error = state.exceptionError;
      const access = error & ACCESS.fetch ? 'FETCH' : error & ACCESS.write ? 'WRITE' : 'READ';
      const why = error & PF_ERROR.protection ? 'PROT' : 'UNMAPPED';
      const handled = this.#hooks.get(`HOOK_MEM_${access}_${why}`)!(this, 0, state.cr2, 1, 0n, {});
      if (handled !== true) throw `UC_ERR_${access}_${why}`;
    }
  }

  emu_stop(): void {}
  ctl_tlb_mode(): void {}
  ctl_remove_cache(): void {}
}

/** The module, and what its machines are asked for. */
export const fakeUnicorn = (): { readonly module: UnicornModule; readonly asked: Asked } => {
  const asked: Asked = { steps: 0, maps: 0, unmaps: 0, mostPages: 0 };
  class Unicorn extends FakeEngine {
    constructor() {
      super(asked);
    }
  }
  return { module: { ...CONSTANTS, Unicorn }, asked };
};
