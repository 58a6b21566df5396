/** Clocks, sleeping and interval timers (kernel/time). */
import { CAP } from '../abi/capability.ts';
import { ERRNO, RESTART } from '../abi/errno.ts';
import {
  ADJ,
  CLOCK,
  COARSE_RESOLUTION,
  ITIMER,
  ITIMERVAL,
  NSEC_PER_SEC,
  NSEC_PER_USEC,
  STA_UNSYNC,
  TIME_ERROR,
  TIMER_ABSTIME,
  TIMESPEC,
  TIMEVAL,
  TIMEX,
  TIMEZONE,
  TMS,
  USER_HZ,
} from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { putUser64, readStruct, writeStruct } from '../mm/user.ts';
import { capable } from '../task/capability.ts';
import { disarm, newSleepTimer, setPosixTimer, timerNow } from '../task/posix-timers.ts';
import type { IntervalTimer, PosixTimer, Task } from '../task/task.ts';
import { addTimer, cancelItimer } from '../task/timers.ts';
import { groupUsage } from '../task/usage.ts';
import { BLOCKED, block } from '../task/wait.ts';
import * as arg from './args.ts';
import { clockCan, cpuClock, isAlarmClock, isCoarse, readClock } from './clock.ts';
import { type SyscallRow, syscall } from './row.ts';
import { monotonicDeadline, timespecNanoseconds, timevalNanoseconds, toTimespec, toTimeval } from './timespec.ts';

const total = (usage: { utime: number; stime: number }): number => usage.utime + usage.stime;

const SECOND = BigInt(NSEC_PER_SEC);

const clockGettime = (kernel: Kernel, task: Task, clock: number, address: number): number => {
  const time = readClock(kernel, task, clock);
  if (time === null) return -ERRNO.EINVAL;
  writeStruct(task.mm, TIMESPEC, address, { tv_sec: time / SECOND, tv_nsec: time % SECOND });
  return 0;
};

const clockGetres = (kernel: Kernel, task: Task, clock: number, address: number): number => {
  if (readClock(kernel, task, clock) === null) return -ERRNO.EINVAL;
  if (address !== 0) {
    writeStruct(task.mm, TIMESPEC, address, { tv_sec: 0n, tv_nsec: isCoarse(clock) ? BigInt(COARSE_RESOLUTION) : 1n });
  }
  return 0;
};

/** The clock is the host's: nobody may set it. */
const clockSettime = (kernel: Kernel, task: Task, clock: number, address: number): number => {
  if (!clockCan(clock, 'set')) return -ERRNO.EINVAL;
  const time = readStruct(task.mm, TIMESPEC, address);
  if (clock === CLOCK.REALTIME && timespecNanoseconds(time) < 0) return -ERRNO.EINVAL;
  return readClock(kernel, task, clock) === null ? -ERRNO.EINVAL : -ERRNO.EPERM;
};

/** Microseconds; nothing keeps the clock to any other (NTP_PHASE_LIMIT). */
const MOST_ERROR = 16_000_000n;
/** Of the frequency, ppm << 16 (MAXFREQ_SCALED). */
const TOLERANCE = 32_768_000n;

/** adjtimex(2): says how the clock runs, which nobody may change. */
const adjtimex = (kernel: Kernel, task: Task, address: number): number => {
  const { modes } = readStruct(task.mm, TIMEX, address);
  const single = (modes & ADJ.ADJTIME) !== 0;
  if (single && (modes & ADJ.OFFSET_SINGLESHOT) !== ADJ.OFFSET_SINGLESHOT) return -ERRNO.EINVAL;
  if (single ? !(modes & ADJ.OFFSET_READONLY) : modes !== 0) return -ERRNO.EPERM;
  const now = kernel.realtime();
  const none = {
    ppsfreq: 0n,
    jitter: 0n,
    shift: 0,
    stabil: 0n,
    jitcnt: 0n,
    calcnt: 0n,
    errcnt: 0n,
    stbcnt: 0n,
    tai: 0,
  };
  writeStruct(task.mm, TIMEX, address, {
    ...{ modes, offset: 0n, freq: 0n, maxerror: MOST_ERROR, esterror: MOST_ERROR, status: STA_UNSYNC, constant: 2n },
    ...{ precision: 1n, tolerance: TOLERANCE, tick: BigInt(1_000_000 / USER_HZ) },
    time: { tv_sec: now / SECOND, tv_usec: (now % SECOND) / BigInt(NSEC_PER_USEC) },
    ...none,
    __pad: new Array<number>(11).fill(0),
  });
  return TIME_ERROR;
};

