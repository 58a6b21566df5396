/** `signalbox syscalls`: what is supported, and how far. */
import { syscallRows } from '../../kernel/syscalls/table.ts';

/** One line each: number, name, level, what is missing. */
export const syscallLines = (): string[] =>
  syscallRows.map(({ number, name, level, note }) =>
    `${String(number).padStart(3)} ${name.padEnd(24)} ${level.padEnd(8)}${note}`.trimEnd(),
  );
