/** Why a signal had the fate it had, and why this thread was chosen for it: in words, as send.ts decided. */
import { SIG, SIG_IGN } from '../../kernel/abi/signal.ts';
import { inSet, KERNEL_IGNORE } from '../../kernel/abi/sigset.ts';
import type { Machine } from '../../kernel/machine.ts';
import type { SignalFate } from '../../kernel/observers.ts';
import type { SigInfo, Task } from '../../kernel/task/task.ts';
import type { Entry, Who } from './entries.ts';
import { whoIs } from './records.ts';

/** What explains a fate that is not `queued`. */
export const fateText = (
  machine: Machine,
  task: Task,
  info: SigInfo,
  fate: SignalFate,
  before: Pick<Entry, 'id'> | undefined,
): string => {
  const { signo } = info;
  switch (fate) {
    case 'queued':
      return '';
    case 'stripped':
      return signo === SIG.SIGKILL
        ? 'SIGKILL needs no siginfo'
        : 'RLIMIT_SIGPENDING is reached: only the number was kept';
    case 'coalesced':
      return `a standard signal is pending once only, and ${before === undefined ? 'one is' : `#${before.id} is`} already`;
    case 'refused':
      return 'RLIMIT_SIGPENDING is reached: EAGAIN';
    case 'exiting':
      return 'the process is ending';
    case 'ignored': {
      if (task.sighand.action[signo]!.handler === SIG_IGN) return 'its disposition is SIG_IGN';
      if (signo === SIG.SIGCONT)
        return 'it continues what is stopped when it is sent; no handler is there to tell of it';
      if (inSet(KERNEL_IGNORE, signo)) return 'its disposition is SIG_DFL, which is to do nothing';
      return task === machine.init || task.group.unkillable ? 'init hears only what it handles' : 'ignored';
    }
  }
};

/** Whom completeSignal found, and by which rule. */
export const choice = (
  task: Task,
  signo: number,
  toThread: boolean,
  chosen: Task | null,
): { who: Who | null; why: string } => {
  if (chosen === null) return { who: null, why: nobodyText(task, signo, toThread) };
  const who = whoIs(chosen);
  if (task.group.groupExiting) return { who, why: 'its default action is death: every thread was woken to die' };
  if (toThread) return { who, why: 'it was sent to this thread' };
  if (chosen === task) {
    return { who, why: task.group.threads.length === 1 ? 'the only thread' : 'the main thread can take it' };
  }
  const why = unwilling(task, signo);
  return { who, why: `the main thread ${why}; this is the first that can take it` };
};

const unwilling = (task: Task, signo: number): string => {
  if (task.exiting) return 'is ending';
  if (inSet(task.blocked, signo)) return 'blocks it';
  if (task.state === 'stopped') return 'is stopped';
  if (task.state === 'traced') return 'is stopped for its tracer';
  return 'is on its way to take another signal';
};

const nobodyText = (task: Task, signo: number, toThread: boolean): string => {
  const { threads } = task.group;
  if (toThread || threads.length === 1) return `the thread ${unwilling(task, signo)}`;
  const reasons = new Set(threads.map((thread) => unwilling(thread, signo)));
  return reasons.size === 1 ? `every thread ${[...reasons][0]}` : `no thread can: ${[...reasons].join(', ')}`;
};
