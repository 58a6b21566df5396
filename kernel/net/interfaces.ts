/** Network interfaces: lo, and those that /dev/net/tun makes; the ioctls that ask for them (net/core/dev_ioctl.c, netdevice(7)). */
import { CAP } from '../abi/capability.ts';
import { ERRNO } from '../abi/errno.ts';
import { ARPHRD, IFF, IFNAMSIZ, IFREQ, ifconf } from '../abi/interface.ts';
import { AF, SIOC } from '../abi/socket.ts';
import type { Kernel } from '../kernel.ts';
import { copyFromUser, copyToUser, putUser32, readStruct } from '../mm/user.ts';
import { capable } from '../task/capability.ts';
import type { Task } from '../task/task.ts';
import { bytesOf, LOOPBACK4 } from './inet/address.ts';

/** struct net_device. */
export interface Interface {
  name: string;
  index: number;
  flags: number;
  mtu: number;
  /** ARPHRD_LOOPBACK, ... */
  type: number;
  hardware: Uint8Array;
  txqlen: number;
}

export const loopback = (): Interface => ({
  ...{ name: 'lo', index: 1, flags: IFF.UP | IFF.LOOPBACK | IFF.RUNNING, mtu: 65_536 },
  ...{ type: ARPHRD.LOOPBACK, hardware: new Uint8Array(6), txqlen: 1000 },
});

const nameIn = (bytes: Uint8Array): string => {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...bytes.subarray(0, Math.min(end < 0 ? IFNAMSIZ - 1 : end, IFNAMSIZ - 1)));
};

/** The name in a struct ifreq. */
export const requestName = (task: Task, address: number): string => nameIn(copyFromUser(task.mm, address, IFNAMSIZ));

export const nameBytes = (name: string): Uint8Array => {
  const bytes = new Uint8Array(IFNAMSIZ);
  bytes.set([...name].map((character) => character.charCodeAt(0)));
  return bytes;
};

/** struct sockaddr_in of an address, for a struct ifreq. */
const inAddress = (address: readonly number[]): Uint8Array => Uint8Array.from([AF.INET, 0, 0, 0, ...address]);

/** SIOCGIFCONF: the interfaces that have an IPv4 address. */
const listAddresses = (task: Task, argument: number): number => {
  const { ifc_len, ifc_buf } = readStruct(task.mm, ifconf, argument);
  const entry = new Uint8Array(IFREQ.size);
  entry.set(nameBytes('lo'));
  entry.set(inAddress(bytesOf(LOOPBACK4).slice(12)), IFREQ.value);
  const fits = ifc_buf === 0 || ifc_len >= entry.length;
  if (ifc_buf !== 0 && fits) copyToUser(task.mm, ifc_buf, entry);
  putUser32(task.mm, argument, fits ? entry.length : 0);
  return 0;
};

const int = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
};
const short = (value: number): Uint8Array => Uint8Array.of(value & 0xff, (value >> 8) & 0xff);

/** What a request tells of an interface; null for one that is no question of this kind. */
const answerOf = (device: Interface, request: number): Uint8Array | number | null => {
  const isLoopback = device.type === ARPHRD.LOOPBACK;
  const address = (bytes: readonly number[]): Uint8Array | number =>
    isLoopback ? inAddress(bytes) : -ERRNO.EADDRNOTAVAIL;
  switch (request) {
    case SIOC.GIFFLAGS:
      return short(device.flags);
    case SIOC.GIFADDR:
    case SIOC.GIFDSTADDR:
      return address([127, 0, 0, 1]);
    case SIOC.GIFNETMASK:
      return address([255, 0, 0, 0]);
    case SIOC.GIFBRDADDR:
      return address([0, 0, 0, 0]);
    case SIOC.GIFMETRIC:
      return int(0);
    case SIOC.GIFMTU:
      return int(device.mtu);
    case SIOC.GIFHWADDR:
      return Uint8Array.from([...short(device.type), ...device.hardware]);
    case SIOC.GIFINDEX:
      return int(device.index);
    case SIOC.GIFTXQLEN:
      return int(device.txqlen);
    default:
      return null;
  }
};

/** Switches an interface on or off; other flags stay. */
const setFlags = (task: Task, device: Interface, argument: number): number => {
  if (!capable(task.cred, CAP.NET_ADMIN)) return -ERRNO.EPERM;
  const flags = copyFromUser(task.mm, argument + IFREQ.value, 2)[0]!;
  const changed = IFF.UP | (device.type === ARPHRD.LOOPBACK ? 0 : IFF.RUNNING);
  device.flags = flags & IFF.UP ? device.flags | changed : device.flags & ~changed;
  return 0;
};

/** ioctl(2) about interfaces, which works with every socket. -ENOTTY for other requests. */
export const interfaceIoctl = (kernel: Kernel, task: Task, request: number, argument: number): number => {
  const { interfaces } = kernel.net;
  if (request === SIOC.GIFCONF) return listAddresses(task, argument);
  if (request === SIOC.GIFNAME) {
    const bytes = copyFromUser(task.mm, argument, IFREQ.size);
    const index = new DataView(bytes.buffer, bytes.byteOffset).getInt32(IFREQ.value, true);
    const found = interfaces.find((device) => device.index === index);
    if (found === undefined) return -ERRNO.ENODEV;
    copyToUser(task.mm, argument, nameBytes(found.name));
    return 0;
  }
  if (request < SIOC.GIFNAME || request > SIOC.GIFTXQLEN) return -ERRNO.ENOTTY;
  const name = requestName(task, argument);
  const device = interfaces.find((each) => each.name === name);
  if (device === undefined) return -ERRNO.ENODEV;
  if (request === SIOC.SIFFLAGS) return setFlags(task, device, argument);
  const answer = answerOf(device, request);
  if (answer === null) return -ERRNO.ENOTTY;
  if (typeof answer === 'number') return answer;
  const value = new Uint8Array(IFREQ.size - IFREQ.value);
  value.set(answer);
  copyToUser(task.mm, argument + IFREQ.value, value.subarray(0, Math.max(16, answer.length)));
  return 0;
};
