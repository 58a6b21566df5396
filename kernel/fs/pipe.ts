/**
 * Pipes and FIFOs (fs/pipe.c): reading, writing and opening them; `pipe-ring.ts` is what they hold. A write of at most
 * PIPE_BUF bytes goes in whole or not at all, because it either fits into what is left of the last page or gets a page of its
 * own.
 */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { FILE_NOSIGNAL, O } from '../abi/fcntl.ts';
import { IOCTL } from '../abi/ioctl.ts';
import { POLL } from '../abi/poll.ts';
import { POLL_CODE, SIG } from '../abi/signal.ts';
import { isFifo, S } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { putUser32 } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block, isWatched, wakeAll } from '../task/wait.ts';
import { killFasync, setAsync } from './fasync.ts';
import {
  isReadable,
  isWritable,
  newInode,
  newOpenFile,
  releaseFile,
  setAttributes,
  touchAccessed,
  touchModified,
} from './inode.ts';
import { dropBuffer, freePipe, isFull, keepFrame, newPipe, type Pipe, pipeLength, takeFrame } from './pipe-ring.ts';
import { raise } from './raise.ts';
import type { FileOperations, Inode, InodeOperations, OpenFile, SuperBlock, UserBuffer } from './types.ts';

export const PIPE_BUF = 4096;

const readPipe = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer): number => {
  const pipe = file.inode.pipe!;
  if (sink.remaining === 0) return 0;
  const wasFull = isFull(pipe);
  let done = 0;
  while (sink.remaining > 0 && pipe.buffers.length > 0) {
    const buffer = pipe.buffers[0]!;
    const { length, packet } = buffer;
    const chunk = Math.min(length, sink.remaining);
    if (!sink.putFrom(kernel.physical, buffer.frame * PAGE_SIZE + buffer.offset, chunk)) {
      if (done === 0) return -ERRNO.EFAULT;
      break;
    }
    done += chunk;
    if (chunk === length || packet) {
      dropBuffer(kernel, pipe);
    } else {
      buffer.offset += chunk;
      buffer.length -= chunk;
    }
    if (packet) break;
  }
  if (done > 0) {
    // Nobody sleeps for room while there is some, and sets of events are told once.
    if (wasFull && !isFull(pipe)) wakeAll(kernel, pipe.writeWait, POLL.OUT | POLL.WRNORM);
    if (pipe.asyncWriters.length > 0) killFasync(kernel, pipe.asyncWriters, POLL_CODE.OUT);
    touchAccessed(kernel, file.inode);
    return done;
  }
  if (pipe.writers === 0) return 0;
  if (file.flags & O.NONBLOCK) return -ERRNO.EAGAIN;
  return block(kernel, task, { what: 'pipe_read', queues: [pipe.readWait] });
};

/** How many bytes the last buffer takes: all of the odd rest of a write if it fits there, as anon_pipe_write does first. */
const mergeable = (pipe: Pipe, length: number): number => {
  const last = pipe.buffers[pipe.buffers.length - 1];
  const odd = length % PAGE_SIZE;
  return last?.canMerge === true && last.offset + last.length + odd <= PAGE_SIZE ? odd : 0;
};

/** Adds to the last buffer; false for memory that faults. */
const merge = (kernel: Kernel, pipe: Pipe, source: UserBuffer, length: number): boolean => {
  const last = pipe.buffers[pipe.buffers.length - 1]!;
  if (!source.takeTo(kernel.physical, last.frame * PAGE_SIZE + last.offset + last.length, length)) return false;
  last.length += length;
  return true;
};

/** Adds a page of its own with up to a page of bytes; false for memory that faults. */
const append = (kernel: Kernel, pipe: Pipe, source: UserBuffer, length: number, packet: boolean): boolean => {
  const frame = takeFrame(kernel, pipe);
  if (!source.takeTo(kernel.physical, frame * PAGE_SIZE, length)) {
    keepFrame(kernel, pipe, frame);
    return false;
  }
  pipe.buffers.push({ frame, offset: 0, length, packet, canMerge: !packet });
  return true;
};

