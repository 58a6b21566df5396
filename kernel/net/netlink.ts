/**
 * NETLINK_ROUTE, as far as it tells of interfaces and their addresses (net/core/rtnetlink.c; netlink(7), rtnetlink(7)): what
 * getifaddrs(3) and getaddrinfo(3) ask for. Requests to change something are refused.
 */
import { ERRNO } from '../abi/errno.ts';
import {
  ARPHRD,
  IFA,
  IFA_F_PERMANENT,
  IFF,
  IFLA,
  ifaddrmsg,
  ifinfomsg,
  NLM_F,
  NLMSG,
  nlmsghdr,
  RT_SCOPE_HOST,
  RTM,
  sockaddrNl,
} from '../abi/interface.ts';
import { IOCTL } from '../abi/ioctl.ts';
import type { StructType } from '../abi/layout.ts';
import { POLL } from '../abi/poll.ts';
import { AF, MSG, SOCK, SOL } from '../abi/socket.ts';
import type { Kernel } from '../kernel.ts';
import { putUser32 } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import type { Interface } from './interfaces.ts';
import { intOption } from './options.ts';
import { dataReady, newSock, receiveTimeout, waitSock } from './sock.ts';
import { putWhole, takeWhole } from './transfer.ts';
import type { Socket, SocketOperations } from './types.ts';

interface NetlinkSocket extends Socket {
  /** Its address: 0 until it has one. */
  port: number;
  groups: number;
  queue: Uint8Array[];
}

const netlink = (sock: Socket): NetlinkSocket => sock as NetlinkSocket;
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const align = (length: number): number => (length + 3) & ~3;

const packed = <T>(type: StructType<T>, value: Partial<T>): Uint8Array => {
  const bytes = new Uint8Array(type.size);
  type.write(viewOf(bytes), 0, value);
  return bytes;
};

const join = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/** struct rtattr with its value. */
const attribute = (type: number, value: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(align(4 + value.length));
  viewOf(bytes).setUint16(0, 4 + value.length, true);
  viewOf(bytes).setUint16(2, type, true);
  bytes.set(value, 4);
  return bytes;
};
const text = (value: string): Uint8Array => Uint8Array.from([...value, '\0'], (character) => character.charCodeAt(0));

type Request = ReturnType<typeof nlmsghdr.read>;

/** A message to who asked. */
const reply = (sock: NetlinkSocket, request: Request, type: number, flags: number, body: Uint8Array): Uint8Array =>
  join([
    packed(nlmsghdr, {
      nlmsg_len: nlmsghdr.size + body.length,
      nlmsg_type: type,
      nlmsg_flags: flags,
      nlmsg_seq: request.nlmsg_seq,
      nlmsg_pid: sock.port,
    }),
    body,
  ]);

const linkBody = (device: Interface): Uint8Array =>
  join([
    packed(ifinfomsg, {
      ifi_type: device.type,
      ifi_index: device.index,
      ifi_flags: device.flags | (device.flags & IFF.RUNNING ? IFF.LOWER_UP : 0),
    }),
    attribute(IFLA.IFNAME, text(device.name)),
    attribute(IFLA.TXQLEN, intOption(device.txqlen)),
    attribute(IFLA.MTU, intOption(device.mtu)),
    attribute(IFLA.ADDRESS, device.hardware),
    attribute(IFLA.BROADCAST, device.type === ARPHRD.LOOPBACK ? device.hardware : new Uint8Array(6).fill(0xff)),
  ]);

/** The addresses of lo, of one family or of all. */
const addressBodies = (family: number): Uint8Array[] => {
  const v4 = Uint8Array.of(127, 0, 0, 1);
  const v6 = Uint8Array.from({ length: 16 }, (_, i) => Number(i === 15));
  const body = (ifa_family: number, ifa_prefixlen: number, attributes: readonly Uint8Array[]): Uint8Array => {
    const head = { ifa_family, ifa_prefixlen, ifa_flags: IFA_F_PERMANENT, ifa_scope: RT_SCOPE_HOST, ifa_index: 1 };
    return join([packed(ifaddrmsg, head), ...attributes]);
  };
  const of4 = [attribute(IFA.ADDRESS, v4), attribute(IFA.LOCAL, v4), attribute(IFA.LABEL, text('lo'))];
  const all: Uint8Array[] = [];
  if (family === AF.UNSPEC || family === AF.INET) all.push(body(AF.INET, 8, of4));
  if (family === AF.UNSPEC || family === AF.INET6) all.push(body(AF.INET6, 128, [attribute(IFA.ADDRESS, v6)]));
  return all;
};

