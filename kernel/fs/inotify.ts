/** Watching files: the open files of inotify_init(2) (fs/notify/inotify/inotify_user.c; inotify(7)). */
import { ERRNO } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { IN, IN_ALL_EVENTS, INOTIFY_EVENT_SIZE } from '../abi/inotify.ts';
import { IOCTL } from '../abi/ioctl.ts';
import { POLL } from '../abi/poll.ts';
import type { Kernel } from '../kernel.ts';
import { putUser32 } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import { block, waitQueue } from '../task/wait.ts';
import { anonymousFile } from './anonymous.ts';
import { setAsync } from './fasync.ts';
import { releaseFile } from './inode.ts';
import { toBytes } from './names.ts';
import { forgetWatch, NOTIFY_LIMITS, type NotifyEvent, type NotifyGroup, removeWatch, type Watch } from './notify.ts';
import type { FileOperations, Inode, OpenFile, UserBuffer } from './types.ts';

/** With the name's NUL and padding, if there is a name (round_event_name_len). */
const sizeOf = ({ name }: NotifyEvent): number =>
  INOTIFY_EVENT_SIZE + (name === '' ? 0 : Math.ceil((name.length + 1) / INOTIFY_EVENT_SIZE) * INOTIFY_EVENT_SIZE);

const bytesOf = (event: NotifyEvent): Uint8Array => {
  const bytes = new Uint8Array(sizeOf(event));
  const view = new DataView(bytes.buffer);
  view.setInt32(0, event.wd, true);
  view.setUint32(4, event.mask, true);
  view.setUint32(8, event.cookie, true);
  view.setUint32(12, bytes.length - INOTIFY_EVENT_SIZE, true);
  bytes.set(toBytes(event.name), INOTIFY_EVENT_SIZE);
  return bytes;
};

const read = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer): number => {
  const { events, wait } = file.state as NotifyGroup;
  let done = 0;
  for (let event = events[0]; event !== undefined; event = events[0]) {
    const size = sizeOf(event);
    if (size > sink.remaining) return done > 0 ? done : -ERRNO.EINVAL;
    // It is taken off first, and lost if it cannot be stored.
    events.shift();
    const stored = sink.put(bytesOf(event));
    if (stored < size) return -ERRNO.EFAULT;
    done += size;
  }
  if (done > 0) return done;
  if (file.flags & O.NONBLOCK) return -ERRNO.EAGAIN;
  return block(kernel, task, { what: 'inotify_read', queues: [wait] });
};

const describeWatch = ({ wd, inode, mask }: Watch): string => {
  const [ino, dev, bits] = [inode.ino, inode.dev, mask & IN_ALL_EVENTS].map((number) => number.toString(16));
  return `inotify wd:${wd.toString(16)} ino:${ino} sdev:${dev} mask:${bits} ignored_mask:0 \n`;
};

const inotifyFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'inotify',
  seek: () => 0,
  read,
  poll: (_kernel, file) => ((file.state as NotifyGroup).events.length > 0 ? POLL.IN | POLL.RDNORM : 0),
  pollQueues: (_kernel, file) => [(file.state as NotifyGroup).wait],
  ioctl: (_kernel, task, file, request, argument) => {
    if (request !== IOCTL.FIONREAD) return -ERRNO.ENOTTY;
    const { events } = file.state as NotifyGroup;
    putUser32(
      task.mm,
      argument,
      events.reduce((sum, event) => sum + sizeOf(event), 0),
    );
    return 0;
  },
  describe: (_kernel, file) => [...(file.state as NotifyGroup).watches.values()].map(describeWatch).join(''),
  fasync: (file, fd, on) => setAsync((file.state as NotifyGroup).asyncs, file, fd, on),
  release: (kernel, file) => {
    const group = file.state as NotifyGroup;
    group.asyncs = [];
    for (const watch of [...group.watches.values()]) forgetWatch(kernel, watch);
    const { groups } = kernel.vfs.notify;
    groups.set(group.uid, groups.get(group.uid)! - 1);
    releaseFile(kernel, file);
  },
});

/** inotify_init1(2): `flags` is O_NONBLOCK or 0. -EMFILE for a user who has many. */
export const newInotify = (kernel: Kernel, task: Task, flags: number): OpenFile | number => {
  const { groups } = kernel.vfs.notify;
  const { uid } = task.cred;
  const count = groups.get(uid) ?? 0;
  if (count >= NOTIFY_LIMITS.instances) return -ERRNO.EMFILE;
  groups.set(uid, count + 1);
  const group: NotifyGroup = { events: [], watches: new Map(), lastWd: 0, wait: waitQueue(), asyncs: [], uid };
  const file = anonymousFile(kernel, inotifyFile, 'inotify', flags, group);
  // It can be read only.
  file.flags = O.RDONLY | flags;
  file.path = 'anon_inode:inotify';
  return file;
};

/** What an open file watches; null if it is of another kind. */
export const notifyGroup = (file: OpenFile): NotifyGroup | null =>
  file.ops === inotifyFile ? (file.state as NotifyGroup) : null;

const KEPT = IN_ALL_EVENTS | IN.EXCL_UNLINK | IN.ONESHOT;

/** inotify_add_watch(2) on an inode: its watch descriptor, -EEXIST, -ENOSPC (inotify_update_watch). */
export const addWatch = (kernel: Kernel, group: NotifyGroup, inode: Inode, wanted: number): number => {
  const mask = wanted & KEPT;
  const known = inode.watches?.find((watch) => watch.group === group);
  if (known !== undefined) {
    if (wanted & IN.MASK_CREATE) return -ERRNO.EEXIST;
    known.mask = wanted & IN.MASK_ADD ? known.mask | mask : mask;
    return known.wd;
  }
  const { notify } = kernel.vfs;
  if (notify.watches >= NOTIFY_LIMITS.watches) return -ERRNO.ENOSPC;
  notify.watches++;
  const wd = ++group.lastWd;
  const watch = { group, wd, inode, mask };
  group.watches.set(wd, watch);
  inode.watches = [...(inode.watches ?? []), watch];
  return wd;
};

/** inotify_rm_watch(2). */
export const dropWatch = (kernel: Kernel, group: NotifyGroup, wd: number): number => {
  const watch = group.watches.get(wd);
  if (watch === undefined) return -ERRNO.EINVAL;
  removeWatch(kernel, watch);
  return 0;
};
