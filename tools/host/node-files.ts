/**
 * The host's files for the kernel, by Node's synchronous calls.
 *
 * No call leaves the granted directory through a symbolic link, even if another program exchanges a directory for a link at
 * that moment: a path is resolved one directory at a time, each opened with O_NOFOLLOW relative to the one before, as
 * openat(2) does. Node has no openat, but on Linux `/proc/self/fd/N/name` is the same. Elsewhere each directory on the way
 * is looked at before use.
 */
import fs from 'node:fs';
import { performance } from 'node:perf_hooks';
import { ERRNO } from '../../kernel/abi/errno.ts';
import type { HostError, HostFiles, HostFileType, HostStat } from '../../kernel/host.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_RDWR } = fs.constants;
/** Linux's O_PATH, which Node does not name. */
const O_PATH = 0o10000000;

/** Directories and files held open. */
const MOST_DIRECTORIES = 128;
const MOST_FILES = 64;

/** After this time, in milliseconds, a directory held open is compared with what the host has under its path. */
const TRUST = 50;

/** Names read from a directory at a time. */
const DIRECTORY_BATCH = 256;

const hasProcFd = process.platform === 'linux' && fs.existsSync('/proc/self/fd');

const fail = (error: unknown): HostError => {
  const { code } = error as NodeJS.ErrnoException;
  return { errno: (ERRNO as Record<string, number>)[code ?? ''] ?? ERRNO.EIO };
};

const isError = (value: unknown): value is HostError => typeof value === 'object' && value !== null && 'errno' in value;

const attempt = <T>(call: () => T): T | HostError => {
  try {
    return call();
  } catch (error) {
    return fail(error);
  }
};

const done = (call: () => unknown): 0 | HostError => {
  const result = attempt(call);
  return isError(result) ? result : 0;
};

/** Byte string to what Node passes on as it is. */
const raw = (path: string): Buffer => Buffer.from(path, 'latin1');

const typeOf = (stat: fs.BigIntStats): HostFileType => {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isCharacterDevice()) return 'char';
  if (stat.isBlockDevice()) return 'block';
  return stat.isFIFO() ? 'fifo' : 'socket';
};

const toHostStat = (stat: fs.BigIntStats): HostStat => ({
  type: typeOf(stat),
  mode: Number(stat.mode) & 0o7777,
  ino: Number(stat.ino),
  dev: Number(stat.dev),
  nlink: Number(stat.nlink),
  uid: Number(stat.uid),
  gid: Number(stat.gid),
  size: Number(stat.size),
  blocks: Number(stat.blocks),
  rdev: Number(stat.rdev),
  atime: stat.atimeNs,
  mtime: stat.mtimeNs,
  ctime: stat.ctimeNs,
});

interface HeldDirectory {
  fd: number;
  ino: bigint;
  dev: bigint;
  /** When it was last known to be what its path names. */
  checked: number;
}

interface HeldFile {
  fd: number;
  ino: number;
  writable: boolean;
}

const split = (path: string): [directory: string, name: string] => {
  const cut = path.lastIndexOf('/');
  return [path.slice(0, cut), path.slice(cut + 1)];
};

class NodeFiles implements HostFiles {
  readonly #root: HeldDirectory;
  readonly #rootPath: string;
  /** By path without the slash at the end; least recently used first. */
  readonly #directories = new Map<string, HeldDirectory>();
  readonly #files = new Map<string, HeldFile>();

