/**
 * Telling those who watch files what happens to them (fs/notify/). The calls here are made where things happen; `inotify.ts` is
 * what programs see of it. Without a watch in the whole machine each call returns at once.
 */
import { IN, IN_ALL_EVENTS } from '../abi/inotify.ts';
import { POLL_CODE } from '../abi/signal.ts';
import { isDir, S } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { type WaitQueue, wakeAll } from '../task/wait.ts';
import { RENAMED, signalDirectory } from './dnotify.ts';
import { type AsyncEntry, killFasync } from './fasync.ts';
import type { Inode, OpenFile } from './types.ts';

/** A queued event: struct inotify_event. */
export interface NotifyEvent {
  wd: number;
  mask: number;
  cookie: number;
  name: string;
}

/** An open file of inotify_init(2) (struct fsnotify_group). */
export interface NotifyGroup {
  events: NotifyEvent[];
  watches: Map<number, Watch>;
  lastWd: number;
  wait: WaitQueue;
  /** Who is told by signal (O_ASYNC). */
  asyncs: AsyncEntry[];
  /** Whose instances it counts among. */
  uid: number;
}

/** One group's interest in an inode (struct inotify_inode_mark). */
export interface Watch {
  group: NotifyGroup;
  wd: number;
  inode: Inode;
  /** IN_* that are wanted, with IN_EXCL_UNLINK and IN_ONESHOT. */
  mask: number;
}

/** What the machine keeps: `vfs.notify`. */
export interface NotifyState {
  /** Watches of all groups. */
  watches: number;
  /** Groups by user. */
  readonly groups: Map<number, number>;
  /** The last that bound two halves of a rename together. */
  cookie: number;
}

/** /proc/sys/fs/inotify. */
export const NOTIFY_LIMITS = { queued: 16_384, instances: 128, watches: 65_536 } as const;

export const newNotifyState = (): NotifyState => ({ watches: 0, groups: new Map(), cookie: 0 });

/** Puts an event into the queue, unless the last one there says the same, or the queue is full (fsnotify_insert_event). */
const queueEvent = (kernel: Kernel, group: NotifyGroup, event: NotifyEvent): void => {
  const { events } = group;
  const last = events[events.length - 1];
  if (events.length >= NOTIFY_LIMITS.queued) {
    if (last!.mask === IN.Q_OVERFLOW) return;
    events.push({ wd: -1, mask: IN.Q_OVERFLOW, cookie: 0, name: '' });
  } else {
    const same = last !== undefined && last.mask === event.mask && last.wd === event.wd && last.name === event.name;
    if (same && last.mask !== IN.IGNORED) return;
    events.push(event);
  }
  wakeAll(kernel, group.wait);
  if (group.asyncs.length > 0) killFasync(kernel, group.asyncs, POLL_CODE.IN);
};

/** The watch is no more, and its group hears of that (inotify_ignored_and_remove_idr). */
export const removeWatch = (kernel: Kernel, watch: Watch): void => {
  const { group, wd } = watch;
  queueEvent(kernel, group, { wd, mask: IN.IGNORED, cookie: 0, name: '' });
  forgetWatch(kernel, watch);
};

/** The same without a word: the group itself goes. */
export const forgetWatch = (kernel: Kernel, { group, wd, inode }: Watch): void => {
  group.watches.delete(wd);
  const left = inode.watches!.filter((other) => other.group !== group);
  if (left.length > 0) inode.watches = left;
  else delete inode.watches;
  kernel.vfs.notify.watches--;
};

/** inotify_handle_inode_event. */
const tell = (kernel: Kernel, inode: Inode, mask: number, name = '', cookie = 0): void => {
  signalDirectory(kernel, inode, mask);
  for (const watch of inode.watches ?? []) {
    if ((mask & watch.mask & IN_ALL_EVENTS) === 0) continue;
    queueEvent(kernel, watch.group, { wd: watch.wd, mask, cookie, name });
    if (watch.mask & IN.ONESHOT) removeWatch(kernel, watch);
  }
};

const directoryBit = ({ mode }: Inode): number => (isDir(mode) ? IN.ISDIR : 0);

