/** `--strace` and `-o FILE`: where the trace goes. */
import fs from 'node:fs';
import type { Observer } from '../../kernel/observers.ts';
import type { NodeHost } from '../host/node-host.ts';
import { strace } from '../strace/strace.ts';
import { Failure } from './failure.ts';

export interface Trace {
  readonly observer: Observer;
  /** Hands everything to the file. */
  close(): void;
}

/** Bytes gathered before a write to the file. */
const GATHER = 1 << 16;

const toFile = (file: string): Trace => {
  let fd: number;
  try {
    fd = fs.openSync(file, 'w');
  } catch (error) {
    throw new Failure(`-o ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
  let text = '';
  const flush = (): void => {
    fs.writeFileSync(fd, text);
    text = '';
  };
  const write = (line: string): void => {
    text += `${line}\n`;
    if (text.length > GATHER) flush();
  };
  return {
    observer: strace(write, { pids: 'always' }),
    close: () => {
      flush();
      fs.closeSync(fd);
    },
  };
};

/** Writes to standard error in the place where the guest's own words stand, or to a file. */
export const openTrace = (file: string | undefined, host: NodeHost): Trace => {
  if (file !== undefined) return toFile(file);
  const write = (line: string): void => {
    const bytes = Buffer.from(`${line}\n`);
    const taken = host.stderr.write(bytes);
    if (taken === 'wait') process.stderr.write(bytes);
    else if (taken !== 'broken' && taken < bytes.length) process.stderr.write(bytes.subarray(taken));
  };
  return { observer: strace(write), close: () => {} };
};
