/** /dev/net/tun (drivers/net/tun.c; Documentation/networking/tuntap.rst): a program is the other end of an interface. */
import { CAP } from '../../abi/capability.ts';
import { ERRNO } from '../../abi/errno.ts';
import { O } from '../../abi/fcntl.ts';
import { IFF, IFF_TUN, IFREQ, TUN, TUN_PKT_STRIP, tunPi, virtioNetHdr } from '../../abi/interface.ts';
import { POLL } from '../../abi/poll.ts';
import { SIOC } from '../../abi/socket.ts';
import { setAsync } from '../../fs/fasync.ts';
import { inGroup, releaseFile } from '../../fs/inode.ts';
import type { FileOperations, OpenFile, UserBuffer } from '../../fs/types.ts';
import type { Kernel } from '../../kernel.ts';
import { copyToUser, getUser32, putUser32 } from '../../mm/user.ts';
import { capable } from '../../task/capability.ts';
import type { Task } from '../../task/task.ts';
import { block } from '../../task/wait.ts';
import { interfaceIoctl, nameBytes, requestName } from '../interfaces.ts';
import { putWhole, takeWhole } from '../transfer.ts';
import { hasFrame, isTun, newTunInterface, newTunQueue, nextFrame, passOn, removeInterface } from './device.ts';
import type { TunInterface, TunQueue } from './types.ts';
import { applyVnetHeader, checkOffload, checkVnetHeader } from './vnet.ts';

/** struct tun_file: nothing is attached before TUNSETIFF. */
interface TunFile {
  device: TunInterface | null;
  /** Its place among the interface's programs; whoever polls earlier waits there too. */
  queue: TunQueue;
}

const stateOf = (file: OpenFile): TunFile => file.state as TunFile;

const ETHERNET_HEADER = 14;
const ETH_P = { IP: [0x08, 0x00], IPV6: [0x86, 0xdd] } as const;
/** What may go with IFF_TUN and IFF_TAP here. */
const FEATURES = IFF_TUN.NO_PI | IFF_TUN.ONE_QUEUE | IFF_TUN.VNET_HDR | IFF_TUN.MULTI_QUEUE;
/** Programs behind one interface (MAX_TAP_QUEUES). */
const MOST_QUEUES = 256;
/** What Linux knows besides. */
const LACKING = IFF_TUN.NAPI | IFF_TUN.NAPI_FRAGS;

/** The protocol that stands before a packet: of its Ethernet header, or as its version says. Null for no IP at all. */
const protocolOf = (device: TunInterface, frame: Uint8Array): readonly number[] | null => {
  if (device.tun & IFF_TUN.TAP) return [frame[12]!, frame[13]!];
  const version = (frame[0] ?? 0) >> 4;
  return version === 4 ? ETH_P.IP : version === 6 ? ETH_P.IPV6 : null;
};

const vnetHeader = ({ tun, vnetHeader }: TunInterface): number => (tun & IFF_TUN.VNET_HDR ? vnetHeader : 0);

/** tun_do_read, tun_put_user: one frame with its headers, cut to the reader's room. */
const read = (kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer): number => {
  const { device, queue } = stateOf(file);
  if (device === null) return -ERRNO.EBADFD;
  if (!hasFrame(device, queue)) {
    if (file.flags & O.NONBLOCK) return -ERRNO.EAGAIN;
    return block(kernel, task, { what: 'tun_do_read', queues: [queue.wait] });
  }
  const frame = nextFrame(device, queue)!;
  const room = sink.remaining;
  const info = device.tun & IFF_TUN.NO_PI ? 0 : tunPi.size;
  const header = info + vnetHeader(device);
  if (info > 0) {
    if (room < info) return -ERRNO.EINVAL;
    const bytes = new Uint8Array(info);
    const flags = room < header + frame.length ? TUN_PKT_STRIP : 0;
    const proto = (protocolOf(device, frame) ?? [0, 0]).slice();
    tunPi.write(new DataView(bytes.buffer), 0, { flags, proto });
    if (!putWhole(sink, bytes)) return -ERRNO.EFAULT;
  }
  if (header > info) {
    if (room < header) return -ERRNO.EINVAL;
    // Sums are right, and nothing was put together: there is nothing to say.
    if (!putWhole(sink, new Uint8Array(header - info))) return -ERRNO.EFAULT;
  }
  const part = frame.subarray(0, Math.min(frame.length, room - header));
  return putWhole(sink, part) ? header + part.length : -ERRNO.EFAULT;
};

