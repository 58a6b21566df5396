/** WebAssembly code as text, to read: one instruction a line, indented by nesting (core specification, 6.5, without names). */
import { OP, SATURATING, SIMD, TYPE } from './opcodes.ts';
import type { FunctionWriter } from './writer.ts';

/** `i32Load8u` as `i32.load8_u`, `i64x2ExtractLane` as `i64x2.extract_lane`, `brIf` as `br_if`. */
const spell = (name: string): string => {
  const typed = /^(i32|i64|f32|f64|v128|i8x16|i16x8|i32x4|i64x2|f32x4|f64x2|local|call|return)([A-Z].*)$/.exec(name);
  const words = (text: string): string =>
    text
      .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
      .replace(/(load|store|extend)(\d+)([su]?)$/i, (_all, what, bits, sign) => what + bits + (sign ? `_${sign}` : ''))
      .toLowerCase();
  if (typed === null || typed[1] === 'call' || typed[1] === 'return') return words(name);
  return `${typed[1]}.${words(typed[2]!)}`;
};

const namesOf = (table: Readonly<Record<string, number>>): Map<number, string> =>
  new Map(Object.entries(table).map(([name, code]) => [code, spell(name)]));

const plain = namesOf(OP);
const saturating = namesOf(SATURATING);
const simd = namesOf(SIMD);
/** Vector instructions with an address. */
const ACCESSES = new Set<number>([SIMD.v128Load, SIMD.v128Store, SIMD.v128Load32Zero, SIMD.v128Load64Zero]);
const types = new Map<number, string>(Object.entries(TYPE).map(([name, code]) => [code, name]));

/** Reads code that this module's writer made. */
class Reader {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.at >= this.#bytes.length;
  }

  u8(): number {
    return this.#bytes[this.at++]!;
  }

  unsigned(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.u8();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  signed(): bigint {
    let value = 0n;
    for (let shift = 0n; ; ) {
      const byte = this.u8();
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) return BigInt.asIntN(Number(shift), value);
    }
  }

  /** `count` bytes in hexadecimal, the last first. */
  hex(count: number): string {
    const bytes = Array.from({ length: count }, () => this.u8().toString(16).padStart(2, '0'));
    return `0x${bytes.reverse().join('')}`;
  }
}

const memoryArgument = (r: Reader): string => {
  r.unsigned(); // alignment, which the writer never gives
  const offset = r.unsigned();
  return offset === 0 ? '' : ` offset=0x${offset.toString(16)}`;
};

const simdArguments = (r: Reader, code: number): string => {
  if (ACCESSES.has(code)) return memoryArgument(r);
  if (code === SIMD.v128Const) return ` ${r.hex(16)}`;
  if (code === SIMD.i8x16Shuffle) return ` ${Array.from({ length: 16 }, () => r.u8()).join(' ')}`;
  return /_lane/.test(simd.get(code)!) ? ` ${r.u8()}` : '';
};

const argumentsOf = (r: Reader, code: number, imports: readonly string[]): string => {
  switch (code) {
    case OP.block:
    case OP.loop:
    case OP.if: {
      const type = r.u8();
      return type === OP.void ? '' : ` ${types.get(type)}`;
    }
    case OP.br:
    case OP.brIf:
    case OP.localGet:
    case OP.localSet:
    case OP.localTee:
      return ` ${r.unsigned()}`;
    case OP.brTable: {
      const count = r.unsigned();
      return Array.from({ length: count + 1 }, () => ` ${r.unsigned()}`).join('');
    }
    case OP.call:
    case OP.returnCall: {
      const index = r.unsigned();
      return ` ${imports[index] ?? index}`;
    }
    case OP.callIndirect:
    case OP.returnCallIndirect:
      return ` ${[r.unsigned(), r.unsigned()].join(' ')}`;
    case OP.i32Const:
      return ` ${r.signed()}`;
    case OP.i64Const: {
      const value = r.signed();
      return value > -4096n && value < 4096n ? ` ${value}` : ` 0x${BigInt.asUintN(64, value).toString(16)}`;
    }
    case OP.f32Const:
      return ` ${r.hex(4)}`;
    case OP.f64Const:
      return ` ${r.hex(8)}`;
    default:
      return code >= OP.i32Load && code <= OP.i64Store32 ? memoryArgument(r) : '';
  }
};

/** The code of a function, as it stands in its writer. */
export const codeText = (f: FunctionWriter): string => {
  const r = new Reader(f.code.view());
  const imports = f.module.importNames();
  const lines: string[] = [];
  let depth = 0;
  while (!r.done) {
    const code = r.u8();
    let text: string;
    if (code === 0xfd) {
      const opcode = r.unsigned();
      text = simd.get(opcode)! + simdArguments(r, opcode);
    } else if (code === 0xfc) text = saturating.get(r.unsigned())!;
    else text = plain.get(code)! + argumentsOf(r, code, imports);
    if (code === OP.end || code === OP.else) depth--;
    lines.push('  '.repeat(depth) + text);
    if (code === OP.block || code === OP.loop || code === OP.if || code === OP.else) depth++;
  }
  return `${lines.join('\n')}\n`;
};
