/** Controlling terminals and job control (drivers/tty/tty_jobctrl.c). */
import { CAP } from '../abi/capability.ts';
import { ERRNO, RESTART } from '../abi/errno.ts';
import { SI, SIG, SIG_IGN } from '../abi/signal.ts';
import { inSet } from '../abi/sigset.ts';
import type { Kernel } from '../kernel.ts';
import { groupSendSigInfo, killPgrpInfo, userInfo } from '../signal/kill.ts';
import { kernelInfo } from '../signal/send.ts';
import { capable } from '../task/capability.ts';
import { isOrphaned, processes, processGroup } from '../task/pids.ts';
import type { Task } from '../task/task.ts';
import { wakeAll } from '../task/wait.ts';
import { endRedirect } from './redirect.ts';
import type { Tty } from './tty.ts';

/**
 * A background process may not read, change or (with TOSTOP) write its terminal: SIGTTIN or SIGTTOU to its group. 0 to go
 * on (__tty_check_change).
 */
export const checkForeground = (kernel: Kernel, task: Task, tty: Tty, signo: number): number => {
  const { pgid } = task.group;
  if (task.group.tty !== tty || tty.foreground === 0 || pgid === tty.foreground) return 0;
  if (inSet(task.blocked, signo) || task.sighand.action[signo]!.handler === SIG_IGN) {
    return signo === SIG.SIGTTIN ? -ERRNO.EIO : 0;
  }
  if (isOrphaned(kernel, pgid)) return -ERRNO.EIO;
  killPgrpInfo(kernel, signo, kernelInfo(signo), pgid);
  task.sigpending = true;
  return -RESTART.ERESTARTSYS;
};

/** The terminal becomes that of the task's session (__proc_set_tty). */
export const setControllingTty = (task: Task, tty: Tty): void => {
  tty.session = task.group.sid;
  tty.foreground = task.group.pgid;
  task.group.tty = tty;
  task.group.ttyOldPgrp = 0;
};

const clearSession = (kernel: Kernel, sid: number): void => {
  for (const process of processes(kernel)) if (process.group.sid === sid) process.group.tty = null;
};

/** TIOCSCTTY: a session leader without a terminal takes this one; root may steal it with `force` (tiocsctty). */
export const takeControllingTty = (kernel: Kernel, task: Task, tty: Tty, force: number, readable: boolean): number => {
  const { group } = task;
  if (group.sessionLeader && group.sid === tty.session) return 0;
  if (!group.sessionLeader || group.tty !== null) return -ERRNO.EPERM;
  if (tty.session !== 0) {
    if (force !== 1 || !capable(task.cred, CAP.SYS_ADMIN)) return -ERRNO.EPERM;
    clearSession(kernel, tty.session);
  }
  if (!readable && !capable(task.cred, CAP.SYS_ADMIN)) return -ERRNO.EPERM;
  setControllingTty(task, tty);
  return 0;
};

/** SIGHUP and SIGCONT to a group; at the end of a session leader the kernel sends them, else the leader does. */
const hangUpGroup = (kernel: Kernel, pgid: number, exiting: boolean, signals: readonly number[]): void => {
  for (const signo of signals) {
    killPgrpInfo(kernel, signo, exiting ? kernelInfo(signo) : userInfo(kernel, signo, SI.USER), pgid);
  }
};

/** TIOCNOTTY, and the end of a session leader: the session has no terminal any more (disassociate_ctty). */
export const disassociateTty = (kernel: Kernel, task: Task, exiting: boolean): void => {
  const { group } = task;
  const { tty } = group;
  if (!group.sessionLeader) {
    group.tty = null;
    return;
  }
  if (tty !== null) {
    const { foreground } = tty;
    if (foreground !== 0) {
      hangUpGroup(kernel, foreground, exiting, exiting ? [SIG.SIGHUP] : [SIG.SIGHUP, SIG.SIGCONT]);
    }
    tty.session = 0;
    tty.foreground = 0;
  } else if (exiting) {
    // The jobs of a terminal that hung up learn of it from the end of their shell.
    if (group.ttyOldPgrp !== 0) hangUpGroup(kernel, group.ttyOldPgrp, true, [SIG.SIGHUP, SIG.SIGCONT]);
    group.ttyOldPgrp = 0;
    return;
  }
  clearSession(kernel, group.sid);
};

/**
 * The line is gone: files that are open on it are dead, the session loses it, its leader alone gets SIGHUP and SIGCONT
 * (__tty_hangup, tty_signal_session_leader).
 */
export const hangUp = (kernel: Kernel, tty: Tty): void => {
  tty.hangups++;
  const { session, foreground } = tty;
  if (session !== 0) {
    for (const process of processes(kernel)) {
      if (process.group.sid !== session) continue;
      process.group.tty = null;
      if (!process.group.sessionLeader) continue;
      process.group.ttyOldPgrp = foreground;
      groupSendSigInfo(kernel, SIG.SIGHUP, kernelInfo(SIG.SIGHUP), process);
      groupSendSigInfo(kernel, SIG.SIGCONT, kernelInfo(SIG.SIGCONT), process);
    }
  }
  tty.session = 0;
  tty.foreground = 0;
  endRedirect(kernel, tty);
  wakeAll(kernel, tty.readWait);
  wakeAll(kernel, tty.writeWait);
};

/** TIOCSPGRP (tiocspgrp). */
export const setForeground = (kernel: Kernel, task: Task, tty: Tty, pgid: number): number => {
  const background = checkForeground(kernel, task, tty, SIG.SIGTTOU);
  if (background !== 0) return background === -ERRNO.EIO ? -ERRNO.ENOTTY : background;
  if (pgid < 0) return -ERRNO.EINVAL;
  if (task.group.tty === null || task.group.tty !== tty || tty.session !== task.group.sid) return -ERRNO.ENOTTY;
  const members = processGroup(kernel, pgid);
  if (members.length === 0) return -ERRNO.ESRCH;
  if (members.every((member) => member.group.sid !== task.group.sid)) return -ERRNO.EPERM;
  tty.foreground = pgid;
  return 0;
};
