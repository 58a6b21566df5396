/**
 * What a pipe holds: a ring of buffers, each a piece of a page (include/linux/pipe_fs_i.h).
 *
 * A buffer is a frame of physical memory with a reference of its own. Frames that a write filled belong to the pipe alone;
 * others may be pages of a file or of a process, which is why only the former are ever written to again.
 */

import { PAGE_SIZE } from '../../emulator/api.ts';
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { withReclaim } from '../mm/memory.ts';
import { capable } from '../task/capability.ts';
import type { Credentials } from '../task/task.ts';
import { type WaitQueue, waitQueue, wakeAll } from '../task/wait.ts';
import type { AsyncEntry } from './fasync.ts';

/** struct pipe_inode_info. */
export interface Pipe {
  /** Oldest first. */
  buffers: PipeBuffer[];
  /** Most buffers: F_SETPIPE_SZ in pages. */
  ring: number;
  /** Whom the ring is counted for. */
  uid: number;
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
  /** A frame that was read empty, for the next write (tmp_page); 0 is none. */
  spare: number;
}

/** Bytes [offset, offset + length) of a frame, of which the buffer has a reference. */
export interface PipeBuffer {
  frame: number;
  offset: number;
  length: number;
  /** Written with O_DIRECT: it is read by one read (PIPE_BUF_FLAG_PACKET). */
  packet: boolean;
  /** The frame is the pipe's own, and later writes may add to it (PIPE_BUF_FLAG_CAN_MERGE). */
  canMerge: boolean;
}

const DEFAULT_RING = 16;
/** What new pipes get once the user's hold `SOFT_PAGES` (PIPE_MIN_DEF_BUFFERS). */
const LEAST_RING = 2;
/** /proc/sys/fs/pipe-user-pages-soft: for users without CAP_SYS_ADMIN. There is no hard limit. */
export const PIPE_USER_PAGES_SOFT = 16_384;
/** /proc/sys/fs/pipe-max-size, for root too, who is without CAP_SYS_RESOURCE here as in most containers. */
export const PIPE_MAX_SIZE = 1 << 20;
/** Largest argument of F_SETPIPE_SZ. */
const LARGEST_SIZE = 2 ** 31;

const isPrivileged = (cred: Credentials): boolean => capable(cred, CAP.SYS_RESOURCE) || capable(cred, CAP.SYS_ADMIN);

/** Counts pages for a user (account_pipe_buffers). Returns how many it has now. */
const accountPages = (kernel: Kernel, uid: number, pages: number): number => {
  const { pipePages } = kernel.vfs;
  const total = (pipePages.get(uid) ?? 0) + pages;
  if (total === 0) pipePages.delete(uid);
  else pipePages.set(uid, total);
  return total;
};

/** A new pipe, counted for its user (alloc_pipe_info). */
export const newPipe = (kernel: Kernel, cred: Credentials): Pipe => {
  const { uid } = cred;
  let ring = DEFAULT_RING;
  if (accountPages(kernel, uid, ring) > PIPE_USER_PAGES_SOFT && !isPrivileged(cred)) {
    accountPages(kernel, uid, LEAST_RING - ring);
    ring = LEAST_RING;
  }
  return {
    buffers: [],
    ring,
    uid,
    readers: 0,
    writers: 0,
    readerCount: 0,
    writerCount: 0,
    readWait: waitQueue(),
    writeWait: waitQueue(),
    openWait: waitQueue(),
    asyncReaders: [],
    asyncWriters: [],
    spare: 0,
  };
};

/** Nobody has the pipe open any more (free_pipe_info). */
export const freePipe = (kernel: Kernel, pipe: Pipe): void => {
  accountPages(kernel, pipe.uid, -pipe.ring);
  for (const { frame } of pipe.buffers) kernel.physical.unref(frame);
  pipe.buffers = [];
  if (pipe.spare !== 0) kernel.physical.unref(pipe.spare);
  pipe.spare = 0;
};

export const isFull = (pipe: Pipe): boolean => pipe.buffers.length >= pipe.ring;

/** Bytes that can be read (FIONREAD). */
export const pipeLength = (pipe: Pipe): number => pipe.buffers.reduce((sum, buffer) => sum + buffer.length, 0);

/** A frame to fill, with whatever it held before. Throws `OutOfFrames`. Given to a buffer, or back by `keepFrame`. */
export const takeFrame = (kernel: Kernel, pipe: Pipe): number => {
  const { spare } = pipe;
  if (spare === 0) return withReclaim(kernel, () => kernel.physical.allocUninitialised());
  pipe.spare = 0;
  return spare;
};

/** A frame that is no longer needed: kept for the next write if nobody else has it (anon_pipe_buf_release). */
export const keepFrame = (kernel: Kernel, pipe: Pipe, frame: number): void => {
  if (pipe.spare === 0 && kernel.physical.refcount(frame) === 1) pipe.spare = frame;
  else kernel.physical.unref(frame);
};

/** Takes the oldest buffer off. */
export const dropBuffer = (kernel: Kernel, pipe: Pipe): void => keepFrame(kernel, pipe, pipe.buffers.shift()!.frame);

/** F_SETPIPE_SZ: the new size in bytes, or -errno (pipe_set_size, round_pipe_size). */
export const setPipeSize = (kernel: Kernel, cred: Credentials, pipe: Pipe, bytes: number): number => {
  if (bytes > LARGEST_SIZE) return -ERRNO.EINVAL;
  const size = Math.max(PAGE_SIZE, 2 ** Math.ceil(Math.log2(Math.max(1, bytes))));
  const ring = size / PAGE_SIZE;
  const grows = ring > pipe.ring;
  if (grows && size > PIPE_MAX_SIZE) return -ERRNO.EPERM;
  const more = ring - pipe.ring;
  let error = 0;
  if (accountPages(kernel, pipe.uid, more) > PIPE_USER_PAGES_SOFT && grows && !isPrivileged(cred)) error = -ERRNO.EPERM;
  else if (pipe.buffers.length > ring) error = -ERRNO.EBUSY;
  if (error !== 0) {
    accountPages(kernel, pipe.uid, -more);
    return error;
  }
  pipe.ring = ring;
  // This may have made room.
  wakeAll(kernel, pipe.writeWait);
  return size;
};

/** F_GETPIPE_SZ. */
export const pipeSize = (pipe: Pipe): number => pipe.ring * PAGE_SIZE;
