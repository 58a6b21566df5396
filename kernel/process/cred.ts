/** Users and groups (kernel/sys.c), and the capabilities that go with them (security/commoncap.c). -1 leaves an id as it is. */
import { CAP, CAP_FS_SET, SECBIT } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { S } from '../abi/stat.ts';
import type { Inode } from '../fs/types.ts';
import { recountQueued } from '../signal/pending.ts';
import { capable, isCapSubset } from '../task/capability.ts';
import type { Credentials, Task } from '../task/task.ts';

const mayUid = (task: Task): boolean => capable(task.cred, CAP.SETUID);
const mayGid = (task: Task): boolean => capable(task.cred, CAP.SETGID);

/** Between them core dumps and the parent-death signal go away (commit_creds). */
const differ = (old: Credentials, next: Credentials): boolean =>
  next.euid !== old.euid ||
  next.egid !== old.egid ||
  next.fsuid !== old.fsuid ||
  next.fsgid !== old.fsgid ||
  !isCapSubset(next.permitted, old.permitted);

/** Takes new credentials (commit_creds). */
export const commitCreds = (task: Task, change: Partial<Credentials>): number => {
  const { cred } = task;
  const next = { ...cred, ...change };
  if (differ(cred, next)) {
    task.dumpable = 0;
    task.parentDeathSignal = 0;
  }
  task.cred = next;
  // What is queued for the task is now another user's.
  if (next.uid !== cred.uid) recountQueued(task.mm.kernel);
  return 0;
};

const anyRoot = ({ uid, euid, suid }: Credentials): boolean => uid === 0 || euid === 0 || suid === 0;

/** New user ids: capabilities follow them to user 0 and away from it (cap_emulate_setxuid). */
const commitUid = (task: Task, change: Partial<Credentials>): number => {
  const { cred } = task;
  const next = { ...cred, ...change };
  if (!(cred.securebits & SECBIT.NO_SETUID_FIXUP)) {
    if (anyRoot(cred) && !anyRoot(next)) {
      if (!(cred.securebits & SECBIT.KEEP_CAPS)) next.permitted = next.effective = 0n;
      next.ambient = 0n;
    }
    if (cred.euid === 0 && next.euid !== 0) next.effective = 0n;
    if (cred.euid !== 0 && next.euid === 0) next.effective = next.permitted;
  }
  return commitCreds(task, next);
};

/**
 * The credentials that a program runs with, and whether they are more than its user's (AT_SECURE): bprm_creds_from_file and
 * cap_bprm_creds_from_file. `unsafe`: someone shares what the program is to use, or a tracer without rights of its own watches.
 */
export const execCredentials = (
  task: Task,
  { mode, uid, gid }: Inode,
  unsafe: boolean,
): { cred: Credentials; secure: boolean } => {
  const { cred: old, noNewPrivs } = task;
  const next = { ...old, permitted: 0n };
  if (!noNewPrivs && mode & S.ISUID) next.euid = uid;
  if (!noNewPrivs && (mode & (S.ISGID | S.IXGRP)) === (S.ISGID | S.IXGRP)) next.egid = gid;
  let effective = false;
  if (!(old.securebits & SECBIT.NOROOT)) {
    if (next.euid === 0 || next.uid === 0) next.permitted = old.bounding | old.inheritable;
    effective = next.euid === 0;
  }
  const idChanged = next.euid !== old.euid || !(old.fsgid === next.egid || old.groups.includes(next.egid));
  if ((idChanged || !isCapSubset(next.permitted, old.permitted)) && (unsafe || noNewPrivs)) {
    // No more than it had.
    if (noNewPrivs || !mayUid(task)) {
      next.euid = next.uid;
      next.egid = next.gid;
    }
    next.permitted &= old.permitted;
  }
  next.suid = next.fsuid = next.euid;
  next.sgid = next.fsgid = next.egid;
  if (idChanged) next.ambient = 0n;
  next.permitted |= next.ambient;
  next.effective = effective ? next.permitted : next.ambient;
  next.securebits &= ~SECBIT.KEEP_CAPS;
  const gained = next.uid !== 0 && (effective || !isCapSubset(next.permitted, next.ambient));
  return { cred: next, secure: idChanged || next.euid !== old.uid || next.egid !== old.gid || gained };
};

/** Whether a program that runs with these credentials may be dumped (begin_new_exec, then commit_creds). */
export const isDumpableExec = (old: Credentials, next: Credentials): boolean =>
  old.euid === old.uid && old.egid === old.gid && !differ(old, next);

export const setuid = (task: Task, uid: number): number => {
  if (uid === -1) return -ERRNO.EINVAL;
  if (mayUid(task)) return commitUid(task, { uid, suid: uid, euid: uid, fsuid: uid });
  if (uid !== task.cred.uid && uid !== task.cred.suid) return -ERRNO.EPERM;
  return commitUid(task, { euid: uid, fsuid: uid });
};

