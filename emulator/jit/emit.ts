/**
 * The operations of instructions as a region wants them: operands are constants, registers are locals (`frame.ts`), and
 * whatever is rare - a TLB miss, an access across a page, a float operation with an answer of its own, a helper - leaves the
 * region at the start of the instruction, which the interpreter then executes.
 *
 * Invariants:
 *  - Nothing of the guest's state is written before the last point at which an instruction may leave. Where a function does
 *    otherwise `notes.late` is set, and the instruction is left to the interpreter altogether.
 *  - A `Value` may name a register's local as long as the instruction does not write that register: then it moves to a
 *    temporary first.
 */

import type { Value } from '../interpreter/values.ts';
import type { Instruction, Operand, Width } from '../isa/instruction.ts';
import type { FlagName, Ops } from '../isa/ops.ts';
import { ARITHMETIC_FLAGS, RFLAGS, STATE } from '../state.ts';
import { OP, TYPE } from '../wasm/opcodes.ts';
import { type Begin, empty } from './emit/control.ts';
import { type Host, MemoryEmitter } from './emit/memory.ts';
import { LazyFlags } from './flags.ts';
import type { Frame } from './frame.ts';
import type { Share } from './plan.ts';
import type { RegionWriter } from './writer.ts';

const { i32, i64 } = TYPE;

const SEGMENTS = [STATE.es, STATE.cs, STATE.ss, STATE.ds, STATE.fs, STATE.gs];

export class RegionOps extends MemoryEmitter implements Ops<Value, Value, Value> {
  readonly flags: LazyFlags;
  #writable = new Map<Operand, Host>();

  constructor(f: RegionWriter, frame: Frame) {
    super(f, frame);
    this.flags = new LazyFlags(this, frame);
  }

  override begin(i: Instruction, begin: Begin, shares: readonly (Share | null)[] = []): void {
    super.begin(i, begin, shares);
    empty(this.#writable);
  }

  // --- operands -----------------------------------------------------------------------------------------------------

  override read(op: Operand): Value {
    switch (op.kind) {
      case 'reg':
        return op.high ? this.highByte(op.register) : this.register(op.width, op.register);
      case 'segment':
        this.f.i32(0);
        this.f.memory(OP.i32Load16u, SEGMENTS[op.register]!);
        return this.pop(i32);
      case 'vector':
        return this.lane(op.width as Width, this.readVector(op), 0);
      case 'imm':
      case 'target':
        return this.int(op.width, op.value);
      case 'mem':
        return this.load(op.width as Width, this.linearAddress(op));
      default:
        this.notes.unsupported = true;
        return this.int(64, 0);
    }
  }

  override readForWrite(op: Operand): Value {
    if (op.kind !== 'mem') return this.read(op);
    const w = op.width as Width;
    const host = this.host('write', this.linearAddress(op), w / 8);
    this.#writable.set(op, host);
    return this.loadAt(w, host);
  }

  override write(op: Operand, value: Value): void {
    switch (op.kind) {
      case 'reg':
        if (op.high) this.setHighByte(op.register, value);
        else this.setRegister(op.width, op.register, value);
        return;
      case 'mem': {
        const host = this.#writable.get(op);
        if (host === undefined) {
          this.store(op.width as Width, this.linearAddress(op), value);
          return;
        }
        this.storeAt(op.width as Width, host, value);
        return;
      }
      default:
        this.notes.unsupported = true;
    }
  }

  override readVector(op: Operand): Value {
    if (op.kind === 'mem') return this.load128(this.linearAddress(op));
    if (op.kind === 'vector') return this.vectorRegister(op.register);
    this.notes.unsupported = true;
    return this.vectorConstant(0n, 0n);
  }

  override readVectors(op: Operand): Value[] {
    const count = op.width === 256 ? 2 : 1;
    if (op.kind === 'mem') return this.loadChunks(this.linearAddress(op), count);
    const low = this.readVector(op);
    return count === 1 || op.kind !== 'vector' ? [low] : [low, this.vectorUpper(op.register)];
  }

  override writeVector(op: Operand, value: Value): void {
    if (op.kind === 'mem') {
      this.store128(this.linearAddress(op), value);
      return;
    }
    if (op.kind !== 'vector') {
      this.notes.unsupported = true;
      return;
    }
    this.setVectorRegister(op.register, value);
  }

  override writeVectors(op: Operand, values: readonly Value[]): void {
    if (op.kind === 'mem') {
      this.storeChunks(this.linearAddress(op), values);
      return;
    }
    if (op.kind !== 'vector') {
      this.notes.unsupported = true;
      return;
    }
    this.writeVector(op, values[0]!);
    this.setVectorUpper(op.register, values[1] ?? this.vectorConstant(0n, 0n));
  }

  override setSegmentBase(segment: 'fs' | 'gs', value: Value): void {
    this.wrote();
    super.setSegmentBase(segment, value);
  }

  override select(w: Width, c: Value, a: Value, b: Value): Value {
    if (c.constant !== null) return c.constant === 0n ? b : a;
    return super.select(w, c, a, b);
  }

  // --- flags --------------------------------------------------------------------------------------------------------

  #sets(mask: number): boolean {
    this.notes.flagsTouched |= mask;
    if (this.depth === 0) this.notes.flagsSet |= mask;
    this.notes.wrote = true;
    return this.beginning.flagsWanted;
  }

