/**
 * Making argument types: how the value is passed, and its text.
 */
import type { StructType } from '../../abi/layout.ts';
import type { ArgumentType, FormatContext } from '../row.ts';
import { peekStruct } from './guest.ts';
import { address } from './text.ts';

type Format = ArgumentType['format'];

/** An argument whose text says it all. */
export const argument = (pass: ArgumentType['pass'], format: Format): ArgumentType => ({ pass, format, out: false });

/** The call failed, or was interrupted: what it should have filled was not. */
export const failed = ({ result }: FormatContext): boolean => result !== undefined && result < 0;

/** A pointer to what the call reads. `text` gives null when that cannot be read: the address is shown then. */
export const pointerTo = (text: Format): ArgumentType =>
  argument('pointer', (value, context) => (value === 0 ? 'NULL' : (text(value, context) ?? address(value))));

/** A pointer to what the call fills, shown when it has succeeded. */
export const filledBy = (text: Format): ArgumentType => ({
  pass: 'pointer',
  out: true,
  format: (value, context) => {
    if (value === 0) return 'NULL';
    return (failed(context) ? null : text(value, context)) ?? address(value);
  },
});

/** Text of the struct at an address, or null. */
export const structText =
  <T>(type: StructType<T>, text: (value: T) => string) =>
  (value: number, { task }: Pick<FormatContext, 'task'>): string | null => {
    const read = peekStruct(task.mm, type, value);
    return read === null ? null : text(read);
  };
