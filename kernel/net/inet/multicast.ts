/**
 * Groups that sockets have joined, and what of their traffic they want (net/ipv4/igmp.c: ip_mc_join_group, ip_mc_source,
 * ip_mc_sf_allow; ip(7)). The one interface that groups can be reached on is lo.
 */
import { ERRNO } from '../../abi/errno.ts';
import { AF, SOCK } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import { addressOf, familyOf, isAny, isLocal, isMulticast, readIn, readIn6 } from './address.ts';
import type { Address, InetSocket, Membership, UdpSocket } from './types.ts';

/** Groups of a socket (/proc/sys/net/ipv4/igmp_max_memberships). */
const MOST_GROUPS = 20;

export const IP_GROUP = {
  ...{ IF: 32, TTL: 33, LOOP: 34, ADD: 35, DROP: 36, UNBLOCK: 37, BLOCK: 38, ADD_SOURCE: 39, DROP_SOURCE: 40 },
  ...{ JOIN: 42, BLOCK_ANY: 43, UNBLOCK_ANY: 44, LEAVE: 45, JOIN_SOURCE: 46, LEAVE_SOURCE: 47 },
} as const;
export const IPV6_GROUP = { IF: 17, JOIN: 20, LEAVE: 21 } as const;

const LOOPBACK_INDEX = 1;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const address4 = (value: Uint8Array, at: number): Address => addressOf([...value.subarray(at, at + 4)]);

/** A group at an interface: its number, 0 for one that is not named. -1 for one that is not there. */
interface Group {
  group: Address;
  index: number;
}

const indexOf = (kernel: Kernel, index: number): number =>
  index === 0 || kernel.net.interfaces.some((device) => device.index === index) ? index : -1;

/** The interface that has an address; 0 for none in particular. */
const indexAt = (address: Address): number => (isAny(address) ? 0 : isLocal(address) ? LOOPBACK_INDEX : -1);

/** struct ip_mreq or ip_mreqn. */
const readGroup = (kernel: Kernel, value: Uint8Array): Group => {
  const index = value.length >= 12 ? viewOf(value).getInt32(8, true) : 0;
  return { group: address4(value, 0), index: index !== 0 ? indexOf(kernel, index) : indexAt(address4(value, 4)) };
};

/** struct group_req, or the beginning of struct group_source_req. */
const readRequest = (kernel: Kernel, value: Uint8Array): Group | number => {
  const named = value.subarray(8);
  const end = familyOf(named) === AF.INET ? readIn(named) : readIn6(named);
  return typeof end === 'number'
    ? end
    : { group: end.address, index: indexOf(kernel, viewOf(value).getInt32(0, true)) };
};

const find = (sock: UdpSocket, { group, index }: Group): Membership | undefined =>
  sock.memberships.find((each) => each.group === group && (index === 0 || each.index === index));

const join = (sock: UdpSocket, group: Group, include: boolean): number => {
  if (!isMulticast(group.group)) return -ERRNO.EINVAL;
  // Without an interface there would have to be a route.
  if (group.index <= 0) return -ERRNO.ENODEV;
  if (find(sock, group) !== undefined) return -ERRNO.EADDRINUSE;
  if (sock.memberships.length >= MOST_GROUPS) return -ERRNO.ENOBUFS;
  sock.memberships.push({ ...group, include, sources: [] });
  return 0;
};

const leave = (sock: UdpSocket, group: Group): number => {
  if (group.index < 0) return -ERRNO.ENODEV;
  const known = find(sock, group);
  if (known === undefined) return group.index === 0 ? -ERRNO.ENODEV : -ERRNO.EADDRNOTAVAIL;
  sock.memberships.splice(sock.memberships.indexOf(known), 1);
  return 0;
};

/** Adds or takes away one whose messages are wanted (`include`) or not. */
const changeSource = (sock: UdpSocket, group: Group, source: Address, include: boolean, add: boolean): number => {
  if (!isMulticast(group.group)) return -ERRNO.EINVAL;
  if (group.index < 0) return -ERRNO.ENODEV;
  const known = find(sock, group);
  if (known === undefined) return -ERRNO.EINVAL;
  if (known.sources.length > 0 && known.include !== include) return -ERRNO.EINVAL;
  known.include = include;
  const at = known.sources.indexOf(source);
  if (add === at >= 0) return -ERRNO.EADDRNOTAVAIL;
  if (add) known.sources.push(source);
  else if (include && known.sources.length === 1) return leave(sock, group);
  else known.sources.splice(at, 1);
  return 0;
};

/** Joins for the sake of one source. */
const joinSource = (sock: UdpSocket, group: Group, source: Address): number => {
  const joined = join(sock, group, true);
  if (joined !== 0 && joined !== -ERRNO.EADDRINUSE) return joined;
  return changeSource(sock, group, source, true, true);
};