const failure = (sock: NetlinkSocket, request: Request, error: number): Uint8Array =>
  reply(sock, request, NLMSG.ERROR, 0, join([intOption(error), packed(nlmsghdr, request)]));

/** What the kernel answers to one request (rtnetlink_rcv_msg): datagrams. */
const answer = (kernel: Kernel, sock: NetlinkSocket, request: Request, family: number): Uint8Array[] => {
  const { nlmsg_type, nlmsg_flags } = request;
  const dump = (nlmsg_flags & NLM_F.DUMP) === NLM_F.DUMP;
  const known = nlmsg_type === RTM.GETLINK || nlmsg_type === RTM.GETADDR;
  if (!dump || (!known && nlmsg_type !== RTM.GETROUTE)) return [failure(sock, request, -ERRNO.EOPNOTSUPP)];
  const bodies =
    nlmsg_type === RTM.GETLINK
      ? kernel.net.interfaces.map(linkBody)
      : nlmsg_type === RTM.GETADDR
        ? addressBodies(family)
        : [];
  const type = nlmsg_type === RTM.GETLINK ? RTM.NEWLINK : RTM.NEWADDR;
  const messages = bodies.map((body) => reply(sock, request, type, NLM_F.MULTI, body));
  const done = reply(sock, request, NLMSG.DONE, NLM_F.MULTI, intOption(0));
  return messages.length === 0 ? [done] : [join(messages), done];
};

/** Takes the requests of a message, one after the other (netlink_rcv_skb). */
const takeRequests = (kernel: Kernel, sock: NetlinkSocket, bytes: Uint8Array): void => {
  for (let at = 0; at + nlmsghdr.size <= bytes.length; ) {
    const request = nlmsghdr.read(viewOf(bytes), at);
    if (request.nlmsg_len < nlmsghdr.size || request.nlmsg_len > bytes.length - at) return;
    if (request.nlmsg_flags & NLM_F.REQUEST && request.nlmsg_type >= NLMSG.LEAST_TYPE) {
      const family = request.nlmsg_len > nlmsghdr.size ? bytes[at + nlmsghdr.size]! : AF.UNSPEC;
      sock.queue.push(...answer(kernel, sock, request, family));
    } else if (request.nlmsg_flags & NLM_F.ACK) {
      sock.queue.push(failure(sock, request, 0));
    }
    at += align(request.nlmsg_len);
  }
  if (sock.queue.length > 0) dataReady(kernel, sock);
};

/** A port that is free: the process's own number, if nobody has it (netlink_autobind). */
const autobind = (kernel: Kernel, task: Task, sock: NetlinkSocket): void => {
  if (sock.port !== 0) return;
  const { ports } = kernel.net.netlink;
  let port = task.group.tgid;
  while (ports.has(port)) port = port === task.group.tgid ? 0xfffff000 : port - 1;
  ports.add(port);
  sock.port = port;
};

const bind: SocketOperations['bind'] = (kernel, task, socket, address) => {
  const sock = netlink(socket);
  if (address.length < sockaddrNl.size) return -ERRNO.EINVAL;
  const { nl_family, nl_pid, nl_groups } = sockaddrNl.read(viewOf(address), 0);
  if (nl_family !== AF.NETLINK) return -ERRNO.EINVAL;
  if (sock.port !== 0 && nl_pid !== sock.port) return -ERRNO.EINVAL;
  if (nl_pid !== 0 && sock.port === 0) {
    if (kernel.net.netlink.ports.has(nl_pid)) return -ERRNO.EADDRINUSE;
    kernel.net.netlink.ports.add(nl_pid);
    sock.port = nl_pid;
  }
  autobind(kernel, task, sock);
  sock.groups = nl_groups;
  return 0;
};

/** To the kernel alone: nobody else is there. */
const checkTarget = (address: Uint8Array | null): number => {
  if (address === null || address.length === 0) return 0;
  if (address.length < sockaddrNl.size) return -ERRNO.EINVAL;
  const { nl_family, nl_pid } = sockaddrNl.read(viewOf(address), 0);
  if (nl_family !== AF.NETLINK) return -ERRNO.EINVAL;
  return nl_pid === 0 ? 0 : -ERRNO.ECONNREFUSED;
};

