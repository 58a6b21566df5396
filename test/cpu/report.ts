/** Findings and statistics as text. */
import { MAP } from './case.ts';
import { bytesText, describeCase, describeDifferences } from './compare.ts';
import type { Finding, Statistics } from './session.ts';
import { keyText } from './shape.ts';

/** Disassembles one instruction: capstone when the caller has loaded it. */
export type Disassemble = (bytes: Uint8Array, address: number) => string;

/** Everything needed to understand and repeat one finding. */
export const describeFinding = (finding: Finding, seed: number, disassemble?: Disassemble): string => {
  const { case: c, shape, kind } = finding;
  const text = disassemble ? `  ${disassemble(c.bytes, MAP.code + c.codeOffset)}\n` : '';
  const head = shape ? `${keyText(shape.row)}  (${bytesText(c.bytes)})` : `case ${c.id}`;
  const body =
    finding.thrown === undefined
      ? describeDifferences(finding.expectedBy, kind, finding.differences)
      : `  ${kind} threw ${finding.thrown}`;
  const again = shape ? `\n  again: npm run cpu-diff -- --seed ${seed} --case ${c.id} --cpu ${kind}` : '';
  return `${head}\n${text}${describeCase(c)}\n${body}${again}`;
};

/** A table of rows: cases, faults on the host, differences by executor. */
export const describeStatistics = (statistics: Statistics, all: boolean): string => {
  const lines: string[] = [];
  let cases = 0;
  let native = 0;
  let unannounced = 0;
  let faults = 0;
  const differing = new Map<string, number>();
  const undefinedOnly = new Map<string, number>();
  const close = new Map<string, number>();
  const counts = (map: ReadonlyMap<string, number>) => [...map].map(([kind, n]) => `${kind} ${n}`).join(', ') || '-';
  for (const [row, s] of statistics) {
    cases += s.cases;
    native += s.native;
    unannounced += s.unannounced;
    faults += s.faults;
    for (const [kind, n] of s.differing) differing.set(kind, (differing.get(kind) ?? 0) + n);
    for (const [kind, n] of s.undefinedOnly) undefinedOnly.set(kind, (undefinedOnly.get(kind) ?? 0) + n);
    for (const [kind, n] of s.close) close.set(kind, (close.get(kind) ?? 0) + n);
    if (!all && s.differing.size === 0) continue;
    lines.push(
      `${keyText(row).padEnd(40)} ${String(s.cases).padStart(6)} ${String(s.native).padStart(6)} ${String(s.faults).padStart(6)}  ` +
        `${counts(s.differing).padEnd(32)} ${counts(s.undefinedOnly)}`,
    );
  }
  if (lines.length > 0) {
    lines.unshift(`${'row'.padEnd(40)}  cases native faults  ${'differences'.padEnd(32)} in undefined flags only`);
  }
  lines.push(
    `${cases} cases over ${statistics.size} rows, ${native} run by the host (${unannounced} need what it does not announce), ${faults} of them ending in an exception; ` +
      `differences: ${counts(differing)}; in undefined flags only: ${counts(undefinedOnly)}; ` +
      `in the last place of a transcendental function: ${counts(close)}`,
  );
  return lines.join('\n');
};
