/**
 * /proc: a tree of rows. A row says what a name is and, for files, how to write its text; `procpid.ts` has those of a
 * process, `procsystem.ts` the rest. Inodes are made by lookup and hold no state but which row and which process.
 */

import { ERRNO } from '../abi/errno.ts';
import { SEEK } from '../abi/fcntl.ts';
import { MAGIC, S } from '../abi/stat.ts';
import type { Kernel } from '../kernel.ts';
import { ptraceMayAccess } from '../task/access.ts';
import type { Task } from '../task/task.ts';
import { directoryFile } from './directory.ts';
import { extendInode, newInode, newSuperBlock, releaseFile } from './inode.ts';
import { toBytes } from './names.ts';
import { isGone } from './procview.ts';
import { readFile, writeFile } from './regular.ts';
import type { DirectoryEntry, FileOperations, Inode, InodeOperations, Location, OpenFile, Vfs } from './types.ts';

/** What a row's functions may look at. */
export interface ProcContext {
  kernel: Kernel;
  /** Who looks. */
  reader: Task;
  /** The process (or thread) whose directory it is in; the reader outside of any. */
  task: Task;
  /** Descriptor of a row below `fd`. */
  fd: number;
}

/** One name of /proc. Exactly one of `children`, `text`, `link`, `file`. */
/**
 * Whether a file is read by calls alone ('seq') or by splice, io_submit and with flags too (seq_read_iter: 'iter'); 'own' has a
 * read function that knows no records, 'sysctl' is of /proc/sys. The latter two have an end to seek from.
 */
export type ProcAccess = 'seq' | 'iter' | 'own' | 'sysctl';

export interface ProcRow {
  readonly name: string;
  /** Permission bits; 0555, 0444 and 0777 by default. */
  readonly mode?: number;
  readonly children?: readonly ProcRow[];
  /** Names that depend on the machine's state. */
  readonly dynamic?: ProcDynamic;
  /** Contents, as a byte string. -errno refuses. */
  readonly text?: (context: ProcContext) => string | number;
  /** Takes what was written. 0 or -errno. */
  readonly write?: (context: ProcContext, text: string) => number;
  /** How `text` is read and written; 'seq' by default. */
  readonly access?: ProcAccess;
  /** Only for who may look into the process: files when they are opened, links, directories (ptrace_may_access). */
  readonly guarded?: boolean;
  /** The process itself may read it, whoever owns it (proc_fd_permission). */
  readonly ownAlways?: boolean;
  /** A file of its own kind: its operations, and what its state is when it is opened, or -errno. */
  readonly file?: { readonly ops: FileOperations; state(context: ProcContext): object | number };
  /** Text of a symbolic link. */
  readonly link?: (context: ProcContext) => string | number;
  /** Where the link really leads. */
  readonly follow?: (context: ProcContext) => Location | number;
}

/** Names computed on demand: processes, threads, descriptors. */
export interface ProcDynamic {
  list(context: ProcContext): readonly { name: string; type: number }[];
  /** The row, and whose it is, of a name; null if there is none. */
  find(context: ProcContext, name: string): { row: ProcRow; task: Task; fd: number } | null;
}

/** Makes rows constants, all below them included: inodes refer to them and are state, rows are not. */
export const frozenRow = (row: ProcRow): ProcRow => {
  for (const child of row.children ?? []) frozenRow(child);
  return Object.freeze(row);
};

interface ProcInode extends Inode {
  row: ProcRow;
  pid: number;
  fd: number;
  /** Path below /proc: identity and the seed of the inode number. */
  key: string;
}

const proc = (inode: Inode): ProcInode => inode as ProcInode;

const typeOf = (row: ProcRow): number =>
  row.children !== undefined || row.dynamic !== undefined ? S.IFDIR : row.link !== undefined ? S.IFLNK : S.IFREG;

const defaultMode = (type: number): number => (type === S.IFDIR ? 0o555 : type === S.IFLNK ? 0o777 : 0o444);

/** A number that stays the same for a name (FNV-1a). */
const inoOf = (key: string): number => {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash >>> 0) + 0x1_0000_0000;
};

const contextOf = (kernel: Kernel, reader: Task, inode: ProcInode): ProcContext | null => {
  if (inode.pid === 0) return { kernel, reader, task: reader, fd: -1 };
  const task = kernel.tasks.get(inode.pid);
  return task === undefined ? null : { kernel, reader, task, fd: inode.fd };
};

