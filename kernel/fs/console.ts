/**
 * The line discipline of the machine's terminal: settings, line editing, echo, signal keys (termios(3), n_tty.c).
 *
 * While the guest leaves the terminal in its usual state the host's terminal edits lines and echoes; lines come here whole.
 * When the guest changes that, the host's is made raw and these functions do what the settings ask.
 */
import { CC, CFLAG, IFLAG, LFLAG, OFLAG } from '../abi/ioctl.ts';
import { SIG } from '../abi/signal.ts';
import type { HostStream } from '../host.ts';
import type { Kernel } from '../kernel.ts';
import { killPgrpInfo } from '../signal/kill.ts';
import { kernelInfo } from '../signal/send.ts';

export interface Termios {
  c_iflag: number;
  c_oflag: number;
  c_cflag: number;
  c_lflag: number;
  c_line: number;
  c_cc: number[];
}

export interface Console {
  termios: Termios;
  /** Input that may be read: lines in canonical mode (an empty one is an end of file), pieces otherwise. */
  ready: Uint8Array[];
  /** The line being edited. */
  editing: number[];
  /** The host's terminal is raw: keys come one by one and are handled here. */
  raw: boolean;
  /** Set by TIOCSWINSZ; null to ask the host. */
  winsize: { ws_row: number; ws_col: number; ws_xpixel: number; ws_ypixel: number } | null;
  /** Session whose terminal it is (0 none yet). */
  session: number;
}

/** Settings of a new terminal (tty_std_termios). */
export const initialTermios = (): Termios => ({
  c_iflag: IFLAG.ICRNL | IFLAG.IXON,
  c_oflag: OFLAG.OPOST | OFLAG.ONLCR,
  c_cflag: CFLAG.B38400 | CFLAG.CS8 | CFLAG.CREAD,
  c_lflag:
    LFLAG.ISIG | LFLAG.ICANON | LFLAG.ECHO | LFLAG.ECHOE | LFLAG.ECHOK | LFLAG.ECHOCTL | LFLAG.ECHOKE | LFLAG.IEXTEN,
  c_line: 0,
  // INTR ^C, QUIT ^\, ERASE DEL, KILL ^U, EOF ^D, TIME, MIN, SWTC, START ^Q, STOP ^S, SUSP ^Z, EOL, REPRINT ^R, DISCARD ^O,
  // WERASE ^W, LNEXT ^V, EOL2
  c_cc: [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0],
});

export const newConsole = (): Console => ({
  termios: initialTermios(),
  ready: [],
  editing: [],
  raw: false,
  winsize: null,
  session: 0,
});

/** What of the usual settings the host's own terminal takes care of. */
const HOST_DOES = LFLAG.ISIG | LFLAG.ICANON | LFLAG.ECHO;

/** The stream that is the terminal's input; undefined when only output is a terminal. */
export const terminalInput = (kernel: Kernel): HostStream | undefined =>
  kernel.host.stdin.terminal ? kernel.host.stdin : undefined;

/** Takes new settings and makes the host's terminal raw or not accordingly. */
export const setTermios = (kernel: Kernel, termios: Termios): void => {
  const { console } = kernel.vfs;
  console.termios = termios;
  const raw = (termios.c_lflag & HOST_DOES) !== HOST_DOES || (termios.c_iflag & IFLAG.ICRNL) === 0;
  const input = terminalInput(kernel);
  if (raw === console.raw || input?.setRaw === undefined) return;
  console.raw = raw;
  input.setRaw(raw);
};

/** Drops input that was not read (tcflush). */
export const flushInput = (kernel: Kernel): void => {
  kernel.vfs.console.ready = [];
  kernel.vfs.console.editing = [];
};

/** Takes whatever the host has. Returns false at its end of file. */
export const pullInput = (kernel: Kernel): boolean => {
  const { console } = kernel.vfs;
  const input = terminalInput(kernel);
  if (input === undefined) return false;
  for (;;) {
    const bytes = input.read(4096);
    if (bytes === 'wait') return true;
    if (bytes === 'end') return false;
    if (console.raw) receiveKeys(kernel, bytes);
    else splitLines(console, bytes);
  }
};

const NEWLINE = 10;

/** The host's terminal did the editing: cut what came into lines. */
const splitLines = (console: Console, bytes: Uint8Array): void => {
  let start = 0;
  for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, start)) {
    console.ready.push(bytes.slice(start, at + 1));
    start = at + 1;
  }
  if (start < bytes.length) console.ready.push(bytes.slice(start));
};

const controlText = (byte: number): string =>
  byte < 32 ? `^${String.fromCharCode(byte + 64)}` : byte === 127 ? '^?' : String.fromCharCode(byte);

const receiveKeys = (kernel: Kernel, bytes: Uint8Array): void => {
  for (const byte of bytes) receiveKey(kernel, byte);
};

const echo = (kernel: Kernel, text: string): void => {
  const output = kernel.host.stdout.terminal ? kernel.host.stdout : kernel.host.stderr;
  if (output.terminal) output.write(Uint8Array.from(text, (c) => c.charCodeAt(0)));
};

/** One key, as n_tty_receive_char does. */
const receiveKey = (kernel: Kernel, key: number): void => {
  const { console } = kernel.vfs;
  const { c_iflag, c_lflag, c_cc } = console.termios;
  const is = (index: number): boolean => c_cc[index] !== 0 && c_cc[index] === byte;
  let byte = key;
  if (c_lflag & LFLAG.ISIG) {
    const signo = is(CC.VINTR) ? SIG.SIGINT : is(CC.VQUIT) ? SIG.SIGQUIT : is(CC.VSUSP) ? SIG.SIGTSTP : 0;
    if (signo !== 0) {
      if (!(c_lflag & LFLAG.NOFLSH)) flushInput(kernel);
      if (c_lflag & LFLAG.ECHO) echo(kernel, controlText(byte));
      killPgrpInfo(kernel, signo, kernelInfo(signo), kernel.foreground);
      return;
    }
  }
  if (byte === 13) {
    if (c_iflag & IFLAG.IGNCR) return;
    if (c_iflag & IFLAG.ICRNL) byte = NEWLINE;
  } else if (byte === NEWLINE && c_iflag & IFLAG.INLCR) {
    byte = 13;
  }
  const echoes = (c_lflag & LFLAG.ECHO) !== 0;
  if (!(c_lflag & LFLAG.ICANON)) {
    console.ready.push(Uint8Array.of(byte));
    if (echoes)
      echo(
        kernel,
        byte === NEWLINE ? '\r\n' : byte < 32 || byte === 127 ? controlText(byte) : String.fromCharCode(byte),
      );
    return;
  }
  const { editing } = console;
  if (is(CC.VERASE)) {
    if (editing.pop() !== undefined && echoes) echo(kernel, '\b \b');
  } else if (is(CC.VKILL)) {
    if (echoes) echo(kernel, '\b \b'.repeat(editing.length));
    editing.length = 0;
  } else if (is(CC.VEOF)) {
    console.ready.push(Uint8Array.from(editing));
    editing.length = 0;
  } else {
    editing.push(byte);
    const ends = byte === NEWLINE || is(CC.VEOL) || is(CC.VEOL2);
    if (echoes || (byte === NEWLINE && c_lflag & LFLAG.ECHONL)) {
      echo(kernel, byte === NEWLINE ? '\r\n' : byte < 32 ? controlText(byte) : String.fromCharCode(byte));
    }
    if (ends) {
      console.ready.push(Uint8Array.from(editing));
      editing.length = 0;
    }
  }
};
