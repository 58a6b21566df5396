/** What calls on sockets have in common: the socket of a descriptor, addresses in and out (net/socket.c). */
import { ERRNO } from '../abi/errno.ts';
import { SOCKADDR_STORAGE_SIZE } from '../abi/socket.ts';
import { getFile } from '../fs/descriptors.ts';
import type { OpenFile } from '../fs/types.ts';
import { copyFromUser, copyToUser, getUser32, putUser32 } from '../mm/user.ts';
import { isSocket, socketOf } from '../net/file.ts';
import type { Socket } from '../net/types.ts';
import type { Task } from '../task/task.ts';

/** A descriptor's socket and its file: -EBADF, -ENOTSOCK (sockfd_lookup_light). */
export const socketAt = (task: Task, fd: number): { file: OpenFile; sock: Socket } | number => {
  const file = getFile(task, fd);
  if (file === undefined) return -ERRNO.EBADF;
  return isSocket(file) ? { file, sock: socketOf(file) } : -ERRNO.ENOTSOCK;
};

/** The address that a call was given, or -EINVAL (move_addr_to_kernel). Throws `UserFault`. */
export const readAddress = (task: Task, address: number, length: number): Uint8Array | number => {
  if (length < 0 || length > SOCKADDR_STORAGE_SIZE) return -ERRNO.EINVAL;
  return copyFromUser(task.mm, address, length);
};

/** Stores an address, cut to the room that the guest has, and its whole length (move_addr_to_user). 0 or -EINVAL. */
export const writeAddress = (task: Task, bytes: Uint8Array, address: number, lengthAt: number): number => {
  const room = getUser32(task.mm, lengthAt) | 0;
  if (room < 0) return -ERRNO.EINVAL;
  copyToUser(task.mm, address, bytes.subarray(0, Math.min(room, bytes.length)));
  putUser32(task.mm, lengthAt, bytes.length);
  return 0;
};
