/**
 * System calls that a supervisor answers: the caller's sleep, and the file over which it is told and answers
 * (seccomp_do_user_notification and seccomp_notify_ops in kernel/seccomp.c; seccomp_unotify(2)).
 */
import { REG } from '../../emulator/api.ts';
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { IOCTL } from '../abi/ioctl.ts';
import { POLL } from '../abi/poll.ts';
import {
  SECCOMP_ADDFD,
  SECCOMP_DATA,
  SECCOMP_NOTIF,
  SECCOMP_NOTIF_ADDFD,
  SECCOMP_NOTIF_RESP,
  SECCOMP_USER_NOTIF,
} from '../abi/seccomp.ts';
import { anonymousFile } from '../fs/anonymous.ts';
import { descriptorLimit, getFile, installFile, replaceFile } from '../fs/descriptors.ts';
import { releaseFile } from '../fs/inode.ts';
import type { FileOperations, OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyStructFromUser, copyToUser, getUser64, readStruct, UserFault } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block, type WaitQueue, waitQueue, wakeAll } from '../task/wait.ts';

/** A call that waits for its answer (struct seccomp_knotif). */
interface Notification {
  readonly id: bigint;
  readonly task: Task;
  readonly listener: Listener;
  state: 'init' | 'sent' | 'replied';
  /** struct seccomp_data. */
  readonly data: Uint8Array;
  /** The answer. */
  error: number;
  val: bigint;
  flags: number;
  ready: WaitQueue;
}

/** The supervisor's end of a filter (struct notification). */
export interface Listener {
  /** SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: who was received is not interrupted by signals that do not kill. */
  readonly killable: boolean;
  /** In order of their calls. */
  notifications: Notification[];
  /** Calls that no SECCOMP_IOCTL_NOTIF_RECV was woken for. Those that were interrupted still count, as on Linux. */
  requests: number;
  nextId: bigint;
  /** Its file is closed. */
  closed: boolean;
  wait: WaitQueue;
}

export const newListener = (kernel: Kernel, killable: boolean): Listener => {
  const id = new Uint8Array(8);
  kernel.random(id);
  const nextId = new DataView(id.buffer).getBigUint64(0, true);
  return { killable, notifications: [], requests: 0, nextId, closed: false, wait: waitQueue() };
};

/** Whether a task that lives has the filter, so that calls may come. */
const isUsed = (kernel: Kernel, listener: Listener): boolean => {
  for (const { exiting, seccomp } of kernel.tasks.values()) {
    if (exiting) continue;
    for (let each = seccomp.filter; each !== null; each = each.earlier) if (each.listener === listener) return true;
  }
  return false;
};

/** A task with filters ends: who listens to a filter that nobody has any more hears of it (seccomp_filter_release). */
export const seccompFilterRelease = (kernel: Kernel, { seccomp }: Task): void => {
  for (let each = seccomp.filter; each !== null; each = each.earlier) {
    const { listener } = each;
    if (listener !== null && !isUsed(kernel, listener)) wakeAll(kernel, listener.wait, POLL.HUP);
  }
};

/**
 * The current task's call is put to whoever listens. True if it is to be made after all; false with rax set, or, `task.inSyscall`
 * set, while the task sleeps: then `awaitReply` goes on.
 */
export const userNotification = (kernel: Kernel, task: Task, listener: Listener, data: Uint8Array): boolean => {
  if (listener.closed) {
    kernel.cpu.state.setNumber(REG.rax, -ERRNO.ENOSYS);
    return false;
  }
  const id = BigInt.asUintN(64, listener.nextId++);
  const notification: Notification = {
    ...{ id, task, listener, state: 'init', data, error: 0, val: 0n, flags: 0 },
    ready: waitQueue(),
  };
  listener.notifications.push(notification);
  listener.requests++;
  wakeAll(kernel, listener.wait, POLL.IN | POLL.RDNORM);
  return sleepOn(kernel, task, notification);
};

