/** The end of a task, of a process, and what becomes of its children (kernel/exit.c). */
import { PTRACE_EVENT, PTRACE_O } from '../abi/ptrace.ts';
import { SIG } from '../abi/signal.ts';
import { without } from '../abi/sigset.ts';
import { closeAllFiles, releaseHeld } from '../fs/descriptors.ts';
import { exitSem } from '../ipc/undo.ts';
import type { Kernel } from '../kernel.ts';
import { mmPut } from '../mm/mm.ts';
import { groupSendSigInfo, killPgrpInfo } from '../signal/kill.ts';
import { retargetSharedPending } from '../signal/mask.ts';
import { doNotifyParent } from '../signal/notify.ts';
import { kernelInfo, markGroupExit, sendSignal, startGroupExit } from '../signal/send.ts';
import { leaveGroupStop } from '../signal/stop.ts';
import { ptraceEvent } from '../signal/trace-stop.ts';
import { hasStoppedJobs, willBecomeOrphaned } from '../task/pids.ts';
import { deletePosixTimers } from '../task/posix-timers.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { cancelItimer } from '../task/timers.ts';
import { isReparented, unlinkTrace } from '../task/trace.ts';
import { addUsage, taskUsage } from '../task/usage.ts';
import { wakeAll } from '../task/wait.ts';
import { disassociateTty } from '../tty/control.ts';
import { ptraceOrphan } from './ptrace.ts';
import { mmRelease } from './release.ts';
import { seccompFilterRelease } from './seccomp-notify.ts';

/** The whole process ends with this wait status, unless its end was decided already (do_group_exit). */
export const doGroupExit = (kernel: Kernel, task: Task, status: number): void => {
  const { group } = task;
  if (!group.groupExiting) {
    for (const thread of group.threads) thread.stopPending = false;
    if (group.threads.length > 1) startGroupExit(kernel, task, status);
    else markGroupExit(group, status);
  }
  doExit(kernel, task, group.groupExitCode);
};

/** The current thread ends with this wait status. It never runs again (do_exit). */
export const doExit = (kernel: Kernel, task: Task, status: number): void => {
  const { group } = task;
  if (task === kernel.current && task.exitDue === null && !task.exiting) {
    if (ptraceEvent(kernel, task, PTRACE_EVENT.EXIT, status)) {
      task.exitDue = status;
      return;
    }
  }
  kernel.account();
  leaveGroupStop(kernel, task);
  task.exiting = true;
  task.sigpending = false;
  if (task.seccomp.filter !== null) seccompFilterRelease(kernel, task);
  if (!group.groupExiting && group.threads.length > 1) {
    retargetSharedPending(kernel, task, without(group.sharedPending.signal, task.blocked));
  }
  const groupDead = group.threads.every((thread) => thread.exiting);
  if (groupDead) {
    if (!group.groupExiting) markGroupExit(group, status);
    cancelItimer(kernel.timers, group);
    deletePosixTimers(kernel, group);
    group.itimers.real.expires = Number.POSITIVE_INFINITY;
  }
  task.exitCode = status;
  task.end ??= { status };
  task.end.status = status;
  taskUsage(task);
  mmRelease(kernel, task);
  mmPut(task.mm);
  exitSem(kernel, task);
  if (!sharesFiles(kernel, task)) closeAllFiles(kernel, task.files);
  if (groupDead && group.sessionLeader) disassociateTty(kernel, task, true);
  exitNotify(kernel, task, groupDead);
};

const sharesFiles = (kernel: Kernel, task: Task): boolean => {
  for (const other of kernel.tasks.values()) {
    if (other !== task && other.files === task.files && !other.exiting) return true;
  }
  return false;
};

/** Children get a new parent, the old parent learns of the death (exit_notify). */
const exitNotify = (kernel: Kernel, task: Task, groupDead: boolean): void => {
  const { group } = task;
  exitPtrace(kernel, task);
  forgetOriginalParent(kernel, task);
  if (groupDead) killOrphanedPgrp(kernel, group.leader, null);
  task.state = 'zombie';
  if (task.wait?.held) releaseHeld(kernel, task.wait);
  task.wait = null;
  wakeAll(kernel, group.endWait);
  kernel.observers.exit?.(task);
  const alone = group.leader === task && group.threads.length === 1;
  if (task.trace !== null) {
    // The tracer waits for threads too, and before the parent.
    if (doNotifyParent(kernel, task, alone && !isReparented(task) ? task.exitSignal : SIG.SIGCHLD)) {
      releaseThread(kernel, task);
    }
  } else if (group.leader !== task) {
    releaseThread(kernel, task);
  } else if (alone) {
    notifyOfDeath(kernel, task);
  }
};

