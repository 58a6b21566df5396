/**
 * Who may send, and to whom: one process, a group, everyone, one thread (kernel/signal.c).
 */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { PIDFD_SIGNAL } from '../abi/process.ts';
import { NSIG, SI, SIG } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import { processes, processGroup } from '../task/pids.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { sendSignal } from './send.ts';

/** kill_ok_by_cred. */
const allowedByUser = (sender: Task, target: Task): boolean => {
  const { euid, uid } = sender.cred;
  const t = target.cred;
  const same = euid === t.suid || euid === t.uid || uid === t.suid || uid === t.uid;
  return same || capable(sender.cred, CAP.KILL);
};

/** 0, -EINVAL for no signal number, or -EPERM; only programs are refused, not the kernel (check_kill_permission). */
const checkKillPermission = (sender: Task, signo: number, info: SigInfo | null, target: Task): number => {
  if (signo < 0 || signo > NSIG) return -ERRNO.EINVAL;
  // A kernel signal: positive code, but SI_USER and SI_TKILL are what programs send.
  if (info !== null && info.code > 0) return 0;
  if (sender.group === target.group || allowedByUser(sender, target)) return 0;
  if (signo === SIG.SIGCONT && sender.group.sid === target.group.sid) return 0;
  return -ERRNO.EPERM;
};

/** Sends to a process after checking permission; with `info` null (signal 0) only checks (group_send_sig_info). */
export const groupSendSigInfo = (kernel: Kernel, signo: number, info: SigInfo | null, target: Task): number => {
  const error = checkKillPermission(kernel.current, signo, info, target);
  if (error !== 0 || info === null) return error;
  return sendSignal(kernel, info, target, false);
};

/** What kill(2) says about the current process as sender. */
export const userInfo = (kernel: Kernel, signo: number, code: number): SigInfo | null => {
  if (signo === 0) return null;
  const { current } = kernel;
  return { kind: 'kill', signo, errno: 0, code, pid: current.group.tgid, uid: current.cred.uid };
};

/** Every member gets it; success when one did, else the last error, -ESRCH for an empty group (__kill_pgrp_info). */
export const killPgrpInfo = (kernel: Kernel, signo: number, info: SigInfo | null, pgid: number): number => {
  let success = false;
  let result = -ERRNO.ESRCH;
  for (const member of processGroup(kernel, pgid)) {
    result = groupSendSigInfo(kernel, signo, info, member);
    if (result === 0) success = true;
  }
  return success ? 0 : result;
};

/** kill_pid_info. */
export const killPidInfo = (kernel: Kernel, signo: number, info: SigInfo | null, pid: number): number => {
  const task = kernel.tasks.get(pid);
  return task === undefined ? -ERRNO.ESRCH : groupSendSigInfo(kernel, signo, info, task);
};

/** kill(2) for all its kinds of `pid` (kill_something_info). */
export const killSomethingInfo = (kernel: Kernel, signo: number, pid: number): number => {
  const info = userInfo(kernel, signo, SI.USER);
  if (pid > 0) return killPidInfo(kernel, signo, info, pid);
  if (pid === -2147483648) return -ERRNO.ESRCH;
  if (pid !== -1) return killPgrpInfo(kernel, signo, info, pid === 0 ? kernel.current.group.pgid : -pid);
  const others = [...processes(kernel)].filter((task) => task !== kernel.init && task.group !== kernel.current.group);
  if (others.length === 0) return -ERRNO.ESRCH;
  let result = 0;
  for (const task of others) {
    const error = groupSendSigInfo(kernel, signo, info, task);
    if (error !== -ERRNO.EPERM) result = error;
  }
  return result;
};

/** Sends to one thread; `tgid` 0 is any process (do_send_specific). */
const sendSpecific = (kernel: Kernel, tgid: number, pid: number, signo: number, info: SigInfo | null): number => {
  const task = kernel.tasks.get(pid);
  if (task === undefined || (tgid > 0 && task.group.tgid !== tgid)) return -ERRNO.ESRCH;
  const error = checkKillPermission(kernel.current, signo, info, task);
  // A zombie can be sent to, and nothing comes of it.
  if (error !== 0 || info === null || task.exiting) return error;
  return sendSignal(kernel, info, task, true);
};

/** tkill(2) and tgkill(2) (do_tkill). */
export const tkill = (kernel: Kernel, tgid: number, pid: number, signo: number): number =>
  sendSpecific(kernel, tgid, pid, signo, userInfo(kernel, signo, SI.TKILL));

/** Codes which only the kernel may use towards others. */
const isForged = (info: SigInfo): boolean => info.code >= 0 || info.code === SI.TKILL;

/** rt_sigqueueinfo(2) (do_rt_sigqueueinfo). */
export const queueInfo = (kernel: Kernel, pid: number, signo: number, info: SigInfo): number => {
  if (isForged(info) && kernel.current.pid !== pid) return -ERRNO.EPERM;
  return killPidInfo(kernel, signo, signo === 0 ? null : info, pid);
};

/** rt_tgsigqueueinfo(2) (do_rt_tgsigqueueinfo). */
export const queueInfoToThread = (kernel: Kernel, tgid: number, pid: number, signo: number, info: SigInfo): number => {
  if (pid <= 0 || tgid <= 0) return -ERRNO.EINVAL;
  if (isForged(info) && kernel.current.pid !== pid) return -ERRNO.EPERM;
  return sendSpecific(kernel, tgid, pid, signo, signo === 0 ? null : info);
};

/** pidfd_send_signal(2): to a thread, a process or its group, by `PIDFD_SIGNAL`. `info` null is as kill(2) sends it. */
export const sendToPidfd = (
  kernel: Kernel,
  target: Task,
  signo: number,
  info: SigInfo | null,
  scope: number,
): number => {
  const thread = scope === PIDFD_SIGNAL.THREAD;
  const sent = info ?? userInfo(kernel, signo, thread ? SI.TKILL : SI.USER);
  // A siginfo for signal 0 is checked all the same.
  const checked = signo === 0 ? null : sent;
  if (info !== null && isForged(info) && kernel.current.pid !== target.pid) return -ERRNO.EPERM;
  if (scope === PIDFD_SIGNAL.PROCESS_GROUP) return killPgrpInfo(kernel, signo, checked, target.pid);
  if (target.state === 'dead') return -ERRNO.ESRCH;
  if (!thread) return groupSendSigInfo(kernel, signo, checked, target);
  return sendSpecific(kernel, 0, target.pid, signo, checked);
};
