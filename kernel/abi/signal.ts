/** Signals: numbers, flags, codes (asm/signal.h, asm-generic/siginfo.h). */

export const SIG = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
  /** The kernel's first real-time signal; C libraries keep the first two or three for themselves. */
  SIGRTMIN: 32,
  SIGRTMAX: 64,
} as const;

/** Signals are 1 .. NSIG. */
export const NSIG = 64;

const names: string[] = [];
for (const [name, number] of Object.entries(SIG)) if (number < SIG.SIGRTMIN) names[number] = name;
names[SIG.SIGRTMIN] = 'SIGRTMIN';
for (let n = SIG.SIGRTMIN + 1; n <= NSIG; n++) names[n] = `SIGRT_${n - SIG.SIGRTMIN}`;

/** As strace writes it: `SIGUSR1`, `SIGRT_8`; the number itself when there is no such signal. */
export const signalName = (signo: number): string => names[signo] ?? String(signo);

/** Flags of sigaction(2). */
export const SA = {
  NOCLDSTOP: 0x1,
  NOCLDWAIT: 0x2,
  SIGINFO: 0x4,
  /** Never supported, so that programs can find out that unknown flags are cleared. */
  UNSUPPORTED: 0x400,
  EXPOSE_TAGBITS: 0x800,
  RESTORER: 0x04000000,
  ONSTACK: 0x08000000,
  RESTART: 0x10000000,
  NODEFER: 0x40000000,
  RESETHAND: 0x80000000,
} as const;

/** Flags which sigaction(2) keeps and shows (UAPI_SA_FLAGS). */
export const UAPI_SA_FLAGS =
  (SA.NOCLDSTOP |
    SA.NOCLDWAIT |
    SA.SIGINFO |
    SA.ONSTACK |
    SA.RESTART |
    SA.NODEFER |
    SA.RESETHAND |
    SA.EXPOSE_TAGBITS |
    SA.RESTORER) >>>
  0;

export const SIG_DFL = 0;
export const SIG_IGN = 1;

/** `how` of sigprocmask(2). */
export const SIG_BLOCK = 0;
export const SIG_UNBLOCK = 1;
export const SIG_SETMASK = 2;

/** Flags of sigaltstack(2). */
export const SS = { ONSTACK: 1, DISABLE: 2, AUTODISARM: 0x80000000 } as const;
export const MINSIGSTKSZ = 2048;

/** si_code of senders. */
export const SI = {
  USER: 0,
  KERNEL: 0x80,
  QUEUE: -1,
  TIMER: -2,
  MESGQ: -3,
  ASYNCIO: -4,
  SIGIO: -5,
  TKILL: -6,
  DETHREAD: -7,
  ASYNCNL: -60,
} as const;

/** si_code of SIGSYS. */
export const SYS = { SECCOMP: 1, USER_DISPATCH: 2 } as const;

/** si_code of SIGIO. */
export const POLL_CODE = { IN: 1, OUT: 2, MSG: 3, ERR: 4, PRI: 5, HUP: 6 } as const;

export const ILL = { ILLOPC: 1, ILLOPN: 2, ILLADR: 3, ILLTRP: 4, PRVOPC: 5, PRVREG: 6, COPROC: 7, BADSTK: 8 } as const;
export const FPE = {
  INTDIV: 1,
  INTOVF: 2,
  FLTDIV: 3,
  FLTOVF: 4,
  FLTUND: 5,
  FLTRES: 6,
  FLTINV: 7,
  FLTSUB: 8,
} as const;
export const SEGV = { MAPERR: 1, ACCERR: 2, BNDERR: 3, PKUERR: 4 } as const;
export const BUS = { ADRALN: 1, ADRERR: 2, OBJERR: 3, MCEERR_AR: 4, MCEERR_AO: 5 } as const;
export const TRAP = { BRKPT: 1, TRACE: 2, BRANCH: 3, HWBKPT: 4 } as const;
export const CLD = { EXITED: 1, KILLED: 2, DUMPED: 3, TRAPPED: 4, STOPPED: 5, CONTINUED: 6 } as const;
export const POLL = { IN: 1, OUT: 2, MSG: 3, ERR: 4, PRI: 5, HUP: 6 } as const;

const prefixed = (prefix: string, codes: Record<string, number>): [number, string][] =>
  Object.entries(codes).map(([name, code]) => [code, `${prefix}_${name}`]);

const senderCodes = new Map(prefixed('SI', SI));
const codesOf: Readonly<Record<number, Map<number, string>>> = {
  [SIG.SIGILL]: new Map(prefixed('ILL', ILL)),
  [SIG.SIGFPE]: new Map(prefixed('FPE', FPE)),
  [SIG.SIGSEGV]: new Map(prefixed('SEGV', SEGV)),
  [SIG.SIGBUS]: new Map(prefixed('BUS', BUS)),
  [SIG.SIGTRAP]: new Map(prefixed('TRAP', TRAP)),
  [SIG.SIGCHLD]: new Map(prefixed('CLD', CLD)),
  [SIG.SIGIO]: new Map(prefixed('POLL', POLL)),
  [SIG.SIGSYS]: new Map(prefixed('SYS', SYS)),
};

/** `SEGV_MAPERR` for SIGSEGV and 1, `SI_USER` for any signal and 0; the number itself when it has no name. */
export const codeName = (signo: number, code: number): string =>
  senderCodes.get(code) ?? codesOf[signo]?.get(code) ?? String(code);
