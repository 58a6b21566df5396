/** Bytes through connected AF_UNIX streams (unix_stream_sendmsg, unix_stream_read_generic). */
import { ERRNO } from '../../abi/errno.ts';
import { MSG } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { BLOCKED } from '../../task/wait.ts';
import { type Cookie, dropFiles, receiveControl, sendControl, wantsCredentials } from '../control.ts';
import {
  brokenPipe,
  dataReady,
  receiveTarget,
  receiveTimeout,
  sendTimeout,
  sockError,
  urgentReady,
  waitSock,
} from '../sock.ts';
import { partly, putWhole, takeWhole } from '../transfer.ts';
import { type IncomingMessage, type OutgoingMessage, type PeerCredentials, SHUTDOWN, type Socket } from '../types.ts';
import { addressOf } from './address.ts';
import {
  credentialsFor,
  enqueue,
  freeMessage,
  landFiles,
  newMessage,
  streamPiece,
  unlink,
  waitForMemory,
} from './queue.ts';
import type { UnixMessage, UnixSocket } from './types.ts';

const isBroken = (other: UnixSocket): boolean => other.dead || (other.shutdown & SHUTDOWN.RCV) !== 0;

/** Bytes of a message that were not read. */
export const unread = (message: UnixMessage): number => message.bytes.length - message.consumed;

/** The last byte, as a message of its own that readers can take first (queue_oob). */
const sendUrgent = (
  kernel: Kernel,
  task: Task,
  sock: UnixSocket,
  other: UnixSocket,
  message: OutgoingMessage,
  sent: number,
): number => {
  const room = waitForMemory(kernel, task, sock, sendTimeout(sock, (message.flags & MSG.DONTWAIT) !== 0), sent);
  if (room !== 0) return room;
  const bytes = takeWhole(message.data, 1);
  if (bytes === null) return -ERRNO.EFAULT;
  if (isBroken(other)) return -ERRNO.EPIPE;
  const creds = credentialsFor(task, null, sock, other);
  const urgent = newMessage(kernel, sock, bytes, streamPiece(1, sock.options.sndbuf).truesize, { creds });
  enqueue(kernel, other, urgent);
  other.oob = urgent;
  urgentReady(kernel, other);
  dataReady(kernel, other);
  return 1;
};

/** Moves the message in pieces; returns what went, or what stopped it. */
const sendPieces = (
  kernel: Kernel,
  task: Task,
  sock: UnixSocket,
  other: UnixSocket,
  message: OutgoingMessage,
  cookie: Cookie,
): number => {
  const urgent = (message.flags & MSG.OOB) !== 0;
  const length = message.length - (urgent ? 1 : 0);
  let sent: number = task.wait?.data?.sent ?? 0;
  message.data.skip(sent);
  const timeout = sendTimeout(sock, (message.flags & MSG.DONTWAIT) !== 0);
  while (sent < length) {
    const room = waitForMemory(kernel, task, sock, timeout, sent);
    if (room < 0) return partly(room, sent);
    const piece = streamPiece(length - sent, sock.options.sndbuf);
    const bytes = takeWhole(message.data, piece.length);
    if (bytes === null) return sent > 0 ? sent : -ERRNO.EFAULT;
    if (isBroken(other)) return sent > 0 ? sent : brokenPipe(kernel, task, message.flags);
    if (cookie.files.length > 0 && !other.options.passrights) return sent > 0 ? sent : -ERRNO.EPERM;
    const files = cookie.files;
    cookie.files = [];
    const creds = credentialsFor(task, cookie.creds, sock, other);
    enqueue(kernel, other, newMessage(kernel, sock, bytes, piece.truesize, { files, creds }));
    dataReady(kernel, other);
    sent += piece.length;
  }
  if (!urgent) return sent;
  const result = sendUrgent(kernel, task, sock, other, message, sent);
  return result < 0 ? partly(result, sent) : sent + result;
};

export const sendStream = (kernel: Kernel, task: Task, socket: Socket, message: OutgoingMessage): number => {
  const sock = socket as UnixSocket;
  const cookie = sendControl(kernel, task, message.control, true);
  if (typeof cookie === 'number') return cookie;
  try {
    if (message.flags & MSG.OOB && message.length === 0) return -ERRNO.EOPNOTSUPP;
    if (message.name !== null && message.name.length > 0) {
      return sock.state === 'connected' ? -ERRNO.EISCONN : -ERRNO.EOPNOTSUPP;
    }
    const other = sock.peer;
    if (other === null) return -ERRNO.ENOTCONN;
    const sent: number = task.wait?.data?.sent ?? 0;
    if (sock.shutdown & SHUTDOWN.SEND) return sent > 0 ? sent : brokenPipe(kernel, task, message.flags);
    return sendPieces(kernel, task, sock, other, message, cookie);
  } finally {
    dropFiles(kernel, cookie.files);
  }
};

/** recv(2) with MSG_OOB (unix_stream_recv_urg). */
const receiveUrgent = (sock: UnixSocket, message: IncomingMessage): number => {
  const urgent = sock.oob;
  if (sock.options.oobinline || urgent === null) return -ERRNO.EINVAL;
  const peek = (message.flags & MSG.PEEK) !== 0;
  if (!peek) sock.oob = null;
  const moved = putWhole(message.data, urgent.bytes.subarray(0, Math.min(1, message.data.remaining)));
  if (!peek) {
    urgent.consumed = 1;
    sock.inq -= 1;
  }
  if (!moved) return -ERRNO.EFAULT;
  message.outFlags |= MSG.OOB;
  return 1;
};

