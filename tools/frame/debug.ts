/** `signalbox frame`: runs a program up to a handler and through it, and prints the report. */

import process from 'node:process';
import { signalName } from '../../kernel/abi/signal.ts';
import { observe, unobserve } from '../../kernel/observers.ts';
import type { Signalbox } from '../../kernel/signalbox.ts';
import { EXIT, Failure } from '../cli/failure.ts';
import type { MachineOptions } from '../cli/machine-options.ts';
import { bootOptions, start } from '../cli/run.ts';
import { passSignals } from '../cli/signals.ts';
import { type NodeHost, nodeHost } from '../host/node-host.ts';
import { SymbolCache } from '../symbols.ts';
import type { FrameReport } from './facts.ts';
import { COLOURED, frameJson, frameText, PLAIN } from './text.ts';
import { FrameWatch, type FrameWatchOptions } from './watch.ts';

export interface FrameCommandOptions extends MachineOptions {
  readonly signal?: number;
  readonly pid?: number;
  readonly handler?: string;
  readonly at?: string;
  readonly nth: number;
  readonly json?: boolean;
}

/** Runs until the watch has all it wants, or the program can give no more. Says how the program stands then. */
export const runToFrame = async (
  box: Signalbox,
  options: Omit<FrameWatchOptions, 'symbolize' | 'done'>,
): Promise<{ report: FrameReport | null; outcome: string }> => {
  const { machine } = box;
  const symbols = new SymbolCache((path) => box.readFile(path));
  const watch = new FrameWatch(machine, {
    signal: options.signal,
    pid: options.pid,
    handler: options.handler,
    at: options.at,
    nth: options.nth,
    symbolize: (task, address) => symbols.text(task, address),
    done: () => machine.requestStop(),
  });
  observe(machine.observers, watch);
  try {
    const end = await machine.run();
    const ended = end.kind === 'exit' || end.kind === 'deadlock';
    if (ended) watch.runEnded(end.kind === 'exit' ? 'ended' : 'deadlock');
    return { report: watch.report, outcome: ended ? outcomeOf(box, watch, end.kind) : '' };
  } finally {
    unobserve(machine.observers, watch);
  }
};

/** `the program exited with status 0; handlers entered: SIGUSR1 twice`. */
const outcomeOf = (box: Signalbox, watch: FrameWatch, kind: 'exit' | 'deadlock'): string => {
  const { end } = box;
  const how =
    kind === 'deadlock' || end === null
      ? 'every process waits, and nothing can wake one'
      : 'exit' in end
        ? `the program exited with status ${end.exit}`
        : `the program died of ${end.signal}`;
  const times = (count: number) => (count === 1 ? 'once' : `${count} times`);
  const entered = [...watch.delivered].map(([name, count]) => `${name} ${times(count)}`).join(', ');
  return `${how}; handlers entered: ${entered || 'none'}`;
};

const colours = (): boolean => process.stdout.isTTY === true && !process.env.NO_COLOR;

export const debug = async (
  program: string,
  args: readonly string[],
  options: FrameCommandOptions,
): Promise<number> => {
  const streams = nodeHost();
  let wrote = false;
  const write: NodeHost['stderr']['write'] = (bytes) => {
    wrote = true;
    return streams.stderr.write(bytes);
  };
  // Standard output is the report's.
  const output = { ...streams.stderr, write };
  const host: NodeHost = { ...streams, stdout: output, stderr: output };
  const messages: string[] = [];
  const box = await start(bootOptions(host, program, args, options, (message) => messages.push(message)));
  const stopPassing = passSignals(box, host);
  try {
    const { report, outcome } = await runToFrame(box, options);
    host.close();
    if (wrote && !options.json) process.stderr.write('\n');
    for (const message of messages) process.stderr.write(`signalbox: ${message}\n`);
    if (report === null) {
      const which = [
        'a handler',
        ...(options.signal === undefined ? [] : [`of ${signalName(options.signal)}`]),
        ...(options.handler === undefined ? [] : [`at ${options.handler}`]),
        ...(options.pid === undefined ? [] : [`in ${options.pid}`]),
        ...(options.at === undefined ? [] : [`that interrupts ${options.at}`]),
      ].join(' ');
      const time = options.nth === 1 ? '' : ` for the ${ordinal(options.nth)} time`;
      throw new Failure(`${which} was not entered${time}: ${outcome}`, EXIT.failure);
    }
    const text = options.json ? frameJson(report) : frameText(report, colours() ? COLOURED : PLAIN).join('\n');
    process.stdout.write(`${text}\n`);
    return 0;
  } finally {
    stopPassing();
    host.close();
  }
};

const ordinal = (n: number): string => {
  const last = n % 100 >= 11 && n % 100 <= 13 ? 0 : n % 10;
  return `${n}${['th', 'st', 'nd', 'rd'][last] ?? 'th'}`;
};
