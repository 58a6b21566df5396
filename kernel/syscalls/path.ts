/** Paths from guest memory. */
import { ERRNO } from '../abi/errno.ts';
import { PATH_MAX } from '../abi/fcntl.ts';
import { readCString } from '../mm/user.ts';
import type { Task } from '../task/task.ts';

/** The path at an address, or -ENAMETOOLONG (getname). Throws `UserFault`. An empty one is for the walk to refuse. */
export const userPath = (task: Task, address: number): string | number =>
  readCString(task.mm, address, PATH_MAX) ?? -ERRNO.ENAMETOOLONG;

/** Runs `use` with the path at an address. */
export const withPath = (task: Task, address: number, use: (path: string) => number): number => {
  const path = userPath(task, address);
  return typeof path === 'number' ? path : use(path);
};

/** The same for two. */
export const withPaths = (
  task: Task,
  first: number,
  second: number,
  use: (first: string, second: string) => number,
): number => withPath(task, first, (a) => withPath(task, second, (b) => use(a, b)));