const clockAdjtime = (kernel: Kernel, task: Task, clock: number, address: number): number => {
  readStruct(task.mm, TIMEX, address);
  const can = clockCan(clock, 'adjust');
  if (!can) return can === null ? -ERRNO.EINVAL : -ERRNO.EOPNOTSUPP;
  return clock === CLOCK.REALTIME ? adjtimex(kernel, task, address) : -ERRNO.EINVAL;
};

const gettimeofday = (kernel: Kernel, task: Task, tv: number, tz: number): number => {
  if (tv !== 0) {
    const time = kernel.realtime();
    const value = { tv_sec: time / SECOND, tv_usec: (time % SECOND) / BigInt(NSEC_PER_USEC) };
    writeStruct(task.mm, TIMEVAL, tv, value);
  }
  if (tz !== 0) writeStruct(task.mm, TIMEZONE, tz, { tz_minuteswest: 0, tz_dsttime: 0 });
  return 0;
};

/** The clock is the host's; the time zone is nobody's but one's own. */
const settimeofday = (_kernel: Kernel, task: Task, tv: number, tz: number): number => {
  if (tv !== 0) {
    const { tv_sec, tv_usec } = readStruct(task.mm, TIMEVAL, tv);
    // Of a second's microseconds there may be a million, which make no time (SYSCALL_DEFINE2(settimeofday)).
    if (tv_usec > 1_000_000n || tv_usec < 0n) return -ERRNO.EINVAL;
    if (tz !== 0) readStruct(task.mm, TIMEZONE, tz);
    if (timevalNanoseconds({ tv_sec, tv_usec }) < 0) return -ERRNO.EINVAL;
  } else if (tz !== 0) {
    readStruct(task.mm, TIMEZONE, tz);
  } else if (capable(task.cred, CAP.SYS_TIME)) {
    return 0;
  }
  return -ERRNO.EPERM;
};

const time = (kernel: Kernel, task: Task, address: number): number => {
  const seconds = kernel.realtime() / SECOND;
  if (address !== 0) putUser64(task.mm, address, seconds);
  return Number(seconds);
};

/** Sleeps until `deadline`; what an interruption leaves to do is in `task.restart` (do_nanosleep). */
const sleepUntil = (
  kernel: Kernel,
  task: Task,
  clock: number,
  deadline: number,
  remaining: number,
  absolute: boolean,
): number => {
  if (kernel.now() >= deadline) return 0;
  const result = block(kernel, task, {
    what: 'nanosleep',
    deadline,
    restart: absolute ? RESTART.ERESTARTNOHAND : RESTART.ERESTART_RESTARTBLOCK,
  });
  if (result === BLOCKED || absolute) return result;
  const left = deadline - kernel.now();
  if (left <= 0) return 0;
  if (remaining !== 0) writeStruct(task.mm, TIMESPEC, remaining, toTimespec(left));
  task.restart = { kind: 'nanosleep', clock, deadline, remaining };
  return result;
};

const nanosleep = (kernel: Kernel, task: Task, request: number, remaining: number): number => {
  let deadline = task.wait?.deadline;
  if (deadline === undefined) {
    const span = timespecNanoseconds(readStruct(task.mm, TIMESPEC, request));
    if (span < 0) return -ERRNO.EINVAL;
    if (span === 0) kernel.needResched = true;
    deadline = kernel.now() + span;
  }
  return sleepUntil(kernel, task, CLOCK.MONOTONIC, deadline, remaining, false);
};

/** `wait.data` of a sleep on CPU time. */
interface CpuSleep {
  timer: PosixTimer;
  deadline: number;
}

/** clock_nanosleep(2) on a CPU clock: others must spend the time (posix_cpu_nsleep). */
const sleepOnCpuTime = (
  kernel: Kernel,
  task: Task,
  clock: number,
  deadline: number,
  remaining: number,
  absolute: boolean,
): number => {
  const cpu = cpuClock(kernel, task, clock)!;
  const data = (task.wait?.data ?? { timer: newSleepTimer(task, clock, cpu), deadline }) as CpuSleep;
  const { timer } = data;
  const left = deadline - timerNow(kernel, timer);
  disarm(kernel, timer);
  if (left <= 0) return 0;
  setPosixTimer(kernel, timer, deadline, 0);
  const restart = absolute ? RESTART.ERESTARTNOHAND : RESTART.ERESTART_RESTARTBLOCK;
  const result = block(kernel, task, { what: 'clock_nanosleep on CPU time', restart, data });
  if (result === BLOCKED) return result;
  disarm(kernel, timer);
  if (absolute) return result;
  if (remaining !== 0) writeStruct(task.mm, TIMESPEC, remaining, toTimespec(left));
  task.restart = { kind: 'nanosleep', clock, deadline, remaining };
  return result;
};

