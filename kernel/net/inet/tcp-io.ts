/** Reading and writing TCP streams (tcp_sendmsg_locked, tcp_recvmsg_locked, tcp_recv_urg). */
import { ERRNO, RESTART } from '../../abi/errno.ts';
import { MSG } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { BLOCKED } from '../../task/wait.ts';
import { parseControl } from '../control.ts';
import { brokenPipe, receiveTarget, receiveTimeout, sendTimeout, sockError, waitSock } from '../sock.ts';
import { partly, putWhole, takeWhole } from '../transfer.ts';
import { type IncomingMessage, type OutgoingMessage, SHUTDOWN, type Socket } from '../types.ts';
import { dropRead, push, sendRoom } from './tcp.ts';
import type { Segment, TcpSocket } from './types.ts';

/** Most bytes that are taken from the guest at once. */
const CHUNK = 65_536;

/** What a broken stream says: its error, once, or EPIPE, which comes with SIGPIPE (sk_stream_error). */
const streamError = (kernel: Kernel, task: Task, sock: TcpSocket, flags: number): number => {
  const error = sockError(sock);
  return error === 0 || error === -ERRNO.EPIPE ? brokenPipe(kernel, task, flags) : error;
};

/** A call that sends before the connection is there waits for it (sk_stream_wait_connect). 0, -errno or BLOCKED. */
const waitConnected = (kernel: Kernel, task: Task, sock: TcpSocket, timeout: number, flags: number): number => {
  if (sock.state === 'established' || sock.state === 'close-wait') return 0;
  if (sock.error !== 0 || sock.state !== 'syn-sent') return streamError(kernel, task, sock, flags);
  return waitSock(kernel, task, sock, { what: 'sk_stream_wait_connect', timeout });
};

export const sendTcp = (kernel: Kernel, task: Task, socket: Socket, message: OutgoingMessage): number => {
  const sock = socket as TcpSocket;
  const { flags, data, length } = message;
  if (message.control !== null) {
    const control = parseControl(message.control);
    if (typeof control === 'number') return control;
  }
  const timeout = sendTimeout(sock, (flags & MSG.DONTWAIT) !== 0);
  let sent: number = task.wait?.data?.sent ?? 0;
  const connected = sent > 0 ? 0 : waitConnected(kernel, task, sock, timeout, flags);
  if (connected !== 0) return connected;
  data.skip(sent);
  while (sent < length) {
    if (sock.error !== 0 || sock.shutdown & SHUTDOWN.SEND) {
      return sent > 0 ? sent : streamError(kernel, task, sock, flags);
    }
    const room = sendRoom(sock);
    if (room <= 0) {
      sock.noSpace = true;
      const slept = waitSock(kernel, task, sock, { what: 'sk_stream_wait_memory', timeout, data: { sent } });
      return partly(slept, sent);
    }
    const bytes = takeWhole(data, Math.min(CHUNK, room, length - sent));
    if (bytes === null) return sent > 0 ? sent : -ERRNO.EFAULT;
    sock.unsent.push(bytes);
    sock.unsentLength += bytes.length;
    sock.written += bytes.length;
    sent += bytes.length;
    // The last byte is the urgent one (tcp_mark_urg).
    if (flags & MSG.OOB && sent === length) sock.urgentWritten = sock.written - 1;
    sock.more = (flags & MSG.MORE) !== 0;
    push(kernel, sock);
  }
  if (length === 0 && (sock.error !== 0 || sock.shutdown & SHUTDOWN.SEND)) {
    return streamError(kernel, task, sock, flags);
  }
  return sent;
};

/** recv(2) with MSG_OOB. */
const receiveUrgent = (sock: TcpSocket, message: IncomingMessage): number => {
  const { urgent } = sock;
  if (sock.options.oobinline || urgent.state === 'none' || urgent.state === 'read') return -ERRNO.EINVAL;
  if (sock.state === 'closed' && !sock.done) return -ERRNO.ENOTCONN;
  if (urgent.state === 'valid') {
    if (!(message.flags & MSG.PEEK)) urgent.state = 'read';
    message.outFlags |= MSG.OOB;
    if (message.data.remaining === 0) {
      message.outFlags |= MSG.TRUNC;
      return 0;
    }
    if (!(message.flags & MSG.TRUNC) && !putWhole(message.data, Uint8Array.of(urgent.byte))) return -ERRNO.EFAULT;
    return 1;
  }
  return sock.state === 'closed' || sock.shutdown & SHUTDOWN.RCV ? 0 : -ERRNO.EAGAIN;
};

