/**
 * The machine: CPU, memory, tasks and clock, and the loop that runs them (kernel/sched/core.c).
 *
 * All state of a machine is plain data reachable from its public fields. Between two calls of `run` the registers of every
 * task but `current` are in `task.saved`, and those of `current` in the CPU.
 */

import { type Cpu, createCpu, PhysicalMemory, REG, STOP, TASK_STATE_SIZE } from '../emulator/api.ts';
import { SIG } from './abi/signal.ts';
import { inSet } from './abi/sigset.ts';
import { kernelBug } from './bug.ts';
import { handleException } from './entry/exception.ts';
import { clearResumeFlag, exitToUserModeLoop } from './entry/exit.ts';
import { doSyscall64, resumeSyscall } from './entry/syscall.ts';
import { closeAllFiles } from './fs/descriptors.ts';
import { mountRoot, newFsContext, openStandardStreams } from './fs/mounts.ts';
import type { Inode, Vfs } from './fs/types.ts';
import type { Host } from './host.ts';
import { idle, waitForHost } from './idle.ts';
import { newIpcNamespace } from './ipc/namespace.ts';
import type { Kernel, Personality } from './kernel.ts';
import { type Memory, newMemory } from './mm/memory.ts';
import { type Mm, mmPut, newMm } from './mm/mm.ts';
import { newNetState } from './net/namespace.ts';
import { addFeeds } from './net/tun/device.ts';
import { newObservers } from './observers.ts';
import type { MachineOptions, ProgramOptions, RunEnd, RunOptions } from './options.ts';
import { chargeTime, checkCpuTimers } from './process/cputime.ts';
import { defaultLimits, linkTask, newGroup, newIdleProcess, newTask } from './process/create.ts';
import { throttleDeadline } from './process/deadline.ts';
import { watchpoints } from './process/debugreg.ts';
import { startProgram } from './process/exec.ts';
import { releaseTask } from './process/exit.ts';
import type { FutexQueue } from './process/futex.ts';
import { fireTimers } from './process/timers.ts';
import { dataSegment } from './process/tls.ts';
import { newSigHand } from './signal/action.ts';
import { killPgrpInfo } from './signal/kill.ts';
import { kernelInfo } from './signal/send.ts';
import { userCredentials } from './task/capability.ts';
import { type Clock, DETERMINISTIC_EPOCH, newClock, sinceStart } from './task/clock.ts';
import { allocPid } from './task/pids.ts';
import { fillRandom, type RandomState, seededRandom } from './task/random.ts';
import { newSchedule, requeue, type Schedule, sliceLength, TIME_SLICE, takeNext } from './task/schedule.ts';
import { makeRunnable, sleepTask, wakeTask } from './task/scheduler.ts';
import type { Task } from './task/task.ts';
import { nextExpiry, type TimerQueue, timerQueue } from './task/timers.ts';
import { leaveTrail, newTrail } from './task/trail.ts';
import { TRAP_COST } from './task/usage.ts';
import { type WaitQueue, waitQueue } from './task/wait.ts';

/** Nanoseconds between ticks of the coarse clock, when tasks do not run longer in one piece. */
const TICK = 1e6;
/** Nanoseconds of work between two turns of the host's event loop. */
const HOST_SLICE = 10e6;
/**
 * Nanoseconds of a slice that nobody else wants, and least and most instructions of it: between two the kernel works a while.
 * How many make up the time is measured, since executors differ a thousandfold.
 */
const LONE_TIME = 1e6;
const LONE_LEAST = 8 * TIME_SLICE;
const LONE_MOST = 100 * TIME_SLICE;

const DEFAULT_MEMORY = 2 ** 30;
const DEFAULT_MAX_TASKS = 4096;
const DEFAULT_FILE_BYTES = 2 ** 30;

const INIT_PID = 1;
/** Of the process that stands for whoever started the machine; the first program gets the next. */
const STARTER_PID = 999;

