/** Taking back what was typed: a character, a word, the line (n_tty.c, eraser). */
import { CC, IFLAG, LFLAG } from '../abi/ioctl.ts';
import { echo, isControl, visible } from './output.ts';
import type { Tty } from './tty.ts';

const NEWLINE = 10;
const TAB = 9;
const SLASH = 47;
const BACKSLASH = 92;
/** Over the last column and back. */
const RUB_OUT = [8, 32, 8];

/** With ECHOPRT an erasure is shown between a backslash and a slash; this ends it. */
export const finishErasing = (tty: Tty): void => {
  if (!tty.input.erasing) return;
  tty.input.erasing = false;
  echo(tty, [SLASH]);
};

const isWordByte = (byte: number): boolean =>
  (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122) || byte === 95;

/** How many columns the rest of the line takes up to a tab that is erased, to go back by (the tab's own width). */
const tabWidth = (tty: Tty): number => {
  let column = 0;
  let afterTab = false;
  const line = tty.input.bytes.slice(tty.input.editable);
  for (let i = line.length - 1; i >= 0; i--) {
    const byte = line[i]!;
    if (byte === TAB) {
      afterTab = true;
      break;
    }
    if (isControl(byte)) column += tty.termios.c_lflag & LFLAG.ECHOCTL ? 2 : 0;
    else if (!(tty.termios.c_iflag & IFLAG.IUTF8 && (byte & 0xc0) === 0x80)) column++;
  }
  if (!afterTab) column += tty.canonicalColumn;
  return 8 - (column & 7);
};

/** VERASE, VWERASE or VKILL was typed. */
export const erase = (tty: Tty, key: number): void => {
  const { input, termios } = tty;
  const { c_lflag, c_iflag, c_cc } = termios;
  const echoes = (c_lflag & LFLAG.ECHO) !== 0;
  if (input.bytes.length === input.editable) return;
  const one = key === c_cc[CC.VERASE];
  const word = !one && key === c_cc[CC.VWERASE];
  if (!one && !word) {
    const visually = LFLAG.ECHOK | LFLAG.ECHOKE | LFLAG.ECHOE;
    if (!echoes || (c_lflag & visually) !== visually) {
      input.bytes.length = input.editable;
      if (!echoes) return;
      finishErasing(tty);
      echo(tty, visible(tty, key));
      if (c_lflag & LFLAG.ECHOK) echo(tty, [NEWLINE]);
      return;
    }
  }
  let sawWord = false;
  while (input.bytes.length > input.editable) {
    let head = input.bytes.length - 1;
    while (c_iflag & IFLAG.IUTF8 && (input.bytes[head]! & 0xc0) === 0x80 && head > input.editable) head--;
    const byte = input.bytes[head]!;
    if (word) {
      if (isWordByte(byte)) sawWord = true;
      else if (sawWord) break;
    }
    const removed = input.bytes.splice(head);
    if (echoes) echoErased(tty, key, byte, removed, one);
    if (one) break;
  }
  if (input.bytes.length === input.editable && echoes) finishErasing(tty);
};

const echoErased = (tty: Tty, key: number, byte: number, removed: number[], one: boolean): void => {
  const { c_lflag } = tty.termios;
  if (c_lflag & LFLAG.ECHOPRT) {
    if (!tty.input.erasing) {
      echo(tty, [BACKSLASH]);
      tty.input.erasing = true;
    }
    echo(tty, [...visible(tty, byte), ...removed.slice(1)]);
  } else if (one && !(c_lflag & LFLAG.ECHOE)) {
    echo(tty, visible(tty, key));
  } else if (byte === TAB) {
    echo(tty, new Array<number>(tabWidth(tty)).fill(8));
  } else {
    if (isControl(byte) && c_lflag & LFLAG.ECHOCTL) echo(tty, RUB_OUT);
    if (!isControl(byte) || c_lflag & LFLAG.ECHOCTL) echo(tty, RUB_OUT);
  }
};
