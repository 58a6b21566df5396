/** ptrace(2): the requests (kernel/ptrace.c, arch/x86/kernel/ptrace.c). */
import { REG } from '../../emulator/api.ts';
import { USER_REGS, USER_REGS_SIZE } from '../abi/core.ts';
import { ERRNO } from '../abi/errno.ts';
import { ARCH } from '../abi/process.ts';
import {
  FXSAVE_SIZE,
  PEEKSIGINFO_ARGS,
  PTRACE,
  PTRACE_PEEKSIGINFO_SHARED,
  PTRACE_RSEQ_CONFIGURATION,
  PTRACE_SUD_CONFIG,
} from '../abi/ptrace.ts';
import { readSigInfo, SIGINFO_SIZE, writeSigInfo } from '../abi/siginfo.ts';
import { SIG } from '../abi/signal.ts';
import { KERNEL_ONLY, without } from '../abi/sigset.ts';
import type { Kernel } from '../kernel.ts';
import { readRemote, writeRemote } from '../mm/remote.ts';
import {
  copyFromUser,
  copyToUser,
  getUserSigset,
  putUser64,
  putUserSigset,
  readStruct,
  writeStruct,
} from '../mm/user.ts';
import {
  checkOptions,
  ptraceAttach,
  ptraceDetach,
  ptraceInterrupt,
  ptraceListen,
  ptraceResume,
  ptraceTraceme,
} from '../process/ptrace.ts';
import { putReg, tracedRegs } from '../process/regset.ts';
import { getThreadArea, setThreadArea } from '../process/tls.ts';
import { setUserDispatch, userDispatchConfig } from '../process/user-dispatch.ts';
import { sigmaskToSave } from '../signal/mask.ts';
import { queued, recalcSigpending } from '../signal/pending.ts';
import { kernelInfo, sendSignal } from '../signal/send.ts';
import type { SigInfo, Task } from '../task/task.ts';
import * as arg from './args.ts';
import { floatImage, moveRegset, peekUser, pokeUser, regsImage, setFloat, setRegs } from './ptrace-regs.ts';
import { getSeccompFilter, getSeccompMetadata } from './ptrace-seccomp.ts';
import { getSyscallInfo, setSyscallInfo } from './ptrace-syscall.ts';
import { type SyscallRow, syscall } from './row.ts';

const WORD = 8;
const FS_BASE = USER_REGS.indexOf('fs_base');
const GS_BASE = USER_REGS.indexOf('gs_base');

const peek = (task: Task, tracee: Task, address: number, data: number): number => {
  const bytes = readRemote(tracee.mm, address, WORD);
  if (bytes.length < WORD) return -ERRNO.EIO;
  copyToUser(task.mm, data, bytes);
  return 0;
};

const wordBytes = (value: bigint): Uint8Array => new Uint8Array(new BigUint64Array([value]).buffer);

const putSigInfo = (task: Task, info: SigInfo, data: number): void => {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  writeSigInfo(new DataView(bytes.buffer), 0, info);
  copyToUser(task.mm, data, bytes);
};

const getSigInfo = (task: Task, tracee: Task, data: number): number => {
  const info = tracee.trace?.stop?.info;
  if (info == null) return -ERRNO.EINVAL;
  putSigInfo(task, info, data);
  return 0;
};

const setSigInfo = (task: Task, tracee: Task, data: number): number => {
  const stop = tracee.trace?.stop;
  if (stop?.info == null) return -ERRNO.EINVAL;
  const bytes = copyFromUser(task.mm, data, SIGINFO_SIZE).slice();
  const view = new DataView(bytes.buffer);
  stop.info = readSigInfo(view, 0, view.getInt32(0, true));
  return 0;
};

/** Signals that are queued for the tracee, or for its process: how many were copied (ptrace_peek_siginfo). */
const peekSigInfo = (task: Task, tracee: Task, address: number, data: number): number => {
  const args = readStruct(task.mm, PEEKSIGINFO_ARGS, address);
  if (args.flags & ~PTRACE_PEEKSIGINFO_SHARED || args.nr < 0) return -ERRNO.EINVAL;
  const queue = queued(args.flags & PTRACE_PEEKSIGINFO_SHARED ? tracee.group.sharedPending : tracee.pending);
  const infos = args.off >= BigInt(queue.length) ? [] : queue.slice(Number(args.off)).slice(0, args.nr);
  for (const [index, info] of infos.entries()) putSigInfo(task, info, data + index * SIGINFO_SIZE);
  return infos.length;
};