/** The task sleeps for an answer. */
export const awaitsReply = ({ entering, wait }: Task): boolean =>
  wait !== null && (entering === 'notified' || entering === 'vsyscall');

/** It was woken; results as `userNotification` has them. */
export const awaitReply = (kernel: Kernel, task: Task): boolean => sleepOn(kernel, task, task.wait!.data);

const sleepOn = (kernel: Kernel, task: Task, notification: Notification): boolean => {
  const { listener, state, ready } = notification;
  let result = 0;
  if (state !== 'replied') {
    const what = 'seccomp_do_user_notification';
    const uninterruptible = listener.killable && state === 'sent';
    result = block(kernel, task, { what, queues: [ready], data: notification, uninterruptible });
    if (result === BLOCKED) {
      task.inSyscall = true;
      return false;
    }
  }
  task.wait = null;
  listener.notifications.splice(listener.notifications.indexOf(notification), 1);
  if (notification.flags & SECCOMP_USER_NOTIF.CONTINUE) return true;
  const error = result === 0 ? notification.error : result;
  kernel.cpu.state.set(REG.rax, BigInt.asUintN(64, error === 0 ? notification.val : BigInt(error)));
  return false;
};

const reply = (kernel: Kernel, notification: Notification, error: number, val: bigint, flags: number): void => {
  Object.assign(notification, { state: 'replied', error, val, flags });
  wakeAll(kernel, notification.ready);
};

const listenerOf = (file: OpenFile): Listener => file.state as Listener;

const find = ({ notifications }: Listener, id: bigint): Notification | undefined =>
  notifications.find((each) => each.id === id);

const receive = (kernel: Kernel, task: Task, listener: Listener, address: number): number => {
  if (task.wait === null && copyFromUser(task.mm, address, SECCOMP_NOTIF.size).some((byte) => byte !== 0)) {
    return -ERRNO.EINVAL;
  }
  if (isUsed(kernel, listener)) {
    if (listener.requests === 0) return block(kernel, task, { what: 'seccomp_notify_recv', queues: [listener.wait] });
    listener.requests--;
  }
  const notification = listener.notifications.find(({ state }) => state === 'init');
  if (notification === undefined) return -ERRNO.ENOENT;
  const bytes = new Uint8Array(SECCOMP_NOTIF.size);
  const data = new DataView(notification.data.buffer);
  SECCOMP_NOTIF.write(new DataView(bytes.buffer), 0, {
    ...{ id: notification.id, pid: notification.task.pid, flags: 0, data: SECCOMP_DATA.read(data, 0) },
  });
  notification.state = 'sent';
  const { wait } = notification.task;
  if (listener.killable && wait !== null) wait.uninterruptible = true;
  wakeAll(kernel, listener.wait, POLL.OUT | POLL.WRNORM);
  try {
    copyToUser(task.mm, address, bytes);
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    // It stays for others to receive.
    notification.state = 'init';
    wakeAll(kernel, notification.ready);
    listener.requests++;
    wakeAll(kernel, listener.wait, POLL.IN | POLL.RDNORM);
    return -ERRNO.EFAULT;
  }
  return 0;
};

/** The call with this number, which was received and has no answer yet; -errno. */
const toAnswer = (listener: Listener, id: bigint): Notification | number => {
  const notification = find(listener, id);
  if (notification === undefined) return -ERRNO.ENOENT;
  return notification.state === 'sent' ? notification : -ERRNO.EINPROGRESS;
};

const send = (kernel: Kernel, task: Task, listener: Listener, address: number): number => {
  const { id, val, error, flags } = readStruct(task.mm, SECCOMP_NOTIF_RESP, address);
  if (flags & ~SECCOMP_USER_NOTIF.CONTINUE) return -ERRNO.EINVAL;
  if (flags !== 0 && (error !== 0 || val !== 0n)) return -ERRNO.EINVAL;
  const notification = toAnswer(listener, id);
  if (typeof notification === 'number') return notification;
  reply(kernel, notification, error, val, flags);
  return 0;
};

