/** Scheduling, of one CPU and equal tasks: sched_setscheduler(2), sched_setaffinity(2), getpriority(2). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { SCHED, SCHED_ATTR, SCHED_ATTR_SIZE_VER0, SCHED_FLAG, SCHED_RESET_ON_FORK } from '../abi/sched.ts';
import { TIMESPEC } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, getUser32, putUser32, writeStruct } from '../mm/user.ts';
import type { DeadlineWanted } from '../process/deadline.ts';
import {
  checkIoprio,
  isPolicy,
  NO_TIMES,
  policyOf,
  type SchedWanted,
  setIoprio,
  setNice,
  setScheduler,
} from '../process/sched.ts';
import { capable } from '../task/capability.ts';
import { isRealtime, MAX_RT_PRIORITY } from '../task/priority.ts';
import type { SchedAttributes, Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { toTimespec } from './timespec.ts';

const schedYield = (kernel: Kernel, task: Task): number => {
  task.yielded = true;
  // Until its next period.
  if (task.deadline !== null) task.deadline.left = 0;
  kernel.needResched = true;
  return 0;
};

/** Bytes of the kernel's CPU mask: one CPU, but whole words. */
const CPU_MASK_SIZE = 8;

const schedGetaffinity = (kernel: Kernel, task: Task, pid: number, size: number, address: number): number => {
  if (size < CPU_MASK_SIZE / 8 || size % 8 !== 0) return -ERRNO.EINVAL;
  if (pid !== 0 && !kernel.tasks.has(pid)) return -ERRNO.ESRCH;
  const length = Math.min(size, CPU_MASK_SIZE);
  const mask = new Uint8Array(length);
  mask[0] = 1;
  copyToUser(task.mm, address, mask);
  return length;
};

/** Any mask with the one CPU in it. */
const schedSetaffinity = (kernel: Kernel, task: Task, pid: number, size: number, address: number): number => {
  const mask = copyFromUser(task.mm, address, Math.min(size, CPU_MASK_SIZE));
  const target = pid === 0 ? task : kernel.tasks.get(pid);
  if (target === undefined) return -ERRNO.ESRCH;
  const { euid } = task.cred;
  const owns = euid === target.cred.euid || euid === target.cred.uid;
  if (!owns && !capable(task.cred, CAP.SYS_NICE)) return -ERRNO.EPERM;
  return (mask[0] ?? 0) & 1 ? 0 : -ERRNO.EINVAL;
};

/** The task, or -errno. */
const targetOf = (kernel: Kernel, task: Task, pid: number): Task | number => {
  if (pid < 0) return -ERRNO.EINVAL;
  return pid === 0 ? task : (kernel.tasks.get(pid) ?? -ERRNO.ESRCH);
};

const withTarget = (kernel: Kernel, task: Task, pid: number, use: (target: Task) => number): number => {
  const target = targetOf(kernel, task, pid);
  return typeof target === 'number' ? target : use(target);
};

const schedGetparam = (kernel: Kernel, task: Task, pid: number, address: number): number => {
  if (address === 0) return -ERRNO.EINVAL;
  return withTarget(kernel, task, pid, (target) => {
    putUser32(task.mm, address, target.sched.priority);
    return 0;
  });
};

const schedSetscheduler = (kernel: Kernel, task: Task, pid: number, policy: number, address: number): number => {
  if (policy < 0 || address === 0 || pid < 0) return -ERRNO.EINVAL;
  const priority = getUser32(task.mm, address);
  return withTarget(kernel, task, pid, (target) => {
    const resetOnFork = (policy & SCHED_RESET_ON_FORK) !== 0;
    const { nice } = target.sched;
    const wanted = { policy: policy & ~SCHED_RESET_ON_FORK, nice, priority, resetOnFork };
    return setScheduler(kernel, task, target, { ...wanted, times: NO_TIMES, deadlineFlags: 0 });
  });
};

const schedSetparam = (kernel: Kernel, task: Task, pid: number, address: number): number => {
  if (address === 0 || pid < 0) return -ERRNO.EINVAL;
  const priority = getUser32(task.mm, address);
  return withTarget(kernel, task, pid, (target) => {
    const { policy, nice, resetOnFork } = target.sched;
    const wanted = { policy, nice, resetOnFork, priority, times: NO_TIMES, deadlineFlags: 0 };
    return setScheduler(kernel, task, target, wanted);
  });
};