  constructor(root: string) {
    this.#rootPath = fs.realpathSync(root);
    const fd = fs.openSync(this.#rootPath, O_RDONLY | O_DIRECTORY | (hasProcFd ? O_PATH : 0));
    const { ino, dev } = fs.fstatSync(fd, { bigint: true });
    this.#root = { fd, ino, dev, checked: Number.POSITIVE_INFINITY };
  }

  /** A path that Node may use for `name` in the directory held; without it, for the directory itself. */
  #at(directory: HeldDirectory, path: string, name: string): Buffer {
    if (hasProcFd) return raw(`/proc/self/fd/${directory.fd}${name === '' ? '' : `/${name}`}`);
    return Buffer.concat([Buffer.from(this.#rootPath), raw(name === '' ? path : `${path}/${name}`)]);
  }

  /** The directory at a path without a slash at the end, opened step by step. */
  #directory(path: string): HeldDirectory | HostError {
    if (path === '') return this.#root;
    const held = this.#directories.get(path);
    const now = performance.now();
    if (held !== undefined && now - held.checked < TRUST) return held;
    const [above, name] = split(path);
    const parent = this.#directory(above);
    if (isError(parent)) return parent;
    const place = this.#at(parent, above, name);
    const stat = attempt(() => fs.lstatSync(place, { bigint: true }));
    if (isError(stat)) return stat;
    if (!stat.isDirectory()) return { errno: ERRNO.ENOTDIR };
    if (held !== undefined && stat.ino === held.ino && stat.dev === held.dev) {
      held.checked = now;
      return held;
    }
    if (held !== undefined) this.#dropDirectories(path);
    // Without O_PATH a directory that may be searched but not read cannot be held; its path was just looked at.
    const fd = attempt(() => (hasProcFd ? fs.openSync(place, O_PATH | O_DIRECTORY | O_NOFOLLOW) : -1));
    if (isError(fd)) return fd;
    const fresh = { fd, ino: stat.ino, dev: stat.dev, checked: now };
    this.#directories.set(path, fresh);
    if (this.#directories.size > MOST_DIRECTORIES) {
      for (const oldest of this.#directories.keys()) {
        if (oldest === path || path.startsWith(`${oldest}/`)) continue;
        this.#dropDirectories(oldest);
        break;
      }
    }
    return fresh;
  }

  /** Lets go of a directory and all below it. */
  #dropDirectories(path: string): void {
    for (const [key, held] of this.#directories) {
      if (key !== path && !key.startsWith(`${path}/`)) continue;
      this.#directories.delete(key);
      if (held.fd >= 0) fs.closeSync(held.fd);
    }
  }

  #dropFile(path: string): void {
    const held = this.#files.get(path);
    if (held === undefined) return;
    this.#files.delete(path);
    fs.closeSync(held.fd);
  }

  /** Forgets what is held at and below a path that changes its meaning. */
  #forget(path: string): void {
    this.#dropDirectories(path);
    for (const key of [...this.#files.keys()]) if (key === path || key.startsWith(`${path}/`)) this.#dropFile(key);
  }

  /** Runs a call on a path, whose directory is held; the last component is the call's to treat as a link. */
  #on<T>(path: string, call: (place: Buffer) => T): T | HostError {
    if (path === '/') return attempt(() => call(this.#at(this.#root, '', '')));
    const [above, name] = split(path);
    const parent = this.#directory(above);
    return isError(parent) ? parent : attempt(() => call(this.#at(parent, above, name)));
  }

  /** A regular file, open; nothing else is ever opened. */
  #file(path: string, write: boolean): HeldFile | HostError {
    const known = this.#files.get(path);
    if (known !== undefined && (known.writable || !write)) {
      this.#files.delete(path);
      this.#files.set(path, known);
      return known;
    }
    if (known !== undefined) this.#dropFile(path);
    const held = this.#on(path, (place): HeldFile | HostError => {
      if (!fs.lstatSync(place).isFile()) return { errno: ERRNO.ENXIO };
      // It may have been exchanged in between: not to hang on a FIFO, and to look again.
      const fd = fs.openSync(place, (write ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK);
      const stat = fs.fstatSync(fd);
      if (stat.isFile()) return { fd, ino: stat.ino, writable: write };
      fs.closeSync(fd);
      return { errno: ERRNO.ENXIO };
    });
    if (isError(held)) return held;
    this.#files.set(path, held);
    if (this.#files.size > MOST_FILES) this.#dropFile(this.#files.keys().next().value!);
    return held;
  }

  lstat(path: string): HostStat | HostError {
    // Of the root, its own attributes: it may be held through a link.
    const stat = this.#on(path, (place) =>
      path === '/'
        ? fs.fstatSync(this.#root.fd, { bigint: true })
        : fs.lstatSync(place, { bigint: true, throwIfNoEntry: false }),
    );
    if (stat === undefined) return { errno: ERRNO.ENOENT };
    if (isError(stat)) return stat;
    const held = this.#files.get(path);
    if (held !== undefined && held.ino !== Number(stat.ino)) this.#dropFile(path);
    return toHostStat(stat);
  }

  readdir(path: string): string[] | HostError {
    const directory = this.#directory(path === '/' ? '' : path);
    if (isError(directory)) return directory;
    return attempt(() => {
      // readdirSync sorts; programs are to see the order of the host.
      const place = this.#at(directory, path === '/' ? '' : path, '');
      const entries = fs.opendirSync(place, { encoding: 'latin1', bufferSize: DIRECTORY_BATCH });
      const names: string[] = [];
      for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) names.push(entry.name);
      entries.closeSync();
      return names;
    });
  }

  readlink(path: string): string | HostError {
    return this.#on(path, (place) => fs.readlinkSync(place, { encoding: 'latin1' }));
  }

  read(path: string, position: number, into: Uint8Array): number | HostError {
    const file = this.#file(path, false);
    return isError(file) ? file : attempt(() => fs.readSync(file.fd, into, 0, into.length, position));
  }

  write(path: string, position: number, data: Uint8Array): number | HostError {
    const file = this.#file(path, true);
    return isError(file) ? file : attempt(() => fs.writeSync(file.fd, data, 0, data.length, position));
  }

  truncate(path: string, size: number): 0 | HostError {
    const file = this.#file(path, true);
    return isError(file) ? file : done(() => fs.ftruncateSync(file.fd, size));
  }

  create(path: string, mode: number): 0 | HostError {
    const result = this.#on(path, (place) => {
      const fd = fs.openSync(place, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
      // The guest's umask was applied already; the host's is not to be added.
      fs.fchmodSync(fd, mode);
      this.#dropFile(path);
      this.#files.set(path, { fd, ino: fs.fstatSync(fd).ino, writable: true });
      if (this.#files.size > MOST_FILES) this.#dropFile(this.#files.keys().next().value!);
      return 0 as const;
    });
    return isError(result) ? result : 0;
  }

  mkdir(path: string, mode: number): 0 | HostError {
    const result = this.#on(path, (place) => {
      fs.mkdirSync(place, mode);
      return 0 as const;
    });
    return isError(result) ? result : this.chmod(path, mode);
  }

