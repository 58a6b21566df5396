/** Changing one's capabilities: capset(2) and the part of prctl(2) about them (security/commoncap.c). */
import {
  CAP,
  CAP_AMBIENT,
  type CapSet,
  LAST_CAP,
  SECBIT,
  SECURE_ALL_BITS,
  SECURE_ALL_LOCKS,
  SECURE_UNPRIVILEGED,
} from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { capable, hasCap, isCapSubset } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { commitCreds } from './cred.ts';

/** capset(2): 0 or -EPERM (cap_capset). */
export const setCapabilities = (
  task: Task,
  wanted: { effective: CapSet; permitted: CapSet; inheritable: CapSet },
): number => {
  const { cred } = task;
  const { effective, permitted, inheritable } = wanted;
  const capped = !capable(cred, CAP.SETPCAP);
  if (capped && !isCapSubset(inheritable, cred.inheritable | cred.permitted)) return -ERRNO.EPERM;
  if (!isCapSubset(inheritable, cred.inheritable | cred.bounding)) return -ERRNO.EPERM;
  if (!isCapSubset(permitted, cred.permitted) || !isCapSubset(effective, permitted)) return -ERRNO.EPERM;
  return commitCreds(task, { ...wanted, ambient: cred.ambient & permitted & inheritable });
};

/** PR_CAPBSET_READ. */
export const readBounding = ({ cred }: Task, capability: number): number =>
  capability > LAST_CAP ? -ERRNO.EINVAL : Number(hasCap(cred.bounding, capability));

/** PR_CAPBSET_DROP. */
export const dropBounding = (task: Task, capability: number): number => {
  const { cred } = task;
  if (!capable(cred, CAP.SETPCAP)) return -ERRNO.EPERM;
  if (capability > LAST_CAP) return -ERRNO.EINVAL;
  return commitCreds(task, { bounding: cred.bounding & ~(1n << BigInt(capability)) });
};

/** PR_SET_SECUREBITS: locked bits stay, and locks. */
export const setSecurebits = (task: Task, bits: number): number => {
  const { cred } = task;
  if (bits > 0xffffffff) return -ERRNO.EPERM;
  const old = cred.securebits;
  const changed = old ^ bits;
  const locked = (old & SECURE_ALL_LOCKS) >> 1;
  if (locked & changed || old & SECURE_ALL_LOCKS & ~bits || bits & ~(SECURE_ALL_LOCKS | SECURE_ALL_BITS)) {
    return -ERRNO.EPERM;
  }
  // Without the capability not even a change of nothing.
  const free = SECURE_UNPRIVILEGED | (SECURE_UNPRIVILEGED << 1);
  if ((changed === 0 || changed & ~free) && !capable(cred, CAP.SETPCAP)) return -ERRNO.EPERM;
  return commitCreds(task, { securebits: bits });
};

/** PR_SET_KEEPCAPS: capabilities outlive the change to users other than 0. */
export const setKeepCaps = (task: Task, keep: number): number => {
  const { securebits } = task.cred;
  if (keep > 1) return -ERRNO.EINVAL;
  if (securebits & (SECBIT.KEEP_CAPS << 1)) return -ERRNO.EPERM;
  return commitCreds(task, { securebits: keep === 1 ? securebits | SECBIT.KEEP_CAPS : securebits & ~SECBIT.KEEP_CAPS });
};

/** PR_CAP_AMBIENT. */
export const changeAmbient = (task: Task, operation: number, capability: number): number => {
  const { cred } = task;
  if (operation === CAP_AMBIENT.CLEAR_ALL) {
    return capability === 0 ? commitCreds(task, { ambient: 0n }) : -ERRNO.EINVAL;
  }
  if (capability > LAST_CAP) return -ERRNO.EINVAL;
  const bit = 1n << BigInt(capability);
  switch (operation) {
    case CAP_AMBIENT.IS_SET:
      return Number(hasCap(cred.ambient, capability));
    case CAP_AMBIENT.LOWER:
      return commitCreds(task, { ambient: cred.ambient & ~bit });
    case CAP_AMBIENT.RAISE: {
      const may = isCapSubset(bit, cred.permitted & cred.inheritable);
      if (!may || cred.securebits & SECBIT.NO_CAP_AMBIENT_RAISE) return -ERRNO.EPERM;
      return commitCreds(task, { ambient: cred.ambient | bit });
    }
    default:
      return -ERRNO.EINVAL;
  }
};