/** What SCHED_RR gives: 100 ms. */
const RR_INTERVAL = 100_000_000;

const schedRrGetInterval = (kernel: Kernel, task: Task, pid: number, address: number): number =>
  withTarget(kernel, task, pid, (target) => {
    writeStruct(task.mm, TIMESPEC, address, toTimespec(target.sched.policy === SCHED.RR ? RR_INTERVAL : 0));
    return 0;
  });

const PAGE_SIZE = 4096;
/** What SCHED_OTHER tells as its runtime: the base slice of the fair class, for two processors. */
const FAIR_SLICE = 1_400_000n;

const schedGetattr = (
  kernel: Kernel,
  task: Task,
  pid: number,
  address: number,
  size: number,
  flags: number,
): number => {
  if (address === 0 || pid < 0 || size > PAGE_SIZE || size < SCHED_ATTR_SIZE_VER0 || flags !== 0) return -ERRNO.EINVAL;
  return withTarget(kernel, task, pid, ({ sched }) => {
    const isDeadline = sched.policy === SCHED.DEADLINE;
    const fair = !isRealtime(sched.policy) && !isDeadline;
    const bytes = new Uint8Array(SCHED_ATTR.size);
    const known = Math.min(size, SCHED_ATTR.size);
    SCHED_ATTR.write(new DataView(bytes.buffer), 0, {
      size: known,
      sched_policy: sched.policy,
      sched_flags: BigInt((sched.resetOnFork ? SCHED_FLAG.RESET_ON_FORK : 0) | sched.deadlineFlags),
      sched_nice: fair ? sched.nice : 0,
      sched_priority: sched.priority,
      sched_runtime: fair && sched.runtime === 0 ? FAIR_SLICE : BigInt(sched.runtime),
      sched_deadline: BigInt(sched.deadline),
      sched_period: BigInt(sched.period),
    });
    copyToUser(task.mm, address, bytes.subarray(0, known));
    return 0;
  });
};

const ATTR_FLAGS = SCHED_FLAG.RESET_ON_FORK | SCHED_FLAG.KEEP_POLICY | SCHED_FLAG.KEEP_PARAMS;
const KNOWN_ATTR_FLAGS = ATTR_FLAGS | SCHED_FLAG.RECLAIM | SCHED_FLAG.DL_OVERRUN;
const DEADLINE_FLAGS = SCHED_FLAG.RECLAIM | SCHED_FLAG.DL_OVERRUN;
const CLAMP_FLAGS = SCHED_FLAG.UTIL_CLAMP_MIN | SCHED_FLAG.UTIL_CLAMP_MAX;

/** The attributes at an address, or -errno; -E2BIG tells the size that is known (sched_copy_attr). */
const readAttr = (task: Task, address: number) => {
  const size = getUser32(task.mm, address) || SCHED_ATTR_SIZE_VER0;
  const bytes = size < SCHED_ATTR_SIZE_VER0 || size > PAGE_SIZE ? null : copyFromUser(task.mm, address, size);
  if (bytes === null || bytes.subarray(SCHED_ATTR.size).some((byte) => byte !== 0)) {
    putUser32(task.mm, address, SCHED_ATTR.size);
    return -ERRNO.E2BIG;
  }
  const known = new Uint8Array(SCHED_ATTR.size);
  known.set(bytes.subarray(0, SCHED_ATTR.size));
  const attr = SCHED_ATTR.read(new DataView(known.buffer), 0);
  const clamps = (Number(attr.sched_flags) & CLAMP_FLAGS) !== 0;
  return clamps && size < SCHED_ATTR.size ? -ERRNO.EINVAL : attr;
};

const timesOf = ({ runtime, deadline, period }: SchedAttributes): DeadlineWanted => ({
  runtime: BigInt(runtime),
  deadline: BigInt(deadline),
  period: BigInt(period),
});