/** The caller sleeps, so what Linux wakes it for can be done for it: a new descriptor of its, or -errno. */
const install = (kernel: Kernel, target: Task, file: OpenFile, at: number | null, closeOnExec: boolean): number => {
  if (at !== null && at >= descriptorLimit(target)) return -ERRNO.EBADF;
  file.refs++;
  if (at === null) return installFile(kernel, target, file, closeOnExec);
  replaceFile(kernel, target, at, file, closeOnExec);
  return at;
};

const addFd = (kernel: Kernel, task: Task, listener: Listener, address: number, size: number): number => {
  if (size < SECCOMP_NOTIF_ADDFD.size || size >= 4096) return -ERRNO.EINVAL;
  const bytes = copyStructFromUser(task.mm, address, size, SECCOMP_NOTIF_ADDFD.size);
  if (bytes === null) return -ERRNO.E2BIG;
  const { id, flags, srcfd, newfd, newfd_flags } = SECCOMP_NOTIF_ADDFD.read(new DataView(bytes.buffer), 0);
  if (newfd_flags & ~O.CLOEXEC || flags & ~(SECCOMP_ADDFD.SETFD | SECCOMP_ADDFD.SEND)) return -ERRNO.EINVAL;
  const chosen = (flags & SECCOMP_ADDFD.SETFD) !== 0;
  if (newfd !== 0 && !chosen) return -ERRNO.EINVAL;
  const file = getFile(task, srcfd);
  if (file === undefined) return -ERRNO.EBADF;
  const notification = toAnswer(listener, id);
  if (typeof notification === 'number') return notification;
  const fd = install(kernel, notification.task, file, chosen ? newfd : null, newfd_flags !== 0);
  if (fd >= 0 && flags & SECCOMP_ADDFD.SEND) reply(kernel, notification, 0, BigInt(fd), 0);
  return fd;
};

const ioctl: FileOperations['ioctl'] = (kernel, task, file, request, argument) => {
  const listener = listenerOf(file);
  switch (request) {
    case IOCTL.SECCOMP_IOCTL_NOTIF_RECV:
      return receive(kernel, task, listener, argument);
    case IOCTL.SECCOMP_IOCTL_NOTIF_SEND:
      return send(kernel, task, listener, argument);
    case IOCTL.SECCOMP_IOCTL_NOTIF_ID_VALID:
    case IOCTL.SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR:
      return find(listener, getUser64(task.mm, argument))?.state === 'sent' ? 0 : -ERRNO.ENOENT;
    case IOCTL.SECCOMP_IOCTL_NOTIF_SET_FLAGS:
      // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP is about which processor goes on.
      return argument > 1 ? -ERRNO.EINVAL : 0;
  }
  // This one's struct may have any size, and no direction.
  const isAddFd = (request & 0xffff) === (IOCTL.SECCOMP_IOCTL_NOTIF_ADDFD & 0xffff);
  return isAddFd ? addFd(kernel, task, listener, argument, (request >>> 16) & 0x3fff) : -ERRNO.EINVAL;
};

const poll: FileOperations['poll'] = (kernel, file) => {
  const listener = listenerOf(file);
  let events = isUsed(kernel, listener) ? 0 : POLL.HUP;
  for (const { state } of listener.notifications) {
    if (state === 'init') events |= POLL.IN | POLL.RDNORM;
    if (state === 'sent') events |= POLL.OUT | POLL.WRNORM;
  }
  return events;
};

const listenerFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'seccomp notify',
  poll,
  pollQueues: (_kernel, file) => [listenerOf(file).wait],
  ioctl,
  release: (kernel, file) => {
    const listener = listenerOf(file);
    listener.closed = true;
    for (const notification of listener.notifications) {
      if (notification.state !== 'replied') reply(kernel, notification, -ERRNO.ENOSYS, 0n, 0);
    }
    releaseFile(kernel, file);
  },
});

/** The file of a listener (init_listener). */
export const newListenerFile = (kernel: Kernel, listener: Listener): OpenFile =>
  anonymousFile(kernel, listenerFile, 'seccomp notify', 0, listener);
