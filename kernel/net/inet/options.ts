/** Options of IP, IPv6, TCP and UDP (ip(7), ipv6(7), tcp(7)): kept, and shown, as the kernel checks them. */
import { ERRNO } from '../../abi/errno.ts';
import { AF, SOCK, SOL } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { putControl } from '../control.ts';
import { intOption, intValue } from '../options.ts';
import type { IncomingMessage, Socket } from '../types.ts';
import { bytesOf, isMapped } from './address.ts';
import type { Endpoint, InetSocket, TcpSocket } from './types.ts';

/** An option that holds a number. */
interface Option {
  /** Before it is set. */
  initial: number;
  least?: number;
  most?: number;
  /** On or off: any other number than 0 is 1. */
  isSwitch?: boolean;
  /** What -1 stands for: the default. */
  minusOne?: boolean;
}

const onOff: Option = { initial: 0, isSwitch: true };

export const TCP = {
  NODELAY: 1,
  MAXSEG: 2,
  CORK: 3,
  KEEPIDLE: 4,
  KEEPINTVL: 5,
  KEEPCNT: 6,
  SYNCNT: 7,
  LINGER2: 8,
  DEFER_ACCEPT: 9,
  INFO: 11,
  QUICKACK: 12,
  CONGESTION: 13,
  USER_TIMEOUT: 18,
} as const;

export const IP = { TOS: 1, TTL: 2, PKTINFO: 8, MTU_DISCOVER: 10, RECVERR: 11, RECVTTL: 12, RECVTOS: 13 } as const;
const IP_MULTICAST = { TTL: 33, LOOP: 34 } as const;
const IP_MORE = { FREEBIND: 15, TRANSPARENT: 19, BIND_ADDRESS_NO_PORT: 24 } as const;
const IPV6 = {
  ...{ UNICAST_HOPS: 16, MULTICAST_HOPS: 18, MULTICAST_LOOP: 19, MTU_DISCOVER: 23, RECVERR: 25, V6ONLY: 26 },
  ...{ RECVPKTINFO: 49, PKTINFO: 50, RECVHOPLIMIT: 51, RECVTCLASS: 66, TCLASS: 67 },
} as const;

const TCP_OPTIONS: Readonly<Record<number, Option>> = {
  [TCP.NODELAY]: onOff,
  [TCP.CORK]: onOff,
  [TCP.QUICKACK]: { initial: 1, isSwitch: true },
  [TCP.KEEPIDLE]: { initial: 7200, least: 1, most: 32767 },
  [TCP.KEEPINTVL]: { initial: 75, least: 1, most: 32767 },
  [TCP.KEEPCNT]: { initial: 9, least: 1, most: 127 },
  [TCP.SYNCNT]: { initial: 6, least: 1, most: 127 },
  [TCP.LINGER2]: { initial: 60 },
  [TCP.DEFER_ACCEPT]: { initial: 0 },
  [TCP.USER_TIMEOUT]: { initial: 0, least: 0 },
  [TCP.MAXSEG]: { initial: 536, least: 88, most: 32767 },
};

const IP_OPTIONS: Readonly<Record<number, Option>> = {
  [IP.TOS]: { initial: 0 },
  [IP.TTL]: { initial: 64, least: 1, most: 255, minusOne: true },
  [IP.PKTINFO]: onOff,
  [IP.MTU_DISCOVER]: { initial: 1, least: 0, most: 5 },
  [IP.RECVERR]: onOff,
  [IP.RECVTTL]: onOff,
  [IP.RECVTOS]: onOff,
  [IP_MULTICAST.TTL]: { initial: 1, least: 0, most: 255, minusOne: true },
  [IP_MULTICAST.LOOP]: { initial: 1, isSwitch: true },
  [IP_MORE.FREEBIND]: onOff,
  [IP_MORE.BIND_ADDRESS_NO_PORT]: onOff,
};

const IPV6_OPTIONS: Readonly<Record<number, Option>> = {
  [IPV6.UNICAST_HOPS]: { initial: 64, least: 0, most: 255, minusOne: true },
  [IPV6.MULTICAST_HOPS]: { initial: 1, least: 0, most: 255, minusOne: true },
  [IPV6.MULTICAST_LOOP]: { initial: 1, isSwitch: true },
  [IPV6.MTU_DISCOVER]: { initial: 1, least: 0, most: 5 },
  [IPV6.RECVERR]: onOff,
  [IPV6.V6ONLY]: onOff,
  [IPV6.RECVPKTINFO]: onOff,
  [IPV6.RECVHOPLIMIT]: onOff,
  [IPV6.RECVTCLASS]: onOff,
  [IPV6.TCLASS]: { initial: 0, least: 0, most: 255, minusOne: true },
};

/** The option, or the error for one that is not known at its level. */
const optionOf = (sock: Socket, level: number, name: number): Option | number => {
  switch (level) {
    case SOL.TCP:
      return sock.type === SOCK.STREAM ? (TCP_OPTIONS[name] ?? -ERRNO.ENOPROTOOPT) : -ERRNO.ENOPROTOOPT;
    case SOL.IP:
      return IP_OPTIONS[name] ?? -ERRNO.ENOPROTOOPT;
    case SOL.IPV6:
      return sock.family === AF.INET6 ? (IPV6_OPTIONS[name] ?? -ERRNO.ENOPROTOOPT) : -ERRNO.ENOPROTOOPT;
    default:
      return -ERRNO.ENOPROTOOPT;
  }
};

