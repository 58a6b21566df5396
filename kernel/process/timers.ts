/** What happens when a timer's time has come: a sleep ends, an interval or POSIX timer or a timerfd goes off. */
import { SIG } from '../abi/signal.ts';
import { expireAlarm } from '../fs/timerfd.ts';
import type { Kernel } from '../kernel.ts';
import { pushAll } from '../net/inet/tcp.ts';
import { expirePosixTimer } from '../signal/posix-timers.ts';
import { kernelInfo, sendSignal } from '../signal/send.ts';
import { nextExpiry, takeExpired } from '../task/timers.ts';
import { endThrottling } from './deadline.ts';

/** Fires every timer that is due. */
export const fireTimers = (kernel: Kernel): void => {
  if (nextExpiry(kernel.timers) === Number.POSITIVE_INFINITY) return;
  const now = kernel.now();
  for (let timer = takeExpired(kernel.timers, now); timer !== undefined; timer = takeExpired(kernel.timers, now)) {
    switch (timer.kind) {
      case 'sleep':
        if (timer.task.wait !== timer.wait) break;
        timer.wait.timedOut = true;
        kernel.wake(timer.task);
        break;
      case 'itimer': {
        // With an interval it is armed again when the signal is taken (pending.ts).
        const { real } = timer.group.itimers;
        real.lastExpiry = real.expires;
        real.expires = Number.POSITIVE_INFINITY;
        sendSignal(kernel, kernelInfo(SIG.SIGALRM), timer.group.leader, false);
        break;
      }
      case 'posix':
        expirePosixTimer(kernel, timer.timer);
        break;
      case 'file':
        expireAlarm(kernel, timer.alarm);
        break;
      case 'deadline':
        endThrottling(kernel, timer.task);
        break;
      case 'cork':
        timer.sock.corkTimer = false;
        pushAll(kernel, timer.sock);
    }
  }
};
