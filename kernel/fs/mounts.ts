/** The tree of file systems that a machine starts with, and mounting. */
import { ERRNO } from '../abi/errno.ts';
import { AT, O } from '../abi/fcntl.ts';
import { isDir, MAGIC, S } from '../abi/stat.ts';
import type { HostFiles } from '../host.ts';
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import { attachTty } from '../tty/attach.ts';
import { setControllingTty } from '../tty/control.ts';
import { ttyFile } from '../tty/operations.ts';
import { newTty } from '../tty/tty.ts';
import { newDevfs, newDevpts } from './devfs.ts';
import { newHostfs } from './hostfs.ts';
import { newOpenFile, newSuperBlock } from './inode.ts';
import { newOverlay, newTmpfs } from './memfs.ts';
import type { MemInode } from './memnode.ts';
import { newMqueuefs } from './mqueuefs.ts';
import { throughMounts, walkPath } from './namei.ts';
import { joinPath, normalise } from './names.ts';
import { newNotifyState } from './notify.ts';
import { newProcfs } from './procfs.ts';
import { procRoot } from './procsystem.ts';
import { type StreamName, streamInodeOf } from './stream.ts';
import type { FsContext, Inode, Location, OpenFile, Vfs } from './types.ts';

/** A directory of the host's that the guest sees at a place of its own. */
export interface Bind {
  files: HostFiles;
  /** Absolute, a byte string (`bytesFromText`). Directories on the way that do not exist are made, in memory. */
  guestPath: string;
  /** Changes reach the host. */
  writable: boolean;
}

export interface RootOptions {
  /** What `/` shows, read-only under a layer in memory; without it the tree is empty. */
  root?: HostFiles;
  binds?: readonly Bind[];
  /** User whose terminal /dev/pts/0 is. */
  owner?: { uid: number; gid: number };
}

const newVfs = (): Vfs => {
  const numbers = { lastDev: 0, lastMount: 0, lastEventfd: 0 };
  const pipefs = newSuperBlock(numbers, { type: 'pipefs', magic: MAGIC.PIPEFS });
  const anonfs = newSuperBlock(numbers, { type: 'anon_inodefs', magic: MAGIC.ANON_INODE });
  const shmfs = newSuperBlock(numbers, { type: 'tmpfs', magic: MAGIC.TMPFS });
  const sockfs = newSuperBlock(numbers, { type: 'sockfs', magic: MAGIC.SOCKFS });
  const pidfs = newSuperBlock(numbers, { type: 'pidfs', magic: MAGIC.PIDFS });
  const nsfs = newSuperBlock(numbers, { type: 'nsfs', magic: MAGIC.NSFS });
  return {
    ...numbers,
    aioNr: 0,
    aioMaxNr: 65536,
    mounts: [],
    pipefs,
    anonfs,
    shmfs,
    sockfs,
    pidfs,
    nsfs: { sb: nsfs, inodes: new Map() },
    pipePages: new Map(),
    mqueue: undefined as unknown as Inode,
    locked: new Set(),
    notify: newNotifyState(),
    console: newTty('console', 0),
    redirect: null,
    ptys: new Map(),
    devpts: undefined as unknown as Inode,
  };
};

/** Shows `root` in the place of a directory. */
const mountOn = (vfs: Vfs, covered: Inode, root: Inode, path: string): void => {
  covered.mounted = root;
  root.parent = covered.parent;
  root.name = covered.name;
  vfs.mounts.push({ sb: root.sb, root, path });
};

/**
 * The directory at an absolute path, made where it does not exist. Symbolic links on the way are not followed: what the user
 * named is where the mount goes. Throws if something else is there.
 */
const directoryAt = (kernel: Kernel, path: string): Inode => {
  let at = throughMounts(kernel.rootInode);
  let reached = '/';
  for (const name of normalise(path).split('/')) {
    if (name === '') continue;
    reached = joinPath(reached, name);
    let next = at.ops.lookup?.(kernel, kernel.init, at, name) ?? -ERRNO.ENOTDIR;
    if (next === -ERRNO.ENOENT) {
      next = at.ops.create?.(kernel, at, name, S.IFDIR | 0o755, 0, { uid: 0, gid: 0 }) ?? -ERRNO.EROFS;
    }
    if (typeof next === 'number' || !isDir(next.mode))
      throw new Error(`cannot mount at ${path}: ${reached} is no directory`);
    at = throughMounts(next);
  }
  return at;
};

