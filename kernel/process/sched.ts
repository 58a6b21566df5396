/**
 * Attributes of scheduling: policy, nice value, priorities (kernel/sched/syscalls.c, block/ioprio.c): what may be set, and what
 * children inherit. Who runs next is decided in `task/schedule.ts`.
 */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { RLIMIT } from '../abi/resource.ts';
import { IOPRIO_CLASS, IOPRIO_CLASS_SHIFT, SCHED, SCHED_RESET_ON_FORK } from '../abi/sched.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import { isRealtime, MAX_RT_PRIORITY, newSchedAttributes, updatePriority } from '../task/priority.ts';
import type { SchedAttributes, Task } from '../task/task.ts';
import { areDeadlineParams, type DeadlineWanted, fitsDeadline, switchDeadline } from './deadline.ts';
import { priorityChanged } from './futex-pi.ts';

const NICE_MIN = -20;
const NICE_MAX = 19;

const POLICIES: readonly number[] = Object.values(SCHED);
export const isPolicy = (policy: number): boolean => POLICIES.includes(policy);

/** Deadlines are not passed on (sched_fork). */
export const mayInherit = ({ policy, resetOnFork }: SchedAttributes): boolean =>
  policy !== SCHED.DEADLINE || resetOnFork;

/** What a child begins with (sched_fork). */
export const inheritedSched = (sched: SchedAttributes): SchedAttributes => {
  if (!sched.resetOnFork) return { ...sched };
  const realtime = isRealtime(sched.policy) || sched.policy === SCHED.DEADLINE;
  return {
    ...newSchedAttributes(),
    policy: realtime ? SCHED.OTHER : sched.policy,
    nice: realtime ? 0 : Math.max(0, sched.nice),
    ioprio: sched.ioprio,
  };
};

const capableNice = (task: Task): boolean => capable(task.cred, CAP.SYS_NICE);

const sameOwner = (task: Task, target: Task): boolean =>
  task.cred.euid === target.cred.euid || task.cred.euid === target.cred.uid;

/** RLIMIT_NICE allows this nice value, or the task may do anything (can_nice). */
const canNice = (task: Task, target: Task, nice: number): boolean =>
  20 - nice <= target.group.rlimits[RLIMIT.NICE]!.soft || capableNice(task);

const clampNice = (nice: number): number => Math.min(NICE_MAX, Math.max(NICE_MIN, nice));

/** setpriority(2) for one task (set_one_prio): 0, -EPERM, -EACCES. */
export const setNice = (kernel: Kernel, task: Task, target: Task, nice: number): number => {
  const wanted = clampNice(nice);
  if (!capableNice(task) && !(task.cred.euid === target.cred.euid || task.cred.euid === target.cred.uid)) {
    return -ERRNO.EPERM;
  }
  if (wanted < target.sched.nice && !canNice(task, target, wanted)) return -ERRNO.EACCES;
  target.sched.nice = wanted;
  // Who inherits from it hears of that only when someone else comes or goes.
  updatePriority(kernel, target);
  return 0;
};

/** What a change of policy asks for. */
export interface SchedWanted {
  policy: number;
  nice: number;
  priority: number;
  resetOnFork: boolean;
  /** Of SCHED_DEADLINE, with its flags; `runtime` alone with others, as a slice. 0 where nothing is said. */
  times: DeadlineWanted;
  deadlineFlags: number;
  /** Nothing but `resetOnFork` changes, and not even the policy (SCHED_FLAG_KEEP_PARAMS). */
  keep?: boolean;
}

export const NO_TIMES: DeadlineWanted = Object.freeze({ runtime: 0n, deadline: 0n, period: 0n });

/** The slice that a task of the fair class asks for, within limits; 0 for the usual one (__setparam_fair). */
const fairSlice = (runtime: bigint): number =>
  runtime === 0n ? 0 : Math.min(100_000_000, Math.max(100_000, Number(runtime)));

