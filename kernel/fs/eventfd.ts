/** Counters as files (fs/eventfd.c; eventfd(2)). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { POLL } from '../abi/poll.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { block, type WaitQueue, waitQueue, wakeAll } from '../task/wait.ts';
import { anonymousFile } from './anonymous.ts';
import { releaseFile } from './inode.ts';
import type { FileOperations, OpenFile, UserBuffer } from './types.ts';

interface EventCounter {
  count: bigint;
  /** Reads take one at a time (EFD_SEMAPHORE). */
  semaphore: boolean;
  /** For /proc/PID/fdinfo. */
  id: number;
  wait: WaitQueue;
}

const MAX = 0xffffffffffffffffn;
const counterOf = (file: OpenFile): EventCounter => file.state as EventCounter;

const read = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer): number => {
  const counter = counterOf(file);
  if (sink.remaining < 8) return -ERRNO.EINVAL;
  if (counter.count === 0n) {
    if (file.flags & O.NONBLOCK) return -ERRNO.EAGAIN;
    return block(kernel, task, { what: 'eventfd_read', queues: [counter.wait] });
  }
  const value = counter.semaphore ? 1n : counter.count;
  counter.count -= value;
  wakeAll(kernel, counter.wait, POLL.OUT);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return sink.put(bytes);
};

const write = (kernel: Kernel, task: Task, file: OpenFile, source: UserBuffer): number => {
  const counter = counterOf(file);
  if (source.remaining !== 8) return -ERRNO.EINVAL;
  const bytes = source.take(8);
  const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (value === MAX) return -ERRNO.EINVAL;
  if (MAX - counter.count <= value) {
    if (file.flags & O.NONBLOCK) return -ERRNO.EAGAIN;
    return block(kernel, task, { what: 'eventfd_write', queues: [counter.wait] });
  }
  counter.count += value;
  wakeAll(kernel, counter.wait, POLL.IN);
  return 8;
};

const eventFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'eventfd',
  read,
  write,
  poll: (_kernel, file) => {
    const { count } = counterOf(file);
    return (count > 0n ? POLL.IN : 0) | (count === MAX ? POLL.ERR : 0) | (MAX - 1n > count ? POLL.OUT : 0);
  },
  pollQueues: (_kernel, file) => [counterOf(file).wait],
  describe: (_kernel, file) => {
    const { count, id, semaphore } = counterOf(file);
    const value = count.toString(16).padStart(16);
    return `eventfd-count: ${value}\neventfd-id: ${id}\neventfd-semaphore: ${Number(semaphore)}\n`;
  },
  seek: () => 0,
  release: releaseFile,
});

/** A counter with a first value. `flags` is O_NONBLOCK or 0. */
export const newEventFile = (kernel: Kernel, initial: number, semaphore: boolean, flags: number): OpenFile => {
  const state: EventCounter = { count: BigInt(initial), semaphore, id: kernel.vfs.lastEventfd++, wait: waitQueue() };
  return anonymousFile(kernel, eventFile, '[eventfd]', flags, state);
};

export const isEventFile = (file: OpenFile): boolean => file.ops === eventFile;

/** The kernel's own way to count one (eventfd_signal). */
export const eventfdSignal = (kernel: Kernel, file: OpenFile): void => {
  const counter = counterOf(file);
  if (counter.count < MAX) counter.count++;
  wakeAll(kernel, counter.wait, POLL.IN);
};
