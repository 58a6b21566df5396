/** AF_INET and AF_INET6: which protocols there are, and the operations of TCP (net/ipv4/af_inet.c, tcp_poll, tcp_ioctl). */
import { CAP } from '../../abi/capability.ts';
import { ERRNO } from '../../abi/errno.ts';
import { IOCTL } from '../../abi/ioctl.ts';
import { POLL } from '../../abi/poll.ts';
import { IPPROTO, SIOC, SOCK, SOL } from '../../abi/socket.ts';
import type { Kernel } from '../../kernel.ts';
import { putUser32 } from '../../mm/user.ts';
import { capable } from '../../task/capability.ts';
import type { Task } from '../../task/task.ts';
import { SHUTDOWN, type Socket, type SocketOperations } from '../types.ts';
import { sockaddrOf } from './address.ts';
import { getInetOption, inetValue, setInetOption, TCP } from './options.ts';
import { bindInet } from './ports.ts';
import { isWritable, newTcp, push, pushAll } from './tcp.ts';
import { acceptTcp, connectTcp, listenTcp, releaseTcp, shutdownTcp } from './tcp-connect.ts';
import { receiveTcp, sendTcp } from './tcp-io.ts';
import type { InetSocket, TcpSocket } from './types.ts';
import { newUdp } from './udp.ts';

const tcp = (sock: Socket): TcpSocket => sock as TcpSocket;

/** Bytes that a reader can have before the urgent one, or all (tcp_inq). */
const readable = (sock: TcpSocket): number => {
  if (sock.state === 'syn-sent') return 0;
  const { urgent, copied, arrived, options } = sock;
  const whole = options.oobinline || urgent.state === 'none' || urgent.seq < copied || urgent.seq >= arrived;
  return whole ? arrived - copied : urgent.seq - copied;
};

/** Whether a reader would get something (tcp_stream_is_readable): the urgent byte alone is nothing. */
const isReadable = (sock: TcpSocket): boolean => {
  const { urgent, copied, arrived, options } = sock;
  const atUrgent = urgent.state !== 'none' && urgent.seq === copied && !options.oobinline;
  return arrived - copied >= options.rcvlowat + Number(atUrgent);
};

/** tcp_poll. */
const poll = (_kernel: Kernel, socket: Socket): number => {
  const sock = tcp(socket);
  if (sock.state === 'listening') return sock.queue.length > 0 ? POLL.IN | POLL.RDNORM : 0;
  let mask = 0;
  if (sock.shutdown === SHUTDOWN.MASK || sock.state === 'closed') mask |= POLL.HUP;
  if (sock.shutdown & SHUTDOWN.RCV) mask |= POLL.IN | POLL.RDNORM | POLL.RDHUP;
  if (sock.state !== 'syn-sent') {
    if (isReadable(sock)) mask |= POLL.IN | POLL.RDNORM;
    if (sock.shutdown & SHUTDOWN.SEND || isWritable(sock)) mask |= POLL.OUT | POLL.WRNORM;
    else sock.noSpace = true;
    if (sock.urgent.state === 'valid') mask |= POLL.PRI;
  }
  return sock.error !== 0 ? mask | POLL.ERR : mask;
};

const ioctl: SocketOperations['ioctl'] = (_kernel, task, socket, request, argument) => {
  const sock = tcp(socket);
  const answer = (value: number): number => {
    putUser32(task.mm, argument, value);
    return 0;
  };
  switch (request) {
    case IOCTL.FIONREAD:
      return sock.state === 'listening' ? -ERRNO.EINVAL : answer(readable(sock));
    case SIOC.ATMARK:
      return answer(Number(sock.urgent.state !== 'none' && sock.urgent.seq === sock.copied));
    case IOCTL.TIOCOUTQ:
    case SIOC.OUTQNSD:
      return sock.state === 'listening' ? -ERRNO.EINVAL : answer(sock.unsentLength);
    default:
      return null;
  }
};

const tcpOps: SocketOperations = Object.freeze<SocketOperations>({
  name: 'TCP',
  bind: (kernel, task, sock, address) => bindInet(kernel, task, sock as InetSocket, address),
  connect: connectTcp,
  listen: listenTcp,
  accept: acceptTcp,
  getname: (socket, peer) => {
    const { family, state, local, remote, lastPort } = tcp(socket);
    if (!peer) return sockaddrOf(family, { address: local.address, port: local.port || lastPort });
    const none = remote.port === 0 || state === 'closed' || state === 'syn-sent';
    return none ? -ERRNO.ENOTCONN : sockaddrOf(family, remote);
  },
  poll,
  shutdown: shutdownTcp,
  send: sendTcp,
  receive: receiveTcp,
  ioctl,
  setOption: (kernel, task, sock, level, name, value) => {
    const result = setInetOption(kernel, task, sock, level, name, value);
    const corks = level === SOL.TCP && (name === TCP.CORK || name === TCP.NODELAY);
    // Who asks for no delay, or takes the cork out, means what is there already.
    if (result === 0 && corks && (name === TCP.NODELAY) === (inetValue(tcp(sock), level, name) !== 0)) {
      pushAll(kernel, tcp(sock));
    }
    return result;
  },
  getOption: getInetOption,
  optionsChanged: (kernel, sock) => {
    const { peer } = tcp(sock);
    if (peer !== null) push(kernel, peer);
  },
  release: releaseTcp,
});

/** A new socket (inet_create), or -errno. */
export const createInet = (
  kernel: Kernel,
  task: Task,
  family: number,
  type: number,
  protocol: number,
): InetSocket | number => {
  if (protocol < 0 || protocol >= IPPROTO.MAX) return -ERRNO.EINVAL;
  const natural = type === SOCK.STREAM ? IPPROTO.TCP : type === SOCK.DGRAM ? IPPROTO.UDP : null;
  if (type === SOCK.RAW) {
    if (protocol === 0) return -ERRNO.EPROTONOSUPPORT;
    if (!capable(task.cred, CAP.NET_RAW)) return -ERRNO.EPERM;
    kernel.log(`${task.comm}: raw sockets are not supported: EPROTONOSUPPORT`);
    return -ERRNO.EPROTONOSUPPORT;
  }
  if (natural === null) return -ERRNO.ESOCKTNOSUPPORT;
  if (protocol !== 0 && protocol !== natural) return -ERRNO.EPROTONOSUPPORT;
  return type === SOCK.STREAM ? newTcp(tcpOps, family, task.cred.uid) : newUdp(task, family);
};