const timesIn = (attr: { sched_runtime: bigint; sched_deadline: bigint; sched_period: bigint }): DeadlineWanted => ({
  runtime: attr.sched_runtime,
  deadline: attr.sched_deadline,
  period: attr.sched_period,
});

const schedSetattr = (kernel: Kernel, task: Task, pid: number, address: number, flags: number): number => {
  if (address === 0 || pid < 0 || flags !== 0) return -ERRNO.EINVAL;
  const attr = readAttr(task, address);
  if (typeof attr === 'number') return attr;
  const keeps = Number(attr.sched_flags);
  if ((attr.sched_policy | 0) < 0) return -ERRNO.EINVAL;
  return withTarget(kernel, task, pid, (target) => {
    const { sched } = target;
    const keepParams = (keeps & SCHED_FLAG.KEEP_PARAMS) !== 0;
    const wanted: SchedWanted = {
      policy: keeps & SCHED_FLAG.KEEP_POLICY ? sched.policy : attr.sched_policy,
      nice: keepParams ? sched.nice : attr.sched_nice,
      priority: keepParams ? sched.priority : attr.sched_priority,
      resetOnFork: (keeps & SCHED_FLAG.RESET_ON_FORK) !== 0,
      times: keepParams ? timesOf(sched) : timesIn(attr),
      deadlineFlags: 0,
      keep: keepParams,
    };
    if (wanted.policy === SCHED.DEADLINE) wanted.deadlineFlags = keeps & DEADLINE_FLAGS;
    if (!isPolicy(wanted.policy) || attr.sched_flags & ~BigInt(KNOWN_ATTR_FLAGS | CLAMP_FLAGS)) return -ERRNO.EINVAL;
    // Without CONFIG_UCLAMP_TASK.
    if (keeps & CLAMP_FLAGS) return -ERRNO.EOPNOTSUPP;
    return setScheduler(kernel, task, target, wanted);
  });
};

const getcpu = (_kernel: Kernel, task: Task, cpu: number, node: number): number => {
  if (cpu !== 0) putUser32(task.mm, cpu, 0);
  if (node !== 0) putUser32(task.mm, node, 0);
  return 0;
};

/** `which` of getpriority(2), one less than that of ioprio_get(2). */
const PRIO = { PROCESS: 0, PGRP: 1, USER: 2 } as const;
/** getpriority(2) gives 20 less the nice value. */
const NICE_ZERO = 20;

/** The threads meant, or -EINVAL. `who` 0 is the caller: the thread, its group, its user. */
const whoIsMeant = (kernel: Kernel, task: Task, which: number, who: number): Task[] | number => {
  const all = (matches: (each: Task) => boolean) => [...kernel.tasks.values()].filter(matches);
  switch (which) {
    case PRIO.PROCESS:
      return who === 0 ? [task] : all(({ pid }) => pid === who);
    case PRIO.PGRP:
      return all(({ group }) => group.pgid === (who || task.group.pgid));
    case PRIO.USER:
      return all(({ cred }) => cred.uid === (who || task.cred.uid));
    default:
      return -ERRNO.EINVAL;
  }
};

const getpriority = (kernel: Kernel, task: Task, which: number, who: number): number => {
  const meant = whoIsMeant(kernel, task, which, who);
  if (typeof meant === 'number') return meant;
  return meant.length === 0 ? -ERRNO.ESRCH : Math.max(...meant.map(({ sched }) => NICE_ZERO - sched.nice));
};

/** The last error is told; 0 of those that are allowed does not undo it. */
const setpriority = (kernel: Kernel, task: Task, which: number, who: number, nice: number): number => {
  const meant = whoIsMeant(kernel, task, which, who);
  if (typeof meant === 'number') return meant;
  let error: number = -ERRNO.ESRCH;
  for (const target of meant) {
    const result = setNice(kernel, task, target, nice);
    if (result !== 0 || error === -ERRNO.ESRCH) error = result;
  }
  return error;
};

const ioprioGet = (kernel: Kernel, task: Task, which: number, who: number): number => {
  const meant = whoIsMeant(kernel, task, which - 1, who);
  if (typeof meant === 'number') return meant;
  if (meant.length === 0) return -ERRNO.ESRCH;
  // The best of several is the lowest number, but that none is none.
  const best = Math.min(...meant.map(({ sched }) => sched.ioprio || Number.POSITIVE_INFINITY));
  return Number.isFinite(best) ? best : 0;
};

