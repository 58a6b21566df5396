/** Values of command line options: what users may write, and what it means. */
import { InvalidArgumentError } from 'commander';
import type { SchedulePolicy } from '../../kernel/task/schedule.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** Bytes: `512M`, `2G`, `65536K`, `1073741824`. */
export const parseSize = (text: string): number => {
  const match = /^(\d+)([KMG]?)i?B?$/i.exec(text);
  const bytes = match === null ? Number.NaN : Number(match[1]) * UNITS[match[2]!.toUpperCase()]!;
  if (!Number.isSafeInteger(bytes) || bytes < 2 ** 20) {
    throw new InvalidArgumentError('Write at least 1M, as 512M or 2G.');
  }
  return bytes;
};

/** `NAME=VALUE`, or `NAME` for the host's value; gathers repeated options. */
export const collectEnv = (text: string, before: readonly string[]): string[] => {
  const at = text.indexOf('=');
  if (at === 0) throw new InvalidArgumentError('Write NAME=VALUE.');
  if (at > 0) return [...before, text];
  const value = process.env[text];
  return value === undefined ? [...before] : [...before, `${text}=${value}`];
};

export interface BindOption {
  readonly host: string;
  readonly guest: string;
}

/** `HOST:GUEST`; gathers repeated options. */
export const collectBind = (text: string, before: readonly BindOption[]): BindOption[] => {
  const at = text.lastIndexOf(':');
  const guest = text.slice(at + 1);
  if (at <= 0 || !guest.startsWith('/')) {
    throw new InvalidArgumentError('Write HOST:GUEST, the guest path absolute.');
  }
  return [...before, { host: text.slice(0, at), guest }];
};

export interface TapOption {
  readonly name: string;
  readonly file: string;
}

/** `NAME=FILE.pcap`; gathers repeated options. */
export const collectTap = (text: string, before: readonly TapOption[]): TapOption[] => {
  const at = text.indexOf('=');
  const name = text.slice(0, at);
  if (at <= 0 || at === text.length - 1 || name.length > 15 || /[/:%\s]/.test(name)) {
    throw new InvalidArgumentError('Write NAME=FILE.pcap, the name of an interface as tap0.');
  }
  return [...before, { name, file: text.slice(at + 1) }];
};

/** A seed: any whole number up to 2^53. */
export const parseSeed = (text: string): number => {
  const seed = Number(text);
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text) || !Number.isSafeInteger(seed)) {
    throw new InvalidArgumentError('The seed is a whole number.');
  }
  return seed;
};

/** A count that fits into 31 bits. */
export const parseCount = (text: string): number => {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count >= 2 ** 31) throw new InvalidArgumentError('Write a whole number below 2^31.');
  return count;
};

/** `round-robin`, or `random:SEED`. */
export const parseSchedule = (text: string): SchedulePolicy => {
  if (text === 'round-robin') return { kind: 'round-robin' };
  if (!text.startsWith('random:')) throw new InvalidArgumentError('Write round-robin, or random: and a number.');
  return { kind: 'random', seed: parseSeed(text.slice('random:'.length)) };
};
