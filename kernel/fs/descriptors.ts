/** Descriptors: the table of a process, and what fork, exec and exit do with it (fs/file.c). */
import { ERRNO } from '../abi/errno.ts';
import { RLIMIT } from '../abi/resource.ts';
import type { Kernel } from '../kernel.ts';
import type { FileDescriptor, FileTable, Task } from '../task/task.ts';
import type { Wait } from '../task/wait.ts';
import { dropNotes } from './dnotify.ts';
import { fput } from './inode.ts';
import { releasePosixLocks } from './locks.ts';
import { isPathFile } from './open.ts';
import type { OpenFile } from './types.ts';

/** Hard ceiling of any table (sysctl fs.nr_open). */
export const NR_OPEN = 1 << 20;

/** What a call that has slept was given, though another thread closed the descriptor since. */
const heldFile = ({ wait }: Task, fd: number): OpenFile | undefined =>
  wait === null || wait.held === null ? undefined : wait.held.find((held) => held.fd === fd)?.file;

/** Threads that sleep in calls on a descriptor which is closed go on with its file, as fdget holds it. */
const holdForSleepers = (task: Task, fd: number, file: OpenFile): void => {
  for (const { files, inSyscall, wait } of task.group.threads) {
    if (files !== task.files || !inSyscall || wait === null || !wait.descriptors?.includes(fd)) continue;
    if (wait.held?.some((held) => held.fd === fd)) continue;
    wait.held ??= [];
    wait.held.push({ fd, file });
    file.refs++;
  }
};

/** The call is over. */
export const releaseHeld = (kernel: Kernel, wait: Wait): void => {
  const { held } = wait;
  wait.held = null;
  for (const { file } of held ?? []) fput(kernel, file);
};

/** The open file of a descriptor; undefined is EBADF. O_PATH descriptors count only with `path` (fdget_raw). */
export const getFile = (task: Task, fd: number, path = false): OpenFile | undefined => {
  const file = heldFile(task, fd) ?? task.files.entries[fd]?.file;
  return file !== undefined && !path && isPathFile(file) ? undefined : file;
};

/** How many descriptors the process may have. */
export const descriptorLimit = (task: Task): number => Math.min(task.group.rlimits[RLIMIT.NOFILE]!.soft, NR_OPEN);

/** The lowest free descriptor from `from` on, or -EMFILE. */
export const lowestFree = (task: Task, from = 0): number => {
  const { entries } = task.files;
  let fd = from;
  while (entries[fd] !== undefined) fd++;
  return fd < descriptorLimit(task) ? fd : -ERRNO.EMFILE;
};

/** Puts an open file, whose reference it takes over, under the lowest descriptor. -EMFILE drops the file. */
export const installFile = (kernel: Kernel, task: Task, file: OpenFile, closeOnExec: boolean, from = 0): number => {
  const fd = lowestFree(task, from);
  if (fd < 0) fput(kernel, file);
  else setEntry(task.files, fd, { file, closeOnExec });
  return fd;
};

/** Puts an open file under a descriptor of the caller's choice, closing what is there. */
export const replaceFile = (kernel: Kernel, task: Task, fd: number, file: OpenFile, closeOnExec: boolean): void => {
  closeFile(kernel, task, fd);
  setEntry(task.files, fd, { file, closeOnExec });
};

const setEntry = (table: FileTable, fd: number, entry: FileDescriptor): void => {
  // Without holes in the array: `undefined` is a free descriptor.
  while (table.entries.length < fd) table.entries.push(undefined);
  table.entries[fd] = entry;
};

/** Closes a descriptor: 0 or -EBADF. Record locks of the process on the file go with any of its descriptors (fcntl(2)). */
export const closeFile = (kernel: Kernel, task: Task, fd: number): number => {
  const { entries } = task.files;
  const entry = entries[fd];
  if (entry === undefined) return -ERRNO.EBADF;
  if (task.group.threads.length > 1) holdForSleepers(task, fd, entry.file);
  entries[fd] = undefined;
  while (entries.length > 0 && entries[entries.length - 1] === undefined) entries.pop();
  dropEntry(kernel, task.files, entry);
  return 0;
};

const dropEntry = (kernel: Kernel, table: FileTable, entry: FileDescriptor): void => {
  if (!isPathFile(entry.file)) {
    entry.file.ops.flush?.(kernel, entry.file);
    releasePosixLocks(kernel, entry.file.inode, table);
    if (entry.file.inode.notes !== undefined) dropNotes(kernel, entry.file, table);
  }
  fput(kernel, entry.file);
};

/** A copy for fork(2): the same open files under the same descriptors. */
export const dupFiles = (table: FileTable): FileTable => ({
  entries: table.entries.map((entry) => {
    if (entry === undefined) return undefined;
    entry.file.refs++;
    return { ...entry };
  }),
});

/** The last user of a table went: everything in it is closed (exit). */
export const closeAllFiles = (kernel: Kernel, table: FileTable): void => {
  const { entries } = table;
  table.entries = [];
  for (const entry of entries) if (entry !== undefined) dropEntry(kernel, table, entry);
};

/** execve(2) closes what is marked so. The table is the task's own by then. */
export const closeOnExec = (kernel: Kernel, table: FileTable): void => {
  for (const [fd, entry] of table.entries.entries()) {
    if (!entry?.closeOnExec) continue;
    table.entries[fd] = undefined;
    dropEntry(kernel, table, entry);
  }
};
