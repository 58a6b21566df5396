/** Timers as files: timerfd_create(2), timerfd_settime(2), timerfd_gettime(2) (fs/timerfd.c). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { CLOCK, ITIMERSPEC, TFD } from '../abi/time.ts';
import { getFile, installFile } from '../fs/descriptors.ts';
import { alarmLeft, newTimerFile, setAlarm, type TimerFile, timerFileOps } from '../fs/timerfd.ts';
import type { Kernel } from '../kernel.ts';
import { readStruct, writeStruct } from '../mm/user.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { monotonicDeadline, timespecNanoseconds, toTimespec } from './timespec.ts';

const CLOCKS: readonly number[] = [
  CLOCK.REALTIME,
  CLOCK.MONOTONIC,
  CLOCK.BOOTTIME,
  CLOCK.REALTIME_ALARM,
  CLOCK.BOOTTIME_ALARM,
];
const ALARM_CLOCKS: readonly number[] = [CLOCK.REALTIME_ALARM, CLOCK.BOOTTIME_ALARM];

const timerfdCreate = (kernel: Kernel, task: Task, clock: number, flags: number): number => {
  if (flags & ~(O.CLOEXEC | O.NONBLOCK) || !CLOCKS.includes(clock)) return -ERRNO.EINVAL;
  if (ALARM_CLOCKS.includes(clock) && !capable(task.cred, CAP.WAKE_ALARM)) return -ERRNO.EPERM;
  return installFile(kernel, task, newTimerFile(kernel, clock, flags & O.NONBLOCK), (flags & O.CLOEXEC) !== 0);
};

const timerFile = (task: Task, fd: number): TimerFile | number => {
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  return file.ops === timerFileOps ? (file.state as TimerFile) : -ERRNO.EINVAL;
};

const setting = (kernel: Kernel, timer: TimerFile) => ({
  it_value: toTimespec(alarmLeft(kernel, timer)),
  it_interval: toTimespec(timer.interval),
});

const timerfdSettime = (
  kernel: Kernel,
  task: Task,
  fd: number,
  flags: number,
  newValue: number,
  oldValue: number,
): number => {
  const { it_value, it_interval } = readStruct(task.mm, ITIMERSPEC, newValue);
  const value = timespecNanoseconds(it_value);
  const interval = timespecNanoseconds(it_interval);
  if (flags & ~(TFD.TIMER_ABSTIME | TFD.TIMER_CANCEL_ON_SET) || value < 0 || interval < 0) return -ERRNO.EINVAL;
  const timer = timerFile(task, fd);
  if (typeof timer === 'number') return timer;
  const old = setting(kernel, timer);
  let expires = Number.POSITIVE_INFINITY;
  if (value > 0) {
    expires = flags & TFD.TIMER_ABSTIME ? monotonicDeadline(kernel, timer.clock, it_value) : kernel.now() + value;
  }
  timer.settimeFlags = flags;
  setAlarm(kernel, timer, expires, interval);
  if (oldValue !== 0) writeStruct(task.mm, ITIMERSPEC, oldValue, old);
  return 0;
};

const timerfdGettime = (kernel: Kernel, task: Task, fd: number, address: number): number => {
  const timer = timerFile(task, fd);
  if (typeof timer === 'number') return timer;
  writeStruct(task.mm, ITIMERSPEC, address, setting(kernel, timer));
  return 0;
};

export const timerfdSyscalls: readonly SyscallRow[] = [
  syscall(
    283,
    'timerfd_create',
    [
      ['clockid', arg.clockId],
      ['flags', arg.timerfdFlags],
    ],
    timerfdCreate,
  ),
  syscall(
    286,
    'timerfd_settime',
    [
      ['fd', arg.fd],
      ['flags', arg.timerfdSetFlags],
      ['new_value', arg.itimerspec],
      ['old_value', arg.outItimerspec],
    ],
    timerfdSettime,
  ),
  syscall(
    287,
    'timerfd_gettime',
    [
      ['fd', arg.fd],
      ['curr_value', arg.outItimerspec],
    ],
    timerfdGettime,
  ),
];