/** tun_get_user: one frame with its headers. */
const write = (kernel: Kernel, _task: Task, file: OpenFile, source: UserBuffer): number => {
  const { device, queue } = stateOf(file);
  if (device === null) return -ERRNO.EBADFD;
  const length = source.remaining;
  const info = device.tun & IFF_TUN.NO_PI ? 0 : tunPi.size;
  if (length < info) return -ERRNO.EINVAL;
  if (info > 0 && takeWhole(source, info) === null) return -ERRNO.EFAULT;
  const header = info + vnetHeader(device);
  if (length < header) return -ERRNO.EINVAL;
  const vnet = takeWhole(source, header - info);
  if (vnet === null) return -ERRNO.EFAULT;
  const lengthError = vnet.length > 0 ? checkVnetHeader(vnet, length - header) : 0;
  if (lengthError < 0) return lengthError;
  const ethernet = (device.tun & IFF_TUN.TAP) !== 0;
  if (ethernet && length - header < ETHERNET_HEADER) return -ERRNO.EINVAL;
  const frame = takeWhole(source, length - header);
  if (frame === null) return -ERRNO.EFAULT;
  const error = vnet.length > 0 ? applyVnetHeader(kernel, vnet, frame) : 0;
  if (error < 0) return error;
  if (!ethernet && info === 0 && protocolOf(device, frame) === null) return -ERRNO.EINVAL;
  if (!(device.flags & IFF.UP) || !queue.enabled) return -ERRNO.EIO;
  passOn(kernel, device, frame);
  return length;
};

const isPrivileged = (task: Task): boolean => capable(task.cred, CAP.NET_ADMIN);

/** Whether a task may attach to an interface that is there (tun_not_capable). */
const mayAttach = (task: Task, { owner, group }: TunInterface): boolean => {
  if (isPrivileged(task)) return true;
  if (owner === -1 && group === -1) return false;
  return (owner === -1 || owner === task.cred.euid) && (group === -1 || inGroup(task.cred, group));
};

/** TUNSETIFF (tun_set_iff): makes an interface, or attaches to one. */
const setInterface = (kernel: Kernel, task: Task, state: TunFile, argument: number): number => {
  if (state.device !== null) return -ERRNO.EEXIST;
  const name = requestName(task, argument);
  const flags = getUser32(task.mm, argument + IFREQ.value) & 0xffff;
  const kind = flags & IFF_TUN.TUN ? IFF_TUN.TUN : flags & IFF_TUN.TAP;
  if (flags & LACKING) {
    kernel.log(`${task.comm}: TUNSETIFF with flags 0x${(flags & LACKING).toString(16)} is not supported: EINVAL`);
    return -ERRNO.EINVAL;
  }
  const tun = kind | (flags & FEATURES);
  let device: TunInterface | number;
  const there = name === '' ? undefined : kernel.net.interfaces.find((each) => each.name === name);
  if (there !== undefined) {
    if (flags & IFF_TUN.TUN_EXCL) return -ERRNO.EBUSY;
    if (!isTun(there) || (there.tun & kind) === 0) return -ERRNO.EINVAL;
    // A recording's interface is there before anyone said what it is.
    const fresh = there.feed.length > 0 && there.queues.length === 0;
    if (!fresh && ((there.tun ^ tun) & IFF_TUN.MULTI_QUEUE) !== 0) return -ERRNO.EINVAL;
    if (!mayAttach(task, there)) return -ERRNO.EPERM;
    if (there.queues.length > 0 && !(tun & IFF_TUN.MULTI_QUEUE)) return -ERRNO.EBUSY;
    if (there.queues.length >= MOST_QUEUES) return -ERRNO.E2BIG;
    // Who comes to others finds it as it is.
    if (there.queues.length === 0) there.tun = tun;
    device = there;
  } else {
    if (!isPrivileged(task)) return -ERRNO.EPERM;
    if (kind === 0) return -ERRNO.EINVAL;
    device = newTunInterface(kernel, name === '' ? (kind === IFF_TUN.TUN ? 'tun%d' : 'tap%d') : name, tun);
    if (typeof device === 'number') return device;
  }
  device.queues.push(state.queue);
  state.device = device;
  copyToUser(task.mm, argument, nameBytes(device.name));
  return 0;
};

