/**
 * The decoder for 64-bit mode: bytes to `Instruction` (SDM Vol. 2A, chapter 2; opcode maps from the rows).
 *
 * One `Decoder` reads one instruction at a time and holds its state in fields meanwhile; what it returns shares nothing
 * with it but constant register operands.
 */
import { ALL_FEATURES, type FeatureSet, missingFeatures } from '../isa/features.ts';
import { rows as allRows } from '../isa/index.ts';
import type {
  ImmediateOperand,
  Instruction,
  MemoryOperand,
  Operand,
  SegmentBase,
  TargetOperand,
  Width,
} from '../isa/instruction.ts';
import type { Row } from '../isa/row.ts';
import { OPCODE_MAP } from './encoding.ts';
import { byteImmediates, extendedByteImmediates, immediate, toBigint } from './numbers.ts';
import { type OperandSpec, SOURCE } from './operands.ts';
import { NO_PREFIX, PREFIX, prefixKinds, REX_B, REX_R, REX_W, REX_X } from './prefixes.ts';
import { buildTables, type Candidate, candidatesOf, contextOf, type OpcodeTables, PREFIX_CONTEXT } from './tables.ts';

/**
 * Why there is no instruction: `invalid` is #UD; `truncated` means that all `available` bytes are used up and more are
 * needed (the next page must be fetched, or its fetch faults); `tooLong` is #GP(0) for more than 15 bytes.
 */
export type DecodeFailure = 'invalid' | 'truncated' | 'tooLong';
export type DecodeResult = Instruction | DecodeFailure;

/** SDM Vol. 2A, 2.3.11: an instruction of more than 15 bytes is #GP. */
export const MAX_INSTRUCTION_LENGTH = 15;

const SIZE_INDEX = { 16: 0, 32: 1, 64: 2 } as const;
const NO_OPERANDS: readonly Operand[] = [];

/** See operands.ts. */
const sizeIndexOf = (operandSize: 16 | 32 | 64, vexL: number): number => SIZE_INDEX[operandSize] + (vexL === 0 ? 0 : 3);

export class Decoder {
  private readonly tables: OpcodeTables;

  private bytes: Uint8Array = new Uint8Array(0);
  /** Where the next byte is read. */
  private position = 0;
  private nextAddress = 0;

  private rex = 0;
  private hasRex = false;
  private segment: SegmentBase = 'none';
  private addressSize: 32 | 64 = 64;
  private opcode = 0;
  private modrm = 0;
  private vvvv = 0;
  private sizeIndex = 0;

  private base = -1;
  private index = -1;
  private scale = 1;
  /** The scale as SIB says it, also where there is no index. */
  private sibScale = 1;
  private displacement = 0;
  private ripRelative = false;

  constructor(rows: readonly Row[]) {
    this.tables = buildTables(rows);
  }