const fromKernel = (): Uint8Array => packed(sockaddrNl, { nl_family: AF.NETLINK });

const netlinkOps: SocketOperations = Object.freeze<SocketOperations>({
  name: 'NETLINK',
  bind,
  connect: (kernel, task, sock, address) => {
    autobind(kernel, task, netlink(sock));
    return checkTarget(address);
  },
  listen: () => -ERRNO.EOPNOTSUPP,
  accept: () => -ERRNO.EOPNOTSUPP,
  getname: (sock, peer) =>
    peer
      ? fromKernel()
      : packed(sockaddrNl, { nl_family: AF.NETLINK, nl_pid: netlink(sock).port, nl_groups: netlink(sock).groups }),
  poll: (_kernel, sock) =>
    (netlink(sock).queue.length > 0 ? POLL.IN | POLL.RDNORM : 0) | POLL.OUT | POLL.WRNORM | POLL.WRBAND,
  shutdown: () => -ERRNO.EOPNOTSUPP,
  send: (kernel, task, socket, message) => {
    const sock = netlink(socket);
    if (message.flags & MSG.OOB) return -ERRNO.EOPNOTSUPP;
    const error = checkTarget(message.name);
    if (error < 0) return error;
    autobind(kernel, task, sock);
    if (message.length > sock.options.sndbuf - 32) return -ERRNO.EMSGSIZE;
    const bytes = takeWhole(message.data, message.length);
    if (bytes === null) return -ERRNO.EFAULT;
    takeRequests(kernel, sock, bytes);
    return bytes.length;
  },
  receive: (kernel, task, socket, message) => {
    const sock = netlink(socket);
    if (message.flags & MSG.OOB) return -ERRNO.EOPNOTSUPP;
    const datagram = sock.queue[0];
    if (datagram === undefined) {
      const timeout = receiveTimeout(sock, (message.flags & MSG.DONTWAIT) !== 0);
      return waitSock(kernel, task, sock, { what: 'netlink_recvmsg', timeout });
    }
    if (!(message.flags & MSG.PEEK)) sock.queue.shift();
    const size = Math.min(message.data.remaining, datagram.length);
    if (size < datagram.length) message.outFlags |= MSG.TRUNC;
    if (!putWhole(message.data, datagram.subarray(0, size))) return -ERRNO.EFAULT;
    message.name = fromKernel();
    return message.flags & MSG.TRUNC ? datagram.length : size;
  },
  ioctl: (_kernel, task, sock, request, argument) => {
    if (request !== IOCTL.FIONREAD) return null;
    putUser32(task.mm, argument, netlink(sock).queue[0]?.length ?? 0);
    return 0;
  },
  setOption: (_kernel, _task, _sock, level) => (level === SOL.NETLINK ? 0 : -ERRNO.ENOPROTOOPT),
  getOption: () => -ERRNO.ENOPROTOOPT,
  release: (kernel, sock) => {
    kernel.net.netlink.ports.delete(netlink(sock).port);
  },
});

/** Bytes from another part of the kernel (netlink_sendskb): mq_notify(2) answers so. */
export const sendToNetlink = (kernel: Kernel, sock: Socket, bytes: Uint8Array): void => {
  netlink(sock).queue.push(bytes);
  dataReady(kernel, sock);
};

/** NETLINK_ROUTE, the only protocol. */
const ROUTE = 0;
/** Protocols are below this (MAX_LINKS). */
const MAX_LINKS = 32;

/** A new socket (netlink_create), or -errno. */
export const createNetlink = (task: Task, type: number, protocol: number): Socket | number => {
  if (type !== SOCK.RAW && type !== SOCK.DGRAM) return -ERRNO.ESOCKTNOSUPPORT;
  if (protocol < 0 || protocol >= MAX_LINKS || protocol !== ROUTE) return -ERRNO.EPROTONOSUPPORT;
  const sock: NetlinkSocket = Object.assign(
    newSock(netlinkOps, { family: AF.NETLINK, type, protocol }, task.cred.uid),
    {
      ...{ port: 0, groups: 0, queue: [] },
    },
  );
  return sock;
};
