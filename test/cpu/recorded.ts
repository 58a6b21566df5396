/**
 * What a host CPU did with a few thousand cases, kept for machines which cannot run them: `recorded.br`, the records of the
 * case and result files in turn (they are much alike), compressed.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { root } from '../native/cases.ts';
import type { Case, Outcome } from './case.ts';
import type { Generator } from './generate.ts';
import { isOfEmulation, notAsked, touchesSeveral } from './hints.ts';
import { hostFlags, hostIsAmd, runCaseFile } from './native.ts';
import { CASES_START, readCases, readResults, recordSize, writeCases } from './wire.ts';

const FILE = `${root}test/cpu/recorded.br`;
const DIGEST = 16;

/** Ties a recording to the addresses and the contents of the data pages it was made with. */
const digest = () => createHash('sha256').update(writeCases([])).digest().subarray(0, DIGEST);

/** Runs cases of every row on the host and writes the recording. Returns how many there are. */
export const record = (runner: string, generator: Generator, perRow: number): number => {
  if (!hostIsAmd)
    throw new Error('recordings are compared exactly: they must come from an AMD processor, which the rows follow');
  const unasked = notAsked(hostIsAmd, hostFlags.has('umip'));
  const made = generator.shapes
    .filter((shape) => !(shape.mnemonic in unasked))
    .flatMap((shape) => Array.from({ length: perRow }, (_, i) => ({ shape, case: generator.make(shape, i) })));
  const all = made.map((m) => m.case);
  const outcomes = readResults(runCaseFile(runner, writeCases(all)), all);
  const kept = made
    .filter(({ shape, case: c }, i) => {
      const { vector } = outcomes[i]!;
      return !(touchesSeveral(shape) && vector >= 0) && !isOfEmulation(shape, c, vector);
    })
    .map((m) => m.case);
  const cases = writeCases(kept);
  const results = runCaseFile(runner, cases);
  const parts: Uint8Array[] = [digest()];
  let result = 0;
  for (let at = CASES_START; at < cases.length; at += recordSize(cases, at)) {
    parts.push(cases.subarray(at, at + recordSize(cases, at)));
    parts.push(results.subarray(result, result + recordSize(results, result)));
    result += recordSize(results, result);
  }
  const whole = Buffer.concat(parts);
  const params = { [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: whole.length };
  writeFileSync(FILE, brotliCompressSync(whole, { params }));
  return kept.length;
};

/** The recording. */
export const readRecorded = (): { readonly case: Case; readonly outcome: Outcome }[] => {
  if (!existsSync(FILE)) throw new Error('test/cpu/recorded.br is missing: npm run cpu-diff -- --record');
  const whole = brotliDecompressSync(readFileSync(FILE));
  if (!whole.subarray(0, DIGEST).equals(digest())) {
    throw new Error('test/cpu/recorded.br was made with another memory map: npm run cpu-diff -- --record');
  }
  const cases: Uint8Array[] = [writeCases([])];
  const results: Uint8Array[] = [];
  for (let at = DIGEST; at < whole.length; ) {
    for (const list of [cases, results]) {
      const size = recordSize(whole, at);
      list.push(whole.subarray(at, at + size));
      at += size;
    }
  }
  const read = readCases(Buffer.concat(cases));
  return readResults(Buffer.concat(results), read).map((outcome, i) => ({ case: read[i]!, outcome }));
};
