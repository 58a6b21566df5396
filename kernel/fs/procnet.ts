/** /proc/net: the sockets and interfaces of the machine (proc_pid_net(5)). */

import { AF } from '../abi/socket.ts';
import { bytesOf } from '../net/inet/address.ts';
import { TCP_STATES } from '../net/inet/options.ts';
import type { Endpoint, InetSocket, TcpSocket, UdpSocket } from '../net/inet/types.ts';
import type { Socket } from '../net/types.ts';
import type { UnixSocket } from '../net/unix/types.ts';
import type { ProcContext, ProcRow } from './procfs.ts';

const hex = (value: number, width: number): string => (value >>> 0).toString(16).toUpperCase().padStart(width, '0');
const inoOf = (sock: Socket): number => sock.file?.inode.ino ?? 0;

/** SS_UNCONNECTED and its like: without a file it is still, or no longer, another's business. */
const unixStatus = (sock: UnixSocket): number => {
  const connected = sock.state === 'connected';
  return sock.file !== null ? (connected ? 3 : 1) : connected ? 2 : 4;
};

const LISTENS = 0x10000;

const unixRow = (sock: UnixSocket): string => {
  const name =
    sock.path === null
      ? ''
      : ` ${String.fromCharCode(...sock.path)
          .replace(/\0$/, '')
          .replace(/\0/g, '@')}`;
  const refs = 2 + Number(sock.peer !== null);
  const flags = sock.state === 'listening' ? LISTENS : 0;
  return (
    `0000000000000000: ${hex(refs, 8)} 00000000 ${hex(flags, 8)} ${hex(sock.type, 4)} ${hex(unixStatus(sock), 2)} ` +
    `${String(inoOf(sock)).padStart(5)}${name}\n`
  );
};

const unixText = ({ kernel }: ProcContext): string =>
  `Num       RefCount Protocol Flags    Type St Inode Path\n${[...kernel.net.unix.sockets].map(unixRow).join('')}`;

/** An address as words of the machine's byte order, and a port. */
const endText = (family: number, { address, port }: Endpoint): string => {
  const bytes = bytesOf(address).slice(family === AF.INET ? 12 : 0);
  let text = '';
  for (let at = 0; at < bytes.length; at += 4) {
    text += hex((bytes[at + 3]! << 24) | (bytes[at + 2]! << 16) | (bytes[at + 1]! << 8) | bytes[at]!, 8);
  }
  return `${text}:${hex(port, 4)}`;
};

/** What the rows of all protocols have in common. */
const rowStart = (sock: InetSocket, index: number, width: number, state: number, sent: number, received: number) =>
  `${String(index).padStart(width)}: ${endText(sock.family, sock.local)} ${endText(sock.family, sock.remote)} ` +
  `${hex(state, 2)} ${hex(sent, 8)}:${hex(received, 8)} 00:00000000 00000000 ${String(sock.uid).padStart(5)} ` +
  `${'0'.padStart(8)} ${inoOf(sock)}`;

const tcpRow = (sock: TcpSocket, index: number): string => {
  const listens = sock.state === 'listening';
  // The end of the stream has a number of its own.
  const [sent, received] = listens
    ? [0, sock.queue.length]
    : [sock.unsentLength, sock.arrived - sock.copied + Number(sock.done)];
  const tail = listens ? '100 0 0 10 0' : '20 4 30 10 -1';
  const row = `${rowStart(sock, index, 4, TCP_STATES[sock.state], sent, received)} 1 0000000000000000 ${tail}`;
  return `${sock.family === AF.INET ? row.padEnd(149) : row}\n`;
};

const udpRow = (sock: UdpSocket, index: number): string => {
  const row = `${rowStart(sock, index, 5, sock.connected ? 1 : 7, 0, sock.rmem)} 2 0000000000000000 ${sock.drops}`;
  return `${sock.family === AF.INET ? row.padEnd(127) : row}\n`;
};

const COLUMNS = 'st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';
const WIDE = 'local_address                         remote_address                       ';

/** Sockets of one protocol and family that have a port. */
const of = <T extends InetSocket>(buckets: ReadonlyMap<number, T[]>, family: number): T[] =>
  [...buckets.values()].flat().filter((sock) => sock.family === family);

const tcpText =
  (family: number) =>
  ({ kernel }: ProcContext): string => {
    // Listeners come first, as they have a table of their own.
    const all = of(kernel.net.inet.tcp, family).filter(({ state }) => state !== 'closed');
    const sorted = [
      ...all.filter(({ state }) => state === 'listening'),
      ...all.filter(({ state }) => state !== 'listening'),
    ];
    const header =
      family === AF.INET ? `  sl  local_address rem_address   ${COLUMNS}`.padEnd(149) : `  sl  ${WIDE} ${COLUMNS}`;
    return `${header}\n${sorted.map(tcpRow).join('')}`;
  };

const udpText =
  (family: number) =>
  ({ kernel }: ProcContext): string => {
    const columns = `${COLUMNS} ref pointer drops`;
    const header =
      family === AF.INET ? `   sl  local_address rem_address   ${columns}`.padEnd(127) : `  sl  ${WIDE} ${columns}`;
    return `${header}\n${of(kernel.net.inet.udp, family).map(udpRow).join('')}`;
  };

const COUNTERS = '       0       0    0    0    0     0          0         0';
const devText = ({ kernel }: ProcContext): string =>
  'Inter-|   Receive                                                |  Transmit\n' +
  ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n' +
  kernel.net.interfaces.map(({ name }) => `${name.padStart(6)}: ${COUNTERS} ${COUNTERS}\n`).join('');

const ROUTE_HEADER = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT';

/** The directory, which every process sees as its own. */
export const netDirectory: ProcRow = {
  name: 'net',
  children: [
    { name: 'dev', text: devText },
    { name: 'if_inet6', text: () => '00000000000000000000000000000001 01 80 10 80       lo\n' },
    { name: 'route', text: () => `${ROUTE_HEADER.padEnd(127)}\n` },
    { name: 'tcp', text: tcpText(AF.INET) },
    { name: 'tcp6', text: tcpText(AF.INET6) },
    { name: 'udp', text: udpText(AF.INET) },
    { name: 'udp6', text: udpText(AF.INET6) },
    { name: 'unix', text: unixText },
  ],
};
