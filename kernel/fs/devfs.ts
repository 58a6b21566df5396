/** What /dev holds: the few devices that programs take for granted, in a tmpfs. */
import { S } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { newTmpfs } from './memfs.ts';
import type { MemInode } from './memnode.ts';
import { DEVICE } from './special.ts';
import type { Vfs } from './types.ts';

const NODES: readonly (readonly [name: string, device: number, mode: number])[] = [
  ['null', DEVICE.NULL, 0o666],
  ['zero', DEVICE.ZERO, 0o666],
  ['full', DEVICE.FULL, 0o666],
  ['random', DEVICE.RANDOM, 0o666],
  ['urandom', DEVICE.URANDOM, 0o666],
  ['tty', DEVICE.TTY, 0o666],
  ['console', DEVICE.CONSOLE, 0o600],
  ['ptmx', DEVICE.PTMX, 0o666],
];

const LINKS: readonly (readonly [name: string, target: string])[] = [
  ['fd', '/proc/self/fd'],
  ['stdin', '/proc/self/fd/0'],
  ['stdout', '/proc/self/fd/1'],
  ['stderr', '/proc/self/fd/2'],
];

const ROOT = { uid: 0, gid: 0 };

/** The root of a new /dev, with the directories on which devpts and a tmpfs are mounted. */
export const newDevfs = (kernel: Kernel, vfs: Vfs): MemInode => {
  const root = newTmpfs(kernel, vfs, 'devtmpfs', 0o755);
  const { create, symlink } = root.ops;
  const node = (directory: MemInode, name: string, mode: number, rdev: number, by = ROOT): MemInode => {
    const made = create!(kernel, directory, name, mode, rdev, by);
    if (typeof made === 'number') throw new Error(`no room for /dev/${name}: limits.fileBytes is too small`);
    return made as MemInode;
  };
  for (const [name, device, mode] of NODES) node(root, name, S.IFCHR | mode, device);
  for (const [name, target] of LINKS) symlink!(kernel, root, name, target, ROOT);
  node(root, 'pts', S.IFDIR | 0o755, 0);
  node(root, 'shm', S.IFDIR | 0o1777, 0);
  node(node(root, 'net', S.IFDIR | 0o755, 0), 'tun', S.IFCHR | 0o666, DEVICE.TUN);
  node(root, 'mqueue', S.IFDIR | 0o1777, 0);
  return root;
};

/** The root of /dev/pts. Number 0 is the machine's own terminal, of its user; slaves come and go with their masters. */
export const newDevpts = (kernel: Kernel, vfs: Vfs, owner: { uid: number; gid: number }): MemInode => {
  const root = newTmpfs(kernel, vfs, 'devpts', 0o755);
  const { create } = root.ops;
  for (const [name, mode, device, by] of [
    ['ptmx', 0o000, DEVICE.PTMX, ROOT],
    ['0', 0o620, DEVICE.PTS0, owner],
  ] as const) {
    const made = create!(kernel, root, name, S.IFCHR | mode, device, by);
    if (typeof made === 'number') throw new Error(`no room for /dev/pts/${name}: limits.fileBytes is too small`);
  }
  return root;
};
