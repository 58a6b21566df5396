/**
 * What the kernel says it is, in uname(2), /proc/version and /proc/sys/kernel: new enough for every C library, with the word
 * of who it is.
 */
export const SYSTEM = {
  sysname: 'Linux',
  release: '6.12.0-signalbox',
  version: '#1 SMP PREEMPT_DYNAMIC signalbox',
  machine: 'x86_64',
  domainname: '(none)',
} as const;

/** getrandom(2). */
export const GRND = { NONBLOCK: 1, RANDOM: 2, INSECURE: 4 } as const;
