/** Job control: stopping all threads of a process (kernel/signal.c, do_signal_stop). */
import { CLD } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { doNotifyParentCldstop } from './notify.ts';
import { signalWakeUp, trapNotify } from './send.ts';
import { participate, trapStop } from './trace-stop.ts';

/** Begins the stop of the whole group by `signo`. */
const startGroupStop = (kernel: Kernel, task: Task, signo: number): void => {
  const { group } = task;
  if (!group.stopped) group.groupExitCode = signo;
  group.groupStopSignal = signo;
  group.groupStopCount = 0;
  for (const thread of group.threads) {
    // One that is stopped for its tracer takes its part when it goes on.
    if (thread.exiting || thread.state === 'stopped') continue;
    thread.stopPending = true;
    group.groupStopCount++;
    if (thread === task) continue;
    if (thread.trace?.seized) trapNotify(kernel, thread);
    else signalWakeUp(kernel, thread, false);
  }
};

/**
 * Stops the current thread: `signo` begins a group stop, 0 takes part in the one in progress. It does not run until
 * SIGCONT or SIGKILL, or, if it is traced, until its tracer says so; then `getSignal` starts over.
 */
export const doSignalStop = (kernel: Kernel, task: Task, signo: number): void => {
  if (!task.stopPending) startGroupStop(kernel, task, signo);
  if (task.trace !== null) {
    trapStop(kernel, task);
    return;
  }
  const complete = participate(task);
  task.state = 'stopped';
  if (complete) doNotifyParentCldstop(kernel, task, CLD.STOPPED);
};

/** An exiting thread leaves a group stop, which may complete it (exit_signals). */
export const leaveGroupStop = (kernel: Kernel, task: Task): void => {
  if (task.stopPending && participate(task)) doNotifyParentCldstop(kernel, task, CLD.STOPPED);
};