/** Something happened to an inode itself (fsnotify_inode). */
export const notifyInode = (kernel: Kernel, inode: Inode, mask: number): void => {
  if (kernel.vfs.notify.watches === 0) return;
  const plain = (mask & (IN.MOVE_SELF | IN.DELETE_SELF)) !== 0;
  tell(kernel, inode, plain ? mask : mask | directoryBit(inode));
};

/** Something happened to a name in a directory (fsnotify_name). */
export const notifyName = (
  kernel: Kernel,
  directory: Inode,
  mask: number,
  name: string,
  subject: Inode,
  cookie = 0,
): void => {
  if (kernel.vfs.notify.watches !== 0) tell(kernel, directory, mask | directoryBit(subject), name, cookie);
};

/** The directory that a path's last name is in, by the names that it was reached by; null if they lead elsewhere by now. */
const directoryOf = (kernel: Kernel, path: string): Inode | null => {
  const names = path.split('/').slice(1, -1);
  const through = (inode: Inode): Inode => (inode.mounted === null ? inode : through(inode.mounted));
  let at = through(kernel.rootInode);
  for (const name of names) {
    const next = at.ops.lookup?.(kernel, kernel.current, at, name);
    if (next === undefined || typeof next === 'number' || (next.mode & S.IFMT) !== S.IFDIR) return null;
    at = through(next);
  }
  return at;
};

/** Something happened to what lies at a path: its directory is told, with the name, and then itself (fsnotify_dentry). */
export const notifyPath = (
  kernel: Kernel,
  { inode, path, unlinked = false }: { inode: Inode; path: string; unlinked?: boolean },
  mask: number,
): void => {
  if (kernel.vfs.notify.watches === 0 || !path.startsWith('/')) return;
  const directory = path === '/' ? null : directoryOf(kernel, path);
  if (directory !== null && directory !== inode && (directory.watches ?? directory.notes) !== undefined) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    const there = directory.ops.lookup?.(kernel, kernel.current, directory, name);
    const gone = unlinked || (there !== inode && inode.nlink === 0);
    if (there === inode || gone) {
      const bits = mask | directoryBit(inode);
      signalDirectory(kernel, directory, bits);
      for (const watch of directory.watches ?? []) {
        if (gone && watch.mask & IN.EXCL_UNLINK) continue;
        if ((bits & watch.mask & IN_ALL_EVENTS) === 0) continue;
        queueEvent(kernel, watch.group, { wd: watch.wd, mask: bits, cookie: 0, name });
        if (watch.mask & IN.ONESHOT) removeWatch(kernel, watch);
      }
    }
  }
  notifyInode(kernel, inode, mask);
};

/** Bytes were read from or written to an open file. */
export const notifyFile = (kernel: Kernel, file: OpenFile, mask: number): void => {
  if (kernel.vfs.notify.watches !== 0) notifyPath(kernel, file, mask);
};

/**
 * The last name and the last open file went: so do the watches (fsnotify_inoderemove). It is enough that nobody has it open
 * by that name (`unused`), for the kernel asks when a name goes, not a file.
 */
export const notifyGone = (kernel: Kernel, inode: Inode, unused = false): void => {
  if (inode.watches === undefined || inode.nlink > 0 || (inode.opens > 0 && !unused)) return;
  notifyInode(kernel, inode, IN.DELETE_SELF);
  for (const watch of inode.watches ?? []) removeWatch(kernel, watch);
};

/** A name became another (fsnotify_move). */
export const notifyMove = (
  kernel: Kernel,
  moved: Inode,
  from: { directory: Inode; name: string },
  to: { directory: Inode; name: string },
  replaced: Inode | null,
): void => {
  const { notify } = kernel.vfs;
  if (notify.watches === 0) return;
  if (from.directory === to.directory) signalDirectory(kernel, from.directory, RENAMED);
  notify.cookie = (notify.cookie + 1) >>> 0;
  notifyName(kernel, from.directory, IN.MOVED_FROM, from.name, moved, notify.cookie);
  notifyName(kernel, to.directory, IN.MOVED_TO, to.name, moved, notify.cookie);
  if (replaced !== null) notifyInode(kernel, replaced, IN.ATTRIB);
  notifyInode(kernel, moved, IN.MOVE_SELF);
};
