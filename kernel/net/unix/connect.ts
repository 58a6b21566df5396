/** Making AF_UNIX sockets, and connections between them (unix_create, unix_stream_connect, unix_accept, unix_release_sock). */
import { ERRNO } from '../../abi/errno.ts';
import { POLL_CODE } from '../../abi/signal.ts';
import { AF, SOCK } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { waitQueue, wakeAll } from '../../task/wait.ts';
import { wantsCredentials } from '../control.ts';
import { dataReady, newSock, receiveTimeout, sendTimeout, stateChange, waitSock, wakeAsync } from '../sock.ts';
import { type PeerCredentials, SHUTDOWN, type Socket } from '../types.ts';
import { autobind, familyOf, findOther, forgetName, validateAddress } from './address.ts';
import { disconnected, maySend } from './datagram.ts';
import { collectGarbage, purge } from './gc.ts';
import { freeMessage, isQueueFull, newMessage, roomInQueue } from './queue.ts';
import type { UnixSocket } from './types.ts';

/** /proc/sys/net/unix/max_dgram_qlen. */
export const MAX_DGRAM_QLEN = 10;

export const newUnixSocket = (
  kernel: Kernel,
  ops: Socket['ops'],
  type: number,
  protocol: number,
  uid: number,
): UnixSocket => {
  const sock: UnixSocket = Object.assign(newSock(ops, { family: AF.UNIX, type, protocol }, uid), {
    ...{ state: 'closed' as const, dead: false, path: null, inode: null, peer: null, queue: [] },
    ...{ backlog: MAX_DGRAM_QLEN, wmem: 0, peerWait: waitQueue(), wantRoom: [] },
    ...{ peerCred: null, peerGroups: [], peerTask: null, oob: null, inq: 0 },
  });
  kernel.net.unix.sockets.add(sock);
  return sock;
};

/** Streams and packets, which are listened for. */
export const isConnected = (sock: Socket): boolean => sock.type === SOCK.STREAM || sock.type === SOCK.SEQPACKET;

const effective = (task: Task): PeerCredentials => ({ pid: task.group.tgid, uid: task.cred.euid, gid: task.cred.egid });

/** This process is what the other end will see (init_peercred). */
export const initPeerCred = (task: Task, sock: UnixSocket): void => {
  sock.peerCred = effective(task);
  sock.peerGroups = task.cred.groups;
  sock.peerTask = task.group.leader;
};

const copyPeerCred = (to: UnixSocket, from: UnixSocket): void => {
  to.peerCred = from.peerCred;
  to.peerGroups = from.peerGroups;
  to.peerTask = from.peerTask;
};

/** Two sockets that are each other's (unix_socketpair). */
export const pairUp = (task: Task, a: UnixSocket, b: UnixSocket): void => {
  a.peer = b;
  b.peer = a;
  initPeerCred(task, a);
  initPeerCred(task, b);
  a.state = b.state = 'connected';
};

const connectStream = (
  kernel: Kernel,
  task: Task,
  sock: UnixSocket,
  address: Uint8Array,
  nonblock: boolean,
): number => {
  const invalid = validateAddress(address);
  if (invalid < 0) return invalid;
  if (wantsCredentials(sock)) {
    const error = autobind(kernel, sock);
    if (error < 0) return error;
  }
  const listener = findOther(kernel, task, sock.type, address);
  if (typeof listener === 'number') return listener;
  if (listener.state !== 'listening' || listener.shutdown & SHUTDOWN.RCV) return -ERRNO.ECONNREFUSED;
  if (isQueueFull(listener)) {
    const timeout = sendTimeout(sock, nonblock);
    return waitSock(kernel, task, sock, { what: 'unix_wait_for_peer', timeout, queue: listener.peerWait });
  }
  if (sock.state !== 'closed') return sock.state === 'connected' ? -ERRNO.EISCONN : -ERRNO.EINVAL;
  const server = newUnixSocket(kernel, listener.ops, sock.type, 0, task.cred.uid);
  server.options.passcred = listener.options.passcred;
  server.options.passpidfd = listener.options.passpidfd;
  server.options.passrights = listener.options.passrights;
  server.peer = sock;
  server.state = 'connected';
  server.path = listener.path;
  initPeerCred(task, server);
  sock.peer = server;
  sock.state = 'connected';
  copyPeerCred(sock, listener);
  const message = newMessage(kernel, sock, new Uint8Array(0), 0);
  message.connection = server;
  listener.queue.push(message);
  dataReady(kernel, listener);
  return 0;
};

