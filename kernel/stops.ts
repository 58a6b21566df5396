/** Where a run stops: the conditions, and how they are watched for. */

import type { Machine } from './machine.ts';
import type { Observer } from './observers.ts';
import type { RunEnd } from './options.ts';
import type { ProcessEnd } from './report.ts';
import { syscallRow, syscallRows } from './syscalls/table.ts';
import type { SigInfo, Task } from './task/task.ts';

/** A run ends at the first that holds. Only of this process if `pid` is given. */
export interface StopConditions {
  /** A signal's handler is about to run its first instruction: any, or this signal's. */
  readonly handler?: true | number;
  /** A system call of this name or number is about to be made. */
  readonly syscall?: string | number;
  /** The instruction at one of these addresses is next. One at the current rip is passed over. */
  readonly breakpoint?: number | readonly number[];
  /** So many instructions were executed, by all together. */
  readonly instructions?: number;
  readonly pid?: number;
}

/** Why and where a run stopped. */
export type Stop =
  | {
      readonly kind: 'handler';
      readonly pid: number;
      readonly signo: number;
      readonly info: SigInfo;
      /** Address of the `rt_sigframe` on the guest's stack. */
      readonly frame: number;
      /** Address of the handler. */
      readonly rip: number;
    }
  | {
      readonly kind: 'syscall';
      readonly pid: number;
      readonly name: string;
      readonly number: number;
      readonly args: readonly number[];
      readonly rip: number;
    }
  | { readonly kind: 'breakpoint'; readonly pid: number; readonly rip: number }
  | { readonly kind: 'instructions'; readonly pid: number; readonly rip: number }
  | { readonly kind: 'exit'; readonly pid: number; readonly end: ProcessEnd }
  /** Every process waits for what cannot happen; one line for each. */
  | { readonly kind: 'deadlock'; readonly waiting: readonly string[] };

/** Knows when a run shall stop, and asks it to. */
export class StopWatch {
  /** Listens for what the conditions name, and nothing else: most runs have none. */
  readonly observer: Observer;
  readonly #machine: Machine;
  readonly #conditions: StopConditions;
  readonly #syscall: number | null;
  readonly #lastInstruction: number;
  #found: Stop | null = null;

  constructor(machine: Machine, conditions: StopConditions) {
    this.#machine = machine;
    this.#conditions = conditions;
    const { syscall, instructions } = conditions;
    this.#syscall = syscall === undefined ? null : numberOf(syscall);
    if (instructions !== undefined && !(instructions > 0)) throw new Error('instructions must be more than none');
    this.#lastInstruction = machine.cpu.instructions + (instructions ?? Number.POSITIVE_INFINITY);
    this.observer = {};
    if (conditions.handler !== undefined) {
      this.observer.signalDelivered = (task, info, frame) => this.#signalDelivered(task, info, frame);
    }
    if (syscall !== undefined) {
      this.observer.syscallEntry = (task, number, args) => this.#syscallEntry(task, number, args);
    }
  }

  #concerns(task: Task): boolean {
    const { pid } = this.#conditions;
    return this.#found === null && (pid === undefined || task.group.tgid === pid);
  }

  #signalDelivered(task: Task, info: SigInfo, frame: number): void {
    const { handler } = this.#conditions;
    if (!this.#concerns(task) || handler === undefined || (handler !== true && handler !== info.signo)) return;
    const { rip } = this.#machine.cpu.state;
    this.#found = { kind: 'handler', pid: task.pid, signo: info.signo, info, frame, rip };
    this.#machine.requestStop();
  }

  #syscallEntry(task: Task, number: number, args: readonly number[]): void {
    if (number !== this.#syscall || !this.#concerns(task)) return;
    const { rip } = this.#machine.cpu.state;
    const name = syscallRow(number)?.name ?? String(number);
    this.#found = { kind: 'syscall', pid: task.pid, name, number, args, rip };
    this.#machine.requestStop();
  }

  /** What to run with: the instructions left. */
  instructions(): { instructions?: number } {
    if (this.#lastInstruction === Number.POSITIVE_INFINITY) return {};
    return { instructions: this.#lastInstruction - this.#machine.cpu.instructions };
  }

  /** What an end of `Machine.run` means; null to run on. */
  stop(end: Exclude<RunEnd, { kind: 'exit' }>): Stop | null {
    const { current } = this.#machine;
    const { rip } = this.#machine.cpu.state;
    const { pid } = current;
    switch (end.kind) {
      case 'deadlock':
        return end;
      case 'breakpoint':
        return this.#concerns(current) ? { kind: 'breakpoint', pid, rip } : null;
      case 'instructions':
        return { kind: 'instructions', pid, rip };
      case 'stop':
        if (this.#found === null) throw new Error('someone else asked the run to stop');
        return this.#found;
    }
  }
}

const numberOf = (syscall: string | number): number => {
  const row = syscallRows.find(({ name, number }) => name === syscall || number === syscall);
  if (row === undefined) throw new Error(`there is no system call ${syscall}`);
  return row.number;
};
