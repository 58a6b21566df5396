/** POSIX message queues: mq_open(2), mq_timedsend(2), mq_timedreceive(2), mq_notify(2), mq_getsetattr(2), mq_unlink(2). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { MQ_ATTR, MQ_PRIO_MAX, NOTIFY_COOKIE_LEN } from '../abi/mqueue.ts';
import { NSIG } from '../abi/signal.ts';
import { AF } from '../abi/socket.ts';
import { CLOCK, SIGEV, SIGEVENT, TIMESPEC } from '../abi/time.ts';
import { getFile, installFile, lowestFree } from '../fs/descriptors.ts';
import { isReadable, isWritable, touchChanged, touchModified } from '../fs/inode.ts';
import { openQueue, queueOfFile, unlinkQueue } from '../fs/mqueuefs.ts';
import type { OpenFile } from '../fs/types.ts';
import {
  type NotifyCookie,
  type PosixQueue,
  queueWaitedFor,
  receiveMessage,
  removeNotification,
  sendMessage,
} from '../ipc/mqueue.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, putUser32, readStruct, writeStruct } from '../mm/user.ts';
import { isSocket, socketOf } from '../net/file.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { withPath } from './path.ts';
import { type SyscallRow, syscall } from './row.ts';
import { monotonicDeadline, timespecNanoseconds } from './timespec.ts';

const mqOpen = (kernel: Kernel, task: Task, name: number, flags: number, mode: number, address: number): number => {
  const given = address === 0 ? null : readStruct(task.mm, MQ_ATTR, address);
  const attributes = given === null ? null : { maxmsg: given.mq_maxmsg, msgsize: given.mq_msgsize };
  return withPath(task, name, (text) => {
    const free = lowestFree(task);
    if (text !== '' && free < 0) return free;
    const file = openQueue(kernel, task, text, flags, mode, attributes);
    return typeof file === 'number' ? file : installFile(kernel, task, file, true);
  });
};

const mqUnlink = (kernel: Kernel, task: Task, name: number): number =>
  withPath(task, name, (text) => unlinkQueue(kernel, task, text));

/** The point on the real-time clock at which a call gives up: Infinity without one, -EINVAL (prepare_timeout). */
const deadlineAt = (kernel: Kernel, task: Task, address: number): number => {
  if (address === 0) return Number.POSITIVE_INFINITY;
  // Kept from the first try: the guest may write there meanwhile.
  if (task.wait !== null) return task.wait.deadline;
  const time = readStruct(task.mm, TIMESPEC, address);
  if (timespecNanoseconds(time) < 0) return -ERRNO.EINVAL;
  return Math.max(0, monotonicDeadline(kernel, CLOCK.REALTIME, time));
};

interface QueueFile {
  /** Null in later tries: the descriptor may be another's by then. */
  file: OpenFile | null;
  queue: PosixQueue;
}

/** The queue under a descriptor that may be used so, or -EBADF. */
const queueAt = (task: Task, fd: number, usable: (file: OpenFile) => boolean): QueueFile | number => {
  const before = queueWaitedFor(task);
  if (before !== null) return { file: null, queue: before };
  const file = getFile(task, fd);
  const queue = file === undefined ? null : queueOfFile(file);
  return queue === null || !usable(file!) ? -ERRNO.EBADF : { file: file!, queue };
};

const timedSend = (
  kernel: Kernel,
  task: Task,
  fd: number,
  address: number,
  length: number,
  priority: number,
  timeout: number,
): number => {
  const deadline = deadlineAt(kernel, task, timeout);
  if (deadline < 0) return deadline;
  if (priority >= MQ_PRIO_MAX) return -ERRNO.EINVAL;
  const at = queueAt(task, fd, isWritable);
  if (typeof at === 'number') return at;
  const { file, queue } = at;
  if (length > queue.msgsize) return -ERRNO.EMSGSIZE;
  const read = () => ({ priority, bytes: copyFromUser(task.mm, address, length) });
  const result = sendMessage(kernel, task, queue, { nonblock: isNonblocking(file), deadline }, read);
  if (result === 0) touch(kernel, file);
  return result;
};

const isNonblocking = (file: OpenFile | null): boolean => file !== null && (file.flags & O.NONBLOCK) !== 0;

/** All three times of the inode are now, but not after a sleep. */
const touch = (kernel: Kernel, file: OpenFile | null): void => {
  if (file === null) return;
  touchModified(kernel, file.inode);
  file.inode.atime = file.inode.mtime;
};

const timedReceive = (
  kernel: Kernel,
  task: Task,
  fd: number,
  address: number,
  length: number,
  priority: number,
  timeout: number,
): number => {
  const deadline = deadlineAt(kernel, task, timeout);
  if (deadline < 0) return deadline;
  const at = queueAt(task, fd, isReadable);
  if (typeof at === 'number') return at;
  const { file, queue } = at;
  if (length < queue.msgsize) return -ERRNO.EMSGSIZE;
  const message = receiveMessage(kernel, task, queue, { nonblock: isNonblocking(file), deadline });
  if (typeof message === 'number') return message;
  touch(kernel, file);
  // A message that cannot be stored is lost.
  if (priority !== 0) putUser32(task.mm, priority, message.priority);
  copyToUser(task.mm, address, message.bytes);
  return message.bytes.length;
};

