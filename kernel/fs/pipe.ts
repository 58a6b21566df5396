/**
 * Pipes and FIFOs (fs/pipe.c): a ring of page buffers. A write of at most PIPE_BUF bytes goes in whole or not at all, because
 * it either fits into what is left of the last page or gets a page of its own.
 */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { IOCTL } from '../abi/ioctl.ts';
import { POLL } from '../abi/poll.ts';
import { POLL_CODE, SIG } from '../abi/signal.ts';
import { isFifo, S } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { putUser32, UserFault } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block, isWatched, type WaitQueue, waitQueue, wakeAll } from '../task/wait.ts';
import { type AsyncEntry, killFasync, setAsync } from './fasync.ts';
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
import { raise } from './raise.ts';
import type { FileOperations, Inode, InodeOperations, OpenFile, SuperBlock, UserBuffer } from './types.ts';

/** struct pipe_inode_info. */
export interface Pipe {
  /** Oldest first. */
  buffers: PipeBuffer[];
  /** Most buffers (F_SETPIPE_SZ in pages). */
  ring: number;
  /** Ends that are open. */
  readers: number;
  writers: number;
  /** How often each end was opened: what the other end's open(2) of a FIFO waits for. */
  readerCount: number;
  writerCount: number;
  /** Readers, and pollers of the reading end. */
  readWait: WaitQueue;
  writeWait: WaitQueue;
  /** Who waits in open(2) for the other end. */
  openWait: WaitQueue;
  /** Open files with O_ASYNC, by end. */
  asyncReaders: AsyncEntry[];
  asyncWriters: AsyncEntry[];
  /** A page that was read empty, for the next write. */
  spare: Uint8Array | null;
}

/** Bytes [offset, offset + length) of a page. A packet (O_DIRECT) is read by one read and nothing is added to it. */
export interface PipeBuffer {
  page: Uint8Array;
  offset: number;
  length: number;
  packet: boolean;
}

export const PIPE_BUF = 4096;
const DEFAULT_RING = 16;
/** What new pipes get once pipes hold `SOFT_PAGES` (PIPE_MIN_DEF_BUFFERS). */
const LEAST_RING = 2;
/** Pages of all pipes together: beyond the first new pipes are small (fs.pipe-user-pages-soft), beyond the second refused. */
const SOFT_PAGES = 16_384;
const MOST_PAGES = 131_072;
/** /proc/sys/fs/pipe-max-size. */
export const PIPE_MAX_SIZE = 1 << 20;

/** A new pipe, counted among all; -ENFILE if there are too many. */
export const newPipe = (kernel: Kernel): Pipe | number => {
  const { vfs } = kernel;
  const ring = vfs.pipePages + DEFAULT_RING > SOFT_PAGES ? LEAST_RING : DEFAULT_RING;
  if (vfs.pipePages + ring > MOST_PAGES) return -ERRNO.ENFILE;
  vfs.pipePages += ring;
  return emptyPipe(ring);
};

const emptyPipe = (ring: number): Pipe => ({
  buffers: [],
  ring,
  readers: 0,
  writers: 0,
  readerCount: 0,
  writerCount: 0,
  readWait: waitQueue(),
  writeWait: waitQueue(),
  openWait: waitQueue(),
  asyncReaders: [],
  asyncWriters: [],
  spare: null,
});

const isFull = (pipe: Pipe): boolean => pipe.buffers.length >= pipe.ring;

/** Bytes that can be read (FIONREAD). */
export const pipeLength = (pipe: Pipe): number => pipe.buffers.reduce((sum, buffer) => sum + buffer.length, 0);

/**
 * Moves a piece whole or not at all, as the kernel does page by page: null if the guest's memory faults before its end. What
 * was copied by then stays where it is but does not count.
 */
const whole = (length: number, move: () => number): boolean => {
  try {
    return move() === length;
  } catch (error) {
    if (error instanceof UserFault) return false;
    throw error;
  }
};

/** The same for bytes from the guest. */
const takeWhole = (source: UserBuffer, length: number): Uint8Array | null => {
  let bytes: Uint8Array | null = null;
  const complete = whole(length, () => {
    bytes = source.take(length);
    return bytes.length;
  });
  return complete ? bytes : null;
};

const readPipe = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer): number => {
  const pipe = file.inode.pipe!;
  if (sink.remaining === 0) return 0;
  const wasFull = isFull(pipe);
  let done = 0;
  try {
    while (sink.remaining > 0) {
      const buffer = pipe.buffers[0];
      if (buffer === undefined) break;
      const chunk = Math.min(buffer.length, sink.remaining);
      const bytes = buffer.page.subarray(buffer.offset, buffer.offset + chunk);
      if (!whole(chunk, () => sink.put(bytes))) {
        if (done === 0) return -ERRNO.EFAULT;
        break;
      }
      buffer.offset += chunk;
      buffer.length -= chunk;
      done += chunk;
      if (buffer.packet) buffer.length = 0;
      if (buffer.length === 0) {
        pipe.buffers.shift();
        pipe.spare ??= buffer.page;
      }
      if (buffer.packet) break;
    }
  } finally {
    if ((wasFull && !isFull(pipe)) || (done > 0 && isWatched(pipe.writeWait))) wakeAll(kernel, pipe.writeWait);
  }
  if (done > 0) {
    killFasync(kernel, pipe.asyncWriters, POLL_CODE.OUT);
    touchAccessed(kernel, file.inode);
    return done;
  }
  if (pipe.writers === 0) return 0;
  if (file.flags & O.NONBLOCK) return -ERRNO.EAGAIN;
  return block(kernel, task, { what: 'pipe_read', queues: [pipe.readWait] });
};

