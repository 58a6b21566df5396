/** The report for people: a headline, what happened, the frame field by field, the registers side by side. */
import type { ByteLine, FrameReport, RegisterRow } from './facts.ts';
import { placeText } from './places.ts';

/** Wraps text so that a terminal shows it otherwise; or leaves it as it is. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  /** A field's value. */
  readonly value: (text: string) => string;
  /** What changed. */
  readonly changed: (text: string) => string;
}

const same = (text: string): string => text;
export const PLAIN: Style = { bold: same, dim: same, value: same, changed: same };

const sgr = (code: number) => (text: string) => (text === '' ? '' : `\x1b[${code}m${text}\x1b[0m`);
export const COLOURED: Style = { bold: sgr(1), dim: sgr(2), value: sgr(36), changed: sgr(33) };

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Pads by what is seen, then styles. */
const cell = (text: string, width: number, style: (text: string) => string = same): string =>
  style(text) + ' '.repeat(Math.max(0, width - text.length));

const facts = (rows: readonly (readonly [name: string, text: string])[], style: Style): string[] =>
  rows.map(([name, text]) => `  ${cell(name, 12, style.dim)}${text}`);

const storyOf = (report: FrameReport, style: Style): string[] => {
  const { cause, interrupted, handler, signal } = report;
  const { call, rip, instruction } = interrupted;
  const rows: [string, string][] = [['sent by', `${cause.who}: ${cause.how} (${signal.codeName})`]];
  if (call !== null) {
    if (call.restarts === null) rows.push(['after', `${call.text} = ${call.returned}`]);
    else rows.push(['during', `${call.text}, which returned ${call.returned}`], ['restart', call.how]);
  }
  rows.push(['goes on at', `${placeText(rip)}${instruction === '' ? '' : `: ${instruction}`}`]);
  rows.push(['handler', `${placeText(handler.address)}, ${handler.flags}, blocks ${handler.blocked}`]);
  rows.push(['stack', roomText(report)]);
  for (const [i, { signal, handler: of, address, interrupted: at, stack }] of report.outer.entries()) {
    const on = stack === 'alternate' ? ', on the alternate stack' : '';
    rows.push([
      i === 0 ? 'nested in' : '',
      `${signal}: ${placeText(of)}, frame ${hex(address)}${on}; interrupted ${placeText(at)}`,
    ]);
  }
  const pops = report.personality === 'linux' ? 'calls rt_sigreturn' : 'pops the frame';
  rows.push(['returns to', `${placeText(handler.restorer)}, which ${pops}`]);
  return facts(rows, style);
};

const roomText = ({ stack: { kind, low, high, headroom, frames } }: FrameReport): string => {
  const size = (high - low).toLocaleString('en');
  const room = `${headroom.toLocaleString('en')} bytes left below the frame, for ${frames.toLocaleString('en')} more like it`;
  return `${kind === 'alternate' ? 'alternate' : 'normal'}, ${hex(low)}..${hex(high)}, ${size} bytes; ${room}`;
};

/** A row of the frame's table: one line of bytes, or several neighbours that say the same. */
interface Row {
  readonly first: ByteLine;
  readonly size: number;
  /** Last part of the path. */
  readonly name: string;
  readonly meaning: string;
}

/** `xmm_space`, 3 for `fpstate.xmm_space[3]`. */
const element = (path: string): readonly [array: string, index: number] | null => {
  const match = /^(.*)\[(\d+)\]$/.exec(path);
  return match === null ? null : [match[1]!, Number(match[2])];
};

const sameKind = (a: ByteLine, b: ByteLine): boolean =>
  a.kind === b.kind && a.size === b.size && (a.kind === 'unwritten' || a.bytes === b.bytes);

/** Joins elements of an array that are alike. */
const rowsOf = (lines: readonly ByteLine[]): Row[] => {
  const rows: Row[] = [];
  for (let i = 0; i < lines.length; ) {
    const first = lines[i]!;
    const start = element(first.path);
    let end = i + 1;
    if (start !== null) {
      while (end < lines.length) {
        const next = element(lines[end]!.path);
        if (next === null || next[0] !== start[0] || !sameKind(first, lines[end]!)) break;
        end++;
      }
    }
    const name = first.path.slice(first.path.lastIndexOf('.') + 1);
    const range =
      start === null || end === i + 1 ? name : name.replace(/\[\d+\]$/, `[${start[1]}..${start[1] + end - i - 1}]`);
    const last = lines[end - 1]!.meaning;
    const meaning = last === first.meaning ? last : `${first.meaning}..${last}`;
    rows.push({ first, size: first.size * (end - i), name: range, meaning });
    i = end;
  }
  return rows;
};

const OFFSET_WIDTH = 8;
const SIZE_WIDTH = 6;
const ADDRESS_WIDTH = 16;
const NAME_WIDTH = 22;
const VALUE_WIDTH = 34;

/** Structs that contain a field, outermost first: `uc`, `uc.uc_mcontext`. */
const parentsOf = (path: string): string[] => {
  const parts = path.split('.').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('.'));
};

/** C's names of the structs. */
const STRUCTS: Readonly<Record<string, string>> = {
  uc: 'struct ucontext',
  'uc.uc_stack': 'stack_t',
  'uc.uc_mcontext': 'struct sigcontext',
  info: 'siginfo_t',
  fpstate: 'struct _fpstate_64',
  'fpstate.sw_reserved': 'struct _fpx_sw_bytes',
  xstate_hdr: 'struct _header',
  ymmh: 'struct _ymmh_state',
};

