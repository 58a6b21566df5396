/** The ledger as text: a paragraph for each signal, and an answer to where the others went. */
import {
  type Block,
  type Entry,
  type Handler,
  isLost,
  type Ledger,
  type Moment,
  type SignalEnd,
  type Who,
} from './entries.ts';
import { whereText } from './where.ts';

/** Width of the labels. */
const LABEL = 9;
/** Beyond it a text goes on in the next line. */
const WIDTH = 118;
const INDENT = 4;

/** `12.345 µs`, `3.210 ms`. */
const durationText = (ns: number): string => (ns < 1e6 ? `${(ns / 1e3).toFixed(3)} µs` : `${(ns / 1e6).toFixed(3)} ms`);

export const timeText = ({ ns }: Moment): string => durationText(ns);

const whoText = ({ pid, tid, name }: Who): string =>
  `${pid === tid ? pid : `${tid} of ${pid}`}${name === '' ? '' : ` (${name})`}`;

/** Breaks at spaces; lines after the first are set below the text. */
const paragraph = (label: string, text: string): string[] => {
  const lines: string[] = [];
  let line = ' '.repeat(INDENT) + label.padEnd(LABEL);
  const start = line.length;
  for (const word of text.split(' ')) {
    if (line.length > start && line.length + word.length > WIDTH) {
      lines.push(line.trimEnd());
      line = ' '.repeat(start);
    }
    line += `${word} `;
  }
  lines.push(line.trimEnd());
  return lines;
};

const senderText = ({ by }: Entry): string => {
  const place = by.where === null ? '' : `, at ${whereText(by.where)}`;
  const who = by.who === null ? '' : whoText(by.who);
  switch (by.by) {
    case 'process':
      return `by ${who}: ${by.call}${place}`;
    case 'outside':
      return by.how;
    case 'processor':
      return `by the processor: ${by.how}${place}`;
    case 'kernel':
      return `by the kernel: ${by.how}${by.call === null ? '' : `, in ${by.call} of ${who}`}${place}`;
  }
};

const blockText = ({ who, how, at, where, opened }: Block): string => {
  const place = where === null ? '' : `, at ${whereText(where)}`;
  const until =
    opened === null
      ? ''
      : `; opened after ${timeText(opened.at)} by ${opened.how}${opened.where === null ? '' : `, at ${whereText(opened.where)}`}`;
  return `by ${whoText(who)} since ${timeText(at)}: ${how}${place}${until}`;
};

const FATES: Readonly<Record<Entry['fate'], string>> = {
  queued: 'queued',
  stripped: 'queued without its siginfo',
  coalesced: 'coalesced',
  refused: 'refused',
  ignored: 'ignored',
  exiting: 'too late',
  failed: 'not sent',
};

const fateLine = ({ fate, because, chosen, to, forced }: Entry): string => {
  const force = forced === null ? '' : `; it was ${forced}, which a signal like this does not heed: default action`;
  if (chosen === null) return `${FATES[fate]}: ${because}${force}`;
  const queue = to?.scope === 'thread' ? `for thread ${to.tid}` : `for process ${to?.pid}`;
  const why = because === '' ? '' : ` (${because})`;
  const whom =
    chosen.who === null ? `nobody was woken: ${chosen.why}` : `thread ${chosen.who.tid} was woken: ${chosen.why}`;
  return `${FATES[fate]} ${queue}${why}; ${whom}${force}`;
};

const ENDED: Readonly<Record<Handler['ended'], string>> = {
  running: 'it had not ended when the run did',
  sigreturn: 'rt_sigreturn',
  longjmp: 'longjmp: its frame was given up',
  exec: 'execve: its stack is gone',
  exit: 'the thread ended in it',
};

const handlerLines = (handler: Handler): string[] => {
  const { address, symbol, frame, stack, headroom, depth, flags, ended, at, endedAt, endedWhere, refused } = handler;
  const name = symbol === '' ? address : `${symbol} (${address})`;
  const where = stack === 'normal' ? 'the normal stack' : `the alternate stack, ${headroom} bytes above its end`;
  const nested = depth === 1 ? '' : `; ${depth} handlers deep`;
  const with_ = flags.length === 0 ? '' : `; ${flags.join(' ')}`;
  const seen = endedWhere === null ? '' : `; seen at ${whereText(endedWhere)}`;
  const took =
    endedAt === null
      ? ''
      : ` after ${durationText(endedAt.ns - at.ns)}, ${endedAt.instructions - at.instructions} instructions`;
  return [
    ...paragraph('handler', `${name}, frame ${frame} on ${where}${nested}${with_}`),
    ...paragraph(
      'ended',
      `${ENDED[ended]}${took}${seen}${refused === null ? '' : `; refused, which is SIGSEGV: ${refused}`}`,
    ),
  ];
};

