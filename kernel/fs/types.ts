/**
 * The objects of the file system: inodes, open files, and the operations each kind of object implements. Plain data plus
 * references to stateless things - operation tables (frozen objects of functions) and the host's `HostFiles` - which a
 * snapshot keeps by reference.
 *
 * Names and paths are byte strings: each character is one byte, 0..255, as it lies in guest memory. Nothing is lost, and
 * text is made of them only where people read it. See `names.ts`.
 */

import type { PhysicalMemory } from '../../emulator/api.ts';
import type { HostFiles } from '../host.ts';
import type { Kernel } from '../kernel.ts';
import type { Credentials, Task } from '../task/task.ts';
import type { WaitQueue } from '../task/wait.ts';
import type { PtyEntry } from '../tty/pty.ts';
import type { Tty } from '../tty/tty.ts';
import type { DirectoryNote } from './dnotify.ts';
import type { EpollItem } from './epoll.ts';
import type { FileOwner } from './fasync.ts';
import type { InodeLocks } from './locks.ts';
import type { NotifyState, Watch } from './notify.ts';
import type { Pipe } from './pipe-ring.ts';

/** fs_struct: shared by CLONE_FS. */
export interface FsContext {
  cwd: Location;
  root: Location;
  umask: number;
}

/** A place in the tree (struct path): an inode and the name by which it was reached. */
export interface Location {
  inode: Inode;
  /** Absolute guest path, normalised, at the time of the walk: a later rename does not change it. */
  path: string;
}

/** One mounted file system (struct super_block and its mount). */
export interface SuperBlock {
  /** As /proc/mounts names it: tmpfs, overlay, proc, ... */
  readonly type: string;
  /** f_type of statfs(2). */
  readonly magic: number;
  readonly dev: number;
  /** Mount number, as statx and mountinfo show it. */
  readonly mountId: number;
  readOnly: boolean;
  /** What is mounted, first column of /proc/mounts. */
  readonly source: string;
  nextIno: number;
  /** The host's files behind it, if any. Snapshots leave it alone: it has to be frozen. */
  readonly files: HostFiles | null;
  /** File systems over the host's: inodes in memory because they were looked up, and at how many unused ones are dropped. */
  cached: number;
  sweepAt: number;
}

/** What every inode has. Kinds of file systems add fields of their own. */
export interface Inode {
  /** Stateless table of what this kind of inode can do. */
  readonly ops: InodeOperations;
  readonly sb: SuperBlock;
  ino: number;
  dev: number;
  /** S_IFMT and permission bits. */
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  rdev: number;
  size: number;
  /** Nanoseconds since the epoch. */
  atime: bigint;
  mtime: bigint;
  ctime: bigint;
  btime: bigint;
  /** Directories: the one they are in, themselves at the root; kept after removal. Null for others. */
  parent: Inode | null;
  /** Directories: the name in `parent`. */
  name: string;
  /** A directory that is covered by a mount: the mounted root. */
  mounted: Inode | null;
  /** Open files; those that may only read, and those that may write (i_readcount, i_writecount). */
  opens: number;
  readers: number;
  writers: number;
  /** A removed directory takes no new entries (S_DEAD). */
  dead: boolean;
  /** F_SEAL_WRITE or F_SEAL_FUTURE_WRITE: it is not mapped for writing any more. */
  writeSealed?: boolean;
  /** Whoever has these credentials may do all, whatever the permission bits say. */
  grants?: Credentials;
  /** Nobody may change it (S_IMMUTABLE). */
  immutable?: boolean;
  /** Nameless from the start (O_TMPFILE without O_EXCL): link(2) may give it a name (I_LINKABLE). */
  linkable?: boolean;
  /** FIFOs: the pipe while someone has it open. */
  pipe: Pipe | null;
  locks: InodeLocks | null;
  /** Who watches it (inotify); absent where nobody does. */
  watches?: Watch[];
  /** Who is told by signal of changes in this directory (F_NOTIFY); absent where nobody is. */
  notes?: DirectoryNote[];
}

/** Who creates something. */
export interface Owner {
  uid: number;
  gid: number;
}

