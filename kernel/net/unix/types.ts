/** AF_UNIX sockets (struct unix_sock). */
import type { Inode, OpenFile } from '../../fs/types.ts';
import type { Task } from '../../task/task.ts';
import type { WaitQueue } from '../../task/wait.ts';
import type { PeerCredentials, Socket } from '../types.ts';

export interface UnixSocket extends Socket {
  /** `closed` sockets are kept by peers and messages. */
  state: 'closed' | 'connected' | 'listening';
  /** It was released (SOCK_DEAD). */
  dead: boolean;
  /** sun_path, with its NUL or the one in front; null without a name. */
  path: Uint8Array | null;
  /** What a path name made. */
  inode: Inode | null;
  peer: UnixSocket | null;
  /** Messages to be read, oldest first; of a listener the connections to be accepted. */
  queue: UnixMessage[];
  /** Most in the queue before others wait: of a listener, and of datagrams. */
  backlog: number;
  /** Bytes of memory that its messages take which nobody has read (sk_wmem_alloc). */
  wmem: number;
  /** Who waits for room in the queue. */
  peerWait: WaitQueue;
  /** Who polled for room in the queue and found none. */
  wantRoom: UnixSocket[];
  /** The other end's process, for SO_PEERCRED. */
  peerCred: PeerCredentials | null;
  peerGroups: readonly number[];
  /** The leader of that process, which may have ended; null as long as there is no other end. */
  peerTask: Task | null;
  /** The urgent byte that was not read, a message of its own. */
  oob: UnixMessage | null;
  /** Streams: what FIONREAD says. Urgent bytes that readers went past stay counted (inq_len). */
  inq: number;
}

/** One sk_buff. */
export interface UnixMessage {
  bytes: Uint8Array;
  /** Bytes that were read. */
  consumed: number;
  /** What it counts for in the sender's `wmem`. */
  truesize: number;
  sender: UnixSocket;
  /** Of a listener's queue: the other end. */
  connection: UnixSocket | null;
  files: OpenFile[];
  /** Null when the sender had no reason to tell. */
  creds: PeerCredentials | null;
  /** Nanoseconds of real time, for SO_TIMESTAMP. */
  stamp: bigint;
}
