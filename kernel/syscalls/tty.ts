/** vhangup(2) (drivers/tty/tty_io.c). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { hangUp } from '../tty/control.ts';
import { type SyscallRow, syscall } from './row.ts';

/** The terminal of one's session hangs up, if there is one (tty_vhangup_self). */
const vhangup = (kernel: Kernel, task: Task): number => {
  if (!capable(task.cred, CAP.SYS_TTY_CONFIG)) return -ERRNO.EPERM;
  const { tty } = task.group;
  if (tty !== null) hangUp(kernel, tty);
  return 0;
};

export const ttySyscalls: readonly SyscallRow[] = [syscall(153, 'vhangup', [], vhangup)];
