/** Users and groups (kernel/sys.c). An effective user of 0 stands for all capabilities. -1 leaves an id as it is. */
import { ERRNO } from '../abi/errno.ts';
import type { Credentials, Task } from '../task/task.ts';

const capable = (task: Task): boolean => task.cred.euid === 0;

/** Takes new credentials: a change of effective ids takes core dumps and the parent-death signal away (commit_creds). */
const commit = (task: Task, change: Partial<Credentials>): number => {
  const { cred } = task;
  const next = { ...cred, ...change };
  const changed =
    next.euid !== cred.euid || next.egid !== cred.egid || next.fsuid !== cred.fsuid || next.fsgid !== cred.fsgid;
  if (changed) {
    task.dumpable = 0;
    task.parentDeathSignal = 0;
  }
  task.cred = next;
  return 0;
};

export const setuid = (task: Task, uid: number): number => {
  if (uid === -1) return -ERRNO.EINVAL;
  if (capable(task)) return commit(task, { uid, suid: uid, euid: uid, fsuid: uid });
  if (uid !== task.cred.uid && uid !== task.cred.suid) return -ERRNO.EPERM;
  return commit(task, { euid: uid, fsuid: uid });
};

export const setgid = (task: Task, gid: number): number => {
  if (gid === -1) return -ERRNO.EINVAL;
  if (capable(task)) return commit(task, { gid, sgid: gid, egid: gid, fsgid: gid });
  if (gid !== task.cred.gid && gid !== task.cred.sgid) return -ERRNO.EPERM;
  return commit(task, { egid: gid, fsgid: gid });
};

export const setreuid = (task: Task, ruid: number, euid: number): number => {
  const { cred } = task;
  const free = capable(task);
  if (ruid !== -1 && !free && ruid !== cred.uid && ruid !== cred.euid) return -ERRNO.EPERM;
  if (euid !== -1 && !free && euid !== cred.uid && euid !== cred.euid && euid !== cred.suid) return -ERRNO.EPERM;
  const uid = ruid === -1 ? cred.uid : ruid;
  const effective = euid === -1 ? cred.euid : euid;
  const saves = ruid !== -1 || (euid !== -1 && euid !== cred.uid);
  return commit(task, { uid, euid: effective, suid: saves ? effective : cred.suid, fsuid: effective });
};

export const setregid = (task: Task, rgid: number, egid: number): number => {
  const { cred } = task;
  const free = capable(task);
  if (rgid !== -1 && !free && rgid !== cred.gid && rgid !== cred.egid) return -ERRNO.EPERM;
  if (egid !== -1 && !free && egid !== cred.gid && egid !== cred.egid && egid !== cred.sgid) return -ERRNO.EPERM;
  const gid = rgid === -1 ? cred.gid : rgid;
  const effective = egid === -1 ? cred.egid : egid;
  const saves = rgid !== -1 || (egid !== -1 && egid !== cred.gid);
  return commit(task, { gid, egid: effective, sgid: saves ? effective : cred.sgid, fsgid: effective });
};

export const setresuid = (task: Task, ruid: number, euid: number, suid: number): number => {
  const { cred } = task;
  const own = (id: number) => id === -1 || id === cred.uid || id === cred.euid || id === cred.suid;
  if (!capable(task) && !(own(ruid) && own(euid) && own(suid))) return -ERRNO.EPERM;
  const effective = euid === -1 ? cred.euid : euid;
  return commit(task, {
    uid: ruid === -1 ? cred.uid : ruid,
    euid: effective,
    suid: suid === -1 ? cred.suid : suid,
    fsuid: effective,
  });
};

export const setresgid = (task: Task, rgid: number, egid: number, sgid: number): number => {
  const { cred } = task;
  const own = (id: number) => id === -1 || id === cred.gid || id === cred.egid || id === cred.sgid;
  if (!capable(task) && !(own(rgid) && own(egid) && own(sgid))) return -ERRNO.EPERM;
  const effective = egid === -1 ? cred.egid : egid;
  return commit(task, {
    gid: rgid === -1 ? cred.gid : rgid,
    egid: effective,
    sgid: sgid === -1 ? cred.sgid : sgid,
    fsgid: effective,
  });
};

/** Returns the old id, whether it changed or not. */
export const setfsuid = (task: Task, uid: number): number => {
  const { cred } = task;
  const old = cred.fsuid;
  const own = uid === cred.uid || uid === cred.euid || uid === cred.suid || uid === cred.fsuid;
  if (uid !== -1 && (own || capable(task))) commit(task, { fsuid: uid });
  return old;
};

export const setfsgid = (task: Task, gid: number): number => {
  const { cred } = task;
  const old = cred.fsgid;
  const own = gid === cred.gid || gid === cred.egid || gid === cred.sgid || gid === cred.fsgid;
  if (gid !== -1 && (own || capable(task))) commit(task, { fsgid: gid });
  return old;
};

export const setgroups = (task: Task, groups: number[]): number => {
  if (!capable(task)) return -ERRNO.EPERM;
  task.cred = { ...task.cred, groups: groups.sort((a, b) => a - b) };
  return 0;
};
