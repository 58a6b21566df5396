/** UDP between sockets of the machine (net/ipv4/udp.c; udp(7)). */
import { ERRNO } from '../../abi/errno.ts';
import { IOCTL } from '../../abi/ioctl.ts';
import { POLL } from '../../abi/poll.ts';
import { AF, IPPROTO, MSG, SOCK, SOL } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import { putUser32 } from '../../mm/user.ts';
import type { Task } from '../../task/task.ts';
import { BLOCKED } from '../../task/wait.ts';
import { stampControl } from '../options.ts';
import {
  dataReady,
  errorReport,
  newSock,
  receiveTimeout,
  sockError,
  stateChange,
  waitSock,
  writeSpace,
} from '../sock.ts';
import { putWhole, takeWhole } from '../transfer.ts';
import { type IncomingMessage, type OutgoingMessage, SHUTDOWN, type Socket, type SocketOperations } from '../types.ts';
import {
  ANY4,
  familyOf,
  isAny,
  isLocalBroadcast,
  isMapped,
  isMulticast,
  noEndpoint,
  readIn,
  readIn6,
  route,
  sockaddrOf,
  sourceFor,
  takes,
} from './address.ts';
import { putAncillary, type SendSettings, sendSettings } from './ancillary.ts';
import { queueRefused, queueTooLong, RECVERR, receiveError } from './errqueue.ts';
import { isJoined, reachesGroups, wantsFrom } from './multicast.ts';
import { getInetOption, IP, inetValue, setInetOption, UDP } from './options.ts';
import { autobind, bindInet, freePort } from './ports.ts';
import type { Datagram, Endpoint, UdpSocket } from './types.ts';

const udp = (sock: Socket): UdpSocket => sock as UdpSocket;

/** Most bytes of a datagram over IPv4 and IPv6, for which headers are subtracted. */
const MOST4 = 65_507;
const MOST6 = 65_527;

/** Memory that a datagram takes in a queue: a slab of a power of two, small ones one of their own size. */
const truesizeOf = (length: number): number => {
  const head = Math.ceil((length + 60) / 64) * 64 + 320;
  return 256 + (head <= 576 ? 576 : 2 ** Math.ceil(Math.log2(head)));
};

/** Where a message goes that names an address, or -errno. */
const destination = (sock: UdpSocket, name: Uint8Array): Endpoint | number => {
  const family = familyOf(name);
  if (sock.family === AF.INET) {
    const end = readIn(name);
    if (typeof end === 'number') return end;
    return family === AF.INET || family === AF.UNSPEC ? end : -ERRNO.EAFNOSUPPORT;
  }
  if (name.length < 2) return -ERRNO.EINVAL;
  if (family === AF.INET) return sock.v6only ? -ERRNO.ENETUNREACH : readIn(name);
  return family === AF.INET6 ? readIn6(name) : -ERRNO.EINVAL;
};

/** The socket for a datagram: the one that fits it most closely (__udp4_lib_lookup). */
const lookup = (kernel: Kernel, from: Endpoint, to: Endpoint): UdpSocket | null => {
  let best: UdpSocket | null = null;
  let bestScore = -1;
  for (const sock of kernel.net.inet.udp.get(to.port) ?? []) {
    if (!takes(sock, to.address)) continue;
    const { remote, connected } = sock;
    if (connected && (remote.port !== from.port || remote.address !== from.address)) continue;
    const score = (connected ? 4 : 0) + (isAny(sock.local.address) ? 0 : 2) + (sock.family === AF.INET ? 1 : 0);
    // Of equals the last that was bound, as the kernel's chains have it.
    if (score >= bestScore) {
      best = sock;
      bestScore = score;
    }
  }
  return best;
};

/** Puts a datagram into a queue with room; others lose it (__udp_enqueue_schedule_skb). */
const deliver = (kernel: Kernel, sock: UdpSocket, datagram: Datagram): void => {
  if (sock.rmem + datagram.truesize > sock.options.rcvbuf) {
    sock.drops++;
    return;
  }
  sock.rmem += datagram.truesize;
  sock.queue.push(datagram);
  dataReady(kernel, sock);
};

/** Gives a datagram to those who want what is sent to a group or to all (__udp4_lib_mcast_deliver). */
const deliverToMany = (kernel: Kernel, datagram: Datagram): void => {
  const { from, to } = datagram;
  const toGroup = isMulticast(to.address);
  if (toGroup && !isJoined(kernel, to.address)) return;
  for (const sock of kernel.net.inet.udp.get(to.port) ?? []) {
    const { connected, remote } = sock;
    if (!takes(sock, to.address)) continue;
    if (connected && (remote.port !== from.port || remote.address !== from.address)) continue;
    const all = inetValue(sock, SOL.IP, IP.MULTICAST_ALL) !== 0;
    if (!toGroup || wantsFrom(sock, to.address, from.address, all)) deliver(kernel, sock, datagram);
  }
};

const wantsErrors = (sock: UdpSocket): boolean =>
  sock.family === AF.INET6 ? inetValue(sock, SOL.IPV6, RECVERR.V6) !== 0 : inetValue(sock, SOL.IP, RECVERR.V4) !== 0;

