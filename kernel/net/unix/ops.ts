/** AF_UNIX: the operations of its three types (net/unix/af_unix.c; unix(7)). */
import { ERRNO } from '../../abi/errno.ts';
import { IOCTL } from '../../abi/ioctl.ts';
import { POLL } from '../../abi/poll.ts';
import { SIOC, SOCK } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import { putUser32 } from '../../mm/user.ts';
import type { Task } from '../../task/task.ts';
import { SHUTDOWN, type Socket, type SocketOperations } from '../types.ts';
import { addressOf, bindUnix } from './address.ts';
import { acceptUnix, connectUnix, listenUnix, newUnixSocket, pairUp, releaseUnix, shutdownUnix } from './connect.ts';
import { isBusy, receiveDatagram, sendDatagram } from './datagram.ts';
import { isRoomy } from './queue.ts';
import { receiveStream, sendStream, unread } from './stream.ts';
import type { UnixSocket } from './types.ts';

const unix = (sock: Socket): UnixSocket => sock as UnixSocket;

/** What all types see (unix_poll). */
const pollCommon = (sock: UnixSocket): number => {
  let mask = 0;
  if (sock.error !== 0) mask |= POLL.ERR;
  if (sock.shutdown === SHUTDOWN.MASK) mask |= POLL.HUP;
  if (sock.shutdown & SHUTDOWN.RCV) mask |= POLL.RDHUP | POLL.IN | POLL.RDNORM;
  if (sock.queue.length > 0) mask |= POLL.IN | POLL.RDNORM;
  return mask;
};

const WRITABLE = POLL.OUT | POLL.WRNORM | POLL.WRBAND;

const pollStream = (_kernel: Kernel, socket: Socket): number => {
  const sock = unix(socket);
  let mask = pollCommon(sock);
  if (sock.oob !== null) mask |= POLL.PRI;
  if (sock.state === 'closed') mask |= POLL.HUP;
  if (isRoomy(sock)) mask |= WRITABLE;
  return mask;
};

const pollDatagram = (_kernel: Kernel, socket: Socket): number => {
  const sock = unix(socket);
  const mask = pollCommon(sock) | (sock.type === SOCK.SEQPACKET && sock.state === 'closed' ? POLL.HUP : 0);
  const { peer } = sock;
  const busy = peer !== null && isBusy(sock, peer);
  if (busy && !peer.wantRoom.includes(sock)) peer.wantRoom.push(sock);
  if (isRoomy(sock) && !busy) return mask | WRITABLE;
  sock.noSpace = true;
  return mask;
};

/** Bytes to be read: of the first datagram, of all messages otherwise (unix_inq_len, unix_ioctl). */
const unreadBytes = (sock: UnixSocket): number => {
  if (sock.state === 'listening') return -ERRNO.EINVAL;
  if (sock.type === SOCK.STREAM) return sock.inq;
  if (sock.type === SOCK.DGRAM) return sock.queue[0]?.bytes.length ?? 0;
  return sock.queue.reduce((sum, message) => sum + unread(message), 0);
};

/** Whether reading has come to the urgent byte (SIOCATMARK). */
const atMark = (sock: UnixSocket): boolean => {
  const [first, second] = sock.queue;
  if (first === undefined) return false;
  return first === sock.oob || (unread(first) === 0 && (sock.oob === null || second === sock.oob));
};

const ioctl: SocketOperations['ioctl'] = (_kernel: Kernel, task: Task, socket, request, argument) => {
  const sock = unix(socket);
  const answer = (value: number): number => {
    if (value < 0) return value;
    putUser32(task.mm, argument, value);
    return 0;
  };
  switch (request) {
    case IOCTL.TIOCOUTQ:
      return answer(sock.wmem);
    case IOCTL.FIONREAD:
      return answer(unreadBytes(sock));
    case SIOC.ATMARK:
      return answer(Number(atMark(sock)));
    default:
      return null;
  }
};

const common = {
  bind: (kernel, task, sock, address) => bindUnix(kernel, task, unix(sock), address),
  connect: connectUnix,
  listen: listenUnix,
  accept: acceptUnix,
  getname: (sock, peer) => {
    if (!peer) return addressOf(unix(sock));
    const other = unix(sock).peer;
    return other === null ? -ERRNO.ENOTCONN : addressOf(other);
  },
  shutdown: shutdownUnix,
  ioctl,
  release: releaseUnix,
} satisfies Partial<SocketOperations>;

const streamOps: SocketOperations = Object.freeze<SocketOperations>({
  name: 'UNIX-STREAM',
  ...common,
  poll: pollStream,
  send: sendStream,
  receive: receiveStream,
});

/** Datagrams, and packets, which are datagrams over connections. */
const datagramOps: SocketOperations = Object.freeze<SocketOperations>({
  name: 'UNIX',
  ...common,
  poll: pollDatagram,
  send: sendDatagram,
  receive: receiveDatagram,
});

/** A new socket (unix_create), or -errno. */
export const createUnix = (kernel: Kernel, task: Task, type: number, protocol: number): UnixSocket | number => {
  if (protocol !== 0 && protocol !== 1) return -ERRNO.EPROTONOSUPPORT;
  const kind = type === SOCK.RAW ? SOCK.DGRAM : type;
  if (kind !== SOCK.STREAM && kind !== SOCK.DGRAM && kind !== SOCK.SEQPACKET) return -ERRNO.ESOCKTNOSUPPORT;
  return newUnixSocket(kernel, kind === SOCK.STREAM ? streamOps : datagramOps, kind, 0, task.cred.uid);
};

export const socketpairUnix = (task: Task, a: Socket, b: Socket): void => pairUp(task, unix(a), unix(b));
