/** Attributes of a process: prctl(2), arch_prctl(2), personality(2). */

import { USER_END } from '../../emulator/api.ts';
import { CAP, SECBIT } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import {
  ARCH,
  MCE_KILL,
  MCE_KILL_POLICY,
  MDWE,
  PR,
  RESTORE_IDS,
  SAVED_AUXV_SIZE,
  SPEC,
  SPEC_STATE,
  THP_DISABLE_EXCEPT_ADVISED,
} from '../abi/process.ts';
import { NSIG } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { copyFromUser, copyToUser, putUser32, putUser64, putUserLong, readCBytes } from '../mm/user.ts';
import { changeAmbient, dropBounding, readBounding, setKeepCaps, setSecurebits } from '../process/capability.ts';
import { prctlSetMm } from '../process/set-mm.ts';
import { setUserDispatch } from '../process/user-dispatch.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { prctlSetSeccomp } from './seccomp.ts';

const TASK_COMM_LENGTH = 16;
const PR_TSC = { ENABLE: 1, SIGSEGV: 2 } as const;

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

/** PR_MCE_KILL: what this thread wants to hear of broken memory. */
const setMceKill = (task: Task, operation: number, policy: number): number => {
  const { mceKill } = task;
  if (operation === MCE_KILL.CLEAR) {
    if (policy !== 0) return -ERRNO.EINVAL;
    mceKill.own = false;
    return 0;
  }
  if (operation !== MCE_KILL.SET) return -ERRNO.EINVAL;
  // Set before the policy is looked at.
  mceKill.own = true;
  if (policy === MCE_KILL_POLICY.DEFAULT) mceKill.own = mceKill.early = false;
  else if (policy === MCE_KILL_POLICY.EARLY || policy === MCE_KILL_POLICY.LATE) {
    mceKill.early = policy === MCE_KILL_POLICY.EARLY;
  } else return -ERRNO.EINVAL;
  return 0;
};

/** Whether timer_create(2) is told which numbers to give (posixtimer_create_prctl). */
const restoreTimerIds = ({ group }: Task, operation: number): number => {
  if (operation === RESTORE_IDS.GET) return Number(group.restoresTimerIds);
  if (operation !== RESTORE_IDS.ON && operation !== RESTORE_IDS.OFF) return -ERRNO.EINVAL;
  group.restoresTimerIds = operation === RESTORE_IDS.ON;
  return 0;
};

/** PR_SET_THP_DISABLE: flags only switch off less. */
const setThpDisable = (mm: Mm, disable: number, flags: number): number => {
  if ((disable === 0 && flags !== 0) || flags & ~THP_DISABLE_EXCEPT_ADVISED) return -ERRNO.EINVAL;
  mm.thpDisable = disable === 0 ? 0 : 1 | flags;
  return 0;
};

/** PR_SET_MDWE: once and for all. */
const setMdwe = (mm: Mm, bits: number): number => {
  if (bits & ~(MDWE.REFUSE_EXEC_GAIN | MDWE.NO_INHERIT) || bits === MDWE.NO_INHERIT) return -ERRNO.EINVAL;
  if (mm.mdwe !== 0 && mm.mdwe !== bits) return -ERRNO.EPERM;
  mm.mdwe = bits;
  return 0;
};

/** The CPU does not speculate; the flush of its cache that it does not have is not offered (arch_prctl_spec_ctrl_get). */
const getSpeculation = (which: number): number => {
  if (which === SPEC.L1D_FLUSH) return SPEC_STATE.FORCE_DISABLE;
  return which === SPEC.STORE_BYPASS || which === SPEC.INDIRECT_BRANCH ? SPEC_STATE.NOT_AFFECTED : -ERRNO.ENODEV;
};

/** On such a CPU nothing can be switched, but on (arch_prctl_spec_ctrl_set). */
const setSpeculation = (which: number, state: number): number => {
  if (which === SPEC.STORE_BYPASS) return -ERRNO.ENXIO;
  if (which === SPEC.L1D_FLUSH) return -ERRNO.EPERM;
  if (which !== SPEC.INDIRECT_BRANCH) return -ERRNO.ENODEV;
  if (state === SPEC_STATE.ENABLE) return 0;
  return state === SPEC_STATE.DISABLE || state === SPEC_STATE.FORCE_DISABLE ? -ERRNO.EPERM : -ERRNO.ERANGE;
};

