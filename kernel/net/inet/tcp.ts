/**
 * TCP between sockets of the machine (net/ipv4/tcp.c, tcp_input.c; tcp(7)). Segments are not lost and take no time: bytes go
 * to the other end as far as it has room, and what they cause there has happened when the call returns. States are those of
 * RFC 9293, without TIME-WAIT, which is an entry of its own.
 */
import { ERRNO } from '../../abi/errno.ts';
import { POLL_CODE } from '../../abi/signal.ts';
import { IPPROTO, SOCK, SOL } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import { addTimer } from '../../task/timers.ts';
import { dataReady, errorReport, newSock, stateChange, urgentReady, wakeAsync, writeSpace } from '../sock.ts';
import { SHUTDOWN, type SocketOperations } from '../types.ts';
import { noEndpoint } from './address.ts';
import { inetValue, SEGMENT, TCP } from './options.ts';
import { freePort } from './ports.ts';
import type { TcpSocket } from './types.ts';

/** SO_SNDBUF and SO_RCVBUF of new sockets, and to what sending grows (tcp_wmem, tcp_rmem). */
const FIRST_SNDBUF = 16_384;
const FIRST_RCVBUF = 131_072;
export const GROWN_SNDBUF = 2_626_560;

export const newTcp = (ops: SocketOperations, family: number, uid: number): TcpSocket => {
  const sock: TcpSocket = Object.assign(newSock(ops, { family, type: SOCK.STREAM, protocol: IPPROTO.TCP }, uid), {
    ...{ local: noEndpoint(family), remote: noEndpoint(family), boundAddress: false, boundPort: false },
    ...{ v6only: false, values: new Map<string, number>(), state: 'closed' as const, phase: 'unconnected' as const },
    ...{ dead: false, lastPort: 0, done: false, peer: null, received: [], copied: 0, arrived: 0 },
    ...{ unsent: [], unsentLength: 0, written: 0, finPending: false, urgentWritten: -1, more: false, corkTimer: false },
    ...{ urgent: { state: 'none' as const, seq: 0, byte: 0 }, queue: [], backlog: 0, knocking: [], listener: null },
  });
  sock.options.sndbuf = FIRST_SNDBUF;
  sock.options.rcvbuf = FIRST_RCVBUF;
  return sock;
};

/** Bytes that may be on the way and unread (tcp_full_space): the rest of the buffer is for what keeps them. */
const windowOf = (sock: TcpSocket): number => Math.floor((sock.options.rcvbuf * 7) / 8);

/** Room of a writer, and whether it is enough to tell pollers (sk_stream_is_writeable). */
export const sendRoom = (sock: TcpSocket): number => sock.options.sndbuf - sock.unsentLength;
export const isWritable = (sock: TcpSocket): boolean => sendRoom(sock) >= sock.unsentLength >> 1;

/** The port is given back, unless bind(2) asked for it and the socket is still there. */
export const releasePort = (kernel: Kernel, sock: TcpSocket): void => {
  if (sock.local.port === 0 || (sock.boundPort && !sock.dead)) return;
  sock.lastPort = sock.local.port;
  freePort(kernel, sock);
};

/** The connection is over (tcp_done). */
export const tcpDone = (kernel: Kernel, sock: TcpSocket): void => {
  sock.state = 'closed';
  sock.shutdown = SHUTDOWN.MASK;
  sock.peer = null;
  sock.unsent = [];
  sock.unsentLength = 0;
  sock.finPending = false;
  const { listener } = sock;
  if (listener !== null) {
    // Nobody accepted it: it stays in the queue, and accept(2) finds it closed.
    return;
  }
  if (!sock.dead) stateChange(kernel, sock);
  releasePort(kernel, sock);
};

/** A reset arrived (tcp_reset). */
export const tcpReset = (kernel: Kernel, sock: TcpSocket): void => {
  if (sock.state === 'closed') return;
  sock.error =
    sock.state === 'syn-sent' ? ERRNO.ECONNREFUSED : sock.state === 'close-wait' ? ERRNO.EPIPE : ERRNO.ECONNRESET;
  tcpDone(kernel, sock);
  if (!sock.dead) errorReport(kernel, sock);
};

/** Sends a reset to the other end, and ends this one. */
export const sendReset = (kernel: Kernel, sock: TcpSocket): void => {
  const { peer } = sock;
  sock.peer = null;
  if (peer !== null && peer !== sock) tcpReset(kernel, peer);
};

/** The connection rests (tcp_time_wait): both ends said they were done, this one first. */
const timeWait = (kernel: Kernel, sock: TcpSocket): void => {
  const { local, remote, options } = sock;
  kernel.net.inet.timeWait.push({ local, remote, reuse: options.reuseaddr, since: kernel.now() });
  tcpDone(kernel, sock);
};

/** The end of the stream arrived (tcp_fin). */
const receiveFin = (kernel: Kernel, sock: TcpSocket): void => {
  sock.shutdown |= SHUTDOWN.RCV;
  sock.done = true;
  if (sock.state === 'established') sock.state = 'close-wait';
  else if (sock.state === 'fin-wait1') sock.state = 'closing';
  else if (sock.state === 'fin-wait2') timeWait(kernel, sock);
  if (sock.dead) return;
  stateChange(kernel, sock);
  const over = sock.shutdown === SHUTDOWN.MASK || sock.state === 'closed';
  wakeAsync(kernel, sock, over ? POLL_CODE.HUP : POLL_CODE.IN);
  dataReady(kernel, sock);
};

