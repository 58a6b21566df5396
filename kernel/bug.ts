/** Our own mistakes: told with where the guest was, and never mistaken for the guest's failure. */
import { VECTOR_NAMES } from '../emulator/api.ts';
import { syscallName } from './abi/syscalls.ts';
import type { Kernel } from './kernel.ts';
import { readTrail, type Trail } from './task/trail.ts';

/** A mistake in signalbox. The machine is in no defined state any more. */
export class KernelBug extends Error {}

const hex = (address: number): string => `0x${address.toString(16)}`;

const event = (what: number): string =>
  what < 0 ? (VECTOR_NAMES[-1 - what] ?? `vector ${-1 - what}`) : (syscallName(what) ?? `syscall ${what}`);

/** Says what was thrown, in which task, and what came before. */
export const kernelBug = (kernel: Kernel, trail: Trail, thrown: unknown): KernelBug => {
  const { current, cpu } = kernel;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const call = current.origAx === -1 ? 'outside of a syscall' : `in ${event(current.origAx)}`;
  const lines = readTrail(trail).map(({ pid, rip, what }) => `  process ${pid} at ${hex(rip)}: ${event(what)}`);
  const message = [
    `${reason} (process ${current.pid}, ${current.comm}, rip ${hex(cpu.state.rip)}, ${call})`,
    'last entries into the kernel:',
    ...lines,
  ].join('\n');
  const bug = new KernelBug(message, { cause: thrown });
  if (thrown instanceof Error && thrown.stack !== undefined) bug.stack = `${message}\n${thrown.stack}`;
  return bug;
};
