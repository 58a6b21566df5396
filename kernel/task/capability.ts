/** Credentials, and whether they have a capability (security/commoncap.c). */
import { CAP_ALL, type CapSet } from '../abi/capability.ts';
import type { Credentials } from './task.ts';

export const hasCap = (set: CapSet, capability: number): boolean =>
  set === CAP_ALL || (set !== 0n && ((set >> BigInt(capability)) & 1n) !== 0n);

/** It is in the effective set (cap_capable). */
export const capable = (cred: Credentials, capability: number): boolean => hasCap(cred.effective, capability);

/** All of `set` are in `of`. */
export const isCapSubset = (set: CapSet, of: CapSet): boolean => (set & ~of) === 0n;

/** User 0 has all capabilities, others none. */
export const userCredentials = (uid: number, gid: number): Credentials => ({
  uid,
  gid,
  euid: uid,
  egid: gid,
  suid: uid,
  sgid: gid,
  fsuid: uid,
  fsgid: gid,
  groups: [gid],
  inheritable: 0n,
  permitted: uid === 0 ? CAP_ALL : 0n,
  effective: uid === 0 ? CAP_ALL : 0n,
  bounding: CAP_ALL,
  ambient: 0n,
  securebits: 0,
});
