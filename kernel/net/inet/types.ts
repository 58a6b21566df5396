/** AF_INET and AF_INET6 sockets (struct inet_sock, struct tcp_sock). All are of this machine: nothing leaves it. */
import type { Socket } from '../types.ts';

/**
 * An address: 32 hexadecimal digits of an IPv6 address. Those of IPv4 are mapped (::ffff:a.b.c.d), so that both families
 * meet in one space.
 */
export type Address = string;

/** An end of a connection. Port 0 is none. */
export interface Endpoint {
  address: Address;
  port: number;
}

export interface InetSocket extends Socket {
  local: Endpoint;
  remote: Endpoint;
  /** bind(2) named the address, the port: they outlive a connection (SOCK_BINDADDR_LOCK, SOCK_BINDPORT_LOCK). */
  boundAddress: boolean;
  boundPort: boolean;
  /** IPV6_V6ONLY. */
  v6only: boolean;
  /** Options of the levels above SOL_SOCKET, by `level:name`, where they differ from the default. */
  values: Map<string, number>;
}

export type TcpState =
  | 'closed'
  | 'syn-sent'
  | 'established'
  | 'fin-wait1'
  | 'fin-wait2'
  | 'close-wait'
  | 'last-ack'
  | 'closing'
  | 'listening';

/** Bytes of a stream from a sequence number on. Numbers begin at 0 and are exact, not modulo 2^32. */
export interface Segment {
  seq: number;
  bytes: Uint8Array;
}

export interface TcpSocket extends InetSocket {
  state: TcpState;
  /** What connect(2) has come to (sock->state): a second one has to be told. */
  phase: 'unconnected' | 'connecting' | 'connected';
  /** No open file has it any more (SOCK_DEAD). */
  dead: boolean;
  /** What getsockname(2) still says of a port that was given back with the connection (inet_sport). */
  lastPort: number;
  /** The other end said it was done (SOCK_DONE). */
  done: boolean;
  peer: TcpSocket | null;
  /** What was received: bytes, how far they were read, and where they end. */
  received: Segment[];
  copied: number;
  arrived: number;
  /** What the other end had no room for, how much that is, and where writing goes on. */
  unsent: Uint8Array[];
  unsentLength: number;
  written: number;
  /** The end of the stream is to be sent behind `unsent`. */
  finPending: boolean;
  /** The last call said that more would come (MSG_MORE); and a timer is set that will not wait for it. */
  more: boolean;
  corkTimer: boolean;
  /** Urgent byte that was announced: `awaited` until it arrives. */
  urgent: { state: 'none' | 'awaited' | 'valid' | 'read'; seq: number; byte: number };
  /** Urgent byte that was written, not yet announced to the other end: its number, or -1. */
  urgentWritten: number;
  /** Of a listener: connections to be accepted, most of them, and who knocks while there are too many. */
  queue: TcpSocket[];
  backlog: number;
  knocking: TcpSocket[];
  /** Whose queue it is in. */
  listener: TcpSocket | null;
}

/** A UDP datagram that waits. */
export interface Datagram {
  bytes: Uint8Array;
  from: Endpoint;
  to: Endpoint;
  truesize: number;
  stamp: bigint;
  ttl: number;
  tos: number;
}

/** A group that a socket belongs to, at an interface (struct ip_mc_socklist). */
export interface Membership {
  group: Address;
  index: number;
  /** Only what `sources` send is wanted, or all but that. */
  include: boolean;
  sources: Address[];
}

/** An error with what caused it, for MSG_ERRQUEUE. */
export interface QueuedError {
  errno: number;
  /** SO_EE_ORIGIN_*. */
  origin: number;
  type: number;
  code: number;
  info: number;
  /** Where the message should have gone, and its beginning. */
  to: Endpoint;
  bytes: Uint8Array;
}

export interface UdpSocket extends InetSocket {
  connected: boolean;
  queue: Datagram[];
  /** Memory of the queue (sk_rmem_alloc). */
  rmem: number;
  drops: number;
  memberships: Membership[];
  /** By which interface, and from which address, messages to groups go (IP_MULTICAST_IF). */
  groupsVia: { index: number; address: Address };
  errors: QueuedError[];
  /** A datagram that is put together by several calls (UDP_CORK, MSG_MORE). */
  cork: { to: Endpoint; bytes: Uint8Array[]; length: number; settings: { ttl: number; tos: number } } | null;
}

/** A closed connection whose port is not free yet (struct inet_timewait_sock). */
export interface TimeWait {
  local: Endpoint;
  remote: Endpoint;
  /** It had SO_REUSEADDR. */
  reuse: boolean;
  /** Monotonic nanoseconds: when it began. */
  since: number;
}

export interface InetState {
  /** Sockets by local port. */
  readonly tcp: Map<number, TcpSocket[]>;
  readonly udp: Map<number, UdpSocket[]>;
  timeWait: TimeWait[];
  /** Where the search for a free port goes on. */
  nextPort: number;
}
