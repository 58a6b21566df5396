/** Namespaces as files (fs/nsfs.c, fs/proc/namespaces.c; namespaces(7), ioctl_nsfs(2)). There is one of each kind. */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { CLONE, CLONE_NEWTIME, NS_IOCTL, PIDFD_NS_IOCTL } from '../abi/process.ts';
import { S } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { putUser32, putUser64 } from '../mm/user.ts';
import { ptraceMayAccess } from '../task/access.ts';
import type { Task } from '../task/task.ts';
import { installFile, lowestFree } from './descriptors.ts';
import { extendInode, newInode, newOpenFile, releaseFile } from './inode.ts';
import { isGone } from './procview.ts';
import type { FileOperations, Inode, InodeOperations, Location, OpenFile } from './types.ts';

/** CLONE_NEW* of the kind, and the numbers that the first of each has for good (PROC_UTS_INIT_INO and its like). */
const KINDS = {
  uts: { flag: CLONE.NEWUTS, ino: 0xeffffffe, id: 1n },
  time: { flag: CLONE_NEWTIME, ino: 0xeffffffa, id: 2n },
  net: { flag: CLONE.NEWNET, ino: 0xeffffff9, id: 3n },
  mnt: { flag: CLONE.NEWNS, ino: 0xeffffff8, id: 4n },
  cgroup: { flag: CLONE.NEWCGROUP, ino: 0xeffffffb, id: 5n },
  pid: { flag: CLONE.NEWPID, ino: 0xeffffffc, id: 6n },
  ipc: { flag: CLONE.NEWIPC, ino: 0xefffffff, id: 7n },
  user: { flag: CLONE.NEWUSER, ino: 0xeffffffd, id: 8n },
} as const;
type Kind = keyof typeof KINDS;

interface NamespaceInode extends Inode {
  readonly namespace: Kind;
}

/** Names in /proc/PID/ns, in the order of its listing, and their kinds. */
export const NAMESPACE_LINKS: readonly (readonly [name: string, kind: Kind])[] = [
  ...([['net', 'net'] as const, ['uts', 'uts'] as const, ['ipc', 'ipc'] as const, ['pid', 'pid'] as const] as const),
  ...([['pid_for_children', 'pid'] as const, ['user', 'user'] as const, ['mnt', 'mnt'] as const] as const),
  ...([['cgroup', 'cgroup'] as const, ['time', 'time'] as const, ['time_for_children', 'time'] as const] as const),
];

/** Those that an ioctl of a pidfd opens. */
const BY_IOCTL: Readonly<Record<number, Kind>> = {
  [PIDFD_NS_IOCTL.CGROUP]: 'cgroup',
  [PIDFD_NS_IOCTL.IPC]: 'ipc',
  [PIDFD_NS_IOCTL.MNT]: 'mnt',
  [PIDFD_NS_IOCTL.NET]: 'net',
  [PIDFD_NS_IOCTL.PID]: 'pid',
  [PIDFD_NS_IOCTL.PID_FOR_CHILDREN]: 'pid',
  [PIDFD_NS_IOCTL.TIME]: 'time',
  [PIDFD_NS_IOCTL.TIME_FOR_CHILDREN]: 'time',
  [PIDFD_NS_IOCTL.USER]: 'user',
  [PIDFD_NS_IOCTL.UTS]: 'uts',
};

const kindOf = (file: OpenFile): Kind => (file.inode as NamespaceInode).namespace;

/** A process by its number, or by that in the namespace, of which there is one. */
const translate = (kernel: Kernel, kind: Kind, pid: number, process: boolean): number => {
  if (kind !== 'pid') return -ERRNO.EINVAL;
  const task = kernel.tasks.get(pid | 0);
  return task === undefined ? -ERRNO.ESRCH : process ? task.group.tgid : task.pid;
};

