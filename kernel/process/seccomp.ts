/** Restricting system calls (kernel/seccomp.c; seccomp(2)). */

import { type CpuState, REG } from '../../emulator/api.ts';
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { PTRACE_EVENT } from '../abi/ptrace.ts';
import {
  AUDIT_ARCH_X86_64,
  BPF_MAXINSNS,
  SECCOMP_DATA,
  SECCOMP_FLAG,
  SECCOMP_MODE,
  SECCOMP_RET,
} from '../abi/seccomp.ts';
import { SIG } from '../abi/signal.ts';
import { syscallName } from '../abi/syscalls.ts';
import type { Kernel } from '../kernel.ts';
import { forceSigSeccomp } from '../signal/force.ts';
import { ptraceEvent } from '../signal/trace-stop.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { suspendsSeccomp } from '../task/trace.ts';
import { type BpfInstruction, isValidFilter, runFilter } from './bpf.ts';
import { doExit } from './exit.ts';
import { type Listener, userNotification } from './seccomp-notify.ts';

/** One filter and those installed before it, which children share. */
export interface SeccompFilter {
  readonly program: readonly BpfInstruction[];
  readonly earlier: SeccompFilter | null;
  /** SECCOMP_FILTER_FLAG_LOG. */
  readonly log: boolean;
  /** Who answers SECCOMP_RET_USER_NOTIF; null for nobody. */
  readonly listener: Listener | null;
}

/** read, write, exit and rt_sigreturn. */
const STRICT: readonly number[] = [0, 1, 60, 15];

/** Instructions of all filters of a task, each counted with four more (MAX_INSNS_PER_PATH). */
const MOST_INSTRUCTIONS = 32_768;
const PENALTY = 4;

/** Strict mode cannot be left, nor entered from filters. It does not know what time it is. */
export const setStrict = (task: Task): number => {
  if (task.seccomp.mode !== SECCOMP_MODE.DISABLED && task.seccomp.mode !== SECCOMP_MODE.STRICT) return -ERRNO.EINVAL;
  task.seccomp.mode = SECCOMP_MODE.STRICT;
  task.noTsc = true;
  return 0;
};

const chainLength = (filter: SeccompFilter | null): number => {
  let length = 0;
  for (let each = filter; each !== null; each = each.earlier) length += each.program.length + PENALTY;
  return length;
};

/** Another thread's filters are those of this one, or an earlier state of them (is_ancestor). */
const isAncestor = (of: SeccompFilter | null, filter: SeccompFilter | null): boolean => {
  for (let each = of; ; each = each.earlier) {
    if (each === filter) return true;
    if (each === null) return false;
  }
};

/** Someone listens to a filter that it has already (has_duplicate_listener). */
const hasListener = ({ seccomp }: Task): boolean => {
  for (let each = seccomp.filter; each !== null; each = each.earlier) {
    if (each.listener !== null && !each.listener.closed) return true;
  }
  return false;
};

/** Whether the program may be a filter of this task (seccomp_prepare_filter): 0 or -errno. */
export const prepareFilter = (task: Task, program: readonly BpfInstruction[]): number => {
  if (program.length === 0 || program.length > BPF_MAXINSNS) return -ERRNO.EINVAL;
  if (!task.noNewPrivs && !capable(task.cred, CAP.SYS_ADMIN)) return -ERRNO.EACCES;
  return isValidFilter(program) ? 0 : -ERRNO.EINVAL;
};

/**
 * Adds a filter that was prepared to the task's, or with TSYNC to those of all its threads: 0, -errno, or the thread that stands
 * against it (seccomp_set_mode_filter).
 */
export const addFilter = (
  task: Task,
  flags: number,
  program: readonly BpfInstruction[],
  listener: Listener | null,
): number => {
  const { seccomp } = task;
  if (seccomp.mode === SECCOMP_MODE.STRICT) return -ERRNO.EINVAL;
  if (listener !== null && hasListener(task)) return -ERRNO.EBUSY;
  if (chainLength(seccomp.filter) + program.length > MOST_INSTRUCTIONS) return -ERRNO.ENOMEM;
  const others =
    flags & SECCOMP_FLAG.TSYNC ? task.group.threads.filter((thread) => thread !== task && !thread.exiting) : [];
  for (const thread of others) {
    const { mode, filter } = thread.seccomp;
    const agrees =
      mode === SECCOMP_MODE.DISABLED || (mode === SECCOMP_MODE.FILTER && isAncestor(seccomp.filter, filter));
    if (!agrees) return flags & SECCOMP_FLAG.TSYNC_ESRCH ? -ERRNO.ESRCH : thread.pid;
  }
  const filter: SeccompFilter = {
    ...{ program, earlier: seccomp.filter, listener },
    log: (flags & SECCOMP_FLAG.LOG) !== 0,
  };
  for (const thread of [task, ...others]) {
    thread.seccomp = { mode: SECCOMP_MODE.FILTER, filter };
    if (task.noNewPrivs) thread.noNewPrivs = true;
  }
  return 0;
};