/** TUNSETQUEUE: frames come to this program no more, or again (tun_set_queue). */
const setQueue = (task: Task, { device, queue }: TunFile, argument: number): number => {
  const flags = getUser32(task.mm, argument + IFREQ.value) & 0xffff;
  const attach = (flags & IFF_TUN.ATTACH_QUEUE) !== 0;
  if (!attach && !(flags & IFF_TUN.DETACH_QUEUE)) return -ERRNO.EINVAL;
  if (device === null || !(device.tun & IFF_TUN.MULTI_QUEUE) || queue.enabled === attach) return -ERRNO.EINVAL;
  queue.enabled = attach;
  queue.frames = [];
  return 0;
};

/** Requests about the attached interface (__tun_chr_ioctl). */
const requestOf = (kernel: Kernel, task: Task, device: TunInterface, request: number, argument: number): number => {
  switch (request) {
    case TUN.GETIFF: {
      const bytes = new Uint8Array(IFREQ.size);
      bytes.set(nameBytes(device.name));
      const flags = device.tun | IFF_TUN.NOFILTER | (device.persist ? IFF_TUN.PERSIST : 0);
      bytes.set([flags & 0xff, flags >> 8], IFREQ.value);
      copyToUser(task.mm, argument, bytes);
      return 0;
    }
    case TUN.SETPERSIST:
      device.persist = argument !== 0;
      return 0;
    case TUN.SETOWNER:
      device.owner = argument | 0;
      return 0;
    case TUN.SETGROUP:
      device.group = argument | 0;
      return 0;
    case TUN.SETLINK:
      if (device.flags & IFF.UP) return -ERRNO.EBUSY;
      device.type = argument | 0;
      return 0;
    case TUN.SETNOCSUM:
      return 0;
    case TUN.SETOFFLOAD:
      return checkOffload(argument);
    case TUN.GETVNETHDRSZ:
      putUser32(task.mm, argument, device.vnetHeader);
      return 0;
    case TUN.SETVNETHDRSZ: {
      const size = getUser32(task.mm, argument) | 0;
      if (size < virtioNetHdr.size) return -ERRNO.EINVAL;
      device.vnetHeader = size;
      return 0;
    }
    case TUN.GETVNETLE:
      putUser32(task.mm, argument, Number(device.littleEndian));
      return 0;
    case TUN.SETVNETLE:
      device.littleEndian = getUser32(task.mm, argument) !== 0;
      return 0;
    case TUN.GETSNDBUF:
      putUser32(task.mm, argument, 0x7fffffff);
      return 0;
    case TUN.SETSNDBUF:
      return (getUser32(task.mm, argument) | 0) <= 0 ? -ERRNO.EINVAL : 0;
    case SIOC.GIFHWADDR:
      copyToUser(task.mm, argument, nameBytes(device.name));
      return interfaceIoctl(kernel, task, request, argument);
    default:
      return -ERRNO.EINVAL;
  }
};

export const tunFile: FileOperations = Object.freeze<FileOperations>({
  kind: 'tun',
  opened: (_kernel, _task, file) => {
    file.state = { device: null, queue: newTunQueue() } satisfies TunFile;
    return 0;
  },
  read,
  write,
  poll: (_kernel, file) => {
    const { device, queue } = stateOf(file);
    if (device === null) return POLL.ERR;
    return (hasFrame(device, queue) ? POLL.IN | POLL.RDNORM : 0) | (device.flags & IFF.UP ? POLL.OUT | POLL.WRNORM : 0);
  },
  pollQueues: (_kernel, file) => [stateOf(file).queue.wait],
  fasync: (file, fd, on) => {
    const { device, queue } = stateOf(file);
    if (device !== null) setAsync(queue.asyncs, file, fd, on);
  },
  ioctl: (kernel, task, file, request, argument) => {
    const state = stateOf(file);
    if (request === TUN.SETIFF) return setInterface(kernel, task, state, argument);
    if (request === TUN.SETQUEUE) return setQueue(task, state, argument);
    if (request === TUN.GETFEATURES) {
      putUser32(task.mm, argument, IFF_TUN.TUN | IFF_TUN.TAP | FEATURES);
      return 0;
    }
    return state.device === null ? -ERRNO.EBADFD : requestOf(kernel, task, state.device, request, argument);
  },
  release: (kernel, file) => {
    const { device, queue } = stateOf(file);
    if (device !== null) {
      setAsync(queue.asyncs, file, -1, false);
      device.queues.splice(device.queues.indexOf(queue), 1);
      if (!device.persist && device.queues.length === 0) removeInterface(kernel, device);
    }
    releaseFile(kernel, file);
  },
});