/** Those of a process that may not be dumped are root's, but for plain directories (task_dump_owner). */
const isRoots = (task: Task, mode: number): boolean =>
  mode !== (S.IFDIR | 0o555) && (isGone(task) || task.dumpable !== 1);

const newProcInode = (
  kernel: Kernel,
  reader: Task,
  directory: ProcInode,
  row: ProcRow,
  name: string,
  task: Task | null,
  fd: number,
): ProcInode => {
  const type = typeOf(row);
  const base = newInode(kernel, directory.sb, opsOf(row), type | (row.mode ?? defaultMode(type)));
  const key = `${directory.key}/${name}`;
  const inode: ProcInode = extendInode(base, { row, pid: task?.pid ?? 0, fd, key });
  inode.ino = inoOf(key);
  // What links of descriptors have (proc_fd_instantiate).
  if (type === S.IFLNK && directory.name === 'fd') inode.size = 64;
  if (task !== null && !isRoots(task, inode.mode)) {
    inode.uid = task.cred.euid;
    inode.gid = task.cred.egid;
  }
  if (row.ownAlways && task?.group === reader.group) inode.grants = reader.cred;
  if (type === S.IFDIR) {
    inode.parent = directory;
    inode.name = name;
  }
  return inode;
};

const isRefused = ({ reader, task }: ProcContext, { row, pid }: ProcInode): boolean =>
  row.guarded === true && pid !== 0 && !ptraceMayAccess(reader, task);

const refusal = (kernel: Kernel, reader: Task, inode: ProcInode): boolean => {
  const context = contextOf(kernel, reader, inode);
  return context !== null && isRefused(context, inode);
};

const lookup: InodeOperations['lookup'] = (kernel, reader, directory, name) => {
  const at = proc(directory);
  const context = contextOf(kernel, reader, at);
  if (context === null) return -ERRNO.ENOENT;
  if (isRefused(context, at)) return -ERRNO.EACCES;
  const found = at.row.children?.find((row) => row.name === name);
  if (found !== undefined)
    return newProcInode(kernel, reader, at, found, name, at.pid === 0 ? null : context.task, at.fd);
  const dynamic = at.row.dynamic?.find(context, name);
  return dynamic == null
    ? -ERRNO.ENOENT
    : newProcInode(kernel, reader, at, dynamic.row, name, dynamic.task, dynamic.fd);
};

const list: InodeOperations['list'] = (kernel, reader, directory) => {
  const at = proc(directory);
  const context = contextOf(kernel, reader, at);
  if (context === null) return -ERRNO.ENOENT;
  const entries: DirectoryEntry[] = (at.row.children ?? []).map((row) => ({
    name: row.name,
    ino: inoOf(`${at.key}/${row.name}`),
    type: typeOf(row) >>> 12,
  }));
  for (const { name, type } of at.row.dynamic?.list(context) ?? []) {
    entries.push({ name, ino: inoOf(`${at.key}/${name}`), type });
  }
  return entries;
};

const procDirectory: InodeOperations = Object.freeze<InodeOperations>({
  open: (kernel, reader, inode) => (refusal(kernel, reader, proc(inode)) ? -ERRNO.EACCES : directoryFile),
  lookup,
  list,
  noNegative: true,
  setAttributes: () => -ERRNO.EPERM,
  blocks: () => 0,
});

const textOf = (kernel: Kernel, reader: Task, inode: ProcInode): Uint8Array | number => {
  const context = contextOf(kernel, reader, inode);
  if (context === null) return -ERRNO.ESRCH;
  const text = inode.row.text!(context);
  return typeof text === 'number' ? text : toBytes(text);
};

