/** The contents of a core file (fs/binfmt_elf.c, elf_core_dump): headers, notes, and which memory goes in. */
import { frameOf, PAGE_SIZE } from '../../emulator/api.ts';
import { COREDUMP_FILTER, ELF_PRPSINFO, ELF_PRSTATUS, Elf64_Nhdr, FILE_NOTE, NOTE_NAME, NT } from '../abi/core.ts';
import { EI, ELFCLASS64, ELFMAG, Elf64_Ehdr, Elf64_Phdr, EM, ET, PF, PT } from '../abi/elf.ts';
import type { StructType } from '../abi/layout.ts';
import { SIGINFO_SIZE, writeSigInfo } from '../abi/siginfo.ts';
import { toBits } from '../abi/sigset.ts';
import { toBytes } from '../fs/names.ts';
import { shownPath } from '../fs/procview.ts';
import type { Kernel } from '../kernel.ts';
import type { Mm } from '../mm/mm.ts';
import { pageUp } from '../mm/pages.ts';
import { copyFromUser, UserFault } from '../mm/user.ts';
import { VM, type Vma } from '../mm/vma.ts';
import { xstateImage } from '../signal/fpstate.ts';
import type { SigInfo, Task } from '../task/task.ts';
import { groupUsage, taskUsage } from '../task/usage.ts';
import { userRegs, withRegisters } from './regset.ts';

const NSEC_PER_USEC = 1000;
const USEC_PER_SEC = 1_000_000;
const NOTE_ALIGN = 4;
/** Bytes of the FXSAVE image that NT_PRFPREG holds. */
const FXSAVE_SIZE = 512;
const PSARGS_SIZE = 80;
const FNAME_SIZE = 16;
const EV_CURRENT = 1;
const ELFDATA2LSB = 1;
/** Any of the three execute permissions. */
const S_IXUGO = 0o111;

/** An area's part of the file. */
export interface CoreSegment {
  vma: Vma;
  /** Bytes from its start that are written. */
  fileSize: number;
  /** Where they are in the file. */
  offset: number;
}

export interface CoreLayout {
  /** ELF header, program headers and notes: the file's beginning. */
  header: Uint8Array;
  segments: CoreSegment[];
}

const encode = <T>(type: StructType<T>, value: Partial<T>): Uint8Array => {
  const bytes = new Uint8Array(type.size);
  type.write(new DataView(bytes.buffer), 0, value);
  return bytes;
};

const concat = (parts: readonly Uint8Array[]): Uint8Array => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
};

const padded = (bytes: Uint8Array): Uint8Array => {
  const rest = -bytes.length & (NOTE_ALIGN - 1);
  return rest === 0 ? bytes : concat([bytes, new Uint8Array(rest)]);
};

const note = (name: string, type: number, contents: Uint8Array): Uint8Array => {
  const header = encode(Elf64_Nhdr, { n_namesz: name.length + 1, n_descsz: contents.length, n_type: type });
  return concat([header, padded(toBytes(`${name}\0`)), padded(contents)]);
};

const timeval = (nanoseconds: number): { tv_sec: bigint; tv_usec: bigint } => {
  const microseconds = Math.floor(nanoseconds / NSEC_PER_USEC);
  return { tv_sec: BigInt(Math.floor(microseconds / USEC_PER_SEC)), tv_usec: BigInt(microseconds % USEC_PER_SEC) };
};

const ids = (task: Task): { pr_pid: number; pr_ppid: number; pr_pgrp: number; pr_sid: number } => ({
  pr_pid: task.pid,
  pr_ppid: task.parent?.group.tgid ?? 0,
  pr_pgrp: task.group.pgid,
  pr_sid: task.group.sid,
});

/** A thread that the death interrupts in a system call sees its restart code, as after any signal. */
const registersOf = (kernel: Kernel, task: Task): bigint[] =>
  withRegisters(kernel, task, ({ state }) => {
    const regs = userRegs(state, task.origAx);
    if (task.inSyscall && task.wait !== null) regs[10] = BigInt.asUintN(64, BigInt(task.wait.restart));
    return regs;
  });

