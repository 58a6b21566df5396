/** Control messages of IP and IPv6 (ip_cmsg_send, ip_cmsg_recv_offset; ip(7), ipv6(7)): what came with a datagram, what shall go. */
import { ERRNO } from '../../abi/errno.ts';
import { AF, SCM, SO, SOL } from '../../abi/socket.ts';
import { parseControl, putControl } from '../control.ts';
import type { IncomingMessage } from '../types.ts';
import { bytesOf, isMapped, sockaddrOf } from './address.ts';
import { IP, IPV6, inetValue } from './options.ts';
import type { Datagram, InetSocket, UdpSocket } from './types.ts';

/** Type of the control message that an IPv6 option asks for, where it has another number. */
const HOPLIMIT = 52;

const int = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
};

const put4 = (sock: InetSocket, message: IncomingMessage, { to, ttl, tos }: Datagram): void => {
  const wants = (name: number): boolean => inetValue(sock, SOL.IP, name) !== 0;
  const bytes = bytesOf(to.address).slice(12);
  // The interface is 1, lo.
  if (wants(IP.PKTINFO)) putControl(message, SOL.IP, IP.PKTINFO, Uint8Array.from([1, 0, 0, 0, ...bytes, ...bytes]));
  if (wants(IP.RECVTTL)) putControl(message, SOL.IP, IP.TTL, int(ttl));
  if (wants(IP.RECVTOS)) putControl(message, SOL.IP, IP.TOS, Uint8Array.of(tos));
  if (wants(IP.RECVORIGDSTADDR)) putControl(message, SOL.IP, IP.RECVORIGDSTADDR, sockaddrOf(AF.INET, to));
};

const put6 = (sock: InetSocket, message: IncomingMessage, { to, ttl, tos }: Datagram): void => {
  const wants = (name: number): boolean => inetValue(sock, SOL.IPV6, name) !== 0;
  if (wants(IPV6.RECVPKTINFO)) {
    putControl(message, SOL.IPV6, IPV6.PKTINFO, Uint8Array.from([...bytesOf(to.address), 1, 0, 0, 0]));
  }
  if (wants(IPV6.RECVHOPLIMIT)) putControl(message, SOL.IPV6, HOPLIMIT, int(ttl));
  if (wants(IPV6.RECVTCLASS)) putControl(message, SOL.IPV6, IPV6.TCLASS, int(tos));
};

/** Where a datagram was sent to and how, for those who asked. */
export const putAncillary = (sock: InetSocket, message: IncomingMessage, datagram: Datagram): void => {
  if (isMapped(datagram.to.address)) put4(sock, message, datagram);
  if (sock.family === AF.INET6) put6(sock, message, datagram);
};

/** What __sock_cmsg_send takes without harm; it does nothing here. */
const SOCKET_TYPES = [SCM.RIGHTS, SCM.CREDENTIALS, SO.MARK, SO.PRIORITY, SCM.TIMESTAMPING] as const;

/** What a sender asks for with one message. */
export interface SendSettings {
  ttl: number;
  tos: number;
}

const defaults = (sock: UdpSocket, v4: boolean): SendSettings =>
  v4
    ? { ttl: inetValue(sock, SOL.IP, IP.TTL), tos: inetValue(sock, SOL.IP, IP.TOS) & 0xff }
    : { ttl: inetValue(sock, SOL.IPV6, IPV6.UNICAST_HOPS), tos: inetValue(sock, SOL.IPV6, IPV6.TCLASS) };

const numberOf = (data: Uint8Array): number | null =>
  data.length === 4
    ? new DataView(data.buffer, data.byteOffset, 4).getInt32(0, true)
    : data.length === 1
      ? data[0]!
      : null;

/** Reads a sender's control messages; -EINVAL for what IP does not know. */
export const sendSettings = (sock: UdpSocket, control: Uint8Array | null, v4: boolean): SendSettings | number => {
  const settings = defaults(sock, v4);
  const messages = control === null ? [] : parseControl(control);
  if (typeof messages === 'number') return messages;
  for (const { level, type, data } of messages) {
    if (level === SOL.SOCKET && !(SOCKET_TYPES as readonly number[]).includes(type)) return -ERRNO.EINVAL;
    if (level !== (v4 ? SOL.IP : SOL.IPV6)) continue;
    const value = numberOf(data);
    const hops = v4 ? IP.TTL : HOPLIMIT;
    const traffic = v4 ? IP.TOS : IPV6.TCLASS;
    const info = v4 ? IP.PKTINFO : IPV6.PKTINFO;
    if (type === info && data.length === (v4 ? 12 : 20)) continue;
    if (value === null || (type !== hops && type !== traffic)) return -ERRNO.EINVAL;
    if (value > 255 || value < (v4 && type === hops ? 1 : 0)) return -ERRNO.EINVAL;
    if (type === hops) settings.ttl = value;
    else settings.tos = value;
  }
  return settings;
};
