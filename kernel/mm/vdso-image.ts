/**
 * The vDSO's image: a shared object of one page that the kernel maps into every program, whose dynamic linker or C library finds it by
 * AT_SYSINFO_EHDR (vdso(7); arch/x86/entry/vdso/vdso.lds.S names what it exports). Each function is a system call and a return;
 * `entry/vdso.ts` says why nobody is told of that call.
 *
 * Written here rather than linked, so that no binary is in the repository: first the parts, each a list of bytes, then their
 * offsets, then the headers that name these.
 */
import { PAGE_SIZE } from '../../emulator/api.ts';
import { ELFCLASS64, ELFMAG, Elf64_Ehdr, Elf64_Phdr, EM, ET, PF, PT } from '../abi/elf.ts';

const SONAME = 'linux-vdso.so.1';
const VERSION = 'LINUX_2.6';

/** Exported as `__vdso_NAME`, and weakly as NAME. */
const FUNCTIONS = [
  { name: 'clock_gettime', number: 228 },
  { name: 'gettimeofday', number: 96 },
  { name: 'time', number: 201 },
  { name: 'getcpu', number: 309 },
  { name: 'clock_getres', number: 229 },
] as const;

/** Bytes from the start of one function to the next. */
const FUNCTION_SIZE = 16;

const SHT = {
  PROGBITS: 1,
  STRTAB: 3,
  HASH: 5,
  DYNAMIC: 6,
  NOTE: 7,
  DYNSYM: 11,
  VERDEF: 0x6ffffffd,
  VERSYM: 0x6fffffff,
};
const SHF = { WRITE: 1, ALLOC: 2, EXECINSTR: 4 };
const DT = {
  ...{ NULL: 0, HASH: 4, STRTAB: 5, SYMTAB: 6, STRSZ: 10, SYMENT: 11, SONAME: 14 },
  ...{ VERSYM: 0x6ffffff0, VERDEF: 0x6ffffffc, VERDEFNUM: 0x6ffffffd },
};
const STB = { GLOBAL: 1, WEAK: 2 };
const STT = { OBJECT: 1, FUNC: 2 };
const SHN_ABS = 0xfff1;
const VER_FLG_BASE = 1;
const SYM_SIZE = 24;
const SHDR_SIZE = 64;

const u16 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
const u32 = (value: number): number[] => [...u16(value), ...u16(value >>> 16)];
const u64 = (value: number): number[] => [...u32(value), ...u32(Math.floor(value / 2 ** 32))];
const ascii = (text: string): number[] => [...Array.from(text, (c) => c.charCodeAt(0)), 0];

/** Names, each once, with the offset of each. */
class StringTable {
  readonly bytes: number[] = [0];
  at(text: string): number {
    const offset = this.bytes.length;
    this.bytes.push(...ascii(text));
    return offset;
  }
}

/** The hash of System V's symbol tables (gABI, chapter 5). */
const elfHash = (name: string): number => {
  let hash = 0;
  for (const c of name) {
    hash = (hash * 16 + c.charCodeAt(0)) >>> 0;
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24)) & ~high;
  }
  return hash >>> 0;
};

/** mov eax, NR; syscall; ret - and int3 up to the next. */
const code = ({ number }: { readonly number: number }): number[] => {
  const body = [0xb8, ...u32(number), 0x0f, 0x05, 0xc3];
  return [...body, ...new Array<number>(FUNCTION_SIZE - body.length).fill(0xcc)];
};

interface Symbol {
  readonly name: string;
  readonly info: number;
  /** The function's index; null for the version's own symbol. */
  readonly of: number | null;
}

const SYMBOLS: readonly Symbol[] = [
  { name: VERSION, info: (STB.GLOBAL << 4) | STT.OBJECT, of: null },
  ...FUNCTIONS.flatMap(({ name }, of) => [
    { name: `__vdso_${name}`, info: (STB.GLOBAL << 4) | STT.FUNC, of },
    { name, info: (STB.WEAK << 4) | STT.FUNC, of },
  ]),
];

/** One bucket holds the chain of all: there are few. */
const hashTable = (): number[] => {
  const count = SYMBOLS.length + 1;
  const chain = Array.from({ length: count }, (_, i) => (i > 0 && i + 1 < count ? i + 1 : 0));
  return [1, count, 1, ...chain].flatMap(u32);
};

/** Elf64_Verdef and its Elf64_Verdaux: 20 and 8 bytes. */
const versionDefinition = (index: number, flags: number, name: string, at: number, last: boolean): number[] => [
  ...[...u16(1), ...u16(flags), ...u16(index), ...u16(1), ...u32(elfHash(name)), ...u32(20), ...u32(last ? 0 : 28)],
  ...[...u32(at), ...u32(0)],
];

