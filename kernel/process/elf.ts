/**
 * The ELF loader (fs/binfmt_elf.c): reading and checking headers, mapping segments. Static programs, position-independent
 * or not; one that names an interpreter is refused.
 *
 * Errors before the old program is gone are execve's result; later ones kill the new one, as in Linux.
 */
import { PAGE_SIZE, USER_END } from '../../emulator/api.ts';
import { ELFMAG, Elf64_Ehdr, Elf64_Phdr, EM, ET, PF, PT } from '../abi/elf.ts';
import { ERRNO } from '../abi/errno.ts';
import { MAP, PROT } from '../abi/mman.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Kernel } from '../kernel.ts';
import { KernelBuffer } from '../mm/iov.ts';
import type { Mm } from '../mm/mm.ts';
import { doMmap, doMunmap, mapBrk } from '../mm/mmap.ts';
import { pageDown, pageUp } from '../mm/pages.ts';
import { clearUser, UserFault } from '../mm/user.ts';
import type { Task } from '../task/task.ts';
import type { LoadedElf } from './stack.ts';

type Ehdr = ReturnType<typeof Elf64_Ehdr.read>;
export type Phdr = ReturnType<typeof Elf64_Phdr.read>;

/** Where the heap of a static position-independent program begins, as it lies among the mappings itself (ELF_ET_DYN_BASE). */
const ELF_ET_DYN_BASE = Math.floor(USER_END / 3) * 2;

/** Bytes of program headers. */
const MAX_PHDRS = 65536;

/** Headers which passed all checks that come before the old program goes. */
export interface ElfHeaders {
  readonly ehdr: Ehdr;
  readonly phdrs: readonly Phdr[];
  readonly executableStack: boolean;
}

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

/** Reads and checks the headers. `buf` is the start of the file. -ENOEXEC and others. */
export const readElfHeaders = (kernel: Kernel, task: Task, file: OpenFile, buf: Uint8Array): ElfHeaders | number => {
  const ehdr = Elf64_Ehdr.read(new DataView(buf.buffer, buf.byteOffset, buf.length), 0);
  if (!isElf(buf)) return -ERRNO.ENOEXEC;
  if (ehdr.e_type !== ET.EXEC && ehdr.e_type !== ET.DYN) return -ERRNO.ENOEXEC;
  if (ehdr.e_machine !== EM.X86_64) return -ERRNO.ENOEXEC;
  if (file.ops.readPage === undefined) return -ERRNO.ENOEXEC;

  const size = ehdr.e_phnum * Elf64_Phdr.size;
  if (ehdr.e_phentsize !== Elf64_Phdr.size || size === 0 || size > MAX_PHDRS) return -ERRNO.ENOEXEC;
  const table = readExactly(kernel, task, file, ehdr.e_phoff, size);
  if (typeof table === 'number') return -ERRNO.ENOEXEC;
  const view = new DataView(table.buffer);
  const phdrs = Array.from({ length: ehdr.e_phnum }, (_, i) => Elf64_Phdr.read(view, i * Elf64_Phdr.size));

  const interp = phdrs.find((phdr) => phdr.p_type === PT.INTERP);
  if (interp !== undefined) return refuseInterpreter(kernel, task, file, interp);
  const stack = phdrs.findLast((phdr) => phdr.p_type === PT.GNU_STACK);
  return { ehdr, phdrs, executableStack: stack !== undefined && (stack.p_flags & PF.X) !== 0 };
};

/** A program for a dynamic linker: what is wrong with its name comes first, then that we have none. */
const refuseInterpreter = (kernel: Kernel, task: Task, file: OpenFile, interp: Phdr): number => {
  if (interp.p_filesz > 4096 || interp.p_filesz < 2) return -ERRNO.ENOEXEC;
  const name = readExactly(kernel, task, file, interp.p_offset, interp.p_filesz);
  if (typeof name === 'number') return name;
  if (name[name.length - 1] !== 0) return -ERRNO.ENOEXEC;
  const text = String.fromCharCode(...name.subarray(0, name.indexOf(0)));
  kernel.log(`${file.path}: needs the interpreter ${text}, and dynamic linking is not supported yet`);
  return -ERRNO.ENOEXEC;
};

const isBad = (address: number): boolean => address >= USER_END;

const protectionOf = (flags: number): number =>
  (flags & PF.R ? PROT.READ : 0) | (flags & PF.W ? PROT.WRITE : 0) | (flags & PF.X ? PROT.EXEC : 0);

/** Bytes from the first to the last segment, as the whole is placed at once (total_mapping_size). */
const totalSize = (phdrs: readonly Phdr[]): number => {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const { p_type, p_vaddr, p_memsz } of phdrs) {
    if (p_type !== PT.LOAD) continue;
    low = Math.min(low, pageDown(p_vaddr));
    high = Math.max(high, p_vaddr + p_memsz);
  }
  return high > 0 || low === 0 ? high - low : 0;
};

/** Largest sane alignment that a segment asks for, in whole pages; 0 if none does (maximum_alignment). */
const largestAlignment = (phdrs: readonly Phdr[]): number => {
  let largest = 0;
  for (const { p_type, p_align } of phdrs) {
    const isPower = p_align > 0 && Number.isInteger(Math.log2(p_align));
    if (p_type === PT.LOAD && isPower) largest = Math.max(largest, p_align);
  }
  return pageUp(largest);
};

