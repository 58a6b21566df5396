/** What is shown when every process waits and nothing can wake one. */
import { withRegisters } from '../../kernel/process/regset.ts';
import type { Signalbox } from '../../kernel/signalbox.ts';
import { type Waiting, whoWaits } from '../../kernel/waiting.ts';
import { whereIs, whereText } from '../signals/where.ts';
import { SymbolCache } from '../symbols.ts';

const TASKS_SHOWN = 50;

/** `process 1000 (a): futex(...)`, and below it what for, and where in the program, callers behind it. */
const linesOf = (box: Signalbox, symbols: SymbolCache, { task, who, call, reasons }: Waiting): string[] => {
  const lines = call === '' ? [who] : [`${who} waits in ${call}`];
  for (const reason of reasons) lines.push(`  for: ${reason}`);
  const place = withRegisters(box.machine, task, ({ state }) =>
    whereIs(task, state.rip, state.rsp, (of, address) => symbols.text(of, address)),
  );
  lines.push(`  at: ${place.address} ${whereText(place)}`);
  return lines;
};

/** The report, a line each. */
export const deadlockLines = (box: Signalbox): string[] => {
  const symbols = new SymbolCache((path) => box.readFile(path));
  const waiting = whoWaits(box.machine);
  const lines = waiting.slice(0, TASKS_SHOWN).flatMap((each) => linesOf(box, symbols, each));
  if (waiting.length > TASKS_SHOWN) lines.push(`and ${waiting.length - TASKS_SHOWN} more`);
  return lines;
};
