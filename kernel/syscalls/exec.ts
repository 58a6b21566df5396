/** execve(2), execveat(2). */
import { ERRNO } from '../abi/errno.ts';
import { AT, PATH_MAX } from '../abi/fcntl.ts';
import type { Kernel } from '../kernel.ts';
import { readCString } from '../mm/user.ts';
import { AT_EXECVE_CHECK, doExecve } from '../process/exec.ts';
import type { Task } from '../task/task.ts';
import { REGISTERS_SET } from '../task/wait.ts';
import * as arg from './args.ts';
import { type SyscallRow, syscall } from './row.ts';

const KNOWN_FLAGS = AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH | AT_EXECVE_CHECK;

const execveat = (
  kernel: Kernel,
  task: Task,
  dirfd: number,
  pathname: number,
  argv: number,
  envp: number,
  flags: number,
): number => {
  const path = readCString(task.mm, pathname, PATH_MAX);
  if (path === null) return -ERRNO.ENAMETOOLONG;
  if (path === '' && !(flags & AT.EMPTY_PATH)) return -ERRNO.ENOENT;
  if (flags & ~KNOWN_FLAGS) return -ERRNO.EINVAL;
  const { mm } = task;
  const error = doExecve(kernel, task, {
    dirfd,
    path,
    flags,
    argv: { kind: 'user', mm, address: argv },
    envp: { kind: 'user', mm, address: envp },
  });
  return error === 0 && !(flags & AT_EXECVE_CHECK) ? REGISTERS_SET : error;
};

export const execSyscalls: readonly SyscallRow[] = [
  syscall(
    59,
    'execve',
    [
      ['pathname', arg.path],
      ['argv', arg.argv],
      ['envp', arg.envp],
    ],
    (kernel, task, path, argv, envp) => execveat(kernel, task, AT.FDCWD, path, argv, envp, 0),
  ),
  syscall(
    322,
    'execveat',
    [
      ['dirfd', arg.dirfd],
      ['pathname', arg.path],
      ['argv', arg.argv],
      ['envp', arg.envp],
      ['flags', arg.atFlags],
    ],
    execveat,
  ),
];
