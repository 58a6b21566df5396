/** Processes: clone(2), exit(2), wait(2), groups and sessions. */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { CLONE, CLONE_ARGS, RUSAGE } from '../abi/process.ts';
import { SIGINFO_CHLD } from '../abi/siginfo.ts';
import { NSIG, SIG } from '../abi/signal.ts';
import { exitStatus, P, WAIT } from '../abi/wait.ts';
import { getFile } from '../fs/descriptors.ts';
import { processOf } from '../fs/pidfd.ts';
import type { Kernel } from '../kernel.ts';
import { accessOk, copyFromUser, copyStructFromUser, putUser32, writeStruct } from '../mm/user.ts';
import { doExit, doGroupExit } from '../process/exit.ts';
import { kernelClone } from '../process/fork.ts';
import { getpgid, getsid, setpgid, setsid } from '../process/groups.ts';
import { doWait, type WaitFor } from '../process/wait.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, REGISTERS_SET } from '../task/wait.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { rusageOf } from './rusage.ts';

const exit = (kernel: Kernel, task: Task, code: number): number => {
  doExit(kernel, task, exitStatus(code));
  return REGISTERS_SET;
};

const exitGroup = (kernel: Kernel, task: Task, code: number): number => {
  doGroupExit(kernel, task, exitStatus(code));
  return REGISTERS_SET;
};

const NO_CLONE_ARGS = { flags: 0, exitSignal: SIG.SIGCHLD, stack: 0, tls: 0n, parentTid: 0, childTid: 0, pidfd: 0 };

const fork = (kernel: Kernel, task: Task): number => kernelClone(kernel, task, NO_CLONE_ARGS);

const vfork = (kernel: Kernel, task: Task): number =>
  kernelClone(kernel, task, { ...NO_CLONE_ARGS, flags: CLONE.VFORK | CLONE.VM });

const clone = (
  kernel: Kernel,
  task: Task,
  flags: number,
  stack: number,
  parentTid: number,
  childTid: number,
  tls: number,
): number => {
  // The low half is all that clone(2) has.
  const low = flags % 2 ** 32;
  // The word for the descriptor is that for the thread id.
  if (low & CLONE.PIDFD && low & (CLONE.DETACHED | CLONE.PARENT_SETTID)) return -ERRNO.EINVAL;
  return kernelClone(kernel, task, {
    flags: low - (low & CLONE.CSIGNAL),
    exitSignal: low & CLONE.CSIGNAL,
    stack,
    tls: BigInt(tls),
    parentTid,
    childTid,
    pidfd: parentTid,
  });
};

/** The first published size of struct clone_args. */
const CLONE_ARGS_SIZE_VER0 = 64;
const PAGE_SIZE = 4096;
/** Most ids that a child may be given: one for each level of namespaces. */
const MAX_PID_NS_LEVEL = 32n;
const INT_MAX = 0x7fffffffn;

/** All flags of clone3(2); those of them which need a kernel built with more are refused later. */
const CLONE3_FLAGS = 0xffffffff - CLONE.DETACHED - CLONE.CSIGNAL + CLONE.CLEAR_SIGHAND + CLONE.INTO_CGROUP;

const isSubset = (flags: bigint, of: number): boolean => (flags & ~BigInt(of)) === 0n;

