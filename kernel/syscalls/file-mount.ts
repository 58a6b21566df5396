/** Mounting is the user's business, before the guest starts: mount(2), umount2(2), pivot_root(2). */
import { ERRNO } from '../abi/errno.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

const REFUSED = 'always EPERM: what is mounted is given when the machine starts';

export const fileMountSyscalls: readonly SyscallRow[] = [
  syscall(
    155,
    'pivot_root',
    [
      ['new_root', arg.path],
      ['put_old', arg.path],
    ],
    () => -ERRNO.EPERM,
    REFUSED,
  ),
  syscall(
    165,
    'mount',
    [
      ['source', arg.path],
      ['target', arg.path],
      ['type', arg.path],
      ['flags', arg.ulong],
      ['data', arg.pointer],
    ],
    () => -ERRNO.EPERM,
    REFUSED,
  ),
  syscall(
    166,
    'umount2',
    [
      ['target', arg.path],
      ['flags', arg.flags],
    ],
    () => -ERRNO.EPERM,
    REFUSED,
  ),
];
