/** What the disassembler check needs of an ELF file: its text and where functions begin. */
import { readFileSync } from 'node:fs';

export interface Text {
  readonly bytes: Uint8Array;
  readonly address: number;
}

interface Section extends Text {
  readonly name: string;
}

const sectionsOf = (file: Buffer): Section[] => {
  const table = Number(file.readBigUInt64LE(0x28));
  const entrySize = file.readUInt16LE(0x3a);
  const count = file.readUInt16LE(0x3c);
  const headers = Array.from({ length: count }, (_, n) => file.subarray(table + n * entrySize));
  const contents = (header: Buffer): Buffer => {
    const offset = Number(header.readBigUInt64LE(0x18));
    return file.subarray(offset, offset + Number(header.readBigUInt64LE(0x20)));
  };
  const names = contents(headers[file.readUInt16LE(0x3e)]!);
  return headers.map((header) => {
    const start = header.readUInt32LE(0);
    const name = names.toString('latin1', start, names.indexOf(0, start));
    const isNoBits = header.readUInt32LE(4) === 8;
    return {
      name,
      address: Number(header.readBigUInt64LE(0x10)),
      bytes: isNoBits ? Buffer.alloc(0) : contents(header),
    };
  });
};

/**
 * First addresses of functions, by the frame descriptions in .eh_frame (LSB Core, "Exception Frames"), whose pointers gcc
 * writes as signed 32-bit distances.
 */
const functionStarts = (frames: Section): number[] => {
  const data = Buffer.from(frames.bytes.buffer, frames.bytes.byteOffset, frames.bytes.length);
  const starts: number[] = [];
  for (let p = 0; p + 12 <= data.length; ) {
    const length = data.readUInt32LE(p);
    if (length === 0) break;
    if (data.readUInt32LE(p + 4) !== 0) starts.push(frames.address + p + 8 + data.readInt32LE(p + 8));
    p += 4 + length;
  }
  return starts;
};

export interface Binary {
  readonly text: Text;
  /** Ascending, inside `text`, each once. */
  readonly functions: readonly number[];
}

/** Reads a 64-bit ELF file which has section headers. */
export const readBinary = (path: string): Binary => {
  const sections = sectionsOf(readFileSync(path));
  const text = sections.find(({ name }) => name === '.text');
  if (!text) throw new Error(`${path} has no .text`);
  const frames = sections.find(({ name }) => name === '.eh_frame');
  const starts = frames ? functionStarts(frames) : [];
  const inside = starts.filter((start) => start >= text.address && start < text.address + text.bytes.length);
  return { text, functions: [...new Set(inside)].sort((a, b) => a - b) };
};
