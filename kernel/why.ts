/** Why a program cannot be executed, in words: execve(2) has only numbers. */
import { EI, ELFCLASS32, ELFCLASS64, ELFMAG, Elf64_Ehdr, Elf64_Phdr, EM, ET, PT } from './abi/elf.ts';
import { ERRNO } from './abi/errno.ts';
import { readGuestFile } from './guest-files.ts';
import type { Kernel } from './kernel.ts';

const EHDR_SIZE = 64;
/** Where linkers' names are, as a rule: behind the program headers. */
const HEADERS_SIZE = 4096;

const MACHINES = new Map<number, string>([
  [EM.I386, 'a 32-bit x86 processor'],
  [EM.ARM, 'a 32-bit ARM processor'],
  [EM.AARCH64, 'a 64-bit ARM processor'],
  [EM.RISCV, 'a RISC-V processor'],
]);

const KINDS = new Map<number, string>([
  [ET.REL, 'an object file, which is not linked yet'],
  [ET.CORE, 'a core dump'],
]);

/** What is wrong with a file that was refused as no program. */
const describeFormat = (head: Uint8Array): string => {
  if (head.length === 0) return 'the file is empty';
  if (head[0] === 0x23 && head[1] === 0x21) return 'its #! line names no interpreter that can be executed';
  if (!ELFMAG.every((byte, i) => head[i] === byte)) return 'not an ELF program';
  if (head.length < EHDR_SIZE) return 'the ELF file is cut short: its header is not complete';
  const machine = head[18]! | (head[19]! << 8);
  if (head[EI.CLASS] === ELFCLASS32) return 'a 32-bit program; only 64-bit x86 programs run here';
  if (head[EI.CLASS] !== ELFCLASS64) return 'not a valid ELF program: its class is unknown';
  if (machine !== EM.X86_64) return `made for ${MACHINES.get(machine) ?? `another processor (machine ${machine})`}`;
  const type = head[16]! | (head[17]! << 8);
  const kind = KINDS.get(type);
  if (kind !== undefined) return kind;
  if (type !== ET.EXEC && type !== ET.DYN) return `not a program: ELF type ${type}`;
  return 'the ELF file is damaged or cut short: its program headers are not valid';
};

const SENTENCES = new Map<number, string>([
  [ERRNO.ENOTDIR, 'a directory in its path is no directory'],
  [ERRNO.EACCES, 'not an executable file, or not allowed'],
  [ERRNO.ELOOP, 'too many symbolic links, or interpreters of interpreters'],
  [ERRNO.ENOMEM, 'it does not fit into memory'],
  [ERRNO.E2BIG, 'too many arguments or too large an environment'],
  [ERRNO.ENAMETOOLONG, 'its name is too long'],
]);

/** The dynamic linker that the headers of a program name, if `bytes` hold all of them. */
const linkerOf = (bytes: Uint8Array): string | null => {
  if (bytes.length < EHDR_SIZE || !ELFMAG.every((byte, i) => bytes[i] === byte)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { e_phoff, e_phnum } = Elf64_Ehdr.read(view, 0);
  for (let n = 0; n < e_phnum; n++) {
    const at = e_phoff + n * Elf64_Phdr.size;
    if (at + Elf64_Phdr.size > bytes.length) return null;
    const { p_type, p_offset, p_filesz } = Elf64_Phdr.read(view, at);
    if (p_type === PT.INTERP) return String.fromCharCode(...bytes.subarray(p_offset, p_offset + p_filesz - 1));
  }
  return null;
};

/** What is not there though the program is: the one that is to run it. */
const whatIsMissing = (kernel: Kernel, path: string): string => {
  const bytes = readGuestFile(kernel, path, HEADERS_SIZE);
  if (typeof bytes === 'number') return 'no such file';
  const linker = linkerOf(bytes);
  if (linker !== null) return `its dynamic linker ${linker} is not there`;
  return bytes[0] === 0x23 && bytes[1] === 0x21 ? 'the interpreter of its #! line is not there' : 'no such file';
};

/** A sentence for the positive errno with which execve refused `path`. */
export const whyNotExecutable = (kernel: Kernel, path: string, errno: number): string => {
  if (errno === ERRNO.ENOENT) return whatIsMissing(kernel, path);
  const sentence = SENTENCES.get(errno);
  if (sentence !== undefined) return sentence;
  const head = readGuestFile(kernel, path, EHDR_SIZE);
  if (typeof head === 'number') return 'cannot be read';
  return errno === ERRNO.ENOEXEC ? describeFormat(head) : 'the ELF file is damaged: its segments cannot be loaded';
};
