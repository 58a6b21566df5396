/** POSIX timers: timer_create(2) and its family (kernel/time/posix-timers.c). */
import { ERRNO } from '../abi/errno.ts';
import { NSIG, SIG } from '../abi/signal.ts';
import { ITIMERSPEC, SIGEV, SIGEVENT, TIMER_ABSTIME } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { getUser32, putUser32, readStruct, UserFault, writeStruct } from '../mm/user.ts';
import { mayQueue } from '../signal/pending.ts';
import { deletePosixTimer, newPosixTimer, setPosixTimer, timeLeft, timerNow } from '../task/posix-timers.ts';
import type { PosixTimer, Task } from '../task/task.ts';
import * as arg from './args.ts';
import { clockCan, cpuClock, isAlarmClock } from './clock.ts';
import { type SyscallRow, syscall } from './row.ts';
import { monotonicDeadline, timespecNanoseconds, toTimespec } from './timespec.ts';

/** Whom it tells, and how: null if the sigevent makes no sense (good_sigevent). */
const notification = (
  kernel: Kernel,
  task: Task,
  { sigev_notify, sigev_signo, tid }: ReturnType<typeof SIGEVENT.read>,
): { signo: number; thread: Task | null } | null => {
  if (sigev_notify === SIGEV.NONE) return { signo: 0, thread: null };
  let thread: Task | null = null;
  if (sigev_notify === SIGEV.THREAD_ID) {
    thread = kernel.tasks.get(tid) ?? null;
    if (thread?.group !== task.group) return null;
  } else if (sigev_notify !== SIGEV.SIGNAL && sigev_notify !== SIGEV.THREAD) {
    return null;
  }
  return sigev_signo < 1 || sigev_signo > NSIG ? null : { signo: sigev_signo, thread };
};

/** Numbers that timers may have: those of an int that are not negative. */
const TIMER_IDS = 0x80000000;

/** The next number that no timer has (posix_timer_add). */
const nextId = ({ nextPosixTimer, posixTimers }: Task['group']): number => {
  let id = nextPosixTimer;
  while (posixTimers.has(id)) id = (id + 1) % TIMER_IDS;
  return id;
};

/** The number that the guest wants; -EBUSY if it is taken. */
const chosenId = ({ mm, group }: Task, address: number): number => {
  const id = getUser32(mm, address);
  if (id >= TIMER_IDS) return -ERRNO.EINVAL;
  return group.posixTimers.has(id) ? -ERRNO.EBUSY : id;
};

const timerCreate = (kernel: Kernel, task: Task, clock: number, event: number, result: number): number => {
  const wanted = event === 0 ? null : readStruct(task.mm, SIGEVENT, event);
  const can = clockCan(clock, 'timer');
  if (!can) return can === null ? -ERRNO.EINVAL : -ERRNO.EOPNOTSUPP;
  if (!mayQueue(kernel, task, false)) return -ERRNO.EAGAIN;
  const { group } = task;
  const id = group.restoresTimerIds ? chosenId(task, result) : nextId(group);
  if (id < 0) return id;
  group.nextPosixTimer = (id + 1) % TIMER_IDS;
  const told = wanted === null ? { signo: SIG.SIGALRM, thread: null } : notification(kernel, task, wanted);
  if (told === null) return -ERRNO.EINVAL;
  try {
    putUser32(task.mm, result, id);
  } catch (error) {
    if (error instanceof UserFault) return -ERRNO.EFAULT;
    throw error;
  }
  const cpu = cpuClock(kernel, task, clock);
  if (cpu === null && clock < 0) return -ERRNO.EINVAL;
  if (isAlarmClock(clock)) return -ERRNO.EOPNOTSUPP;
  const value = wanted === null ? BigInt(id) : wanted.sigev_value;
  const asked =
    wanted === null
      ? { notify: SIGEV.SIGNAL, signo: SIG.SIGALRM }
      : { notify: wanted.sigev_notify, signo: wanted.sigev_signo };
  const timer = newPosixTimer(group, { id, clock, cpu, asked, value, ...told });
  group.posixTimers.set(id, timer);
  return 0;
};

const setting = (kernel: Kernel, timer: PosixTimer) => ({
  it_value: toTimespec(timeLeft(kernel, timer)),
  it_interval: toTimespec(timer.interval),
});

const timerSettime = (
  kernel: Kernel,
  task: Task,
  id: number,
  flags: number,
  newValue: number,
  oldValue: number,
): number => {
  if (newValue === 0) return -ERRNO.EINVAL;
  const { it_value, it_interval } = readStruct(task.mm, ITIMERSPEC, newValue);
  const value = timespecNanoseconds(it_value);
  const interval = timespecNanoseconds(it_interval);
  if (value < 0 || interval < 0) return -ERRNO.EINVAL;
  const timer = task.group.posixTimers.get(id);
  if (timer === undefined) return -ERRNO.EINVAL;
  const old = setting(kernel, timer);
  let expires = Number.POSITIVE_INFINITY;
  if (value > 0) {
    if (!(flags & TIMER_ABSTIME)) expires = timerNow(kernel, timer) + value;
    else expires = timer.cpu === null ? monotonicDeadline(kernel, timer.clock, it_value) : value;
  }
  setPosixTimer(kernel, timer, expires, interval);
  if (oldValue !== 0) writeStruct(task.mm, ITIMERSPEC, oldValue, old);
  return 0;
};

const timerGettime = (kernel: Kernel, task: Task, id: number, address: number): number => {
  const timer = task.group.posixTimers.get(id);
  if (timer === undefined) return -ERRNO.EINVAL;
  writeStruct(task.mm, ITIMERSPEC, address, setting(kernel, timer));
  return 0;
};

const timerGetoverrun = (_kernel: Kernel, task: Task, id: number): number => {
  const timer = task.group.posixTimers.get(id);
  return timer === undefined ? -ERRNO.EINVAL : Math.min(0x7fffffff, timer.lastOverrun);
};

const timerDelete = (kernel: Kernel, task: Task, id: number): number => {
  const timer = task.group.posixTimers.get(id);
  if (timer === undefined) return -ERRNO.EINVAL;
  deletePosixTimer(kernel, timer);
  return 0;
};

export const timerSyscalls: readonly SyscallRow[] = [
  syscall(
    222,
    'timer_create',
    [
      ['clockid', arg.clockId],
      ['sevp', arg.sigevent],
      ['timerid', arg.outInt],
    ],
    timerCreate,
  ),
  syscall(
    223,
    'timer_settime',
    [
      ['timerid', arg.int],
      ['flags', arg.timerFlags],
      ['new_value', arg.itimerspec],
      ['old_value', arg.outItimerspec],
    ],
    timerSettime,
  ),
  syscall(
    224,
    'timer_gettime',
    [
      ['timerid', arg.int],
      ['curr_value', arg.outItimerspec],
    ],
    timerGettime,
  ),
  syscall(225, 'timer_getoverrun', [['timerid', arg.int]], timerGetoverrun),
  syscall(226, 'timer_delete', [['timerid', arg.int]], timerDelete),
];
