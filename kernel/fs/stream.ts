/** Standard streams of the host which are not a terminal: to the guest they look like the ends of pipes. */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { IOCTL } from '../abi/ioctl.ts';
import { POLL } from '../abi/poll.ts';
import { SIG } from '../abi/signal.ts';
import { S } from '../abi/stat.ts';
import type { HostStream } from '../host.ts';
import type { Kernel } from '../kernel.ts';
import { putUser32, UserFault } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block } from '../task/wait.ts';
import { extendInode, newInode, releaseFile, setAttributes } from './inode.ts';
import { raise } from './raise.ts';
import type { FileOperations, Inode, InodeOperations, OpenFile, SuperBlock, UserBuffer } from './types.ts';

export type StreamName = 'stdin' | 'stdout' | 'stderr';

interface StreamInode extends Inode {
  stream: StreamName;
}

const streamOf = (kernel: Kernel, file: OpenFile): HostStream => kernel.host[(file.inode as StreamInode).stream];

const CHUNK = 65536;

/**
 * Writes to a stream of the host: waits while it takes nothing, with what was moved kept in the wait; SIGPIPE and EPIPE when
 * its reader is gone.
 */
export const writeStream = (
  kernel: Kernel,
  task: Task,
  file: OpenFile,
  source: UserBuffer,
  stream: HostStream,
): number => {
  const before: number = task.wait?.data?.written ?? 0;
  let total = 0;
  try {
    while (total < before) {
      const skipped = source.take(Math.min(before - total, CHUNK)).length;
      if (skipped === 0) return before;
      total += skipped;
    }
    while (source.remaining > 0) {
      const wanted = Math.min(CHUNK, source.remaining);
      const taken = source.take(wanted);
      // Memory that faults within a page takes that page's bytes with it, as for a pipe.
      const bytes = taken.length < wanted ? taken.subarray(0, taken.length - (taken.length % PAGE_SIZE)) : taken;
      if (bytes.length === 0) return total > 0 ? total : -ERRNO.EFAULT;
      let done = 0;
      while (done < bytes.length) {
        const moved = stream.write(done === 0 ? bytes : bytes.subarray(done));
        if (moved === 'broken') {
          raise(kernel, task, SIG.SIGPIPE);
          return total > 0 ? total : -ERRNO.EPIPE;
        }
        if (moved === 'wait' || moved === 0) {
          if (file.flags & O.NONBLOCK) return total > 0 ? total : -ERRNO.EAGAIN;
          const options = { what: 'pipe_write', queues: [kernel.hostWait], data: { written: total } };
          const result = block(kernel, task, options);
          return result !== BLOCKED && total > 0 ? total : result;
        }
        done += moved;
        total += moved;
      }
    }
  } catch (error) {
    if (!(error instanceof UserFault) || total === 0) throw error;
  }
  return total;
};

const readStream = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer): number => {
  if (sink.remaining === 0) return 0;
  const stream = streamOf(kernel, file);
  const bytes = stream.read(Math.min(sink.remaining, CHUNK));
  if (bytes === 'end') return 0;
  if (bytes !== 'wait') return sink.put(bytes);
  if (file.flags & O.NONBLOCK) return -ERRNO.EAGAIN;
  return block(kernel, task, { what: 'pipe_read', queues: [kernel.hostWait] });
};

const streamFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'stream',
  read: readStream,
  write: (kernel, task, file, source) => writeStream(kernel, task, file, source, streamOf(kernel, file)),
  poll: (kernel, file) => {
    const stream = streamOf(kernel, file);
    const ended = stream.ended?.() ?? false;
    if ((file.flags & O.ACCMODE) === O.RDONLY) return ended ? POLL.HUP : stream.readable() ? POLL.IN | POLL.RDNORM : 0;
    return (ended ? POLL.ERR : 0) | (stream.writable() ? POLL.OUT | POLL.WRNORM : 0);
  },
  pollQueues: (kernel) => [kernel.hostWait],
  ioctl: (_kernel, task, _file, request, argument) => {
    if (request !== IOCTL.FIONREAD) return -ERRNO.ENOTTY;
    // How much a host's pipe holds is not known before it is read.
    putUser32(task.mm, argument, 0);
    return 0;
  },
  release: releaseFile,
});

const streamInode: InodeOperations = Object.freeze<InodeOperations>({
  open: (_kernel, _task, inode, flags) => {
    const reads = (inode as StreamInode).stream === 'stdin';
    const mode = flags & O.ACCMODE;
    return mode === (reads ? O.RDONLY : O.WRONLY) ? streamFile : -ERRNO.EACCES;
  },
  setAttributes,
  blocks: () => 0,
});

/** The inode of one of the host's streams. */
export const streamInodeOf = (
  kernel: Kernel,
  sb: SuperBlock,
  stream: StreamName,
  owner: { uid: number; gid: number },
): Inode => {
  const inode: StreamInode = extendInode(newInode(kernel, sb, streamInode, S.IFIFO | 0o600, owner), { stream });
  return inode;
};