const frameOf = ({ frame }: FrameReport, style: Style): string[] => {
  const lines: string[] = [];
  let open: readonly string[] = [];
  const row = (offset: string, size: string, address: string, name: string, value: string, meaning: string) =>
    `${cell(offset, OFFSET_WIDTH)}${cell(size, SIZE_WIDTH)}${cell(address, ADDRESS_WIDTH, style.dim)}` +
    `${cell(name, NAME_WIDTH)}${cell(value, VALUE_WIDTH, style.value)}  ${style.dim(meaning)}`.trimEnd();
  const header = `${cell('offset', OFFSET_WIDTH)}${cell('size', SIZE_WIDTH)}${cell('address', ADDRESS_WIDTH)}`;
  lines.push(style.dim(`${header}${cell('field', NAME_WIDTH)}${cell('value', VALUE_WIDTH)}  meaning`));
  for (const { first, size, name, meaning } of rowsOf(frame.lines)) {
    const { kind, offset, address, path, value } = first;
    const parents = path === '' ? (kind === 'padding' ? open : []) : parentsOf(path);
    for (const [depth, parent] of parents.entries()) {
      if (open[depth] === parent) continue;
      const label = '  '.repeat(depth) + parent.slice(parent.lastIndexOf('.') + 1);
      lines.push(
        `${' '.repeat(OFFSET_WIDTH + SIZE_WIDTH + ADDRESS_WIDTH)}${cell(label, NAME_WIDTH, style.bold)}${style.dim(STRUCTS[parent] ?? '')}`.trimEnd(),
      );
    }
    open = parents;
    const indented =
      '  '.repeat(parents.length) + (kind === 'field' || (kind === 'unwritten' && path !== '') ? name : `(${kind})`);
    lines.push(
      row(`+${offset}`, String(size), hex(address), indented, kind === 'unwritten' ? '' : value, meaning).trimEnd(),
    );
  }
  return lines;
};

const named = (value: bigint, name: string): string => {
  if (name === '') return hex(value);
  return name.startsWith('-') ? name : `${hex(value)} ${name}`;
};

/** Columns as wide as their texts, two spaces between them. */
const registersOf = (registers: readonly RegisterRow[], style: Style): string[] => {
  const mark = (value: bigint, before: bigint, name: string) => `${value === before ? ' ' : '*'} ${named(value, name)}`;
  const rows = registers.map(({ name, before, entry, after, names, meaning }) => ({
    name,
    cells: [
      { text: named(before, names.before), changed: false },
      { text: mark(entry, before, names.entry), changed: entry !== before },
      ...(after === null ? [] : [{ text: mark(after, before, names.after), changed: after !== before }]),
    ],
    meaning: entry === before ? '' : meaning,
  }));
  const titles = ['interrupted', '  handler entry', '  after rt_sigreturn'].slice(0, rows[0]?.cells.length);
  const widths = titles.map(
    (title, i) => Math.max(title.length, ...rows.map(({ cells }) => cells[i]!.text.length)) + 2,
  );
  const nameWidth = Math.max('pt_regs'.length, ...rows.map(({ name }) => name.length)) + 2;
  const head = titles.map((title, i) => cell(title, widths[i]!)).join('');
  const lines = rows.map(({ name, cells, meaning }) => {
    const columns = cells.map(({ text, changed }, i) => cell(text, widths[i]!, changed ? style.changed : same));
    return `${cell(name, nameWidth)}${columns.join('')}${style.dim(meaning)}`.trimEnd();
  });
  return [
    style.bold(`${cell('pt_regs', nameWidth)}${head}`.trimEnd()),
    ...lines,
    style.dim('* differs from the interrupted program'),
  ];
};

const returnOf = (report: FrameReport, style: Style): string[] => {
  const { restores, return: returned } = report;
  const rows: [string, string][] = [
    ['registers', restores.registers],
    ['mask', `${restores.mask}; while the handler runs it is ${restores.blockedNow}`],
    ['altstack', restores.altstack],
    ['fp state', restores.fpState],
  ];
  const lines = [
    style.bold(report.personality === 'linux' ? 'rt_sigreturn restores' : 'the restorer brings back'),
    ...facts(rows, style),
  ];
  if (returned === null) return lines;
  const after = `${returned.instructions.toLocaleString('en')} instructions`;
  lines.push('', `${returned.text} (${returned.kind === 'abandoned' ? `noticed after ${after}` : after}).`);
  if (returned.kind === 'sigreturn' || returned.kind === 'refused') {
    if (returned.edits.length === 0) lines.push('The handler left the frame as it was.');
    else
      lines.push(
        'The handler changed its frame:',
        ...returned.edits.map(
          ({ path, before, after, effect }) => `  ${path}: ${before} -> ${style.changed(after)}  ${style.dim(effect)}`,
        ),
      );
  }
  return lines;
};

/** Lines without line ends. */
export const frameText = (report: FrameReport, style: Style): string[] => {
  const { frame, handler } = report;
  const where =
    handler.stack === 'alternate' ? 'on the alternate stack, up to its top' : 'on the stack, up to the interrupted rsp';
  return [
    style.bold(report.headline),
    '',
    ...storyOf(report, style),
    '',
    style.bold(
      `${report.personality === 'linux' ? 'rt_sigframe' : 'frame of Linux 0.11'} at ${hex(frame.address)}: ${frame.size.toLocaleString('en')} bytes ${where}`,
    ),
    ...frameOf(report, style),
    '',
    ...registersOf(report.registers, style),
    '',
    ...returnOf(report, style),
  ];
};

/** The report as JSON: every 64-bit value is a string in hexadecimal. */
export const frameJson = (report: FrameReport): string =>
  JSON.stringify(report, (_key, value: unknown) => (typeof value === 'bigint' ? hex(value) : value), 2);
