/** Settings of terminals as programs read and write them (drivers/tty/tty_ioctl.c, tty_baudrate.c; termios(3)). */
import { BAUD_RATES, CFLAG, IBSHIFT, IOCTL, LFLAG, termio, termios2, termios as termiosStruct } from '../abi/ioctl.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { readStruct, writeStruct } from '../mm/user.ts';
import { wakeAll } from '../task/wait.ts';
import { adjustHost } from './console.ts';
import { packetTermios } from './packet.ts';
import { END_OF_FILE, isCanonical, LINE_END, type Termios, type Tty } from './tty.ts';

/** System V's struct, the usual one, and the one with speeds. */
type TermiosKind = 'termio' | 'termios' | 'termios2';

const form = (kind: TermiosKind, get = false) => ({ kind, get });

/** Requests that give or take settings. */
export const TERMIOS_FORMS: ReadonlyMap<number, { readonly kind: TermiosKind; readonly get: boolean }> = new Map([
  [IOCTL.TCGETS, form('termios', true)],
  [IOCTL.TCSETS, form('termios')],
  [IOCTL.TCSETSW, form('termios')],
  [IOCTL.TCSETSF, form('termios')],
  [IOCTL.TCGETA, form('termio', true)],
  [IOCTL.TCSETA, form('termio')],
  [IOCTL.TCSETAW, form('termio')],
  [IOCTL.TCSETAF, form('termio')],
  [IOCTL.TCGETS2, form('termios2', true)],
  [IOCTL.TCSETS2, form('termios2')],
  [IOCTL.TCSETSW2, form('termios2')],
  [IOCTL.TCSETSF2, form('termios2')],
]);

const LOW = 0xffff;
/** Control characters of struct termio. */
const NCC = 8;

/** Gives the guest the settings, as much of them as its struct has. */
export const writeTermios = (mm: Mm, kind: TermiosKind, address: number, settings: Termios): void => {
  if (kind === 'termios') writeStruct(mm, termiosStruct, address, settings);
  else if (kind === 'termios2') writeStruct(mm, termios2, address, settings);
  else {
    const { c_iflag, c_oflag, c_cflag, c_lflag, c_line, c_cc } = settings;
    const modes = { c_iflag: c_iflag & LOW, c_oflag: c_oflag & LOW, c_cflag: c_cflag & LOW, c_lflag: c_lflag & LOW };
    writeStruct(mm, termio, address, { ...modes, c_line, c_cc: c_cc.slice(0, NCC) });
  }
};

const merge = (old: number, low: number): number => ((old & ~LOW) | low) >>> 0;

const readForm = (mm: Mm, kind: TermiosKind, address: number, old: Termios): Termios => {
  if (kind === 'termios') return { ...old, ...readStruct(mm, termiosStruct, address) };
  if (kind === 'termios2') return readStruct(mm, termios2, address);
  const { c_iflag, c_oflag, c_cflag, c_lflag, c_line, c_cc } = readStruct(mm, termio, address);
  return {
    ...old,
    c_iflag: merge(old.c_iflag, c_iflag),
    c_oflag: merge(old.c_oflag, c_oflag),
    c_cflag: merge(old.c_cflag, c_cflag),
    c_lflag: merge(old.c_lflag, c_lflag),
    c_line,
    c_cc: [...c_cc, ...old.c_cc.slice(NCC)],
  };
};

const baudRate = (bits: number, given: number): number => {
  if (bits === CFLAG.BOTHER) return given;
  return BAUD_RATES[bits & CFLAG.CBAUDEX ? (bits & ~CFLAG.CBAUDEX) + 15 : bits] ?? 0;
};

/** The settings that the guest asks for; what its struct does not have stays as it is. Speeds follow from c_cflag. */
export const readTermios = (mm: Mm, kind: TermiosKind, address: number, old: Termios): Termios => {
  const wanted = readForm(mm, kind, address, old);
  const output = baudRate(wanted.c_cflag & CFLAG.CBAUD, wanted.c_ospeed);
  const inputBits = (wanted.c_cflag >>> IBSHIFT) & CFLAG.CBAUD;
  return { ...wanted, c_ispeed: inputBits === 0 ? output : baudRate(inputBits, wanted.c_ispeed), c_ospeed: output };
};

/** What is locked stays (unset_locked_termios). */
const withLocks = (wanted: Termios, old: Termios, locked: Termios): Termios => {
  const bits = (name: 'c_iflag' | 'c_oflag' | 'c_cflag' | 'c_lflag'): number =>
    ((wanted[name] & ~locked[name]) | (old[name] & locked[name])) >>> 0;
  return {
    ...wanted,
    ...{ c_iflag: bits('c_iflag'), c_oflag: bits('c_oflag'), c_cflag: bits('c_cflag'), c_lflag: bits('c_lflag') },
    c_line: locked.c_line === 0 ? wanted.c_line : old.c_line,
    c_cc: wanted.c_cc.map((key, at) => (locked.c_cc[at] === 0 ? key : old.c_cc[at]!)),
  };
};

/** Takes new settings; input is seen with other eyes when ICANON changes (n_tty_set_termios). */
export const setTermios = (kernel: Kernel, tty: Tty, settings: Termios): void => {
  const old = tty.termios;
  tty.termios = withLocks(settings, old, tty.lockedTermios);
  const { termios: settled } = tty;
  // No terminal here is a bus.
  settled.c_cflag = (settled.c_cflag & ~CFLAG.ADDRB) >>> 0;
  // A pseudo-terminal is a line of 8 bits, whatever it is told.
  if (tty.link !== null)
    settled.c_cflag = ((settled.c_cflag & ~(CFLAG.CSIZE | CFLAG.PARENB)) | CFLAG.CS8 | CFLAG.CREAD) >>> 0;
  if ((old.c_lflag ^ settled.c_lflag) & LFLAG.ICANON) {
    const { input } = tty;
    if (isCanonical(tty)) {
      // What has come so far is a line, though nothing ends it.
      if (input.bytes.length > 0) input.bytes.push((input.bytes.pop()! & 0xff) | LINE_END);
      input.editable = input.bytes.length;
      input.lines = input.bytes.length > 0 ? 1 : 0;
    } else {
      input.bytes = input.bytes.map((entry) => (entry & END_OF_FILE ? 0 : entry & 0xff));
      input.editable = input.bytes.length;
      input.lines = 0;
    }
    if (input.bytes.length > 0) wakeAll(kernel, tty.readWait);
    input.literal = false;
  }
  packetTermios(kernel, tty, old);
  if (tty.kind === 'console') adjustHost(kernel, tty);
};
