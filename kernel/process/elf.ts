/**
 * ELF headers (the first half of load_elf_binary in fs/binfmt_elf.c): reading and checking those of a program and of the dynamic
 * linker that it names. `segments.ts` maps what they describe.
 *
 * The old program still runs: errors are execve's result.
 */
import { ELFMAG, Elf64_Ehdr, Elf64_Phdr, EM, ET, PF, PT } from '../abi/elf.ts';
import { ERRNO } from '../abi/errno.ts';
import { fput } from '../fs/inode.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { KernelBuffer } from '../mm/iov.ts';
import type { Task } from '../task/task.ts';

type Ehdr = ReturnType<typeof Elf64_Ehdr.read>;
export type Phdr = ReturnType<typeof Elf64_Phdr.read>;

/** Bytes of program headers. */
const MAX_PHDRS = 65536;

/** Longest path of a dynamic linker, its NUL included (PATH_MAX). */
const PATH_MAX = 4096;

/** Headers that could be read and whose machine is ours. */
export interface ElfHeaders {
  readonly ehdr: Ehdr;
  readonly phdrs: readonly Phdr[];
}

/** A program that passed all checks which come before the old one goes. */
export interface ElfProgram {
  readonly file: OpenFile;
  readonly headers: ElfHeaders;
  /** PT_INTERP: the dynamic linker, whose file is held by one reference. Null for static programs. */
  readonly interpreter: { readonly file: OpenFile; readonly headers: ElfHeaders } | null;
  readonly executableStack: boolean;
}

/** Opens a file for execution by its path, a byte string: one reference, or -errno (open_exec). */
export type OpenExec = (path: string) => OpenFile | number;

/** Reads exactly `length` bytes of a file; -EIO if it is shorter (elf_read), or the -errno of reading. */
const readExactly = (
  kernel: Kernel,
  task: Task,
  file: OpenFile,
  position: number,
  length: number,
): Uint8Array | number => {
  const bytes = new Uint8Array(length);
  const read = readAt(kernel, task, file, position, bytes);
  if (read < 0) return read;
  return read < length ? -ERRNO.EIO : bytes;
};

/** Reads into `bytes`; how many there were, or -errno. */
export const readAt = (kernel: Kernel, task: Task, file: OpenFile, position: number, bytes: Uint8Array): number => {
  if (file.ops.read === undefined) return -ERRNO.EINVAL;
  if (position > Number.MAX_SAFE_INTEGER) return position >= 2 ** 63 ? -ERRNO.EINVAL : 0;
  return file.ops.read(kernel, task, file, new KernelBuffer(bytes), position);
};

/** Whether these first bytes of a file say ELF. */
export const isElf = (buf: Uint8Array): boolean => ELFMAG.every((byte, i) => buf[i] === byte);

/** The headers that the first bytes of a file begin; null if they are none for this machine, or their table is damaged. */
const readHeaders = (kernel: Kernel, task: Task, file: OpenFile, buf: Uint8Array): ElfHeaders | null => {
  if (!isElf(buf)) return null;
  const ehdr = Elf64_Ehdr.read(new DataView(buf.buffer, buf.byteOffset, buf.length), 0);
  if (ehdr.e_machine !== EM.X86_64) return null;
  // load_elf_phdrs
  const size = ehdr.e_phnum * Elf64_Phdr.size;
  if (ehdr.e_phentsize !== Elf64_Phdr.size || size === 0 || size > MAX_PHDRS) return null;
  const table = readExactly(kernel, task, file, ehdr.e_phoff, size);
  if (typeof table === 'number') return null;
  const view = new DataView(table.buffer);
  return { ehdr, phdrs: Array.from({ length: ehdr.e_phnum }, (_, i) => Elf64_Phdr.read(view, i * Elf64_Phdr.size)) };
};

/**
 * Reads and checks a program and its dynamic linker. `buf` is the start of the file. -ENOEXEC, -ELIBBAD for a bad dynamic
 * linker, and the errors of opening that.
 */
export const readElf = (
  kernel: Kernel,
  task: Task,
  file: OpenFile,
  buf: Uint8Array,
  openExec: OpenExec,
): ElfProgram | number => {
  const headers = readHeaders(kernel, task, file, buf);
  if (headers === null) return -ERRNO.ENOEXEC;
  const { ehdr, phdrs } = headers;
  if (ehdr.e_type !== ET.EXEC && ehdr.e_type !== ET.DYN) return -ERRNO.ENOEXEC;
  if (file.ops.readPage === undefined) return -ERRNO.ENOEXEC;
  const named = phdrs.find((phdr) => phdr.p_type === PT.INTERP);
  const interpreter = named === undefined ? null : readInterpreter(kernel, task, file, named, openExec);
  if (typeof interpreter === 'number') return interpreter;
  const stack = phdrs.findLast((phdr) => phdr.p_type === PT.GNU_STACK);
  return { file, headers, interpreter, executableStack: stack !== undefined && (stack.p_flags & PF.X) !== 0 };
};

/** Opens the dynamic linker that a program names, and checks its headers. -errno as `readElf` says. */
const readInterpreter = (
  kernel: Kernel,
  task: Task,
  program: OpenFile,
  { p_offset, p_filesz }: Phdr,
  openExec: OpenExec,
): ElfProgram['interpreter'] | number => {
  if (p_filesz > PATH_MAX || p_filesz < 2) return -ERRNO.ENOEXEC;
  const name = readExactly(kernel, task, program, p_offset, p_filesz);
  if (typeof name === 'number') return name;
  if (name[name.length - 1] !== 0) return -ERRNO.ENOEXEC;
  const path = String.fromCharCode(...name.subarray(0, name.indexOf(0)));
  // An empty name is the working directory to those who open by a kernel's string.
  const file = openExec(path === '' ? '.' : path);
  if (typeof file === 'number') return file;
  const start = readExactly(kernel, task, file, 0, Elf64_Ehdr.size);
  const headers = typeof start === 'number' ? null : readHeaders(kernel, task, file, start);
  if (headers !== null) return { file, headers };
  fput(kernel, file);
  return typeof start === 'number' ? start : -ERRNO.ELIBBAD;
};
