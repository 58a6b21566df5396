/** System V shared memory: shmget(2), shmat(2), shmdt(2), shmctl(2). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { SHM, SHM_CTL, SHM_INFO, SHMID_DS, SHMINFO } from '../abi/ipc.ts';
import { RLIMIT } from '../abi/resource.ts';
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
import { attaches, removeSegment, shmat, shmdt, shmget, totalPages } from '../ipc/shm.ts';
import type { Kernel } from '../kernel.ts';
import { readStruct, writeStruct } from '../mm/user.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

const limits = (kernel: Kernel, task: Task, address: number): number => {
  const { shm } = kernel.ipc;
  const { shmmax, shmmni, shmall } = kernel.ipc.limits;
  const segments = BigInt(shmmni);
  writeStruct(task.mm, SHMINFO, address, { shmmax, shmmin: 1n, shmmni: segments, shmseg: segments, shmall });
  return highestSlot(shm);
};

const usage = (kernel: Kernel, task: Task, address: number): number => {
  const { shm } = kernel.ipc;
  const segments = [...shm.slots.values()];
  writeStruct(task.mm, SHM_INFO, address, {
    used_ids: segments.length,
    shm_tot: totalPages(kernel),
    shm_rss: segments.reduce((total, { pages }) => total + pages.pages.size, 0),
  });
  return highestSlot(shm);
};

const stat = (kernel: Kernel, task: Task, id: number, command: number, address: number): number => {
  const { shm } = kernel.ipc;
  const byId = command === SHM_CTL.STAT;
  const segment = byId ? ipcObject(shm, id) : ipcObjectAt(shm, id);
  if (typeof segment === 'number') return segment;
  if (command !== SHM_CTL.SHM_STAT_ANY && !ipcPermitted(task, segment, READ)) return -ERRNO.EACCES;
  writeStruct(task.mm, SHMID_DS, address, {
    shm_perm: permStruct(segment),
    shm_segsz: segment.size,
    ...{ shm_atime: segment.atime, shm_dtime: segment.dtime, shm_ctime: segment.ctime },
    ...{ shm_cpid: segment.cpid, shm_lpid: segment.lpid, shm_nattch: attaches(segment) },
  });
  return byId ? 0 : segment.id;
};

const change = (kernel: Kernel, task: Task, id: number, command: number, address: number): number => {
  const wanted = command === SHM_CTL.SET ? readStruct(task.mm, SHMID_DS, address) : null;
  const segment = ipcObject(kernel.ipc.shm, id);
  if (typeof segment === 'number') return segment;
  if (!ipcOwned(task, segment)) return -ERRNO.EPERM;
  if (wanted === null) {
    removeSegment(kernel, segment);
    return 0;
  }
  const error = setPerm(segment, wanted.shm_perm);
  if (error === 0) segment.ctime = nowSeconds(kernel);
  return error;
};

/** SHM_LOCK and SHM_UNLOCK: nothing is ever swapped out, so only the mark changes. */
const lock = (kernel: Kernel, task: Task, id: number, command: number): number => {
  const segment = ipcObject(kernel.ipc.shm, id);
  if (typeof segment === 'number') return segment;
  const { cred, group } = task;
  if (!capable(cred, CAP.IPC_LOCK)) {
    if (cred.euid !== segment.uid && cred.euid !== segment.cuid) return -ERRNO.EPERM;
    if (command === SHM_CTL.SHM_LOCK && group.rlimits[RLIMIT.MEMLOCK]!.soft === 0) return -ERRNO.EPERM;
  }
  if (command === SHM_CTL.SHM_LOCK) segment.mode |= SHM.LOCKED;
  else segment.mode &= ~SHM.LOCKED;
  return 0;
};

const shmctl = (kernel: Kernel, task: Task, id: number, command: number, address: number): number => {
  if (command < 0 || id < 0) return -ERRNO.EINVAL;
  switch (command) {
    case SHM_CTL.INFO:
      return limits(kernel, task, address);
    case SHM_CTL.SHM_INFO:
      return usage(kernel, task, address);
    case SHM_CTL.STAT:
    case SHM_CTL.SHM_STAT:
    case SHM_CTL.SHM_STAT_ANY:
      return stat(kernel, task, id, command, address);
    case SHM_CTL.SET:
    case SHM_CTL.RMID:
      return change(kernel, task, id, command, address);
    case SHM_CTL.SHM_LOCK:
    case SHM_CTL.SHM_UNLOCK:
      return lock(kernel, task, id, command);
    default:
      return -ERRNO.EINVAL;
  }
};

export const shmSyscalls: readonly SyscallRow[] = [
  syscall(
    29,
    'shmget',
    [
      ['key', arg.ipcKey],
      ['size', arg.size],
      ['shmflg', arg.shmgetFlags],
    ],
    shmget,
    'no huge pages',
  ),
  syscall(
    30,
    'shmat',
    [
      ['shmid', arg.int],
      ['shmaddr', arg.pointer],
      ['shmflg', arg.shmatFlags],
    ],
    shmat,
  ),
  syscall(
    31,
    'shmctl',
    [
      ['shmid', arg.int],
      ['cmd', arg.shmctlCommand],
      ['buf', arg.shmidDs],
    ],
    shmctl,
  ),
  syscall(67, 'shmdt', [['shmaddr', arg.pointer]], (_kernel, task, address) => shmdt(task, address)),
];
