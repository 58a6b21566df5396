/** Pseudo-terminals: /dev/ptmx makes a pair, whose slave appears in /dev/pts (drivers/tty/pty.c, fs/devpts; pts(4)). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { S } from '../abi/stat.ts';
import { installFile } from '../fs/descriptors.ts';
import { newOpenFile } from '../fs/inode.ts';
import type { FileOperations, Inode } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { attachTty, mayOpenTty } from './attach.ts';
import { newTty, type Tty, ttyDevice } from './tty.ts';

/** /proc/sys/kernel/pty/max. */
const PTY_MAX = 4096;
/** Group `tty`, to which slaves belong, so that its members may write to them (the mount option gid=5). */
const TTY_GROUP = 5;

/** Both ends of a new pair, the slave locked; -ENOSPC if there are too many. Number 0 is the machine's own terminal. */
export const newPty = (kernel: Kernel, task: Task): Tty | number => {
  const { vfs } = kernel;
  let index = 1;
  while (vfs.ptys.has(index)) index++;
  if (index >= PTY_MAX) return -ERRNO.ENOSPC;
  const master = newTty('master', index);
  const slave = newTty('slave', index);
  master.link = slave;
  slave.link = master;
  slave.locked = true;
  const { fsuid: uid } = task.cred;
  const node = vfs.devpts.ops.create!(kernel, vfs.devpts, String(index), S.IFCHR | 0o620, ttyDevice(slave), {
    uid,
    gid: TTY_GROUP,
  });
  if (typeof node === 'number') return node;
  vfs.ptys.set(index, { slave, node });
  return master;
};

/** The master was closed: the slave's name goes. Files that are open on it stay, and are dead. */
export const removePty = (kernel: Kernel, master: Tty): void => {
  const { vfs } = kernel;
  const entry = vfs.ptys.get(master.index);
  if (entry === undefined) return;
  vfs.ptys.delete(master.index);
  vfs.devpts.ops.unlink!(kernel, vfs.devpts, String(master.index), entry.node);
};

/** The slave with this number; undefined if there is none. */
export const slaveOf = (kernel: Kernel, index: number): Tty | undefined => kernel.vfs.ptys.get(index)?.slave;

/** TIOCGPTPEER: the slave by its master, even where /dev/pts cannot be seen. `ops` are those of terminals. */
export const openPeer = (kernel: Kernel, task: Task, ops: FileOperations, slave: Tty, flags: number): number => {
  const entry = kernel.vfs.ptys.get(slave.index);
  if (entry === undefined) return -ERRNO.EIO;
  // The lock is for those who open by name.
  const error = mayOpenTty(kernel, task, { ...slave, locked: false });
  if (error !== 0) return error;
  const kept = flags & (O.ACCMODE | O.NONBLOCK);
  const file = newOpenFile(ops, entry.node, `/dev/pts/${slave.index}`, kept);
  attachTty(task, file, slave, (flags & O.NOCTTY) !== 0);
  return installFile(kernel, task, file, (flags & O.CLOEXEC) !== 0);
};

/** What `vfs.ptys` holds of a pair. */
export interface PtyEntry {
  slave: Tty;
  node: Inode;
}
