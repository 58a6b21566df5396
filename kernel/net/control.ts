/** Control messages (net/core/scm.c; cmsg(3), unix(7)): descriptors and credentials on their way. */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { cmsghdr, MSG, SCM, SCM_MAX_FD, SOL, ucred } from '../abi/socket.ts';
import { getFile, installFile } from '../fs/descriptors.ts';
import { fput } from '../fs/inode.ts';
import { newProcessFile } from '../fs/pidfd.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { capable } from '../task/capability.ts';
import { findProcess } from '../task/pids.ts';
import type { Task } from '../task/task.ts';
import type { IncomingMessage, PeerCredentials, Socket } from './types.ts';

const HEADER = cmsghdr.size;
const align = (length: number): number => (length + 7) & ~7;

/** One control message, as the guest wrote it. */
export interface ControlMessage {
  level: number;
  type: number;
  data: Uint8Array;
}

/** All control messages of a buffer, or -EINVAL. The last may be cut off: what does not fit a header is padding. */
export const parseControl = (control: Uint8Array): ControlMessage[] | number => {
  const view = new DataView(control.buffer, control.byteOffset, control.length);
  const messages: ControlMessage[] = [];
  for (let at = 0; at + HEADER <= control.length; ) {
    const { cmsg_len, cmsg_level, cmsg_type } = cmsghdr.read(view, at);
    if (cmsg_len < HEADER || cmsg_len > control.length - at) return -ERRNO.EINVAL;
    messages.push({ level: cmsg_level, type: cmsg_type, data: control.subarray(at + HEADER, at + cmsg_len) });
    at += align(cmsg_len);
  }
  return messages;
};

/** What a message carries besides its bytes (struct scm_cookie). Files are held until the message is dropped. */
export interface Cookie {
  files: OpenFile[];
  creds: PeerCredentials | null;
}

/** Lets go of files that were not sent after all. */
export const dropFiles = (kernel: Kernel, files: readonly OpenFile[]): void => {
  for (const file of files) fput(kernel, file);
};

export const ownCredentials = (task: Task): PeerCredentials => ({
  pid: task.group.tgid,
  uid: task.cred.uid,
  gid: task.cred.gid,
});

/** SCM_RIGHTS: adds open files. 0 or -errno (scm_fp_copy). */
const addFiles = (task: Task, data: Uint8Array, files: OpenFile[]): number => {
  const count = data.length >> 2;
  if (count > SCM_MAX_FD || files.length + count > SCM_MAX_FD) return -ERRNO.EINVAL;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < count; i++) {
    const file = getFile(task, view.getInt32(i * 4, true), true);
    if (file === undefined) return -ERRNO.EBADF;
    file.refs++;
    files.push(file);
  }
  return 0;
};

/** SCM_CREDENTIALS: whom a process may claim to be (scm_check_creds). */
const claimed = (kernel: Kernel, task: Task, data: Uint8Array): PeerCredentials | number => {
  if (data.length !== ucred.size) return -ERRNO.EINVAL;
  const creds = ucred.read(new DataView(data.buffer, data.byteOffset, data.length), 0);
  const { cred } = task;
  const mayPid = creds.pid === task.group.tgid || capable(cred, CAP.SYS_ADMIN);
  const mayUid = [cred.uid, cred.euid, cred.suid].includes(creds.uid) || capable(cred, CAP.SETUID);
  const mayGid = [cred.gid, cred.egid, cred.sgid].includes(creds.gid) || capable(cred, CAP.SETGID);
  if (!mayPid || !mayUid || !mayGid) return -ERRNO.EPERM;
  if (creds.pid !== task.group.tgid && findProcess(kernel, creds.pid) === undefined) return -ERRNO.ESRCH;
  return creds;
};

/** Reads SOL_SOCKET control messages of a sender (__scm_send). Others are left alone. -errno drops all. */
export const sendControl = (
  kernel: Kernel,
  task: Task,
  control: Uint8Array | null,
  rights: boolean,
): Cookie | number => {
  const cookie: Cookie = { files: [], creds: null };
  const messages = control === null ? [] : parseControl(control);
  if (typeof messages === 'number') return messages;
  const refuse = (error: number): number => {
    dropFiles(kernel, cookie.files);
    return error;
  };
  for (const { level, type, data } of messages) {
    if (level !== SOL.SOCKET) continue;
    if (type === SCM.RIGHTS && rights) {
      const error = addFiles(task, data, cookie.files);
      if (error < 0) return refuse(error);
    } else if (type === SCM.CREDENTIALS) {
      const creds = claimed(kernel, task, data);
      if (typeof creds === 'number') return refuse(creds);
      cookie.creds = creds;
    } else {
      return refuse(-ERRNO.EINVAL);
    }
  }
  return cookie;
};

