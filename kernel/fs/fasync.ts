/** Signals about input and output (fs/fcntl.c: send_sigio, kill_fasync; fcntl(2) O_ASYNC, F_SETOWN, F_SETSIG). */
import { F_OWNER } from '../abi/fcntl.ts';
import { POLL } from '../abi/poll.ts';
import { POLL_CODE, SI, SIG } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { kernelInfo, sendSignal } from '../signal/send.ts';
import { processGroup } from '../task/pids.ts';
import type { SigInfo, Task } from '../task/task.ts';
import type { OpenFile } from './types.ts';

/** Who wants to know of one end of a file, and under which descriptor. */
export interface AsyncEntry {
  file: OpenFile;
  fd: number;
}

/** struct fown_struct: whom to tell (F_SETOWN_EX), by which signal (F_SETSIG; 0 is a plain SIGIO), and by whose right. */
export interface FileOwner {
  type: number;
  id: number;
  uid: number;
  euid: number;
  signo: number;
}

/** si_band by si_code, from POLL_IN on (band_table). */
const BANDS = [
  POLL.IN | POLL.RDNORM,
  POLL.OUT | POLL.WRNORM | POLL.WRBAND,
  POLL.IN | POLL.RDNORM | POLL.MSG,
  POLL.ERR,
  POLL.PRI | POLL.RDBAND,
  POLL.HUP | POLL.ERR,
];

/** Signals whose positive codes mean something of their own (SIG_SPECIFIC_SICODES_MASK), but for SIGIO itself. */
const WITH_CODES: readonly number[] = [
  SIG.SIGILL,
  SIG.SIGFPE,
  SIG.SIGSEGV,
  SIG.SIGBUS,
  SIG.SIGTRAP,
  SIG.SIGCHLD,
  SIG.SIGSYS,
];

/** O_ASYNC is switched on or off for one end (fasync_helper). */
export const setAsync = (list: AsyncEntry[], file: OpenFile, fd: number, on: boolean): void => {
  const at = list.findIndex((entry) => entry.file === file);
  if (on && at >= 0) list[at]!.fd = fd;
  else if (on) list.push({ file, fd });
  else if (at >= 0) list.splice(at, 1);
};

/** Tells all (kill_fasync). `code` is POLL_IN, POLL_OUT, ...; news of urgent data go to those alone who chose a signal. */
export const killFasync = (kernel: Kernel, list: readonly AsyncEntry[], code: number, urgent = false): void => {
  for (const { file, fd } of list.slice()) {
    const { owner } = file;
    if (owner === undefined || owner.id === 0 || (urgent && owner.signo === 0)) continue;
    for (const task of ownersOf(kernel, owner)) sendSigio(kernel, task, owner, fd, code);
  }
};

const ownersOf = (kernel: Kernel, { type, id }: FileOwner): Task[] => {
  if (type === F_OWNER.PGRP) return [...processGroup(kernel, id)];
  const task = kernel.tasks.get(id);
  return task === undefined ? [] : [task];
};

/** sigio_perm. */
const mayTell = ({ uid, euid }: FileOwner, { cred }: Task): boolean =>
  euid === 0 || euid === cred.suid || euid === cred.uid || uid === cred.suid || uid === cred.uid;

/** SIGURG to whom F_SETOWN named. False if nobody was (send_sigurg). */
export const sendSigurg = (kernel: Kernel, { owner }: OpenFile): boolean => {
  if (owner === undefined || owner.id === 0) return false;
  for (const task of ownersOf(kernel, owner)) {
    if (mayTell(owner, task)) sendSignal(kernel, kernelInfo(SIG.SIGURG), task, owner.type === F_OWNER.TID);
  }
  return true;
};

/** send_sigio_to_task: a signal that cannot be queued becomes a plain SIGIO, so that nobody waits in vain. */
const sendSigio = (kernel: Kernel, task: Task, owner: FileOwner, fd: number, code: number): void => {
  if (!mayTell(owner, task)) return;
  const toThread = owner.type === F_OWNER.TID;
  const { signo } = owner;
  if (signo !== 0) {
    const band = BigInt(BANDS[code - POLL_CODE.IN]!);
    const info: SigInfo = {
      kind: 'poll',
      signo,
      errno: 0,
      code: WITH_CODES.includes(signo) ? SI.SIGIO : code,
      band,
      fd,
    };
    if (sendSignal(kernel, info, task, toThread) === 0) return;
  }
  sendSignal(kernel, kernelInfo(SIG.SIGIO), task, toThread);
};