  /**
   * Decodes the instruction at `bytes[offset]`, reading at most `available` bytes from there. `address` is its linear
   * address (below 2^47, so exact as a number).
   */
  decode(bytes: Uint8Array, offset: number, available: number, address: number): DecodeResult {
    const end = offset + Math.min(available, MAX_INSTRUCTION_LENGTH);
    const short: DecodeFailure = available >= MAX_INSTRUCTION_LENGTH ? 'tooLong' : 'truncated';
    let p = offset;

    // Legacy prefixes in any order, the last of a group wins; REX counts only directly before the opcode.
    let rex = 0;
    let repeat = 0;
    let operandSizePrefix = false;
    let addressSize: 32 | 64 = 64;
    let lock = false;
    let segment: SegmentBase = 'none';
    let opcode: number;
    for (;;) {
      if (p >= end) return short;
      opcode = bytes[p++]!;
      const kind = prefixKinds[opcode]!;
      if (kind === NO_PREFIX) break;
      if (kind === PREFIX.rex) {
        rex = opcode;
        continue;
      }
      rex = 0;
      if (kind === PREFIX.operandSize) operandSizePrefix = true;
      else if (kind === PREFIX.addressSize) addressSize = 32;
      else if (kind === PREFIX.repeat) repeat = opcode;
      else if (kind === PREFIX.lock) lock = true;
      else if (kind === PREFIX.fs) segment = 'fs';
      else if (kind === PREFIX.gs) segment = 'gs';
    }

    let hasRex = rex !== 0;
    let prefix: number =
      repeat === 0
        ? operandSizePrefix
          ? PREFIX_CONTEXT['66']
          : PREFIX_CONTEXT.none
        : repeat === 0xf3
          ? PREFIX_CONTEXT.F3
          : PREFIX_CONTEXT.F2;
    let map: number = OPCODE_MAP.primary;
    let vexL = 0;
    let isVex = false;
    let refused = false;
    if (opcode === 0x0f) {
      map = OPCODE_MAP.map0F;
      if (p >= end) return short;
      opcode = bytes[p++]!;
      if (opcode === 0x38 || opcode === 0x3a) {
        map = opcode === 0x38 ? OPCODE_MAP.map0F38 : OPCODE_MAP.map0F3A;
        if (p >= end) return short;
        opcode = bytes[p++]!;
      }
    } else if (opcode === 0xc4 || opcode === 0xc5) {
      // VEX (SDM Vol. 2A, 2.3): in 64-bit mode these bytes are nothing else.
      // Behind REX they are LES and LDS still, whose bytes are fetched and then refused; behind other prefixes refused too.
      if (hasRex) return this.invalidMemoryForm(bytes, p, end) ? 'invalid' : short;
      refused = prefix !== PREFIX_CONTEXT.none || lock;
      isVex = true;
      let vexMap = 1;
      if (p >= end) return short;
      let byte = bytes[p++]!;
      rex = (byte & 0x80) === 0 ? REX_R : 0;
      if (opcode === 0xc4) {
        vexMap = byte & 0x1f;
        if ((byte & 0x40) === 0) rex |= REX_X;
        if ((byte & 0x20) === 0) rex |= REX_B;
        if (p >= end) return short;
        byte = bytes[p++]!;
        if ((byte & 0x80) !== 0) rex |= REX_W;
      }
      // Byte registers are those of REX, which VEX includes.
      hasRex = true;
      map = OPCODE_MAP.vex0F - 1 + vexMap;
      this.vvvv = (~byte >> 3) & 15;
      vexL = (byte >> 2) & 1;
      prefix = byte & 3;
      if (p >= end) return short;
      opcode = bytes[p++]!;
      if (vexMap < 1 || vexMap > 3) return 'invalid';
    }

    const slot = this.tables[(map << 8) | opcode];
    if (slot === undefined) return 'invalid';
    const candidates = slot.candidates ?? candidatesOf(slot);

    let modrm = 0;
    if (slot.hasModrm) {
      if (p >= end) return short;
      modrm = bytes[p++]!;
    }
    const context = contextOf(prefix, (rex & REX_W) >> 3, modrm >= 0xc0 ? 1 : 0, isVex ? vexL : rex & REX_B);
    let chosen: Candidate | undefined;
    for (let n = 0; n < candidates.length; n++) {
      const candidate = candidates[n]!;
      if (((candidate.contexts >>> context) & 1) !== 0 && (modrm & candidate.modrmMask) === candidate.modrmValue) {
        chosen = candidate;
        break;
      }
    }
    if (chosen === undefined) return 'invalid';
    // SDM Vol. 2A, 2.3.5.6: an unused vvvv must be 1111b, which is register 0 here.
    if (isVex && this.vvvv !== 0 && !chosen.operands.hasVvvv) refused = true;
    const row = chosen.row;

    const operandSize =
      row.force64 === true || (rex & REX_W) !== 0
        ? 64
        : operandSizePrefix && !chosen.consumes66
          ? 16
          : row.default64 === true
            ? 64
            : 32;
    const sizeIndex = sizeIndexOf(operandSize, vexL);

    this.bytes = bytes;
    this.rex = rex;
    this.addressSize = addressSize;
    this.segment = segment;
    if (slot.hasModrm && modrm < 0xc0) {
      p = this.readMemoryForm(p, end, modrm);
      if (p < 0) return short;
    }

    const list = chosen.operands;
    const immediateBytes = list.immediateBytes[sizeIndex]! + (list.hasMoffs ? addressSize >> 3 : 0);
    const length = p + immediateBytes - offset;
    if (offset + length > end) return short;

    this.position = p;
    this.nextAddress = address + length;
    this.hasRex = hasRex;
    this.opcode = opcode;
    this.modrm = modrm;
    this.sizeIndex = sizeIndex;
    const specs = list.specs;
    let operands = NO_OPERANDS;
    if (specs.length !== 0) {
      const first = this.operand(specs[0]!);
      if (first === undefined) return 'invalid';
      if (specs.length === 1) {
        operands = [first];
      } else {
        const second = this.operand(specs[1]!);
        if (second === undefined) return 'invalid';
        if (specs.length === 2) {
          operands = [first, second];
        } else {
          const all = [first, second];
          for (let n = 2; n < specs.length; n++) {
            const operand = this.operand(specs[n]!);
            if (operand === undefined) return 'invalid';
            all.push(operand);
          }
          operands = all;
        }
      }
    }
    if (refused) return 'invalid';
    if (lock && (row.lock !== true || operands.length === 0 || operands[0]!.kind !== 'mem')) return 'invalid';

    return {
      row,
      address,
      length,
      operands,
      operandSize,
      addressSize,
      repeat: row.repeats === true && repeat !== 0 ? (repeat === 0xf3 ? 'rep' : 'repne') : 'none',
      lock,
      segment,
      vectorLength: vexL === 0 ? 128 : 256,
      modrm,
    };
  }

