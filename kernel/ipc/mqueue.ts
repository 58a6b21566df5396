/** POSIX message queues (ipc/mqueue.c; mq_overview(7)). Their names and open files are `fs/mqueuefs.ts`. */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { MQ_HARD, MQ_PRIO_MAX, NOTIFY_COOKIE_LEN, NOTIFY_REMOVED, NOTIFY_WOKENUP } from '../abi/mqueue.ts';
import { RLIMIT } from '../abi/resource.ts';
import { SI } from '../abi/signal.ts';
import { SIGEV } from '../abi/time.ts';
import type { Kernel } from '../kernel.ts';
import { sendToNetlink } from '../net/netlink.ts';
import type { Socket } from '../net/types.ts';
import { sendSignal } from '../signal/send.ts';
import { capable } from '../task/capability.ts';
import { findProcess } from '../task/pids.ts';
import { placeByNice } from '../task/priority.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block, type WaitQueue, waitQueue, wakeAll } from '../task/wait.ts';

/** Limits by their names below /proc/sys/fs/mqueue, where root can change them. */
export interface MqLimits {
  queues_max: number;
  /** Messages of a queue, and bytes of one: what may be asked for, and what is given to who does not ask. */
  msg_max: number;
  msgsize_max: number;
  msg_default: number;
  msgsize_default: number;
}

/** All queues together. */
export interface MqNamespace {
  queues: number;
  /** What queues may come to need, by user: RLIMIT_MSGQUEUE bounds it. */
  readonly bytes: Map<number, number>;
  readonly limits: MqLimits;
}

export const newMqNamespace = (): MqNamespace => ({
  queues: 0,
  bytes: new Map(),
  limits: { queues_max: 256, msg_max: 10, msgsize_max: 8192, msg_default: 10, msgsize_default: 8192 },
});

export interface MqMessage {
  priority: number;
  bytes: Uint8Array;
}

/** Whom the next message to an empty queue is told to, and how (mq_notify(3)). */
export interface MqNotification {
  /** Process. */
  owner: number;
  /** SIGEV_SIGNAL, SIGEV_NONE or SIGEV_THREAD. */
  notify: number;
  signo: number;
  value: bigint;
  cookie: NotifyCookie | null;
}

/** SIGEV_THREAD: bytes that come back on a socket of the C library's. */
export interface NotifyCookie {
  bytes: Uint8Array;
  /** Of family AF_NETLINK. */
  socket: Socket;
}

/** struct mqueue_inode_info, without the inode. */
export interface PosixQueue {
  maxmsg: number;
  msgsize: number;
  /** By priority, highest first; first come, first served among equals. */
  messages: MqMessage[];
  notification: MqNotification | null;
  receivers: WaitQueue;
  senders: WaitQueue;
  /** Who polls. */
  pollWait: WaitQueue;
  /** Whom the queue is charged to, and with what. */
  uid: number;
  charged: number;
}

/** `wait.data` of who waits. A sender hands `message` over, or a receiver takes a waiting sender's and marks it `done`. */
interface Waiting {
  queue: PosixQueue;
  message: MqMessage | null;
  done: boolean;
}

/** sizeof(struct msg_msg) and sizeof(struct posix_msg_tree_node), which are charged per message and per priority. */
const MESSAGE_COST = 48;
const PRIORITY_COST = 48;

/**
 * A new queue, counted and charged (mqueue_create_attr, mqueue_get_inode). `wanted` is what mq_open(2) was given, in 64 bits.
 * -ENOSPC, -EINVAL, -EMFILE.
 */
export const newQueue = (
  kernel: Kernel,
  task: Task,
  wanted: { maxmsg: bigint; msgsize: bigint } | null,
): PosixQueue | number => {
  const { mq } = kernel.ipc;
  const { limits } = mq;
  const privileged = capable(task.cred, CAP.SYS_RESOURCE);
  if (mq.queues >= limits.queues_max && !privileged) return -ERRNO.ENOSPC;
  const maxmsg = wanted?.maxmsg ?? BigInt(Math.min(limits.msg_max, limits.msg_default));
  const msgsize = wanted?.msgsize ?? BigInt(Math.min(limits.msgsize_max, limits.msgsize_default));
  const most = privileged ? MQ_HARD : { msgmax: limits.msg_max, msgsizemax: limits.msgsize_max };
  if (maxmsg <= 0n || msgsize <= 0n || maxmsg > most.msgmax || msgsize > most.msgsizemax) return -ERRNO.EINVAL;
  const count = Number(maxmsg);
  const size = Number(msgsize);
  const charged = count * size + count * MESSAGE_COST + Math.min(count, MQ_PRIO_MAX) * PRIORITY_COST;
  const { uid } = task.cred;
  const bytes = (mq.bytes.get(uid) ?? 0) + charged;
  if (bytes > task.group.rlimits[RLIMIT.MSGQUEUE]!.soft) return -ERRNO.EMFILE;
  mq.bytes.set(uid, bytes);
  mq.queues++;
  return {
    maxmsg: count,
    msgsize: size,
    messages: [],
    notification: null,
    receivers: waitQueue(),
    senders: waitQueue(),
    pollWait: waitQueue(),
    uid,
    charged,
  };
};

