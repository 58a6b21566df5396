/** System V semaphores: semget(2), semop(2), semtimedop(2), semctl(2). */
import { ERRNO } from '../abi/errno.ts';
import { SEM_CTL, SEM_UNDO, SEMBUF, SEMID_DS, SEMINFO, SEMVMX } from '../abi/ipc.ts';
import { TIMESPEC } from '../abi/time.ts';
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
  WRITE,
} from '../ipc/ids.ts';
import {
  dequeue,
  removeSet,
  type SemaphoreSet,
  type SemOperation,
  type SemSleep,
  semget,
  sleepersOn,
  trySemop,
  updateQueues,
} from '../ipc/sem.ts';
import { clearAdjustments, undoFor } from '../ipc/undo.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, readStruct, userSpan, writeStruct } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { BLOCKED, block } from '../task/wait.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';
import { timespecNanoseconds } from './timespec.ts';

const operationsAt = (task: Task, address: number, count: number): SemOperation[] => {
  const { mm } = task;
  const span = userSpan(mm, address, count * SEMBUF.size, false);
  if (span >= 0) return readOperations(mm.kernel.physical.view, span, count);
  const bytes = copyFromUser(mm, address, count * SEMBUF.size);
  return readOperations(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, count);
};

const readOperations = (view: DataView, from: number, count: number): SemOperation[] => {
  const { sem_num, sem_op, sem_flg } = SEMBUF.offsets;
  const operations: SemOperation[] = [];
  for (let at = from; operations.length < count; at += SEMBUF.size) {
    const number = view.getUint16(at + sem_num, true);
    const change = view.getInt16(at + sem_op, true);
    operations.push({ number, change, flags: view.getUint16(at + sem_flg, true) });
  }
  return operations;
};

/** The first try (do_semtimedop). */
const start = (
  kernel: Kernel,
  task: Task,
  id: number,
  address: number,
  count: number,
  timeout: number,
): SemSleep | number => {
  if (count < 1 || id < 0) return -ERRNO.EINVAL;
  if (count > kernel.ipc.limits.sem.opm) return -ERRNO.E2BIG;
  const time = timeout === 0 ? null : timespecNanoseconds(readStruct(task.mm, TIMESPEC, timeout));
  const operations = operationsAt(task, address, count);
  if (time !== null && time < 0) return -ERRNO.EINVAL;
  const set = ipcObject(kernel.ipc.sem, id);
  if (typeof set === 'number') return set;
  const undoes = operations.some(({ flags }) => flags & SEM_UNDO);
  const alters = operations.some(({ change }) => change !== 0);
  if (operations.some(({ number }) => number >= set.semaphores.length)) return -ERRNO.EFBIG;
  if (!ipcPermitted(task, set, alters ? WRITE : READ)) return -ERRNO.EACCES;
  return {
    ...{ set, task, operations, alters },
    undo: undoes ? undoFor(task, set) : null,
    pid: task.group.tgid,
    blocking: operations[0]!,
    status: null,
    deadline: time === null ? Number.POSITIVE_INFINITY : kernel.now() + time,
  };
};

const semtimedop = (
  kernel: Kernel,
  task: Task,
  id: number,
  address: number,
  count: number,
  timeout: number,
): number => {
  const earlier = task.wait?.data as SemSleep | undefined;
  const sleep = earlier ?? start(kernel, task, id, address, count, timeout);
  if (typeof sleep === 'number') return sleep;
  const status = earlier === undefined ? trySemop(kernel, sleep) : sleep.status;
  if (status !== null) return status;
  const timedOut = task.wait?.timedOut ?? kernel.now() >= sleep.deadline;
  if (!timedOut) {
    const { deadline } = sleep;
    const what = `semop on semaphore ${sleep.blocking.number} of set ${sleep.set.id}`;
    const result = block(kernel, task, { what, restart: ERRNO.EINTR, deadline, data: sleep });
    if (result === BLOCKED) return result;
  }
  dequeue(sleep);
  return timedOut ? -ERRNO.EAGAIN : -ERRNO.EINTR;
};

const semop = (kernel: Kernel, task: Task, id: number, address: number, count: number): number =>
  semtimedop(kernel, task, id, address, count, 0);

/** Values of IPC_INFO and SEM_INFO that are not used (linux/sem.h). */
const SEMUSZ = 20;

const info = (kernel: Kernel, task: Task, command: number, address: number): number => {
  const { sem, limits } = kernel.ipc;
  const { mni, mns, msl, opm } = limits.sem;
  const sets = [...sem.slots.values()];
  const used = command === SEM_CTL.SEM_INFO;
  writeStruct(task.mm, SEMINFO, address, {
    ...{ semmap: mns, semmni: mni, semmns: mns, semmnu: mns, semmsl: msl, semopm: opm, semume: opm, semvmx: SEMVMX },
    semusz: used ? sets.length : SEMUSZ,
    semaem: used ? sets.reduce((total, set) => total + set.semaphores.length, 0) : SEMVMX,
  });
  return highestSlot(sem);
};

