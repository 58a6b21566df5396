/**
 * The stack of a new program: strings, pointers and auxiliary vector (setup_arg_pages, create_elf_tables of fs/exec.c and
 * fs/binfmt_elf.c; System V ABI 3.4.1).
 *
 *   STACK_TOP - 8   eight zero bytes
 *                   file name, environment strings, argument strings (lowest: argv[0])
 *                   "x86_64", 16 random bytes
 *                   auxiliary vector, envp[], argv[]
 *   rsp             argc
 */
import { cpuid1Edx, PAGE_SIZE } from '../../emulator/api.ts';
import { AUX } from '../abi/auxv.ts';
import { ERRNO } from '../abi/errno.ts';
import { RLIMIT } from '../abi/resource.ts';
import { RSEQ_ALIGN, RSEQ_FEATURE_SIZE } from '../abi/rseq.ts';
import { fpuUserCfg } from '../abi/sigframe.ts';
import { rlimit } from '../mm/limits.ts';
import type { Mm } from '../mm/mm.ts';
import { accountVma, pageDown } from '../mm/pages.ts';
import { copyToUser } from '../mm/user.ts';
import { insertVma, VM } from '../mm/vma.ts';
import type { Task } from '../task/task.ts';
import { type Binprm, STACK_TOP } from './binprm.ts';

/** A new stack reaches this far below its strings at once. */
const STACK_EXPAND = 32 * PAGE_SIZE;

/** RDFSBASE and its kin may be used (arch/x86/include/uapi/asm/hwcap2.h). */
const HWCAP2_FSGSBASE = 1 << 1;

/** USER_HZ. */
const CLOCK_TICKS = 100;

const PLATFORM = 'x86_64';

/** What the loader found out about the program. */
export interface LoadedElf {
  /** Address of the program headers in memory. */
  readonly phdr: number;
  readonly phnum: number;
  readonly phentsize: number;
  /** Load address of the dynamic linker, 0 without one. */
  readonly base: number;
  /** The program's entry point, for the dynamic linker. */
  readonly entry: number;
  /** Where execution begins: the dynamic linker's entry point, or the program's. */
  readonly start: number;
}

/** Maps the stack and writes the strings below its top. 0 or -ENOMEM. Throws `OutOfFrames`. */
export const setupArgPages = (mm: Mm, bprm: Binprm, executable: boolean): number => {
  const top = STACK_TOP;
  const limit = pageDown(Math.min(rlimit(mm, RLIMIT.STACK), top));
  const strings = top - pageDown(bprm.p);
  if (strings > limit) return -ERRNO.ENOMEM;
  const start = top - Math.min(limit, strings + STACK_EXPAND);
  const may = VM.MAYREAD | VM.MAYWRITE | VM.MAYEXEC;
  const flags = VM.READ | VM.WRITE | VM.GROWSDOWN | VM.ACCOUNT | may | (executable ? VM.EXEC : 0);
  insertVma(mm, { start, end: top, flags, file: null, mapping: null, offset: start });
  accountVma(mm, flags, top - start, 1);

  mm.argStart = bprm.p;
  let at = bprm.p;
  for (const string of bprm.argv) at = putString(mm, at, string);
  mm.argEnd = mm.envStart = at;
  for (const string of bprm.envp) at = putString(mm, at, string);
  mm.envEnd = at;
  putString(mm, at, bytesOf(bprm.filename));
  return 0;
};

/** Stores a string with its NUL, which is there already; returns the address behind it. */
const putString = (mm: Mm, address: number, bytes: Uint8Array): number => {
  copyToUser(mm, address, bytes);
  return address + bytes.length + 1;
};

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));

/**
 * Writes what a program finds above its stack pointer, which is returned; it is a multiple of 16. The strings are there.
 * Throws `UserFault` or `OutOfFrames` if the stack cannot take it.
 */
export const createElfTables = (task: Task, mm: Mm, bprm: Binprm, elf: LoadedElf, secure: boolean): number => {
  let p = bprm.p - (bprm.p % 16);
  const platform = (p -= PLATFORM.length + 1);
  copyToUser(mm, platform, bytesOf(PLATFORM));
  const random = (p -= 16);
  const seed = new Uint8Array(16);
  mm.kernel.random(seed);
  copyToUser(mm, random, seed);

  const { cred } = task;
  const auxv: readonly (readonly [type: number, value: number])[] = [
    [AUX.SYSINFO_EHDR, mm.vdso],
    [AUX.MINSIGSTKSZ, fpuUserCfg(mm.kernel.cpu.features).maxFrameSize],
    [AUX.HWCAP, cpuid1Edx(mm.kernel.cpu.features)],
    [AUX.PAGESZ, PAGE_SIZE],
    [AUX.CLKTCK, CLOCK_TICKS],
    [AUX.PHDR, elf.phdr],
    [AUX.PHENT, elf.phentsize],
    [AUX.PHNUM, elf.phnum],
    [AUX.BASE, elf.base],
    [AUX.FLAGS, 0],
    [AUX.ENTRY, elf.entry],
    [AUX.UID, cred.uid],
    [AUX.EUID, cred.euid],
    [AUX.GID, cred.gid],
    [AUX.EGID, cred.egid],
    [AUX.SECURE, secure ? 1 : 0],
    [AUX.RANDOM, random],
    [AUX.HWCAP2, mm.kernel.cpu.features.has('FSGSBASE') ? HWCAP2_FSGSBASE : 0],
    [AUX.EXECFN, mm.envEnd],
    [AUX.PLATFORM, platform],
    [AUX.RSEQ_FEATURE_SIZE, RSEQ_FEATURE_SIZE],
    [AUX.RSEQ_ALIGN, RSEQ_ALIGN],
    [AUX.NULL, 0],
  ];
  const argc = bprm.argv.length;
  const pointers = 1 + argc + 1 + bprm.envp.length + 1;
  p -= auxv.length * 16 + pointers * 8;
  p -= p % 16;

  const words = new BigUint64Array(pointers + auxv.length * 2);
  let word = 0;
  words[word++] = BigInt(argc);
  let string = mm.argStart;
  for (const strings of [bprm.argv, bprm.envp]) {
    for (const bytes of strings) {
      words[word++] = BigInt(string);
      string += bytes.length + 1;
    }
    words[word++] = 0n;
  }
  const auxvStart = word;
  for (const [type, value] of auxv) {
    words[word++] = BigInt(type);
    words[word++] = BigInt(value);
  }
  const bytes = new Uint8Array(words.buffer);
  copyToUser(mm, p, bytes);
  mm.auxv = bytes.slice(auxvStart * 8);
  mm.startStack = p;
  return p;
};
