/** Makes cases: instructions encoded from rows with chosen operands, in states where they are likely to go wrong. */
import { OPCODE_MAP } from '../../emulator/decode/encoding.ts';
import type { Row } from '../../emulator/isa/row.ts';
import { Builder, FLAG, U64 } from './builder.ts';
import { type Case, MAP, STOP_BY } from './case.ts';
import { after, alignment, before, implicitBits, isFarPointer, neverStepped, neverTrapped } from './hints.ts';
import { controlWord, integer, type LaneKind, lane64, Random } from './random.ts';
import { bitsOf, type OperandCode, type Shape, shapeOf } from './shape.ts';

const littleEndian = (value: bigint, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(i * 8)) & 0xffn));

const ESCAPES: Readonly<Record<number, readonly number[]>> = {
  [OPCODE_MAP.primary]: [],
  [OPCODE_MAP.map0F]: [0x0f],
  [OPCODE_MAP.map0F38]: [0x0f, 0x38],
  [OPCODE_MAP.map0F3A]: [0x0f, 0x3a],
};
const MANDATORY = { '66': [0x66], F2: [0xf2], F3: [0xf3], none: [], any: [] } as const;

const laneKind = (mnemonic: string): LaneKind => {
  const source = /^CVTT?(..)2/.exec(mnemonic)?.[1] ?? mnemonic;
  if (/(PS|SS)$/.test(source)) return 'single';
  return /(PD|SD)$/.test(source) ? 'double' : 'integer';
};

/** ModRM (rm and mod), SIB, displacement and REX bits of a memory operand; the registers get what leads to the target. */
interface Addressing {
  readonly modrm: number;
  readonly rest: readonly number[];
  readonly rexB: number;
  readonly rexX: number;
  /** The displacement counts from the end of the instruction and is put in when that is known. */
  readonly ripTarget: bigint | undefined;
}

const fits = (value: bigint, bits: number) => BigInt.asIntN(bits, value) === value;

/** Displacements are signed; an address in the low half of the space may be reached by none of them. */
const addressing = (b: Builder, target: bigint, rexAllowed: boolean): Addressing => {
  const { r } = b;
  const offset = b.withoutBase(target);
  const width = b.addressSize;
  const wrap = (n: bigint) => BigInt.asUintN(width, n);
  const low = width === 32 ? BigInt.asIntN(32, offset) : BigInt.asIntN(64, offset);
  const kind = r.below(10);
  const none = { rexB: 0, rexX: 0, ripTarget: undefined };
  if (kind === 0 && fits(BigInt.asIntN(64, wrap(offset) - BigInt(MAP.code)), 31)) {
    return { ...none, modrm: 0x05, rest: [0, 0, 0, 0], ripTarget: wrap(offset) };
  }
  if (kind === 1 && fits(low, 32)) return { ...none, modrm: 0x04, rest: [0x25, ...littleEndian(low, 4)] };

  const registers = rexAllowed ? 16 : 8;
  const set = (n: number, value: bigint) => {
    const upper = width === 32 ? BigInt(r.next()) << 32n : 0n;
    b.gpr[n] = U64(upper | wrap(value));
  };
  const displacement = (): { size: 0 | 1 | 4; value: bigint } => {
    const size = r.pick([0, 1, 4] as const);
    if (size === 0) return { size, value: 0n };
    if (size === 1) return { size, value: BigInt(r.below(256) - 128) };
    return { size, value: r.chance(0.5) ? BigInt(r.next() | 0) : BigInt(r.below(4096) - 2048) };
  };
  let { size, value } = displacement();
  if (kind <= 4) {
    const base = r.below(registers);
    // mod 00 with rBP or r13 means something else.
    if (size === 0 && (base & 7) === 5) size = 1;
    set(base, offset - value);
    const mod = size === 0 ? 0 : size === 1 ? 0x40 : 0x80;
    const sib = (base & 7) === 4 ? [0x24] : [];
    return { ...none, modrm: mod | (base & 7), rest: [...sib, ...littleEndian(value, size)], rexB: base >> 3 };
  }
  const scaleBits = r.below(4);
  const scale = 1n << BigInt(scaleBits);
  let index = r.below(registers);
  if (index === 4) index = 3; // rSP cannot be an index
  const withBase = r.chance(0.8);
  if (!withBase) {
    // The index alone has to reach the target: the displacement takes what the scale leaves.
    const reach = BigInt.asIntN(32, value);
    const remainder = wrap(offset - reach) % scale;
    set(index, wrap(offset - reach) / scale);
    const sib = (scaleBits << 6) | ((index & 7) << 3) | 5;
    return { ...none, modrm: 0x04, rest: [sib, ...littleEndian(reach + remainder, 4)], rexX: index >> 3 };
  }
  const base = r.below(registers);
  if (base === index) {
    const part = wrap(offset) / (scale + 1n);
    set(base, part);
    value = wrap(offset) - part * (scale + 1n);
    size = 4;
  } else {
    const step = r.chance(0.5) ? BigInt(r.below(64)) : BigInt(r.next() | 0);
    set(index, step);
    set(base, offset - value - step * scale);
  }
  if (size === 0 && (base & 7) === 5) size = 1;
  const mod = size === 0 ? 0 : size === 1 ? 0x40 : 0x80;
  const sib = (scaleBits << 6) | ((index & 7) << 3) | (base & 7);
  return { ...none, modrm: mod | 4, rest: [sib, ...littleEndian(value, size)], rexB: base >> 3, rexX: index >> 3 };
};