/** Maps the part of a segment that the file has (elf_map); `total` reserves room for all segments and keeps the first's. */
const mapFilePart = (
  mm: Mm,
  file: OpenFile,
  address: number,
  phdr: Phdr,
  prot: number,
  flags: number,
  total: number,
): number => {
  const within = phdr.p_vaddr % PAGE_SIZE;
  const offset = phdr.p_offset - within;
  const size = pageUp(phdr.p_filesz + within);
  const start = pageDown(address);
  if (size === 0) return start;
  if (offset < 0 || offset % PAGE_SIZE !== 0) return -ERRNO.EINVAL;
  if (total === 0) return doMmap(mm, start, size, prot, flags, file, offset);
  const whole = pageUp(total);
  const mapped = doMmap(mm, start, whole, prot, flags, file, offset);
  if (mapped >= 0 && whole > size) doMunmap(mm, mapped + size, whole - size);
  return mapped;
};

/** Maps one segment: its file part, zeros to the end of that page, and anonymous pages for the rest (elf_load). */
const loadSegment = (
  mm: Mm,
  file: OpenFile,
  address: number,
  phdr: Phdr,
  prot: number,
  flags: number,
  total: number,
): number => {
  const within = phdr.p_vaddr % PAGE_SIZE;
  let start = pageDown(address);
  let zeroStart = start;
  if (phdr.p_filesz > 0) {
    start = mapFilePart(mm, file, address, phdr, prot, flags, total);
    if (start < 0 || isBad(start)) return start;
    zeroStart = start + within + phdr.p_filesz;
    if (phdr.p_memsz > phdr.p_filesz && !clearPageEnd(mm, zeroStart) && prot & PROT.WRITE) return -ERRNO.EFAULT;
  }
  if (phdr.p_memsz <= phdr.p_filesz) return start;
  const bssStart = pageUp(zeroStart);
  const bssEnd = pageUp(start + within + phdr.p_memsz);
  const error = mapBrk(mm, bssStart, Math.max(0, bssEnd - bssStart), (prot & PROT.EXEC) !== 0);
  return error < 0 ? error : start;
};

/** Zeroes from an address to the end of its page (padzero). False if that cannot be written. */
const clearPageEnd = (mm: Mm, address: number): boolean => {
  const rest = pageUp(address) - address;
  try {
    clearUser(mm, address, rest);
    return true;
  } catch (error) {
    if (error instanceof UserFault) return false;
    throw error;
  }
};

/**
 * Maps all segments into the new address space and sets its code, data and heap bounds. What the auxiliary vector needs,
 * or -errno, which kills the new program. Throws `OutOfFrames`.
 */
export const loadElfSegments = (mm: Mm, file: OpenFile, { ehdr, phdrs }: ElfHeaders): LoadedElf | number => {
  const dynamic = ehdr.e_type === ET.DYN;
  let bias = 0;
  let first = true;
  let phdrAddress = 0;
  let brk = 0;
  let [startCode, endCode, startData, endData] = [Number.MAX_SAFE_INTEGER, 0, 0, 0];

  for (const phdr of phdrs) {
    if (phdr.p_type !== PT.LOAD) continue;
    const prot = protectionOf(phdr.p_flags);
    let flags = MAP.PRIVATE as number;
    let total = 0;
    if (!first) {
      flags |= MAP.FIXED;
    } else if (dynamic) {
      total = totalSize(phdrs);
      if (total === 0) return -ERRNO.EINVAL;
      const alignment = largestAlignment(phdrs);
      if (alignment > PAGE_SIZE) {
        // A try shows where there is room; then the same place, aligned.
        const tried = loadSegment(mm, file, 0, phdr, prot, flags, total);
        if (tried < 0) return tried;
        doMunmap(mm, tried, pageUp(total));
        bias = tried - (tried % alignment);
        flags |= MAP.FIXED_NOREPLACE;
      }
      bias = pageDown64(bias - phdr.p_vaddr);
    } else {
      flags |= MAP.FIXED_NOREPLACE;
    }

    const wanted = bias + phdr.p_vaddr;
    if (wanted < 0 || wanted >= 2 ** 64) return -ERRNO.ENOMEM;
    const mapped = loadSegment(mm, file, wanted, phdr, prot, flags, total);
    if (mapped < 0) return mapped;
    if (isBad(mapped)) return -ERRNO.EINVAL;
    if (first) {
      first = false;
      if (dynamic) bias += mapped - pageDown(wanted);
    }
    if (phdr.p_offset <= ehdr.e_phoff && ehdr.e_phoff < phdr.p_offset + phdr.p_filesz) {
      phdrAddress = ehdr.e_phoff - phdr.p_offset + phdr.p_vaddr;
    }

    const { p_vaddr, p_filesz, p_memsz } = phdr;
    if (isBad(p_vaddr) || p_filesz > p_memsz || p_memsz > USER_END || USER_END - p_memsz < p_vaddr) {
      return -ERRNO.EINVAL;
    }
    const executable = (phdr.p_flags & PF.X) !== 0;
    if (executable) startCode = Math.min(startCode, p_vaddr);
    startData = Math.max(startData, p_vaddr);
    if (executable) endCode = Math.max(endCode, p_vaddr + p_filesz);
    endData = Math.max(endData, p_vaddr + p_filesz);
    brk = Math.max(brk, p_vaddr + p_memsz);
  }

  const entry = ehdr.e_entry + bias;
  if (entry < 0 || isBad(entry)) return -ERRNO.EINVAL;
  mm.startCode = startCode + bias;
  mm.endCode = endCode + bias;
  mm.startData = startData + bias;
  mm.endData = endData + bias;
  mm.startBrk = mm.brk = pageUp(dynamic ? ELF_ET_DYN_BASE : brk);
  return { phdr: phdrAddress + bias, phnum: ehdr.e_phnum, phentsize: ehdr.e_phentsize, base: 0, entry };
};

/** `pageDown` for a difference, which may be below zero. */
const pageDown64 = (value: number): number => Math.floor(value / PAGE_SIZE) * PAGE_SIZE;
