/** io_submit(2): requests are done at once, as Linux does those of files in the page cache, pipes and sockets (fs/aio.c). */
import { IOCB, IOCB_CMD, IOCB_FLAG, KIOCB_KEY } from '../abi/aio.ts';
import { ERRNO, RESTART } from '../abi/errno.ts';
import {
  type AioContext,
  type AioRequest,
  completeRequest,
  findContext,
  releaseRequest,
  reserveRequest,
  unreserveRequest,
} from '../fs/aio.ts';
import { startPoll } from '../fs/aio-poll.ts';
import { getFile } from '../fs/descriptors.ts';
import { isEventFile } from '../fs/eventfd.ts';
import { isReadable, isWritable } from '../fs/inode.ts';
import { appends, checkRwFlags, withRwFlags } from '../fs/rw-flags.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { importIovec, userBuffer } from '../mm/iov.ts';
import { getUserLong, putUser32, readStruct, UserFault } from '../mm/user.ts';
import { isSocket } from '../net/file.ts';
import { checkIoprio } from '../process/sched.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED } from '../task/wait.ts';
import { readFrom, writeTo } from './file-io.ts';
import { syncFile } from './file-size.ts';

type Iocb = ReturnType<typeof IOCB.read>;

/** What a call that sleeps in one of its requests comes back to. */
interface Submission {
  context: AioContext;
  done: number;
  /** The request that sleeps, as it was read. */
  current: { request: AioRequest; iocb: Iocb } | null;
}

/** Kinds of files that read and write so (read_iter, write_iter); others are read and written by their own calls alone. */
const READ_KINDS: readonly string[] = [
  ...['file', 'pipe', 'socket', 'stream', 'terminal', 'tun', 'null', 'zero', 'full', 'random'],
  ...['eventfd', 'signalfd', 'timerfd', 'proc-iter', 'proc-sysctl'],
];
const WRITE_KINDS: readonly string[] = READ_KINDS.filter(
  (kind) => !['full', 'eventfd', 'signalfd', 'timerfd', 'proc-iter'].includes(kind),
);

const LONG_MAX = 2n ** 63n - 1n;

/** What stands in a read's or write's fields: 0 or -errno (aio_prep_rw, aio_read, aio_write, rw_verify_area). */
const checkMove = (task: Task, file: OpenFile, iocb: Iocb, writing: boolean): number => {
  if (iocb.aio_flags & IOCB_FLAG.IOPRIO) {
    const refusal = checkIoprio(task, iocb.aio_reqprio & 0xffff);
    if (refusal < 0) return refusal;
  }
  const error = checkRwFlags(file, iocb.aio_rw_flags | 0);
  if (error < 0) return error;
  if (!(writing ? isWritable(file) : isReadable(file))) return -ERRNO.EBADF;
  return (writing ? WRITE_KINDS : READ_KINDS).includes(file.ops.kind) ? 0 : -ERRNO.EINVAL;
};

/** Codes that an interrupted call would start again by: a request cannot, as others may be on their way (aio_rw_done). */
const RESTARTS: readonly number[] = [
  ...[RESTART.ERESTARTSYS, RESTART.ERESTARTNOINTR, RESTART.ERESTARTNOHAND, RESTART.ERESTART_RESTARTBLOCK],
];

/** The result for the event, 'refused' with the -errno of io_submit itself, or null if the task sleeps. */
const move = (kernel: Kernel, task: Task, file: OpenFile, iocb: Iocb): { result: number; refused: boolean } | null => {
  const refuse = (result: number) => ({ result, refused: true });
  const { aio_lio_opcode: opcode, aio_buf: address, aio_nbytes, aio_offset, aio_rw_flags } = iocb;
  const writing = opcode === IOCB_CMD.PWRITE || opcode === IOCB_CMD.PWRITEV;
  const vectored = opcode === IOCB_CMD.PREADV || opcode === IOCB_CMD.PWRITEV;
  const error = checkMove(task, file, iocb, writing);
  if (error < 0) return refuse(error);
  const length = Number(aio_nbytes);
  const buffer = vectored ? importIovec(task.mm, address, length) : userBuffer(task.mm, address, length);
  if (typeof buffer === 'number') return refuse(buffer);
  if (aio_offset < 0n || aio_offset + BigInt(buffer.remaining) > LONG_MAX) return refuse(-ERRNO.EINVAL);
  const position = Number(aio_offset);
  if (isSocket(file) && position !== 0) return { result: -ERRNO.ESPIPE, refused: false };
  let result: number;
  try {
    result = withRwFlags(file, aio_rw_flags, () =>
      writing
        ? writeTo(kernel, task, file, buffer, position, appends(file, aio_rw_flags))
        : readFrom(kernel, task, file, buffer, position),
    );
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    result = -ERRNO.EFAULT;
  }
  if (result === BLOCKED) return null;
  return { result: RESTARTS.includes(-result) ? -ERRNO.EINTR : result, refused: false };
};

