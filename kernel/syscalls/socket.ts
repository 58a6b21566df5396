/** Sockets and their connections: socket(2), bind(2), listen(2), accept(2), connect(2), shutdown(2), names (net/socket.c). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { SHUT, SOCK, SOCK_TYPE_MASK } from '../abi/socket.ts';
import { closeFile, installFile, lowestFree } from '../fs/descriptors.ts';
import { fput } from '../fs/inode.ts';
import type { Kernel } from '../kernel.ts';
import { copyToUser, UserFault } from '../mm/user.ts';
import { createPair, createSocket, socketFileFor } from '../net/file.ts';
import { SOMAXCONN } from '../net/sock.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { readAddress, socketAt, writeAddress } from './socket-args.ts';

const FLAGS = SOCK.CLOEXEC | SOCK.NONBLOCK;

const socket = (kernel: Kernel, task: Task, domain: number, type: number, protocol: number): number => {
  if (type & ~(FLAGS | SOCK_TYPE_MASK)) return -ERRNO.EINVAL;
  const sock = createSocket(kernel, task, domain, type & SOCK_TYPE_MASK, protocol);
  if (typeof sock === 'number') return sock;
  const file = socketFileFor(kernel, task, sock, type & O.NONBLOCK);
  return installFile(kernel, task, file, (type & SOCK.CLOEXEC) !== 0);
};

const socketpair = (
  kernel: Kernel,
  task: Task,
  domain: number,
  type: number,
  protocol: number,
  address: number,
): number => {
  if (type & ~(FLAGS | SOCK_TYPE_MASK)) return -ERRNO.EINVAL;
  const first = lowestFree(task);
  if (first < 0 || lowestFree(task, first + 1) < 0) return -ERRNO.EMFILE;
  const pair = createPair(kernel, task, domain, type & SOCK_TYPE_MASK, protocol);
  if (typeof pair === 'number') return pair;
  const fds = pair.map((sock) => {
    const file = socketFileFor(kernel, task, sock, type & O.NONBLOCK);
    return installFile(kernel, task, file, (type & SOCK.CLOEXEC) !== 0);
  });
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  for (const [i, fd] of fds.entries()) view.setInt32(i * 4, fd, true);
  try {
    copyToUser(task.mm, address, bytes);
    return 0;
  } catch (thrown) {
    if (thrown instanceof UserFault) for (const fd of fds) closeFile(kernel, task, fd);
    throw thrown;
  }
};

const bind = (kernel: Kernel, task: Task, fd: number, address: number, length: number): number => {
  const found = socketAt(task, fd);
  if (typeof found === 'number') return found;
  const name = readAddress(task, address, length);
  return typeof name === 'number' ? name : found.sock.ops.bind(kernel, task, found.sock, name);
};

const connect = (kernel: Kernel, task: Task, fd: number, address: number, length: number): number => {
  const found = socketAt(task, fd);
  if (typeof found === 'number') return found;
  const name = readAddress(task, address, length);
  if (typeof name === 'number') return name;
  return found.sock.ops.connect(kernel, task, found.sock, name, (found.file.flags & O.NONBLOCK) !== 0);
};

const listen = (kernel: Kernel, task: Task, fd: number, backlog: number): number => {
  const found = socketAt(task, fd);
  if (typeof found === 'number') return found;
  return found.sock.ops.listen(kernel, task, found.sock, Math.min(backlog >>> 0, SOMAXCONN));
};

const accept4 = (kernel: Kernel, task: Task, fd: number, address: number, lengthAt: number, flags: number): number => {
  const found = socketAt(task, fd);
  if (found === -ERRNO.EBADF) return found;
  if (flags & ~FLAGS) return -ERRNO.EINVAL;
  const free = lowestFree(task);
  if (free < 0) return free;
  if (typeof found === 'number') return found;
  const made = found.sock.ops.accept(kernel, task, found.sock, (found.file.flags & O.NONBLOCK) !== 0);
  if (typeof made === 'number') return made;
  const file = socketFileFor(kernel, task, made, flags & O.NONBLOCK);
  try {
    if (address !== 0) {
      const name = made.ops.getname(made, true);
      const error = typeof name === 'number' ? -ERRNO.ECONNABORTED : writeAddress(task, name, address, lengthAt);
      if (error < 0) {
        fput(kernel, file);
        return error;
      }
    }
  } catch (thrown) {
    if (thrown instanceof UserFault) fput(kernel, file);
    throw thrown;
  }
  return installFile(kernel, task, file, (flags & SOCK.CLOEXEC) !== 0);
};

const getName = (task: Task, fd: number, address: number, lengthAt: number, peer: boolean): number => {
  const found = socketAt(task, fd);
  if (typeof found === 'number') return found;
  const name = found.sock.ops.getname(found.sock, peer);
  return typeof name === 'number' ? name : writeAddress(task, name, address, lengthAt);
};

const shutdown = (kernel: Kernel, task: Task, fd: number, how: number): number => {
  const found = socketAt(task, fd);
  if (typeof found === 'number') return found;
  if (how < SHUT.RD || how > SHUT.RDWR) return -ERRNO.EINVAL;
  return found.sock.ops.shutdown(kernel, found.sock, how + 1);
};

const kind = [
  ['domain', arg.socketDomain],
  ['type', arg.socketType],
  ['protocol', arg.int],
] as const satisfies SyscallRow['args'];
const addressIn = [
  ['sockfd', arg.fd],
  ['addr', arg.sockaddr],
  ['addrlen', arg.int],
] as const satisfies SyscallRow['args'];
const addressOut = [
  ['sockfd', arg.fd],
  ['addr', arg.outSockaddr],
  ['addrlen', arg.outSocklen],
] as const satisfies SyscallRow['args'];

const NOTE =
  'AF_UNIX; TCP and UDP of AF_INET and AF_INET6 inside the machine, other addresses are ENETUNREACH; of AF_NETLINK what ' +
  'getifaddrs(3) asks for';

export const socketSyscalls: readonly SyscallRow[] = [
  syscall(41, 'socket', kind, socket, NOTE),
  syscall(42, 'connect', addressIn, connect),
  syscall(43, 'accept', addressOut, (kernel, task, fd, address, length) =>
    accept4(kernel, task, fd!, address!, length!, 0),
  ),
  syscall(
    48,
    'shutdown',
    [
      ['sockfd', arg.fd],
      ['how', arg.shutdownHow],
    ],
    shutdown,
  ),
  syscall(49, 'bind', addressIn, bind),
  syscall(
    50,
    'listen',
    [
      ['sockfd', arg.fd],
      ['backlog', arg.int],
    ],
    listen,
  ),
  syscall(51, 'getsockname', addressOut, (_kernel, task, fd, address, length) =>
    getName(task, fd!, address!, length!, false),
  ),
  syscall(52, 'getpeername', addressOut, (_kernel, task, fd, address, length) =>
    getName(task, fd!, address!, length!, true),
  ),
  syscall(53, 'socketpair', [...kind, ['sv', arg.pipefds]], socketpair),
  syscall(288, 'accept4', [...addressOut, ['flags', arg.socketFlags]], accept4),
];