/** CIE and FDE of .eh_frame: the functions push nothing, so the return address is at rsp (DWARF 5, 6.4; LSB, .eh_frame). */
const ehFrame = (frameAt: number, textAt: number, textSize: number): number[] => {
  const DW_CFA_def_cfa = 0x0c;
  const DW_CFA_offset = 0x80;
  const [RSP, RA] = [7, 16];
  const PCREL_SDATA4 = 0x1b;
  // Version 1, "zR", code alignment 1, data alignment -8, return address in column 16.
  const cie = [
    ...u32(0),
    1,
    ...ascii('zR'),
    1,
    0x78,
    RA,
    1,
    PCREL_SDATA4,
    DW_CFA_def_cfa,
    RSP,
    8,
    DW_CFA_offset | RA,
    1,
  ];
  while ((cie.length + 4) % 8 !== 0) cie.push(0);
  const fdeAt = 4 + cie.length;
  const begin = frameAt + fdeAt + 8;
  const fde = [...u32(fdeAt + 4), ...u32(textAt - begin), ...u32(textSize), 0];
  while ((fde.length + 4) % 8 !== 0) fde.push(0);
  return [...u32(cie.length), ...cie, ...u32(fde.length), ...fde, ...u32(0)];
};

/** .eh_frame_hdr: where .eh_frame is, and a table of one function range. */
const ehFrameHeader = (at: number, frameAt: number, textAt: number, fdeOffset: number): number[] => {
  // Version 1; pointer to .eh_frame pcrel|sdata4, count udata4, table datarel|sdata4.
  const head = [1, 0x1b, 0x03, 0x3b];
  return [...head, ...u32(frameAt - (at + 4)), ...u32(1), ...u32(textAt - at), ...u32(frameAt + fdeOffset - at)];
};

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly link: number;
  readonly info: number;
  readonly align: number;
  readonly entsize: number;
  /** Its size, and its bytes once all offsets are known. */
  readonly size: number;
  readonly bytes: (at: (name: string) => number) => number[];
}

/** NT_VERSION-like note: the kernel's has the version it was built from. */
const note = (): number[] => [...u32(6), ...u32(4), ...u32(0), ...ascii('Linux'), 0, 0, ...u32(0x060000)];

const DYNSYM_INDEX = 2;
const DYNSTR_INDEX = 3;