/** A datagram leaves, and has arrived. */
const transmit = (kernel: Kernel, sock: UdpSocket, to: Endpoint, bytes: Uint8Array, settings: SendSettings): void => {
  const { address, port } = sock.local;
  const own = isAny(address) ? (isMulticast(to.address) ? sock.groupsVia.address : address) : address;
  const from = { address: isAny(own) || isMulticast(own) ? sourceFor(to.address) : own, port };
  const datagram = { bytes, from, to, truesize: truesizeOf(bytes.length), stamp: kernel.realtime(), ...settings };
  // It takes no room any more (sock_wfree).
  writeSpace(kernel, sock);
  const toMany = isMulticast(to.address) || isLocalBroadcast(to.address);
  const receiver = toMany ? null : lookup(kernel, from, to);
  // If nobody is there the machine answers "port unreachable", which the sender hears of with his next call.
  if (toMany) {
    deliverToMany(kernel, datagram);
  } else if (receiver !== null) {
    deliver(kernel, receiver, datagram);
  } else if (wantsErrors(sock)) {
    queueRefused(kernel, sock, to, bytes);
  } else if (sock.connected && sock.remote.port === to.port && sock.remote.address === to.address) {
    sock.error = ERRNO.ECONNREFUSED;
    errorReport(kernel, sock);
  }
};

/** The datagram that was held back goes (udp_push_pending_frames). */
const uncork = (kernel: Kernel, sock: UdpSocket): void => {
  const { cork } = sock;
  if (cork === null) return;
  sock.cork = null;
  const bytes = new Uint8Array(cork.length);
  let at = 0;
  for (const part of cork.bytes) {
    bytes.set(part, at);
    at += part.length;
  }
  transmit(kernel, sock, cork.to, bytes, cork.settings);
};

const MOST_WITH_HEADER = 0xffff;

const send = (kernel: Kernel, _task: Task, socket: Socket, message: OutgoingMessage): number => {
  const sock = udp(socket);
  const bound = autobind(kernel, sock);
  if (bound < 0) return bound;
  if (message.length > MOST_WITH_HEADER) return -ERRNO.EMSGSIZE;
  if (message.flags & MSG.OOB && sock.family === AF.INET) return -ERRNO.EOPNOTSUPP;
  const more = (message.flags & MSG.MORE) !== 0 || inetValue(sock, SOL.UDP, UDP.CORK) !== 0;
  if (sock.cork !== null) return append(kernel, sock, message, more);
  let end: Endpoint | number = sock.remote;
  if (message.name !== null && message.name.length > 0) {
    end = destination(sock, message.name);
    if (typeof end === 'number') return end;
    if (end.port === 0) return -ERRNO.EINVAL;
  } else if (!sock.connected) {
    return -ERRNO.EDESTADDRREQ;
  }
  const settings = sendSettings(sock, message.control, isMapped(end.address));
  if (typeof settings === 'number') return settings;
  const to = route(sock, end, reachesGroups(sock));
  if (typeof to === 'number') return to;
  const pending = sockError(sock);
  if (pending < 0) return pending;
  if (sock.shutdown & SHUTDOWN.SEND) return -ERRNO.EPIPE;
  if (message.length > (isMapped(to.address) ? MOST4 : MOST6)) {
    if (wantsErrors(sock)) queueTooLong(kernel, sock, to);
    return -ERRNO.EMSGSIZE;
  }
  if (more) {
    sock.cork = { to, bytes: [], length: 0, settings };
    return append(kernel, sock, message, true);
  }
  const bytes = takeWhole(message.data, message.length);
  if (bytes === null) return -ERRNO.EFAULT;
  transmit(kernel, sock, to, bytes, settings);
  return bytes.length;
};

/** Adds to a datagram that is held back; with the last part it goes. */
const append = (kernel: Kernel, sock: UdpSocket, message: OutgoingMessage, more: boolean): number => {
  const cork = sock.cork!;
  const bytes = takeWhole(message.data, message.length);
  const fits = cork.length + message.length <= (isMapped(cork.to.address) ? MOST4 : MOST6);
  if (bytes === null || !fits) {
    sock.cork = null;
    return bytes === null ? -ERRNO.EFAULT : -ERRNO.EMSGSIZE;
  }
  cork.bytes.push(bytes);
  cork.length += bytes.length;
  if (!more) uncork(kernel, sock);
  return bytes.length;
};

const receive = (kernel: Kernel, task: Task, socket: Socket, message: IncomingMessage): number => {
  const sock = udp(socket);
  const { flags } = message;
  if (flags & MSG.ERRQUEUE) return receiveError(kernel, sock, message);
  const error = sockError(sock);
  if (error < 0) return error;
  const datagram = sock.queue[0];
  if (datagram === undefined) {
    const timeout = receiveTimeout(sock, (flags & MSG.DONTWAIT) !== 0);
    if (timeout !== 0 && sock.shutdown & SHUTDOWN.RCV) return 0;
    const slept = waitSock(kernel, task, sock, { what: '__skb_wait_for_more_packets', timeout });
    return slept === BLOCKED || slept < 0 ? slept : 0;
  }
  if (!(flags & MSG.PEEK)) {
    sock.queue.shift();
    sock.rmem -= datagram.truesize;
  }
  const size = Math.min(message.data.remaining, datagram.bytes.length);
  if (size < datagram.bytes.length) message.outFlags |= MSG.TRUNC;
  if (!putWhole(message.data, datagram.bytes.subarray(0, size))) return -ERRNO.EFAULT;
  message.name = sockaddrOf(sock.family, datagram.from);
  stampControl(sock, message, datagram.stamp);
  putAncillary(sock, message, datagram);
  return flags & MSG.TRUNC ? datagram.bytes.length : size;
};

