/**
 * Sets of events (fs/eventpoll.c; epoll(7)). An entry is put among the ready ones by every wake-up of its file; whether
 * there really is an event is found out when someone collects. Level-triggered entries that had one go back to the end.
 */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { EPOLL, EPOLL_PARAMS } from '../abi/events.ts';
import { IOCTL } from '../abi/ioctl.ts';
import { POLL } from '../abi/poll.ts';
import type { Kernel } from '../kernel.ts';
import { readStruct, writeStruct } from '../mm/user.ts';
import { capable } from '../task/capability.ts';
import {
  type EventSet,
  markReady,
  type SetEntry,
  type WaitQueue,
  type WatcherOperations,
  waitQueue,
  wakeOne,
} from '../task/wait.ts';
import { anonymousFile } from './anonymous.ts';
import { dropItem, watch } from './epoll-items.ts';
import { releaseFile } from './inode.ts';
import type { FileOperations, OpenFile } from './types.ts';

/** struct eventpoll. */
export interface EpollSet extends EventSet {
  /** What EPIOCSPARAMS has set; there is nothing to poll busily. */
  busyPoll: { usecs: number; budget: number; prefer: boolean };
  items: EpollItem[];
}

/** struct epitem. */
export interface EpollItem extends SetEntry {
  /** The open file of its set. */
  holder: OpenFile;
  fd: number;
  file: OpenFile;
  queues: readonly WaitQueue[];
  data: bigint;
}

/** One event for the guest. */
export interface EpollEvent {
  events: number;
  data: bigint;
}

/** Sets may be nested so deep (EP_MAX_NESTS). */
const MAX_NESTS = 4;
/** Bits which say how, not what (EP_PRIVATE_BITS). */
const PRIVATE = EPOLL.WAKEUP | EPOLL.ONESHOT | EPOLL.ET | EPOLL.EXCLUSIVE;
/** What may stand beside EPOLLEXCLUSIVE. */
const WITH_EXCLUSIVE = POLL.IN | POLL.OUT | POLL.ERR | POLL.HUP | EPOLL.WAKEUP | EPOLL.ET | EPOLL.EXCLUSIVE;

const setOf = (file: OpenFile): EpollSet => file.state as EpollSet;
export const isEpoll = (file: OpenFile): boolean => file.ops === epollFile;

/** Events that an entry has now (ep_item_poll). */
const pollItem = (kernel: Kernel, item: EpollItem): number =>
  (item.events & ~PRIVATE) === 0 ? 0 : item.file.ops.poll!(kernel, item.file) & item.events;

/** Packets that one look may take without CAP_NET_ADMIN (NAPI_POLL_WEIGHT). */
const MOST_BUDGET = 64;

/** EPIOCSPARAMS and EPIOCGPARAMS (ep_eventpoll_bp_ioctl). */
const busyPollIoctl: FileOperations['ioctl'] = (_kernel, task, file, request, argument) => {
  const set = setOf(file);
  if (request === IOCTL.EPIOCGPARAMS) {
    const { usecs, budget, prefer } = set.busyPoll;
    const values = { busy_poll_usecs: usecs, busy_poll_budget: budget, prefer_busy_poll: Number(prefer), __pad: 0 };
    writeStruct(task.mm, EPOLL_PARAMS, argument, values);
    return 0;
  }
  if (request !== IOCTL.EPIOCSPARAMS) return -ERRNO.ENOTTY;
  const wanted = readStruct(task.mm, EPOLL_PARAMS, argument);
  const { busy_poll_usecs: usecs, busy_poll_budget: budget, prefer_busy_poll: prefer } = wanted;
  if (wanted.__pad !== 0 || usecs > 0x7fffffff || prefer > 1) return -ERRNO.EINVAL;
  if (budget > MOST_BUDGET && !capable(task.cred, CAP.NET_ADMIN)) return -ERRNO.EPERM;
  set.busyPoll = { usecs, budget, prefer: prefer === 1 };
  return 0;
};

const itemWatcher: WatcherOperations = Object.freeze<WatcherOperations>({
  woken: (kernel, watcher) => markReady(kernel, watcher as EpollItem),
});

const describeItem = ({ fd, events, data, file }: EpollItem): string => {
  const bits = (events >>> 0).toString(16).padStart(8);
  const place = `pos:${file.position} ino:${file.inode.ino.toString(16)} sdev:${file.inode.dev.toString(16)}`;
  return `tfd: ${String(fd).padStart(8)} events: ${bits} data: ${data.toString(16).padStart(16)}  ${place}\n`;
};

const epollFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'epoll',
  // Ready entries without events are not kept, or they would be looked at again and again (__ep_eventpoll_poll).
  poll: (kernel, file) => {
    const set = setOf(file);
    while (set.ready.length > 0) {
      const [item] = set.ready as EpollItem[];
      if (pollItem(kernel, item!) !== 0) return POLL.IN | POLL.RDNORM;
      set.ready.shift();
      item!.isReady = false;
    }
    return 0;
  },
  pollQueues: (_kernel, file) => [setOf(file).pollWait],
  seek: () => 0,
  ioctl: busyPollIoctl,
  describe: (_kernel, file) =>
    setOf(file)
      .items.map((item) => describeItem(item))
      .join(''),
  release: (kernel, file) => {
    for (const item of setOf(file).items.slice()) dropItem(item);
    releaseFile(kernel, file);
  },
});