/** fill_prstatus and elf_core_copy_task_regs. */
const prstatus = (kernel: Kernel, task: Task, signo: number): Uint8Array => {
  const usage = task.group.leader === task ? groupUsage(task.group) : taskUsage(task);
  const { childUsage } = task.group;
  return encode(ELF_PRSTATUS, {
    si_signo: signo,
    pr_cursig: signo,
    pr_sigpend: toBits(task.pending.signal),
    pr_sighold: toBits(task.blocked),
    ...ids(task),
    pr_utime: timeval(usage.utime),
    pr_stime: timeval(usage.stime),
    pr_cutime: timeval(childUsage.utime),
    pr_cstime: timeval(childUsage.stime),
    pr_reg: registersOf(kernel, task),
    pr_fpvalid: 1,
  });
};

/** The first bytes of the arguments, a space for each NUL (fill_psinfo). */
const psArgs = (mm: Mm): number[] => {
  const length = Math.min(mm.argEnd - mm.argStart, PSARGS_SIZE - 1);
  try {
    return [...copyFromUser(mm, mm.argStart, length)].map((byte) => (byte === 0 ? 0x20 : byte));
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    return [];
  }
};

const fill = (bytes: Iterable<number>, size: number): number[] => [...bytes, ...new Array(size).fill(0)].slice(0, size);

const prpsinfo = (task: Task): Uint8Array =>
  encode(ELF_PRPSINFO, {
    pr_sname: 'R'.charCodeAt(0),
    pr_uid: task.cred.uid,
    pr_gid: task.cred.gid,
    ...ids(task),
    pr_pid: task.group.tgid,
    pr_fname: fill(toBytes(task.comm), FNAME_SIZE),
    pr_psargs: fill(psArgs(task.mm), PSARGS_SIZE),
  });

const siginfo = (info: SigInfo): Uint8Array => {
  const bytes = new Uint8Array(SIGINFO_SIZE);
  writeSigInfo(new DataView(bytes.buffer), 0, info);
  return bytes;
};

/** Which file is mapped where (fill_files_note). */
const files = (mm: Mm): Uint8Array => {
  const mapped = mm.vmas.filter((vma) => vma.file !== null);
  const head = encode(FILE_NOTE, { count: BigInt(mapped.length), page_size: BigInt(PAGE_SIZE) });
  const places = new BigInt64Array(
    mapped.flatMap(({ start, end, offset }) => [start, end, offset / PAGE_SIZE]).map(BigInt),
  );
  const names = mapped.map((vma) => toBytes(`${shownPath(vma.file!)}\0`));
  return concat([head, new Uint8Array(places.buffer), ...names]);
};

/** What a thread has besides its prstatus (fill_thread_core_info). */
const registerNotes = (kernel: Kernel, task: Task): Uint8Array[] => {
  const image = withRegisters(kernel, task, xstateImage);
  const fxsave = note(NOTE_NAME.CORE, NT.PRFPREG, image.subarray(0, FXSAVE_SIZE));
  return image.length > FXSAVE_SIZE ? [fxsave, note(NOTE_NAME.LINUX, NT.X86_XSTATE, image)] : [fxsave];
};

/** The dying thread comes first, with what is known of the process behind its status (write_note_info). */
const notes = (kernel: Kernel, task: Task, info: SigInfo): Uint8Array => {
  const { mm, group } = task;
  const status = (thread: Task): Uint8Array => note(NOTE_NAME.CORE, NT.PRSTATUS, prstatus(kernel, thread, info.signo));
  const parts = [
    status(task),
    note(NOTE_NAME.CORE, NT.PRPSINFO, prpsinfo(task)),
    note(NOTE_NAME.CORE, NT.SIGINFO, siginfo(info)),
    note(NOTE_NAME.CORE, NT.AUXV, mm.auxv),
    note(NOTE_NAME.CORE, NT.FILE, files(mm)),
    ...registerNotes(kernel, task),
  ];
  for (const thread of group.threads) {
    if (thread === task || thread.exiting) continue;
    parts.push(status(thread), ...registerNotes(kernel, thread));
  }
  return concat(parts);
};

