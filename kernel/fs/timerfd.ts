/** Timers as files (fs/timerfd.c; timerfd_create(2)). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { IOCTL } from '../abi/ioctl.ts';
import { POLL } from '../abi/poll.ts';
import { NSEC_PER_SEC } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { getUser64 } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { addTimer, cancelAlarm, type FileAlarm } from '../task/timers.ts';
import { block, waitQueue, wakeAll } from '../task/wait.ts';
import { anonymousFile } from './anonymous.ts';
import { releaseFile } from './inode.ts';
import type { FileOperations, OpenFile, UserBuffer } from './types.ts';

export interface TimerFile extends FileAlarm {
  clock: number;
  /** Of the last timerfd_settime, for /proc/PID/fdinfo. */
  settimeFlags: number;
}

/** It went off: not again before someone reads, who then learns how often it would have (timerfd_tmrproc). */
export const expireAlarm = (kernel: Kernel, alarm: FileAlarm): void => {
  alarm.expired = true;
  alarm.ticks++;
  wakeAll(kernel, alarm.wait);
};

/** With an interval it goes on, counting what was missed. */
const goOn = (kernel: Kernel, alarm: FileAlarm): void => {
  if (!alarm.expired) return;
  alarm.expired = false;
  if (alarm.interval === 0) {
    alarm.expires = Number.POSITIVE_INFINITY;
    return;
  }
  const intervals = Math.floor((kernel.now() - alarm.expires) / alarm.interval) + 1;
  alarm.expires += intervals * alarm.interval;
  alarm.ticks += intervals - 1;
  addTimer(kernel.timers, { kind: 'file', expires: alarm.expires, alarm });
};

/** Sets it to go off at `expires` of `Kernel.now`, Infinity for never. */
export const setAlarm = (kernel: Kernel, alarm: FileAlarm, expires: number, interval: number): void => {
  cancelAlarm(kernel.timers, alarm);
  alarm.ticks = 0;
  alarm.expired = false;
  alarm.interval = interval;
  alarm.expires = expires;
  if (expires !== Number.POSITIVE_INFINITY) addTimer(kernel.timers, { kind: 'file', expires, alarm });
};

/** Nanoseconds until it goes off next, 0 if it does not. */
export const alarmLeft = (kernel: Kernel, alarm: FileAlarm): number => {
  if (alarm.interval !== 0) goOn(kernel, alarm);
  if (alarm.expired || alarm.expires === Number.POSITIVE_INFINITY) return 0;
  return Math.max(0, alarm.expires - kernel.now());
};

const read = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer): number => {
  const alarm = file.state as TimerFile;
  if (sink.remaining < 8) return -ERRNO.EINVAL;
  if (alarm.ticks === 0) {
    if (file.flags & O.NONBLOCK) return -ERRNO.EAGAIN;
    return block(kernel, task, { what: 'timerfd_read', queues: [alarm.wait] });
  }
  goOn(kernel, alarm);
  const ticks = new Uint8Array(8);
  new DataView(ticks.buffer).setBigUint64(0, BigInt(alarm.ticks), true);
  alarm.ticks = 0;
  return sink.put(ticks);
};

/** TFD_IOC_SET_TICKS: as if it had gone off so often. */
const setTicks = (kernel: Kernel, task: Task, file: OpenFile, argument: number): number => {
  const ticks = getUser64(task.mm, argument);
  if (ticks === 0n) return -ERRNO.EINVAL;
  const alarm = file.state as TimerFile;
  alarm.ticks = Number(ticks);
  wakeAll(kernel, alarm.wait);
  return 0;
};

export const timerFileOps: FileOperations = Object.freeze<FileOperations>({
  kind: 'timerfd',
  read,
  seek: () => 0,
  poll: (_kernel, file) => ((file.state as TimerFile).ticks > 0 ? POLL.IN : 0),
  pollQueues: (_kernel, file) => [(file.state as TimerFile).wait],
  ioctl: (kernel, task, file, request, argument) =>
    request === IOCTL.TFD_IOC_SET_TICKS ? setTicks(kernel, task, file, argument) : -ERRNO.ENOTTY,
  describe: (kernel, file) => {
    const { clock, ticks, settimeFlags, interval } = file.state as TimerFile;
    const time = (nanoseconds: number): string =>
      `(${Math.floor(nanoseconds / NSEC_PER_SEC)}, ${Math.floor(nanoseconds % NSEC_PER_SEC)})`;
    const left = alarmLeft(kernel, file.state as TimerFile);
    const flags = settimeFlags.toString(8);
    return `clockid: ${clock}\nticks: ${ticks}\nsettime flags: 0${flags}\nit_value: ${time(left)}\nit_interval: ${time(interval)}\n`;
  },
  release: (kernel, file) => {
    cancelAlarm(kernel.timers, file.state as TimerFile);
    releaseFile(kernel, file);
  },
});

/** A disarmed timer on a clock. `flags` is O_NONBLOCK or 0. */
export const newTimerFile = (kernel: Kernel, clock: number, flags: number): OpenFile => {
  const state: TimerFile = {
    ...{ expires: Number.POSITIVE_INFINITY, interval: 0, ticks: 0, expired: false, wait: waitQueue() },
    ...{ clock, settimeFlags: 0 },
  };
  return anonymousFile(kernel, timerFileOps, '[timerfd]', flags, state);
};