/** The other end has the end of our stream. */
const finAcknowledged = (kernel: Kernel, sock: TcpSocket): void => {
  if (sock.state === 'fin-wait1') {
    sock.state = 'fin-wait2';
    sock.shutdown |= SHUTDOWN.SEND;
    if (!sock.dead) stateChange(kernel, sock);
  } else if (sock.state === 'closing') {
    timeWait(kernel, sock);
  } else if (sock.state === 'last-ack') {
    tcpDone(kernel, sock);
  }
};

/** Says that no more comes, behind what has not been sent (tcp_send_fin). */
export const sendFin = (kernel: Kernel, sock: TcpSocket): void => {
  if (sock.state === 'established') sock.state = 'fin-wait1';
  else if (sock.state === 'close-wait') sock.state = 'last-ack';
  else return;
  sock.finPending = true;
  push(kernel, sock);
};

/** Urgent data was announced (tcp_check_urg). */
const announceUrgent = (kernel: Kernel, sock: TcpSocket, seq: number): void => {
  const { urgent } = sock;
  if (sock.copied > seq || (urgent.state !== 'none' && seq <= urgent.seq)) return;
  urgentReady(kernel, sock);
  // An urgent byte that nobody took, and where reading stands, is passed over.
  if (
    urgent.state !== 'none' &&
    urgent.seq === sock.copied &&
    !sock.options.oobinline &&
    sock.copied !== sock.arrived
  ) {
    sock.copied++;
    dropRead(sock);
  }
  sock.urgent = { state: 'awaited', seq, byte: 0 };
};

/** Segments that were read to their end go. */
export const dropRead = (sock: TcpSocket): void => {
  const { received, copied } = sock;
  let count = 0;
  while (count < received.length && received[count]!.seq + received[count]!.bytes.length <= copied) count++;
  if (count > 0) received.splice(0, count);
};

const arrive = (kernel: Kernel, sock: TcpSocket, bytes: Uint8Array): void => {
  const seq = sock.arrived;
  sock.received.push({ seq, bytes });
  sock.arrived += bytes.length;
  const { urgent } = sock;
  if (urgent.state === 'awaited' && urgent.seq >= seq && urgent.seq < sock.arrived) {
    sock.urgent = { state: 'valid', seq: urgent.seq, byte: bytes[urgent.seq - seq]! };
  }
  if (!sock.dead && sock.arrived - sock.copied >= sock.options.rcvlowat) dataReady(kernel, sock);
};

/** Nanoseconds that a part of a segment is held back at most. */
const CORK_TIME = 200e6;

/** Bytes that may be sent now: with TCP_CORK or MSG_MORE whole segments (tcp_nagle_test), the rest after a while. */
const sendable = (kernel: Kernel, sock: TcpSocket): number => {
  const corked = sock.more || inetValue(sock, SOL.TCP, TCP.CORK) !== 0;
  if (!corked || sock.finPending || sock.urgentWritten >= 0) return sock.unsentLength;
  if (!sock.corkTimer) {
    sock.corkTimer = true;
    addTimer(kernel.timers, { kind: 'cork', expires: kernel.now() + CORK_TIME, sock });
  }
  return Math.floor(sock.unsentLength / SEGMENT) * SEGMENT;
};

/** What was held back has waited long enough, or is wanted now: TCP_NODELAY, the end of TCP_CORK. */
export const pushAll = (kernel: Kernel, sock: TcpSocket): void => {
  sock.more = false;
  push(kernel, sock, true);
};

/** Sends as much as the other end has room for (tcp_write_xmit). `all` leaves nothing for later. */
export const push = (kernel: Kernel, sock: TcpSocket, all = false): void => {
  const { peer } = sock;
  if (peer === null) return;
  if (sock.urgentWritten >= 0) {
    announceUrgent(kernel, peer, sock.urgentWritten);
    sock.urgentWritten = -1;
  }
  let moved = false;
  let quota = all || sock.unsentLength === 0 ? sock.unsentLength : sendable(kernel, sock);
  while (quota > 0) {
    if (peer.dead || (peer.shutdown & SHUTDOWN.RCV && peer.state !== 'established' && peer.state !== 'close-wait')) {
      // Nobody will ever read it.
      sendReset(kernel, peer);
      tcpDone(kernel, peer);
      return;
    }
    const room = Math.min(quota, windowOf(peer) - (peer.arrived - peer.copied));
    if (room <= 0) break;
    const first = sock.unsent[0]!;
    const part = first.length <= room ? first : first.subarray(0, room);
    if (part === first) sock.unsent.shift();
    else sock.unsent[0] = first.subarray(room);
    sock.unsentLength -= part.length;
    quota -= part.length;
    moved = true;
    arrive(kernel, peer, part);
  }
  if (moved && !sock.dead && sock.noSpace && isWritable(sock)) writeSpace(kernel, sock);
  if (sock.finPending && sock.unsent.length === 0) {
    sock.finPending = false;
    receiveFin(kernel, peer);
    finAcknowledged(kernel, sock);
  }
};
