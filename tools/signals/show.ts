/** `signalbox signals`: runs a program to its end, and shows the ledger. */

import fs from 'node:fs';
import process from 'node:process';
import { observe, unobserve } from '../../kernel/observers.ts';
import type { Signalbox } from '../../kernel/signalbox.ts';
import { Failure } from '../cli/failure.ts';
import type { MachineOptions } from '../cli/machine-options.ts';
import { bootOptions, start } from '../cli/run.ts';
import { passSignals } from '../cli/signals.ts';
import { type NodeHost, nodeHost } from '../host/node-host.ts';
import { SymbolCache } from '../symbols.ts';
import { chromeTrace } from './chrome.ts';
import { LEDGER_VERSION, type Ledger } from './entries.ts';
import { type LedgerOptions, SignalLedger } from './ledger.ts';
import { ledgerLines } from './text.ts';

export interface SignalsCommandOptions extends MachineOptions {
  readonly signal: readonly number[];
  readonly json?: boolean;
  readonly trace?: string;
  readonly output?: string;
  readonly limit: number;
}

/** Runs the program of a fresh machine to its end, or until everything waits. */
export const runWithLedger = async (
  box: Signalbox,
  options: { readonly program: string; readonly args: readonly string[] } & Pick<LedgerOptions, 'only' | 'limit'>,
): Promise<Ledger> => {
  const { machine } = box;
  const symbols = new SymbolCache((path) => box.readFile(path));
  const symbolize = (task: Parameters<SymbolCache['text']>[0], address: number) => symbols.text(task, address);
  const observer = new SignalLedger(machine, {
    symbolize,
    ...(options.only === undefined ? {} : { only: options.only }),
    ...(options.limit === undefined ? {} : { limit: options.limit }),
  });
  observe(machine.observers, observer);
  try {
    const end = await box.run();
    observer.finish();
    const waiting = end.kind === 'deadlock' ? `nothing can wake anyone: ${end.waiting.join('; ')}` : outcomeOf(box);
    return {
      version: LEDGER_VERSION,
      ...{ program: options.program, args: options.args, deterministic: machine.clock.deterministic, outcome: waiting },
      ...{ signals: observer.entries, rest: observer.rest.counts, lost: observer.lost },
    };
  } finally {
    unobserve(machine.observers, observer);
  }
};

const outcomeOf = ({ end }: Signalbox): string => {
  if (end === null) return 'the program goes on';
  return 'exit' in end ? `the program exited with status ${end.exit}` : `the program died of ${end.signal}`;
};

export const ledgerJson = (ledger: Ledger): string => `${JSON.stringify(ledger, null, 2)}\n`;

const writeFile = (option: string, file: string, text: string): void => {
  try {
    fs.writeFileSync(file, text);
  } catch (error) {
    throw new Failure(`${option} ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
};

/** Returns the status to exit with: 0, whatever the program's was, for it is in the ledger. */
export const signals = async (
  program: string,
  args: readonly string[],
  options: SignalsCommandOptions,
): Promise<number> => {
  const streams = nodeHost();
  // With a file for the ledger the program has its standard output for itself.
  const host: NodeHost = options.output === undefined ? { ...streams, stdout: streams.stderr } : streams;
  // Known before the program runs, not after.
  if (options.output !== undefined) writeFile('-o', options.output, '');
  if (options.trace !== undefined) writeFile('--trace', options.trace, '');
  const messages: string[] = [];
  const box = await start(bootOptions(host, program, args, options, (message) => messages.push(message)));
  const stopPassing = passSignals(box, host);
  try {
    const ledger = await runWithLedger(box, { program, args, only: options.signal, limit: options.limit });
    host.close();
    for (const message of messages) process.stderr.write(`signalbox: ${message}\n`);
    const text = options.json ? ledgerJson(ledger) : `${ledgerLines(ledger).join('\n')}\n`;
    if (options.output === undefined) process.stdout.write(text);
    else writeFile('-o', options.output, text);
    if (options.trace !== undefined) writeFile('--trace', options.trace, chromeTrace(ledger));
    return 0;
  } finally {
    stopPassing();
    host.close();
  }
};
