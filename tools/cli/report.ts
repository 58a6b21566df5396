/** `--report FILE`: what happened, as JSON. The README describes the fields. */
import fs from 'node:fs';
import type { ProcessEnd, ProcessReport } from '../../kernel/report.ts';
import type { Signalbox } from '../../kernel/signalbox.ts';
import { SymbolCache } from '../symbols.ts';
import { Failure } from './failure.ts';

export interface RunFacts {
  readonly program: string;
  readonly args: readonly string[];
  readonly cpu: string;
  readonly milliseconds: number;
}

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** JSON has no 64-bit integers: addresses are hexadecimal text. */
const endAsJson = (end: ProcessEnd | null, symbol: string): unknown => {
  if (end === null || 'exit' in end) return end;
  return {
    ...end,
    address: end.address === null ? null : hex(end.address),
    rip: hex(end.rip),
    symbol: symbol === '' ? null : symbol,
  };
};

/** Writes the report; `-` is standard error. */
export const writeReport = (file: string, box: Signalbox, facts: RunFacts): void => {
  const report = box.report();
  const symbols = new SymbolCache((path) => box.readFile(path));
  const symbolOf = ({ pid, end }: ProcessReport): string =>
    pid === box.program.pid && end !== null && !('exit' in end) ? symbols.text(box.program, end.rip) : '';
  const { processes, ...sums } = report;
  const json = {
    ...facts,
    milliseconds: Math.round(facts.milliseconds * 1000) / 1000,
    ...sums,
    processes: processes.map((process) => ({ ...process, end: endAsJson(process.end, symbolOf(process)) })),
  };
  const text = `${JSON.stringify(json, null, 2)}\n`;
  try {
    fs.writeFileSync(file === '-' ? 2 : file, text);
  } catch (error) {
    throw new Failure(`--report ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
};
