/** Telling the parent: SIGCHLD and the wake-up of its wait(2) (kernel/signal.c). */
import { CLD, NSIG, SA, SIG, SIG_IGN } from '../abi/signal.ts';
import { NSEC_PER_SEC, USER_HZ } from '../abi/time.ts';
import { CORE_FLAG, exitCode, termSignal } from '../abi/wait.ts';
import type { Kernel } from '../kernel.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { groupUsage } from '../task/usage.ts';
import { wakeAll } from '../task/wait.ts';
import { sendSignal } from './send.ts';

const ticks = (nanoseconds: number): number => Math.floor((nanoseconds * USER_HZ) / NSEC_PER_SEC);

export const childInfo = (task: Task, signo: number, code: number, status: number): SigInfo => {
  const usage = groupUsage(task.group);
  return {
    kind: 'child',
    signo,
    errno: 0,
    code,
    pid: task.pid,
    uid: task.cred.uid,
    status,
    utime: ticks(usage.utime),
    stime: ticks(usage.stime),
  };
};

/** si_code and si_status of a wait status. */
export const childCode = (status: number): { code: number; status: number } => {
  const signal = termSignal(status);
  if (status & CORE_FLAG) return { code: CLD.DUMPED, status: signal };
  if (signal !== 0) return { code: CLD.KILLED, status: signal };
  return { code: CLD.EXITED, status: exitCode(status) };
};

/** Sends `signo` to the parent of a dead process. Returns whether nobody will wait for it (do_notify_parent). */
export const doNotifyParent = (kernel: Kernel, task: Task, signo: number): boolean => {
  const parent = task.trace?.tracer ?? task.parent!;
  const { code, status } = childCode(task.exitCode);
  const info = childInfo(task, signo, code, status);
  // clone(2) takes any byte for a signal; one that is none is not sent.
  let send = signo >= 1 && signo <= NSIG;
  let autoreap = false;
  if (signo === SIG.SIGCHLD) {
    const action = parent.sighand.action[SIG.SIGCHLD]!;
    if (action.handler === SIG_IGN || (action.flags & SA.NOCLDWAIT) !== 0) {
      // Without SIG_IGN, SIGCHLD is sent though the child is gone already: POSIX leaves that open.
      autoreap = true;
      if (action.handler === SIG_IGN) send = false;
    }
  }
  if (send) sendSignal(kernel, info, parent, false);
  wakeAll(kernel, parent.group.childWait);
  return autoreap;
};

/** Tells the parent that the process stopped or went on; `why` is CLD_STOPPED or CLD_CONTINUED. */
export const doNotifyParentCldstop = (kernel: Kernel, task: Task, why: number): void => {
  const { leader } = task.group;
  const parent = leader.parent!;
  const status = why === CLD.CONTINUED ? SIG.SIGCONT : task.group.groupExitCode & 0x7f;
  const action = parent.sighand.action[SIG.SIGCHLD]!;
  if (action.handler !== SIG_IGN && (action.flags & SA.NOCLDSTOP) === 0) {
    sendSignal(kernel, childInfo(leader, SIG.SIGCHLD, why, status), parent, false);
  }
  wakeAll(kernel, parent.group.childWait);
};
