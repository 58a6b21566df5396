/** Makes cases: instructions encoded from rows with chosen operands, in states where they are likely to go wrong. */
import { OPCODE_MAP } from '../../emulator/decode/encoding.ts';
import type { Row } from '../../emulator/isa/row.ts';
import { type Addressing, addressing, vectorAddressing } from './addressing.ts';
import { Builder, FLAG, littleEndian } from './builder.ts';
import { type Case, MAP, STOP_BY } from './case.ts';
import { extended, x87State } from './extended.ts';
import {
  after,
  alignment,
  before,
  implicitBits,
  isFarPointer,
  isResumable,
  neverStepped,
  neverTrapped,
} from './hints.ts';
import { controlWord, integer, type LaneKind, lane64, Random } from './random.ts';
import { bitsOf, type OperandCode, type Shape, shapeOf } from './shape.ts';
import { packX87 } from './x87.ts';

const ESCAPES: Readonly<Record<number, readonly number[]>> = {
  [OPCODE_MAP.primary]: [],
  [OPCODE_MAP.map0F]: [0x0f],
  [OPCODE_MAP.map0F38]: [0x0f, 0x38],
  [OPCODE_MAP.map0F3A]: [0x0f, 0x3a],
};
const VEX_PREFIX = { none: 0, any: 0, '66': 1, F3: 2, F2: 3 } as const;
const MANDATORY = { '66': [0x66], F2: [0xf2], F3: [0xf3], none: [], any: [] } as const;

const laneKind = (mnemonic: string): LaneKind => {
  const source = /^V?CVTT?(..)2/.exec(mnemonic)?.[1] ?? mnemonic;
  if (source === 'PH') return 'half';
  if (/(PS|SS)$/.test(source)) return 'single';
  return /(PD|SD)$/.test(source) ? 'double' : 'integer';
};

const IMMEDIATES_8 = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 0x7f, 0x80, 0xff, 0xfe, 0xe4, 0x1b] as const;

const immediateFor = (b: Builder, code: OperandCode): number[] => {
  const bits = bitsOf(code.size, b.operandSize, 0);
  const bytes = code.size === 'z' ? Math.min(bits, 32) / 8 : bits / 8;
  if (b.shape.mnemonic === 'INT') {
    // INT 80h is a system call.
    const vector = b.r.pick([0, 1, 3, 4, 6, 13, 14, 32, 255]);
    return [vector];
  }
  if (b.shape.mnemonic === 'ENTER' && b.r.chance(0.85)) {
    return code.size === 'w' ? littleEndian(BigInt(b.r.below(256)), 2) : [b.r.below(6)];
  }
  // With room for more on the stack: AMD looks at the words behind it before it finds fault with the selector.
  if (b.shape.mnemonic === 'RETF') return littleEndian(BigInt(b.r.below(8) * 8), 2);
  const value = bytes === 1 ? BigInt(b.r.chance(0.7) ? b.r.pick(IMMEDIATES_8) : b.r.below(256)) : integer(b.r);
  return littleEndian(value, bytes);
};

const relativeFor = (b: Builder, code: OperandCode): number[] => {
  const bytes = code.size === 'b' ? 1 : 4;
  const { r } = b;
  const value = bytes === 1 || r.chance(0.5) ? r.below(256) - 128 : r.chance(0.5) ? r.below(8192) - 4096 : r.next() | 0;
  return littleEndian(BigInt(value), bytes);
};

/** Prefixes, and which registers REX allows. */
interface Form {
  readonly legacy: number[];
  readonly rexW: number;
  readonly rexAllowed: boolean;
}

