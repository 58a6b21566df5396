/** Input of the line discipline N_TTY: editing, signal keys, flow control (drivers/tty/n_tty.c; termios(3)). */
import { CC, IFLAG, LFLAG } from '../abi/ioctl.ts';
import { POLL_CODE, SIG } from '../abi/signal.ts';
import { killFasync } from '../fs/fasync.ts';
import type { Kernel } from '../kernel.ts';
import { killPgrpInfo } from '../signal/kill.ts';
import { kernelInfo } from '../signal/send.ts';
import { wakeAll } from '../task/wait.ts';
import { erase, finishErasing } from './erase.ts';
import { deliver, dropEchoes, echo, sendEchoes, visible } from './output.ts';
import { packetChange } from './packet.ts';
import { END_OF_FILE, emptyInput, INPUT_SIZE, isCanonical, LINE_END, type Tty } from './tty.ts';

const NEWLINE = 10;
const RETURN = 13;
const SLASH_B = 8;
const CARET = 94;

const special = ({ termios }: Tty, index: number, byte: number): boolean =>
  termios.c_cc[index] !== 0 && termios.c_cc[index] === byte;

/** Drops what was not read, and what is being typed (reset_buffer_flags). */
const resetInput = (kernel: Kernel, tty: Tty): void => {
  tty.input = emptyInput();
  if (tty.link !== null) wakeAll(kernel, tty.link.writeWait);
};

/** Drops what was not read, typed or sent (TCIFLUSH: tty_buffer_flush, n_tty_flush_buffer). */
export const flushInput = (kernel: Kernel, tty: Tty): void => {
  tty.backlog = [];
  resetInput(kernel, tty);
  packetChange(kernel, tty, 'flushRead');
};

/** Drops what was written but has not arrived at the other end (pty_flush_buffer). */
export const flushOutput = (kernel: Kernel, tty: Tty): void => {
  if (tty.link === null) return;
  tty.link.backlog = [];
  packetChange(kernel, tty, 'flushWrite');
  wakeAll(kernel, tty.writeWait);
};

/** Holds or releases output: ^S and ^Q, tcflow(3) (stop_tty, start_tty). */
export const setStopped = (kernel: Kernel, tty: Tty, stopped: boolean): void => {
  if (tty.stopped === stopped) return;
  tty.stopped = stopped;
  packetChange(kernel, tty, stopped ? 'stop' : 'start');
  if (stopped) return;
  sendEchoes(kernel, tty);
  wakeAll(kernel, tty.writeWait);
};

/**
 * A signal key: to the foreground group, and unless NOFLSH all that was typed before it and all that has not arrived is
 * dropped, with its echo (isig). What follows in the same write stays.
 */
const signalKey = (kernel: Kernel, tty: Tty, signo: number): void => {
  if (tty.foreground !== 0) killPgrpInfo(kernel, signo, kernelInfo(signo), tty.foreground);
  if (tty.termios.c_lflag & LFLAG.NOFLSH) return;
  dropEchoes(tty);
  flushOutput(kernel, tty);
  resetInput(kernel, tty);
  packetChange(kernel, tty, 'flushRead');
};

/** Bytes come in: what there is no room for waits until someone reads. */
export const receive = (kernel: Kernel, tty: Tty, bytes: Uint8Array): void => {
  tty.backlog.push(bytes.slice());
  digest(kernel, tty);
};

/** Takes as much of the backlog as there is room for, and tells readers (n_tty_receive_buf_common). */
export const digest = (kernel: Kernel, tty: Tty): void => {
  if (tty.kind === 'master') {
    deliver(kernel, tty, new Uint8Array(0));
    return;
  }
  if (tty.backlog.length === 0) return;
  while (tty.backlog.length > 0) {
    const piece = tty.backlog[0]!;
    let at = 0;
    while (at < piece.length && hasRoom(tty)) receiveByte(kernel, tty, piece[at++]!);
    sendEchoes(kernel, tty);
    if (at < piece.length) {
      tty.backlog[0] = piece.subarray(at);
      break;
    }
    tty.backlog.shift();
  }
  tty.input.last = kernel.now();
  if (isCanonical(tty) ? tty.input.lines > 0 : tty.input.bytes.length > 0) {
    wakeAll(kernel, tty.readWait);
    killFasync(kernel, tty.async, POLL_CODE.IN);
  }
};

/** A line that fills everything can still be ended: further bytes of it are lost. */
const hasRoom = (tty: Tty): boolean =>
  tty.input.bytes.length < INPUT_SIZE || (isCanonical(tty) && tty.input.lines === 0);

const put = ({ input }: Tty, entry: number): void => {
  if (input.bytes.length < INPUT_SIZE || entry & (LINE_END | END_OF_FILE)) input.bytes.push(entry);
};

/** The line is complete (n_tty_receive_handle_newline). */
const endLine = (tty: Tty, entry: number): void => {
  put(tty, entry);
  tty.input.editable = tty.input.bytes.length;
  tty.input.lines++;
};

