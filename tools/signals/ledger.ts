/**
 * The ledger: an observer that writes down the life of every signal, from the call or event that sent it to what became of
 * it. Give it to a machine before its first instruction.
 */
import { REG } from '../../emulator/api.ts';
import { ERRNO, errnoName, RESTART } from '../../kernel/abi/errno.ts';
import { NSIG, SA, SIG, SIG_DFL, SIG_IGN, signalName } from '../../kernel/abi/signal.ts';
import {
  inSet,
  KERNEL_IGNORE,
  KERNEL_ONLY,
  KERNEL_STOP,
  type SigSet,
  sameSet,
  setOf,
  union,
} from '../../kernel/abi/sigset.ts';
import { termSignal } from '../../kernel/abi/wait.ts';
import type { Machine } from '../../kernel/machine.ts';
import type { Observer, SignalFate } from '../../kernel/observers.ts';
import { siginfoText } from '../../kernel/syscalls/args.ts';
import { isOrphaned } from '../../kernel/task/pids.ts';
import type { SigInfo, SigPending, Task } from '../../kernel/task/task.ts';
import { REGISTERS_SET } from '../../kernel/task/wait.ts';
import { stackOf } from '../frame/nesting.ts';
import type { Symbolize } from '../frame/places.ts';
import { BriefEntry, Rest } from './brief.ts';
import { type Entry, isLost, type SignalEnd } from './entries.ts';
import { choice, fateText } from './reasons.ts';
import { type Call, callName, callText, Records, type TaskRecord, whoIs } from './records.ts';
import { failureText, SENDING, senderOf } from './senders.ts';
import { timeText } from './text.ts';
import { whereText } from './where.ts';

const NEGATIVE = 2 ** 63;
const NO_PLACE = {
  coalescedWith: null,
  chosen: null,
  blocked: [],
  forced: null,
  taken: null,
  handler: null,
  restart: null,
};

const RESTART_NAMES: Readonly<Record<number, string>> = {
  [RESTART.ERESTARTSYS]: 'ERESTARTSYS',
  [RESTART.ERESTARTNOINTR]: 'ERESTARTNOINTR',
  [RESTART.ERESTARTNOHAND]: 'ERESTARTNOHAND',
  [RESTART.ERESTART_RESTARTBLOCK]: 'ERESTART_RESTARTBLOCK',
};

/** Flags that matter to a handler's entry. */
const SHOWN_FLAGS = [
  ['SA_SIGINFO', SA.SIGINFO],
  ['SA_ONSTACK', SA.ONSTACK],
  ['SA_RESTART', SA.RESTART],
  ['SA_NODEFER', SA.NODEFER],
  ['SA_RESETHAND', SA.RESETHAND],
] as const;

/** Calls by which a program takes signals from its queues. */
const TAKING: Readonly<Record<string, SignalEnd>> = { rt_sigtimedwait: 'waited' };

interface Sent {
  readonly entry: Entry | BriefEntry;
  readonly info: SigInfo;
  readonly pending: SigPending;
  readonly task: Task;
}

export interface LedgerOptions {
  readonly symbolize: Symbolize;
  /** Only these signals are written down; all if there are none. */
  readonly only?: readonly number[];
  /** Signals whose whole life is kept; those sent after them are counted. Default: all. */
  readonly limit?: number;
}

export class SignalLedger implements Observer {
  readonly entries: Entry[] = [];
  readonly records: Records;
  readonly #machine: Machine;
  readonly #only: ReadonlySet<number>;
  readonly #limit: number;
  /** Those beyond the limit, by number and end. */
  readonly rest = new Rest();
  /** Entries of signals that are in queues, oldest first, by queue and number. */
  readonly #pending = new Map<SigPending, Map<number, Set<Sent>>>();
  readonly #byInfo = new Map<SigInfo, Sent>();
  #forced: { readonly info: SigInfo; readonly was: 'blocked' | 'ignored' } | null = null;
  #ids = 0;
  /** Entries, not brief ones, whose signals are in queues. */
  #kept = 0;

  constructor(machine: Machine, options: LedgerOptions) {
    this.#machine = machine;
    this.#only = new Set(options.only ?? []);
    this.#limit = options.limit ?? Number.POSITIVE_INFINITY;
    this.records = new Records(machine, options.symbolize);
  }

