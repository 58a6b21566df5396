/**
 * The objects of the file system: inodes, open files, and the operations each kind of object implements. Plain data plus a
 * `ops` reference to a stateless operations table, so that they can be snapshotted.
 */
import type { Kernel } from '../kernel.ts';
import type { Task } from '../task/task.ts';
import type { WaitQueue } from '../task/wait.ts';

/** fs_struct: shared by CLONE_FS. Absolute, normalised guest paths are resolved through `cwd` and `root`. */
export interface FsContext {
  cwd: Location;
  root: Location;
  umask: number;
}

/** A place in the tree (struct path): an inode and how one came to it, for `..` and getcwd. */
export interface Location {
  inode: Inode;
  /** Absolute guest path. */
  path: string;
}

/** What every inode has. Kinds of file systems add fields of their own. */
export interface Inode {
  /** Stateless table of what this kind of inode can do. */
  readonly ops: InodeOperations;
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
}

/** Results: a value, or a negative errno. */
export interface InodeOperations {
  /** Makes the operations of an open file on this inode; -errno refuses. Blocking opens (FIFOs) return BLOCKED. */
  open(kernel: Kernel, task: Task, inode: Inode, flags: number): FileOperations | number;
  lookup?(kernel: Kernel, directory: Inode, name: string): Inode | number;
  create?(kernel: Kernel, directory: Inode, name: string, mode: number, rdev: number, cred: { uid: number; gid: number }): Inode | number;
  symlink?(kernel: Kernel, directory: Inode, name: string, target: string, cred: { uid: number; gid: number }): Inode | number;
  link?(kernel: Kernel, directory: Inode, name: string, inode: Inode): number;
  unlink?(kernel: Kernel, directory: Inode, name: string): number;
  rmdir?(kernel: Kernel, directory: Inode, name: string): number;
  rename?(kernel: Kernel, from: Inode, name: string, to: Inode, newName: string): number;
  readlink?(kernel: Kernel, inode: Inode): string | number;
  list?(kernel: Kernel, directory: Inode): DirectoryEntry[] | number;
  truncate?(kernel: Kernel, inode: Inode, size: number): number;
  /** Attributes changed in memory: write them through if the file system keeps them elsewhere. */
  attributesChanged?(kernel: Kernel, inode: Inode): number;
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
  /** For /proc/PID/fd, strace -y and messages. */
  path: string;
  /** O_ACCMODE, O_APPEND, O_NONBLOCK, ... without O_CLOEXEC and creation flags. */
  flags: number;
  position: number;
  /** Descriptors and other holders (mappings, messages in flight). */
  refs: number;
  /** State of the kind of file: a pipe, a socket, an epoll set. Plain data. */
  // biome-ignore lint/suspicious/noExplicitAny: each kind knows the shape of its own state.
  state: any;
}

/** Bits of poll(2). */
export interface FileOperations {
  readonly kind: string;
  /** Moves up to `length` bytes to the guest. Returns the count, 0 at the end, -errno, or BLOCKED via `block(...)`. */
  read?(kernel: Kernel, task: Task, file: OpenFile, sink: UserBuffer, position: number): number;
  write?(kernel: Kernel, task: Task, file: OpenFile, source: UserBuffer, position: number): number;
  /** Whether pread, pwrite and lseek work. */
  readonly seekable?: boolean;
  /** POLLIN | POLLOUT | ... now. */
  poll?(kernel: Kernel, file: OpenFile): number;
  /** Queues to sleep on until `poll` may change. */
  pollQueues?(kernel: Kernel, file: OpenFile): readonly WaitQueue[];
  ioctl?(kernel: Kernel, task: Task, file: OpenFile, request: number, argument: number): number;
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
}
