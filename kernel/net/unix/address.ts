/** Names of AF_UNIX sockets: in the file system, abstract ones, and those that are made up (unix(7)). */
import { ERRNO } from '../../abi/errno.ts';
import { AT } from '../../abi/fcntl.ts';
import { AF, SUN_PATH, UNIX_PATH_MAX } from '../../abi/socket.ts';
import { isSock, S } from '../../abi/stat.ts';
import { MAY, permitted, touchAccessed } from '../../fs/inode.ts';
import { isPlainName, lookupChild, walkPath, walkToParent } from '../../fs/namei.ts';
import { mayCreate, modeIn, ownerIn } from '../../fs/open.ts';
import type { Kernel } from '../../kernel.ts';
import type { Task } from '../../task/task.ts';
import type { UnixSocket } from './types.ts';

export const familyOf = (address: Uint8Array): number => (address.length < 2 ? -1 : address[0]! | (address[1]! << 8));

/** 0 or -EINVAL (unix_validate_addr). */
export const validateAddress = (address: Uint8Array): number =>
  address.length <= SUN_PATH || address.length > SUN_PATH + UNIX_PATH_MAX || familyOf(address) !== AF.UNIX
    ? -ERRNO.EINVAL
    : 0;

/** The text of a path address up to its NUL; null for an abstract one. */
const pathText = (address: Uint8Array): string | null => {
  const path = address.subarray(SUN_PATH);
  if (path[0] === 0) return null;
  const end = path.indexOf(0);
  return String.fromCharCode(...(end < 0 ? path : path.subarray(0, end)));
};

/** Abstract names are of one type of socket. */
const abstractKey = (type: number, name: Uint8Array): string => `${type}:${String.fromCharCode(...name)}`;

/** struct sockaddr_un as getsockname(2) and recvfrom(2) give it; two bytes for one without a name. */
export const addressOf = (sock: UnixSocket): Uint8Array => {
  const path = sock.path ?? new Uint8Array(0);
  const bytes = new Uint8Array(SUN_PATH + path.length);
  bytes[0] = AF.UNIX;
  bytes.set(path, SUN_PATH);
  return bytes;
};

/** The socket that an address names for a connection or a message (unix_find_other), or -errno. */
export const findOther = (kernel: Kernel, task: Task, type: number, address: Uint8Array): UnixSocket | number => {
  const text = pathText(address);
  if (text === null) {
    return kernel.net.unix.abstract.get(abstractKey(type, address.subarray(SUN_PATH))) ?? -ERRNO.ECONNREFUSED;
  }
  const found = walkPath(kernel, task, AT.FDCWD, text);
  if (typeof found === 'number') return found;
  const { inode } = found;
  if (!permitted(task.cred, inode, MAY.WRITE)) return -ERRNO.EACCES;
  if (!isSock(inode.mode)) return -ERRNO.ECONNREFUSED;
  const sock = kernel.net.unix.bound.get(inode);
  if (sock === undefined) return -ERRNO.ECONNREFUSED;
  if (sock.type !== type) return -ERRNO.EPROTOTYPE;
  touchAccessed(kernel, inode);
  return sock;
};

/** Makes the inode (unix_bind_bsd). A socket that has a name already is found out only then. */
const bindPath = (kernel: Kernel, task: Task, sock: UnixSocket, text: string): number => {
  const parent = walkToParent(kernel, task, AT.FDCWD, text);
  if (typeof parent === 'number') return parent;
  if (!isPlainName(parent)) return -ERRNO.EADDRINUSE;
  const directory = parent.directory.inode;
  const there = lookupChild(kernel, task, directory, parent.last);
  if (typeof there !== 'number') return -ERRNO.EADDRINUSE;
  if (there !== -ERRNO.ENOENT) return there;
  if (parent.trailingSlash) return -ERRNO.ENOENT;
  if (directory.sb.readOnly) return -ERRNO.EROFS;
  const error = mayCreate(task, directory);
  if (error < 0) return error;
  if (directory.ops.create === undefined) return -ERRNO.EPERM;
  if (sock.path !== null) return -ERRNO.EINVAL;
  const mode = modeIn(task, directory, (sock.file!.inode.mode & S.IALLUGO) | S.IFSOCK);
  const made = directory.ops.create(kernel, directory, parent.last, mode, 0, ownerIn(task, directory));
  if (typeof made === 'number') return made;
  sock.path = Uint8Array.from([...text, '\0'], (character) => character.charCodeAt(0));
  sock.inode = made;
  made.opens++;
  kernel.net.unix.bound.set(made, sock);
  return 0;
};

const bindAbstract = (kernel: Kernel, sock: UnixSocket, name: Uint8Array): number => {
  if (sock.path !== null) return -ERRNO.EINVAL;
  const { abstract } = kernel.net.unix;
  const key = abstractKey(sock.type, name);
  if (abstract.has(key)) return -ERRNO.EADDRINUSE;
  abstract.set(key, sock);
  sock.path = name.slice();
  return 0;
};

const AUTO_NAMES = 1 << 20;

/** An abstract name of five hexadecimal digits (unix_autobind). 0 or -ENOSPC. */
export const autobind = (kernel: Kernel, sock: UnixSocket): number => {
  if (sock.path !== null) return 0;
  const { unix } = kernel.net;
  for (let tries = 0; tries < AUTO_NAMES; tries++) {
    const text = `\0${unix.nextAuto.toString(16).padStart(5, '0')}`;
    unix.nextAuto = (unix.nextAuto + 1) % AUTO_NAMES;
    const name = Uint8Array.from(text, (character) => character.charCodeAt(0));
    if (bindAbstract(kernel, sock, name) === 0) return 0;
  }
  return -ERRNO.ENOSPC;
};

/** bind(2). */
export const bindUnix = (kernel: Kernel, task: Task, sock: UnixSocket, address: Uint8Array): number => {
  if (address.length === SUN_PATH && familyOf(address) === AF.UNIX) return autobind(kernel, sock);
  const error = validateAddress(address);
  if (error < 0) return error;
  const text = pathText(address);
  return text === null ? bindAbstract(kernel, sock, address.subarray(SUN_PATH)) : bindPath(kernel, task, sock, text);
};

/** The name is free again; a path stays in the file system. */
export const forgetName = (kernel: Kernel, sock: UnixSocket): void => {
  const { unix } = kernel.net;
  if (sock.inode !== null) {
    unix.bound.delete(sock.inode);
    if (--sock.inode.opens === 0) sock.inode.ops.lastClose?.(kernel, sock.inode);
    sock.inode = null;
  } else if (sock.path !== null) {
    const key = abstractKey(sock.type, sock.path);
    if (unix.abstract.get(key) === sock) unix.abstract.delete(key);
  }
};
