/**
 * socket(2) and its family in a kernel that has no address families: no socket can be made, so that no descriptor is one
 * (net/socket.c). Programs which ask for a socket in passing (nscd's, syslog's) go on without, as on a Linux built like that.
 */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { getFile } from '../fs/descriptors.ts';
import * as arg from './args.ts';
import { type SyscallHandler, type SyscallRow, syscall } from './row.ts';

/** SOCK_CLOEXEC and SOCK_NONBLOCK, which have the values of open(2)'s flags. */
const SOCK_FLAGS = O.CLOEXEC | O.NONBLOCK;
const SOCK_TYPE_MASK = 0xf;
/** Types are below this (SOCK_MAX), families too (AF_MAX). */
const SOCK_MAX = 11;

const NOTE = 'no address families: EAFNOSUPPORT';

/** Checks as for a socket to come. -EINVAL, else -EAFNOSUPPORT. */
const create = (domain: number, type: number): number => {
  if (type & ~(SOCK_FLAGS | SOCK_TYPE_MASK)) return -ERRNO.EINVAL;
  return domain >= 0 && (type & SOCK_TYPE_MASK) >= SOCK_MAX ? -ERRNO.EINVAL : -ERRNO.EAFNOSUPPORT;
};

/** A call on a descriptor, which is no socket's: -EBADF or -ENOTSOCK. */
const onDescriptor: SyscallHandler = (_kernel, task, fd) =>
  getFile(task, fd!) === undefined ? -ERRNO.EBADF : -ERRNO.ENOTSOCK;

const accept4: SyscallHandler = (kernel, task, fd, address, length, flags) => {
  const error = onDescriptor(kernel, task, fd!, address!, length!);
  return error === -ERRNO.ENOTSOCK && flags! & ~SOCK_FLAGS ? -ERRNO.EINVAL : error;
};

const row = (number: number, name: string, args: SyscallRow['args'], handler = onDescriptor): SyscallRow =>
  syscall(number, name, [['sockfd', arg.fd], ...args], handler, NOTE);

const kind = [
  ['domain', arg.int],
  ['type', arg.int],
  ['protocol', arg.int],
] as const satisfies SyscallRow['args'];
const addressIn = [
  ['addr', arg.pointer],
  ['addrlen', arg.int],
] as const satisfies SyscallRow['args'];
const addressOut = [
  ['addr', arg.pointer],
  ['addrlen', arg.pointer],
] as const satisfies SyscallRow['args'];
const buffer = [
  ['buf', arg.pointer],
  ['len', arg.size],
  ['flags', arg.flags],
] as const satisfies SyscallRow['args'];
const message = [
  ['msg', arg.pointer],
  ['flags', arg.flags],
] as const satisfies SyscallRow['args'];
const messages = [
  ['msgvec', arg.pointer],
  ['vlen', arg.unsigned],
  ['flags', arg.flags],
] as const satisfies SyscallRow['args'];
const option = [
  ['level', arg.int],
  ['optname', arg.int],
  ['optval', arg.pointer],
] as const satisfies SyscallRow['args'];

export const socketSyscalls: readonly SyscallRow[] = [
  syscall(41, 'socket', kind, (_kernel, _task, domain, type) => create(domain!, type!), NOTE),
  row(42, 'connect', addressIn),
  row(43, 'accept', addressOut),
  row(44, 'sendto', [...buffer, ...addressIn]),
  row(45, 'recvfrom', [...buffer, ...addressOut]),
  row(46, 'sendmsg', message),
  row(47, 'recvmsg', message),
  row(48, 'shutdown', [['how', arg.int]]),
  row(49, 'bind', addressIn),
  row(50, 'listen', [['backlog', arg.int]]),
  row(51, 'getsockname', addressOut),
  row(52, 'getpeername', addressOut),
  syscall(
    53,
    'socketpair',
    [...kind, ['sv', arg.pointer]],
    (_kernel, _task, domain, type) => create(domain!, type!),
    NOTE,
  ),
  row(54, 'setsockopt', [...option, ['optlen', arg.int]]),
  row(55, 'getsockopt', [...option, ['optlen', arg.pointer]]),
  row(288, 'accept4', [...addressOut, ['flags', arg.flags]], accept4),
  row(299, 'recvmmsg', [...messages, ['timeout', arg.pointer]]),
  row(307, 'sendmmsg', messages),
];
