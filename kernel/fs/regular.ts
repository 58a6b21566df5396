/**
 * Moving bytes between the guest and regular files, whatever keeps them: chunks, limits, privileges.
 */
import { ERRNO } from '../abi/errno.ts';
import { RLIMIT } from '../abi/resource.ts';
import { SIG } from '../abi/signal.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { removePrivileges } from './inode.ts';
import { raise } from './raise.ts';
import type { Inode, UserBuffer } from './types.ts';

/** At most this much is copied at once. */
const CHUNK = 1 << 18;

/**
 * Reads to the guest from `position` until the sink is full or the file ends at `size`. `load` fills its buffer with bytes of the file,
 * all below its size; 0 or -errno.
 */
export const readFile = (
  size: number,
  sink: UserBuffer,
  position: number,
  load: (position: number, into: Uint8Array) => number,
): number => {
  let done = 0;
  for (;;) {
    const want = Math.min(sink.remaining, CHUNK, size - position - done);
    if (want <= 0) return done;
    const bytes = new Uint8Array(want);
    const error = load(position + done, bytes);
    if (error < 0) return done > 0 ? done : error;
    const moved = sink.put(bytes);
    done += moved;
    if (moved < want) return done;
  }
};

/**
 * Writes from the guest. `store` keeps bytes and returns how many, or -errno. What exceeds RLIMIT_FSIZE is not written;
 * if nothing could be, SIGXFSZ is due (generic_write_checks).
 */
export const writeFile = (
  kernel: Kernel,
  task: Task,
  inode: Inode,
  source: UserBuffer,
  position: number,
  store: (position: number, bytes: Uint8Array) => number,
): number => {
  if (source.remaining === 0) return 0;
  const limit = task.group.rlimits[RLIMIT.FSIZE]!.soft;
  if (position >= limit) return fileTooBig(kernel, task);
  let done = 0;
  for (;;) {
    const want = Math.min(source.remaining, CHUNK, limit - position - done);
    if (want <= 0) break;
    const bytes = source.take(want);
    if (bytes.length === 0) break;
    const stored = store(position + done, bytes);
    if (stored < 0) return done > 0 ? done : stored;
    done += stored;
    if (stored < want) break;
  }
  if (done > 0) removePrivileges(kernel, task, inode);
  return done;
};

/** -EFBIG, with the signal that goes with it. */
export const fileTooBig = (kernel: Kernel, task: Task): number => {
  raise(kernel, task, SIG.SIGXFSZ);
  return -ERRNO.EFBIG;
};
