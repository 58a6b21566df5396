/** execve in a process with several threads: only one is left, and it is the leader (de_thread of fs/exec.c). */

import { PTRACE_EVENT } from '../abi/ptrace.ts';
import { releaseHeld } from '../fs/descriptors.ts';
import type { Kernel } from '../kernel.ts';
import { mmGet } from '../mm/mm.ts';
import { newPending, recountQueued } from '../signal/pending.ts';
import { ptraceEvent } from '../signal/trace-stop.ts';
import { makeRunnable, wakeStopped } from '../task/scheduler.ts';
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

/** Stops the thread for a tracer that wants to see the end of it; it exits when that lets it go on. */
const stopAtExit = (kernel: Kernel, thread: Task): boolean => {
  if (!ptraceEvent(kernel, thread, PTRACE_EVENT.EXIT, 0)) return false;
  thread.exitDue = 0;
  return true;
};

/**
 * Ends all threads of the process but `task`, the current one, and the leader (zap_other_threads). Whether they are gone: one
 * that is traced takes its time, until its tracer has seen it stop before its end (PTRACE_EVENT_EXIT), and has waited for it.
 * Of the leader it must have seen the stop alone. `group.endWait` tells of every end.
 */
export const endOtherThreads = (kernel: Kernel, task: Task): boolean => {
  const { threads, leader } = task.group;
  let gone = true;
  for (const thread of threads.slice()) {
    if (thread === task || (thread.exiting && thread === leader)) continue;
    if (thread.exiting) {
      gone = false;
    } else if (thread.exitDue !== null) {
      // Stopped before an end of its own, from which the kill wakes it; or by the lines below, and for its tracer to wake.
      gone = false;
      if (task.wait === null) wakeStopped(kernel, thread);
    } else {
      halt(kernel, thread);
      if (stopAtExit(kernel, thread)) gone = false;
      else if (thread !== leader) doExit(kernel, thread, 0);
      if (thread !== leader && thread.state !== 'dead') gone = false;
    }
  }
  return gone;
};

/**
 * The one thread that is left, after `endOtherThreads`, is returned and is the current task: the leader, so that the process
 * keeps its id. If another thread asked, the leader takes over what that thread had of its own, and the thread is gone.
 */
export const deThread = (kernel: Kernel, task: Task): Task => {
  const { leader } = task.group;
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
    leader.exitDue = null;
    leader.end = null;
    leader.exitCode = 0;
    leader.mm = mmGet(task.mm);
  } else {
    halt(kernel, leader);
    mmRelease(kernel, leader);
  }
  const { cred, blocked, realBlocked, savedSigmask, pending, sigpending, stopPending, altstack } = task;
  Object.assign(leader, { cred, blocked, realBlocked, savedSigmask, pending, sigpending, stopPending, altstack });
  recountQueued(kernel);
  const { files, fs, sighand, noNewPrivs, noTsc, personality, seccomp, sched, prio, deadline, origAx } = task;
  Object.assign(leader, { files, fs, sighand, noNewPrivs, noTsc, personality, seccomp });
  Object.assign(leader, { sched, prio, deadline, origAx });
  leader.parentDeathSignal = task.parentDeathSignal;
  const { timerSlack, defaultTimerSlack, mceKill, ioFlusher } = task;
  Object.assign(leader, { timerSlack, defaultTimerSlack, mceKill, ioFlusher });
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