const connectDatagram = (kernel: Kernel, task: Task, sock: UnixSocket, address: Uint8Array): number => {
  if (address.length < 2) return -ERRNO.EINVAL;
  let other: UnixSocket | null = null;
  if (familyOf(address) !== AF.UNSPEC) {
    const invalid = validateAddress(address);
    if (invalid < 0) return invalid;
    if (wantsCredentials(sock)) {
      const error = autobind(kernel, sock);
      if (error < 0) return error;
    }
    const found = findOther(kernel, task, sock.type, address);
    if (typeof found === 'number') return found;
    if (!maySend(sock, found)) return -ERRNO.EPERM;
    other = found;
  }
  const before = sock.peer;
  sock.peer = other;
  sock.state = other === null ? 'closed' : 'connected';
  if (other !== null) other.state = 'connected';
  if (before !== null && before !== other) disconnected(kernel, sock, before);
  return 0;
};

export const connectUnix = (
  kernel: Kernel,
  task: Task,
  socket: Socket,
  address: Uint8Array,
  nonblock: boolean,
): number => {
  const sock = socket as UnixSocket;
  return isConnected(sock)
    ? connectStream(kernel, task, sock, address, nonblock)
    : connectDatagram(kernel, task, sock, address);
};

export const listenUnix = (kernel: Kernel, task: Task, socket: Socket, backlog: number): number => {
  const sock = socket as UnixSocket;
  if (!isConnected(sock)) return -ERRNO.EOPNOTSUPP;
  if (sock.path === null || sock.state === 'connected') return -ERRNO.EINVAL;
  if (backlog > sock.backlog) wakeAll(kernel, sock.peerWait);
  sock.backlog = backlog;
  sock.state = 'listening';
  initPeerCred(task, sock);
  return 0;
};

export const acceptUnix = (kernel: Kernel, task: Task, socket: Socket, nonblock: boolean): Socket | number => {
  const sock = socket as UnixSocket;
  if (!isConnected(sock)) return -ERRNO.EOPNOTSUPP;
  if (sock.state !== 'listening') return -ERRNO.EINVAL;
  const message = sock.queue.shift();
  if (message === undefined) {
    const timeout = receiveTimeout(sock, nonblock);
    if (timeout !== 0 && sock.shutdown & SHUTDOWN.RCV) return -ERRNO.EINVAL;
    return waitSock(kernel, task, sock, { what: 'unix_accept', timeout });
  }
  roomInQueue(kernel, sock);
  const { connection } = message;
  freeMessage(kernel, message);
  return connection!;
};

export const shutdownUnix = (kernel: Kernel, socket: Socket, how: number): number => {
  const sock = socket as UnixSocket;
  sock.shutdown |= how;
  stateChange(kernel, sock);
  const other = sock.peer;
  if (other === null || !isConnected(sock)) return 0;
  const mirrored = (how & SHUTDOWN.RCV ? SHUTDOWN.SEND : 0) | (how & SHUTDOWN.SEND ? SHUTDOWN.RCV : 0);
  other.shutdown |= mirrored;
  stateChange(kernel, other);
  if (mirrored === SHUTDOWN.MASK) wakeAsync(kernel, other, POLL_CODE.HUP);
  else if (mirrored & SHUTDOWN.RCV) wakeAsync(kernel, other, POLL_CODE.IN);
  return 0;
};

/** The socket is closed; `embryo`: nobody ever accepted it. */
const releaseSock = (kernel: Kernel, sock: UnixSocket, embryo: boolean): void => {
  forgetName(kernel, sock);
  kernel.net.unix.sockets.delete(sock);
  const wasListening = sock.state === 'listening';
  sock.dead = true;
  sock.shutdown = SHUTDOWN.MASK;
  sock.state = 'closed';
  sock.oob = null;
  const { peer } = sock;
  sock.peer = null;
  roomInQueue(kernel, sock);
  if (peer !== null && isConnected(sock)) {
    peer.shutdown = SHUTDOWN.MASK;
    if (sock.queue.some((message) => message.bytes.length > message.consumed) || embryo) {
      peer.error = ERRNO.ECONNRESET;
    }
    stateChange(kernel, peer);
    wakeAsync(kernel, peer, POLL_CODE.HUP);
  }
  if (peer !== null) {
    const at = peer.wantRoom.indexOf(sock);
    if (at >= 0) peer.wantRoom.splice(at, 1);
  }
  if (wasListening) {
    for (const { connection } of sock.queue) if (connection !== null) releaseSock(kernel, connection, true);
  }
  purge(kernel, sock);
};

export const releaseUnix = (kernel: Kernel, sock: Socket): void => {
  releaseSock(kernel, sock as UnixSocket, false);
  if (kernel.net.unix.inFlight.size > 0) collectGarbage(kernel);
};
