/** Signals: sigaction(2), sigprocmask(2), kill(2), sigaltstack(2) and their family (kernel/signal.c). */
import { ERRNO, RESTART } from '../abi/errno.ts';
import { SIGACTION, SIGSET_SIZE, STACK_T } from '../abi/sigframe.ts';
import { KERNEL_SIGINFO_SIZE, knownSiginfoLayout, readSigInfo, SIGINFO_SIZE, writeSigInfo } from '../abi/siginfo.ts';
import { SIG_BLOCK, SIG_SETMASK, SIG_UNBLOCK } from '../abi/signal.ts';
import { intersection, KERNEL_ONLY, NO_SIGNALS, type SigSet, union, without, writeSigset } from '../abi/sigset.ts';
import { TIMESPEC } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import {
  copyFromUser,
  copyToUser,
  getUserSigset,
  putUserSigset,
  readStruct,
  SCRATCH,
  scratchToUser,
  userSpan,
  userToScratch,
  writeStruct,
} from '../mm/user.ts';
import { checkSigaction, setSigaction } from '../signal/action.ts';
import { altstackFlags, setAltstack } from '../signal/altstack.ts';
import { killSomethingInfo, queueInfo, queueInfoToThread, tkill } from '../signal/kill.ts';
import { setBlockedExactly, setTemporaryMask } from '../signal/mask.ts';
import { dequeueSignal, recalcSigpending } from '../signal/pending.ts';
import { unignoreTimers } from '../signal/posix-timers.ts';
import { rtSigreturn } from '../signal/return.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { BLOCKED, block, REGISTERS_SET } from '../task/wait.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { timespecNanoseconds } from './timespec.ts';

const rtSigaction = (
  kernel: Kernel,
  task: Task,
  signo: number,
  act: number,
  oldact: number,
  sigsetsize: number,
): number => {
  if (sigsetsize !== SIGSET_SIZE) return -ERRNO.EINVAL;
  const wanted = act === 0 ? null : readStruct(task.mm, SIGACTION, act);
  const error = checkSigaction(task, signo, wanted !== null);
  if (error !== 0) return error;
  const { handler, flags, restorer, mask } = task.sighand.action[signo]!;
  if (wanted !== null) {
    setSigaction(task, signo, wanted.sa_handler, wanted.sa_flags, wanted.sa_restorer, wanted.sa_mask);
    unignoreTimers(kernel, task, signo);
  }
  if (oldact !== 0) {
    const old = { sa_handler: handler, sa_flags: flags, sa_restorer: restorer, sa_mask: mask };
    writeStruct(task.mm, SIGACTION, oldact, old);
  }
  return 0;
};

const rtSigprocmask = (
  kernel: Kernel,
  task: Task,
  how: number,
  set: number,
  oldset: number,
  sigsetsize: number,
): number => {
  if (sigsetsize !== SIGSET_SIZE) return -ERRNO.EINVAL;
  const old = task.blocked;
  if (set !== 0) {
    const wanted = without(getUserSigset(task.mm, set), KERNEL_ONLY);
    switch (how) {
      case SIG_BLOCK:
        setBlockedExactly(kernel, task, union(old, wanted));
        break;
      case SIG_UNBLOCK:
        setBlockedExactly(kernel, task, without(old, wanted));
        break;
      case SIG_SETMASK:
        setBlockedExactly(kernel, task, wanted);
        break;
      default:
        return -ERRNO.EINVAL;
    }
  }
  if (oldset !== 0) putUserSigset(task.mm, oldset, old);
  return 0;
};

const rtSigpending = (_kernel: Kernel, task: Task, set: number, sigsetsize: number): number => {
  if (sigsetsize > SIGSET_SIZE) return -ERRNO.EINVAL;
  const bytes = new Uint8Array(SIGSET_SIZE);
  const pending = union(task.pending.signal, task.group.sharedPending.signal);
  writeSigset(new DataView(bytes.buffer), 0, intersection(pending, task.blocked));
  copyToUser(task.mm, set, bytes.subarray(0, sigsetsize));
  return 0;
};

