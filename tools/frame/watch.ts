/** Waits for a handler to be entered, and for its return, and gathers what the frame's description needs. */
import { RT_SIGFRAME, UCONTEXT } from '../../kernel/abi/sigframe.ts';
import { signalName } from '../../kernel/abi/signal.ts';
import type { Kernel } from '../../kernel/kernel.ts';
import type { Observer } from '../../kernel/observers.ts';
import { syscallRow } from '../../kernel/syscalls/table.ts';
import type { SigAction, SigInfo, Task } from '../../kernel/task/task.ts';
import { REGISTERS_SET } from '../../kernel/task/wait.ts';
import { describeFrame, type FramePlace, frameBytes, framePlace, namingOf, type Prelude } from './describe.ts';
import { effectOf } from './effects.ts';
import type { ByteLine, Edit, FrameReport, OuterFrame, Place, Return } from './facts.ts';
import { type RunningFrame, type Stack, stackOf, takeLeftBehind } from './nesting.ts';
import { placeOf, type Symbolize } from './places.ts';
import { ptRegs, registerRows } from './registers.ts';

export interface FrameWatchOptions {
  /** Only this signal's handler. */
  readonly signal?: number | undefined;
  /** Only of this process, or this thread. */
  readonly pid?: number | undefined;
  /** Only this handler: a function's name, `name+0x1f`, or an address. */
  readonly handler?: string | undefined;
  /** Only where the program was interrupted there. */
  readonly at?: string | undefined;
  /** Which of the deliveries that match, from 1. */
  readonly nth: number;
  readonly symbolize: Symbolize;
  /** Called when all is known: the handler has returned, or never will. */
  readonly done: () => void;
}

/** A handler's frame, for those above it. */
interface Outer extends RunningFrame {
  readonly seen: OuterFrame;
}

type Call = NonNullable<Prelude['call']>;

interface Watched {
  readonly task: Task;
  readonly place: FramePlace;
  readonly bytes: Uint8Array;
  readonly prelude: Prelude;
  readonly instructions: number;
  edits: Edit[];
  refused: string | null;
  /** rt_sigreturn(2) of this very frame is under way. */
  returning: boolean;
}

/** `read(3, 0x7ffe1000, 31)`. */
const callText = (kernel: Kernel, task: Task, number: number, args: readonly number[], result: number): string => {
  const row = syscallRow(number);
  if (row === undefined) return `syscall ${number}`;
  const parts: string[] = [];
  for (const [index, [, type]] of row.args.entries()) {
    const text = type.format(args[index]!, { kernel, task, args, index, result });
    if (text === null) break;
    if (text !== '') parts.push(text);
  }
  return `${row.name}(${parts.join(', ')})`;
};

const UNCHANGED = { edits: [], refused: null, returning: false };

/** Whether a place is the one that a user wrote: `0x401301`, `on_signal`, `main+0x1f`. */
const isPlace = ({ address, name }: Place, wanted: string): boolean => {
  if (/^0x[0-9a-f]+$/i.test(wanted)) return address === BigInt(wanted);
  return name === wanted || (!wanted.includes('+') && name.startsWith(`${wanted}+`));
};

/** An observer; give it to a machine, and look at `report` when `done` was called. */
export class FrameWatch implements Observer {
  readonly #kernel: Kernel;
  readonly #options: FrameWatchOptions;
  /** By pid: the call that ended last, and the task's count of instructions then. */
  readonly #calls = new Map<number, { readonly call: Call; readonly at: number }>();
  #prelude: Prelude = {};
  /** By pid: handlers that run, innermost last. */
  readonly #running = new Map<number, Outer[]>();
  #watched: Watched | null = null;
  #altstack: Stack = { low: 0, high: 0 };
  #matches = 0;
  #report: FrameReport | null = null;
  /** How many handlers of each signal were entered, by name. */
  readonly delivered = new Map<string, number>();

  constructor(kernel: Kernel, options: FrameWatchOptions) {
    this.#kernel = kernel;
    this.#options = options;
  }

  /** The frame's description, null before the handler was entered. */
  get report(): FrameReport | null {
    return this.#report;
  }

