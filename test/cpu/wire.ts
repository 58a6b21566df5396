/** The binary formats which native/runner.c reads and writes; structs of the same names are declared there. */
import { type Case, type Change, COMPLETED, MAP, type Outcome, pristine, STOP_BY, VISIBLE_FLAGS } from './case.ts';

const MAGIC = 0x31747365746d6973n;
const HEADER = 7 * 8 + MAP.dataSize;
const CASE = 16 + 16 * 8 + 8 + 256 + 16;
const RESULT = 24 + 18 * 8 + 8 + 256;
const CODE_BYTES = 16;
const INT3 = 0xcc;
/** The runner knows the first two; the others tell how to read its results. */
const MODE = { step: 1, segments: 2, loadsTrapFlag: 4, breaks: 8 } as const;

const padded = (n: number) => (n + 7) & ~7;
const caseSize = (c: Case) => c.patches.reduce((sum, p) => sum + 8 + padded(p.bytes.length), CASE);

/** Bytes of the record that starts at `at`, of a case or of a result. */
export const recordSize = (file: Uint8Array, at: number): number =>
  new DataView(file.buffer, file.byteOffset, file.byteLength).getUint32(at, true);

/** Bytes in front of the records of a file of cases. */
export const CASES_START = HEADER;

/** A file of cases. */
export const writeCases = (cases: readonly Case[]): Uint8Array => {
  const out = new Uint8Array(cases.reduce((sum, c) => sum + caseSize(c), HEADER));
  const view = new DataView(out.buffer);
  const { code, data, high, fsBase, gsBase } = MAP;
  for (const [i, word] of [MAGIC, cases.length, code, data, high, fsBase, gsBase].entries()) {
    view.setBigUint64(i * 8, BigInt(word), true);
  }
  out.set(pristine, 7 * 8);
  let at = HEADER;
  for (const c of cases) {
    const size = caseSize(c);
    view.setUint32(at, size, true);
    const mode =
      (c.stopBy === STOP_BY.step ? MODE.step : 0) |
      (c.segments ? MODE.segments : 0) |
      (c.loadsTrapFlag ? MODE.loadsTrapFlag : 0) |
      (c.breaks ? MODE.breaks : 0);
    view.setUint16(at + 4, mode, true);
    view.setUint16(at + 6, c.patches.length, true);
    view.setUint32(at + 8, c.codeOffset, true);
    view.setUint32(at + 12, c.mxcsr, true);
    for (let r = 0; r < 16; r++) view.setBigUint64(at + 16 + r * 8, c.gpr[r]!, true);
    view.setBigUint64(at + 144, BigInt(c.rflags), true);
    for (let r = 0; r < 32; r++) view.setBigUint64(at + 152 + r * 8, c.xmm[r]!, true);
    out.fill(INT3, at + 408, at + 408 + CODE_BYTES);
    out.set(c.bytes, at + 408);
    let p = at + CASE;
    for (const { offset, bytes } of c.patches) {
      view.setUint32(p, offset, true);
      view.setUint32(p + 4, bytes.length, true);
      out.set(bytes, p + 8);
      p += 8 + padded(bytes.length);
    }
    at += size;
  }
  return out;
};

