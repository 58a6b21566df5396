/** Options of IP, IPv6, TCP and UDP (ip(7), ipv6(7), tcp(7)): kept, and shown, as the kernel checks them. */
import { ERRNO } from '../../abi/errno.ts';
import { AF, SOCK, SOL } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import { intOption, intValue } from '../options.ts';
import type { Socket } from '../types.ts';
import { bytesOf } from './address.ts';
import { IP_GROUP, IPV6_GROUP, setGroupOption, setGroupOption6 } from './multicast.ts';
import type { InetSocket, TcpSocket, UdpSocket } from './types.ts';

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
  WINDOW_CLAMP: 10,
  THIN_LINEAR: 16,
  THIN_DUPACK: 17,
  FASTOPEN: 23,
  NOTSENT_LOWAT: 25,
  SAVE_SYN: 27,
  FASTOPEN_CONNECT: 30,
  FASTOPEN_NO_COOKIE: 34,
  INQ: 36,
  TX_DELAY: 37,
} as const;

export const IP = {
  ...{ TOS: 1, TTL: 2, PKTINFO: 8, MTU_DISCOVER: 10, RECVERR: 11, RECVTTL: 12, RECVTOS: 13, RECVORIGDSTADDR: 20 },
  MULTICAST_ALL: 49,
} as const;
const IP_MORE = { FREEBIND: 15, TRANSPARENT: 19, MINTTL: 21, BIND_ADDRESS_NO_PORT: 24 } as const;
export const IPV6 = {
  ...{ UNICAST_HOPS: 16, MULTICAST_HOPS: 18, MULTICAST_LOOP: 19, MTU_DISCOVER: 23, RECVERR: 25, V6ONLY: 26 },
  ...{ RECVPKTINFO: 49, PKTINFO: 50, RECVHOPLIMIT: 51, RECVTCLASS: 66, TCLASS: 67 },
  ...{ MULTICAST_ALL: 29, AUTOFLOWLABEL: 70, MINHOPCOUNT: 73 },
} as const;

export const UDP = { CORK: 1, NO_CHECK6_TX: 101, NO_CHECK6_RX: 102 } as const;

const UDP_OPTIONS: Readonly<Record<number, Option>> = {
  [UDP.CORK]: onOff,
  [UDP.NO_CHECK6_TX]: onOff,
  [UDP.NO_CHECK6_RX]: onOff,
};

/** TCP_FIN_TIMEOUT_MAX and TCP_RTO_MAX, in seconds. */
const MOST_LINGER2 = 120;
const MOST_PAUSE = 120;

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
  [TCP.THIN_LINEAR]: { initial: 0, least: 0, most: 1 },
  [TCP.THIN_DUPACK]: { initial: 0, least: 0, most: 1 },
  [TCP.NOTSENT_LOWAT]: { initial: 0 },
  [TCP.SAVE_SYN]: { initial: 0, least: 0, most: 2 },
  [TCP.FASTOPEN_NO_COOKIE]: { initial: 0, least: 0, most: 1 },
  [TCP.INQ]: { initial: 0, least: 0, most: 1 },
  [TCP.TX_DELAY]: { initial: 0, least: 0 },
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
  [IP.RECVORIGDSTADDR]: onOff,
  [IP.MULTICAST_ALL]: { initial: 1, least: 0, most: 1 },
  [IP_GROUP.TTL]: { initial: 1, least: 0, most: 255, minusOne: true },
  [IP_GROUP.LOOP]: { initial: 1, isSwitch: true },
  // Of what a packet on lo cannot have, or what changes nothing there.
  ...Object.fromEntries([6, 7, 18, IP_MORE.TRANSPARENT, 23, 25, 26].map((name) => [name, onOff])),
  [IP_MORE.MINTTL]: { initial: 0, least: 0, most: 255 },
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
  // Headers that nothing on lo has, and older numbers of the same questions.
  ...Object.fromEntries([2, 3, 4, 5, 8, 31, 33, 53, 56, 58, 60, 62, 74, 77, 78].map((name) => [name, onOff])),
  [IPV6.MULTICAST_ALL]: { initial: 1, least: 0, most: 1 },
  [IPV6.AUTOFLOWLABEL]: { initial: 1, isSwitch: true },
  [IPV6.MINHOPCOUNT]: { initial: 0, least: 0, most: 255 },
  [IPV6.TCLASS]: { initial: 0, least: 0, most: 255, minusOne: true },
};

/** The option, or the error for one that is not known at its level. */
const optionOf = (sock: Socket, level: number, name: number): Option | number => {
  switch (level) {
    case SOL.TCP:
      return sock.type === SOCK.STREAM ? (TCP_OPTIONS[name] ?? -ERRNO.ENOPROTOOPT) : -ERRNO.ENOPROTOOPT;
    case SOL.UDP:
      return sock.type === SOCK.DGRAM ? (UDP_OPTIONS[name] ?? -ERRNO.ENOPROTOOPT) : -ERRNO.ENOPROTOOPT;
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

/** Seconds as TCP keeps them: within bounds, or as a number of attempts that take twice as long each. */
const rounded = (name: number, seconds: number): number => {
  if (name === TCP.LINGER2) return Math.min(Math.max(seconds, -1), MOST_LINGER2);
  if (name !== TCP.DEFER_ACCEPT || seconds <= 0) return seconds;
  let sum = 1;
  for (let pause = 2; sum < seconds; pause *= 2) sum += Math.min(pause, MOST_PAUSE);
  return sum;
};

/** setsockopt(2) of a level above SOL_SOCKET. */
export const setInetOption = (
  kernel: Kernel,
  _task: Task,
  socket: Socket,
  level: number,
  name: number,
  value: Uint8Array,
): number => {
  const sock = socket as InetSocket;
  const group =
    level === SOL.IP
      ? setGroupOption(kernel, sock, name, value)
      : level === SOL.IPV6 && sock.family === AF.INET6
        ? setGroupOption6(kernel, sock, name, value)
        : null;
  if (group !== null) return group;
  if (level === SOL.TCP && name === TCP.CONGESTION && sock.type === SOCK.STREAM) return setCongestion(sock, value);
  const option = optionOf(sock, level, name);
  if (typeof option === 'number') return option;
  const given = numberIn(level, value);
  if (given === null) return -ERRNO.EINVAL;
  const { initial, least, most, isSwitch, minusOne } = option;
  const whole = isSwitch ? Number(given !== 0) : minusOne && given === -1 ? initial : given;
  const number = level === SOL.IP && name === IP.TOS ? whole & 0xff : level === SOL.TCP ? rounded(name, whole) : whole;
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
/** Bytes of a whole segment on lo (tcp_current_mss). */
export const SEGMENT = 32_768;
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
    if (name === TCP.MAXSEG && (sock as TcpSocket).peer !== null) return intOption(SEGMENT);
  }
  if (sock.type === SOCK.DGRAM && level === SOL.IP && name === IP_GROUP.IF) {
    return Uint8Array.from(bytesOf((sock as UdpSocket).groupsVia.address).slice(12));
  }
  if (sock.type === SOCK.DGRAM && sock.family === AF.INET6 && level === SOL.IPV6 && name === IPV6_GROUP.IF) {
    return intOption((sock as UdpSocket).groupsVia.index);
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
