/** The system and its limits: uname(2), sysinfo(2), getrlimit(2), prctl(2), arch_prctl(2), sched_*(2), getrandom(2). */
import { PAGE_SIZE, USER_END } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import {
  ARCH,
  PR,
  RLIM_INFINITY,
  RLIMIT_STRUCT,
  RUSAGE,
  RUSAGE_CHILDREN,
  RUSAGE_SELF,
  RUSAGE_THREAD,
  SYSINFO,
  UTSNAME,
} from '../abi/process.ts';
import { RLIM_NLIMITS, RLIMIT } from '../abi/resource.ts';
import { NSIG } from '../abi/signal.ts';
import { GRND, SYSTEM } from '../abi/system.ts';
import { NSEC_PER_SEC } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import {
  copyFromUser,
  copyToUser,
  putUser32,
  putUser64,
  putUserLong,
  readCBytes,
  readStruct,
  writeStruct,
} from '../mm/user.ts';
import type { Rlimit, Task } from '../task/task.ts';
import { groupUsage, taskUsage } from '../task/usage.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { rusageOf } from './rusage.ts';

const UTS_LENGTH = 65;
const fixedText = (text: string): number[] => {
  const bytes = new Array<number>(UTS_LENGTH).fill(0);
  for (let i = 0; i < Math.min(text.length, UTS_LENGTH - 1); i++) bytes[i] = text.charCodeAt(i);
  return bytes;
};

const uname = (kernel: Kernel, task: Task, address: number): number => {
  writeStruct(task.mm, UTSNAME, address, {
    sysname: fixedText(SYSTEM.sysname),
    nodename: fixedText(kernel.hostname),
    release: fixedText(SYSTEM.release),
    version: fixedText(SYSTEM.version),
    machine: fixedText(SYSTEM.machine),
    domainname: fixedText(SYSTEM.domainname),
  });
  return 0;
};

const sethostname = (kernel: Kernel, task: Task, address: number, length: number): number => {
  if (task.cred.euid !== 0) return -ERRNO.EPERM;
  if (length < 0 || length > UTS_LENGTH - 1) return -ERRNO.EINVAL;
  kernel.hostname = String.fromCharCode(...copyFromUser(task.mm, address, length));
  return 0;
};

const sysinfo = (kernel: Kernel, task: Task, address: number): number => {
  const { physical } = kernel;
  writeStruct(task.mm, SYSINFO, address, {
    uptime: Math.floor(kernel.now() / NSEC_PER_SEC),
    loads: [0n, 0n, 0n],
    totalram: physical.limit * PAGE_SIZE,
    freeram: (physical.limit - physical.allocated) * PAGE_SIZE,
    sharedram: 0,
    bufferram: 0,
    totalswap: 0,
    freeswap: 0,
    procs: kernel.tasks.size,
    pad: 0,
    totalhigh: 0,
    freehigh: 0,
    mem_unit: 1,
  });
  return 0;
};

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
  if (wanted.hard > current.hard && task.cred.euid !== 0) return -ERRNO.EPERM;
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
  const { uid, gid, euid } = task.cred;
  const t = target.cred;
  if (task.group === target.group || euid === 0) return true;
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

const TASK_COMM_LENGTH = 16;
const DEFAULT_TIMER_SLACK = 50000;
const PR_TSC_ENABLE = 1;
const LAST_CAPABILITY = 40;

const setName = (task: Task, address: number): number => {
  const bytes = readCBytes(task.mm, address, TASK_COMM_LENGTH) ?? copyFromUser(task.mm, address, TASK_COMM_LENGTH - 1);
  task.comm = String.fromCharCode(...bytes.subarray(0, TASK_COMM_LENGTH - 1));
  return 0;
};

const getName = (task: Task, address: number): number => {
  const bytes = new Uint8Array(TASK_COMM_LENGTH);
  for (let i = 0; i < task.comm.length; i++) bytes[i] = task.comm.charCodeAt(i);
  copyToUser(task.mm, address, bytes);
  return 0;
};

