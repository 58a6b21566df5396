/** Core dumps (fs/coredump.c, do_coredump): whether there is one, where it goes, and writing it. */
import { frameOf, OutOfFrames, PAGE_SIZE } from '../../emulator/api.ts';
import { AT, O } from '../abi/fcntl.ts';
import { RLIMIT } from '../abi/resource.ts';
import { isReg } from '../abi/stat.ts';
import { fput } from '../fs/inode.ts';
import { openPath } from '../fs/open.ts';
import { unlinkName } from '../fs/tree.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { KernelBuffer } from '../mm/iov.ts';
import type { Mm } from '../mm/mm.ts';
import { getUser8, UserFault } from '../mm/user.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { type CoreSegment, coreLayout } from './core-file.ts';
import { formatCorename } from './core-name.ts';

/** The smallest core file: a limit below it means none (min_coredump of binfmt_elf). */
const MIN_COREDUMP = PAGE_SIZE;
/** SUID_DUMP_USER: dumped for its own user. */
const SUID_DUMP_USER = 1;
const CORE_MODE = 0o600;
/** Read and write for others, or anything but read and write for the owner. */
const MODE_BITS = 0o677;

/** Appends to the core file up to the process's limit; what is skipped is a hole, and counts for nothing. */
class Writer {
  readonly #kernel: Kernel;
  readonly #task: Task;
  readonly #file: OpenFile;
  #left: number;

  constructor(kernel: Kernel, task: Task, file: OpenFile) {
    this.#kernel = kernel;
    this.#task = task;
    this.#file = file;
    this.#left = task.group.rlimits[RLIMIT.CORE]!.soft;
  }

  /** False when the limit or the file system ends the dump (dump_emit). */
  emit(offset: number, bytes: Uint8Array): boolean {
    if (bytes.length > this.#left) return false;
    this.#left -= bytes.length;
    const file = this.#file;
    return file.ops.write?.(this.#kernel, this.#task, file, new KernelBuffer(bytes), offset) === bytes.length;
  }
}

/** The frame of a page, or -1 if it has none and nothing but zeros would come: pages of files are read in (get_dump_page). */
const dumpPage = (mm: Mm, segment: CoreSegment, address: number): number => {
  let entry = mm.pageTable.get(address);
  if (entry === 0 && segment.vma.mapping !== null) {
    try {
      getUser8(mm, address);
    } catch (thrown) {
      if (!(thrown instanceof UserFault || thrown instanceof OutOfFrames)) throw thrown;
    }
    entry = mm.pageTable.get(address);
  }
  const frame = frameOf(entry);
  return entry === 0 || frame === mm.kernel.memory.zeroFrame ? -1 : frame;
};

/** Returns false when the dump has to end. */
const writeSegment = (mm: Mm, segment: CoreSegment, writer: Writer): boolean => {
  const { vma, fileSize } = segment;
  for (let at = 0; at < fileSize; at += PAGE_SIZE) {
    const frame = dumpPage(mm, segment, vma.start + at);
    if (frame < 0) continue;
    const from = frame * PAGE_SIZE;
    if (!writer.emit(segment.offset + at, mm.kernel.physical.u8.slice(from, from + PAGE_SIZE))) return false;
  }
  return true;
};

/** Who may read the file must not learn more than he could of the process. */
const isSafe = (task: Task, file: OpenFile): boolean => {
  const { inode } = file;
  if (!isReg(inode.mode) || inode.nlink !== 1) return false;
  return inode.uid === task.cred.fsuid && (inode.mode & MODE_BITS) === CORE_MODE;
};

const openCore = (kernel: Kernel, task: Task, name: string): OpenFile | null => {
  // What is there already goes: nobody shall have prepared a file, or a link to one, for the core.
  unlinkName(kernel, task, AT.FDCWD, name);
  const flags = O.CREAT | O.EXCL | O.RDWR | O.NOFOLLOW | O.LARGEFILE;
  const file = openPath(kernel, task, AT.FDCWD, name, flags, CORE_MODE);
  if (typeof file === 'number') return null;
  if (isSafe(task, file)) return file;
  fput(kernel, file);
  return null;
};

/**
 * Writes the core of a process that dies of `info`, whose dying thread is the current task. Returns whether there is one,
 * which wait(2) shows as WCOREDUMP; the limit may have cut it short.
 */
export const doCoredump = (kernel: Kernel, task: Task, info: SigInfo): boolean => {
  if (task.dumpable !== SUID_DUMP_USER || task.group.rlimits[RLIMIT.CORE]!.soft < MIN_COREDUMP) return false;
  kernel.account();
  const file = openCore(kernel, task, formatCorename(kernel, task, info));
  if (file === null) return false;
  const { header, segments } = coreLayout(kernel, task, info);
  const writer = new Writer(kernel, task, file);
  let last = header.length;
  let going = writer.emit(0, header);
  for (const segment of segments) {
    going &&= writeSegment(task.mm, segment, writer);
    last = Math.max(last, segment.offset + segment.fileSize);
  }
  // What ends in a hole has its full length all the same.
  if (going && file.inode.size < last) file.inode.ops.truncate?.(kernel, file.inode, last);
  fput(kernel, file);
  return true;
};
