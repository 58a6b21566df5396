/**
 * The lowest layer of `RegionOps`: how an instruction's function leaves the region, branches inside of the instruction, and says
 * where control goes behind it.
 */
import { FloatEmitter } from '../../interpreter/float.ts';
import type { Value } from '../../interpreter/values.ts';
import type { HelperName } from '../../isa/helpers.ts';
import type { Instruction, TargetOperand } from '../../isa/instruction.ts';
import { VECTOR, type Vector } from '../../isa/ops.ts';
import { LOWER_HALF_END } from '../../memory/canonical.ts';
import { REG } from '../../state.ts';
import { OP } from '../../wasm/opcodes.ts';
import type { LazyFlags } from '../flags.ts';
import type { Frame } from '../frame.ts';
import type { RegionWriter } from '../writer.ts';

/** How an instruction ends that is not simply followed by the next; the region's builder makes control flow of it. */
export type Transfer =
  | { readonly kind: 'goto'; readonly target: number }
  | { readonly kind: 'branch'; readonly condition: Value; readonly target: number }
  | { readonly kind: 'jump'; readonly target: Value };

/** What was seen while the function ran; see `effects.ts`. */
export interface Notes {
  ending: 'goto' | 'branch' | 'jump' | 'interpret' | null;
  unsupported: boolean;
  /** Which way an `if` goes was known. */
  decided: boolean;
  late: boolean;
  wrote: boolean;
  mayExit: boolean;
  flagsRead: number;
  flagsSet: number;
  flagsTouched: number;
  conditional: boolean;
}

const newNotes = (): Notes => ({
  ending: null,
  unsupported: false,
  decided: false,
  late: false,
  wrote: false,
  mayExit: false,
  flagsRead: 0,
  flagsSet: 0,
  flagsTouched: 0,
  conditional: false,
});

/** Empties a map. Of one that is empty already V8 would make a new table. */
export const empty = (map: Map<unknown, unknown>): void => {
  if (map.size > 0) map.clear();
};

export interface Begin {
  /** Some flag that the instruction writes is used later. */
  readonly flagsWanted: boolean;
  /** It writes registers inside an `if`. */
  readonly conditional: boolean;
  /** Its accesses to memory were to large pages (`interpreter/large.ts`). */
  readonly large?: boolean;
}

export abstract class ControlEmitter extends FloatEmitter {
  notes = newNotes();
  transfer: Transfer | null = null;
  abstract readonly flags: LazyFlags;
  protected readonly writer: RegionWriter;
  protected readonly frame: Frame;
  protected beginning!: Begin;
  /** In the rounds of a string instruction. */
  protected repeating = false;

  constructor(f: RegionWriter, frame: Frame) {
    super(f, undefined as unknown as Instruction);
    this.writer = f;
    this.frame = frame;
    f.leave = () => {
      this.mayLeave();
      f.brTo(this.exitLabel);
    };
  }

  /** Label outside which the region is left, for the flags that are known. */
  get exitLabel(): number {
    const { known } = this.flags;
    return known?.kind === 'carried' ? known.carry.exitLabel : this.frame.exitLabel;
  }

  /** Starts an instruction. */
  begin(i: Instruction, begin: Begin): void {
    this.writer.recycle();
    this.insn = i;
    this.notes = newNotes();
    this.transfer = null;
    this.repeating = false;
    this.beginning = begin;
  }

  /** Before code that is executed on one of two ways. */
  protected abstract beginBranches(): void;

  /** Before the rounds of a string instruction. */
  protected abstract beginRounds(): void;

  /** The instruction has changed something of the guest's. */
  protected wrote(): void {
    this.notes.wrote = true;
    if (this.depth > 0) this.notes.conditional = true;
  }

  // --- leaving ------------------------------------------------------------------------------------------------------

  protected mayLeave(): void {
    this.notes.mayExit = true;
    if (this.notes.wrote && !this.repeating) this.notes.late = true;
  }

  /** With a condition on the stack. */
  protected leaveIf(): void {
    this.mayLeave();
    this.f.unlikely();
    this.f.brIfTo(this.exitLabel);
  }

  protected leave(): void {
    if (this.depth === 0) this.notes.ending = 'interpret';
    this.writer.leave();
  }

  protected override exit(_code: number): void {
    this.leave();
  }

  protected override saveContext(): void {}

  raise(_vector: Vector, _errorCode?: number): void {
    this.leave();
  }

  raiseIf(c: Value, _vector: Vector, _errorCode?: number): void {
    if (c.constant !== null) this.notes.decided = true;
    if (c.constant === 0n) return;
    this.push(c);
    this.leaveIf();
  }

  trap(_vector: Vector): void {
    this.leave();
  }

  syscall(): void {
    this.leave();
  }

  again(): void {
    this.leave();
  }

  call(_name: HelperName, ..._args: Value[]): Value {
    this.leave();
    return this.int(64, 0);
  }

  /**
   * A string instruction, which may leave between two rounds: what is left of it is the same instruction again. To count as one
   * whatever happens it must be done within `limit` rounds.
   */
  override loop(limit: number, body: () => Value): void {
    if (this.insn.row.repeats !== true) {
      this.notes.unsupported = true;
      return;
    }
    const { f } = this;
    this.flags.settle();
    f.get(this.frame.general(REG.rcx));
    f.i64(BigInt(limit));
    f.op(OP.i64GtU);
    this.leaveIf();
    this.repeating = true;
    this.flags.known = null;
    this.beginRounds();
    f.loop();
    this.depth++;
    const more = body();
    this.push(more);
    f.brIf(0);
    this.depth--;
    f.end();
  }

  override if(c: Value, then: () => void, otherwise?: () => void): void {
    if (c.constant !== null) {
      this.notes.decided = true;
      super.if(c, then, otherwise);
      return;
    }
    this.beginBranches();
    this.flags.settle();
    const before = this.flags.known;
    let changed = false;
    const arm = (body: () => void) => () => {
      this.flags.known = before;
      body();
      changed ||= this.flags.known !== before;
    };
    super.if(c, arm(then), otherwise === undefined ? undefined : arm(otherwise));
    this.flags.known = changed ? null : before;
  }

  // --- where control goes -------------------------------------------------------------------------------------------

  nextRip(): Value {
    return this.int(64, this.insn.address + this.insn.length);
  }

  thisRip(): Value {
    return this.int(64, this.insn.address);
  }

  modrm(): Value {
    return this.int(64, this.insn.modrm);
  }

  /** Anything above the lower half is the interpreter's: one comparison. */
  nonCanonical(address: Value): Value {
    return this.negate(this.ltU(64, address, this.int(64, LOWER_HALF_END)));
  }

  jump(target: Value): void {
    if (!this.notes.wrote) this.raiseIf(this.nonCanonical(target), VECTOR.GP);
    if (this.depth > 0) this.notes.unsupported = true;
    this.notes.ending = 'jump';
    this.transfer = { kind: 'jump', target };
  }

  branch(target: TargetOperand): void {
    if (this.depth > 0) this.notes.unsupported = true;
    this.notes.ending = 'goto';
    this.transfer = { kind: 'goto', target: Number(target.value) };
  }

  branchIf(condition: Value, target: TargetOperand): void {
    if (this.depth > 0) this.notes.unsupported = true;
    this.notes.ending = 'branch';
    this.transfer = { kind: 'branch', condition, target: Number(target.value) };
  }
}
