/** Making and ending TCP connections (inet_stream_connect, inet_csk_accept, inet_shutdown, tcp_close). */
import { ERRNO } from '../../abi/errno.ts';
import { AF } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { LOCKED } from '../options.ts';
import { dataReady, errorReport, receiveTimeout, sendTimeout, sockError, stateChange, waitSock } from '../sock.ts';
import { SHUTDOWN, type Socket } from '../types.ts';
import { familyOf, isAny, noEndpoint, readIn, readIn6, route, sourceFor, takes } from './address.ts';
import { autobind, mayListen, takePort, timeWaiting } from './ports.ts';
import { GROWN_SNDBUF, newTcp, push, releasePort, sendFin, sendReset, tcpDone, tcpReset } from './tcp.ts';
import type { Endpoint, TcpSocket } from './types.ts';

/** Nanoseconds after which a port at rest may be used for the same connection again (tcp_tw_reuse, over loopback). */
const REUSE_AFTER = 1e9;

const same = (a: Endpoint, b: Endpoint): boolean => a.port === b.port && a.address === b.address;

const listenerAt = (kernel: Kernel, to: Endpoint): TcpSocket | undefined =>
  kernel.net.inet.tcp
    .get(to.port)
    ?.filter((sock) => sock.state === 'listening' && takes(sock, to.address))
    .sort((a, b) => Number(isAny(a.local.address)) - Number(isAny(b.local.address)))[0];

/** More wait to be accepted than the listener wants (sk_acceptq_is_full). */
const isFull = (listener: TcpSocket): boolean => listener.queue.length > listener.backlog;

const establish = (sock: TcpSocket): void => {
  sock.state = 'established';
  if (!(sock.options.bufferLocks & LOCKED.SND)) sock.options.sndbuf = GROWN_SNDBUF;
};

/** The handshake: a new connection in the listener's queue, and this end of it open (tcp_v4_syn_recv_sock). */
const shakeHands = (kernel: Kernel, sock: TcpSocket, listener: TcpSocket): void => {
  const server = newTcp(listener.ops, listener.family, listener.uid);
  Object.assign(server.options, listener.options);
  server.values = new Map(listener.values);
  server.v6only = listener.v6only;
  takePort(kernel, server, sock.remote.address, listener.local.port);
  server.remote = sock.local;
  server.peer = sock;
  sock.peer = server;
  server.phase = 'connected';
  establish(server);
  establish(sock);
  server.listener = listener;
  listener.queue.push(server);
  stateChange(kernel, sock);
  dataReady(kernel, listener);
};

/** Knocks at the other end: an answer comes at once, or when the listener has room. */
const knock = (kernel: Kernel, sock: TcpSocket): void => {
  const listener = listenerAt(kernel, sock.remote);
  if (listener === undefined) {
    if (same(sock.local, sock.remote)) {
      // A socket can meet itself (simultaneous open).
      sock.peer = sock;
      establish(sock);
      stateChange(kernel, sock);
    } else {
      tcpReset(kernel, sock);
    }
  } else if (isFull(listener)) {
    listener.knocking.push(sock);
  } else {
    shakeHands(kernel, sock, listener);
  }
};

/** Those who knocked before there was room. */
const answerKnocks = (kernel: Kernel, listener: TcpSocket): void => {
  while (listener.knocking.length > 0 && (listener.state !== 'listening' || !isFull(listener))) {
    const sock = listener.knocking.shift()!;
    if (sock.state === 'syn-sent') knock(kernel, sock);
  }
};

/** Begins a connection (tcp_v4_connect, tcp_v6_connect). 0 or -errno. */
const start = (kernel: Kernel, sock: TcpSocket, bytes: Uint8Array): number => {
  const end = sock.family === AF.INET ? readIn(bytes) : readIn6(bytes);
  if (typeof end === 'number') return end;
  if (familyOf(bytes) !== sock.family) return -ERRNO.EAFNOSUPPORT;
  const to = route(sock, end);
  if (typeof to === 'number') return to;
  const address = isAny(sock.local.address) ? sourceFor(to.address) : sock.local.address;
  const bound = autobind(kernel, sock);
  if (bound < 0) return bound;
  const local = { address, port: sock.local.port };
  const others = kernel.net.inet.tcp.get(local.port) ?? [];
  const used = others.some((other) => other !== sock && same(other.local, local) && same(other.remote, to));
  const resting = timeWaiting(kernel).some(
    (entry) => same(entry.local, local) && same(entry.remote, to) && kernel.now() - entry.since < REUSE_AFTER,
  );
  if (used || resting) return -ERRNO.EADDRNOTAVAIL;
  sock.local = local;
  sock.remote = to;
  sock.state = 'syn-sent';
  return 0;
};

/** Forgets everything about a connection (tcp_disconnect); bytes that were not read are reset. */
const disconnect = (kernel: Kernel, sock: TcpSocket): void => {
  if (sock.state === 'listening') {
    stopListening(kernel, sock);
  } else if (sock.peer !== null) {
    sock.error = ERRNO.ECONNRESET;
    sendReset(kernel, sock);
  } else if (sock.state === 'syn-sent') {
    sock.error = ERRNO.ECONNRESET;
  }
  sock.state = 'closed';
  sock.remote = noEndpoint(sock.family);
  if (!sock.boundAddress) sock.local = { ...sock.local, address: noEndpoint(sock.family).address };
  releasePort(kernel, sock);
  sock.shutdown = 0;
  sock.done = false;
  sock.finPending = false;
  sock.unsent = [];
  sock.received = [];
  sock.unsentLength = sock.copied = sock.arrived = sock.written = 0;
  sock.urgent = { state: 'none', seq: 0, byte: 0 };
  if (sock.error !== 0) errorReport(kernel, sock);
};

