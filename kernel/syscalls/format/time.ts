/** Times, clocks, interval timers and resource usage, as strace writes them. */

import { O } from '../../abi/fcntl.ts';
import { RUSAGE } from '../../abi/process.ts';
import { signalName } from '../../abi/signal.ts';
import { UTIME_NOW, UTIME_OMIT } from '../../abi/stat.ts';
import {
  CLOCK,
  ITIMER,
  ITIMERSPEC,
  ITIMERVAL,
  SIGEV,
  SIGEVENT,
  TFD,
  TIMER_ABSTIME,
  TIMESPEC,
  TIMEVAL,
  TIMEZONE,
  TMS,
} from '../../abi/time.ts';
import { argument, filledBy, pointerTo, structText } from './argument.ts';
import { peekView } from './guest.ts';
import { address, choice, flags, names } from './text.ts';

type Timespec = ReturnType<typeof TIMESPEC.read>;
type Timeval = ReturnType<typeof TIMEVAL.read>;

const timespecText = ({ tv_sec, tv_nsec }: Timespec) => `{tv_sec=${tv_sec}, tv_nsec=${BigInt.asUintN(64, tv_nsec)}}`;
export const timevalText = ({ tv_sec, tv_usec }: Timeval): string =>
  `{tv_sec=${tv_sec}, tv_usec=${BigInt.asUintN(64, tv_usec)}}`;
const itimervalText = (value: ReturnType<typeof ITIMERVAL.read>) =>
  `{it_interval=${timevalText(value.it_interval)}, it_value=${timevalText(value.it_value)}}`;

/** Of what select(2) and ppoll(2) leave of their timeouts too. */
export const timespecAt = structText(TIMESPEC, timespecText);
export const timevalAt = structText(TIMEVAL, timevalText);

export const timespec = pointerTo(timespecAt);
export const outTimespec = filledBy(timespecAt);
export const timeval = pointerTo(timevalAt);
export const outTimeval = filledBy(timevalAt);
export const itimerval = pointerTo(structText(ITIMERVAL, itimervalText));
export const outItimerval = filledBy(structText(ITIMERVAL, itimervalText));

/** What is left of a sleep: filled only when a signal ended it. */
export const remain = {
  ...filledBy(() => null),
  format: ((value, context) => {
    if (value === 0) return 'NULL';
    const interrupted = context.result !== undefined && context.result <= -512;
    return (interrupted ? timespecAt(value, context) : null) ?? address(value);
  }) as typeof timespec.format,
};

export const clockId = argument('int', choice(names('CLOCK_', CLOCK), 'CLOCK_???'));
export const itimerWhich = argument('int', choice(names('ITIMER_', ITIMER), 'ITIMER_???'));
/** Of clock_nanosleep(2). */
export const timerFlags = argument('int', flags([['TIMER_ABSTIME', TIMER_ABSTIME]], 'TIMER_???'));

const rusageAt = structText(
  RUSAGE,
  ({ ru_utime, ru_stime }) => `{ru_utime=${timevalText(ru_utime)}, ru_stime=${timevalText(ru_stime)}, ...}`,
);
export const rusage = filledBy(rusageAt);
/** Of wait4(2), which fills it only when it found a child. */
export const waitRusage = filledBy((value, context) => (context.result === 0 ? null : rusageAt(value, context)));

export const tms = filledBy(
  structText(
    TMS,
    (value) =>
      `{${Object.entries(value)
        .map(([name, ticks]) => `${name}=${ticks}`)
        .join(', ')}}`,
  ),
);

export const outTimezone = filledBy(
  structText(
    TIMEZONE,
    ({ tz_minuteswest, tz_dsttime }) => `{tz_minuteswest=${tz_minuteswest}, tz_dsttime=${tz_dsttime}}`,
  ),
);
/** Of time(2). */
export const outTime = filledBy((value, { task }) => {
  const view = peekView(task.mm, value, 8);
  return view === null ? null : `[${view.getBigInt64(0, true)}${calendar(view.getBigInt64(0, true), 0n, 9)}]`;
});

/** Two times of utimensat(2) or utimes(2), with what they are in the calendar. */
const times = (unit: 'tv_nsec' | 'tv_usec', digits: number) =>
  pointerTo((value, { task }) => {
    const view = peekView(task.mm, value, 32);
    if (view === null) return null;
    const one = (at: number) => {
      const seconds = view.getBigInt64(at, true);
      const part = view.getBigInt64(at + 8, true);
      if (unit === 'tv_nsec' && part === BigInt(UTIME_NOW)) return 'UTIME_NOW';
      if (unit === 'tv_nsec' && part === BigInt(UTIME_OMIT)) return 'UTIME_OMIT';
      return `{tv_sec=${seconds}, ${unit}=${part}}${calendar(seconds, part, digits)}`;
    };
    return `[${one(0)}, ${one(16)}]`;
  });

/** ` /* 1970-01-01T00:00:01.5+0000 *\/`; nothing for what no calendar has. */
const calendar = (seconds: bigint, part: bigint, digits: number): string => {
  const milliseconds = Number(seconds) * 1000;
  if (Math.abs(milliseconds) > 8.64e15 || part < 0n || part >= 10n ** BigInt(digits)) return '';
  const day = new Date(milliseconds).toISOString().slice(0, 19);
  const fraction = part === 0n ? '' : `.${part.toString().padStart(digits, '0')}`;
  return ` /* ${day}${fraction}+0000 */`;
};

export const utimes = times('tv_usec', 6);
export const utimensTimes = times('tv_nsec', 9);

const itimerspecText = ({ it_interval, it_value }: ReturnType<typeof ITIMERSPEC.read>) =>
  `{it_interval=${timespecText(it_interval)}, it_value=${timespecText(it_value)}}`;
export const itimerspec = pointerTo(structText(ITIMERSPEC, itimerspecText));
export const outItimerspec = filledBy(structText(ITIMERSPEC, itimerspecText));

const notify = choice(names('SIGEV_', SIGEV), 'SIGEV_???');
export const sigevent = pointerTo(
  structText(SIGEVENT, ({ sigev_value, sigev_signo, sigev_notify, tid }) => {
    const int = Number(BigInt.asIntN(32, sigev_value));
    const thread = sigev_notify === SIGEV.THREAD_ID ? `, sigev_notify_thread_id=${tid}` : '';
    const value = sigev_value === 0n ? '{}' : `{sival_int=${int}, sival_ptr=${address(sigev_value)}}`;
    return `{sigev_value=${value}, sigev_signo=${signalName(sigev_signo)}, sigev_notify=${notify(sigev_notify)}${thread}}`;
  }),
);

export const timerfdFlags = argument(
  'int',
  flags(
    [
      ['TFD_CLOEXEC', O.CLOEXEC],
      ['TFD_NONBLOCK', O.NONBLOCK],
    ],
    'TFD_???',
  ),
);
export const timerfdSetFlags = argument('int', flags(names('TFD_', TFD), 'TFD_???'));