/** An ordinary byte: echoed, as it is or visibly, and kept. */
const keep = (tty: Tty, byte: number, shown: readonly number[]): void => {
  const { c_lflag, c_iflag } = tty.termios;
  if (c_lflag & LFLAG.ECHO) {
    finishErasing(tty);
    if (tty.input.bytes.length === tty.input.editable) tty.canonicalColumn = tty.column;
    echo(tty, shown);
  }
  if (c_iflag & IFLAG.PARMRK && byte === 0xff) put(tty, byte);
  put(tty, byte);
};

/** One byte (n_tty_receive_char_special and its callers). */
const receiveByte = (kernel: Kernel, tty: Tty, key: number): void => {
  const { c_iflag, c_lflag } = tty.termios;
  let byte = c_iflag & IFLAG.ISTRIP ? key & 0x7f : key;
  if (c_iflag & IFLAG.IUCLC && c_lflag & LFLAG.IEXTEN && byte >= 65 && byte <= 90) byte += 32;
  if (tty.input.literal) {
    tty.input.literal = false;
    keep(tty, byte, visible(tty, byte));
    return;
  }
  if (c_lflag & LFLAG.EXTPROC) {
    put(tty, byte);
    return;
  }
  if (c_iflag & IFLAG.IXON) {
    if (special(tty, CC.VSTART, byte)) {
      setStopped(kernel, tty, false);
      return;
    }
    if (special(tty, CC.VSTOP, byte)) {
      setStopped(kernel, tty, true);
      return;
    }
  }
  if (c_lflag & LFLAG.ISIG) {
    const signo = signalOf(tty, byte);
    if (signo !== 0) {
      signalKey(kernel, tty, signo);
      if (c_iflag & IFLAG.IXON) setStopped(kernel, tty, false);
      if (c_lflag & LFLAG.ECHO) echo(tty, visible(tty, byte));
      return;
    }
  }
  if (tty.stopped && c_iflag & IFLAG.IXON && c_iflag & IFLAG.IXANY) setStopped(kernel, tty, false);
  if (byte === RETURN) {
    if (c_iflag & IFLAG.IGNCR) return;
    if (c_iflag & IFLAG.ICRNL) byte = NEWLINE;
  } else if (byte === NEWLINE && c_iflag & IFLAG.INLCR) {
    byte = RETURN;
  }
  if (isCanonical(tty) && edit(tty, byte)) return;
  keep(tty, byte, visible(tty, byte));
};

const signalOf = (tty: Tty, byte: number): number => {
  if (special(tty, CC.VINTR, byte)) return SIG.SIGINT;
  if (special(tty, CC.VQUIT, byte)) return SIG.SIGQUIT;
  return special(tty, CC.VSUSP, byte) ? SIG.SIGTSTP : 0;
};

/** Canonical mode: true if the byte did something and is not simply part of the line. */
const edit = (tty: Tty, byte: number): boolean => {
  const { c_lflag } = tty.termios;
  const extended = (c_lflag & LFLAG.IEXTEN) !== 0;
  const echoes = (c_lflag & LFLAG.ECHO) !== 0;
  if (special(tty, CC.VERASE, byte) || special(tty, CC.VKILL, byte) || (special(tty, CC.VWERASE, byte) && extended)) {
    erase(tty, byte);
    return true;
  }
  if (special(tty, CC.VLNEXT, byte) && extended) {
    tty.input.literal = true;
    if (echoes) {
      finishErasing(tty);
      if (c_lflag & LFLAG.ECHOCTL) echo(tty, [CARET, SLASH_B]);
    }
    return true;
  }
  if (special(tty, CC.VREPRINT, byte) && echoes && extended) {
    finishErasing(tty);
    echo(tty, [...visible(tty, byte), NEWLINE]);
    echo(
      tty,
      tty.input.bytes.slice(tty.input.editable).flatMap((each) => visible(tty, each)),
    );
    return true;
  }
  if (byte === NEWLINE) {
    if (echoes || c_lflag & LFLAG.ECHONL) echo(tty, [byte]);
    endLine(tty, byte | LINE_END);
    return true;
  }
  if (special(tty, CC.VEOF, byte)) {
    endLine(tty, END_OF_FILE);
    return true;
  }
  if (special(tty, CC.VEOL, byte) || (special(tty, CC.VEOL2, byte) && extended)) {
    if (echoes) {
      if (tty.input.bytes.length === tty.input.editable) tty.canonicalColumn = tty.column;
      echo(tty, visible(tty, byte));
    }
    endLine(tty, byte | LINE_END);
    return true;
  }
  return false;
};

/** Lines which the host's terminal has edited already: its own bytes end at newlines, or where ^D was typed. */
export const receiveLines = (kernel: Kernel, tty: Tty, bytes: Uint8Array): void => {
  for (const byte of bytes) {
    if (byte === NEWLINE) endLine(tty, byte | LINE_END);
    else put(tty, byte);
  }
  if (tty.input.bytes.length > tty.input.editable) endLine(tty, END_OF_FILE);
  wakeAll(kernel, tty.readWait);
};
