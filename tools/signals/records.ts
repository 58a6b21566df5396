/** What the ledger remembers of each thread: the call it is in, why its mask is as it is, the handlers that run. */
import { signalName } from '../../kernel/abi/signal.ts';
import { type SigSet, signalsOf, without } from '../../kernel/abi/sigset.ts';
import type { Machine } from '../../kernel/machine.ts';
import { syscallRow } from '../../kernel/syscalls/table.ts';
import { sinceStart } from '../../kernel/task/clock.ts';
import type { SigInfo, Task } from '../../kernel/task/task.ts';
import { TRAP_COST } from '../../kernel/task/usage.ts';
import { type RunningFrame, type Stack, takeLeftBehind } from '../frame/nesting.ts';
import type { Symbolize } from '../frame/places.ts';
import type { BriefEntry } from './brief.ts';
import type { Block, Entry, Moment, Where, Who } from './entries.ts';
import { whereIs } from './where.ts';

/** A system call that has begun and not ended. */
export interface Call {
  readonly number: number;
  readonly args: readonly number[];
  readonly rip: number;
  readonly rsp: number;
}

/** A handler that has not ended, as far as anybody can tell. */
export interface Running extends RunningFrame {
  readonly entry: Entry;
}

export interface TaskRecord {
  readonly who: Who;
  call: Call | null;
  /** The call that ended last, and the thread's count of instructions then. */
  last: { readonly call: Call; readonly at: number } | null;
  /** By signal: why it is, or was last, blocked. */
  readonly blocks: Map<number, Block>;
  /** Innermost last. */
  handlers: Running[];
  /** A handler's frame is being made for it: a change of the mask now is the handler's. */
  delivering: { readonly info: SigInfo; readonly handler: number; readonly altstack: Stack } | null;
  /** Took a signal without a handler during a call: the next call shows whether that one starts again. */
  interrupted: Entry | null;
  /** Whose handler's frame rt_sigreturn restores. */
  returning: Entry | null;
  /** What left a queue last. */
  dequeued: { readonly info: SigInfo; readonly entry: Entry | BriefEntry } | null;
}

/** `read`, or `syscall 999`. */
export const callName = (number: number): string => syscallRow(number)?.name ?? `syscall ${number}`;

/** `kill(1000, SIGUSR1)`; what the call fills in is a bare address. */
export const callText = (task: Task, { number, args }: Pick<Call, 'number' | 'args'>): string => {
  const row = syscallRow(number);
  if (row === undefined) return callName(number);
  const parts: string[] = [];
  for (const [index, [, type]] of row.args.entries()) {
    const value = args[index] ?? 0;
    const text = type.out
      ? value === 0
        ? 'NULL'
        : `0x${value.toString(16)}`
      : type.format(value, { kernel: task.mm.kernel, task, args, index, result: undefined });
    if (text === null) break;
    if (text !== '') parts.push(text);
  }
  return `${row.name}(${parts.join(', ')})`;
};

export const whoIs = (task: Task): Who => ({ pid: task.group.tgid, tid: task.pid, name: task.comm });

/** Calls that open or close a mask for a while, and put it back. */
const TEMPORARY = /^(rt_sigsuspend|ppoll|pselect6|epoll_pwait2?|io_pgetevents|rt_sigreturn)$/;

/** The records of all threads, and what is asked about them. */
export class Records {
  readonly machine: Machine;
  readonly #symbolize: Symbolize;
  readonly #records = new WeakMap<Task, TaskRecord>();

  constructor(machine: Machine, symbolize: Symbolize) {
    this.machine = machine;
    this.#symbolize = symbolize;
  }

  /** Not `machine.now()`: whoever asks for that makes timers go off. */
  now(): Moment {
    const { clock, cpu, host } = this.machine;
    const { instructions } = cpu;
    const passed = clock.deterministic ? instructions + clock.traps * TRAP_COST : host.monotonic();
    return { ns: Math.max(0, Math.round(sinceStart(clock.offset + passed))), instructions };
  }

  /** Where a thread's program is: at the entry of its call, or at rip if its registers are in the CPU. */
  where(task: Task): Where | null {
    const call = this.#records.get(task)?.call;
    if (call) return whereIs(task, call.rip, call.rsp, this.#symbolize);
    if (task !== this.machine.current) return null;
    const { state } = this.machine.cpu;
    return whereIs(task, state.rip, state.rsp, this.#symbolize);
  }

  symbol(task: Task, address: number): string {
    return whereIs(task, address, 0, this.#symbolize).symbol;
  }

  /** The thread's record, made when it is first heard of: a mask that it has then came with its birth. */
  of(task: Task): TaskRecord {
    const known = this.#records.get(task);
    if (known !== undefined) return known;
    const record: TaskRecord = {
      ...{ who: whoIs(task), call: null, last: null, blocks: new Map<number, Block>() },
      ...{ handlers: [], delivering: null, interrupted: null, returning: null, dequeued: null },
    };
    this.#records.set(task, record);
    const maker = task.group.leader === task ? task.parent : task.group.leader;
    const made = maker === null ? undefined : this.#records.get(maker);
    for (const signo of signalsOf(task.blocked)) {
      const before = made?.blocks.get(signo);
      const how = before === undefined ? 'the mask it was born with' : `born with its maker’s mask: ${before.how}`;
      const where = before?.where ?? null;
      record.blocks.set(signo, { who: record.who, at: this.now(), how, where, opened: null });
    }
    return record;
  }

  /** Its mask was `before`, and is another now. */
  maskChanged(task: Task, before: SigSet): void {
    const record = this.of(task);
    const { blocks, who } = record;
    const { how, back } = this.#changeOf(task, record);
    const at = this.now();
    const where = this.where(task);
    for (const signo of signalsOf(without(before, task.blocked))) {
      const block = blocks.get(signo);
      if (block !== undefined && block.opened === null) block.opened = { at, how, where };
    }
    for (const signo of signalsOf(without(task.blocked, before))) {
      const old = blocks.get(signo);
      // Open for a while only: what closed it in the first place still holds.
      const again = back && old !== undefined;
      blocks.set(signo, { ...(again ? old : { who, at, how, where }), opened: null });
    }
  }

  /** What changes the mask now, and whether it only brings an earlier one back. */
  #changeOf(task: Task, { delivering, call, last, returning }: TaskRecord): { how: string; back: boolean } {
    if (delivering !== null) {
      const symbol = this.symbol(task, delivering.handler);
      const name = symbol === '' ? 'the handler' : `the handler ${symbol}`;
      return { how: `${name} of ${signalName(delivering.info.signo)}, while it runs`, back: false };
    }
    if (call !== null && callName(call.number) === 'rt_sigreturn') {
      const of = returning === null ? '' : ` of the handler of ${returning.name}`;
      return { how: `rt_sigreturn${of}`, back: true };
    }
    if (call !== null) return { how: callText(task, call), back: false };
    if (last !== null && TEMPORARY.test(callName(last.call.number))) {
      return { how: `the end of ${callName(last.call.number)}, which brings the mask back`, back: true };
    }
    return { how: 'the kernel', back: true };
  }

  /** How a thread blocks a signal now. */
  blockOf(task: Task, signo: number): Block {
    const record = this.of(task);
    const known = record.blocks.get(signo);
    if (known !== undefined) return known;
    return { who: record.who, at: this.now(), how: 'unknown', where: null, opened: null };
  }

  /** As `takeLeftBehind`. */
  leftBehind(task: Task, rsp: number, pushed: number | null): Running[] {
    return takeLeftBehind(this.of(task).handlers, task, rsp, pushed);
  }
}
