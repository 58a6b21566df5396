/**
 * The x87 as its instructions see it: register stack, tags, control and status word (SDM Vol. 1, 8.1).
 *
 * The CPU state keeps registers in stack order, ST(0) first, as FXSAVE and signal frames do; tags belong to physical
 * registers. So whatever changes TOP moves the contents along, and physical registers keep theirs - which shows: an
 * empty register's contents are saved too.
 */

import type { CpuState } from '../../cpu-state.ts';
import { BINARY32, BINARY64, EXTENDED80 } from '../../float/format.ts';
import { type FloatMode, IE, OE, PRE_COMPUTATION, type Rounding, UE } from '../../float/mode.ts';
import { stateOffset, X87_EXCEPTIONS, X87_STATUS } from '../../state.ts';
import type { HelperContext } from '../helper.ts';

export const { SF, ES, C0, C1, C2, C3 } = X87_STATUS;
export const CONDITIONS = C0 | C1 | C2 | C3;

const TOP_SHIFT = 11;
const TOP_MASK = 7 << TOP_SHIFT;

const RC_SHIFT = 10;
const PC_SHIFT = 8;
/** By the PC field; 1 is reserved, and AMD processors then use full precision. */
const PRECISIONS = [BINARY32.precision, EXTENDED80.precision, BINARY64.precision, EXTENDED80.precision] as const;

const REGISTERS = stateOffset('st');
const STRIDE = 16;
const COUNT = 8;
const scratch = new Uint8Array(COUNT * STRIDE);

/** What registers receive for an invalid operation whose exception is masked. */
export const INDEFINITE = EXTENDED80.defaultNaN;

/** Settings for conversions that cannot round. */
export const EXACT: FloatMode = {
  rounding: 0,
  denormalsAreZero: false,
  flushToZero: false,
  overflowMasked: true,
  underflowMasked: true,
};

export class Fpu {
  readonly context: HelperContext;
  readonly state: CpuState;
  #bytes: Uint8Array;
  #view: DataView;

  constructor(context: HelperContext) {
    this.context = context;
    this.state = context.state;
    this.#bytes = this.state.bytes;
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset);
  }

  get control(): number {
    return this.state.word('fcw');
  }

  get status(): number {
    return this.state.word('fsw');
  }

  /** ES and B follow from the exception flags, whatever the value says. */
  set status(value: number) {
    this.state.setX87Control(this.control, value);
  }

  get top(): number {
    return (this.status & TOP_MASK) >> TOP_SHIFT;
  }

  set top(value: number) {
    const distance = (value - this.top) & 7;
    this.state.setWord('fsw', (this.status & ~TOP_MASK) | ((value & 7) << TOP_SHIFT));
    if (distance === 0) return;
    const registers = this.#bytes.subarray(REGISTERS, REGISTERS + scratch.length);
    scratch.set(registers);
    registers.set(scratch.subarray(distance * STRIDE));
    registers.set(scratch.subarray(0, distance * STRIDE), scratch.length - distance * STRIDE);
  }

  // --- registers ------------------------------------------------------------------------------------------------------

  /** Contents of ST(n), whether empty or not. */
  st(n: number): bigint {
    const at = REGISTERS + n * STRIDE;
    return (BigInt(this.#view.getUint16(at + 8, true)) << 64n) | this.#view.getBigUint64(at, true);
  }

  /** Fills ST(n), which is not empty then. */
  setSt(n: number, value: bigint): void {
    const at = REGISTERS + n * STRIDE;
    this.#view.setBigUint64(at, BigInt.asUintN(64, value), true);
    this.#view.setBigUint64(at + 8, value >> 64n, true);
    this.state.setWord('ftw', this.state.word('ftw') | this.#tag(n));
  }

  isEmpty(n: number): boolean {
    return (this.state.word('ftw') & this.#tag(n)) === 0;
  }

  free(n: number): void {
    this.state.setWord('ftw', this.state.word('ftw') & ~this.#tag(n));
  }

  /** Decrements TOP and fills the new ST(0), whatever it held. */
  push(value: bigint): void {
    this.top--;
    this.setSt(0, value);
  }

  pop(): void {
    this.free(0);
    this.top++;
  }

  #tag(n: number): number {
    return 1 << ((this.top + n) & 7);
  }

  // --- settings -------------------------------------------------------------------------------------------------------

  get rounding(): Rounding {
    return ((this.control >> RC_SHIFT) & 3) as Rounding;
  }

  /** For results which the precision control does not concern. */
  get mode(): FloatMode {
    return {
      ...EXACT,
      rounding: this.rounding,
      overflowMasked: (this.control & OE) !== 0,
      underflowMasked: (this.control & UE) !== 0,
    };
  }

  /** For additions, multiplications, divisions and square roots (SDM Vol. 1, 8.1.5.2). */
  get modeWithPrecision(): FloatMode {
    return { ...this.mode, precision: PRECISIONS[(this.control >> PC_SHIFT) & 3]! };
  }

  // --- exceptions -----------------------------------------------------------------------------------------------------

  /** The exceptions among `flags` which are not masked. */
  unmasked(flags: number): number {
    return flags & ~this.control & X87_EXCEPTIONS;
  }

  /** Sets and clears condition bits. */
  setConditions(mask: number, value: number): void {
    this.status = (this.status & ~mask) | value;
  }

  /**
   * Notes the exceptions of an operation, and in C1 whether it rounded up. Returns whether the destination receives the
   * result: not after an unmasked exception of the operands.
   */
  settle(flags: number, roundedUp = false): boolean {
    const stopped = this.unmasked(flags & PRE_COMPUTATION) !== 0;
    const seen = stopped ? flags & PRE_COMPUTATION : flags;
    this.status = (this.status & ~C1) | seen | (roundedUp && !stopped ? C1 : 0);
    return !stopped;
  }

  /** An empty register was to be read. Returns whether the masked response, the indefinite, is wanted. */
  underflow(): boolean {
    this.status = (this.status & ~C1) | IE | SF;
    return this.unmasked(IE) === 0;
  }

  /** A register that is not empty was to be pushed over. */
  overflow(): boolean {
    this.status |= C1 | IE | SF;
    return this.unmasked(IE) === 0;
  }

  /** Whether any of these registers is empty. */
  anyEmpty(...registers: number[]): boolean {
    return registers.some((n) => this.isEmpty(n));
  }
}
