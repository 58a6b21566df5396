/** execve in a process with several threads: only one is left, and it is the leader (de_thread of fs/exec.c). */

import { releaseHeld } from '../fs/descriptors.ts';
import type { Kernel } from '../kernel.ts';
import { mmGet } from '../mm/mm.ts';
import { newPending } from '../signal/pending.ts';
import { makeRunnable } from '../task/scheduler.ts';
import type { Task } from '../task/task.ts';
import { cancelDeadline, cancelSleep } from '../task/timers.ts';
import { linkTrace, unlinkTrace } from '../task/trace.ts';
import { leaveQueues } from '../task/wait.ts';
import { doExit } from './exit.ts';
import { abandonFutexes } from './futex.ts';
import { mmRelease } from './release.ts';

/** Takes a thread off every queue, whatever it does. Between two instructions no thread holds anything else. */
const halt = (kernel: Kernel, thread: Task): void => {
  abandonFutexes(kernel, thread);
  leaveQueues(thread);
  cancelSleep(kernel.timers, thread);
  cancelDeadline(kernel.timers, thread);
  thread.deadline = null;
  const at = kernel.runQueue.indexOf(thread);
  if (at >= 0) kernel.runQueue.splice(at, 1);
  thread.inSyscall = false;
  if (thread.wait?.held) releaseHeld(kernel, thread.wait);
  thread.wait = null;
};

/**
 * Ends all threads of the process but one, which is returned and is the current task: the leader, so that the process keeps
 * its id. If another thread asked, the leader takes over what that thread had of its own, and the thread is gone.
 */
export const deThread = (kernel: Kernel, task: Task): Task => {
  const { threads, leader } = task.group;
  for (const thread of threads.slice()) {
    if (thread === task || thread === leader) continue;
    halt(kernel, thread);
    doExit(kernel, thread, 0);
  }
  return task === leader ? task : replaceLeader(kernel, task, leader);
};

/** The tracer goes on with the thread that asked, which has the leader's id now; so do those whom that thread traces. */
const inheritTrace = (task: Task, leader: Task): void => {
  unlinkTrace(leader);
  const { trace } = task;
  if (trace !== null) {
    unlinkTrace(task);
    linkTrace(leader, trace);
  }
  for (const tracee of task.ptraced.splice(0)) {
    tracee.trace!.tracer = leader;
    leader.ptraced.push(tracee);
  }
};

const replaceLeader = (kernel: Kernel, task: Task, leader: Task): Task => {
  if (leader.exiting) {
    leader.exiting = false;
    leader.end = null;
    leader.exitCode = 0;
    leader.mm = mmGet(task.mm);
  } else {
    halt(kernel, leader);
    mmRelease(kernel, leader);
  }
  const { cred, blocked, realBlocked, savedSigmask, pending, sigpending, stopPending, altstack } = task;
  Object.assign(leader, { cred, blocked, realBlocked, savedSigmask, pending, sigpending, stopPending, altstack });
  const { files, fs, sighand, noNewPrivs, noTsc, personality, seccomp, sched, prio, deadline, origAx } = task;
  Object.assign(leader, { files, fs, sighand, noNewPrivs, noTsc, personality, seccomp });
  Object.assign(leader, { sched, prio, deadline, origAx });
  leader.parentDeathSignal = task.parentDeathSignal;
  // The thread lives on under the leader's id, and its children have still their parent.
  for (const child of task.children.splice(0)) {
    for (const each of child.group.threads) each.parent = leader;
    leader.children.push(child);
  }
  inheritTrace(task, leader);
  makeRunnable(kernel, leader);
  task.pending = newPending();
  doExit(kernel, task, 0);
  kernel.current = leader;
  return leader;
};
