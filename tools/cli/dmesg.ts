/** `--dmesg FILE`: the kernel's log, each line with the time since boot as dmesg(1) shows it. */
import fs from 'node:fs';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Observer } from '../../kernel/observers.ts';
import { Failure } from './failure.ts';

export interface KernelLog {
  readonly observer: Observer;
  close(): void;
}

const STDERR = 2;
const NSEC_PER_USEC = 1000;
const USEC_PER_SEC = 1e6;

/** `[    1.000042] `, of nanoseconds. */
export const timestamp = (nanoseconds: number): string => {
  const microseconds = Math.floor(nanoseconds / NSEC_PER_USEC);
  const seconds = String(Math.floor(microseconds / USEC_PER_SEC)).padStart(5);
  return `[${seconds}.${String(microseconds % USEC_PER_SEC).padStart(6, '0')}] `;
};

/** `-` is standard error. */
export const openDmesg = (file: string, kernel: Pick<Kernel, 'now'>): KernelLog => {
  let fd = STDERR;
  try {
    if (file !== '-') fd = fs.openSync(file, 'w');
  } catch (error) {
    throw new Failure(`--dmesg ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
  return {
    observer: {
      kernelMessage: (line) => fs.writeFileSync(fd, Buffer.from(`${timestamp(kernel.now())}${line}\n`, 'latin1')),
    },
    close: () => {
      if (fd !== STDERR) fs.closeSync(fd);
    },
  };
};
