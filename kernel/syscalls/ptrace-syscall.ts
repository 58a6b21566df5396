/** ptrace(2): what a tracer learns of the system call that its tracee is in, and changes of it (kernel/ptrace.c). */
import { USER_REGS } from '../abi/core.ts';
import { ERRNO } from '../abi/errno.ts';
import {
  PTRACE_EVENT,
  PTRACE_EVENTMSG,
  PTRACE_SYSCALL_INFO,
  SYSCALL_INFO_SECCOMP,
  SYSCALL_INFO_SIZE,
} from '../abi/ptrace.ts';
import { AUDIT_ARCH_X86_64 } from '../abi/seccomp.ts';
import { SIG } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser } from '../mm/user.ts';
import { putReg, tracedRegs } from '../process/regset.ts';
import type { Task } from '../task/task.ts';
import type { Trace } from '../task/trace.ts';

const WORD = 8;
const RAX = USER_REGS.indexOf('rax');
const RIP = USER_REGS.indexOf('rip');
const RSP = USER_REGS.indexOf('rsp');
const ARGUMENTS = (['rdi', 'rsi', 'rdx', 'r10', 'r8', 'r9'] as const).map((name) => USER_REGS.indexOf(name));
const MAX_ERRNO = 4095n;

/** What kind of stop it is: only PTRACE_O_TRACESYSGOOD tells calls from other traps. */
const infoOp = ({ stop, message }: Trace): number => {
  if (stop?.info?.code === (SIG.SIGTRAP | 0x80)) return message;
  return stop?.info?.code === (SIG.SIGTRAP | (PTRACE_EVENT.SECCOMP << 8)) ? SYSCALL_INFO_SECCOMP : 0;
};

/** ptrace_get_syscall_info: how many bytes there are to know; as many as fit are copied. */
export const getSyscallInfo = (kernel: Kernel, task: Task, tracee: Task, size: number, data: number): number => {
  const bytes = new Uint8Array(SYSCALL_INFO_SIZE.all);
  const view = new DataView(bytes.buffer);
  const regs = tracedRegs(kernel, tracee);
  const op = infoOp(tracee.trace!);
  PTRACE_SYSCALL_INFO.write(view, 0, {
    op,
    arch: AUDIT_ARCH_X86_64,
    instruction_pointer: regs[RIP]!,
    stack_pointer: regs[RSP]!,
  });
  const union = SYSCALL_INFO_SIZE.none;
  let known: number = union;
  if (op === PTRACE_EVENTMSG.SYSCALL_ENTRY || op === SYSCALL_INFO_SECCOMP) {
    known = SYSCALL_INFO_SIZE.entry;
    view.setBigUint64(union, BigInt.asUintN(64, BigInt(tracee.origAx)), true);
    for (const [at, register] of ARGUMENTS.entries()) view.setBigUint64(union + WORD * (at + 1), regs[register]!, true);
    if (op === SYSCALL_INFO_SECCOMP) {
      view.setUint32(known, tracee.trace!.message, true);
      known = SYSCALL_INFO_SIZE.seccomp;
    }
  } else if (op === PTRACE_EVENTMSG.SYSCALL_EXIT) {
    known = SYSCALL_INFO_SIZE.exit;
    view.setBigUint64(union, regs[RAX]!, true);
    const value = BigInt.asIntN(64, regs[RAX]!);
    bytes[union + WORD] = value < 0n && value >= -MAX_ERRNO ? 1 : 0;
  }
  copyToUser(task.mm, data, bytes.subarray(0, Math.min(known, size)));
  return known;
};

/** Number and arguments of a call that will be made; -1 is none, whose arguments stay (ptrace_set_syscall_info_entry). */
const setEntry = (kernel: Kernel, tracee: Task, view: DataView): number => {
  const union = SYSCALL_INFO_SIZE.none;
  const number = view.getBigInt64(union, true);
  if (number !== BigInt.asIntN(32, number)) return -ERRNO.ERANGE;
  tracee.origAx = Number(number);
  if (number === -1n) return 0;
  for (const [at, register] of ARGUMENTS.entries()) {
    putReg(kernel, tracee, register, view.getBigUint64(union + WORD * (at + 1), true));
  }
  return 0;
};

/** The result of a call that was made: a value, or an error where that is not 0 (ptrace_set_syscall_info_exit). */
const setExit = (kernel: Kernel, tracee: Task, view: DataView): number => {
  const union = SYSCALL_INFO_SIZE.none;
  const value = view.getBigInt64(union, true);
  const isError = view.getUint8(union + WORD) !== 0;
  putReg(kernel, tracee, RAX, BigInt.asUintN(64, isError ? BigInt.asIntN(32, value) : value));
  return 0;
};

/** ptrace_set_syscall_info: of a stop of the same kind as `op` says. */
export const setSyscallInfo = (kernel: Kernel, task: Task, tracee: Task, size: number, data: number): number => {
  if (size < SYSCALL_INFO_SIZE.all) return -ERRNO.EINVAL;
  const bytes = copyFromUser(task.mm, data, SYSCALL_INFO_SIZE.all);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { op, flags, reserved } = PTRACE_SYSCALL_INFO.read(view, 0);
  if (flags !== 0 || reserved !== 0 || op !== infoOp(tracee.trace!)) return -ERRNO.EINVAL;
  switch (op) {
    case PTRACE_EVENTMSG.SYSCALL_ENTRY:
    case SYSCALL_INFO_SECCOMP:
      return setEntry(kernel, tracee, view);
    case PTRACE_EVENTMSG.SYSCALL_EXIT:
      return setExit(kernel, tracee, view);
    default:
      return -ERRNO.EINVAL;
  }
};
