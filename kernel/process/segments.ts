/**
 * Mapping the segments of a program and of its dynamic linker (elf_load, load_elf_interp and the second half of load_elf_binary
 * in fs/binfmt_elf.c). The old program is gone by now: every error kills the new one.
 */
import { PAGE_SIZE, USER_END } from '../../emulator/api.ts';
import { ET, PF, PT } from '../abi/elf.ts';
import { ERRNO } from '../abi/errno.ts';
import { MAP, PROT } from '../abi/mman.ts';
import type { OpenFile } from '../fs/types.ts';
import type { Mm } from '../mm/mm.ts';
import { doMmap, doMunmap, mapBrk } from '../mm/mmap.ts';
import { pageDown, pageUp } from '../mm/pages.ts';
import { clearUser, UserFault } from '../mm/user.ts';
import type { ElfHeaders, ElfProgram, Phdr } from './elf.ts';
import type { LoadedElf } from './stack.ts';

/**
 * Two thirds up the address space: where a position-independent program with a dynamic linker is loaded, and where the heap of
 * one without begins, as that one lies among the mappings itself.
 */
const ELF_ET_DYN_BASE = Math.floor(USER_END / 3) * 2;

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

/** Where a program's parts came to lie: `struct mm_struct` keeps it. */
interface Bounds {
  startCode: number;
  endCode: number;
  startData: number;
  endData: number;
  brk: number;
}

/** Takes a segment into the bounds, which are addresses as in the file. */
const widen = (bounds: Bounds, { p_vaddr, p_filesz, p_memsz, p_flags }: Phdr): void => {
  if (p_flags & PF.X) {
    bounds.startCode = Math.min(bounds.startCode, p_vaddr);
    bounds.endCode = Math.max(bounds.endCode, p_vaddr + p_filesz);
  }
  bounds.startData = Math.max(bounds.startData, p_vaddr);
  bounds.endData = Math.max(bounds.endData, p_vaddr + p_filesz);
  bounds.brk = Math.max(bounds.brk, p_vaddr + p_memsz);
};

/** Sizes that reach out of user space from `address`, or make no sense. */
const isAbsurd = (address: number, { p_filesz, p_memsz }: Phdr): boolean =>
  isBad(address) || p_filesz > p_memsz || p_memsz > USER_END || USER_END - p_memsz < address;

/** What the address in a position-independent program is added to, and the flags with which its first segment is mapped. */
interface Placement {
  bias: number;
  flags: number;
}

/** Where a position-independent program goes: -errno if there is no room. `total` is the size of all its segments. */
const placeDynamic = (
  mm: Mm,
  { file, headers, interpreter }: ElfProgram,
  first: Phdr,
  total: number,
): Placement | number => {
  const alignment = largestAlignment(headers.phdrs);
  let bias = 0;
  let flags = MAP.PRIVATE as number;
  if (interpreter !== null) {
    bias = alignment > 0 ? ELF_ET_DYN_BASE - (ELF_ET_DYN_BASE % alignment) : ELF_ET_DYN_BASE;
    flags |= MAP.FIXED_NOREPLACE;
  } else if (alignment > PAGE_SIZE) {
    // A try shows where there is room; then the same place, aligned.
    const tried = loadSegment(mm, file, 0, first, protectionOf(first.p_flags), flags, total);
    if (tried < 0) return tried;
    doMunmap(mm, tried, pageUp(total));
    bias = tried - (tried % alignment);
    flags |= MAP.FIXED_NOREPLACE;
  }
  return { bias: floorToPage(bias - first.p_vaddr), flags };
};

/**
 * Maps all segments of a program and of its dynamic linker into the new address space, and sets its code, data and heap bounds.
 * What the auxiliary vector needs, or -errno. Throws `OutOfFrames`.
 */
