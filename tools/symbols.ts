/**
 * Names for addresses: the symbol table of an ELF file (System V ABI, chapter 4), for messages that show where a program was.
 */
import type { Task } from '../kernel/task/task.ts';

/** A symbol, and how far behind its start an address lies. */
export interface Place {
  readonly name: string;
  /** Bytes. */
  readonly offset: number;
}

interface Symbol {
  readonly name: string;
  readonly address: number;
  /** Bytes. Where the assembler was not told, it reaches to the next symbol or the end of its section. */
  readonly size: number;
}

const SHT_SYMTAB = 2;
const SHT_DYNSYM = 11;
const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const SHF_EXECINSTR = 4;
const STT_NOTYPE = 0;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const STB_LOCAL = 0;
const PT_LOAD = 1;
const PF_X = 1;
const PROGRAM_HEADER_SIZE = 56;
const TWO32 = 4294967296;

/** Reads fields of a file that may be cut short or wrong: beyond the end everything is zero. */
class Fields {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(at: number): number {
    return this.bytes[at] ?? 0;
  }

  u16(at: number): number {
    return at + 2 <= this.bytes.length ? this.#view.getUint16(at, true) : 0;
  }

  u32(at: number): number {
    return at + 4 <= this.bytes.length ? this.#view.getUint32(at, true) : 0;
  }

  u64(at: number): number {
    return this.u32(at + 4) * TWO32 + this.u32(at);
  }

  /** A NUL-terminated name of single bytes. */
  name(at: number): string {
    const end = this.bytes.indexOf(0, at);
    return end < 0 ? '' : String.fromCharCode(...this.bytes.subarray(at, Math.min(end, at + 1024)));
  }
}

/** The functions of a program, by address. */
export class Symbols {
  /** Lowest address first; of several names for one address the global one with a size comes last. */
  readonly #symbols: readonly Symbol[];
  /** Lowest address of executable segments, as the file has it: with `mm.startCode` it gives the load bias. */
  readonly startCode: number;

  /** `elf` is the whole file. What is no ELF file, or has no symbols, gives an empty table. */
  constructor(elf: Uint8Array) {
    const fields = new Fields(elf);
    const isElf = fields.u32(0) === 0x464c457f && fields.u8(4) === 2;
    this.#symbols = isElf ? readSymbols(fields) : [];
    this.startCode = isElf ? readStartCode(fields) : 0;
  }

  /** The function that holds an address of the file, not of memory: subtract the load bias first. */
  at(address: number): Place | null {
    let low = 0;
    let high = this.#symbols.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#symbols[middle]!.address <= address) low = middle + 1;
      else high = middle;
    }
    const symbol = this.#symbols[low - 1];
    if (symbol === undefined) return null;
    const offset = address - symbol.address;
    return offset < symbol.size ? { name: symbol.name, offset } : null;
  }

  /** Address in the file of a function by its name. */
  addressOf(name: string): number | undefined {
    return this.#symbols.find((symbol) => symbol.name === name)?.address;
  }
}

const readSymbols = (fields: Fields): Symbol[] => {
  const sections = fields.u64(0x28);
  const count = fields.u16(0x3c);
  const at = (index: number) => sections + index * SECTION_HEADER_SIZE;
  const find = (type: number): number => {
    for (let i = 0; i < count; i++) if (fields.u32(at(i) + 4) === type) return at(i);
    return -1;
  };
  const full = find(SHT_SYMTAB);
  const table = full >= 0 ? full : find(SHT_DYNSYM);
  if (table < 0) return [];
  const start = fields.u64(table + 0x18);
  const end = Math.min(start + fields.u64(table + 0x20), fields.bytes.length);
  const names = fields.u64(at(fields.u32(table + 0x28)) + 0x18);
  const found: (Symbol & { readonly rank: number })[] = [];
  for (let entry = start; entry + SYMBOL_SIZE <= end; entry += SYMBOL_SIZE) {
    const info = fields.u8(entry + 4);
    const type = info & 15;
    const section = fields.u16(entry + 6);
    if (section === 0 || section >= count || (fields.u64(at(section) + 8) & SHF_EXECINSTR) === 0) continue;
    if (type !== STT_FUNC && type !== STT_GNU_IFUNC && type !== STT_NOTYPE) continue;
    const name = fields.name(names + fields.u32(entry));
    if (name === '') continue;
    const address = fields.u64(entry + 8);
    const told = fields.u64(entry + 16);
    const size = told > 0 ? told : fields.u64(at(section) + 0x10) + fields.u64(at(section) + 0x20) - address;
    const rank = (told > 0 ? 2 : 0) + (info >> 4 === STB_LOCAL ? 0 : 1);
    found.push({ name, address, size, rank });
  }
  return found.sort((a, b) => a.address - b.address || a.rank - b.rank);
};

const readStartCode = (fields: Fields): number => {
  const headers = fields.u64(0x20);
  let lowest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < fields.u16(0x38); i++) {
    const header = headers + i * PROGRAM_HEADER_SIZE;
    if (fields.u32(header) === PT_LOAD && fields.u32(header + 4) & PF_X) {
      lowest = Math.min(lowest, fields.u64(header + 0x10));
    }
  }
  return Number.isFinite(lowest) ? lowest : 0;
};

/** `main+0x1f`; `main` at its very start. */
export const placeText = ({ name, offset }: Place): string =>
  offset === 0 ? name : `${name}+0x${offset.toString(16)}`;

/** Finds names for addresses of tasks, dead ones too, reading each executable once. */
export class SymbolCache {
  readonly #readFile: (path: string) => Uint8Array | null;
  readonly #tables = new Map<string, Symbols>();

  /** `readFile` gives a file of the guest's by its absolute path. */
  constructor(readFile: (path: string) => Uint8Array | null) {
    this.#readFile = readFile;
  }

  #of(executable: string): Symbols {
    let table = this.#tables.get(executable);
    if (table === undefined) {
      table = new Symbols(this.#readFile(executable) ?? new Uint8Array(0));
      this.#tables.set(executable, table);
    }
    return table;
  }

  /** Where an address of the task's memory is in its program, or null. */
  find(task: Task, address: number): Place | null {
    const table = this.#of(task.executable);
    return table.at(address - (task.mm.startCode - table.startCode));
  }

  /** The same as text, `''` where there is no name. */
  text(task: Task, address: number): string {
    const place = this.find(task, address);
    return place === null ? '' : placeText(place);
  }

  /** Address in the task's memory of a function. */
  addressOf(task: Task, name: string): number | undefined {
    const table = this.#of(task.executable);
    const address = table.addressOf(name);
    return address === undefined ? undefined : address + task.mm.startCode - table.startCode;
  }
}
