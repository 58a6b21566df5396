/** Options of level SOL_SOCKET (net/core/sock.c: sk_setsockopt, sk_getsockopt; socket(7)). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { IFNAMSIZ } from '../abi/interface.ts';
import { AF, linger, SCM, SO, SOL, ucred } from '../abi/socket.ts';
import { TIMESPEC, TIMEVAL } from '../abi/time.ts';
import { installFile } from '../fs/descriptors.ts';
import { newProcessFile } from '../fs/pidfd.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { putControl } from './control.ts';
import { MAX_BUFFER, MIN_RCVBUF, MIN_SNDBUF, sockError } from './sock.ts';
import type { IncomingMessage, Socket, SocketOptions } from './types.ts';
import type { UnixSocket } from './unix/types.ts';

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);

/** An int as getsockopt(2) gives it. */
export const intOption = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setInt32(0, value, true);
  return bytes;
};

/** The int that setsockopt(2) gave; null if there were too few bytes. */
export const intValue = (value: Uint8Array): number | null =>
  value.length < 4 ? null : viewOf(value).getInt32(0, true);

/** Options which are on or off, and nothing else. */
const SWITCHES: Readonly<Record<number, keyof SocketOptions>> = {
  [SO.REUSEADDR]: 'reuseaddr',
  [SO.KEEPALIVE]: 'keepalive',
  [SO.BROADCAST]: 'broadcast',
  [SO.OOBINLINE]: 'oobinline',
  [SO.DONTROUTE]: 'dontroute',
  [SO.NO_CHECK]: 'noCheck',
  [SO.RXQ_OVFL]: 'rxqOvfl',
  [SO.SELECT_ERR_QUEUE]: 'selectErrQueue',
};

/** SOCK_SNDBUF_LOCK, SOCK_RCVBUF_LOCK: the size was set, and does not grow by itself. */
export const LOCKED = { SND: 1, RCV: 2 } as const;

/** Of devices, filters and queues that there are none of: what is told before anyone sets them. Most are kept as on or off. */
const WITHOUT_EFFECT: Readonly<Record<number, number>> = {
  ...{ [SO.BSDCOMPAT]: 0, [SO.WIFI_STATUS]: 0, [SO.NOFCS]: 0, [SO.LOCK_FILTER]: 0, [SO.BUSY_POLL]: 0 },
  ...{ [SO.BPF_EXTENSIONS]: 64, [SO.ZEROCOPY]: 0, [SO.PREFER_BUSY_POLL]: 0, [SO.RESERVE_MEM]: 0, [SO.RCVMARK]: 0 },
  ...{ [SO.RCVPRIORITY]: 0 },
};

const INT_MAX = 0x7fffffff;
const NSEC_PER_SEC = 1e9;
/** A tick of the clock that time limits are counted in, nanoseconds. */
const TICK = 1e6;

const isInet = (sock: Socket): boolean => sock.family === AF.INET || sock.family === AF.INET6;

/** SO_RCVTIMEO and SO_SNDTIMEO (sock_set_timeout): nanoseconds, or -errno. */
const timeoutOf = (value: Uint8Array): number => {
  if (value.length < TIMEVAL.size) return -ERRNO.EINVAL;
  const read = TIMEVAL.read(viewOf(value), 0);
  const tv_sec = Number(read.tv_sec);
  const tv_usec = Number(read.tv_usec);
  if (tv_usec < 0 || tv_usec >= 1e6) return -ERRNO.EDOM;
  if (tv_sec < 0) return 0;
  if (tv_sec === 0 && tv_usec === 0) return Number.POSITIVE_INFINITY;
  return tv_sec * NSEC_PER_SEC + Math.ceil((tv_usec * 1000) / TICK) * TICK;
};

const timeoutValue = (nanoseconds: number): Uint8Array => {
  const bytes = new Uint8Array(TIMEVAL.size);
  if (nanoseconds !== Number.POSITIVE_INFINITY) {
    const tv_sec = Math.floor(nanoseconds / NSEC_PER_SEC);
    const tv_usec = Math.floor((nanoseconds - tv_sec * NSEC_PER_SEC) / 1000);
    TIMEVAL.write(viewOf(bytes), 0, { tv_sec: BigInt(tv_sec), tv_usec: BigInt(tv_usec) });
  }
  return bytes;
};