export const setgid = (task: Task, gid: number): number => {
  if (gid === -1) return -ERRNO.EINVAL;
  if (mayGid(task)) return commitCreds(task, { gid, sgid: gid, egid: gid, fsgid: gid });
  if (gid !== task.cred.gid && gid !== task.cred.sgid) return -ERRNO.EPERM;
  return commitCreds(task, { egid: gid, fsgid: gid });
};

export const setreuid = (task: Task, ruid: number, euid: number): number => {
  const { cred } = task;
  const free = mayUid(task);
  if (ruid !== -1 && !free && ruid !== cred.uid && ruid !== cred.euid) return -ERRNO.EPERM;
  if (euid !== -1 && !free && euid !== cred.uid && euid !== cred.euid && euid !== cred.suid) return -ERRNO.EPERM;
  const uid = ruid === -1 ? cred.uid : ruid;
  const effective = euid === -1 ? cred.euid : euid;
  const saves = ruid !== -1 || (euid !== -1 && euid !== cred.uid);
  return commitUid(task, { uid, euid: effective, suid: saves ? effective : cred.suid, fsuid: effective });
};

export const setregid = (task: Task, rgid: number, egid: number): number => {
  const { cred } = task;
  const free = mayGid(task);
  if (rgid !== -1 && !free && rgid !== cred.gid && rgid !== cred.egid) return -ERRNO.EPERM;
  if (egid !== -1 && !free && egid !== cred.gid && egid !== cred.egid && egid !== cred.sgid) return -ERRNO.EPERM;
  const gid = rgid === -1 ? cred.gid : rgid;
  const effective = egid === -1 ? cred.egid : egid;
  const saves = rgid !== -1 || (egid !== -1 && egid !== cred.gid);
  return commitCreds(task, { gid, egid: effective, sgid: saves ? effective : cred.sgid, fsgid: effective });
};

export const setresuid = (task: Task, ruid: number, euid: number, suid: number): number => {
  const { cred } = task;
  const own = (id: number) => id === -1 || id === cred.uid || id === cred.euid || id === cred.suid;
  if (!mayUid(task) && !(own(ruid) && own(euid) && own(suid))) return -ERRNO.EPERM;
  const effective = euid === -1 ? cred.euid : euid;
  return commitUid(task, {
    uid: ruid === -1 ? cred.uid : ruid,
    euid: effective,
    suid: suid === -1 ? cred.suid : suid,
    fsuid: effective,
  });
};

export const setresgid = (task: Task, rgid: number, egid: number, sgid: number): number => {
  const { cred } = task;
  const own = (id: number) => id === -1 || id === cred.gid || id === cred.egid || id === cred.sgid;
  if (!mayGid(task) && !(own(rgid) && own(egid) && own(sgid))) return -ERRNO.EPERM;
  const effective = egid === -1 ? cred.egid : egid;
  return commitCreds(task, {
    gid: rgid === -1 ? cred.gid : rgid,
    egid: effective,
    sgid: sgid === -1 ? cred.sgid : sgid,
    fsgid: effective,
  });
};

/** The capabilities about files go with it. */
const commitFsuid = (task: Task, fsuid: number): number => {
  const { cred } = task;
  let { effective } = cred;
  if (!(cred.securebits & SECBIT.NO_SETUID_FIXUP)) {
    if (cred.fsuid === 0 && fsuid !== 0) effective &= ~CAP_FS_SET;
    if (cred.fsuid !== 0 && fsuid === 0) effective |= cred.permitted & CAP_FS_SET;
  }
  return commitCreds(task, { fsuid, effective });
};

/** Returns the old id, whether it changed or not. */
export const setfsuid = (task: Task, uid: number): number => {
  const { cred } = task;
  const old = cred.fsuid;
  const own = uid === cred.uid || uid === cred.euid || uid === cred.suid || uid === cred.fsuid;
  if (uid !== -1 && (own || mayUid(task))) commitFsuid(task, uid);
  return old;
};

export const setfsgid = (task: Task, gid: number): number => {
  const { cred } = task;
  const old = cred.fsgid;
  const own = gid === cred.gid || gid === cred.egid || gid === cred.sgid || gid === cred.fsgid;
  if (gid !== -1 && (own || mayGid(task))) commitCreds(task, { fsgid: gid });
  return old;
};

export const setgroups = (task: Task, groups: number[]): number => {
  if (!mayGid(task)) return -ERRNO.EPERM;
  task.cred = { ...task.cred, groups: groups.sort((a, b) => a - b) };
  return 0;
};
