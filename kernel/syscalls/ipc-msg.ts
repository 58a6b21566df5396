/** System V messages: msgget(2), msgsnd(2), msgrcv(2), msgctl(2). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { MSG_CTL, MSGINFO, MSQID_DS } from '../abi/ipc.ts';
import {
  highestSlot,
  ipcObject,
  ipcObjectAt,
  ipcOwned,
  ipcPermitted,
  nowSeconds,
  permStruct,
  READ,
  setPerm,
} from '../ipc/ids.ts';
import { type Message, type MessageQueue, msgget, msgrcv, msgsnd, queueChanged, removeQueue } from '../ipc/msg.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, getUser64, putUser64, readStruct, writeStruct } from '../mm/user.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

/** Bytes of `long mtype` before the text. */
const TEXT = 8;

const send = (kernel: Kernel, task: Task, id: number, address: number, length: number, flags: number): number => {
  let type = 1n;
  if (task.wait === null) {
    type = BigInt.asIntN(64, getUser64(task.mm, address));
    if (length > kernel.ipc.limits.msgmax || id < 0 || type < 1n) return -ERRNO.EINVAL;
  }
  return msgsnd(kernel, task, id, flags, () => ({ type, bytes: copyFromUser(task.mm, address + TEXT, length) }));
};

const receive = (
  kernel: Kernel,
  task: Task,
  id: number,
  address: number,
  length: number,
  type: number,
  flags: number,
): number =>
  msgrcv(kernel, task, id, length, type, flags, (message: Message) => {
    const bytes = message.bytes.subarray(0, length);
    putUser64(task.mm, address, message.type);
    copyToUser(task.mm, address + TEXT, bytes);
    return bytes.length;
  });

/** IPC_INFO's constants that mean nothing any more (linux/msg.h). */
const MSGSSZ = 16;
const MSGSEG = 0xffff;

const info = (kernel: Kernel, task: Task, command: number, address: number): number => {
  const { msg, limits } = kernel.ipc;
  const queues = [...msg.slots.values()];
  const used = command === MSG_CTL.MSG_INFO;
  const sum = (of: (queue: MessageQueue) => number) => queues.reduce((total, queue) => total + of(queue), 0);
  writeStruct(task.mm, MSGINFO, address, {
    ...{ msgmax: limits.msgmax, msgmnb: limits.msgmnb, msgmni: limits.msgmni, msgssz: MSGSSZ, msgseg: MSGSEG },
    msgpool: used ? queues.length : 512000,
    msgmap: used ? sum(({ messages }) => messages.length) : 16384,
    msgtql: used ? sum(({ cbytes }) => cbytes) : 16384,
  });
  return highestSlot(msg);
};

const stat = (kernel: Kernel, task: Task, id: number, command: number, address: number): number => {
  const { msg } = kernel.ipc;
  const byId = command === MSG_CTL.STAT;
  const queue = byId ? ipcObject(msg, id) : ipcObjectAt(msg, id);
  if (typeof queue === 'number') return queue;
  if (command !== MSG_CTL.MSG_STAT_ANY && !ipcPermitted(task, queue, READ)) return -ERRNO.EACCES;
  writeStruct(task.mm, MSQID_DS, address, {
    msg_perm: permStruct(queue),
    ...{ msg_stime: queue.stime, msg_rtime: queue.rtime, msg_ctime: queue.ctime },
    ...{ msg_cbytes: queue.cbytes, msg_qnum: queue.messages.length, msg_qbytes: queue.qbytes },
    ...{ msg_lspid: queue.lspid, msg_lrpid: queue.lrpid },
  });
  return byId ? 0 : queue.id;
};

const set = (kernel: Kernel, task: Task, id: number, address: number): number => {
  const { msg, limits } = kernel.ipc;
  const wanted = readStruct(task.mm, MSQID_DS, address);
  const queue = ipcObject(msg, id);
  if (typeof queue === 'number') return queue;
  if (!ipcOwned(task, queue)) return -ERRNO.EPERM;
  if (wanted.msg_qbytes > limits.msgmnb && !capable(task.cred, CAP.SYS_RESOURCE)) return -ERRNO.EPERM;
  const error = setPerm(queue, wanted.msg_perm);
  if (error !== 0) return error;
  queue.qbytes = wanted.msg_qbytes;
  queue.ctime = nowSeconds(kernel);
  queueChanged(kernel, queue);
  return 0;
};

const remove = (kernel: Kernel, task: Task, id: number): number => {
  const queue = ipcObject(kernel.ipc.msg, id);
  if (typeof queue === 'number') return queue;
  if (!ipcOwned(task, queue)) return -ERRNO.EPERM;
  removeQueue(kernel, queue);
  return 0;
};

const msgctl = (kernel: Kernel, task: Task, id: number, command: number, address: number): number => {
  if (id < 0 || command < 0) return -ERRNO.EINVAL;
  switch (command) {
    case MSG_CTL.INFO:
    case MSG_CTL.MSG_INFO:
      return info(kernel, task, command, address);
    case MSG_CTL.STAT:
    case MSG_CTL.MSG_STAT:
    case MSG_CTL.MSG_STAT_ANY:
      return stat(kernel, task, id, command, address);
    case MSG_CTL.SET:
      return set(kernel, task, id, address);
    case MSG_CTL.RMID:
      return remove(kernel, task, id);
    default:
      return -ERRNO.EINVAL;
  }
};

export const msgSyscalls: readonly SyscallRow[] = [
  syscall(
    68,
    'msgget',
    [
      ['key', arg.ipcKey],
      ['msgflg', arg.msggetFlags],
    ],
    msgget,
  ),
  syscall(
    69,
    'msgsnd',
    [
      ['msqid', arg.int],
      ['msgp', arg.message],
      ['msgsz', arg.size],
      ['msgflg', arg.msgFlags],
    ],
    send,
  ),
  syscall(
    70,
    'msgrcv',
    [
      ['msqid', arg.int],
      ['msgp', arg.outMessage],
      ['msgsz', arg.size],
      ['msgtyp', arg.long],
      ['msgflg', arg.msgFlags],
    ],
    receive,
  ),
  syscall(
    71,
    'msgctl',
    [
      ['msqid', arg.int],
      ['cmd', arg.msgctlCommand],
      ['buf', arg.msqidDs],
    ],
    msgctl,
  ),
];
