/**
 * What the frame debugger finds out, as plain data: the text shows it, and `--json` prints it as it is, with every 64-bit
 * value as a string `0x...`.
 */

import type { Personality } from '../../kernel/kernel.ts';

/** An address, and where it lies: `on_signal+0x1f`, `[stack]`, `[heap]`, a mapped file; `''` where nothing is mapped. */
export interface Place {
  readonly address: bigint;
  readonly name: string;
}

/** Who caused the signal, and how. */
export interface Cause {
  readonly by: 'process' | 'kernel' | 'processor';
  /** Of a process: its id and name; the name is `''` when it is gone. */
  readonly pid: number | null;
  readonly name: string;
  /** `process 1001 (demo), its child`, `the kernel`, `the processor`. */
  readonly who: string;
  /** `sigqueue(3) with the value 42`, `ITIMER_REAL went off`, `page fault: nothing is mapped at 0x0`. */
  readonly how: string;
}

/** The system call during which the signal came. */
export interface InterruptedCall {
  readonly name: string;
  readonly number: number;
  /** `read(3, 0x7ffe1000, 31)`. */
  readonly text: string;
  /** `ERESTARTSYS`, `EINTR`, or the number. */
  readonly returned: string;
  /** Whether it starts again when the handler is done; null if it was over already. */
  readonly restarts: boolean | null;
  /** In words. */
  readonly how: string;
}

export interface Interrupted {
  /** Where the program goes on after rt_sigreturn. */
  readonly rip: Place;
  /** The instruction there, in Intel's syntax; `''` if it cannot be read. */
  readonly instruction: string;
  readonly call: InterruptedCall | null;
}

export interface Handler {
  readonly address: Place;
  /** `SA_RESTART|SA_SIGINFO`. */
  readonly flags: string;
  /** Where it returns to: the C library's call of rt_sigreturn. */
  readonly restorer: Place;
  readonly stack: 'interrupted' | 'alternate';
  /** Blocked while it runs. */
  readonly blocked: string;
}

/**
 * Some bytes of the frame. `field` is one that a struct of C declares; `padding` lies inside of a struct, `alignment`
 * between them; `unwritten` belongs to a field that the kernel left as it was; `red zone` is the interrupted function's.
 */
export type ByteKind = 'field' | 'padding' | 'alignment' | 'unwritten' | 'red zone';

export interface ByteLine {
  readonly kind: ByteKind;
  /** From the frame's start. */
  readonly offset: number;
  readonly size: number;
  readonly address: bigint;
  /** As C writes it: `uc.uc_mcontext.rip`. */
  readonly path: string;
  readonly value: string;
  readonly meaning: string;
  /** Hexadecimal, lowest address first. */
  readonly bytes: string;
}

export interface Frame {
  readonly address: bigint;
  /** The first address behind it: the interrupted rsp, or the top of the alternate stack. */
  readonly end: bigint;
  readonly size: number;
  /** Without gaps, in order of address. */
  readonly lines: readonly ByteLine[];
}

/** One of struct pt_regs at three moments. */
export interface RegisterRow {
  readonly name: string;
  readonly before: bigint;
  readonly entry: bigint;
  /** Null when the handler has not returned. */
  readonly after: bigint | null;
  /** Names of the addresses, or of error numbers; `''` for other values. */
  readonly names: { readonly before: string; readonly entry: string; readonly after: string };
  /** What the handler finds in it; `''` if nothing in particular. */
  readonly meaning: string;
}

/** What rt_sigreturn(2) does with this frame. */
export interface Restores {
  /** The mask from then on, and what the handler's is. */
  readonly mask: string;
  readonly blockedNow: string;
  readonly altstack: string;
  readonly fpState: string;
  readonly registers: string;
}

/** A field that the handler changed in its frame. */
export interface Edit {
  readonly path: string;
  readonly before: string;
  readonly after: string;
  /** What rt_sigreturn(2) makes of it. */
  readonly effect: string;
}

/** The stack that the frame lies on. */
export interface StackRoom {
  readonly kind: 'normal' | 'alternate';
  /** Its lowest address, as far as it may grow, and the one behind it. */
  readonly low: bigint;
  readonly high: bigint;
  /** Bytes below the frame, and how many more frames of this size fit there. */
  readonly headroom: number;
  readonly frames: number;
}

/** A handler of the thread that had not ended when this one began. */
export interface OuterFrame {
  readonly signal: string;
  readonly address: bigint;
  readonly handler: Place;
  /** Where that one interrupted the program. */
  readonly interrupted: Place;
  readonly stack: 'normal' | 'alternate';
}

export interface Return {
  /** `sigreturn`, or why there was none. */
  readonly kind: 'sigreturn' | 'refused' | 'abandoned' | 'ended' | 'deadlock';
  /** In words. */
  readonly text: string;
  readonly edits: readonly Edit[];
  /** Why rt_sigreturn(2) gave SIGSEGV instead; null if it did not. */
  readonly refused: string | null;
  /** Instructions that the process executed since the handler's entry. */
  readonly instructions: number;
}

export interface FrameReport {
  /** Whose frame it is. */
  readonly personality: Personality;
  readonly process: { readonly pid: number; readonly name: string; readonly executable: string };
  readonly signal: { readonly number: number; readonly name: string; readonly code: number; readonly codeName: string };
  /** One line that says it all. */
  readonly headline: string;
  readonly cause: Cause;
  readonly interrupted: Interrupted;
  readonly handler: Handler;
  readonly stack: StackRoom;
  /** Innermost first. */
  readonly outer: readonly OuterFrame[];
  readonly frame: Frame;
  readonly registers: readonly RegisterRow[];
  readonly restores: Restores;
  readonly return: Return | null;
}
