/**
 * Interfaces of /dev/net/tun, and the switch between them: a frame that one program writes reaches the programs behind the
 * other interfaces of its kind, as if all were ports of one bridge. There is no IP on them: lo is the machine's only address.
 */
import { ERRNO } from '../../abi/errno.ts';
import { ARPHRD, IFF, IFF_TUN, IFNAMSIZ, virtioNetHdr } from '../../abi/interface.ts';
import { POLL } from '../../abi/poll.ts';
import { POLL_CODE } from '../../abi/signal.ts';
import { killFasync } from '../../fs/fasync.ts';
import type { Kernel } from '../../kernel.ts';
import { waitQueue, wakeAll } from '../../task/wait.ts';
import type { Interface } from '../interfaces.ts';
import type { TapFeed, TunInterface, TunQueue } from './types.ts';

/** Frames that wait for a program (TUN_READQ_SIZE). */
const QUEUE_LENGTH = 500;
const MTU = 1500;

export const isTun = (device: Interface): device is TunInterface => 'tun' in device;

/** Whether an interface may have the name (dev_valid_name). */
const isValidName = (name: string): boolean =>
  name !== '' && name.length < IFNAMSIZ && name !== '.' && name !== '..' && !/[/:\s]/.test(name);

/** The first free name of a pattern with `%d` (dev_alloc_name), or the name itself; -EINVAL, -EEXIST. */
const chooseName = (kernel: Kernel, pattern: string): string | number => {
  const taken = new Set(kernel.net.interfaces.map(({ name }) => name));
  if (!pattern.includes('%'))
    return !isValidName(pattern) ? -ERRNO.EINVAL : taken.has(pattern) ? -ERRNO.EEXIST : pattern;
  const parts = pattern.split('%d');
  if (parts.length !== 2 || parts.some((part) => part.includes('%'))) return -ERRNO.EINVAL;
  for (let number = 0; ; number++) {
    const name = parts.join(String(number));
    if (!isValidName(name)) return -ERRNO.EINVAL;
    if (!taken.has(name)) return name;
  }
};

/** A new interface, not up; -errno. `tun` are IFF_TUN or IFF_TAP and the flags that go with it. */
export const newTunInterface = (kernel: Kernel, pattern: string, tun: number): TunInterface | number => {
  const name = chooseName(kernel, pattern);
  if (typeof name === 'number') return name;
  const ethernet = (tun & IFF_TUN.TAP) !== 0;
  const hardware = new Uint8Array(ethernet ? 6 : 0);
  kernel.random(hardware);
  if (ethernet) hardware[0] = (hardware[0]! & 0xfe) | 2;
  const { interfaces } = kernel.net;
  const device: TunInterface = {
    ...{ name, index: Math.max(...interfaces.map(({ index }) => index)) + 1, mtu: MTU, txqlen: QUEUE_LENGTH },
    flags: ethernet ? IFF.BROADCAST | IFF.MULTICAST : IFF.POINTOPOINT | IFF.NOARP | IFF.MULTICAST,
    type: ethernet ? ARPHRD.ETHER : ARPHRD.NONE,
    ...{ hardware, tun, persist: false, owner: -1, group: -1 },
    ...{ queues: [], vnetHeader: virtioNetHdr.size, littleEndian: false, feed: [], fed: 0, dropped: 0 },
  };
  interfaces.push(device);
  return device;
};

/** The interface goes, and what the switch knew of it (unregister_netdevice). */
export const removeInterface = (kernel: Kernel, device: TunInterface): void => {
  const { interfaces, stations } = kernel.net;
  interfaces.splice(interfaces.indexOf(device), 1);
  for (const [station, port] of stations) if (port === device) stations.delete(station);
};

/** Interfaces with recordings: they are there from the start, up, and `owner` may attach. Throws `Error` for a name that cannot be. */
export const addFeeds = (kernel: Kernel, feeds: readonly TapFeed[], owner: number): void => {
  for (const { name, ethernet, frames } of feeds) {
    const made = newTunInterface(kernel, name, ethernet ? IFF_TUN.TAP : IFF_TUN.TUN);
    if (typeof made === 'number') {
      throw new Error(`${name}: ${made === -ERRNO.EEXIST ? 'there is' : 'no name for'} an interface of that name`);
    }
    made.flags |= IFF.UP | IFF.RUNNING;
    made.persist = true;
    made.owner = owner;
    made.feed = Object.freeze(frames.slice());
  }
};

export const newTunQueue = (): TunQueue => ({ frames: [], enabled: true, wait: waitQueue(), asyncs: [] });

/** Frames that have addresses and protocol in common stay with one queue, in order (tun_select_queue). */
const flowOf = (frame: Uint8Array): number => {
  let sum = 0;
  for (let i = 0; i < Math.min(frame.length, 40); i++) sum = (Math.imul(sum, 31) + frame[i]!) >>> 0;
  return sum;
};

/** A frame for a program behind an interface; it is lost when nobody is there, or does not keep up (tun_net_xmit). */
const deliver = (kernel: Kernel, device: TunInterface, frame: Uint8Array): void => {
  const enabled = device.queues.filter((queue) => queue.enabled);
  const queue = enabled[enabled.length > 1 ? flowOf(frame) % enabled.length : 0];
  if (queue === undefined || !(device.flags & IFF.UP) || queue.frames.length >= QUEUE_LENGTH) {
    device.dropped++;
    return;
  }
  queue.frames.push(frame);
  wakeAll(kernel, queue.wait, POLL.IN | POLL.RDNORM);
  killFasync(kernel, queue.asyncs, POLL_CODE.IN);
};

const stationText = (bytes: Uint8Array): string => bytes.join(':');

/**
 * Passes a frame on. Of Ethernet the switch learns who is where: a frame for a station that was heard goes to its port alone,
 * others, and those to groups, everywhere.
 */
export const passOn = (kernel: Kernel, from: TunInterface, frame: Uint8Array): void => {
  const { interfaces, stations } = kernel.net;
  const kind = from.tun & (IFF_TUN.TAP | IFF_TUN.TUN);
  const others = interfaces.filter((device) => device !== from && isTun(device) && (device.tun & kind) !== 0);
  if (kind === IFF_TUN.TAP) {
    stations.set(stationText(frame.subarray(6, 12)), from);
    const port = frame[0]! & 1 ? undefined : stations.get(stationText(frame.subarray(0, 6)));
    if (port !== undefined) {
      if (port !== from) deliver(kernel, port, frame);
      return;
    }
  }
  for (const device of others) deliver(kernel, device as TunInterface, frame);
};

/** Whether a read would get a frame. */
export const hasFrame = (device: TunInterface, { frames }: TunQueue): boolean =>
  frames.length > 0 || ((device.flags & IFF.UP) !== 0 && device.fed < device.feed.length);

/** The next frame, if there is one: of the switch before one of the recording. */
export const nextFrame = (device: TunInterface, queue: TunQueue): Uint8Array | undefined =>
  queue.frames.shift() ?? (hasFrame(device, queue) ? device.feed[device.fed++] : undefined);
