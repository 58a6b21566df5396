/** process_vm_readv(2), process_vm_writev(2): copying between the memory of two processes (mm/process_vm_access.c). */
import { ERRNO } from '../abi/errno.ts';
import type { UserBuffer } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { importIovec, importRemoteIovec } from '../mm/iov.ts';
import { ptraceMayAccess } from '../task/access.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallHandler, type SyscallRow, syscall } from './row.ts';

/** Bytes moved at a time. */
const CHUNK = 65536;

/** Moves until either side is used up or cannot be accessed: the count, or throws `UserFault` if nothing could be moved. */
const move = (from: UserBuffer, to: UserBuffer): number => {
  let moved = 0;
  while (from.remaining > 0 && to.remaining > 0) {
    const bytes = from.take(Math.min(CHUNK, to.remaining));
    const put = bytes.length === 0 ? 0 : to.put(bytes);
    moved += put;
    if (put < bytes.length || put === 0) break;
  }
  return moved;
};

const processVm =
  (write: boolean): SyscallHandler =>
  (kernel: Kernel, task: Task, pid, localVector, localCount, remoteVector, remoteCount, flags) => {
    if (flags !== 0) return -ERRNO.EINVAL;
    const local = importIovec(task.mm, localVector, localCount);
    if (typeof local === 'number') return local;
    if (local.remaining === 0) return 0;
    const other = kernel.tasks.get(pid);
    const mm = other === undefined || other.exiting ? task.mm : other.mm;
    const remote = importRemoteIovec(task.mm, remoteVector, remoteCount, mm);
    if (typeof remote === 'number') return remote;
    if (remote.remaining === 0) return 0;
    if (other === undefined || other.exiting || other === kernel.init) return -ERRNO.ESRCH;
    if (!ptraceMayAccess(task, other)) return -ERRNO.EPERM;
    return write ? move(local, remote) : move(remote, local);
  };

const arguments_: SyscallRow['args'] = [
  ['pid', arg.pid],
  ['local_iov', arg.pointer],
  ['liovcnt', arg.ulong],
  ['remote_iov', arg.pointer],
  ['riovcnt', arg.ulong],
  ['flags', arg.ulong],
];

export const processVmSyscalls: readonly SyscallRow[] = [
  syscall(310, 'process_vm_readv', arguments_, processVm(false)),
  syscall(311, 'process_vm_writev', arguments_, processVm(true)),
];
