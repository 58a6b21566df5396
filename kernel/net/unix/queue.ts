/** Queues of AF_UNIX sockets, and what a message costs its sender (sock_alloc_send_pskb). */
import { PAGE_SIZE } from '../../../emulator/api.ts';
import { ERRNO } from '../../abi/errno.ts';
import { POLL } from '../../abi/poll.ts';
import { fput } from '../../fs/inode.ts';
import type { OpenFile } from '../../fs/types.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { wakeAll } from '../../task/wait.ts';
import { ownCredentials, wantsCredentials } from '../control.ts';
import { sockError, waitSock, writeSpace } from '../sock.ts';
import type { PeerCredentials } from '../types.ts';
import { SHUTDOWN } from '../types.ts';
import type { UnixMessage, UnixSocket } from './types.ts';

/** sizeof(struct sk_buff) and sizeof(struct skb_shared_info), aligned. */
const SK_BUFF = 256;
const SHARED_INFO = 320;
/** Bytes that one head takes without an allocation of more than a page, and of four pages (SKB_MAX_HEAD, SKB_MAX_ALLOC). */
const MAX_HEAD = PAGE_SIZE - SHARED_INFO;
const MAX_ALLOC = 4 * PAGE_SIZE - SHARED_INFO;
/** Most pages of one message (MAX_SKB_FRAGS). */
const MAX_FRAGS = 17;
/** Most bytes of a stream's message in pages (UNIX_SKB_FRAGS_SZ). */
const STREAM_FRAGS = 32_768;
/** Least the slab allocator gives for a head. */
const LEAST_HEAD = 512;

const pages = (bytes: number): number => Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE;

/** What a message takes whose head holds `linear` bytes and whose pages `paged`, whole pages. */
const truesizeOf = (linear: number, paged: number): number => {
  const head = Math.ceil(linear / 64) * 64 + SHARED_INFO;
  return SK_BUFF + Math.max(LEAST_HEAD, 2 ** Math.ceil(Math.log2(head))) + paged;
};

/** Of a datagram. */
export const datagramSize = (length: number): number => {
  if (length <= MAX_ALLOC) return truesizeOf(length, 0);
  const paged = pages(Math.min(length - MAX_ALLOC, MAX_FRAGS * PAGE_SIZE));
  return truesizeOf(length - paged, paged);
};

/** How many of `left` bytes the next message of a stream takes, and what it costs. */
export const streamPiece = (left: number, sndbuf: number): { length: number; truesize: number } => {
  const length = Math.min(left, (sndbuf >> 1) - 64, MAX_HEAD + STREAM_FRAGS);
  const paged = Math.min(length, pages(Math.max(0, length - MAX_HEAD)));
  return { length, truesize: truesizeOf(length - paged, pages(paged)) };
};

/** Half empty (unix_writable). */
export const isRoomy = (sock: UnixSocket): boolean =>
  sock.state !== 'listening' && sock.wmem * 4 <= sock.options.sndbuf;

/** Others wait (unix_recvq_full). */
export const isQueueFull = (sock: UnixSocket): boolean => sock.queue.length > sock.backlog;

/**
 * Whether a message may be made now (sock_alloc_send_pskb): 0, -errno, or BLOCKED until there is room. `sent` bytes of the
 * call went before.
 */
export const waitForMemory = (kernel: Kernel, task: Task, sock: UnixSocket, timeout: number, sent: number): number => {
  const error = sockError(sock);
  if (error < 0) return error;
  if (sock.shutdown & SHUTDOWN.SEND) return -ERRNO.EPIPE;
  if (sock.wmem < sock.options.sndbuf) return 0;
  sock.noSpace = true;
  return waitSock(kernel, task, sock, { what: 'sock_wait_for_wmem', timeout, data: { sent } });
};

/** A message, charged to its sender. */
export const newMessage = (
  kernel: Kernel,
  sender: UnixSocket,
  bytes: Uint8Array,
  truesize: number,
  more: { files?: OpenFile[]; creds?: PeerCredentials | null } = {},
): UnixMessage => {
  sender.wmem += truesize;
  return {
    ...{ bytes, consumed: 0, truesize, sender, connection: null },
    ...{ files: more.files ?? [], creds: more.creds ?? null, stamp: kernel.realtime() },
  };
};

/** Who sends: what he claims, or himself if either end wants to know (unix_maybe_add_creds). */
export const credentialsFor = (
  task: Task,
  claimed: PeerCredentials | null,
  sock: UnixSocket,
  other: UnixSocket,
): PeerCredentials | null =>
  claimed ?? (wantsCredentials(sock) || other.file === null || wantsCredentials(other) ? ownCredentials(task) : null);

const unixFiles = (kernel: Kernel, message: UnixMessage, step: number): void => {
  const { inFlight } = kernel.net.unix;
  for (const file of message.files) {
    if (file.ops.kind !== 'socket') continue;
    const count = (inFlight.get(file) ?? 0) + step;
    if (count > 0) inFlight.set(file, count);
    else inFlight.delete(file);
  }
};

/** Puts a message into a queue: its files are in flight. */
export const enqueue = (kernel: Kernel, sock: UnixSocket, message: UnixMessage): void => {
  unixFiles(kernel, message, 1);
  sock.inq += message.bytes.length;
  sock.queue.push(message);
};

/** The files of a message have reached someone, or nobody ever: they are its own no longer. */
export const landFiles = (kernel: Kernel, message: UnixMessage): void => {
  unixFiles(kernel, message, -1);
  const { files } = message;
  message.files = [];
  for (const file of files) fput(kernel, file);
};

/** The message is gone (consume_skb): its sender has room again. */
export const freeMessage = (kernel: Kernel, message: UnixMessage): void => {
  landFiles(kernel, message);
  const { sender } = message;
  sender.wmem -= message.truesize;
  if (!sender.dead && isRoomy(sender)) writeSpace(kernel, sender);
};

/** Takes a message out of the queue, wherever it is. */
export const unlink = (sock: UnixSocket, message: UnixMessage): void => {
  const at = sock.queue.indexOf(message);
  if (at >= 0) sock.queue.splice(at, 1);
};

/** A place in the queue is free: those who wait for it go on, pollers look again (unix_dgram_peer_wake). */
export const roomInQueue = (kernel: Kernel, sock: UnixSocket): void => {
  wakeAll(kernel, sock.peerWait);
  const waiting = sock.wantRoom;
  sock.wantRoom = [];
  for (const other of waiting) wakeAll(kernel, other.wait, POLL.OUT | POLL.WRNORM | POLL.WRBAND);
};