export const connectTcp = (
  kernel: Kernel,
  task: Task,
  socket: Socket,
  bytes: Uint8Array,
  nonblock: boolean,
): number => {
  const sock = socket as TcpSocket;
  if (bytes.length < 2) return -ERRNO.EINVAL;
  const asleep = task.wait !== null;
  if (familyOf(bytes) === AF.UNSPEC) {
    disconnect(kernel, sock);
    sock.phase = 'unconnected';
    return 0;
  }
  let result: number = -ERRNO.EALREADY;
  if (!asleep) {
    if (sock.phase === 'connected') return -ERRNO.EISCONN;
    if (sock.phase === 'unconnected') {
      if (sock.state !== 'closed') return -ERRNO.EISCONN;
      const error = start(kernel, sock, bytes);
      if (error < 0) return error;
      sock.phase = 'connecting';
      result = -ERRNO.EINPROGRESS;
      const timeout = sendTimeout(sock, nonblock);
      knock(kernel, sock);
      // The answer is there already, but a call that does not wait returns before it looks.
      if (timeout === 0) return result;
    }
  }
  if (sock.state === 'syn-sent') {
    const timeout = sendTimeout(sock, nonblock);
    return waitSock(
      kernel,
      task,
      sock,
      { what: 'inet_wait_for_connect', timeout },
      asleep ? -ERRNO.EINPROGRESS : result,
    );
  }
  if (sock.state === 'closed') {
    const error = sockError(sock) || -ERRNO.ECONNABORTED;
    disconnect(kernel, sock);
    sock.phase = 'unconnected';
    return error;
  }
  sock.phase = 'connected';
  return 0;
};

export const listenTcp = (kernel: Kernel, _task: Task, socket: Socket, backlog: number): number => {
  const sock = socket as TcpSocket;
  if (sock.phase !== 'unconnected' || (sock.state !== 'closed' && sock.state !== 'listening')) return -ERRNO.EINVAL;
  if (sock.state === 'closed') {
    if (sock.local.port === 0) {
      const error = autobind(kernel, sock);
      if (error < 0) return -ERRNO.EADDRINUSE;
    } else if (!mayListen(kernel, sock)) {
      return -ERRNO.EADDRINUSE;
    }
    sock.state = 'listening';
  }
  sock.backlog = backlog;
  answerKnocks(kernel, sock);
  return 0;
};

export const acceptTcp = (kernel: Kernel, task: Task, socket: Socket, nonblock: boolean): Socket | number => {
  const sock = socket as TcpSocket;
  if (sock.state !== 'listening') return -ERRNO.EINVAL;
  const server = sock.queue.shift();
  if (server === undefined) {
    return waitSock(kernel, task, sock, { what: 'inet_csk_accept', timeout: receiveTimeout(sock, nonblock) });
  }
  server.listener = null;
  answerKnocks(kernel, sock);
  return server;
};

/** Nobody will accept what is in the queue (inet_csk_listen_stop). */
const stopListening = (kernel: Kernel, sock: TcpSocket): void => {
  sock.state = 'closed';
  const { queue } = sock;
  sock.queue = [];
  for (const server of queue) {
    server.dead = true;
    server.listener = null;
    sendReset(kernel, server);
    tcpDone(kernel, server);
  }
  answerKnocks(kernel, sock);
};

/** inet_shutdown. */
export const shutdownTcp = (kernel: Kernel, socket: Socket, how: number): number => {
  const sock = socket as TcpSocket;
  let result = 0;
  if (sock.phase === 'connecting' && sock.state !== 'syn-sent' && sock.state !== 'closed') sock.phase = 'connected';
  if (sock.state === 'listening' || sock.state === 'syn-sent') {
    if (sock.state === 'syn-sent' || how & SHUTDOWN.RCV) {
      disconnect(kernel, sock);
      sock.phase = 'unconnected';
    }
  } else {
    if (sock.state === 'closed') result = -ERRNO.ENOTCONN;
    sock.shutdown |= how;
    if (how & SHUTDOWN.SEND) sendFin(kernel, sock);
  }
  stateChange(kernel, sock);
  return result;
};

/** The last open file went (tcp_close). */
export const releaseTcp = (kernel: Kernel, socket: Socket): void => {
  const sock = socket as TcpSocket;
  const unread = sock.arrived > sock.copied;
  const { state } = sock;
  sock.dead = true;
  sock.shutdown = SHUTDOWN.MASK;
  sock.received = [];
  sock.copied = sock.arrived;
  if (state === 'listening') stopListening(kernel, sock);
  const resets = unread || (sock.options.linger && sock.options.lingerTime === 0);
  if (sock.peer !== null && sock.peer !== sock && resets && state !== 'closed') {
    push(kernel, sock);
    sendReset(kernel, sock);
    tcpDone(kernel, sock);
  } else if (state === 'established' || state === 'close-wait') {
    sendFin(kernel, sock);
  } else if (state === 'closed' || state === 'syn-sent' || state === 'listening') {
    tcpDone(kernel, sock);
  }
};
