/** Scheduling, of one CPU and equal tasks: sched_setscheduler(2), sched_setaffinity(2), getpriority(2). */
import { ERRNO } from '../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, putUser32 } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

const schedYield = (kernel: Kernel): number => {
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
  if (pid !== 0 && !kernel.tasks.has(pid)) return -ERRNO.ESRCH;
  return (mask[0] ?? 0) & 1 ? 0 : -ERRNO.EINVAL;
};

const exists = (kernel: Kernel, pid: number): number => {
  if (pid < 0) return -ERRNO.EINVAL;
  return pid === 0 || kernel.tasks.has(pid) ? 0 : -ERRNO.ESRCH;
};

const SCHED = { OTHER: 0, FIFO: 1, RR: 2, BATCH: 3, IDLE: 5, DEADLINE: 6 } as const;
const MAX_RT_PRIORITY = 99;
const isRealtime = (policy: number): boolean => policy === SCHED.FIFO || policy === SCHED.RR;
const isPolicy = (policy: number): boolean => Object.values<number>(SCHED).includes(policy);

const schedGetparam = (kernel: Kernel, task: Task, pid: number, address: number): number => {
  if (address === 0) return -ERRNO.EINVAL;
  const error = exists(kernel, pid);
  if (error === 0) putUser32(task.mm, address, 0);
  return error;
};

const getcpu = (_kernel: Kernel, task: Task, cpu: number, node: number): number => {
  if (cpu !== 0) putUser32(task.mm, cpu, 0);
  if (node !== 0) putUser32(task.mm, node, 0);
  return 0;
};

/** `which` of getpriority(2). */
const PRIO = { PROCESS: 0, PGRP: 1, USER: 2 } as const;
/** getpriority(2) gives 20 less the nice value, which is always 0 here. */
const NICE_ZERO = 20;

const whoExists = (kernel: Kernel, which: number, who: number): number => {
  if (which < PRIO.PROCESS || which > PRIO.USER) return -ERRNO.EINVAL;
  if (who === 0) return 0;
  for (const task of kernel.tasks.values()) {
    const id = which === PRIO.PROCESS ? task.pid : which === PRIO.PGRP ? task.group.pgid : task.cred.uid;
    if (id === who) return 0;
  }
  return -ERRNO.ESRCH;
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
    (kernel, _task, which, who) => whoExists(kernel, which, who) || NICE_ZERO,
    'the nice value is always 0',
  ),
  syscall(
    141,
    'setpriority',
    [
      ['which', arg.priorityWhich],
      ['who', arg.int],
      ['prio', arg.int],
    ],
    (kernel, _task, which, who) => whoExists(kernel, which, who),
    'has no effect',
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
    (kernel, _task, pid, policy, param) =>
      !isPolicy(policy) || param === 0 ? -ERRNO.EINVAL : exists(kernel, pid) || (isRealtime(policy) ? -ERRNO.EPERM : 0),
    'no real-time policies',
  ),
  syscall(145, 'sched_getscheduler', [['pid', arg.pid]], (kernel, _task, pid) => exists(kernel, pid)),
  syscall(146, 'sched_get_priority_max', [['policy', arg.schedulingPolicy]], (_kernel, _task, policy) =>
    isPolicy(policy) ? (isRealtime(policy) ? MAX_RT_PRIORITY : 0) : -ERRNO.EINVAL,
  ),
  syscall(147, 'sched_get_priority_min', [['policy', arg.schedulingPolicy]], (_kernel, _task, policy) =>
    isPolicy(policy) ? (isRealtime(policy) ? 1 : 0) : -ERRNO.EINVAL,
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
