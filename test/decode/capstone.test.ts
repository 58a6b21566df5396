/**
 * The decoder against capstone over the functions of real programs: lengths, mnemonics and operands of every instruction
 * that has a row; those without one must belong to a family listed in missing.ts.
 *
 * Here every n-th function of a few programs; with SIGNALBOX_DECODE=all every function of all of them, and of more:
 *
 *   SIGNALBOX_DECODE=all npx vitest run --config test/vitest.config.ts test/decode/capstone.test.ts
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { decode } from '../../emulator/decode/index.ts';
import { disagreement } from './agree.ts';
import { type Binary, readBinary } from './binary.ts';
import { type Disassembler, loadCapstone } from './capstone.ts';
import { absentFamily, isRefusedByCpus, isUnknownToCapstone } from './missing.ts';

const EVERYTHING = process.env.SIGNALBOX_DECODE === 'all';

/** Programs, and of how many functions one is taken in the short run. 0: only in the long run. */
const PROGRAMS: readonly [path: string, oneIn: number][] = [
  [process.execPath, 500],
  ['/bin/bash', 20],
  ['/bin/busybox', 20],
  ['/lib/x86_64-linux-gnu/libc.so.6', 10],
  ['/usr/lib/x86_64-linux-gnu/libm.so.6', 10],
  ['/usr/lib/x86_64-linux-gnu/libstdc++.so.6', 20],
  ['/bin/ls', 2],
  ['/usr/bin/perl', 0],
  ['/usr/bin/python3.11', 0],
  ['/usr/bin/gdb', 0],
  ['/usr/lib/x86_64-linux-gnu/libcrypto.so.3', 0],
  ['/usr/lib/x86_64-linux-gnu/libavcodec.so.59', 0],
  ['/usr/lib/x86_64-linux-gnu/libdav1d.so.6', 0],
  ['/usr/lib/x86_64-linux-gnu/libx264.so.164', 0],
  ['/usr/lib/x86_64-linux-gnu/libx265.so.199', 0],
  ['/usr/lib/gcc/x86_64-linux-gnu/12/cc1', 0],
];

/** Instructions of every n-th function are at least this many in a program worth the name. */
const AT_LEAST = 1000;
/** Disagreements shown. */
const SHOWN = 20;

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

class Comparison {
  compared = 0;
  readonly wrong: string[] = [];
  /** Instructions without row by family. */
  readonly later = new Map<string, number>();
  private readonly disassemble: Disassembler;
  private readonly binary: Binary;

  constructor(disassemble: Disassembler, binary: Binary) {
    this.disassemble = disassemble;
    this.binary = binary;
  }

  compareFunctions(oneIn: number): void {
    const { text, functions } = this.binary;
    for (let n = 0; n < functions.length; n += oneIn) {
      const end = functions[n + 1] ?? text.address + text.bytes.length;
      this.compareRange(functions[n]! - text.address, end - text.address);
    }
  }

  private compareRange(start: number, end: number): void {
    const { text } = this.binary;
    for (let p = start; p < end; ) {
      for (const theirs of this.disassemble(text.bytes.subarray(p, end), text.address + p)) {
        this.compareOne(theirs, p, end);
        p += theirs.size;
      }
      if (p >= end) break;
      // Data, or what capstone does not know: it must not be an instruction for us either.
      const ours = decode(text.bytes, p, end - p, text.address + p);
      if (typeof ours !== 'string' && !isUnknownToCapstone(ours, text.bytes.subarray(p, p + ours.length))) {
        this.report(p, ours.length, `capstone knows no ${ours.row.mnemonic} here`);
      }
      p++;
    }
  }

  private compareOne(theirs: ReturnType<Disassembler>[number], p: number, end: number): void {
    const { text } = this.binary;
    const ours = decode(text.bytes, p, end - p, text.address + p);
    if (typeof ours === 'string') {
      if (isRefusedByCpus(theirs)) return;
      const family = ours === 'invalid' ? absentFamily(theirs, text.bytes.subarray(p, p + theirs.size)) : undefined;
      if (family !== undefined) this.later.set(family, (this.later.get(family) ?? 0) + 1);
      else this.report(p, theirs.size, `${ours} here, capstone: ${theirs.mnemonic} ${theirs.op_str}`);
      return;
    }
    this.compared++;
    const difference = disagreement(theirs, ours);
    if (difference !== undefined) this.report(p, theirs.size, difference);
  }

  private report(p: number, size: number, what: string): void {
    const { text } = this.binary;
    const where = (text.address + p).toString(16);
    this.wrong.push(`${where}: ${hexOf(text.bytes.subarray(p, p + size))}: ${what}`);
  }
}

describe('decoder against capstone', () => {
  let disassemble: Disassembler;
  beforeAll(async () => {
    disassemble = await loadCapstone();
  });

  for (const [path, oneIn] of PROGRAMS) {
    const isLeftOut = !existsSync(path) || (oneIn === 0 && !EVERYTHING);
    it.skipIf(isLeftOut)(
      path,
      () => {
        const comparison = new Comparison(disassemble, readBinary(path));
        comparison.compareFunctions(EVERYTHING ? 1 : oneIn);
        const later = [...comparison.later].map(([family, count]) => `${count} ${family}`).join(', ');
        console.log(`${path}: ${comparison.compared} instructions compared; without row: ${later || 'none'}`);
        expect(comparison.wrong.slice(0, SHOWN)).toEqual([]);
        expect(comparison.compared).toBeGreaterThan(AT_LEAST);
      },
      EVERYTHING ? 3_600_000 : 60_000,
    );
  }
});