const ioprioSet = (kernel: Kernel, task: Task, which: number, who: number, ioprio: number): number => {
  const refusal = checkIoprio(task, ioprio);
  if (refusal !== 0) return refusal;
  const meant = whoIsMeant(kernel, task, which - 1, who);
  if (typeof meant === 'number') return meant;
  let result: number = -ERRNO.ESRCH;
  for (const target of meant) {
    result = setIoprio(task, target, ioprio);
    if (result !== 0) break;
  }
  return result;
};

export const scheduleSyscalls: readonly SyscallRow[] = [
  syscall(24, 'sched_yield', [], schedYield),
  syscall(
    140,
    'getpriority',
    [
      ['which', arg.priorityWhich],
      ['who', arg.int],
    ],
    getpriority,
  ),
  syscall(
    141,
    'setpriority',
    [
      ['which', arg.priorityWhich],
      ['who', arg.int],
      ['prio', arg.int],
    ],
    setpriority,
  ),
  syscall(
    142,
    'sched_setparam',
    [
      ['pid', arg.pid],
      ['param', arg.schedulingParameter],
    ],
    schedSetparam,
  ),
  syscall(
    143,
    'sched_getparam',
    [
      ['pid', arg.pid],
      ['param', arg.outSchedulingParameter],
    ],
    schedGetparam,
  ),
  syscall(
    144,
    'sched_setscheduler',
    [
      ['pid', arg.pid],
      ['policy', arg.schedulingPolicy],
      ['param', arg.schedulingParameter],
    ],
    schedSetscheduler,
  ),
  syscall(145, 'sched_getscheduler', [['pid', arg.pid]], (kernel, task, pid) =>
    withTarget(kernel, task, pid, policyOf),
  ),
  syscall(146, 'sched_get_priority_max', [['policy', arg.schedulingPolicy]], (_kernel, _task, policy) =>
    isPolicy(policy) ? (isRealtime(policy) ? MAX_RT_PRIORITY : 0) : -ERRNO.EINVAL,
  ),
  syscall(147, 'sched_get_priority_min', [['policy', arg.schedulingPolicy]], (_kernel, _task, policy) =>
    isPolicy(policy) ? (isRealtime(policy) ? 1 : 0) : -ERRNO.EINVAL,
  ),
  syscall(
    148,
    'sched_rr_get_interval',
    [
      ['pid', arg.pid],
      ['tp', arg.outTimespec],
    ],
    schedRrGetInterval,
  ),
  syscall(
    251,
    'ioprio_set',
    [
      ['which', arg.ioprioWhich],
      ['who', arg.int],
      ['ioprio', arg.int],
    ],
    ioprioSet,
    'kept, but has no effect',
  ),
  syscall(
    252,
    'ioprio_get',
    [
      ['which', arg.ioprioWhich],
      ['who', arg.int],
    ],
    ioprioGet,
  ),
  syscall(
    314,
    'sched_setattr',
    [
      ['pid', arg.pid],
      ['attr', arg.pointer],
      ['flags', arg.hexUnsigned],
    ],
    schedSetattr,
  ),
  syscall(
    315,
    'sched_getattr',
    [
      ['pid', arg.pid],
      ['attr', arg.outPointer],
      ['size', arg.unsigned],
      ['flags', arg.hexUnsigned],
    ],
    schedGetattr,
  ),
  syscall(
    203,
    'sched_setaffinity',
    [
      ['pid', arg.pid],
      ['cpusetsize', arg.size],
      ['mask', arg.cpuset],
    ],
    schedSetaffinity,
  ),
  syscall(
    204,
    'sched_getaffinity',
    [
      ['pid', arg.pid],
      ['cpusetsize', arg.size],
      ['mask', arg.outCpuset],
    ],
    schedGetaffinity,
  ),
  syscall(
    309,
    'getcpu',
    [
      ['cpu', arg.outUnsigned],
      ['node', arg.outUnsigned],
      ['tcache', arg.pointer],
    ],
    getcpu,
  ),
];