export class Machine implements Kernel {
  readonly cpu: Cpu;
  readonly physical: PhysicalMemory;
  readonly host: Host;
  readonly memory: Memory;
  readonly observers = newObservers();
  readonly tasks = new Map<number, Task>();
  readonly runQueue: Task[] = [];
  readonly schedule: Schedule;
  /** What is left of the slice of the first in the queue, where a run was stopped; null otherwise. */
  leftOver: number | null = null;
  readonly timers: TimerQueue = timerQueue();
  readonly hostWait: WaitQueue = waitQueue();
  readonly futexes = new Map<string, FutexQueue>();
  readonly sigqueueRoom = { uid: 0, limit: 0, left: 0 };
  readonly ipc = newIpcNamespace();
  readonly net = newNetState();
  readonly limits: { readonly maxTasks: number; readonly fileBytes: number };
  readonly clock: Clock;
  /** Null when randomness is the host's. */
  readonly randomState: RandomState | null;
  /** Set by `mountRoot`. */
  rootInode!: Inode;
  vfs!: Vfs;
  readonly init: Task;
  /** The process which the first program finds as its parent. */
  readonly starter: Task;
  /** The first program, once there is one. */
  program: Task | null = null;
  current: Task;
  lastPid = STARTER_PID;
  hostname: string;
  readonly personality: Personality;
  corePattern = 'core';
  needResched = false;
  stopRequested = false;
  fileBytes = 0;

  #log: (message: string) => void;
  #reportDeadlocks: boolean;
  #logged = new Set<string>();
  /** For reports of mistakes only; no part of the state. */
  #trail = newTrail();
  /** Whose page tables the CPU uses. */
  #loadedMm: Mm | null = null;
  /** The CPU has watchpoints. */
  #watching = false;
  /** State of the counters at the last `account`. */
  #accounted = { time: 0, instructions: 0, traps: 0 };
  /** What the clock showed at the last tick. */
  #tick = { at: Number.NEGATIVE_INFINITY, realtime: 0n };
  /** Where `run` stops, and the place where it began, which does not count. */
  #breakpoints: ReadonlySet<number> = new Set();
  #begun = { pid: 0, rip: 0, instructions: 0 };
  /** The CPU's instruction count at which `run` ends. */
  #instructionLimit = Number.POSITIVE_INFINITY;
  /** There is more than the slice that bounds how long the CPU runs: see `#bounded`. */
  #isBounded = true;
  /** Instructions of a slice that nobody else wants. */
  #loneSlice = LONE_LEAST;

  constructor(options: MachineOptions) {
    const { host, deterministic } = options;
    this.host = host;
    this.#log = options.log ?? (() => {});
    this.#reportDeadlocks = options.reportDeadlocks ?? true;
    this.physical = new PhysicalMemory(options.memory ?? DEFAULT_MEMORY);
    this.clock = newClock(deterministic !== undefined, deterministic === undefined ? host.monotonic() : 0);
    this.randomState = deterministic === undefined ? null : seededRandom(deterministic.seed);
    this.schedule = newSchedule(options.schedule ?? { kind: 'round-robin' });
    this.cpu = createCpu(options.cpu ?? 'jit', {
      physical: this.physical,
      timestamp: () => (this.current.noTsc ? null : BigInt(Math.floor(this.now()))),
      random64: () => this.#random64(),
      segments: (index) => dataSegment(this.current, index),
      ...(options.features === undefined ? {} : { features: options.features }),
      ...(options.preparedForms === undefined ? {} : { preparedForms: options.preparedForms }),
      ...(options.jit === undefined ? {} : { jit: options.jit }),
      ...(options.unicorn === undefined ? {} : { unicorn: options.unicorn }),
    });
    this.memory = newMemory(this.physical);
    this.hostname = options.hostname ?? 'signalbox';
    this.personality = options.personality ?? 'linux';
    this.limits = {
      maxTasks: options.limits?.maxTasks ?? DEFAULT_MAX_TASKS,
      fileBytes: options.limits?.fileBytes ?? DEFAULT_FILE_BYTES,
    };
    const nowhere = { inode: undefined as unknown as Inode, path: '/' };
    const fs = { root: nowhere, cwd: nowhere, umask: 0o022 };
    this.init = newIdleProcess(this, INIT_PID, 'init', null, fs);
    this.starter = newIdleProcess(this, STARTER_PID, 'signalbox', this.init, fs);
    this.current = this.starter;
    mountRoot(this, options.root);
    addFeeds(this, options.taps ?? [], options.root?.owner?.uid ?? 0);
    nowhere.inode = this.rootInode;
  }

  now(): number {
    const { clock } = this;
    const passed = clock.deterministic ? this.cpu.instructions + clock.traps * TRAP_COST : this.host.monotonic();
    const time = clock.offset + passed;
    // Who has seen a time must also see what was due by then.
    if (time >= nextExpiry(this.timers)) this.needResched = true;
    return time;
  }

  realtime(): bigint {
    if (!this.clock.deterministic) return this.host.realtime();
    return DETERMINISTIC_EPOCH + BigInt(Math.floor(sinceStart(this.now())));
  }