/** PTRACE_ARCH_PRCTL: the bases of FS and GS, with the arguments of arch_prctl(2) exchanged. */
const archPrctl = (kernel: Kernel, task: Task, tracee: Task, address: number, code: number): number => {
  const index = code === ARCH.GET_FS || code === ARCH.SET_FS ? FS_BASE : GS_BASE;
  switch (code) {
    case ARCH.GET_FS:
    case ARCH.GET_GS:
      putUser64(task.mm, address, tracedRegs(kernel, tracee)[index]!);
      return 0;
    case ARCH.SET_FS:
    case ARCH.SET_GS:
      return putReg(kernel, tracee, index, BigInt(address)) ? 0 : -ERRNO.EPERM;
    default:
      return -ERRNO.EINVAL;
  }
};

const setSigmask = (task: Task, tracee: Task, size: number, data: number): number => {
  if (size !== WORD) return -ERRNO.EINVAL;
  tracee.blocked = without(getUserSigset(task.mm, data), KERNEL_ONLY);
  recalcSigpending(tracee);
  return 0;
};

/** PTRACE_GET_RSEQ_CONFIGURATION: as much as there is room for; the whole size. */
const getRseq = (task: Task, tracee: Task, size: number, data: number): number => {
  const bytes = new Uint8Array(PTRACE_RSEQ_CONFIGURATION.size);
  const { address, length, signature } = tracee.rseq ?? { address: 0, length: 0, signature: 0 };
  PTRACE_RSEQ_CONFIGURATION.write(new DataView(bytes.buffer), 0, {
    ...{ rseq_abi_pointer: BigInt(address), rseq_abi_size: length, signature },
  });
  copyToUser(task.mm, data, bytes.subarray(0, Math.min(size, bytes.length)));
  return bytes.length;
};

const setDispatch = (task: Task, tracee: Task, data: number): number => {
  const { mode, offset, len, selector } = readStruct(task.mm, PTRACE_SUD_CONFIG, data);
  return setUserDispatch(tracee, Number(mode), Number(offset), Number(len), Number(selector));
};

/** The entry's index is an int. */
const threadArea = (kernel: Kernel, task: Task, tracee: Task, set: boolean, data: number): number => {
  const index = kernel.cpu.state.getInt32(REG.rdx);
  if (index < 0) return -ERRNO.EIO;
  return set ? setThreadArea(kernel, tracee, index, task.mm, data) : getThreadArea(tracee, index, task.mm, data);
};