const writePipe = (kernel: Kernel, task: Task, file: OpenFile, source: UserBuffer): number => {
  const pipe = file.inode.pipe!;
  // What earlier tries of this call moved is skipped; the count is of the whole call.
  const before: number = task.wait?.data?.written ?? 0;
  if (source.remaining === 0) return 0;
  if (pipe.readers === 0) {
    if (!(file.flags & FILE_NOSIGNAL)) raise(kernel, task, SIG.SIGPIPE);
    return before > 0 ? before : -ERRNO.EPIPE;
  }
  source.skip(before);
  const wasEmpty = pipe.buffers.length === 0;
  const packets = (file.flags & O.DIRECT) !== 0;
  let done = 0;
  let faulted = false;
  const odd = before === 0 && !wasEmpty ? mergeable(pipe, source.remaining) : 0;
  if (odd > 0) {
    if (merge(kernel, pipe, source, odd)) done = odd;
    else faulted = true;
  }
  while (!faulted && source.remaining > 0 && !isFull(pipe)) {
    const length = Math.min(PAGE_SIZE, source.remaining);
    if (append(kernel, pipe, source, length, packets)) done += length;
    else faulted = true;
  }
  if (done > 0) {
    touchModified(kernel, file.inode);
    // Every write is an edge for epoll (pipe->poll_usage).
    if (wasEmpty || isWatched(pipe.readWait)) wakeAll(kernel, pipe.readWait, POLL.IN | POLL.RDNORM);
    if (pipe.asyncReaders.length > 0) killFasync(kernel, pipe.asyncReaders, POLL_CODE.IN);
  }
  const total = before + done;
  if (faulted) return total > 0 ? total : -ERRNO.EFAULT;
  if (source.remaining === 0) return total;
  if (file.flags & O.NONBLOCK) return total > 0 ? total : -ERRNO.EAGAIN;
  const result = block(kernel, task, { what: 'pipe_write', queues: [pipe.writeWait], data: { written: total } });
  return result !== BLOCKED && total > 0 ? total : result;
};

const pollPipe = (_kernel: Kernel, file: OpenFile): number => {
  const pipe = file.inode.pipe!;
  let mask = 0;
  if (isReadable(file)) {
    if (pipe.buffers.length > 0) mask |= POLL.IN | POLL.RDNORM;
    // A FIFO opened with O_NONBLOCK before any writer came does not hang up yet.
    if (pipe.writers === 0 && file.state?.openedAt !== pipe.writerCount) mask |= POLL.HUP;
  }
  if (isWritable(file)) {
    if (!isFull(pipe)) mask |= POLL.OUT | POLL.WRNORM;
    if (pipe.readers === 0) mask |= POLL.ERR;
  }
  return mask;
};

const openEnds = (pipe: Pipe, flags: number): void => {
  const mode = flags & O.ACCMODE;
  if (mode !== O.WRONLY) {
    pipe.readers++;
    pipe.readerCount++;
  }
  if (mode !== O.RDONLY) {
    pipe.writers++;
    pipe.writerCount++;
  }
};

const closeEnds = (kernel: Kernel, inode: Inode, flags: number): void => {
  const pipe = inode.pipe!;
  const mode = flags & O.ACCMODE;
  if (mode !== O.WRONLY) pipe.readers--;
  if (mode !== O.RDONLY) pipe.writers--;
  if ((pipe.readers === 0) !== (pipe.writers === 0)) {
    wakeAll(kernel, pipe.readWait);
    wakeAll(kernel, pipe.writeWait);
    killFasync(kernel, pipe.asyncReaders, POLL_CODE.IN);
    killFasync(kernel, pipe.asyncWriters, POLL_CODE.OUT);
  }
  if (pipe.readers === 0 && pipe.writers === 0) dropPipe(kernel, inode);
};

const dropPipe = (kernel: Kernel, inode: Inode): void => {
  freePipe(kernel, inode.pipe!);
  inode.pipe = null;
};

const pipeFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'pipe',
  read: readPipe,
  write: writePipe,
  poll: pollPipe,
  pollQueues: (_kernel, file) => {
    const pipe = file.inode.pipe!;
    if (!isWritable(file)) return [pipe.readWait];
    return isReadable(file) ? [pipe.readWait, pipe.writeWait] : [pipe.writeWait];
  },
  fasync: (file, fd, on) => {
    const pipe = file.inode.pipe!;
    if (isReadable(file)) setAsync(pipe.asyncReaders, file, fd, on);
    if (isWritable(file)) setAsync(pipe.asyncWriters, file, fd, on);
  },
  ioctl: (_kernel, task, file, request, argument) => {
    if (request !== IOCTL.FIONREAD) return -ERRNO.ENOTTY;
    putUser32(task.mm, argument, pipeLength(file.inode.pipe!));
    return 0;
  },
  release: (kernel, file) => {
    if (file.flags & O.ASYNC) pipeFile.fasync!(file, -1, false);
    closeEnds(kernel, file.inode, file.flags);
    releaseFile(kernel, file);
  },
});

/**
 * Opens a FIFO, waiting for the other end as fifo_open does. The open file is made by the caller once this gives its
 * operations; BLOCKED meanwhile, and the caller comes back with the same inode.
 */
export const openFifo = (kernel: Kernel, task: Task, inode: Inode, flags: number): FileOperations | number => {
  const mode = flags & O.ACCMODE;
  if (mode === O.ACCMODE) return -ERRNO.EINVAL;
  const waiting = task.wait?.data?.fifo as { inode: Inode; count: number } | undefined;
  const pipe = inode.pipe ?? newPipe(kernel, task.cred);
  inode.pipe = pipe;
  const partnerCount = (): number => (mode === O.WRONLY ? pipe.readerCount : pipe.writerCount);
  // Reached through /proc/PID/fd: whoever had the other end may be gone for good.
  if (isNameless(inode)) {
    openEnds(pipe, flags);
    return pipeFile;
  }
  if (waiting === undefined) {
    if (mode === O.WRONLY && flags & O.NONBLOCK && pipe.readers === 0) {
      if (pipe.writers === 0) dropPipe(kernel, inode);
      return -ERRNO.ENXIO;
    }
    openEnds(pipe, flags);
    wakeAll(kernel, pipe.openWait);
    const partners = mode === O.WRONLY ? pipe.readers : pipe.writers;
    if (mode === O.RDWR || partners > 0 || flags & O.NONBLOCK) return pipeFile;
  } else if (partnerCount() !== waiting.count) {
    return pipeFile;
  }
  const data = { fifo: { inode, count: waiting?.count ?? partnerCount() } };
  const result = block(kernel, task, { what: 'wait_for_partner', queues: [pipe.openWait], data });
  if (result !== BLOCKED) closeEnds(kernel, inode, flags);
  return result;
};

/** State of a FIFO's open file: see `pollPipe`. */
export const fifoState = (inode: Inode, flags: number): unknown =>
  (flags & O.ACCMODE) === O.RDONLY && flags & O.NONBLOCK && inode.pipe!.writers === 0 && !isNameless(inode)
    ? { openedAt: inode.pipe!.writerCount }
    : null;

const pipeInode: InodeOperations = Object.freeze<InodeOperations>({
  // Through /proc/PID/fd a pipe opens like a FIFO.
  open: openFifo,
  setAttributes,
  blocks: () => 0,
});

/** A pipe of pipe(2) rather than a FIFO (is_pipe of fifo_open). */
const isNameless = (inode: Inode): boolean => inode.ops === pipeInode;

/** Both ends of a new pipe (create_pipe_files). `flags` are O_NONBLOCK and O_DIRECT. */
export const createPipe = (kernel: Kernel, task: Task, sb: SuperBlock, flags: number): [OpenFile, OpenFile] => {
  const inode = newInode(kernel, sb, pipeInode, S.IFIFO | 0o600, { uid: task.cred.fsuid, gid: task.cred.fsgid });
  const pipe = newPipe(kernel, task.cred);
  inode.pipe = pipe;
  openEnds(pipe, O.RDWR);
  const path = `pipe:[${inode.ino}]`;
  // Packets are made by who writes.
  return [
    newOpenFile(pipeFile, inode, path, O.RDONLY | (flags & ~O.DIRECT)),
    newOpenFile(pipeFile, inode, path, O.WRONLY | flags),
  ];
};

/** The pipe behind an open file, if it is one. */
export const pipeOf = (file: OpenFile): Pipe | null => (isFifo(file.inode.mode) ? file.inode.pipe : null);
