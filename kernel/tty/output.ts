/** Output processing and echo (n_tty.c: do_output_char, process_echoes), and handing bytes to what is behind the terminal. */
import { IFLAG, LFLAG, OFLAG } from '../abi/ioctl.ts';
import { POLL_CODE } from '../abi/signal.ts';
import { killFasync } from '../fs/fasync.ts';
import type { HostStream } from '../host.ts';
import type { Kernel } from '../kernel.ts';
import { wakeAll } from '../task/wait.ts';
import { backlogLength, INPUT_SIZE, type Tty } from './tty.ts';

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const BACKSPACE = 8;
const SPACE = 32;
const DEL = 127;
/** TABDLY: tabs are written as spaces (XTABS). */
const XTABS = 0o14000;
/** What the other end of a pseudo-terminal holds for the line discipline. */
const PTY_ROOM = 8192;

export const isControl = (byte: number): boolean => byte < SPACE || byte === DEL;

/** The bytes that show `byte`, and where the column goes (do_output_char). */
export const processed = (tty: Tty, byte: number): number[] => {
  const { c_oflag, c_iflag } = tty.termios;
  if (!(c_oflag & OFLAG.OPOST)) return [byte];
  switch (byte) {
    case NEWLINE:
      if (c_oflag & OFLAG.ONLRET) tty.column = 0;
      if (!(c_oflag & OFLAG.ONLCR)) {
        tty.canonicalColumn = tty.column;
        return [byte];
      }
      tty.column = tty.canonicalColumn = 0;
      return [RETURN, NEWLINE];
    case RETURN:
      if (c_oflag & OFLAG.ONOCR && tty.column === 0) return [];
      if (c_oflag & OFLAG.OCRNL) {
        if (c_oflag & OFLAG.ONLRET) tty.column = tty.canonicalColumn = 0;
        return [NEWLINE];
      }
      tty.column = tty.canonicalColumn = 0;
      return [byte];
    case TAB: {
      const spaces = 8 - (tty.column & 7);
      tty.column += spaces;
      return (c_oflag & XTABS) === XTABS ? new Array<number>(spaces).fill(SPACE) : [byte];
    }
    case BACKSPACE:
      if (tty.column > 0) tty.column--;
      return [byte];
    default: {
      if (isControl(byte)) return [byte];
      const lower = c_oflag & OFLAG.OLCUC && byte >= 97 && byte <= 122;
      const continuation = c_iflag & IFLAG.IUTF8 && (byte & 0xc0) === 0x80;
      if (!continuation) tty.column++;
      return [lower ? byte - 32 : byte];
    }
  }
};

/** The host's stream that shows what is written: the first that is a terminal, or standard error for its descriptor. */
export const consoleOutput = (kernel: Kernel, stderr: boolean): HostStream =>
  stderr || !kernel.host.stdout.terminal ? kernel.host.stderr : kernel.host.stdout;

/** How many bytes can be handed on now, roughly for the host's terminal. */
export const writeRoom = (kernel: Kernel, tty: Tty, stderr = false): number => {
  if (tty.stopped) return 0;
  if (tty.link !== null) return Math.max(0, PTY_ROOM - backlogLength(tty.link) - tty.link.input.bytes.length);
  return consoleOutput(kernel, stderr).writable() ? 4096 : 0;
};

/** Bytes reach a master as they are; what it has no room for waits. */
export const deliver = (kernel: Kernel, master: Tty, bytes: Uint8Array): void => {
  if (bytes.length > 0) master.backlog.push(bytes);
  const { input, backlog } = master;
  let came = false;
  while (backlog.length > 0 && input.bytes.length < INPUT_SIZE) {
    const piece = backlog[0]!;
    const part = piece.subarray(0, INPUT_SIZE - input.bytes.length);
    input.bytes.push(...part);
    came = true;
    if (part.length < piece.length) backlog[0] = piece.subarray(part.length);
    else backlog.shift();
  }
  if (!came) return;
  wakeAll(kernel, master.readWait);
  killFasync(kernel, master.async, POLL_CODE.IN);
};

/** Hands output on, for which there is room: to the master, or the host. Returns how many bytes were taken. */
export const drive = (kernel: Kernel, tty: Tty, bytes: Uint8Array, stderr = false): number => {
  if (tty.link !== null) {
    deliver(kernel, tty.link, bytes);
    return bytes.length;
  }
  const written = consoleOutput(kernel, stderr).write(bytes);
  return typeof written === 'number' ? written : written === 'broken' ? bytes.length : 0;
};

/**
 * Echo of what was typed: it goes through output processing too, as what a program writes. It is sent when all that came at once
 * was looked at.
 */
export const echo = (tty: Tty, bytes: readonly number[]): void => {
  const { echoes } = tty;
  if (echoes.bytes.length === 0) {
    echoes.column = tty.column;
    echoes.canonicalColumn = tty.canonicalColumn;
  }
  for (const byte of bytes) echoes.bytes.push(...processed(tty, byte));
};

/** What is held of echo while output is; the oldest goes (ECHO_COMMIT_WATERMARK and N_TTY_BUF_SIZE of n_tty.c). */
const ECHO_SIZE = 4096;

/** Not while output is held (process_echoes). */
export const sendEchoes = (kernel: Kernel, tty: Tty): void => {
  const { bytes } = tty.echoes;
  if (bytes.length > ECHO_SIZE) bytes.splice(0, bytes.length - ECHO_SIZE);
  if (bytes.length === 0 || tty.stopped) return;
  tty.echoes.bytes = [];
  drive(kernel, tty, Uint8Array.from(bytes));
};

/** They were never there. */
export const dropEchoes = (tty: Tty): void => {
  const { echoes } = tty;
  if (echoes.bytes.length === 0) return;
  echoes.bytes = [];
  tty.column = echoes.column;
  tty.canonicalColumn = echoes.canonicalColumn;
};

/** A byte as people see it: control characters as ^X with ECHOCTL (echo_char). */
export const visible = ({ termios }: Tty, byte: number): number[] =>
  termios.c_lflag & LFLAG.ECHOCTL && isControl(byte) && byte !== TAB ? [94, byte ^ 0o100] : [byte];