const pause = (kernel: Kernel, task: Task): number =>
  block(kernel, task, { what: 'pause', restart: RESTART.ERESTARTNOHAND });

const rtSigsuspend = (kernel: Kernel, task: Task, set: number, sigsetsize: number): number => {
  if (task.wait === null) {
    if (sigsetsize !== SIGSET_SIZE) return -ERRNO.EINVAL;
    setTemporaryMask(kernel, task, getUserSigset(task.mm, set));
  }
  return block(kernel, task, { what: 'sigsuspend', restart: RESTART.ERESTARTNOHAND });
};

/** Gives a taken signal to the program: its number is the result. */
const returnInfo = (task: Task, info: SigInfo, address: number): number => {
  if (address !== 0) {
    const { physical } = task.mm.kernel;
    const span = userSpan(task.mm, address, SIGINFO_SIZE, true);
    const at = span >= 0 ? span : SCRATCH;
    physical.bytes.clear(at, SIGINFO_SIZE);
    writeSigInfo(physical.view, at, info);
    if (span < 0) scratchToUser(task.mm, address, 0, SIGINFO_SIZE);
  }
  return info.signo;
};

/** While it sleeps the signals it waits for are open, so that they wake it; `realBlocked` is the mask meanwhile. */
const rtSigtimedwait = (
  kernel: Kernel,
  task: Task,
  set: number,
  info: number,
  timeout: number,
  sigsetsize: number,
): number => {
  if (sigsetsize !== SIGSET_SIZE) return -ERRNO.EINVAL;
  const wanted = without(getUserSigset(task.mm, set), KERNEL_ONLY);
  if (task.wait !== null) return endSigwait(kernel, task, wanted, info);
  let nanoseconds = Number.POSITIVE_INFINITY;
  if (timeout !== 0) {
    nanoseconds = timespecNanoseconds(readStruct(task.mm, TIMESPEC, timeout));
    if (nanoseconds < 0) return -ERRNO.EINVAL;
  }
  const found = dequeueSignal(kernel, task, wanted);
  if (found !== null) return returnInfo(task, found, info);
  if (nanoseconds === 0) return -ERRNO.EAGAIN;
  task.realBlocked = task.blocked;
  task.blocked = without(task.blocked, wanted);
  recalcSigpending(task);
  const deadline = kernel.now() + nanoseconds;
  const result = block(kernel, task, { what: 'sigtimedwait', deadline, restart: ERRNO.EINTR });
  return result === BLOCKED ? result : endSigwait(kernel, task, wanted, info);
};

/** Woken by a signal or by the clock. */
const endSigwait = (kernel: Kernel, task: Task, wanted: SigSet, info: number): number => {
  setBlockedExactly(kernel, task, task.realBlocked);
  task.realBlocked = NO_SIGNALS;
  const found = dequeueSignal(kernel, task, wanted);
  if (found !== null) return returnInfo(task, found, info);
  return task.wait?.timedOut ? -ERRNO.EAGAIN : -ERRNO.EINTR;
};

/** A siginfo from the program, or -errno (copy_siginfo_from_user). */
export const getInfo = (task: Task, signo: number, address: number): SigInfo | number => {
  const span = userSpan(task.mm, address, KERNEL_SIGINFO_SIZE, false);
  if (span < 0) userToScratch(task.mm, address, 0, KERNEL_SIGINFO_SIZE);
  const info = readSigInfo(task.mm.kernel.physical.view, span >= 0 ? span : SCRATCH, signo);
  if (!knownSiginfoLayout(signo, info.code)) {
    const rest = copyFromUser(task.mm, address + KERNEL_SIGINFO_SIZE, SIGINFO_SIZE - KERNEL_SIGINFO_SIZE);
    if (rest.some((byte) => byte !== 0)) return -ERRNO.E2BIG;
  }
  return info;
};

const rtSigqueueinfo = (kernel: Kernel, task: Task, pid: number, signo: number, address: number): number => {
  const info = getInfo(task, signo, address);
  return typeof info === 'number' ? info : queueInfo(kernel, pid, signo, info);
};