  coarseRealtime(): bigint {
    if (this.clock.deterministic) return this.realtime();
    const { time } = this.#accounted;
    if (time - this.#tick.at >= TICK) this.#tick = { at: time, realtime: this.realtime() };
    return this.#tick.realtime;
  }

  random(bytes: Uint8Array): void {
    if (this.randomState === null) this.host.random(bytes);
    else fillRandom(this.randomState, bytes);
  }

  #random64(): bigint {
    const bytes = new Uint8Array(8);
    this.random(bytes);
    return new DataView(bytes.buffer).getBigUint64(0, true);
  }

  sleep(task: Task): void {
    sleepTask(this, task);
  }

  wake(task: Task): void {
    wakeTask(this, task);
  }

  log(message: string): void {
    if (this.#logged.has(message)) return;
    this.#logged.add(message);
    this.#log(message);
  }

  fatalSignalPending(task: Task): boolean {
    return task.group.groupExiting || inSet(task.pending.signal, SIG.SIGKILL);
  }

  account(): void {
    const time = this.now();
    const { instructions } = this.cpu;
    const { traps } = this.clock;
    const last = this.#accounted;
    chargeTime(this.current, time - last.time, instructions - last.instructions, traps - last.traps);
    last.time = time;
    last.instructions = instructions;
    last.traps = traps;
    checkCpuTimers(this, this.current);
  }

  /** What came before is nobody's CPU time. */
  #startAccounting(): void {
    this.#tick.at = Number.NEGATIVE_INFINITY;
    this.#accounted = { time: this.now(), instructions: this.cpu.instructions, traps: this.clock.traps };
  }

  /**
   * Makes the first program's process, with the host's streams as its descriptors. Returns its task, or the negative errno
   * of execve(2) for a program that cannot be started. Throws if `cwd` is no directory.
   */
  start(options: ProgramOptions): Task | number {
    const pid = allocPid(this);
    const rlimits = defaultLimits();
    for (const [resource, limit] of Object.entries(options.rlimits ?? {})) rlimits[Number(resource)] = { ...limit };
    const task = newTask(this, {
      pid,
      comm: '',
      executable: '',
      group: newGroup(pid, {
        pgid: pid,
        sid: options.job ? this.starter.group.sid : pid,
        sessionLeader: !options.job,
        rlimits,
      }),
      parent: this.starter,
      mm: newMm(this),
      files: { entries: [] },
      fs: { ...this.init.fs },
      sighand: newSigHand(),
      cred: userCredentials(options.uid ?? 0, options.gid ?? 0),
    });
    linkTask(this, task);
    newFsContext(this, task, options.cwd ?? '/');
    openStandardStreams(this, task);
    this.#switchTo(task);
    const error = startProgram(this, task, options.path, options.argv, options.env);
    if (error < 0) {
      task.exiting = true;
      mmPut(task.mm);
      this.#loadedMm = null;
      closeAllFiles(this, task.files);
      releaseTask(this, task);
      return error;
    }
    this.#loadedMm = task.mm;
    this.program ??= task;
    makeRunnable(this, task);
    return task;
  }

  /** Ends `run` before the next instruction; from `syscallEntry`, before the syscall is made. */
  requestStop(): void {
    this.stopRequested = true;
  }

  /** Linear addresses, of every process, before which `run` stops; one where it begins is passed over. */
  setBreakpoints(addresses: Iterable<number>): void {
    this.#breakpoints = new Set(addresses);
    this.#noteBounds();
    this.cpu.setBreakpoints(this.#breakpoints);
  }

  #noteBounds(): void {
    this.#isBounded = this.clock.deterministic || this.#breakpoints.size > 0 || Number.isFinite(this.#instructionLimit);
  }

