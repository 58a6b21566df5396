/**
 * The ledger of signals, as plain data: `--json` prints it as it is (README.md beside this file says what the fields mean to
 * a reader). Addresses are strings `0x...`; numbers of processes and threads are the guest's.
 */
import type { SignalFate } from '../../kernel/observers.ts';

/** When something happened. */
export interface Moment {
  /** Nanoseconds since the machine started: counted in deterministic mode, else measured. */
  readonly ns: number;
  /** Instructions that the machine had executed. */
  readonly instructions: number;
}

/** A place in a program. */
export interface Where {
  readonly address: string;
  /** `raise+0x1f`, or a mapped file and an offset, `''` if nothing is known. */
  readonly symbol: string;
  /**
   * Who called it, nearest first. Found by looking for return addresses on the stack, not by unwinding: most often right.
   */
  readonly callers: readonly string[];
}

export interface Who {
  readonly pid: number;
  readonly tid: number;
  /** Of the program (`comm`). */
  readonly name: string;
}

export interface Sender {
  /** `outside`: whoever runs the emulator. */
  readonly by: 'process' | 'processor' | 'kernel' | 'outside';
  /** Null where no process is behind it. */
  readonly who: Who | null;
  /** The system call that sent it, or during which the kernel did: `kill(1001, SIGTERM)`. */
  readonly call: string | null;
  /** In words. */
  readonly how: string;
  readonly where: Where | null;
}

/** Why a thread has a signal blocked, since when, and by what it was opened again. */
export interface Block {
  readonly who: Who;
  readonly at: Moment;
  /** `rt_sigprocmask(SIG_BLOCK, [USR1], NULL, 8)`, `the handler on_usr1 of SIGUSR1`, `fork: as its parent had it`. */
  readonly how: string;
  readonly where: Where | null;
  opened: { readonly at: Moment; readonly how: string; readonly where: Where | null } | null;
}

export interface Handler {
  readonly address: string;
  readonly symbol: string;
  /** Of the `rt_sigframe`. */
  readonly frame: string;
  readonly stack: 'normal' | 'alternate';
  /** Bytes of the alternate stack below the frame; null on the normal one. */
  readonly headroom: number | null;
  /** Handlers of the thread that had not ended when it began, itself included. */
  readonly depth: number;
  readonly flags: readonly string[];
  readonly at: Moment;
  /** `running`: it had not ended when the run did. */
  ended: 'running' | 'sigreturn' | 'longjmp' | 'exec' | 'exit';
  endedAt: Moment | null;
  /** Why rt_sigreturn(2) gave SIGSEGV instead of what the frame holds; null if it did not. */
  refused: string | null;
  /** For `longjmp`: where the program was seen with the frame's stack given up. */
  endedWhere: Where | null;
}

export interface Restart {
  /** `read(3, 0x7ffe1000, 31)`. */
  readonly call: string;
  /** `ERESTARTSYS`. */
  readonly code: string;
  /** `restarted`, `EINTR`; `restart_syscall` for what goes on with the time that is left. Null: it never came to that. */
  outcome: 'restarted' | 'EINTR' | 'restart_syscall' | null;
}

/** What became of a signal in the end. */
export type SignalEnd =
  | 'handler'
  /** Taken by rt_sigtimedwait(2): sigwait, sigwaitinfo. */
  | 'waited'
  | 'signalfd'
  | 'death'
  | 'stop'
  /** Taken from the queue, but its action is to do nothing. */
  | 'discarded'
  /** Thrown away while it was pending. */
  | 'flushed'
  /** It never was in a queue: see `fate`. */
  | 'never queued'
  /** Still pending when its process, or the run, ended. */
  | 'pending';

/** The life of one signal. */
export interface Entry {
  /** From 1, in the order of sending. */
  readonly id: number;
  readonly signal: number;
  readonly name: string;
  /** As strace shows it; `''` for a call that failed. */
  readonly siginfo: string;
  readonly sent: Moment;
  readonly by: Sender;
  /** Null for a call that failed before it found anybody. */
  readonly to: (Who & { readonly scope: 'thread' | 'process' }) | null;
  /** `failed`: the call that would have sent it returned an error, and there was no signal. */
  readonly fate: SignalFate | 'failed';
  /** Why this fate, in words; `''` for `queued`. */
  readonly because: string;
  /** The entry that was pending already. */
  readonly coalescedWith: number | null;
  /** Who was woken for it, and why this thread; or why nobody. */
  readonly chosen: { readonly who: Who | null; readonly why: string } | null;
  /** Who blocked it when it was sent, and why. */
  readonly blocked: readonly Block[];
  /** It was blocked or ignored though it could not be: the default action is done. */
  readonly forced: 'blocked' | 'ignored' | null;
  end: SignalEnd;
  /** In words: what took it, or why nothing did. */
  endText: string;
  taken: (Who & { readonly at: Moment }) | null;
  handler: Handler | null;
  restart: Restart | null;
}

/** Signals beyond the limit: only their number, and what became of them. */
export interface RestCount {
  readonly name: string;
  readonly end: SignalEnd;
  readonly count: number;
}

/** Of the JSON: it grows by one when a field changes its meaning or goes; new ones do not change it. */
export const LEDGER_VERSION = 1;

export interface Ledger {
  readonly version: typeof LEDGER_VERSION;
  readonly program: string;
  readonly args: readonly string[];
  /** Times are counted, not measured. */
  readonly deterministic: boolean;
  /** How the run ended, in words. */
  readonly outcome: string;
  readonly signals: readonly Entry[];
  /** What came after as many signals as `--limit` says. */
  readonly rest: readonly RestCount[];
  /** Ids of those which no program ever saw, and which did nothing. */
  readonly lost: readonly number[];
}

/** Nothing came of it: neither a handler nor a waiting call, a death, or a stop. */
export const isLost = ({ end }: Entry): boolean =>
  end === 'pending' || end === 'flushed' || end === 'never queued' || end === 'discarded';
