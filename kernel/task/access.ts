/** Who may look into another process (kernel/ptrace.c). */
import { CAP } from '../abi/capability.ts';
import { capable, isCapSubset } from './capability.ts';
import type { Task } from './task.ts';

/** The caller may look into the other's memory and registers (ptrace_may_access): its own, its user's, or any with CAP_SYS_PTRACE. */
export const ptraceMayAccess = (task: Task, other: Task): boolean => {
  if (task.group === other.group || capable(task.cred, CAP.SYS_PTRACE)) return true;
  const { uid, gid } = task.cred;
  const { cred } = other;
  const sameUser = [cred.uid, cred.euid, cred.suid].every((id) => id === uid);
  const sameGroup = [cred.gid, cred.egid, cred.sgid].every((id) => id === gid);
  // No more rights than its own (cap_ptrace_access_check).
  return sameUser && sameGroup && other.dumpable === 1 && isCapSubset(cred.permitted, task.cred.permitted);
};
