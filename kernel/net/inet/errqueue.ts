/** Errors that a socket keeps with what caused them: IP_RECVERR and MSG_ERRQUEUE (net/ipv4/ip_sockglue.c; ip(7)). */
import { ERRNO } from '../../abi/errno.ts';
import { AF, MSG, SOL, sockExtendedErr } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import { putControl } from '../control.ts';
import { errorReport } from '../sock.ts';
import { putWhole } from '../transfer.ts';
import type { IncomingMessage } from '../types.ts';
import { isMapped, LOOPBACK4, LOOPBACK6, sockaddrOf } from './address.ts';
import type { Endpoint, QueuedError, UdpSocket } from './types.ts';

const ORIGIN = { LOCAL: 1, ICMP: 2, ICMP6: 3 } as const;
/** "Port unreachable": type and code of ICMP and of ICMPv6. */
const UNREACHABLE = { type: 3, code: 3 } as const;
const UNREACHABLE6 = { type: 1, code: 4 } as const;
/** Bytes of a datagram that come back in ICMP's answer to it, which has 576 with its headers. */
const QUOTED = 520;
const QUOTED6 = 1184;
/** Largest packet, as each family tells. */
const LARGEST = 65_535;
const LARGEST6 = 65_536;

/** Nobody is at the port that a datagram went to (ip_icmp_error). */
export const queueRefused = (kernel: Kernel, sock: UdpSocket, to: Endpoint, bytes: Uint8Array): void => {
  const v4 = isMapped(to.address);
  const origin = v4 ? ORIGIN.ICMP : ORIGIN.ICMP6;
  const kind = v4 ? UNREACHABLE : UNREACHABLE6;
  const quoted = bytes.slice(0, v4 ? QUOTED : QUOTED6);
  sock.errors.push({ errno: ERRNO.ECONNREFUSED, origin, ...kind, info: 0, to, bytes: quoted });
  sock.error = ERRNO.ECONNREFUSED;
  errorReport(kernel, sock);
};

/** A message is too long for any packet (ip_local_error). */
export const queueTooLong = (kernel: Kernel, sock: UdpSocket, to: Endpoint): void => {
  const v4 = isMapped(to.address);
  // IPv4 tells the port of the socket's partner, not that of the message.
  const port = v4 ? (sock.connected ? sock.remote.port : 0) : to.port;
  const error = { errno: ERRNO.EMSGSIZE, origin: ORIGIN.LOCAL, type: 0, code: 0, info: v4 ? LARGEST : LARGEST6 };
  sock.errors.push({ ...error, to: { ...to, port }, bytes: new Uint8Array(0) });
  errorReport(kernel, sock);
};

/** struct sock_extended_err, and who answered. */
const describe = (sock: UdpSocket, { errno, origin, type, code, info, to }: QueuedError): Uint8Array => {
  const v6 = sock.family === AF.INET6;
  const head = new Uint8Array(sockExtendedErr.size);
  const fields = { ee_errno: errno, ee_origin: origin, ee_type: type, ee_code: code, ee_info: info, ee_data: 0 };
  sockExtendedErr.write(new DataView(head.buffer), 0, fields);
  const address = isMapped(to.address) ? LOOPBACK4 : LOOPBACK6;
  const answered = sockaddrOf(sock.family, { address, port: 0 });
  if (origin === ORIGIN.LOCAL) answered.fill(0);
  return Uint8Array.from([...head, ...answered.subarray(0, v6 ? 28 : 16)]);
};

/** recvmsg(2) with MSG_ERRQUEUE: the oldest error (ip_recv_error). */
export const receiveError = (kernel: Kernel, sock: UdpSocket, message: IncomingMessage): number => {
  const error = sock.errors.shift();
  if (error === undefined) return -ERRNO.EAGAIN;
  // The next one is what the socket's error is now.
  const [next] = sock.errors;
  if (next !== undefined && next.origin !== ORIGIN.LOCAL) sock.error = next.errno;
  else if (error.origin !== ORIGIN.LOCAL) sock.error = 0;
  if (next !== undefined) errorReport(kernel, sock);
  const size = Math.min(message.data.remaining, error.bytes.length);
  if (size < error.bytes.length) message.outFlags |= MSG.TRUNC;
  if (!putWhole(message.data, error.bytes.subarray(0, size))) return -ERRNO.EFAULT;
  message.name = sockaddrOf(sock.family, error.to);
  const v6 = sock.family === AF.INET6;
  putControl(message, v6 ? SOL.IPV6 : SOL.IP, v6 ? RECVERR.V6 : RECVERR.V4, describe(sock, error));
  message.outFlags |= MSG.ERRQUEUE;
  return size;
};

/** IP_RECVERR and IPV6_RECVERR, also the types of their control messages. */
export const RECVERR = { V4: 11, V6: 25 } as const;
