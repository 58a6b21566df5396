/** Resource limits and usage: getrlimit(2), prlimit(2), getrusage(2). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { RLIM_INFINITY, RLIMIT_STRUCT, RUSAGE, RUSAGE_CHILDREN, RUSAGE_SELF, RUSAGE_THREAD } from '../abi/process.ts';
import { RLIM_NLIMITS, RLIMIT } from '../abi/resource.ts';
import type { Kernel } from '../kernel.ts';
import { readStruct, writeStruct } from '../mm/user.ts';
import { capable } from '../task/capability.ts';
import type { Rlimit, Task } from '../task/task.ts';
import { groupUsage, taskUsage } from '../task/usage.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { rusageOf } from './rusage.ts';

const getrusage = (kernel: Kernel, task: Task, who: number, address: number): number => {
  kernel.account();
  switch (who) {
    case RUSAGE_SELF:
      writeStruct(task.mm, RUSAGE, address, rusageOf(groupUsage(task.group)));
      return 0;
    case RUSAGE_CHILDREN:
      writeStruct(task.mm, RUSAGE, address, rusageOf(task.group.childUsage));
      return 0;
    case RUSAGE_THREAD:
      writeStruct(task.mm, RUSAGE, address, rusageOf(taskUsage(task)));
      return 0;
    default:
      return -ERRNO.EINVAL;
  }
};

const toGuestLimit = (limit: number): bigint => (limit === Number.POSITIVE_INFINITY ? RLIM_INFINITY : BigInt(limit));
const fromGuestLimit = (limit: bigint): number => (limit === RLIM_INFINITY ? Number.POSITIVE_INFINITY : Number(limit));

/** Most descriptors a process may be allowed (fs.nr_open). */
const NR_OPEN = 1 << 20;

/** 0 or -errno (do_prlimit). */
const setLimit = (task: Task, target: Task, resource: number, wanted: Rlimit): number => {
  const current = target.group.rlimits[resource]!;
  if (wanted.soft > wanted.hard) return -ERRNO.EINVAL;
  if (resource === RLIMIT.NOFILE && wanted.hard > NR_OPEN) return -ERRNO.EPERM;
  if (wanted.hard > current.hard && !capable(task.cred, CAP.SYS_RESOURCE)) return -ERRNO.EPERM;
  target.group.rlimits[resource] = wanted;
  return 0;
};

const readLimit = (task: Task, address: number): Rlimit => {
  const { rlim_cur, rlim_max } = readStruct(task.mm, RLIMIT_STRUCT, address);
  return { soft: fromGuestLimit(rlim_cur), hard: fromGuestLimit(rlim_max) };
};

const writeLimit = (task: Task, address: number, limit: Rlimit): void =>
  writeStruct(task.mm, RLIMIT_STRUCT, address, {
    rlim_cur: toGuestLimit(limit.soft),
    rlim_max: toGuestLimit(limit.hard),
  });

const isResource = (resource: number): boolean => resource >= 0 && resource < RLIM_NLIMITS;

const getrlimit = (_kernel: Kernel, task: Task, resource: number, address: number): number => {
  if (!isResource(resource)) return -ERRNO.EINVAL;
  writeLimit(task, address, task.group.rlimits[resource]!);
  return 0;
};

const setrlimit = (_kernel: Kernel, task: Task, resource: number, address: number): number => {
  const wanted = readLimit(task, address);
  return isResource(resource) ? setLimit(task, task, resource, wanted) : -ERRNO.EINVAL;
};

/** Another process's limits are for the same user, or root. */
const mayTouchLimits = (task: Task, target: Task): boolean => {
  const { uid, gid } = task.cred;
  const t = target.cred;
  if (task.group === target.group || capable(task.cred, CAP.SYS_RESOURCE)) return true;
  return [t.uid, t.euid, t.suid].every((id) => id === uid) && [t.gid, t.egid, t.sgid].every((id) => id === gid);
};

const prlimit64 = (
  kernel: Kernel,
  task: Task,
  pid: number,
  resource: number,
  newLimit: number,
  oldLimit: number,
): number => {
  const wanted = newLimit === 0 ? null : readLimit(task, newLimit);
  const target = pid === 0 ? task : kernel.tasks.get(pid);
  if (target === undefined) return -ERRNO.ESRCH;
  if (!mayTouchLimits(task, target)) return -ERRNO.EPERM;
  if (!isResource(resource)) return -ERRNO.EINVAL;
  const old = target.group.rlimits[resource]!;
  if (wanted !== null) {
    const error = setLimit(task, target, resource, wanted);
    if (error !== 0) return error;
  }
  if (oldLimit !== 0) writeLimit(task, oldLimit, old);
  return 0;
};

export const limitsSyscalls: readonly SyscallRow[] = [
  syscall(
    97,
    'getrlimit',
    [
      ['resource', arg.rlimitResource],
      ['rlim', arg.outRlimit],
    ],
    getrlimit,
  ),
  syscall(
    160,
    'setrlimit',
    [
      ['resource', arg.rlimitResource],
      ['rlim', arg.rlimit],
    ],
    setrlimit,
  ),
  syscall(
    302,
    'prlimit64',
    [
      ['pid', arg.pid],
      ['resource', arg.rlimitResource],
      ['new_limit', arg.rlimit],
      ['old_limit', arg.outRlimit],
    ],
    prlimit64,
  ),
  syscall(
    98,
    'getrusage',
    [
      ['who', arg.rusageWho],
      ['usage', arg.rusage],
    ],
    getrusage,
  ),
];
