/** What all sockets do alike (net/core/sock.c): beginning, waiting, waking, SIGIO and SIGURG. */
import { ERRNO, RESTART } from '../abi/errno.ts';
import { POLL } from '../abi/poll.ts';
import { POLL_CODE, SIG } from '../abi/signal.ts';
import { MSG } from '../abi/socket.ts';
import { killFasync, sendSigurg } from '../fs/fasync.ts';
import { raise } from '../fs/raise.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { block, type WaitQueue, waitQueue, wakeAll } from '../task/wait.ts';
import type { Socket, SocketOptions } from './types.ts';

/** /proc/sys/net/core/wmem_default and rmem_default; and the most that setsockopt(2) gives (wmem_max, rmem_max). */
export const DEFAULT_BUFFER = 212_992;
export const MAX_BUFFER = 4_194_304;
/** Least sizes (SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF). */
export const MIN_SNDBUF = 4608;
export const MIN_RCVBUF = 2304;
/** /proc/sys/net/core/somaxconn. */
export const SOMAXCONN = 4096;

const defaultOptions = (): SocketOptions => ({
  ...{ sndbuf: DEFAULT_BUFFER, rcvbuf: DEFAULT_BUFFER, rcvlowat: 1, bufferLocks: 0, device: 0, selectErrQueue: false },
  ...{ rcvtimeo: Number.POSITIVE_INFINITY, sndtimeo: Number.POSITIVE_INFINITY },
  ...{ linger: false, lingerTime: 0, reuseaddr: false, reuseport: false, keepalive: false, broadcast: false },
  ...{
    oobinline: false,
    dontroute: false,
    passcred: false,
    passpidfd: false,
    passrights: true,
    timestamp: false,
    timestampns: false,
    debug: false,
  },
  ...{ noCheck: false, rxqOvfl: false, priority: 0, mark: 0, peekOffset: -1 },
});

/** The common part of a socket without a file (sock_init_data). */
export const newSock = (
  ops: Socket['ops'],
  kind: { family: number; type: number; protocol: number },
  uid: number,
): Socket => ({
  ops,
  family: kind.family,
  type: kind.type,
  protocol: kind.protocol,
  file: null,
  error: 0,
  shutdown: 0,
  wait: waitQueue(),
  asyncs: [],
  noSpace: false,
  uid,
  options: defaultOptions(),
});

/** The error of the socket, negated; it is told once (sock_error). */
export const sockError = (sock: Socket): number => {
  const { error } = sock;
  sock.error = 0;
  return error === 0 ? 0 : -error;
};

/** How long a call waits: not at all, or as SO_RCVTIMEO and SO_SNDTIMEO say. Nanoseconds. */
export const receiveTimeout = (sock: Socket, nonblock: boolean): number => (nonblock ? 0 : sock.options.rcvtimeo);
export const sendTimeout = (sock: Socket, nonblock: boolean): number => (nonblock ? 0 : sock.options.sndtimeo);

/** Bytes that a read waits for (sock_rcvlowat). */
export const receiveTarget = (sock: Socket, flags: number, length: number): number =>
  (flags & MSG.WAITALL ? length : Math.min(sock.options.rcvlowat, length)) || 1;

/** What a call keeps while it sleeps. */
export interface SocketWait {
  what: string;
  /** Nanoseconds for the whole call; 0 does not wait. */
  timeout: number;
  queue?: WaitQueue;
  data?: Readonly<Record<string, unknown>>;
}

/**
 * Sleeps until the socket's queue, or another, is woken: BLOCKED. `late` when the time is over; a call with a time limit
 * ends with EINTR, others start again (sock_intr_errno).
 */
export const waitSock = (
  kernel: Kernel,
  task: Task,
  sock: Socket,
  { what, timeout, queue, data }: SocketWait,
  late: number = -ERRNO.EAGAIN,
): number => {
  if (timeout === 0) return late;
  const limited = timeout !== Number.POSITIVE_INFINITY;
  const deadline = task.wait?.data?.deadline ?? (limited ? kernel.now() + timeout : timeout);
  if (task.wait?.timedOut || deadline <= kernel.now()) return late;
  return block(kernel, task, {
    what,
    queues: [queue ?? sock.wait],
    deadline,
    restart: limited ? ERRNO.EINTR : RESTART.ERESTARTSYS,
    data: { ...task.wait?.data, ...data, deadline },
  });
};

/** SIGPIPE as MSG_NOSIGNAL allows, and -EPIPE. */
export const brokenPipe = (kernel: Kernel, task: Task, flags: number): number => {
  if (!(flags & MSG.NOSIGNAL)) raise(kernel, task, SIG.SIGPIPE);
  return -ERRNO.EPIPE;
};

const READ_KEY = POLL.IN | POLL.PRI | POLL.RDNORM | POLL.RDBAND;
const WRITE_KEY = POLL.OUT | POLL.WRNORM | POLL.WRBAND;

/** Something can be read (sock_def_readable). */
export const dataReady = (kernel: Kernel, sock: Socket): void => {
  wakeAll(kernel, sock.wait, READ_KEY);
  wakeAsync(kernel, sock, POLL_CODE.IN);
};

/** There is room (sock_def_write_space). SIGIO only after someone found none. */
export const writeSpace = (kernel: Kernel, sock: Socket): void => {
  wakeAll(kernel, sock.wait, WRITE_KEY);
  if (!sock.noSpace) return;
  sock.noSpace = false;
  wakeAsync(kernel, sock, POLL_CODE.OUT);
};

/** sock_def_wakeup. */
export const stateChange = (kernel: Kernel, sock: Socket): void => wakeAll(kernel, sock.wait);

/** sk_error_report. */
export const errorReport = (kernel: Kernel, sock: Socket): void => {
  wakeAll(kernel, sock.wait, POLL.ERR);
  wakeAsync(kernel, sock, POLL_CODE.ERR);
};

/** SIGIO, or what F_SETSIG chose, to those who asked for it (sk_wake_async). `code` is POLL_IN, ... */
export const wakeAsync = (kernel: Kernel, sock: Socket, code: number): void => killFasync(kernel, sock.asyncs, code);

/** Urgent data came (sk_send_sigurg): SIGURG to the owner of the file, O_ASYNC or not. */
export const urgentReady = (kernel: Kernel, sock: Socket): void => {
  if (sock.file === null || !sendSigurg(kernel, sock.file)) return;
  killFasync(kernel, sock.asyncs, POLL_CODE.PRI, true);
};
