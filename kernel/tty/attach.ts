/** Opening terminals (drivers/tty/tty_io.c, tty_open). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { hasTerminal } from './console.ts';
import { setControllingTty } from './control.ts';
import { newTtyState } from './file.ts';
import type { Tty } from './tty.ts';

/** The file is one more on its terminal, and may make that the session's. `state` is set here. */
export const attachTty = (task: Task, file: OpenFile, tty: Tty, noctty: boolean, stderr = false): void => {
  file.state = newTtyState(tty, stderr);
  tty.opens++;
  tty.everOpened = true;
  const { group } = task;
  if (!noctty && tty.kind !== 'master' && group.sessionLeader && group.tty === null && tty.session === 0)
    setControllingTty(task, tty);
};

/** Whether a terminal may be opened now: 0 or -errno (tty_reopen, pty_unix98_open). */
export const mayOpenTty = (kernel: Kernel, task: Task, tty: Tty): number => {
  if (tty.kind === 'console') {
    if (!hasTerminal(kernel)) return -ERRNO.ENXIO;
  } else if (tty.link === null || tty.locked || tty.link.opens === 0) {
    return -ERRNO.EIO;
  }
  return tty.exclusive && tty.opens > 0 && !capable(task.cred, CAP.SYS_ADMIN) ? -ERRNO.EBUSY : 0;
};
