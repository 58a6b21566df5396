/** fork(2), vfork(2), clone(2), clone3(2): making a task from another (kernel/fork.c). */

import { REG, RFLAGS, TASK_STATE_SIZE } from '../../emulator/api.ts';
import { CAP } from '../abi/capability.ts';
import { ERRNO, RESTART } from '../abi/errno.ts';
import { CLONE } from '../abi/process.ts';
import { PTRACE_EVENT } from '../abi/ptrace.ts';
import { RLIMIT } from '../abi/resource.ts';
import { SIG } from '../abi/signal.ts';
import { dupFiles, installFile, lowestFree } from '../fs/descriptors.ts';
import { newProcessFile } from '../fs/pidfd.ts';
import { shareUndoList } from '../ipc/undo.ts';
import type { Kernel } from '../kernel.ts';
import { dupMm } from '../mm/fork.ts';
import { type Mm, mmGet } from '../mm/mm.ts';
import { putUser32, UserFault } from '../mm/user.ts';
import { copySigHand, flushCaughtHandlers } from '../signal/action.ts';
import { resetAltstack } from '../signal/altstack.ts';
import { ptraceEvent } from '../signal/trace-stop.ts';
import { capable } from '../task/capability.ts';
import { allocPid, isPidInUse, PID_MAX } from '../task/pids.ts';
import { normalPrio } from '../task/priority.ts';
import { makeRunnable } from '../task/scheduler.ts';
import type { Task } from '../task/task.ts';
import { eventEnabled } from '../task/trace.ts';
import { BLOCKED, block, waitQueue } from '../task/wait.ts';
import { linkTask, newGroup, newTask } from './create.ts';
import { ptraceInitTask } from './ptrace.ts';
import { inheritedSched, mayInherit } from './sched.ts';

/** struct kernel_clone_args. Addresses are 0 where not given; `stack` is the child's stack pointer. */
export interface CloneArgs {
  /** CLONE_*, without the exit signal; up to 34 bits. */
  flags: number;
  exitSignal: number;
  stack: number;
  tls: bigint;
  parentTid: number;
  childTid: number;
  /** Where CLONE_PIDFD stores the descriptor. */
  pidfd: number;
  /** The id that the child shall have; 0 for any. */
  setTid?: number;
}

const has = (flags: number, flag: number): boolean =>
  flag > 0xffffffff ? Math.floor(flags / flag) % 2 === 1 : (flags & flag) !== 0;

const NAMESPACES =
  CLONE.NEWNS | CLONE.NEWCGROUP | CLONE.NEWUTS | CLONE.NEWIPC | CLONE.NEWUSER | CLONE.NEWPID | CLONE.NEWNET;

/** Combinations which make no sense, or which this kernel was built without: 0 or -errno. */
const checkFlags = (kernel: Kernel, task: Task, flags: number): number => {
  if (has(flags, CLONE.FS) && (has(flags, CLONE.NEWNS) || has(flags, CLONE.NEWUSER))) return -ERRNO.EINVAL;
  if (has(flags, CLONE.THREAD) && !has(flags, CLONE.SIGHAND)) return -ERRNO.EINVAL;
  if (has(flags, CLONE.SIGHAND) && !has(flags, CLONE.VM)) return -ERRNO.EINVAL;
  if (has(flags, CLONE.PARENT) && task.group.unkillable) return -ERRNO.EINVAL;
  if (has(flags, CLONE.THREAD) && (has(flags, CLONE.NEWUSER) || has(flags, CLONE.NEWPID))) return -ERRNO.EINVAL;
  if (has(flags, CLONE.PIDFD) && has(flags, CLONE.DETACHED)) return -ERRNO.EINVAL;
  if (has(flags, CLONE.SYSVSEM) && has(flags, CLONE.NEWIPC)) return -ERRNO.EINVAL;
  if (flags & NAMESPACES) {
    kernel.log('clone: namespaces are not supported');
    return capable(task.cred, CAP.SYS_ADMIN) ? -ERRNO.EINVAL : -ERRNO.EPERM;
  }
  return 0;
};

/** Whether the task may choose this id for its child (alloc_pid): 0 or -errno. */
const checkTid = (kernel: Kernel, task: Task, tid: number): number => {
  if (tid < 1 || tid >= PID_MAX) return -ERRNO.EINVAL;
  if (![CAP.CHECKPOINT_RESTORE, CAP.SYS_ADMIN].some((each) => capable(task.cred, each))) return -ERRNO.EPERM;
  return isPidInUse(kernel, tid) ? -ERRNO.EEXIST : 0;
};

