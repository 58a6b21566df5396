/** Datagrams and packets of AF_UNIX (unix_dgram_sendmsg, unix_dgram_recvmsg). */
import { ERRNO } from '../../abi/errno.ts';
import { MSG, SOCK } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { BLOCKED } from '../../task/wait.ts';
import { type Cookie, dropFiles, receiveControl, sendControl, wantsCredentials } from '../control.ts';
import { stampControl } from '../options.ts';
import { dataReady, errorReport, receiveTimeout, sendTimeout, sockError, waitSock, writeSpace } from '../sock.ts';
import { putWhole, takeWhole } from '../transfer.ts';
import { type IncomingMessage, type OutgoingMessage, SHUTDOWN, type Socket } from '../types.ts';
import { addressOf, autobind, findOther, validateAddress } from './address.ts';
import { purge } from './gc.ts';
import {
  credentialsFor,
  datagramSize,
  enqueue,
  freeMessage,
  isQueueFull,
  newMessage,
  roomInQueue,
  waitForMemory,
} from './queue.ts';
import type { UnixMessage, UnixSocket } from './types.ts';

/** Nobody else's partner takes it (unix_may_send). */
export const maySend = (sock: UnixSocket, other: UnixSocket): boolean => other.peer === null || other.peer === sock;

/** The receiver has enough, and is not the sender's own partner: who sends there waits. */
export const isBusy = (sock: UnixSocket, other: UnixSocket): boolean =>
  other !== sock && other.peer !== sock && isQueueFull(other);

/** The partner is another or none: what he sent is thrown away (unix_dgram_disconnected). */
export const disconnected = (kernel: Kernel, sock: UnixSocket, other: UnixSocket): void => {
  if (sock.queue.length === 0) return;
  purge(kernel, sock);
  roomInQueue(kernel, sock);
  if (!other.dead && other.peer === sock) {
    other.error = ERRNO.ECONNRESET;
    errorReport(kernel, other);
  }
};

/** The receiver is closed: -errno. */
const goneReceiver = (kernel: Kernel, sock: UnixSocket, other: UnixSocket): number => {
  if (sock.type === SOCK.SEQPACKET) return -ERRNO.EPIPE;
  if (sock.peer === other) {
    sock.peer = null;
    sock.state = 'closed';
    writeSpace(kernel, sock);
    disconnected(kernel, sock, other);
  }
  return -ERRNO.ECONNREFUSED;
};

const sendTo = (
  kernel: Kernel,
  task: Task,
  sock: UnixSocket,
  name: Uint8Array | null,
  message: OutgoingMessage,
  cookie: Cookie,
): number => {
  if (message.flags & MSG.OOB) return -ERRNO.EOPNOTSUPP;
  if (name !== null) {
    const error = validateAddress(name);
    if (error < 0) return error;
  }
  if (wantsCredentials(sock)) {
    const error = autobind(kernel, sock);
    if (error < 0) return error;
  }
  if (message.length > sock.options.sndbuf - 32) return -ERRNO.EMSGSIZE;
  const timeout = sendTimeout(sock, (message.flags & MSG.DONTWAIT) !== 0);
  const room = waitForMemory(kernel, task, sock, timeout, 0);
  if (room !== 0) return room;
  const bytes = takeWhole(message.data, message.length);
  if (bytes === null) return -ERRNO.EFAULT;
  const other = name === null ? (sock.peer ?? -ERRNO.ENOTCONN) : findOther(kernel, task, sock.type, name);
  if (typeof other === 'number') return other;
  if (!maySend(sock, other)) return -ERRNO.EPERM;
  if (other.dead) return goneReceiver(kernel, sock, other);
  if (other.shutdown & SHUTDOWN.RCV) return -ERRNO.EPIPE;
  if (cookie.files.length > 0 && !other.options.passrights) return -ERRNO.EPERM;
  if (isBusy(sock, other)) {
    if (timeout === 0) sock.noSpace = true;
    return waitSock(kernel, task, sock, { what: 'unix_wait_for_peer', timeout, queue: other.peerWait });
  }
  const creds = credentialsFor(task, cookie.creds, sock, other);
  const files = cookie.files;
  cookie.files = [];
  enqueue(kernel, other, newMessage(kernel, sock, bytes, datagramSize(bytes.length), { files, creds }));
  dataReady(kernel, other);
  return bytes.length;
};