const rtTgsigqueueinfo = (
  kernel: Kernel,
  task: Task,
  tgid: number,
  pid: number,
  signo: number,
  address: number,
): number => {
  const info = getInfo(task, signo, address);
  return typeof info === 'number' ? info : queueInfoToThread(kernel, tgid, pid, signo, info);
};

const sigaltstack = (kernel: Kernel, task: Task, stack: number, oldStack: number): number => {
  const { mm, altstack } = task;
  const { rsp } = kernel.cpu.state;
  const wanted = stack === 0 ? null : readStruct(mm, STACK_T, stack);
  const old = { ss_sp: altstack.sp, ss_size: altstack.size, ss_flags: altstackFlags(task, rsp) };
  if (wanted !== null) {
    const error = setAltstack(task, rsp, wanted.ss_sp, wanted.ss_flags, wanted.ss_size);
    if (error !== 0) return error;
  }
  if (oldStack !== 0) writeStruct(mm, STACK_T, oldStack, old);
  return 0;
};

const sigreturn = (kernel: Kernel, task: Task): number => {
  rtSigreturn(kernel, task);
  return REGISTERS_SET;
};

export const signalSyscalls: readonly SyscallRow[] = [
  syscall(
    13,
    'rt_sigaction',
    [
      ['signum', arg.signal],
      ['act', arg.sigaction],
      ['oldact', arg.outSigaction],
      ['sigsetsize', arg.size],
    ],
    rtSigaction,
  ),
  syscall(
    14,
    'rt_sigprocmask',
    [
      ['how', arg.sigprocmaskHow],
      ['set', arg.sigset],
      ['oldset', arg.outSigset],
      ['sigsetsize', arg.size],
    ],
    rtSigprocmask,
  ),
  syscall(15, 'rt_sigreturn', [], sigreturn),
  syscall(34, 'pause', [], pause),
  syscall(
    62,
    'kill',
    [
      ['pid', arg.pid],
      ['sig', arg.signal],
    ],
    (kernel, _task, pid, signo) => killSomethingInfo(kernel, signo, pid),
  ),
  syscall(
    127,
    'rt_sigpending',
    [
      ['set', arg.outSigset],
      ['sigsetsize', arg.size],
    ],
    rtSigpending,
  ),
  syscall(
    128,
    'rt_sigtimedwait',
    [
      ['set', arg.sigset],
      ['info', arg.outSiginfo],
      ['timeout', arg.timespec],
      ['sigsetsize', arg.size],
    ],
    rtSigtimedwait,
  ),
  syscall(
    129,
    'rt_sigqueueinfo',
    [
      ['tgid', arg.pid],
      ['sig', arg.signal],
      ['info', arg.siginfo],
    ],
    rtSigqueueinfo,
  ),
  syscall(
    130,
    'rt_sigsuspend',
    [
      ['mask', arg.sigset],
      ['sigsetsize', arg.size],
    ],
    rtSigsuspend,
  ),
  syscall(
    131,
    'sigaltstack',
    [
      ['ss', arg.stackT],
      ['old_ss', arg.outStackT],
    ],
    sigaltstack,
  ),
  syscall(
    200,
    'tkill',
    [
      ['tid', arg.pid],
      ['sig', arg.signal],
    ],
    (kernel, _task, tid, signo) => (tid <= 0 ? -ERRNO.EINVAL : tkill(kernel, 0, tid, signo)),
  ),
  syscall(
    234,
    'tgkill',
    [
      ['tgid', arg.pid],
      ['tid', arg.pid],
      ['sig', arg.signal],
    ],
    (kernel, _task, tgid, tid, signo) => (tid <= 0 || tgid <= 0 ? -ERRNO.EINVAL : tkill(kernel, tgid, tid, signo)),
  ),
  syscall(
    297,
    'rt_tgsigqueueinfo',
    [
      ['tgid', arg.pid],
      ['tid', arg.pid],
      ['sig', arg.signal],
      ['info', arg.siginfo],
    ],
    rtTgsigqueueinfo,
  ),
];