  syscallEntry(task: Task, number: number, args: readonly number[]): void {
    const record = this.records.of(task);
    const { state } = this.#machine.cpu;
    this.#lookAround(task);
    const call: Call = { number, args, rip: state.rip, rsp: state.rsp };
    record.call = call;
    this.#resumed(record, number);
  }

  /** The call that begins tells how the one before it, which a signal without a handler interrupted, was resolved. */
  #resumed(record: TaskRecord, number: number): void {
    const restart = record.interrupted?.restart;
    record.interrupted = null;
    if (restart === null || restart === undefined || record.last === null) return;
    if (number === record.last.call.number) restart.outcome = 'restarted';
    else if (callName(number) === 'restart_syscall') restart.outcome = 'restart_syscall';
  }

  syscallExit(task: Task, number: number, _args: readonly number[], result: number): void {
    const record = this.records.of(task);
    const { call } = record;
    record.call = null;
    if (call === null) return;
    record.last = { call, at: task.instructions };
    const name = callName(number);
    if (result < 0 && SENDING.has(name)) this.#failed(task, call, name, -result);
    // Its record is made now, while the maker's mask is what it was born with.
    const child = result > 0 && /^(clone3?|v?fork)$/.test(name) ? this.#machine.tasks.get(result) : undefined;
    if (child !== undefined) this.records.of(child);
    const replaced = result === REGISTERS_SET && /^execve/.test(name);
    if (replaced) for (const { entry } of record.handlers.splice(0)) this.#ended(entry, 'exec');
  }

  /** A call that would have sent a signal did not. */
  #failed(task: Task, call: Call, name: string, errno: number): void {
    const at =
      name === 'kill' || name === 'tkill' || name === 'rt_sigqueueinfo' || name === 'pidfd_send_signal' ? 1 : 2;
    const signo = call.args[at] ?? 0;
    // The entry is there already for one that the queue had no room for.
    if (errno === ERRNO.EAGAIN || !this.#wants(signo)) return;
    if (signo < 0 || signo > NSIG || signo === 0) return;
    if (this.#isFull) {
      this.rest.failed(signo);
      return;
    }
    const by = {
      ...({ by: 'process', who: whoIs(task), call: callText(task, call), how: 'a process' } as const),
      where: this.#whereOf(task, call),
    };
    this.entries.push({
      ...{
        id: ++this.#ids,
        signal: signo,
        name: signalName(signo),
        siginfo: '',
        sent: this.records.now(),
        by,
        to: null,
      },
      ...{ ...NO_PLACE, fate: 'failed', because: failureText(errno), end: 'never queued', endText: errnoName(errno) },
    });
  }

  #whereOf(task: Task, call: Call) {
    const record = this.records.of(task);
    record.call = call;
    const where = this.records.where(task);
    record.call = null;
    return where;
  }

  get #isFull(): boolean {
    return this.entries.length >= this.#limit;
  }

  #wants(signo: number): boolean {
    return this.#only.size === 0 || this.#only.has(signo);
  }

  signalForced(task: Task, info: SigInfo, was: 'blocked' | 'ignored'): void {
    this.#forced = { info, was };
    const how = 'the kernel, to force it';
    if (was === 'blocked') this.records.blockOf(task, info.signo).opened = { at: this.records.now(), how, where: null };
  }

  signalSent(task: Task, info: SigInfo, toThread: boolean, fate: SignalFate, chosen: Task | null): void {
    const forced = this.#forced?.info === info ? this.#forced.was : null;
    this.#forced = null;
    const { signo } = info;
    if (!this.#wants(signo)) return;
    const pending = toThread ? task.pending : task.group.sharedPending;
    const queued = fate === 'queued' || fate === 'stripped';
    if (this.#isFull) {
      const brief = new BriefEntry(++this.#ids, signo, fate, this.rest);
      if (queued) this.#enqueue({ entry: brief, info, pending, task }, signo);
      return;
    }
    const before = fate === 'coalesced' ? this.#oldest(pending, signo) : undefined;
    const threads = toThread ? [task] : task.group.threads.filter((thread) => !thread.exiting);
    const blocking = threads.filter(({ blocked, realBlocked }) => inSet(union(blocked, realBlocked), signo));
    const entry: Entry = {
      id: ++this.#ids,
      ...{ signal: signo, name: signalName(signo), siginfo: siginfoText(info) },
      sent: this.records.now(),
      by: senderOf(this.records, task, info),
      to: { ...whoIs(task), scope: toThread ? 'thread' : 'process' },
      fate,
      because: fateText(this.#machine, task, info, fate, before?.entry),
      coalescedWith: before?.entry.id ?? null,
      chosen: queued ? choice(task, signo, toThread, chosen) : null,
      blocked: blocking.map((thread) => this.records.blockOf(thread, signo)),
      forced,
      end: queued ? 'pending' : 'never queued',
      endText: queued ? '' : fate,
      ...{ taken: null, handler: null, restart: null },
    };
    this.entries.push(entry);
    if (queued) this.#enqueue({ entry, info, pending, task }, signo);
  }

  #enqueue(sent: Sent, signo: number): void {
    let signals = this.#pending.get(sent.pending);
    if (signals === undefined) this.#pending.set(sent.pending, (signals = new Map()));
    let same = signals.get(signo);
    if (same === undefined) signals.set(signo, (same = new Set()));
    same.add(sent);
    if (!(sent.entry instanceof BriefEntry)) this.#kept++;
    if (sent.entry.fate === 'queued') this.#byInfo.set(sent.info, sent);
  }

  #oldest(pending: SigPending, signo: number): Sent | undefined {
    for (const sent of this.#pending.get(pending)?.get(signo) ?? []) return sent;
    return undefined;
  }

  /** The signal is in no queue any more. */
  #remove(sent: Sent): void {
    if (!(sent.entry instanceof BriefEntry)) this.#kept--;
    this.#byInfo.delete(sent.info);
    this.#pending.get(sent.pending)?.get(sent.entry.signal)?.delete(sent);
  }

  /** Finds and removes what left a queue: by its siginfo, or by its number if that was not kept. */
  #takeOut(task: Task, info: SigInfo): Entry | BriefEntry | null {
    const known = this.#byInfo.get(info);
    if (known !== undefined) {
      this.#remove(known);
      return known.entry;
    }
    for (const pending of [task.pending, task.group.sharedPending]) {
      for (const sent of this.#pending.get(pending)?.get(info.signo) ?? []) {
        if (sent.entry.fate !== 'stripped') continue;
        this.#remove(sent);
        return sent.entry;
      }
    }
    return null;
  }

  signalsFlushed(pending: SigPending, mask: SigSet): void {
    for (const [signo, same] of this.#pending.get(pending) ?? []) {
      if (!inSet(mask, signo)) continue;
      for (const sent of [...same]) {
        this.#remove(sent);
        sent.entry.end = 'flushed';
        if (!(sent.entry instanceof BriefEntry)) sent.entry.endText = this.#flushText(mask);
      }
    }
  }

  #flushText(mask: SigSet): string {
    if (sameSet(mask, setOf(SIG.SIGCONT))) return 'a stop signal came, which cancels a pending SIGCONT';
    if (sameSet(mask, KERNEL_STOP)) return 'SIGCONT came, which cancels pending stop signals';
    const { current } = this.#machine;
    const { call } = this.records.of(current);
    const by = call === null ? '' : `, by ${callText(current, call)} of thread ${current.pid}`;
    return `its disposition was set to one that ignores it${by}`;
  }

  signalDequeued(task: Task, info: SigInfo, stale: boolean): void {
    const record = this.records.of(task);
    const entry = this.#takeOut(task, info);
    if (entry === null) return;
    if (stale) {
      entry.end = 'flushed';
      if (!(entry instanceof BriefEntry)) entry.endText = 'its timer was set anew, or deleted, before it was taken';
      return;
    }
    record.dequeued = { info, entry };
    if (!(entry instanceof BriefEntry)) entry.taken = { ...whoIs(task), at: this.records.now() };
    const { call } = record;
    const name = call === null ? '' : callName(call.number);
    entry.end = TAKING[name] ?? 'signalfd';
    if (!(entry instanceof BriefEntry)) entry.endText = call === null ? '' : callText(task, call);
  }

  signalTaken(task: Task, info: SigInfo): void {
    const record = this.records.of(task);
    this.#lookAround(task);
    const entry = record.dequeued?.info === info ? record.dequeued.entry : this.#takeOut(task, info);
    record.dequeued = null;
    if (entry === null) return;
    if (entry instanceof BriefEntry) {
      entry.end = this.#actionOf(task, info.signo).end;
      record.delivering = null;
      return;
    }
    entry.taken = { ...whoIs(task), at: this.records.now() };
    entry.restart = this.#interruptedCall(task, record);
    const { end, text } = this.#actionOf(task, info.signo);
    entry.end = end;
    entry.endText = text;
    record.delivering = null;
    if (end !== 'handler') {
      if (entry.restart !== null) record.interrupted = entry;
      return;
    }
    const { handler } = task.sighand.action[info.signo]!;
    const { sp, size } = task.altstack;
    record.delivering = { info, handler, altstack: { low: sp, high: sp + size } };
    this.#delivered.set(task, { entry, flags: task.sighand.action[info.signo]!.flags });
  }

  /** What `signalDelivered` has to complete. */
  readonly #delivered = new WeakMap<Task, { readonly entry: Entry; readonly flags: number }>();

  /** A call that returned a restart code just before. */
  #interruptedCall(task: Task, { last }: TaskRecord): Entry['restart'] {
    if (task.origAx === -1 || last === null || last.call.number !== task.origAx) return null;
    const { state } = this.#machine.cpu;
    const code = RESTART_NAMES[-state.getInt32(REG.rax)];
    if (code === undefined || state.getNumber(REG.rax) < NEGATIVE) return null;
    return { call: callText(task, last.call), code, outcome: null };
  }

  #actionOf(task: Task, signo: number): { end: SignalEnd; text: string } {
    const { handler } = task.sighand.action[signo]!;
    if (handler === SIG_IGN) return { end: 'discarded', text: 'its disposition is SIG_IGN' };
    if (handler !== SIG_DFL)
      return { end: 'handler', text: 'its frame could not be put on the stack: SIGSEGV took its place' };
    if (inSet(KERNEL_IGNORE, signo)) return { end: 'discarded', text: 'the default action is to do nothing' };
    if (task.group.unkillable && !inSet(KERNEL_ONLY, signo)) {
      return { end: 'discarded', text: 'init dies of no signal that it does not handle' };
    }
    if (!inSet(KERNEL_STOP, signo)) return { end: 'death', text: 'the default action ended the process' };
    if (signo !== SIG.SIGSTOP && isOrphaned(this.#machine, task.group.pgid)) {
      return {
        end: 'discarded',
        text: 'its process group is an orphan, which nobody could continue: it does not stop',
      };
    }
    return { end: 'stop', text: 'the default action stopped the process' };
  }

  signalDelivering(task: Task): void {
    const restart = this.#delivered.get(task)?.entry.restart;
    const { state } = this.#machine.cpu;
    const record = this.records.of(task);
    if (restart !== null && restart !== undefined) {
      restart.outcome = state.getInt32(REG.rax) === -ERRNO.EINTR ? 'EINTR' : 'restarted';
    }
    // An earlier one without a handler shares the decision.
    if (record.interrupted?.restart) record.interrupted.restart.outcome = restart?.outcome ?? null;
    record.interrupted = null;
  }

  signalDelivered(task: Task, info: SigInfo, frame: number): void {
    const record = this.records.of(task);
    const { delivering } = record;
    const found = this.#delivered.get(task);
    if (delivering === null || found === undefined || delivering.info !== info) return;
    record.delivering = null;
    this.#delivered.delete(task);
    const { entry, flags } = found;
    const stack = stackOf(frame, delivering.altstack);
    for (const left of this.records.leftBehind(task, this.#machine.cpu.state.rsp, frame))
      this.#ended(left.entry, 'longjmp');
    record.handlers.push({ entry, frame, stack });
    entry.endText = '';
    entry.handler = {
      address: `0x${delivering.handler.toString(16)}`,
      symbol: this.records.symbol(task, delivering.handler),
      frame: `0x${frame.toString(16)}`,
      stack: stack === null ? 'normal' : 'alternate',
      headroom: stack === null ? null : frame - stack.low,
      depth: record.handlers.length,
      flags: SHOWN_FLAGS.filter(([, flag]) => (flags & flag) !== 0).map(([name]) => name),
      at: this.records.now(),
      ...{ ended: 'running', endedAt: null, refused: null, endedWhere: null },
    };
  }

  sigreturn(task: Task, frame: number): void {
    const record = this.records.of(task);
    const { handlers } = record;
    record.returning = null;
    const at = handlers.findLastIndex((running) => running.frame === frame);
    if (at < 0) return;
    // Those above it were jumped out of.
    const [returned, ...left] = handlers.slice(at);
    for (const { entry } of left) this.#ended(entry, 'longjmp');
    this.#ended(returned!.entry, 'sigreturn');
    record.returning = returned!.entry;
    handlers.splice(at);
  }

  sigreturnRefused(task: Task, _frame: number, why: string): void {
    const handler = this.records.of(task).returning?.handler;
    if (handler !== null && handler !== undefined) handler.refused = why;
  }

  maskChanged(task: Task, before: SigSet): void {
    // Nobody will be told of it.
    if (this.#isFull && this.#kept === 0) return;
    this.records.maskChanged(task, before);
  }

  /** Handlers may have been left since. */
  #lookAround(task: Task): void {
    if (this.records.of(task).handlers.length === 0 || task !== this.#machine.current) return;
    for (const { entry } of this.records.leftBehind(task, this.#machine.cpu.state.rsp, null)) {
      this.#ended(entry, 'longjmp');
      entry.handler!.endedWhere = this.records.where(task);
    }
  }

  #ended({ handler }: Entry, how: 'sigreturn' | 'longjmp' | 'exec' | 'exit'): void {
    if (handler === null || handler.ended !== 'running') return;
    handler.ended = how;
    handler.endedAt = this.records.now();
  }

  exit(task: Task): void {
    const record = this.records.of(task);
    for (const { entry } of record.handlers.splice(0)) this.#ended(entry, 'exit');
    record.call = null;
    const cause = task.end?.signal;
    const signo = termSignal(task.exitCode);
    if (signo !== 0) this.#died(task, signo, cause);
    const alive = task.group.threads.some((thread) => thread !== task && !thread.exiting);
    const queues = alive ? [task.pending] : [task.pending, task.group.sharedPending];
    for (const pending of queues) this.#leave(pending, alive ? 'the thread ended first' : 'the process ended first');
  }

  /** The signal that all die of may not have been taken by anyone. */
  #died(task: Task, signo: number, cause: SigInfo | undefined): void {
    const known = cause === undefined ? undefined : this.#byInfo.get(cause);
    const sent = known ?? this.#oldest(task.pending, signo) ?? this.#oldest(task.group.sharedPending, signo);
    if (sent === undefined) return;
    this.#remove(sent);
    sent.entry.end = 'death';
    if (sent.entry instanceof BriefEntry) return;
    sent.entry.endText = 'the default action ended the process';
    sent.entry.taken = { ...whoIs(task), at: this.records.now() };
  }

  /** Nobody will take any more from this queue. */
  #leave(pending: SigPending, why: string): void {
    for (const same of this.#pending.get(pending)?.values() ?? []) {
      for (const sent of same) {
        if (!(sent.entry instanceof BriefEntry)) sent.entry.endText = `${why}; ${this.#waitingText(sent)}`;
        this.#byInfo.delete(sent.info);
      }
    }
    this.#pending.delete(pending);
  }

  /** Why a signal is still in a queue. */
  #waitingText({ entry, task, pending }: Sent): string {
    const { signal } = entry;
    const takers = pending === task.pending ? [task] : task.group.threads;
    const blocking = takers.filter(({ blocked, realBlocked }) => inSet(union(blocked, realBlocked), signal));
    if (blocking.length === 0 || blocking.length < takers.length) {
      return takers.some(({ state }) => state === 'stopped')
        ? 'it is stopped, and takes signals when it is continued'
        : 'it did not run again to take it';
    }
    const { how, at, where } = this.records.blockOf(blocking[0]!, signal);
    return `still blocked since ${timeText(at)} by ${how}${where === null ? '' : `, at ${whereText(where)}`}`;
  }

  /** The run is over: what is pending stays so. */
  finish(): void {
    for (const pending of [...this.#pending.keys()]) this.#leave(pending, 'the run ended first');
  }

  /** Ids of signals that nothing came of. */
  get lost(): number[] {
    return this.entries.filter(isLost).map(({ id }) => id);
  }
}