/** What the task itself may not do without CAP_SYS_NICE (user_check_sched_setscheduler). */
const mayChange = (task: Task, target: Task, wanted: SchedWanted): boolean => {
  const { sched } = target;
  if (capableNice(task)) return true;
  if (wanted.policy === SCHED.DEADLINE) return false;
  if (!isRealtime(wanted.policy) && wanted.nice < sched.nice && !canNice(task, target, wanted.nice)) return false;
  if (isRealtime(wanted.policy)) {
    const limit = target.group.rlimits[RLIMIT.RTPRIO]!.soft;
    if (wanted.policy !== sched.policy && limit === 0) return false;
    if (wanted.priority > sched.priority && wanted.priority > limit) return false;
  }
  if (sched.policy === SCHED.IDLE && wanted.policy !== SCHED.IDLE && !canNice(task, target, sched.nice)) return false;
  if (!sameOwner(task, target)) return false;
  return !sched.resetOnFork || wanted.resetOnFork;
};

/** 0, or -errno (__sched_setscheduler). */
export const setScheduler = (kernel: Kernel, task: Task, target: Task, wanted: SchedWanted): number => {
  if (!isPolicy(wanted.policy)) return -ERRNO.EINVAL;
  if (wanted.priority > MAX_RT_PRIORITY || isRealtime(wanted.policy) !== (wanted.priority !== 0)) return -ERRNO.EINVAL;
  const { policy, priority, resetOnFork, times, deadlineFlags } = wanted;
  // Only a scheduler loaded from outside could serve it.
  if (policy === SCHED.EXT) return -ERRNO.EINVAL;
  const isDeadline = policy === SCHED.DEADLINE;
  if (isDeadline && !areDeadlineParams(times)) return -ERRNO.EINVAL;
  if (!mayChange(task, target, wanted)) return -ERRNO.EPERM;
  const runtime = isDeadline ? Number(times.runtime) : isRealtime(policy) ? 0 : fairSlice(times.runtime);
  const deadline = isDeadline ? Number(times.deadline) : 0;
  const period = isDeadline ? Number(times.period) || deadline : 0;
  if (isDeadline && !fitsDeadline(kernel, target, runtime, period)) return -ERRNO.EBUSY;
  if (wanted.keep) {
    target.sched.resetOnFork = resetOnFork;
    return 0;
  }
  const nice = policy === SCHED.OTHER || policy === SCHED.BATCH ? clampNice(wanted.nice) : target.sched.nice;
  const old = { ...target.sched };
  Object.assign(target.sched, { policy, priority, resetOnFork, nice, runtime, deadline, period, deadlineFlags });
  switchDeadline(kernel, target, old);
  priorityChanged(kernel, target);
  return 0;
};

/** What sched_getscheduler(2) tells. */
export const policyOf = ({ sched }: Task): number => sched.policy + (sched.resetOnFork ? SCHED_RESET_ON_FORK : 0);

const IOPRIO_LEVEL = 7;
const IOPRIO_MAX_CLASS = IOPRIO_CLASS.IDLE;

/** Whether the task may have this input/output priority: 0 or -errno (ioprio_check_cap). */
export const checkIoprio = (task: Task, ioprio: number): number => {
  const kind = (ioprio >>> IOPRIO_CLASS_SHIFT) & IOPRIO_LEVEL;
  if (kind > IOPRIO_MAX_CLASS || ioprio < 0) return -ERRNO.EINVAL;
  if (kind === IOPRIO_CLASS.NONE && (ioprio & IOPRIO_LEVEL) !== 0) return -ERRNO.EINVAL;
  return kind === IOPRIO_CLASS.RT && !capableNice(task) ? -ERRNO.EPERM : 0;
};

export const setIoprio = (task: Task, target: Task, ioprio: number): number => {
  if (!capableNice(task) && target.cred.uid !== task.cred.euid && target.cred.uid !== task.cred.uid)
    return -ERRNO.EPERM;
  target.sched.ioprio = ioprio;
  return 0;
};