/** Adds a control message to what a reader gets, cut to his room (put_cmsg). */
export const putControl = (message: IncomingMessage, level: number, type: number, data: Uint8Array): void => {
  if (message.controlRoom < HEADER) {
    message.outFlags |= MSG.CTRUNC;
    return;
  }
  let length = HEADER + data.length;
  if (length > message.controlRoom) {
    message.outFlags |= MSG.CTRUNC;
    length = message.controlRoom;
  }
  const space = Math.min(align(length), message.controlRoom);
  const bytes = new Uint8Array(space);
  const view = new DataView(bytes.buffer);
  cmsghdr.write(view, 0, { cmsg_len: length, cmsg_level: level, cmsg_type: type });
  bytes.set(data.subarray(0, length - HEADER), HEADER);
  message.control.push(bytes);
  message.controlRoom -= space;
};

/** Gives the reader descriptors of the files that came along, as many as he has room for (scm_detach_fds). */
const putFiles = (kernel: Kernel, task: Task, message: IncomingMessage, files: readonly OpenFile[]): void => {
  const room = Math.max(0, message.controlRoom - HEADER) >> 2;
  const cloexec = (message.flags & MSG.CMSG_CLOEXEC) !== 0;
  const descriptors: number[] = [];
  for (const file of files) {
    if (descriptors.length >= room) break;
    file.refs++;
    const fd = installFile(kernel, task, file, cloexec);
    if (fd < 0) break;
    descriptors.push(fd);
  }
  if (descriptors.length < files.length) message.outFlags |= MSG.CTRUNC;
  if (descriptors.length === 0) return;
  const data = new Uint8Array(descriptors.length * 4);
  const view = new DataView(data.buffer);
  for (const [i, fd] of descriptors.entries()) view.setInt32(i * 4, fd, true);
  putControl(message, SOL.SOCKET, SCM.RIGHTS, data);
};

/** SO_PASSPIDFD or SO_PASSCRED: messages tell who sent them (unix_may_passcred). */
export const wantsCredentials = ({ options }: Socket): boolean => options.passcred || options.passpidfd;

/** A descriptor of the sender, or why there is none (scm_pidfd_recv). */
const putProcess = (kernel: Kernel, task: Task, message: IncomingMessage, pid: number): void => {
  if (message.controlRoom < HEADER + 4) {
    message.outFlags |= MSG.CTRUNC;
    return;
  }
  const sender = findProcess(kernel, pid);
  const fd =
    sender === undefined ? -ERRNO.ESRCH : installFile(kernel, task, newProcessFile(kernel, sender, false, 0), true);
  const data = new Uint8Array(4);
  new DataView(data.buffer).setInt32(0, fd, true);
  putControl(message, SOL.SOCKET, SCM.PIDFD, data);
};

/** Who is nobody: overflowuid. */
const OVERFLOW_ID = 65534;

/**
 * What a message brought, for its reader (scm_recv). The files stay the message's: each descriptor holds its own. Someone
 * who gave no room for control messages hears that there were some.
 */
export const receiveControl = (
  kernel: Kernel,
  task: Task,
  message: IncomingMessage,
  cookie: { files: readonly OpenFile[]; creds: PeerCredentials | null },
  { options }: Socket,
): void => {
  if (options.passcred) {
    const data = new Uint8Array(ucred.size);
    const creds = cookie.creds ?? { pid: 0, uid: OVERFLOW_ID, gid: OVERFLOW_ID };
    ucred.write(new DataView(data.buffer), 0, creds);
    putControl(message, SOL.SOCKET, SCM.CREDENTIALS, data);
  }
  if (cookie.files.length > 0) putFiles(kernel, task, message, cookie.files);
  if (options.passpidfd) putProcess(kernel, task, message, cookie.creds?.pid ?? 0);
};
