/** Messages through sockets: send(2), recv(2) and their family (net/socket.c). */
import { ERRNO } from '../abi/errno.ts';
import { IOV_MAX, O } from '../abi/fcntl.ts';
import { MSG, mmsghdr, msghdr, SOCKADDR_STORAGE_SIZE } from '../abi/socket.ts';
import { TIMESPEC } from '../abi/time.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { importIovec, userBuffer } from '../mm/iov.ts';
import { copyFromUser, copyToUser, putUser32, putUserLong, readStruct, UserFault, writeStruct } from '../mm/user.ts';
import { newIncoming } from '../net/file.ts';
import type { IncomingMessage, Socket } from '../net/types.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED } from '../task/wait.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { readAddress, socketAt, writeAddress } from './socket-args.ts';
import { timespecNanoseconds, toTimespec } from './timespec.ts';

/** Flags of the kernel's own, which no caller may set. */
const INTERNAL = 0x80000 | 0x8000000 | 0x4000000;
/** Most bytes of control messages (/proc/sys/net/core/optmem_max). */
const OPTMEM_MAX = 131_072;

const waitFlag = (file: OpenFile): number => (file.flags & O.NONBLOCK ? MSG.DONTWAIT : 0);

const sendto = (
  kernel: Kernel,
  task: Task,
  fd: number,
  buffer: number,
  length: number,
  flags: number,
  address: number,
  addressLength: number,
): number => {
  const data = userBuffer(task.mm, buffer, length);
  if (typeof data === 'number') return data;
  const found = socketAt(task, fd);
  if (typeof found === 'number') return found;
  const { file, sock } = found;
  const name = address === 0 ? null : readAddress(task, address, addressLength);
  if (typeof name === 'number') return name;
  return sock.ops.send(kernel, task, sock, {
    ...{ data, length: data.remaining, name, control: null },
    flags: (flags & ~INTERNAL) | waitFlag(file),
  });
};

const recvfrom = (
  kernel: Kernel,
  task: Task,
  fd: number,
  buffer: number,
  length: number,
  flags: number,
  address: number,
  lengthAt: number,
): number => {
  const data = userBuffer(task.mm, buffer, length);
  if (typeof data === 'number') return data;
  const found = socketAt(task, fd);
  if (typeof found === 'number') return found;
  const { file, sock } = found;
  const message = newIncoming(data, flags | waitFlag(file), 0);
  const result = sock.ops.receive(kernel, task, sock, message);
  if (result < 0 || address === 0) return result;
  const error = writeAddress(task, message.name ?? new Uint8Array(0), address, lengthAt);
  return error < 0 ? error : result;
};

type Header = ReturnType<typeof msghdr.read>;

/** A struct msghdr as far as all calls check it (copy_msghdr_from_user): its data, or -errno. */
const importHeader = (task: Task, address: number) => {
  const header: Header = readStruct(task.mm, msghdr, address);
  if (header.msg_name === 0) header.msg_namelen = 0;
  if (header.msg_namelen < 0) return -ERRNO.EINVAL;
  header.msg_namelen = Math.min(header.msg_namelen, SOCKADDR_STORAGE_SIZE);
  if (header.msg_iovlen > IOV_MAX) return -ERRNO.EMSGSIZE;
  const data = importIovec(task.mm, header.msg_iov, header.msg_iovlen);
  return typeof data === 'number' ? data : { header, data };
};

const sendMessage = (
  kernel: Kernel,
  task: Task,
  { file, sock }: { file: OpenFile; sock: Socket },
  address: number,
  flags: number,
): number => {
  const imported = importHeader(task, address);
  if (typeof imported === 'number') return imported;
  const { header, data } = imported;
  const name = header.msg_namelen === 0 ? null : copyFromUser(task.mm, header.msg_name, header.msg_namelen);
  const { msg_control, msg_controllen } = header;
  if (msg_controllen > OPTMEM_MAX) return -ERRNO.ENOBUFS;
  const control = msg_controllen === 0 ? null : copyFromUser(task.mm, msg_control, msg_controllen);
  return sock.ops.send(kernel, task, sock, {
    ...{ data, length: data.remaining, name, control },
    flags: (flags & ~INTERNAL) | waitFlag(file),
  });
};