const setInterface = (kernel: Kernel, sock: UdpSocket, value: Uint8Array): number => {
  if (value.length < 4) return -ERRNO.EINVAL;
  const index = value.length >= 12 ? viewOf(value).getInt32(8, true) : 0;
  const address = address4(value, value.length >= 8 ? 4 : 0);
  const chosen = index !== 0 ? indexOf(kernel, index) : indexAt(address);
  if (chosen < 0) return -ERRNO.EADDRNOTAVAIL;
  sock.groupsVia = { index: chosen, address };
  return 0;
};

/** setsockopt(2) of level IPPROTO_IP that is about groups; null for other options. */
export const setGroupOption = (kernel: Kernel, socket: InetSocket, name: number, value: Uint8Array): number | null => {
  const { IF, ADD, DROP, BLOCK, UNBLOCK, ADD_SOURCE, DROP_SOURCE } = IP_GROUP;
  const { JOIN, LEAVE, BLOCK_ANY, UNBLOCK_ANY, JOIN_SOURCE, LEAVE_SOURCE } = IP_GROUP;
  const sock = socket as UdpSocket;
  const stream = sock.type === SOCK.STREAM;
  switch (name) {
    case IP_GROUP.TTL:
      return stream ? -ERRNO.EINVAL : null;
    case IF:
      return stream ? -ERRNO.EINVAL : setInterface(kernel, sock, value);
    case ADD:
    case DROP:
      if (stream) return -ERRNO.EPROTO;
      if (value.length < 8) return -ERRNO.EINVAL;
      return name === ADD ? join(sock, readGroup(kernel, value), false) : leave(sock, readGroup(kernel, value));
    case ADD_SOURCE:
    case DROP_SOURCE:
    case BLOCK:
    case UNBLOCK: {
      if (value.length !== 12) return -ERRNO.EINVAL;
      if (stream) return -ERRNO.EPROTO;
      const group = { group: address4(value, 0), index: indexAt(address4(value, 4)) };
      const source = address4(value, 8);
      if (name === ADD_SOURCE) return joinSource(sock, group, source);
      return changeSource(sock, group, source, name === DROP_SOURCE, name === BLOCK);
    }
    case JOIN:
    case LEAVE: {
      if (stream) return -ERRNO.EPROTO;
      const group = value.length < 136 ? -ERRNO.EINVAL : readRequest(kernel, value);
      if (typeof group === 'number') return group;
      return name === JOIN ? join(sock, group, false) : leave(sock, group);
    }
    case JOIN_SOURCE:
    case LEAVE_SOURCE:
    case BLOCK_ANY:
    case UNBLOCK_ANY: {
      if (stream) return -ERRNO.EPROTO;
      const group = value.length < 264 ? -ERRNO.EINVAL : readRequest(kernel, value);
      if (typeof group === 'number') return group;
      const source = readIn(value.subarray(136));
      if (typeof source === 'number') return source;
      if (name === JOIN_SOURCE) return joinSource(sock, group, source.address);
      return changeSource(sock, group, source.address, name === LEAVE_SOURCE, name === BLOCK_ANY);
    }
    default:
      return null;
  }
};

/** The same of level IPPROTO_IPV6. Groups can be joined, but no route leads to them. */
export const setGroupOption6 = (kernel: Kernel, socket: InetSocket, name: number, value: Uint8Array): number | null => {
  const sock = socket as UdpSocket;
  if (name === IPV6_GROUP.IF) {
    if (sock.type === SOCK.STREAM || value.length < 4) return -ERRNO.ENOPROTOOPT;
    const index = indexOf(kernel, viewOf(value).getInt32(0, true));
    if (index < 0) return -ERRNO.ENODEV;
    sock.groupsVia = { ...sock.groupsVia, index };
    return 0;
  }
  if (name !== IPV6_GROUP.JOIN && name !== IPV6_GROUP.LEAVE) return null;
  if (value.length < 20) return -ERRNO.EINVAL;
  if (sock.type === SOCK.STREAM) return -ERRNO.EPROTO;
  const group = { group: addressOf([...value.subarray(0, 16)]), index: viewOf(value).getInt32(16, true) };
  if (!isMulticast(group.group)) return -ERRNO.EINVAL;
  group.index = indexOf(kernel, group.index);
  return name === IPV6_GROUP.JOIN ? join(sock, group, false) : leave(sock, group);
};

/** Whether what is sent to a group goes anywhere: by the interface that was chosen, or the one that has its own address. */
export const reachesGroups = ({ groupsVia, local }: UdpSocket): boolean =>
  groupsVia.index > 0 || (!isAny(local.address) && isLocal(local.address));

/** Whether anyone on the machine has joined the group: otherwise nobody gets what is sent there (ip_check_mc_rcu). */
export const isJoined = (kernel: Kernel, group: Address): boolean => {
  for (const bucket of kernel.net.inet.udp.values()) {
    if (bucket.some(({ memberships }) => memberships.some((each) => each.group === group))) return true;
  }
  return false;
};

/** Whether a socket takes what someone sends to a group; `all` is IP_MULTICAST_ALL. */
export const wantsFrom = ({ memberships }: UdpSocket, group: Address, source: Address, all: boolean): boolean => {
  const known = memberships.find((each) => each.group === group);
  return known === undefined ? all : known.sources.includes(source) === known.include;
};
