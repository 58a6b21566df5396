/** CPU time: charging it, and the timers and limits that run on it (kernel/time/posix-cpu-timers.c). */
import { RLIMIT } from '../abi/resource.ts';
import { SIG } from '../abi/signal.ts';
import { NSEC_PER_SEC, NSEC_PER_USEC } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { expireCpuTimers } from '../signal/posix-timers.ts';
import { kernelInfo, sendSignal } from '../signal/send.ts';
import { PRIO } from '../task/priority.ts';
import type { IntervalTimer, Task } from '../task/task.ts';
import { groupUsage, TRAP_COST } from '../task/usage.ts';

/** Charges nanoseconds to the task, split between user and system by what it did in them. */
export const chargeTime = (task: Task, elapsed: number, instructions: number, traps: number): void => {
  if (elapsed <= 0) return;
  const system = traps * TRAP_COST;
  const user = instructions + system === 0 ? elapsed : (elapsed * instructions) / (instructions + system);
  task.usage.utime += user;
  task.usage.stime += elapsed - user;
  if (task.deadline !== null) task.deadline.left -= elapsed;
};

const checkTimer = (kernel: Kernel, task: Task, timer: IntervalTimer, now: number, signo: number): void => {
  if (now < timer.expires) return;
  timer.expires = timer.interval === 0 ? Number.POSITIVE_INFINITY : timer.expires + timer.interval;
  sendSignal(kernel, kernelInfo(signo), task, false);
};

/** RLIMIT_RTTIME: microseconds that a real-time task may run without a sleep (check_thread_timers). */
const checkRealtime = (kernel: Kernel, task: Task): void => {
  const limit = task.group.rlimits[RLIMIT.RTTIME]!;
  if (limit.soft === Number.POSITIVE_INFINITY || task.prio >= PRIO.FAIR || task.prio === PRIO.DEADLINE) return;
  const micros = (task.usage.utime + task.usage.stime - task.awakeSince) / NSEC_PER_USEC;
  if (micros >= limit.hard) {
    sendSignal(kernel, kernelInfo(SIG.SIGKILL), task, false);
  } else if (micros >= limit.soft) {
    limit.soft += NSEC_PER_SEC / NSEC_PER_USEC;
    sendSignal(kernel, kernelInfo(SIG.SIGXCPU), task, false);
  }
};

/** Sends what the process's CPU time has made due: SIGVTALRM, SIGPROF, SIGXCPU, SIGKILL. */
export const checkCpuTimers = (kernel: Kernel, task: Task): void => {
  const { itimers, rlimits } = task.group;
  const limit = rlimits[RLIMIT.CPU]!;
  expireCpuTimers(kernel, task.group);
  const armed =
    itimers.virtual.expires !== Number.POSITIVE_INFINITY ||
    itimers.prof.expires !== Number.POSITIVE_INFINITY ||
    limit.soft !== Number.POSITIVE_INFINITY;
  if (!task.exiting) checkRealtime(kernel, task);
  if (!armed || task.exiting) return;
  const { utime, stime } = groupUsage(task.group);
  checkTimer(kernel, task, itimers.virtual, utime, SIG.SIGVTALRM);
  checkTimer(kernel, task, itimers.prof, utime + stime, SIG.SIGPROF);
  const seconds = (utime + stime) / NSEC_PER_SEC;
  if (seconds >= limit.hard) {
    sendSignal(kernel, kernelInfo(SIG.SIGKILL), task, false);
  } else if (seconds >= limit.soft) {
    // Again every second.
    limit.soft = Math.min(limit.soft + 1, limit.hard);
    sendSignal(kernel, kernelInfo(SIG.SIGXCPU), task, false);
  }
};
