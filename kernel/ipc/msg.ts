/** System V message queues (ipc/msg.c; msgop(2), msgctl(2)). */
import { ERRNO, RESTART } from '../abi/errno.ts';
import { IPC, MSG } from '../abi/ipc.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block, type WaitQueue, waitQueue, wakeAll } from '../task/wait.ts';
import {
  addIpcObject,
  type IpcObject,
  ipcGet,
  ipcObject,
  ipcPermitted,
  newIpcObject,
  nowSeconds,
  READ,
  removeIpcObject,
  WRITE,
} from './ids.ts';

export interface Message {
  /** Positive. */
  type: bigint;
  bytes: Uint8Array;
}

/** struct msg_queue. */
export interface MessageQueue extends IpcObject {
  messages: Message[];
  stime: number;
  rtime: number;
  ctime: number;
  /** Bytes on the queue, and how many it may hold. */
  cbytes: number;
  qbytes: number;
  lspid: number;
  lrpid: number;
  receivers: WaitQueue;
  senders: WaitQueue;
}

/** What a receiver looks for: `type` in the sense of `mode` (convert_mode). Types beyond 2^53 are compared rounded. */
interface Search {
  mode: 'any' | 'equal' | 'notEqual' | 'lessEqual' | 'number';
  type: number;
}

/** `wait.data` of a receiver. A sender hands `message` over, or `error` if it was too long. */
interface Receiving {
  kind: 'receive';
  queue: MessageQueue;
  search: Search;
  room: number;
  message: Message | null;
  error: number;
}

/** `wait.data` of a sender, whose message was copied already. */
interface Sending {
  kind: 'send';
  queue: MessageQueue;
  message: Message;
}

const LONG_MAX = 2 ** 63;

export const msgget = (kernel: Kernel, task: Task, key: number, flags: number): number => {
  const { msg, limits } = kernel.ipc;
  const create = () => {
    if (msg.slots.size >= limits.msgmni) return -ERRNO.ENOSPC;
    return addIpcObject<MessageQueue>(msg, {
      ...newIpcObject(task, key, flags),
      messages: [],
      stime: 0,
      rtime: 0,
      ctime: nowSeconds(kernel),
      cbytes: 0,
      qbytes: limits.msgmnb,
      lspid: 0,
      lrpid: 0,
      receivers: waitQueue(),
      senders: waitQueue(),
    });
  };
  return ipcGet(msg, task, key, flags, create, () => true);
};

/** The queue is gone: all who sleep on it learn so (freeque). */
export const removeQueue = (kernel: Kernel, queue: MessageQueue): void => {
  removeIpcObject(kernel.ipc.msg, queue);
  wakeAll(kernel, queue.receivers);
  wakeAll(kernel, queue.senders);
};

/** After IPC_SET, all who sleep look again whether they may, and whether there is room. */
export const queueChanged = (kernel: Kernel, queue: MessageQueue): void => {
  wakeAll(kernel, queue.receivers);
  wakeFittingSenders(kernel, queue);
};

const fits = (queue: MessageQueue, length: number): boolean =>
  length + queue.cbytes <= queue.qbytes && 1 + queue.messages.length <= queue.qbytes;

/** Those go on for whose message there is room now; each looks again when its turn comes (ss_wakeup). */
const wakeFittingSenders = (kernel: Kernel, queue: MessageQueue): void => {
  for (const sender of queue.senders.waiters.slice()) {
    if (fits(queue, (sender.wait!.data as Sending).message.bytes.length)) kernel.wake(sender);
  }
};

/** Sends a copied message (do_msgsnd). `read` fetches it from the guest, at the first try only; it may throw `UserFault`. */
export const msgsnd = (kernel: Kernel, task: Task, id: number, flags: number, read: () => Message): number => {
  const earlier = task.wait?.data as Sending | undefined;
  const message = earlier?.message ?? read();
  const queue = earlier?.queue ?? ipcObject(kernel.ipc.msg, id);
  if (typeof queue === 'number') return queue;
  if (!queue.valid) return -ERRNO.EIDRM;
  if (!ipcPermitted(task, queue, WRITE)) return -ERRNO.EACCES;
  if (!fits(queue, message.bytes.length)) {
    if (flags & IPC.NOWAIT) return -ERRNO.EAGAIN;
    const data: Sending = { kind: 'send', queue, message };
    return block(kernel, task, {
      what: `msgsnd on queue ${queue.id}`,
      queues: [queue.senders],
      restart: RESTART.ERESTARTNOHAND,
      data,
    });
  }
  queue.lspid = task.group.tgid;
  queue.stime = nowSeconds(kernel);
  if (!handOver(kernel, queue, message)) {
    queue.messages.push(message);
    queue.cbytes += message.bytes.length;
  }
  return 0;
};

