/** seccomp(2), and what prctl(2) has of it. */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import {
  BPF_MAXINSNS,
  SECCOMP_DATA,
  SECCOMP_FLAG,
  SECCOMP_MODE,
  SECCOMP_NOTIF,
  SECCOMP_NOTIF_RESP,
  SECCOMP_OP,
  SECCOMP_RET,
  SOCK_FILTER,
  SOCK_FPROG,
} from '../abi/seccomp.ts';
import { installFile, lowestFree } from '../fs/descriptors.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, getUser32, readStruct } from '../mm/user.ts';
import type { BpfInstruction } from '../process/bpf.ts';
import { addFilter, prepareFilter, setStrict } from '../process/seccomp.ts';
import { newListener, newListenerFile } from '../process/seccomp-notify.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

const ALL_FLAGS = Object.values(SECCOMP_FLAG).reduce((all: number, flag) => all | flag, 0);
const ACTIONS: readonly number[] = [
  SECCOMP_RET.KILL_PROCESS,
  SECCOMP_RET.KILL_THREAD,
  SECCOMP_RET.TRAP,
  SECCOMP_RET.ERRNO,
  SECCOMP_RET.USER_NOTIF,
  SECCOMP_RET.TRACE,
  SECCOMP_RET.LOG,
  SECCOMP_RET.ALLOW,
];

const readProgram = (task: Task, address: number): BpfInstruction[] | number => {
  const { len, filter } = readStruct(task.mm, SOCK_FPROG, address);
  if (len === 0 || len > BPF_MAXINSNS) return -ERRNO.EINVAL;
  if (!task.noNewPrivs && !capable(task.cred, CAP.SYS_ADMIN)) return -ERRNO.EACCES;
  const bytes = copyFromUser(task.mm, filter, len * SOCK_FILTER.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: len }, (_, at) => SOCK_FILTER.read(view, at * SOCK_FILTER.size));
};

const setFilter = (kernel: Kernel, task: Task, flags: number, address: number): number => {
  const { TSYNC, TSYNC_ESRCH, NEW_LISTENER, WAIT_KILLABLE_RECV } = SECCOMP_FLAG;
  if (flags & ~ALL_FLAGS) return -ERRNO.EINVAL;
  const listens = (flags & NEW_LISTENER) !== 0;
  // A result above 0 would be a descriptor or a thread.
  if (flags & TSYNC && listens && !(flags & TSYNC_ESRCH)) return -ERRNO.EINVAL;
  if (flags & WAIT_KILLABLE_RECV && !listens) return -ERRNO.EINVAL;
  const program = readProgram(task, address);
  if (typeof program === 'number') return program;
  const refused = prepareFilter(task, program);
  if (refused !== 0 || !listens) return refused || addFilter(task, flags, program, null);
  const free = lowestFree(task);
  if (free < 0) return free;
  const listener = newListener(kernel, (flags & WAIT_KILLABLE_RECV) !== 0);
  const result = addFilter(task, flags, program, listener);
  return result === 0 ? installFile(kernel, task, newListenerFile(kernel, listener), true) : result;
};

const seccomp = (kernel: Kernel, task: Task, operation: number, flags: number, address: number): number => {
  switch (operation) {
    case SECCOMP_OP.SET_MODE_STRICT:
      return flags !== 0 || address !== 0 ? -ERRNO.EINVAL : setStrict(task);
    case SECCOMP_OP.SET_MODE_FILTER:
      return setFilter(kernel, task, flags, address);
    case SECCOMP_OP.GET_ACTION_AVAIL:
      if (flags !== 0) return -ERRNO.EINVAL;
      return ACTIONS.includes(getUser32(task.mm, address)) ? 0 : -ERRNO.EOPNOTSUPP;
    case SECCOMP_OP.GET_NOTIF_SIZES: {
      if (flags !== 0) return -ERRNO.EINVAL;
      const sizes = [SECCOMP_NOTIF, SECCOMP_NOTIF_RESP, SECCOMP_DATA].map(({ size }) => size);
      copyToUser(task.mm, address, new Uint8Array(Uint16Array.from(sizes).buffer));
      return 0;
    }
    default:
      return -ERRNO.EINVAL;
  }
};

/** prctl(PR_SET_SECCOMP). */
export const prctlSetSeccomp = (kernel: Kernel, task: Task, mode: number, address: number): number => {
  if (mode === SECCOMP_MODE.STRICT) return setStrict(task);
  return mode === SECCOMP_MODE.FILTER ? setFilter(kernel, task, 0, address) : -ERRNO.EINVAL;
};

export const seccompSyscalls: readonly SyscallRow[] = [
  syscall(
    317,
    'seccomp',
    [
      ['operation', arg.seccompOperation],
      ['flags', arg.seccompFlags],
      ['args', arg.pointer],
    ],
    seccomp,
  ),
];
