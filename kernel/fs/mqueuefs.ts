/**
 * The file system of POSIX message queues, as it is mounted on /dev/mqueue (ipc/mqueue.c). mq_open(2) opens in it whatever is
 * mounted where.
 */
import { typeOfMode } from '../abi/dirent.ts';
import { ERRNO } from '../abi/errno.ts';
import { NAME_MAX, O } from '../abi/fcntl.ts';
import { POLL } from '../abi/poll.ts';
import { MAGIC, S } from '../abi/stat.ts';
import { SIGEV } from '../abi/time.ts';
import { dropQueue, newQueue, type PosixQueue, queueBytes, removeNotification } from '../ipc/mqueue.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { directoryFile } from './directory.ts';
import {
  extendInode,
  MAY,
  newInode,
  newOpenFile,
  newSuperBlock,
  ownerOrCapable,
  permitted,
  releaseFile,
  setAttributes,
  touchChanged,
  touchModified,
} from './inode.ts';
import { toBytes } from './names.ts';
import { modeIn, ownerIn } from './open.ts';
import { readFile } from './regular.ts';
import type { FileOperations, Inode, InodeOperations, OpenFile, Vfs } from './types.ts';

interface QueueInode extends Inode {
  queue: PosixQueue;
}

interface RootInode extends Inode {
  queues: Map<string, QueueInode>;
}

/** st_size of a queue, and of the root for each name in it (FILENT_SIZE, DIRENT_SIZE). */
const QUEUE_SIZE = 80;
const ENTRY_SIZE = 20;

const queueOf = (inode: Inode): PosixQueue => (inode as QueueInode).queue;

/** What reading the file shows (mqueue_read_file). */
const stateText = (queue: PosixQueue): string => {
  const { notification } = queue;
  const cell = (value: number, width: number) => String(value).padEnd(width);
  const signo = notification?.notify === SIGEV.SIGNAL ? notification.signo : 0;
  return (
    `QSIZE:${cell(queueBytes(queue), 10)} NOTIFY:${cell(notification?.notify ?? 0, 5)} ` +
    `SIGNO:${cell(signo, 5)} NOTIFY_PID:${cell(notification?.owner ?? 0, 6)}\n`
  );
};

const queueFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'mqueue',
  seekable: true,
  read: (kernel, _task, file, sink, position) => {
    const text = toBytes(stateText(queueOf(file.inode)));
    const count = readFile(text.length, sink, position, (at, into) => {
      into.set(text.subarray(at, at + into.length));
      return 0;
    });
    if (count > 0) {
      touchChanged(kernel, file.inode);
      file.inode.atime = file.inode.ctime;
    }
    return count;
  },
  poll: (_kernel, file) => {
    const { messages, maxmsg } = queueOf(file.inode);
    const readable = messages.length > 0 ? POLL.IN | POLL.RDNORM : 0;
    return messages.length < maxmsg ? readable | POLL.OUT | POLL.WRNORM : readable;
  },
  pollQueues: (_kernel, file) => [queueOf(file.inode).pollWait],
  flush: (kernel, file) => {
    removeNotification(kernel, queueOf(file.inode), kernel.current.group.tgid);
  },
  release: releaseFile,
});

/** The queue behind an open file, if it is one. */
export const queueOfFile = (file: OpenFile): PosixQueue | null => (file.ops === queueFile ? queueOf(file.inode) : null);

const reap = (kernel: Kernel, inode: Inode): void => {
  if (inode.nlink === 0 && inode.opens === 0) dropQueue(kernel, queueOf(inode));
};

const queueInode: InodeOperations = Object.freeze<InodeOperations>({
  open: () => queueFile,
  setAttributes,
  truncate: () => 0,
  blocks: () => 0,
  lastClose: reap,
});

const root = (inode: Inode): RootInode => inode as RootInode;

const unlink = (kernel: Kernel, directory: Inode, name: string, inode: Inode): number => {
  root(directory).queues.delete(name);
  touchModified(kernel, directory);
  directory.size -= ENTRY_SIZE;
  inode.nlink--;
  touchChanged(kernel, inode);
  reap(kernel, inode);
  return 0;
};