/** Adds to the last buffer when all of the odd rest fits there, as anon_pipe_write does first. */
const mergeInto = (pipe: Pipe, source: UserBuffer): number | null => {
  const last = pipe.buffers[pipe.buffers.length - 1];
  const odd = source.remaining % PAGE_SIZE;
  if (last === undefined || odd === 0 || last.packet || last.offset + last.length + odd > PAGE_SIZE) return 0;
  const bytes = takeWhole(source, odd);
  if (bytes === null) return null;
  last.page.set(bytes, last.offset + last.length);
  last.length += bytes.length;
  return bytes.length;
};

const writePipe = (kernel: Kernel, task: Task, file: OpenFile, source: UserBuffer): number => {
  const pipe = file.inode.pipe!;
  // What earlier tries of this call moved is skipped; the count is of the whole call.
  const before: number = task.wait?.data?.written ?? 0;
  if (source.remaining === 0) return 0;
  if (pipe.readers === 0) {
    raise(kernel, task, SIG.SIGPIPE);
    return before > 0 ? before : -ERRNO.EPIPE;
  }
  let done = 0;
  for (let skip = before; skip > 0; ) {
    const skipped = takeWhole(source, Math.min(skip, 65536));
    if (skipped === null) return before;
    skip -= skipped.length;
  }
  const wasEmpty = pipe.buffers.length === 0;
  const packets = (file.flags & O.DIRECT) !== 0;
  let faulted = false;
  try {
    if (before === 0 && !wasEmpty) {
      const merged = mergeInto(pipe, source);
      if (merged === null) faulted = true;
      else done += merged;
    }
    while (!faulted && source.remaining > 0 && !isFull(pipe)) {
      const bytes = takeWhole(source, Math.min(PAGE_SIZE, source.remaining));
      if (bytes === null) {
        faulted = true;
        break;
      }
      const page = pipe.spare ?? new Uint8Array(PAGE_SIZE);
      pipe.spare = null;
      page.set(bytes);
      pipe.buffers.push({ page, offset: 0, length: bytes.length, packet: packets });
      done += bytes.length;
    }
  } finally {
    if (done > 0) {
      touchModified(kernel, file.inode);
      // Every write is an edge for epoll (pipe->poll_usage).
      if (wasEmpty || isWatched(pipe.readWait)) wakeAll(kernel, pipe.readWait);
      killFasync(kernel, pipe.asyncReaders, POLL_CODE.IN);
    }
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
  kernel.vfs.pipePages -= inode.pipe!.ring;
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
  const pipe = inode.pipe ?? newPipe(kernel);
  if (typeof pipe === 'number') return pipe;
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

/** Both ends of a new pipe (create_pipe_files); -ENFILE. `flags` are O_NONBLOCK and O_DIRECT. */
export const createPipe = (
  kernel: Kernel,
  task: Task,
  sb: SuperBlock,
  flags: number,
): [OpenFile, OpenFile] | number => {
  const inode = newInode(kernel, sb, pipeInode, S.IFIFO | 0o600, { uid: task.cred.fsuid, gid: task.cred.fsgid });
  const pipe = newPipe(kernel);
  if (typeof pipe === 'number') return pipe;
  inode.pipe = pipe;
  openEnds(pipe, O.RDWR);
  const path = `pipe:[${inode.ino}]`;
  return [newOpenFile(pipeFile, inode, path, O.RDONLY | flags), newOpenFile(pipeFile, inode, path, O.WRONLY | flags)];
};

/** The pipe behind an open file, if it is one. */
export const pipeOf = (file: OpenFile): Pipe | null => (isFifo(file.inode.mode) ? file.inode.pipe : null);

/** F_SETPIPE_SZ: the new size in bytes, or -errno (pipe_set_size). */
export const setPipeSize = (kernel: Kernel, pipe: Pipe, bytes: number): number => {
  const size = Math.max(PAGE_SIZE, 2 ** Math.ceil(Math.log2(Math.max(1, bytes))));
  if (bytes > 2 ** 31) return -ERRNO.EINVAL;
  const ring = size / PAGE_SIZE;
  // Even for root: a pipe's pages are the emulator's own memory, and no limit counts them.
  if (ring > pipe.ring && size > PIPE_MAX_SIZE) return -ERRNO.EPERM;
  if (pipe.buffers.length > ring) return -ERRNO.EBUSY;
  if (ring > pipe.ring && kernel.vfs.pipePages + ring - pipe.ring > MOST_PAGES) return -ERRNO.EPERM;
  const wasFull = isFull(pipe);
  kernel.vfs.pipePages += ring - pipe.ring;
  pipe.ring = ring;
  if (wasFull && !isFull(pipe)) wakeAll(kernel, pipe.writeWait);
  return size;
};

export const pipeSize = (pipe: Pipe): number => pipe.ring * PAGE_SIZE;
