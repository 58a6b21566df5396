/** What a tracer has set, and where its tracee stopped: the ptrace fields of task_struct, as plain data. */
import { PTRACE_O } from '../abi/ptrace.ts';
import type { SigInfo, Task } from './task.ts';

export interface TraceStop {
  /** `signal`: a signal is about to be delivered. `syscall`: at the entry or exit of a call. `group`: PTRACE_EVENT_STOP, or job control. */
  kind: 'signal' | 'syscall' | 'event' | 'group';
  /** What wait(2) reports: a signal, with bit 7 or an event above it. 0 once it was reported. */
  code: number;
  /** PTRACE_GETSIGINFO's; none in a stop of job control, unless seized. */
  info: SigInfo | null;
  /** PTRACE_LISTEN: it waits for SIGCONT or PTRACE_INTERRUPT, which make it stop anew. */
  listening: boolean;
}

/** What is due before the task goes on in user mode, in this order. */
export type DueStop =
  /** A call has ended: a stop if PTRACE_SYSCALL asked for one, SIGTRAP if it was stepped over. */
  | { kind: 'syscall-exit' }
  /** The result of execve(2), which its tracer does not see yet at PTRACE_EVENT_EXEC. */
  | { kind: 'exec-result' }
  | { kind: 'event'; code: number; message: number };

export interface Trace {
  tracer: Task;
  /** PTRACE_SEIZE, not PTRACE_ATTACH or PTRACE_TRACEME. */
  seized: boolean;
  /** PTRACE_O_*. */
  options: number;
  /** PTRACE_GETEVENTMSG's. */
  message: number;
  /** Stops at system calls (PTRACE_SYSCALL). */
  syscalls: boolean;
  /** Stops before system calls, and makes none (PTRACE_SYSEMU). */
  emulates: boolean;
  /** TIF_SINGLESTEP. */
  step: boolean;
  /** TIF_FORCED_TF: RFLAGS.TF is the tracer's, not the program's. */
  forcedTf: boolean;
  /** Where it is stopped. */
  stop: TraceStop | null;
  due: DueStop[];
  /** JOBCTL_TRAP_STOP: a stop with PTRACE_EVENT_STOP is due. */
  trapStop: boolean;
  /** JOBCTL_TRAP_NOTIFY: a group stop began or ended, of which a seized tracee tells by such a stop. */
  trapNotify: boolean;
  /** The tracer let this signal through: it is delivered without asking again. */
  injected: SigInfo | null;
}

export const newTrace = (tracer: Task, seized: boolean, options: number): Trace => ({
  tracer,
  seized,
  options,
  message: 0,
  syscalls: false,
  emulates: false,
  step: false,
  forcedTf: false,
  stop: null,
  due: [],
  trapStop: false,
  trapNotify: false,
  injected: null,
});

/** From now on `trace.tracer` is told (ptrace_link). */
export const linkTrace = (task: Task, trace: Trace): void => {
  task.trace = trace;
  trace.tracer.ptraced.push(task);
};

/** Nobody traces the task any more; what to do about its stop is the caller's business. */
export const unlinkTrace = (task: Task): void => {
  if (task.trace === null) return;
  const { ptraced } = task.trace.tracer;
  ptraced.splice(ptraced.indexOf(task), 1);
  task.trace = null;
};

/** The tracer wants to know of this event (ptrace_event_enabled). */
export const eventEnabled = (task: Task, event: number): boolean =>
  task.trace !== null && (task.trace.options & (1 << event)) !== 0;

/** Its tracer lets it make all calls (PTRACE_O_SUSPEND_SECCOMP). */
export const suspendsSeccomp = ({ trace }: Task): boolean =>
  trace !== null && (trace.options & PTRACE_O.SUSPEND_SECCOMP) !== 0;

/** Its tracer is another process than its parent (ptrace_reparented). */
export const isReparented = (task: Task): boolean =>
  task.trace !== null && task.trace.tracer.group !== task.group.leader.parent?.group;

/** Reasons other than signals for which a traced task has to stop. */
export const hasTrap = (task: Task): boolean =>
  task.trace !== null && (task.trace.trapStop || task.trace.trapNotify || task.trace.injected !== null);
