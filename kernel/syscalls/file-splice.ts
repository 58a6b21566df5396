/** Moving data by pipes: splice(2), tee(2), vmsplice(2) (fs/splice.c). */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { MAX_RW_COUNT, O, SPLICE_F } from '../abi/fcntl.ts';
import { POLL } from '../abi/poll.ts';
import { AF } from '../abi/socket.ts';
import { iovec } from '../abi/uio.ts';
import { getFile } from '../fs/descriptors.ts';
import { isReadable, isWritable } from '../fs/inode.ts';
import { pipeOf } from '../fs/pipe.ts';
import type { Pipe } from '../fs/pipe-ring.ts';
import {
  awaitData,
  awaitSpace,
  copyPipe,
  drainPipe,
  fillPipe,
  lendPages,
  movePipe,
  wakeReaders,
} from '../fs/pipe-splice.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { importIovec, KernelBuffer } from '../mm/iov.ts';
import { getUserLong, putUserLong, readStruct, UserFault } from '../mm/user.ts';
import { isSocket, socketOf } from '../net/file.ts';
import type { Task } from '../task/task.ts';
import { block } from '../task/wait.ts';
import * as arg from './args.ts';
import { mayWait, readFrom, writeTo } from './file-io.ts';
import { type SyscallRow, syscall } from './row.ts';

const KNOWN = SPLICE_F.MOVE | SPLICE_F.NONBLOCK | SPLICE_F.MORE | SPLICE_F.GIFT;

/** Files that can be read or written, but not by splice: they have no operation for it. */
const WITHOUT: readonly string[] = [
  'directory',
  'epoll',
  'eventfd',
  'inotify',
  'mqueue',
  'pidfd',
  'proc-mem',
  'proc-own',
  'proc-seq',
  'signalfd',
  'timerfd',
  'full',
];

export const hasNoSplice = (file: OpenFile): boolean => WITHOUT.includes(file.ops.kind);

/** Where in the file: what the guest gave, else the file's own position, both moved on by what was done. */
const position = (task: Task, file: OpenFile, address: number): number =>
  address === 0 ? file.position : getUserLong(task.mm, address);

const advance = (task: Task, file: OpenFile, address: number, at: number): void => {
  if (address !== 0) putUserLong(task.mm, address, at);
  else if (file.ops.seekable) file.position = at;
};

const isNonblocking = ({ flags }: OpenFile): boolean => (flags & O.NONBLOCK) !== 0;

/** AF_UNIX heeds SPLICE_F_NONBLOCK of a read; other files their own O_NONBLOCK alone. */
const isLocalSocket = (file: OpenFile): boolean => isSocket(file) && socketOf(file).family === AF.UNIX;

/** splice_file_to_pipe. */
const fromFile = (
  kernel: Kernel,
  task: Task,
  file: OpenFile,
  address: number,
  pipe: Pipe,
  length: number,
  nonblock: boolean,
): number => {
  if (address !== 0 && !file.ops.seekable) return -ERRNO.EINVAL;
  const start = position(task, file, address);
  if (start < 0 || start >= 2 ** 63) return -ERRNO.EINVAL;
  const ready = awaitSpace(kernel, task, pipe, nonblock);
  if (ready <= 0) return ready;
  if (file.ops.read === undefined || hasNoSplice(file) || file.ops.kind === 'null') return -ERRNO.EINVAL;
  if (nonblock && isLocalSocket(file) && !(file.ops.poll!(kernel, file) & POLL.IN)) return -ERRNO.EAGAIN;
  const first = file.ops.kind === 'file' ? PAGE_SIZE - (start % PAGE_SIZE) : PAGE_SIZE;
  const done = fillPipe(kernel, pipe, length, first, (into, before) => {
    // Only the first read may wait.
    if (before > 0 && mayWait(file) && !((file.ops.poll?.(kernel, file) ?? POLL.IN) & POLL.IN)) return 0;
    return readFrom(kernel, task, file, new KernelBuffer(into), file.ops.seekable ? start + before : -1);
  });
  if (done > 0) advance(task, file, address, start + done);
  return done;
};

/** do_splice_from. What may wait is written to only while it says that it has room, so that no count is lost in a sleep. */
const toFile = (
  kernel: Kernel,
  task: Task,
  pipe: Pipe,
  file: OpenFile,
  address: number,
  length: number,
  nonblock: boolean,
): number => {
  if (address !== 0 && !file.ops.seekable) return -ERRNO.EINVAL;
  const start = position(task, file, address);
  if (file.flags & O.APPEND) return -ERRNO.EINVAL;
  if (start < 0 || start >= 2 ** 63) return -ERRNO.EINVAL;
  if (file.ops.write === undefined || hasNoSplice(file)) return -ERRNO.EINVAL;
  const ready = awaitData(kernel, task, pipe, nonblock);
  if (ready <= 0) return ready;
  const waits = mayWait(file) && file.ops.poll !== undefined && file.ops.pollQueues !== undefined;
  if (waits && !isNonblocking(file) && !(file.ops.poll!(kernel, file) & (POLL.OUT | POLL.ERR | POLL.HUP))) {
    return block(kernel, task, { what: 'splice_write', queues: file.ops.pollQueues!(kernel, file), data: {} });
  }
  const done = drainPipe(kernel, pipe, length, (bytes, before) => {
    if (before > 0 && waits && !(file.ops.poll!(kernel, file) & POLL.OUT)) return 0;
    return writeTo(kernel, task, file, new KernelBuffer(bytes), file.ops.seekable ? start + before : -1);
  });
  if (done > 0) advance(task, file, address, start + done);
  return done;
};

