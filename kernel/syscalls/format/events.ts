/** epoll, eventfd and signalfd, as strace writes them. */

import { EFD_SEMAPHORE, EPOLL, EPOLL_CTL, EPOLL_EVENT } from '../../abi/events.ts';
import { O } from '../../abi/fcntl.ts';
import { IN } from '../../abi/inotify.ts';
import { POLL } from '../../abi/poll.ts';
import type { FormatContext } from '../row.ts';
import { argument, filledBy, pointerTo } from './argument.ts';
import { peekView } from './guest.ts';
import { choice, flagParts, flags, hex, list, type Names, names } from './text.ts';

export const epollOperation = argument('int', choice(names('EPOLL_CTL_', EPOLL_CTL), 'EPOLL_CTL_???'));
export const epollFlags = argument('int', flags([['EPOLL_CLOEXEC', O.CLOEXEC]], 'EPOLL_???'));

const EVENTS: Names = names('EPOLL', POLL, [
  ...(['IN', 'PRI', 'OUT', 'RDNORM', 'RDBAND', 'WRNORM', 'WRBAND', 'MSG', 'ERR', 'HUP', 'RDHUP'] as const),
]);
const WAYS: Names = names('EPOLL', EPOLL, ['EXCLUSIVE', 'WAKEUP', 'ONESHOT']);

const eventText = (view: DataView, at: number): string => {
  const bits = view.getUint32(at, true);
  const parts = flagParts([...EVENTS, ...WAYS], bits & ~EPOLL.ET & 0x7fffffff);
  if (bits >= 0x80000000) parts.push('EPOLLET');
  const data = view.getBigUint64(at + EPOLL_EVENT.data, true);
  const u32 = BigInt.asUintN(32, data);
  const value = u32 === data ? `{u32=${u32}, u64=${data}}` : `{u32=${u32}, u64=${hex(data)}}`;
  return `{events=${parts.length === 0 ? '0' : parts.join('|')}, data=${value}}`;
};

export const epollEvent = pointerTo((value, { task }) => {
  const view = peekView(task.mm, value, EPOLL_EVENT.size);
  return view === null ? null : eventText(view, 0);
});

export const outEpollEvents = filledBy((value, { task, result }: FormatContext) => {
  const view = peekView(task.mm, value, (result ?? 0) * EPOLL_EVENT.size);
  if (view === null) return null;
  return list(
    Array.from({ length: result ?? 0 }, (_, index) => index * EPOLL_EVENT.size),
    (at) => eventText(view, at),
  );
});

const descriptorFlags = (prefix: string): Names => [
  [`${prefix}_CLOEXEC`, O.CLOEXEC],
  [`${prefix}_NONBLOCK`, O.NONBLOCK],
];
export const eventfdFlags = argument(
  'int',
  flags([['EFD_SEMAPHORE', EFD_SEMAPHORE], ...descriptorFlags('EFD')], 'EFD_???'),
);
export const signalfdFlags = argument('int', flags(descriptorFlags('SFD'), 'SFD_???'));

export const inotifyFlags = argument('int', flags(descriptorFlags('IN'), 'IN_???'));
export const inotifyMask = argument('unsigned', flags(names('IN_', IN), 'IN_???'));
