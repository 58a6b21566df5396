/** epoll_create(2), epoll_ctl(2), epoll_wait(2) and their family (fs/eventpoll.c). */
import { ERRNO } from '../abi/errno.ts';
import { EPOLL_CTL, EPOLL_EVENT } from '../abi/events.ts';
import { O } from '../abi/fcntl.ts';
import { TIMESPEC } from '../abi/time.ts';
import { getFile, installFile } from '../fs/descriptors.ts';
import {
  collectEvents,
  type EpollEvent,
  epollAdd,
  epollDelete,
  epollModify,
  epollQueue,
  isEpoll,
  newEpoll,
  putBackEvents,
} from '../fs/epoll.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, readStruct } from '../mm/user.ts';
import { restoreSavedSigmask } from '../signal/mask.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block } from '../task/wait.ts';
import * as arg from './args.ts';
import { maskSignals } from './poll.ts';
import { type SyscallRow, syscall } from './row.ts';
import { timespecNanoseconds } from './timespec.ts';

const epollCreate1 = (kernel: Kernel, task: Task, flags: number): number => {
  if (flags & ~O.CLOEXEC) return -ERRNO.EINVAL;
  return installFile(kernel, task, newEpoll(kernel), (flags & O.CLOEXEC) !== 0);
};

const epollCreate = (kernel: Kernel, task: Task, size: number): number =>
  size <= 0 ? -ERRNO.EINVAL : epollCreate1(kernel, task, 0);

const eventAt = (task: Task, address: number): EpollEvent => {
  const bytes = copyFromUser(task.mm, address, EPOLL_EVENT.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return { events: view.getInt32(0, true), data: view.getBigUint64(EPOLL_EVENT.data, true) };
};

const epollCtl = (kernel: Kernel, task: Task, epfd: number, operation: number, fd: number, address: number): number => {
  const event = operation === EPOLL_CTL.DEL ? null : eventAt(task, address);
  const epoll = getFile(task, epfd);
  const file = getFile(task, fd);
  if (epoll === undefined || file === undefined) return -ERRNO.EBADF;
  if (file.ops.poll === undefined) return -ERRNO.EPERM;
  if (epoll === file || !isEpoll(epoll)) return -ERRNO.EINVAL;
  switch (operation) {
    case EPOLL_CTL.ADD:
      return epollAdd(kernel, epoll, file, fd, event!);
    case EPOLL_CTL.MOD:
      return epollModify(kernel, epoll, file, fd, event!);
    case EPOLL_CTL.DEL:
      return epollDelete(epoll, file, fd);
    default:
      return -ERRNO.EINVAL;
  }
};

/** ep_poll. `timeout` in nanoseconds, Infinity for none. */
const wait = (kernel: Kernel, task: Task, epfd: number, address: number, max: number, timeout: number): number => {
  if (max <= 0 || max > Math.floor(0x7fffffff / EPOLL_EVENT.size)) return -ERRNO.EINVAL;
  const epoll = getFile(task, epfd);
  if (epoll === undefined) return -ERRNO.EBADF;
  if (!isEpoll(epoll)) return -ERRNO.EINVAL;
  const found = collectEvents(kernel, epoll, max);
  if (found.length > 0) {
    const bytes = new Uint8Array(found.length * EPOLL_EVENT.size);
    const view = new DataView(bytes.buffer);
    found.forEach(({ events, data }, index) => {
      view.setInt32(index * EPOLL_EVENT.size, events, true);
      view.setBigUint64(index * EPOLL_EVENT.size + EPOLL_EVENT.data, data, true);
    });
    try {
      copyToUser(task.mm, address, bytes);
    } catch (thrown) {
      putBackEvents(epoll, found);
      throw thrown;
    }
    return found.length;
  }
  const deadline: number = task.wait?.deadline ?? (timeout === 0 ? 0 : kernel.now() + timeout);
  if (timeout === 0 || task.wait?.timedOut) return 0;
  return block(kernel, task, { what: 'ep_poll', queues: [epollQueue(epoll)], deadline, restart: ERRNO.EINTR });
};

const milliseconds = (timeout: number): number => (timeout < 0 ? Number.POSITIVE_INFINITY : timeout * 1e6);

const epollWait = (kernel: Kernel, task: Task, epfd: number, events: number, max: number, timeout: number): number =>
  wait(kernel, task, epfd, events, max, milliseconds(timeout));

/** With a mask of its own for the length of the call; after a signal it stays until that is delivered. */
const masked = (kernel: Kernel, task: Task, mask: number, size: number, call: () => number): number => {
  const error = maskSignals(kernel, task, mask, size);
  if (error < 0) return error;
  const result = call();
  if (result !== BLOCKED && result !== -ERRNO.EINTR) restoreSavedSigmask(kernel, task);
  return result;
};

const epollPwait = (
  kernel: Kernel,
  task: Task,
  epfd: number,
  events: number,
  max: number,
  timeout: number,
  mask: number,
  size: number,
): number => masked(kernel, task, mask, size, () => wait(kernel, task, epfd, events, max, milliseconds(timeout)));

const epollPwait2 = (
  kernel: Kernel,
  task: Task,
  epfd: number,
  events: number,
  max: number,
  timeout: number,
  mask: number,
  size: number,
): number => {
  const time = timeout === 0 ? Number.POSITIVE_INFINITY : timespecNanoseconds(readStruct(task.mm, TIMESPEC, timeout));
  if (time < 0) return -ERRNO.EINVAL;
  return masked(kernel, task, mask, size, () => wait(kernel, task, epfd, events, max, time));
};

export const epollSyscalls: readonly SyscallRow[] = [
  syscall(213, 'epoll_create', [['size', arg.int]], epollCreate),
  syscall(
    232,
    'epoll_wait',
    [
      ['epfd', arg.fd],
      ['events', arg.outEpollEvents],
      ['maxevents', arg.int],
      ['timeout', arg.int],
    ],
    epollWait,
  ),
  syscall(
    233,
    'epoll_ctl',
    [
      ['epfd', arg.fd],
      ['op', arg.epollOperation],
      ['fd', arg.fd],
      ['event', arg.epollEvent],
    ],
    epollCtl,
  ),
  syscall(
    281,
    'epoll_pwait',
    [
      ['epfd', arg.fd],
      ['events', arg.outEpollEvents],
      ['maxevents', arg.int],
      ['timeout', arg.int],
      ['sigmask', arg.sigset],
      ['sigsetsize', arg.size],
    ],
    epollPwait,
  ),
  syscall(291, 'epoll_create1', [['flags', arg.epollFlags]], epollCreate1),
  syscall(
    441,
    'epoll_pwait2',
    [
      ['epfd', arg.fd],
      ['events', arg.outEpollEvents],
      ['maxevents', arg.int],
      ['timeout', arg.timespec],
      ['sigmask', arg.sigset],
      ['sigsetsize', arg.size],
    ],
    epollPwait2,
  ),
];
