/** /proc/PID/syscall, timers and timerslack_ns: what a task waits in, and what it waits for (proc_pid_syscall(5), fs/proc/base.c). */

import { CpuState, REG, STATE_SIZE } from '../../emulator/api.ts';
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { CLOCK, SIGEV } from '../abi/time.ts';
import { capable } from '../task/capability.ts';
import type { PosixTimer } from '../task/task.ts';
import type { ProcContext } from './procfs.ts';

const ARGUMENTS = [REG.rdi, REG.rsi, REG.rdx, REG.r10, REG.r8, REG.r9] as const;

const hex = (value: bigint): string => `0x${value.toString(16)}`;

const stateOf = ({ kernel, reader, task }: ProcContext): CpuState => {
  if (task === reader) return kernel.cpu.state;
  const state = new CpuState(new ArrayBuffer(STATE_SIZE), 0);
  state.bytes.set(task.saved);
  return state;
};

/** The number and the arguments of the call that it sleeps in, with its stack and the place behind it (task_current_syscall). */
export const syscallText = (context: ProcContext): string => {
  const { reader, task } = context;
  if (task.state === 'zombie' || task.state === 'dead') return '-1 0x0 0x0\n';
  if (task.state === 'running' && task !== reader) return 'running\n';
  const state = stateOf(context);
  const place = `${hex(state.get(REG.rsp))} ${hex(state.rip64)}\n`;
  if (task.origAx < 0) return `-1 ${place}`;
  return `${task.origAx} ${ARGUMENTS.map((register) => hex(state.get(register))).join(' ')} ${place}`;
};

/** Kinds of notification, without SIGEV_THREAD_ID. */
const NOTIFY = new Map<number, string>([
  [SIGEV.SIGNAL, 'signal'],
  [SIGEV.NONE, 'none'],
  [SIGEV.THREAD, 'thread'],
]);

/** As the kernel keeps it: CPU time of oneself by the number of a clock made of no id. */
const shownClock = (clock: number): number =>
  clock === CLOCK.PROCESS_CPUTIME_ID ? -6 : clock === CLOCK.THREAD_CPUTIME_ID ? -2 : clock;

const timerText = ({ id, clock, asked, value, thread, owner }: PosixTimer): string => {
  const notify = NOTIFY.get(asked.notify & ~SIGEV.THREAD_ID)!;
  const whom = asked.notify & SIGEV.THREAD_ID ? `tid.${thread!.pid}` : `pid.${owner.tgid}`;
  return (
    `ID: ${id}\nsignal: ${asked.signo}/${value.toString(16).padStart(16, '0')}\n` +
    `notify: ${notify}/${whom}\nClockID: ${shownClock(clock)}\n`
  );
};

/** The newest first (show_timer). */
export const timersText = ({ task }: ProcContext): string =>
  [...task.group.posixTimers.values()].reverse().map(timerText).join('');

const mayTouchSlack = ({ reader, task }: ProcContext): boolean =>
  reader.group === task.group || capable(reader.cred, CAP.SYS_NICE);

export const timerSlackText = (context: ProcContext): string | number =>
  mayTouchSlack(context) ? `${context.task.timerSlack}\n` : -ERRNO.EPERM;

/** For another task one needs CAP_SYS_NICE; 0 is what it began with (timerslack_ns_write). */
export const setTimerSlack = (context: ProcContext, text: string): number => {
  const { task } = context;
  if (!mayTouchSlack(context)) return -ERRNO.EPERM;
  if (!/^\d+\n?$/.test(text)) return -ERRNO.EINVAL;
  const slack = Number.parseInt(text, 10);
  task.timerSlack = slack === 0 ? task.defaultTimerSlack : slack;
  return 0;
};
