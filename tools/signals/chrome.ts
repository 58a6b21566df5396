/**
 * The ledger as a trace that Perfetto and chrome://tracing show ("Trace Event Format"): a track for each thread with a slice
 * for every handler and a mark for every sending, and arrows from where a signal was sent to where it was taken.
 */
import type { Entry, Ledger, Moment, Who } from './entries.ts';

/** One event; `ts` and `dur` are microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly cat?: string;
  readonly ph: 'X' | 'M' | 's' | 'f';
  readonly ts?: number;
  readonly dur?: number;
  readonly pid: number;
  readonly tid: number;
  readonly id?: number;
  readonly bp?: 'e';
  readonly args?: Readonly<Record<string, unknown>>;
}

/** The track of what no thread does: timers, terminals, whoever runs the emulator. */
const KERNEL: Who = { pid: 0, tid: 0, name: 'kernel' };

/** Slices for what takes no time, so that arrows have something to hold on to. */
const INSTANT = 1;

const micros = ({ ns }: Moment): number => ns / 1000;

const eventsOf = (entry: Entry, end: number): TraceEvent[] => {
  const { id, name, sent, by, fate, taken, handler, siginfo, because, endText } = entry;
  const from = by.who ?? KERNEL;
  const start = { pid: from.pid, tid: from.tid, ts: micros(sent) };
  const events: TraceEvent[] = [
    {
      ...{ name: `send ${name}`, cat: 'send', ph: 'X', ...start, dur: INSTANT },
      args: { id, call: by.call, how: by.how, where: by.where, siginfo, fate, because, end: entry.end, endText },
    },
  ];
  if (taken === null) return events;
  const at = { pid: taken.pid, tid: taken.tid, ts: micros(handler?.at ?? taken.at) };
  const until = handler === null ? at.ts + INSTANT : handler.endedAt === null ? end : micros(handler.endedAt);
  events.push(
    {
      ...{ name: handler === null ? `${name}: ${entry.end}` : `${name} ${handler.symbol || handler.address}` },
      ...{ cat: handler === null ? 'taken' : 'handler', ph: 'X', ...at, dur: Math.max(until - at.ts, 0.001) },
      args: { id, endText, handler, restart: entry.restart, blocked: entry.blocked },
    },
    { name, cat: 'signal', ph: 's', id, ...start },
    { name, cat: 'signal', ph: 'f', bp: 'e', id, ...at },
  );
  return events;
};

/** The names of tracks. */
const metadata = (signals: readonly Entry[]): TraceEvent[] => {
  const seen = new Map<number, TraceEvent[]>();
  for (const { by, to, taken } of signals) {
    for (const who of [by.who ?? KERNEL, to, taken]) {
      if (who === null || seen.has(who.tid)) continue;
      const { pid, tid, name } = who;
      const names: TraceEvent[] = [{ name: 'thread_name', ph: 'M', pid, tid, args: { name: `${name} ${tid}` } }];
      if (pid === tid) names.unshift({ name: 'process_name', ph: 'M', pid, tid, args: { name } });
      seen.set(tid, names);
    }
  }
  return [...seen.values()].flat();
};

/** The text of the file. */
export const chromeTrace = ({ signals }: Ledger): string => {
  const times = signals.flatMap(({ sent, taken, handler }) =>
    [sent, taken?.at, handler?.at, handler?.endedAt].flatMap((each) => (each ? [micros(each)] : [])),
  );
  let end = 0;
  for (const time of times) end = Math.max(end, time);
  const events = [...metadata(signals), ...signals.flatMap((entry) => eventsOf(entry, end + INSTANT))];
  return `{"displayTimeUnit":"ns","traceEvents":[\n${events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
};