/** The auxiliary vector: as much as there is room for, and the bytes that the kernel keeps of it. */
const getAuxv = (task: Task, address: number, length: number): number => {
  const saved = new Uint8Array(SAVED_AUXV_SIZE);
  saved.set(task.mm.auxv.subarray(0, SAVED_AUXV_SIZE));
  copyToUser(task.mm, address, saved.subarray(0, Math.min(length, saved.length)));
  return saved.length;
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
    case PR.GET_SECCOMP:
      return task.seccomp.mode;
    case PR.SET_SECCOMP:
      return prctlSetSeccomp(kernel, task, arg2, arg3);
    case PR.GET_TID_ADDRESS:
      putUserLong(task.mm, arg2, task.clearChildTid);
      return 0;
    case PR.GET_TIMERSLACK:
      return task.timerSlack;
    case PR.SET_TIMERSLACK:
      task.timerSlack = arg2 === 0 ? task.defaultTimerSlack : arg2;
      return 0;
    case PR.MCE_KILL:
      return arg4 === 0 && arg5 === 0 ? setMceKill(task, arg2, arg3) : -ERRNO.EINVAL;
    case PR.MCE_KILL_GET: {
      if (arg2 !== 0 || !unused) return -ERRNO.EINVAL;
      const { own, early } = task.mceKill;
      return own ? (early ? MCE_KILL_POLICY.EARLY : MCE_KILL_POLICY.LATE) : MCE_KILL_POLICY.DEFAULT;
    }
    // No task has counters.
    case PR.TASK_PERF_EVENTS_DISABLE:
    case PR.TASK_PERF_EVENTS_ENABLE:
      return 0;
    case PR.TIMER_CREATE_RESTORE_IDS:
      return unused ? restoreTimerIds(task, arg2) : -ERRNO.EINVAL;
    case PR.GET_AUXV:
      return arg4 === 0 && arg5 === 0 ? getAuxv(task, arg2, arg3) : -ERRNO.EINVAL;
    case PR.GET_KEEPCAPS:
      return task.cred.securebits & SECBIT.KEEP_CAPS ? 1 : 0;
    case PR.SET_KEEPCAPS:
      return setKeepCaps(task, arg2);
    case PR.GET_SECUREBITS:
      return task.cred.securebits;
    case PR.SET_SECUREBITS:
      return setSecurebits(task, arg2);
    case PR.GET_THP_DISABLE:
      return arg2 === 0 && unused ? task.mm.thpDisable : -ERRNO.EINVAL;
    case PR.SET_THP_DISABLE:
      return arg4 === 0 && arg5 === 0 ? setThpDisable(task.mm, arg2, arg3) : -ERRNO.EINVAL;
    case PR.SET_IO_FLUSHER:
      if (!capable(task.cred, CAP.SYS_RESOURCE)) return -ERRNO.EPERM;
      if (arg2 > 1 || !unused) return -ERRNO.EINVAL;
      task.ioFlusher = arg2 === 1;
      return 0;
    case PR.GET_IO_FLUSHER:
      if (!capable(task.cred, CAP.SYS_RESOURCE)) return -ERRNO.EPERM;
      return arg2 === 0 && unused ? Number(task.ioFlusher) : -ERRNO.EINVAL;
    case PR.SET_MDWE:
      return unused ? setMdwe(task.mm, arg2) : -ERRNO.EINVAL;
    case PR.GET_MDWE:
      return arg2 === 0 && unused ? task.mm.mdwe : -ERRNO.EINVAL;
    case PR.SET_MEMORY_MERGE:
      if (!unused) return -ERRNO.EINVAL;
      task.mm.memoryMerge = arg2 !== 0;
      return 0;
    case PR.GET_MEMORY_MERGE:
      return arg2 === 0 && unused ? Number(task.mm.memoryMerge) : -ERRNO.EINVAL;
    case PR.SET_MM:
      return prctlSetMm(kernel, task, arg2, arg3, arg4, arg5);
    case PR.GET_SPECULATION_CTRL:
      return unused ? getSpeculation(arg2) : -ERRNO.EINVAL;
    case PR.SET_SPECULATION_CTRL:
      return arg4 === 0 && arg5 === 0 ? setSpeculation(arg2, arg3) : -ERRNO.EINVAL;
    case PR.GET_TIMING:
      return 0;
    case PR.SET_TIMING:
      return arg2 === 0 ? 0 : -ERRNO.EINVAL;
    case PR.GET_TSC:
      putUser32(task.mm, arg2, task.noTsc ? PR_TSC.SIGSEGV : PR_TSC.ENABLE);
      return 0;
    case PR.SET_TSC:
      if (arg2 !== PR_TSC.ENABLE && arg2 !== PR_TSC.SIGSEGV) return -ERRNO.EINVAL;
      task.noTsc = arg2 === PR_TSC.SIGSEGV;
      return 0;
    case PR.SET_SYSCALL_USER_DISPATCH:
      return setUserDispatch(task, arg2, arg3, arg4, arg5);
    case PR.CAPBSET_READ:
      return readBounding(task, arg2);
    case PR.CAPBSET_DROP:
      return dropBounding(task, arg2);
    case PR.CAP_AMBIENT:
      return arg4 === 0 && arg5 === 0 ? changeAmbient(task, arg2, arg3) : -ERRNO.EINVAL;
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

const PERSONALITY_QUERY = 0xffffffff;

/** Without effect, for addresses are not random; gdb asks for it. */
const ADDR_NO_RANDOMIZE = 0x40000;

const personality = (kernel: Kernel, task: Task, persona: number): number => {
  const wanted = persona >>> 0;
  const old = task.personality;
  if (wanted === PERSONALITY_QUERY) return old;
  if (wanted & ~ADDR_NO_RANDOMIZE) kernel.log(`personality: 0x${wanted.toString(16)} is ignored`);
  task.personality = wanted;
  return old;
};

export const prctlSyscalls: readonly SyscallRow[] = [
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
    'no PR_FUTEX_HASH',
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
  syscall(135, 'personality', [['persona', arg.ulong]], personality, 'only PER_LINUX, and kept without effect'),
];