  symlink(target: string, path: string): 0 | HostError {
    const result = this.#on(path, (place) => fs.symlinkSync(raw(target), place));
    return isError(result) ? result : 0;
  }

  link(existing: string, path: string): 0 | HostError {
    const result = this.#on(existing, (from) => this.#on(path, (to) => fs.linkSync(from, to)));
    return isError(result) ? result : 0;
  }

  unlink(path: string): 0 | HostError {
    const result = this.#on(path, (place) => fs.unlinkSync(place));
    if (isError(result)) return result;
    this.#dropFile(path);
    return 0;
  }

  rmdir(path: string): 0 | HostError {
    const result = this.#on(path, (place) => fs.rmdirSync(place));
    if (isError(result)) return result;
    this.#forget(path);
    return 0;
  }

  rename(from: string, to: string): 0 | HostError {
    const result = this.#on(from, (source) => this.#on(to, (target) => fs.renameSync(source, target)));
    if (isError(result)) return result;
    this.#forget(from);
    this.#forget(to);
    return 0;
  }

  chmod(path: string, mode: number): 0 | HostError {
    const result = this.#on(path, (place) => {
      if (!hasProcFd) {
        if (fs.lstatSync(place).isSymbolicLink()) return { errno: ERRNO.EOPNOTSUPP };
        fs.chmodSync(place, mode);
        return 0 as const;
      }
      const fd = fs.openSync(place, path === '/' ? O_PATH : O_PATH | O_NOFOLLOW);
      try {
        if (fs.fstatSync(fd).isSymbolicLink()) return { errno: ERRNO.EOPNOTSUPP };
        fs.chmodSync(`/proc/self/fd/${fd}`, mode);
        return 0 as const;
      } finally {
        fs.closeSync(fd);
      }
    });
    return isError(result) ? result : 0;
  }

  chown(path: string, uid: number, gid: number): 0 | HostError {
    const result = this.#on(path, (place) => fs.lchownSync(path === '/' ? this.#rootPath : place, uid, gid));
    return isError(result) ? result : 0;
  }

  /** Node takes seconds as a double, exact to about a quarter of a microsecond; before the epoch only milliseconds. */
  utimes(path: string, atime: bigint, mtime: bigint): 0 | HostError {
    const seconds = (time: bigint): number | Date =>
      time < 0n
        ? new Date(Number(time / 1_000_000n))
        : Number(time / 1_000_000_000n) + Number(time % 1_000_000_000n) / 1e9;
    const result = this.#on(path, (place) =>
      fs.lutimesSync(path === '/' ? this.#rootPath : place, seconds(atime), seconds(mtime)),
    );
    return isError(result) ? result : 0;
  }

  sync(path: string): 0 | HostError {
    const file = this.#file(path, true);
    return isError(file) ? file : done(() => fs.fsyncSync(file.fd));
  }
}

/**
 * The host's files below a directory, which may itself be named through links. Throws if it cannot be opened. Frozen: to a
 * snapshot it is a part of the host, not of the machine.
 */
export const nodeFiles = (root: string): HostFiles => Object.freeze(new NodeFiles(root));
