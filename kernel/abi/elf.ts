/** Executable files (uapi/linux/elf.h; System V ABI, chapter 4 and 5): 64-bit, little endian. */
import { array, pointer, struct, u8, u16, u32 } from './layout.ts';

export const ELFMAG = [0x7f, 0x45, 0x4c, 0x46] as const;

/** Indices of `e_ident`, and their values. */
export const EI = { CLASS: 4, DATA: 5, VERSION: 6 } as const;
export const ELFCLASS32 = 1;
export const ELFCLASS64 = 2;

export const ET = { REL: 1, EXEC: 2, DYN: 3, CORE: 4 } as const;

export const EM = { I386: 3, X86_64: 62, ARM: 40, AARCH64: 183, RISCV: 243 } as const;

export const PT = {
  NULL: 0,
  LOAD: 1,
  DYNAMIC: 2,
  INTERP: 3,
  NOTE: 4,
  PHDR: 6,
  TLS: 7,
  GNU_EH_FRAME: 0x6474e550,
  GNU_STACK: 0x6474e551,
  GNU_RELRO: 0x6474e552,
  GNU_PROPERTY: 0x6474e553,
} as const;

export const PF = { X: 1, W: 2, R: 4 } as const;

export const Elf64_Ehdr = struct(
  'Elf64_Ehdr',
  [
    ['e_ident', array(u8, 16), 'magic, class, byte order, version, ABI'],
    ['e_type', u16, 'ET_*'],
    ['e_machine', u16, 'EM_*'],
    ['e_version', u32, '1'],
    ['e_entry', pointer, 'where to start'],
    ['e_phoff', pointer, 'file offset of the program headers'],
    ['e_shoff', pointer, 'file offset of the section headers'],
    ['e_flags', u32, 'none on x86-64'],
    ['e_ehsize', u16, 'bytes of this header'],
    ['e_phentsize', u16, 'bytes of one program header'],
    ['e_phnum', u16, 'how many program headers'],
    ['e_shentsize', u16, 'bytes of one section header'],
    ['e_shnum', u16, 'how many section headers'],
    ['e_shstrndx', u16, 'section with the names of sections'],
  ],
  { size: 64 },
);

export const Elf64_Phdr = struct(
  'Elf64_Phdr',
  [
    ['p_type', u32, 'PT_*'],
    ['p_flags', u32, 'PF_*'],
    ['p_offset', pointer, 'file offset of the segment'],
    ['p_vaddr', pointer, 'address'],
    ['p_paddr', pointer, 'unused'],
    ['p_filesz', pointer, 'bytes in the file'],
    ['p_memsz', pointer, 'bytes in memory; what the file does not have is zero'],
    ['p_align', pointer, 'alignment, a power of two'],
  ],
  { size: 56 },
);
