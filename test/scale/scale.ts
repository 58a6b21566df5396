/** guest/scale/scale.c: many processes, threads, pipes, semaphores, and memory that many share. */
import { readFileSync } from 'node:fs';
import { buildKey, compile } from '../native/build.ts';
import { root } from '../native/cases.ts';

const SOURCE = `${root}guest/scale/scale.c`;
const VARIANT = { libc: 'glibc', flags: ['-O1'], libs: ['-lpthread'], name: 'glibc -O1' } as const;

/** Compiled; the path of the executable. */
export const buildScale = (): Promise<string> =>
  compile(SOURCE, 'scale', buildKey(readFileSync(SOURCE, 'utf8'), VARIANT), VARIANT);
