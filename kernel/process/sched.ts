/**
 * Attributes of scheduling: policy, nice value, priorities (kernel/sched/syscalls.c, block/ioprio.c). They are kept, checked
 * and inherited as Linux does it; who runs next (`task/schedule.ts`) does not depend on them.
 */
import { ERRNO } from '../abi/errno.ts';
import { RLIMIT } from '../abi/resource.ts';
import { IOPRIO_CLASS, IOPRIO_CLASS_SHIFT, SCHED, SCHED_RESET_ON_FORK } from '../abi/sched.ts';
import type { Kernel } from '../kernel.ts';
import type { SchedAttributes, Task } from '../task/task.ts';

const NICE_MIN = -20;
const NICE_MAX = 19;
/** Highest priority of SCHED_FIFO and SCHED_RR. */
export const MAX_RT_PRIORITY = 99;

export const isRealtime = (policy: number): boolean => policy === SCHED.FIFO || policy === SCHED.RR;
const POLICIES: readonly number[] = Object.values(SCHED);
export const isPolicy = (policy: number): boolean => POLICIES.includes(policy);
/** SCHED_DEADLINE and SCHED_EXT need more than there is. */
const isSupported = (policy: number): boolean => isPolicy(policy) && policy !== SCHED.DEADLINE && policy !== SCHED.EXT;

export const newSchedAttributes = (): SchedAttributes => ({
  policy: SCHED.OTHER,
  nice: 0,
  priority: 0,
  resetOnFork: false,
  ioprio: 0,
});

/** What a child begins with (sched_fork). */
export const inheritedSched = (sched: SchedAttributes): SchedAttributes => {
  if (!sched.resetOnFork) return { ...sched };
  const realtime = isRealtime(sched.policy);
  return {
    ...newSchedAttributes(),
    policy: realtime ? SCHED.OTHER : sched.policy,
    nice: realtime ? 0 : Math.max(0, sched.nice),
    ioprio: sched.ioprio,
  };
};

/** CAP_SYS_NICE is root's. */
const capable = (task: Task): boolean => task.cred.euid === 0;

const sameOwner = (task: Task, target: Task): boolean =>
  task.cred.euid === target.cred.euid || task.cred.euid === target.cred.uid;

/** RLIMIT_NICE allows this nice value, or the task may do anything (can_nice). */
const canNice = (task: Task, target: Task, nice: number): boolean =>
  20 - nice <= target.group.rlimits[RLIMIT.NICE]!.soft || capable(task);

const clampNice = (nice: number): number => Math.min(NICE_MAX, Math.max(NICE_MIN, nice));

/** setpriority(2) for one task (set_one_prio): 0, -EPERM, -EACCES. */
export const setNice = (task: Task, target: Task, nice: number): number => {
  const wanted = clampNice(nice);
  if (!capable(task) && !(task.cred.euid === target.cred.euid || task.cred.euid === target.cred.uid)) {
    return -ERRNO.EPERM;
  }
  if (wanted < target.sched.nice && !canNice(task, target, wanted)) return -ERRNO.EACCES;
  target.sched.nice = wanted;
  return 0;
};

/** What a change of policy asks for. */
export interface SchedWanted {
  policy: number;
  nice: number;
  priority: number;
  resetOnFork: boolean;
}

/** What the task itself may not do without CAP_SYS_NICE (user_check_sched_setscheduler). */
const mayChange = (task: Task, target: Task, wanted: SchedWanted): boolean => {
  const { sched } = target;
  if (capable(task)) return true;
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
  if (!isSupported(wanted.policy)) {
    kernel.log('sched: SCHED_DEADLINE and SCHED_EXT are not supported');
    return wanted.policy === SCHED.EXT ? -ERRNO.EINVAL : -ERRNO.EPERM;
  }
  if (!mayChange(task, target, wanted)) return -ERRNO.EPERM;
  const { policy, priority, resetOnFork } = wanted;
  const nice = isRealtime(policy) ? target.sched.nice : clampNice(wanted.nice);
  Object.assign(target.sched, { policy, priority, resetOnFork, nice });
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
  return kind === IOPRIO_CLASS.RT && !capable(task) ? -ERRNO.EPERM : 0;
};

export const setIoprio = (task: Task, target: Task, ioprio: number): number => {
  if (!capable(task) && target.cred.uid !== task.cred.euid && target.cred.uid !== task.cred.uid) return -ERRNO.EPERM;
  target.sched.ioprio = ioprio;
  return 0;
};