const clone3 = (kernel: Kernel, task: Task, address: number, size: number): number => {
  if (size > PAGE_SIZE) return -ERRNO.E2BIG;
  if (size < CLONE_ARGS_SIZE_VER0) return -ERRNO.EINVAL;
  const bytes = copyStructFromUser(task.mm, address, size, CLONE_ARGS.size);
  if (bytes === null) return -ERRNO.E2BIG;
  const args = CLONE_ARGS.read(new DataView(bytes.buffer), 0);
  if ((args.set_tid === 0) !== (args.set_tid_size === 0n) || args.set_tid_size > MAX_PID_NS_LEVEL) return -ERRNO.EINVAL;
  if (args.flags & BigInt(CLONE.INTO_CGROUP) && (args.cgroup > INT_MAX || size < CLONE_ARGS.size)) return -ERRNO.EINVAL;
  // Ids are read before flags are looked at; there is one for each level of namespaces, of which there is one.
  const tids = copyFromUser(task.mm, args.set_tid, Number(args.set_tid_size) * 4);
  if (args.exit_signal > BigInt(NSIG) || !isSubset(args.flags, CLONE3_FLAGS)) return -ERRNO.EINVAL;
  const flags = Number(args.flags);
  const exitSignal = Number(args.exit_signal);
  const clears = Math.floor(flags / CLONE.CLEAR_SIGHAND) % 2 === 1;
  if (flags & CLONE.SIGHAND && clears) return -ERRNO.EINVAL;
  if (flags & (CLONE.THREAD | CLONE.PARENT) && exitSignal !== 0) return -ERRNO.EINVAL;
  if ((args.stack === 0) !== (args.stack_size === 0)) return -ERRNO.EINVAL;
  if (args.stack !== 0 && !accessOk(args.stack, args.stack_size)) return -ERRNO.EINVAL;
  if (tids.length > 4) return -ERRNO.EINVAL;
  // There is no file system of control groups: whatever descriptor it is, it is none of a group.
  if (flags >= CLONE.INTO_CGROUP) return -ERRNO.EBADF;
  return kernelClone(kernel, task, {
    flags,
    exitSignal,
    stack: args.stack + args.stack_size,
    tls: args.tls,
    parentTid: args.parent_tid,
    childTid: args.child_tid,
    pidfd: args.pidfd,
    ...(tids.length === 0 ? {} : { setTid: new DataView(tids.buffer, tids.byteOffset).getInt32(0, true) }),
  });
};

const WAIT4_OPTIONS = WAIT.WNOHANG | WAIT.WUNTRACED | WAIT.WCONTINUED | WAIT.WNOTHREAD | WAIT.WCLONE | WAIT.WALL;

const waitTarget = (task: Task, pid: number): WaitFor => {
  if (pid === -1) return { kind: 'any' };
  if (pid > 0) return { kind: 'pid', pid };
  return { kind: 'group', pgid: pid === 0 ? task.group.pgid : -pid };
};

const wait4 = (
  kernel: Kernel,
  task: Task,
  pid: number,
  statusAddress: number,
  options: number,
  usageAddress: number,
): number => {
  if (options & ~WAIT4_OPTIONS) return -ERRNO.EINVAL;
  if (pid === -2147483648) return -ERRNO.ESRCH;
  const found = doWait(kernel, task, waitTarget(task, pid), options | WAIT.WEXITED);
  if (typeof found === 'number') return found;
  if (statusAddress !== 0) putUser32(task.mm, statusAddress, found.status);
  if (usageAddress !== 0) writeStruct(task.mm, RUSAGE, usageAddress, rusageOf(found.usage));
  return found.pid;
};

const WAITID_OPTIONS = WAIT4_OPTIONS | WAIT.WNOWAIT | WAIT.WEXITED;

/** What waitid's idtype and id mean, or -errno. */
const waitidTarget = (task: Task, which: number, id: number): WaitFor | number => {
  switch (which) {
    case P.ALL:
      return { kind: 'any' };
    case P.PID:
      return id <= 0 ? -ERRNO.EINVAL : { kind: 'pid', pid: id };
    case P.PGID:
      return id < 0 ? -ERRNO.EINVAL : { kind: 'group', pgid: id === 0 ? task.group.pgid : id };
    case P.PIDFD: {
      if (id < 0) return -ERRNO.EINVAL;
      const found = processOf(getFile(task, id));
      return typeof found === 'number' ? found : { kind: 'pid', pid: found.task.pid };
    }
    default:
      return -ERRNO.EINVAL;
  }
};

/** The fields which waitid writes; the rest of the program's siginfo stays as it is. */
const putChildInfo = (
  task: Task,
  address: number,
  found: { code: number; pid: number; uid: number; value: number } | null,
): void => {
  const at = SIGINFO_CHLD.offsets;
  putUser32(task.mm, address + at.si_signo, found === null ? 0 : SIG.SIGCHLD);
  putUser32(task.mm, address + at.si_errno, 0);
  putUser32(task.mm, address + at.si_code, found?.code ?? 0);
  putUser32(task.mm, address + at.si_pid, found?.pid ?? 0);
  putUser32(task.mm, address + at.si_uid, found?.uid ?? 0);
  putUser32(task.mm, address + at.si_status, found?.value ?? 0);
};

