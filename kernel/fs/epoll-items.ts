/** Entries of epoll sets on the queues of the files they watch. */
import type { WaitQueue, Watcher } from '../task/wait.ts';
import type { EpollItem, EpollSet } from './epoll.ts';
import type { OpenFile } from './types.ts';

/** Puts the entry on all queues that tell of the file's readiness. */
export const watch = (item: EpollItem, queues: readonly WaitQueue[]): void => {
  item.queues = queues;
  for (const queue of queues) {
    queue.watchers ??= [];
    // Exclusive ones come last, and the others before those who came earlier (add_wait_queue).
    if (item.exclusive) queue.watchers.push(item);
    else queue.watchers.unshift(item);
  }
};

/** Takes the entry out of its set and off all queues (ep_remove). */
export const dropItem = (item: EpollItem): void => {
  const set = item.owner as EpollSet;
  for (const queue of item.queues) remove(queue.watchers!, item);
  remove(set.ready, item);
  remove(set.items, item);
  remove(item.file.watched!, item);
};

const remove = (list: Watcher[], item: Watcher): void => {
  const at = list.indexOf(item);
  if (at >= 0) list.splice(at, 1);
};

/** The last descriptor of a watched file was closed (eventpoll_release). */
export const forgetWatched = (file: OpenFile): void => {
  for (const item of file.watched!.slice()) dropItem(item);
};