/**
 * Sets `kernel.vfs` and `kernel.rootInode`: the root, /proc, /dev, an empty /sys, and the binds. Throws an `Error` with a
 * sentence for the user if a directory cannot be had.
 */
export const mountRoot = (kernel: Kernel, options: RootOptions = {}): void => {
  const vfs = newVfs();
  kernel.vfs = vfs;
  const root =
    options.root === undefined ? newTmpfs(kernel, vfs, 'rootfs', 0o755) : newOverlay(kernel, vfs, options.root);
  if (typeof root === 'number') throw new Error('the root is not a directory that can be read');
  kernel.rootInode = root;
  vfs.mounts.push({ sb: root.sb, root, path: '/' });
  if (options.root === undefined) (directoryAt(kernel, '/tmp') as MemInode).mode = S.IFDIR | 0o1777;

  const mount = (path: string, make: () => Inode | number): void => {
    const made = make();
    if (typeof made === 'number')
      throw new Error(`what is to be mounted at ${path} is not a directory that can be read`);
    mountOn(vfs, directoryAt(kernel, path), made, normalise(path));
  };
  mount('/proc', () => newProcfs(kernel, vfs, procRoot));
  mount('/sys', () => newTmpfs(kernel, vfs, 'sysfs', 0o555));
  mount('/dev', () => newDevfs(kernel, vfs));
  vfs.devpts = newDevpts(kernel, vfs, options.owner ?? { uid: 0, gid: 0 });
  mount('/dev/pts', () => vfs.devpts);
  mount('/dev/shm', () => newTmpfs(kernel, vfs));
  mount('/dev/mqueue', () => newMqueuefs(kernel, vfs));
  for (const bind of options.binds ?? []) {
    mount(bind.guestPath, () => newHostfs(kernel, vfs, bind.files, bind.writable));
  }
};

/** Root and working directory of the first process. Throws if `cwd`, an absolute path, is no directory. */
export const newFsContext = (kernel: Kernel, task: Task, cwd = '/'): FsContext => {
  const root: Location = { inode: throughMounts(kernel.rootInode), path: '/' };
  const context: FsContext = { root, cwd: root, umask: 0o022 };
  task.fs = context;
  const found = walkPath(kernel, task, AT.FDCWD, cwd);
  if (typeof found === 'number' || !isDir(found.inode.mode))
    throw new Error(`the working directory ${cwd} is no directory`);
  context.cwd = found;
  return context;
};

/** Descriptors 0, 1 and 2 of the first process over the host's streams. A terminal becomes its session's. */
export const openStandardStreams = (kernel: Kernel, task: Task): void => {
  const owner = { uid: task.cred.uid, gid: task.cred.gid };
  const { vfs } = kernel;
  const open = (name: StreamName, flags: number): OpenFile => {
    if (!kernel.host[name].terminal) {
      const inode = streamInodeOf(kernel, vfs.pipefs, name, owner);
      return newOpenFile(
        inode.ops.open(kernel, task, inode, flags) as OpenFile['ops'],
        inode,
        `pipe:[${inode.ino}]`,
        flags,
      );
    }
    const terminal = walkPath(kernel, task, AT.FDCWD, '/dev/pts/0') as Location;
    const file = newOpenFile(ttyFile, terminal.inode, terminal.path, O.RDWR);
    attachTty(task, file, vfs.console, false, name === 'stderr');
    return file;
  };
  const files = [open('stdin', O.RDONLY), open('stdout', O.WRONLY), open('stderr', O.WRONLY)];
  task.files.entries = files.map((file) => ({ file, closeOnExec: false }));
  // A job of a shell runs on the shell's terminal.
  if (task.group.tty === null && files.some((file) => file.ops === ttyFile)) setControllingTty(task, vfs.console);
};