/** The text is written when reading starts, so that one pass sees one state. `state` holds it. */
const procFile: FileOperations = {
  kind: 'proc-seq',
  seekable: true,
  seek: (_kernel, file, offset, whence) => {
    // Where records end is not known before they are made (seq_lseek).
    if (whence !== SEEK.SET && whence !== SEEK.CUR) return -ERRNO.EINVAL;
    const position = whence === SEEK.SET ? offset : file.position + offset;
    if (position < 0) return -ERRNO.EINVAL;
    file.position = position;
    return position;
  },
  read: (kernel, task, file, sink, position) => {
    if (position === 0 || file.state === null) {
      const text = textOf(kernel, task, proc(file.inode));
      if (typeof text === 'number') return text;
      file.state = text;
    }
    const text: Uint8Array = file.state;
    return readFile(text.length, sink, position, (at, into) => {
      into.set(text.subarray(at, at + into.length));
      return 0;
    });
  },
  write: (kernel, task, file, source, position) => {
    const inode = proc(file.inode);
    if (inode.row.write === undefined) return -ERRNO.EIO;
    const context = contextOf(kernel, task, inode);
    if (context === null) return -ERRNO.ESRCH;
    // Nothing is something too, which is looked at.
    if (source.remaining === 0 && inode.row.access !== 'sysctl') return inode.row.write(context, '');
    return writeFile(kernel, task, inode, source, position, (_at, bytes) => {
      const error = inode.row.write!(context, String.fromCharCode(...bytes.subarray(0, 4096)));
      return error < 0 ? error : bytes.length;
    });
  },
  release: releaseFile,
};

/** Without `seek` of their own they are like files of size 0. */
const plainSeek = ({ seek: _, ...ops }: FileOperations, kind: string): FileOperations =>
  Object.freeze({ ...ops, kind });

const PROC_FILES: Readonly<Record<ProcAccess, FileOperations>> = {
  seq: Object.freeze(procFile),
  iter: Object.freeze({ ...procFile, kind: 'proc-iter' }),
  own: plainSeek(procFile, 'proc-own'),
  sysctl: plainSeek(procFile, 'proc-sysctl'),
};

/** `opened` of files whose row has a `file`. */
export const openState: NonNullable<FileOperations['opened']> = (kernel, task, file) => {
  const inode = proc(file.inode);
  const context = contextOf(kernel, task, inode);
  if (context === null) return -ERRNO.ESRCH;
  const state = inode.row.file!.state(context);
  if (typeof state === 'number') return state;
  file.state = state;
  return 0;
};

const withContext = <T>(
  kernel: Kernel,
  reader: Task,
  inode: Inode,
  make: (context: ProcContext) => T | number,
): T | number => {
  const context = contextOf(kernel, reader, proc(inode));
  if (context === null) return -ERRNO.ENOENT;
  return isRefused(context, proc(inode)) ? -ERRNO.EACCES : make(context);
};

const procInode: InodeOperations = Object.freeze<InodeOperations>({
  open: (kernel, reader, inode) => {
    const { row } = proc(inode);
    if (refusal(kernel, reader, proc(inode))) return -ERRNO.EACCES;
    if (row.file !== undefined) return row.file.ops;
    return row.text === undefined ? -ERRNO.ELOOP : PROC_FILES[row.access ?? 'seq'];
  },
  readlink: (kernel, reader, inode) =>
    withContext(kernel, reader, inode, proc(inode).row.link ?? (() => -ERRNO.EINVAL)),
  // Writing begins with O_TRUNC as a rule.
  truncate: () => 0,
  // Inodes are made anew by each lookup: nothing would remember it.
  setAttributes: () => 0,
  blocks: () => 0,
});

/** Links that lead to an object whatever their text says. */
const magicLink: InodeOperations = Object.freeze<InodeOperations>({
  ...procInode,
  follow: (kernel, reader, inode) => withContext(kernel, reader, inode, proc(inode).row.follow!),
});

const opsOf = (row: ProcRow): InodeOperations =>
  typeOf(row) === S.IFDIR ? procDirectory : row.follow !== undefined ? magicLink : procInode;

/** The process whose directory in /proc it is (tgid_pidfd_to_pid): -EBADF for others, -ESRCH if it is gone. */
export const processOfDirectory = (kernel: Kernel, { inode }: OpenFile): Task | number => {
  const { pid, parent } = inode as ProcInode;
  if (inode.ops !== procDirectory || pid === 0 || parent === null || proc(parent).pid !== 0) return -ERRNO.EBADF;
  return kernel.tasks.get(pid) ?? -ERRNO.ESRCH;
};

/** The root of a new /proc. */
export const newProcfs = (kernel: Kernel, vfs: Vfs, rows: ProcRow): Inode => {
  const sb = newSuperBlock(vfs, { type: 'proc', magic: MAGIC.PROC });
  const root: ProcInode = extendInode(newInode(kernel, sb, procDirectory, S.IFDIR | 0o555), {
    row: rows,
    pid: 0,
    fd: -1,
    key: '',
  });
  root.parent = root;
  return root;
};
