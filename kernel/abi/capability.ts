/** Capabilities and securebits (linux/capability.h, linux/securebits.h; capabilities(7)). */

export const CAP = {
  CHOWN: 0,
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  FOWNER: 3,
  FSETID: 4,
  KILL: 5,
  SETGID: 6,
  SETUID: 7,
  SETPCAP: 8,
  LINUX_IMMUTABLE: 9,
  NET_BIND_SERVICE: 10,
  NET_ADMIN: 12,
  NET_RAW: 13,
  IPC_LOCK: 14,
  IPC_OWNER: 15,
  SYS_RAWIO: 17,
  SYS_CHROOT: 18,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  SYS_NICE: 23,
  SYS_RESOURCE: 24,
  SYS_TIME: 25,
  SYS_TTY_CONFIG: 26,
  MKNOD: 27,
  LEASE: 28,
  MAC_OVERRIDE: 32,
  WAKE_ALARM: 35,
  CHECKPOINT_RESTORE: 40,
} as const;

/** CAP_LAST_CAP. */
export const LAST_CAP = 40;

/** A set with a bit for each capability (kernel_cap_t). */
export type CapSet = bigint;

export const CAP_ALL: CapSet = (1n << BigInt(LAST_CAP + 1)) - 1n;

/** Those that go with the file system's user id (CAP_FS_SET). */
export const CAP_FS_SET: CapSet = [
  ...[CAP.CHOWN, CAP.MKNOD, CAP.DAC_OVERRIDE, CAP.DAC_READ_SEARCH, CAP.FOWNER, CAP.FSETID],
  ...[CAP.LINUX_IMMUTABLE, CAP.MAC_OVERRIDE],
].reduce((set, capability) => set | (1n << BigInt(capability)), 0n);

/** What user 0 is not to mean; each bit has its lock one higher. */
export const SECBIT = {
  NOROOT: 1,
  NO_SETUID_FIXUP: 1 << 2,
  KEEP_CAPS: 1 << 4,
  NO_CAP_AMBIENT_RAISE: 1 << 6,
  EXEC_RESTRICT_FILE: 1 << 8,
  EXEC_DENY_INTERACTIVE: 1 << 10,
} as const;

export const SECURE_ALL_BITS = Object.values(SECBIT).reduce((all: number, bit) => all | bit, 0);
export const SECURE_ALL_LOCKS = SECURE_ALL_BITS << 1;
/** What programs restrict for themselves, and need no capability for (SECURE_ALL_UNPRIVILEGED). */
export const SECURE_UNPRIVILEGED = SECBIT.EXEC_RESTRICT_FILE | SECBIT.EXEC_DENY_INTERACTIVE;

/** PR_CAP_AMBIENT_*. */
export const CAP_AMBIENT = { IS_SET: 1, RAISE: 2, LOWER: 3, CLEAR_ALL: 4 } as const;