/** Also sets the builder's sizes and segment. */
const chooseForm = (b: Builder, taken: ReadonlySet<string>): Form => {
  const { r, shape } = b;
  const { encoding, row } = shape;
  const legacy: number[] = [];
  // AMD gives near branches of 16 bits another meaning, and MOVSXD of 16 bits a source of 32.
  const differs = row.force64 === true || shape.mnemonic === 'MOVSXD';
  // F2 and F3 come before 66 as mandatory prefixes; where the operand size counts, 66 is there beside them.
  const beside = shape.sized && (encoding.prefix === 'F2' || encoding.prefix === 'F3');
  const mayTake66 = !shape.isVex && (beside || (encoding.prefix === 'any' && !taken.has('66') && !differs));
  const with66 = mayTake66 && r.chance(shape.sized ? 0.2 : 0.04);
  if (with66) legacy.push(0x66);
  let rexW = encoding.rexW === 'any' ? Number(r.chance(shape.sized ? 0.35 : 0.08)) : encoding.rexW;
  if (encoding.vexL === 'any') b.vexL = Number(shape.isVex && r.chance(0.5));
  else b.vexL = encoding.vexL;
  const rexAllowed = rexW === 1 || r.chance(shape.isVex ? 0.8 : 0.65);
  // AMD has no far pointers with 64-bit offsets.
  if (!rexAllowed || isFarPointer(shape)) rexW = 0;
  const is16 = with66 || (encoding.prefix === '66' && shape.sized);
  b.operandSize = row.force64 || rexW ? 64 : is16 ? 16 : row.default64 ? 64 : 32;
  if (row.repeats && r.chance(0.7)) {
    legacy.push(r.pick([0xf2, 0xf3]));
    b.repeat = true;
  }
  // Implicit memory operands have no other variety.
  const implicit = row.repeats || /^(XLAT|V?MASKMOV(DQU|Q)$)/.test(shape.mnemonic);
  const accesses = implicit || shape.rm !== 'none' || shape.operands.some((o) => o.place === 'moffs');
  if (accesses && r.chance(implicit ? 0.2 : 0.08)) {
    legacy.push(0x67);
    b.addressSize = 32;
  }
  if (accesses && r.chance(implicit ? 0.2 : 0.08)) {
    const override = r.pick([0x64, 0x65, 0x2e, 0x36, 0x3e, 0x26]);
    legacy.push(override);
    b.segment = override === 0x64 ? 'fs' : override === 0x65 ? 'gs' : 'none';
  }
  return { legacy, rexW, rexAllowed };
};

/** Register numbers, and contents of those registers. */
const chooseRegisters = (b: Builder, form: Form, isMemory: boolean): void => {
  const { r, shape } = b;
  const count = form.rexAllowed ? 16 : 8;
  const { byReg, byRm, byOpcode, byVvvv } = shape;
  if (byVvvv) b.vvvv = r.below(16);
  if (byReg) b.reg = byReg.file === 'segment' ? r.below(r.chance(0.9) ? 6 : 8) : r.below(count);
  if (byOpcode || (shape.rm !== 'none' && !isMemory)) b.rm = r.below(count);
  const kind = laneKind(shape.mnemonic);
  const fill = (n: number, file: string | undefined) => {
    if (n < 0) return;
    if (file === 'general') b.gpr[n] = integer(r);
    if (file !== 'vector') return;
    for (let part = 0; part < 4; part++) b.ymm[n * 4 + part] = lane64(r, r.chance(0.85) ? kind : 'integer');
  };
  fill(b.reg, byReg?.file);
  fill(b.rm, (byRm ?? byOpcode)?.file);
  fill(b.vvvv, byVvvv?.file);
  // Equal operands, or opposite ones.
  const first = byVvvv?.file === 'vector' ? b.vvvv : byReg?.file === 'vector' ? b.reg : -1;
  if (first >= 0 && b.rm >= 0 && byRm?.file === 'vector' && r.chance(0.2)) {
    for (const part of [0, 2]) b.ymm[b.rm * 4 + part] = b.ymm[first * 4 + part]! ^ (r.chance(0.3) ? 1n << 63n : 0n);
  }
  if (b.rm >= 0 && byReg?.file === 'general' && byRm?.file === 'general' && r.chance(0.15)) {
    b.gpr[b.rm] = b.gpr[b.reg]!;
  }
};

/** Where the memory operand lies and what is there. */
const chooseMemory = (b: Builder, bits: number): bigint => {
  const { r, shape } = b;
  const { byReg, byRm, byVvvv } = shape;
  const target = b.spot(Math.max(1, bits / 8), alignment(b, bits));
  b.memory = { address: target, bits };
  const vector = byRm?.file === 'vector' || byReg?.file === 'vector';
  const kind = laneKind(shape.mnemonic);
  const first = byVvvv?.file === 'vector' ? b.vvvv : b.reg;
  for (let done = 0; done < Math.min(bits / 8, 32); done += 8) {
    const equal = first >= 0 && r.chance(0.15);
    const other = vector ? b.ymm[first * 4 + done / 8]! : b.gpr[Math.max(b.reg, 0)]!;
    b.poke(target + BigInt(done), 8, equal ? other : vector && r.chance(0.85) ? lane64(r, kind) : integer(r));
  }
  return target;
};

/** The bytes, and where a displacement relative to the end of the instruction ends in them. */
interface Encoded {
  readonly bytes: number[];
  readonly displacementEnd: number;
}

/** Prefixes and opcode. `rex` are the bits W R X B. */
const opcodeBytes = (b: Builder, { legacy, rexAllowed }: Form, rex: number): number[] => {
  const { r, shape } = b;
  const { encoding } = shape;
  if (shape.isVex) return [...legacy, ...vexBytes(b, rex), encoding.opcode];
  const mandatory = MANDATORY[encoding.prefix];
  // REX counts only right before the opcode.
  const stray = legacy.length + mandatory.length > 0 && r.chance(0.01) ? [0x40 | r.below(16)] : [];
  const prefixes = [...stray, ...legacy, ...mandatory];
  if (rex !== 0 || (rexAllowed && r.chance(0.25))) prefixes.push(0x40 | rex);
  return [...prefixes, ...ESCAPES[encoding.map]!, encoding.opcode | (encoding.plusRegister ? b.rm & 7 : 0)];
};