/** Stores what came with a message into the guest's struct msghdr. */
const exportHeader = (task: Task, address: number, header: Header, message: IncomingMessage): number => {
  const { offsets } = msghdr;
  if (header.msg_name !== 0) {
    const name = message.name ?? new Uint8Array(0);
    const error = writeAddress(task, name, header.msg_name, address + offsets.msg_namelen);
    if (error < 0) return error;
  }
  let at = header.msg_control;
  for (const bytes of message.control) {
    copyToUser(task.mm, at, bytes);
    at += bytes.length;
  }
  putUser32(task.mm, address + offsets.msg_flags, message.outFlags);
  putUserLong(task.mm, address + offsets.msg_controllen, at - header.msg_control);
  return 0;
};

const receiveMessage = (
  kernel: Kernel,
  task: Task,
  { file, sock }: { file: OpenFile; sock: Socket },
  address: number,
  flags: number,
): number => {
  const imported = importHeader(task, address);
  if (typeof imported === 'number') return imported;
  const { header, data } = imported;
  const room = header.msg_control === 0 ? 0 : header.msg_controllen;
  const message = newIncoming(data, flags | waitFlag(file), room);
  message.outFlags = flags & (MSG.CMSG_CLOEXEC | MSG.CMSG_COMPAT);
  const result = sock.ops.receive(kernel, task, sock, message);
  if (result < 0) return result;
  const error = exportHeader(task, address, header, message);
  return error < 0 ? error : result;
};

const sendmsg = (kernel: Kernel, task: Task, fd: number, address: number, flags: number): number => {
  if (flags & MSG.CMSG_COMPAT) return -ERRNO.EINVAL;
  const found = socketAt(task, fd);
  return typeof found === 'number' ? found : sendMessage(kernel, task, found, address, flags);
};

const recvmsg = (kernel: Kernel, task: Task, fd: number, address: number, flags: number): number => {
  if (flags & MSG.CMSG_COMPAT) return -ERRNO.EINVAL;
  const found = socketAt(task, fd);
  return typeof found === 'number' ? found : receiveMessage(kernel, task, found, address, flags);
};

/** What sendmmsg and recvmmsg keep while one of their messages sleeps. */
interface Several {
  done: number;
  /** Monotonic nanoseconds at which recvmmsg looks no further. */
  end: number;
}

/** A message was moved: the next one begins afresh, in a call that may have slept. */
const forget = (task: Task, several: Several): void => {
  if (task.wait === null) return;
  task.wait.data = { several };
  task.wait.timedOut = false;
};

const keep = (task: Task, several: Several): void => {
  task.wait!.data = { ...task.wait!.data, several };
};

/** -EFAULT where a result cannot be stored; others are our own bugs. */
const store = (action: () => void): number => {
  try {
    action();
    return 0;
  } catch (thrown) {
    if (thrown instanceof UserFault) return -ERRNO.EFAULT;
    throw thrown;
  }
};

const sendmmsg = (kernel: Kernel, task: Task, fd: number, vector: number, count: number, flags: number): number => {
  if (flags & MSG.CMSG_COMPAT) return -ERRNO.EINVAL;
  const found = socketAt(task, fd);
  if (typeof found === 'number') return found;
  const several: Several = task.wait?.data?.several ?? { done: 0, end: 0 };
  const total = Math.min(count, IOV_MAX);
  while (several.done < total) {
    const at = vector + several.done * mmsghdr.size;
    let result = 0;
    const fault = store(() => {
      result = sendMessage(kernel, task, found, at, flags);
    });
    if (result === BLOCKED) {
      keep(task, several);
      return result;
    }
    const error =
      fault || (result < 0 ? result : store(() => putUser32(task.mm, at + mmsghdr.offsets.msg_len, result)));
    if (error < 0) return several.done > 0 ? several.done : error;
    several.done++;
    forget(task, several);
  }
  return several.done;
};

