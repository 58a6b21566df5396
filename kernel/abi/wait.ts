/** wait(2): options, kinds of ids, and the wait status (asm-generic/posix_types.h, linux/wait.h). */

export const WAIT = {
  WNOHANG: 1,
  WUNTRACED: 2,
  WSTOPPED: 2,
  WEXITED: 4,
  WCONTINUED: 8,
  WNOWAIT: 0x01000000,
  /** Only children of this thread; only "clone" children; both kinds. */
  WNOTHREAD: 0x20000000,
  WALL: 0x40000000,
  WCLONE: 0x80000000,
} as const;

export const P = { ALL: 0, PID: 1, PGID: 2, PIDFD: 3 } as const;

/** The wait status of an exit, a death by signal (with WCOREDUMP's bit), a stop, and a continuation. */
export const exitStatus = (code: number): number => (code & 0xff) << 8;
export const stopStatus = (signo: number): number => (signo << 8) | 0x7f;
export const CONTINUED_STATUS = 0xffff;
/** WCOREDUMP. */
export const CORE_FLAG = 0x80;

/** WTERMSIG: 0 for a normal exit. */
export const termSignal = (status: number): number => status & 0x7f;
/** WEXITSTATUS. */
export const exitCode = (status: number): number => (status >> 8) & 0xff;
