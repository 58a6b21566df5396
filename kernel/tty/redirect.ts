/** TIOCCONS: what is written to the console goes to another terminal (drivers/tty/tty_io.c, tioccons). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { makedev } from '../abi/stat.ts';
import { fput, isWritable } from '../fs/inode.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import type { TtyState } from './file.ts';
import type { Tty } from './tty.ts';

const DEV_CONSOLE = makedev(5, 1);

/** Opened as /dev/console. */
const isConsole = ({ inode }: OpenFile): boolean => inode.rdev === DEV_CONSOLE;

/** Where a write to the file goes: the terminal that took the console's place, or the file itself. */
export const redirected = (kernel: Kernel, file: OpenFile): OpenFile =>
  isConsole(file) ? (kernel.vfs.redirect ?? file) : file;

/** Asked of /dev/console it ends, of another terminal it begins. */
export const redirectConsole = (kernel: Kernel, task: Task, file: OpenFile): number => {
  const { vfs } = kernel;
  if ((file.state as TtyState).tty.kind === 'master') return -ERRNO.EINVAL;
  if (!capable(task.cred, CAP.SYS_ADMIN)) return -ERRNO.EPERM;
  if (isConsole(file)) {
    if (vfs.redirect !== null) endRedirect(kernel, (vfs.redirect.state as TtyState).tty);
    return 0;
  }
  if (!isWritable(file)) return -ERRNO.EBADF;
  if (vfs.redirect !== null) return -ERRNO.EBUSY;
  file.refs++;
  vfs.redirect = file;
  return 0;
};

/** The terminal hung up: it stands for the console no more. */
export const endRedirect = (kernel: Kernel, tty: Tty): void => {
  const { redirect } = kernel.vfs;
  if (redirect === null || (redirect.state as TtyState).tty !== tty) return;
  kernel.vfs.redirect = null;
  fput(kernel, redirect);
};
