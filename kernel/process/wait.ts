/** Waiting for children (kernel/exit.c, do_wait): which child has something to report, and taking the report. */
import { ERRNO } from '../abi/errno.ts';
import { CLD, SIG } from '../abi/signal.ts';
import { CONTINUED_STATUS, stopStatus, WAIT } from '../abi/wait.ts';
import type { Kernel } from '../kernel.ts';
import { childCode } from '../signal/notify.ts';
import { noUsage, type Task, type Usage } from '../task/task.ts';
import { isReparented, unlinkTrace } from '../task/trace.ts';
import { addUsage, groupUsage } from '../task/usage.ts';
import { block } from '../task/wait.ts';
import { notifyOfDeath, releaseThread } from './exit.ts';

/** Which children: any, one, or those of a process group. */
export type WaitFor = { kind: 'any' } | { kind: 'pid'; pid: number } | { kind: 'group'; pgid: number };

/** What a child reported. */
export interface ChildReport {
  pid: number;
  uid: number;
  /** Wait status, for wait4(2). */
  status: number;
  /** si_code and si_status, for waitid(2). */
  code: number;
  value: number;
  /** Of the child and of its own children that it waited for. */
  usage: Usage;
}

const isMatch = (child: Task, target: WaitFor): boolean => {
  switch (target.kind) {
    case 'any':
      return true;
    case 'pid':
      return child.pid === target.pid;
    case 'group':
      return child.group.pgid === target.pgid;
  }
};

/** "Clone" children are those that do not send SIGCHLD (eligible_child). */
const isEligible = (child: Task, target: WaitFor, options: number): boolean => {
  if (!isMatch(child, target)) return false;
  if (options & WAIT.WALL) return true;
  return (child.exitSignal !== SIG.SIGCHLD) === ((options & WAIT.WCLONE) !== 0);
};

/** RUSAGE_BOTH of a process. */
const usageWithChildren = (child: Task): Usage => {
  const usage = noUsage();
  addUsage(usage, groupUsage(child.group));
  addUsage(usage, child.group.childUsage);
  return usage;
};

const report = (child: Task, status: number, code: number, value: number): ChildReport => ({
  pid: child.pid,
  uid: child.cred.uid,
  status,
  code,
  value,
  usage: usageWithChildren(child),
});

/** wait_task_zombie. */
const takeZombie = (kernel: Kernel, task: Task, child: Task, options: number): ChildReport | null => {
  if ((options & WAIT.WEXITED) === 0) return null;
  const status = child.group.groupExiting ? child.group.groupExitCode : child.exitCode;
  const { code, status: value } = childCode(status);
  const found = report(child, status, code, value);
  if (options & WAIT.WNOWAIT) return found;
  const isLeader = child === child.group.leader;
  if (isLeader && isReparented(child)) {
    // After its tracer its parent.
    unlinkTrace(child);
    notifyOfDeath(kernel, child);
    return found;
  }
  if (isLeader) addUsage(task.group.childUsage, found.usage);
  releaseThread(kernel, child);
  return found;
};

/** wait_task_stopped: the code of the stop is taken away with the report. */
const takeStopped = (child: Task, options: number): ChildReport | null => {
  const { group } = child;
  if ((options & WAIT.WUNTRACED) === 0 || !group.stopped || group.groupExitCode === 0) return null;
  const signo = group.groupExitCode;
  if ((options & WAIT.WNOWAIT) === 0) group.groupExitCode = 0;
  return report(child, stopStatus(signo), CLD.STOPPED, signo);
};

/** A stop for the tracer, whose wait needs no WUNTRACED for that (wait_task_stopped). */
const takeTraced = (child: Task, options: number): ChildReport | null => {
  const stop = child.state === 'traced' ? child.trace?.stop : null;
  if (stop == null || stop.code === 0) return null;
  const { code } = stop;
  if ((options & WAIT.WNOWAIT) === 0) stop.code = 0;
  return report(child, stopStatus(code), CLD.TRAPPED, code);
};

/** wait_task_continued. */
const takeContinued = (child: Task, options: number): ChildReport | null => {
  const { group } = child;
  if ((options & WAIT.WCONTINUED) === 0 || !group.continued) return null;
  if ((options & WAIT.WNOWAIT) === 0) group.continued = false;
  return report(child, CONTINUED_STATUS, CLD.CONTINUED, SIG.SIGCONT);
};

/**
 * One child, or with `traced` one tracee: a report, 0 if one may still come, or null if it is not asked for
 * (wait_consider_task).
 */
const consider = (
  kernel: Kernel,
  task: Task,
  child: Task,
  target: WaitFor,
  options: number,
  traced: boolean,
): ChildReport | 0 | null => {
  if (traced ? !isMatch(child, target) : !isEligible(child, target, options)) return null;
  // A parent that traces its child sees it as the tracer does.
  const asTracer = traced || (child.trace !== null && !isReparented(child));
  let mayCome = true;
  if (child.state === 'zombie') {
    const isDelayed = child === child.group.leader && child.group.threads.length > 1;
    if (!isDelayed && (asTracer || child.trace === null)) return takeZombie(kernel, task, child, options);
    mayCome = !asTracer || (options & (WAIT.WCONTINUED | WAIT.WEXITED)) !== 0;
  }
  const stopped = asTracer ? takeTraced(child, options) : takeStopped(child, options);
  return stopped ?? takeContinued(child, options) ?? (mayCome ? 0 : null);
};

/** One look at all children and tracees: a report, 0 if one may still come, or -ECHILD if none ever can. */
const lookAtChildren = (kernel: Kernel, task: Task, target: WaitFor, options: number): ChildReport | number => {
  let result: number = -ERRNO.ECHILD;
  for (const thread of task.group.threads) {
    if (options & WAIT.WNOTHREAD && thread !== task) continue;
    for (const traced of [false, true]) {
      for (const child of traced ? thread.ptraced : thread.children) {
        const found = consider(kernel, task, child, target, options, traced);
        if (found === 0) result = 0;
        else if (found !== null) return found;
      }
    }
  }
  return result;
};

/** A report; or 0 with WNOHANG, -ECHILD, a restart code, or BLOCKED. */
export const doWait = (kernel: Kernel, task: Task, target: WaitFor, options: number): ChildReport | number => {
  const found = lookAtChildren(kernel, task, target, options);
  if (typeof found !== 'number' || found !== 0 || options & WAIT.WNOHANG) return found;
  return block(kernel, task, { what: 'do_wait', queues: [task.group.childWait] });
};