const dataOf = (state: CpuState, number: number): DataView => {
  const view = new DataView(new ArrayBuffer(SECCOMP_DATA.size));
  const args = [REG.rdi, REG.rsi, REG.rdx, REG.r10, REG.r8, REG.r9].map((register) => state.get(register));
  SECCOMP_DATA.write(view, 0, { nr: number, arch: AUDIT_ARCH_X86_64, instruction_pointer: state.rip64, args });
  return view;
};

/** A task's filter by its age, 0 being the oldest; -EINVAL without filters, -ENOENT (get_nth_filter). */
export const nthFilter = ({ seccomp }: Task, index: bigint): SeccompFilter | number => {
  if (seccomp.mode !== SECCOMP_MODE.FILTER) return -ERRNO.EINVAL;
  const filters: SeccompFilter[] = [];
  for (let each = seccomp.filter; each !== null; each = each.earlier) filters.unshift(each);
  return index < BigInt(filters.length) ? filters[Number(index)]! : -ERRNO.ENOENT;
};

/** The answer of the filter that is strictest; of equal ones the newest's (seccomp_run_filters). */
const runFilters = (task: Task, data: DataView): { answer: number; match: SeccompFilter | null } => {
  let strictest: number = SECCOMP_RET.ALLOW;
  let match: SeccompFilter | null = null;
  for (let each = task.seccomp.filter; each !== null; each = each.earlier) {
    const answer = runFilter(each.program, data);
    // As signed numbers the actions are in order.
    if ((answer & SECCOMP_RET.ACTION) >= (strictest & SECCOMP_RET.ACTION)) continue;
    strictest = answer;
    match = each;
  }
  return { answer: strictest, match };
};

/**
 * Whether the system call may be made. If not, everything that happens instead has happened: rax holds what the guest
 * sees, a signal is on its way, the thread has ended, it stopped for its tracer and asks again, or it waits for who answers
 * the call (__secure_computing). In the last two cases `task.entering` says so.
 * `asked`: that was done.
 */
export const secureComputing = (kernel: Kernel, task: Task, number: number, asked: boolean): boolean => {
  if (suspendsSeccomp(task)) return true;
  if (task.seccomp.mode === SECCOMP_MODE.STRICT) {
    if (STRICT.includes(number)) return true;
    doExit(kernel, task, SIG.SIGKILL);
    return false;
  }
  const { state } = kernel.cpu;
  const seen = dataOf(state, number);
  const { answer, match } = runFilters(task, seen);
  const data = answer & SECCOMP_RET.DATA;
  switch ((answer & SECCOMP_RET.ACTION) >>> 0) {
    case SECCOMP_RET.ALLOW:
      return true;
    case SECCOMP_RET.LOG:
      kernel.log(`${task.comm}: seccomp let ${syscallName(number) ?? number} through, to be logged`);
      return true;
    case SECCOMP_RET.ERRNO:
      state.setNumber(REG.rax, -Math.min(data, 4095));
      return false;
    case SECCOMP_RET.TRACE:
      if (asked) return true;
      if (ptraceEvent(kernel, task, PTRACE_EVENT.SECCOMP, data)) {
        task.inSyscall = true;
        task.entering = 'seccomp';
      } else {
        state.setNumber(REG.rax, -ERRNO.ENOSYS);
      }
      return false;
    case SECCOMP_RET.USER_NOTIF: {
      const listener = match?.listener ?? null;
      if (listener === null) {
        state.setNumber(REG.rax, -ERRNO.ENOSYS);
        return false;
      }
      const made = userNotification(kernel, task, listener, new Uint8Array(seen.buffer));
      if (task.inSyscall) task.entering = 'notified';
      return made;
    }
    case SECCOMP_RET.TRAP:
      state.setNumber(REG.rax, number);
      forceSigSeccomp(kernel, task, number, data, false);
      return false;
    case SECCOMP_RET.KILL_THREAD:
      if (task.group.threads.filter((thread) => !thread.exiting).length > 1) {
        doExit(kernel, task, SIG.SIGSYS);
        return false;
      }
      break;
  }
  // The dump shows the registers of the call.
  state.setNumber(REG.rax, number);
  forceSigSeccomp(kernel, task, number, data, true);
  return false;
};