export const newEpoll = (kernel: Kernel): OpenFile => {
  const busyPoll = { usecs: 0, budget: 0, prefer: false };
  const state: EpollSet = { items: [], ready: [], wait: waitQueue(), pollWait: waitQueue(), busyPoll };
  return anonymousFile(kernel, epollFile, '[eventpoll]', 0, state);
};

const find = (set: EpollSet, file: OpenFile, fd: number): EpollItem | undefined =>
  set.items.find((item) => item.fd === fd && item.file === file);

/** How many sets below this one are nested in each other; Infinity in a circle through `target`. */
const depthOf = (file: OpenFile, target: OpenFile): number => {
  if (file === target) return Number.POSITIVE_INFINITY;
  let depth = 0;
  for (const item of setOf(file).items) if (isEpoll(item.file)) depth = Math.max(depth, 1 + depthOf(item.file, target));
  return depth;
};

const heightOf = (file: OpenFile): number => {
  let height = 0;
  for (const item of file.watched ?? []) height = Math.max(height, 1 + heightOf(item.holder));
  return height;
};

/** EPOLL_CTL_ADD (ep_insert). */
export const epollAdd = (
  kernel: Kernel,
  epoll: OpenFile,
  file: OpenFile,
  fd: number,
  { events, data }: EpollEvent,
): number => {
  const set = setOf(epoll);
  const exclusive = (events & EPOLL.EXCLUSIVE) !== 0;
  if (exclusive && (isEpoll(file) || events & ~WITH_EXCLUSIVE)) return -ERRNO.EINVAL;
  if (isEpoll(file) && depthOf(file, epoll) + heightOf(epoll) + 1 > MAX_NESTS) return -ERRNO.ELOOP;
  if (find(set, file, fd) !== undefined) return -ERRNO.EEXIST;
  const item: EpollItem = {
    ...{ ops: itemWatcher, owner: set, holder: epoll, isReady: false, exclusive },
    ...{ fd, file, queues: [], events: events | POLL.ERR | POLL.HUP, data },
  };
  set.items.push(item);
  file.watched ??= [];
  file.watched.push(item);
  watch(item, file.ops.pollQueues?.(kernel, file) ?? []);
  if (pollItem(kernel, item) !== 0) markReady(kernel, item);
  return 0;
};

/** EPOLL_CTL_MOD (ep_modify). */
export const epollModify = (
  kernel: Kernel,
  epoll: OpenFile,
  file: OpenFile,
  fd: number,
  { events, data }: EpollEvent,
): number => {
  const item = find(setOf(epoll), file, fd);
  if (events & EPOLL.EXCLUSIVE) return -ERRNO.EINVAL;
  if (item === undefined) return -ERRNO.ENOENT;
  if (item.exclusive) return -ERRNO.EINVAL;
  item.events = events | POLL.ERR | POLL.HUP;
  item.data = data;
  if (pollItem(kernel, item) !== 0) markReady(kernel, item);
  return 0;
};

/** EPOLL_CTL_DEL. */
export const epollDelete = (epoll: OpenFile, file: OpenFile, fd: number): number => {
  const item = find(setOf(epoll), file, fd);
  if (item === undefined) return -ERRNO.ENOENT;
  dropItem(item);
  return 0;
};

/** An event with the entry that it is of, and what that asked for. */
interface FoundEvent extends EpollEvent {
  item: EpollItem;
  asked: number;
}

/** Events could not be given to the guest: the next call finds them again. */
export const putBackEvents = (epoll: OpenFile, found: readonly FoundEvent[]): void => {
  const set = setOf(epoll);
  for (const { item, asked } of found.toReversed()) {
    item.events = asked;
    if (item.isReady) continue;
    item.isReady = true;
    set.ready.unshift(item);
  }
};

/** Collects up to `max` events (ep_send_events). If some are left, the next who waits is woken. */
export const collectEvents = (kernel: Kernel, epoll: OpenFile, max: number): FoundEvent[] => {
  const set = setOf(epoll);
  const looked = set.ready as EpollItem[];
  const found: FoundEvent[] = [];
  const again: EpollItem[] = [];
  set.ready = [];
  while (looked.length > 0 && found.length < max) {
    const item = looked.shift()!;
    item.isReady = false;
    const events = pollItem(kernel, item);
    if (events === 0) continue;
    found.push({ events, data: item.data, item, asked: item.events });
    if (item.events & EPOLL.ONESHOT) item.events &= PRIVATE;
    else if (!(item.events & EPOLL.ET)) again.push(item);
  }
  set.ready = [...looked, ...set.ready, ...again];
  for (const item of again) item.isReady = true;
  // Those who poll the set have heard of what is left already (ep_done_scan).
  if (set.ready.length > 0) wakeOne(kernel, set.wait);
  return found;
};

/** Where those sleep who wait for events of the set. */
export const epollQueue = (epoll: OpenFile): WaitQueue => setOf(epoll).wait;