export const sendDatagram = (kernel: Kernel, task: Task, socket: Socket, message: OutgoingMessage): number => {
  const sock = socket as UnixSocket;
  if (sock.type === SOCK.SEQPACKET) {
    const error = sockError(sock);
    if (error < 0) return error;
    if (sock.state !== 'connected') return -ERRNO.ENOTCONN;
  }
  const cookie = sendControl(kernel, task, message.control, true);
  if (typeof cookie === 'number') return cookie;
  const named = sock.type !== SOCK.SEQPACKET && message.name !== null && message.name.length > 0;
  try {
    return sendTo(kernel, task, sock, named ? message.name : null, message, cookie);
  } finally {
    dropFiles(kernel, cookie.files);
  }
};

/** The message that is to be read, behind those that were peeked at with SO_PEEK_OFF; and how much of it was. */
const nextMessage = (sock: UnixSocket, peek: boolean): { message: UnixMessage | undefined; skip: number } => {
  let skip = peek && sock.options.peekOffset >= 0 ? sock.options.peekOffset : 0;
  for (const message of sock.queue) {
    if (skip === 0 || skip < message.bytes.length) return { message, skip };
    skip -= message.bytes.length;
  }
  return { message: undefined, skip };
};

/** Waits for a message (__skb_wait_for_more_packets). 0 stands for the end. */
const waitForMessage = (kernel: Kernel, task: Task, sock: UnixSocket, timeout: number): number => {
  const connected = sock.type === SOCK.SEQPACKET;
  if (timeout === 0) {
    // Packets tell of the end even to those who do not wait.
    return connected && sock.shutdown & SHUTDOWN.RCV ? 0 : -ERRNO.EAGAIN;
  }
  if (sock.shutdown & SHUTDOWN.RCV) return 0;
  return waitSock(kernel, task, sock, { what: 'unix_dgram_recvmsg', timeout });
};

export const receiveDatagram = (kernel: Kernel, task: Task, socket: Socket, incoming: IncomingMessage): number => {
  const sock = socket as UnixSocket;
  const { flags } = incoming;
  if (sock.type === SOCK.SEQPACKET && sock.state !== 'connected') return -ERRNO.ENOTCONN;
  if (flags & MSG.OOB) return -ERRNO.EOPNOTSUPP;
  const error = sockError(sock);
  if (error < 0) return error;
  const peek = (flags & MSG.PEEK) !== 0;
  const { message, skip } = nextMessage(sock, peek);
  if (message === undefined) {
    const result = waitForMessage(kernel, task, sock, receiveTimeout(sock, (flags & MSG.DONTWAIT) !== 0));
    return result === BLOCKED || result < 0 ? result : 0;
  }
  if (!peek) {
    sock.queue.shift();
    roomInQueue(kernel, sock);
  }
  if (message.sender.path !== null) incoming.name = addressOf(message.sender);
  const there = message.bytes.length - skip;
  const size = Math.min(incoming.data.remaining, there);
  if (size < there) incoming.outFlags |= MSG.TRUNC;
  const moved = putWhole(incoming.data, message.bytes.subarray(skip, skip + size));
  if (moved) {
    stampControl(sock, incoming, message.stamp);
    receiveControl(kernel, task, incoming, message, sock);
    if (peek && sock.options.peekOffset >= 0) sock.options.peekOffset += size;
  }
  if (!peek) freeMessage(kernel, message);
  if (!moved) return -ERRNO.EFAULT;
  return flags & MSG.TRUNC ? there : size;
};
