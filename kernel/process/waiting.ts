/** Who waits for what, in words: for the user, when nothing can run any more. */
import { signalName } from '../abi/signal.ts';
import type { Task } from '../task/task.ts';

/** What keeps a task from running. */
const reason = (task: Task): string =>
  task.state === 'stopped'
    ? `stopped by ${signalName(task.group.groupStopSignal)}`
    : task.state === 'traced'
      ? `stopped for its tracer, process ${task.trace?.tracer.group.tgid}`
      : `waits in ${task.wait?.what}`;

/** One line for each task that is neither dead nor one of the machine's own idle ones. */
export const describeWaiting = (machine: {
  readonly tasks: ReadonlyMap<number, Task>;
  readonly init: Task;
  readonly starter: Task;
}): string[] => {
  const lines: string[] = [];
  for (const task of machine.tasks.values()) {
    if (task === machine.init || task === machine.starter || task.exiting) continue;
    lines.push(`process ${task.group.tgid} (${task.comm}): ${reason(task)}`);
  }
  return lines;
};