/** The user's processes, and all tasks, are within their limits. */
const mayFork = (kernel: Kernel, task: Task): boolean => {
  // Init and the idle parent are not counted.
  if (kernel.tasks.size >= kernel.limits.maxTasks) return false;
  const { uid } = task.cred;
  const limit = task.group.rlimits[RLIMIT.NPROC]!.soft;
  if (uid === 0 || limit === Number.POSITIVE_INFINITY) return true;
  if (capable(task.cred, CAP.SYS_RESOURCE) || capable(task.cred, CAP.SYS_ADMIN)) return true;
  let count = 0;
  for (const other of kernel.tasks.values()) if (other.cred.uid === uid) count++;
  return count < limit;
};

/** The registers of the child: the parent's, but that the call returns 0. */
const childRegisters = (kernel: Kernel, parent: Task, args: CloneArgs): Uint8Array => {
  const { state } = kernel.cpu;
  const { rflags } = state;
  const rax = state.get(REG.rax);
  const rsp = state.get(REG.rsp);
  const fsBase = state.fsBase;
  state.setNumber(REG.rax, 0);
  if (parent.trace?.forcedTf) state.rflags = rflags & ~RFLAGS.TF;
  if (args.stack !== 0) state.setNumber(REG.rsp, args.stack);
  if (has(args.flags, CLONE.SETTLS)) state.fsBase = args.tls;
  const saved = state.bytes.slice(0, TASK_STATE_SIZE);
  state.rflags = rflags;
  state.set(REG.rax, rax);
  state.set(REG.rsp, rsp);
  state.fsBase = fsBase;
  return saved;
};

/**
 * What is left of a clone whose child runs. The parent may stop for its tracer after `made`, then wait for a vfork child
 * (`vfork`), and stop again when that is over (`done`).
 */
interface CloneProgress {
  child: number;
  stage: 'made' | 'vfork' | 'done';
}

/** Stops for the tracer in the middle of the call, which then goes on by `progress`. */
const stopInClone = (kernel: Kernel, task: Task, event: number, progress: CloneProgress): number => {
  task.wait = {
    queues: [],
    restart: 0,
    deadline: Number.POSITIVE_INFINITY,
    timedOut: false,
    uninterruptible: true,
    data: progress,
    what: 'ptrace_stop',
    held: null,
  };
  ptraceEvent(kernel, task, event, progress.child);
  return BLOCKED;
};

/** What the parent's tracer is to hear of this child; 0 for nothing. */
const traceEvent = (parent: Task, args: CloneArgs): number => {
  if (has(args.flags, CLONE.UNTRACED)) return 0;
  const other =
    args.exitSignal === SIG.SIGCHLD && !has(args.flags, CLONE.THREAD) ? PTRACE_EVENT.FORK : PTRACE_EVENT.CLONE;
  const event = has(args.flags, CLONE.VFORK) ? PTRACE_EVENT.VFORK : other;
  return eventEnabled(parent, event) ? event : 0;
};

/** Makes the child, ready to run. Returns it or -errno (copy_process). Throws `OutOfFrames`. */
const copyProcess = (kernel: Kernel, parent: Task, args: CloneArgs): Task | number => {
  const { flags } = args;
  const error = checkFlags(kernel, parent, flags);
  if (error !== 0) return error;
  // Signals that came before go before: the child shall not see them.
  if (parent.sigpending) return -RESTART.ERESTARTNOINTR;
  if (!mayFork(kernel, parent) || !mayInherit(parent.sched)) return -ERRNO.EAGAIN;
  if (has(flags, CLONE.PIDFD)) {
    const fd = lowestFree(parent);
    if (fd < 0) return fd;
    putUser32(parent.mm, args.pidfd, fd);
  }
  if (args.setTid !== undefined) {
    const refusal = checkTid(kernel, parent, args.setTid);
    if (refusal !== 0) return refusal;
  }
  const thread = has(flags, CLONE.THREAD);
  // First what may fail.
  const mm = has(flags, CLONE.VM) ? mmGet(parent.mm) : dupMm(parent.mm);
  const pid = args.setTid ?? allocPid(kernel);
  const sighand = has(flags, CLONE.SIGHAND) ? parent.sighand : copySigHand(parent.sighand);
  if (has(flags, CLONE.CLEAR_SIGHAND)) flushCaughtHandlers(sighand);
  const { pgid, sid, tty, rlimits } = parent.group;
  const sibling = thread || has(flags, CLONE.PARENT);
  const child = newTask(kernel, {
    pid,
    comm: parent.comm,
    executable: parent.executable,
    group: thread
      ? parent.group
      : newGroup(pid, { pgid, sid, tty, sessionLeader: false, rlimits: rlimits.map((limit) => ({ ...limit })) }),
    parent: sibling ? parent.group.leader.parent : parent,
    mm,
    files: has(flags, CLONE.FILES) ? parent.files : dupFiles(parent.files),
    fs: has(flags, CLONE.FS) ? parent.fs : { ...parent.fs },
    sighand,
    cred: { ...parent.cred, groups: [...parent.cred.groups] },
  });
  child.saved = childRegisters(kernel, parent, args);
  child.origAx = parent.origAx;
  child.blocked = parent.blocked;
  child.altstack = { ...parent.altstack };
  if (has(flags, CLONE.VM) && !has(flags, CLONE.VFORK)) resetAltstack(child.altstack);
  child.cr2 = parent.cr2;
  child.trapNr = parent.trapNr;
  child.errorCode = parent.errorCode;
  child.noNewPrivs = parent.noNewPrivs;
  child.noTsc = parent.noTsc;
  child.tls = parent.tls;
  child.personality = parent.personality;
  child.seccomp = { ...parent.seccomp };
  child.dumpable = parent.dumpable;
  child.timerSlack = child.defaultTimerSlack = parent.timerSlack;
  child.mceKill = { ...parent.mceKill };
  child.ioFlusher = parent.ioFlusher;
  child.group.oom = parent.group.oom;
  child.sched = inheritedSched(parent.sched);
  child.prio = normalPrio(child.sched);
  // Threads register areas of their own.
  if (!has(flags, CLONE.VM)) child.rseq = parent.rseq;
  child.rseqEvent = child.rseq !== null;
  child.exitSignal = thread ? 0 : has(flags, CLONE.PARENT) ? parent.group.leader.exitSignal : args.exitSignal;
  if (has(flags, CLONE.CHILD_CLEARTID)) child.clearChildTid = args.childTid;
  if (has(flags, CLONE.SYSVSEM)) child.sysvsem = shareUndoList(parent);
  ptraceInitTask(parent, child, traceEvent(parent, args) !== 0 || has(flags, CLONE.PTRACE));
  linkTask(kernel, child);
  return child;
};