const after = (sock: UnixSocket, message: UnixMessage): UnixMessage | undefined =>
  sock.queue[sock.queue.indexOf(message) + 1];

/** The message to read next where the urgent byte may be: reading stops before it, and goes on behind it (manage_oob). */
const passUrgent = (
  kernel: Kernel,
  sock: UnixSocket,
  first: UnixMessage,
  peek: boolean,
  copied: number,
): UnixMessage | undefined => {
  let message: UnixMessage | undefined = first;
  if (unread(message) === 0) {
    const read: UnixMessage = message;
    if (copied > 0 && (sock.oob === null || message === sock.oob)) return undefined;
    message = after(sock, read);
    if (!peek) {
      unlink(sock, read);
      freeMessage(kernel, read);
    }
    if (message === undefined) return undefined;
  }
  if (message !== sock.oob) return message;
  if (copied > 0) return undefined;
  if (!peek) {
    sock.oob = null;
    if (sock.options.oobinline) return message;
    unlink(sock, message);
    freeMessage(kernel, message);
    return sock.queue[0];
  }
  return sock.options.oobinline ? message : after(sock, message);
};

const sameSender = (a: PeerCredentials | null, b: PeerCredentials | null): boolean =>
  a?.pid === b?.pid && a?.uid === b?.uid && a?.gid === b?.gid;

/** What a read has so far. */
interface Progress {
  copied: number;
  size: number;
  /** The first message, whose sender and files the reader is told of. */
  from: UnixMessage | null;
  files: UnixMessage['files'];
}

/** Moves what is there. True when no more may be added to it. */
const readQueue = (kernel: Kernel, sock: UnixSocket, message: IncomingMessage, progress: Progress): boolean => {
  const peek = (message.flags & MSG.PEEK) !== 0;
  const offset = peek && sock.options.peekOffset >= 0 ? sock.options.peekOffset : 0;
  let skip = offset;
  let next: UnixMessage | undefined = sock.queue[0];
  const done = (): boolean => {
    if (peek && sock.options.peekOffset >= 0) sock.options.peekOffset = offset + progress.copied;
    return true;
  };
  while (next !== undefined) {
    const found: UnixMessage | undefined =
      unread(next) === 0 || next === sock.oob ? passUrgent(kernel, sock, next, peek, progress.copied) : next;
    if (found === undefined) return progress.copied > 0 ? done() : false;
    next = found;
    if (skip > 0 && skip >= unread(next)) {
      skip -= unread(next);
      next = after(sock, next);
      continue;
    }
    if (progress.from === null) progress.from = next;
    else if (wantsCredentials(sock) && !sameSender(progress.from.creds, next.creds)) return done();
    const chunk = Math.min(unread(next) - skip, progress.size);
    const start = next.consumed + skip;
    if (!putWhole(message.data, next.bytes.subarray(start, start + chunk))) {
      if (progress.copied === 0) progress.copied = -ERRNO.EFAULT;
      return done();
    }
    skip = 0;
    progress.copied += chunk;
    progress.size -= chunk;
    const hasFiles = next.files.length > 0;
    if (hasFiles) progress.files = next.files.slice();
    for (const file of hasFiles ? progress.files : []) file.refs++;
    if (peek) {
      if (hasFiles || progress.size === 0) return done();
      next = after(sock, next);
      continue;
    }
    if (hasFiles) landFiles(kernel, next);
    next.consumed += chunk;
    sock.inq -= chunk;
    if (unread(next) > 0) return done();
    if (next !== sock.oob) {
      unlink(sock, next);
      freeMessage(kernel, next);
    }
    if (hasFiles || progress.size === 0) return done();
    next = sock.queue[0];
  }
  if (progress.copied > 0) done();
  return progress.size === 0;
};

export const receiveStream = (kernel: Kernel, task: Task, socket: Socket, message: IncomingMessage): number => {
  const sock = socket as UnixSocket;
  if (sock.state !== 'connected') return -ERRNO.EINVAL;
  if (message.flags & MSG.OOB) return receiveUrgent(sock, message);
  const kept: { copied: number; from: UnixMessage | null } = task.wait?.data?.stream ?? { copied: 0, from: null };
  const size = message.data.remaining;
  const target = receiveTarget(sock, message.flags, size);
  const timeout = receiveTimeout(sock, (message.flags & MSG.DONTWAIT) !== 0);
  message.data.skip(kept.copied);
  const progress: Progress = { copied: kept.copied, size: size - kept.copied, from: kept.from, files: [] };
  const full = readQueue(kernel, sock, message, progress);
  const { copied } = progress;
  if (full || copied >= target || copied < 0) return finish(kernel, task, sock, message, progress, copied);
  const error = sockError(sock);
  if (error < 0 || sock.shutdown & SHUTDOWN.RCV) {
    return finish(kernel, task, sock, message, progress, copied > 0 ? copied : error);
  }
  const stream = message.flags & MSG.PEEK ? { copied: 0, from: null } : { copied, from: progress.from };
  const slept = waitSock(kernel, task, sock, { what: 'unix_stream_data_wait', timeout, data: { stream } });
  return slept === BLOCKED ? slept : finish(kernel, task, sock, message, progress, partly(slept, copied));
};

/** Tells the reader who wrote, and gives him what came along. */
const finish = (
  kernel: Kernel,
  task: Task,
  sock: UnixSocket,
  message: IncomingMessage,
  { from, files }: Progress,
  result: number,
): number => {
  if (from !== null && from.sender.path !== null) message.name = addressOf(from.sender);
  if (from !== null && result >= 0) {
    receiveControl(kernel, task, message, { files, creds: from.creds }, sock);
  }
  dropFiles(kernel, files);
  return result;
};
