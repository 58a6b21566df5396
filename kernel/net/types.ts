/**
 * Sockets as plain data (struct socket and struct sock in one), and what a family of protocols does with them. A socket
 * lives as long as an open file, a queue of its listener or a peer leads to it.
 */
import type { AsyncEntry } from '../fs/fasync.ts';
import type { Inode, OpenFile, UserBuffer } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import type { WaitQueue } from '../task/wait.ts';
import type { InetState } from './inet/types.ts';
import type { Interface } from './interfaces.ts';
import type { TunInterface } from './tun/types.ts';
import type { UnixSocket } from './unix/types.ts';

/** What all sockets have. Families add fields of their own. */
export interface Socket {
  readonly ops: SocketOperations;
  readonly family: number;
  readonly type: number;
  readonly protocol: number;
  /** Null before accept(2) gave it out, and after the last close. */
  file: OpenFile | null;
  /** Positive, of the next call that asks (sk_err). */
  error: number;
  /** SHUTDOWN bits. */
  shutdown: number;
  /** Sleepers and watchers: readers, writers, pollers (sk_sleep). */
  wait: WaitQueue;
  /** Open files with O_ASYNC. */
  asyncs: AsyncEntry[];
  /** A writer or poller found no room: the next time there is, SIGIO tells (SOCKWQ_ASYNC_NOSPACE). */
  noSpace: boolean;
  /** Who made it: user, and process credentials as SO_PEERCRED of the other end shows them. */
  uid: number;
  options: SocketOptions;
}

/** SOL_SOCKET. Sizes in bytes, as the kernel keeps them: twice what was asked for. */
export interface SocketOptions {
  sndbuf: number;
  rcvbuf: number;
  rcvlowat: number;
  /** Nanoseconds, Infinity for no limit. */
  rcvtimeo: number;
  sndtimeo: number;
  /** SO_LINGER in seconds; null when off. `lingerTime` is what it was when last set. */
  linger: boolean;
  lingerTime: number;
  reuseaddr: boolean;
  reuseport: boolean;
  keepalive: boolean;
  broadcast: boolean;
  oobinline: boolean;
  dontroute: boolean;
  passcred: boolean;
  passpidfd: boolean;
  /** Descriptors are taken (SO_PASSRIGHTS). */
  passrights: boolean;
  /** The interface that it is bound to, 0 for any. */
  device: number;
  /** Sizes of buffers that the program has set, SOCK_SNDBUF_LOCK and SOCK_RCVBUF_LOCK. */
  bufferLocks: number;
  selectErrQueue: boolean;
  timestamp: boolean;
  timestampns: boolean;
  debug: boolean;
  noCheck: boolean;
  rxqOvfl: boolean;
  priority: number;
  mark: number;
  /** SO_PEEK_OFF; negative when off. */
  peekOffset: number;
}

export const SHUTDOWN = { RCV: 1, SEND: 2, MASK: 3 } as const;

/** Who sent, as SCM_CREDENTIALS and SO_PEERCRED tell. */
export interface PeerCredentials {
  pid: number;
  uid: number;
  gid: number;
}

/** A message on its way out. */
export interface OutgoingMessage {
  data: UserBuffer;
  /** Bytes of the whole message. */
  length: number;
  /** struct sockaddr; null without. */
  name: Uint8Array | null;
  /** Control messages; null without. */
  control: Uint8Array | null;
  /** MSG_DONTWAIT stands for O_NONBLOCK too. */
  flags: number;
}

/** A message on its way in; the operation fills in what comes out. */
export interface IncomingMessage {
  data: UserBuffer;
  flags: number;
  /** Who sent it: empty when he has no name. Null as long as nobody wanted to say. */
  name: Uint8Array | null;
  /** Control messages, and how many bytes of them the caller has room for. */
  control: Uint8Array[];
  controlRoom: number;
  /** msg_flags of the result. */
  outFlags: number;
}

/** Results: 0 or more, -errno, or BLOCKED. `nonblock` is O_NONBLOCK. */
export interface SocketOperations {
  readonly name: string;
  bind(kernel: Kernel, task: Task, sock: Socket, address: Uint8Array): number;
  connect(kernel: Kernel, task: Task, sock: Socket, address: Uint8Array, nonblock: boolean): number;
  listen(kernel: Kernel, task: Task, sock: Socket, backlog: number): number;
  /** The connection, without a file yet. */
  accept(kernel: Kernel, task: Task, sock: Socket, nonblock: boolean): Socket | number;
  /** struct sockaddr of this end or the other. */
  getname(sock: Socket, peer: boolean): Uint8Array | number;
  poll(kernel: Kernel, sock: Socket): number;
  /** `how` are SHUTDOWN bits. */
  shutdown(kernel: Kernel, sock: Socket, how: number): number;
  send(kernel: Kernel, task: Task, sock: Socket, message: OutgoingMessage): number;
  receive(kernel: Kernel, task: Task, sock: Socket, message: IncomingMessage): number;
  /** Null for requests that the family leaves to others. */
  ioctl(kernel: Kernel, task: Task, sock: Socket, request: number, argument: number): number | null;
  /** Levels other than SOL_SOCKET. `value` is what the guest gave. */
  setOption?(kernel: Kernel, task: Task, sock: Socket, level: number, name: number, value: Uint8Array): number;
  /** The value, of at most `room` bytes, or -errno. */
  getOption?(kernel: Kernel, sock: Socket, level: number, name: number, room: number): Uint8Array | number;
  /** SO_SNDBUF, SO_RCVLOWAT: something that waited may go on. */
  optionsChanged?(kernel: Kernel, sock: Socket): void;
  /** The last open file went. */
  release(kernel: Kernel, sock: Socket): void;
}

/** All of the machine's network: `kernel.net`. */
export interface NetState {
  readonly unix: UnixState;
  readonly inet: InetState;
  /** Ports of netlink sockets. */
  readonly netlink: { readonly ports: Set<number> };
  /** In order of their numbers; lo is the first. */
  interfaces: Interface[];
  /** Behind which interface the switch has heard an Ethernet address. */
  readonly stations: Map<string, TunInterface>;
}

export interface UnixState {
  /** Every socket that is not closed, oldest first: /proc/net/unix. */
  sockets: Set<UnixSocket>;
  /** By type and name: `1:\0name`. */
  abstract: Map<string, UnixSocket>;
  /** By the inode that bind(2) made. */
  bound: Map<Inode, UnixSocket>;
  /** Number of the next name that is made up. */
  nextAuto: number;
  /** Open files in messages that nobody has taken, with how often: see `gc.ts`. */
  inFlight: Map<OpenFile, number>;
}
