/** What the kernel says it is: uname(2), /proc/version, /proc/sys/kernel. */
export const SYSTEM = {
  sysname: 'Linux',
  release: '6.6.0-signalbox',
  version: '#1 SMP PREEMPT_DYNAMIC',
  machine: 'x86_64',
  domainname: '(none)',
} as const;

/** getrandom(2). */
export const GRND = { NONBLOCK: 1, RANDOM: 2, INSECURE: 4 } as const;