/** Whom the task traced goes free, or dies with it (exit_ptrace). */
const exitPtrace = (kernel: Kernel, task: Task): void => {
  for (const tracee of task.ptraced.slice()) {
    const { options } = tracee.trace!;
    if (options & PTRACE_O.EXITKILL) sendSignal(kernel, kernelInfo(SIG.SIGKILL), tracee, false);
    if (tracee.state === 'zombie') forgetZombie(kernel, task, tracee);
    else ptraceOrphan(kernel, tracee);
  }
};

/** A dead tracee loses its tracer: its parent learns of the death now (__ptrace_detach). */
const forgetZombie = (kernel: Kernel, tracer: Task, tracee: Task): void => {
  const { leader, threads } = tracee.group;
  unlinkTrace(tracee);
  if (tracee !== leader) releaseThread(kernel, tracee);
  else if (threads.length === 1 && leader.parent?.group !== tracer.group) notifyOfDeath(kernel, tracee);
};

/** Tells the parent; a process nobody waits for vanishes. */
export const notifyOfDeath = (kernel: Kernel, leader: Task): void => {
  if (doNotifyParent(kernel, leader, leader.exitSignal)) releaseTask(kernel, leader);
};

/** A dead thread goes; with the last one, who waits for the leader, dead before it, hears of that. */
export const releaseThread = (kernel: Kernel, task: Task): void => {
  const { leader, threads } = task.group;
  releaseTask(kernel, task);
  if (leader !== task && threads.length === 1 && leader.state === 'zombie') notifyOfDeath(kernel, leader);
};

/** The last trace of a task goes (release_task). */
export const releaseTask = (kernel: Kernel, task: Task): void => {
  const { group, parent } = task;
  task.state = 'dead';
  unlinkTrace(task);
  wakeAll(kernel, group.endWait);
  kernel.tasks.delete(task.pid);
  const { threads } = group;
  const position = threads.indexOf(task);
  if (group.currTarget === task) group.currTarget = threads[(position + 1) % threads.length]!;
  threads.splice(position, 1);
  addUsage(group.usage, task.usage);
  if (parent !== null) {
    const at = parent.children.indexOf(task);
    if (at >= 0) parent.children.splice(at, 1);
  }
};

/** Who takes the orphans: a living thread of the process, the nearest subreaper above, or init (find_new_reaper). */
const findNewReaper = (kernel: Kernel, father: Task): Task => {
  const sibling = father.group.threads.find((thread) => !thread.exiting);
  if (sibling !== undefined) return sibling;
  for (let ancestor = father.parent; ancestor !== null; ancestor = ancestor.group.leader.parent) {
    if (ancestor === kernel.init) break;
    if (!ancestor.group.childSubreaper) continue;
    const alive = ancestor.group.threads.find((thread) => !thread.exiting);
    if (alive !== undefined) return alive;
  }
  return kernel.init;
};

/** forget_original_parent. */
const forgetOriginalParent = (kernel: Kernel, father: Task): void => {
  const children = father.children.splice(0);
  if (children.length === 0) return;
  const reaper = findNewReaper(kernel, father);
  for (const child of children) {
    child.parent = reaper;
    for (const thread of child.group.threads) {
      thread.parent = reaper;
      if (thread.parentDeathSignal !== 0) sendDeathSignal(kernel, father, thread);
    }
    reaper.children.push(child);
    if (reaper.group === father.group) continue;
    child.exitSignal = SIG.SIGCHLD;
    if (child.state === 'zombie' && child.trace === null && child.group.threads.length === 1)
      notifyOfDeath(kernel, child);
    killOrphanedPgrp(kernel, child, father);
  }
};

/** prctl(PR_SET_PDEATHSIG). */
const sendDeathSignal = (kernel: Kernel, father: Task, task: Task): void => {
  const info: SigInfo = {
    ...kernelInfo(task.parentDeathSignal),
    kind: 'kill',
    code: 0,
    pid: father.group.tgid,
    uid: father.cred.uid,
  };
  groupSendSigInfo(kernel, task.parentDeathSignal, info, task);
};

/**
 * A group whose last tie to its session's other groups goes, and which has stopped members, gets SIGHUP and SIGCONT.
 * `father` null: the task itself exits; else its parent does (kill_orphaned_pgrp).
 */
const killOrphanedPgrp = (kernel: Kernel, task: Task, father: Task | null): void => {
  const { pgid, sid } = task.group;
  const parent = father ?? task.parent;
  if (parent === null || parent.group.pgid === pgid || parent.group.sid !== sid) return;
  if (!willBecomeOrphaned(kernel, pgid, father === null ? task : null) || !hasStoppedJobs(kernel, pgid)) return;
  killPgrpInfo(kernel, SIG.SIGHUP, kernelInfo(SIG.SIGHUP), pgid);
  killPgrpInfo(kernel, SIG.SIGCONT, kernelInfo(SIG.SIGCONT), pgid);
};