const segmentAt = (sock: TcpSocket, seq: number): Segment | undefined =>
  sock.received.find((segment) => seq >= segment.seq && seq < segment.seq + segment.bytes.length);

/** What a read has done. */
interface Progress {
  copied: number;
  seq: number;
  left: number;
}

/**
 * Moves what is there to the reader. Reading stops before the urgent byte and, unless it is inline, leaves it out. True
 * when no more may follow: the reader has all, or stands before the urgent byte with something in hand.
 */
const readSegments = (sock: TcpSocket, message: IncomingMessage, progress: Progress): boolean => {
  const peek = (message.flags & MSG.PEEK) !== 0;
  for (;;) {
    const { urgent } = sock;
    const isUrgent = urgent.state !== 'none';
    if (isUrgent && urgent.seq === progress.seq && progress.copied > 0) return true;
    const segment = segmentAt(sock, progress.seq);
    if (segment === undefined) return false;
    let offset = progress.seq - segment.seq;
    let used = Math.min(segment.bytes.length - offset, progress.left);
    const before = urgent.seq - progress.seq;
    if (isUrgent && before >= 0 && before < used) {
      if (before > 0) {
        used = before;
      } else if (!sock.options.oobinline) {
        progress.seq++;
        offset++;
        used--;
      }
    }
    if (used > 0) {
      const bytes = segment.bytes.subarray(offset, offset + used);
      if (!(message.flags & MSG.TRUNC) && !putWhole(message.data, bytes)) {
        if (progress.copied === 0) progress.copied = -ERRNO.EFAULT;
        return true;
      }
      progress.seq += used;
      progress.copied += used;
      progress.left -= used;
    }
    if (!peek) {
      sock.copied = progress.seq;
      if (isUrgent && sock.copied > urgent.seq) urgent.state = 'none';
      dropRead(sock);
    }
    if (progress.left <= 0) return true;
  }
};

/** Why nothing more comes, when nothing was read: 0 is the end, null says that it may. */
const endOfStream = (sock: TcpSocket): number | null => {
  if (sock.done) return 0;
  const error = sockError(sock);
  if (error < 0) return error;
  if (sock.shutdown & SHUTDOWN.RCV) return 0;
  return sock.state === 'closed' ? -ERRNO.ENOTCONN : null;
};

export const receiveTcp = (kernel: Kernel, task: Task, socket: Socket, message: IncomingMessage): number => {
  const sock = socket as TcpSocket;
  const { flags } = message;
  if (flags & MSG.ERRQUEUE) return -ERRNO.EAGAIN;
  if (sock.state === 'listening') return -ERRNO.ENOTCONN;
  if (flags & MSG.OOB) return receiveUrgent(sock, message);
  const peek = (flags & MSG.PEEK) !== 0;
  const before: number = peek ? 0 : (task.wait?.data?.read ?? 0);
  const length = message.data.remaining;
  const target = receiveTarget(sock, flags, length);
  const timeout = receiveTimeout(sock, (flags & MSG.DONTWAIT) !== 0);
  message.data.skip(before);
  const start = peek && sock.options.peekOffset >= 0 ? sock.copied + sock.options.peekOffset : sock.copied;
  const progress: Progress = { copied: before, seq: start, left: length - before };
  const { urgent } = sock;
  if (urgent.state !== 'none' && urgent.seq === progress.seq && before === 0 && task.sigpending) {
    // SIGURG first: its handler may want to look at the mark.
    return timeout === 0 ? -ERRNO.EAGAIN : timeout === Number.POSITIVE_INFINITY ? -RESTART.ERESTARTSYS : -ERRNO.EINTR;
  }
  const full = readSegments(sock, message, progress);
  const { copied } = progress;
  if (peek && sock.options.peekOffset >= 0 && copied > 0) sock.options.peekOffset += copied;
  if (!peek && copied > before && sock.peer !== null) push(kernel, sock.peer);
  if (full || copied < 0 || copied >= target) return copied;
  if (copied > 0) {
    if (sock.error !== 0 || sock.state === 'closed' || sock.shutdown & SHUTDOWN.RCV) return copied;
  } else {
    const end = endOfStream(sock);
    if (end !== null) return end;
  }
  const data = peek ? {} : { read: copied };
  const slept = waitSock(kernel, task, sock, { what: 'sk_wait_data', timeout, data });
  return slept === BLOCKED ? slept : partly(slept, copied);
};