const sections = (): Section[] => {
  const strings = new StringTable();
  const names = SYMBOLS.map(({ name }) => strings.at(name));
  const soname = strings.at(SONAME);
  const version = names[0]!;
  const textSize = FUNCTIONS.length * FUNCTION_SIZE;
  const frame = ehFrame(0, 0, textSize);
  const fdeOffset = 4 + frame[0]!;
  const text = FUNCTIONS.flatMap(code);
  const fixed = { flags: SHF.ALLOC, link: 0, info: 0, align: 8, entsize: 0 };
  const plain = (name: string, type: number, bytes: number[]): Section => ({
    ...{ name, type, ...fixed, size: bytes.length },
    bytes: () => bytes,
  });
  const textIndex = 9;
  const symbols = (at: (name: string) => number): number[] => [
    ...new Array<number>(SYM_SIZE).fill(0),
    ...SYMBOLS.flatMap(({ info, of }, i) => [
      ...[...u32(names[i]!), info, 0, ...u16(of === null ? SHN_ABS : textIndex)],
      ...u64(of === null ? 0 : at('.text') + of * FUNCTION_SIZE),
      ...u64(of === null ? 0 : FUNCTION_SIZE),
    ]),
  ];
  const dynamic = (at: (name: string) => number): number[] =>
    [
      ...[DT.SONAME, soname, DT.HASH, at('.hash'), DT.STRTAB, at('.dynstr'), DT.SYMTAB, at('.dynsym')],
      ...[DT.STRSZ, strings.bytes.length, DT.SYMENT, SYM_SIZE, DT.VERDEF, at('.gnu.version_d'), DT.VERDEFNUM, 2],
      ...[DT.VERSYM, at('.gnu.version'), DT.NULL, 0],
    ].flatMap(u64);
  const versions = [
    ...versionDefinition(1, VER_FLG_BASE, SONAME, soname, false),
    ...versionDefinition(2, 0, VERSION, version, true),
  ];
  return [
    { ...plain('.hash', SHT.HASH, hashTable()), link: DYNSYM_INDEX, entsize: 4 },
    {
      ...{ name: '.dynsym', type: SHT.DYNSYM, ...fixed, link: DYNSTR_INDEX, info: 1, entsize: SYM_SIZE },
      ...{ size: (SYMBOLS.length + 1) * SYM_SIZE, bytes: symbols },
    },
    { ...plain('.dynstr', SHT.STRTAB, strings.bytes), align: 1 },
    {
      ...plain('.gnu.version', SHT.VERSYM, [0, ...SYMBOLS.map(() => 2)].flatMap(u16)),
      ...{ link: DYNSYM_INDEX, align: 2, entsize: 2 },
    },
    { ...plain('.gnu.version_d', SHT.VERDEF, versions), link: DYNSTR_INDEX, info: 2 },
    {
      ...{ name: '.dynamic', type: SHT.DYNAMIC, ...fixed, flags: SHF.ALLOC | SHF.WRITE, link: DYNSTR_INDEX },
      ...{ entsize: 16, size: dynamic(() => 0).length, bytes: dynamic },
    },
    { ...plain('.note', SHT.NOTE, note()), align: 4 },
    {
      ...plain('.eh_frame_hdr', SHT.PROGBITS, ehFrameHeader(0, 0, 0, 0)),
      align: 4,
      bytes: (at) => ehFrameHeader(at('.eh_frame_hdr'), at('.eh_frame'), at('.text'), fdeOffset),
    },
    // .text is the ninth: `textIndex`.
    { ...plain('.text', SHT.PROGBITS, text), flags: SHF.ALLOC | SHF.EXECINSTR, align: FUNCTION_SIZE },
    { ...plain('.eh_frame', SHT.PROGBITS, frame), bytes: (at) => ehFrame(at('.eh_frame'), at('.text'), textSize) },
  ];
};

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/** The page. */
export const vdsoImage = (): Uint8Array => {
  const parts = sections();
  const sectionNames = new StringTable();
  const phnum = 4;
  let end = Elf64_Ehdr.size + phnum * Elf64_Phdr.size;
  const offsets = new Map<string, number>();
  for (const { name, size, align } of parts) {
    end = roundUp(end, align);
    offsets.set(name, end);
    end += size;
  }
  const at = (name: string): number => offsets.get(name)!;
  const of = (name: string) => ({ at: at(name), size: parts.find((part) => part.name === name)!.size });

  const headers = parts.map((part) => ({ ...part, nameAt: sectionNames.at(part.name) }));
  const shstrtab = { nameAt: sectionNames.at('.shstrtab'), at: end, size: sectionNames.bytes.length };
  const shoff = roundUp(end + shstrtab.size, 8);
  const image = new Uint8Array(PAGE_SIZE);
  const view = new DataView(image.buffer);
  if (shoff + (parts.length + 2) * SHDR_SIZE > PAGE_SIZE) throw new Error('the vDSO does not fit in a page');

  Elf64_Ehdr.write(view, 0, {
    e_ident: [...ELFMAG, ELFCLASS64, 1, 1, ...new Array<number>(9).fill(0)],
    ...{ e_type: ET.DYN, e_machine: EM.X86_64, e_version: 1, e_entry: at('.text') },
    ...{ e_phoff: Elf64_Ehdr.size, e_shoff: shoff, e_flags: 0, e_ehsize: Elf64_Ehdr.size },
    ...{ e_phentsize: Elf64_Phdr.size, e_phnum: phnum, e_shentsize: SHDR_SIZE },
    ...{ e_shnum: parts.length + 2, e_shstrndx: parts.length + 1 },
  });
  const segments = [
    { type: PT.LOAD, flags: PF.R | PF.X, at: 0, size: end, align: PAGE_SIZE },
    { type: PT.DYNAMIC, flags: PF.R, ...of('.dynamic'), align: 8 },
    { type: PT.NOTE, flags: PF.R, ...of('.note'), align: 4 },
    { type: PT.GNU_EH_FRAME, flags: PF.R, ...of('.eh_frame_hdr'), align: 4 },
  ];
  for (const [i, segment] of segments.entries()) {
    Elf64_Phdr.write(view, Elf64_Ehdr.size + i * Elf64_Phdr.size, {
      ...{ p_type: segment.type, p_flags: segment.flags, p_offset: segment.at, p_vaddr: segment.at },
      ...{ p_paddr: segment.at, p_filesz: segment.size, p_memsz: segment.size, p_align: segment.align },
    });
  }
  for (const { name, bytes } of parts) image.set(bytes(at), at(name));
  image.set(sectionNames.bytes, shstrtab.at);
  const rows = [
    ...headers.map(({ nameAt, name, type, flags, size, link, info, align, entsize }) => [
      ...[...u32(nameAt), ...u32(type), ...u64(flags), ...u64(at(name)), ...u64(at(name)), ...u64(size)],
      ...[...u32(link), ...u32(info), ...u64(align), ...u64(entsize)],
    ]),
    [
      ...[...u32(shstrtab.nameAt), ...u32(SHT.STRTAB), ...u64(0), ...u64(0), ...u64(shstrtab.at)],
      ...[...u64(shstrtab.size), ...u32(0), ...u32(0), ...u64(1), ...u64(0)],
    ],
  ];
  for (const [i, row] of rows.entries()) image.set(row, shoff + (i + 1) * SHDR_SIZE);
  return image;
};