const OUTCOMES = {
  restarted: 'it was restarted',
  restart_syscall: 'restart_syscall went on with what was left of it',
  EINTR: 'it returned EINTR',
} as const;

const restartText = ({ call, code, outcome }: NonNullable<Entry['restart']>): string =>
  `${call} gave ${code}: ${outcome === null ? 'nothing came of it' : OUTCOMES[outcome]}`;

const endLine = (entry: Entry): string => {
  const { end, endText, taken } = entry;
  const by = taken === null ? '' : `by ${whoText(taken)} after ${durationText(taken.at.ns - entry.sent.ns)}`;
  switch (end) {
    case 'handler':
      return endText === '' ? by : `${by}, but ${endText}`;
    case 'waited':
    case 'signalfd':
      return `${by}: ${endText}`;
    case 'death':
    case 'stop':
    case 'discarded':
      return `${by}: ${endText}`;
    case 'flushed':
      return `never: ${endText}`;
    case 'pending':
      return `never: ${endText}`;
    case 'never queued':
      return '';
  }
};

/** The lines about one signal. */
export const entryLines = (entry: Entry): string[] => {
  const { id, name, signal, siginfo, sent, to, blocked, handler, restart } = entry;
  const target =
    to === null
      ? ''
      : `${to.scope === 'thread' ? 'thread' : 'process'} ${to.scope === 'thread' ? whoText(to) : `${to.pid} (${to.name})`}`;
  const end = endLine(entry);
  return [
    `#${id}  ${name} (${signal}) at ${timeText(sent)}, instruction ${sent.instructions}`,
    ...paragraph('sent', senderText(entry)),
    ...(to === null ? [] : paragraph('to', `${target} ${siginfo}`)),
    ...paragraph('then', fateLine(entry)),
    ...blocked.flatMap((block) => paragraph('blocked', blockText(block))),
    ...(end === '' ? [] : paragraph('taken', end)),
    ...(handler === null ? [] : handlerLines(handler)),
    ...(restart === null ? [] : paragraph('call', restartText(restart))),
  ];
};

const lostReason = ({ fate, because, end, endText }: Entry): string =>
  end === 'never queued' ? `${FATES[fate]}: ${because}` : endText;

/** The lost, those of one number and one reason together. */
const lostLines = (signals: readonly Entry[]): string[] => {
  const groups = new Map<string, Entry[]>();
  for (const entry of signals.filter(isLost)) {
    const to =
      entry.to === null
        ? entry.by.call
        : `to ${entry.to.scope} ${entry.to.scope === 'thread' ? entry.to.tid : entry.to.pid}`;
    // Of several that were coalesced each has another before it.
    const key = `${entry.name} ${to}: ${lostReason(entry)}`;
    const same = groups.get(key);
    if (same === undefined) groups.set(key, [entry]);
    else same.push(entry);
  }
  return [...groups].flatMap(([text, entries]) => {
    const ids = entries.slice(0, 5).map(({ id }) => `#${id}`);
    const more = entries.length > ids.length ? ` and ${entries.length - ids.length} more` : '';
    return paragraph(`${ids.join(' ')}${more}`.padEnd(LABEL - 1).concat(' '), text);
  });
};

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;

const ENDS: Readonly<Record<SignalEnd, string>> = {
  handler: 'to handlers',
  waited: 'to rt_sigtimedwait',
  signalfd: 'to signalfd',
  death: 'ended a process',
  stop: 'stopped a process',
  discarded: 'taken, and nothing was done',
  flushed: 'thrown away while pending',
  'never queued': 'never queued',
  pending: 'still pending',
};

/** Everything. */
export const ledgerLines = ({ signals, rest, outcome }: Ledger): string[] => {
  const lost = signals.filter(isLost);
  const lines = signals.flatMap((entry) => [...entryLines(entry), '']);
  const uncounted = rest.length === 0 ? '' : ' written down';
  lines.push(`${count(signals.length, 'signal')}${uncounted}; ${outcome}`);
  if (lost.length > 0) lines.push(`${lost.length} without effect:`, ...lostLines(signals));
  else if (signals.length > 0) lines.push('Every one of them took effect.');
  if (rest.length === 0) return lines;
  const sum = rest.reduce((total, each) => total + each.count, 0);
  const rows = rest.map((each) => `${' '.repeat(INDENT)}${each.name}: ${each.count} ${ENDS[each.end]}`);
  return [...lines, `${sum} more, which --limit only counts:`, ...rows];
};