/** Gives the message to the first receiver who waits for such (pipelined_send). */
const handOver = (kernel: Kernel, queue: MessageQueue, message: Message): boolean => {
  for (const receiver of queue.receivers.waiters.slice()) {
    const receiving = receiver.wait!.data as Receiving;
    // One that was given something, and has not run since, is on no queue any more.
    if (!matches(receiving.search, message)) continue;
    if (receiving.room < message.bytes.length) {
      receiving.error = -ERRNO.E2BIG;
      kernel.wake(receiver);
      continue;
    }
    queue.lrpid = receiver.group.tgid;
    queue.rtime = nowSeconds(kernel);
    receiving.message = message;
    kernel.wake(receiver);
    return true;
  }
  return false;
};

const matches = ({ mode, type }: Search, message: Message): boolean => {
  switch (mode) {
    case 'any':
    case 'number':
      return true;
    case 'lessEqual':
      return Number(message.type) <= type;
    case 'equal':
      return Number(message.type) === type;
    case 'notEqual':
      return Number(message.type) !== type;
  }
};

/** Index of the message that is to be received, or -1 (find_msg). */
const find = ({ messages }: MessageQueue, search: Search): number => {
  if (search.mode === 'number') return search.type < messages.length ? search.type : -1;
  if (search.mode !== 'lessEqual') return messages.findIndex((message) => matches(search, message));
  // The lowest type wins, and of that the first.
  let best = -1;
  messages.forEach((message, index) => {
    const lower = best < 0 ? matches(search, message) : message.type < messages[best]!.type;
    if (lower) best = index;
  });
  return best;
};

const searchFor = (type: number, flags: number): Search => {
  if (flags & MSG.COPY) return { mode: 'number', type };
  if (type === 0) return { mode: 'any', type };
  if (type < 0) return { mode: 'lessEqual', type: -type };
  return { mode: flags & MSG.EXCEPT ? 'notEqual' : 'equal', type };
};

/**
 * Receives into `room` bytes (do_msgrcv). `deliver` stores the message for the guest and returns its length; it may throw
 * `UserFault`, and then the message is lost, as in Linux.
 */
export const msgrcv = (
  kernel: Kernel,
  task: Task,
  id: number,
  room: number,
  type: number,
  flags: number,
  deliver: (message: Message) => number,
): number => {
  const earlier = task.wait?.data as Receiving | undefined;
  if (earlier !== undefined) {
    if (earlier.message !== null) return deliver(earlier.message);
    if (earlier.error !== 0) return earlier.error;
  } else if (id < 0 || room >= LONG_MAX) {
    return -ERRNO.EINVAL;
  }
  if (flags & MSG.COPY && (flags & MSG.EXCEPT || !(flags & IPC.NOWAIT))) return -ERRNO.EINVAL;
  const queue = earlier?.queue ?? ipcObject(kernel.ipc.msg, id);
  if (typeof queue === 'number') return queue;
  if (!queue.valid) return -ERRNO.EIDRM;
  if (!ipcPermitted(task, queue, READ)) return -ERRNO.EACCES;
  const search = searchFor(type, flags);
  const index = find(queue, search);
  const message = queue.messages[index];
  if (message === undefined) {
    if (flags & IPC.NOWAIT) return -ERRNO.ENOMSG;
    const longest = flags & MSG.NOERROR ? Number.POSITIVE_INFINITY : room;
    const data: Receiving = { kind: 'receive', queue, search, room: longest, message: null, error: 0 };
    const result = block(kernel, task, {
      what: `msgrcv on queue ${queue.id}`,
      queues: [queue.receivers],
      restart: RESTART.ERESTARTNOHAND,
      data,
    });
    return result === BLOCKED ? result : -RESTART.ERESTARTNOHAND;
  }
  const tooLong = room < message.bytes.length;
  if (tooLong && !(flags & MSG.NOERROR)) return -ERRNO.E2BIG;
  if (flags & MSG.COPY) return tooLong ? -ERRNO.EINVAL : deliver(message);
  queue.messages.splice(index, 1);
  queue.cbytes -= message.bytes.length;
  queue.rtime = nowSeconds(kernel);
  queue.lrpid = task.group.tgid;
  wakeFittingSenders(kernel, queue);
  return deliver(message);
};