const keyOf = (level: number, name: number): string => `${level}:${name}`;

/** The value that an option has. */
export const inetValue = (sock: InetSocket, level: number, name: number): number => {
  const option = optionOf(sock, level, name);
  if (typeof option === 'number') throw new Error(`option ${name} of level ${level} is not known`);
  return sock.values.get(keyOf(level, name)) ?? option.initial;
};

/** IP_TOS and its like may be given as one byte. */
const numberIn = (level: number, value: Uint8Array): number | null =>
  intValue(value) ?? (level === SOL.IP && value.length > 0 ? value[0]! : null);

const CONGESTION_NAMES = ['cubic', 'reno'];

const setCongestion = (sock: InetSocket, value: Uint8Array): number => {
  if (value.length < 1) return -ERRNO.EINVAL;
  const [name] = String.fromCharCode(...value.subarray(0, 15)).split('\0');
  const index = CONGESTION_NAMES.indexOf(name!);
  if (index < 0) return -ERRNO.ENOENT;
  sock.values.set(keyOf(SOL.TCP, TCP.CONGESTION), index);
  return 0;
};

/** setsockopt(2) of a level above SOL_SOCKET. */
export const setInetOption = (
  _kernel: Kernel,
  _task: Task,
  socket: Socket,
  level: number,
  name: number,
  value: Uint8Array,
): number => {
  const sock = socket as InetSocket;
  if (level === SOL.TCP && name === TCP.CONGESTION && sock.type === SOCK.STREAM) return setCongestion(sock, value);
  const option = optionOf(sock, level, name);
  if (typeof option === 'number') return option;
  const given = numberIn(level, value);
  if (given === null) return -ERRNO.EINVAL;
  const { initial, least, most, isSwitch, minusOne } = option;
  const number = isSwitch ? Number(given !== 0) : minusOne && given === -1 ? initial : given;
  if ((least !== undefined && number < least) || (most !== undefined && number > most)) return -ERRNO.EINVAL;
  if (level === SOL.IPV6 && name === IPV6.V6ONLY) {
    if (sock.local.port !== 0) return -ERRNO.EINVAL;
    sock.v6only = number !== 0;
  }
  sock.values.set(keyOf(level, name), number);
  return 0;
};

/** States as TCP_INFO and /proc/net/tcp number them (enum of net/tcp_states.h). */
export const TCP_STATES: Readonly<Record<TcpSocket['state'], number>> = {
  ...{ established: 1, 'syn-sent': 2, 'fin-wait1': 4, 'fin-wait2': 5, closed: 7, 'close-wait': 8 },
  ...{ 'last-ack': 9, listening: 10, closing: 11 },
};

/** struct tcp_info with its state; there is nothing to be told of a network that never loses anything. */
const TCP_INFO_SIZE = 248;

/** getsockopt(2) of a level above SOL_SOCKET. */
export const getInetOption = (
  _kernel: Kernel,
  socket: Socket,
  level: number,
  name: number,
  room: number,
): Uint8Array | number => {
  const sock = socket as InetSocket;
  if (level === SOL.TCP && sock.type === SOCK.STREAM) {
    if (name === TCP.CONGESTION) {
      const bytes = new Uint8Array(16);
      const text = CONGESTION_NAMES[sock.values.get(keyOf(SOL.TCP, TCP.CONGESTION)) ?? 0]!;
      bytes.set([...text].map((character) => character.charCodeAt(0)));
      return bytes;
    }
    if (name === TCP.INFO) {
      const bytes = new Uint8Array(TCP_INFO_SIZE);
      bytes[0] = TCP_STATES[(sock as TcpSocket).state];
      return bytes;
    }
    if (name === TCP.MAXSEG && (sock as TcpSocket).peer !== null) return intOption(32_741);
  }
  const option = optionOf(sock, level, name);
  // IPv4 says of other levels that it has no such thing; everyone else, and setsockopt, that the option is not known.
  const foreign = sock.family === AF.INET && level !== SOL.IP && !(level === SOL.TCP && sock.type === SOCK.STREAM);
  if (typeof option === 'number') return foreign && level !== SOL.UDP ? -ERRNO.EOPNOTSUPP : option;
  const value = inetValue(sock, level, name);
  // With room for less than an int a byte is enough (do_ip_getsockopt).
  return level === SOL.IP && room > 0 && room < 4 && value >= 0 && value <= 255
    ? Uint8Array.of(value)
    : intOption(value);
};

/** Where a datagram was sent to, for those who asked (IP_PKTINFO, IPV6_RECVPKTINFO). The interface is 1, lo. */
export const packetInfo = (sock: InetSocket, message: IncomingMessage, { address }: Endpoint): void => {
  const bytes = bytesOf(address);
  if (inetValue(sock, SOL.IP, IP.PKTINFO) && isMapped(address)) {
    putControl(message, SOL.IP, IP.PKTINFO, Uint8Array.from([1, 0, 0, 0, ...bytes.slice(12), ...bytes.slice(12)]));
  }
  if (sock.family === AF.INET6 && inetValue(sock, SOL.IPV6, IPV6.RECVPKTINFO)) {
    putControl(message, SOL.IPV6, IPV6.PKTINFO, Uint8Array.from([...bytes, 1, 0, 0, 0]));
  }
};