const setLinger = (sock: Socket, value: Uint8Array): number => {
  if (value.length < linger.size) return -ERRNO.EINVAL;
  const { l_onoff, l_linger } = linger.read(viewOf(value), 0);
  sock.options.linger = l_onoff !== 0;
  if (sock.options.linger) sock.options.lingerTime = l_linger;
  return 0;
};

/** What a socket without root's rights may not undo: a device that it is bound to (sock_bindtoindex). */
const bindToIndex = (kernel: Kernel, task: Task, sock: Socket, index: number): number => {
  if (sock.options.device !== 0 && !capable(task.cred, CAP.NET_RAW)) return -ERRNO.EPERM;
  if (index < 0) return -ERRNO.EINVAL;
  if (index !== 0 && !kernel.net.interfaces.some((device) => device.index === index)) return -ERRNO.ENODEV;
  sock.options.device = index;
  return 0;
};

const bindToDevice = (kernel: Kernel, task: Task, sock: Socket, value: Uint8Array): number => {
  const [name] = String.fromCharCode(...value.subarray(0, IFNAMSIZ - 1)).split('\0');
  if (name === '') return bindToIndex(kernel, task, sock, 0);
  const device = kernel.net.interfaces.find((each) => each.name === name);
  return device === undefined ? -ERRNO.ENODEV : bindToIndex(kernel, task, sock, device.index);
};

/** The name of the device that it is bound to (sock_getbindtodevice). */
const boundDevice = (kernel: Kernel, sock: Socket, room: number): Uint8Array | number => {
  if (sock.options.device === 0) return new Uint8Array(0);
  if (room < IFNAMSIZ) return -ERRNO.EINVAL;
  const device = kernel.net.interfaces.find(({ index }) => index === sock.options.device);
  if (device === undefined) return -ERRNO.ENODEV;
  return Uint8Array.from([...device.name, '\0'].map((character) => character.charCodeAt(0)));
};

/** A descriptor of the process at the other end (SO_PEERPIDFD). */
const peerProcess = (kernel: Kernel, task: Task, sock: Socket): Uint8Array | number => {
  const { peerTask } = sock as Partial<UnixSocket>;
  if (peerTask === undefined || peerTask === null) return -ERRNO.ENODATA;
  const fd = installFile(kernel, task, newProcessFile(kernel, peerTask, false, 0), true);
  return fd < 0 ? fd : intOption(fd);
};