/** The last name and the last open file of a queue went (mqueue_evict_inode). */
export const dropQueue = (kernel: Kernel, queue: PosixQueue): void => {
  const { mq } = kernel.ipc;
  mq.queues--;
  const left = mq.bytes.get(queue.uid)! - queue.charged;
  if (left === 0) mq.bytes.delete(queue.uid);
  else mq.bytes.set(queue.uid, left);
};

/** Bytes on the queue, as its file in the file system shows. */
export const queueBytes = ({ messages }: PosixQueue): number =>
  messages.reduce((sum, { bytes }) => sum + bytes.length, 0);

const insert = ({ messages }: PosixQueue, message: MqMessage): void => {
  let at = messages.length;
  while (at > 0 && messages[at - 1]!.priority < message.priority) at--;
  messages.splice(at, 0, message);
};

/** A message came and nobody waited for it (__do_notify): tells whoever asked, once, if the queue was empty. */
const notifyArrival = (kernel: Kernel, task: Task, queue: PosixQueue): void => {
  const wanted = queue.notification;
  if (wanted !== null && queue.messages.length === 1) {
    queue.notification = null;
    if (wanted.notify === SIGEV.SIGNAL && wanted.signo !== 0) {
      const owner = findProcess(kernel, wanted.owner);
      const info = {
        kind: 'queue',
        signo: wanted.signo,
        errno: 0,
        code: SI.MESGQ,
        pid: task.group.tgid,
        uid: task.cred.uid,
        value: wanted.value,
      } as const;
      if (owner !== undefined) sendSignal(kernel, info, owner, false);
    }
    if (wanted.cookie !== null) returnCookie(kernel, wanted.cookie, NOTIFY_WOKENUP);
  }
  wakeAll(kernel, queue.pollWait);
};

const returnCookie = (kernel: Kernel, { bytes, socket }: NotifyCookie, why: number): void => {
  const cookie = bytes.slice();
  cookie[NOTIFY_COOKIE_LEN - 1] = why;
  sendToNetlink(kernel, socket, cookie);
};

/** The process wants to be told no more: by mq_notify(NULL), or because it closed a descriptor of the queue. */
export const removeNotification = (kernel: Kernel, queue: PosixQueue, tgid: number): boolean => {
  const wanted = queue.notification;
  if (wanted?.owner !== tgid) return false;
  queue.notification = null;
  if (wanted.cookie !== null) returnCookie(kernel, wanted.cookie, NOTIFY_REMOVED);
  return true;
};

interface Timing {
  nonblock: boolean;
  /** Of `Kernel.now`, Infinity without one. */
  deadline: number;
}

/** Sleeps until `done`, the deadline or a signal (wq_sleep). */
const sleep = (kernel: Kernel, task: Task, on: WaitQueue, what: string, timing: Timing, data: Waiting): number => {
  if (task.wait?.timedOut) return -ERRNO.ETIMEDOUT;
  const result = block(kernel, task, { what, queues: [on], deadline: timing.deadline, data });
  if (result === BLOCKED) placeByNice(on.waiters, task);
  return result;
};

/** Sends a message, which `read` fetches at the first try: 0, -EAGAIN, -ETIMEDOUT or BLOCKED (do_mq_timedsend). */
export const sendMessage = (
  kernel: Kernel,
  task: Task,
  queue: PosixQueue,
  timing: Timing,
  read: () => MqMessage,
): number => {
  const earlier = task.wait?.data as Waiting | undefined;
  if (earlier?.done) return 0;
  const message = earlier?.message ?? read();
  if (queue.messages.length >= queue.maxmsg) {
    if (timing.nonblock) return -ERRNO.EAGAIN;
    const data: Waiting = { queue, message, done: false };
    return sleep(kernel, task, queue.senders, 'mq_timedsend', timing, data);
  }
  const [receiver] = queue.receivers.waiters;
  if (receiver !== undefined) {
    const waiting = receiver.wait!.data as Waiting;
    waiting.message = message;
    waiting.done = true;
    kernel.wake(receiver);
  } else {
    insert(queue, message);
    notifyArrival(kernel, task, queue);
  }
  return 0;
};

/** The next message: -EAGAIN, -ETIMEDOUT or BLOCKED (do_mq_timedreceive). */
export const receiveMessage = (kernel: Kernel, task: Task, queue: PosixQueue, timing: Timing): MqMessage | number => {
  const earlier = task.wait?.data as Waiting | undefined;
  if (earlier?.done) return earlier.message!;
  const message = queue.messages.shift();
  if (message === undefined) {
    if (timing.nonblock) return -ERRNO.EAGAIN;
    const data: Waiting = { queue, message: null, done: false };
    return sleep(kernel, task, queue.receivers, 'mq_timedreceive', timing, data);
  }
  const [sender] = queue.senders.waiters;
  if (sender === undefined) {
    wakeAll(kernel, queue.pollWait);
  } else {
    const waiting = sender.wait!.data as Waiting;
    insert(queue, waiting.message!);
    waiting.done = true;
    kernel.wake(sender);
  }
  return message;
};

/** The queue that the task sleeps on, or slept on when this try began: its descriptor may be gone. */
export const queueWaitedFor = (task: Task): PosixQueue | null =>
  task.wait === null ? null : (task.wait.data as Waiting).queue;