const addQueue = (
  kernel: Kernel,
  task: Task,
  directory: Inode,
  name: string,
  mode: number,
  attributes: { maxmsg: bigint; msgsize: bigint } | null,
): QueueInode | number => {
  const queue = newQueue(kernel, task, attributes);
  if (typeof queue === 'number') return queue;
  const made = newInode(kernel, directory.sb, queueInode, S.IFREG | (mode & S.IALLUGO), ownerIn(task, directory));
  const inode: QueueInode = extendInode(made, { queue });
  inode.size = QUEUE_SIZE;
  root(directory).queues.set(name, inode);
  touchModified(kernel, directory);
  directory.size += ENTRY_SIZE;
  return inode;
};

const mqueueRoot: InodeOperations = Object.freeze<InodeOperations>({
  open: () => directoryFile,
  lookup: (_kernel, _task, directory, name) => root(directory).queues.get(name) ?? -ERRNO.ENOENT,
  list: (_kernel, _task, directory) =>
    [...root(directory).queues].map(([name, { ino, mode }]) => ({ name, ino, type: typeOfMode(mode) })),
  // open(2) with O_CREAT makes queues too, with attributes by default.
  create: (kernel, directory, name, mode) =>
    (mode & S.IFMT) === S.IFREG ? addQueue(kernel, kernel.current, directory, name, mode, null) : -ERRNO.EPERM,
  unlink,
  setAttributes,
  blocks: () => 0,
});

/** Sets `vfs.mqueue`, the root of the file system of queues. */
export const newMqueuefs = (kernel: Kernel, vfs: Vfs): Inode => {
  const sb = newSuperBlock(vfs, { type: 'mqueue', magic: MAGIC.MQUEUE });
  const made = newInode(kernel, sb, mqueueRoot, S.IFDIR | 0o1777);
  const directory: RootInode = extendInode(made, { queues: new Map<string, QueueInode>() });
  directory.parent = directory;
  vfs.mqueue = directory;
  return directory;
};

/** A name as mq_open(2) takes it, without the slash that mq_open(3) removes (lookup_noperm). 0 or -errno. */
const checkName = (name: string): number => {
  if (name === '') return -ERRNO.ENOENT;
  if (name.includes('/') || name === '.' || name === '..') return -ERRNO.EACCES;
  return name.length > NAME_MAX ? -ERRNO.ENAMETOOLONG : 0;
};

/** mq_open(2): an open file with one reference, or -errno (do_mq_open, prepare_open). */
export const openQueue = (
  kernel: Kernel,
  task: Task,
  name: string,
  flags: number,
  mode: number,
  attributes: { maxmsg: bigint; msgsize: bigint } | null,
): OpenFile | number => {
  const error = checkName(name);
  if (error < 0) return error;
  const directory = kernel.vfs.mqueue;
  let inode: QueueInode | number | undefined = root(directory).queues.get(name);
  if (inode === undefined) {
    if (!(flags & O.CREAT)) return -ERRNO.ENOENT;
    if (!permitted(task.cred, directory, MAY.WRITE | MAY.EXEC)) return -ERRNO.EACCES;
    inode = addQueue(kernel, task, directory, name, modeIn(task, directory, S.IFREG | (mode & S.IALLUGO)), attributes);
    if (typeof inode === 'number') return inode;
    return newOpenFile(queueFile, inode, `/${name}`, keptFlags(flags));
  }
  if ((flags & (O.CREAT | O.EXCL)) === (O.CREAT | O.EXCL)) return -ERRNO.EEXIST;
  const access = flags & O.ACCMODE;
  if (access === O.ACCMODE) return -ERRNO.EINVAL;
  const may = access === O.RDONLY ? MAY.READ : access === O.WRONLY ? MAY.WRITE : MAY.READ | MAY.WRITE;
  if (!permitted(task.cred, inode, may)) return -ERRNO.EACCES;
  return newOpenFile(queueFile, inode, `/${name}`, keptFlags(flags));
};

const keptFlags = (flags: number): number => flags & (O.ACCMODE | O.NONBLOCK | O.APPEND | O.LARGEFILE);

/** mq_unlink(2). */
export const unlinkQueue = (kernel: Kernel, task: Task, name: string): number => {
  const error = checkName(name);
  if (error < 0) return error;
  const directory = kernel.vfs.mqueue;
  const inode = root(directory).queues.get(name);
  if (inode === undefined) return -ERRNO.ENOENT;
  const { cred } = task;
  if (!permitted(cred, directory, MAY.WRITE | MAY.EXEC)) return -ERRNO.EACCES;
  if (cred.fsuid !== directory.uid && !ownerOrCapable(cred, inode)) return -ERRNO.EPERM;
  return unlink(kernel, directory, name, inode);
};