const mqNotify = (kernel: Kernel, task: Task, fd: number, address: number): number => {
  const event = address === 0 ? null : readStruct(task.mm, SIGEVENT, address);
  let cookie: NotifyCookie | null = null;
  if (event !== null) {
    const { sigev_notify: how, sigev_signo: signo } = event;
    if (how !== SIGEV.NONE && how !== SIGEV.SIGNAL && how !== SIGEV.THREAD) return -ERRNO.EINVAL;
    if (how === SIGEV.SIGNAL && (signo < 0 || signo > NSIG)) return -ERRNO.EINVAL;
    if (how === SIGEV.THREAD) {
      const made = cookieFor(task, Number(event.sigev_value), signo);
      if (typeof made === 'number') return made;
      cookie = made;
    }
  }
  const at = queueAt(task, fd, () => true);
  if (typeof at === 'number') return at;
  const { file, queue } = at;
  if (event === null) {
    if (removeNotification(kernel, queue, task.group.tgid)) touchAccess(kernel, file);
    return 0;
  }
  if (queue.notification !== null) return -ERRNO.EBUSY;
  queue.notification = {
    owner: task.group.tgid,
    notify: event.sigev_notify,
    signo: event.sigev_signo,
    value: event.sigev_value,
    cookie,
  };
  touchAccess(kernel, file);
  return 0;
};

/** SIGEV_THREAD: bytes at sigev_value go to the netlink socket sigev_signo, from which a thread of the C library's reads. */
const cookieFor = (task: Task, address: number, fd: number): NotifyCookie | number => {
  const bytes = copyFromUser(task.mm, address, NOTIFY_COOKIE_LEN);
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  if (!isSocket(file)) return -ERRNO.ENOTSOCK;
  const socket = socketOf(file);
  return socket.family === AF.NETLINK ? { bytes, socket } : -ERRNO.EINVAL;
};

/** Of its times, all but that of the data are now. */
const touchAccess = (kernel: Kernel, file: OpenFile | null): void => {
  touchChanged(kernel, file!.inode);
  file!.inode.atime = file!.inode.ctime;
};

const getSetAttr = (kernel: Kernel, task: Task, fd: number, newAddress: number, oldAddress: number): number => {
  const wanted = newAddress === 0 ? null : readStruct(task.mm, MQ_ATTR, newAddress);
  if (wanted !== null && wanted.mq_flags & ~BigInt(O.NONBLOCK)) return -ERRNO.EINVAL;
  const at = queueAt(task, fd, () => true);
  if (typeof at === 'number') return at;
  const { file, queue } = at;
  const old = {
    mq_flags: BigInt(isNonblocking(file) ? O.NONBLOCK : 0),
    mq_maxmsg: BigInt(queue.maxmsg),
    mq_msgsize: BigInt(queue.msgsize),
    mq_curmsgs: BigInt(queue.messages.length),
    __reserved: [0n, 0n, 0n, 0n],
  };
  if (wanted !== null) {
    file!.flags = wanted.mq_flags === 0n ? file!.flags & ~O.NONBLOCK : file!.flags | O.NONBLOCK;
    touchAccess(kernel, file);
  }
  if (oldAddress !== 0) writeStruct(task.mm, MQ_ATTR, oldAddress, old);
  return 0;
};

export const mqueueSyscalls: readonly SyscallRow[] = [
  syscall(
    240,
    'mq_open',
    [
      ['name', arg.string],
      ['oflag', arg.openFlags],
      ['mode', arg.openMode],
      ['attr', arg.mqAttr],
    ],
    mqOpen,
  ),
  syscall(241, 'mq_unlink', [['name', arg.string]], mqUnlink),
  syscall(
    242,
    'mq_timedsend',
    [
      ['mqdes', arg.fd],
      ['msg_ptr', arg.buffer],
      ['msg_len', arg.size],
      ['msg_prio', arg.unsigned],
      ['abs_timeout', arg.timespec],
    ],
    (kernel, task, fd, address, length, priority, timeout) =>
      timedSend(kernel, task, fd!, address!, length!, priority! >>> 0, timeout!),
  ),
  syscall(
    243,
    'mq_timedreceive',
    [
      ['mqdes', arg.fd],
      ['msg_ptr', arg.outBuffer],
      ['msg_len', arg.size],
      ['msg_prio', arg.outUnsigned],
      ['abs_timeout', arg.timespec],
    ],
    timedReceive,
  ),
  syscall(
    244,
    'mq_notify',
    [
      ['mqdes', arg.fd],
      ['sevp', arg.sigevent],
    ],
    mqNotify,
  ),
  syscall(
    245,
    'mq_getsetattr',
    [
      ['mqdes', arg.fd],
      ['newattr', arg.mqAttr],
      ['oldattr', arg.outMqAttr],
    ],
    getSetAttr,
  ),
];