/** The cases of such a file; their ids are their places. */
export const readCases = (file: Uint8Array): Case[] => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getBigUint64(0, true) !== MAGIC) throw new Error('this is no file of cases');
  const cases: Case[] = [];
  for (let at = HEADER; at < file.length; at += view.getUint32(at, true)) {
    const mode = view.getUint16(at + 4, true);
    const codeOffset = view.getUint32(at + 8, true);
    let length = CODE_BYTES;
    // One INT3 may be the instruction itself.
    while (length > 1 && file[at + 408 + length - 1] === INT3) length--;
    const patches = [];
    let p = at + CASE;
    for (let i = view.getUint16(at + 6, true); i > 0; i--) {
      const size = view.getUint32(p + 4, true);
      patches.push({ offset: view.getUint32(p, true), bytes: file.slice(p + 8, p + 8 + size) });
      p += 8 + padded(size);
    }
    cases.push({
      id: String(cases.length),
      bytes: file.slice(at + 408, at + 408 + length),
      codeOffset,
      gpr: Array.from({ length: 16 }, (_, r) => view.getBigUint64(at + 16 + r * 8, true)),
      rflags: Number(view.getBigUint64(at + 144, true)),
      mxcsr: view.getUint32(at + 12, true),
      xmm: Array.from({ length: 32 }, (_, r) => view.getBigUint64(at + 152 + r * 8, true)),
      patches,
      stopBy: mode & MODE.step ? STOP_BY.step : STOP_BY.int3,
      segments: (mode & MODE.segments) !== 0,
      loadsTrapFlag: (mode & MODE.loadsTrapFlag) !== 0,
      breaks: (mode & MODE.breaks) !== 0,
    });
  }
  return cases;
};

const TF = 0x100;
const PF = 14;
const PF_PROTECTION = 1;
const FETCH = 0x10;
const AMD_MXCSR_MASK = 0x2ffffn;
const TASK_SIZE_MAX = 0x7ffffffff000n;
const BP = 3;
const DB = 1;

/** The outcomes in a file of results for these cases: what the means of stopping adds is taken away. */
export const readResults = (file: Uint8Array, cases: readonly Case[]): Outcome[] => {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const outcomes: Outcome[] = [];
  let at = 0;
  for (const c of cases) {
    if (at >= file.length) throw new Error(`case ${c.id} has no result: the runner ended early`);
    const trapno = view.getUint32(at + 8, true);
    const cr2 = view.getBigUint64(at + 16, true);
    let error = view.getUint32(at + 12, true);
    // Linux hides whether kernel addresses are mapped (sanitize_error_code in arch/x86/mm/fault.c).
    if (trapno === PF && cr2 >= TASK_SIZE_MAX) error &= ~PF_PROTECTION;
    const start = BigInt(MAP.code + c.codeOffset);
    let rip = view.getBigUint64(at + 152, true);
    let rflags = Number(view.getBigUint64(at + 160, true)) & VISIBLE_FLAGS;
    let vector = trapno;
    const trapping = (c.rflags & TF) !== 0;
    if (c.stopBy === STOP_BY.step) {
      if (trapno === DB && !trapping) vector = COMPLETED;
      if (!trapping && !(vector === COMPLETED && c.loadsTrapFlag)) rflags &= ~TF;
    } else if (trapno === BP && !(c.breaks && rip === start + BigInt(c.bytes.length))) {
      vector = COMPLETED;
      rip -= 1n;
    }
    if (trapno === PF && error & FETCH && cr2 === rip && rip !== start) vector = COMPLETED;
    const changes: Change[] = [];
    const savesState = c.bytes.includes(0xae) && (vector === COMPLETED || vector === DB);
    const count = view.getUint32(at + 172, true);
    for (let i = 0, p = at + RESULT; i < count; i++, p += 16) {
      let value = view.getBigUint64(p + 8, true);
      // FXSAVE stores MXCSR_MASK, in which AMD has the bit for misaligned SSE operands.
      if (savesState && value >> 32n === AMD_MXCSR_MASK) value ^= 0x20000_00000000n;
      changes.push({ offset: Number(view.getBigUint64(p, true)), value });
    }
    outcomes.push({
      vector,
      error: vector < 0 ? 0 : error,
      cr2: vector === PF ? cr2 : 0n,
      rip,
      gpr: Array.from({ length: 16 }, (_, r) => view.getBigUint64(at + 24 + r * 8, true)),
      rflags,
      mxcsr: view.getUint32(at + 168, true),
      xmm: Array.from({ length: 32 }, (_, r) => view.getBigUint64(at + 176 + r * 8, true)),
      changes,
    });
    at += view.getUint32(at, true);
  }
  return outcomes;
};
