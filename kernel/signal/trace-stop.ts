/** Stops for a tracer: entering them, and telling it (kernel/signal.c, ptrace_stop and its callers). */
import { REG } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { PTRACE_EVENT, PTRACE_EVENTMSG, PTRACE_O } from '../abi/ptrace.ts';
import { CLD, SA, SIG, SIG_IGN, TRAP } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { eventEnabled, isReparented, type Trace, type TraceStop } from '../task/trace.ts';
import { wakeAll } from '../task/wait.ts';
import { forceSigFault } from './force.ts';
import { childInfo, doNotifyParentCldstop } from './notify.ts';
import { sendSignal } from './send.ts';

/** One thread takes its part in a group stop; returns whether that is complete and new (task_participate_group_stop). */
export const participate = (task: Task): boolean => {
  const { group } = task;
  task.stopPending = false;
  if (group.groupStopCount > 0) group.groupStopCount--;
  if (group.groupStopCount > 0 || group.stopped) return false;
  group.stopped = true;
  group.continued = false;
  group.childReport = 0;
  return true;
};

/** Wakes the tracer, with SIGCHLD unless it does not want that (do_notify_parent_cldstop). */
const notifyTracer = (kernel: Kernel, task: Task, code: number, why: number): void => {
  const { tracer } = task.trace!;
  const action = tracer.sighand.action[SIG.SIGCHLD]!;
  const status = why === CLD.STOPPED ? task.group.groupExitCode : code;
  if (action.handler !== SIG_IGN && (action.flags & SA.NOCLDSTOP) === 0) {
    sendSignal(kernel, childInfo(task, SIG.SIGCHLD, why, status & 0x7f), tracer, false);
  }
  wakeAll(kernel, tracer.group.childWait);
};

/** The task stops until its tracer lets it go on (ptrace_stop). `code` and `info` as in `TraceStop`. */
const ptraceStop = (
  kernel: Kernel,
  task: Task,
  kind: TraceStop['kind'],
  code: number,
  message: number,
  info: SigInfo | null,
): void => {
  const trace = task.trace!;
  const complete = kind === 'group' && task.stopPending && participate(task);
  trace.trapStop = false;
  if (info !== null && info.code >> 8 === PTRACE_EVENT.STOP) trace.trapNotify = false;
  trace.message = message;
  trace.stop = { kind, code, info, listening: false };
  task.state = 'traced';
  notifyTracer(kernel, task, code, kind === 'group' ? CLD.STOPPED : CLD.TRAPPED);
  if (complete && isReparented(task)) doNotifyParentCldstop(kernel, task, CLD.STOPPED);
};

/** What PTRACE_GETSIGINFO shows in a stop that no signal made (ptrace_do_notify). */
const stopInfo = (task: Task, signo: number, code: number): SigInfo => ({
  kind: 'kill',
  signo,
  errno: 0,
  code,
  pid: task.pid,
  uid: task.cred.uid,
});

const notify = (kernel: Kernel, task: Task, kind: TraceStop['kind'], code: number, message: number): void =>
  ptraceStop(kernel, task, kind, code, message, stopInfo(task, SIG.SIGTRAP, code));

const syscallCode = (task: Task): number =>
  task.trace!.options & PTRACE_O.TRACESYSGOOD ? SIG.SIGTRAP | 0x80 : SIG.SIGTRAP;

/** The tracer is asked what becomes of this signal (ptrace_signal). */
export const stopAtSignal = (kernel: Kernel, task: Task, info: SigInfo): void =>
  ptraceStop(kernel, task, 'signal', info.signo, 0, info);

/** Before a system call, whose number is in `task.origAx`. */
export const stopAtSyscallEntry = (kernel: Kernel, task: Task): void =>
  notify(kernel, task, 'syscall', syscallCode(task), PTRACE_EVENTMSG.SYSCALL_ENTRY);

/** A system call has ended: what the tracer wanted of that is done on the way out. */
export const dueAtSyscallExit = (task: Task): void => {
  const { trace } = task;
  if (trace === null || task.exiting || task.exitDue !== null) return;
  trace.due.push({ kind: 'syscall-exit' });
};

/** The program of the current task is a new one (ptrace_event in exec_binprm): `oldPid` asked for that. */
export const dueAtExec = (kernel: Kernel, task: Task, oldPid: number): void => {
  kernel.cpu.state.setNumber(REG.rax, -ERRNO.ENOSYS);
  task.trace!.due.push(
    { kind: 'event', code: SIG.SIGTRAP | (PTRACE_EVENT.EXEC << 8), message: oldPid },
    { kind: 'exec-result' },
  );
};

/** The handler of a signal was entered by a step (signal_setup_done). */
export const dueAtHandler = (task: Task): void => {
  task.trace!.due.push({ kind: 'event', code: SIG.SIGTRAP, message: 0 });
};

/** Stops at once for an event, if the tracer wants it. */
export const ptraceEvent = (kernel: Kernel, task: Task, event: number, message: number): boolean => {
  if (!eventEnabled(task, event)) return false;
  notify(kernel, task, 'event', SIG.SIGTRAP | (event << 8), message);
  return true;
};

/** #DB, which a step over a system call claims to be. */
const TRAP_DB = 1;

/** After a system call (syscall_exit_work). Returns whether the task stopped. */
const reportSyscallExit = (kernel: Kernel, task: Task): boolean => {
  const trace = task.trace!;
  if (trace.step && !trace.emulates) {
    task.trapNr = TRAP_DB;
    task.errorCode = 0;
    forceSigFault(kernel, task, SIG.SIGTRAP, TRAP.BRKPT, kernel.cpu.state.rip64);
  } else if (trace.syscalls) {
    notify(kernel, task, 'syscall', syscallCode(task), PTRACE_EVENTMSG.SYSCALL_EXIT);
    return true;
  }
  return false;
};

/** Takes the next stop that is due to the current task. Returns whether there was one. */
export const takeDueStop = (kernel: Kernel, task: Task, trace: Trace): boolean => {
  if (trace.due.length === 0) return false;
  if (kernel.fatalSignalPending(task)) trace.due = [];
  for (;;) {
    const next = trace.due.shift();
    if (next === undefined) return false;
    if (next.kind === 'event') {
      notify(kernel, task, 'event', next.code, next.message);
      return true;
    }
    if (next.kind === 'exec-result') kernel.cpu.state.setNumber(REG.rax, 0);
    else if (reportSyscallExit(kernel, task)) return true;
  }
};

/** A stop of job control, or one that the tracer itself asked for (do_jobctl_trap). */
export const trapStop = (kernel: Kernel, task: Task): void => {
  const { groupStopCount, groupStopSignal, stopped } = task.group;
  if (!task.trace!.seized) {
    ptraceStop(kernel, task, 'group', groupStopSignal, 0, null);
    return;
  }
  const signo = groupStopCount === 0 && !stopped ? SIG.SIGTRAP : groupStopSignal;
  const code = signo | (PTRACE_EVENT.STOP << 8);
  ptraceStop(kernel, task, 'group', code, 0, stopInfo(task, signo, code));
};
