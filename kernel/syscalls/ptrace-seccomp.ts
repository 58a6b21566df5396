/** ptrace(2): filters of a tracee, for who checkpoints it (kernel/seccomp.c). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { SECCOMP_METADATA } from '../abi/ptrace.ts';
import { SECCOMP_FLAG, SECCOMP_MODE, SOCK_FILTER } from '../abi/seccomp.ts';
import { copyToUser, getUser64 } from '../mm/user.ts';
import { nthFilter, type SeccompFilter } from '../process/seccomp.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';

/** Only who has CAP_SYS_ADMIN, and no filters of its own. */
const mayLook = ({ cred, seccomp }: Task): boolean =>
  capable(cred, CAP.SYS_ADMIN) && seccomp.mode === SECCOMP_MODE.DISABLED;

const programBytes = ({ program }: SeccompFilter): Uint8Array => {
  const bytes = new Uint8Array(program.length * SOCK_FILTER.size);
  const view = new DataView(bytes.buffer);
  for (const [at, instruction] of program.entries()) SOCK_FILTER.write(view, at * SOCK_FILTER.size, instruction);
  return bytes;
};

/** PTRACE_SECCOMP_GET_FILTER: how many instructions there are, which go to `data` unless that is 0. */
export const getSeccompFilter = (task: Task, tracee: Task, index: number, data: number): number => {
  if (!mayLook(task)) return -ERRNO.EACCES;
  const filter = nthFilter(tracee, BigInt(index));
  if (typeof filter === 'number') return filter;
  if (data !== 0) copyToUser(task.mm, data, programBytes(filter));
  return filter.program.length;
};

/** PTRACE_SECCOMP_GET_METADATA: `size` bytes of it, at least those that name the filter. */
export const getSeccompMetadata = (task: Task, tracee: Task, size: number, data: number): number => {
  if (!mayLook(task)) return -ERRNO.EACCES;
  const length = Math.min(size, SECCOMP_METADATA.size);
  if (length < SECCOMP_METADATA.offsets.flags) return -ERRNO.EINVAL;
  const index = getUser64(task.mm, data);
  const filter = nthFilter(tracee, index);
  if (typeof filter === 'number') return filter;
  const bytes = new Uint8Array(SECCOMP_METADATA.size);
  SECCOMP_METADATA.write(new DataView(bytes.buffer), 0, {
    ...{ filter_off: index, flags: filter.log ? BigInt(SECCOMP_FLAG.LOG) : 0n },
  });
  copyToUser(task.mm, data, bytes.subarray(0, length));
  return length;
};