const prctl = (
  kernel: Kernel,
  task: Task,
  option: number,
  arg2: number,
  arg3: number,
  arg4: number,
  arg5: number,
): number => {
  const unused = arg3 === 0 && arg4 === 0 && arg5 === 0;
  switch (option) {
    case PR.SET_PDEATHSIG:
      if (arg2 > NSIG) return -ERRNO.EINVAL;
      task.parentDeathSignal = arg2;
      return 0;
    case PR.GET_PDEATHSIG:
      putUser32(task.mm, arg2, task.parentDeathSignal);
      return 0;
    case PR.GET_DUMPABLE:
      return task.dumpable;
    case PR.SET_DUMPABLE:
      if (arg2 > 1) return -ERRNO.EINVAL;
      task.dumpable = arg2;
      return 0;
    case PR.SET_NAME:
      return setName(task, arg2);
    case PR.GET_NAME:
      return getName(task, arg2);
    case PR.SET_CHILD_SUBREAPER:
      task.group.childSubreaper = arg2 !== 0;
      return 0;
    case PR.GET_CHILD_SUBREAPER:
      putUser32(task.mm, arg2, task.group.childSubreaper ? 1 : 0);
      return 0;
    case PR.SET_NO_NEW_PRIVS:
      if (arg2 !== 1 || !unused) return -ERRNO.EINVAL;
      task.noNewPrivs = true;
      return 0;
    case PR.GET_NO_NEW_PRIVS:
      if (arg2 !== 0 || !unused) return -ERRNO.EINVAL;
      return task.noNewPrivs ? 1 : 0;
    case PR.GET_TID_ADDRESS:
      putUserLong(task.mm, arg2, task.clearChildTid);
      return 0;
    case PR.GET_TIMERSLACK:
      return DEFAULT_TIMER_SLACK;
    case PR.SET_TIMERSLACK:
      // Deadlines are exact here, which any slack allows.
      return 0;
    case PR.GET_KEEPCAPS:
    case PR.GET_TIMING:
    case PR.GET_SECCOMP:
    case PR.GET_SECUREBITS:
    case PR.GET_THP_DISABLE:
      return 0;
    case PR.SET_TIMING:
      return arg2 === 0 ? 0 : -ERRNO.EINVAL;
    case PR.GET_TSC:
      putUser32(task.mm, arg2, PR_TSC_ENABLE);
      return 0;
    case PR.CAPBSET_READ:
      return arg2 > LAST_CAPABILITY ? -ERRNO.EINVAL : 1;
    default:
      kernel.log(`prctl: option ${option} is not supported`);
      return -ERRNO.EINVAL;
  }
};

const archPrctl = (kernel: Kernel, task: Task, option: number, address: number): number => {
  const { state } = kernel.cpu;
  switch (option) {
    case ARCH.SET_FS:
    case ARCH.SET_GS:
      if (address >= USER_END) return -ERRNO.EPERM;
      if (option === ARCH.SET_FS) state.fsBase = BigInt(address);
      else state.gsBase = BigInt(address);
      return 0;
    case ARCH.GET_FS:
      putUser64(task.mm, address, state.fsBase);
      return 0;
    case ARCH.GET_GS:
      putUser64(task.mm, address, state.gsBase);
      return 0;
    case ARCH.GET_CPUID:
      return 1;
    case ARCH.SET_CPUID:
      return address === 0 ? -ERRNO.ENODEV : 0;
    default:
      return -ERRNO.EINVAL;
  }
};

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

/** Bytes filled at a time. */
const RANDOM_CHUNK = 65536;

const getrandom = (kernel: Kernel, task: Task, address: number, length: number, flags: number): number => {
  if (flags & ~(GRND.NONBLOCK | GRND.RANDOM | GRND.INSECURE)) return -ERRNO.EINVAL;
  if ((flags & (GRND.RANDOM | GRND.INSECURE)) === (GRND.RANDOM | GRND.INSECURE)) return -ERRNO.EINVAL;
  const wanted = Math.min(length, 0x7fffffff);
  for (let done = 0; done < wanted; ) {
    const bytes = new Uint8Array(Math.min(RANDOM_CHUNK, wanted - done));
    kernel.random(bytes);
    copyToUser(task.mm, address + done, bytes);
    done += bytes.length;
  }
  return wanted;
};

const PERSONALITY_QUERY = 0xffffffff;

const personality = (kernel: Kernel, _task: Task, persona: number): number => {
  const wanted = persona >>> 0;
  if (wanted !== PERSONALITY_QUERY && wanted !== 0) kernel.log(`personality: 0x${wanted.toString(16)} is ignored`);
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

export const systemSyscalls: readonly SyscallRow[] = [
  syscall(24, 'sched_yield', [], schedYield),
  syscall(63, 'uname', [['buf', arg.utsname]], uname),
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
    98,
    'getrusage',
    [
      ['who', arg.rusageWho],
      ['usage', arg.rusage],
    ],
    getrusage,
  ),
  syscall(99, 'sysinfo', [['info', arg.sysinfo]], sysinfo),
  syscall(135, 'personality', [['persona', arg.ulong]], personality, 'only PER_LINUX'),
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
    157,
    'prctl',
    [
      ['option', arg.prctlOp],
      ['arg2', arg.prctlArg],
      ['arg3', arg.prctlArg],
      ['arg4', arg.prctlArg],
      ['arg5', arg.prctlArg],
    ],
    prctl,
    'process attributes only',
  ),
  syscall(
    158,
    'arch_prctl',
    [
      ['code', arg.archPrctlOp],
      ['addr', arg.archPrctlArg],
    ],
    archPrctl,
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
    170,
    'sethostname',
    [
      ['name', arg.buffer],
      ['len', arg.int],
    ],
    sethostname,
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
    309,
    'getcpu',
    [
      ['cpu', arg.outUnsigned],
      ['node', arg.outUnsigned],
      ['tcache', arg.pointer],
    ],
    getcpu,
  ),
  syscall(
    318,
    'getrandom',
    [
      ['buf', arg.outRandom],
      ['buflen', arg.size],
      ['flags', arg.getrandomFlags],
    ],
    getrandom,
  ),
  // C libraries try it in every new thread and go on without.
  syscall(
    334,
    'rseq',
    [
      ['rseq', arg.pointer],
      ['rseq_len', arg.hexUnsigned],
      ['flags', arg.flags],
      ['sig', arg.hexUnsigned],
    ],
    () => -ERRNO.ENOSYS,
    'always ENOSYS',
  ),
];