/** The time that is left is stored, if the guest gave one. */
const finishReceiving = (kernel: Kernel, task: Task, several: Several, timeout: number, error: number): number => {
  if (timeout !== 0 && several.done > 0) {
    const left = Math.max(0, several.end - kernel.now());
    writeStruct(task.mm, TIMESPEC, timeout, toTimespec(left));
  }
  return several.done > 0 ? several.done : error;
};

const recvmmsg = (
  kernel: Kernel,
  task: Task,
  fd: number,
  vector: number,
  count: number,
  flags: number,
  timeout: number,
): number => {
  if (flags & MSG.CMSG_COMPAT) return -ERRNO.EINVAL;
  let end = Number.POSITIVE_INFINITY;
  if (timeout !== 0) {
    const wanted = timespecNanoseconds(readStruct(task.mm, TIMESPEC, timeout));
    if (wanted < 0) return -ERRNO.EINVAL;
    end = kernel.now() + wanted;
  }
  const found = socketAt(task, fd);
  if (typeof found === 'number') return found;
  const several: Several = task.wait?.data?.several ?? { done: 0, end };
  const pending = several.done === 0 && task.wait === null ? found.sock.error : 0;
  if (pending !== 0) {
    found.sock.error = 0;
    return -pending;
  }
  while (several.done < count) {
    const waits = several.done > 0 && flags & MSG.WAITFORONE ? MSG.DONTWAIT : 0;
    const at = vector + several.done * mmsghdr.size;
    let result = 0;
    const fault = store(() => {
      result = receiveMessage(kernel, task, found, at, (flags & ~MSG.WAITFORONE) | waits);
    });
    if (result === BLOCKED) {
      keep(task, several);
      return result;
    }
    const error =
      fault || (result < 0 ? result : store(() => putUser32(task.mm, at + mmsghdr.offsets.msg_len, result)));
    if (error < 0) {
      // What went wrong after some messages is for the next call to tell.
      if (several.done > 0 && error !== -ERRNO.EAGAIN && error > -ERRNO.EHWPOISON) found.sock.error = -error;
      return finishReceiving(kernel, task, several, timeout, error);
    }
    several.done++;
    forget(task, several);
    if (timeout !== 0 && kernel.now() >= several.end) break;
  }
  return finishReceiving(kernel, task, several, timeout, 0);
};

const message = [
  ['sockfd', arg.fd],
  ['msg', arg.msghdr],
  ['flags', arg.socketMessageFlags],
] as const satisfies SyscallRow['args'];
const messages = [
  ['sockfd', arg.fd],
  ['msgvec', arg.pointer],
  ['vlen', arg.unsigned],
  ['flags', arg.socketMessageFlags],
] as const satisfies SyscallRow['args'];

export const socketMessageSyscalls: readonly SyscallRow[] = [
  syscall(
    44,
    'sendto',
    [
      ['sockfd', arg.fd],
      ['buf', arg.buffer],
      ['len', arg.size],
      ['flags', arg.socketMessageFlags],
      ['addr', arg.sockaddr],
      ['addrlen', arg.int],
    ],
    sendto,
  ),
  syscall(
    45,
    'recvfrom',
    [
      ['sockfd', arg.fd],
      ['buf', arg.outBuffer],
      ['len', arg.size],
      ['flags', arg.socketMessageFlags],
      ['addr', arg.outSockaddr],
      ['addrlen', arg.outSocklen],
    ],
    recvfrom,
  ),
  syscall(46, 'sendmsg', message, sendmsg),
  syscall(47, 'recvmsg', [message[0], ['msg', arg.outMsghdr], message[2]], recvmsg),
  syscall(299, 'recvmmsg', [...messages, ['timeout', arg.pointer]], recvmmsg),
  syscall(307, 'sendmmsg', messages, sendmmsg),
];
