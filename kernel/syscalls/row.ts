/**
 * A syscall is one row: number, name, argument types, handler. The argument types give the handler its parameters and
 * strace its text; `level` and `note` make the table of what is supported. There is no second list.
 */
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';

/** How much of the documented behaviour is there. */
export type SupportLevel = 'full' | 'partial';

/**
 * Every argument arrives as a number: C's `int` as signed 32 bits, pointers and sizes as unsigned 64 (exact below 2^53,
 * beyond which no user address or size is valid), `long` and `off_t` as signed.
 */
export interface ArgumentType {
  readonly pass: 'int' | 'unsigned' | 'long' | 'pointer';
  /**
   * Text as strace prints it. `''` leaves this argument out, null it and all that follow: the mode of open(2) without
   * O_CREAT.
   */
  format(value: number, context: FormatContext): string | null;
  /** Out-argument: what it points to is known only after the call. */
  readonly out?: boolean;
  /** A descriptor. */
  readonly descriptor?: true;
}

export interface FormatContext {
  readonly kernel: Kernel;
  readonly task: Task;
  /** All arguments, decoded. */
  readonly args: readonly number[];
  /** Which of them this one is. */
  readonly index: number;
  /** Result of the call, undefined at entry. */
  readonly result: number | undefined;
}

export type SyscallHandler = (kernel: Kernel, task: Task, ...args: number[]) => number;

export interface SyscallRow {
  readonly number: number;
  readonly name: string;
  readonly args: readonly (readonly [name: string, type: ArgumentType])[];
  /** How the register of each argument is decoded, one of `PASS`, from its type. */
  readonly passes: Uint8Array;
  /** Which arguments are descriptors. */
  readonly descriptors: readonly number[];
  readonly handler: SyscallHandler;
  readonly level: SupportLevel;
  /** What is missing when the level is partial. */
  readonly note: string;
  /** It puts a mask for its own length back by itself, whatever its result. */
  readonly ownMask?: true;
}

/** How a register becomes an argument: `ArgumentType.pass` as a number, for the way into every call. */
export const PASS = { int: 0, unsigned: 1, pointer: 2, long: 3 } as const;

/** A row whose documented behaviour is there in full, unless `missing` says what is not. */
export const syscall = (
  number: number,
  name: string,
  args: SyscallRow['args'],
  handler: SyscallHandler,
  missing = '',
): SyscallRow => ({
  number,
  name,
  args,
  passes: Uint8Array.from(args, ([, type]) => PASS[type.pass]),
  descriptors: args.flatMap(([, type], index) => (type.descriptor ? [index] : [])),
  handler,
  level: missing === '' ? 'full' : 'partial',
  note: missing,
});
