/** getsockopt(2) and setsockopt(2) (net/socket.c). */
import { ERRNO } from '../abi/errno.ts';
import { SO, SOL } from '../abi/socket.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, getUser32, putUser32 } from '../mm/user.ts';
import { getSocketOption, setSocketOption } from '../net/options.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { socketAt } from './socket-args.ts';

/** No option has a longer value. */
const LONGEST = 4096;

const setsockopt = (
  kernel: Kernel,
  task: Task,
  fd: number,
  level: number,
  name: number,
  address: number,
  length: number,
): number => {
  if (length < 0) return -ERRNO.EINVAL;
  const found = socketAt(task, fd);
  if (typeof found === 'number') return found;
  const { sock } = found;
  if (level !== SOL.SOCKET && sock.ops.setOption === undefined) return -ERRNO.EOPNOTSUPP;
  const value = copyFromUser(task.mm, address, Math.min(length, LONGEST));
  if (level === SOL.SOCKET) return setSocketOption(kernel, task, sock, name, value);
  return sock.ops.setOption!(kernel, task, sock, level, name, value);
};

const getsockopt = (
  kernel: Kernel,
  task: Task,
  fd: number,
  level: number,
  name: number,
  address: number,
  lengthAt: number,
): number => {
  const found = socketAt(task, fd);
  if (typeof found === 'number') return found;
  const { sock } = found;
  if (level !== SOL.SOCKET && sock.ops.getOption === undefined) return -ERRNO.EOPNOTSUPP;
  const room = getUser32(task.mm, lengthAt) | 0;
  if (room < 0) return -ERRNO.EINVAL;
  const value =
    level === SOL.SOCKET
      ? getSocketOption(kernel, task, sock, name, room)
      : sock.ops.getOption!(kernel, sock, level, name, room);
  if (value === -ERRNO.ERANGE && name === SO.PEERGROUPS) putUser32(task.mm, lengthAt, peerGroupsSize(sock));
  if (typeof value === 'number') return value;
  copyToUser(task.mm, address, value.subarray(0, Math.min(room, value.length)));
  putUser32(task.mm, lengthAt, Math.min(room, value.length));
  return 0;
};

const peerGroupsSize = (sock: object): number => (sock as { peerGroups: readonly number[] }).peerGroups.length * 4;

const option = [
  ['sockfd', arg.fd],
  ['level', arg.socketLevel],
  ['optname', arg.socketOption],
] as const satisfies SyscallRow['args'];

export const socketOptionSyscalls: readonly SyscallRow[] = [
  syscall(54, 'setsockopt', [...option, ['optval', arg.optval], ['optlen', arg.int]], setsockopt),
  syscall(55, 'getsockopt', [...option, ['optval', arg.outOptval], ['optlen', arg.outSocklen]], getsockopt),
];