/** Writes a thread id where clone's caller wants it; with a bad address the clone succeeds all the same. */
const putTid = (child: Task, address: number, mm: Mm): void => {
  try {
    putUser32(mm, address, child.pid);
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
  }
};

/** CLONE_PIDFD: checked before that there is a descriptor to be had. */
const putPidfd = (kernel: Kernel, task: Task, child: Task, args: CloneArgs): void => {
  const fd = installFile(kernel, task, newProcessFile(kernel, child, has(args.flags, CLONE.THREAD), 0), true);
  putUser32(task.mm, args.pidfd, fd);
};

/**
 * All of fork, vfork and clone: returns the child's id or -errno, or blocks until a vfork child released the address space
 * (kernel_clone).
 */
export const kernelClone = (kernel: Kernel, task: Task, args: CloneArgs): number => {
  if (task.wait !== null) return finishClone(kernel, task, args, task.wait.data);
  // One word cannot take both.
  const both = has(args.flags, CLONE.PIDFD) && has(args.flags, CLONE.PARENT_SETTID);
  if (both && args.pidfd === args.parentTid) return -ERRNO.EINVAL;
  const child = copyProcess(kernel, task, args);
  if (typeof child === 'number') return child;
  if (has(args.flags, CLONE.PIDFD)) putPidfd(kernel, task, child, args);
  if (has(args.flags, CLONE.PARENT_SETTID)) putTid(child, args.parentTid, task.mm);
  if (has(args.flags, CLONE.CHILD_SETTID)) putTid(child, args.childTid, child.mm);
  if (has(args.flags, CLONE.VFORK)) child.vforkDone = waitQueue();
  makeRunnable(kernel, child);
  const event = traceEvent(task, args);
  if (event !== 0) return stopInClone(kernel, task, event, { child: child.pid, stage: 'made' });
  return finishClone(kernel, task, args, { child: child.pid, stage: 'made' });
};

const finishClone = (kernel: Kernel, task: Task, args: CloneArgs, { child, stage }: CloneProgress): number => {
  if (!has(args.flags, CLONE.VFORK) || stage === 'done') return child;
  return waitForVforkDone(kernel, task, child);
};

/** The parent sleeps, open to nothing but SIGKILL, until the child execs or exits (wait_for_vfork_done). */
const waitForVforkDone = (kernel: Kernel, task: Task, child: number): number => {
  const queue = kernel.tasks.get(child)?.vforkDone ?? null;
  if (kernel.fatalSignalPending(task)) return child;
  if (queue === null) {
    const tells = eventEnabled(task, PTRACE_EVENT.VFORK_DONE);
    return tells ? stopInClone(kernel, task, PTRACE_EVENT.VFORK_DONE, { child, stage: 'done' }) : child;
  }
  const data: CloneProgress = { child, stage: 'vfork' };
  return block(kernel, task, { what: 'vfork', queues: [queue], data, uninterruptible: true });
};
