/** A booted machine as programs use it: run it, stop it, look into it, change it, put it back. */
import { CpuState, PageTable, type PhysicalSnapshot } from '../emulator/api.ts';
import { SI } from './abi/signal.ts';
import { signalsOf, withSignal } from './abi/sigset.ts';
import { readGuestFile } from './guest-files.ts';
import { Machine } from './machine.ts';
import type { MemoryHost } from './memory-host.ts';
import { copyFromUser, copyToUser } from './mm/user.ts';
import { observe, unobserve } from './observers.ts';
import { type Registers, readRegisters, writeRegisters } from './registers.ts';
import { describeEnd, makeReport, type ProcessEnd, type Recording, type Report, recorder } from './report.ts';
import { enqueue, newPending, noteSigpending, queued, recalcSigpending, recountQueued } from './signal/pending.ts';
import { sendSignal, signalWakeUp } from './signal/send.ts';
import { type GraphSnapshot, restoreGraph, saveGraph } from './snapshot.ts';
import { type Stop, type StopConditions, StopWatch } from './stops.ts';
import type { SigInfo, SigPending, Task } from './task/task.ts';

/** Where a machine was; made by `Signalbox.snapshot`, good for that machine alone, any number of times. */
export interface Snapshot {
  readonly graph: GraphSnapshot;
  readonly physical: PhysicalSnapshot;
  /** The CPU's count of instructions, and the time that the machine's clock showed. */
  readonly instructions: number;
  readonly now: number;
  readonly host: unknown;
}

/** Signals that wait to be delivered: to one thread, or to any of its process. In order of arrival. */
export interface PendingSignals {
  readonly thread: readonly SigInfo[];
  readonly process: readonly SigInfo[];
}

const pendingOf = (infos: readonly SigInfo[]): SigPending => {
  const pending = newPending();
  for (const info of infos) {
    pending.signal = withSignal(pending.signal, info.signo);
    enqueue(pending, { ...info });
  }
  return pending;
};

/** Pending signals as a list; one of which the kernel kept only the number has no sender. */
const listOf = (pending: SigPending): SigInfo[] => {
  const { signal } = pending;
  const queue = queued(pending);
  const list = queue.map((info) => ({ ...info }));
  for (const signo of signalsOf(signal)) {
    if (!list.some((info) => info.signo === signo)) list.push({ kind: 'none', signo, errno: 0, code: SI.USER });
  }
  return list;
};

/**
 * A machine with a program in it. Processes are named by pid; those of ended processes are known until someone waited for
 * them. All addresses are the guest's.
 */
export class Signalbox {
  /** Everything: for tools that want more than this class offers. */
  readonly machine: Machine;
  /** The first program's task; it stays here after its end. */
  readonly program: Task;
  readonly #recording: Recording;
  readonly #buffers: MemoryHost | null;

  /** Use `boot`. `buffers` is the host if it is one made of buffers. */
  constructor(machine: Machine, program: Task, recording: Recording, buffers: MemoryHost | null) {
    this.machine = machine;
    this.program = program;
    this.#recording = recording;
    this.#buffers = buffers;
    observe(machine.observers, recorder(machine, recording));
  }

  /** Runs until the first program ends, and says how. */
  async run(): Promise<Extract<Stop, { kind: 'exit' | 'deadlock' }>> {
    const stop = await this.runUntil({});
    if (stop.kind === 'exit' || stop.kind === 'deadlock') return stop;
    throw new Error(`the run ended at a ${stop.kind} nobody asked for`);
  }

  /**
   * Runs until one of the conditions holds, the first program ends, or everything waits for ever. Says where and why; what
   * stopped is `machine.current`.
   */
  async runUntil(conditions: StopConditions): Promise<Stop> {
    const { machine } = this;
    const watch = new StopWatch(machine, conditions);
    if (this.end !== null) return this.#exited();
    observe(machine.observers, watch.observer);
    if (conditions.breakpoint !== undefined) machine.setBreakpoints([conditions.breakpoint].flat());
    try {
      for (;;) {
        const end = await machine.run(watch.instructions());
        machine.saveCurrent();
        const stop = end.kind === 'exit' ? this.#exited() : watch.stop(end);
        if (stop !== null) return stop;
      }
    } finally {
      unobserve(machine.observers, watch.observer);
      if (conditions.breakpoint !== undefined) machine.setBreakpoints([]);
    }
  }

