/** Clocks, interval timers and their structs (linux/time.h, linux/time_types.h). */
import { array, i32, i64, long, struct, u32, u64 } from './layout.ts';

export const CLOCK = {
  REALTIME: 0,
  MONOTONIC: 1,
  PROCESS_CPUTIME_ID: 2,
  THREAD_CPUTIME_ID: 3,
  MONOTONIC_RAW: 4,
  REALTIME_COARSE: 5,
  MONOTONIC_COARSE: 6,
  BOOTTIME: 7,
  REALTIME_ALARM: 8,
  BOOTTIME_ALARM: 9,
  TAI: 11,
} as const;

/** clock_nanosleep(2): the time is a point, not a span. */
export const TIMER_ABSTIME = 1;

export const ITIMER = { REAL: 0, VIRTUAL: 1, PROF: 2 } as const;

export const NSEC_PER_SEC = 1_000_000_000;
export const NSEC_PER_USEC = 1_000;
/** Ticks a second as times(2) and si_utime count them (USER_HZ). */
export const USER_HZ = 100;
/** Granularity of the coarse clocks: one jiffy at HZ=250, nanoseconds. */
export const COARSE_RESOLUTION = 4_000_000;

export const TIMESPEC = struct(
  'struct timespec',
  [
    ['tv_sec', i64, 'seconds'],
    ['tv_nsec', i64, 'nanoseconds, 0 .. 999,999,999'],
  ],
  { size: 16 },
);

export const TIMEVAL = struct(
  'struct timeval',
  [
    ['tv_sec', i64, 'seconds'],
    ['tv_usec', i64, 'microseconds, 0 .. 999,999'],
  ],
  { size: 16 },
);

/** adjtimex(2). */
export const TIMEX = struct(
  'struct timex',
  [
    ['modes', u32, 'ADJ_*'],
    ['offset', i64, 'time offset, microseconds'],
    ['freq', i64, 'frequency offset, ppm << 16'],
    ['maxerror', i64, 'maximum error, microseconds'],
    ['esterror', i64, 'estimated error, microseconds'],
    ['status', i32, 'STA_*'],
    ['constant', i64, 'PLL time constant'],
    ['precision', i64, 'microseconds'],
    ['tolerance', i64, 'of the frequency, ppm << 16'],
    ['time', TIMEVAL, 'now'],
    ['tick', i64, 'microseconds between ticks'],
    ['ppsfreq', i64, 'of a pulse, as all that follow but for the last'],
    ['jitter', i64, 'microseconds'],
    ['shift', i32, 'seconds'],
    ['stabil', i64, 'ppm << 16'],
    ['jitcnt', i64, 'count'],
    ['calcnt', i64, 'count'],
    ['errcnt', i64, 'count'],
    ['stbcnt', i64, 'count'],
    ['tai', i32, 'seconds from UTC'],
    ['__pad', array(i32, 11), 'zero'],
  ],
  { size: 208 },
);

/** What adjusts nothing: ADJ_OFFSET_SS_READ. */
export const ADJ = { ADJTIME: 0x8000, OFFSET_SINGLESHOT: 0x8001, OFFSET_READONLY: 0x2000 } as const;
/** Of a clock that nothing synchronises. */
export const STA_UNSYNC = 0x40;
export const TIME_ERROR = 5;

export const ITIMERVAL = struct(
  'struct itimerval',
  [
    ['it_interval', TIMEVAL, 'time between expirations, zero for a single one'],
    ['it_value', TIMEVAL, 'time until the next expiration, zero when disarmed'],
  ],
  { size: 32 },
);

export const TIMEZONE = struct(
  'struct timezone',
  [
    ['tz_minuteswest', i32, 'minutes west of Greenwich'],
    ['tz_dsttime', i32, 'obsolete'],
  ],
  { size: 8 },
);

export const TMS = struct(
  'struct tms',
  [
    ['tms_utime', long, 'user time of the process, ticks'],
    ['tms_stime', long, 'system time of the process, ticks'],
    ['tms_cutime', long, 'user time of children that were waited for'],
    ['tms_cstime', long, 'system time of children that were waited for'],
  ],
  { size: 32 },
);

export const ITIMERSPEC = struct(
  'struct itimerspec',
  [
    ['it_interval', TIMESPEC, 'time between expirations, 0 for one alone'],
    ['it_value', TIMESPEC, 'time of the first, 0 for none'],
  ],
  { size: 32 },
);

/** How a timer, or the end of asynchronous work, is told. */
export const SIGEV = { SIGNAL: 0, NONE: 1, THREAD: 2, THREAD_ID: 4 } as const;

export const SIGEVENT = struct(
  'struct sigevent',
  [
    ['sigev_value', u64, 'si_value of the signal'],
    ['sigev_signo', i32, 'which signal'],
    ['sigev_notify', i32, 'SIGEV_*'],
    ['tid', i32, 'SIGEV_THREAD_ID: the thread'],
    ['pad', array(i32, 11), 'unused'],
  ],
  { size: 64 },
);

/** Flags of timerfd_settime(2). */
export const TFD = { TIMER_ABSTIME: 1, TIMER_CANCEL_ON_SET: 2 } as const;
