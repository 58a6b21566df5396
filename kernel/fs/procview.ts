/** What several files of /proc ask about tasks and open files. */
import type { Task } from '../task/task.ts';
import type { OpenFile } from './types.ts';

/** Dead, but not yet waited for: memory and files are gone. */
export const isGone = (task: Task): boolean => task.state === 'zombie' || task.state === 'dead';

/** The path as links of /proc show it. */
export const shownPath = (file: OpenFile): string =>
  (file.inode.nlink === 0 || file.unlinked) && !file.path.endsWith(' (deleted)') ? `${file.path} (deleted)` : file.path;
