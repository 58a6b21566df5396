/** Bytes, vectors of them, and what select(2) and poll(2) watch, as strace writes them. */
import { PATH_MAX } from '../../abi/fcntl.ts';
import { POLL, pollfd } from '../../abi/poll.ts';
import { iovec as iovecStruct } from '../../abi/uio.ts';
import type { FormatContext } from '../row.ts';
import { failed, filledBy, pointerTo } from './argument.ts';
import { peek, peekString, peekUpTo, peekView } from './guest.ts';
import { address, flags, list, MAX_SHOWN, names, quote, quoteHex, quoteStart } from './text.ts';

type Task = FormatContext['task'];

/** `length` bytes, of which as many as are shown must be readable. */
const bytesAt = (task: Task, value: number, length: number, style = quote): string | null => {
  if (value === 0) return null;
  const bytes = peek(task.mm, value, Math.min(length, MAX_SHOWN));
  return bytes === null ? null : quoteStart(bytes, length, style);
};

/** Bytes that the call reads; the next argument counts them. */
export const buffer = pointerTo((value, { task, args, index }) => bytesAt(task, value, args[index + 1] ?? 0));
/** Bytes that the call fills; its result counts them. */
export const outBuffer = filledBy((value, { task, result = 0 }) => bytesAt(task, value, result));
/** The same where they are no text: random bytes. */
export const outRandom = filledBy((value, { task, result = 0 }) => bytesAt(task, value, result, quoteHex));
/** A path that the call fills, as readlink(2). */
export const outPath = outBuffer;
/** A string that the call fills, with its NUL: getcwd(2). */
export const outString = filledBy((value, { task }) => {
  const string = peekString(task.mm, value, PATH_MAX);
  return string === null ? null : quote(string.bytes);
});
/** A C string, cut short like a buffer. */
export const stringAt = (task: Task, value: number): string | null => {
  const string = peekString(task.mm, value, MAX_SHOWN + 1);
  if (string === null) return null;
  return quoteStart(string.bytes, string.bytes.length);
};
export const string = pointerTo((value, { task }) => stringAt(task, value));

/** struct iovec[] with what it points to; `bytes` are what the call moved, undefined before it has. */
const vectors = (value: number, { task, args, index }: FormatContext, data: boolean, bytes: number): string | null => {
  const count = args[index + 1] ?? 0;
  if (count === 0) return '[]';
  let left = bytes;
  const items: string[] = [];
  for (let i = 0; i < count; i++) {
    if (i === MAX_SHOWN) {
      items.push('...');
      break;
    }
    const view = peekView(task.mm, value + i * iovecStruct.size, iovecStruct.size);
    if (view === null) {
      if (i === 0) return null;
      items.push(`... /* ${address(value + i * iovecStruct.size)} */`);
      break;
    }
    const { iov_base, iov_len } = iovecStruct.read(view, 0);
    const text = data ? bytesAt(task, iov_base, Math.min(iov_len, left)) : null;
    left -= Math.min(iov_len, left);
    items.push(`{iov_base=${text ?? address(iov_base)}, iov_len=${iov_len}}`);
  }
  return `[${items.join(', ')}]`;
};
export const iovec = pointerTo((value, context) => vectors(value, context, true, Number.POSITIVE_INFINITY));
export const outIovec = {
  ...filledBy(() => null),
  format: ((value, context) =>
    value === 0
      ? 'NULL'
      : (vectors(value, context, !failed(context), context.result ?? 0) ?? address(value))) as typeof iovec.format,
};

const events = flags(
  [
    ...names('POLL', POLL, ['IN', 'PRI', 'OUT', 'ERR', 'HUP', 'NVAL', 'RDNORM', 'RDBAND', 'WRNORM', 'WRBAND', 'MSG']),
    ...names('POLL', POLL, ['RDHUP']),
  ],
  'POLL???',
);

/** The array of poll(2), or null; at most as many as are shown. */
const pollfdsAt = (task: Task, value: number, count: number) => {
  const fds: ReturnType<typeof pollfd.read>[] = [];
  for (let i = 0; i < Math.min(count, MAX_SHOWN + 1); i++) {
    const view = peekView(task.mm, value + i * pollfd.size, pollfd.size);
    if (view === null) return null;
    fds.push(pollfd.read(view, 0));
  }
  return fds;
};

/** What poll(2) is asked for; the next argument counts. */
export const pollfds = pointerTo((value, { task, args, index }) => {
  const fds = pollfdsAt(task, value, args[index + 1] ?? 0);
  return fds === null
    ? null
    : list(fds, ({ fd, events: wanted }) => (fd < 0 ? `{fd=${fd}}` : `{fd=${fd}, events=${events(wanted & 0xffff)}}`));
});

/** `[{fd=4, revents=POLLIN}]`: what poll(2) found, for behind its result. */
export const pollFound = (task: Task, value: number, count: number): string => {
  const fds = pollfdsAt(task, value, Math.min(count, 1024)) ?? [];
  return list(
    fds.filter(({ fd, revents }) => fd >= 0 && revents !== 0),
    ({ fd, revents }) => `{fd=${fd}, revents=${events(revents & 0xffff)}}`,
  );
};

/** `[4 6]`: the members of an fd_set for descriptors below `count`, or null. */
export const fdsetText = (task: Task, value: number, count: number): string | null => {
  const bits = Math.max(0, Math.min(count, 65536));
  const bytes = peekUpTo(task.mm, value, Math.ceil(bits / 64) * 8);
  if (bytes.length < Math.ceil(bits / 64) * 8) return null;
  const members: number[] = [];
  for (let fd = 0; fd < bits; fd++) if (bytes[fd >> 3]! & (1 << (fd & 7))) members.push(fd);
  return `[${members.join(' ')}]`;
};
/** A set of select(2); the first argument counts. */
export const fdset = pointerTo((value, { task, args }) => fdsetText(task, value, args[0] ?? 0));