  override flagsAdd(w: Width, a: Value, b: Value, r: Value): void {
    if (this.#sets(ARITHMETIC_FLAGS)) this.flags.operation('add', w, a, b, r);
  }

  override flagsSub(w: Width, a: Value, b: Value, r: Value): void {
    if (this.#sets(ARITHMETIC_FLAGS)) this.flags.operation('sub', w, a, b, r);
  }

  override flagsLogic(w: Width, r: Value): void {
    if (this.#sets(ARITHMETIC_FLAGS)) this.flags.logic(w, r);
  }

  override flagsResult(w: Width, r: Value, others: { cf?: Value; af?: Value; of?: Value }): void {
    let mask = RFLAGS.ZF | RFLAGS.SF | RFLAGS.PF;
    for (const name of ['cf', 'af', 'of'] as const) if (others[name] !== undefined) mask |= flagBit(name);
    if (!this.#sets(mask)) return;
    super.flagsResult(w, r, others);
    const known = { kind: 'result', w } as const;
    this.flags.known = known;
    this.tracker?.follow(known, null, null, r);
  }

  override setFlags(flags: Partial<Record<FlagName, Value>>): void {
    let mask = 0;
    for (const [name, value] of Object.entries(flags)) if (value !== undefined) mask |= flagBit(name as FlagName);
    if (!this.#sets(mask)) return;
    const { cf, zf, ...others } = flags;
    if (cf && zf && mask === ARITHMETIC_FLAGS && Object.values(others).every(({ constant }) => constant === 0n)) {
      this.flags.order(cf, zf);
      return;
    }
    super.setFlags(flags);
    this.flags.known = { kind: 'explicit' };
    this.tracker?.lose();
  }

  override writeFlags(mask: number, value: Value): void {
    if (mask & ~ARITHMETIC_FLAGS & (RFLAGS.TF | RFLAGS.AC)) this.notes.unsupported = true;
    super.writeFlags(mask, value);
  }

  /** String instructions go upwards here; the interpreter does the others. */
  override directionFlag(): Value {
    this.push(super.directionFlag());
    this.leaveIf();
    return this.condition(false);
  }

  override setDirectionFlag(value: boolean): void {
    this.wrote();
    super.setDirectionFlag(value);
  }

  override flag(name: FlagName): Value {
    this.notes.flagsRead |= flagBit(name);
    return this.flags.flag(name) ?? super.flag(name);
  }

  override conditionCode(code: number): Value {
    this.notes.flagsRead |= CONDITION_FLAGS[code >> 1]!;
    const holds = this.flags.condition(code >> 1);
    return (code & 1) === 0 ? holds : this.negate(holds);
  }

  protected override storeResult(w: Width, r: Value): void {
    this.push(w === 64 ? r : this.signExtend(w, 64, r));
    this.f.set(this.frame.flags.result);
  }

  protected override storeAux(aux: Value): void {
    this.flags.storeAux(aux);
  }

  protected override aux(): Value {
    return this.flags.aux();
  }

  protected override result(): Value {
    this.flags.settle();
    return { type: i64, local: this.frame.flags.result, constant: null };
  }

  /** The plain flag from result and aux, whatever is known. */
  plainFlag(name: FlagName): Value {
    return super.flag(name);
  }
}

const flagBit = (name: FlagName): number => RFLAGS[name.toUpperCase() as 'CF'];

/** What each pair of condition codes looks at. */
const CONDITION_FLAGS = [
  RFLAGS.OF,
  RFLAGS.CF,
  RFLAGS.ZF,
  RFLAGS.CF | RFLAGS.ZF,
  RFLAGS.SF,
  RFLAGS.PF,
  RFLAGS.SF | RFLAGS.OF,
  RFLAGS.ZF | RFLAGS.SF | RFLAGS.OF,
];
