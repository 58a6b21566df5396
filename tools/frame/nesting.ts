/** Which handlers of a thread have not ended: nobody tells of a longjmp, but the stack pointer shows it. */
import { isInAltstack } from '../../kernel/signal/altstack.ts';
import type { Task } from '../../kernel/task/task.ts';

/** Addresses of a stack: `low` is its first byte, `high` the one behind it. */
export interface Stack {
  readonly low: number;
  readonly high: number;
}

/** A handler that has not ended, as far as anybody can tell. */
export interface RunningFrame {
  /** Of its `rt_sigframe`. */
  readonly frame: number;
  /** The alternate stack that it runs on, null for the normal one. */
  readonly stack: Stack | null;
}

/** The alternate stack that a frame is on, null for the normal one. */
export const stackOf = (frame: number, { low, high }: Stack): Stack | null =>
  frame >= low && frame < high ? { low, high } : null;

/**
 * Takes handlers whose frames the stack pointer has left behind off `handlers`, innermost last, and returns them: they ended
 * by longjmp. `pushed` is the address of a new frame, null for a look at where the program is.
 */
export const takeLeftBehind = <T extends RunningFrame>(
  handlers: T[],
  task: Task,
  rsp: number,
  pushed: number | null,
): T[] => {
  const left: T[] = [];
  while (handlers.length > 0) {
    const { frame, stack } = handlers.at(-1)!;
    const at = pushed ?? rsp;
    const away = stack !== null && (at < stack.low || at > stack.high);
    // A handler without an alternate stack may have others on one above it, but not itself be there.
    const above = stack === null && pushed !== null && isInAltstack(task, pushed);
    // Its own frame is taken off by the return to the restorer, but for the eight bytes of that address.
    const gone = away || (!above && (pushed === null ? rsp > frame + 8 : pushed >= frame));
    if (!gone) break;
    left.push(handlers.pop()!);
  }
  return left;
};