const waitid = (
  kernel: Kernel,
  task: Task,
  which: number,
  id: number,
  infoAddress: number,
  options: number,
  usageAddress: number,
): number => {
  const result = checkedWaitid(kernel, task, which, id, options);
  if (result === BLOCKED) return result;
  if (typeof result === 'number') {
    if (infoAddress !== 0) putChildInfo(task, infoAddress, null);
    return result;
  }
  if (usageAddress !== 0) writeStruct(task.mm, RUSAGE, usageAddress, rusageOf(result.usage));
  if (infoAddress !== 0) putChildInfo(task, infoAddress, result);
  return 0;
};

const checkedWaitid = (kernel: Kernel, task: Task, which: number, id: number, options: number) => {
  if (options & ~WAITID_OPTIONS) return -ERRNO.EINVAL;
  if ((options & (WAIT.WEXITED | WAIT.WSTOPPED | WAIT.WCONTINUED)) === 0) return -ERRNO.EINVAL;
  const target = waitidTarget(task, which, id);
  if (typeof target === 'number') return target;
  // A descriptor with O_NONBLOCK does not wait, and says so.
  const nonblock = which === P.PIDFD && !(options & WAIT.WNOHANG) && (getFile(task, id)!.flags & O.NONBLOCK) !== 0;
  const result = doWait(kernel, task, target, nonblock ? options | WAIT.WNOHANG : options);
  return nonblock && result === 0 ? -ERRNO.EAGAIN : result;
};

const setTidAddress = (_kernel: Kernel, task: Task, address: number): number => {
  task.clearChildTid = address;
  return task.pid;
};

const getppid = (_kernel: Kernel, task: Task): number => task.group.leader.parent?.group.tgid ?? 0;

export const processSyscalls: readonly SyscallRow[] = [
  syscall(39, 'getpid', [], (_kernel, task) => task.group.tgid),
  syscall(
    56,
    'clone',
    [
      ['flags', arg.cloneFlags],
      ['stack', arg.pointer],
      ['parent_tid', arg.pointer],
      ['child_tid', arg.pointer],
      ['tls', arg.pointer],
    ],
    clone,
    'no namespaces',
  ),
  syscall(57, 'fork', [], fork),
  syscall(58, 'vfork', [], vfork),
  syscall(60, 'exit', [['status', arg.int]], exit),
  syscall(
    61,
    'wait4',
    [
      ['pid', arg.pid],
      ['wstatus', arg.waitStatus],
      ['options', arg.waitOptions],
      ['rusage', arg.waitRusage],
    ],
    wait4,
  ),
  syscall(
    109,
    'setpgid',
    [
      ['pid', arg.pid],
      ['pgid', arg.pid],
    ],
    setpgid,
  ),
  syscall(110, 'getppid', [], getppid),
  syscall(111, 'getpgrp', [], (_kernel, task) => task.group.pgid),
  syscall(112, 'setsid', [], setsid),
  syscall(121, 'getpgid', [['pid', arg.pid]], getpgid),
  syscall(124, 'getsid', [['pid', arg.pid]], getsid),
  syscall(186, 'gettid', [], (_kernel, task) => task.pid),
  syscall(218, 'set_tid_address', [['tidptr', arg.pointer]], setTidAddress),
  syscall(231, 'exit_group', [['status', arg.int]], exitGroup),
  syscall(
    247,
    'waitid',
    [
      ['idtype', arg.idType],
      ['id', arg.pid],
      ['infop', arg.outSiginfo],
      ['options', arg.waitOptions],
      ['rusage', arg.waitRusage],
    ],
    waitid,
  ),
  syscall(
    435,
    'clone3',
    [
      ['cl_args', arg.cloneArgs],
      ['size', arg.size],
    ],
    clone3,
    'no namespaces, no cgroups',
  ),
];