/** Requests to a tracee that is stopped (arch_ptrace, ptrace_request). */
const ptraceRequest = (
  kernel: Kernel,
  task: Task,
  tracee: Task,
  request: number,
  address: number,
  data: number,
): number => {
  const trace = tracee.trace!;
  const value = (): bigint => BigInt.asUintN(64, kernel.cpu.state.get(REG.r10));
  switch (request) {
    case PTRACE.PEEKTEXT:
    case PTRACE.PEEKDATA:
      return peek(task, tracee, address, data);
    case PTRACE.POKETEXT:
    case PTRACE.POKEDATA:
      return writeRemote(tracee.mm, address, wordBytes(value())) === WORD ? 0 : -ERRNO.EIO;
    case PTRACE.PEEKUSER:
      return peekUser(kernel, task, tracee, address, data);
    case PTRACE.POKEUSER:
      return pokeUser(kernel, tracee, address, value());
    case PTRACE.CONT:
    case PTRACE.SYSCALL:
    case PTRACE.SINGLESTEP:
    case PTRACE.SYSEMU:
    case PTRACE.SYSEMU_SINGLESTEP:
    case PTRACE.SINGLEBLOCK:
      return ptraceResume(kernel, tracee, request, data);
    case PTRACE.DETACH:
      return ptraceDetach(kernel, tracee, data);
    case PTRACE.GETREGS:
      copyToUser(task.mm, data, regsImage(kernel, tracee));
      return 0;
    case PTRACE.SETREGS:
      return setRegs(kernel, tracee, copyFromUser(task.mm, data, USER_REGS_SIZE));
    case PTRACE.GETFPREGS:
      copyToUser(task.mm, data, floatImage(kernel, tracee).subarray(0, FXSAVE_SIZE));
      return 0;
    case PTRACE.SETFPREGS:
      return setFloat(kernel, tracee, copyFromUser(task.mm, data, FXSAVE_SIZE));
    case PTRACE.GETREGSET:
    case PTRACE.SETREGSET:
      return moveRegset(kernel, task, tracee, { type: address, vector: data, write: request === PTRACE.SETREGSET });
    case PTRACE.OLDSETOPTIONS:
    case PTRACE.SETOPTIONS: {
      const error = checkOptions(task, data);
      if (error === 0) trace.options = data;
      return error;
    }
    case PTRACE.GETEVENTMSG:
      putUser64(task.mm, data, BigInt(trace.message));
      return 0;
    case PTRACE.GETSIGINFO:
      return getSigInfo(task, tracee, data);
    case PTRACE.SETSIGINFO:
      return setSigInfo(task, tracee, data);
    case PTRACE.PEEKSIGINFO:
      return peekSigInfo(task, tracee, address, data);
    case PTRACE.ARCH_PRCTL:
      return archPrctl(kernel, task, tracee, address, data);
    case PTRACE.GETSIGMASK:
      if (address !== WORD) return -ERRNO.EINVAL;
      putUserSigset(task.mm, data, sigmaskToSave(tracee));
      return 0;
    case PTRACE.SETSIGMASK:
      return setSigmask(task, tracee, address, data);
    case PTRACE.GET_SYSCALL_INFO:
      return getSyscallInfo(kernel, task, tracee, address, data);
    case PTRACE.SET_SYSCALL_INFO:
      return setSyscallInfo(kernel, task, tracee, address, data);
    case PTRACE.GET_SYSCALL_USER_DISPATCH_CONFIG:
      if (address !== PTRACE_SUD_CONFIG.size) return -ERRNO.EINVAL;
      writeStruct(task.mm, PTRACE_SUD_CONFIG, data, userDispatchConfig(tracee));
      return 0;
    case PTRACE.SET_SYSCALL_USER_DISPATCH_CONFIG:
      return address === PTRACE_SUD_CONFIG.size ? setDispatch(task, tracee, data) : -ERRNO.EINVAL;
    case PTRACE.SECCOMP_GET_FILTER:
      return getSeccompFilter(task, tracee, address, data);
    case PTRACE.SECCOMP_GET_METADATA:
      return getSeccompMetadata(task, tracee, address, data);
    case PTRACE.GET_THREAD_AREA:
    case PTRACE.SET_THREAD_AREA:
      return threadArea(kernel, task, tracee, request === PTRACE.SET_THREAD_AREA, data);
    case PTRACE.GET_RSEQ_CONFIGURATION:
      return getRseq(task, tracee, address, data);
    case PTRACE.LISTEN:
      return ptraceListen(kernel, tracee);
    default:
      kernel.log(`ptrace: request 0x${request.toString(16)} is not supported: EIO`);
      return -ERRNO.EIO;
  }
};

const ptrace = (kernel: Kernel, task: Task, request: number, pid: number, address: number, data: number): number => {
  if (request === PTRACE.TRACEME) return ptraceTraceme(task);
  const tracee = kernel.tasks.get(pid);
  if (tracee === undefined) return -ERRNO.ESRCH;
  if (request === PTRACE.ATTACH) return ptraceAttach(kernel, task, tracee, false, 0);
  if (request === PTRACE.SEIZE) {
    return address === 0 ? ptraceAttach(kernel, task, tracee, true, data) : -ERRNO.EIO;
  }
  if (tracee.trace?.tracer !== task) return -ERRNO.ESRCH;
  if (request === PTRACE.KILL) {
    sendSignal(kernel, kernelInfo(SIG.SIGKILL), tracee, false);
    return 0;
  }
  if (request === PTRACE.INTERRUPT) return ptraceInterrupt(kernel, tracee);
  if (tracee.state !== 'traced' || tracee.trace.stop === null || tracee.trace.stop.listening) return -ERRNO.ESRCH;
  return ptraceRequest(kernel, task, tracee, request, address, data);
};

export const ptraceSyscalls: readonly SyscallRow[] = [
  syscall(
    101,
    'ptrace',
    [
      ['request', arg.ptraceRequest],
      ['pid', arg.pid],
      ['addr', arg.pointer],
      ['data', arg.pointer],
    ],
    ptrace,
    'PTRACE_SINGLEBLOCK steps single instructions',
  ),
];