  syscallEntry(task: Task): void {
    const watched = this.#watched;
    if (watched?.task !== task || this.#report?.return !== null) return;
    const { rsp } = this.#kernel.cpu.state;
    const { low, end } = watched.place;
    if (rsp < low || rsp >= end)
      this.#finish('abandoned', 'The handler left its frame without rt_sigreturn, as longjmp(3) does');
  }

  syscallExit(task: Task, number: number, args: readonly number[], result: number): void {
    if (this.#report !== null || result === REGISTERS_SET) return;
    const text = callText(this.#kernel, task, number, args, result);
    const name = syscallRow(number)?.name ?? `syscall ${number}`;
    this.#calls.set(task.pid, { call: { name, number, text, result }, at: task.instructions });
  }

  signalTaken(task: Task, info: SigInfo): void {
    if (this.#report !== null) return;
    const last = this.#calls.get(task.pid);
    // Instructions since then mean that the program was interrupted, not the call.
    const inCall = last !== undefined && task.origAx === last.call.number && task.instructions === last.at;
    const action: SigAction = { ...task.sighand.action[info.signo]! };
    const { sp, size } = task.altstack;
    this.#altstack = { low: sp, high: sp + size };
    this.#prelude = { before: ptRegs(this.#kernel, task), action, ...(inCall ? { call: last.call } : {}) };
  }

  signalDelivered(task: Task, info: SigInfo, frame: number): void {
    const name = signalName(info.signo);
    this.delivered.set(name, (this.delivered.get(name) ?? 0) + 1);
    // What is delivered next interrupts this handler, no longer the call.
    this.#calls.delete(task.pid);
    if (this.#report !== null) return;
    const outer = this.#enter(task, info, frame);
    if (!this.#isWanted(task, info) || ++this.#matches !== this.#options.nth) return;
    const { symbolize } = this.#options;
    const prelude = { ...this.#prelude, outer };
    const place = framePlace(this.#kernel, task, frame, prelude.action!);
    this.#report = describeFrame(this.#kernel, task, frame, info, symbolize, prelude);
    const { instructions } = task;
    this.#watched = { task, place, bytes: frameBytes(task, place), prelude, instructions, ...UNCHANGED };
    // Nothing tells when a restorer has popped its frame.
    if (this.#kernel.personality === 'linux-0.11') this.#options.done();
  }

  /** Notes that a handler runs; returns those which it interrupted, innermost first. */
  #enter(task: Task, info: SigInfo, frame: number): OuterFrame[] {
    let running = this.#running.get(task.pid);
    if (running === undefined) this.#running.set(task.pid, (running = []));
    takeLeftBehind(running, task, this.#kernel.cpu.state.rsp, frame);
    const outer = running.map(({ seen }) => seen).toReversed();
    const { before, action } = this.#prelude;
    const stack = stackOf(frame, this.#altstack);
    const { symbolize } = this.#options;
    const seen: OuterFrame = {
      signal: signalName(info.signo),
      address: BigInt(frame),
      handler: placeOf(task, BigInt(action!.handler), symbolize),
      interrupted: placeOf(task, before!.rip, symbolize),
      stack: stack === null ? 'normal' : 'alternate',
    };
    running.push({ frame, stack, seen });
    return outer;
  }

  #isWanted(task: Task, info: SigInfo): boolean {
    const { signal, pid, handler, at, symbolize } = this.#options;
    const { before, action } = this.#prelude;
    const is = (address: bigint, wanted: string | undefined) =>
      wanted === undefined || isPlace(placeOf(task, address, symbolize), wanted);
    return (
      (signal === undefined || signal === info.signo) &&
      (pid === undefined || pid === task.pid || pid === task.group.tgid) &&
      is(BigInt(action!.handler), handler) &&
      is(before!.rip, at)
    );
  }

  sigreturn(task: Task, frame: number): void {
    const running = this.#running.get(task.pid);
    const index = running?.findLastIndex((each) => each.frame === frame) ?? -1;
    if (index >= 0) running!.splice(index);
    const watched = this.#watched;
    if (watched?.task !== task || this.#report === null) return;
    watched.returning = watched.place.address === frame;
    if (watched.returning) watched.edits = this.#edits(watched, this.#report.frame.lines);
  }

  sigreturnRefused(task: Task, _frame: number, why: string): void {
    const watched = this.#watched;
    if (watched?.task !== task || !watched.returning || this.#report?.return !== null) return;
    watched.refused = why;
    this.#finish('refused', `The handler returned, but rt_sigreturn refused its frame, which is SIGSEGV: ${why}`);
  }

  sigreturned(task: Task): void {
    const watched = this.#watched;
    if (watched?.task !== task || !watched.returning || this.#report?.return !== null) return;
    const entry = Object.fromEntries(this.#report.registers.map(({ name, entry: value }) => [name, value]));
    const after = ptRegs(this.#kernel, task);
    const before = Object.fromEntries(this.#report.registers.map(({ name, before: value }) => [name, value]));
    type Values = typeof after;
    const naming = namingOf(task, watched.place, this.#options.symbolize, watched.prelude);
    const registers = registerRows(naming, before as Values, entry as Values, after);
    this.#report = { ...this.#report, registers };
    this.#finish('sigreturn', 'The handler returned, and rt_sigreturn brought back what the frame holds');
  }

  exit(task: Task): void {
    if (this.#watched?.task !== task || this.#report?.return !== null) return;
    this.#finish('ended', 'The process ended in the handler');
  }

  /** The run is over though the handler has not returned. */
  runEnded(kind: 'ended' | 'deadlock'): void {
    if (this.#report?.return !== null || this.#kernel.personality === 'linux-0.11') return;
    this.#finish(
      kind,
      kind === 'ended' ? 'The first process ended before the handler returned' : 'The handler waits for ever',
    );
  }

  #finish(kind: Return['kind'], text: string): void {
    const { task, instructions, edits, refused } = this.#watched!;
    const executed = task.instructions - instructions;
    this.#report = { ...this.#report!, return: { kind, text, edits, refused, instructions: executed } };
    this.#options.done();
  }

  /** Fields that the handler changed, and what rt_sigreturn(2) makes of each. */
  #edits({ task, place, bytes }: Watched, lines: readonly ByteLine[]): Edit[] {
    const now = frameBytes(task, place);
    const numberAt = (from: Uint8Array, offset: number, size: number) =>
      from.subarray(offset, offset + size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
    const ucFlags = Number(numberAt(now, RT_SIGFRAME.offsets.uc + UCONTEXT.offsets.uc_flags, 4));
    return lines.flatMap(({ kind, path, offset, size }) => {
      if (kind !== 'field') return [];
      const [before, after] = [numberAt(bytes, offset, size), numberAt(now, offset, size)];
      if (before === after) return [];
      const effect = effectOf(task, path, before, after, ucFlags);
      return [{ path, before: `0x${before.toString(16)}`, after: `0x${after.toString(16)}`, effect }];
    });
  }
}