/** The two-byte form where it can say it all, and chance wills. */
const vexBytes = (b: Builder, rex: number): number[] => {
  const { r, shape } = b;
  const { encoding } = shape;
  // A register where none belongs is #UD.
  const vvvv = b.vvvv >= 0 ? b.vvvv : r.chance(0.01) ? r.below(16) : 0;
  const last = ((~vvvv & 15) << 3) | (b.vexL << 2) | VEX_PREFIX[encoding.prefix];
  if ((rex & 0b1011) === 0 && encoding.map === OPCODE_MAP.vex0F && r.chance(0.7))
    return [0xc5, ((~rex & 4) << 5) | last];
  return [0xc4, ((~rex & 7) << 5) | (encoding.map - OPCODE_MAP.vex0F + 1), ((rex & 8) << 4) | last];
};

const encode = (b: Builder, form: Form, address: Addressing | undefined): Encoded => {
  const { r, shape } = b;
  const { encoding, byReg } = shape;
  const rexR = byReg && byReg.file !== 'segment' ? b.reg >> 3 : 0;
  const rexB = address ? address.rexB : b.rm >= 0 ? b.rm >> 3 : 0;
  const bytes = opcodeBytes(b, form, (form.rexW << 3) | (rexR << 2) | ((address?.rexX ?? 0) << 1) | rexB);
  if (encoding.hasModrm) {
    const reg = encoding.modrmMask === 0 ? (b.reg < 0 ? 0 : b.reg & 7) << 3 : encoding.modrmValue & 0x38;
    if (shape.rm === 'none') bytes.push(encoding.modrmValue);
    else if (address) bytes.push(reg | address.modrm, ...address.rest);
    else bytes.push(0xc0 | reg | (b.rm & 7));
  }
  const displacementEnd = bytes.length;
  for (const code of shape.operands) {
    if (code.place === 'immediate') bytes.push(...immediateFor(b, code));
    else if (code.place === 'relative') bytes.push(...relativeFor(b, code));
    else if (code.place === 'is4') bytes.push((r.below(16) << 4) | (r.chance(0.2) ? r.below(16) : 0));
    else if (code.place === 'moffs') bytes.push(...littleEndian(b.withoutBase(b.memory!.address), b.addressSize / 8));
  }
  if (!r.chance(0.01)) return { bytes, displacementEnd };
  // Segment prefixes without meaning, up to the longest instruction or one byte more, which is #GP.
  const padding = Array.from({ length: Math.max(0, 15 + r.below(2) - bytes.length) }, () =>
    r.pick([0x2e, 0x36, 0x3e, 0x26]),
  );
  return { bytes: [...padding, ...bytes], displacementEnd: displacementEnd + padding.length };
};

