/**
 * How strace writes strings, addresses, named values and sets of flags.
 */

/** Most bytes of a string, and most elements of an array, that are shown. */
export const MAX_SHOWN = 32;

const ESCAPES: Readonly<Record<number, string>> = {
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

const isOctal = (byte: number | undefined): boolean => byte !== undefined && byte >= 48 && byte <= 55;

/** A C string literal. Octal escapes are as short as what follows allows. */
export const quote = (bytes: Uint8Array): string => {
  let text = '"';
  bytes.forEach((byte, index) => {
    const escaped = ESCAPES[byte];
    if (escaped !== undefined) text += escaped;
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else text += `\\${byte.toString(8).padStart(isOctal(bytes[index + 1]) ? 3 : 1, '0')}`;
  });
  return `${text}"`;
};

/** The same with every byte in hexadecimal: for what is no text. */
export const quoteHex = (bytes: Uint8Array): string =>
  `"${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;

/** A buffer's first bytes, with dots for the rest of `length`. */
export const quoteStart = (bytes: Uint8Array, length: number, style = quote): string =>
  style(bytes.subarray(0, MAX_SHOWN)) + (length > MAX_SHOWN ? '...' : '');

const WORD_END = 2 ** 64;

/** C's `%#lx`: zero has no prefix. Beyond 2^53 a number is rounded, which no valid address or size is. */
export const hex = (value: number | bigint): string => {
  if (value === 0 || value === 0n) return '0';
  if (typeof value === 'number' && value >= WORD_END) return '0xffffffffffffffff';
  return `0x${value.toString(16)}`;
};

/** A pointer. */
export const address = (value: number | bigint): string => (value === 0 || value === 0n ? 'NULL' : hex(value));

/** Permission bits. */
export const octal = (value: number): string => `0${(value >>> 0).toString(8).padStart(2, '0')}`;

/** `[a, b, c]` of the first elements. */
export const list = <T>(items: readonly T[], text: (item: T) => string): string => {
  const shown = items.slice(0, MAX_SHOWN).map(text);
  if (items.length > MAX_SHOWN) shown.push('...');
  return `[${shown.join(', ')}]`;
};

/** Names with their values, in the order in which they are looked for and written. */
export type Names = readonly (readonly [name: string, value: number])[];

/** Every constant of a table of `abi/`, with its prefix; `order` gives other names, or another order, than the table's. */
export const names = <T extends Readonly<Record<string, number>>>(
  prefix: string,
  table: T,
  order: readonly (keyof T & string)[] = Object.keys(table),
): Names => order.map((name) => [prefix + name, table[name]!] as const);

/** One of several values: `CLOCK_MONOTONIC`, or `0x4d /* CLOCK_??? *\/`. */
export const choice =
  (from: Names, unknown: string) =>
  (value: number): string =>
    from.find(([, each]) => each === value)?.[0] ?? `${hex(value < 0 ? value >>> 0 : value)} /* ${unknown} */`;

/** The names of flags of at most 32 bits, and in hexadecimal those that have none. */
export const flagParts = (from: Names, value: number): string[] => {
  const found: string[] = [];
  let rest = value >>> 0;
  for (const [name, bits] of from) {
    if (bits !== 0 && (rest & bits) >>> 0 === bits >>> 0) {
      found.push(name);
      rest = (rest & ~bits) >>> 0;
    }
  }
  if (rest !== 0) found.push(hex(rest));
  return found;
};

/** `A|B|0x40`; `none` when there are none, `0x40 /* A_??? *\/` when none has a name. */
export const flags =
  (from: Names, unknown: string, none = '0') =>
  (value: number): string => {
    const parts = flagParts(from, value);
    if (parts.length === 0) return none;
    const text = parts.join('|');
    return parts.length === 1 && text.startsWith('0x') ? `${text} /* ${unknown} */` : text;
  };