  /** Whether all bytes of ModRM and what it asks for are there, of an instruction that is none. */
  private invalidMemoryForm(bytes: Uint8Array, p: number, end: number): boolean {
    if (p >= end) return false;
    this.bytes = bytes;
    this.rex = 0;
    const modrm = bytes[p]!;
    if (modrm >= 0xc0) return true;
    const after = this.readMemoryForm(p + 1, end, modrm);
    return after >= 0 && after <= end;
  }

  /** SIB and displacement; gives the position behind them, or -1 when it is past `end`. */
  private readMemoryForm(start: number, end: number, modrm: number): number {
    const bytes = this.bytes;
    const rex = this.rex;
    let p = start;
    const mod = modrm >> 6;
    const rm = modrm & 7;
    let base = rm | ((rex & REX_B) << 3);
    let index = -1;
    let scale = 1;
    let ripRelative = false;
    let displacementBytes = mod === 1 ? 1 : mod === 2 ? 4 : 0;
    if (rm === 4) {
      if (p >= end) return -1;
      const sib = bytes[p++]!;
      base = (sib & 7) | ((rex & REX_B) << 3);
      index = ((sib >> 3) & 7) | ((rex & REX_X) << 2);
      scale = 1 << (sib >> 6);
      this.sibScale = scale;
      if (index === 4) {
        index = -1;
        scale = 1;
      }
      if ((sib & 7) === 5 && mod === 0) {
        base = -1;
        displacementBytes = 4;
      }
    } else if (rm === 5 && mod === 0) {
      base = -1;
      ripRelative = true;
      displacementBytes = 4;
    }
    let displacement = 0;
    if (displacementBytes === 1) {
      if (p >= end) return -1;
      displacement = (bytes[p]! << 24) >> 24;
    } else if (displacementBytes === 4) {
      if (p + 4 > end) return -1;
      displacement = this.signed32(p);
    }
    this.base = base;
    this.index = index;
    this.scale = scale;
    this.ripRelative = ripRelative;
    this.displacement = displacement;
    return p + displacementBytes;
  }

  private signed32(p: number): number {
    const bytes = this.bytes;
    return bytes[p]! | (bytes[p + 1]! << 8) | (bytes[p + 2]! << 16) | (bytes[p + 3]! << 24);
  }

  private unsigned64(p: number): bigint {
    return (BigInt(this.signed32(p + 4) >>> 0) << 32n) | BigInt(this.signed32(p) >>> 0);
  }

  /** Undefined where a register number has no register. Immediates are read in the order of the operands. */
  private operand(spec: OperandSpec): Operand | undefined {
    const sizeIndex = this.sizeIndex;
    switch (spec.source) {
      case SOURCE.reg:
        return this.registerOf(spec, ((this.modrm >> 3) & 7) | ((this.rex & REX_R) << 1));
      case SOURCE.rm:
        return this.modrm >= 0xc0
          ? this.registerOf(spec, (this.modrm & 7) | ((this.rex & REX_B) << 3))
          : this.memory(spec.widths[sizeIndex]!);
      case SOURCE.opcode:
        return this.registerOf(spec, (this.opcode & 7) | ((this.rex & REX_B) << 3));
      case SOURCE.fixed:
        return spec.fixed[sizeIndex];
      case SOURCE.immediate:
        return this.immediate(spec);
      case SOURCE.relative:
        return this.target(spec.immediateBytes[sizeIndex]!);
      case SOURCE.moffs:
        return this.moffs(spec.widths[sizeIndex]!);
      case SOURCE.stringSource:
        return this.stringOperand(spec.widths[sizeIndex]!, 6, this.segment);
      case SOURCE.stringDestination:
        return this.stringOperand(spec.widths[sizeIndex]!, 7, 'none');
      case SOURCE.vvvv:
        return this.registerOf(spec, this.vvvv);
      case SOURCE.vsib:
        return this.vsibMemory(spec);
      case SOURCE.is4:
        return this.registerOf(spec, this.bytes[this.position++]! >> 4);
    }
  }