/** Results: a value, or a negative errno. Callers have checked permissions, names and types, as the VFS does. */
export interface InodeOperations {
  /** A name that is not there is an error at once, even for those who would create it (/proc). */
  readonly noNegative?: boolean;
  /** The operations of an open file on this inode; -errno refuses. */
  open(kernel: Kernel, task: Task, inode: Inode, flags: number): FileOperations | number;
  lookup?(kernel: Kernel, task: Task, directory: Inode, name: string): Inode | number;
  /** `mode` has the type: regular files, directories, FIFOs, sockets, devices. */
  create?(kernel: Kernel, directory: Inode, name: string, mode: number, rdev: number, owner: Owner): Inode | number;
  symlink?(kernel: Kernel, directory: Inode, name: string, target: string, owner: Owner): Inode | number;
  /** A nameless file (O_TMPFILE). */
  tmpfile?(kernel: Kernel, directory: Inode, mode: number, owner: Owner): Inode | number;
  link?(kernel: Kernel, directory: Inode, name: string, inode: Inode): number;
  unlink?(kernel: Kernel, directory: Inode, name: string, inode: Inode): number;
  rmdir?(kernel: Kernel, directory: Inode, name: string, inode: Inode): number;
  /** Replaces what `newName` names; `exchange` swaps the two instead. */
  rename?(kernel: Kernel, from: Inode, name: string, to: Inode, newName: string, exchange: boolean): number;
  readlink?(kernel: Kernel, task: Task, inode: Inode): string | number;
  /** Links which lead to an object, whatever their text says (/proc/PID/fd, exe, cwd, root). */
  follow?(kernel: Kernel, task: Task, inode: Inode): Location | number;
  /** Without `.` and `..`. */
  list?(kernel: Kernel, task: Task, directory: Inode): DirectoryEntry[] | number;
  truncate?(kernel: Kernel, inode: Inode, size: number): number;
  /** fallocate(2); `mode` is checked. */
  allocate?(kernel: Kernel, inode: Inode, mode: number, offset: number, length: number): number;
  /** Sets mode, owner or times, here and wherever the file system keeps them. */
  setAttributes?(kernel: Kernel, inode: Inode, attributes: AttributeChange): number;
  /** Brings attributes up to date before they are shown. */
  refresh?(kernel: Kernel, inode: Inode): number;
  /** Makes data durable where it lives (fsync(2)). Without it there is nothing to do. */
  sync?(kernel: Kernel, inode: Inode): number;
  /** The next offset from `offset` on, below the size, where data begins (or a hole); the size if there is none. */
  nextExtent?(inode: Inode, offset: number, hole: boolean): number;
  /** Units of 512 bytes in use; without it, the size rounded up. */
  blocks?(inode: Inode): number;
  /** The last open file on it went. */
  lastClose?(kernel: Kernel, inode: Inode): void;
}

/** What chmod, chown and utimensat change: absent fields stay. */
export interface AttributeChange {
  mode?: number;
  uid?: number;
  gid?: number;
  atime?: bigint;
  mtime?: bigint;
}

export interface DirectoryEntry {
  name: string;
  ino: number;
  /** DT_REG, DT_DIR, ... */
  type: number;
}

/** struct file: one open(2), shared by dup and fork. */
export interface OpenFile {
  readonly ops: FileOperations;
  inode: Inode;
  /** For /proc/PID/fd, strace -y and messages; it follows what is renamed (`moved.ts`). */
  path: string;
  /** The name that it was opened by is gone. */
  unlinked?: boolean;
  /** O_ACCMODE, O_APPEND, O_NONBLOCK, ... without O_CLOEXEC and creation flags. */
  flags: number;
  position: number;
  /** Descriptors and other holders (mappings, messages in flight). `fput` drops one. */
  refs: number;
  /** Whom O_ASYNC tells; absent until F_SETOWN or F_SETSIG. */
  owner?: FileOwner;
  /** Entries of epoll sets that watch it; absent where there never was one. */
  watched?: EpollItem[];
  /** State of the kind of file: a pipe, a socket, an epoll set. Plain data. */
  // biome-ignore lint/suspicious/noExplicitAny: each kind knows the shape of its own state.
  state: any;
}

