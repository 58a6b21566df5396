/** Addresses and ports of IPv4 and IPv6 (ip(7), ipv6(7)). The machine has a loopback interface and no other. */
import { ERRNO } from '../../abi/errno.ts';
import { AF, sockaddrIn, sockaddrIn6 } from '../../abi/socket.ts';
import type { Address, Endpoint, InetSocket } from './types.ts';

const MAPPED = '00000000000000000000ffff';
export const ANY6: Address = '0'.repeat(32);
export const ANY4: Address = `${MAPPED}00000000`;
export const LOOPBACK4: Address = `${MAPPED}7f000001`;
export const LOOPBACK6: Address = `${'0'.repeat(31)}1`;

const hex = (bytes: readonly number[]): string => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** The address of four bytes, or of sixteen. */
export const addressOf = (bytes: readonly number[]): Address => (bytes.length === 4 ? MAPPED + hex(bytes) : hex(bytes));

export const bytesOf = (address: Address): number[] =>
  Array.from({ length: 16 }, (_, i) => Number.parseInt(address.slice(2 * i, 2 * i + 2), 16));

export const isMapped = (address: Address): boolean => address.startsWith(MAPPED);
export const isAny = (address: Address): boolean => address === ANY4 || address === ANY6;
const firstByte = (address: Address): number => Number.parseInt(address.slice(24, 26), 16);

/** Loopback: the addresses that the machine has. */
export const isLocal = (address: Address): boolean =>
  address === LOOPBACK6 || (isMapped(address) && firstByte(address) === 127);
/** 224.0.0.0/4 and ff00::/8. */
export const isMulticast = (address: Address): boolean =>
  isMapped(address) ? firstByte(address) >> 4 === 0xe : address.startsWith('ff');
export const isBroadcast = (address: Address): boolean => address === `${MAPPED}ffffffff`;
/** To all at lo. */
export const isLocalBroadcast = (address: Address): boolean => address === `${MAPPED}7fffffff`;
const isLinkLocal = (address: Address): boolean => /^fe[89ab]/.test(address);

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const portOf = ([high, low]: readonly number[]): number => (high! << 8) | low!;
const portBytes = (port: number): number[] => [port >> 8, port & 0xff];

export const familyOf = (address: Uint8Array): number => (address.length < 2 ? -1 : viewOf(address).getUint16(0, true));

/** Least size of a struct sockaddr_in6 (SIN6_LEN_RFC2133). */
const LEAST_IN6 = 24;

/** A struct sockaddr_in; -EINVAL if it is short. */
export const readIn = (bytes: Uint8Array): Endpoint | number => {
  if (bytes.length < sockaddrIn.size) return -ERRNO.EINVAL;
  const { sin_port, sin_addr } = sockaddrIn.read(viewOf(bytes), 0);
  return { address: addressOf(sin_addr), port: portOf(sin_port) };
};

/** A struct sockaddr_in6, perhaps without its last field; -EINVAL if it is short. */
export const readIn6 = (bytes: Uint8Array): Endpoint | number => {
  if (bytes.length < LEAST_IN6) return -ERRNO.EINVAL;
  const whole = new Uint8Array(sockaddrIn6.size);
  whole.set(bytes.subarray(0, sockaddrIn6.size));
  const { sin6_port, sin6_addr } = sockaddrIn6.read(viewOf(whole), 0);
  return { address: addressOf(sin6_addr), port: portOf(sin6_port) };
};

/** struct sockaddr of an end as a socket of its family shows it. */
export const sockaddrOf = (family: number, { address, port }: Endpoint): Uint8Array => {
  if (family === AF.INET) {
    const bytes = new Uint8Array(sockaddrIn.size);
    const sin_addr = bytesOf(address).slice(12);
    sockaddrIn.write(viewOf(bytes), 0, { sin_family: AF.INET, sin_port: portBytes(port), sin_addr });
    return bytes;
  }
  const bytes = new Uint8Array(sockaddrIn6.size);
  const sin6_addr = bytesOf(address);
  sockaddrIn6.write(viewOf(bytes), 0, { sin6_family: AF.INET6, sin6_port: portBytes(port), sin6_addr });
  return bytes;
};

/** Where nothing is bound or connected. */
export const noEndpoint = (family: number): Endpoint => ({ address: family === AF.INET ? ANY4 : ANY6, port: 0 });

/** The end that bind(2) asks for, as far as it is one that the machine has; -errno. */
export const bindTarget = (sock: InetSocket, bytes: Uint8Array): Endpoint | number => {
  const family = familyOf(bytes);
  const end = sock.family === AF.INET ? readIn(bytes) : readIn6(bytes);
  if (typeof end === 'number') return end;
  const { address } = end;
  if (family !== sock.family) {
    // Old programs leave the family out.
    if (sock.family !== AF.INET || family !== AF.UNSPEC || address !== ANY4) return -ERRNO.EAFNOSUPPORT;
  }
  if (sock.family === AF.INET6 && isMapped(address) && sock.v6only) return -ERRNO.EINVAL;
  if (isLinkLocal(address)) return -ERRNO.EINVAL;
  const multicast = isMulticast(address) || isBroadcast(address);
  if (!isAny(address) && !isLocal(address) && !(multicast && sock.family === AF.INET)) return -ERRNO.EADDRNOTAVAIL;
  return end;
};

/**
 * Where a packet goes: to no address in particular is to the machine itself. -ENETUNREACH leads out of it; so do groups,
 * unless the socket sends to them by lo (`toGroups`).
 */
export const route = (sock: InetSocket, { address, port }: Endpoint, toGroups = false): Endpoint | number => {
  if (toGroups && isMapped(address) && isMulticast(address)) return { address, port };
  if (isLocalBroadcast(address) && !sock.options.broadcast) return -ERRNO.EACCES;
  if (isBroadcast(address)) return sock.options.broadcast ? -ERRNO.ENETUNREACH : -ERRNO.EACCES;
  const to = address === ANY4 ? LOOPBACK4 : address === ANY6 ? LOOPBACK6 : address;
  if (sock.v6only && isMapped(to)) return -ERRNO.ENETUNREACH;
  return isLocal(to) ? { address: to, port } : -ERRNO.ENETUNREACH;
};

/** The address that a socket without one sends from. */
export const sourceFor = (to: Address): Address => (isMapped(to) ? LOOPBACK4 : LOOPBACK6);

/** Whether who has one address takes what is sent to another: the same, or any of its family, or of both. */
export const meets = (address: Address, v6only: boolean, to: Address): boolean => {
  if (address === to) return true;
  return isMapped(to) ? address === ANY4 || (address === ANY6 && !v6only) : address === ANY6;
};

/** Whether a socket bound so takes what is sent to an address. */
export const takes = (sock: InetSocket, to: Address): boolean => meets(sock.local.address, sock.v6only, to);

/** Whether a socket at an address and another would take the same packets (inet_rcv_saddr_equal). */
export const overlaps = (sock: InetSocket, at: Address, other: InetSocket): boolean =>
  meets(at, sock.v6only, other.local.address) || meets(other.local.address, other.v6only, at);