const clockNanosleep = (
  kernel: Kernel,
  task: Task,
  clock: number,
  flags: number,
  request: number,
  remaining: number,
): number => {
  const absolute = (flags & TIMER_ABSTIME) !== 0;
  let deadline = (task.wait?.data as CpuSleep | undefined)?.deadline ?? task.wait?.deadline;
  if (deadline === undefined) {
    const can = clockCan(clock, 'sleep');
    if (!can) return can === null ? -ERRNO.EINVAL : -ERRNO.EOPNOTSUPP;
    const wanted = readStruct(task.mm, TIMESPEC, request);
    const span = timespecNanoseconds(wanted);
    if (span < 0) return -ERRNO.EINVAL;
    if (isAlarmClock(clock)) return -ERRNO.EOPNOTSUPP;
    const cpu = cpuClock(kernel, task, clock);
    // A thread's own clock stands still while it sleeps.
    if (clock < 0 && (cpu === null || cpu.thread === task)) return -ERRNO.EINVAL;
    if (!absolute) deadline = timerNow(kernel, { cpu }) + span;
    else deadline = cpu === null ? monotonicDeadline(kernel, clock, wanted) : span;
  }
  return sleepOn(kernel, task, clock, deadline, remaining, absolute);
};

const sleepOn = (
  kernel: Kernel,
  task: Task,
  clock: number,
  deadline: number,
  remaining: number,
  absolute: boolean,
): number =>
  (clock < 0 || clock === CLOCK.PROCESS_CPUTIME_ID ? sleepOnCpuTime : sleepUntil)(
    kernel,
    task,
    clock,
    deadline,
    remaining,
    absolute,
  );

/** restart_syscall(2) of a sleep (hrtimer_nanosleep_restart). */
export const restartNanosleep = (
  kernel: Kernel,
  task: Task,
  { clock, deadline, remaining }: { clock: number; deadline: number; remaining: number },
): number => sleepOn(kernel, task, clock, deadline, remaining, false);

/** Value and interval of a timer, nanoseconds; both 0 when disarmed. */
interface TimerSetting {
  value: number;
  interval: number;
}

/** The CPU time that ITIMER_VIRTUAL and ITIMER_PROF count. */
const cpuTimeOf = (task: Task, which: number): number => {
  const usage = groupUsage(task.group);
  return which === ITIMER.VIRTUAL ? usage.utime : total(usage);
};

const timerOf = (task: Task, which: number): IntervalTimer | null => {
  const { real, virtual, prof } = task.group.itimers;
  return [real, virtual, prof][which] ?? null;
};

/** What is left of a timer: about to go off, it still shows a microsecond, or a tick if it counts CPU time (get_cpu_itimer). */
const readTimer = (kernel: Kernel, task: Task, which: number, timer: IntervalTimer): TimerSetting => {
  if (timer.expires === Number.POSITIVE_INFINITY) return { value: 0, interval: timer.interval };
  kernel.account();
  if (which === ITIMER.REAL) {
    return { value: Math.max(timer.expires - kernel.now(), NSEC_PER_USEC), interval: timer.interval };
  }
  const left = timer.expires - cpuTimeOf(task, which);
  return { value: left < 0 ? COARSE_RESOLUTION : left, interval: timer.interval };
};

const setTimer = (kernel: Kernel, task: Task, which: number, setting: TimerSetting): void => {
  const timer = timerOf(task, which)!;
  if (which === ITIMER.REAL) cancelItimer(kernel.timers, task.group);
  if (setting.value === 0) {
    timer.expires = Number.POSITIVE_INFINITY;
    timer.interval = which === ITIMER.REAL ? 0 : setting.interval;
    return;
  }
  timer.interval = setting.interval;
  if (which === ITIMER.REAL) {
    timer.expires = kernel.now() + setting.value;
    addTimer(kernel.timers, { kind: 'itimer', expires: timer.expires, group: task.group });
  } else {
    kernel.account();
    // CPU time is sampled, and a timer must not be early (set_cpu_itimer).
    timer.expires = cpuTimeOf(task, which) + setting.value + COARSE_RESOLUTION;
  }
};

const putSetting = (task: Task, address: number, setting: TimerSetting): void =>
  writeStruct(task.mm, ITIMERVAL, address, {
    it_interval: toTimeval(setting.interval),
    it_value: toTimeval(setting.value),
  });

