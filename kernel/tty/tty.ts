/**
 * Terminals (struct tty_struct): settings, line discipline state, who controls it. The machine's own, over the host's
 * streams, and both ends of pseudo-terminals.
 */
import { CFLAG, IFLAG, LFLAG, OFLAG } from '../abi/ioctl.ts';
import { makedev } from '../abi/stat.ts';
import type { AsyncEntry } from '../fs/fasync.ts';
import { type WaitQueue, waitQueue } from '../task/wait.ts';

export interface Termios {
  c_iflag: number;
  c_oflag: number;
  c_cflag: number;
  c_lflag: number;
  c_line: number;
  c_cc: number[];
  /** Bits a second. */
  c_ispeed: number;
  c_ospeed: number;
}

export interface WindowSize {
  ws_row: number;
  ws_col: number;
  ws_xpixel: number;
  ws_ypixel: number;
}

/** Marks in `Input.bytes`: a line ends behind this byte; and the end of a line with no byte of its own (^D). */
export const LINE_END = 0x100;
export const END_OF_FILE = 0x200;

/** Bytes the discipline holds at most (N_TTY_BUF_SIZE, less one). */
export const INPUT_SIZE = 4095;

/** What the line discipline keeps of input (struct n_tty_data). */
export interface Input {
  /** What may be read and, from `editable` on, what is still being edited; with marks in canonical mode. */
  bytes: number[];
  /** How many of them belong to complete lines. */
  editable: number;
  /** Complete lines. */
  lines: number;
  /** The next byte is taken as it is (VLNEXT). */
  literal: boolean;
  /** With ECHOPRT: between the backslash and the slash of an erasure. */
  erasing: boolean;
  /** When the last byte came, monotonic nanoseconds: VTIME between bytes counts from there. */
  last: number;
}

export interface Tty {
  /** `console` is the host's terminal; `master` and `slave` are the ends of a pseudo-terminal. */
  readonly kind: 'console' | 'master' | 'slave';
  readonly index: number;
  termios: Termios;
  /** What of the settings may not be changed (TIOCSLCKTRMIOS): bits, and characters that are not 0. */
  lockedTermios: Termios;
  /** Null to ask the host. */
  winsize: WindowSize | null;
  /** The session whose controlling terminal it is, and its foreground process group; 0 for none. */
  session: number;
  foreground: number;
  input: Input;
  /** Sent by the other end, or typed, and not yet taken for want of room. */
  backlog: Uint8Array[];
  /** Where output stands, and where the line being edited began, in columns: for tabs. */
  column: number;
  canonicalColumn: number;
  /** Echo that is not sent yet, and where output stood before it. */
  echoes: { bytes: number[]; column: number; canonicalColumn: number };
  /** Output is held (^S, TCOOFF). */
  stopped: boolean;
  /** Pseudo-terminals: the other end. */
  link: Tty | null;
  /** Open files, and whether there ever was one: a master waits for the first. */
  opens: number;
  everOpened: boolean;
  /** Slave: not to be opened before unlockpt(3). */
  locked: boolean;
  /** TIOCEXCL: only root may open it again. */
  exclusive: boolean;
  /** Counts hang-ups: files opened before the last one are dead. */
  hangups: number;
  /** Master: reads begin with a byte of status (TIOCPKT), and what is to be told. */
  packet: boolean;
  packetStatus: number;
  /** Console: the host's terminal is raw, and keys come one by one. */
  raw: boolean;
  readWait: WaitQueue;
  writeWait: WaitQueue;
  async: AsyncEntry[];
}

/** Settings of a new terminal (tty_std_termios). */
export const standardTermios = (): Termios => ({
  c_iflag: IFLAG.ICRNL | IFLAG.IXON,
  c_oflag: OFLAG.OPOST | OFLAG.ONLCR,
  c_cflag: CFLAG.B38400 | CFLAG.CS8 | CFLAG.CREAD,
  c_lflag:
    LFLAG.ISIG | LFLAG.ICANON | LFLAG.ECHO | LFLAG.ECHOE | LFLAG.ECHOK | LFLAG.ECHOCTL | LFLAG.ECHOKE | LFLAG.IEXTEN,
  c_line: 0,
  // INTR ^C, QUIT ^\, ERASE DEL, KILL ^U, EOF ^D, TIME, MIN, SWTC, START ^Q, STOP ^S, SUSP ^Z, EOL, REPRINT ^R, DISCARD ^O,
  // WERASE ^W, LNEXT ^V, EOL2
  c_cc: [3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22, 0, 0, 0],
  c_ispeed: 38400,
  c_ospeed: 38400,
});

/** Nothing is locked. */
export const unlockedTermios = (): Termios => ({
  ...{ c_iflag: 0, c_oflag: 0, c_cflag: 0, c_lflag: 0, c_line: 0 },
  ...{ c_cc: new Array<number>(19).fill(0), c_ispeed: 0, c_ospeed: 0 },
});

/** A master passes everything on as it is. */
const masterTermios = (): Termios => ({ ...standardTermios(), c_iflag: 0, c_oflag: 0, c_lflag: 0 });

export const newTty = (kind: Tty['kind'], index: number): Tty => ({
  kind,
  index,
  termios: kind === 'master' ? masterTermios() : standardTermios(),
  lockedTermios: unlockedTermios(),
  winsize: kind === 'console' ? null : { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 },
  ...{ session: 0, foreground: 0 },
  input: emptyInput(),
  backlog: [],
  ...{ column: 0, canonicalColumn: 0, stopped: false },
  echoes: { bytes: [], column: 0, canonicalColumn: 0 },
  link: null,
  ...{ opens: 0, everOpened: false, locked: false, exclusive: false, hangups: 0 },
  ...{ packet: false, packetStatus: 0, raw: false },
  readWait: waitQueue(),
  writeWait: waitQueue(),
  async: [],
});

export const emptyInput = (): Input => ({
  ...{ bytes: [], editable: 0, lines: 0, literal: false, erasing: false, last: 0 },
});

const UNIX98_SLAVE_MAJOR = 136;
const UNIX98_MASTER_MAJOR = 128;

/** Device number, as /proc/PID/stat shows it and TIOCGDEV tells. The console is the first slave. */
export const ttyDevice = ({ kind, index }: Tty): number =>
  makedev(kind === 'master' ? UNIX98_MASTER_MAJOR : UNIX98_SLAVE_MAJOR, index);

export const isCanonical = ({ termios }: Tty): boolean => (termios.c_lflag & LFLAG.ICANON) !== 0;

/** Bytes waiting behind the line discipline. */
export const backlogLength = ({ backlog }: Tty): number => backlog.reduce((sum, piece) => sum + piece.length, 0);
