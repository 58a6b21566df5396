/**
 * Moving what is in pipes without reading it: splice(2), tee(2), vmsplice(2) (fs/splice.c). Buffers go from pipe to pipe, and
 * pages of a process into a pipe, by reference; what goes to and from files is copied.
 */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { POLL_CODE, SIG } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import { UserFault, userSpan } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { block, isWatched, wakeAll } from '../task/wait.ts';
import { killFasync } from './fasync.ts';
import { dropBuffer, isFull, type Pipe, type PipeBuffer, takeFrame } from './pipe-ring.ts';
import { raise } from './raise.ts';

/** Something was put in (wakeup_pipe_readers). */
export const wakeReaders = (kernel: Kernel, pipe: Pipe): void => {
  if (isWatched(pipe.readWait)) wakeAll(kernel, pipe.readWait);
  killFasync(kernel, pipe.asyncReaders, POLL_CODE.IN);
};

/** Something was taken out (wakeup_pipe_writers). */
export const wakeWriters = (kernel: Kernel, pipe: Pipe): void => {
  if (isWatched(pipe.writeWait)) wakeAll(kernel, pipe.writeWait);
  killFasync(kernel, pipe.asyncWriters, POLL_CODE.OUT);
};

/** The pipe can take a buffer: 1, or -EPIPE with its signal, -EAGAIN, BLOCKED (opipe_prep, wait_for_space). */
export const awaitSpace = (kernel: Kernel, task: Task, pipe: Pipe, nonblock: boolean): number => {
  if (pipe.readers === 0) return brokenPipe(kernel, task);
  if (!isFull(pipe)) return 1;
  return nonblock ? -ERRNO.EAGAIN : block(kernel, task, { what: 'wait_for_space', queues: [pipe.writeWait] });
};

export const brokenPipe = (kernel: Kernel, task: Task): number => {
  raise(kernel, task, SIG.SIGPIPE);
  return -ERRNO.EPIPE;
};

/** The pipe has something: 1, or 0 when nothing will come, -EAGAIN, BLOCKED (ipipe_prep). */
export const awaitData = (kernel: Kernel, task: Task, pipe: Pipe, nonblock: boolean): number => {
  if (pipe.buffers.length > 0) return 1;
  if (pipe.writers === 0) return 0;
  return nonblock ? -ERRNO.EAGAIN : block(kernel, task, { what: 'ipipe_prep', queues: [pipe.readWait] });
};

/** The first `length` bytes of a buffer, with a reference of its own. Nobody adds to it. */
const share = (kernel: Kernel, buffer: PipeBuffer, length: number): PipeBuffer => {
  kernel.physical.ref(buffer.frame);
  return { ...buffer, length, canMerge: false };
};

/** Moves up to `length` bytes; both are ready (splice_pipe_to_pipe). */
export const movePipe = (kernel: Kernel, from: Pipe, to: Pipe, length: number): number => {
  let done = 0;
  while (done < length && from.buffers.length > 0 && !isFull(to)) {
    const buffer = from.buffers[0]!;
    const part = Math.min(buffer.length, length - done);
    if (part === buffer.length) {
      to.buffers.push(from.buffers.shift()!);
    } else {
      to.buffers.push(share(kernel, buffer, part));
      buffer.offset += part;
      buffer.length -= part;
    }
    done += part;
  }
  if (done > 0) {
    wakeReaders(kernel, to);
    wakeWriters(kernel, from);
  }
  return done;
};

/** Gives `to` what is in `from`, too (link_pipe). */
export const copyPipe = (kernel: Kernel, from: Pipe, to: Pipe, length: number): number => {
  let done = 0;
  for (const buffer of from.buffers) {
    if (done === length || isFull(to)) break;
    const part = Math.min(buffer.length, length - done);
    to.buffers.push(share(kernel, buffer, part));
    done += part;
  }
  if (done > 0) wakeReaders(kernel, to);
  return done;
};

/**
 * Fills buffers from a file: `read` puts up to a page of bytes into `into`, and returns how many, 0 at the end, or -errno. The
 * first may be less, so that buffers are the file's pages.
 */
export const fillPipe = (
  kernel: Kernel,
  pipe: Pipe,
  length: number,
  firstRoom: number,
  read: (into: Uint8Array, done: number) => number,
): number => {
  let done = 0;
  let room = firstRoom;
  while (done < length && !isFull(pipe)) {
    const bytes = new Uint8Array(Math.min(room, length - done));
    const count = read(bytes, done);
    if (count <= 0) {
      if (done === 0) return count;
      break;
    }
    const frame = takeFrame(kernel, pipe);
    kernel.physical.u8.set(bytes.subarray(0, count), frame * PAGE_SIZE);
    pipe.buffers.push({ frame, offset: 0, length: count, packet: false, canMerge: false });
    done += count;
    if (count < bytes.length) break;
    room = PAGE_SIZE;
  }
  if (done > 0) wakeReaders(kernel, pipe);
  return done;
};

/**
 * Empties buffers into a file: `write` takes bytes and returns how many, -errno, or BLOCKED for the first. Returns the count.
 */
export const drainPipe = (
  kernel: Kernel,
  pipe: Pipe,
  length: number,
  write: (bytes: Uint8Array, done: number) => number,
): number => {
  let done = 0;
  while (done < length && pipe.buffers.length > 0) {
    const buffer = pipe.buffers[0]!;
    const at = buffer.frame * PAGE_SIZE + buffer.offset;
    const wanted = Math.min(buffer.length, length - done);
    const count = write(kernel.physical.u8.slice(at, at + wanted), done);
    if (count <= 0) {
      if (done === 0) return count;
      break;
    }
    done += count;
    buffer.offset += count;
    buffer.length -= count;
    if (buffer.length === 0) dropBuffer(kernel, pipe);
    if (count < wanted) break;
  }
  if (done > 0) wakeWriters(kernel, pipe);
  return done;
};

/** -1 for memory that faults. */
const spanOrFault = (task: Task, address: number, length: number): number => {
  try {
    return userSpan(task.mm, address, length, false);
  } catch (error) {
    if (error instanceof UserFault) return -1;
    throw error;
  }
};

/** Puts pages of the process into the pipe (vmsplice_to_pipe): what it writes there later, readers see. */
export const lendPages = (kernel: Kernel, task: Task, pipe: Pipe, address: number, length: number): number => {
  let done = 0;
  while (done < length && !isFull(pipe)) {
    const at = address + done;
    const part = Math.min(PAGE_SIZE - (at % PAGE_SIZE), length - done);
    const span = done === 0 ? userSpan(task.mm, at, part, false) : spanOrFault(task, at, part);
    if (span < 0) break;
    const frame = Math.floor(span / PAGE_SIZE);
    kernel.physical.ref(frame);
    pipe.buffers.push({ frame, offset: span % PAGE_SIZE, length: part, packet: false, canMerge: false });
    done += part;
  }
  return done;
};
