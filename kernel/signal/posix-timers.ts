/** POSIX timers that go off: sending their signals (kernel/time/posix-timers.c, posix-cpu-timers.c). */
import { SI } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { cpuTime, disarm } from '../task/posix-timers.ts';
import type { PosixTimer, SigInfo, Task, ThreadGroup } from '../task/task.ts';
import { handlerIgnores, queueTimerSignal } from './send.ts';

/** Its time has come: the signal is sent, whatever the interval, or the sleeper woken (posix_timer_queue_signal). */
export const expirePosixTimer = (kernel: Kernel, timer: PosixTimer): void => {
  timer.due = timer.expires;
  disarm(kernel, timer);
  if (timer.sleeper !== null) {
    kernel.wake(timer.sleeper);
    return;
  }
  timer.waiting = timer.interval !== 0;
  sendTimerSignal(kernel, timer);
};

/** Those of CPU time that are due (check_process_timers). */
export const expireCpuTimers = (kernel: Kernel, group: ThreadGroup): void => {
  for (const timer of group.cpuTimers.slice()) {
    if (cpuTime(timer.cpu!) >= timer.expires) expirePosixTimer(kernel, timer);
  }
};

const sendTimerSignal = (kernel: Kernel, timer: PosixTimer): void => {
  const info: SigInfo = {
    kind: 'timer',
    ...{ signo: timer.signo, errno: 0, code: SI.TIMER },
    ...{ timer: timer.id, overrun: 0, value: timer.value },
    ...{ origin: timer, sequence: timer.sequence },
  };
  const target = timer.thread ?? timer.owner.leader;
  // One that is ignored goes on when the program cares for the signal again (posixtimer_sig_ignore).
  if (target.state !== 'dead' && !queueTimerSignal(kernel, info, target, timer.thread !== null)) {
    timer.ignored = timer.waiting;
  }
};

/** A disposition changed: timers whose signals were ignored send them now (posixtimer_sig_unignore). */
export const unignoreTimers = (kernel: Kernel, task: Task, signo: number): void => {
  if (handlerIgnores(task.sighand.action[signo]!.handler, signo)) return;
  for (const timer of task.group.posixTimers.values()) {
    if (!timer.ignored || timer.signo !== signo) continue;
    timer.ignored = false;
    sendTimerSignal(kernel, timer);
  }
};
