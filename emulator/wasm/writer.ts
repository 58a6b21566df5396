/**
 * Writes WebAssembly modules: just what the emulator generates - functions that share one imported memory and table.
 *
 * Invariant: imported functions are declared before the first function body that calls them is finished, and the index of
 * an import never changes; bodies refer to imports by that index (WebAssembly core specification, 5.4 and 5.5).
 */
import { OP, SATURATING, SIMD, type ValueType } from './opcodes.ts';

/** Bytes that grow. */
export class ByteWriter {
  bytes = new Uint8Array(256);
  length = 0;

  u8(value: number): void {
    if (this.length === this.bytes.length) this.#grow(1);
    this.bytes[this.length++] = value;
  }

  raw(source: Uint8Array): void {
    if (this.length + source.length > this.bytes.length) this.#grow(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  /** Unsigned LEB128 of a value below 2^32. */
  unsigned(value: number): void {
    let v = value >>> 0;
    while (v >= 0x80) {
      this.u8((v & 0x7f) | 0x80);
      v >>>= 7;
    }
    this.u8(v);
  }

  /** Signed LEB128 of a 32-bit value. */
  signed(value: number): void {
    let v = value | 0;
    for (;;) {
      const byte = v & 0x7f;
      v >>= 7;
      if ((v === 0 && (byte & 0x40) === 0) || (v === -1 && (byte & 0x40) !== 0)) {
        this.u8(byte);
        return;
      }
      this.u8(byte | 0x80);
    }
  }

  /** Signed LEB128 of a 64-bit value. */
  signed64(value: bigint): void {
    let v = BigInt.asIntN(64, value);
    if (v >= -0x80000000n && v <= 0x7fffffffn) {
      this.signed(Number(v));
      return;
    }
    for (;;) {
      const byte = Number(v & 0x7fn);
      v >>= 7n;
      if ((v === 0n && (byte & 0x40) === 0) || (v === -1n && (byte & 0x40) !== 0)) {
        this.u8(byte);
        return;
      }
      this.u8(byte | 0x80);
    }
  }

  name(text: string): void {
    this.unsigned(text.length);
    for (let i = 0; i < text.length; i++) this.u8(text.charCodeAt(i));
  }

  /** The bytes written so far. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  #grow(need: number): void {
    const larger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + need));
    larger.set(this.bytes);
    this.bytes = larger;
  }
}

export interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** One function body in the making. Parameters are locals 0, 1, ... */
export class FunctionWriter {
  readonly code = new ByteWriter();
  readonly signature: Signature;
  readonly module: ModuleWriter;
  /** How many of `block`, `loop` and `if` are open. The number right after opening one is its label for `brTo`. */
  open = 0;
  #locals: ValueType[] = [];
  /** Where the code ends with `local.set n`, and n: a `local.get n` right after makes it a `local.tee`. */
  #setEnd = -1;
  #setLocal = -1;
  /** Where in the code branches stand that are hardly ever taken. */
  #unlikely: number[] = [];

  constructor(module: ModuleWriter, signature: Signature) {
    this.module = module;
    this.signature = signature;
  }

  /** A new local variable. */
  local(type: ValueType): number {
    this.#locals.push(type);
    return this.signature.params.length + this.#locals.length - 1;
  }

  op(opcode: number): void {
    this.code.u8(opcode);
  }

  /** An opcode of the 0xFD (SIMD) space. */
  simd(opcode: number): void {
    this.code.u8(0xfd);
    this.code.unsigned(opcode);
  }

  i32(value: number): void {
    this.code.u8(OP.i32Const);
    this.code.signed(value);
  }

  i64(value: bigint): void {
    this.code.u8(OP.i64Const);
    this.code.signed64(value);
  }

  get(local: number): void {
    const { code } = this;
    if (this.#setEnd === code.length && this.#setLocal === local) {
      code.bytes[code.length - lebLength(local) - 1] = OP.localTee;
      this.#setEnd = -1;
      return;
    }
    code.u8(OP.localGet);
    code.unsigned(local);
  }

  set(local: number): void {
    this.code.u8(OP.localSet);
    this.code.unsigned(local);
    this.#setEnd = this.code.length;
    this.#setLocal = local;
  }

  tee(local: number): void {
    this.code.u8(OP.localTee);
    this.code.unsigned(local);
  }

  /** A load or store: the address is on the stack, `offset` is added to it. Alignment is given as unknown. */
  memory(opcode: number, offset = 0): void {
    this.code.u8(opcode);
    this.code.u8(0);
    this.code.unsigned(offset);
  }

  simdMemory(opcode: number, offset = 0): void {
    this.simd(opcode);
    this.code.u8(0);
    this.code.unsigned(offset);
  }

  /** v128.const of zeros. */
  zeroVector(): void {
    this.simd(SIMD.v128Const);
    for (let n = 0; n < 16; n++) this.code.u8(0);
  }

  /** i64.trunc_sat_f64_u. */
  truncateF64(): void {
    this.code.u8(0xfc);
    this.code.u8(SATURATING.i64TruncSatF64U);
  }

  /** memory.copy within the one memory: destination, source and length are on the stack. */
  copyMemory(): void {
    this.code.u8(0xfc);
    for (const byte of [10, 0, 0]) this.code.u8(byte);
  }

  /** memory.fill: address, value of the bytes and length are on the stack. */
  fillMemory(): void {
    this.code.u8(0xfc);
    for (const byte of [11, 0]) this.code.u8(byte);
  }

  /** Opens `if`, with a result type or none. The condition is on the stack. */
  if(result: ValueType | null = null): void {
    this.code.u8(OP.if);
    this.code.u8(result ?? OP.void);
    this.open++;
  }

  else(): void {
    this.code.u8(OP.else);
    this.#setEnd = -1;
  }

  block(): void {
    this.code.u8(OP.block);
    this.code.u8(OP.void);
    this.open++;
  }

  loop(): void {
    this.code.u8(OP.loop);
    this.code.u8(OP.void);
    this.open++;
  }

  end(): void {
    this.code.u8(OP.end);
    this.#setEnd = -1;
    this.open--;
  }

  br(depth: number): void {
    this.code.u8(OP.br);
    this.code.unsigned(depth);
  }

  brIf(depth: number): void {
    this.code.u8(OP.brIf);
    this.code.unsigned(depth);
  }

  /** As `br` and `brIf`, to the construct with this label. */
  brTo(label: number): void {
    this.br(this.open - label);
  }

  brIfTo(label: number): void {
    this.brIf(this.open - label);
  }

  /** Says of the `br_if` or `if` that comes next that its condition hardly ever holds. */
  unlikely(): void {
    this.#unlikely.push(this.code.length);
  }

  /** Puts code before all that was written so far. */
  prepend(code: Uint8Array): void {
    const rest = this.code.view().slice();
    this.#unlikely = this.#unlikely.map((at) => at + code.length);
    this.code.length = 0;
    this.#setEnd = -1;
    this.code.raw(code);
    this.code.raw(rest);
  }

  /** Calls an imported function by name. */
  callImport(name: string, signature: Signature): void {
    this.code.u8(OP.call);
    this.code.unsigned(this.module.import(name, signature));
  }

  /** Calls a function of this module, by its number among them. All imports must be declared. */
  callLocal(index: number): void {
    this.code.u8(OP.call);
    this.code.unsigned(this.module.localIndex(index));
  }

  returnCallLocal(index: number): void {
    this.code.u8(OP.returnCall);
    this.code.unsigned(this.module.localIndex(index));
  }

  returnCallImport(name: string, signature: Signature): void {
    this.code.u8(OP.returnCall);
    this.code.unsigned(this.module.import(name, signature));
  }

  /** Arguments, then the table index, are on the stack. */
  returnCallIndirect(signature: Signature): void {
    this.module.useTable();
    this.code.u8(OP.returnCallIndirect);
    this.code.unsigned(this.module.type(signature));
    this.code.u8(0);
  }

  callIndirect(signature: Signature): void {
    this.module.useTable();
    this.code.u8(OP.callIndirect);
    this.code.unsigned(this.module.type(signature));
    this.code.u8(0);
  }

  /** The body as the code section wants it: locals, instructions, end; and the places in it of branches not taken. */
  body(): { bytes: Uint8Array; unlikely: number[] } {
    const w = new ByteWriter();
    const runs: { count: number; type: ValueType }[] = [];
    for (const type of this.#locals) {
      const last = runs[runs.length - 1];
      if (last !== undefined && last.type === type) last.count++;
      else runs.push({ count: 1, type });
    }
    w.unsigned(runs.length);
    for (const { count, type } of runs) {
      w.unsigned(count);
      w.u8(type);
    }
    const unlikely = this.#unlikely.map((at) => at + w.length);
    w.raw(this.code.view());
    w.u8(OP.end);
    return { bytes: w.view(), unlikely };
  }
}

const lebLength = (value: number) => (value < 0x80 ? 1 : value < 0x4000 ? 2 : 3);

export class ModuleWriter {
  #types: Signature[] = [];
  #typeKeys = new Map<string, number>();
  #imports: { name: string; type: number }[] = [];
  #importIndex = new Map<string, number>();
  #functions: FunctionWriter[] = [];
  #exports: { name: string; index: number }[] = [];
  #tableBase = -1;
  #usesTable = false;

  /** Number of a signature in the type section. */
  type(signature: Signature): number {
    const key = `${signature.params.join()}:${signature.results.join()}`;
    let index = this.#typeKeys.get(key);
    if (index === undefined) {
      index = this.#types.length;
      this.#types.push(signature);
      this.#typeKeys.set(key, index);
    }
    return index;
  }

  /** Function index of `env.name`. */
  import(name: string, signature: Signature): number {
    let index = this.#importIndex.get(name);
    if (index === undefined) {
      index = this.#imports.length;
      this.#imports.push({ name, type: this.type(signature) });
      this.#importIndex.set(name, index);
    }
    return index;
  }

  /** Names of the functions that `env` must provide. */
  importNames(): readonly string[] {
    return this.#imports.map((i) => i.name);
  }

  function(signature: Signature, exportName?: string): FunctionWriter {
    const f = new FunctionWriter(this, signature);
    this.add(f, exportName);
    return f;
  }

  /** Adds a function made elsewhere. */
  add(f: FunctionWriter, exportName?: string): void {
    if (exportName !== undefined) this.#exports.push({ name: exportName, index: this.#functions.length });
    this.#functions.push(f);
  }

  localIndex(index: number): number {
    return this.#imports.length + index;
  }

  /** Puts all functions of the module, in order, into the imported table from `base` on. */
  placeInTable(base: number): void {
    this.#tableBase = base;
    this.useTable();
  }

  /**
   * The module imports the table. Others do without: V8 keeps a copy of the table for each instance that imports one, and
   * never lets go of the instance.
   */
  useTable(): void {
    this.#usesTable = true;
  }

  finish(): Uint8Array {
    for (const f of this.#functions) this.type(f.signature);
    const w = new ByteWriter();
    w.raw(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    section(w, 1, (s) => {
      s.unsigned(this.#types.length);
      for (const { params, results } of this.#types) {
        s.u8(0x60);
        s.unsigned(params.length);
        for (const t of params) s.u8(t);
        s.unsigned(results.length);
        for (const t of results) s.u8(t);
      }
    });
    section(w, 2, (s) => {
      s.unsigned(this.#imports.length + (this.#usesTable ? 2 : 1));
      for (const { name, type } of this.#imports) {
        s.name('env');
        s.name(name);
        s.u8(0);
        s.unsigned(type);
      }
      s.name('env');
      s.name('memory');
      s.raw(Uint8Array.of(2, 0));
      s.unsigned(1);
      if (!this.#usesTable) return;
      s.name('env');
      s.name('table');
      s.raw(Uint8Array.of(1, 0x70, 0));
      s.unsigned(0);
    });
    section(w, 3, (s) => {
      s.unsigned(this.#functions.length);
      for (const f of this.#functions) s.unsigned(this.type(f.signature));
    });
    if (this.#exports.length > 0) {
      section(w, 7, (s) => {
        s.unsigned(this.#exports.length);
        for (const { name, index } of this.#exports) {
          s.name(name);
          s.u8(0);
          s.unsigned(this.localIndex(index));
        }
      });
    }
    if (this.#tableBase >= 0) {
      section(w, 9, (s) => {
        s.unsigned(1);
        s.unsigned(0);
        s.u8(OP.i32Const);
        s.signed(this.#tableBase);
        s.u8(OP.end);
        s.unsigned(this.#functions.length);
        for (let i = 0; i < this.#functions.length; i++) s.unsigned(this.localIndex(i));
      });
    }
    const bodies = this.#functions.map((f) => f.body());
    if (bodies.some(({ unlikely }) => unlikely.length > 0)) {
      // The proposal "branch hinting": engines that do not know it skip the section.
      section(w, 0, (s) => {
        s.name('metadata.code.branch_hint');
        s.unsigned(bodies.length);
        for (const [n, { unlikely }] of bodies.entries()) {
          s.unsigned(this.localIndex(n));
          s.unsigned(unlikely.length);
          for (const at of unlikely) {
            s.unsigned(at);
            s.raw(Uint8Array.of(1, 0));
          }
        }
      });
    }
    section(w, 10, (s) => {
      s.unsigned(bodies.length);
      for (const { bytes } of bodies) {
        s.unsigned(bytes.length);
        s.raw(bytes);
      }
    });
    return w.view();
  }
}

/** Holds one section at a time. */
const scratch = new ByteWriter();

const section = (w: ByteWriter, id: number, write: (s: ByteWriter) => void): void => {
  const s = scratch;
  s.length = 0;
  write(s);
  w.u8(id);
  w.unsigned(s.length);
  w.raw(s.view());
};
