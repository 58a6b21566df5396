/** The binary formats which native/runner.c reads and writes; structs of the same names are declared there. */
import {
  type Case,
  type Change,
  COMPLETED,
  isFloat,
  MAP,
  type Outcome,
  pristine,
  STOP_BY,
  VISIBLE_FLAGS,
  type Words,
} from './case.ts';
import { comparableX87, X87_SIZE } from './x87.ts';

const MAGIC = 0x32747365746d6973n;
const HEADER = 7 * 8 + MAP.dataSize;
const CODE_BYTES = 16;
const FX = 416;
const UPPER = 256;
/** Places in struct test_case. */
const CASE_AT = { gpr: 16, rflags: 144, fx: 152, upper: 152 + FX, code: 152 + FX + UPPER } as const;
const CASE = CASE_AT.code + CODE_BYTES;
/** Places in struct result. */
const RESULT_AT = {
  gpr: 24,
  rip: 152,
  rflags: 160,
  changes: 168,
  code: 172,
  bases: 176,
  fx: 192,
  upper: 192 + FX,
} as const;
const RESULT = RESULT_AT.upper + UPPER;
/** Places in an FXSAVE image. */
const MXCSR = 24;
const XMM = 160;
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

const bytesOf = (words: Words): Uint8Array => new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

/** Not `slice`, which for Node's buffers copies nothing. */
const copyOf = (file: Uint8Array, at: number, size: number): Uint8Array<ArrayBuffer> => {
  const copy = new Uint8Array(size);
  copy.set(file.subarray(at, at + size));
  return copy;
};

const gprAt = (file: Uint8Array, at: number): Words => new BigUint64Array(copyOf(file, at, 16 * 8).buffer);

/** Both halves of the registers, whose places are given. */
const ymmAt = (file: Uint8Array, xmm: number, upper: number): Words => {
  const ymm = new BigUint64Array(64);
  const bytes = bytesOf(ymm);
  for (let r = 0; r < 16; r++) {
    bytes.set(file.subarray(xmm + r * 16, xmm + r * 16 + 16), r * 32);
    bytes.set(file.subarray(upper + r * 16, upper + r * 16 + 16), r * 32 + 16);
  }
  return ymm;
};

const x87At = (file: Uint8Array, at: number): Uint8Array => {
  const image = copyOf(file, at, X87_SIZE);
  image.fill(0, MXCSR, MXCSR + 8);
  return image;
};

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
    out.set(bytesOf(c.gpr), at + CASE_AT.gpr);
    view.setBigUint64(at + CASE_AT.rflags, BigInt(c.rflags), true);
    out.set(c.x87, at + CASE_AT.fx);
    view.setUint32(at + CASE_AT.fx + MXCSR, c.mxcsr, true);
    const ymm = bytesOf(c.ymm);
    for (let r = 0; r < 16; r++) {
      out.set(ymm.subarray(r * 32, r * 32 + 16), at + CASE_AT.fx + XMM + r * 16);
      out.set(ymm.subarray(r * 32 + 16, r * 32 + 32), at + CASE_AT.upper + r * 16);
    }
    out.fill(INT3, at + CASE_AT.code, at + CASE);
    out.set(c.bytes, at + CASE_AT.code);
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
    while (length > 1 && file[at + CASE_AT.code + length - 1] === INT3) length--;
    const patches = [];
    let p = at + CASE;
    for (let i = view.getUint16(at + 6, true); i > 0; i--) {
      const size = view.getUint32(p + 4, true);
      patches.push({ offset: view.getUint32(p, true), bytes: copyOf(file, p + 8, size) });
      p += 8 + padded(size);
    }
    cases.push({
      id: String(cases.length),
      bytes: copyOf(file, at + CASE_AT.code, length),
      codeOffset,
      gpr: gprAt(file, at + CASE_AT.gpr),
      rflags: Number(view.getBigUint64(at + CASE_AT.rflags, true)),
      mxcsr: view.getUint32(at + CASE_AT.fx + MXCSR, true),
      ymm: ymmAt(file, at + CASE_AT.fx + XMM, at + CASE_AT.upper),
      x87: x87At(file, at + CASE_AT.fx),
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

/** Whether the instruction is FXSAVE, XSAVE, XSAVEOPT or XSAVEC: 0F AE /0 /4 /6, or 0F C7 /4. */
const storesMxcsrMask = (bytes: readonly number[] | Uint8Array): boolean => {
  const at = bytes.indexOf(0x0f);
  const reg = (bytes[at + 2]! >> 3) & 7;
  return bytes[at + 1] === 0xae ? reg === 0 || reg === 4 || reg === 6 : bytes[at + 1] === 0xc7 && reg === 4;
};

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
    let rip = view.getBigUint64(at + RESULT_AT.rip, true);
    let rflags = Number(view.getBigUint64(at + RESULT_AT.rflags, true)) & VISIBLE_FLAGS;
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
    const savesState = storesMxcsrMask(c.bytes) && (vector === COMPLETED || vector === DB);
    const count = view.getUint32(at + RESULT_AT.changes, true);
    for (let i = 0, p = at + RESULT; i < count; i++, p += 16) {
      let value = view.getBigUint64(p + 8, true);
      // FXSAVE and its like store MXCSR_MASK, in which AMD has the bit for misaligned SSE operands.
      if (savesState && value >> 32n === AMD_MXCSR_MASK) value ^= 0x20000_00000000n;
      changes.push({ offset: Number(view.getBigUint64(p, true)), value });
    }
    outcomes.push({
      vector,
      error: vector < 0 ? 0 : error,
      cr2: vector === PF ? cr2 : 0n,
      code: isFloat(vector) ? view.getInt32(at + RESULT_AT.code, true) : 0,
      rip,
      gpr: gprAt(file, at + RESULT_AT.gpr),
      fsBase: view.getBigUint64(at + RESULT_AT.bases, true),
      gsBase: view.getBigUint64(at + RESULT_AT.bases + 8, true),
      rflags,
      mxcsr: view.getUint32(at + RESULT_AT.fx + MXCSR, true),
      ymm: ymmAt(file, at + RESULT_AT.fx + XMM, at + RESULT_AT.upper),
      x87: comparableX87(x87At(file, at + RESULT_AT.fx)),
      changes,
    });
    at += view.getUint32(at, true);
  }
  return outcomes;
};