  #exited(): Extract<Stop, { kind: 'exit' }> {
    return { kind: 'exit', pid: this.program.pid, end: this.end! };
  }

  /** How the first program ended; null while it lives. */
  get end(): ProcessEnd | null {
    return describeEnd(this.program);
  }

  /** All tasks of the guest, zombies included, oldest first. */
  get tasks(): Task[] {
    const { init, starter, tasks } = this.machine;
    return [...tasks.values()].filter((task) => task !== init && task !== starter);
  }

  /** Throws for a pid that nobody has. */
  task(pid: number): Task {
    const task = this.machine.tasks.get(pid) ?? (pid === this.program.pid ? this.program : undefined);
    if (task === undefined) throw new Error(`no process ${pid}`);
    return task;
  }

  /** Registers of a task, by default of the one that stopped. In a system call, rax is as it was at entry. */
  registers(pid: number = this.machine.current.pid): Registers {
    const task = this.task(pid);
    if (task === this.machine.current) this.machine.saveCurrent();
    return readRegisters(task);
  }

  /** Changes the registers given. */
  setRegisters(change: Partial<Registers>, pid: number = this.machine.current.pid): void {
    const { machine } = this;
    const task = this.task(pid);
    if (task === machine.current) machine.saveCurrent();
    writeRegisters(task, change);
    if (task === machine.current) machine.cpu.state.bytes.set(task.saved);
  }

  /** A copy of `length` bytes. Throws `UserFault` where the program itself could not read. */
  readMemory(pid: number, address: number, length: number): Uint8Array {
    return copyFromUser(this.task(pid).mm, address, length);
  }

  /** Stores bytes. Throws `UserFault` where the program itself could not write. */
  writeMemory(pid: number, address: number, bytes: Uint8Array): void {
    copyToUser(this.task(pid).mm, address, bytes);
  }

  /** Contents of a regular file in the guest; null if it cannot be read. */
  readFile(path: string): Uint8Array | null {
    const bytes = readGuestFile(this.machine, path);
    return typeof bytes === 'number' ? null : bytes;
  }

  /** Sends a signal to a process, as kill(1) from outside would; with a value, as sigqueue(3). */
  sendSignal(pid: number, signo: number, value?: bigint): void {
    const { starter } = this.machine;
    const from = { signo, errno: 0, pid: starter.pid, uid: starter.cred.uid };
    const info: SigInfo =
      value === undefined
        ? { ...from, kind: 'kill', code: SI.USER }
        : { ...from, kind: 'queue', code: SI.QUEUE, value: BigInt.asUintN(64, value) };
    sendSignal(this.machine, info, this.task(pid), false);
  }

  /** Signals that wait for delivery to a task. */
  pending(pid: number): PendingSignals {
    const task = this.task(pid);
    return { thread: listOf(task.pending), process: listOf(task.group.sharedPending) };
  }

  /** Replaces what waits for delivery to a task, to its process, or both. */
  setPending(pid: number, pending: Partial<PendingSignals>): void {
    const task = this.task(pid);
    const { group } = task;
    if (pending.thread !== undefined) task.pending = pendingOf(pending.thread);
    if (pending.process !== undefined) group.sharedPending = pendingOf(pending.process);
    recountQueued(this.machine);
    for (const thread of group.threads) {
      if (thread.exiting) continue;
      recalcSigpending(thread);
      if (noteSigpending(thread)) signalWakeUp(this.machine, thread, false);
    }
  }

  /**
   * The machine as it is now: processes, memory, files, clock, and a host made of buffers. What a host of another kind has
   * done - written to a terminal, to a writable bind - cannot be taken back.
   */
  snapshot(): Snapshot {
    const { machine } = this;
    machine.saveCurrent();
    return {
      graph: saveGraph(this.#state(), {
        outside: (object) => this.#isOutside(object),
        classes: [Machine, PageTable],
      }),
      physical: machine.physical.snapshot(),
      instructions: machine.cpu.instructions,
      now: machine.now(),
      host: machine.host.snapshot?.(),
    };
  }

  /** Puts the machine back to a snapshot of its own. Task objects stay the same. */
  restore(snapshot: Snapshot): void {
    const { machine } = this;
    restoreGraph(snapshot.graph);
    machine.physical.restore(snapshot.physical);
    machine.cpu.instructions = snapshot.instructions;
    machine.cpu.forgetAll();
    machine.host.restore?.(snapshot.host);
    // Time that passed outside since then did not pass for the guest.
    machine.clock.offset += snapshot.now - machine.now();
    machine.reloadCurrent();
  }

  /** What snapshots hold besides frames and the CPU. */
  #state(): object {
    return [this.machine, this.program, this.#recording];
  }

  #isOutside(object: object): boolean {
    const { machine } = this;
    const { host } = machine;
    if (object === host || object === machine.cpu || object === machine.physical) return true;
    if (object === machine.observers || object instanceof CpuState) return true;
    return machine.vfs.mounts.some(({ sb }) => sb.files === object);
  }

  /** How each process ended and what it did so far. */
  report(): Report {
    const { machine } = this;
    return makeReport(machine, this.#recording, [machine.init, machine.starter]);
  }

  /** Bytes from the last instruction on that raised an invalid-opcode exception. */
  get undefinedInstruction(): Uint8Array | null {
    return this.#recording.undefinedInstruction;
  }

  /** All that was written to standard output, as text. Only where the host is the default one. */
  get stdout(): string {
    return this.#buffered().text('stdout');
  }

  get stderr(): string {
    return this.#buffered().text('stderr');
  }

  #buffered(): MemoryHost {
    if (this.#buffers === null) throw new Error('the output went to the host that was given to boot()');
    return this.#buffers;
  }
}
