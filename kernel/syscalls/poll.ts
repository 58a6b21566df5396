/** poll(2), ppoll(2), select(2), pselect6(2) (fs/select.c). */
import { ERRNO, RESTART } from '../abi/errno.ts';
import { POLL, POLLEX_SET, POLLIN_SET, POLLOUT_SET, pollfd, sigsetArgpack } from '../abi/poll.ts';
import { SIGSET_SIZE } from '../abi/sigframe.ts';
import { TIMESPEC, TIMEVAL } from '../abi/time.ts';
import { descriptorLimit, getFile } from '../fs/descriptors.ts';
import { addQueues, readiness } from '../fs/ready.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, getUserSigset, readStruct, UserFault, writeStruct } from '../mm/user.ts';
import { restoreSavedSigmask, setTemporaryMask } from '../signal/mask.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block, type WaitQueue } from '../task/wait.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { timespecNanoseconds, toTimespec, toTimeval } from './timespec.ts';

const FOREVER = Number.POSITIVE_INFINITY;

/** How a wait for readiness ends when nothing is ready: `restart` is the positive code for a signal. */
interface Waiting {
  deadline: number;
  restart: number;
  what: string;
  queues: Set<WaitQueue>;
}

/** Nothing is ready: 0 at the deadline, the negated restart code with a signal pending, otherwise to sleep. */
const waitReady = (kernel: Kernel, task: Task, { deadline, restart, what, queues }: Waiting): number => {
  if (task.sigpending) return -restart;
  if (task.wait?.timedOut || deadline <= kernel.now()) return 0;
  return block(kernel, task, { what, queues: [...queues], deadline, restart, data: { deadline } });
};

/** The deadline of this call: what its first try computed, if this is another. */
const deadlineOf = (kernel: Kernel, task: Task, timeout: number): number =>
  task.wait?.data?.deadline ?? (timeout === FOREVER ? FOREVER : kernel.now() + timeout);

