/** Whom a file tells of input and output: fcntl(2) F_SETOWN, F_SETOWN_EX, F_SETSIG and their counterparts (fs/fcntl.c). */
import { ERRNO } from '../abi/errno.ts';
import { DN, F, F_OWNER, fOwnerEx } from '../abi/fcntl.ts';
import { NSIG } from '../abi/signal.ts';
import { setNote } from '../fs/dnotify.ts';
import type { FileOwner } from '../fs/fasync.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { putUser32, readStruct, writeStruct } from '../mm/user.ts';
import { processGroup } from '../task/pids.ts';
import type { Task } from '../task/task.ts';

const ownerOf = (file: OpenFile): FileOwner => {
  file.owner ??= { type: F_OWNER.PID, id: 0, uid: 0, euid: 0, signo: 0 };
  return file.owner;
};

/** Ids that no one has: 0 takes the owner away (f_setown). */
const setOwner = (kernel: Kernel, task: Task, file: OpenFile, type: number, id: number): number => {
  if (id !== 0) {
    const there = type === F_OWNER.PGRP ? [...processGroup(kernel, id)].length > 0 : kernel.tasks.has(id);
    if (!there) return -ERRNO.ESRCH;
  }
  const { uid, euid } = id === 0 ? ownerOf(file) : task.cred;
  file.owner = { type, id, uid, euid, signo: file.owner?.signo ?? 0 };
  return 0;
};

/** F_NOTIFY: the process that asks is told, whoever was before. */
export const notifyDirectory = (kernel: Kernel, task: Task, file: OpenFile, fd: number, argument: number): number => {
  const mask = Number(BigInt.asIntN(32, BigInt(argument)));
  const result = setNote(kernel, { file, fd, files: task.files, mask });
  const asked = (mask & ~DN.MULTISHOT) !== 0;
  return result === 0 && asked ? setOwner(kernel, task, file, F_OWNER.PID, task.group.tgid) : result;
};

/** The owner's id, 0 once it is gone. */
const livingOwner = (kernel: Kernel, { type, id }: FileOwner): number =>
  type === F_OWNER.PGRP ? ([...processGroup(kernel, id)].length > 0 ? id : 0) : kernel.tasks.has(id) ? id : 0;

export const fileOwner = (kernel: Kernel, task: Task, file: OpenFile, command: number, argument: number): number => {
  const owner = ownerOf(file);
  switch (command) {
    case F.GETOWN: {
      const id = livingOwner(kernel, owner);
      return owner.type === F_OWNER.PGRP ? -id : id;
    }
    case F.SETOWN: {
      const id = Number(BigInt.asIntN(32, BigInt(argument)));
      if (id === -2147483648) return -ERRNO.EINVAL;
      return setOwner(kernel, task, file, id < 0 ? F_OWNER.PGRP : F_OWNER.PID, Math.abs(id));
    }
    case F.GETOWN_EX:
      writeStruct(task.mm, fOwnerEx, argument, { type: owner.type, pid: livingOwner(kernel, owner) });
      return 0;
    case F.GETOWNER_UIDS:
      putUser32(task.mm, argument, owner.uid);
      putUser32(task.mm, argument + 4, owner.euid);
      return 0;
    case F.SETOWN_EX: {
      const { type, pid } = readStruct(task.mm, fOwnerEx, argument);
      if (type < F_OWNER.TID || type > F_OWNER.PGRP) return -ERRNO.EINVAL;
      return setOwner(kernel, task, file, type, pid);
    }
    case F.SETSIG:
      if (argument < 0 || argument > NSIG) return -ERRNO.EINVAL;
      owner.signo = argument;
      return 0;
    default:
      return owner.signo;
  }
};