const ioctl: FileOperations['ioctl'] = (kernel, task, file, request, argument) => {
  const kind = kindOf(file);
  switch (request) {
    case NS_IOCTL.GET_USERNS:
      // What owns the first user namespace is not for programs.
      return kind === 'user' ? -ERRNO.EPERM : openNamespace(kernel, task, 'user');
    case NS_IOCTL.GET_PARENT:
      return kind === 'user' || kind === 'pid' ? -ERRNO.EPERM : -ERRNO.EINVAL;
    case NS_IOCTL.GET_NSTYPE:
      return KINDS[kind].flag;
    case NS_IOCTL.GET_OWNER_UID:
      if (kind !== 'user') return -ERRNO.EINVAL;
      putUser32(task.mm, argument, 0);
      return 0;
    case NS_IOCTL.GET_PID_FROM_PIDNS:
    case NS_IOCTL.GET_PID_IN_PIDNS:
      return translate(kernel, kind, argument, false);
    case NS_IOCTL.GET_TGID_FROM_PIDNS:
    case NS_IOCTL.GET_TGID_IN_PIDNS:
      return translate(kernel, kind, argument, true);
    case NS_IOCTL.GET_MNTNS_ID:
      if (kind !== 'mnt') return -ERRNO.EINVAL;
      putUser64(task.mm, argument, KINDS.mnt.id);
      return 0;
    case NS_IOCTL.GET_ID:
      putUser64(task.mm, argument, KINDS[kind].id);
      return 0;
    default:
      return -ERRNO.ENOTTY;
  }
};

const namespaceFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'namespace',
  ioctl,
  release: releaseFile,
});

const namespaceInode: InodeOperations = Object.freeze<InodeOperations>({
  open: () => namespaceFile,
  setAttributes: () => -ERRNO.EPERM,
  blocks: () => 0,
});

/** The one of a kind, as a place. */
const place = (kernel: Kernel, kind: Kind): Location => {
  const { nsfs } = kernel.vfs;
  let inode = nsfs.inodes.get(kind);
  if (inode === undefined) {
    inode = extendInode(newInode(kernel, nsfs.sb, namespaceInode, S.IFREG | 0o444), {
      namespace: kind,
      immutable: true,
    });
    inode.ino = KINDS[kind].ino;
    nsfs.inodes.set(kind, inode);
  }
  return { inode, path: linkText(kind) };
};

const linkText = (kind: Kind): string => `${kind}:[${KINDS[kind].ino}]`;

/** Of who has ended only what its number means is known still. */
const isLost = (task: Task, name: string): boolean => isGone(task) && name !== 'user' && name !== 'pid';

/** What /proc/PID/ns/NAME says, for those who may look into the process; -errno (proc_ns_readlink). */
export const namespaceLink = (reader: Task, task: Task, name: string, kind: Kind): string | number => {
  if (!ptraceMayAccess(reader, task)) return -ERRNO.EACCES;
  return isLost(task, name) ? -ERRNO.ENOENT : linkText(kind);
};

/** Where it leads (proc_ns_get_link). */
export const followNamespace = (
  kernel: Kernel,
  reader: Task,
  task: Task,
  name: string,
  kind: Kind,
): Location | number => {
  if (!ptraceMayAccess(reader, task)) return -ERRNO.EACCES;
  return isLost(task, name) ? -ERRNO.ENOENT : place(kernel, kind);
};

const openNamespace = (kernel: Kernel, task: Task, kind: Kind): number => {
  const free = lowestFree(task);
  if (free < 0) return free;
  const { inode, path } = place(kernel, kind);
  return installFile(kernel, task, newOpenFile(namespaceFile, inode, path, O.RDONLY), true);
};

/** PIDFD_GET_*_NAMESPACE: a descriptor of the namespace that `target` is in; null for other requests (pidfd_ioctl). */
export const pidfdNamespace = (
  kernel: Kernel,
  task: Task,
  target: Task,
  request: number,
  argument: number,
): number | null => {
  const kind = BY_IOCTL[request];
  if (kind === undefined) return null;
  if (target.state === 'dead') return -ERRNO.ESRCH;
  if (argument !== 0) return -ERRNO.EINVAL;
  if (isGone(target)) return -ERRNO.ESRCH;
  return ptraceMayAccess(task, target) ? openNamespace(kernel, task, kind) : -ERRNO.EACCES;
};

/** CLONE_NEW* of a namespace's file; null for other files. */
export const namespaceFlag = (file: OpenFile): number | null =>
  file.ops === namespaceFile ? KINDS[kindOf(file)].flag : null;