const getitimer = (kernel: Kernel, task: Task, which: number, address: number): number => {
  const timer = timerOf(task, which);
  if (timer === null) return -ERRNO.EINVAL;
  putSetting(task, address, readTimer(kernel, task, which, timer));
  return 0;
};

const setitimer = (kernel: Kernel, task: Task, which: number, address: number, oldAddress: number): number => {
  // A null pointer disarms, which Linux has deprecated but does.
  const setting: TimerSetting = { value: 0, interval: 0 };
  if (address !== 0) {
    const wanted = readStruct(task.mm, ITIMERVAL, address);
    setting.value = timevalNanoseconds(wanted.it_value);
    setting.interval = timevalNanoseconds(wanted.it_interval);
    if (setting.value < 0 || setting.interval < 0) return -ERRNO.EINVAL;
  }
  const timer = timerOf(task, which);
  if (timer === null) return -ERRNO.EINVAL;
  const old = readTimer(kernel, task, which, timer);
  setTimer(kernel, task, which, setting);
  if (oldAddress !== 0) putSetting(task, oldAddress, old);
  return 0;
};

/** Seconds left of the old alarm, rounded to the nearest but never to 0 (alarm_setitimer). */
const alarm = (kernel: Kernel, task: Task, seconds: number): number => {
  const old = readTimer(kernel, task, ITIMER.REAL, task.group.itimers.real);
  setTimer(kernel, task, ITIMER.REAL, { value: seconds * NSEC_PER_SEC, interval: 0 });
  const left = Math.floor(old.value / NSEC_PER_USEC) / 1_000_000;
  const whole = Math.floor(left);
  const fraction = left - whole;
  return (whole === 0 && fraction > 0) || fraction >= 0.5 ? whole + 1 : whole;
};

const ticks = (nanoseconds: number): number => Math.floor((nanoseconds * USER_HZ) / NSEC_PER_SEC);

const times = (kernel: Kernel, task: Task, address: number): number => {
  if (address !== 0) {
    kernel.account();
    const own = groupUsage(task.group);
    const children = task.group.childUsage;
    writeStruct(task.mm, TMS, address, {
      tms_utime: ticks(own.utime),
      tms_stime: ticks(own.stime),
      tms_cutime: ticks(children.utime),
      tms_cstime: ticks(children.stime),
    });
  }
  return ticks(kernel.now());
};

export const timeSyscalls: readonly SyscallRow[] = [
  syscall(
    35,
    'nanosleep',
    [
      ['duration', arg.timespec],
      ['rem', arg.remain],
    ],
    nanosleep,
  ),
  syscall(
    36,
    'getitimer',
    [
      ['which', arg.itimerWhich],
      ['curr_value', arg.outItimerval],
    ],
    getitimer,
  ),
  syscall(37, 'alarm', [['seconds', arg.unsigned]], alarm),
  syscall(
    38,
    'setitimer',
    [
      ['which', arg.itimerWhich],
      ['new_value', arg.itimerval],
      ['old_value', arg.outItimerval],
    ],
    setitimer,
  ),
  syscall(
    96,
    'gettimeofday',
    [
      ['tv', arg.outTimeval],
      ['tz', arg.outTimezone],
    ],
    gettimeofday,
  ),
  syscall(
    164,
    'settimeofday',
    [
      ['tv', arg.timeval],
      ['tz', arg.pointer],
    ],
    settimeofday,
    'the clock is the host’s: EPERM',
  ),
  syscall(100, 'times', [['buf', arg.tms]], times),
  syscall(159, 'adjtimex', [['buf', arg.pointer]], adjtimex, 'the clock is the host’s: EPERM'),
  syscall(201, 'time', [['tloc', arg.outTime]], time),
  syscall(
    227,
    'clock_settime',
    [
      ['clockid', arg.clockId],
      ['tp', arg.timespec],
    ],
    clockSettime,
    'the clock is the host’s: EPERM',
  ),
  syscall(
    305,
    'clock_adjtime',
    [
      ['clk_id', arg.clockId],
      ['buf', arg.pointer],
    ],
    clockAdjtime,
    'the clock is the host’s: EPERM',
  ),
  syscall(
    228,
    'clock_gettime',
    [
      ['clockid', arg.clockId],
      ['tp', arg.outTimespec],
    ],
    clockGettime,
  ),
  syscall(
    229,
    'clock_getres',
    [
      ['clockid', arg.clockId],
      ['res', arg.outTimespec],
    ],
    clockGetres,
  ),
  syscall(
    230,
    'clock_nanosleep',
    [
      ['clockid', arg.clockId],
      ['flags', arg.timerFlags],
      ['t', arg.timespec],
      ['remain', arg.remain],
    ],
    clockNanosleep,
  ),
];
