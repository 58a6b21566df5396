/** Who has which port (net/ipv4/inet_connection_sock.c, udp.c: conflicts, and ports that are chosen for a socket). */
import { CAP } from '../../abi/capability.ts';
import { ERRNO } from '../../abi/errno.ts';
import { SOCK } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import { capable } from '../../task/capability.ts';
import type { Task } from '../../task/task.ts';
import { bindTarget, isAny, meets, overlaps } from './address.ts';
import type { Address, InetSocket, TcpSocket, TimeWait, UdpSocket } from './types.ts';

/** /proc/sys/net/ipv4/ip_local_port_range. */
export const FIRST_PORT = 32_768;
export const LAST_PORT = 60_999;
/** Ports below are root's (ip_unprivileged_port_start). */
const PRIVILEGED = 1024;
/** Nanoseconds that a closed connection keeps its port (TCP_TIMEWAIT_LEN). */
const TIME_WAIT = 60e9;

const isTcp = (sock: InetSocket): boolean => sock.type === SOCK.STREAM;

const bucketsOf = (kernel: Kernel, sock: InetSocket): Map<number, InetSocket[]> =>
  (isTcp(sock) ? kernel.net.inet.tcp : kernel.net.inet.udp) as Map<number, InetSocket[]>;

/** Closed connections that still count. */
export const timeWaiting = (kernel: Kernel): TimeWait[] => {
  const { inet } = kernel.net;
  const now = kernel.now();
  if (inet.timeWait.some(({ since }) => now - since >= TIME_WAIT)) {
    inet.timeWait = inet.timeWait.filter(({ since }) => now - since < TIME_WAIT);
  }
  return inet.timeWait;
};

/** Whether `sock` may not have the port beside another that has it (inet_bind_conflict, inet_rcv_saddr_equal). */
const conflicts = (sock: InetSocket, at: Address, other: InetSocket): boolean => {
  if (sock === other || !overlaps(sock, at, other)) return false;
  const mayReuse = sock.options.reuseaddr && other.options.reuseaddr;
  if (mayReuse && !(isTcp(other) && (other as TcpSocket).state === 'listening')) return false;
  return !(sock.options.reuseport && other.options.reuseport && sock.uid === other.uid);
};

const isTaken = (kernel: Kernel, sock: InetSocket, at: Address, port: number): boolean => {
  if ((bucketsOf(kernel, sock).get(port) ?? []).some((other) => conflicts(sock, at, other))) return true;
  if (!isTcp(sock)) return false;
  return timeWaiting(kernel).some(
    ({ local, reuse }) =>
      local.port === port && meets(at, sock.v6only, local.address) && !(reuse && sock.options.reuseaddr),
  );
};

/** Gives the socket its port. */
export const takePort = (kernel: Kernel, sock: InetSocket, address: Address, port: number): void => {
  sock.local = { address, port };
  const buckets = bucketsOf(kernel, sock);
  const bucket = buckets.get(port);
  if (bucket === undefined) buckets.set(port, [sock]);
  else bucket.push(sock);
};

/** The port is free again, as far as this socket had it. */
export const freePort = (kernel: Kernel, sock: InetSocket): void => {
  const buckets = bucketsOf(kernel, sock);
  const bucket = buckets.get(sock.local.port);
  const at = bucket?.indexOf(sock) ?? -1;
  if (at >= 0) bucket!.splice(at, 1);
  if (bucket?.length === 0) buckets.delete(sock.local.port);
  sock.local = { ...sock.local, port: 0 };
};

/** A port that nobody has; 0 if there is none. */
const choosePort = (kernel: Kernel, sock: InetSocket, at: Address): number => {
  const { inet } = kernel.net;
  const span = LAST_PORT - FIRST_PORT + 1;
  const random = new Uint8Array(1);
  kernel.random(random);
  let port = inet.nextPort + random[0]!;
  for (let tries = 0; tries < span; tries++, port++) {
    if (port > LAST_PORT) port -= span;
    const unused = (bucketsOf(kernel, sock).get(port)?.length ?? 0) === 0;
    if (unused && !isTaken(kernel, sock, at, port)) {
      inet.nextPort = port + 1 > LAST_PORT ? FIRST_PORT : port + 1;
      return port;
    }
  }
  return 0;
};

/** A port for a socket that has none (inet_autobind). 0 or -EAGAIN. */
export const autobind = (kernel: Kernel, sock: InetSocket): number => {
  if (sock.local.port !== 0) return 0;
  const port = choosePort(kernel, sock, sock.local.address);
  if (port === 0) return -ERRNO.EAGAIN;
  takePort(kernel, sock, sock.local.address, port);
  return 0;
};

/** Whether a socket that has a port may listen at it: others may have it too (inet_csk_get_port). */
export const mayListen = (kernel: Kernel, sock: InetSocket): boolean =>
  !isTaken(kernel, sock, sock.local.address, sock.local.port);

/** bind(2). */
export const bindInet = (kernel: Kernel, task: Task, sock: InetSocket, bytes: Uint8Array): number => {
  const target = bindTarget(sock, bytes);
  if (typeof target === 'number') return target;
  const { address, port } = target;
  if (port !== 0 && port < PRIVILEGED && !capable(task.cred, CAP.NET_BIND_SERVICE)) return -ERRNO.EACCES;
  const isIdle = isTcp(sock) ? (sock as TcpSocket).state === 'closed' : !(sock as UdpSocket).connected;
  if (!isIdle || sock.local.port !== 0) return -ERRNO.EINVAL;
  const chosen = port === 0 ? choosePort(kernel, sock, address) : isTaken(kernel, sock, address, port) ? 0 : port;
  if (chosen === 0) return -ERRNO.EADDRINUSE;
  takePort(kernel, sock, address, chosen);
  sock.boundAddress = !isAny(address);
  sock.boundPort = port !== 0;
  return 0;
};
