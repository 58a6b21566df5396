/** seccomp(2), and what prctl(2) has of it. */
import { ERRNO } from '../abi/errno.ts';
import { SECCOMP_FLAG, SECCOMP_MODE, SECCOMP_OP, SECCOMP_RET, SOCK_FILTER, SOCK_FPROG } from '../abi/seccomp.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, getUser32, readStruct } from '../mm/user.ts';
import { addFilter, setStrict } from '../process/seccomp.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

const ALL_FLAGS = Object.values(SECCOMP_FLAG).reduce((all: number, flag) => all | flag, 0);
const ACTIONS: readonly number[] = [
  SECCOMP_RET.KILL_PROCESS,
  SECCOMP_RET.KILL_THREAD,
  SECCOMP_RET.TRAP,
  SECCOMP_RET.ERRNO,
  SECCOMP_RET.TRACE,
  SECCOMP_RET.LOG,
  SECCOMP_RET.ALLOW,
];

const setFilter = (kernel: Kernel, task: Task, flags: number, address: number): number => {
  if (flags & ~ALL_FLAGS) return -ERRNO.EINVAL;
  if (flags & SECCOMP_FLAG.NEW_LISTENER) {
    kernel.log('seccomp: SECCOMP_FILTER_FLAG_NEW_LISTENER is not supported');
    return -ERRNO.EINVAL;
  }
  if (flags & SECCOMP_FLAG.WAIT_KILLABLE) return -ERRNO.EINVAL;
  const { len, filter } = readStruct(task.mm, SOCK_FPROG, address);
  if (len === 0 || len > 4096) return -ERRNO.EINVAL;
  if (!task.noNewPrivs && task.cred.euid !== 0) return -ERRNO.EACCES;
  const bytes = copyFromUser(task.mm, filter, len * SOCK_FILTER.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return addFilter(
    task,
    flags,
    Array.from({ length: len }, (_, at) => SOCK_FILTER.read(view, at * SOCK_FILTER.size)),
  );
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
      // struct seccomp_notif, seccomp_notif_resp, seccomp_data.
      const sizes = [80, 24, 64];
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
    'no SECCOMP_FILTER_FLAG_NEW_LISTENER',
  ),
];