/** The partner is forgotten; so is a port that was not asked for (__udp_disconnect). */
const disconnect = (kernel: Kernel, sock: UdpSocket): number => {
  sock.connected = false;
  sock.remote = noEndpoint(sock.family);
  if (!sock.boundAddress) sock.local = { ...sock.local, address: noEndpoint(sock.family).address };
  if (!sock.boundPort && sock.local.port !== 0) freePort(kernel, sock);
  return 0;
};

const connect: SocketOperations['connect'] = (kernel, _task, socket, bytes) => {
  const sock = udp(socket);
  const family = familyOf(bytes);
  if (bytes.length < 2) return -ERRNO.EINVAL;
  if (family === AF.UNSPEC) return disconnect(kernel, sock);
  const bound = autobind(kernel, sock);
  if (bound < 0) return bound;
  const v4 = sock.family === AF.INET || family === AF.INET;
  const end = v4 ? readIn(bytes) : readIn6(bytes);
  if (typeof end === 'number') return end;
  if (family !== sock.family && !(sock.family === AF.INET6 && family === AF.INET && !sock.v6only)) {
    return -ERRNO.EAFNOSUPPORT;
  }
  const to = route(sock, end, reachesGroups(sock));
  if (typeof to === 'number') return to;
  sock.remote = to;
  sock.connected = true;
  if (isAny(sock.local.address)) sock.local = { ...sock.local, address: sourceFor(to.address) };
  return 0;
};

const WRITABLE = POLL.OUT | POLL.WRNORM | POLL.WRBAND;

/** datagram_poll: there is always room to send, for nothing stays on the way. */
const poll = (_kernel: Kernel, socket: Socket): number => {
  const sock = udp(socket);
  let mask = WRITABLE;
  if (sock.error !== 0 || sock.errors.length > 0) mask |= POLL.ERR;
  if (sock.shutdown & SHUTDOWN.RCV) mask |= POLL.RDHUP | POLL.IN | POLL.RDNORM;
  if (sock.shutdown === SHUTDOWN.MASK) mask |= POLL.HUP;
  if (sock.queue.length > 0) mask |= POLL.IN | POLL.RDNORM;
  return mask;
};

const udpOps: SocketOperations = Object.freeze<SocketOperations>({
  name: 'UDP',
  bind: (kernel, task, sock, address) => bindInet(kernel, task, udp(sock), address),
  connect,
  listen: () => -ERRNO.EOPNOTSUPP,
  accept: () => -ERRNO.EOPNOTSUPP,
  getname: (sock, peer) => {
    const { family, connected, local, remote } = udp(sock);
    return peer && !connected ? -ERRNO.ENOTCONN : sockaddrOf(family, peer ? remote : local);
  },
  poll,
  shutdown: (kernel, sock, how) => {
    sock.shutdown |= how;
    stateChange(kernel, sock);
    return udp(sock).connected ? 0 : -ERRNO.ENOTCONN;
  },
  send,
  receive,
  ioctl: (_kernel, task, sock, request, argument) => {
    if (request !== IOCTL.FIONREAD && request !== IOCTL.TIOCOUTQ) return null;
    putUser32(task.mm, argument, request === IOCTL.FIONREAD ? (udp(sock).queue[0]?.bytes.length ?? 0) : 0);
    return 0;
  },
  setOption: (kernel, task, sock, level, name, value) => {
    const result = setInetOption(kernel, task, sock, level, name, value);
    if (result === 0 && level === SOL.UDP && !inetValue(udp(sock), SOL.UDP, UDP.CORK)) uncork(kernel, udp(sock));
    if (result === 0 && !wantsErrors(udp(sock))) udp(sock).errors = [];
    return result;
  },
  getOption: getInetOption,
  release: (kernel, sock) => {
    if (udp(sock).local.port !== 0) freePort(kernel, udp(sock));
    udp(sock).queue = [];
    udp(sock).memberships = [];
  },
});

export const newUdp = (task: Task, family: number): UdpSocket =>
  Object.assign(newSock(udpOps, { family, type: SOCK.DGRAM, protocol: IPPROTO.UDP }, task.cred.uid), {
    ...{ local: noEndpoint(family), remote: noEndpoint(family), boundAddress: false, boundPort: false },
    ...{ v6only: false, values: new Map(), connected: false, queue: [], rmem: 0, drops: 0 },
    ...{ memberships: [], groupsVia: { index: 0, address: ANY4 }, errors: [], cork: null },
  });