/** Does what the request says. 0 once it is under way or has its event, -errno if it is refused, or BLOCKED. */
const perform = (kernel: Kernel, task: Task, request: AioRequest, iocb: Iocb): number => {
  const { file } = request;
  const { aio_buf, aio_nbytes, aio_offset, aio_rw_flags } = iocb;
  switch (iocb.aio_lio_opcode) {
    case IOCB_CMD.PREAD:
    case IOCB_CMD.PREADV:
    case IOCB_CMD.PWRITE:
    case IOCB_CMD.PWRITEV: {
      const outcome = move(kernel, task, file, iocb);
      if (outcome === null) return BLOCKED;
      if (outcome.refused) return outcome.result;
      completeRequest(kernel, request, outcome.result);
      return 0;
    }
    case IOCB_CMD.FSYNC:
    case IOCB_CMD.FDSYNC: {
      if (aio_buf !== 0 || aio_offset !== 0n || aio_nbytes !== 0n || aio_rw_flags !== 0) return -ERRNO.EINVAL;
      const result = syncFile(kernel, file);
      if (result === -ERRNO.EINVAL) return result;
      completeRequest(kernel, request, result);
      return 0;
    }
    case IOCB_CMD.POLL:
      if (aio_buf > 0xffff || aio_offset !== 0n || aio_nbytes !== 0n || aio_rw_flags !== 0) return -ERRNO.EINVAL;
      return startPoll(kernel, request, aio_buf);
    default:
      return -ERRNO.EINVAL;
  }
};

/** The eventfd that a request wants to be told of, null for none, or -errno. */
const eventfdOf = (task: Task, { aio_flags, aio_resfd }: Iocb): OpenFile | null | number => {
  if (!(aio_flags & IOCB_FLAG.RESFD)) return null;
  const eventfd = getFile(task, aio_resfd);
  if (eventfd === undefined) return -ERRNO.EBADF;
  return isEventFile(eventfd) ? eventfd : -ERRNO.EINVAL;
};

/** Reads a request and takes hold of its files, or gives -errno (io_submit_one). */
const begin = (kernel: Kernel, task: Task, context: AioContext, address: number): Submission['current'] | number => {
  const iocb = readStruct(task.mm, IOCB, address);
  if (iocb.aio_reserved2 !== 0n || iocb.aio_nbytes > LONG_MAX) return -ERRNO.EINVAL;
  if (!reserveRequest(kernel, context)) return -ERRNO.EAGAIN;
  const file = getFile(task, iocb.aio_fildes);
  const eventfd = file === undefined ? -ERRNO.EBADF : eventfdOf(task, iocb);
  if (typeof eventfd === 'number') {
    unreserveRequest(kernel, context);
    return eventfd;
  }
  try {
    putUser32(task.mm, address + IOCB.offsets.aio_key, KIOCB_KEY);
  } catch (thrown) {
    unreserveRequest(kernel, context);
    throw thrown;
  }
  file!.refs++;
  if (eventfd !== null) eventfd.refs++;
  return { request: { context, object: address, data: iocb.aio_data, file: file!, eventfd }, iocb };
};

/** Submits the next request, or goes on with the one that slept: 0, -errno or BLOCKED. */
const submitOne = (kernel: Kernel, task: Task, submission: Submission, list: number): number => {
  const { context } = submission;
  try {
    if (submission.current === null) {
      const begun = begin(kernel, task, context, getUserLong(task.mm, list + submission.done * 8));
      if (typeof begun === 'number') return begun;
      submission.current = begun;
    }
    const { request, iocb } = submission.current!;
    let result: number;
    try {
      result = perform(kernel, task, request, iocb);
    } catch (thrown) {
      if (!(thrown instanceof UserFault)) throw thrown;
      result = -ERRNO.EFAULT;
    }
    if (result === BLOCKED) return BLOCKED;
    submission.current = null;
    if (result < 0) {
      releaseRequest(kernel, request);
      unreserveRequest(kernel, context);
    }
    return result;
  } catch (thrown) {
    if (thrown instanceof UserFault) return -ERRNO.EFAULT;
    throw thrown;
  }
};

export const ioSubmit = (kernel: Kernel, task: Task, address: number, count: number, list: number): number => {
  let submission: Submission | undefined = task.wait?.data?.submission;
  if (submission === undefined) {
    if (count < 0) return -ERRNO.EINVAL;
    const context = findContext(task.mm, address);
    if (context === null) return -ERRNO.EINVAL;
    submission = { context, done: 0, current: null };
  }
  const total = Math.min(count, submission.context.nr);
  while (submission.done < total) {
    const result = submitOne(kernel, task, submission, list);
    if (result === BLOCKED) {
      task.wait!.data = { ...task.wait!.data, submission };
      return BLOCKED;
    }
    if (result < 0) return submission.done > 0 ? submission.done : result;
    submission.done++;
    // The next request begins afresh, in a call that may have slept.
    if (task.wait !== null) {
      task.wait.data = { submission };
      task.wait.timedOut = false;
    }
  }
  return submission.done;
};