const shuffle = (r: Random, list: number[]): void => {
  for (let i = list.length - 1; i > 0; i--) {
    const j = r.below(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
};

const placeCode = (r: Random, length: number): number => {
  if (r.chance(0.88)) return 256 + 16 * r.below(200);
  return r.chance(0.6) ? 4096 - r.below(length + 1) : MAP.codeSize - 1 - r.below(length + 3);
};

/** An MMX register as MMX instructions leave it, or with an exponent of the x87. */
const mmx = (r: Random): bigint => ((r.chance(0.7) ? 0xffffn : BigInt(r.below(0x10000))) << 64n) | integer(r);

/** The `index`-th case of a row under a seed. */
export const makeCase = (shape: Shape, seed: number, index: number, prefixed: PrefixedOpcodes, noise: number): Case => {
  const r = new Random(seed, shape.key, index);
  const b = new Builder(r, shape, noise);
  const { row, operands } = shape;
  const form = chooseForm(b, prefixed.get(opcodeKey(shape)) ?? NO_PREFIXES);
  const isMemory = shape.rm === 'memory' || (shape.rm === 'either' && r.chance(0.55));
  chooseRegisters(b, form, isMemory);
  if (operands.some((o) => o.file === 'vector') && r.chance(0.6)) b.mxcsr = controlWord(r);
  if (shape.usesX87 && r.chance(0.9))
    b.x87 = packX87(x87State(r, operands.some((o) => o.file === 'mmx') ? mmx : extended));

  const inMemory = isMemory ? shape.byRm : operands.find((o) => o.place === 'moffs');
  const bits = inMemory ? bitsOf(inMemory.memorySize, b.operandSize, b.vexL) || implicitBits(b) : 0;
  if (isMemory) b.memory = { address: 0n, bits };
  before(b);
  let address: Addressing | undefined;
  if (isMemory || inMemory) {
    const target = chooseMemory(b, bits);
    const indices = /^vm(32|64)$/.exec(inMemory?.size ?? '');
    if (indices) address = vectorAddressing(b, target, indices[1] === '32' ? 32 : 64, form.rexAllowed);
    else if (isMemory) address = addressing(b, target, form.rexAllowed);
  }
  after(b);

  // LOCK, also where it must not stand. AMD makes LOCK MOV CR0 a MOV CR8, and has nothing against LOCK VERW.
  const lockable = isMemory && row.lock === true;
  // VEX suffers neither operand-size nor repeat nor REX prefixes in front of it.
  if (shape.isVex && r.chance(0.01)) form.legacy.push(r.pick([0x66, 0xf2, 0xf3, 0x40, 0x48]));
  if (lockable ? r.chance(0.25) : r.chance(0.006) && !/^(MOV_|VER)/.test(shape.mnemonic)) form.legacy.push(0xf0);
  shuffle(r, form.legacy);
  const { bytes, displacementEnd } = encode(b, form, address);
  // AMD does not fetch the operands of UD0 and UD1.
  const codeOffset = /^UD[01]$/.test(shape.mnemonic) ? 256 : placeCode(r, bytes.length);
  if (address?.ripTarget !== undefined) {
    const next = BigInt(MAP.code + codeOffset + bytes.length);
    bytes.splice(displacementEnd - 4, 4, ...littleEndian(address.ripTarget - next, 4));
  }

  if (r.chance(0.03)) b.rflags |= FLAG.AC;
  if (r.chance(0.03) && !neverTrapped(b)) b.rflags |= FLAG.TF;
  const mayStep = !neverStepped(b) && (r.chance(0.3) || row.ends === true) && !isResumable(b);
  const stepped = mayStep || (b.rflags & FLAG.TF) !== 0;
  return {
    id: `${shape.key.toString(16).padStart(8, '0')}:${index}`,
    bytes: Uint8Array.from(bytes.slice(0, 16)),
    codeOffset,
    gpr: b.gpr,
    rflags: b.rflags | 0x202,
    mxcsr: b.mxcsr,
    ymm: b.ymm,
    x87: b.x87,
    patches: b.patches,
    stopBy: stepped ? STOP_BY.step : STOP_BY.int3,
    segments: operands.some((o) => o.file === 'segment') || /^(POP|L[SDEFG]S|WR[FG]SBASE)$/.test(shape.mnemonic),
    loadsTrapFlag: /^(POPF|IRET)/.test(shape.mnemonic),
    breaks: /^INT3?$/.test(shape.mnemonic),
  };
};

/** By opcode, the mandatory prefixes that some row claims: with one of them the bytes mean another instruction. */
export type PrefixedOpcodes = ReadonlyMap<number, ReadonlySet<string>>;
const NO_PREFIXES: ReadonlySet<string> = new Set();
const opcodeKey = (shape: Shape) => (shape.encoding.map << 8) | shape.encoding.opcode;

/** Makes cases for all rows that have any. */
export class Generator {
  readonly shapes: readonly Shape[];
  readonly seed: number;
  #noise: number;
  #byKey = new Map<number, Shape>();
  #prefixed = new Map<number, Set<string>>();

  /** `noise` is the share of cases whose other registers are random too; those without pack better. */
  constructor(rows: readonly Row[], seed: number, noise = 0.5) {
    this.seed = seed;
    this.#noise = noise;
    const shapes = [];
    for (const row of rows) {
      const shape = shapeOf(row);
      const twin = this.#byKey.get(shape.key);
      if (twin) throw new Error(`rows ${row.encoding} and ${twin.row.encoding} have the same key`);
      this.#byKey.set(shape.key, shape);
      shapes.push(shape);
      const claimed = this.#prefixed.get(opcodeKey(shape)) ?? new Set();
      this.#prefixed.set(opcodeKey(shape), claimed.add(shape.encoding.prefix));
    }
    this.shapes = shapes;
  }

  make(shape: Shape, index: number): Case {
    return makeCase(shape, this.seed, index, this.#prefixed, this.#noise);
  }

  /** The case with an id, and its row. */
  find(id: string): { shape: Shape; case: Case } {
    const [key, index] = id.split(':');
    const shape = this.#byKey.get(Number.parseInt(key!, 16));
    if (!shape || index === undefined) throw new Error(`no row has case ${id}`);
    return { shape, case: this.make(shape, Number(index)) };
  }

  shapeOfCase(c: Case): Shape {
    return this.#byKey.get(Number.parseInt(c.id.split(':')[0]!, 16))!;
  }
}
