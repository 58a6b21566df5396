/**
 * The functions of forms: generated when the first instruction of a form is decoded, compiled in one module per block
 * that needs new ones, and kept in one table.
 */
import { formKey } from '../decode/form.ts';
import type { Instruction } from '../isa/instruction.ts';
import type { GuestMemory } from '../memory/access.ts';
import { ModuleWriter } from '../wasm/writer.ts';
import { FIRST_FREE_HANDLER } from './contract.ts';
import { emitForm } from './emit.ts';
import { fusedRuntime } from './float-fused.ts';
import { floatRuntime } from './float-runtime.ts';
import { importedFunction } from './imports.ts';
import type { PreparedForms } from './prepared.ts';
import { buildFixedHandlers, buildRuntime } from './runtime.ts';

/** Growing a table costs time for every module that uses it, so it is done seldom. */
const TABLE_CHUNK = 2048;

export class Forms {
  /** Runs records from a first one: (record, budget) -> exit code. */
  readonly enter: (record: number, remaining: number) => number;
  #handlers = new Map<number, number>();
  #table = new WebAssembly.Table({ element: 'anyfunc', initial: TABLE_CHUNK });
  #next = FIRST_FREE_HANDLER;
  #env: Record<string, unknown>;
  #memory: GuestMemory;

  /**
   * `codeWrite` is called before the guest writes to a frame that holds decoded code. `prepared` are forms which need not
   * be generated.
   */
  constructor(memory: GuestMemory, codeWrite: (frame: number) => void, prepared?: PreparedForms) {
    this.#memory = memory;
    this.#env = { memory: memory.physical.memory, table: this.#table, codeWrite };
    const runtime = this.#instantiate(buildRuntime());
    Object.assign(this.#env, runtime);
    this.enter = runtime.enter as (record: number, remaining: number) => number;
    this.#instantiate(buildFixedHandlers());
    if (prepared !== undefined) this.#adopt(prepared);
  }

  #adopt({ keys, imports, bytes }: PreparedForms): void {
    for (const [n, key] of keys.entries()) this.#handlers.set(key, FIRST_FREE_HANDLER + n);
    this.#reserve(FIRST_FREE_HANDLER + keys.length);
    for (const name of imports) this.#env[name] ??= importedFunction(name, this.#memory);
    this.#instantiate(bytes);
  }

  /** Makes room for functions below `next`. */
  #reserve(next: number): void {
    const missing = next - this.#table.length;
    if (missing > 0) this.#table.grow(Math.max(TABLE_CHUNK, missing));
    this.#next = next;
  }

  /**
   * Table indices of the instructions' functions; generates those that are missing. A module costs far more than a function
   * in it, so when one must be made, the forms of the code that `ahead` yields go into it too.
   */
  handlersOf(instructions: readonly Instruction[], ahead: () => Iterable<Instruction>): number[] {
    const missing: Instruction[] = [];
    const base = this.#next;
    const indexOf = (i: Instruction): number => {
      const key = formKey(i);
      let index = this.#handlers.get(key);
      if (index === undefined) {
        index = base + missing.length;
        this.#handlers.set(key, index);
        missing.push(i);
      }
      return index;
    };
    const indices = instructions.map(indexOf);
    if (missing.length > 0) {
      for (const i of ahead()) indexOf(i);
      this.#compile(missing, base);
    }
    return indices;
  }

  /** How many forms have been generated. */
  get size(): number {
    return this.#handlers.size;
  }

  /** Room for one more function in the table: its index. */
  reserveSlot(): number {
    const slot = this.#next;
    this.#reserve(slot + 1);
    return slot;
  }

  /** The function in a slot; null frees what was there. */
  setSlot(slot: number, handler: unknown): void {
    this.#table.set(slot, handler);
  }

  /** Compiles and links a module. It imports memory and, of functions, `functions`; without them what other modules import. */
  link(bytes: Uint8Array, functions?: Readonly<Record<string, unknown>>): Record<string, unknown> {
    const env = functions === undefined ? this.#env : { memory: this.#env.memory, ...functions };
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env }).exports;
  }

  #compile(instructions: readonly Instruction[], base: number): void {
    const m = new ModuleWriter();
    for (const i of instructions) emitForm(m, i);
    m.placeInTable(base);
    this.#reserve(base + instructions.length);
    this.#instantiate(this.#withImports(m));
  }

  /** The module's bytes, after everything it imports is there. */
  #withImports(m: ModuleWriter): Uint8Array {
    for (const name of m.importNames()) {
      if (name in this.#env) continue;
      // The float runtimes are made when a first form wants them: most of a program's start does without.
      const runtime = name.startsWith('float:fused:') ? fusedRuntime : name.startsWith('float:') ? floatRuntime : null;
      if (runtime !== null) Object.assign(this.#env, this.#instantiate(this.#withImports(runtime())));
      else this.#env[name] = importedFunction(name, this.#memory);
    }
    return m.finish();
  }

  #instantiate(bytes: Uint8Array): Record<string, unknown> {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: this.#env }).exports;
  }
}
