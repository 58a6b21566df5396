/**
 * When V8 optimizes our own code. The launcher has it wait long: most guests compute, in WebAssembly, and are done before
 * optimizing TypeScript pays. A guest that calls the kernel again and again runs TypeScript, and is another case.
 */
import { setFlagsFromString } from 'node:v8';
import type { Machine } from '../../kernel/machine.ts';

/** So many entries into the kernel come from no program that just starts and ends, nor touches some memory. */
const MANY_TRAPS = 3000;
/** Milliseconds between looks. */
const INTERVAL = 5;
/** Bytes of bytecode between two looks at whether to optimize a function. V8's own is 132 KiB. */
const BUDGET = 66_000;

/** Entries into the kernel but for page faults of the tasks there are: a program has these once, when it fills its memory. */
const traps = ({ clock, tasks }: Machine): number => {
  let count = clock.traps;
  for (const { usage } of tasks.values()) count -= usage.minflt;
  return count;
};

/** Looks at the count of entries until there are many. Returns what ends it. */
export const optimizeForTraps = (machine: Machine): (() => void) => {
  const timer = setInterval(() => {
    if (traps(machine) < MANY_TRAPS) return;
    setFlagsFromString(`--interrupt-budget=${BUDGET}`);
    clearInterval(timer);
  }, INTERVAL);
  timer.unref();
  return () => clearInterval(timer);
};