/** setsockopt(2) of SOL_SOCKET. 0 or -errno. */
export const setSocketOption = (kernel: Kernel, task: Task, sock: Socket, name: number, value: Uint8Array): number => {
  const { options } = sock;
  // The one that need not be as long as a number.
  if (name === SO.BINDTODEVICE) return bindToDevice(kernel, task, sock, value);
  const number = intValue(value);
  if (number === null) return -ERRNO.EINVAL;
  const on = number !== 0;
  const root = capable(task.cred, CAP.NET_ADMIN);
  const key = SWITCHES[name];
  if (key !== undefined) {
    (options as unknown as Record<string, boolean>)[key] = on;
    return 0;
  }
  switch (name) {
    case SO.DEBUG:
      if (on && !root) return -ERRNO.EACCES;
      options.debug = on;
      return 0;
    case SO.SNDBUF:
    case SO.SNDBUFFORCE: {
      if (name === SO.SNDBUFFORCE && !root) return -ERRNO.EPERM;
      const wanted = name === SO.SNDBUF ? Math.min(number >>> 0, MAX_BUFFER) : Math.max(0, number);
      options.sndbuf = Math.max(Math.min(wanted, INT_MAX / 2) * 2, MIN_SNDBUF);
      options.bufferLocks |= LOCKED.SND;
      sock.ops.optionsChanged?.(kernel, sock);
      return 0;
    }
    case SO.RCVBUF:
    case SO.RCVBUFFORCE: {
      if (name === SO.RCVBUFFORCE && !root) return -ERRNO.EPERM;
      const wanted = name === SO.RCVBUF ? Math.min(number >>> 0, MAX_BUFFER) : Math.max(0, number);
      options.rcvbuf = Math.max(Math.min(wanted, INT_MAX / 2) * 2, MIN_RCVBUF);
      options.bufferLocks |= LOCKED.RCV;
      sock.ops.optionsChanged?.(kernel, sock);
      return 0;
    }
    case SO.RCVLOWAT:
      options.rcvlowat = number < 0 ? INT_MAX : number || 1;
      sock.ops.optionsChanged?.(kernel, sock);
      return 0;
    case SO.RCVTIMEO:
    case SO.RCVTIMEO_NEW:
    case SO.SNDTIMEO:
    case SO.SNDTIMEO_NEW: {
      const timeout = timeoutOf(value);
      if (timeout < 0) return timeout;
      options[name === SO.RCVTIMEO || name === SO.RCVTIMEO_NEW ? 'rcvtimeo' : 'sndtimeo'] = timeout;
      return 0;
    }
    case SO.LINGER:
      return setLinger(sock, value);
    case SO.REUSEPORT:
      if (on && !isInet(sock)) return -ERRNO.EOPNOTSUPP;
      options.reuseport = on;
      return 0;
    case SO.PASSCRED:
      if (sock.family !== AF.UNIX && sock.family !== AF.NETLINK) return -ERRNO.EOPNOTSUPP;
      options.passcred = on;
      return 0;
    case SO.PASSPIDFD:
    case SO.PASSRIGHTS:
      if (sock.family !== AF.UNIX) return -ERRNO.EOPNOTSUPP;
      options[name === SO.PASSPIDFD ? 'passpidfd' : 'passrights'] = on;
      return 0;
    case SO.BUF_LOCK:
      if (number & ~(LOCKED.SND | LOCKED.RCV)) return -ERRNO.EINVAL;
      options.bufferLocks = number;
      return 0;
    case SO.BINDTOIFINDEX:
      return bindToIndex(kernel, task, sock, number);
    case SO.TIMESTAMP:
    case SO.TIMESTAMPNS:
      options.timestamp = on && name === SO.TIMESTAMP;
      options.timestampns = on && name === SO.TIMESTAMPNS;
      return 0;
    case SO.PRIORITY:
      if ((number < 0 || number > 6) && !root) return -ERRNO.EPERM;
      options.priority = number;
      return 0;
    case SO.MARK:
      if (!root) return -ERRNO.EPERM;
      options.mark = number;
      return 0;
    case SO.PEEK_OFF:
      if (sock.family !== AF.UNIX && !isInet(sock)) return -ERRNO.EOPNOTSUPP;
      if (number < -1) return -ERRNO.EINVAL;
      options.peekOffset = number;
      return 0;
    default:
      return -ERRNO.ENOPROTOOPT;
  }
};

const peerCredentials = (sock: Socket): Uint8Array => {
  const creds = (sock as Partial<UnixSocket>).peerCred ?? { pid: 0, uid: 0xffffffff, gid: 0xffffffff };
  const bytes = new Uint8Array(ucred.size);
  ucred.write(viewOf(bytes), 0, creds);
  return bytes;
};

const peerGroups = (sock: Socket, room: number): Uint8Array | number => {
  const groups = (sock as Partial<UnixSocket>).peerGroups;
  if (groups === undefined || (sock as Partial<UnixSocket>).peerCred === null) return -ERRNO.ENODATA;
  if (room < groups.length * 4) return -ERRNO.ERANGE;
  const bytes = new Uint8Array(groups.length * 4);
  for (const [i, gid] of groups.entries()) viewOf(bytes).setUint32(i * 4, gid, true);
  return bytes;
};

const lingerValue = ({ options }: Socket): Uint8Array => {
  const bytes = new Uint8Array(linger.size);
  linger.write(viewOf(bytes), 0, { l_onoff: Number(options.linger), l_linger: options.lingerTime });
  return bytes;
};