/** The area has pages of its own (anon_vma). */
const hasAnonymousPages = (mm: Mm, vma: Vma): boolean => {
  let found = false;
  mm.pageTable.forEach(vma.start, vma.end, (address, entry) => {
    const frame = frameOf(entry);
    const cached = vma.mapping?.pages.get((vma.offset + (address - vma.start)) / PAGE_SIZE);
    if (frame !== cached && frame !== mm.kernel.memory.zeroFrame) found = true;
  });
  return found;
};

/** Bytes of an area that go into the file, by the process's filter (vma_dump_size). */
export const vmaDumpSize = (mm: Mm, vma: Vma, filter: number): number => {
  const whole = vma.end - vma.start;
  // The vDSO always: unwinders need it; and with it all areas that are the kernel's (always_dump_vma).
  if (vma.mapping?.object?.special) return whole;
  if (vma.flags & VM.DONTDUMP) return 0;
  if (vma.flags & VM.SHARED) {
    const unlinked = vma.file === null || vma.file.inode.nlink === 0;
    return filter & (unlinked ? COREDUMP_FILTER.ANON_SHARED : COREDUMP_FILTER.MAPPED_SHARED) ? whole : 0;
  }
  if (filter & COREDUMP_FILTER.ANON_PRIVATE && hasAnonymousPages(mm, vma)) return whole;
  if (vma.file === null) return 0;
  if (filter & COREDUMP_FILTER.MAPPED_PRIVATE) return whole;
  const showsHeader = filter & COREDUMP_FILTER.ELF_HEADERS && vma.offset === 0 && vma.flags & VM.READ;
  return showsHeader && (vma.file.inode.mode & S_IXUGO || beginsAsElf(mm, vma)) ? PAGE_SIZE : 0;
};

const beginsAsElf = (mm: Mm, vma: Vma): boolean => {
  try {
    return copyFromUser(mm, vma.start, ELFMAG.length).every((byte, at) => byte === ELFMAG[at]);
  } catch (thrown) {
    if (!(thrown instanceof UserFault)) throw thrown;
    return false;
  }
};

const protection = (flags: number): number =>
  (flags & VM.READ ? PF.R : 0) | (flags & VM.WRITE ? PF.W : 0) | (flags & VM.EXEC ? PF.X : 0);

const elfHeader = (segments: number): Uint8Array => {
  const ident = new Array<number>(16).fill(0);
  ident.splice(0, ELFMAG.length, ...ELFMAG);
  ident[EI.CLASS] = ELFCLASS64;
  ident[EI.DATA] = ELFDATA2LSB;
  ident[EI.VERSION] = EV_CURRENT;
  return encode(Elf64_Ehdr, {
    e_ident: ident,
    e_type: ET.CORE,
    e_machine: EM.X86_64,
    e_version: EV_CURRENT,
    e_phoff: Elf64_Ehdr.size,
    e_ehsize: Elf64_Ehdr.size,
    e_phentsize: Elf64_Phdr.size,
    e_phnum: segments,
  });
};

/** Everything but the memory of a process that dies of `info` in `task`, whose registers are in the CPU. */
export const coreLayout = (kernel: Kernel, task: Task, info: SigInfo): CoreLayout => {
  const { mm } = task;
  const described = notes(kernel, task, info);
  const count = mm.vmas.length + 1;
  const notesAt = Elf64_Ehdr.size + count * Elf64_Phdr.size;
  let offset = pageUp(notesAt + described.length);
  const segments: CoreSegment[] = [];
  for (const vma of mm.vmas) {
    const fileSize = vmaDumpSize(mm, vma, mm.coredumpFilter);
    segments.push({ vma, fileSize, offset });
    offset += fileSize;
  }
  const headers = [
    encode(Elf64_Phdr, { p_type: PT.NOTE, p_offset: notesAt, p_filesz: described.length, p_align: NOTE_ALIGN }),
    ...segments.map(({ vma, fileSize, offset }) =>
      encode(Elf64_Phdr, {
        p_type: PT.LOAD,
        p_flags: protection(vma.flags),
        p_offset: offset,
        p_vaddr: vma.start,
        p_filesz: fileSize,
        p_memsz: vma.end - vma.start,
        p_align: PAGE_SIZE,
      }),
    ),
  ];
  return { header: concat([elfHeader(count), ...headers, described]), segments };
};
