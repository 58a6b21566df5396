/** Sockets as open files (net/socket.c: socket_file_ops, sock_alloc_file), and making them. */
import { ERRNO } from '../abi/errno.ts';
import { FILE_NOSIGNAL, O } from '../abi/fcntl.ts';
import { AF, AF_MAX, MSG, SOCK, SOCK_MAX } from '../abi/socket.ts';
import { S } from '../abi/stat.ts';
import { setAsync } from '../fs/fasync.ts';
import { newInode, newOpenFile, releaseFile, setAttributes } from '../fs/inode.ts';
import type { FileOperations, InodeOperations, OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { createInet } from './inet/ops.ts';
import { interfaceIoctl } from './interfaces.ts';
import { createNetlink } from './netlink.ts';
import type { IncomingMessage, Socket } from './types.ts';
import { createUnix, socketpairUnix } from './unix/ops.ts';
import type { UnixSocket } from './unix/types.ts';

/** MSG_DONTWAIT for a file with O_NONBLOCK. */
const waitFlag = (file: OpenFile): number => (file.flags & O.NONBLOCK ? MSG.DONTWAIT : 0);

export const socketOf = (file: OpenFile): Socket => file.state as Socket;
export const isSocket = (file: OpenFile): boolean => file.ops === socketFile;

/** A message to be filled in, whose reader gave room for so many bytes of control messages. */
export const newIncoming = (data: IncomingMessage['data'], flags: number, controlRoom: number): IncomingMessage => ({
  ...{ data, flags, controlRoom },
  ...{ name: null, control: [], outFlags: 0 },
});

const socketFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'socket',
  read: (kernel, task, file, sink) => {
    const sock = socketOf(file);
    if (sink.remaining === 0) return 0;
    return sock.ops.receive(kernel, task, sock, newIncoming(sink, waitFlag(file), 0));
  },
  write: (kernel, task, file, source) => {
    const sock = socketOf(file);
    const silent = file.flags & FILE_NOSIGNAL ? MSG.NOSIGNAL : 0;
    const flags = waitFlag(file) | silent | (sock.type === SOCK.SEQPACKET ? MSG.EOR : 0);
    const length = source.remaining;
    return sock.ops.send(kernel, task, sock, { data: source, length, name: null, control: null, flags });
  },
  poll: (kernel, file) => socketOf(file).ops.poll(kernel, socketOf(file)),
  pollQueues: (_kernel, file) => [socketOf(file).wait],
  fasync: (file, fd, on) => setAsync(socketOf(file).asyncs, file, fd, on),
  ioctl: (kernel, task, file, request, argument) => {
    const sock = socketOf(file);
    return sock.ops.ioctl(kernel, task, sock, request, argument) ?? interfaceIoctl(kernel, task, request, argument);
  },
  describe: (_kernel, file) => {
    const sock = socketOf(file);
    if (sock.family !== AF.UNIX) return '';
    const count = (sock as UnixSocket).queue.reduce((sum, { files }) => sum + files.length, 0);
    return `scm_fds: ${count}\n`;
  },
  release: (kernel, file) => {
    const sock = socketOf(file);
    if (file.flags & O.ASYNC) setAsync(sock.asyncs, file, -1, false);
    sock.file = null;
    sock.ops.release(kernel, sock);
    releaseFile(kernel, file);
  },
});

/** /proc/PID/fd leads to a socket but does not open it (sock_no_open). */
const socketInode: InodeOperations = Object.freeze<InodeOperations>({
  open: () => -ERRNO.ENXIO,
  setAttributes,
  blocks: () => 0,
});

/** Gives a socket its open file. `flags` are O_NONBLOCK or 0. */
export const socketFileFor = (kernel: Kernel, task: Task, sock: Socket, flags: number): OpenFile => {
  const owner = { uid: task.cred.fsuid, gid: task.cred.fsgid };
  const inode = newInode(kernel, kernel.vfs.sockfs, socketInode, S.IFSOCK | 0o777, owner);
  const file = newOpenFile(socketFile, inode, `socket:[${inode.ino}]`, O.RDWR | flags, sock);
  sock.file = file;
  return file;
};

/** A new socket without a file (sock_create), or -errno. */
export const createSocket = (
  kernel: Kernel,
  task: Task,
  family: number,
  type: number,
  protocol: number,
): Socket | number => {
  if (family < 0 || family >= AF_MAX) return -ERRNO.EAFNOSUPPORT;
  if (type < 0 || type >= SOCK_MAX) return -ERRNO.EINVAL;
  if (family === AF.UNIX) return createUnix(kernel, task, type, protocol);
  if (family === AF.INET || family === AF.INET6) return createInet(kernel, task, family, type, protocol);
  if (family === AF.NETLINK) return createNetlink(task, type, protocol);
  return -ERRNO.EAFNOSUPPORT;
};

/** Two sockets that are connected to each other, or -errno. */
export const createPair = (
  kernel: Kernel,
  task: Task,
  family: number,
  type: number,
  protocol: number,
): [Socket, Socket] | number => {
  const a = createSocket(kernel, task, family, type, protocol);
  if (typeof a === 'number') return a;
  if (family !== AF.UNIX) {
    a.ops.release(kernel, a);
    return -ERRNO.EOPNOTSUPP;
  }
  const b = createSocket(kernel, task, family, type, protocol) as Socket;
  socketpairUnix(task, a, b);
  return [a, b];
};