const splice = (
  kernel: Kernel,
  task: Task,
  inFd: number,
  inOffset: number,
  outFd: number,
  outOffset: number,
  wanted: number,
  flags: number,
): number => {
  if (wanted === 0) return 0;
  if (flags & ~KNOWN) return -ERRNO.EINVAL;
  const from = getFile(task, inFd);
  const to = getFile(task, outFd);
  if (from === undefined || to === undefined) return -ERRNO.EBADF;
  const source = pipeOf(from);
  const target = pipeOf(to);
  if ((source !== null && inOffset !== 0) || (target !== null && outOffset !== 0)) return -ERRNO.ESPIPE;
  if (inOffset !== 0) getUserLong(task.mm, inOffset);
  if (outOffset !== 0) getUserLong(task.mm, outOffset);
  if (!isReadable(from) || !isWritable(to)) return -ERRNO.EBADF;
  const length = Math.min(wanted, MAX_RW_COUNT);
  const asked = (flags & SPLICE_F.NONBLOCK) !== 0;
  if (source !== null && target !== null) {
    if (source === target) return -ERRNO.EINVAL;
    const nonblock = asked || isNonblocking(from) || isNonblocking(to);
    const data = awaitData(kernel, task, source, nonblock);
    if (data < 0) return data;
    const space = awaitSpace(kernel, task, target, nonblock);
    return space < 0 || data === 0 ? Math.min(space, data) : movePipe(kernel, source, target, length);
  }
  if (source !== null) return toFile(kernel, task, source, to, outOffset, length, asked || isNonblocking(from));
  if (target !== null) return fromFile(kernel, task, from, inOffset, target, length, asked || isNonblocking(to));
  return -ERRNO.EINVAL;
};

const tee = (kernel: Kernel, task: Task, inFd: number, outFd: number, length: number, flags: number): number => {
  if (flags & ~KNOWN) return -ERRNO.EINVAL;
  if (length === 0) return 0;
  const from = getFile(task, inFd);
  const to = getFile(task, outFd);
  if (from === undefined || to === undefined || !isReadable(from) || !isWritable(to)) return -ERRNO.EBADF;
  const source = pipeOf(from);
  const target = pipeOf(to);
  if (source === null || target === null || source === target) return -ERRNO.EINVAL;
  const nonblock = (flags & SPLICE_F.NONBLOCK) !== 0 || isNonblocking(from) || isNonblocking(to);
  const data = awaitData(kernel, task, source, nonblock);
  if (data < 0) return data;
  const space = awaitSpace(kernel, task, target, nonblock);
  return space < 0 || data === 0 ? Math.min(space, data) : copyPipe(kernel, source, target, length);
};

/** vmsplice_to_user: like a read, but of as much as there is. */
const readVector = (kernel: Kernel, task: Task, file: OpenFile, vector: number, count: number, nonblock: boolean) => {
  const sink = importIovec(task.mm, vector, count);
  if (typeof sink === 'number') return sink;
  if (sink.remaining === 0) return 0;
  const pipe = pipeOf(file);
  if (pipe === null) return -ERRNO.EBADF;
  const ready = awaitData(kernel, task, pipe, nonblock);
  return ready <= 0 ? ready : file.ops.read!(kernel, task, file, sink, 0);
};

/** vmsplice_to_pipe. */
const lendVector = (kernel: Kernel, task: Task, file: OpenFile, vector: number, count: number, nonblock: boolean) => {
  const source = importIovec(task.mm, vector, count);
  if (typeof source === 'number') return source;
  if (source.remaining === 0) return 0;
  const pipe = pipeOf(file);
  if (pipe === null) return -ERRNO.EBADF;
  const ready = awaitSpace(kernel, task, pipe, nonblock);
  if (ready < 0) return ready;
  let done = 0;
  try {
    for (let i = 0; i < count; i++) {
      const { iov_base, iov_len } = readStruct(task.mm, iovec, vector + i * iovec.size);
      const lent = lendPages(kernel, task, pipe, iov_base, iov_len);
      done += lent;
      if (lent < iov_len) break;
    }
  } catch (error) {
    if (!(error instanceof UserFault) || done === 0) throw error;
  }
  if (done > 0) wakeReaders(kernel, pipe);
  return done;
};

const vmsplice = (kernel: Kernel, task: Task, fd: number, vector: number, count: number, flags: number): number => {
  if (flags & ~KNOWN) return -ERRNO.EINVAL;
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  const nonblock = (flags & SPLICE_F.NONBLOCK) !== 0;
  if (isWritable(file)) return lendVector(kernel, task, file, vector, count, nonblock);
  return isReadable(file) ? readVector(kernel, task, file, vector, count, nonblock) : -ERRNO.EBADF;
};

export const fileSpliceSyscalls: readonly SyscallRow[] = [
  syscall(
    275,
    'splice',
    [
      ['fd_in', arg.fd],
      ['off_in', arg.offsetPointer],
      ['fd_out', arg.fd],
      ['off_out', arg.offsetPointer],
      ['len', arg.size],
      ['flags', arg.spliceFlags],
    ],
    splice,
  ),
  syscall(
    276,
    'tee',
    [
      ['fd_in', arg.fd],
      ['fd_out', arg.fd],
      ['len', arg.size],
      ['flags', arg.spliceFlags],
    ],
    tee,
  ),
  syscall(
    278,
    'vmsplice',
    [
      ['fd', arg.fd],
      ['iov', arg.iovec],
      ['nr_segs', arg.long],
      ['flags', arg.spliceFlags],
    ],
    vmsplice,
  ),
];
