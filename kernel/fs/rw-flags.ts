/** Flags of one read or write: of preadv2(2), pwritev2(2) and io_submit(2) (kiocb_set_rw_flags). */
import { ERRNO } from '../abi/errno.ts';
import { FILE_NOSIGNAL, O, RWF } from '../abi/fcntl.ts';
import type { OpenFile } from './types.ts';

const KNOWN = RWF.HIPRI | RWF.DSYNC | RWF.SYNC | RWF.NOWAIT | RWF.APPEND | RWF.NOAPPEND | RWF.NOSIGNAL;

/** Kinds of files that know RWF_NOWAIT (FMODE_NOWAIT). */
const NOWAIT_KINDS: readonly string[] = ['pipe', 'file', 'socket', 'eventfd', 'null', 'zero'];

/** Whether the file takes them: 0, -EINVAL or -EOPNOTSUPP. Data is as durable as it gets at once. */
export const checkRwFlags = (file: OpenFile, flags: number): number => {
  if (flags & ~KNOWN) return -ERRNO.EOPNOTSUPP;
  if (flags & RWF.APPEND && flags & RWF.NOAPPEND) return -ERRNO.EINVAL;
  return flags & RWF.NOWAIT && !NOWAIT_KINDS.includes(file.ops.kind) ? -ERRNO.EOPNOTSUPP : 0;
};

/** Kinds of files that are read and written by calls alone, not with iterators over memory (read_iter, write_iter). */
const LOOP_KINDS: readonly string[] = ['proc-seq', 'proc-own', 'proc-mem'];

/** Such a file takes no flags but RWF_HIPRI: 0 or -EOPNOTSUPP (do_loop_readv_writev). */
export const checkLoopFlags = (file: OpenFile, flags: number): number =>
  flags & ~RWF.HIPRI && LOOP_KINDS.includes(file.ops.kind) ? -ERRNO.EOPNOTSUPP : 0;

/** Whether a write goes to the end of the file. */
export const appends = (file: OpenFile, flags: number): boolean =>
  (flags & RWF.APPEND) !== 0 || ((file.flags & O.APPEND) !== 0 && !(flags & RWF.NOAPPEND));

/** With RWF_NOWAIT a call is made as if the file had O_NONBLOCK, with RWF_NOSIGNAL as if SIGPIPE were none. */
export const withRwFlags = (file: OpenFile, flags: number, move: () => number): number => {
  const wanted = (flags & RWF.NOWAIT ? O.NONBLOCK : 0) | (flags & RWF.NOSIGNAL ? FILE_NOSIGNAL : 0);
  const added = wanted & ~file.flags;
  if (added === 0) return move();
  file.flags |= added;
  try {
    return move();
  } finally {
    file.flags &= ~added;
  }
};
