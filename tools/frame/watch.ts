/** Waits for a handler to be entered, and for its return, and gathers what the frame's description needs. */
import { RT_SIGFRAME, UCONTEXT } from '../../kernel/abi/sigframe.ts';
import { signalName } from '../../kernel/abi/signal.ts';
import type { Kernel, Observer } from '../../kernel/kernel.ts';
import { syscallRow } from '../../kernel/syscalls/table.ts';
import type { SigAction, SigInfo, Task } from '../../kernel/task/task.ts';
import { REGISTERS_SET } from '../../kernel/task/wait.ts';
import { describeFrame, type FramePlace, frameBytes, framePlace, namingOf, type Prelude } from './describe.ts';
import type { ByteLine, Edit, FrameReport, Return } from './facts.ts';
import type { Symbolize } from './places.ts';
import { ptRegs, registerRows } from './registers.ts';

export interface FrameWatchOptions {
  /** Only this signal's handler. */
  readonly signal?: number | undefined;
  /** Which of the deliveries that match, from 1. */
  readonly nth: number;
  readonly symbolize: Symbolize;
  /** Called when all is known: the handler has returned, or never will. */
  readonly done: () => void;
}

type Call = NonNullable<Prelude['call']>;

interface Watched {
  readonly task: Task;
  readonly place: FramePlace;
  readonly bytes: Uint8Array;
  readonly prelude: Prelude;
  readonly instructions: number;
  edits: Edit[];
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

/** An observer; give it to a machine, and look at `report` when `done` was called. */
export class FrameWatch implements Observer {
  readonly #kernel: Kernel;
  readonly #options: FrameWatchOptions;
  /** By pid: the call that ended last, and the task's count of instructions then. */
  readonly #calls = new Map<number, { readonly call: Call; readonly at: number }>();
  #prelude: Prelude = {};
  #watched: Watched | null = null;
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
    this.#prelude = { before: ptRegs(this.#kernel, task), action, ...(inCall ? { call: last.call } : {}) };
  }

  signalDelivered(task: Task, info: SigInfo, frame: number): void {
    const name = signalName(info.signo);
    this.delivered.set(name, (this.delivered.get(name) ?? 0) + 1);
    // What is delivered next interrupts this handler, no longer the call.
    this.#calls.delete(task.pid);
    const { signal, nth, symbolize } = this.#options;
    if (this.#report !== null || (signal !== undefined && signal !== info.signo)) return;
    if (++this.#matches !== nth) return;
    const prelude = this.#prelude;
    const place = framePlace(this.#kernel, task, frame);
    this.#report = describeFrame(this.#kernel, task, frame, info, symbolize, prelude);
    const { instructions } = task;
    this.#watched = { task, place, bytes: frameBytes(task, place), prelude, instructions, edits: [], returning: false };
  }

  sigreturn(task: Task, frame: number): void {
    const watched = this.#watched;
    if (watched?.task !== task || this.#report === null) return;
    watched.returning = watched.place.address === frame;
    if (watched.returning) watched.edits = this.#edits(watched, this.#report.frame.lines);
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
    if (this.#report?.return !== null) return;
    this.#finish(
      kind,
      kind === 'ended' ? 'The first process ended before the handler returned' : 'The handler waits for ever',
    );
  }

  #finish(kind: Return['kind'], text: string): void {
    const { task, instructions, edits } = this.#watched!;
    const executed = task.instructions - instructions;
    this.#report = { ...this.#report!, return: { kind, text, edits, instructions: executed } };
    this.#options.done();
  }

  /** Fields that the handler changed and rt_sigreturn(2) reads: all of ucontext and of the extended state. */
  #edits({ task, place, bytes }: Watched, lines: readonly ByteLine[]): Edit[] {
    const now = frameBytes(task, place);
    const contextEnd = RT_SIGFRAME.offsets.uc + UCONTEXT.size;
    const stateAt = place.fpstate - place.address;
    const isRead = (offset: number) =>
      (offset >= RT_SIGFRAME.offsets.uc && offset < contextEnd) ||
      (offset >= stateAt && offset < stateAt + place.fpstateSize);
    const text = (from: Uint8Array, offset: number, size: number) =>
      `0x${Array.from(from.subarray(offset, offset + size), (byte) => byte.toString(16).padStart(2, '0'))
        .reverse()
        .join('')
        .replace(/^0+(?=.)/, '')}`;
    return lines.flatMap(({ kind, path, offset, size }) => {
      if (kind !== 'field' || !isRead(offset)) return [];
      const [before, after] = [text(bytes, offset, size), text(now, offset, size)];
      return before === after ? [] : [{ path, before, after }];
    });
  }
}