export interface FileOperations {
  readonly kind: string;
  /** Moves up to `sink.remaining` bytes to the guest. Returns the count, 0 at the end, -errno, or BLOCKED via `block(...)`. */
  read?(kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer, position: number): number;
  write?(kernel: Kernel, task: Task, file: OpenFile, source: UserBuffer, position: number): number;
  /** Whether pread, pwrite and lseek work. */
  readonly seekable?: boolean;
  /** lseek(2) where it is not that of a plain file. New position or -errno. */
  seek?(kernel: Kernel, file: OpenFile, offset: number, whence: number): number;
  /** POLLIN | POLLOUT | ... now. Without it, always ready. */
  poll?(kernel: Kernel, file: OpenFile): number;
  /** Queues to sleep on until `poll` may change. */
  pollQueues?(kernel: Kernel, file: OpenFile): readonly WaitQueue[];
  /** O_ASYNC is switched on or off. Without it the flag cannot be set on this kind of file. */
  fasync?(file: OpenFile, fd: number, on: boolean): void;
  /** -ENOTTY for requests it does not know. */
  ioctl?(kernel: Kernel, task: Task, file: OpenFile, request: number, argument: number): number;
  /** The file was opened, with all `flags` of open(2): sets its state. 0, or -errno to refuse; then `release` is not called. */
  opened?(kernel: Kernel, task: Task, file: OpenFile, flags: number): number;
  /** A descriptor of it was closed, by `kernel.current`. */
  flush?(kernel: Kernel, file: OpenFile): void;
  /** Further lines of /proc/PID/fdinfo, each with its newline (show_fdinfo). */
  describe?(kernel: Kernel, file: OpenFile): string;
  /** The last reference went. */
  release?(kernel: Kernel, file: OpenFile): void;
  /** Bytes of the page at `offset` (a multiple of 4096) for mappings: writes at most 4096 bytes into `into`, the rest stays zero. -errno on failure. */
  readPage?(kernel: Kernel, file: OpenFile, offset: number, into: Uint8Array): number;
  /** Writes back a dirty page of a shared mapping; bytes past the end of the file are ignored. */
  writePage?(kernel: Kernel, file: OpenFile, offset: number, from: Uint8Array): number;
}

/**
 * A scatter/gather list of guest memory (struct iov_iter), consumed from the front. Access faults throw `UserFault`
 * unless bytes were already moved, in which case the count is returned short.
 */
export interface UserBuffer {
  /** Bytes left. */
  readonly remaining: number;
  /** Copies bytes to the guest (a read). Returns how many fitted. */
  put(bytes: Uint8Array): number;
  /** Takes up to `max` bytes from the guest (a write). */
  take(max: number): Uint8Array;
  /**
   * Copies `length` bytes at byte offset `at` of physical memory to the guest, all or none: false if there is no room or the
   * guest's memory faults before the end. What was copied by then stays where it is, but does not count.
   */
  putFrom(physical: PhysicalMemory, at: number, length: number): boolean;
  /** The same the other way. */
  takeTo(physical: PhysicalMemory, at: number, length: number): boolean;
  /** Passes over bytes that earlier tries of a call moved. */
  skip(length: number): void;
}

/** What the file system keeps for the machine: `kernel.vfs`, made by `mountRoot`. */
export interface Vfs {
  /** Minor of the last anonymous device number. */
  lastDev: number;
  lastMount: number;
  /** Number of the next eventfd. */
  lastEventfd: number;
  /** Requests that contexts of io_setup(2) are for, all together and at most (aio_nr, aio_max_nr). */
  aioNr: number;
  aioMaxNr: number;
  /** Mounted file systems with their mount points, in order. */
  mounts: Mount[];
  /** Pipes, and files that have no name. */
  pipefs: SuperBlock;
  anonfs: SuperBlock;
  /** Sockets. */
  sockfs: SuperBlock;
  /** memfd_create's. */
  shmfs: SuperBlock;
  /** Processes, as descriptors name them. */
  pidfs: SuperBlock;
  /** Namespaces, by their kind: those that someone asked for. */
  readonly nsfs: { sb: SuperBlock; inodes: Map<string, Inode> };
  /** Pages that the pipes of each user may hold. */
  readonly pipePages: Map<number, number>;
  /** Root of the file system of POSIX message queues. */
  mqueue: Inode;
  /** Inodes on which there are locks or leases. */
  locked: Set<Inode>;
  /** Watches of files. */
  readonly notify: NotifyState;
  /** The machine's terminal, over the host's streams. */
  console: Tty;
  /** Where writes to /dev/console go instead (TIOCCONS). */
  redirect: OpenFile | null;
  /** Pseudo-terminals by number, and the directory of their slaves. */
  ptys: Map<number, PtyEntry>;
  devpts: Inode;
}

export interface Mount {
  sb: SuperBlock;
  root: Inode;
  /** Absolute guest path. */
  path: string;
}
