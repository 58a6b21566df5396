/** Process groups and sessions (kernel/sys.c). All return a value or -errno. */
import { ERRNO } from '../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { processes, processGroup } from '../task/pids.ts';
import type { Task } from '../task/task.ts';

/** setpgid(2). */
export const setpgid = (kernel: Kernel, task: Task, pid: number, pgid: number): number => {
  const { leader } = task.group;
  const target = kernel.tasks.get(pid === 0 ? leader.pid : pid);
  const id = pgid === 0 ? (pid === 0 ? leader.pid : pid) : pgid;
  if (id < 0) return -ERRNO.EINVAL;
  if (target === undefined) return -ERRNO.ESRCH;
  if (target.group.leader !== target) return -ERRNO.EINVAL;
  if (target.parent !== null && target.parent.group === task.group) {
    if (target.group.sid !== task.group.sid) return -ERRNO.EPERM;
    if (target.group.execd) return -ERRNO.EACCES;
  } else if (target !== leader) {
    return -ERRNO.ESRCH;
  }
  if (target.group.sessionLeader) return -ERRNO.EPERM;
  if (id !== target.pid) {
    const [member] = processGroup(kernel, id);
    if (member === undefined || member.group.sid !== task.group.sid) return -ERRNO.EPERM;
  }
  target.group.pgid = id;
  return 0;
};

/** The task that getpgid(2) and getsid(2) ask for; undefined is ESRCH. */
const asked = (kernel: Kernel, task: Task, pid: number): Task | undefined => (pid === 0 ? task : kernel.tasks.get(pid));

export const getpgid = (kernel: Kernel, task: Task, pid: number): number =>
  asked(kernel, task, pid)?.group.pgid ?? -ERRNO.ESRCH;

export const getsid = (kernel: Kernel, task: Task, pid: number): number =>
  asked(kernel, task, pid)?.group.sid ?? -ERRNO.ESRCH;

/** setsid(2): the caller must not lead a group, alive or not. */
export const setsid = (kernel: Kernel, task: Task): number => {
  const { group } = task;
  if (group.sessionLeader) return -ERRNO.EPERM;
  for (const process of processes(kernel)) if (process.group.pgid === group.tgid) return -ERRNO.EPERM;
  group.sessionLeader = true;
  group.tty = null;
  group.sid = group.tgid;
  group.pgid = group.tgid;
  return group.sid;
};