  private registerOf(spec: OperandSpec, n: number): Operand | undefined {
    const tables = this.hasRex ? spec.registers : spec.registersWithoutRex;
    return tables[this.sizeIndex]![n & spec.registerMask];
  }

  private memory(width: number): MemoryOperand {
    let displacement = this.displacement;
    if (this.ripRelative) {
      displacement += this.nextAddress;
      // Relative to EIP: the sum is a 32-bit address.
      if (this.addressSize === 32) displacement = displacement >>> 0;
    }
    return {
      kind: 'mem',
      width,
      base: this.base,
      index: this.index,
      scale: this.scale,
      displacement: toBigint(displacement),
      segment: this.segment,
      addressSize: this.addressSize,
      ripRelative: this.ripRelative,
    };
  }

  /**
   * Without a SIB byte there is no index vector: #UD (SDM Vol. 2A, 2.3.12), as where two of index, destination and mask are
   * one register. Index 100b is register 4 here.
   */
  private vsibMemory(spec: OperandSpec): MemoryOperand | undefined {
    if ((this.modrm & 7) !== 4) return undefined;
    const index = this.index < 0 ? 4 : this.index;
    const destination = ((this.modrm >> 3) & 7) | ((this.rex & REX_R) << 1);
    if (new Set([index, destination, this.vvvv]).size < 3) return undefined;
    return { ...this.memory(spec.widths[this.sizeIndex]!), index, scale: this.sibScale, vsib: spec.vsib! };
  }

  private immediate(spec: OperandSpec): ImmediateOperand {
    const p = this.position;
    const width = spec.widths[this.sizeIndex]! as Width;
    const count = spec.immediateBytes[this.sizeIndex]!;
    this.position = p + count;
    switch (count) {
      case 1: {
        const byte = this.bytes[p]!;
        return width === 8 ? byteImmediates[byte]! : extendedByteImmediates[width][byte]!;
      }
      case 2:
        return immediate(width, BigInt(this.bytes[p]! | (this.bytes[p + 1]! << 8)));
      case 4: {
        const value = this.signed32(p);
        return immediate(width, width === 64 ? BigInt.asUintN(64, BigInt(value)) : BigInt(value >>> 0));
      }
      default:
        return immediate(width, this.unsigned64(p));
    }
  }

  private target(count: number): TargetOperand {
    const p = this.position;
    this.position = p + count;
    const bytes = this.bytes;
    const distance =
      count === 1
        ? (bytes[p]! << 24) >> 24
        : count === 2
          ? ((bytes[p]! | (bytes[p + 1]! << 8)) << 16) >> 16
          : this.signed32(p);
    const target = this.nextAddress + distance;
    return { kind: 'target', width: 64, value: target < 0 ? BigInt.asUintN(64, BigInt(target)) : BigInt(target) };
  }

  private moffs(width: number): MemoryOperand {
    const p = this.position;
    this.position = p + (this.addressSize >> 3);
    return {
      kind: 'mem',
      width,
      base: -1,
      index: -1,
      scale: 1,
      displacement: this.addressSize === 64 ? this.unsigned64(p) : BigInt(this.signed32(p) >>> 0),
      segment: this.segment,
      addressSize: this.addressSize,
      ripRelative: false,
    };
  }

  private stringOperand(width: number, base: number, segment: SegmentBase): MemoryOperand {
    return {
      kind: 'mem',
      width,
      base,
      index: -1,
      scale: 1,
      displacement: 0n,
      segment,
      addressSize: this.addressSize,
      ripRelative: false,
    };
  }
}

const decoders = new WeakMap<FeatureSet, Decoder>();

/** A decoder that knows the rows whose features are all in the set. The opcode tables are built at the first call. */
export const decoderFor = (features: FeatureSet): Decoder => {
  let decoder = decoders.get(features);
  if (decoder === undefined) {
    decoder = new Decoder(allRows.filter((row) => missingFeatures(row, features).length === 0));
    decoders.set(features, decoder);
  }
  return decoder;
};

/** `Decoder.decode` over all rows of the instruction set. */
export const decode = (bytes: Uint8Array, offset: number, available: number, address: number): DecodeResult =>
  decoderFor(ALL_FEATURES).decode(bytes, offset, available, address);
