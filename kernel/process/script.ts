/** The first line of a script: `#!interpreter [argument]` (fs/binfmt_script.c). */

export interface ScriptLine {
  readonly interpreter: Uint8Array;
  readonly argument: Uint8Array | null;
}

const HASH = 0x23;
const BANG = 0x21;
const NEWLINE = 0x0a;
const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09;

/** Index of the first byte in [from, last] that is no blank, or -1. */
const nextNonBlank = (buf: Uint8Array, from: number, last: number): number => {
  for (let i = from; i <= last; i++) if (!isBlank(buf[i])) return i;
  return -1;
};

/** Index of the first blank or NUL in [from, last], or -1. */
const nextTerminator = (buf: Uint8Array, from: number, last: number): number => {
  for (let i = from; i <= last; i++) if (isBlank(buf[i]) || buf[i] === 0) return i;
  return -1;
};

const upToNul = (buf: Uint8Array, start: number, end: number): Uint8Array => {
  const nul = buf.indexOf(0, start);
  return buf.slice(start, nul >= 0 && nul < end ? nul : end);
};

/**
 * Reads the line from the first bytes of a file. Null if it is not a script or its line is no good (ENOEXEC): no
 * interpreter, or a name that does not end within these bytes. An argument may be cut.
 */
export const parseScript = (buf: Uint8Array): ScriptLine | null => {
  if (buf[0] !== HASH || buf[1] !== BANG) return null;
  const last = buf.length - 1;
  let end = buf.indexOf(NEWLINE);
  if (end < 0) {
    const start = nextNonBlank(buf, 2, last);
    if (start < 0 || nextTerminator(buf, start, last) < 0) return null;
    end = last;
  }
  while (isBlank(buf[end - 1])) end--;
  const name = nextNonBlank(buf, 2, end);
  if (name < 0 || name === end) return null;
  const separator = nextTerminator(buf, name, end);
  const argument = separator >= 0 && buf[separator] !== 0 ? nextNonBlank(buf, separator, end) : -1;
  return {
    interpreter: upToNul(buf, name, argument >= 0 ? separator : end),
    argument: argument >= 0 ? upToNul(buf, argument, end) : null,
  };
};