/** getsockopt(2) of SOL_SOCKET: the value, which the caller cuts to `room`, or -errno. */
export const getSocketOption = (
  kernel: Kernel,
  task: Task,
  sock: Socket,
  name: number,
  room: number,
): Uint8Array | number => {
  const { options } = sock;
  const key = SWITCHES[name];
  if (key !== undefined) return intOption(Number(options[key]));
  switch (name) {
    case SO.DEBUG:
      return intOption(Number(options.debug));
    case SO.TYPE:
      return intOption(sock.type);
    case SO.DOMAIN:
      return intOption(sock.family);
    case SO.PROTOCOL:
      return intOption(sock.protocol);
    case SO.ERROR:
      return intOption(-sockError(sock));
    case SO.SNDBUF:
      return intOption(options.sndbuf);
    case SO.RCVBUF:
      return intOption(options.rcvbuf);
    case SO.RCVLOWAT:
      return intOption(options.rcvlowat);
    case SO.SNDLOWAT:
      return intOption(1);
    case SO.RCVTIMEO:
    case SO.RCVTIMEO_NEW:
      return timeoutValue(options.rcvtimeo);
    case SO.SNDTIMEO:
    case SO.SNDTIMEO_NEW:
      return timeoutValue(options.sndtimeo);
    case SO.LINGER:
      return lingerValue(sock);
    case SO.REUSEPORT:
      return intOption(Number(options.reuseport));
    case SO.PASSCRED:
      if (sock.family !== AF.UNIX && sock.family !== AF.NETLINK) return -ERRNO.EOPNOTSUPP;
      return intOption(Number(options.passcred));
    case SO.PEERCRED:
      return peerCredentials(sock);
    case SO.PEERGROUPS:
      return peerGroups(sock, room);
    case SO.PEERNAME: {
      const address = sock.ops.getname(sock, true);
      if (typeof address === 'number') return -ERRNO.ENOTCONN;
      return address.length < room ? -ERRNO.EINVAL : address;
    }
    case SO.ACCEPTCONN:
      return intOption(Number((sock as { state?: string }).state === 'listening'));
    case SO.TIMESTAMP:
      return intOption(Number(options.timestamp));
    case SO.TIMESTAMPNS:
      return intOption(Number(options.timestampns));
    case SO.PRIORITY:
      return intOption(options.priority);
    case SO.MARK:
      return intOption(options.mark);
    case SO.PEEK_OFF:
      return intOption(options.peekOffset);
    case SO.BINDTODEVICE:
      return boundDevice(kernel, sock, room);
    case SO.BINDTOIFINDEX:
      return intOption(options.device);
    case SO.BUF_LOCK:
      return intOption(options.bufferLocks);
    case SO.PASSPIDFD:
    case SO.PASSRIGHTS:
      if (sock.family !== AF.UNIX) return -ERRNO.EOPNOTSUPP;
      return intOption(Number(name === SO.PASSPIDFD ? options.passpidfd : options.passrights));
    case SO.PASSSEC:
      return sock.family === AF.UNIX ? intOption(0) : -ERRNO.EOPNOTSUPP;
    case SO.PEERPIDFD:
      return peerProcess(kernel, task, sock);
    case SO.TXREHASH:
      return intOption(1);
    case SO.TIMESTAMPING:
      return new Uint8Array(8);
    case SO.MAX_PACING_RATE:
      return new Uint8Array(8).fill(0xff);
    default:
      return name in WITHOUT_EFFECT ? intOption(WITHOUT_EFFECT[name]!) : -ERRNO.ENOPROTOOPT;
  }
};

/** When a datagram came, for those who asked (SO_TIMESTAMP). `stamp` in nanoseconds. */
export const stampControl = ({ options }: Socket, message: IncomingMessage, stamp: bigint): void => {
  if (!options.timestamp && !options.timestampns) return;
  const tv_sec = stamp / 1_000_000_000n;
  const rest = stamp % 1_000_000_000n;
  const bytes = new Uint8Array(16);
  if (options.timestampns) TIMESPEC.write(viewOf(bytes), 0, { tv_sec, tv_nsec: rest });
  else TIMEVAL.write(viewOf(bytes), 0, { tv_sec, tv_usec: rest / 1000n });
  putControl(message, SOL.SOCKET, options.timestampns ? SCM.TIMESTAMPNS : SCM.TIMESTAMP, bytes);
};
