/** Signals that file operations send to the task that called: SIGPIPE, SIGXFSZ (send_sig). */
import { SI } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { sendSignal } from '../signal/send.ts';
import type { Task } from '../task/task.ts';

export const raise = (kernel: Kernel, task: Task, signo: number): void => {
  const { tgid } = task.group;
  sendSignal(kernel, { kind: 'kill', signo, errno: 0, code: SI.USER, pid: tgid, uid: task.cred.uid }, task, true);
};