/** Looks at all descriptors and answers in `revents`; waits if none is ready (do_sys_poll). */
const doPoll = (kernel: Kernel, task: Task, fds: number, count: number, deadline: number, restart: number): number => {
  if (count > descriptorLimit(task)) return -ERRNO.EINVAL;
  const bytes = copyFromUser(task.mm, fds, count * pollfd.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const queues = new Set<WaitQueue>();
  let ready = 0;
  for (let at = 0; at < bytes.length; at += pollfd.size) {
    const { fd, events } = pollfd.read(view, at);
    let found = 0;
    if (fd >= 0) {
      const file = getFile(task, fd);
      if (file === undefined) {
        found = POLL.NVAL;
      } else {
        found = readiness(kernel, file) & (events | POLL.ERR | POLL.HUP);
        addQueues(kernel, file, queues);
      }
    }
    view.setUint16(at + pollfd.offsets.revents, found, true);
    if (found !== 0) ready++;
  }
  const result = ready > 0 ? ready : waitReady(kernel, task, { deadline, restart, what: 'do_sys_poll', queues });
  if (result === BLOCKED) return result;
  for (let at = 0; at < bytes.length; at += pollfd.size) {
    const revents = at + pollfd.offsets.revents;
    copyToUser(task.mm, fds + revents, bytes.subarray(revents, revents + 2));
  }
  return result;
};

const pollUntil = (kernel: Kernel, task: Task, fds: number, count: number, deadline: number): number => {
  const result = doPoll(kernel, task, fds, count, deadline, RESTART.ERESTART_RESTARTBLOCK);
  if (result === -RESTART.ERESTART_RESTARTBLOCK) task.restart = { kind: 'poll', fds, count, deadline };
  return result;
};

const poll = (kernel: Kernel, task: Task, fds: number, count: number, milliseconds: number): number => {
  const timeout = milliseconds < 0 ? FOREVER : milliseconds * 1e6;
  return pollUntil(kernel, task, fds, count >>> 0, deadlineOf(kernel, task, timeout));
};

/** restart_syscall(2) of an interrupted poll(2) (do_restart_poll). */
export const restartPoll = (
  kernel: Kernel,
  task: Task,
  restart: { fds: number; count: number; deadline: number },
): number => pollUntil(kernel, task, restart.fds, restart.count, restart.deadline);

/** What a call with a time and a mask does besides waiting: see `finish`. */
interface Limits {
  deadline: number;
  /** Where the guest wants the remaining time; 0 for nowhere. */
  remaining: number;
  timeval: boolean;
}

/** Puts the caller's mask in place for the length of the call; once. 0 or -errno (set_user_sigmask). */
export const maskSignals = (kernel: Kernel, task: Task, address: number, size: number): number => {
  if (address === 0) return 0;
  if (size !== SIGSET_SIZE) return -ERRNO.EINVAL;
  if (task.wait === null) setTemporaryMask(kernel, task, getUserSigset(task.mm, address));
  return 0;
};

/** Back to the old mask unless a signal is to be delivered; tells the guest how much time was left (poll_select_finish). */
const finish = (kernel: Kernel, task: Task, result: number, limits: Limits): number => {
  if (result === BLOCKED) return result;
  if (result !== -RESTART.ERESTARTNOHAND) restoreSavedSigmask(kernel, task);
  const { deadline, remaining, timeval } = limits;
  if (remaining === 0 || deadline === 0) return result;
  const left = Math.max(0, deadline - kernel.now());
  try {
    if (timeval) writeStruct(task.mm, TIMEVAL, remaining, toTimeval(left));
    else writeStruct(task.mm, TIMESPEC, remaining, toTimespec(left));
  } catch (error) {
    if (!(error instanceof UserFault)) throw error;
    // A constant timeout: the call cannot be restarted, as it would start over with all of it.
    if (result === -RESTART.ERESTARTNOHAND) return -ERRNO.EINTR;
  }
  return result;
};

/** Deadline of a guest's timespec, Infinity without one, 0 for not waiting at all; null if it is not valid. */
const timespecDeadline = (kernel: Kernel, task: Task, address: number): number | null => {
  if (address === 0) return FOREVER;
  const nanoseconds = timespecNanoseconds(readStruct(task.mm, TIMESPEC, address));
  if (nanoseconds < 0) return null;
  return nanoseconds === 0 ? 0 : deadlineOf(kernel, task, nanoseconds);
};

const ppoll = (
  kernel: Kernel,
  task: Task,
  fds: number,
  count: number,
  time: number,
  mask: number,
  size: number,
): number => {
  const deadline = timespecDeadline(kernel, task, time);
  if (deadline === null) return -ERRNO.EINVAL;
  const error = maskSignals(kernel, task, mask, size);
  if (error < 0) return error;
  const result = doPoll(kernel, task, fds, count >>> 0, deadline, RESTART.ERESTARTNOHAND);
  return finish(kernel, task, result, { deadline, remaining: time, timeval: false });
};

/** Bytes of a set of `n` descriptors: whole words of 64. */
const setBytes = (n: number): number => Math.ceil(n / 64) * 8;

const readSet = (task: Task, address: number, length: number): Uint8Array =>
  address === 0 ? new Uint8Array(length) : copyFromUser(task.mm, address, length);

const isSet = (set: Uint8Array, fd: number): boolean => (set[fd >> 3]! & (1 << (fd & 7))) !== 0;

/** select(2)'s work: three sets in, three sets out (core_sys_select). */
const doSelect = (kernel: Kernel, task: Task, n: number, addresses: readonly number[], deadline: number): number => {
  if (n < 0) return -ERRNO.EINVAL;
  const tableSize = Math.max(64, 2 ** Math.ceil(Math.log2(Math.max(1, task.files.entries.length))));
  const count = Math.min(n, tableSize);
  const length = setBytes(count);
  const wanted = addresses.map((address) => readSet(task, address, length));
  const found = addresses.map(() => new Uint8Array(length));
  const masks = [POLLIN_SET, POLLOUT_SET, POLLEX_SET];
  const queues = new Set<WaitQueue>();
  let ready = 0;
  for (let fd = 0; fd < count; fd++) {
    if (!wanted.some((set) => isSet(set, fd))) continue;
    const file = getFile(task, fd);
    if (file === undefined) return -ERRNO.EBADF;
    const events = readiness(kernel, file);
    addQueues(kernel, file, queues);
    for (const [i, set] of wanted.entries()) {
      if (!isSet(set, fd) || !(events & masks[i]!)) continue;
      found[i]![fd >> 3]! |= 1 << (fd & 7);
      ready++;
    }
  }
  const waiting = { deadline, restart: RESTART.ERESTARTNOHAND, what: 'do_select', queues };
  const result = ready > 0 ? ready : waitReady(kernel, task, waiting);
  if (result < 0) return result;
  for (const [i, address] of addresses.entries()) if (address !== 0) copyToUser(task.mm, address, found[i]!);
  return result;
};

const select = (
  kernel: Kernel,
  task: Task,
  n: number,
  input: number,
  output: number,
  except: number,
  time: number,
): number => {
  let deadline = FOREVER;
  if (time !== 0) {
    const { tv_sec, tv_usec } = readStruct(task.mm, TIMEVAL, time);
    if (tv_sec < 0n || tv_usec < 0n) return -ERRNO.EINVAL;
    const nanoseconds = Number(tv_sec) * 1e9 + Number(tv_usec) * 1e3;
    deadline = nanoseconds === 0 ? 0 : deadlineOf(kernel, task, nanoseconds);
  }
  const result = doSelect(kernel, task, n, [input, output, except], deadline);
  return finish(kernel, task, result, { deadline, remaining: time, timeval: true });
};

const pselect6 = (
  kernel: Kernel,
  task: Task,
  n: number,
  input: number,
  output: number,
  except: number,
  time: number,
  signals: number,
): number => {
  const pack = signals === 0 ? { p: 0, size: 0 } : readStruct(task.mm, sigsetArgpack, signals);
  const deadline = timespecDeadline(kernel, task, time);
  if (deadline === null) return -ERRNO.EINVAL;
  const error = maskSignals(kernel, task, pack.p, pack.size);
  if (error < 0) return error;
  const result = doSelect(kernel, task, n, [input, output, except], deadline);
  return finish(kernel, task, result, { deadline, remaining: time, timeval: false });
};

export const pollSyscalls: readonly SyscallRow[] = [
  syscall(
    7,
    'poll',
    [
      ['fds', arg.pollfds],
      ['nfds', arg.unsigned],
      ['timeout', arg.int],
    ],
    poll,
  ),
  syscall(
    23,
    'select',
    [
      ['nfds', arg.int],
      ['readfds', arg.fdset],
      ['writefds', arg.fdset],
      ['exceptfds', arg.fdset],
      ['timeout', arg.timeval],
    ],
    select,
  ),
  syscall(
    270,
    'pselect6',
    [
      ['nfds', arg.int],
      ['readfds', arg.fdset],
      ['writefds', arg.fdset],
      ['exceptfds', arg.fdset],
      ['timeout', arg.timespec],
      ['sig', arg.sigsetPack],
    ],
    pselect6,
  ),
  syscall(
    271,
    'ppoll',
    [
      ['fds', arg.pollfds],
      ['nfds', arg.unsigned],
      ['timeout', arg.timespec],
      ['sigmask', arg.sigset],
      ['sigsetsize', arg.size],
    ],
    ppoll,
  ),
];
