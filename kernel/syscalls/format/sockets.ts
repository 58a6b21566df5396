/** Sockets, as strace writes them. */
import {
  AF,
  MSG,
  msghdr as msghdrStruct,
  SHUT,
  SO,
  SOCK,
  SOCK_TYPE_MASK,
  SOCKADDR_STORAGE_SIZE,
  SOL,
  SUN_PATH,
  sockaddrIn,
  sockaddrIn6,
} from '../../abi/socket.ts';
import type { FormatContext } from '../row.ts';
import { argument, filledBy, pointerTo } from './argument.ts';
import { peek, peekStruct } from './guest.ts';
import { address, choice, flagParts, flags, type Names, names, quote, quoteStart } from './text.ts';

type Task = FormatContext['task'];

const FAMILIES = names('AF_', AF);
export const socketDomain = argument('int', choice(FAMILIES, 'AF_???'));

const TYPES: Names = names('SOCK_', SOCK, ['STREAM', 'DGRAM', 'RAW', 'SEQPACKET']);
const TYPE_FLAGS: Names = names('SOCK_', SOCK, ['CLOEXEC', 'NONBLOCK']);
export const socketType = argument('int', (value) =>
  [choice(TYPES, 'SOCK_???')(value & SOCK_TYPE_MASK), ...flagParts(TYPE_FLAGS, value & ~SOCK_TYPE_MASK)].join('|'),
);
export const socketFlags = argument('int', flags(TYPE_FLAGS, 'SOCK_???'));
export const shutdownHow = argument('int', choice(names('SHUT_', SHUT), 'SHUT_???'));
export const socketMessageFlags = argument('int', flags(names('MSG_', MSG), 'MSG_???'));
export const socketLevel = argument('int', choice(names('SOL_', SOL), 'SOL_???'));
export const socketOption = argument('int', (value, { args, index }) =>
  args[index - 1] === SOL.SOCKET ? choice(names('SO_', SO), 'SO_???')(value) : String(value),
);

/** Eight groups without the longest run of zeros. */
const ipv6Text = (bytes: readonly number[]): string => {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16)).join(':');
  return groups.replace(/(^|:)0(:0)+(:|$)/, '::');
};

const port = ([high, low]: readonly number[]): number => (high! << 8) | low!;

/** A struct sockaddr of so many bytes. */
const sockaddrText = (bytes: Uint8Array): string => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const family = bytes.length < 2 ? -1 : view.getUint16(0, true);
  if (family === AF.UNIX) {
    const path = bytes.subarray(SUN_PATH);
    if (path.length === 0) return '{sa_family=AF_UNIX}';
    if (path[0] === 0) return `{sa_family=AF_UNIX, sun_path=@${quote(path.subarray(1))}}`;
    const end = path.indexOf(0);
    return `{sa_family=AF_UNIX, sun_path=${quote(end < 0 ? path : path.subarray(0, end))}}`;
  }
  if (family === AF.INET && bytes.length >= sockaddrIn.size) {
    const { sin_port, sin_addr } = sockaddrIn.read(view, 0);
    return `{sa_family=AF_INET, sin_port=htons(${port(sin_port)}), sin_addr=inet_addr("${sin_addr.join('.')}")}`;
  }
  if (family === AF.INET6 && bytes.length >= sockaddrIn6.size) {
    const { sin6_port, sin6_addr } = sockaddrIn6.read(view, 0);
    return `{sa_family=AF_INET6, sin6_port=htons(${port(sin6_port)}), inet_pton(AF_INET6, "${ipv6Text(sin6_addr)}", &sin6_addr)}`;
  }
  return `{sa_family=${choice(FAMILIES, 'AF_???')(family)}, ...}`;
};

const sockaddrAt = (task: Task, value: number, length: number): string | null => {
  const bytes = length < 0 ? null : peek(task.mm, value, Math.min(length, SOCKADDR_STORAGE_SIZE));
  return bytes === null ? null : sockaddrText(bytes);
};

/** A struct sockaddr that the call reads; the next argument is its size. */
export const sockaddr = pointerTo((value, { task, args, index }) => sockaddrAt(task, value, args[index + 1] ?? 0));

const intAt = (task: Task, value: number): number | null => {
  const bytes = peek(task.mm, value, 4);
  return bytes === null ? null : new DataView(bytes.buffer).getInt32(0, true);
};

/** A struct sockaddr that the call fills; the next argument points to its size. */
export const outSockaddr = filledBy((value, { task, args, index }) => {
  const length = intAt(task, args[index + 1] ?? 0);
  return length === null ? null : sockaddrAt(task, value, length);
});
export const outSocklen = filledBy((value, { task }) => {
  const length = intAt(task, value);
  return length === null ? null : `[${length}]`;
});

const optionText = (task: Task, value: number, length: number): string | null => {
  if (length === 4) {
    const number = intAt(task, value);
    return number === null ? null : `[${number}]`;
  }
  const bytes = peek(task.mm, value, Math.max(0, Math.min(length, 32)));
  return bytes === null ? null : quoteStart(bytes, length);
};
/** The value of an option; the next argument is its size, or points to it. */
export const optval = pointerTo((value, { task, args, index }) => optionText(task, value, args[index + 1] ?? 0));
export const outOptval = filledBy((value, { task, args, index }) =>
  optionText(task, value, intAt(task, args[index + 1] ?? 0) ?? 0),
);

const msghdrText = (task: Task, value: number): string | null => {
  const header = peekStruct(task.mm, msghdrStruct, value);
  if (header === null) return null;
  const name =
    header.msg_name === 0
      ? 'NULL'
      : (sockaddrAt(task, header.msg_name, header.msg_namelen) ?? address(header.msg_name));
  return (
    `{msg_name=${name}, msg_namelen=${header.msg_namelen}, msg_iov=${address(header.msg_iov)}, ` +
    `msg_iovlen=${header.msg_iovlen}, msg_controllen=${header.msg_controllen}, ` +
    `msg_flags=${flags(names('MSG_', MSG), 'MSG_???')(header.msg_flags)}}`
  );
};
export const msghdr = pointerTo((value, { task }) => msghdrText(task, value));
export const outMsghdr = filledBy((value, { task }) => msghdrText(task, value));
