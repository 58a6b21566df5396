/**
 * Which encodings exist at all: every VEX encoding, every legacy one of the three-byte maps and of the vector instructions
 * in the two-byte map, with each prefix and several ModRM bytes, given to the processor and to the decoder. What the processor refuses the decoder must refuse, and
 * what it executes the decoder must know, with the same length - but for extensions that are not announced.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { decoderFor, describe as text } from '../../emulator/decode/index.ts';
import { hostFeatures, hostFlags, hostIsAmd } from '../cpu/native.ts';
import { compile, hashOf, toolchain } from '../native/build.ts';
import { root } from '../native/cases.ts';
import { canRunNatively } from '../native/native.ts';

const RECORD = 16;
const NO_LENGTH = 255;

interface Encoding {
  readonly vex: boolean;
  /** 1, 2, 3: 0F, 0F38, 0F3A. */
  readonly map: number;
  readonly opcode: number;
  /** VEX.L or 0. */
  readonly long: number;
  readonly bytes: Uint8Array;
}

/** ModRM bytes: registers, memory, memory with an index. */
const FORMS = [[0xc1], [0xea], [0x00], [0x28], [0x04, 0x10]];
/** For opcodes that ModRM.reg extends, all of its values. */
const EXTENDED_FORMS = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((reg) => [[0xc2 | (reg << 3)], [reg << 3]]);
const isExtended = (map: number, opcode: number): boolean =>
  (map === 1 && ((opcode >= 0x71 && opcode <= 0x73) || opcode === 0xae)) || (map === 2 && opcode === 0xf3);
const PREFIXES = [[], [0x66], [0xf3], [0xf2], [0x66, 0xf2], [0xf2, 0x66], [0x66, 0xf3], [0xf3, 0xf2]];
const INT3 = 0xcc;

const record = (bytes: readonly number[]): Uint8Array => {
  const padded = new Uint8Array(RECORD).fill(INT3);
  padded.set(bytes);
  return padded;
};

function* vexEncodings(): Generator<Encoding> {
  for (let n = 0; n < 3 * 256 * 4 * 2 * 2 * 2; n++) {
    const [map, opcode] = [1 + (n >> 13), (n >> 5) & 0xff];
    const [pp, long, w] = [(n >> 3) & 3, (n >> 2) & 1, (n >> 1) & 1];
    // Register 0, which may stand where vvvv is not used, and register 2.
    const vvvv = n & 1 ? 13 : 15;
    for (const form of isExtended(map, opcode) ? EXTENDED_FORMS : FORMS) {
      const bytes = record([0xc4, 0xe0 | map, (w << 7) | (vvvv << 3) | (long << 2) | pp, opcode, ...form]);
      yield { vex: true, map, opcode, long, bytes };
    }
  }
}

/** Where 0F has vector instructions, and none that changes more than what is addressed. */
const isVector = (opcode: number): boolean =>
  (opcode >= 0x10 && opcode <= 0x17) ||
  (opcode >= 0x28 && opcode <= 0x2f) ||
  (opcode >= 0x50 && opcode <= 0x7f) ||
  (opcode >= 0xc2 && opcode <= 0xc6) ||
  (opcode >= 0xd0 && opcode <= 0xfe);
const ESCAPES = [[0x0f], [0x0f, 0x38], [0x0f, 0x3a]];

function* legacyEncodings(): Generator<Encoding> {
  for (const [n, prefix] of ESCAPES.entries()) {
    const map = n + 1;
    for (let opcode = 0; opcode < 256; opcode++) {
      if (map === 1 && !isVector(opcode)) continue;
      for (const prefixes of PREFIXES) {
        for (const rex of [[], [0x48]]) {
          for (const form of isExtended(map, opcode) ? EXTENDED_FORMS : FORMS) {
            const bytes = record([...prefixes, ...rex, ...prefix, opcode, ...form]);
            yield { vex: false, map, opcode, long: 0, bytes };
          }
        }
      }
    }
  }
}

/** Extensions of AMD's processors that are not announced: their flag in /proc/cpuinfo, and their encodings. */
const UNANNOUNCED: Readonly<Record<string, (e: Encoding) => boolean>> = {
  sse4a: ({ vex, map, opcode }) => !vex && map === 1 && (opcode === 0x2b || opcode === 0x78 || opcode === 0x79),
  // Opmask registers.
  avx512f: ({ vex, map, opcode }) =>
    vex &&
    ((map === 1 && ((opcode >= 0x41 && opcode <= 0x4b) || (opcode >= 0x90 && opcode <= 0x99))) ||
      (map === 3 && opcode >= 0x30 && opcode <= 0x33)),
  gfni: ({ map, opcode }) => (map === 2 && opcode === 0xcf) || (map === 3 && (opcode === 0xce || opcode === 0xcf)),
  vaes: ({ vex, map, opcode, long }) => vex && long === 1 && map === 2 && opcode >= 0xdc && opcode <= 0xdf,
  vpclmulqdq: ({ vex, map, opcode, long }) => vex && long === 1 && map === 3 && opcode === 0x44,
  avx_vnni: ({ vex, map, opcode }) => vex && map === 2 && opcode >= 0x50 && opcode <= 0x53,
  invpcid: ({ vex, map, opcode }) => !vex && map === 2 && opcode === 0x82,
  movdiri: ({ vex, map, opcode }) => !vex && map === 2 && opcode === 0xf9,
  movdir64b: ({ vex, map, opcode }) => !vex && map === 2 && opcode === 0xf8,
};

const SOURCE = `${root}test/decode/presence.c`;

/** What the processor says to each encoding. */
const askProcessor = async (encodings: readonly Encoding[]): Promise<Uint8Array> => {
  const key = hashOf(readFileSync(SOURCE, 'utf8'), toolchain()!.version);
  const program = await compile(SOURCE, 'presence', key, {
    libc: 'glibc',
    flags: ['-O1'],
    libs: [],
    name: 'glibc -O1',
  });
  const folder = mkdtempSync(`${tmpdir()}/signalbox-presence-`);
  try {
    const file = new Uint8Array(encodings.length * RECORD);
    for (const [n, { bytes }] of encodings.entries()) file.set(bytes, n * RECORD);
    writeFileSync(`${folder}/encodings`, file);
    execFileSync(program, [`${folder}/encodings`, `${folder}/answers`], { timeout: 120_000, stdio: 'pipe' });
    return readFileSync(`${folder}/answers`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

test.skipIf(!canRunNatively() || !hostIsAmd)(
  'the decoder knows the encodings that the processor has',
  async () => {
    const encodings = [...vexEncodings(), ...legacyEncodings()];
    const answers = await askProcessor(encodings);
    expect(answers.length).toBe(encodings.length);
    const decoder = decoderFor(hostFeatures);
    const wrong: string[] = [];
    let known = 0;
    for (const [n, encoding] of encodings.entries()) {
      const host = answers[n]!;
      const decoded = decoder.decode(encoding.bytes, 0, RECORD, 0x400000);
      const length = typeof decoded === 'string' ? 0 : decoded.length;
      if (length > 0) known++;
      if (host === length || (host === NO_LENGTH && length > 0)) continue;
      const unannounced = Object.entries(UNANNOUNCED).some(([flag, has]) => hostFlags.has(flag) && has(encoding));
      if (length === 0 && unannounced) continue;
      const bytes = Buffer.from(encoding.bytes.subarray(0, 8)).toString('hex');
      wrong.push(`${bytes}: ${host} bytes on the host, here ${typeof decoded === 'string' ? decoded : text(decoded)}`);
    }
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(known).toBeGreaterThan(1000);
  },
  180_000,
);