const IMMEDIATES_8 = [0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 0x7f, 0x80, 0xff, 0xfe, 0xe4, 0x1b] as const;

const immediateFor = (b: Builder, code: OperandCode): number[] => {
  const bits = bitsOf(code.size, b.operandSize);
  const bytes = code.size === 'z' ? Math.min(bits, 32) / 8 : bits / 8;
  if (b.shape.mnemonic === 'INT') {
    // INT 80h is a system call.
    const vector = b.r.pick([0, 1, 3, 4, 6, 13, 14, 32, 255]);
    return [vector];
  }
  if (b.shape.mnemonic === 'ENTER' && b.r.chance(0.85)) {
    return code.size === 'w' ? littleEndian(BigInt(b.r.below(256)), 2) : [b.r.below(6)];
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

/** The `index`-th case of a row under a seed. */
export const makeCase = (shape: Shape, seed: number, index: number, prefixed: PrefixedOpcodes, noise: number): Case => {
  const r = new Random(seed, shape.key, index);
  const b = new Builder(r, shape, noise);
  const { encoding, row, operands } = shape;
  const taken = prefixed.get(opcodeKey(shape)) ?? NO_PREFIXES;

  // Prefixes and sizes.
  const legacy: number[] = [];
  const mayTake66 = encoding.prefix === 'any' && !taken.has('66') && row.force64 !== true;
  const with66 = mayTake66 && r.chance(shape.sized ? 0.2 : 0.04);
  if (with66) legacy.push(0x66);
  const mandatory = MANDATORY[encoding.prefix];
  let rexW = encoding.rexW === 'any' ? Number(r.chance(shape.sized ? 0.35 : 0.08)) : encoding.rexW;
  const rexAllowed = rexW === 1 || r.chance(0.65);
  // AMD has no far pointers with 64-bit offsets.
  if (!rexAllowed || isFarPointer(b)) rexW = 0;
  const is16 = with66 || (encoding.prefix === '66' && shape.sized);
  b.operandSize = row.force64 || rexW ? 64 : is16 ? 16 : row.default64 ? 64 : 32;
  if (row.repeats) {
    // String rows are made per width; their operand codes tell which.
    if (/B$/.test(shape.mnemonic)) b.operandSize = 32;
    if (r.chance(0.7)) {
      legacy.push(r.pick([0xf2, 0xf3]));
      b.repeat = true;
    }
  }
  const accesses =
    shape.rm !== 'none' ||
    row.repeats ||
    /^(XLAT|MASKMOV)/.test(shape.mnemonic) ||
    operands.some((o) => o.place === 'moffs');
  if (accesses && r.chance(0.08)) {
    legacy.push(0x67);
    b.addressSize = 32;
  }
  if (accesses && r.chance(0.08)) {
    const override = r.pick([0x64, 0x65, 0x2e, 0x36, 0x3e, 0x26]);
    legacy.push(override);
    b.segment = override === 0x64 ? 'fs' : override === 0x65 ? 'gs' : 'none';
  }

  // Operands.
  const count = rexAllowed ? 16 : 8;
  const byReg = operands.find((o) => o.place === 'reg');
  const byRm = operands.find((o) => o.place === 'rm');
  const byOpcode = operands.find((o) => o.place === 'opcode');
  if (byReg?.file === 'segment') b.reg = r.chance(0.9) ? r.below(6) : r.below(8);
  else if (byReg) b.reg = r.below(count);
  if (byOpcode) b.rm = r.below(count);
  const isMemory = shape.rm === 'memory' || (shape.rm === 'either' && r.chance(0.55));
  if (shape.rm !== 'none' && !isMemory) b.rm = r.below(count);

  const kind = laneKind(shape.mnemonic);
  for (const [n, file] of [
    [b.reg, byReg?.file],
    [b.rm, (byRm ?? byOpcode)?.file],
  ] as const) {
    if (n < 0) continue;
    if (file === 'general') b.gpr[n] = integer(r);
    if (file === 'vector')
      for (const half of [0, 1]) b.xmm[n * 2 + half] = lane64(r, r.chance(0.85) ? kind : 'integer');
  }
  if (byReg?.file === 'vector' && byRm?.file === 'vector' && b.rm >= 0 && r.chance(0.2)) {
    b.xmm[b.rm * 2] = b.xmm[b.reg * 2]! ^ (r.chance(0.3) ? 1n << 63n : 0n);
  }
  if (byReg?.file === 'general' && byRm?.file === 'general' && b.rm >= 0 && r.chance(0.15)) b.gpr[b.rm] = b.gpr[b.reg]!;
  if (operands.some((o) => o.file === 'vector') && r.chance(0.6)) b.mxcsr = controlWord(r);

  const usesData = isMemory && byRm !== undefined;
  const bits = usesData ? bitsOf(byRm.memorySize, b.operandSize) || implicitBits(b) : 0;
  const moffs = operands.find((o) => o.place === 'moffs');
  if (isMemory) b.memory = { address: 0n, bits };
  before(b);
  let address: Addressing | undefined;
  let moffsAddress: bigint | undefined;
  if (isMemory || moffs) {
    const size = moffs ? bitsOf(moffs.size, b.operandSize) : bits;
    const target = b.spot(Math.max(1, size / 8), alignment(b, size));
    b.memory = { address: target, bits: size };
    if (moffs) moffsAddress = b.withoutBase(target);
    else address = addressing(b, target, rexAllowed);
    // Registers that make the address are settled; what lies there comes from the pool of the other operands.
    const vector = byRm?.file === 'vector' || byReg?.file === 'vector';
    for (let done = 0; done < Math.min(size / 8, 16); done += 8) {
      const equal = byReg && r.chance(0.15);
      const from = vector ? b.xmm[b.reg * 2 + done / 8]! : b.gpr[Math.max(b.reg, 0)]!;
      b.poke(target + BigInt(done), 8, equal ? from : vector && r.chance(0.85) ? lane64(r, kind) : integer(r));
    }
  }
  after(b);

  // LOCK, also where it must not stand. AMD makes LOCK MOV CR0 a MOV CR8, and has nothing against LOCK VERW.
  const lockable = isMemory && row.lock === true;
  if (lockable ? r.chance(0.25) : r.chance(0.006) && !/^(MOV_|VER)/.test(shape.mnemonic)) {
    legacy.push(0xf0);
    b.lock = true;
  }
  for (let i = legacy.length - 1; i > 0; i--) {
    const j = r.below(i + 1);
    [legacy[i], legacy[j]] = [legacy[j]!, legacy[i]!];
  }

  // REX counts only right before the opcode.
  if (legacy.length + mandatory.length > 0 && r.chance(0.01)) legacy.unshift(0x40 | r.below(16));
  const bytes: number[] = [...legacy, ...mandatory];
  const rexR = byReg && byReg.file !== 'segment' ? b.reg >> 3 : 0;
  const rexB = address ? address.rexB : b.rm >= 0 ? b.rm >> 3 : 0;
  const rex = (rexW << 3) | (rexR << 2) | ((address?.rexX ?? 0) << 1) | rexB;
  if (rex !== 0 || (rexAllowed && r.chance(0.25))) bytes.push(0x40 | rex);
  bytes.push(...ESCAPES[encoding.map]!, encoding.opcode | (byOpcode && encoding.plusRegister ? b.rm & 7 : 0));
  if (encoding.hasModrm) {
    const reg = encoding.modrmMask === 0 ? (b.reg < 0 ? 0 : b.reg & 7) << 3 : encoding.modrmValue & 0x38;
    if (shape.rm === 'none') bytes.push(encoding.modrmValue);
    else if (address) bytes.push(reg | address.modrm, ...address.rest);
    else bytes.push(0xc0 | reg | (b.rm & 7));
  }
  let displacementEnd = bytes.length;
  for (const code of operands) {
    if (code.place === 'immediate') bytes.push(...immediateFor(b, code));
    else if (code.place === 'relative') bytes.push(...relativeFor(b, code));
    else if (code.place === 'moffs') bytes.push(...littleEndian(moffsAddress!, b.addressSize / 8));
  }

  // Segment prefixes without meaning, up to the longest instruction or one byte more, which is #GP.
  if (r.chance(0.01)) {
    const padding = Math.max(0, 15 + r.below(2) - bytes.length);
    bytes.unshift(...Array.from({ length: padding }, () => r.pick([0x2e, 0x36, 0x3e, 0x26])));
    displacementEnd += padding;
  }

  // AMD does not fetch the operands of UD0 and UD1.
  const codeOffset =
    r.chance(0.88) || /^UD[01]$/.test(shape.mnemonic)
      ? 256 + 16 * r.below(200)
      : r.chance(0.6)
        ? 4096 - r.below(bytes.length + 1)
        : MAP.codeSize - 1 - r.below(bytes.length + 3);
  if (address?.ripTarget !== undefined) {
    const next = BigInt(MAP.code + codeOffset + bytes.length);
    bytes.splice(displacementEnd - 4, 4, ...littleEndian(address.ripTarget - next, 4));
  }

  if (r.chance(0.03)) b.rflags |= FLAG.AC;
  if (r.chance(0.03) && !neverTrapped(b)) b.rflags |= FLAG.TF;
  const stepped = !neverStepped(b) && (row.ends === true || (b.rflags & FLAG.TF) !== 0 || r.chance(0.3));
  return {
    id: `${shape.key.toString(16).padStart(8, '0')}:${index}`,
    bytes: Uint8Array.from(bytes.slice(0, 16)),
    codeOffset,
    gpr: b.gpr,
    rflags: b.rflags | 0x202,
    mxcsr: b.mxcsr,
    xmm: b.xmm,
    patches: b.patches,
    stopBy: stepped ? STOP_BY.step : STOP_BY.int3,
    segments: operands.some((o) => o.file === 'segment') || /^(POP|L[SDEFG]S)$/.test(shape.mnemonic),
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