export const loadElfSegments = (mm: Mm, program: ElfProgram): LoadedElf | number => {
  const { file, interpreter } = program;
  const { ehdr, phdrs } = program.headers;
  const dynamic = ehdr.e_type === ET.DYN;
  let bias = 0;
  let first = true;
  let phdrAddress = 0;
  const bounds: Bounds = { startCode: Number.MAX_SAFE_INTEGER, endCode: 0, startData: 0, endData: 0, brk: 0 };

  for (const phdr of phdrs) {
    if (phdr.p_type !== PT.LOAD) continue;
    let flags = MAP.PRIVATE as number;
    let total = 0;
    if (!first) {
      flags |= MAP.FIXED;
    } else if (dynamic) {
      total = totalSize(phdrs);
      if (total === 0) return -ERRNO.EINVAL;
      const placed = placeDynamic(mm, program, phdr, total);
      if (typeof placed === 'number') return placed;
      ({ bias, flags } = placed);
    } else {
      flags |= MAP.FIXED_NOREPLACE;
    }

    const wanted = bias + phdr.p_vaddr;
    if (wanted < 0 || wanted >= 2 ** 64) return -ERRNO.ENOMEM;
    const mapped = loadSegment(mm, file, wanted, phdr, protectionOf(phdr.p_flags), flags, total);
    if (mapped < 0) return mapped;
    if (isBad(mapped)) return -ERRNO.EINVAL;
    if (first) {
      first = false;
      if (dynamic) bias += mapped - pageDown(wanted);
    }
    if (phdr.p_offset <= ehdr.e_phoff && ehdr.e_phoff < phdr.p_offset + phdr.p_filesz) {
      phdrAddress = ehdr.e_phoff - phdr.p_offset + phdr.p_vaddr;
    }
    if (isAbsurd(phdr.p_vaddr, phdr)) return -ERRNO.EINVAL;
    widen(bounds, phdr);
  }

  const entry = ehdr.e_entry + bias;
  const base = interpreter === null ? 0 : loadInterpreter(mm, interpreter.file, interpreter.headers, bias);
  if (base < 0) return base;
  const start = interpreter === null ? entry : base + interpreter.headers.ehdr.e_entry;
  if (start < 0 || isBad(start)) return -ERRNO.EINVAL;
  mm.startCode = bounds.startCode + bias;
  mm.endCode = bounds.endCode + bias;
  mm.startData = bounds.startData + bias;
  mm.endData = bounds.endData + bias;
  mm.startBrk = mm.brk = pageUp(dynamic && interpreter === null ? ELF_ET_DYN_BASE : bounds.brk + bias);
  return { phdr: phdrAddress + bias, phnum: ehdr.e_phnum, phentsize: ehdr.e_phentsize, base, entry, start };
};

/**
 * Maps the dynamic linker (load_elf_interp), by itself below the stack as it is position-independent. `programBias` is the
 * program's. Its load address, or -errno.
 */
const loadInterpreter = (mm: Mm, file: OpenFile, { ehdr, phdrs }: ElfHeaders, programBias: number): number => {
  // Linux's result of these two is ~0, which is this errno.
  if (ehdr.e_type !== ET.EXEC && ehdr.e_type !== ET.DYN) return -ERRNO.EPERM;
  if (file.ops.readPage === undefined) return -ERRNO.EPERM;
  let total = totalSize(phdrs);
  if (total === 0) return -ERRNO.EINVAL;
  let base = 0;
  let first = true;
  for (const phdr of phdrs) {
    if (phdr.p_type !== PT.LOAD) continue;
    const fixed = ehdr.e_type === ET.EXEC || !first;
    if (!fixed && programBias !== 0) base = -phdr.p_vaddr;
    const wanted = base + phdr.p_vaddr;
    if (wanted < 0 || wanted >= 2 ** 64) return -ERRNO.ENOMEM;
    const flags = MAP.PRIVATE | (fixed ? MAP.FIXED : 0);
    const mapped = loadSegment(mm, file, wanted, phdr, protectionOf(phdr.p_flags), flags, total);
    if (mapped < 0) return mapped;
    total = 0;
    if (isBad(mapped)) return -ERRNO.EINVAL;
    if (first && ehdr.e_type === ET.DYN) base = mapped - floorToPage(phdr.p_vaddr);
    first = false;
    if (isAbsurd(base + phdr.p_vaddr, phdr)) return -ERRNO.ENOMEM;
  }
  return base;
};

/** `pageDown` for a difference, which may be below zero. */
const floorToPage = (value: number): number => Math.floor(value / PAGE_SIZE) * PAGE_SIZE;