const stat = (kernel: Kernel, task: Task, id: number, command: number, address: number): number => {
  const { sem } = kernel.ipc;
  const byId = command === SEM_CTL.STAT;
  const set = byId ? ipcObject(sem, id) : ipcObjectAt(sem, id);
  if (typeof set === 'number') return set;
  if (command !== SEM_CTL.SEM_STAT_ANY && !ipcPermitted(task, set, READ)) return -ERRNO.EACCES;
  writeStruct(task.mm, SEMID_DS, address, {
    sem_perm: permStruct(set),
    sem_otime: set.semaphores.reduce((latest, { otime }) => Math.max(latest, otime), 0),
    sem_ctime: set.ctime,
    sem_nsems: set.semaphores.length,
  });
  return byId ? 0 : set.id;
};

const change = (kernel: Kernel, task: Task, id: number, command: number, address: number): number => {
  const wanted = command === SEM_CTL.SET ? readStruct(task.mm, SEMID_DS, address) : null;
  const set = ipcObject(kernel.ipc.sem, id);
  if (typeof set === 'number') return set;
  if (!ipcOwned(task, set)) return -ERRNO.EPERM;
  if (wanted === null) {
    removeSet(kernel, set);
    return 0;
  }
  const error = setPerm(set, wanted.sem_perm);
  if (error === 0) set.ctime = nowSeconds(kernel);
  return error;
};

const assign = (kernel: Kernel, task: Task, set: SemaphoreSet, number: number, value: number): void => {
  const semaphore = set.semaphores[number]!;
  clearAdjustments(set, number);
  semaphore.value = value;
  semaphore.pid = task.group.tgid;
  set.ctime = nowSeconds(kernel);
};

/** SETVAL: the value is the argument itself. */
const setValue = (kernel: Kernel, task: Task, id: number, number: number, value: number): number => {
  if (value < 0 || value > SEMVMX) return -ERRNO.ERANGE;
  const set = ipcObject(kernel.ipc.sem, id);
  if (typeof set === 'number') return set;
  if (number < 0 || number >= set.semaphores.length) return -ERRNO.EINVAL;
  if (!ipcPermitted(task, set, WRITE)) return -ERRNO.EACCES;
  assign(kernel, task, set, number, value);
  updateQueues(kernel, set, null, false);
  return 0;
};

const values = (kernel: Kernel, task: Task, id: number, number: number, command: number, address: number): number => {
  const set = ipcObject(kernel.ipc.sem, id);
  if (typeof set === 'number') return set;
  if (!ipcPermitted(task, set, command === SEM_CTL.SETALL ? WRITE : READ)) return -ERRNO.EACCES;
  if (command === SEM_CTL.GETALL) {
    const all = Uint16Array.from(set.semaphores, ({ value }) => value);
    copyToUser(task.mm, address, new Uint8Array(all.buffer));
    return 0;
  }
  if (command === SEM_CTL.SETALL) {
    const bytes = copyFromUser(task.mm, address, set.semaphores.length * 2);
    const wanted = new Uint16Array(bytes.slice().buffer);
    if (wanted.some((value) => value > SEMVMX)) return -ERRNO.ERANGE;
    for (const [at, value] of wanted.entries()) assign(kernel, task, set, at, value);
    updateQueues(kernel, set, null, false);
    return 0;
  }
  const semaphore = set.semaphores[number];
  if (semaphore === undefined) return -ERRNO.EINVAL;
  switch (command) {
    case SEM_CTL.GETVAL:
      return semaphore.value;
    case SEM_CTL.GETPID:
      return semaphore.pid;
    default:
      return sleepersOn(set, number, command === SEM_CTL.GETZCNT);
  }
};

const semctl = (kernel: Kernel, task: Task, id: number, number: number, command: number, argument: number): number => {
  if (id < 0) return -ERRNO.EINVAL;
  switch (command) {
    case SEM_CTL.INFO:
    case SEM_CTL.SEM_INFO:
      return info(kernel, task, command, argument);
    case SEM_CTL.STAT:
    case SEM_CTL.SEM_STAT:
    case SEM_CTL.SEM_STAT_ANY:
      return stat(kernel, task, id, command, argument);
    case SEM_CTL.SET:
    case SEM_CTL.RMID:
      return change(kernel, task, id, command, argument);
    case SEM_CTL.SETVAL:
      return setValue(kernel, task, id, number, Number(BigInt.asIntN(32, BigInt(argument))));
    case SEM_CTL.GETALL:
    case SEM_CTL.SETALL:
    case SEM_CTL.GETVAL:
    case SEM_CTL.GETPID:
    case SEM_CTL.GETNCNT:
    case SEM_CTL.GETZCNT:
      return values(kernel, task, id, number, command, argument);
    default:
      return -ERRNO.EINVAL;
  }
};

export const semSyscalls: readonly SyscallRow[] = [
  syscall(
    64,
    'semget',
    [
      ['key', arg.ipcKey],
      ['nsems', arg.int],
      ['semflg', arg.semgetFlags],
    ],
    semget,
  ),
  syscall(
    65,
    'semop',
    [
      ['semid', arg.int],
      ['sops', arg.sembufs],
      ['nsops', arg.unsigned],
    ],
    semop,
  ),
  syscall(
    66,
    'semctl',
    [
      ['semid', arg.int],
      ['semnum', arg.int],
      ['cmd', arg.semctlCommand],
      ['arg', arg.semctlArgument],
    ],
    semctl,
  ),
  syscall(
    220,
    'semtimedop',
    [
      ['semid', arg.int],
      ['sops', arg.sembufs],
      ['nsops', arg.unsigned],
      ['timeout', arg.timespec],
    ],
    semtimedop,
  ),
];