  /** The CPU stops only behind its first instruction: entries from the kernel are looked at here. */
  #isAtBreakpoint(task: Task): boolean {
    const { rip } = this.cpu.state;
    const { pid, rip: begun, instructions } = this.#begun;
    if (task.pid === pid && rip === begun && this.cpu.instructions === instructions) return false;
    return this.#breakpoints.has(rip);
  }

  /** A signal from the terminal, as Ctrl-C sends: to the foreground process group. */
  interrupt(signo: number): void {
    const { foreground } = this.vfs.console;
    const group = foreground !== 0 ? foreground : (this.program?.group.pgid ?? 0);
    if (group !== 0) killPgrpInfo(this, signo, kernelInfo(signo), group);
  }

  /** Runs until an end that `options` names, a stop, or a deadlock. May be called again after any but `exit`. */
  async run(options: RunOptions = {}): Promise<RunEnd> {
    this.stopRequested = false;
    this.#begun = { pid: this.current.pid, rip: this.cpu.state.rip, instructions: this.cpu.instructions };
    this.#instructionLimit = this.cpu.instructions + (options.instructions ?? Number.POSITIVE_INFINITY);
    this.#noteBounds();
    for (;;) {
      const end = this.#hostSlice(options.until ?? 'program');
      if (end === 'idle') {
        const deadlock = await idle(this, this.#reportDeadlocks);
        if (deadlock !== null) return deadlock;
      } else if (end === 'slice') {
        await waitForHost(this, 0);
      } else {
        return end;
      }
    }
  }

  /** Runs tasks for about `HOST_SLICE`. */
  #hostSlice(until: 'program' | 'all'): RunEnd | 'idle' | 'slice' {
    const start = this.host.monotonic();
    let before = start;
    this.#startAccounting();
    for (;;) {
      if (this.#isOver(until)) return { kind: 'exit' };
      if (this.stopRequested) return { kind: 'stop' };
      fireTimers(this);
      const task = this.leftOver !== null ? this.runQueue.shift() : takeNext(this, this.schedule, this.runQueue);
      if (task === undefined) return 'idle';
      const { instructions } = this.cpu;
      const end = this.#runGuarded(task);
      if (end !== null) return end;
      const now = this.host.monotonic();
      this.#pace(this.cpu.instructions - instructions, now - before);
      if (now - start > HOST_SLICE) return 'slice';
      before = now;
    }
  }

  /**
   * Sets how long the next slice is that nobody else wants, by how long the last took; short ones tell too little. In
   * deterministic mode nothing depends on the host's time.
   */
  #pace(instructions: number, nanoseconds: number): void {
    if (instructions < LONE_LEAST || this.clock.deterministic) return;
    const fitting = (instructions * LONE_TIME) / Math.max(1, nanoseconds);
    this.#loneSlice = Math.floor(Math.min(LONE_MOST, Math.max(LONE_LEAST, fitting)));
  }

  #runGuarded(task: Task): RunEnd | null {
    try {
      this.#switchTo(task);
      const end = this.#runCurrent(task);
      this.account();
      if (task.deadline !== null) throttleDeadline(this, task);
      return end;
    } catch (thrown) {
      throw kernelBug(this, this.#trail, thrown);
    }
  }

  #isOver(until: 'program' | 'all'): boolean {
    if (until === 'program') return this.program?.exiting ?? true;
    for (const task of this.tasks.values()) {
      if (!task.exiting && task !== this.init && task !== this.starter) return false;
    }
    return true;
  }

  /** Loads the task's registers and address space. */
  #switchTo(task: Task): void {
    const { current, cpu } = this;
    if (task !== current) {
      current.saved.set(cpu.state.bytes.subarray(0, TASK_STATE_SIZE));
      cpu.state.bytes.set(task.saved);
      this.current = task;
      if (task.rseq !== null) task.rseqEvent = true;
    }
    if (task.mm !== this.#loadedMm) {
      cpu.switchAddressSpace(task.mm.pageTable.root);
      this.#loadedMm = task.mm;
    }
    this.#loadDebugRegisters(task);
  }

  #loadDebugRegisters({ debug }: Task): void {
    if (debug === null && !this.#watching) return;
    const points = watchpoints(debug);
    this.cpu.setWatchpoints(points);
    this.#watching = points.length > 0;
  }

  /** The run is to stop: the task has the rest of its slice when it goes on, so that stops change nothing. */
  #putBack(task: Task, budget: number): void {
    this.runQueue.unshift(task);
    this.leftOver = budget;
  }

  /**
   * Runs the current task until its time slice is over, it sleeps or ends, or the run is to end. What a program does again and
   * again is here; the rest are functions of their own, so that V8 keeps its code when one of them is needed.
   */
  #runCurrent(task: Task): RunEnd | null {
    const { cpu, clock } = this;
    const trail = this.#trail;
    let budget = this.leftOver ?? this.#slice(task);
    this.leftOver = null;
    this.needResched = false;
    if (task.inSyscall) resumeSyscall(this, task);
    for (;;) {
      if (!exitToUserModeLoop(this, task)) return this.#stoppedInKernel(task, budget);
      this.#loadedMm = task.mm;
      if (budget <= 0 || this.needResched || this.stopRequested) return this.#stoppedOnReturn(task, budget);
      if (budget > TIME_SLICE && !this.#isAlone()) budget = this.#shared(task);
      const most = this.#isBounded ? this.#bounded(task, budget) : budget;
      if (most <= 0) return this.#stoppedOnReturn(task, budget);
      const before = cpu.instructions;
      const stop = cpu.run(most);
      const executed = cpu.instructions - before;
      task.instructions += executed;
      budget -= executed;
      if (stop === STOP.syscall) {
        clock.traps++;
        budget -= TRAP_COST;
        leaveTrail(trail, task.pid, cpu.state, cpu.state.getInt32(REG.rax));
        doSyscall64(this, task);
        if (task.origAx === -1) clearResumeFlag(this);
      } else if (stop === STOP.exception) {
        clock.traps++;
        budget -= TRAP_COST;
        leaveTrail(trail, task.pid, cpu.state, -1 - cpu.state.exceptionVector);
        handleException(this, task);
      } else {
        // An interrupt, not a syscall: nothing to restart, whatever rax holds.
        task.origAx = -1;
        if (stop === STOP.breakpoint) {
          this.#putBack(task, budget);
          return { kind: 'breakpoint' };
        }
        // In deterministic mode a timer may be due; elsewhere this ends the slice or the run.
        if (clock.deterministic && nextExpiry(this.timers) <= this.now()) budget = 0;
      }
    }
  }

  /** The current task does not go on in user mode. */
  #stoppedInKernel(task: Task, budget: number): null {
    if (task.state === 'running' && task.inSyscall && this.stopRequested) {
      // Stopped before a syscall: the task has not slept, and goes on with the call.
      this.#putBack(task, budget);
    } else if (task.state === 'sleeping') {
      task.usage.nvcsw++;
    }
    this.#loadedMm = task.exiting ? null : task.mm;
    return null;
  }

  /** The current task could go on in user mode, but its slice is over, or the run is to end. */
  #stoppedOnReturn(task: Task, budget: number): RunEnd | null {
    if (this.stopRequested) {
      this.#putBack(task, budget);
      return { kind: 'stop' };
    }
    if (budget <= 0 || this.needResched) {
      if (budget <= 0 && this.runQueue.length > 0) task.usage.nivcsw++;
      requeue(this.runQueue, task);
      return null;
    }
    this.#putBack(task, budget);
    return { kind: this.cpu.instructions >= this.#instructionLimit ? 'instructions' : 'breakpoint' };
  }

  /** How many instructions of its budget the task may execute before someone has to look; 0 if none. */
  #bounded(task: Task, budget: number): number {
    const left = this.#instructionLimit - this.cpu.instructions;
    if (left <= 0 || (this.#breakpoints.size > 0 && this.#isAtBreakpoint(task))) return 0;
    return Math.min(budget, left, this.clock.deterministic ? this.#untilTimer() : budget);
  }

  /**
   * Nobody waits for the CPU, and no timer for its time; in deterministic mode these bound how long the CPU runs. Random
   * slices are what they are.
   */
  #isAlone(): boolean {
    if (this.runQueue.length > 0 || this.schedule.random !== null) return false;
    return this.clock.deterministic || this.timers.timers.length === 0;
  }

  /** A slice from when others came to want one: of a length of its own too, so that no loop keeps step with it. */
  #shared(task: Task): number {
    return Math.min(TIME_SLICE, sliceLength(this.schedule, task));
  }

  #slice(task: Task): number {
    const slice = sliceLength(this.schedule, task);
    return this.#isAlone() ? Math.max(slice, this.#loneSlice) : slice;
  }

  /** Instructions until the next timer in deterministic mode, where they are nanoseconds too. */
  #untilTimer(): number {
    return Math.max(1, Math.ceil(nextExpiry(this.timers) - this.now()));
  }

  /** Brings `current.saved` up to date, so that every task's registers are in its `saved`. */
  saveCurrent(): void {
    this.current.saved.set(this.cpu.state.bytes.subarray(0, TASK_STATE_SIZE));
  }

  /** After state was put back from a snapshot: loads registers and address space of `current`. */
  reloadCurrent(): void {
    this.cpu.state.bytes.set(this.current.saved);
    this.#loadedMm = this.current.exiting ? null : this.current.mm;
    if (this.#loadedMm !== null) this.cpu.switchAddressSpace(this.#loadedMm.pageTable.root);
    this.#loadDebugRegisters(this.current);
    this.#startAccounting();
  }
}
