/** signalfd(2), signalfd4(2) (fs/signalfd.c). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { SIGSET_SIZE } from '../abi/sigframe.ts';
import { getFile, installFile } from '../fs/descriptors.ts';
import { isSignalFile, newSignalFile, setSignalMask } from '../fs/signalfd.ts';
import type { Kernel } from '../kernel.ts';
import { getUserSigset } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

const signalfd4 = (kernel: Kernel, task: Task, fd: number, address: number, size: number, flags: number): number => {
  if (size !== SIGSET_SIZE) return -ERRNO.EINVAL;
  const mask = getUserSigset(task.mm, address);
  if (flags & ~(O.CLOEXEC | O.NONBLOCK)) return -ERRNO.EINVAL;
  if (fd === -1) {
    const file = newSignalFile(kernel, mask, flags & O.NONBLOCK);
    return installFile(kernel, task, file, (flags & O.CLOEXEC) !== 0);
  }
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (!isSignalFile(file)) return -ERRNO.EINVAL;
  setSignalMask(kernel, task, file, mask);
  return fd;
};

const signalfd = (kernel: Kernel, task: Task, fd: number, address: number, size: number): number =>
  signalfd4(kernel, task, fd, address, size, 0);

export const signalfdSyscalls: readonly SyscallRow[] = [
  syscall(
    282,
    'signalfd',
    [
      ['fd', arg.fd],
      ['mask', arg.sizedSigset],
      ['sizemask', arg.size],
    ],
    signalfd,
  ),
  syscall(
    289,
    'signalfd4',
    [
      ['fd', arg.fd],
      ['mask', arg.sizedSigset],
      ['sizemask', arg.size],
      ['flags', arg.signalfdFlags],
    ],
    signalfd4,
  ),
];
