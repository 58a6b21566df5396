/**
 * How an x87 instruction runs. Its row says what it does by an `Operation`, a plain function over the `Fpu`; all rows go
 * through the one helper `x87`, which looks for pending exceptions before and keeps the instruction and operand pointers
 * after. Operations that fault on memory throw before they change anything.
 */
import { CpuFault, type Helper, type HelperContext } from '../helper.ts';
import type { Instruction } from '../instruction.ts';
import { type Ops, VECTOR } from '../ops.ts';
import type { Semantics } from '../row.ts';
import { ES, Fpu } from './fpu.ts';

/** What an operation is told about its instruction. */
export interface Operands {
  /** i of ST(i). */
  readonly register: number;
  /** Linear address of the memory operand. */
  readonly address: bigint;
  /** What the row passes besides: FCMOVcc its condition. */
  readonly extra: bigint;
}

export type Operation = (fpu: Fpu, operands: Operands) => void;

/** Gives what the instruction wants back: FCOMI its flags, FNSTSW the status word. */
export type ResultOperation = (fpu: Fpu, operands: Operands) => number;

export interface OperationOptions {
  /** Does not look for pending exceptions: the FN forms (SDM Vol. 1, 8.6). */
  readonly noWait?: boolean;
  /** A control instruction: leaves opcode, instruction and operand pointer as they are (SDM Vol. 1, 8.1.8). */
  readonly control?: boolean;
}

interface Entry extends OperationOptions {
  readonly run: ResultOperation;
}

/** By number, in the order of the rows. */
const operations: Entry[] = [];

/** The first argument of the helper: opcode in the low bits, as FOP has it, and the operation's number above. */
const OPCODE_BITS = 11;
const OPCODE_MASK = (1 << OPCODE_BITS) - 1;

/** Emits the call; `extra` stands in for the addresses, which only memory operands have. */
const call = <V, C, X>(o: Ops<V, C, X>, i: Instruction, number: number, extra?: V): V => {
  const firstByte = Number.parseInt(i.row.encoding.slice(0, 2), 16);
  const what = o.or(64, o.int(64, (number << OPCODE_BITS) | ((firstByte & 7) << 8)), o.modrm());
  const memory = i.operands.find((op) => op.kind === 'mem');
  if (memory === undefined) return o.call('x87', what, o.thisRip(), extra ?? o.int(64, 0), o.int(64, 0));
  return o.call('x87', what, o.thisRip(), o.linearAddress(memory), o.effectiveAddress(memory));
};

const register = (run: ResultOperation, options: OperationOptions): number => operations.push({ run, ...options }) - 1;

/** The instruction function for an operation; `pass` makes the extra value. */
export const x87 = (
  run: Operation,
  options: OperationOptions = {},
  pass?: <V, C, X>(o: Ops<V, C, X>) => V,
): Semantics => {
  const withoutResult: ResultOperation = (fpu, operands) => {
    run(fpu, operands);
    return 0;
  };
  const number = register(withoutResult, options);
  return (o, i) => {
    call(o, i, number, pass?.(o));
  };
};

/** The same for one with a result, 64 bits, which `use` takes. */
export const x87With = (
  run: ResultOperation,
  use: <V, C, X>(o: Ops<V, C, X>, result: V) => void,
  options: OperationOptions = {},
): Semantics => {
  const number = register(run, options);
  return (o, i) => use(o, call(o, i, number));
};

export const x87Helpers = {
  /**
   * Runs an operation: what, rip, linear address and offset of the operand (SDM Vol. 1, 8.1.8: FDP is the offset), or in
   * place of the address an extra value.
   */
  x87(c: HelperContext, what: bigint, rip: bigint, address: bigint, offset: bigint): bigint {
    const fpu = new Fpu(c);
    const opcode = Number(what) & OPCODE_MASK;
    const { run, noWait, control } = operations[Number(what) >> OPCODE_BITS]!;
    if (!noWait && fpu.status & ES) throw new CpuFault(VECTOR.MF);
    const result = run(fpu, { register: opcode & 7, address, extra: address });
    if (!control) {
      const { state } = c;
      state.setWord('fop', opcode);
      state.setQuad('fip', rip);
      const hasMemory = (opcode & 0xff) < 0xc0;
      if (hasMemory) state.setQuad('fdp', offset);
    }
    return BigInt(result);
  },
} as const satisfies Record<string, Helper>;
